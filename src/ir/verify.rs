//! What must hold of every program: jumps stay in the code, numbers stay in their tables, temporaries in their route.
use super::program::*;
use super::references::{Ref, references};

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
