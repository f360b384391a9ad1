//! Route, Record-Route, Path and Service-Route: one list over several header fields (RFC 3261 20.34).
use super::name_addr::NameAddr;
use crate::sip::message::{Header, Message};
use crate::sip::name::HeaderId;
use crate::sip::uri::UriView;

/// One value of the list and the field it stands in: what [`crate::sip::Edits::remove_value`] takes.
#[derive(Clone, Copy, Debug)]
pub struct RouteValue<'a> {
    pub header: &'a Header,
    pub address: NameAddr,
}

impl RouteValue<'_> {
    pub fn uri<'m>(&self, message: &'m Message) -> Option<UriView<'m>> {
        self.address.uri_view(message.raw())
    }
}

/// The values from top to bottom. `None` for a malformed one: what follows it cannot be trusted.
pub fn values(message: &Message, id: HeaderId) -> impl Iterator<Item = Option<RouteValue<'_>>> {
    message
        .list(id)
        .map(|(header, value)| NameAddr::parse(message.raw(), value).map(|address| RouteValue { header, address }))
}

/// The first Route value; `None` when there is none or it is malformed.
pub fn top(message: &Message) -> Option<RouteValue<'_>> {
    values(message, HeaderId::Route).next().flatten()
}

/// The last Route value: the Request-URI of the target, when the previous hop was a strict router (RFC 3261 16.4).
pub fn last(message: &Message) -> Option<RouteValue<'_>> {
    values(message, HeaderId::Route).last().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sip::edit::Edits;
    use crate::sip::message::Framing;
    use bytes::Bytes;

    fn message() -> Message {
        let text =
            "ACK sip:a SIP/2.0\r\nRoute: <sip:1;lr;r2=on>,\r\n <sip:2;lr>\r\nX: y\r\nroute: \"n\" <sip:3>;p\r\n\r\n";
        Message::parse(Bytes::from_static(text.as_bytes()), Framing::Datagram).unwrap()
    }

    #[test]
    fn one_list_runs_over_fields_and_commas() {
        let m = message();
        let hosts: Vec<_> = values(&m, HeaderId::Route).flatten().map(|r| r.uri(&m).unwrap().host()).collect();
        assert_eq!(hosts, [b"1", b"2", b"3"]);
        assert_eq!(top(&m).unwrap().uri(&m).unwrap().r2(), Some(&b"on"[..]));
        assert!(!last(&m).unwrap().uri(&m).unwrap().is_loose());
    }

    #[test]
    fn a_value_can_be_taken_out() {
        let m = message();
        let mut edits = Edits::new();
        for value in values(&m, HeaderId::Route).flatten().take(2) {
            edits.remove_value(&m, value.header, value.address.whole);
        }
        let mut out = Vec::new();
        edits.write_after_start_line(&m, Framing::Datagram, &mut out);
        assert_eq!(out, b"X: y\r\nroute: \"n\" <sip:3>;p\r\n\r\n");
    }
}
