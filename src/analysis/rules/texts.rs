//! Strings that are not what they look like: a variable in one that nobody expands, digits that are compared as text.
use crate::analysis::resolve::Resolved;
use crate::analysis::script::Script;
use crate::analysis::walk::{Node, walk};
use crate::base::Span;
use crate::diag::{Applicability, Diagnostic, codes};
use crate::registry::PvarSignature;
use crate::syntax::ast::{
    Arith, ArithKind, Assign, AssignOp, AssignValue, CaseLabel, CmpOp, Command, CommandKind, Compare, CompareRight,
    Literal, Stmt, StmtKind, StrLit, Switch, VarToken,
};
use crate::syntax::format_string::{FormatString, Piece};
use crate::syntax::pvar::{Index, VarRef};

/// A `$name` in a string that stays as it is written.
pub fn unexpanded(script: &Script<'_>, found: &mut Vec<Diagnostic>) {
    for (_, route) in script.routes.iter() {
        walk(&route.body.stmts, &mut |node| match node {
            Node::Arith(Arith { kind: ArithKind::Str(text), .. }) => {
                found.extend(literal(script, text).map(|(d, format)| joined(d, text.span, &format)));
            }
            Node::Compare(Compare { right: CompareRight::Str(text), op, .. })
                if !matches!(op, CmpOp::Match | CmpOp::NotMatch) =>
            {
                found.extend(literal(script, text).map(|(d, format)| alone(d, text.span, &format)));
            }
            Node::Command(command) => found.extend(of_command(script, command)),
            Node::Stmts(stmts) => found.extend(labels(stmts).filter_map(|text| Some(literal(script, text)?.0))),
            Node::Compare(_) | Node::Arith(_) | Node::Cond(_) | Node::Assign(_) | Node::Call(..) | Node::Var(..) => {}
        });
    }
}

/// `$var(n) > "10"`: 5 is above it.
pub fn order(script: &Script<'_>, found: &mut Vec<Diagnostic>) {
    each_comparison(script, &mut |compare| {
        let CompareRight::Str(text) = &compare.right else { return };
        let orders = matches!(compare.op, CmpOp::Lt | CmpOp::Gt | CmpOp::Le | CmpOp::Ge);
        let Some(number) = number(&text.value).filter(|_| orders) else { return };
        let message = format!("`\"{number}\"` is text: values are compared letter by letter, and 5 is above 10");
        let diagnostic = Diagnostic::new(codes::TEXT_ORDER, text.span, message);
        found.push(diagnostic.help("write the number without quotes").fix(
            text.span,
            number.to_string(),
            Applicability::MaybeIncorrect,
        ));
    });
}

/// A variable that only ever holds text is never equal to a number: comparing them is an error.
pub fn numbers_of_texts(script: &Script<'_>, found: &mut Vec<Diagnostic>) {
    each_comparison(script, &mut |compare| {
        let CompareRight::Int(int) = &compare.right else { return };
        if !holds_text(script, &compare.left) {
            return;
        }
        let message =
            format!("`{}` holds text: comparing it with a number is an error, and so false", compare.left.text);
        let diagnostic = Diagnostic::new(codes::TEXT_AND_NUMBER, int.span, message);
        found.push(diagnostic.note("so is its negation").help("write the number in quotes").fix(
            int.span,
            format!("\"{}\"", int.value),
            Applicability::MaybeIncorrect,
        ));
    });
}

/// `$rU = 5` fails: a literal number has no text.
pub fn numbers_for_texts(script: &Script<'_>, found: &mut Vec<Diagnostic>) {
    for (_, route) in script.routes.iter() {
        walk(&route.body.stmts, &mut |node| {
            let Node::Assign(Assign { target, op: AssignOp::Set | AssignOp::Replace, value, .. }) = node else {
                return;
            };
            let AssignValue::Arith(Arith { kind: ArithKind::Int(int), .. }) = value else { return };
            if needs_text(script, target) {
                let message =
                    format!("`{}` takes text, and a literal number has none: the statement fails", target.text);
                let diagnostic = Diagnostic::new(codes::TEXT_AND_NUMBER, int.span, message);
                let quoted = format!("\"{}\"", int.value);
                found.push(diagnostic.help("write the number in quotes").fix(
                    int.span,
                    quoted,
                    Applicability::MaybeIncorrect,
                ));
            }
        });
    }
}

