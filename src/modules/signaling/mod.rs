//! `signaling`: answers in the transaction when there is one, else without.
use crate::base::Str;
use crate::context::{Level, Value};
use crate::modules::core::reply::{Answering, to_tag};
use crate::modules::{sl, tm};
use crate::registry::{Constraint, Setup};
use crate::script_fns;
use crate::vm::{Cx, Function, Module, Pvar, Ruled, Status, Var};

pub static MODULE: Module = Module {
    functions: FUNCTIONS,
    pvars: PVARS,
    constraints: &[Constraint { check: needs_a_sender }],
    examples: &[include_str!("examples.md")],
    ..Module::empty("signaling")
};

static FUNCTIONS: &[Function] = script_fns! {
    /// Answers the request: in its transaction when it has one, else without.
    fn send_reply(code: Ruled<Status>, reason: Str) in REQUEST | FAILURE | ERROR, roles [Replies] => send_reply;
};

static PVARS: &[Pvar] = &[Pvar::new(
    "sig_local_totag",
    local_totag,
    "To tag that a reply made here gets; another one with a transaction than without. NULL for replies.",
)];

fn needs_a_sender(setup: Setup<'_>) -> Result<(), String> {
    if setup.modules.iter().any(|m| m == "sl" || m == "tm") {
        return Ok(());
    }
    Err("module `signaling` needs `sl` or `tm`; load one of them".to_owned())
}

pub fn send_reply(cx: &mut Cx<'_>, Ruled(code): Ruled<Status>, reason: Str) -> i32 {
    if answering(cx) == Answering::Stateless {
        return sl::reply::sl_send_reply(cx, Ruled(code), reason);
    }
    if cx.core.states.get::<tm::Tm>().is_none() {
        cx.log(Level::Error, "signaling", "send_reply", format_args!("neither `tm` nor `sl` is loaded"));
        return -1;
    }
    tm::reply(cx, code, &reason, None)
}

fn local_totag(cx: &mut Cx<'_>, _: &Var) -> Value {
    if !cx.run.msg.is_request() {
        return Value::Null;
    }
    Value::Str(to_tag(cx.core, &cx.run.msg, answering(cx)))
}

/// How `send_reply` would answer now.
fn answering(cx: &Cx<'_>) -> Answering {
    match cx.run.tx.is_none() && cx.core.states.get::<sl::Sl>().is_some() {
        true => Answering::Stateless,
        false => Answering::InTransaction,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::modules::fixture::{Fixture, text};
    use crate::vm::Arg;

    const BYE: &str = "BYE sip:a@b SIP/2.0\nVia: SIP/2.0/UDP phone;branch=z9hG4bKx\nFrom: <sip:x@y>;tag=1\nTo: <sip:a@b>\nCall-ID: id\nCSeq: 1 BYE";

    #[test]
    fn without_a_transaction_the_reply_is_stateless_and_its_tag_known_before() {
        let mut f = Fixture::with(BYE, &[(&sl::MODULE, &[]), (&MODULE, &[])]);
        let tag = f.read(&MODULE, "sig_local_totag").str_face().unwrap();
        assert_eq!(f.call(&MODULE, "send_reply", &[Arg::Int(481), text("No Call")]), 1);
        let sent = f.sent();
        assert!(
            sent[0].starts_with("SIP/2.0 481 No Call\r\n") && sent[0].contains(&format!("<sip:a@b>;tag={tag}\r\n"))
        );
    }

    #[test]
    fn a_reply_has_no_local_tag() {
        let mut f = Fixture::new(&BYE.replace("BYE sip:a@b SIP/2.0", "SIP/2.0 200 OK"));
        assert_eq!(f.read(&MODULE, "sig_local_totag"), Value::Null);
    }

    #[test]
    fn one_of_the_two_senders_must_be_loaded() {
        let loaded = |names: &[&str]| {
            let modules: Vec<String> = names.iter().map(|n| (*n).to_owned()).collect();
            needs_a_sender(Setup { modules: &modules, ..Setup::default() })
        };
        assert!(loaded(&["sl"]).is_ok() && loaded(&["tm", "signaling"]).is_ok());
        assert!(loaded(&["signaling"]).unwrap_err().contains("needs `sl` or `tm`"));
    }
}
