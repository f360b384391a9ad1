//! Hands events to a dialog's state machine and carries out what it asks for: routes, hooks, timers, counters.
//!
//! What follows a dialog's own route waits for its end: profiles are left and the reason is noted after `on_hangup`.
use super::settings::Settings;
use super::{byes, events, lifetime, owned};
use crate::context::{Dialog, DialogHold, Level, Timer};
use crate::proto::dialog::{Action, Actions, Event, OnTimeout, State};
use crate::vm::{Answer, Cx, Hook, OwnedRun, Ret};
use std::sync::Arc;
use std::time::Duration;

pub fn apply(cx: &mut Cx<'_>, dialog: &Arc<Dialog>, event: Event) {
    let mut actions = Actions::new();
    cx.core.dialogs.advance(dialog, event, &mut actions);
    carry_out(cx, dialog, actions.into_iter());
}

type Rest = smallvec::IntoIter<[Action; 8]>;

fn carry_out(cx: &mut Cx<'_>, dialog: &Arc<Dialog>, mut rest: Rest) {
    while let Some(action) = rest.next() {
        if let Some(route) = owned::route_of(&action, dialog) {
            let (dialog, sub) = (dialog.clone(), owned::sub_run(cx, dialog, route));
            let then = move |cx: &mut Cx<'_>, _: Answer| {
                after_route(cx, &dialog, &action);
                carry_out(cx, &dialog, rest);
                Ret::TRUE
            };
            return cx.later(OwnedRun { sub, then: Some(Box::new(then)) });
        }
        act(cx, dialog, &action);
    }
}

fn act(cx: &mut Cx<'_>, dialog: &Arc<Dialog>, action: &Action) {
    match action {
        Action::StateChanged { from, to } => events::state_changed(cx, dialog, *from, *to),
        Action::Revive => revive(cx, dialog),
        Action::Answered => dialog.state.lock().started_us = Some(cx.now.unix_us),
        Action::ArmLifetime(lifetime) => lifetime::arm(cx, dialog, *lifetime),
        Action::DisarmLifetime => lifetime::disarm(dialog),
        Action::Confirmed => cx.raise(&Hook::DialogConfirmed(dialog)),
        Action::RunOnAnswer | Action::RunOnHangup | Action::RunOnTimeout => after_route(cx, dialog, action),
        Action::ReleaseProfiles => {
            if !cx.core.faults.keep_profiles.is_injected() {
                cx.core.dialogs.leave_all(dialog);
            }
        }
        Action::SetEndReason(reason) => {
            dialog.state.lock().end_reason.get_or_insert_with(|| reason.clone());
        }
        Action::Failed => {
            settings(cx).failed.inc();
            cx.raise(&Hook::DialogFailed(dialog));
        }
        Action::Terminated => cx.raise(&Hook::DialogTerminated(dialog)),
        Action::Expired => cx.raise(&Hook::DialogExpired(dialog)),
        Action::CountExpired => settings(cx).expired.inc(),
        Action::SendByes => byes::send(cx, dialog),
        Action::Unhash => finish(cx, dialog),
        Action::Bogus => {
            let (did, state) = (dialog.did, dialog.state.lock().state().number());
            cx.log(
                Level::Warning,
                "dialog",
                "state",
                format_args!("dialog {did} in state {state}: unexpected message"),
            );
        }
        // Nothing is stored outside the memory, no pings are sent, and nobody asks to end an unanswered call.
        Action::Save | Action::Update | Action::DeleteSaved | Action::StartPings | Action::CancelInvite => {}
    }
}

/// The dialog's own route for this has ended, or there is none.
fn after_route(cx: &mut Cx<'_>, dialog: &Arc<Dialog>, action: &Action) {
    if *action == Action::RunOnTimeout && lifetime::is_over(cx, dialog) {
        let how = if lifetime::says_bye(dialog) { OnTimeout::SendByes } else { OnTimeout::DropSilently };
        apply(cx, dialog, Event::Overdue(how));
    }
}

fn settings<'a>(cx: &Cx<'a>) -> &'a Settings {
    cx.core.state()
}

/// A 2xx overtook the failure of another branch.
fn revive(cx: &mut Cx<'_>, dialog: &Arc<Dialog>) {
    let mut state = dialog.state.lock();
    state.done = None;
    state.end_reason = None;
    state.timer_generation += 1;
    drop(state);
    cx.core.dialogs.insert(dialog);
}

/// Makes a dialog the run's own and keeps it findable until the run ends.
pub fn hold(cx: &mut Cx<'_>, dialog: &Arc<Dialog>) {
    if cx.run.own.hold.as_ref().is_some_and(|hold| hold.is_of(dialog)) {
        return;
    }
    release(cx);
    cx.run.own.dialog = Some(dialog.clone());
    cx.run.own.hold = Some(DialogHold::new(dialog));
}

/// Ends what `hold` began.
pub fn release(cx: &mut Cx<'_>) {
    let held = cx.run.own.hold.take().and_then(DialogHold::end);
    if let Some(dialog) = held {
        let_go(cx, &dialog);
    }
}

/// A transaction no longer needs the dialog.
pub fn unbind(cx: &mut Cx<'_>, dialog: &Arc<Dialog>) {
    dialog.unbind();
    leave_table(cx, dialog);
}

/// A run no longer needs the dialog. One whose run made no transaction of its INVITE is given up.
fn let_go(cx: &mut Cx<'_>, dialog: &Arc<Dialog>) {
    leave_table(cx, dialog);
    let abandoned = {
        let state = dialog.state.lock();
        let unanswered = matches!(state.state(), State::Unconfirmed | State::Early);
        unanswered && state.bound == 0 && state.initial_tx.is_none()
    };
    if abandoned {
        give_up(cx, dialog);
    }
}

/// Nobody was ever called: that is no failed call, and nobody is told of it. The INVITE may be one that came again.
fn give_up(cx: &mut Cx<'_>, dialog: &Arc<Dialog>) {
    let mut actions = Actions::new();
    cx.core.dialogs.advance(dialog, Event::TransactionGone, &mut actions);
    actions.retain(|action| !matches!(action, Action::Failed | Action::StateChanged { .. }));
    carry_out(cx, dialog, actions.into_iter());
}

/// A run ended without saying so: the dialogs it held are let go.
pub fn after_fault(cx: &mut Cx<'_>) {
    for dialog in cx.core.dialogs.all() {
        if dialog.state.lock().damaged {
            let_go(cx, &dialog);
        }
    }
}

fn finish(cx: &mut Cx<'_>, dialog: &Arc<Dialog>) {
    dialog.state.lock().done.get_or_insert(cx.now.mono);
    leave_table(cx, dialog);
}

/// Takes a dialog that nothing is bound to out of the table, when its delay since its end is over. After a fault of ours
/// what was bound to it may never say so.
pub fn leave_table(cx: &mut Cx<'_>, dialog: &Arc<Dialog>) {
    let default = settings(cx).delete_delay;
    let mut state = dialog.state.lock();
    let Some(done) = state.done.filter(|_| state.bound == 0 || state.damaged) else { return };
    let leaves = done + Duration::from_secs(u64::from(state.delete_delay.unwrap_or(default)));
    state.timer_generation += 1;
    let generation = state.timer_generation;
    drop(state);
    if leaves <= cx.now.mono {
        return cx.core.dialogs.remove(dialog);
    }
    cx.shard.arm(leaves, Timer::Dialog { did: dialog.did, generation });
}
