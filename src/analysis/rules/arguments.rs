//! Arguments of calls: literals and variables of the type the function takes, literals it understands.
use crate::analysis::resolve::FunctionRow;
use crate::analysis::script::Script;
use crate::base::{Span, Str};
use crate::diag::{Applicability, Diagnostic, codes};
use crate::registry::{EarlierForm, Literal, LiteralCheck, Param, ParamType, Setup, VarUse};
use crate::syntax::ast::{Arg, ArgKind, IntLit, StrLit};
use crate::syntax::ere::{Flags, Pattern};
use crate::syntax::origin::Origin;
use crate::syntax::substitution::{Form, Substitution};

pub fn types(script: &Script<'_>, found: &mut Vec<Diagnostic>) {
    for site in &script.calls {
        let Some(row) = site.row.row() else { continue };
        for (arg, param) in site.call.args.iter().zip(row.sig.params) {
            found.extend(argument(arg, param, row).or_else(|| ruled(script, arg, param, row)));
        }
    }
}

fn argument(arg: &Arg, param: &Param, row: &FunctionRow) -> Option<Diagnostic> {
    match &arg.kind {
        ArgKind::Omitted | ArgKind::Bad => None,
        ArgKind::Int(int) => match param.ty {
            ParamType::Int => None,
            ParamType::Words(check) if param.earlier == Some(EarlierForm::Int) => number(int, check, param, row),
            ParamType::Flag(_) if param.earlier == Some(EarlierForm::Int) => {
                Some(quoted(int, earlier(int.span, param, row, "a number")))
            }
            _ => Some(not_an_int(int, param, row)),
        },
        ArgKind::Str(text) => string(text, param, row),
        ArgKind::Var(var) => match param.ty {
            ParamType::Flag(_) if param.earlier.is_some() => Some(earlier(var.span, param, row, "a number")),
            ParamType::StrStatic | ParamType::Flag(_) => {
                let message = format!("argument `{}` of `{}` cannot be a variable", param.name, row.sig.name);
                Some(Diagnostic::new(codes::ARGUMENT_TYPE, var.span, message).here("a literal string belongs here"))
            }
            _ => None,
        },
    }
}

/// What the function's module says to a literal of the right type.
fn ruled(script: &Script<'_>, arg: &Arg, param: &Param, row: &FunctionRow) -> Option<Diagnostic> {
    let rule = param.rule?;
    let params = script.modules.settings_of(script.module_name(row.module));
    let modules = script.modules.names();
    let setup = Setup { params: &params, modules: &modules, ..Setup::default() };
    let problem = match &arg.kind {
        ArgKind::Int(int) => rule(Literal::Int(int.value), setup),
        ArgKind::Str(text) => rule(Literal::Text(&literal(text, param)?), setup),
        ArgKind::Omitted | ArgKind::Bad | ArgKind::Var(_) => return None,
    };
    Some(bad_value(arg.span, &problem.err()?, param, row))
}

/// The text that the function gets, when it is known before the run.
fn literal(text: &StrLit, param: &Param) -> Option<Str> {
    if param.expands() { text.format().ok()?.as_literal() } else { Some(text.value.clone()) }
}

fn not_an_int(int: &IntLit, param: &Param, row: &FunctionRow) -> Diagnostic {
    let found = mismatch(param, row, "an integer", int.span);
    match param.ty {
        ParamType::Var(_) => found,
        _ => quoted(int, found),
    }
}

fn quoted(int: &IntLit, found: Diagnostic) -> Diagnostic {
    let quoted = format!("\"{}\"", int.value);
    found.help(format!("write {quoted}")).fix(int.span, quoted, Applicability::MachineApplicable)
}

/// A number where 3.1 took one and a list of words belongs now.
fn number(int: &IntLit, check: LiteralCheck, param: &Param, row: &FunctionRow) -> Option<Diagnostic> {
    let Err(problem) = check(int.value.to_string().as_bytes()) else {
        return Some(earlier(int.span, param, row, "a number"));
    };
    Some(bad_value(int.span, &problem, param, row))
}

fn earlier(span: Span, param: &Param, row: &FunctionRow, given: &str) -> Diagnostic {
    let (name, function, wanted) = (param.name, row.sig.name, article(param.ty.word()));
    let message = format!("argument `{name}` of `{function}` is {given}, as in OpenSIPS 3.1; it is {wanted} since 3.2");
    Diagnostic::new(codes::EARLIER_FORM, span, message)
}

/// A text where 3.1 expanded one and a variable belongs now.
fn text_for_variable(text: &StrLit, by: VarUse, param: &Param, row: &FunctionRow) -> Diagnostic {
    not_by_reference(text, by, earlier(text.span, param, row, "a text"))
}

