//! What must hold of every program: jumps stay in the code, numbers stay in their tables, temporaries in their route.
use super::program::*;

/// Something that lowering must never produce.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    pub at: Pc,
    pub what: &'static str,
}

pub fn verify(program: &Program) -> Result<(), Broken> {
    let fail = |at: usize, what| Err(Broken { at: at as Pc, what });
    if program.spans.len() != program.ops.len() {
        return fail(0, "an operation without a place");
    }
    for (id, route) in program.routes.iter().enumerate() {
        let end = program.routes.get(id + 1).map_or(program.ops.len(), |next| next.entry as usize);
        let Some(code) = program.ops.get(route.entry as usize..end) else {
            return fail(route.entry as usize, "a route outside of the code");
        };
        if !matches!(code.last(), Some(Op::End)) {
            return fail(end, "a route that does not end");
        }
        for (at, op) in (route.entry as usize..).zip(code) {
            if let Some(what) = fault(program, route, op, end as Pc) {
                return fail(at, what);
            }
        }
    }
    Ok(())
}

fn fault(program: &Program, route: &Route, op: &Op, end: Pc) -> Option<&'static str> {
    let mut astray = false;
    op.clone().jumps(&mut |to| astray |= *to < route.entry || *to >= end);
    if astray {
        return Some("a jump out of its route");
    }
    let mut found = None;
    references(op, &mut |reference| {
        let (in_bounds, what) = match reference {
            Ref::Var(id) => (id.index() < program.vars.len(), "a variable that is not there"),
            Ref::Format(id) => (id.index() < program.formats.len(), "a format that is not there"),
            Ref::Pattern(id) => (id.index() < program.patterns.len(), "a pattern that is not there"),
            Ref::Site(id) => (id.index() < program.sites.len(), "a call that is not there"),
            Ref::Route(id) => (id.index() < program.routes.len(), "a route that is not there"),
            Ref::Temp(temp) => (temp.0 < route.temps, "a temporary that is not there"),
        };
        if !in_bounds {
            found = Some(what);
        }
    });
    found
}

enum Ref {
    Var(VarId),
    Format(FormatId),
    Pattern(PatternId),
    Site(SiteId),
    Route(RouteId),
    Temp(Temp),
}

type Visit<'a> = &'a mut dyn FnMut(Ref);

fn references(op: &Op, f: Visit<'_>) {
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
        Command::Report { route, param } => {
            route.iter().for_each(|id| f(Ref::Route(*id)));
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Span;
    use crate::registry::RouteKind;

    fn program(ops: Vec<Op>) -> Program {
        let route =
            Route { kind: RouteKind::Request, name: None, interval: None, entry: 0, temps: 1, span: Span::default() };
        Program { spans: vec![Span::default(); ops.len()], ops, routes: vec![route], ..Program::default() }
    }

    fn check(ops: Vec<Op>, expected: Result<(), &str>) {
        assert_eq!(verify(&program(ops)).map_err(|b| b.what), expected);
    }

    #[test]
    fn finds_what_lowering_must_not_make() {
        check(vec![Op::Jump(1), Op::End], Ok(()));
        check(vec![Op::Jump(2), Op::End], Err("a jump out of its route"));
        check(vec![Op::Jump(0)], Err("a route that does not end"));
        check(vec![Op::LoopStart(Temp(0)), Op::End], Ok(()));
        check(vec![Op::LoopStart(Temp(1)), Op::End], Err("a temporary that is not there"));
        check(vec![Op::Call(SiteId(0), After::Statement), Op::End], Err("a call that is not there"));
        let compare =
            Compare { left: Place::Slot(0), op: crate::syntax::ast::CmpOp::Match, right: Right::Pattern(PatternId(0)) };
        let branch = Op::Branch { cond: Box::new(Cond::Compare(compare)), truth: true, to: 1, error: 1 };
        check(vec![branch, Op::End], Err("a pattern that is not there"));
    }
}
