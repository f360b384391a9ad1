//! Walks over trees. Implement [`Visit`] for what you look for; each default method goes on to the children.
use super::ast::*;

pub trait Visit<'a>: Sized {
    fn item(&mut self, item: &'a Item) {
        walk_item(self, item);
    }

    fn route(&mut self, route: &'a Route) {
        self.block(&route.body);
    }

    fn block(&mut self, block: &'a Block) {
        block.stmts.iter().for_each(|s| self.stmt(s));
    }

    fn stmt(&mut self, stmt: &'a Stmt) {
        walk_stmt(self, stmt);
    }

    fn if_stmt(&mut self, node: &'a If) {
        walk_if(self, node);
    }

    fn assign(&mut self, assign: &'a Assign) {
        walk_assign(self, assign);
    }

    fn cond(&mut self, cond: &'a Cond) {
        walk_cond(self, cond);
    }

    fn compare(&mut self, compare: &'a Compare) {
        walk_compare(self, compare);
    }

    fn arith(&mut self, arith: &'a Arith) {
        walk_arith(self, arith);
    }

    fn command(&mut self, command: &'a Command) {
        walk_command(self, command);
    }

    fn call(&mut self, call: &'a Call) {
        walk_call(self, call);
    }

    fn literal(&mut self, literal: &'a Literal) {
        if let Literal::Var(var) = literal {
            self.var(var);
        }
    }

    /// Every variable token, read or written.
    fn var(&mut self, _var: &'a VarToken) {}
}

pub fn walk_ast<'a>(v: &mut impl Visit<'a>, ast: &'a Ast) {
    ast.items.iter().for_each(|i| v.item(i));
}

pub fn walk_item<'a>(v: &mut impl Visit<'a>, item: &'a Item) {
    if let Item::Route(route) = item {
        v.route(route);
    }
}

pub fn walk_stmt<'a>(v: &mut impl Visit<'a>, stmt: &'a Stmt) {
    match &stmt.kind {
        StmtKind::Empty | StmtKind::Break | StmtKind::Bad => {}
        StmtKind::Assign(assign) => v.assign(assign),
        StmtKind::Command(command) => v.command(command),
        StmtKind::If(node) => v.if_stmt(node),
        StmtKind::While(node) => {
            v.cond(&node.cond);
            v.block(&node.body);
        }
        StmtKind::For(node) => {
            v.var(&node.iter);
            v.var(&node.source);
            v.block(&node.body);
        }
        StmtKind::Switch(node) => {
            v.var(&node.subject);
            node.cases.iter().flat_map(|c| &c.stmts).for_each(|s| v.stmt(s));
            node.default.iter().flat_map(|d| &d.stmts).for_each(|s| v.stmt(s));
        }
    }
}

pub fn walk_if<'a>(v: &mut impl Visit<'a>, node: &'a If) {
    for arm in &node.arms {
        v.cond(&arm.cond);
        v.block(&arm.body);
    }
    if let Some(block) = &node.otherwise {
        v.block(block);
    }
}

/// The value before the target, as they are evaluated.
pub fn walk_assign<'a>(v: &mut impl Visit<'a>, assign: &'a Assign) {
    match &assign.value {
        AssignValue::Null(_) => {}
        AssignValue::Arith(arith) => v.arith(arith),
    }
    v.var(&assign.target);
}

pub fn walk_cond<'a>(v: &mut impl Visit<'a>, cond: &'a Cond) {
    match &cond.kind {
        CondKind::Int(_) | CondKind::Bad => {}
        CondKind::Chain { first, rest } => {
            v.cond(first);
            rest.iter().for_each(|l| v.cond(&l.right));
        }
        CondKind::Not(inner) | CondKind::Paren(inner) => v.cond(inner),
        CondKind::Arith(arith) => v.arith(arith),
        CondKind::Compare(compare) => v.compare(compare),
        CondKind::Var(var) => v.var(var),
        CondKind::Command(command) => v.command(command),
        CondKind::Assign(assign) => v.assign(assign),
        CondKind::If(node) => v.if_stmt(node),
        CondKind::Block(block) => v.block(block),
    }
}

pub fn walk_compare<'a>(v: &mut impl Visit<'a>, compare: &'a Compare) {
    v.var(&compare.left);
    if let CompareRight::Var(var) = &compare.right {
        v.var(var);
    }
}

pub fn walk_arith<'a>(v: &mut impl Visit<'a>, arith: &'a Arith) {
    match &arith.kind {
        ArithKind::Int(_) | ArithKind::Str(_) | ArithKind::Bad => {}
        ArithKind::Var(var) => v.var(var),
        ArithKind::Compare(compare) => v.compare(compare),
        ArithKind::Command(command) => v.command(command),
        ArithKind::Chain { first, rest } => {
            v.arith(first);
            rest.iter().for_each(|l| v.arith(&l.right));
        }
        ArithKind::Complement(inner) | ArithKind::Paren(inner) => v.arith(inner),
    }
}

pub fn walk_command<'a>(v: &mut impl Visit<'a>, command: &'a Command) {
    match &command.kind {
        CommandKind::Exit | CommandKind::Drop | CommandKind::Bad => {}
        CommandKind::Log { .. } | CommandKind::Error { .. } | CommandKind::Xlog(_) => {}
        CommandKind::Call(call) => v.call(call),
        CommandKind::Route(call) => {
            if let RouteTarget::Var(var) = &call.target {
                v.var(var);
            }
            call.args.iter().for_each(|a| v.literal(a));
        }
        CommandKind::Return(node) => {
            if let Some(ReturnCode::Var(var)) = &node.code {
                v.var(var);
            }
            node.values.iter().for_each(|l| v.literal(l));
        }
        CommandKind::Assert { cond, .. } => v.cond(cond),
        CommandKind::Async(node) => v.call(&node.call),
        CommandKind::Launch(node) => v.call(&node.call),
    }
}

pub fn walk_call<'a>(v: &mut impl Visit<'a>, call: &'a Call) {
    for arg in &call.args {
        if let ArgKind::Var(var) = &arg.kind {
            v.var(var);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::{Source, parse};

    struct Vars(Vec<String>);

    impl<'a> Visit<'a> for Vars {
        fn var(&mut self, var: &'a VarToken) {
            self.0.push(var.text.clone());
        }
    }

    #[test]
    fn meets_every_variable_in_order_of_evaluation() {
        let text = b"route { if ($a == $b && !{ $c = $d; }) f($e, \"x\"); else while ([ ~$f + 1 ]) { for ($g in $h) return($i, $j); }
            switch ($k) { case 1: route($l, $m); default: assert($n); } async(f($o), r); }";
        let parse = parse(&Source::single("a.cfg", text));
        assert!(parse.errors.is_empty(), "{:?}", parse.errors);
        let mut vars = Vars(Vec::new());
        walk_ast(&mut vars, &parse.ast);
        assert_eq!(vars.0.concat(), "$a$b$d$c$e$f$g$h$i$j$k$l$m$n$o");
    }
}
