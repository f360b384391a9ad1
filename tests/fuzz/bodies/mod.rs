//! What the fuzz targets do with their bytes. The tests replay the kept inputs through the same functions.
mod run;

pub use run::run_script;

use sipscript::analysis;
use sipscript::diag::pretty::{self, Colours};
use sipscript::diag::{self, Diagnostic, concise};
use sipscript::ir;
use sipscript::registry::Catalog;
use sipscript::syntax::{Parse, Source, parse};
use std::sync::LazyLock;

static CATALOG: LazyLock<Catalog> = LazyLock::new(sipscript::modules::catalog);

/// Reads, checks and lowers a script and shows what was found in it, in every form.
pub fn parse_script(bytes: &[u8]) {
    let source = Source::single("fuzz.cfg", bytes);
    let parsed = parse(&source);
    let mut found = parsed.errors.clone();
    found.extend(analysis::check(&parsed.ast, &CATALOG));
    diag::sort(&source.map, &mut found);
    for finding in &found {
        let span = finding.span();
        assert!(span.start <= span.end, "{finding:?}");
    }
    let mut out = Vec::new();
    concise::render(&source.map, &found, &mut out).expect("writing to memory does not fail");
    pretty::render(&source.map, &found, Colours::Off, &mut out).expect("writing to memory does not fail");
    lower(&parsed, &found);
}

/// What the checker lets through can be lowered to code that holds together.
fn lower(parsed: &Parse, found: &[Diagnostic]) {
    if found.iter().any(Diagnostic::refuses) {
        return;
    }
    let program = ir::lower(&parsed.ast, &CATALOG).expect("the checker lets only through what can be lowered");
    assert_eq!(ir::verify(&program), Ok(()));
}
