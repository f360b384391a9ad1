//! Frames that a run or nested route left open: counted, and said once a minute for each line of the script.
use super::image::Image;
use crate::base::Instant;
use crate::context::{Core, Leaked, Level, Run};
use ahash::AHashMap;
use parking_lot::Mutex;
use std::time::Duration;

const PAUSE: Duration = Duration::from_secs(60);

/// When each line was last named.
#[derive(Default)]
pub struct LeakLog(Mutex<AHashMap<String, Instant>>);

impl LeakLog {
    fn is_due(&self, line: &str, now: Instant) -> bool {
        let mut said = self.0.lock();
        let due = said.get(line).is_none_or(|last| now.since(*last) >= PAUSE);
        if due {
            said.insert(line.to_owned(), now);
        }
        due
    }
}

/// Ends a run: gives back what it still has loaded.
pub fn release_run(core: &Core, image: &Image, run: &mut Run, now: Instant) {
    if run.stacks.dialogs.is_empty() && run.stacks.accounting.is_empty() {
        return;
    }
    if core.faults.keep_frames.is_injected() {
        std::mem::forget(std::mem::take(&mut run.stacks));
        return;
    }
    let absorbed = run.script.absorbed;
    let leaked = run.release();
    if !absorbed {
        report(core, image, leaked, now);
    }
}

/// Where the stacks stood when a nested route was entered.
#[derive(Clone, Copy, Debug)]
pub struct Floors {
    dialogs: usize,
    accounting: usize,
}

pub fn enter(run: &mut Run) -> Floors {
    Floors { dialogs: run.stacks.dialogs.enter(), accounting: run.stacks.accounting.enter() }
}

/// Ends a nested route: gives back what it loaded and left.
pub fn leave(core: &Core, image: &Image, run: &mut Run, floors: Floors, now: Instant) {
    let dialogs = run.stacks.dialogs.leave(floors.dialogs);
    let accounting = run.stacks.accounting.leave(floors.accounting);
    if core.faults.keep_frames.is_injected() {
        return std::mem::forget((dialogs, accounting));
    }
    let dialogs = dialogs.into_iter().map(|f| f.loaded_at);
    let leaked: Leaked = dialogs.chain(accounting.into_iter().map(|f| f.loaded_at)).collect();
    if !run.script.absorbed {
        report(core, image, leaked, now);
    }
}

fn report(core: &Core, image: &Image, leaked: Leaked, now: Instant) {
    if leaked.is_empty() {
        return;
    }
    core.stats.counter("dialog", "leaked_contexts").add(leaked.len() as u64);
    for place in leaked {
        let line = image.place(place);
        if image.leaks.is_due(&line, now) {
            core.log.part(
                Level::Error,
                "dialog",
                "run_end",
                format_args!("the context loaded at {line} was not unloaded on every path of the script; released"),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_named_once_a_minute() {
        let log = LeakLog::default();
        let place = "a.cfg:7";
        assert!(log.is_due(place, Instant::from_secs(10)));
        assert!(!log.is_due(place, Instant::from_secs(69)));
        assert!(log.is_due("a.cfg:8", Instant::from_secs(69)));
        assert!(log.is_due(place, Instant::from_secs(70)));
    }
}
