//! A function in `route[x]` may be reached from a kind of route it does not allow.
use crate::analysis::reach::Reached;
use crate::analysis::routes::title;
use crate::analysis::script::Script;
use crate::analysis::walk::CallForm;
use crate::diag::{Diagnostic, codes};
use crate::registry::RouteKind;

pub fn through_calls(script: &Script<'_>, found: &mut Vec<Diagnostic>) {
    for (start, route) in script.routes.iter().filter(|(_, r)| r.kind != RouteKind::Request) {
        let reached = Reached::from(script, start);
        for site in script.calls.iter().filter(|c| c.route != start && reached.contains(c.route)) {
            let Some(row) = site.row.row() else { continue };
            if site.form != CallForm::Direct || row.sig.routes.contains(route.kind.mask()) {
                continue;
            }
            let (name, from) = (row.sig.name, title(route));
            let message = format!("function `{name}` is reached from `{from}`, where it cannot be used");
            let mut diagnostic = Diagnostic::new(codes::ROUTE_TYPE_THROUGH_CALL, site.call.name.span, message);
            for (span, to) in reached.path(site.route) {
                let to = script.routes.get(to).map(title).unwrap_or_default();
                diagnostic = diagnostic.step(span, format!("`{to}` is called"));
            }
            let step = format!("`{name}` is called for a message of `{}`", route.kind.keyword());
            found.push(diagnostic.step(site.call.name.span, step));
        }
    }
}
