//! Routes that builtins, errors and asynchronous calls run.
use super::*;

#[test]
fn a_branch_route_shares_the_run_and_restores_its_state() {
    check_script(
        r#"route { $var(x)=1; route(sub, "p"); xlog("$route"); }
        route[sub] { branch("b"); xlog("$rc $var(x) $param(1) $route"); }
        branch_route[b] { xlog("$var(x) $param(1) $route"); $var(x)=2; }"#,
        "1 <null> route > route[sub] > branch_route[b]|1 2 p route > route[sub]|route",
    );
}

#[test]
fn exit_and_drop_in_a_branch_route_end_that_route_alone() {
    check_script(
        r#"route { branch("b"); xlog("$rc"); branch("d"); xlog("$rc"); branch("e"); xlog("$rc"); branch("nope"); xlog("$rc"); }
        branch_route[b] { exit; xlog("no"); } branch_route[d] { route(x); xlog("no"); } branch_route[e] { xlog("e"); } route[x] { drop; }"#,
        "1|-2|e|1|-3",
    );
    check_script(r#"route { break_message(); xlog("no"); } error_route { slow(0); xlog("no"); }"#, "");
}

#[test]
fn a_route_with_a_run_of_its_own_sees_no_variables() {
    check_script(
        r#"route { $var(x)=1; failure("f"); xlog("$rc $var(x)"); } failure_route[f] { xlog("$var(x) $route"); $var(x)=2; slow(1); return(4); }"#,
        "<null> failure_route[f]|4 1",
    );
}

#[test]
fn what_a_builtin_asks_for_runs_before_the_script_goes_on() {
    check_script(
        r#"route { if (afterwards("f")) xlog("$rc"); } failure_route[f] { xlog("f"); slow(1); afterwards("g"); xlog("f2"); } failure_route[g] { xlog("g"); }"#,
        "f|g|f2|7",
    );
}

#[test]
fn error_route_runs_nested_and_the_script_goes_on() {
    check_script(
        r#"route { break_message(); xlog("$rc"); } error_route { xlog("E $route"); return(-3); }"#,
        "E route > error_route|-1",
    );
    check_script(r#"route { break_message(); xlog("no"); } error_route { break_message(); xlog("E"); exit; }"#, "E");
}

#[test]
fn a_failed_assertion_runs_error_route_and_ends_the_script() {
    let script = r#"route { assert(1 == 1 && $var(x) == NULL); xlog("$rc"); assert($var(x) == 1, "x is one"); xlog("no"); } error_route { xlog("E"); }"#;
    let script = script.replace("1 == 1 && ", "");
    let ran = run_with(&script, |s| s.enable_asserts = true);
    assert_eq!(ran.lines, ["1", "E"]);
    assert!(ran.logged("CRITICAL: assertion failed: x is one at test.cfg:1"), "{:?}", ran.log);
    let ran = run_with(&script, |s| s.enable_asserts = false);
    assert_eq!(ran.lines, ["-5", "no"]);
}

#[test]
fn async_goes_on_in_the_resume_route_and_never_behind_itself() {
    check_script(
        r#"route { route(a); xlog("no"); } route[a] { $var(x)=1; async(slow(5), resume); xlog("no"); } route[resume] { xlog("$rc $var(x) $route"); }"#,
        "5 1 route[resume]",
    );
    check_script(r#"route { async(code(0), resume); xlog("no"); } route[resume] { xlog("$rc"); }"#, "0");
}

#[test]
fn launch_reports_over_a_message_of_its_own() {
    check_script(
        r#"route { $var(x)=1; launch(code(0), report, "p $var(x)"); xlog("$rc"); launch(code(3)); xlog("$rc"); } route[report] { xlog("$rc $var(x) $param(1)"); }"#,
        "0 <null> p 1|1|1",
    );
}
