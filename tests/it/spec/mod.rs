//! Runs `tests/spec/*.md`: prose, scripts, and what each script must yield, side by side.
//!
//! A fenced block whose info string starts with a word of `KINDS` is a case; the blocks behind it, up to the next case,
//! are its attachments (` ```diagnostics `, ` ```file NAME `, ` ```run `). `UPDATE_SPEC=1` writes what cases yield into
//! their blocks: read the difference before you keep it. A new kind of case is a row of `KINDS`.
mod document;
mod script;
mod run;
mod syntax;
mod tree;

use document::{Case, Document};
use std::path::Path;

/// What a case yields: the text its expectation should have, or what is wrong with it.
type Run = fn(&Case) -> Outcome;

enum Outcome {
    /// The contents of the attachment of this name.
    Attachment(&'static str, String),
    /// The contents of the case's own block, for cases that hold their expectation.
    Own(String),
}

static KINDS: &[(&str, Run)] = &[
    ("cfg", script::whole),
    ("routes", script::routes),
    ("cfg syntax", syntax::script),
    ("items", syntax::items),
    ("stmts", syntax::stmts),
    ("conds", syntax::conds),
    ("values", syntax::values),
    ("run", run::script),
    ("says", run::says),
    ("tree", tree::values),
    ("tree conds", tree::conds),
];

#[test]
fn specs_hold() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/spec");
    let update = std::env::var_os("UPDATE_SPEC").is_some();
    let mut failures = Vec::new();
    let mut cases = 0;
    let mut paths: Vec<_> =
        std::fs::read_dir(folder).expect("tests/spec is there").map(|e| e.expect("an entry").path()).collect();
    paths.sort();
    for path in paths.iter().filter(|p| p.extension().is_some_and(|e| e == "md")) {
        let text = std::fs::read_to_string(path).expect("a spec is readable");
        let mut document = Document::parse(&text);
        cases += document.cases.len();
        check(&mut document, path, &mut failures);
        if update {
            std::fs::write(path, document.text()).expect("a spec is writable");
        }
    }
    assert!(cases > 0, "no case was found");
    assert!(update || failures.is_empty(), "{} of {cases} cases fail\n\n{}", failures.len(), failures.join("\n"));
}

fn check(document: &mut Document, path: &Path, failures: &mut Vec<String>) {
    for index in 0..document.cases.len() {
        let case = &document.cases[index];
        let kind = KINDS.iter().find(|(word, _)| *word == case.kind).expect("the document knows the kinds");
        let (block, word, actual) = match kind.1(case) {
            Outcome::Own(text) => (Some(case.block), "", text),
            Outcome::Attachment(word, text) => (case.attachment(document, word), word, text),
        };
        let expected = block.map(|b| document.blocks[b].body.clone());
        if expected.as_deref() == Some(actual.as_str()) {
            continue;
        }
        let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        let expected = expected.unwrap_or_else(|| "(no block says what is expected)\n".to_owned());
        failures.push(format!("{name}:{}\n{}", case.line, difference(&expected, &actual)));
        document.write(index, block, word, actual);
    }
}

/// Lines that differ.
fn difference(expected: &str, actual: &str) -> String {
    let (expected, actual): (Vec<_>, Vec<_>) = (expected.lines().collect(), actual.lines().collect());
    let missing = expected.iter().filter(|l| !actual.contains(l)).map(|l| format!("  expected  {l}\n"));
    let surplus = actual.iter().filter(|l| !expected.contains(l)).map(|l| format!("  got       {l}\n"));
    missing.chain(surplus).collect()
}

#[test]
fn a_case_that_yields_something_else_fails() {
    let mut document = Document::parse("```stmts\nok | x = 1;\n```\n\n```cfg syntax\nroute { exit; }\n```\n");
    let mut failures = Vec::new();
    check(&mut document, Path::new("a.md"), &mut failures);
    assert_eq!(failures.len(), 2, "{failures:?}");
    assert!(document.text().contains("E001 | x = 1;"), "{}", document.text());
    assert!(document.text().contains("```\n```diagnostics\n```\n"), "{}", document.text());
}
