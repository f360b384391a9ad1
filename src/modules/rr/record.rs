//! Record-Route: kept as a wish until a branch leaves, because only then its socket is known.
use super::Settings;
use crate::base::Str;
use crate::context::{Level, Run, SocketId, ViaHandling};
use crate::modules::core::outbound;
use crate::modules::core::uri_text::UriText;
use crate::registry::RouteKind;
use crate::sip::{HeaderId, Transport};
use crate::vm::{Cx, Hook};
use smallvec::SmallVec;

/// One wished Record-Route.
#[derive(Clone, Debug)]
enum Wish {
    /// Of the sockets the request passes.
    Sockets { params: Str },
    /// As the script gave it, outbound side first.
    Preset { hosts: SmallVec<[Str; 2]> },
}

/// What was asked for in one place: for the whole request, or for one branch of it.
#[derive(Clone, Debug, Default)]
struct Recording {
    wish: Option<Wish>,
    /// `;name=value` after all others.
    params: Vec<u8>,
}

/// Everything asked for about one request; kept with its transaction as soon as it has one.
#[derive(Clone, Debug, Default)]
struct Recordings {
    request: Recording,
    /// By branch, from branch routes.
    branches: Vec<(usize, Recording)>,
}

impl Recordings {
    fn of(&mut self, branch: Option<usize>) -> &mut Recording {
        let Some(branch) = branch else { return &mut self.request };
        let at = self.branches.iter().position(|(b, _)| *b == branch).unwrap_or_else(|| {
            self.branches.push((branch, Recording::default()));
            self.branches.len() - 1
        });
        match self.branches.get_mut(at) {
            Some((_, recording)) => recording,
            None => &mut self.request,
        }
    }

    /// What holds for a branch.
    fn for_branch(&self, branch: usize) -> Recording {
        let own = self.branches.iter().find(|(b, _)| *b == branch).map(|(_, r)| r);
        let wish = self.request.wish.as_ref().or_else(|| own.and_then(|r| r.wish.as_ref()));
        let added = own.map(|r| r.params.as_slice()).unwrap_or_default();
        Recording { wish: wish.cloned(), params: [&self.request.params, added].concat() }
    }
}

pub fn record_route(cx: &mut Cx<'_>, params: Option<Str>) -> bool {
    let params = params.unwrap_or_default();
    if !params.is_empty() && !is_params(&params) {
        return refuse(cx, "record_route", "the parameters are not of the form `;name=value`");
    }
    wish(cx, "record_route", Wish::Sockets { params })
}

pub fn record_route_preset(cx: &mut Cx<'_>, outbound: Str, inbound: Option<Str>) -> bool {
    if inbound.is_some() && !cx.core.state::<Settings>().double {
        return refuse(cx, "record_route_preset", "two header fields need `enable_double_rr`");
    }
    let hosts: SmallVec<[Str; 2]> = std::iter::once(outbound).chain(inbound).collect();
    if hosts.iter().any(|h| h.is_empty() || !is_uri_text(h)) {
        return refuse(cx, "record_route_preset", "the text cannot stand in a URI");
    }
    wish(cx, "record_route_preset", Wish::Preset { hosts })
}

pub fn add_rr_param(cx: &mut Cx<'_>, param: Str) -> bool {
    if !is_params(&param) {
        return refuse(cx, "add_rr_param", "the parameter is not of the form `;name=value`");
    }
    add_param(cx, &param);
    true
}

/// Puts `;name=value` into the Record-Route of this request (in a branch route: of this branch), whether that was asked
/// for already or will be.
pub fn add_param(cx: &mut Cx<'_>, param: &[u8]) {
    let branch = scope(cx.run);
    with_recordings(cx.run, |r| r.of(branch).params.extend_from_slice(param));
}

pub fn follow(cx: &mut Cx<'_>, hook: &Hook<'_>) {
    match *hook {
        Hook::TransactionCreated => keep_with_transaction(cx.run),
        Hook::BranchOut { branch, socket } => write(cx, branch, socket),
        _ => {}
    }
}

fn wish(cx: &mut Cx<'_>, function: &'static str, wish: Wish) -> bool {
    let branch = scope(cx.run);
    let is_first = with_recordings(cx.run, |r| {
        let is_first = r.request.wish.is_none() && r.of(branch).wish.is_none();
        if is_first {
            r.of(branch).wish = Some(wish);
        }
        is_first
    });
    is_first || refuse(cx, function, "the request is recorded already")
}

fn refuse(cx: &Cx<'_>, function: &'static str, why: &str) -> bool {
    cx.log(Level::Error, "rr", function, format_args!("{why}"));
    false
}

/// What a branch route asks for concerns its branch.
fn scope(run: &Run) -> Option<usize> {
    (run.kind == RouteKind::Branch).then_some(run.branch).flatten()
}

fn with_recordings<T>(run: &mut Run, work: impl FnOnce(&mut Recordings) -> T) -> T {
    match &run.tx {
        Some(tx) => work(tx.state.lock().slots.get_or_default()),
        None => work(run.slots.get_or_default()),
    }
}

