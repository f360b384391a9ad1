//! What can be wrong with a received message, and the status that answers it.
use super::message::Message;
use super::name::HeaderId;
use super::status::StatusCode;

/// One fault. The first one found decides the answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    /// Larger than [`super::message::MAX_MESSAGE`].
    TooLarge,
    TooManyHeaders,
    StartLine,
    /// A version other than `SIP/2.0`.
    Version,
    /// A status code that is not three digits between 100 and 699.
    StatusCode,
    /// A header line without a colon or with a name that is no token.
    HeaderLine,
    /// No empty line ends the header fields.
    Unterminated,
    Missing(HeaderId),
    /// A second header field of a kind that may stand only once.
    Duplicate(HeaderId),
    Malformed(HeaderId),
    /// The method of CSeq is not that of the request.
    CSeqMethod {
        known_method: bool,
    },
    ContentLength,
    /// Content-Length promises more bytes than there are.
    ShortBody,
    RequestUri,
    /// The Request-URI carries header fields (RFC 3261 19.1.1).
    UriHeaders,
    Scheme,
}

impl Fault {
    /// The status that answers a request with this fault (RFC 3261 21.4, RFC 4475).
    pub fn status(self) -> StatusCode {
        match self {
            Fault::TooLarge => StatusCode::MESSAGE_TOO_LARGE,
            Fault::Version => StatusCode::VERSION_NOT_SUPPORTED,
            Fault::Scheme => StatusCode::UNSUPPORTED_URI_SCHEME,
            // RFC 4475 3.1.2.18: for a method we do not know, 501 says more than the mismatch.
            Fault::CSeqMethod { known_method: false } => StatusCode::NOT_IMPLEMENTED,
            Fault::TooManyHeaders
            | Fault::StartLine
            | Fault::StatusCode
            | Fault::HeaderLine
            | Fault::Unterminated
            | Fault::Missing(_)
            | Fault::Duplicate(_)
            | Fault::Malformed(_)
            | Fault::CSeqMethod { known_method: true }
            | Fault::ContentLength
            | Fault::ShortBody
            | Fault::RequestUri
            | Fault::UriHeaders => StatusCode::BAD_REQUEST,
        }
    }

    /// A reason phrase that names the fault to the peer.
    pub fn reason(self) -> String {
        match self {
            Fault::Missing(id) => format!("Missing {} Header Field", id.name()),
            Fault::Duplicate(id) => format!("Multiple {} Header Fields", id.name()),
            Fault::Malformed(id) => format!("Malformed {} Header Field", id.name()),
            other => other.phrase().to_owned(),
        }
    }

    fn phrase(self) -> &'static str {
        match self {
            Fault::TooManyHeaders => "Too Many Header Fields",
            Fault::StartLine => "Malformed Start Line",
            Fault::StatusCode => "Malformed Status Code",
            Fault::HeaderLine => "Malformed Header Field",
            Fault::Unterminated => "Missing End Of Header Fields",
            Fault::CSeqMethod { known_method: true } => "CSeq Method Differs",
            Fault::ContentLength => "Malformed Content-Length Header Field",
            Fault::ShortBody => "Body Shorter Than Content-Length",
            Fault::RequestUri => "Malformed Request-URI",
            Fault::UriHeaders => "Header Fields In Request-URI",
            Fault::TooLarge
            | Fault::Version
            | Fault::Scheme
            | Fault::CSeqMethod { known_method: false }
            | Fault::Missing(_)
            | Fault::Duplicate(_)
            | Fault::Malformed(_) => self.status().default_reason(),
        }
    }
}

/// A message that could not be read, and as much of it as could.
#[derive(Debug)]
pub struct ParseError {
    pub fault: Fault,
    /// What was read; its views may be incomplete.
    pub partial: Option<Box<Message>>,
}

impl ParseError {
    /// The broken request when it names sender and transaction (Via, CSeq), so that `fault` can be answered. A reply, an
    /// ACK or anything less is dropped.
    pub fn answerable(&self) -> Option<&Message> {
        self.partial.as_deref().filter(|m| m.can_be_answered())
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.status().get(), self.reason())
    }
}

impl std::fmt::Display for ParseError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.fault.fmt(f)
    }
}

impl std::error::Error for ParseError {}
