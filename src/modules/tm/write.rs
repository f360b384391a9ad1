//! `t_write_req` and `t_write_unix`: a request is described to a program that listens on this machine, line by line, and
//! waits here for what that program makes of it.
use super::inject;
use super::state::Tm;
use crate::base::Str;
use crate::context::{Ear, Effect, EffectAnswer, Level, Tell, Transaction};
use crate::modules::core::uri_text::UriText;
use crate::sip::header::{NameAddr, route};
use crate::sip::{HeaderId, Message, UriView};
use crate::vm::{Answer, Cx, Ret, Vocabulary, Words};
use bytes::Bytes;

/// The version of the description.
const VERSION: &str = "0.3";
/// Stands for what is not there.
const NONE: &[u8] = b".";

/// `action[/append]`. What `tw_append` would add under that name is left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Action(Str);

impl Vocabulary for Action {
    fn parse(text: &[u8]) -> Result<Action, String> {
        let mut parts = text.splitn(2, |b| *b == b'/');
        let action = parts.next().unwrap_or_default();
        if action.is_empty() {
            return Err("it names no action".to_owned());
        }
        if parts.next().is_some_and(<[u8]>::is_empty) {
            return Err("nothing is named behind the slash".to_owned());
        }
        Ok(Action(Str::new(action)))
    }
}

pub fn t_write_req(cx: &mut Cx<'_>, info: Words<Action>, fifo: Str) -> Ret {
    write(cx, &info.0, Ear::Pipe(fifo))
}

pub fn t_write_unix(cx: &mut Cx<'_>, info: Words<Action>, socket: Str) -> Ret {
    write(cx, &info.0, Ear::Socket(socket))
}

/// 1 once the program was told; the request is then its to answer, and refused with 408 when nobody does.
fn write(cx: &mut Cx<'_>, action: &Action, ear: Ear) -> Ret {
    let Some(tx) = cx.run.tx.clone() else {
        cx.log(Level::Error, "tm", "t_write", format_args!("the request has no transaction"));
        return Ret::FALSE;
    };
    let Some(text) = description(cx, &tx, action) else { return Ret::FALSE };
    let patience = cx.core.state::<Tm>().write_patience;
    let effect = Effect::Tell(Box::new(Tell { ear, bytes: Bytes::from(text), patience }));
    Ret::Wait(
        effect,
        Box::new(move |cx, answer| match answer {
            Answer::Effect(EffectAnswer::Done) => Ret::bool(inject::wait_for_answer(cx, &tx)),
            _ => Ret::FALSE,
        }),
    )
}

/// The description, of which each line has its place.
fn description(cx: &Cx<'_>, tx: &Transaction, action: &Action) -> Option<Vec<u8>> {
    let msg = &cx.run.msg;
    let uri = UriText::request(cx.run)?;
    let uri = uri.bytes();
    let parts = UriView::parse(uri);
    let socket = cx.core.sockets.get(cx.run.received.socket)?;
    let (ip, port) = (socket.addr.ip().to_string(), port_text(socket.addr.port()));
    let id = format!("{}:{}", tx.id.0 >> 32, tx.id.0 & u64::from(u32::MAX));
    let value = |id: HeaderId| msg.value(id).unwrap_or_default();
    let way = Way::of(msg);
    let lines: [&[u8]; 20] = [
        VERSION.as_bytes(),
        &[b"sip_request.", action.0.as_bytes()].concat(),
        msg.method_bytes(),
        parts.map(|p| p.user()).unwrap_or_default(),
        parts.map(|p| p.host()).unwrap_or_default(),
        ip.as_bytes(),
        port.as_bytes(),
        uri,
        or_none(&way.target),
        value(HeaderId::From),
        value(HeaderId::To),
        value(HeaderId::CallId),
        msg.from_tag().unwrap_or_default(),
        msg.to_tag().unwrap_or_default(),
        msg.cseq().map(|c| msg.bytes(c.number_text)).unwrap_or_default(),
        id.as_bytes(),
        or_none(&way.routes),
        or_none(&way.next_hop),
        b"P-MsgFlags: 0\n.",
        if msg.method_bytes() == b"INVITE" { msg.body() } else { NONE },
    ];
    Some(lines.iter().flat_map(|line| line.iter().copied().chain([b'\n'])).collect())
}

fn port_text(port: u16) -> String {
    if port == 5060 { ".".to_owned() } else { port.to_string() }
}

fn or_none(text: &[u8]) -> &[u8] {
    if text.is_empty() { NONE } else { text }
}

/// How requests to the sender will have to go: the target, the routes, and the first hop when it is a loose router.
#[derive(Default)]
struct Way {
    target: Vec<u8>,
    routes: Vec<u8>,
    next_hop: Vec<u8>,
}

impl Way {
    fn of(msg: &Message) -> Way {
        let contact = msg.list(HeaderId::Contact).next().and_then(|(_, value)| NameAddr::parse(msg.raw(), value));
        let target = contact.as_ref().or(msg.from()).map(|a| msg.bytes(a.uri)).unwrap_or_default();
        let recorded: Vec<_> = route::values(msg, HeaderId::RecordRoute).flatten().collect();
        let mut way = Way { target: target.to_vec(), ..Way::default() };
        let Some(first) = recorded.first() else { return way };
        let first_uri = msg.bytes(first.address.uri);
        let is_loose = first.uri(msg).is_some_and(|uri| uri.param(b"lr").is_some());
        let kept = recorded.iter().skip(usize::from(!is_loose)).map(|r| msg.bytes(r.address.uri));
        let strict_target = (!is_loose).then_some(target);
        way.routes = bracketed(kept.chain(strict_target));
        if is_loose {
            way.next_hop = first_uri.to_vec();
        } else {
            way.target = first_uri.to_vec();
        }
        way
    }
}

/// `<uri>,<uri>`
fn bracketed<'a>(uris: impl Iterator<Item = &'a [u8]>) -> Vec<u8> {
    let all: Vec<Vec<u8>> = uris.map(|uri| [b"<", uri, b">"].concat()).collect();
    all.join(&b',')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sip::Framing;

    fn way(record_routes: &str) -> [String; 3] {
        let text = format!(
            "INVITE sip:b@h SIP/2.0\r\nFrom: <sip:a@h>;tag=1\r\nContact: <sip:a@192.0.2.1>\r\n{record_routes}\r\n"
        );
        let msg = Message::parse(Bytes::from(text), Framing::Datagram).expect("a message");
        let way = Way::of(&msg);
        [way.target, way.routes, way.next_hop].map(|part| String::from_utf8(part).expect("UTF-8"))
    }

    #[test]
    fn routes_lead_back_to_the_sender() {
        assert_eq!(way(""), ["sip:a@192.0.2.1", "", ""]);
        let loose = way("Record-Route: <sip:p1;lr>, <sip:p2;lr>\r\n");
        assert_eq!(loose, ["sip:a@192.0.2.1", "<sip:p1;lr>,<sip:p2;lr>", "sip:p1;lr"]);
        let strict = way("Record-Route: <sip:p1>, <sip:p2;lr>\r\n");
        assert_eq!(strict, ["sip:p1", "<sip:p2;lr>,<sip:a@192.0.2.1>", ""]);
    }

    #[test]
    fn an_action_may_have_something_behind_it() {
        assert_eq!(Action::parse(b"voicemail/more"), Ok(Action("voicemail".into())));
        for text in ["", "/more", "voicemail/"] {
            assert!(Action::parse(text.as_bytes()).is_err(), "{text}");
        }
    }
}