fn string(text: &StrLit, param: &Param, row: &FunctionRow) -> Option<Diagnostic> {
    match param.ty {
        ParamType::Int => Some(not_a_string(text, mismatch(param, row, "a string", text.span))),
        ParamType::Var(by) if param.earlier == Some(EarlierForm::Str) => Some(text_for_variable(text, by, param, row)),
        ParamType::Var(by) => Some(not_by_reference(text, by, mismatch(param, row, "a string", text.span))),
        ParamType::StrStatic | ParamType::Flag(_) => {
            let at = memchr::memchr(b'$', &text.value)?;
            let message = format!("argument `{}` of `{}` cannot contain variables", param.name, row.sig.name);
            Some(Diagnostic::new(codes::ARGUMENT_TYPE, text.span_of(at, at + 1), message))
        }
        ParamType::Regex => pattern(text),
        ParamType::Substitution => substitution(text, param, row),
        ParamType::Words(check) => words(text, check, param, row),
        ParamType::Notation(check, _) => {
            check(&text.value).err().map(|problem| bad_value(text.span, &problem, param, row))
        }
        ParamType::Str | ParamType::StrVerbatim | ParamType::Route(_) => None,
    }
}

fn mismatch(param: &Param, row: &FunctionRow, given: &str, span: Span) -> Diagnostic {
    let (name, function, wanted) = (param.name, row.sig.name, param.ty.word());
    let message = format!("argument `{name}` of `{function}` must be {}, not {given}", article(wanted));
    Diagnostic::new(codes::ARGUMENT_TYPE, span, message)
}

/// A number in quotes loses them; a variable too.
fn not_a_string(text: &StrLit, found: Diagnostic) -> Diagnostic {
    let value = text.value.to_string_lossy().into_owned();
    let bare = value.parse::<i32>().is_ok() || is_one_variable(text);
    if !bare {
        return found;
    }
    found.help(format!("write `{value}` without quotes")).fix(text.span, value, Applicability::MachineApplicable)
}

fn not_by_reference(text: &StrLit, by: VarUse, found: Diagnostic) -> Diagnostic {
    if !is_one_variable(text) {
        return found;
    }
    let value = text.value.to_string_lossy().into_owned();
    let why = if by.writes() { "writes" } else { "reads" };
    found
        .note(format!("the function {why} the variable itself, so it stands there without quotes"))
        .help(format!("write `{value}` without quotes"))
        .fix(text.span, value, Applicability::MachineApplicable)
}

fn is_one_variable(text: &StrLit) -> bool {
    text.format().is_ok_and(|f| f.pieces.len() == 1 && f.has_var())
}

/// Patterns of arguments: a line break ends what `.` matches.
fn pattern(text: &StrLit) -> Option<Diagnostic> {
    let flags = Flags { icase: true, newline: true };
    let error = Pattern::check(&text.value, flags).err()?;
    Some(bad_pattern(text, &error))
}

fn substitution(text: &StrLit, param: &Param, row: &FunctionRow) -> Option<Diagnostic> {
    let Some(parsed) = Substitution::parse(&text.value, Form::Argument, Origin::Within(text.span)) else {
        let message = format!(
            "argument `{}` of `{}` is no substitution: `/expression/replacement/flags`, with the flags `i`, `s` and `g`",
            param.name, row.sig.name
        );
        return Some(Diagnostic::new(codes::BAD_ARGUMENT_VALUE, text.span, message));
    };
    let flags = Flags { icase: parsed.ignores_case, newline: !parsed.crosses_lines };
    let mut error = Pattern::check(&parsed.expression, flags).err()?;
    // The delimiter stands before the expression.
    error.at += 1;
    Some(bad_pattern(text, &error))
}

pub fn bad_pattern(text: &StrLit, error: &crate::syntax::ere::EreError) -> Diagnostic {
    let at = error.at.min(text.value.len());
    let span = text.span_of(at, (at + 1).min(text.value.len()));
    let span = if span.is_empty() { text.span } else { span };
    Diagnostic::new(codes::BAD_PATTERN, span, format!("bad regular expression: {}", error.kind))
}

fn words(text: &StrLit, check: LiteralCheck, param: &Param, row: &FunctionRow) -> Option<Diagnostic> {
    let value = text.format().ok()?.as_literal()?;
    let problem = check(&value).err()?;
    Some(bad_value(text.span, &problem, param, row))
}

fn bad_value(span: Span, problem: &str, param: &Param, row: &FunctionRow) -> Diagnostic {
    let message = format!("argument `{}` of `{}`: {problem}", param.name, row.sig.name);
    Diagnostic::new(codes::BAD_ARGUMENT_VALUE, span, message)
}

fn article(wanted: &str) -> String {
    match wanted {
        "int" => "an integer".to_owned(),
        other => format!("a {other}"),
    }
}
