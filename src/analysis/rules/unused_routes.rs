//! Routes that nothing can run.
use crate::analysis::routes::title;
use crate::analysis::script::Script;
use crate::analysis::sites::{How, Target};
use crate::diag::{Diagnostic, codes};
use crate::registry::RouteKind;
use crate::syntax::ast::Route;

/// Silent about a route whose name stands in any string: a function or parameter may take it from there.
pub fn unused(script: &Script<'_>, found: &mut Vec<Diagnostic>) {
    for (id, route) in script.routes.iter() {
        let Some(name) = route.name.as_ref().filter(|_| is_called_by_name(route)) else { continue };
        let used = script.jumps.iter().any(|jump| match &jump.to {
            Target::Route(to) => *to == id,
            Target::Dynamic(_) => route.kind == RouteKind::Request,
            Target::Unknown => jump.how == How::Armed(route.kind),
            Target::Undefined(_) => false,
        });
        let is_first = script.routes.named(route.kind, &name.value) == Some(id);
        if !used && is_first && !script.strings.contains(name.value.as_bytes()) {
            let message = format!("nothing calls `{}`", title(route));
            found.push(Diagnostic::new(codes::UNUSED_ROUTE, name.span, message));
        }
    }
}

fn is_called_by_name(route: &Route) -> bool {
    match route.kind {
        RouteKind::Request => !route.is_main(),
        RouteKind::Failure | RouteKind::OnReply | RouteKind::Branch => true,
        RouteKind::Error | RouteKind::Local | RouteKind::Startup | RouteKind::Timer | RouteKind::Event => false,
    }
}
