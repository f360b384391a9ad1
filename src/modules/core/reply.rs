//! Replies made here: what `sl`, `tm`, `signaling` and the engine print to answer the request of a run.
//!
//! `Asked` is a request with all that its script said about answering it; `print` makes the bytes, `destination` says
//! where they go. Whether a reply is sent once or kept by a transaction is the caller's.
use crate::base::Str;
use crate::context::{Core, Received, ReplyExtras, Run, SocketId, Target, Targets, ViaHandling};
use crate::sip::print::{self, Answer, Body};
use crate::sip::uri::view::parse_ip;
use crate::sip::{Message, StatusCode};
use bytes::Bytes;
use std::net::{IpAddr, SocketAddr};

/// A request and what decides how it is answered.
#[derive(Clone, Copy)]
pub struct Asked<'a> {
    pub request: &'a Message,
    pub received: &'a Received,
    pub via: &'a ViaHandling,
    pub extras: &'a ReplyExtras,
    /// A redirection offers these as Contact.
    pub targets: &'a Targets,
}

impl<'a> Asked<'a> {
    /// The request of a run over a request.
    pub fn of(run: &'a Run) -> Asked<'a> {
        Asked {
            request: &run.msg,
            received: &run.received,
            via: &run.via,
            extras: &run.reply_extras,
            targets: &run.targets,
        }
    }
}

/// A reply to be made; an empty reason is the default one of the code.
#[derive(Clone, Copy)]
pub struct LocalReply<'a> {
    pub code: StatusCode,
    pub reason: &'a [u8],
    /// Goes into To when that has none and the code is above 180.
    pub to_tag: &'a [u8],
    /// Instead of the body that the script set for replies.
    pub body: Option<Body<'a>>,
}

/// Who answers: the two give different tags, so that an ACK tells whom it is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Answering {
    Stateless,
    InTransaction,
}

/// The To tag of every local reply to this request. Retransmissions get the same one (RFC 3261 8.2.7), and so does the
/// ACK of an INVITE.
pub fn to_tag(core: &Core, request: &Message, answering: Answering) -> Str {
    let via = request.top_via();
    let parts = (
        answering,
        via.map(|v| v.branch(request.raw())),
        request.call_id(),
        request.from_tag(),
        request.cseq().map(|c| c.number),
    );
    hex(core.hasher.hash_one(parts))
}

fn hex(number: u64) -> Str {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |at: usize| DIGITS[(number >> (60 - 4 * at)) as usize & 15];
    Str::new(&std::array::from_fn::<u8, 16, _>(digit))
}

/// The bytes of a reply.
pub fn print(core: &Core, asked: &Asked<'_>, reply: &LocalReply<'_>) -> Bytes {
    let (received, rport) = via_stamp(asked.request, asked.received, asked.via);
    let own_body = asked.extras.body.as_ref().map(|b| Body { content_type: b"", bytes: b });
    let answer = Answer {
        code: reply.code,
        reason: one_line(reply.reason),
        to_tag: (reply.code >= StatusCode::RINGING).then_some(reply.to_tag),
        received,
        rport,
        headers: &headers(core, asked, reply.code),
        body: reply.body.or(own_body),
    };
    let mut out = Vec::with_capacity(512);
    print::answer(asked.request, &answer, &mut out);
    Bytes::from(out)
}

/// Socket and address that a reply to this request leaves from and goes to (RFC 3261 18.2.2, RFC 3581 4). A Via never
/// leads to another host than the request came from, unless the script asks for it (`reply_to_via`).
pub fn destination(core: &Core, asked: &Asked<'_>) -> (SocketId, SocketAddr) {
    let Received { from, socket, .. } = *asked.received;
    let reliable = core.sockets.get(socket).is_some_and(|s| s.transport.is_reliable());
    let Some(via) = asked.request.top_via().filter(|_| !reliable) else { return (socket, from) };
    let raw = asked.request.raw();
    if asked.via.reply_to_via {
        let ip = parse_ip(via.host.of(raw)).unwrap_or(from.ip());
        return (socket, SocketAddr::new(ip, via.effective_port(raw)));
    }
    if via.rport.is_some() || asked.via.force_rport {
        return (socket, from);
    }
    (socket, SocketAddr::new(from.ip(), via.effective_port(raw)))
}

/// What goes into the top Via: `received` when the address differs from the written one or a port is noted, `rport` when
/// the peer or the script asks for it (RFC 3581 4).
pub fn via_stamp(request: &Message, received: &Received, handling: &ViaHandling) -> (Option<IpAddr>, Option<u16>) {
    let Some(via) = request.top_via() else { return (None, None) };
    let from = received.from.ip().to_canonical();
    let rport = (via.rport.is_some() || handling.force_rport).then_some(received.from.port());
    let moved = parse_ip(via.host.of(request.raw())) != Some(from);
    ((moved || rport.is_some()).then_some(from), rport)
}

fn headers(core: &Core, asked: &Asked<'_>, code: StatusCode) -> Vec<u8> {
    let mut out = asked.extras.headers.concat();
    if code.class() == 3 {
        out.extend_from_slice(&redirection(asked.targets));
    }
    if let Some(server) = &core.settings.server_header {
        out.extend_from_slice(server);
        out.extend_from_slice(b"\r\n");
    }
    if core.settings.sip_warning {
        out.extend_from_slice(&warning(core, asked));
    }
    out
}

