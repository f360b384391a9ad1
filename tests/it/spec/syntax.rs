//! Cases about the text alone: what the parser accepts and says.
//!
//! `cfg syntax` is a script; its `diagnostics` are concise lines without the script's own name. In `items`, `stmts`,
//! `conds` and `values` each line is a script of its own, `FINDINGS | TEXT`: the codes it yields, or `ok`. In them `↵` is
//! a line end. A fix that a tool may apply unasked must leave fewer findings.
use super::Outcome;
use super::document::Case;
use sipscript::diag::{Applicability, Diagnostic, concise};
use sipscript::syntax::{Source, Sources, parse};

struct Files<'a>(&'a Case);

impl Sources for Files<'_> {
    fn read(&self, name: &str, from: Option<&str>) -> Result<(String, Vec<u8>), String> {
        if from.is_none() {
            return Ok((name.to_owned(), self.0.body.clone().into_bytes()));
        }
        let mut files = self.0.attached.iter().filter_map(|(_, info, body)| Some((info.strip_prefix("file ")?, body)));
        let found = files.find(|(n, _)| *n == name);
        found.map(|(n, body)| (n.to_owned(), body.clone().into_bytes())).ok_or_else(|| "no such file".to_owned())
    }
}

pub fn script(case: &Case) -> Outcome {
    let source = Source::load(&Files(case), "script.cfg").expect("the script itself is at hand");
    let found = parse(&source).errors;
    let lines = found.iter().map(|d| concise::line(&source.map, d));
    let lines = lines.map(|l| l.strip_prefix("script.cfg:").unwrap_or(&l).to_owned() + "\n");
    Outcome::Attachment("diagnostics", lines.collect())
}

pub fn items(case: &Case) -> Outcome {
    Outcome::Own(each_line(case, |text| text.to_owned()))
}

pub fn stmts(case: &Case) -> Outcome {
    Outcome::Own(each_line(case, |text| format!("route {{ {text} }}")))
}

pub fn conds(case: &Case) -> Outcome {
    Outcome::Own(each_line(case, |text| format!("route {{ if ({text}) exit; }}")))
}

pub fn values(case: &Case) -> Outcome {
    Outcome::Own(each_line(case, |text| format!("route {{ $var(r) = {text}; }}")))
}

/// The lines of a case with the findings each has.
fn each_line(case: &Case, script: impl Fn(&str) -> String) -> String {
    let lines = case.body.lines().map(|line| {
        let text = line.split_once(" | ").map_or(line, |(_, text)| text);
        let script = script(&text.replace('↵', "\n"));
        let found = parse(&Source::single("line.cfg", script.as_bytes())).errors;
        let worse = found.iter().any(|d| !fix_helps(&script, found.len(), d));
        let note = if worse { " (a fix does not help)" } else { "" };
        format!("{}{note} | {text}\n", codes(&found))
    });
    lines.collect()
}

/// Whether the script has fewer findings with the fix that a tool may apply unasked.
fn fix_helps(script: &str, findings: usize, found: &Diagnostic) -> bool {
    let Some(fix) = found.fix.as_ref().filter(|f| f.applicability == Applicability::MachineApplicable) else {
        return true;
    };
    let mut fixed = script.to_owned();
    fixed.replace_range(fix.span.start as usize..fix.span.end as usize, &fix.replacement);
    parse(&Source::single("line.cfg", fixed.as_bytes())).errors.len() < findings
}

fn codes(found: &[Diagnostic]) -> String {
    if found.is_empty() {
        return "ok".to_owned();
    }
    found.iter().map(|d| d.code.id).collect::<Vec<_>>().join(" ")
}
