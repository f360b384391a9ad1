//! Global parameters: values OpenSIPS would not start with, and parameters that change nothing here.
use super::functions::old_name;
use crate::analysis::script::Script;
use crate::base::Span;
use crate::diag::{Applicability, Diagnostic, codes};
use crate::registry::opensips::NameKind;
use crate::registry::{CoreParam, Role, Setting, core_param};
use crate::syntax::ast::{Global, GlobalValue, joined};

pub fn values(script: &Script<'_>, found: &mut Vec<Diagnostic>) {
    for global in script.ast.globals() {
        let Some(row) = core_param(&global.name.text) else { continue };
        found.extend(old(script, global));
        found.extend(misread(row, global));
        let refused = setting(global).and_then(|value| row.check(&value).err());
        if let Some(why) = refused {
            found.push(Diagnostic::new(codes::GLOBAL_VALUE, place(global), why));
        } else if let Some(why) = row.no_effect {
            let message = format!("`{}` has no effect: {why}", global.name.text);
            found.push(Diagnostic::new(codes::NO_EFFECT, global.name.span, message));
        }
    }
}

/// Calls of what a parameter switches off: the last setting counts.
pub fn barred(script: &Script<'_>, found: &mut Vec<Diagnostic>) {
    let mut bars: Vec<(&Global, Role)> = Vec::new();
    for global in script.ast.globals() {
        let Some(role) = core_param(&global.name.text).and_then(|row| row.bars) else { continue };
        bars.retain(|(_, barred)| *barred != role);
        if matches!(&global.value, GlobalValue::Int(number) if number.value != 0) {
            bars.push((global, role));
        }
    }
    for (global, role) in bars {
        let calls = script.calls.iter().filter(|call| call.row.row().is_some_and(|row| row.sig.has(role)));
        found.extend(calls.map(|call| {
            let name = &call.call.name;
            let message = format!("`{}` is switched off by `{}`", name.text, global.name.text);
            Diagnostic::new(codes::BARRED, name.span, message).label(global.span, "set here")
        }));
    }
}

/// A name of 3.1, which works as what replaced it.
fn old(script: &Script<'_>, global: &Global) -> Option<Diagnostic> {
    let found = old_name(script, NameKind::CoreParam, &global.name.text, global.name.span)?;
    let (Some(row), GlobalValue::Int(on)) = (core_param(&global.name.text), &global.value) else { return Some(found) };
    let Some((_, opposite)) = row.split_from.filter(|(old, _)| *old == global.name.text) else { return Some(found) };
    let word = |on: bool| if on { "yes" } else { "no" };
    let both = format!("{} = {}\n{opposite} = {}", row.name, word(on.value != 0), word(on.value == 0));
    let found = found.help(format!("write `{}` and `{opposite}`: it chose one of the two", row.name));
    Some(found.fix(global.span, both, Applicability::MachineApplicable))
}

/// A word that OpenSIPS takes for another.
fn misread(row: &CoreParam, global: &Global) -> Option<Diagnostic> {
    let GlobalValue::Word(word) = &global.value else { return None };
    let misread = row.misread(&word.text)?;
    let applicability = if misread.is_known { Applicability::MachineApplicable } else { Applicability::MaybeIncorrect };
    let found = Diagnostic::new(codes::MISREAD_WORD, word.span, misread.why);
    Some(found.help(format!("write {}", misread.instead)).fix(word.span, misread.instead, applicability))
}

/// The value, where it has a place of its own.
fn place(global: &Global) -> Span {
    match &global.value {
        GlobalValue::Int(number) => number.span,
        GlobalValue::Workers { count, .. } => count.span,
        GlobalValue::Strs(parts) => parts.first().map_or(global.span, |text| text.span),
        GlobalValue::Word(word) => word.span,
        GlobalValue::Host(_)
        | GlobalValue::Socket(_)
        | GlobalValue::Bond(_)
        | GlobalValue::Aliases(_)
        | GlobalValue::MemGroup { .. }
        | GlobalValue::AutoScaling(_)
        | GlobalValue::Blacklist(_)
        | GlobalValue::Bad(_) => global.span,
    }
}

fn setting(global: &Global) -> Option<Setting> {
    match &global.value {
        GlobalValue::Int(number) => Some(Setting::Int(number.value)),
        GlobalValue::Workers { count, .. } => Some(Setting::Int(count.value)),
        GlobalValue::Strs(parts) => Some(Setting::Str(joined(parts).to_vec())),
        GlobalValue::Word(word) => Some(Setting::Str(word.text.as_bytes().to_vec())),
        GlobalValue::Host(_)
        | GlobalValue::Socket(_)
        | GlobalValue::Bond(_)
        | GlobalValue::Aliases(_)
        | GlobalValue::MemGroup { .. }
        | GlobalValue::AutoScaling(_)
        | GlobalValue::Blacklist(_)
        | GlobalValue::Bad(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::analysis;
    use crate::diag::codes;
    use crate::registry::Catalog;
    use crate::syntax::{Source, parse};

    /// Code and text of what is found about the parameters of a script.
    fn found(text: &str) -> Vec<(&'static str, String)> {
        let parsed = parse(&Source::single("test.cfg", text.as_bytes()));
        assert!(parsed.errors.is_empty(), "{text}");
        let found = analysis::check(&parsed.ast, &Catalog::new(Vec::new()));
        let ours = found.into_iter().filter(|d| [codes::GLOBAL_VALUE, codes::NO_EFFECT].contains(&d.code));
        ours.map(|d| (d.code.id, d.message)).collect()
    }

    #[test]
    fn a_parameter_without_effect_says_why() {
        let text = "tcp_workers = 4 use_auto_scaling_profile P\nmemlog = 3\nlog_level = 3\nmpath = \"/x\"\n";
        assert_eq!(
            found(text),
            [
                ("L203", "`tcp_workers` has no effect: there are no TCP connections yet".to_owned()),
                (
                    "L203",
                    "`memlog` has no effect: memory is not divided into pools that could be tuned or watched"
                        .to_owned()
                ),
            ]
        );
    }

    #[test]
    fn a_value_that_opensips_refuses_is_an_error() {
        assert_eq!(
            found("event_pkg_threshold = 101\nstderror_log_format = \"xml\"\nsyslog_facility = LOG_LOCAL0\n"),
            [
                ("E023", "`event_pkg_threshold` lies between 0 and 100".to_owned()),
                ("E023", "`stderror_log_format` is one of plain_text, json, json_cee".to_owned()),
            ]
        );
    }
}
