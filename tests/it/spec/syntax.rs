//! Cases about the text alone: what the parser accepts and says.
//!
//! `cfg syntax` is a script; its `diagnostics` are concise lines without the script's own name. In `items`, `stmts`,
//! `conds` and `values` each line is a script of its own, `FINDINGS | TEXT`: the codes it yields, or `ok`. In them `↵` is
//! a line end.
use super::Outcome;
use super::document::Case;
use sipscript::diag::{Diagnostic, concise};
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
        let source = Source::single("line.cfg", script(&text.replace('↵', "\n")).as_bytes());
        format!("{} | {text}\n", codes(&parse(&source).errors))
    });
    lines.collect()
}

fn codes(found: &[Diagnostic]) -> String {
    if found.is_empty() {
        return "ok".to_owned();
    }
    found.iter().map(|d| d.code.id).collect::<Vec<_>>().join(" ")
}
