//! Branches that come later: waiting for them, adding them to a transaction under way, ending the wait.
use super::exchange::{self, Io, Which};
use super::relay;
use super::timers::{self, rearm};
use super::words::{CancelWord, InjectFlags, InjectSource};
use crate::base::Str;
use crate::context::{ArmedRoutes, Branch, Level, Pending, RelayFlags, Target, Transaction, TxState, Value};
use crate::modules::core::pvars::sockets;
use crate::proto::response_choice::{BranchIndex, BranchKind};
use crate::registry::RouteKind;
use crate::sip::{Edits, Message};
use crate::vm::{Cx, Ret, Words};
use std::sync::Arc;
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
    let Some(tx) = cx.run.tx.clone() else { return Ret::FALSE };
    // The phony branch counts among those of the fork.
    let awaited = branches.and_then(|n| BranchIndex::try_from(n).ok()).map_or(0, |n| n.saturating_add(1));
    let patience = tx.state.lock().timers.fr_inv;
    Ret::bool(wait(cx, &tx, awaited, patience))
}

/// The request is somebody else's to answer; when nobody does in time, it is refused. False when it is over already.
pub fn wait_for_answer(cx: &mut Cx<'_>, tx: &Transaction) -> bool {
    let patience = tx.state.lock().timers.fr;
    wait(cx, tx, 0, patience)
}

/// Adds a phony branch, for so many milliseconds at most.
fn wait(cx: &mut Cx<'_>, tx: &Transaction, awaited: BranchIndex, patience: u32) -> bool {
    let mut guard = tx.state.lock();
    let state = &mut *guard;
    let kind = BranchKind::Phony { awaited };
    if state.fork.add(kind).is_err() {
        return false;
    }
    let until = cx.now.mono + Duration::from_millis(u64::from(patience));
    state.branches.push(Branch { until: Some(until), ..Branch::new(kind, Target::default()) });
    rearm(cx.shard, tx.id, state);
    true
}

/// No address here is shared with another server: OpenSIPS says the same of a request that came in at an ordinary one.
pub fn t_anycast_replicate(cx: &mut Cx<'_>) -> bool {
    cx.log(Level::Debug, "tm", "t_anycast_replicate", format_args!("the request came in at no anycast address"));
    false
}

pub fn t_wait_no_more_branches(cx: &mut Cx<'_>) -> Ret {
    let Some(tx) = cx.run.tx.clone() else { return Ret::FALSE };
    let mut guard = tx.state.lock();
    Ret::bool(end_wait(cx, &mut guard, &tx))
}

/// Phony branches count as having refused; the choice is made when the script at work is done. False when nothing waits.
fn end_wait(cx: &mut Cx<'_>, state: &mut TxState, tx: &Transaction) -> bool {
    let mut any = false;
    for index in 0..state.branches.len() {
        let waited = state.branches.get_mut(index).is_some_and(|b| b.until.take().is_some());
        any |= waited;
        if waited {
            let reason = Str::from_static("Request Timeout");
            timers::put(&mut Io::of(cx), tx, state, Pending::Local { branch: index, code: 408, reason });
        }
    }
    rearm(cx.shard, tx.id, state);
    any
}

pub fn t_inject_branches(cx: &mut Cx<'_>, source: Words<InjectSource>, flags: Option<Words<InjectFlags>>) -> Ret {
    let flags = flags.map_or(InjectFlags::default(), |w| w.0);
    let Some(tx) = cx.run.tx.clone() else { return Ret::FALSE };
    if tx.state.lock().fork.closed().is_some() {
        return Ret::Code(-2);
    }
    let Some(first) = first_target(cx, source.0) else { return Ret::FALSE };
    let relay_flags = {
        let mut guard = tx.state.lock();
        let state = &mut *guard;
        if flags.cancel {
            exchange::cancel_branches(&mut Io::of(cx), &tx, state, Which::All, None);
        }
        if flags.last {
            end_wait(cx, state, &tx);
        }
        RelayFlags { no_auto_477: true, ..state.relay }
    };
    inject(cx, tx, first, relay_flags)
}

/// The branch to begin with: that of a notification, the first one added to a reply, or the Request-URI.
fn first_target(cx: &mut Cx<'_>, source: InjectSource) -> Option<Target> {
    match source {
        InjectSource::Event => of_contact(cx),
        InjectSource::Message if cx.run.kind != RouteKind::OnReply => Some(cx.run.targets.main.clone()),
        InjectSource::Message if cx.run.targets.added.is_empty() => None,
        InjectSource::Message => Some(cx.run.targets.added.remove(0)),
    }
}

/// A contact as the events about contacts describe it, in AVPs; all of them must be there.
fn of_contact(cx: &Cx<'_>) -> Option<Target> {
    let attribute = |name: &str| {
        let avp = cx.core.avp_names.intern(name.as_bytes())?;
        let value = cx.run.avps.first(avp);
        if value.is_none() {
            let text = format_args!("`$avp({name})` of the notification is not set");
            cx.log(Level::Error, "tm", "t_inject_branches", text);
        }
        value.cloned()
    };
    let uri = attribute("uri")?.str_face()?;
    let text = |value: Value| value.str_face().filter(|s| !s.is_empty());
    let received = text(attribute("received")?);
    let path = text(attribute("path")?);
    let q = attribute("qval")?.int_face().and_then(|q| u16::try_from(q).ok()).filter(|q| *q <= 1_000);
    let socket = text(attribute("socket")?).and_then(|text| sockets::named(&cx.core.sockets, &text));
    let flags = attribute("bflags")?.int_face().unwrap_or(0).cast_unsigned();
    // A path says where to send; the source of the registration is behind it.
    let dst = received.filter(|_| path.is_none());
    Some(Target { uri: Some(uri), dst, path, q, socket, flags, attrs: Vec::new() })
}

/// Sends the branch and those added to the message. A reply's run works on the request meanwhile.
fn inject(cx: &mut Cx<'_>, tx: Arc<Transaction>, first: Target, flags: RelayFlags) -> Ret {
    let main = std::mem::replace(&mut cx.run.targets.main, first);
    let branch = cx.run.branch;
    let of_reply = (cx.run.kind == RouteKind::OnReply).then(|| lend(cx, &tx));
    let ret = relay::start(cx, tx, false, flags, None);
    relay::then(cx, ret, move |cx, code| {
        cx.run.targets.main = main;
        cx.run.branch = branch;
        if let Some(own) = of_reply {
            take_back(cx, own);
        }
        Ret::Code(if code == 1 { 1 } else { -3 })
    })
}

/// What a reply's run has of its own while it works on the request.
struct Lent {
    msg: Arc<Message>,
    edits: Edits,
    armed: ArmedRoutes,
}

fn lend(cx: &mut Cx<'_>, tx: &Transaction) -> Lent {
    let state = tx.state.lock();
    Lent {
        msg: std::mem::replace(&mut cx.run.msg, tx.request.clone()),
        edits: std::mem::replace(&mut cx.run.edits, state.shared.edits.clone()),
        armed: std::mem::replace(&mut cx.run.armed, state.armed.clone()),
    }
}

fn take_back(cx: &mut Cx<'_>, own: Lent) {
    cx.run.msg = own.msg;
    cx.run.edits = own.edits;
    cx.run.armed = own.armed;
}
