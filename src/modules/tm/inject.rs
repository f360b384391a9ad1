//! Branches that come later: waiting for them, adding them to a transaction under way, ending the wait.
use super::create::{self, Created};
use super::exchange::{self, Io, Which};
use super::relay;
use super::timers::{self, rearm};
use super::words::{CancelWord, InjectFlags, InjectSource};
use crate::context::{Branch, Level, Pending, RelayFlags, Target, TxState};
use crate::proto::response_choice::{BranchIndex, BranchKind};
use crate::registry::RouteKind;
use crate::sip::Edits;
use crate::vm::{Cx, Ret, Words};
use std::time::Duration;

pub fn t_cancel_branch(cx: &mut Cx<'_>, flags: Option<Words<CancelWord>>) -> Ret {
    let (Some(tx), Some(this)) = (cx.run.tx.clone(), cx.run.branch) else { return Ret::FALSE };
    if !tx.is_invite() {
        return Ret::FALSE;
    }
    let which = match flags.map_or(CancelWord::This, |w| w.0) {
        CancelWord::This => Which::Only(this),
        CancelWord::All => Which::All,
        CancelWord::Others => Which::AllBut(this),
    };
    exchange::cancel_branches(&mut Io::of(cx), &tx, &mut tx.state.lock(), which, None);
    Ret::TRUE
}

pub fn t_wait_for_new_branches(cx: &mut Cx<'_>, branches: Option<i32>) -> Ret {
    if cx.run.msg.method_bytes() != b"INVITE" {
        return Ret::FALSE;
    }
    let tx = match create::transaction(cx) {
        Created::New(tx) | Created::Exists(tx) => tx,
        Created::Retransmission => return Ret::STOP,
        Created::Impossible => return Ret::FALSE,
    };
    let mut guard = tx.state.lock();
    let state = &mut *guard;
    // The phony branch counts among those of the fork.
    let awaited = branches.and_then(|n| BranchIndex::try_from(n).ok()).map_or(0, |n| n.saturating_add(1));
    let kind = BranchKind::Phony { awaited };
    if state.fork.add(kind).is_err() {
        return Ret::FALSE;
    }
    let until = cx.now.mono + Duration::from_millis(u64::from(state.timers.fr_inv));
    state.branches.push(Branch { until: Some(until), ..Branch::new(kind, Target::default()) });
    rearm(cx.shard, tx.id, state);
    Ret::TRUE
}

pub fn t_wait_no_more_branches(cx: &mut Cx<'_>) -> Ret {
    let Some(tx) = cx.run.tx.clone() else { return Ret::FALSE };
    let mut guard = tx.state.lock();
    end_wait(cx, &mut guard, &tx);
    Ret::TRUE
}

/// Phony branches count as having refused; the choice is made when the script at work is done.
fn end_wait(cx: &mut Cx<'_>, state: &mut TxState, tx: &crate::context::Transaction) {
    for index in 0..state.branches.len() {
        let waited = state.branches.get_mut(index).is_some_and(|b| b.until.take().is_some());
        if waited {
            let reason = crate::base::Str::from_static("Request Timeout");
            timers::put(&mut Io::of(cx), tx, state, Pending::Local { branch: index, code: 408, reason });
        }
    }
    rearm(cx.shard, tx.id, state);
}

pub fn t_inject_branches(cx: &mut Cx<'_>, source: Words<InjectSource>, flags: Option<Words<InjectFlags>>) -> Ret {
    let flags = flags.map_or(InjectFlags::default(), |w| w.0);
    let Some(tx) = cx.run.tx.clone() else { return Ret::FALSE };
    if source.0 == InjectSource::Event {
        cx.log(Level::Error, "tm", "t_inject_branches", format_args!("no notification route is at work"));
        return Ret::FALSE;
    }
    {
        let mut guard = tx.state.lock();
        let state = &mut *guard;
        if state.fork.closed().is_some() {
            return Ret::Code(-2);
        }
        if flags.cancel {
            exchange::cancel_branches(&mut Io::of(cx), &tx, state, Which::All, None);
        }
        if flags.last {
            end_wait(cx, state, &tx);
        }
    }
    let relay_flags = RelayFlags { no_auto_477: true, ..tx.state.lock().relay };
    if cx.run.kind == RouteKind::OnReply {
        return from_reply(cx, tx, relay_flags);
    }
    relay::start(cx, tx, false, relay_flags, None)
}

/// In an onreply_route the message is a reply: its added branches become branches of the request.
fn from_reply(cx: &mut Cx<'_>, tx: std::sync::Arc<crate::context::Transaction>, flags: RelayFlags) -> Ret {
    if cx.run.targets.added.is_empty() {
        return Ret::FALSE;
    }
    let first = cx.run.targets.added.remove(0);
    let own = Lent {
        msg: std::mem::replace(&mut cx.run.msg, tx.request.clone()),
        edits: std::mem::replace(&mut cx.run.edits, tx.state.lock().shared.edits.clone()),
        main: std::mem::replace(&mut cx.run.targets.main, first),
        branch: cx.run.branch,
    };
    let armed = std::mem::replace(&mut cx.run.armed, tx.state.lock().armed.clone());
    let ret = relay::start(cx, tx, false, flags, None);
    relay::then(cx, ret, move |cx, code| {
        cx.run.msg = own.msg;
        cx.run.edits = own.edits;
        cx.run.targets.main = own.main;
        cx.run.branch = own.branch;
        cx.run.armed = armed;
        Ret::Code(if code == 1 { 1 } else { -3 })
    })
}

/// What a reply's run has of its own while it works on the request.
struct Lent {
    msg: std::sync::Arc<crate::sip::Message>,
    edits: Edits,
    main: Target,
    branch: Option<usize>,
}
