//! The way out of a request: next hop, socket, Via, and the bytes that leave. For branches of transactions and for
//! stateless forwarding alike.
use super::reply;
use crate::base::Str;
use crate::context::{Core, Datagram, Place, Received, Run, Socket, SocketId, Target, TxId, ViaHandling, decimal};
use crate::proto::location::{self, Destination};
use crate::sip::header::name_addr;
use crate::sip::print::{self, RequestLine};
use crate::sip::uri::view::parse_ip;
use crate::sip::{Edits, Framing, HeaderId, Message, Range, Scheme, Transport, UriView};
use crate::vm::Cx;
use bytes::Bytes;
use smallvec::SmallVec;
use std::fmt;
use std::net::{IpAddr, SocketAddr};

/// Where a request goes next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NextHop {
    Address(SocketAddr),
    /// Ask for the addresses of `host`.
    Name {
        host: Str,
        port: u16,
    },
}

/// Why there is no way out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HopError {
    /// No usable URI.
    BadUri(Str),
    /// A transport without a socket of ours.
    Transport(Str),
    /// The name has no address.
    Unresolved(Str),
    /// No socket of the right family.
    NoSocket(IpAddr),
    /// A list says that nothing is sent there.
    Blocked(SocketAddr),
}

impl fmt::Display for HopError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HopError::BadUri(uri) => write!(f, "`{uri}` is no URI that a request can be sent to"),
            HopError::Transport(name) => write!(f, "no socket for transport `{name}`"),
            HopError::Unresolved(host) => write!(f, "`{host}` has no address"),
            HopError::NoSocket(ip) => write!(f, "no socket to reach {ip} from"),
            HopError::Blocked(to) => write!(f, "{to} is on a list of destinations that nothing is sent to"),
        }
    }
}

/// The next hop of one branch: its destination URI, else its path, else its Request-URI.
pub fn next_hop(request: &Message, target: &Target) -> Result<NextHop, HopError> {
    if let Some(dst) = &target.dst {
        return hop_of_uri(dst);
    }
    if let Some(first) = target.path.as_deref().and_then(first_route) {
        return hop_of_uri(first);
    }
    hop_of_uri(target.uri.as_deref().or(request.request_uri()).unwrap_or_default())
}

/// The next hop that `[proto:]host[:port]` or a URI names, as `t_relay` and `forward` take it.
pub fn hop_of_proxy(text: &[u8]) -> Result<NextHop, HopError> {
    let scheme = text.split(|&b| b == b':').next().unwrap_or_default();
    let known = [b"sip".as_slice(), b"sips"].iter().any(|s| scheme.eq_ignore_ascii_case(s));
    if known {
        return hop_of_uri(text);
    }
    match Transport::parse(scheme) {
        Some(transport) if text.len() > scheme.len() => {
            let host = text.get(scheme.len() + 1..).unwrap_or_default();
            hop_of_uri(&[b"sip:", host, b";transport=", transport.name().as_bytes()].concat())
        }
        _ => hop_of_uri(&[b"sip:", text].concat()),
    }
}

pub fn hop_of_uri(text: &[u8]) -> Result<NextHop, HopError> {
    let bad = || HopError::BadUri(Str::new(text));
    let uri = UriView::parse(text).ok_or_else(bad)?;
    if !matches!(uri.kind(), Scheme::Sip | Scheme::Sips) {
        return Err(bad());
    }
    let transport =
        uri.transport().ok_or_else(|| HopError::Transport(Str::new(uri.transport_text().unwrap_or_default())))?;
    let destination = Destination {
        host: uri.host(),
        port: uri.port(),
        transport: Some(transport),
        maddr: uri.maddr(),
        scheme: location::Scheme::Sip,
    };
    match location::locate(&destination).ok_or_else(bad)? {
        location::Target::Address(to, Transport::Udp) => Ok(NextHop::Address(to)),
        location::Target::NeedsName { host, port, transport: Transport::Udp } => Ok(NextHop::Name { host, port }),
        location::Target::Address(_, other) | location::Target::NeedsName { transport: other, .. } => {
            Err(HopError::Transport(other.name().into()))
        }
    }
}

fn first_route(path: &[u8]) -> Option<&[u8]> {
    let first = name_addr::values(path, Range::all(path)).next()??;
    Some(first.uri.of(path))
}

