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
fn a_launched_function_holds_nobody_and_reports_over_a_message_of_its_own() {
    check_script(
        r#"route { $var(x)=1; $avp(a)=2; launch(slow(-4), report, "p $var(x)"); xlog("$rc"); launch(code(3)); xlog("$rc"); }
        route[report] { xlog("$rc $var(x) $avp(a) $param(1) $param(2) $route"); }"#,
        "1|1|-4 <null> <null> p 1 <null> route[report]",
    );
    check_script(r#"route { if (launch(code(0), r)) xlog("$rc"); } route[r] { xlog("$rc"); launch(code(1)); }"#, "1|0");
}

#[test]
fn launches_without_an_end_are_stopped() {
    let ran = run(r#"route { while (1) launch(code(1)); xlog("$rc"); }"#);
    assert!(ran.logged("more than 256 functions are launched at once"), "{:?}", ran.log);
}

#[test]
fn what_a_transformation_asks_for_is_there_when_the_operation_reads_it() {
    check_script(
        r#"route { $var(h)="ab"; $var(x)=$(var(h){s.asked}); xlog("$rc $var(x) $(var(x){s.asked})");
        if ($var(x) == "192.0.2.2" && $(var(h){s.asked}{s.len}) == 9) say("is $(var(h){s.asked})");
        $avp(l)="a"; $avp(l)="abc"; for ($var(i) in $(avp(l)[*])) xlog("$(var(i){s.asked})");
        $var(y) = 1 + code(2) + $(var(h){s.asked}{s.len}); route(r, $(var(h){s.asked})); return $(var(h){s.asked}{s.len}); }
        route[r] { xlog("$var(y) $param(1)"); switch ($(param(1){s.asked})) { case "192.0.2.9": xlog("nine"); } }"#,
        "1 192.0.2.2 192.0.2.9|is 192.0.2.2|192.0.2.3|192.0.2.1|12 192.0.2.2|nine",
    );
}

#[test]
fn nothing_is_asked_for_a_name_that_is_null_or_for_an_operation_not_reached() {
    let ran = run(
        r#"route { $var(h)="ab"; $var(x)=$(var(none){s.asked}); if ($var(x) == 1) xlog("$(var(h){s.asked})");
        if ($var(x) == 1 && !($(var(h){s.asked}) == "a")) xlog("no"); if ($var(h) == "ab" || $(var(h){s.asked})) xlog("yes"); }"#,
    );
    assert_eq!(ran.waits, []);
    assert_eq!(ran.lines, ["yes"]);
}
