//! Names of header fields we know, with their compact forms, found by length and first letter.

macro_rules! headers {
    ($($(#[$doc:meta])* $id:ident $name:literal $($compact:literal)?,)*) => {
        /// A header field name this server knows; `Other` for the rest, which are told apart by their bytes.
        #[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
        #[repr(u8)]
        pub enum HeaderId { $($(#[$doc])* $id,)* Other }

        static ROWS: &[Row] = &[$(Row { id: HeaderId::$id, name: $name, compact: headers!(@compact $($compact)?) },)*];
    };
    (@compact $letter:literal) => { Some($letter) };
    (@compact) => { None };
}

struct Row {
    id: HeaderId,
    name: &'static str,
    compact: Option<u8>,
}

// Sorted by length, so that a length names a run of rows; within a length the common ones first.
headers! {
    To "To" b't',
    Via "Via" b'v',
    From "From" b'f',
    CSeq "CSeq",
    RSeq "RSeq",
    RAck "RAck",
    Date "Date",
    Path "Path",
    Join "Join",
    Route "Route",
    Allow "Allow",
    Event "Event" b'o',
    Accept "Accept",
    Reason "Reason",
    Server "Server",
    MinSe "Min-SE",
    CallId "Call-ID" b'i',
    Contact "Contact" b'm',
    Expires "Expires",
    Require "Require",
    Subject "Subject" b's',
    Privacy "Privacy",
    Warning "Warning",
    ReferTo "Refer-To" b'r',
    Replaces "Replaces",
    ReplyTo "Reply-To",
    Priority "Priority",
    Identity "Identity" b'y',
    SipEtag "SIP-ETag",
    Supported "Supported" b'k',
    Timestamp "Timestamp",
    Diversion "Diversion",
    CallInfo "Call-Info",
    UserAgent "User-Agent",
    AlertInfo "Alert-Info",
    Unsupported "Unsupported",
    ReferredBy "Referred-By" b'b',
    MinExpires "Min-Expires",
    RetryAfter "Retry-After",
    MaxForwards "Max-Forwards",
    ContentType "Content-Type" b'c',
    RecordRoute "Record-Route",
    AllowEvents "Allow-Events" b'u',
    SipIfMatch "SIP-If-Match",
    HistoryInfo "History-Info",
    MimeVersion "MIME-Version",
    Organization "Organization",
    Authorization "Authorization",
    ProxyRequire "Proxy-Require",
    TargetDialog "Target-Dialog",
    IdentityInfo "Identity-Info" b'n',
    ServiceRoute "Service-Route",
    ContentLength "Content-Length" b'l',
    AcceptContact "Accept-Contact" b'a',
    RejectContact "Reject-Contact" b'j',
    SessionExpires "Session-Expires" b'x',
    AcceptEncoding "Accept-Encoding",
    AcceptLanguage "Accept-Language",
    RemotePartyId "Remote-Party-ID",
    WwwAuthenticate "WWW-Authenticate",
    ContentEncoding "Content-Encoding" b'e',
    ContentLanguage "Content-Language",
    SubscriptionState "Subscription-State",
    ProxyAuthenticate "Proxy-Authenticate",
    RequestDisposition "Request-Disposition" b'd',
    ContentDisposition "Content-Disposition",
    ProxyAuthorization "Proxy-Authorization",
    PAssertedIdentity "P-Asserted-Identity",
    AuthenticationInfo "Authentication-Info",
    PPreferredIdentity "P-Preferred-Identity",
}

impl HeaderId {
    /// The id of a name in any case, long or compact.
    pub fn of(name: &[u8]) -> HeaderId {
        if let [letter] = name {
            return compact(*letter);
        }
        let Some(&(from, to)) = BY_LENGTH.get(name.len()) else { return HeaderId::Other };
        let rows = ROWS.get(usize::from(from)..usize::from(to)).unwrap_or_default();
        // Most senders write names as the RFCs do, and comparing bytes is much cheaper than folding case.
        let exact = rows.iter().find(|row| name == row.name.as_bytes());
        let found = exact.or_else(|| rows.iter().find(|row| name.eq_ignore_ascii_case(row.name.as_bytes())));
        found.map_or(HeaderId::Other, |row| row.id)
    }

    /// The long name as RFCs write it; empty for `Other`.
    pub fn name(self) -> &'static str {
        ROWS.get(self as usize).map_or("", |row| row.name)
    }

    pub(super) fn bit(self) -> u128 {
        1 << (self as u32)
    }
}

fn compact(letter: u8) -> HeaderId {
    let index = (letter | 0x20).wrapping_sub(b'a');
    if !letter.is_ascii_alphabetic() {
        return HeaderId::Other;
    }
    COMPACT.get(usize::from(index)).copied().unwrap_or(HeaderId::Other)
}

const MAX_NAME: usize = 24;

/// For each length of a name, the rows of that length.
static BY_LENGTH: [(u8, u8); MAX_NAME] = {
    let mut table = [(0u8, 0u8); MAX_NAME];
    let mut i = 0;
    while i < ROWS.len() {
        let length = ROWS[i].name.len();
        if table[length].1 == 0 {
            table[length].0 = i as u8;
        }
        table[length].1 = i as u8 + 1;
        i += 1;
    }
    table
};

static COMPACT: [HeaderId; 26] = {
    let mut table = [HeaderId::Other; 26];
    let mut i = 0;
    while i < ROWS.len() {
        if let Some(letter) = ROWS[i].compact {
            table[(letter - b'a') as usize] = ROWS[i].id;
        }
        i += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_found_in_any_case_and_compact() {
        for row in ROWS {
            assert_eq!(HeaderId::of(row.name.as_bytes()), row.id);
            assert_eq!(HeaderId::of(row.name.to_uppercase().as_bytes()), row.id);
            assert_eq!(row.id.name(), row.name);
            if let Some(letter) = row.compact {
                assert_eq!(HeaderId::of(&[letter]), row.id);
                assert_eq!(HeaderId::of(&[letter.to_ascii_uppercase()]), row.id);
            }
        }
    }

    #[test]
    fn rows_stand_by_length() {
        assert!(ROWS.iter().map(|row| row.name.len()).is_sorted());
        assert!((HeaderId::Other as u32) < u128::BITS);
    }

    #[test]
    fn unknown_names_are_other() {
        for name in ["", "z", "1", "X-Foo", "C%6Fntact", "a-header-name-that-is-longer-than-any-we-know"] {
            assert_eq!(HeaderId::of(name.as_bytes()), HeaderId::Other, "{name}");
        }
        assert_eq!(HeaderId::Other.name(), "");
    }
}
