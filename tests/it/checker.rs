//! What people see of the checker: a path told step by step, and the command with its exit codes.
use sipscript::diag::Diagnostic;
use sipscript::diag::pretty::{self, Colours};
use sipscript::syntax::{Source, parse};
use sipscript::{analysis, modules};
use std::collections::BTreeSet;
use std::io::Write;
use std::process::{Command, Output, Stdio};

const CLEAN: &str = "loadmodule \"proto_udp.so\"\nsocket = udp:127.0.0.1:5060\nroute { exit; }\n";
const WARNED: &str =
    "loadmodule \"proto_udp.so\"\nsocket = udp:127.0.0.1:5060\nroute { exit; }\nroute[never] { exit; }\n";
const WRONG: &str = "loadmodule \"proto_udp.so\"\nsocket = udp:127.0.0.1:5060\nroute { t_rely(); }\n";

fn check(args: &[&str], stdin: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_sipscript"))
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    child.stdin.take().expect("stdin is a pipe").write_all(stdin.as_bytes()).expect("the binary reads");
    child.wait_with_output().expect("the binary ends")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn tells_a_leaking_path_from_the_load_to_the_end() {
    let script = r#"loadmodule "proto_udp.so"
loadmodule "tm.so"
loadmodule "dialog.so"
socket = udp:127.0.0.1:5060

route {
    if (route(find)) {
        switch ($dlg_val(state)) {
        case "parked":
            unload_dialog_ctx();
            break;
        default:
            xlog("nothing to do\n");
        }
    }
    t_relay();
}

route[find] {
    if (!load_dialog_ctx("$hdr(X-Call)"))
        return(-1);
    return(1);
}
"#;
    let source = Source::single("proxy.cfg", script.as_bytes());
    let found = analysis::check(&parse(&source).ast, &modules::catalog());
    insta::assert_snapshot!(pretty::to_string(&source.map, &found, Colours::Off));
}

#[test]
fn concise_lines_and_nothing_for_a_clean_script() {
    let clean = check(&["check", "--format", "concise", "-"], CLEAN);
    assert_eq!(
        (clean.status.code(), text(&clean.stdout), text(&clean.stderr)),
        (Some(0), String::new(), String::new())
    );
    let wrong = check(&["lint", "--format", "concise", "-"], WRONG);
    assert_eq!(wrong.status.code(), Some(1));
    assert_eq!(text(&wrong.stdout), "stdin:3:9: error[E101] unknown function `t_rely`; `t_relay` is in module `tm`\n");
}

#[test]
fn only_the_fail_level_decides_the_exit_code() {
    assert_eq!(check(&["check", "-"], WARNED).status.code(), Some(0));
    assert_eq!(check(&["check", "--fail-level", "warning", "-"], WARNED).status.code(), Some(1));
    assert_eq!(check(&["check", "--fail-level", "info", "-"], CLEAN).status.code(), Some(0));
}

#[test]
fn people_get_the_source_and_a_summary() {
    let out = check(&["check", "-"], WARNED);
    let shown = text(&out.stdout);
    assert!(shown.contains("route[never]") && shown.contains("L305"), "{shown}");
    assert!(shown.ends_with("1 file checked: 1 warning\n"), "{shown}");
    assert!(!shown.contains('\u{1b}'), "a pipe is no terminal");
    assert!(text(&check(&["check", "-"], CLEAN).stdout).ends_with("1 file checked: no findings\n"));
}

#[test]
fn usage_and_unreadable_files_end_with_2() {
    let missing = check(&["check", "/no/such/file.cfg"], "");
    assert_eq!(missing.status.code(), Some(2));
    assert!(text(&missing.stderr).contains("/no/such/file.cfg"));
    assert_eq!(check(&["check"], "").status.code(), Some(2));
    assert_eq!(check(&["check", "--format", "nosuch", "-"], CLEAN).status.code(), Some(2));
}

/// What an editor sees while somebody types: no prefix of a script may stop the checker.
#[test]
fn every_prefix_of_a_script_is_checked() {
    let catalog = modules::catalog();
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts");
    let script = std::fs::read(folder.join("attended_transfer.cfg")).expect("the sample is there");
    for end in (0..script.len()).step_by(31) {
        let source = Source::single("typed.cfg", &script[..end]);
        let ast = parse(&source).ast;
        let found = analysis::check(&ast, &catalog);
        assert!(found.windows(2).all(|w| w[0].span().start <= w[1].span().start), "sorted up to byte {end}");
    }
}

#[test]
fn many_conditions_and_deep_nesting_are_followed_in_bounded_time() {
    let head =
        "loadmodule \"proto_udp.so\"\nloadmodule \"tm.so\"\nloadmodule \"dialog.so\"\nsocket = udp:127.0.0.1:5060\n";
    let mut body = String::from("route { load_dialog_ctx(\"a\");\n");
    for n in 0..400 {
        body.push_str(&format!(
            "if ($avp(a{}) == \"x\") $var(v{n}) = {n}; else if ($rU =~ \"{n}\") route(r{});\n",
            n % 40,
            n % 8
        ));
    }
    body.push_str("unload_dialog_ctx(); }\n");
    for n in 0..8 {
        body.push_str(&format!(
            "route[r{n}] {{ if ($avp(b{n}) == 1) route(r{}); else route(r{}); }}\n",
            (n + 1) % 8,
            (n + 3) % 8
        ));
    }
    body.push_str(&format!("route[deep] {{ {} exit; {} }}\n", "if ($avp(d) == 1) { ".repeat(150), "}".repeat(150)));
    let source = Source::single("many.cfg", format!("{head}{body}").as_bytes());
    let found = analysis::check(&parse(&source).ast, &modules::catalog());
    assert!(found.iter().all(|d| d.code.id != "L301"), "{found:?}");
}

#[test]
fn ninety_nine_named_routes_of_a_family_fit() {
    let script = |count: usize| {
        let routes: String = (0..count).map(|n| format!("onreply_route[r{n}] {{ exit; }}\n")).collect();
        format!("{CLEAN}{routes}")
    };
    let codes = |count| {
        let source = Source::single("many.cfg", script(count).as_bytes());
        let found = analysis::check(&parse(&source).ast, &modules::catalog());
        found.iter().filter(|d| d.code.id == "E124").count()
    };
    assert_eq!((codes(99), codes(100), codes(120)), (0, 1, 1));
}

#[test]
fn a_file_with_fifty_errors_reports_all_fifty() {
    let page = include_str!("../spec/fifty.md");
    let script = page.split("```cfg\n").nth(1).and_then(|rest| rest.split("```").next()).expect("the page has one");
    let source = Source::single("fifty.cfg", script.as_bytes());
    let parsed = parse(&source);
    let found = parsed.errors.into_iter().chain(analysis::check(&parsed.ast, &modules::catalog()));
    let lines: BTreeSet<u32> =
        found.filter(Diagnostic::refuses).map(|d| source.map.line_col(d.span().start).1.line).collect();
    let seeded: Vec<(u32, &str)> =
        (1..).zip(script.lines()).filter_map(|(n, line)| Some((n, line.rsplit_once(" # ")?.1))).collect();
    assert_eq!(seeded.len(), 50);
    let missed: Vec<&str> = seeded.iter().filter(|(n, _)| !lines.contains(n)).map(|(_, number)| *number).collect();
    assert!(missed.is_empty(), "not found: {missed:?}");
    assert!(lines.iter().all(|n| seeded.iter().any(|(seed, _)| seed == n)), "{lines:?}");
}
