//! Event routes wait for events that something raises.
use crate::analysis::script::Script;
use crate::diag::near::nearest;
use crate::diag::{Diagnostic, codes};
use crate::registry::RouteKind;
use crate::syntax::ast::Name;

pub fn known(script: &Script<'_>, found: &mut Vec<Diagnostic>) {
    for (_, route) in script.routes.iter().filter(|(_, r)| r.kind == RouteKind::Event) {
        let Some(name) = &route.name else { continue };
        if !is_known(script, name) {
            found.push(unknown(script, name));
        }
    }
}

/// An event that stands in a string of the script may be raised by it.
fn is_known(script: &Script<'_>, name: &Name) -> bool {
    let text = name.value.to_string_lossy();
    let ours = script.catalog.modules().any(|(_, m)| m.events.contains(&text.as_ref()));
    ours || script.known.event(&text).is_some() || script.strings.contains(name.value.as_bytes())
}

fn unknown(script: &Script<'_>, name: &Name) -> Diagnostic {
    let text = name.value.to_string_lossy();
    let message = format!("no module raises the event `{text}`");
    let found = Diagnostic::new(codes::UNKNOWN_EVENT, name.span, message);
    match nearest(&text, script.known.events.iter().map(|e| e.name)) {
        Some(near) => found.help(format!("did you mean `{near}`?")),
        None => found,
    }
}
