//! Request methods. Names are case-sensitive (RFC 3261 7.1); a method we do not know is carried, never refused.
use crate::base::Str;

#[derive(Clone, PartialEq, Eq, Debug, Hash)]
pub enum Method {
    Invite,
    Cancel,
    Ack,
    Bye,
    Info,
    Options,
    Update,
    Register,
    Message,
    Subscribe,
    Notify,
    Prack,
    Refer,
    Publish,
    Other(Str),
}

struct Row {
    name: &'static str,
    id: u32,
    method: Method,
}

/// What scripts see as the number of a method they do not know (`$rm` as integer).
pub const OTHER_ID: u32 = 16384;

/// The numbers are OpenSIPS's `METHOD_*` values: scripts compare `$rm` with them.
static KNOWN: [Row; 14] = [
    Row { name: "INVITE", id: 1, method: Method::Invite },
    Row { name: "CANCEL", id: 2, method: Method::Cancel },
    Row { name: "ACK", id: 4, method: Method::Ack },
    Row { name: "BYE", id: 8, method: Method::Bye },
    Row { name: "INFO", id: 16, method: Method::Info },
    Row { name: "OPTIONS", id: 32, method: Method::Options },
    Row { name: "UPDATE", id: 64, method: Method::Update },
    Row { name: "REGISTER", id: 128, method: Method::Register },
    Row { name: "MESSAGE", id: 256, method: Method::Message },
    Row { name: "SUBSCRIBE", id: 512, method: Method::Subscribe },
    Row { name: "NOTIFY", id: 1024, method: Method::Notify },
    Row { name: "PRACK", id: 2048, method: Method::Prack },
    Row { name: "REFER", id: 4096, method: Method::Refer },
    Row { name: "PUBLISH", id: 8192, method: Method::Publish },
];

impl Method {
    pub fn parse(name: &[u8]) -> Method {
        Method::known(name).unwrap_or_else(|| Method::Other(Str::new(name)))
    }

    /// The method when it has a name of its own here.
    pub fn known(name: &[u8]) -> Option<Method> {
        KNOWN.iter().find(|row| row.name.as_bytes() == name).map(|row| row.method.clone())
    }

    pub fn as_bytes(&self) -> &[u8] {
        match self {
            Method::Other(name) => name,
            known => known.row().map_or(b"", |row| row.name.as_bytes()),
        }
    }

    /// OpenSIPS's number of the method; [`OTHER_ID`] when it is none of the known.
    pub fn id(&self) -> u32 {
        self.row().map_or(OTHER_ID, |row| row.id)
    }

    /// Requests whose 2xx makes a dialog (RFC 3261 12.1, RFC 6665 4.1, RFC 3515 2.4.4).
    pub fn makes_dialog(&self) -> bool {
        matches!(self, Method::Invite | Method::Subscribe | Method::Refer)
    }

    fn row(&self) -> Option<&'static Row> {
        let place = match self {
            Method::Invite => 0,
            Method::Cancel => 1,
            Method::Ack => 2,
            Method::Bye => 3,
            Method::Info => 4,
            Method::Options => 5,
            Method::Update => 6,
            Method::Register => 7,
            Method::Message => 8,
            Method::Subscribe => 9,
            Method::Notify => 10,
            Method::Prack => 11,
            Method::Refer => 12,
            Method::Publish => 13,
            Method::Other(_) => return None,
        };
        KNOWN.get(place)
    }
}

impl std::fmt::Display for Method {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&String::from_utf8_lossy(self.as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_case_sensitive_and_come_back() {
        assert_eq!(Method::parse(b"INVITE"), Method::Invite);
        assert_eq!(Method::parse(b"invite"), Method::Other(Str::from("invite")));
        assert_eq!(Method::parse(b"RE%47IST%45R").as_bytes(), b"RE%47IST%45R");
        assert_eq!(Method::Publish.as_bytes(), b"PUBLISH");
    }

    #[test]
    fn numbers_are_the_bits_scripts_know() {
        for (n, row) in KNOWN.iter().enumerate() {
            assert_eq!(row.method.id(), 1 << n, "{}", row.name);
        }
        assert_eq!(Method::parse(b"FOO").id(), OTHER_ID);
    }
}
