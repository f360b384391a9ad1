//! Traps of expressions: `=` for `==`, operators that OpenSIPS does not rank, sums that fail.
use crate::analysis::script::Script;
use crate::analysis::sites::Usage;
use crate::analysis::walk::{Access, Node, walk};
use crate::base::Span;
use crate::diag::{Applicability, Diagnostic, codes};
use crate::registry::VarKind;
use crate::syntax::ast::{
    Arith, ArithKind, ArithOp, Assign, AssignOp, AssignValue, CommandKind, Cond, CondKind, LogicOp, Stmt, StmtKind,
};

pub fn assignments(script: &Script<'_>, found: &mut Vec<Diagnostic>) {
    each_node(script, &mut |node| {
        let Node::Cond(Cond { kind: CondKind::Assign(assign), .. }) = node else { return };
        found.extend(assigned(assign));
    });
}

/// What a call returns is often stored and tested at once; what is known when the script is written is not.
fn assigned(assign: &Assign) -> Option<Diagnostic> {
    let AssignValue::Arith(value) = &assign.value else { return None };
    if assign.op != AssignOp::Set || !matches!(value.kind, ArithKind::Int(_) | ArithKind::Str(_) | ArithKind::Var(_)) {
        return None;
    }
    let message = format!("this assigns to `{}`; it compares nothing", assign.target.text);
    Some(
        Diagnostic::new(codes::ASSIGN_IN_CONDITION, assign.op_span, message)
            .note("the condition is true whenever the assignment succeeds, also for 0")
            .help("write `==` to compare")
            .fix(assign.op_span, "==", Applicability::MaybeIncorrect),
    )
}

pub fn precedence(script: &Script<'_>, found: &mut Vec<Diagnostic>) {
    each_node(script, &mut |node| match node {
        Node::Cond(Cond { kind: CondKind::Chain { rest, .. }, .. }) => {
            // `a and b or c` means the same everywhere; `a or b and c` does not.
            let ops: Vec<LogicOp> = rest.iter().map(|link| link.op).collect();
            let first_or = ops.iter().position(|op| *op == LogicOp::Or);
            let behind = first_or.and_then(|at| rest.iter().skip(at).find(|link| link.op == LogicOp::And));
            if let Some(link) = behind {
                let message = "`and` does not bind tighter than the `or` before it";
                let found_here = Diagnostic::new(codes::MIXED_PRECEDENCE, link.op_span, message);
                found.push(
                    found_here.note("`a or b and c` is `(a or b) and c`").help("say with parentheses what is meant"),
                );
            }
        }
        Node::Arith(Arith { kind: ArithKind::Chain { rest, .. }, .. }) => {
            // As C ranks the operators of one level.
            let rank = |op: ArithOp| match op {
                ArithOp::Mul | ArithOp::Div | ArithOp::Mod => 1,
                ArithOp::Add | ArithOp::Sub => 0,
                ArithOp::ShiftLeft | ArithOp::ShiftRight => 3,
                ArithOp::And => 2,
                ArithOp::Xor => 1,
                ArithOp::Or => 0,
            };
            let tighter = rest.windows(2).find_map(|pair| match pair {
                [before, link] if rank(link.op) > rank(before.op) => Some(link),
                _ => None,
            });
            if let Some(link) = tighter {
                let message = "this operator does not bind tighter than the one before it";
                let found_here = Diagnostic::new(codes::MIXED_PRECEDENCE, link.op_span, message);
                let note = if link.op.binds_tighter() { "`1 + 2 * 3` is 9" } else { "`2 | 1 << 3` is 24" };
                found.push(found_here.note(note).help("say with parentheses what is meant"));
            }
        }
        _ => {}
    });
}

/// A literal zero behind `/` and `%`: 0 in an expression, an error in an assignment.
pub fn zero_divisors(script: &Script<'_>, found: &mut Vec<Diagnostic>) {
    let is_zero = |arith: &Arith| matches!(&arith.kind, ArithKind::Int(int) if int.value == 0);
    each_node(script, &mut |node| match node {
        Node::Arith(Arith { kind: ArithKind::Chain { rest, .. }, .. }) => {
            let by_zero =
                rest.iter().filter(|link| matches!(link.op, ArithOp::Div | ArithOp::Mod) && is_zero(&link.right));
            found.extend(by_zero.map(|link| {
                let diagnostic = Diagnostic::new(codes::ZERO_DIVISOR, link.right.span, "division by zero");
                diagnostic.note("the result is 0, and the statement goes on")
            }));
        }
        Node::Assign(Assign { op: AssignOp::Div | AssignOp::Mod, value: AssignValue::Arith(value), .. })
            if is_zero(value) =>
        {
            let diagnostic = Diagnostic::new(codes::ZERO_DIVISOR, value.span, "division by zero");
            found.push(diagnostic.note("the statement fails here, and ends the process of OpenSIPS"));
        }
        _ => {}
    });
}

