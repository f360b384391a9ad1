//! Sending without a transaction.
use super::Sl;
use crate::base::Str;
use crate::context::{Datagram, Level};
use crate::modules::core::reply::{self, Answering, Asked, LocalReply};
use crate::sip::StatusCode;
use crate::vm::{Cx, Ruled, Status};
use std::sync::atomic::Ordering;

/// How long after an answer an ACK to it is expected.
const ACK_WAIT_US: u64 = 2_000_000;

pub fn sl_send_reply(cx: &mut Cx<'_>, Ruled(code): Ruled<Status>, reason: Str) -> i32 {
    match send(cx, code, &reason) {
        Ok(()) => 1,
        Err(why) => {
            cx.log(Level::Error, "sl", "sl_send_reply", format_args!("no reply was sent: {why}"));
            -1
        }
    }
}

pub fn sl_reply_error(cx: &mut Cx<'_>) -> i32 {
    let error = &cx.run.script.error;
    let (code, reason) = match error.code {
        0 => (500, Str::from_static("Server error occurred (1/SL)")),
        code => (code, error.reason.clone()),
    };
    let answered = sl_send_reply(cx, Ruled(code), reason);
    if answered == 1 && cx.run.msg.method_bytes() != b"ACK" {
        count(cx, |c| c.errors.inc());
    }
    answered
}

/// Answers the request of this run and remembers that an ACK may follow. An ACK is left unanswered.
pub fn send(cx: &mut Cx<'_>, code: i32, reason: &[u8]) -> Result<(), &'static str> {
    if cx.run.msg.method_bytes() == b"ACK" {
        return Ok(());
    }
    let code = u16::try_from(code).ok().and_then(StatusCode::new).ok_or("the code is not between 100 and 699")?;
    if !cx.run.msg.can_be_answered() {
        return Err("the message cannot be answered");
    }
    let asked = Asked::of(cx.run);
    let to_tag = reply::to_tag(cx.core, asked.request, Answering::Stateless);
    let bytes = reply::print(cx.core, &asked, &LocalReply { code, reason, to_tag: &to_tag, body: None });
    let (socket, to) = reply::destination(cx.core, &asked);
    cx.shard.send(Datagram { socket, to, bytes });
    if let Some(sl) = cx.core.states.get::<Sl>() {
        sl.awaits_ack_until.store(cx.now.mono.0 + ACK_WAIT_US, Ordering::Relaxed);
    }
    count(cx, |c| {
        c.sent.inc();
        if let Some(class) = c.by_class.get(usize::from(code.class()) - 1) {
            class.inc();
        }
    });
    Ok(())
}

fn count(cx: &Cx<'_>, add: impl FnOnce(&super::Counters)) {
    if let Some(counters) = cx.core.states.get::<Sl>().and_then(|sl| sl.counters.as_ref()) {
        add(counters);
    }
}

#[cfg(test)]
mod tests {
    use crate::context::ScriptError;
    use crate::modules::fixture::{Fixture, message, text};
    use crate::modules::sl::MODULE;
    use crate::vm::{Arg, Hook};
    use std::sync::Arc;

    const INVITE: &str = "INVITE sip:a@b SIP/2.0\nVia: SIP/2.0/UDP phone;branch=z9hG4bKx\nFrom: <sip:x@y>;tag=1\nTo: <sip:a@b>\nCall-ID: id\nCSeq: 1 INVITE";

    fn fixture(text: &str) -> Fixture {
        Fixture::with(text, &[(&MODULE, &[])])
    }

    fn send(f: &mut Fixture, code: i32, reason: &str) -> i32 {
        f.call(&MODULE, "sl_send_reply", &[Arg::Int(code), text(reason)])
    }

    fn stat(f: &Fixture, name: &str) -> Option<u64> {
        f.core.stats.read("sl", name)
    }

    #[test]
    fn a_reply_leaves_and_is_counted() {
        let mut f = fixture(INVITE);
        assert_eq!(send(&mut f, 404, "Nobody"), 1);
        let sent = f.sent();
        assert!(
            sent[0]
                .starts_with("SIP/2.0 404 Nobody\r\nVia: SIP/2.0/UDP phone;branch=z9hG4bKx;received=203.0.113.7\r\n")
        );
        assert!(sent[0].contains("\r\nTo: <sip:a@b>;tag="));
        assert_eq!((stat(&f, "4xx_replies"), stat(&f, "sent_replies")), (Some(1), Some(1)));
    }

    #[test]
    fn an_ack_is_not_answered() {
        let mut f = fixture(&INVITE.replace("INVITE", "ACK"));
        assert_eq!(send(&mut f, 404, "Nobody"), 1);
        assert!(f.sent().is_empty());
    }

    #[test]
    fn bad_codes_and_replies_fail() {
        let mut f = fixture(INVITE);
        assert_eq!((send(&mut f, 99, "x"), send(&mut f, 700, "x"), send(&mut f, -1, "x")), (-1, -1, -1));
        let mut f = fixture(&INVITE.replace("INVITE sip:a@b SIP/2.0", "SIP/2.0 200 OK"));
        assert_eq!(send(&mut f, 200, "OK"), -1);
        assert!(f.sent().is_empty());
    }

    #[test]
    fn an_error_is_answered_with_what_it_says() {
        let mut f = fixture(INVITE);
        assert_eq!(f.call(&MODULE, "sl_reply_error", &[]), 1);
        f.run.script.error = ScriptError { code: 400, reason: "Bad CSeq".into(), ..ScriptError::default() };
        assert_eq!(f.call(&MODULE, "sl_reply_error", &[]), 1);
        let sent = f.sent();
        assert!(sent[0].starts_with("SIP/2.0 500 Server error occurred (1/SL)\r\n"));
        assert!(sent[1].starts_with("SIP/2.0 400 Bad CSeq\r\n"));
        assert_eq!(stat(&f, "sent_err_replies"), Some(2));
    }

    fn ack_is_taken(f: &mut Fixture, ack: &str) -> bool {
        f.run.msg = Arc::new(message(ack));
        f.run.script.dropped = false;
        f.cx().raise(&Hook::RequestIn);
        f.run.script.dropped
    }

    #[test]
    fn the_ack_of_an_answer_ends_here_for_two_seconds() {
        let mut f = fixture(INVITE);
        let tag_of = |reply: &str| reply.split(";tag=").nth(2).unwrap().split("\r\n").next().unwrap().to_owned();
        send(&mut f, 404, "Nobody");
        let tag = tag_of(&f.sent()[0]);
        let ack = INVITE.replace("INVITE", "ACK").replace("To: <sip:a@b>", &format!("To: <sip:a@b>;tag={tag}"));
        assert!(ack_is_taken(&mut f, &ack));
        assert!(!ack_is_taken(&mut f, &ack.replace(&tag, "other")));
        assert!(!ack_is_taken(&mut f, &ack.replace("ACK", "BYE")));
        assert_eq!(stat(&f, "received_ACKs"), Some(1));
        f.now.mono.0 += 2_000_001;
        assert!(!ack_is_taken(&mut f, &ack));
    }
}