/// Number labels never fit a text.
pub fn labels_of_texts(script: &Script<'_>, found: &mut Vec<Diagnostic>) {
    for (_, route) in script.routes.iter() {
        walk(&route.body.stmts, &mut |node| {
            let Node::Stmts(stmts) = node else { return };
            for switch in switches(stmts).filter(|switch| holds_text(script, &switch.subject)) {
                let ints = switch.cases.iter().filter_map(|case| match &case.label {
                    CaseLabel::Int(int) => Some(int),
                    CaseLabel::Str(_) | CaseLabel::Bad(_) => None,
                });
                found.extend(ints.map(|int| {
                    let message = format!("`{}` holds text, which no number fits", switch.subject.text);
                    let diagnostic = Diagnostic::new(codes::TEXT_AND_NUMBER, int.span, message);
                    let quoted = format!("\"{}\"", int.value);
                    diagnostic.help("write the label in quotes").fix(int.span, quoted, Applicability::MaybeIncorrect)
                }));
            }
        });
    }
}

/// A `for` over anything but all the values of a variable is skipped.
pub fn sources_of_loops(script: &Script<'_>, found: &mut Vec<Diagnostic>) {
    for (_, route) in script.routes.iter() {
        walk(&route.body.stmts, &mut |node| {
            let Node::Stmts(stmts) = node else { return };
            for stmt in stmts {
                let StmtKind::For(each) = &stmt.kind else { continue };
                let Ok(source) = each.source.parse() else { continue };
                if source.index != Some(Index::All) && is_known(script, &source) {
                    found.push(skipped(&each.source, &source));
                }
            }
        });
    }
}

fn skipped(token: &VarToken, source: &VarRef) -> Diagnostic {
    let message = format!("the loop is skipped: `{}` is one value, not all of them", token.text);
    let found = Diagnostic::new(codes::FOR_SOURCE, token.span, message);
    let sub = source.sub.as_ref().map(|s| format!("({})", s.text)).unwrap_or_default();
    let all = format!("$({}{sub}[*])", source.name);
    let found = found.help(format!("write `{all}`"));
    match (&source.index, source.context, source.transforms.is_empty()) {
        (None, None, true) => found.fix(token.span, all, Applicability::MachineApplicable),
        _ => found,
    }
}

fn holds_text(script: &Script<'_>, var: &VarToken) -> bool {
    let only_texts = script.held.get(&var.text).is_some_and(|held| !held.other && !held.texts.is_empty());
    only_texts || signature(script, var).is_some_and(|sig| sig.text_only)
}

fn needs_text(script: &Script<'_>, var: &VarToken) -> bool {
    signature(script, var).is_some_and(|sig| sig.needs_text)
}

fn signature<'a>(script: &Script<'a>, var: &VarToken) -> Option<&'a PvarSignature> {
    let parsed = var.parse().ok().filter(|v| v.transforms.is_empty())?;
    let row = script.variable(&parsed.name, parsed.sub.is_some(), var.span.start);
    row.row().map(|(sig, _)| *sig)
}

fn each_comparison(script: &Script<'_>, f: &mut dyn FnMut(&Compare)) {
    for (_, route) in script.routes.iter() {
        walk(&route.body.stmts, &mut |node| {
            if let Node::Compare(compare) = node {
                f(compare);
            }
        });
    }
}

