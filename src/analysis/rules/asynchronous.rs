//! `async` and `launch`: the module they need, the routes where nothing is suspended, seconds that do not count.
use super::functions::load_line;
use super::message_context::missing_keepers;
use crate::analysis::script::Script;
use crate::analysis::walk::{Node, walk};
use crate::base::Span;
use crate::diag::{Diagnostic, codes};
use crate::registry::{Role, RouteKind};
use crate::syntax::ast::{Async, CommandKind, Route};

pub fn suspended(script: &Script<'_>, found: &mut Vec<Diagnostic>) {
    let missing = missing_keepers(script);
    for (_, route) in script.routes.iter() {
        walk(&route.body.stmts, &mut |node| {
            let Node::Command(command) = node else { return };
            let word = match &command.kind {
                CommandKind::Async(job) => {
                    found.extend(in_place(route, command.span));
                    found.extend(idle_seconds(script, route, job));
                    "async"
                }
                CommandKind::Launch(_) => "launch",
                _ => return,
            };
            if let Some(keepers) = &missing {
                let message = format!("`{word}` does nothing without module `{}`", keepers.join("` or `"));
                let found_here = Diagnostic::new(codes::NEEDS_TRANSACTIONS, command.span, message);
                found.push(found_here.help(load_line(script, keepers, command.span.start)));
            }
        });
    }
}

/// Scripts of requests and of replies to a transaction are suspended; any other waits with all that waits for it.
fn in_place(route: &Route, span: Span) -> Option<Diagnostic> {
    match route.kind {
        RouteKind::Request => None,
        RouteKind::OnReply if route.name.is_some() => None,
        kind => {
            let message = format!("`async` is waited for in place in `{}`", kind.keyword());
            let found = Diagnostic::new(codes::ASYNC_IN_PLACE, span, message);
            Some(found.note("OpenSIPS blocks its worker meanwhile; statements behind it are not run either way"))
        }
    }
}

fn idle_seconds(script: &Script<'_>, route: &Route, job: &Async) -> Option<Diagnostic> {
    let seconds = job.timeout.as_ref().filter(|t| t.value != 0)?;
    let name = &job.call.name;
    let row = script.function(&name.text, name.span.start, route.kind.mask());
    let counts = row.row().is_none_or(|row| row.sig.has(Role::TimesOut));
    let message = format!("`{}` knows no time-out: it is waited for without one", name.text);
    (!counts).then(|| Diagnostic::new(codes::ASYNC_SECONDS, seconds.span, message))
}
