//! Every node of a route's body, in the order of the text.
use crate::syntax::ast::{
    Arith, ArithKind, Assign, AssignOp, AssignValue, Call, Command, CommandKind, Compare, CompareRight, Cond, CondKind,
    If, Literal, ReturnCode, RouteTarget, Stmt, StmtKind, Switch, VarToken,
};

#[derive(Clone, Copy)]
pub enum Node<'a> {
    /// A list of statements: a body, a `case`.
    Stmts(&'a [Stmt]),
    Cond(&'a Cond),
    Arith(&'a Arith),
    Compare(&'a Compare),
    Assign(&'a Assign),
    Command(&'a Command),
    Call(&'a Call, CallForm),
    /// A variable anywhere but as argument of a call.
    Var(&'a VarToken, Access),
}

/// How a function is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallForm {
    Direct,
    Async,
    Launch,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    Read,
    Write,
    /// `+=` and its kin.
    Update,
    /// Assigned by `for`.
    Iterate,
}

pub fn walk<'a>(stmts: &'a [Stmt], f: &mut dyn FnMut(Node<'a>)) {
    f(Node::Stmts(stmts));
    for stmt in stmts {
        statement(stmt, f);
    }
}

fn statement<'a>(stmt: &'a Stmt, f: &mut dyn FnMut(Node<'a>)) {
    match &stmt.kind {
        StmtKind::Empty | StmtKind::Break | StmtKind::Bad => {}
        StmtKind::Assign(assign) => assignment(assign, f),
        StmtKind::Command(command) => self::command(command, f),
        StmtKind::If(branch) => conditional(branch, f),
        StmtKind::While(turn) => {
            walk_condition(&turn.cond, f);
            walk(&turn.body.stmts, f);
        }
        StmtKind::For(each) => {
            f(Node::Var(&each.source, Access::Read));
            f(Node::Var(&each.iter, Access::Iterate));
            walk(&each.body.stmts, f);
        }
        StmtKind::Switch(switch) => cases(switch, f),
    }
}

fn conditional<'a>(branch: &'a If, f: &mut dyn FnMut(Node<'a>)) {
    for arm in &branch.arms {
        walk_condition(&arm.cond, f);
        walk(&arm.body.stmts, f);
    }
    if let Some(otherwise) = &branch.otherwise {
        walk(&otherwise.stmts, f);
    }
}

fn cases<'a>(switch: &'a Switch, f: &mut dyn FnMut(Node<'a>)) {
    f(Node::Var(&switch.subject, Access::Read));
    for case in &switch.cases {
        walk(&case.stmts, f);
    }
    if let Some(default) = &switch.default {
        walk(&default.stmts, f);
    }
}

fn assignment<'a>(assign: &'a Assign, f: &mut dyn FnMut(Node<'a>)) {
    f(Node::Assign(assign));
    if let AssignValue::Arith(value) = &assign.value {
        arithmetic(value, f);
    }
    let plain = matches!(assign.op, AssignOp::Set | AssignOp::Replace);
    f(Node::Var(&assign.target, if plain { Access::Write } else { Access::Update }));
}

pub fn walk_condition<'a>(cond: &'a Cond, f: &mut dyn FnMut(Node<'a>)) {
    f(Node::Cond(cond));
    match &cond.kind {
        CondKind::Chain { first, rest } => {
            walk_condition(first, f);
            rest.iter().for_each(|link| walk_condition(&link.right, f));
        }
        CondKind::Not(inner) | CondKind::Paren(inner) => walk_condition(inner, f),
        CondKind::Arith(value) => arithmetic(value, f),
        CondKind::Compare(compare) => comparison(compare, f),
        CondKind::Int(_) | CondKind::Bad => {}
        CondKind::Var(var) => f(Node::Var(var, Access::Read)),
        CondKind::Command(command) => self::command(command, f),
        CondKind::Assign(assign) => assignment(assign, f),
        CondKind::If(branch) => conditional(branch, f),
        CondKind::Block(block) => walk(&block.stmts, f),
    }
}

fn arithmetic<'a>(arith: &'a Arith, f: &mut dyn FnMut(Node<'a>)) {
    f(Node::Arith(arith));
    match &arith.kind {
        ArithKind::Int(_) | ArithKind::Str(_) | ArithKind::Bad => {}
        ArithKind::Var(var) => f(Node::Var(var, Access::Read)),
        ArithKind::Compare(compare) => comparison(compare, f),
        ArithKind::Command(command) => self::command(command, f),
        ArithKind::Chain { first, rest } => {
            arithmetic(first, f);
            rest.iter().for_each(|link| arithmetic(&link.right, f));
        }
        ArithKind::Complement(inner) | ArithKind::Paren(inner) => arithmetic(inner, f),
    }
}

fn comparison<'a>(compare: &'a Compare, f: &mut dyn FnMut(Node<'a>)) {
    f(Node::Compare(compare));
    f(Node::Var(&compare.left, Access::Read));
    if let CompareRight::Var(var) = &compare.right {
        f(Node::Var(var, Access::Read));
    }
}

fn command<'a>(command: &'a Command, f: &mut dyn FnMut(Node<'a>)) {
    f(Node::Command(command));
    match &command.kind {
        CommandKind::Call(call) => f(Node::Call(call, CallForm::Direct)),
        CommandKind::Async(job) => f(Node::Call(&job.call, CallForm::Async)),
        CommandKind::Launch(job) => f(Node::Call(&job.call, CallForm::Launch)),
        CommandKind::Route(call) => {
            if let RouteTarget::Var(var) = &call.target {
                f(Node::Var(var, Access::Read));
            }
            literals(&call.args, f);
        }
        CommandKind::Return(done) => {
            if let Some(ReturnCode::Var(var)) = &done.code {
                f(Node::Var(var, Access::Read));
            }
            literals(&done.values, f);
        }
        CommandKind::Assert { cond, .. } => walk_condition(cond, f),
        CommandKind::Exit
        | CommandKind::Drop
        | CommandKind::Log { .. }
        | CommandKind::Error { .. }
        | CommandKind::Xlog(_)
        | CommandKind::Bad => {}
    }
}

fn literals<'a>(values: &'a [Literal], f: &mut dyn FnMut(Node<'a>)) {
    for value in values {
        if let Literal::Var(var) = value {
            f(Node::Var(var, Access::Read));
        }
    }
}
