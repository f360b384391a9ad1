//! Runs `tests/spec/*.md` and the modules' pages of examples: prose, scripts, and what each script must yield, side by
//! side.
//!
//! A fenced block whose info string is a word of `KINDS` is a case; the blocks behind it, up to the next case, are its
//! attachments (` ```diagnostics `, ` ```file NAME `, ` ```output `). `UPDATE_SPEC=1` writes what cases yield into their
//! blocks: read the difference before you keep it. `SPEC=WORD` runs the pages whose path has that word. A new kind of
//! case is a row of `KINDS`.
mod document;
mod message;
mod run;
mod script;
mod server;
mod syntax;
mod tree;

use document::{Case, Document};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

/// What a case yields: the text its expectation should have, or what is wrong with it.
type Run = fn(&Case) -> Outcome;

enum Outcome {
    /// The contents of the attachment of this name.
    Attachment(&'static str, String),
    /// As `Attachment`, several: those that the page asks for count, and all when it asks for none.
    Attachments(Vec<(&'static str, String)>),
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
    ("server", server::script),
    ("tree", tree::values),
    ("tree conds", tree::conds),
];

#[test]
fn specs_hold() {
    hold(markdown(Path::new("tests/spec")));
}

/// How many subsections each section of the reference has.
const SECTIONS: [u32; 15] = [10, 3, 5, 4, 10, 7, 3, 3, 0, 0, 4, 8, 4, 0, 0];

#[test]
fn every_section_of_the_reference_has_its_pages() {
    let readme = std::fs::read_to_string("tests/spec/README.md").expect("the page is there");
    let rows: Vec<&str> = readme.lines().filter(|line| line.starts_with("| ")).collect();
    for (section, count) in (1..).zip(SECTIONS) {
        let parts = (1..=count).map(|n| format!("{section}.{n}"));
        let names: Vec<String> = if count == 0 { vec![format!("{section}")] } else { parts.collect() };
        for name in names {
            let row = rows.iter().find(|row| row.contains(&format!(" {name} "))).expect(&name);
            for page in row.split('`').filter(|part| part.ends_with(".md")) {
                let at_home = if page.contains('/') { Path::new("") } else { Path::new("tests/spec") };
                assert!(at_home.join(page).exists(), "{page}");
            }
        }
    }
}

/// The reference counts 76; each has a heading with its number, in order, and a case under it.
#[test]
fn every_trap_of_the_reference_is_a_case() {
    let text = std::fs::read_to_string("tests/spec/traps.md").expect("the page is there");
    let sections: Vec<&str> = text.split("\n## ").skip(1).collect();
    assert_eq!(sections.len(), 76);
    for (n, section) in sections.iter().enumerate() {
        assert!(section.starts_with(&format!("{}. ", n + 1)), "{section}");
        assert!(!Document::parse(section, Path::new("traps.md")).cases.is_empty(), "{section}");
    }
}

#[test]
fn examples_of_modules_hold() {
    hold(markdown(Path::new("src/modules")).into_iter().filter(|p| is_examples(p)).collect());
}

/// `examples.md`, or a page in a folder `examples`.
fn is_examples(path: &Path) -> bool {
    path.ends_with("examples.md") || path.parent().is_some_and(|p| p.ends_with("examples"))
}

/// Every page below a folder of the project, sorted.
fn markdown(folder: &Path) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("the folder is there") {
        let path = entry.expect("an entry").path();
        match path.is_dir() {
            true => found.extend(markdown(&path)),
            false if path.extension().is_some_and(|e| e == "md") => found.push(path),
            false => {}
        }
    }
    found.sort();
    found
}

fn hold(paths: Vec<PathBuf>) {
    let update = std::env::var_os("UPDATE_SPEC").is_some();
    let wanted = std::env::var("SPEC").unwrap_or_default();
    let mut failures = Vec::new();
    let mut cases = 0;
    for path in paths.iter().filter(|p| p.to_string_lossy().contains(&wanted)) {
        let text = std::fs::read_to_string(path).expect("a page is readable");
        let mut document = Document::parse(&text, path);
        cases += document.cases.len();
        check(&mut document, path, &mut failures);
        let written = document.text();
        if update && written != text {
            std::fs::write(path, written).expect("a page is writable");
        }
    }
    assert!(cases > 0 || !wanted.is_empty(), "no case was found");
    let broken = failures.iter().any(|f| f.contains("  panics"));
    assert!(
        (update && !broken) || failures.is_empty(),
        "{} of {cases} cases fail\n\n{}",
        failures.len(),
        failures.join("\n")
    );
}

fn check(document: &mut Document, path: &Path, failures: &mut Vec<String>) {
    for index in 0..document.cases.len() {
        let case = &document.cases[index];
        let kind = KINDS.iter().find(|(word, _)| *word == case.kind).expect("the document knows the kinds");
        let yielded = catch_unwind(AssertUnwindSafe(|| kind.1(case)));
        let Ok(outcome) = yielded else {
            failures.push(format!("{}:{}\n  panics, see above\n", shown(path), case.line));
            continue;
        };
        match outcome {
            Outcome::Own(text) => {
                let block = Some(case.block);
                compare(document, index, (block, "", text), path, failures);
            }
            Outcome::Attachment(word, text) => {
                let block = case.attachment(document, word);
                compare(document, index, (block, word, text), path, failures);
            }
            Outcome::Attachments(all) => {
                let asked = all.iter().any(|(word, _)| case.attachment(document, word).is_some());
                for (word, text) in all {
                    let block = document.cases[index].attachment(document, word);
                    if block.is_some() || (!asked && !text.is_empty()) {
                        compare(document, index, (block, word, text), path, failures);
                    }
                }
            }
        }
    }
}

fn compare(
    document: &mut Document,
    index: usize,
    (block, word, actual): (Option<usize>, &str, String),
    path: &Path,
    failures: &mut Vec<String>,
) {
    let expected = block.map(|b| document.blocks[b].body.clone());
    if expected.as_deref() == Some(actual.as_str()) {
        return;
    }
    let expected = expected.unwrap_or_else(|| "(no block says what is expected)\n".to_owned());
    failures.push(format!("{}:{}\n{}", shown(path), document.cases[index].line, difference(&expected, &actual)));
    document.write(index, block, word, actual);
}

/// Below the folder of the project.
fn shown(path: &Path) -> std::path::Display<'_> {
    path.strip_prefix(env!("CARGO_MANIFEST_DIR")).unwrap_or(path).display()
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
    let page = "```stmts\nok | x = 1;\n```\n\n```cfg syntax\nroute { exit; }\n```\n";
    let mut document = Document::parse(page, Path::new("a.md"));
    let mut failures = Vec::new();
    check(&mut document, Path::new("a.md"), &mut failures);
    assert_eq!(failures.len(), 2, "{failures:?}");
    assert!(document.text().contains("E001 | x = 1;"), "{}", document.text());
    assert!(document.text().contains("```\n```diagnostics\n```\n"), "{}", document.text());
}
