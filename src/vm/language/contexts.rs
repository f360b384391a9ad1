//! Frames that routes leave open.
use super::*;

fn leaked(script: &str) -> (Vec<String>, Option<u64>) {
    let ran = run(script);
    (ran.lines, ran.core.stats.read("dialog", "leaked_contexts"))
}

#[test]
fn a_branch_route_cannot_pop_what_it_did_not_load_and_leaves_nothing() {
    let script = r#"route { load(); branch("b"); unload(); xlog("$rc"); unload(); xlog("$rc"); }
        branch_route[b] { unload(); xlog("$rc"); load(); load(); unload(); xlog("$rc"); }"#;
    assert_eq!(leaked(script), (["-1", "1", "1", "-1"].map(String::from).to_vec(), Some(1)));
}

#[test]
fn frames_left_at_the_end_of_a_run_are_counted_and_named_once() {
    let ran = run("route { load();\nload(); load(); failure(\"f\"); }\nfailure_route[f] { load(); exit; }");
    assert_eq!(ran.core.stats.read("dialog", "leaked_contexts"), Some(4));
    let named: Vec<&String> = ran.log.iter().filter(|l| l.contains("was not unloaded")).collect();
    assert_eq!(named.len(), 3, "{named:?}");
    assert!(ran.logged("loaded at test.cfg:1 ") && ran.logged("loaded at test.cfg:2 "), "{named:?}");
    assert!(ran.done.run.stacks.accounting.is_empty());
}

#[test]
fn an_unloaded_context_is_no_leak() {
    assert_eq!(leaked("route { load(); unload(); }"), (vec![], None));
}
