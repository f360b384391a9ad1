//! A program as text, for tests and for whoever wants to see what a script became.
use super::program::*;
use crate::registry::Catalog;
use crate::syntax::ast::{ArithOp, AssignOp, CmpOp, LogicOp};
use std::fmt::{Display, Write};

/// One line an operation, each route under its name. Jumps name the number of an operation.
pub fn dump(program: &Program, catalog: &Catalog) -> String {
    let show = Show { program, catalog };
    let mut out = String::new();
    for (at, op) in program.ops.iter().enumerate() {
        for route in program.routes.iter().filter(|r| r.entry as usize == at) {
            let name = route.name.as_ref().map(|n| format!("[{n}]")).unwrap_or_default();
            let _ = writeln!(out, "{}{name}", route.kind.keyword());
        }
        let _ = writeln!(out, "{at:4} {}", show.op(op));
    }
    out
}

struct Show<'a> {
    program: &'a Program,
    catalog: &'a Catalog,
}

impl Show<'_> {
    fn op(&self, op: &Op) -> String {
        match op {
            Op::Branch { cond, truth, to, error } => {
                let error = if error == to { String::new() } else { format!(", error -> {error}") };
                format!("if {} is {truth} -> {to}{error}", self.cond(cond))
            }
            Op::BranchCode { truth, to } => format!("if code is {truth} -> {to}"),
            Op::BranchAsserts { off } => format!("if asserts are off -> {off}"),
            Op::Jump(to) => format!("-> {to}"),
            Op::Assign(a) => {
                let value = a.value.as_ref().map_or("NULL".into(), |v| self.expr(v));
                format!("{} {} {value}", self.place(a.target), assign_sign(a.op))
            }
            Op::Spill { temp, value, error } => format!("t{} = {}, error -> {error}", temp.0, self.expr(value)),
            Op::Await(vars) => format!("await {}", joined(vars.iter().map(|v| self.var(*v)))),
            Op::Fail => "fail".into(),
            Op::KeepCode(temp) => format!("t{} = code", temp.0),
            Op::Call(site, after) => format!("{}{}", keeps(*after), self.site(*site)),
            Op::CallRoute(call, after) => format!("{}route({})", keeps(*after), self.route_call(call)),
            Op::Command(command, after) => format!("{}{}", keeps(*after), self.command(command)),
            Op::SetCode { code, rc } => format!("code = {code}, rc = {rc}"),
            Op::LoopStart(counter) => format!("t{} = 0", counter.0),
            Op::LoopTurn { counter, end } => format!("count t{}, limit -> {end}", counter.0),
            Op::ForNext(each) => {
                let source = self.var(each.source);
                format!("{} = next of {source} by t{}, end -> {}", self.place(each.target), each.index.0, each.end)
            }
            Op::Switch(switch) => self.switch(switch),
            Op::End => "end".into(),
        }
    }

    fn switch(&self, switch: &Switch) -> String {
        let cases = switch.cases.iter().map(|(label, at)| match label {
            Label::Int(i) => format!("{i} -> {at}"),
            Label::Str(s) => format!("{s:?} -> {at}"),
        });
        let cases = joined(cases);
        format!("switch {}: {cases}, else -> {}", self.place(switch.subject), switch.otherwise)
    }

    fn cond(&self, cond: &Cond) -> String {
        match cond {
            Cond::Chain(first, rest) => {
                let rest = rest.iter().map(|(op, c)| {
                    let word = match op {
                        LogicOp::And => "and",
                        LogicOp::Or => "or",
                    };
                    format!(" {word} {}", self.cond(c))
                });
                format!("({}{})", self.cond(first), rest.collect::<String>())
            }
            Cond::Not(inner) => format!("not {}", self.cond(inner)),
            Cond::Const(truth) => truth.to_string(),
            Cond::Truth(place) => self.place(*place),
            Cond::Compare(c) => self.compare(c),
            Cond::Value(value) => format!("[{}]", self.expr(value)),
        }
    }

    fn compare(&self, c: &Compare) -> String {
        let right = match &c.right {
            Right::Place(place) => self.place(*place),
            Right::Str(s) => format!("{s:?}"),
            Right::Int(i) => i.to_string(),
            Right::Null => "NULL".into(),
            Right::Net(addr, None) => addr.to_string(),
            Right::Net(addr, Some(bits)) => format!("{addr}/{bits}"),
            Right::Pattern(id) => self.program.patterns.get(id.index()).map_or("?".into(), |p| format!("/{}/", p.text)),
        };
        format!("{} {} {right}", self.place(c.left), compare_sign(c.op))
    }

    fn expr(&self, expr: &Expr) -> String {
        match expr {
            Expr::Int(i) => i.to_string(),
            Expr::Str(s) => format!("{s:?}"),
            Expr::Place(place) => self.place(*place),
            Expr::Temp { temp, .. } => format!("t{}", temp.0),
            Expr::Compare(c) => format!("({})", self.compare(c)),
            Expr::Chain(first, rest) => {
                let rest = rest.iter().map(|(op, e)| format!(" {} {}", arith_sign(*op), self.expr(e)));
                format!("({}{})", self.expr(first), rest.collect::<String>())
            }
            Expr::Complement(inner) => format!("~{}", self.expr(inner)),
        }
    }

    fn command(&self, command: &Command) -> String {
        match command {
            Command::Return { code, values } => {
                let code = match code {
                    ReturnCode::Int(i) => i.to_string(),
                    ReturnCode::Place(place) => self.place(*place),
                };
                let values = values.iter().map(|v| format!(", {}", self.literal(v)));
                format!("return({code}{})", values.collect::<String>())
            }
            Command::Exit => "exit".into(),
            Command::Drop => "drop".into(),
            Command::AssertFailed(text) => format!("assertion failed {text:?}"),
            Command::Log { level, text } => format!("log({level}, {text:?})"),
            Command::Xlog { level, format } => {
                let level = match level {
                    LevelSource::Default => "default".into(),
                    LevelSource::Fixed(n) => n.to_string(),
                    LevelSource::Place(place) => self.place(*place),
                };
                format!("xlog({level}, {})", self.format(*format))
            }
            Command::NotAList => "not a list".into(),
            Command::Placeholder => "placeholder".into(),
            Command::Resume(route) => format!("resume in {}", self.route(*route)),
            Command::Async { site, seconds: 0 } => format!("async {}", self.site(*site)),
            Command::Async { site, seconds } => format!("async {} for {seconds} s", self.site(*site)),
            Command::Launch { site, report, param } => {
                let report = report.map(|r| format!(", report to {}", self.route(Some(r)))).unwrap_or_default();
                let param = param.map(|p| format!(" with {}", self.format(p))).unwrap_or_default();
                format!("launch {}{report}{param}", self.site(*site))
            }
        }
    }

    fn route_call(&self, call: &RouteCall) -> String {
        let target = match &call.target {
            RouteTarget::Static(id) => self.route(Some(*id)),
            RouteTarget::Var(id) => self.var(*id),
            RouteTarget::Format(id) => self.format(*id),
        };
        let args = call.args.iter().flat_map(|a| a.iter()).map(|a| format!(", {}", self.literal(a)));
        format!("{target}{}", args.collect::<String>())
    }

    fn literal(&self, literal: &Literal) -> String {
        match literal {
            Literal::Null => "NULL".into(),
            Literal::Int(i) => i.to_string(),
            Literal::Str(s) => format!("{s:?}"),
            Literal::Place(place) => self.place(*place),
        }
    }

    fn site(&self, id: SiteId) -> String {
        let Some(site) = self.program.sites.get(id.index()) else { return "?".into() };
        let args = site.args.iter().map(|arg| match arg {
            Argument::Omitted => String::new(),
            Argument::Int(i) => i.to_string(),
            Argument::Text(s) | Argument::Words(s) | Argument::Flag(_, s) => format!("{s:?}"),
            Argument::Substitution { text, .. } | Argument::Notation { text, .. } => format!("{text:?}"),
            Argument::Format(id) => self.format(*id),
            Argument::Var(id) => self.var(*id),
            Argument::Pattern(id) => {
                self.program.patterns.get(id.index()).map_or("?".into(), |p| format!("/{}/", p.text))
            }
        });
        format!("{}({})", self.catalog.function(site.function).1.name, joined(args))
    }

    fn place(&self, place: Place) -> String {
        match place {
            Place::Var(id) => self.var(id),
            Place::Slot(slot) => format!("slot {slot}"),
        }
    }

    fn var(&self, id: VarId) -> String {
        self.program.vars.get(id.index()).map_or("?".into(), |v| v.text.to_string())
    }

    fn route(&self, id: Option<RouteId>) -> String {
        let route = id.and_then(|id| self.program.routes.get(id.index()));
        route.and_then(|r| r.name.as_ref()).map_or("?".into(), |n| n.to_string())
    }

    fn format(&self, id: FormatId) -> String {
        let pieces = self.program.formats.get(id.index()).map(Vec::as_slice).unwrap_or_default();
        let text = pieces.iter().map(|piece| match piece {
            Piece::Text(text) => text.to_string(),
            Piece::Var(var) => format!("{{{}}}", self.var(*var)),
        });
        format!("{:?}", text.collect::<String>())
    }
}

