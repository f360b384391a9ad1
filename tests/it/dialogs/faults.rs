//! The tables tell when a rule of release is broken.
use super::{Script, Stage};
use sipscript::context::Faults;
use sipscript::testing::Sizes;

/// What is left in the tables after a call that joined a profile, was loaded and ended.
fn left_over(inject: fn(&Faults)) -> Sizes {
    let mut stage = Stage::new(&Script {
        initial: r#"set_dlg_profile("vip");"#,
        probe: r#"load_dialog_ctx($hdr(X-Call));"#,
        ..Script::default()
    });
    inject(&stage.net.at(stage.server).engine.core.faults);
    let call = stage.call("alice", "bob");
    stage.probe(&format!("X-Call: {call}\r\n"));
    stage.hang_up("alice", &call);
    stage.net.settle();
    stage.net.at(stage.server).sizes()
}

#[test]
fn nothing_is_left_of_a_call() {
    assert_eq!(left_over(|_| {}), Sizes { leaked_contexts: 1, ..Sizes::default() });
}

#[test]
fn a_transaction_that_keeps_its_dialog_is_noticed() {
    assert_eq!(left_over(|f| f.keep_transaction_reference.inject()).dialogs, 1);
}

#[test]
fn a_profile_that_is_not_left_is_noticed() {
    assert_ne!(left_over(|f| f.keep_profiles.inject()).dialog_index, 0);
}

#[test]
fn a_frame_that_is_not_released_is_noticed() {
    assert_eq!(left_over(|f| f.keep_frames.inject()).dialogs_alive, 1);
}