fn keep_with_transaction(run: &mut Run) {
    if let Some(recordings) = run.slots.take::<Recordings>()
        && let Some(tx) = &run.tx
    {
        tx.state.lock().slots.set(recordings);
    }
}

fn write(cx: &mut Cx<'_>, branch: usize, socket: SocketId) {
    let Some(Recording { wish: Some(wish), params }) = recorded(cx.run, branch) else { return };
    let lines = Str::from(lines(cx, &wish, &params, socket));
    let message = &cx.run.msg;
    match message.first(HeaderId::RecordRoute) {
        Some(first) => cx.run.edits.insert_before(first, lines),
        None => match message.all(HeaderId::Via).next_back() {
            Some(via) => cx.run.edits.insert_after(via, lines),
            None => cx.run.edits.prepend_header(message, lines),
        },
    }
}

fn recorded(run: &Run, branch: usize) -> Option<Recording> {
    let of_branch = |recordings: &Recordings| recordings.for_branch(branch);
    match &run.tx {
        Some(tx) => tx.state.lock().slots.get().map(of_branch),
        None => run.slots.get().map(of_branch),
    }
}

fn lines(cx: &Cx<'_>, wish: &Wish, added: &[u8], socket: SocketId) -> Vec<u8> {
    let mut out = Vec::with_capacity(128);
    match wish {
        Wish::Preset { hosts } => {
            for host in hosts {
                begin(cx, &mut out);
                out.extend_from_slice(host);
                ftag(cx, &mut out);
                out.extend_from_slice(b";lr");
                end(added, &mut out);
            }
        }
        Wish::Sockets { params } => {
            let inbound = cx.run.tx.as_ref().map_or(cx.run.received.socket, |tx| tx.received.socket);
            let is_pair = cx.core.state::<Settings>().double && inbound != socket;
            let mut of = |socket, via: &ViaHandling| {
                begin(cx, &mut out);
                host(cx, socket, via, &mut out);
                out.extend_from_slice(if is_pair { b";r2=on;lr" } else { b";lr" });
                ftag(cx, &mut out);
                out.extend_from_slice(params);
                end(added, &mut out);
            };
            of(socket, &cx.run.via);
            if is_pair {
                // What the script advertises for this message is the outbound side's.
                of(inbound, &ViaHandling::default());
            }
        }
    }
    out
}

/// Up to the host.
fn begin(cx: &Cx<'_>, out: &mut Vec<u8>) {
    out.extend_from_slice(b"Record-Route: <sip:");
    if cx.core.state::<Settings>().add_username
        && let Some(user) = username(UriText::original(cx.run)).or_else(|| username(UriText::request(cx.run)))
    {
        out.extend_from_slice(user);
        out.push(b'@');
    }
}

fn username(uri: Option<UriText<'_>>) -> Option<&[u8]> {
    Some(uri?.view()?.user()).filter(|user| !user.is_empty())
}

fn ftag(cx: &Cx<'_>, out: &mut Vec<u8>) {
    if cx.core.state::<Settings>().append_fromtag
        && let Some(tag) = cx.run.msg.from_tag()
    {
        out.extend_from_slice(b";ftag=");
        out.extend_from_slice(tag);
    }
}

fn end(added: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(added);
    out.extend_from_slice(b">\r\n");
}

/// `host:port[;transport=..]` of a socket.
fn host(cx: &Cx<'_>, socket: SocketId, via: &ViaHandling, out: &mut Vec<u8>) {
    outbound::write_sent_by(cx.core, socket, via, out);
    let transport = cx.core.sockets.get(socket).map_or(Transport::Udp, |s| s.transport);
    if transport != Transport::Udp {
        out.extend_from_slice(b";transport=");
        out.extend_from_slice(transport.name().as_bytes());
    }
}

fn is_params(text: &[u8]) -> bool {
    text.first() == Some(&b';') && text.len() > 1 && is_uri_text(text)
}

