//! Cases about whole scripts: what the checker says, beside what the parser does.
//!
//! `cfg` is a script; `routes` is the routes of one, behind a head that loads the built-in modules. Their `diagnostics`
//! are concise lines without the script's own name; of a path the steps stand below, indented.
use super::Outcome;
use super::document::Case;
use super::run::loading;
use sipscript::diag::{self, Diagnostic, concise};
use sipscript::registry::Catalog;
use sipscript::syntax::{Source, parse};
use sipscript::{analysis, modules};
use std::fmt::Write;
use std::sync::OnceLock;

/// What stands before the routes of a case: lines of it are not counted.
const HEAD: &str = r#"socket = udp:127.0.0.1:5060
loadmodule "proto_udp.so"
loadmodule "sl.so"
loadmodule "tm.so"
loadmodule "rr.so"
loadmodule "signaling.so"
loadmodule "maxfwd.so"
loadmodule "sipmsgops.so"
loadmodule "dialog.so"
loadmodule "acc.so"
loadmodule "json.so"
loadmodule "exec.so"
modparam("acc", "extra_fields", "log: who; why")
modparam("acc", "leg_fields", "log: leg")
modparam("dialog", "profiles_with_value", "caller ; room")
modparam("dialog", "profiles_no_value", "inbound")
"#;

pub fn whole(case: &Case) -> Outcome {
    Outcome::Attachment("diagnostics", findings("", &case.body))
}

pub fn routes(case: &Case) -> Outcome {
    let own = case.module.iter().map(|module| loading(&[module], HEAD)).collect::<String>();
    Outcome::Attachment("diagnostics", findings(&format!("{HEAD}{own}"), &case.body))
}

/// What the checker and the parser say of a script behind a head.
pub fn findings(head: &str, body: &str) -> String {
    static CATALOG: OnceLock<Catalog> = OnceLock::new();
    let catalog = CATALOG.get_or_init(modules::catalog);
    let source = Source::single("script.cfg", format!("{head}{body}").as_bytes());
    let parsed = parse(&source);
    let mut found = parsed.errors;
    found.extend(analysis::check(&parsed.ast, catalog));
    diag::sort(&source.map, &mut found);
    let skipped = head.lines().count() as u32;
    found.iter().map(|d| told(&source, d, skipped)).collect()
}

fn told(source: &Source, d: &Diagnostic, skipped: u32) -> String {
    let place = |offset: u32| {
        let (_, at) = source.map.line_col(offset);
        format!("{}:{}", at.line.saturating_sub(skipped), at.col)
    };
    let line = concise::line(&source.map, d);
    let message = line.splitn(4, ':').nth(3).unwrap_or_default();
    let mut text = format!("{}:{message}\n", place(d.span().start));
    for (span, step) in &d.steps {
        writeln!(text, "    {}: {step}", place(span.start)).expect("writing to a string does not fail");
    }
    text
}