/// `$avp(x) += 1` reads the newest value and pushes another in front of it.
pub fn pushed_sums(script: &Script<'_>, found: &mut Vec<Diagnostic>) {
    for site in script.vars.iter().filter(|site| site.usage == Usage::Access(Access::Update)) {
        let var = &site.var;
        let row = script.variable(&var.name, var.sub.is_some(), var.span.start);
        let is_stack = row.row().is_some_and(|(sig, _)| sig.kind == VarKind::Avp);
        if !is_stack || var.index.is_some() {
            continue;
        }
        let sub = var.sub.as_ref().map(|s| format!("({})", s.text)).unwrap_or_default();
        let first = format!("$({}{sub}[0])", var.name);
        let message = format!("`{var}` keeps its old value behind the new one");
        let diagnostic = Diagnostic::new(codes::PUSHED_SUM, var.span, message);
        found.push(diagnostic.help(format!("write `{first}`")).fix(var.span, first, Applicability::MaybeIncorrect));
    }
}

/// A last case that certainly does not end runs on into `default`.
pub fn fall_through(script: &Script<'_>, found: &mut Vec<Diagnostic>) {
    let runs_on = |stmt: &&Stmt| match &stmt.kind {
        StmtKind::Assign(_) => true,
        StmtKind::Command(command) => matches!(command.kind, CommandKind::Xlog(_) | CommandKind::Log { .. }),
        _ => false,
    };
    each_node(script, &mut |node| {
        let Node::Stmts(stmts) = node else { return };
        for stmt in stmts {
            let StmtKind::Switch(switch) = &stmt.kind else { continue };
            let (Some(case), Some(default)) = (switch.cases.last(), &switch.default) else { continue };
            if let Some(last) = case.stmts.last().filter(runs_on) {
                let diagnostic = Diagnostic::new(codes::FALL_THROUGH, last.span, "this goes on into `default`");
                let diagnostic = diagnostic.label(default.span, "which runs too").help("end the case by `break;`");
                found.push(diagnostic.fix(Span::at(last.span.end), " break;", Applicability::MaybeIncorrect));
            }
        }
    });
}

/// The body's code decides whether a loop goes on, and an empty one has none.
pub fn empty_loops(script: &Script<'_>, found: &mut Vec<Diagnostic>) {
    each_node(script, &mut |node| {
        let Node::Stmts(stmts) = node else { return };
        for stmt in stmts {
            let StmtKind::While(turn) = &stmt.kind else { continue };
            if turn.body.stmts.iter().all(|s| matches!(s.kind, StmtKind::Empty)) {
                let message = "this loop tests its condition once: there is nothing in it";
                let diagnostic = Diagnostic::new(codes::EMPTY_LOOP, turn.body.span, message);
                found.push(diagnostic.help("put a statement into it: `while (...) { $var(n) += 1; }`"));
            }
        }
    });
}

/// `"abc" + 1` and `1 + "abc"` have no value: a literal number has no text, a literal text no number.
pub fn sums(script: &Script<'_>, found: &mut Vec<Diagnostic>) {
    each_node(script, &mut |node| {
        let Node::Arith(Arith { kind: ArithKind::Chain { first, rest }, .. }) = node else { return };
        let Some(link) = rest.first() else { return };
        let mixed = matches!(
            (&first.kind, &link.right.kind),
            (ArithKind::Str(_), ArithKind::Int(_)) | (ArithKind::Int(_), ArithKind::Str(_))
        );
        if mixed {
            let message = "a string and a number have no sum: the statement fails";
            let found_here = Diagnostic::new(codes::STRING_PLUS_INT, link.op_span, message);
            found.push(found_here.note("the target keeps its value and the statement's code is -1"));
        }
    });
}

fn each_node(script: &Script<'_>, f: &mut dyn FnMut(Node<'_>)) {
    for (_, route) in script.routes.iter() {
        walk(&route.body.stmts, &mut |node| f(node));
    }
}