/// The socket to send from: the forced one, else the one the request came in by, else the first of the right family.
pub fn socket_for(core: &Core, forced: Option<SocketId>, received: SocketId, to: IpAddr) -> Result<SocketId, HopError> {
    let routed = || core.settings.multihomed.then(|| routed(core, received, to)).flatten();
    let preferred = forced.or_else(routed).unwrap_or(received);
    core.sockets.outbound(preferred, Transport::Udp, to).map(|s| s.id).ok_or(HopError::NoSocket(to))
}

/// The socket at the address that the system sends from, first of all the one the request came in by.
fn routed(core: &Core, received: SocketId, to: IpAddr) -> Option<SocketId> {
    let source = (core.settings.source_toward)(to)?;
    let at_source = |s: &&Socket| s.transport == Transport::Udp && s.addr.ip() == source;
    let sockets = &core.sockets;
    let found = sockets.get(received).filter(at_source).or_else(|| sockets.all().iter().find(at_source));
    found.map(|s| s.id)
}

/// Whether a list that the run uses keeps a message from going there. Without its text rules with a pattern do not count.
pub fn is_blocked(cx: &Cx<'_>, transport: Transport, to: SocketAddr, text: Option<&[u8]>) -> bool {
    let lists = cx.core.blacklists.used_by(cx.run);
    lists.0 != 0 && cx.core.blacklists.has(lists, cx.now.mono, Place::new(transport, to, text))
}

/// A request about to leave.
pub struct Leaving<'a> {
    pub request: &'a Message,
    pub edits: &'a Edits,
    pub target: &'a Target,
    pub via: &'a ViaHandling,
    /// `None` for a request made here: nothing is noted about where it came from.
    pub received: Option<&'a Received>,
    pub socket: SocketId,
    /// The whole branch parameter.
    pub branch: &'a [u8],
    /// Header lines behind all others.
    pub headers: Option<&'a Str>,
}

impl Leaving<'_> {
    /// The bytes: as received, with the edits and what a proxy adds (RFC 3261 16.6).
    pub fn print(&self, core: &Core, out: &mut Vec<u8>) {
        let mut top: SmallVec<[u8; 256]> = SmallVec::new();
        self.write_via(core, &mut top);
        if let Some(path) = &self.target.path {
            top.extend_from_slice(b"Route: ");
            top.extend_from_slice(path);
            top.extend_from_slice(b"\r\n");
        }
        let line = RequestLine { method: None, uri: self.target.uri.as_deref() };
        match self.own_edits() {
            Some(edits) => print::forward_request(self.request, &edits, &line, &top, Framing::Datagram, out),
            None => print::forward_request(self.request, self.edits, &line, &top, Framing::Datagram, out),
        }
    }

    /// The edits with what this hop notes in fields that came; `None` when that is nothing.
    fn own_edits(&self) -> Option<Edits> {
        let (received, rport) = self.received.map_or((None, None), |r| reply::via_stamp(self.request, r, self.via));
        let no_limit = !self.request.has(HeaderId::MaxForwards) && !self.edits.adds_field(b"Max-Forwards");
        if received.is_none() && rport.is_none() && !no_limit && self.headers.is_none() {
            return None;
        }
        let mut edits = self.edits.clone();
        edits.stamp_top_via(self.request, received, rport);
        if no_limit {
            // RFC 3261 16.6 step 3
            edits.append_header(self.request, Str::from_static("Max-Forwards: 70\r\n"));
        }
        if let Some(headers) = self.headers {
            edits.append_header(self.request, headers.clone());
        }
        Some(edits)
    }

    fn write_via(&self, core: &Core, out: &mut SmallVec<[u8; 256]>) {
        out.extend_from_slice(b"Via: SIP/2.0/UDP ");
        write_sent_by(core, self.socket, self.via, out);
        out.extend_from_slice(b";branch=");
        out.extend_from_slice(self.branch);
        if self.via.add_local_rport {
            out.extend_from_slice(b";rport");
        }
        out.extend_from_slice(b"\r\n");
    }
}

