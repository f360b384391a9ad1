//! Cases about how operators group: each line is `TEXT => the tree with all its parentheses`.
use super::Outcome;
use super::document::Case;
use sipscript::syntax::ast::*;
use sipscript::syntax::{Source, parse};

pub fn values(case: &Case) -> Outcome {
    each_line(case, |text| {
        let route = route(&format!("route {{ $var(r) = {text}; }}"));
        match &route.body.stmts.first().expect("a statement").kind {
            StmtKind::Assign(Assign { value: AssignValue::Arith(value), .. }) => arith(value),
            other => format!("{other:?}"),
        }
    })
}

pub fn conds(case: &Case) -> Outcome {
    each_line(case, |text| {
        let route = route(&format!("route {{ if ({text}) exit; }}"));
        match &route.body.stmts.first().expect("a statement").kind {
            StmtKind::If(node) => cond(&node.arms.first().expect("an `if` has an arm").cond),
            other => format!("{other:?}"),
        }
    })
}

fn each_line(case: &Case, show: impl Fn(&str) -> String) -> Outcome {
    let lines = case.body.lines().map(|line| {
        let text = line.split_once(" => ").map_or(line, |(text, _)| text).trim_end();
        format!("{text} => {}\n", show(text))
    });
    Outcome::Own(lines.collect())
}

fn route(script: &str) -> Route {
    let parse = parse(&Source::single("line.cfg", script.as_bytes()));
    assert!(parse.errors.is_empty(), "{script}: {:?}", parse.errors);
    parse.ast.routes().next().expect("a route").clone()
}

fn cond(c: &Cond) -> String {
    match &c.kind {
        CondKind::Chain { first, rest } => rest.iter().fold(cond(first), |left, link| {
            let op = if link.op == LogicOp::And { "and" } else { "or" };
            format!("({left} {op} {})", cond(&link.right))
        }),
        CondKind::Not(inner) => format!("!{}", cond(inner)),
        CondKind::Paren(inner) => cond(inner),
        CondKind::Arith(value) => format!("[{}]", arith(value)),
        CondKind::Compare(c) => compare(c),
        CondKind::Int(i) => i.value.to_string(),
        CondKind::Var(v) => v.text.clone(),
        CondKind::Command(c) => command(c),
        CondKind::Assign(a) => match &a.value {
            AssignValue::Null(_) => format!("({} = NULL)", a.target.text),
            AssignValue::Arith(value) => format!("({} = {})", a.target.text, arith(value)),
        },
        CondKind::If(_) => "if".to_owned(),
        CondKind::Block(_) => "{}".to_owned(),
        CondKind::Bad => "?".to_owned(),
    }
}

fn arith(a: &Arith) -> String {
    match &a.kind {
        ArithKind::Int(i) => i.value.to_string(),
        ArithKind::Str(s) => format!("{:?}", s.value),
        ArithKind::Var(v) => v.text.clone(),
        ArithKind::Compare(c) => compare(c),
        ArithKind::Command(c) => command(c),
        ArithKind::Chain { first, rest } => {
            rest.iter().fold(arith(first), |left, link| format!("({left} {:?} {})", link.op, arith(&link.right)))
        }
        ArithKind::Complement(inner) => format!("~{}", arith(inner)),
        ArithKind::Paren(inner) => arith(inner),
        ArithKind::Bad => "?".to_owned(),
    }
}

fn compare(c: &Compare) -> String {
    let right = match &c.right {
        CompareRight::Var(v) => v.text.clone(),
        CompareRight::Str(s) => format!("{:?}", s.value),
        CompareRight::Int(i) => i.value.to_string(),
        CompareRight::Null(_) => "NULL".to_owned(),
        CompareRight::Net(n) => match n.bits {
            Some(bits) => format!("{}/{bits}", n.addr),
            None => n.addr.to_string(),
        },
    };
    format!("({} {:?} {right})", c.left.text, c.op)
}

fn command(c: &Command) -> String {
    match &c.kind {
        CommandKind::Call(call) => format!("{}()", call.name.text),
        other => format!("{other:?}").chars().take_while(|c| c.is_ascii_alphabetic()).collect(),
    }
}
