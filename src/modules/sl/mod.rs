//! `sl`: answers without a transaction, and takes in the ACKs that such answers cause.
//!
//! `reply.rs` sends, `filter.rs` recognises ACKs by the To tag that this request's answer has (`core::reply::to_tag`).
mod filter;
pub mod reply;

use crate::context::Counter;
use crate::registry::{ParamSignature, ValueType};
use crate::script_fns;
use crate::vm::{Function, InitCx, Module, Ruled, Status};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

pub static MODULE: Module = Module {
    functions: FUNCTIONS,
    params: PARAMS,
    statistics: STATISTICS,
    examples: &[include_str!("examples.md")],
    hooks: &[filter::follow],
    init: Some(init),
    ..Module::empty("sl")
};

static FUNCTIONS: &[Function] = script_fns! {
    /// Answers the request without a transaction. An ACK is never answered, which is no failure.
    fn sl_send_reply(code: Ruled<Status>, reason: crate::base::Str) in REQUEST | ERROR, roles [Replies] => reply::sl_send_reply;

    /// Answers with what the last error of the script says, or 500.
    fn sl_reply_error() in REQUEST, roles [Replies] => reply::sl_reply_error;
};

static PARAMS: &[ParamSignature] =
    &[ParamSignature::new("enable_stats", ValueType::Int, "Counts replies and ACKs; on by default.")];

static STATISTICS: &[&str] = &[
    "1xx_replies",
    "2xx_replies",
    "3xx_replies",
    "4xx_replies",
    "5xx_replies",
    "6xx_replies",
    "sent_replies",
    "sent_err_replies",
    "received_ACKs",
];

/// What the module keeps for the engine's life.
pub struct Sl {
    /// `None` when counting is off.
    counters: Option<Counters>,
    /// Microseconds of the monotonic clock until which an ACK may still come for an answer of ours; 0 before the first one.
    awaits_ack_until: AtomicU64,
}

struct Counters {
    by_class: [Arc<Counter>; 6],
    sent: Arc<Counter>,
    errors: Arc<Counter>,
    acks: Arc<Counter>,
}

fn init(cx: &mut InitCx<'_>) -> Result<(), String> {
    let counter = |name: &str| cx.stats.counter("sl", name);
    let counters = Counters {
        by_class: [1, 2, 3, 4, 5, 6].map(|class| counter(&format!("{class}xx_replies"))),
        sent: counter("sent_replies"),
        errors: counter("sent_err_replies"),
        acks: counter("received_ACKs"),
    };
    let counters = cx.params.flag("enable_stats", true).then_some(counters);
    cx.states.set(Sl { counters, awaits_ack_until: AtomicU64::new(0) });
    Ok(())
}
