//! What people see of findings: source and report together.
use sipscript::base::Span;
use sipscript::diag::{self, Diagnostic, codes, concise, pretty};
use sipscript::syntax::{Source, Sources, parse};

fn rendered(text: &str) -> String {
    let source = Source::single("proxy.cfg", text.as_bytes());
    let found = parse(&source).errors;
    pretty::to_string(&source.map, &found, pretty::Colours::Off)
}

#[test]
fn shows_every_error_of_a_file_with_its_source() {
    let script = r#"children=4
loadmodule "tm.so"
route {
    if ($rU == ) {
        send_reply(483, "Zu viele Hüpfer")
    }
    setflag(NAT);
    if ([$ru]) exit;
    while ($var(i) < 5 { exit; }
    $var(x) = $var(y) = 1;
"#;
    insta::assert_snapshot!(rendered(script));
}

#[test]
fn numbers_the_steps_of_a_path_and_shows_notes_and_help() {
    let text = "route {\n    if (load_dialog_ctx(\"x\")) {\n        exit;\n    }\n}\n";
    let source = Source::single("proxy.cfg", text.as_bytes());
    let at = |needle: &str| {
        let start = text.find(needle).expect("the text holds it") as u32;
        Span::new(start, start + needle.len() as u32)
    };
    let found = Diagnostic::new(codes::LEAKED_CONTEXT, at("exit;"), "the dialog context is still loaded here")
        .step(at("load_dialog_ctx"), "loaded here")
        .step(at("exit;"), "the script ends")
        .note("the context is released at the end of the run")
        .help("call `unload_dialog_ctx()` before");
    insta::assert_snapshot!(pretty::to_string(&source.map, &[found], pretty::Colours::Off));
}

struct TwoFiles;

impl Sources for TwoFiles {
    fn read(&self, name: &str, _from: Option<&str>) -> Result<(String, Vec<u8>), String> {
        let text: &[u8] = match name {
            "main.cfg" => b"route {\ninclude_file 'part.cfg'\n}\n",
            _ => b"xlog('\xff')\n",
        };
        Ok((name.to_owned(), text.to_vec()))
    }
}

#[test]
fn shows_the_included_file_and_bytes_that_are_no_text() {
    let source = Source::load(&TwoFiles, "main.cfg").expect("main.cfg is there");
    let found = parse(&source).errors;
    let mut lines = Vec::new();
    concise::render(&source.map, &found, &mut lines).expect("memory takes it");
    assert_eq!(String::from_utf8_lossy(&lines), "part.cfg:1:11: error[E002] missing `;`\n");
    insta::assert_snapshot!(pretty::to_string(&source.map, &found, pretty::Colours::Off));
}

#[test]
fn findings_are_in_order_and_said_once() {
    let source = Source::single("a.cfg", b"a\nb\n");
    let one = |at: u32| Diagnostic::new(codes::SYNTAX, Span::new(at, at + 1), "x");
    let mut found = vec![one(2), one(0), one(2)];
    diag::sort(&source.map, &mut found);
    let places: Vec<u32> = found.iter().map(|d| d.span().start).collect();
    assert_eq!(places, [0, 2]);
}
