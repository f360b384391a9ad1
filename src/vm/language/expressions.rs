//! Values, comparisons and conditions (language reference 6).
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
    check(r#"$var(s)="AbC"; $var(p)="b.$"; if ($var(s) =~ $var(p)) xlog("A"); if ($var(s) !~ "x") xlog("B");"#, "A|B");
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
    let ran = run(r#"route { branch("b"); xlog("$avp(x)"); } branch_route[b] { $avp(x) = code(0) + 3; xlog("no"); }"#);
    assert_eq!(ran.lines, ["3"]);
}
