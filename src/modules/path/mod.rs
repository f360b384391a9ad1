//! `path`: this server's own address in Path (RFC 3327), so that requests to who registers come through it.
//!
//! What a script asks for is kept until a branch is sent: only then the socket is known that the address is of.
use crate::base::Str;
use crate::context::{Level, Run, SocketId, ViaHandling};
use crate::modules::core::{outbound, uri_text};
use crate::registry::param::int;
use crate::registry::{Constraint, ParamSignature, Setting, Setup};
use crate::script_fns;
use crate::sip::{HeaderId, Transport};
use crate::vm::{Cx, Function, Hook, InitCx, Module};

pub static MODULE: Module = Module {
    functions: FUNCTIONS,
    params: PARAMS,
    constraints: &[Constraint { check: needs_rr }],
    hooks: &[follow],
    examples: &[include_str!("examples.md")],
    init: Some(init),
    ..Module::empty("path")
};

static FUNCTIONS: &[Function] = script_fns! {
    /// Puts this server into Path: `<sip:user@host:port;lr>`.
    fn add_path(user: Option<Str>) in REQUEST, roles [MayFail] => add_path;

    /// The same, with the address that the request came from: `<sip:user@host:port;received=sip:1.2.3.4:5060;lr>`.
    fn add_path_received(user: Option<Str>) in REQUEST, roles [MayFail] => add_path_received;
};

static PARAMS: &[ParamSignature] = &[
    int("use_received", "1: what `received` of our Route says is where the request goes (0)."),
    int("enable_double_path", "Two fields when a request leaves by another socket than it came in (1)."),
];

#[derive(Clone, Copy)]
struct Settings {
    double: bool,
    use_received: bool,
}

/// What the script asked for, oldest first.
#[derive(Clone, Default)]
struct Wishes(Vec<Wish>);

#[derive(Clone)]
struct Wish {
    user: Str,
    with_source: bool,
}

fn init(cx: &mut InitCx<'_>) -> Result<(), String> {
    let double = cx.params.flag("enable_double_path", true);
    cx.states.set(Settings { double, use_received: cx.params.flag("use_received", false) });
    Ok(())
}

fn needs_rr(setup: Setup<'_>) -> Result<(), String> {
    let used = |(name, value): &(String, Setting)| name == "use_received" && *value != Setting::Int(0);
    if setup.params.iter().any(used) && !setup.modules.iter().any(|m| m == "rr") {
        return Err("parameter `use_received` of module `path` needs `rr`; load it".to_owned());
    }
    Ok(())
}

fn add_path(cx: &mut Cx<'_>, user: Option<Str>) -> bool {
    add(cx, "add_path", user, false)
}

fn add_path_received(cx: &mut Cx<'_>, user: Option<Str>) -> bool {
    add(cx, "add_path_received", user, true)
}

fn add(cx: &mut Cx<'_>, function: &'static str, user: Option<Str>, with_source: bool) -> bool {
    let user = user.unwrap_or_default();
    if user.iter().any(|b| b.is_ascii_whitespace() || b.is_ascii_control() || b"<>\"@".contains(b)) {
        cx.log(Level::Error, "path", function, format_args!("`{user}` is no user of a URI"));
        return false;
    }
    let wish = Wish { user, with_source };
    match &cx.run.tx {
        Some(tx) => tx.state.lock().slots.get_or_default::<Wishes>().0.push(wish),
        None => cx.run.slots.get_or_default::<Wishes>().0.push(wish),
    }
    true
}

fn follow(cx: &mut Cx<'_>, hook: &Hook<'_>) {
    match *hook {
        Hook::TransactionCreated => keep_with_transaction(cx.run),
        Hook::BranchOut { socket, .. } => write(cx, socket),
        Hook::RouteMatched { params } if cx.core.state::<Settings>().use_received => go_back(cx, params),
        _ => {}
    }
}

fn keep_with_transaction(run: &mut Run) {
    if let Some(wishes) = run.slots.take::<Wishes>()
        && let Some(tx) = &run.tx
    {
        tx.state.lock().slots.set(wishes);
    }
}

