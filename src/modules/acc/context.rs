//! Which accounting context a run works with, and how contexts of one call become one.
//!
//! The own call's context is found through the message, its transaction, its dialog; a loaded dialog's never, unless
//! `acc_load_ctx_from_dlg` pushed it.
use super::settings::Settings;
use crate::context::{AccCtx, AccState, CurrentAcc, Level};
use crate::vm::Cx;
use parking_lot::Mutex;
use std::sync::Arc;

/// The context in force, made now when the own call has none.
pub fn current_or_new(cx: &mut Cx<'_>) -> CurrentAcc {
    cx.run.current_acc().unwrap_or_else(|| CurrentAcc(make_own(cx)))
}

/// The own call's context, made now when there is none.
pub fn own_or_new(cx: &mut Cx<'_>) -> Arc<AccCtx> {
    cx.run.own_acc().unwrap_or_else(|| make_own(cx))
}

fn make_own(cx: &mut Cx<'_>) -> Arc<AccCtx> {
    let settings: &Settings = cx.core.state();
    let mut state = AccState { extra: vec![None; settings.extra.len()], ..AccState::default() };
    if !settings.leg.is_empty() {
        state.legs.push(vec![None; settings.leg.len()]);
    }
    let made = Arc::new(AccCtx { state: Mutex::new(state) });
    adopt(cx, &made);
    made
}

/// Makes a context the own call's: the message's, and its transaction's.
pub fn adopt(cx: &mut Cx<'_>, ctx: &Arc<AccCtx>) {
    cx.run.own.acc = Some(ctx.clone());
    if let Some(tx) = &cx.run.tx {
        tx.state.lock().acc = Some(ctx.clone());
    }
}

/// The message turned out to belong to a call with a context: what it collected before goes there.
pub fn merge(cx: &mut Cx<'_>, call: &Arc<AccCtx>) {
    if let Some(early) = cx.run.own.acc.take().filter(|early| !Arc::ptr_eq(early, call)) {
        // Two locks in turn: one context is never held while the other is.
        let early = early.state.lock().clone();
        take_over(&mut call.state.lock(), early);
    }
    cx.run.own.acc = Some(call.clone());
}

fn take_over(call: &mut AccState, early: AccState) {
    for (ours, theirs) in call.extra.iter_mut().zip(early.extra) {
        *ours = theirs.or(ours.take());
    }
    for (at, leg) in early.legs.into_iter().enumerate() {
        match call.legs.get_mut(at) {
            Some(ours) => ours.iter_mut().zip(leg).for_each(|(ours, theirs)| *ours = theirs.or(ours.take())),
            None => call.legs.push(leg),
        }
    }
    for (ours, theirs) in call.backends.iter_mut().zip(early.backends) {
        ours.on |= theirs.on;
        ours.missed |= theirs.missed;
        ours.failed |= theirs.failed;
    }
}

/// Pushes the accounting context of the current dialog, loaded or own; false when it has none.
pub fn acc_load_ctx_from_dlg(cx: &mut Cx<'_>) -> bool {
    let Some(dialog) = cx.run.current() else { return false };
    let Some(ctx) = dialog.0.state.lock().acc.clone() else { return false };
    let place = cx.run.place;
    if cx.run.stacks.accounting.push(ctx, place).is_err() {
        let depth = cx.run.stacks.accounting.len();
        let text =
            format_args!("{depth} accounting contexts are loaded and none was unloaded; there is no room for another");
        cx.log(Level::Error, "acc", "acc_load_ctx_from_dlg", text);
        return false;
    }
    true
}

/// Undoes the newest `acc_load_ctx_from_dlg` of this route; loaded dialogs stay as they are.
pub fn acc_unload_ctx_from_dlg(cx: &mut Cx<'_>) -> bool {
    cx.run.stacks.accounting.pop().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Str;
    use crate::context::BackendFlags;

    fn state(extra: &[Option<&str>]) -> AccState {
        AccState { extra: extra.iter().map(|v| v.map(Str::from)).collect(), ..AccState::default() }
    }

    #[test]
    fn early_values_replace_and_unset_ones_do_not() {
        let mut call = state(&[Some("a"), Some("b"), None]);
        take_over(&mut call, state(&[Some("x"), None, Some("z")]));
        assert_eq!(call.extra, state(&[Some("x"), Some("b"), Some("z")]).extra);
    }

    #[test]
    fn early_accounting_is_added_but_asks_for_no_cdr() {
        let mut call = state(&[]);
        let all = BackendFlags { on: true, cdr: true, missed: false, failed: true };
        take_over(&mut call, AccState { backends: [all; 4], ..state(&[]) });
        assert_eq!(call.backends[0], BackendFlags { cdr: false, ..all });
    }

    #[test]
    fn legs_are_merged_by_number() {
        let leg = |text: &str| vec![Some(Str::from(text))];
        let mut call = AccState { legs: vec![leg("one")], ..AccState::default() };
        take_over(&mut call, AccState { legs: vec![vec![None], leg("two")], ..AccState::default() });
        assert_eq!(call.legs, [leg("one"), leg("two")]);
    }
}