fn of_command(script: &Script<'_>, command: &Command) -> Vec<Diagnostic> {
    let handed = |values: &[Literal]| {
        let texts = values.iter().filter_map(|v| if let Literal::Str(text) = v { Some(text) } else { None });
        let found = texts.filter_map(|text| literal(script, text).map(|(d, format)| alone(d, text.span, &format)));
        found.collect()
    };
    match &command.kind {
        CommandKind::Route(call) => handed(&call.args),
        CommandKind::Return(done) => handed(&done.values),
        CommandKind::Log { text, .. } => {
            literal(script, text).map(|(d, _)| d.help("`xlog` expands variables")).into_iter().collect()
        }
        CommandKind::Call(_)
        | CommandKind::Exit
        | CommandKind::Drop
        | CommandKind::Assert { .. }
        | CommandKind::Error { .. }
        | CommandKind::Xlog(_)
        | CommandKind::Async(_)
        | CommandKind::Launch(_)
        | CommandKind::Bad => Vec::new(),
    }
}

fn switches(stmts: &[Stmt]) -> impl Iterator<Item = &Switch> {
    stmts.iter().filter_map(|s| if let StmtKind::Switch(switch) = &s.kind { Some(switch) } else { None })
}

fn labels(stmts: &[Stmt]) -> impl Iterator<Item = &StrLit> {
    let cases = switches(stmts).flat_map(|switch| &switch.cases);
    cases.filter_map(|case| if let CaseLabel::Str(text) = &case.label { Some(text) } else { None })
}

/// A literal string in which a variable that exists here is written.
fn literal(script: &Script<'_>, text: &StrLit) -> Option<(Diagnostic, FormatString)> {
    let format = text.format().ok()?;
    let var = format.vars().find(|var| is_known(script, var))?;
    let message = format!("`{var}` is not expanded: this string is taken as it stands");
    Some((Diagnostic::new(codes::UNEXPANDED, var.span, message), format))
}

fn is_known(script: &Script<'_>, var: &VarRef) -> bool {
    matches!(script.variable(&var.name, var.sub.is_some(), var.span.start), Resolved::Row((sig, _)) if sig.sub.takes(var.sub.is_some()))
}

/// With the fix for a string that is nothing but a variable.
fn alone(found: Diagnostic, at: Span, format: &FormatString) -> Diagnostic {
    match format.pieces.as_slice() {
        [Piece::Var(var)] => {
            found.help("write the variable without quotes").fix(at, var.to_string(), Applicability::MaybeIncorrect)
        }
        _ => found.help("build the value in a variable first: `$var(text) = \"...\" + $name;`"),
    }
}

/// With the fix for a value: texts and variables joined by `+`.
fn joined(found: Diagnostic, at: Span, format: &FormatString) -> Diagnostic {
    if format.pieces.len() == 1 {
        return alone(found, at, format);
    }
    // The first operand decides that the sum is text.
    let first = matches!(format.pieces.first(), Some(Piece::Var(_))).then(|| "\"\"".to_owned());
    let operands: Option<Vec<String>> = format.pieces.iter().map(operand).collect();
    let found = found.help("join texts and variables with `+`");
    match operands {
        Some(operands) => {
            let sum: Vec<String> = first.into_iter().chain(operands).collect();
            found.fix(at, sum.join(" + "), Applicability::MaybeIncorrect)
        }
        None => found,
    }
}

/// As source text; `None` for what needs escapes that a reader would not expect in a fix.
fn operand(piece: &Piece) -> Option<String> {
    match piece {
        Piece::Var(var) => Some(var.to_string()),
        Piece::Text(text) => {
            let text = std::str::from_utf8(text).ok()?;
            let plain = text.chars().all(|c| !c.is_control() && !matches!(c, '"' | '\\'));
            plain.then(|| format!("\"{text}\""))
        }
    }
}

fn number(text: &[u8]) -> Option<i32> {
    std::str::from_utf8(text).ok()?.parse().ok()
}
