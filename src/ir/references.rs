//! What an operation refers to in the tables of its program.
use super::program::*;

pub enum Ref {
    Var(VarId),
    Format(FormatId),
    Pattern(PatternId),
    Site(SiteId),
    Route(RouteId),
    Temp(Temp),
}

type Visit<'a> = &'a mut dyn FnMut(Ref);

/// Calls `f` with everything that the operation itself names.
pub fn references(op: &Op, f: Visit<'_>) {
    match op {
        Op::Branch { cond, .. } => in_cond(cond, f),
        Op::Assign(a) => {
            in_place(a.target, f);
            a.value.iter().for_each(|v| in_expr(v, f));
        }
        Op::Spill { temp, value, .. } => {
            f(Ref::Temp(*temp));
            in_expr(value, f);
        }
        Op::Await(vars) => vars.iter().for_each(|id| f(Ref::Var(*id))),
        Op::KeepCode(temp) | Op::LoopStart(temp) | Op::LoopTurn { counter: temp, .. } => f(Ref::Temp(*temp)),
        Op::Call(site, after) => {
            f(Ref::Site(*site));
            in_after(*after, f);
        }
        Op::CallRoute(call, after) => {
            match call.target {
                RouteTarget::Static(id) => f(Ref::Route(id)),
                RouteTarget::Var(id) => f(Ref::Var(id)),
                RouteTarget::Format(id) => f(Ref::Format(id)),
            }
            in_literals(call.args.as_deref().unwrap_or_default(), f);
            in_after(*after, f);
        }
        Op::Command(command, after) => {
            in_command(command, f);
            in_after(*after, f);
        }
        Op::ForNext(each) => {
            in_place(each.target, f);
            f(Ref::Var(each.source));
            f(Ref::Temp(each.index));
        }
        Op::Switch(switch) => in_place(switch.subject, f),
        Op::BranchCode { .. } | Op::BranchAsserts { .. } | Op::Jump(_) | Op::Fail | Op::SetCode { .. } | Op::End => {}
    }
}

fn in_after(after: After, f: Visit<'_>) {
    if let After::Operand(temp) = after {
        f(Ref::Temp(temp));
    }
}

fn in_place(place: Place, f: Visit<'_>) {
    if let Place::Var(id) = place {
        f(Ref::Var(id));
    }
}

fn in_literals(values: &[Literal], f: Visit<'_>) {
    for value in values {
        if let Literal::Place(place) = value {
            in_place(*place, f);
        }
    }
}

fn in_cond(cond: &Cond, f: Visit<'_>) {
    match cond {
        Cond::Chain(first, rest) => {
            in_cond(first, f);
            rest.iter().for_each(|(_, c)| in_cond(c, f));
        }
        Cond::Not(inner) => in_cond(inner, f),
        Cond::Const(_) => {}
        Cond::Truth(place) => in_place(*place, f),
        Cond::Compare(c) => in_compare(c, f),
        Cond::Value(value) => in_expr(value, f),
    }
}

fn in_compare(c: &Compare, f: Visit<'_>) {
    in_place(c.left, f);
    match &c.right {
        Right::Place(place) => in_place(*place, f),
        Right::Pattern(id) => f(Ref::Pattern(*id)),
        Right::Str(_) | Right::Int(_) | Right::Null | Right::Net(..) => {}
    }
}

fn in_expr(expr: &Expr, f: Visit<'_>) {
    match expr {
        Expr::Int(_) | Expr::Str(_) => {}
        Expr::Place(place) => in_place(*place, f),
        Expr::Temp { temp, .. } => f(Ref::Temp(*temp)),
        Expr::Compare(c) => in_compare(c, f),
        Expr::Chain(first, rest) => {
            in_expr(first, f);
            rest.iter().for_each(|(_, e)| in_expr(e, f));
        }
        Expr::Complement(inner) => in_expr(inner, f),
    }
}

fn in_command(command: &Command, f: Visit<'_>) {
    match command {
        Command::Return { code, values } => {
            if let ReturnCode::Place(place) = code {
                in_place(*place, f);
            }
            in_literals(values, f);
        }
        Command::Xlog { level, format } => {
            if let LevelSource::Place(place) = level {
                in_place(*place, f);
            }
            f(Ref::Format(*format));
        }
        Command::Resume(route) => route.iter().for_each(|id| f(Ref::Route(*id))),
        Command::Async { site, .. } => f(Ref::Site(*site)),
        Command::Launch { site, report, param } => {
            f(Ref::Site(*site));
            report.iter().for_each(|id| f(Ref::Route(*id)));
            param.iter().for_each(|id| f(Ref::Format(*id)));
        }
        Command::Exit
        | Command::Drop
        | Command::AssertFailed(_)
        | Command::Log { .. }
        | Command::NotAList
        | Command::Placeholder => {}
    }
}
