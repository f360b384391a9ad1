//! Any bytes are read: no panic, no loss of the file, no blow-up in time.
use proptest::prelude::*;
use sipscript::syntax::ast::{Ast, TriviaKind};
use sipscript::syntax::{Parse, Source, bytes_of, parse};
use std::time::{Duration, Instant};

const VALID: &str = r#"# a proxy
log_level = 3 /* notice */
socket = udp:127.0.0.1:5060 as sip.example.com:5080 tag inside
alias = udp:a.com:5060 accept_subdomain b.com
mpath = "/usr/lib" : "/opt"
auto_scaling_profile = P scale up to 6 on 70 % for 4 cycles within 5
dst_blacklist = gw/expire : { !(tcp, 10.0.0.0/8, 5060, "^a"), ::1 }
loadmodule "tm.so"
modparam("tm", "fr_timeout", 5)

route {
    if (!mf_process_maxfwd_header(10) && $rU == "x" or [ $var(a) & 4 ]) {
        send_reply(483, "Too Many \"Hops\"");
        exit;
    } else if ($si == 10.0.0.0/8) { drop; } else return(1, 'a', NULL, $(avp(x)[*]{s.len}));
    switch ($rm) { case "INVITE": route(relay, 1, "p"); break; case 5: default: ; }
    while ($var(i) < 5) $var(i) += 1 + ~2 * (3 - $var(i));
    for ($var(x) in $(hdr(Via)[*])) { xlog("L_INFO", "a" "b $var(x)\n"); }
    async(f("x",,-1), resume, 5); launch(g()); assert({ f(); } and if ($ru) h();, "t");
}
timer_route[t, 60] { $avp(y) := NULL; }
"#;

/// Far more than any machine needs for these sizes, and far less than anything that is not linear takes.
const PATIENCE: Duration = Duration::from_secs(5);

fn read(text: &[u8]) -> Parse {
    let start = Instant::now();
    let result = parse(&Source::single("any.cfg", text));
    assert!(start.elapsed() < PATIENCE, "took {:?} for {} bytes", start.elapsed(), text.len());
    result
}

fn size(ast: &Ast) -> u32 {
    ast.items.iter().map(|i| i.span().end).max().unwrap_or(0)
}

#[test]
fn the_script_these_tests_break_is_whole() {
    assert_eq!(read(VALID.as_bytes()).errors, []);
}

#[test]
fn comments_and_blank_lines_are_kept_at_their_places() {
    let parse = read(VALID.as_bytes());
    let kept: Vec<(TriviaKind, &str)> =
        parse.ast.trivia.iter().map(|t| (t.kind, &VALID[t.span.start as usize..t.span.end as usize])).collect();
    let expected = [
        (TriviaKind::LineComment, "# a proxy"),
        (TriviaKind::BlockComment, "/* notice */"),
        (TriviaKind::BlankLines(1), "\n"),
    ];
    assert_eq!(kept, expected);
}

#[test]
fn every_truncation_is_read() {
    for end in 0..VALID.len() {
        read(&VALID.as_bytes()[..end]);
    }
}

#[test]
fn long_scripts_take_linear_time() {
    let units = [
        "f();",
        "f(",
        "(",
        "{",
        "if (",
        "if ($x) {",
        "else ",
        "case 1:",
        "$x = ",
        "\"a\" ",
        "a ",
        "route {",
        "[",
        "$(",
        "!",
    ];
    for unit in units {
        read(format!("route {{ {}", unit.repeat(4000)).as_bytes());
        read(unit.repeat(4000).as_bytes());
    }
    let routes = VALID.repeat(60);
    assert_eq!(size(&read(routes.as_bytes()).ast) as usize, routes.trim_end().len());
}

#[test]
fn everything_before_the_limit_of_nesting_is_read() {
    for (open, close) in [("(", ")"), ("if ($x) {", "}"), ("while (1) ", ""), ("{ if (1) f(); } and {", "}")] {
        let depth = if open.contains('{') { 60 } else { 190 };
        let inner = if open == "(" { "1" } else { "f();" };
        let body = format!("{}{inner}{}", open.repeat(depth), close.repeat(depth));
        let script = if open == "(" { format!("route {{ $x = {body}; }}") } else { format!("route {{ {body} }}") };
        let slugs: Vec<_> = read(script.as_bytes()).errors.iter().map(|d| d.code.slug).collect();
        assert!(!slugs.contains(&"too-deep"), "{open}: {slugs:?}");
    }
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let token = prop::sample::select(vec![
        "route",
        "if",
        "else",
        "while",
        "for",
        "switch",
        "case",
        "default",
        "break",
        "return",
        "exit",
        "f",
        "(",
        ")",
        "{",
        "}",
        "[",
        "]",
        ";",
        ",",
        ":",
        "=",
        "==",
        "=~",
        "!",
        "and",
        "or",
        "not",
        "+",
        "-",
        "~",
        "\"a\"",
        "'b'",
        "$var(x)",
        "$ru",
        "$(",
        "5",
        "0x1",
        "1.2.3.4",
        "::1",
        "/*",
        "*/",
        "#",
        "\n",
        " ",
        "//",
        "@",
        "\\",
        "\"",
        "in",
        "NULL",
        "on",
        "loadmodule",
        "modparam",
        "log_level",
        "socket",
        "udp",
        "elseif",
        "xlog",
        "async",
        "scale up to",
        "\u{feff}",
    ]);
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..400),
        prop::collection::vec(token, 0..200).prop_map(|t| t.join(" ").into_bytes()),
        prop::collection::vec(prop::sample::select(b"(){}[];,:=!$\"'/*#\\ \nai1.".to_vec()), 0..400),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_read(text in bytes()) {
        let parse = read(&text);
        for found in &parse.errors {
            prop_assert!(found.span().start <= found.span().end);
        }
    }

    #[test]
    fn any_bytes_survive_flattening(text in prop::collection::vec(any::<u8>(), 0..200)) {
        let text: Vec<u8> = text.into_iter().filter(|b| *b != b'\n').collect();
        let source = Source::single("any.cfg", &text);
        let back = bytes_of(&source.text);
        prop_assert_eq!(back.strip_suffix(b"\n").unwrap_or(&back), text.as_slice());
    }

    #[test]
    fn a_broken_script_keeps_its_other_routes(at in 0..VALID.len(), with in bytes(), cut in 0usize..20) {
        let mut text = VALID.as_bytes().to_vec();
        text.splice(at..(at + cut).min(VALID.len()), with.into_iter().take(10));
        read(&text);
    }
}