/// The newest wish stands in front.
fn write(cx: &mut Cx<'_>, socket: SocketId) {
    let wishes = match &cx.run.tx {
        Some(tx) => tx.state.lock().slots.get::<Wishes>().cloned(),
        None => cx.run.slots.get::<Wishes>().cloned(),
    };
    let Some(Wishes(wishes)) = wishes else { return };
    let lines: Vec<u8> = wishes.iter().rev().flat_map(|wish| lines(cx, wish, socket)).collect();
    if lines.is_empty() {
        return;
    }
    let message = &cx.run.msg;
    let place = message.first(HeaderId::Path).map_or(message.head_end(), |first| first.line.start);
    cx.run.edits.insert(place, Str::from(lines));
}

fn lines(cx: &Cx<'_>, wish: &Wish, socket: SocketId) -> Vec<u8> {
    let inbound = cx.run.tx.as_ref().map_or(cx.run.received.socket, |tx| tx.received.socket);
    let is_pair = cx.core.state::<Settings>().double && inbound != socket;
    let mut out = Vec::with_capacity(128);
    line(cx, wish, socket, &cx.run.via, is_pair, !is_pair, &mut out);
    if is_pair {
        line(cx, wish, inbound, &ViaHandling::default(), true, true, &mut out);
    }
    out
}

/// `faces_source`: the address it came from belongs to the side that it came in on.
fn line(
    cx: &Cx<'_>,
    wish: &Wish,
    socket: SocketId,
    via: &ViaHandling,
    is_pair: bool,
    faces_source: bool,
    out: &mut Vec<u8>,
) {
    out.extend_from_slice(b"Path: <sip:");
    if !wish.user.is_empty() {
        out.extend_from_slice(&wish.user);
        out.push(b'@');
    }
    outbound::write_sent_by(cx.core, socket, via, out);
    let transport = transport(cx, socket);
    if transport != Transport::Udp {
        out.extend_from_slice(format!(";transport={}", transport.name()).as_bytes());
    }
    if is_pair {
        out.extend_from_slice(b";r2=on");
    }
    if wish.with_source && faces_source {
        out.extend_from_slice(b";received=");
        out.extend_from_slice(source(cx).as_bytes());
    }
    out.extend_from_slice(b";lr>\r\n");
}

/// Where the request came from as a URI, with what may not stand in a parameter escaped.
fn source(cx: &Cx<'_>) -> String {
    let received = cx.run.tx.as_ref().map_or(cx.run.received, |tx| tx.received);
    let transport = transport(cx, received.socket);
    let parameter = match transport {
        Transport::Udp => String::new(),
        other => format!("%3btransport%3d{}", other.name()),
    };
    format!("sip:{}{parameter}", received.from)
}

fn transport(cx: &Cx<'_>, socket: SocketId) -> Transport {
    cx.core.sockets.get(socket).map_or(Transport::Udp, |s| s.transport)
}

/// A request that came back over our Path goes to where its target registered from.
fn go_back(cx: &mut Cx<'_>, params: &[u8]) {
    let received = params.split(|&b| b == b';').find_map(|pair| {
        let (name, value) = pair.split_at_checked(b"received=".len())?;
        name.eq_ignore_ascii_case(b"received=").then_some(value)
    });
    let Some(uri) = received.map(unescaped).filter(|uri| !uri.is_empty()) else { return };
    if let Err(why) = uri_text::set_destination(cx.run, Some(Str::from(uri))) {
        cx.log(Level::Error, "path", "use_received", format_args!("{why}"));
    }
}

fn unescaped(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&byte, tail)) = rest.split_first() {
        let digits = tail.get(..2).and_then(|d| std::str::from_utf8(d).ok());
        match digits.filter(|_| byte == b'%').and_then(|d| u8::from_str_radix(d, 16).ok()) {
            Some(escaped) => {
                out.push(escaped);
                rest = tail.get(2..).unwrap_or_default();
            }
            None => {
                out.push(byte);
                rest = tail;
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_taken_back() {
        assert_eq!(unescaped(b"sip:1.2.3.4:5060%3btransport%3Dtcp"), b"sip:1.2.3.4:5060;transport=tcp");
        assert_eq!(unescaped(b"a%zz%4"), b"a%zz%4");
    }

    #[test]
    fn what_is_received_is_used_only_with_routes() {
        let params = [("use_received".to_owned(), Setting::Int(1))];
        let with = |modules: &[String]| needs_rr(Setup { params: &params, modules, globals: &[] });
        assert!(with(&[]).is_err());
        assert!(with(&["rr".to_owned()]).is_ok());
    }
}
