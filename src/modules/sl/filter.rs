//! ACKs to answers that were sent without a transaction: nobody else waits for them.
use super::Sl;
use crate::modules::core::reply::{Answering, to_tag};
use crate::vm::{Cx, Hook};
use std::sync::atomic::Ordering;

pub fn follow(cx: &mut Cx<'_>, hook: &Hook<'_>) {
    if !matches!(hook, Hook::RequestIn) || cx.run.msg.method_bytes() != b"ACK" {
        return;
    }
    let sl = cx.core.state::<Sl>();
    if sl.awaits_ack_until.load(Ordering::Relaxed) < cx.now.mono.0 {
        return;
    }
    let ours = to_tag(cx.core, &cx.run.msg, Answering::Stateless);
    if cx.run.msg.to_tag() != Some(ours.as_bytes()) {
        return;
    }
    if let Some(counters) = &sl.counters {
        counters.acks.inc();
    }
    cx.run.script.dropped = true;
}