/// Nothing that would end the URI or the header field.
fn is_uri_text(text: &[u8]) -> bool {
    text.iter().all(|&b| b > b' ' && !matches!(b, b'<' | b'>' | b'"' | 0x7f))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::modules::fixture::{Fixture, text};
    use crate::modules::rr::MODULE;
    use crate::registry::Setting;

    const INVITE: &str = "INVITE sip:bob@b SIP/2.0\nVia: SIP/2.0/UDP a\nVia: SIP/2.0/UDP z\nFrom: <sip:x@y>;tag=1";

    fn fixture(params: &[(&str, Setting)]) -> Fixture {
        Fixture::with(INVITE, &[(&MODULE, params)])
    }

    /// The Record-Route fields of what leaves by a socket; 0 is the one it came in by.
    fn leaves(f: &mut Fixture, socket: u16) -> Vec<String> {
        f.cx().raise(&Hook::BranchOut { branch: 0, socket: SocketId(socket) });
        f.written().lines().filter_map(|l| l.strip_prefix("Record-Route: ")).map(str::to_owned).collect()
    }

    #[test]
    fn one_field_stands_behind_the_vias() {
        let mut f = fixture(&[]);
        assert_eq!(f.call(&MODULE, "record_route", &[text(";a=b")]), 1);
        assert_eq!(leaves(&mut f, 0), ["<sip:192.0.2.1:5060;lr;ftag=1;a=b>"]);
        assert_eq!(
            f.written(),
            "Via: SIP/2.0/UDP a\r\nVia: SIP/2.0/UDP z\r\nRecord-Route: <sip:192.0.2.1:5060;lr;ftag=1;a=b>\r\nFrom: <sip:x@y>;tag=1\r\n\r\n"
        );
    }

    #[test]
    fn it_stands_before_those_of_others() {
        let mut f = Fixture::with(&format!("{INVITE}\nRecord-Route: <sip:other;lr>"), &[(&MODULE, &[])]);
        f.call(&MODULE, "record_route", &[]);
        assert_eq!(leaves(&mut f, 0), ["<sip:192.0.2.1:5060;lr;ftag=1>", "<sip:other;lr>"]);
    }

    #[test]
    fn a_change_of_socket_makes_a_pair_with_the_outbound_side_on_top() {
        let mut f = fixture(&[]);
        f.call(&MODULE, "record_route", &[]);
        f.call(&MODULE, "add_rr_param", &[text(";x=y")]);
        let pair = ["<sip:198.51.100.1:5060;r2=on;lr;ftag=1;x=y>", "<sip:192.0.2.1:5060;r2=on;lr;ftag=1;x=y>"];
        assert_eq!(leaves(&mut f, 1), pair);
        let mut f = fixture(&[("enable_double_rr", Setting::Int(0))]);
        f.call(&MODULE, "record_route", &[]);
        assert_eq!(leaves(&mut f, 1), ["<sip:198.51.100.1:5060;lr;ftag=1>"]);
    }

    #[test]
    fn parameters_may_come_before_or_after() {
        let mut f = fixture(&[("append_fromtag", Setting::Int(0)), ("add_username", Setting::Int(1))]);
        assert_eq!(f.call(&MODULE, "add_rr_param", &[text(";early")]), 1);
        assert_eq!(f.call(&MODULE, "record_route", &[]), 1);
        add_param(&mut f.cx(), b";late=1");
        assert_eq!(leaves(&mut f, 0), ["<sip:bob@192.0.2.1:5060;lr;early;late=1>"]);
    }

    #[test]
    fn presets_are_taken_as_they_are() {
        let mut f = fixture(&[]);
        f.call(&MODULE, "add_rr_param", &[text(";x")]);
        assert_eq!(f.call(&MODULE, "record_route_preset", &[text("out:5080"), text("in;r2=on")]), 1);
        assert_eq!(leaves(&mut f, 0), ["<sip:out:5080;ftag=1;lr;x>", "<sip:in;r2=on;ftag=1;lr;x>"]);
        let mut f = fixture(&[("enable_double_rr", Setting::Int(0))]);
        assert_eq!(f.call(&MODULE, "record_route_preset", &[text("out"), text("in")]), -1);
        assert_eq!(f.call(&MODULE, "record_route_preset", &[text("out")]), 1);
    }

    #[test]
    fn a_second_wish_is_refused() {
        let mut f = fixture(&[]);
        assert_eq!(f.call(&MODULE, "record_route", &[]), 1);
        assert_eq!(f.call(&MODULE, "record_route", &[]), -1);
        assert_eq!(f.call(&MODULE, "record_route_preset", &[text("x")]), -1);
        assert_eq!(leaves(&mut f, 0).len(), 1);
    }

    #[test]
    fn what_would_break_the_header_field_is_refused() {
        let mut f = fixture(&[]);
        for bad in ["a=b", ";", ";a=b>", ";a\r\nX: y", ";a b"] {
            assert_eq!(f.call(&MODULE, "record_route", &[text(bad)]), -1, "{bad}");
            assert_eq!(f.call(&MODULE, "add_rr_param", &[text(bad)]), -1, "{bad}");
        }
        assert_eq!(f.call(&MODULE, "record_route_preset", &[text("a>")]), -1);
        assert_eq!(f.call(&MODULE, "record_route_preset", &[text("")]), -1);
        assert!(leaves(&mut f, 0).is_empty());
    }

    #[test]
    fn a_branch_route_asks_for_its_branch_alone() {
        let mut f = fixture(&[]);
        f.run.kind = RouteKind::Branch;
        f.run.branch = Some(1);
        assert_eq!(f.call(&MODULE, "record_route", &[]), 1);
        assert_eq!(f.call(&MODULE, "record_route", &[]), -1);
        f.run.branch = Some(2);
        assert_eq!(f.call(&MODULE, "record_route", &[text(";second")]), 1);
        let wished = |f: &mut Fixture, branch| with_recordings(&mut f.run, |r| r.for_branch(branch).wish.is_some());
        assert_eq!([0, 1, 2].map(|branch| wished(&mut f, branch)), [false, true, true]);
    }
}