fn joined(parts: impl Iterator<Item = impl Display>) -> String {
    parts.map(|p| p.to_string()).collect::<Vec<_>>().join(", ")
}

fn keeps(after: After) -> String {
    match after {
        After::Statement => String::new(),
        After::Operand(temp) => format!("t{} = ", temp.0),
    }
}

const fn assign_sign(op: AssignOp) -> &'static str {
    match op {
        AssignOp::Set => "=",
        AssignOp::Replace => ":=",
        AssignOp::Add => "+=",
        AssignOp::Sub => "-=",
        AssignOp::Mul => "*=",
        AssignOp::Div => "/=",
        AssignOp::Mod => "%=",
        AssignOp::And => "&=",
        AssignOp::Or => "|=",
        AssignOp::Xor => "^=",
    }
}

const fn compare_sign(op: CmpOp) -> &'static str {
    match op {
        CmpOp::Eq => "==",
        CmpOp::Ne => "!=",
        CmpOp::Lt => "<",
        CmpOp::Gt => ">",
        CmpOp::Le => "<=",
        CmpOp::Ge => ">=",
        CmpOp::Match => "=~",
        CmpOp::NotMatch => "!~",
    }
}

const fn arith_sign(op: ArithOp) -> &'static str {
    match op {
        ArithOp::Add => "+",
        ArithOp::Sub => "-",
        ArithOp::Mul => "*",
        ArithOp::Div => "/",
        ArithOp::Mod => "%",
        ArithOp::And => "&",
        ArithOp::Or => "|",
        ArithOp::Xor => "^",
        ArithOp::ShiftLeft => "<<",
        ArithOp::ShiftRight => ">>",
    }
}
