//! The language as scripts see it: each test is a script and what it says.
use super::fixture::{run, run_with};

/// Runs the statements in the main route and compares what they log, lines joined by `|`.
fn check(statements: &str, said: &str) {
    let ran = run(&format!("route {{ {statements} }}"));
    assert_eq!(ran.lines.join("|"), said, "{statements}\n{:?}", ran.log);
}

/// The same with further routes.
fn check_script(script: &str, said: &str) {
    let ran = run(script);
    assert_eq!(ran.lines.join("|"), said, "{script}\n{:?}", ran.log);
}

mod expressions {
    use super::*;

    #[test]
    fn operators_of_one_level_go_from_left_to_right() {
        check(r#"$var(x) = 1 + 2 * 3; xlog("$var(x)"); $var(x) = 4 + 2 * 3; xlog("$var(x)");"#, "9|18");
        check(r#"$var(x) = 2 | 1 << 3; xlog("$var(x)"); $var(x) = 1 | 2 + 4; xlog("$var(x)");"#, "24|7");
        check(r#"$var(a) = 5; if ($var(a)==5 || $var(a)==5 && $var(a)==1) xlog("A"); else xlog("B");"#, "B");
    }

    #[test]
    fn strings_compare_without_case_and_patterns_are_unanchored() {
        check(r#"$var(s)="AbC"; if ($var(s) == "aBc") xlog("A"); if ($var(s) =~ "^ab") xlog("B");"#, "A|B");
        check(
            r#"$var(s)="AbC"; $var(p)="b.$"; if ($var(s) =~ $var(p)) xlog("A"); if ($var(s) !~ "x") xlog("B");"#,
            "A|B",
        );
    }

    #[test]
    fn a_string_never_compares_with_an_integer() {
        let script = r#"route { $var(s)="5"; if ($var(s) == 5) xlog("A"); else xlog("B"); if (!($var(s) == 5)) xlog("A"); else xlog("B"); }"#;
        let ran = run(script);
        assert_eq!(ran.lines, ["B", "B"]);
        assert!(ran.logged("error in expression at test.cfg:1"), "{:?}", ran.log);
    }

    #[test]
    fn an_error_on_the_left_is_final() {
        check(r#"$var(s)="5"; $var(n)=5; if ($var(s) == 5 || $var(n) == 5) xlog("A"); else xlog("B");"#, "B");
        check(r#"$var(s)="5"; $var(n)=5; if ($var(n) == 5 || $var(s) == 5) xlog("A"); else xlog("B");"#, "A");
        // The same where a command makes jumps of the condition.
        check(r#"$var(s)="5"; if ($var(s) == 5 || code(1)) xlog("A"); else xlog("B");"#, "B");
        check(r#"$var(s)="5"; if (!($var(s) == 5 || code(1))) xlog("A"); else xlog("B");"#, "B");
    }

    #[test]
    fn against_text_an_integer_is_text() {
        check(r#"$var(n)=5; if ($var(n) > "10") xlog("A"); if ($var(n) =~ "^5$") xlog("B");"#, "A|B");
        check(r#"$var(a)="5"; $var(b)=5; if ($var(a) == $var(b)) xlog("A");"#, "A");
    }

    #[test]
    fn truth_of_bare_operands() {
        let mut said = Vec::new();
        for value in [r#""0""#, r#""""#, "0", "-1", "NULL"] {
            let ran = run(&format!(r#"route {{ $var(s)={value}; if ($var(s)) xlog("T"); else xlog("F"); }}"#));
            said.extend(ran.lines);
        }
        assert_eq!(said.concat(), "TFFTF");
        check(r#"if (-1) xlog("T"); if (0) xlog("F");"#, "T");
    }

    #[test]
    fn null_differs_from_everything_else() {
        check(r#"$var(s)=""; if ($var(s) == NULL) xlog("A"); else xlog("B");"#, "B");
        check(
            r#"if ($var(n) != "x") xlog("A"); if ($var(n) < 5) xlog("B"); if ($var(n) == "") xlog("C"); if ($var(n) == $var(m)) xlog("D");"#,
            "A|D",
        );
        check(
            r#"$var(x) = 1; if ($var(n) == $var(x)) xlog("A"); if ($var(n) != $var(x)) xlog("B"); if ($var(n) == 127.0.0.1) xlog("C"); if ($var(n) != 127.0.0.1) xlog("D");"#,
            "B|D",
        );
    }

    #[test]
    fn an_assignment_is_a_condition_that_holds_when_it_stores() {
        check(r#"if ($var(a) = 0) xlog("A $var(a)");"#, "A 0");
        check(r#"if ($sealed = 0) xlog("A"); else xlog("B $rc");"#, "B -1");
    }

    #[test]
    fn concatenation_needs_text_on_both_sides() {
        check(
            r#"$var(x)="o"; $var(x) = "1" + 2; xlog("$var(x) $rc"); $var(y)=2; $var(x) = "1" + $var(y); xlog("$var(x)"); $var(x) = 1 + "2"; xlog("$var(x) $rc");"#,
            "o -1|12|12 -1",
        );
        check(r#"$var(x) = $var(nul) + $var(nul); if ($var(x) == NULL) xlog("A"); else xlog("B$var(x)");"#, "B");
        check(
            r#"$var(x) = $var(nul) + "a"; xlog("$var(x)"); $var(x) = $var(nul) + 1; xlog("$rc"); $var(x) = 1 + $var(nul); xlog("$var(x)");"#,
            "a|-1|1",
        );
        check(
            r#"$var(x) = "sip:" + "a long user part here" + "@" + "a-long-domain.example.com"; xlog("$var(x)");"#,
            "sip:a long user part here@a-long-domain.example.com",
        );
    }

    #[test]
    fn a_string_with_an_integer_companion_is_text_first() {
        check(r#"$var(x) = $both + 1; xlog("$rc"); $var(x) = 1 + $both; xlog("$var(x)");"#, "-1|5061");
        check(
            r#"if ($both == 5060) xlog("A"); if ($both == "5060") xlog("B"); $var(x) = $both; if ($var(x) == 5060) xlog("C"); else xlog("D");"#,
            "A|B|D",
        );
    }

    #[test]
    fn arithmetic_wraps_and_division_by_zero_is_zero() {
        check(
            r#"$var(x) = 5 / 0; xlog("$var(x) $rc"); $var(x) = 7; $var(x) /= 0; xlog("$var(x) $rc"); $var(x) %= 0; xlog("$var(x) $rc");"#,
            "0 1|7 -1|7 -1",
        );
        check(r#"$var(x) = 2147483647 + 1; xlog("$var(x)"); $var(x) = 4294967295; xlog("$var(x)");"#, "-2147483648|-1");
        check(
            r#"$var(x) = -7 / 2; xlog("$var(x)"); $var(x) = -7 % 3; xlog("$var(x)"); $var(x) = 010; xlog("$var(x)");"#,
            "-3|-1|8",
        );
        check(
            r#"$var(x) = -2147483647 - 1; $var(x) = $var(x) / -1; xlog("$var(x)"); $var(x) = ~ 5; xlog("$var(x)"); $var(x) = -8 >> 1; xlog("$var(x)");"#,
            "-2147483648|-6|-4",
        );
    }

    #[test]
    fn bytewise_operators_want_strings_of_one_length() {
        check(
            r#"$var(a)="abc"; $var(x) = $var(a) ^ $var(a); xlog("$(var(x){s.len})"); $var(x) = "ab" & $var(a); xlog("$rc"); $var(x) = "ab" - "b"; xlog("$rc");"#,
            "3|-1|-1",
        );
    }

    #[test]
    fn strings_in_assignments_are_not_expanded() {
        check(r#"$var(x) = "a $rc"; xlog("$var(x)"); say('u$var(x)');"#, "a $rc|ua $rc");
    }

    #[test]
    fn compound_assignment() {
        check(
            r#"$var(x)=5; $var(x)+="3"; xlog("$var(x) $rc"); $var(y)="5"; $var(y)+=3; xlog("$var(y) $rc"); $var(y)+="11"; xlog("$var(y) $rc");"#,
            "5 -1|5 -1|511 1",
        );
        check(
            r#"$var(x)=6; $var(x)-=2; $var(x)*=5; $var(x)|=3; $var(x)^=1; $var(x)&=30; $var(x)/=3; $var(x)%=5; xlog("$var(x)"); $var(z)+=1; xlog("$var(z) $rc");"#,
            "2|<null> -1",
        );
        check(r#"$avp(c)=1; $avp(c)+=5; xlog("$avp(c) $(avp(c)[1])");"#, "6 1");
    }

    #[test]
    fn comparisons_are_operands() {
        check(
            r#"$var(a)=1; $var(x) = $var(a) == 1; xlog("$var(x)"); $var(x) = $var(a) == 5 + 3; xlog("$var(x)"); $var(s)="5"; $var(x) = 10 + $var(s) == 5; xlog("$var(x)"); $var(x) = $var(s) == 5; xlog("$var(x) $rc");"#,
            "1|3|9|9 -1",
        );
        check(
            r#"if ([ $var(n) + 1 ]) xlog("A"); if (![ "a" + 1 ]) xlog("B"); $var(s)="5"; if (![ $var(s) == 5 ]) xlog("C"); else xlog("D");"#,
            "B|D",
        );
    }

    #[test]
    fn addresses_and_nets() {
        check(
            r#"if ($ip == 10.0.0.0/8) xlog("A"); if ($ip == 10.1.2.3) xlog("B"); if ($ip != 11.0.0.0/8) xlog("C"); if ($ip == 2001:db8::/32) xlog("D"); if ($ip6 == 2001:db8::/32) xlog("E"); if ($ip == 10.1.0.1/24) xlog("F");"#,
            "A|B|C|E",
        );
        check(
            r#"$var(x)="name"; if ($var(x) == 10.0.0.1) xlog("A"); else xlog("B"); if ($var(x) != 10.0.0.1) xlog("A"); else xlog("B");"#,
            "B|B",
        );
    }

    #[test]
    fn a_command_among_operands_runs_in_its_place() {
        check(
            r#"$var(a)=1; $var(x) = $var(a) + slow(5) + $var(a); xlog("$var(x)"); $var(x) = "n" + code(1); xlog("$rc"); $var(x) = code(-1); xlog("$var(x) $rc");"#,
            "7|-1|-1 1",
        );
        check(r#"$var(x) = ("1" + 2) + code(5); xlog("$var(x) $rc");"#, "<null> -1");
        check(
            r#"$var(x) = $var(nope) == 1 + slow(5); xlog("$var(x)"); $var(s) = "5"; $var(x) = $var(s) == 5 + slow(5); xlog("$var(x)");"#,
            "5|4",
        );
    }

    #[test]
    fn an_operand_of_code_zero_ends_the_script_behind_the_statement() {
        check_script(r#"route { $avp(x) = code(0) + 3; xlog("no"); } "#, "");
        let ran =
            run(r#"route { branch("b"); xlog("$avp(x)"); } branch_route[b] { $avp(x) = code(0) + 3; xlog("no"); }"#);
        assert_eq!(ran.lines, ["3"]);
    }
}

mod statements {
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
}

mod routes {
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
        check_script(
            r#"route { break_message(); xlog("no"); } error_route { break_message(); xlog("E"); exit; }"#,
            "E",
        );
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
}

mod contexts {
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
}

mod limits {
    use super::*;
    use crate::context::Effect;
    use crate::vm::FaultKind;

    #[test]
    fn a_long_script_yields_in_between() {
        let ran = run_with(r#"route { $var(i)=0; while ($var(i) < 9000) $var(i) += 1; xlog("$var(i)"); }"#, |_| {});
        assert_eq!(ran.lines, ["9000"]);
        assert_eq!(ran.waits, [Effect::Yield, Effect::Yield, Effect::Yield]);
    }

    #[test]
    fn a_script_that_never_ends_is_stopped() {
        let ran = run(r#"route { while (1) { while (1) { while (1) { $var(i) = 1; } } } xlog("no"); }"#);
        assert_eq!(ran.done.fault.as_ref().map(|f| f.kind), Some(FaultKind::TooManyOperations));
        assert!(ran.lines.is_empty());
        assert!(ran.logged("20 million operations for one message; stopped at test.cfg:1"), "{:?}", ran.log);
    }

    #[test]
    fn a_string_that_doubles_is_stopped() {
        let ran = run(r#"route { $var(s)="0123456789"; while (1) { $var(s) = $var(s) + $var(s); } xlog("no"); }"#);
        assert_eq!(ran.done.fault.map(|f| f.kind), Some(FaultKind::TooMuchMemory));
        let ran = run(r#"route { $var(s)="0123456789"; while (1) { $var(s) += $var(s); } xlog("no"); }"#);
        assert_eq!(ran.done.fault.map(|f| f.kind), Some(FaultKind::TooMuchMemory));
    }

    #[test]
    fn avps_count_too() {
        let ran = run(r#"route { while (1) { while (1) { $avp(a) = 1; } } xlog("no"); }"#);
        assert_eq!(ran.done.fault.map(|f| f.kind), Some(FaultKind::TooMuchMemory));
    }

    #[test]
    fn what_waits_for_a_stopped_route_still_completes() {
        let ran =
            run(r#"route { branch("b"); xlog("no"); } branch_route[b] { while (1) { while (1) { $avp(a) = 1; } } }"#);
        assert_eq!(ran.done.fault.map(|f| f.kind), Some(FaultKind::TooMuchMemory));
        assert!(ran.lines.is_empty());
    }
}