/// `host[:port]` of ours as Via and Record-Route show it: the script's advertised address, the socket's, the server's, else
/// where the socket listens.
pub fn write_sent_by(core: &Core, socket: SocketId, via: &ViaHandling, out: &mut impl Extend<u8>) {
    let Some(socket) = core.sockets.get(socket) else { return };
    let global = core.settings.advertised_address.as_ref().filter(|_| socket.advertised.is_none());
    if via.advertised_host.is_none() && via.advertised_port.is_none() && global.is_none() {
        return out.extend(socket.sealed_sent_by().iter().copied());
    }
    let own = socket.advertised.as_ref().map(|(host, _)| host);
    match via.advertised_host.as_ref().or(own).or(global) {
        Some(host) => out.extend(host.iter().copied()),
        None => out.extend(host_text(socket.addr.ip()).bytes()),
    }
    let own_port = socket.advertised.as_ref().and_then(|(_, port)| *port);
    let port = own_port.or(core.settings.advertised_port).unwrap_or(socket.addr.port());
    match &via.advertised_port {
        Some(port) => out.extend([b":", port.as_bytes()].concat()),
        None => out.extend(format!(":{port}").bytes()),
    }
}

fn host_text(ip: IpAddr) -> String {
    match ip {
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => format!("[{ip}]"),
    }
}

/// Where a reply goes that is forwarded without a transaction: what the Via under ours says (RFC 3261 18.2.2).
pub fn reply_hop(reply: &Message) -> Option<NextHop> {
    let (_, range) = reply.list(HeaderId::Via).nth(1)?;
    let raw = reply.raw();
    let via = crate::sip::header::Via::parse(raw, range)?;
    let text = |p: Option<crate::sip::header::Param>| p.and_then(|p| p.value).map(|v| v.of(raw));
    let rport = text(via.rport).and_then(|v| std::str::from_utf8(v).ok()?.parse().ok());
    let port = rport.unwrap_or_else(|| via.effective_port(raw));
    let host = text(via.received).unwrap_or(via.host.of(raw));
    match parse_ip(host) {
        Some(ip) => Some(NextHop::Address(SocketAddr::new(ip, port))),
        None => Some(NextHop::Name { host: Str::new(host), port }),
    }
}

const OURS: &[u8] = b"z9hG4bKspt";
const STATELESS: &str = "z9hG4bKspf";

/// The branch parameter of what a transaction sends: a reply finds its transaction and branch by it.
pub fn write_branch(id: TxId, index: usize, attempt: u8, out: &mut SmallVec<[u8; 48]>) {
    out.extend_from_slice(OURS);
    for shift in (0..16).rev() {
        let digit = (id.0 >> (shift * 4)) as usize & 15;
        out.push(b"0123456789abcdef"[digit]);
    }
    out.push(b'.');
    out.extend_from_slice(&decimal(i32::try_from(index).unwrap_or(i32::MAX)));
    if attempt > 0 {
        out.push(b'.');
        out.extend_from_slice(&decimal(i32::from(attempt)));
    }
}

/// What `write_branch` wrote; `None` for a branch that no transaction of ours made.
pub fn read_branch(branch: &[u8]) -> Option<(TxId, usize, u8)> {
    let rest = branch.strip_prefix(OURS)?;
    let id = u64::from_str_radix(std::str::from_utf8(rest.get(..16)?).ok()?, 16).ok()?;
    let tail = std::str::from_utf8(rest.get(16..)?.strip_prefix(b".")?).ok()?;
    let (index, attempt) = tail.split_once('.').unwrap_or((tail, "0"));
    Some((TxId(id), index.parse().ok()?, attempt.parse().ok()?))
}

/// The branch parameter of a request forwarded without a transaction: the same for every repetition (RFC 3261 16.11).
pub fn stateless_branch(core: &Core, request: &Message) -> String {
    let via = request.top_via().map(|v| v.branch(request.raw())).unwrap_or_default();
    let cseq = request.cseq().map(|c| request.bytes(c.number_text)).unwrap_or_default();
    let parts = [via, request.call_id().unwrap_or_default(), request.from_tag().unwrap_or_default(), cseq];
    let key = core.transactions.keys.client(&parts.join(&b' '), request.method_bytes());
    format!("{STATELESS}{:016x}", key.id())
}

/// The datagram of a request that no transaction follows.
pub fn stateless_request(core: &Core, run: &Run, to: SocketAddr, socket: SocketId, scratch: &mut Vec<u8>) -> Datagram {
    scratch.clear();
    let branch = stateless_branch(core, &run.msg);
    let leaving = Leaving {
        request: &run.msg,
        edits: &run.edits,
        target: &run.targets.main,
        via: &run.via,
        received: Some(&run.received),
        socket,
        branch: branch.as_bytes(),
        headers: None,
    };
    leaving.print(core, scratch);
    Datagram { socket, to, bytes: Bytes::copy_from_slice(scratch) }
}
