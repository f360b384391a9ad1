//! Statements and their codes (language reference 4.3-5).
use super::*;

#[test]
fn codes_of_sub_routes() {
    check_script(
        r#"route { route(a); xlog("$rc"); route(b); xlog("$rc"); route(c); xlog("$rc"); route(d); xlog("$rc"); }
        route[a] { $var(z)=5; } route[b] { while (1) { break; } } route[c] { code(-4); } route[d] { if (code(-1)) xlog("x"); }"#,
        "1|-5|-4|1",
    );
}

#[test]
fn code_zero_ends_the_script_from_any_depth() {
    check_script(r#"route { if (route(z)) xlog("A"); else xlog("B"); xlog("C"); } route[z] { return(0); }"#, "");
    check_script(r#"route { route(z); xlog("C"); } route[z] { code(0); xlog("D"); }"#, "");
    check_script(r#"route { if (code(0)) xlog("A"); else xlog("B"); xlog("C"); }"#, "");
    check_script(r#"route { route(z); xlog("C"); } route[z] { exit; }"#, "");
}

#[test]
fn return_values() {
    check_script(r#"route { if (route(n)) xlog("A"); else xlog("B $rc"); } route[n] { return(-7); }"#, "B -7");
    check_script(
        r#"route { route(s); xlog("$rc"); route(t); xlog("$rc"); } route[s] { $var(str)="x"; return $var(str); } route[t] { return $var(nul); }"#,
        "1|-1",
    );
    check_script(
        r#"route { route(v); xlog("$rc $return(0) $return(2) $return(3)"); route(w); xlog("$return(0)"); }
        route[v] { return(2,"abc",$var(z),NULL,77); } route[w] { return; }"#,
        "2 abc <null> 77|<null>",
    );
    check_script(
        r#"route { route(v); xlog("$return(0)"); if ($return(0) == -5) xlog("A"); $var(x) = $return(0) + 1; xlog("$var(x)"); } route[v] { return(1,-5); }"#,
        "-5|A|-4",
    );
}

#[test]
fn parameters_are_literal_and_taken_at_the_call() {
    check_script(
        r#"route { $var(n)=3; route(p, "v $var(n)", $var(n), 9, NULL); }
        route[p] { $var(n)=4; xlog("$param(1);$param(2);$param(3);$param(4);$param(5)"); route(q); route(r, $param(2)); xlog("$param(2)"); }
        route[q] { xlog("$param(1)"); } route[r] { xlog("$param(1)"); }"#,
        "v $var(n);3;9;<null>;<null>|<null>|3|3",
    );
}

#[test]
fn dynamic_route_names() {
    let ran = run(
        r#"route { $var(r)="b"; route($var(r)); route("$var(r)$var(r)"); route($var(nul)); xlog("$rc"); $var(r)="0"; route($var(r)); xlog("$rc"); } route[b] { xlog("B"); } route[bb] { xlog("BB"); }"#,
    );
    assert_eq!(ran.lines, ["B", "BB", "-5", "-5"]);
    assert!(ran.logged("ALERT: unknown route `<null>`"));
}

#[test]
fn an_if_without_a_part_to_run_leaves_zero_in_rc() {
    check(r#"if ($var(x) == 1) xlog("A"); xlog("$rc");"#, "0");
    check(r#"if ($var(x) == 1) xlog("A"); else if ($var(x) == 2) xlog("B"); xlog("$rc");"#, "1");
    check(
        r#"if (1) { if (0) xlog("A"); } xlog("$rc"); if (1) {} xlog("$rc"); if (0) {} else {} xlog("$rc");"#,
        "1|1|0",
    );
    check(r#"if (1) code(-3); xlog("$rc");"#, "-3");
}

#[test]
fn switch_falls_through_also_into_default() {
    check(r#"$var(x)=5; switch ($var(x)) { case "5": xlog("A"); default: xlog("B"); }"#, "A|B");
    check(r#"$var(s)="5"; switch ($var(s)) { case 5: xlog("A"); default: xlog("B"); }"#, "B");
    check(
        r#"$var(s)="ABC"; switch ($var(s)) { case "x": xlog("X"); case "abc": case "d": xlog("D"); break; case "e": xlog("E"); } xlog("$rc");"#,
        "D|-5",
    );
    check(r#"switch ($var(n)) { case "": xlog("A"); break; case 0: xlog("B"); } xlog("$rc");"#, "1");
}

#[test]
fn a_loop_stops_at_its_limit_and_the_script_goes_on() {
    let ran = run_with(
        r#"route { while (1) { $var(i) = $var(i) + 0; $var(j) = 1 + $var(j); } xlog("$var(j) $rc"); }"#,
        |s| s.max_while_loops = 5,
    );
    assert_eq!(ran.lines, ["5 1"]);
    assert!(ran.logged("max while loops reached (5)") && ran.logged("at test.cfg:1"), "{:?}", ran.log);
}

#[test]
fn loops_count_anew_at_each_entry() {
    let ran = run_with(
        r#"route { $var(a)=0; $var(n)=0; while ($var(a) < 4) { $var(a) += 1; $var(b)=0; while ($var(b) < 4) { $var(b) += 1; $var(n) += 1; } } xlog("$var(n)"); }"#,
        |s| s.max_while_loops = 5,
    );
    assert_eq!(ran.lines, ["16"]);
}

#[test]
fn a_loop_without_a_body_evaluates_its_condition_once() {
    check_script(
        r#"route { while (route(inc)) {} xlog("$var(n)"); } route[inc] { $var(n) = 1 + $var(n); return(1); }"#,
        "1",
    );
}

#[test]
fn break_leaves_the_innermost_loop_or_switch() {
    check(
        r#"$var(i)=0; while ($var(i) < 3) { $var(i) += 1; switch ($var(i)) { case 2: break; default: xlog("$var(i)"); } } xlog("$rc"); while (1) { if ($var(i) == 3) break; } xlog("$rc");"#,
        "1|3|1|-5",
    );
}

#[test]
fn for_reads_the_source_live() {
    check(
        r#"$avp(a)="1"; $avp(a)="2"; $avp(a)="3"; for ($var(i) in $(avp(a)[*])) xlog("$var(i)"); xlog("$rc $var(i)");"#,
        "3|2|1|1 1",
    );
    check(r#"for ($var(i) in $(avp(z)[*])) xlog("$var(i)"); xlog("$rc $var(i)");"#, "1 <null>");
    check(r#"$avp(a)=1; $avp(a)=2; for ($var(i) in $(avp(a)[*])) { break; } xlog("$rc $var(i)");"#, "-5 2");
    let ran = run(r#"route { $avp(a)="1"; for ($var(i) in $avp(a)) xlog("x"); xlog("$rc"); }"#);
    assert_eq!(ran.lines, ["-10"]);
    assert!(ran.logged("must have the index `[*]`"));
}

#[test]
fn the_call_of_depth_101_yields_minus_one() {
    let ran = run(
        r#"route { $var(n)=0; route(r); xlog("$var(n)"); } route[r] { $var(n) += 1; route(r); if ($rc == -1) xlog("deep $var(n)"); return(1); }"#,
    );
    assert_eq!(ran.lines, ["deep 99", "99"]);
    assert!(ran.logged("route recursion limit"));
}

#[test]
fn a_bad_argument_keeps_a_function_from_being_called() {
    let ran = run(
        r#"route { if (say($var(nul))) xlog("A"); else xlog("B $rc"); say("x$(var(nul))y"); $var(s)="2"; code($var(s)); xlog("$rc"); }"#,
    );
    assert_eq!(ran.lines, ["B -1", "x<null>y", "-1"]);
    assert!(
        ran.logged("`say` is not called: its argument `text` is NULL or of the wrong type at test.cfg:1"),
        "{:?}",
        ran.log
    );
}

#[test]
fn logging_levels() {
    check(
        r#"xlog("xxE", "a"); xlog("L_DBG", "b"); xdbg("c"); xlog("d" " e"); $var(l)=-1; xlog("$var(l)", "f"); xlog("L_WARN", "$$rc"); xlog("$rc");"#,
        "a|d e|f|$rc|1",
    );
    let ran = run_with(r#"route { log("hi\n"); log(2, "$rm\n"); log(3, "no"); }"#, |s| s.log_level = 2);
    assert_eq!(ran.lines, ["$rm"]);
    let ran = run_with(r#"route { xlog("0123456789"); xlog("$rc"); }"#, |s| s.xlog_buf_size = 5);
    assert_eq!(ran.lines, ["-1"]);
}

#[test]
fn conditions_may_hold_statements() {
    check(
        r#"if ({ $var(a)=1; code(-1); }) xlog("A"); else xlog("B"); if (if (code(1)) code(2); else code(-2);) xlog("C"); if (xlog("x")) xlog("D");"#,
        "B|C|x|D",
    );
    check(r#"if ({ return(5); }) xlog("A"); xlog("B");"#, "");
}

#[test]
fn short_circuits_around_commands() {
    check(
        r#"if (code(-1) && say("no")) xlog("A"); else xlog("B"); if (code(1) || say("no")) xlog("C"); if (code(-1) || code(1) and !code(-1)) xlog("D");"#,
        "B|C|D",
    );
    check(
        r#"if (slow(1) && $var(x) == NULL && !slow(-1)) xlog("A"); if (!(slow(-1) or slow(1))) xlog("B"); else xlog("C");"#,
        "A|C",
    );
}
