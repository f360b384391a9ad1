//! Two messages on one call (S14).
use super::{Script, Stage};

#[test]
fn a_value_written_into_another_call_is_read_there_as_it_is() {
    let mut stage = Stage::new(&Script {
        probe: r#"
            load_dialog_ctx($hdr(X-Call));
            $dlg_val(whisper) = 1;
            unload_dialog_ctx();
        "#,
        within: r#"
            if (is_method("INVITE")) {
                $var(sum) = $dlg_val(whisper) + 1;
                xlog("whisper $var(sum)\n");
            }
        "#,
        ..Script::default()
    });
    let call = stage.call("alice", "bob");
    stage.probe(&format!("X-Call: {call}\r\n"));
    stage.reinvite("alice", &call);
    assert_eq!(stage.lines(), ["whisper 2"]);
    stage.close();
}
