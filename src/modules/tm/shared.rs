//! What runs of one transaction lend one another: edits, targets, AVPs, flags, armed routes, dialog and accounting.
use crate::context::{Run, Shared, Transaction, TxState};
use crate::registry::RouteKind;
use std::sync::Arc;

/// A request-side run ends: what it has is kept for the runs to come.
pub fn keep(run: &mut Run, state: &mut TxState) {
    state.shared = Shared {
        edits: std::mem::take(&mut run.edits),
        targets: std::mem::take(&mut run.targets),
        avps: std::mem::take(&mut run.avps),
        flags: run.flags,
        via: std::mem::take(&mut run.via),
        reply_extras: std::mem::take(&mut run.reply_extras),
    };
    state.armed = std::mem::take(&mut run.armed);
    if state.dialog.is_none() {
        state.dialog.clone_from(&run.own.dialog);
        if let Some(dialog) = &state.dialog {
            dialog.state.lock().bound += 1;
        }
    }
    if state.acc.is_none() {
        state.acc.clone_from(&run.own.acc);
    }
}

/// A run over the request of `tx`, with what earlier runs left. The destination is as received again, as in OpenSIPS:
/// only header and body changes, AVPs and flags last from route to route.
pub fn request_run(kind: RouteKind, tx: &Arc<Transaction>, state: &mut TxState) -> Run {
    let shared = std::mem::take(&mut state.shared);
    let mut run = Run::new(kind, tx.request.clone(), tx.received);
    run.edits = shared.edits;
    run.avps = shared.avps;
    run.flags = shared.flags;
    run.via = shared.via;
    run.reply_extras = shared.reply_extras;
    run.armed = state.armed.clone();
    bind(&mut run, tx, state);
    run
}

/// Lets a reply's run see the transaction.
pub fn lend_to_reply(run: &mut Run, tx: &Arc<Transaction>, state: &TxState, branch: usize) {
    run.flags = state.shared.flags;
    run.other = Some(tx.request.clone());
    run.branch = Some(branch);
    if let Some(b) = state.branches.get(branch) {
        run.targets.main.flags = b.target.flags;
    }
    bind(run, tx, state);
}

/// Flags that onreply routes changed are the transaction's and the branch's.
pub fn return_from_reply(run: &mut Run, state: &mut TxState, branch: usize) {
    state.shared.flags = run.flags;
    if let Some(b) = state.branches.get_mut(branch) {
        b.target.flags = run.targets.main.flags;
    }
}

fn bind(run: &mut Run, tx: &Arc<Transaction>, state: &TxState) {
    run.tx = Some(tx.clone());
    run.own.dialog.clone_from(&state.dialog);
    run.own.acc.clone_from(&state.acc);
}