/// The Contact of a redirection: the R-URI when the script set one, and the added branches.
fn redirection(targets: &Targets) -> Vec<u8> {
    let contacts: Vec<Vec<u8>> = std::iter::once(&targets.main).chain(&targets.added).filter_map(contact).collect();
    if contacts.is_empty() {
        return Vec::new();
    }
    [b"Contact: ", contacts.join(&b", "[..]).as_slice(), b"\r\n"].concat()
}

fn contact(target: &Target) -> Option<Vec<u8>> {
    let uri = target.uri.as_ref()?;
    let q = target.q.map(|q| format!(";q={}", f64::from(q) / 1000.0)).unwrap_or_default();
    Some([b"<", uri.as_bytes(), b">", q.as_bytes()].concat())
}

/// Which request, from where, this server saw (RFC 3261 20.43).
fn warning(core: &Core, asked: &Asked<'_>) -> Vec<u8> {
    let agent = core.sockets.get(asked.received.socket).map(|s| s.sent_by()).unwrap_or_default();
    let uri = asked.request.request_uri().unwrap_or_default();
    let uri: Vec<u8> = uri.iter().copied().filter(|b| !matches!(b, b'"' | b'\\')).collect();
    let source = format!("req_src_ip={} req_src_port={}", asked.received.from.ip(), asked.received.from.port());
    let head = format!("Warning: 392 {agent} \"Noisy feedback tells: {source} in_uri=");
    [head.as_bytes(), &uri, b"\"\r\n"].concat()
}

/// A reason phrase is one line, whatever a script puts into it.
fn one_line(reason: &[u8]) -> &[u8] {
    let end = reason.iter().position(|b| matches!(b, b'\r' | b'\n')).unwrap_or(reason.len());
    reason.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::modules::fixture::{Fixture, PEER};

    const OPTIONS: &str = "OPTIONS sip:a@b SIP/2.0\nVia: SIP/2.0/UDP phone:5080;branch=z9hG4bKx\nFrom: <sip:x@y>;tag=1\nTo: <sip:a@b>\nCall-ID: id\nCSeq: 1 OPTIONS";

    fn refusal(f: &Fixture, code: u16, reason: &[u8]) -> String {
        let code = StatusCode::new(code).unwrap();
        let reply = LocalReply { code, reason, to_tag: b"t", body: None };
        String::from_utf8(print(&f.core, &Asked::of(&f.run), &reply).to_vec()).unwrap()
    }

    #[test]
    fn what_the_script_appended_goes_into_the_reply() {
        let mut f = Fixture::new(OPTIONS);
        f.run.reply_extras.headers = vec!["X: 1\r\n".into(), "Content-Type: a/b\r\n".into()];
        f.run.reply_extras.body = Some("body".into());
        assert_eq!(
            refusal(&f, 404, b"Gone\r\nX-Evil: 1"),
            "SIP/2.0 404 Gone\r\nVia: SIP/2.0/UDP phone:5080;branch=z9hG4bKx;received=203.0.113.7\r\nFrom: <sip:x@y>;tag=1\r\nTo: <sip:a@b>;tag=t\r\nCall-ID: id\r\nCSeq: 1 OPTIONS\r\nX: 1\r\nContent-Type: a/b\r\nContent-Length: 4\r\n\r\nbody"
        );
    }

    #[test]
    fn a_redirection_offers_the_targets() {
        let mut f = Fixture::new(OPTIONS);
        f.run.targets.main.uri = Some("sip:1".into());
        f.run.targets.add(Target { uri: Some("sip:2".into()), q: Some(500), ..Target::default() });
        assert!(refusal(&f, 302, b"").contains("\r\nContact: <sip:1>, <sip:2>;q=0.5\r\n"));
        assert!(!refusal(&f, 404, b"").contains("Contact"));
    }

    #[test]
    fn a_provisional_below_180_has_no_tag() {
        let f = Fixture::new(OPTIONS);
        assert!(!refusal(&f, 100, b"").contains("tag=t"));
        assert!(refusal(&f, 180, b"").contains("tag=t"));
    }

    #[test]
    fn replies_go_to_the_sent_by_port_or_where_rport_says() {
        let mut f = Fixture::new(OPTIONS);
        let to = |f: &Fixture| destination(&f.core, &Asked::of(&f.run)).1.to_string();
        assert_eq!(to(&f), "203.0.113.7:5080");
        f.run.via.force_rport = true;
        assert_eq!(to(&f), PEER);
        let mut f = Fixture::new(&OPTIONS.replace("phone:5080", "10.0.0.9;rport"));
        assert_eq!(to(&f), PEER);
        f.run.via.reply_to_via = true;
        assert_eq!(to(&f), "10.0.0.9:5060");
    }

    #[test]
    fn repetitions_get_the_same_tag_and_the_two_answerers_different_ones() {
        let f = Fixture::new(OPTIONS);
        let again = Fixture::new(OPTIONS);
        let tag = to_tag(&f.core, &f.run.msg, Answering::Stateless);
        assert_eq!(to_tag(&f.core, &again.run.msg, Answering::Stateless), tag);
        assert_ne!(to_tag(&f.core, &f.run.msg, Answering::InTransaction), tag);
        let other = Fixture::new(&OPTIONS.replace("z9hG4bKx", "z9hG4bKy"));
        assert_ne!(to_tag(&f.core, &other.run.msg, Answering::Stateless), tag);
    }
}
