//! What replies carry: those made here, and the status of those that pass.
use super::headers::are_fields;
use crate::base::Str;
use crate::modules::core::calendar::Civil;
use crate::script_fns;
use crate::sip::{Edits, Framing, Message, StatusCode, print};
use crate::vm::{Cx, Function};
use bytes::Bytes;
use std::sync::Arc;

pub const FUNCTIONS: &[Function] = script_fns! {
    /// Adds header fields to every reply made here to this request.
    fn append_to_reply(txt: Str) in REQUEST | FAILURE | BRANCH | ERROR => append_to_reply;

    /// Gives every reply made here to this request a body; its Content-Type is `append_to_reply`'s business.
    fn append_body_to_reply(txt: Str) in REQUEST | FAILURE | BRANCH | ERROR => append_body_to_reply;

    /// Adds a Date header field to every reply made here to this request.
    fn append_time() in REQUEST | FAILURE | BRANCH | LOCAL => append_time;

    /// Changes status and reason of the reply that passes. Provisional and positive replies stay in their class.
    fn change_reply_status(code: i32, reason: Str) in ONREPLY, roles [MayFail] => change_reply_status;
};

fn append_to_reply(cx: &mut Cx<'_>, text: Str) -> bool {
    if !are_fields(&text) {
        return false;
    }
    let end: &[u8] = if text.is_empty() || text.ends_with(b"\n") { b"" } else { b"\r\n" };
    cx.run.reply_extras.headers.push(Str::from([text.as_bytes(), end].concat()));
    true
}

fn append_body_to_reply(cx: &mut Cx<'_>, body: Str) -> bool {
    cx.run.reply_extras.body = Some(body);
    true
}

fn append_time(cx: &mut Cx<'_>) -> bool {
    let date = Civil::new(cx.now.unix_secs(), 0).format(b"Date: %a, %d %b %Y %H:%M:%S GMT");
    append_to_reply(cx, Str::from(date))
}

/// From here on the reply is another: what it was changed to counts for transactions and for later routes.
fn change_reply_status(cx: &mut Cx<'_>, code: i32, reason: Str) -> bool {
    let message = &cx.run.msg;
    let new = u16::try_from(code).ok().and_then(StatusCode::new);
    let (Some(new), Some(now)) = (new, message.status()) else { return false };
    let is_failure = |code: StatusCode| code.class() >= 3;
    let may_become = new.class() == now.class() || (is_failure(new) && is_failure(now));
    if !may_become || reason.iter().any(|b| matches!(b, b'\r' | b'\n')) {
        return false;
    }
    let mut text = Vec::with_capacity(message.raw().len());
    print::rewritten_reply(message, &cx.run.edits, (new, &reason), &mut text);
    let Ok(changed) = Message::parse(Bytes::from(text), Framing::Datagram) else { return false };
    cx.run.msg = Arc::new(changed);
    cx.run.edits = Edits::new();
    true
}

#[cfg(test)]
mod tests {
    use super::super::MODULE;
    use super::*;
    use crate::modules::fixture::{Fixture, text};
    use crate::vm::Arg;

    #[test]
    fn what_replies_carry_adds_up_and_the_body_is_the_last() {
        let mut f = Fixture::new("OPTIONS sip:a SIP/2.0");
        for (name, arg) in [("append_to_reply", "A: 1\r\n"), ("append_to_reply", "B: 2")] {
            assert_eq!(f.call(&MODULE, name, &[text(arg)]), 1);
        }
        assert_eq!(f.call(&MODULE, "append_to_reply", &[text("A: 1\r\n\r\n")]), -1);
        assert_eq!(f.call(&MODULE, "append_time", &[]), 1);
        for body in ["one", "two"] {
            assert_eq!(f.call(&MODULE, "append_body_to_reply", &[text(body)]), 1);
        }
        let extras = &f.run.reply_extras;
        assert_eq!(
            extras.headers,
            [Str::from("A: 1\r\n"), "B: 2\r\n".into(), "Date: Tue, 14 Nov 2023 22:13:20 GMT\r\n".into()]
        );
        assert_eq!(extras.body, Some("two".into()));
    }

    #[test]
    fn a_status_changes_within_its_class_or_among_failures() {
        let changed = |from: u16, to: i32| {
            let mut f = Fixture::new(&format!("SIP/2.0 {from} x\nA: 1"));
            f.call(&MODULE, "append_hf", &[text("B: 2")]);
            let code = f.call(&MODULE, "change_reply_status", &[Arg::Int(to), text("New")]);
            let reason: &[u8] = if code == 1 { b"New" } else { b"x" };
            assert_eq!(f.run.msg.reason(), Some(reason), "{from} {to}");
            assert_eq!(f.written(), "A: 1\r\nB: 2\r\n\r\n", "{from} {to}");
            code == 1
        };
        assert!(changed(603, 404) && changed(302, 486) && changed(183, 180) && changed(200, 202));
        assert!(
            !changed(200, 404) && !changed(404, 200) && !changed(180, 200) && !changed(404, 700) && !changed(404, -1)
        );
        let mut f = Fixture::new("OPTIONS sip:a SIP/2.0");
        assert_eq!(f.call(&MODULE, "change_reply_status", &[Arg::Int(404), text("x")]), -1);
        let mut f = Fixture::new("SIP/2.0 404 x");
        assert_eq!(f.call(&MODULE, "change_reply_status", &[Arg::Int(486), text("x\r\nEvil: 1")]), -1);
    }
}
