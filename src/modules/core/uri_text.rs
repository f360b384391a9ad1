//! The Request-URI and the destination URI as the script has them now: read without a copy, changed by new text.
use crate::base::Str;
use crate::context::{Run, Value};
use crate::sip::{Message, Transport, Uri, UriView};

/// Longer URIs are refused (language reference, appendix B).
pub const MAX_URI: usize = 1023;

/// A URI with the buffer it lies in, so that its parts can be shared.
#[derive(Clone, Copy)]
pub enum UriText<'a> {
    /// The Request-URI as received; the message keeps its parts.
    Received(&'a Message),
    /// A part of a received message.
    Within(&'a Message, &'a [u8]),
    /// Set by the script.
    Set(&'a Str),
}

/// What variables show of a URI.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    Whole,
    User,
    Host,
    Port,
    Transport,
}

impl<'a> UriText<'a> {
    /// The Request-URI; `None` for a reply.
    pub fn request(run: &'a Run) -> Option<UriText<'a>> {
        if !run.msg.is_request() {
            return None;
        }
        Some(run.targets.main.uri.as_ref().map_or(UriText::Received(&run.msg), UriText::Set))
    }

    /// The Request-URI as it came in; `None` for a reply.
    pub fn original(run: &'a Run) -> Option<UriText<'a>> {
        run.msg.is_request().then_some(UriText::Received(&run.msg))
    }

    /// The destination URI, when one is set.
    pub fn destination(run: &'a Run) -> Option<UriText<'a>> {
        run.targets.main.dst.as_ref().map(UriText::Set)
    }

    pub fn bytes(self) -> &'a [u8] {
        match self {
            UriText::Received(msg) => msg.request_uri().unwrap_or_default(),
            UriText::Within(_, text) => text,
            UriText::Set(text) => text,
        }
    }

    /// The parts; `None` when the text is no URI.
    pub fn view(self) -> Option<UriView<'a>> {
        match self {
            UriText::Received(msg) => msg.request_uri_view(),
            UriText::Within(_, text) => UriView::parse(text),
            UriText::Set(text) => UriView::parse(text),
        }
    }

    pub fn share(self, part: &[u8]) -> Str {
        match self {
            UriText::Received(msg) | UriText::Within(msg, _) => Str::slice_of(msg.raw(), part),
            UriText::Set(text) => text.part(part),
        }
    }

    /// A part as a script sees it; NULL when it is absent or the text is no URI.
    pub fn part(self, part: Part) -> Value {
        let Some(view) = self.view() else { return Value::Null };
        match part {
            Part::Whole => Value::Str(self.share(view.text())),
            Part::User => self.unless_empty(view.user()),
            Part::Host => self.unless_empty(view.host()),
            Part::Port => match view.port() {
                Some(port) => Value::Both(self.share(view.port_text()), i32::from(port)),
                // A transport that nobody knows has no port of its own.
                None => Value::Int(view.transport().map_or(0, |_| i32::from(view.effective_port()))),
            },
            Part::Transport => self.transport(&view),
        }
    }

    /// As written in the URI, or as its scheme implies.
    fn transport(self, view: &UriView<'_>) -> Value {
        let written = view.transport_text().map(|text| self.share(text));
        match (view.transport(), written) {
            (Some(transport), written) => {
                Value::Both(written.unwrap_or(Str::from_static(transport.name())), transport_number(transport))
            }
            (None, written) => written.map_or(Value::Null, Value::Str),
        }
    }

    fn unless_empty(self, part: &[u8]) -> Value {
        if part.is_empty() { Value::Null } else { Value::Str(self.share(part)) }
    }
}

/// OpenSIPS's numbers of transports, the integer face of `$rP`.
pub const fn transport_number(transport: Transport) -> i32 {
    match transport {
        Transport::Udp => 1,
        Transport::Tcp => 2,
        Transport::Tls => 3,
        Transport::Sctp => 4,
        Transport::Ws => 5,
        Transport::Wss => 6,
    }
}

/// Replaces the Request-URI. Any text may be stored; one that is no URI reads as NULL, and an empty one brings back
/// the URI as received.
pub fn set_request_uri(run: &mut Run, uri: Str) -> Result<(), &'static str> {
    if !run.msg.is_request() {
        return Err("a reply has no Request-URI");
    }
    run.targets.main.uri = Some(checked_length(uri)?).filter(|uri| !uri.is_empty());
    Ok(())
}

/// Changes a part of the Request-URI. `change` says `None` when the URI has no room for that part.
pub fn edit_request_uri(run: &mut Run, change: impl FnOnce(&Uri) -> Option<Str>) -> Result<(), &'static str> {
    let text = UriText::request(run).ok_or("a reply has no Request-URI")?;
    let new = edited(text, change, "the Request-URI is no URI")?;
    set_request_uri(run, new)
}

/// Changes a part of the destination URI, which must be set.
pub fn edit_destination(run: &mut Run, change: impl FnOnce(&Uri) -> Option<Str>) -> Result<(), &'static str> {
    let text = UriText::destination(run).ok_or("no destination URI is set")?;
    let new = edited(text, change, "the destination URI is no URI")?;
    run.targets.main.dst = Some(checked_length(new)?);
    Ok(())
}

/// Sets or, by `None` and by an empty text, resets the destination URI.
pub fn set_destination(run: &mut Run, uri: Option<Str>) -> Result<(), &'static str> {
    run.targets.main.dst = uri.map(checked_length).transpose()?.filter(|uri| !uri.is_empty());
    Ok(())
}

/// The host replaced; the `maddr` parameter would overrule it and goes.
pub fn with_host(uri: &Uri, host: &[u8]) -> Option<Str> {
    without_maddr(uri.with_host(host)?)
}

/// `host[:port]` replaced; the `maddr` parameter would overrule it and goes.
pub fn with_host_port(uri: &Uri, text: &[u8]) -> Option<Str> {
    without_maddr(uri.with_host_port(text)?)
}

pub fn checked_length(uri: Str) -> Result<Str, &'static str> {
    if uri.len() > MAX_URI { Err("a URI may have 1023 bytes") } else { Ok(uri) }
}

fn without_maddr(uri: Str) -> Option<Str> {
    Some(match Uri::parse(uri.clone()) {
        Some(parsed) => parsed.without_param(b"maddr"),
        None => uri,
    })
}

fn edited(
    text: UriText<'_>,
    change: impl FnOnce(&Uri) -> Option<Str>,
    no_uri: &'static str,
) -> Result<Str, &'static str> {
    let uri = Uri::parse(text.share(text.bytes())).ok_or(no_uri)?;
    change(&uri).ok_or("a URI of this scheme has no such part")
}
