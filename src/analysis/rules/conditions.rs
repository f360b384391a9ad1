//! Traps of expressions: `=` for `==`, operators that OpenSIPS does not rank, sums that fail.
use crate::analysis::script::Script;
use crate::analysis::walk::{Node, walk};
use crate::diag::{Applicability, Diagnostic, codes};
use crate::syntax::ast::{Arith, ArithKind, ArithOp, Assign, AssignOp, AssignValue, Cond, CondKind, LogicOp, StmtKind};

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
