//! What fuzzing kept is read and run again: no panic, nothing that does not end.
#[path = "../fuzz/bodies/mod.rs"]
mod bodies;

use std::path::Path;

/// Calls the body of a target with each input kept for it.
fn replay(target: &str, body: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus").join(target);
    let inputs = std::fs::read_dir(&folder).expect("the corpus is there");
    let mut count = 0;
    for input in inputs {
        let path = input.expect("the corpus can be listed").path();
        let bytes = std::fs::read(&path).expect("an input can be read");
        // Shown when the body panics: which input it was.
        println!("{}", path.display());
        body(&bytes);
        count += 1;
    }
    assert!(count >= 100, "{count} inputs in {}", folder.display());
}

#[test]
fn every_kept_script_is_read_and_checked() {
    replay("parse_script", bodies::parse_script);
}

#[test]
fn every_kept_script_runs_to_its_end() {
    replay("run_script", bodies::run_script);
}
