//! How long a call may last: `$DLG_timeout`, the timers of dialogs, and what happens when one fires.
use super::create::CreateFlags;
use super::settings::Settings;
use super::states;
use crate::base::Instant;
use crate::context::{Dialog, DialogState, Timer};
use crate::proto::dialog::{Event, Lifetime};
use crate::vm::{Cx, Ret};
use std::sync::Arc;
use std::time::Duration;

/// State 3 begins the lifetime; a race condition shortens it.
pub fn arm(cx: &mut Cx<'_>, dialog: &Dialog, lifetime: Lifetime) {
    let settings: &Settings = cx.core.state();
    let mut state = dialog.state.lock();
    let seconds = match lifetime {
        Lifetime::Configured => state.lifetime.unwrap_or(settings.default_timeout),
        Lifetime::Race => settings.race_timeout,
    };
    start(cx, dialog, &mut state, seconds);
}

pub fn disarm(dialog: &Dialog) {
    let mut state = dialog.state.lock();
    state.timer_generation += 1;
    state.expires = None;
}

/// Assigns `$DLG_timeout`: an answered call begins its lifetime anew, unless a race condition fixed its end.
pub fn set(cx: &mut Cx<'_>, dialog: &Dialog, seconds: u32) {
    let mut state = dialog.state.lock();
    if state.is_raced() {
        return;
    }
    state.lifetime = Some(seconds);
    if state.state().is_active() {
        start(cx, dialog, &mut state, seconds);
    }
}

fn start(cx: &mut Cx<'_>, dialog: &Dialog, state: &mut DialogState, seconds: u32) {
    let at = cx.now.mono + Duration::from_secs(u64::from(seconds));
    state.expires = Some(at);
    state.timer_generation += 1;
    wait(cx, dialog, at, state.timer_generation);
}

/// Wheels forget nothing before its time, and most calls end long before theirs: a timer reaches no further than this and
/// is set again, so that what is stale does not pile up for hours.
const STRIDE: Duration = Duration::from_secs(120);

fn wait(cx: &mut Cx<'_>, dialog: &Dialog, until: Instant, generation: u32) {
    let at = until.min(cx.now.mono + STRIDE);
    cx.shard.arm(at, Timer::Dialog { did: dialog.did, generation });
}

/// Seconds left, counting a begun one; the configured lifetime before the answer; 0 when the call has ended.
pub fn left(cx: &Cx<'_>, state: &DialogState) -> u32 {
    if state.state() == crate::proto::dialog::State::Deleted {
        return 0;
    }
    let Some(at) = state.expires else {
        let settings: &Settings = cx.core.state();
        return state.lifetime.unwrap_or(settings.default_timeout);
    };
    let seconds = at.since(cx.now.mono).as_micros().div_ceil(1_000_000);
    u32::try_from(seconds).unwrap_or(u32::MAX)
}

pub fn is_over(cx: &Cx<'_>, dialog: &Dialog) -> bool {
    let state = dialog.state.lock();
    state.state().is_active() && state.expires.is_some_and(|at| at <= cx.now.mono)
}

/// After a race condition there are always BYEs: that is what the short lifetime is for.
pub fn says_bye(dialog: &Dialog) -> bool {
    let state = dialog.state.lock();
    state.is_raced() || CreateFlags::of(&state).bye_on_timeout()
}

/// A timer fired. One of a dialog that is gone, or that was armed anew since, does nothing.
pub fn timer(cx: &mut Cx<'_>, timer: &Timer) -> Option<Ret> {
    let Timer::Dialog { did, generation } = *timer else { return None };
    if let Some(dialog) = cx.core.dialogs.get(did) {
        due(cx, &dialog, generation);
    }
    Some(Ret::TRUE)
}

fn due(cx: &mut Cx<'_>, dialog: &Arc<Dialog>, generation: u32) {
    let state = dialog.state.lock();
    if state.timer_generation != generation {
        return;
    }
    let (done, expires) = (state.done.is_some(), state.expires);
    drop(state);
    if done {
        return states::leave_table(cx, dialog);
    }
    match expires {
        Some(at) if at > cx.now.mono => wait(cx, dialog, at, generation),
        Some(_) => over(cx, dialog),
        None => {}
    }
}

fn over(cx: &mut Cx<'_>, dialog: &Arc<Dialog>) {
    states::hold(cx, dialog);
    states::apply(cx, dialog, Event::LifetimeOver);
}
