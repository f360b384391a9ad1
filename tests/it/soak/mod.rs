//! Very many calls that read and write one another's data, among very many bad datagrams, against a model.
//!
//! `plan` is a call and what is to come of it, `drive` runs many of them, `verify` compares, `bad_input` is the table of
//! datagrams that change nothing. `script.cfg` is what the server does.
mod bad_input;
mod drive;
mod plan;
mod verify;

use drive::Soak;
use sipscript::context::Faults;

/// Fails loudly with the first things that were wrong.
fn check(seed: u64, calls: usize) -> drive::Report {
    let report = Soak::new(seed, |_| ()).run(calls);
    assert!(report.wrong.is_empty(), "{} things are wrong:\n{}", report.wrong_count, report.wrong.join("\n"));
    report
}

#[test]
fn calls_that_load_each_other_among_bad_input_leave_nothing_behind() {
    let report = check(1, 24_000);
    assert!(report.answered >= 20_000, "{report:?}");
    assert!(report.loads >= 20_000, "{report:?}");
    assert!(report.carried >= 100_000, "{report:?}");
    assert!(report.bad >= 20_000, "{report:?}");
}

/// The same with one rule of release broken.
fn with_fault(inject: impl FnOnce(&Faults)) -> String {
    Soak::new(2, inject).run(800).wrong.join("\n")
}

#[test]
fn a_shorter_run_is_right() {
    check(2, 800);
}

#[test]
fn notices_frames_that_are_not_released() {
    let wrong = with_fault(|f| f.keep_frames.inject());
    assert!(wrong.contains("frames: left open"), "{wrong}");
    assert!(wrong.contains("tables: left over"), "{wrong}");
}

#[test]
fn notices_transactions_that_keep_their_dialog() {
    let wrong = with_fault(|f| f.keep_transaction_reference.inject());
    assert!(wrong.contains("tables: left over"), "{wrong}");
}

#[test]
fn notices_ended_calls_that_stay_in_their_profiles() {
    let wrong = with_fault(|f| f.keep_profiles.inject());
    assert!(wrong.contains("members, not"), "{wrong}");
}

#[test]
#[ignore = "takes minutes: tests/run --long"]
fn many_seeds_are_right() {
    for seed in 3..15 {
        check(seed, 24_000);
    }
}
