//! Statements behind one that always ends the script, the route or the loop.
use crate::analysis::script::Script;
use crate::analysis::walk::{Node, walk};
use crate::diag::{Diagnostic, codes};
use crate::registry::{Role, RouteMask};
use crate::syntax::ast::{Block, Command, CommandKind, Stmt, StmtKind};

pub fn after_the_end(script: &Script<'_>, found: &mut Vec<Diagnostic>) {
    for (_, route) in script.routes.iter() {
        let rule = Ends { script, kind: route.kind.mask() };
        walk(&route.body.stmts, &mut |node| {
            if let Node::Stmts(stmts) = node {
                found.extend(rule.dead(stmts));
            }
        });
    }
}

struct Ends<'s, 'a> {
    script: &'s Script<'a>,
    kind: RouteMask,
}

impl Ends<'_, '_> {
    /// The first statement of a list that is never run.
    fn dead(&self, stmts: &[Stmt]) -> Option<Diagnostic> {
        let end = stmts.iter().position(|s| self.statement(s))?;
        let mut behind = stmts.iter().skip(end + 1).filter(|s| !matches!(s.kind, StmtKind::Empty | StmtKind::Bad));
        let first = behind.next()?;
        // `exit; break;` is how many close a `case`.
        if matches!(first.kind, StmtKind::Break) && behind.next().is_none() {
            return None;
        }
        let cause = stmts.get(end)?;
        let found = Diagnostic::new(codes::UNREACHABLE, first.span, "this is never run");
        Some(found.label(cause.span, "the script never goes on behind this"))
    }

    fn statement(&self, stmt: &Stmt) -> bool {
        match &stmt.kind {
            StmtKind::Command(command) => self.command(command),
            StmtKind::If(branch) => {
                let otherwise = branch.otherwise.as_ref().is_some_and(|b| self.block(b));
                otherwise && branch.arms.iter().all(|arm| self.block(&arm.body))
            }
            StmtKind::Break => true,
            StmtKind::Empty
            | StmtKind::Assign(_)
            | StmtKind::While(_)
            | StmtKind::For(_)
            | StmtKind::Switch(_)
            | StmtKind::Bad => false,
        }
    }

    fn block(&self, block: &Block) -> bool {
        block.stmts.iter().any(|s| self.statement(s))
    }

    fn command(&self, command: &Command) -> bool {
        match &command.kind {
            CommandKind::Exit | CommandKind::Drop | CommandKind::Return(_) | CommandKind::Async(_) => true,
            CommandKind::Call(call) => {
                let row = self.script.function(&call.name.text, call.span.start, self.kind);
                row.row().is_some_and(|row| row.sig.has(Role::EndsScript))
            }
            CommandKind::Route(_)
            | CommandKind::Assert { .. }
            | CommandKind::Log { .. }
            | CommandKind::Error { .. }
            | CommandKind::Xlog(_)
            | CommandKind::Launch(_)
            | CommandKind::Bad => false,
        }
    }
}
