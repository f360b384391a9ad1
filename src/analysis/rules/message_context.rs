//! `$(<request>..)` and `$(<reply>..)` read the other message of a transaction, which some module must keep.
use crate::analysis::script::Script;
use crate::diag::{Diagnostic, codes};
use crate::registry::catalog::CORE;
use crate::registry::{ModuleSignature, Role};

/// Silent when a module that relays is loaded: it is the one that keeps transactions.
pub fn needs_transactions(script: &Script<'_>, found: &mut Vec<Diagnostic>) {
    let Some(keepers) = missing_keepers(script) else { return };
    for site in &script.vars {
        site.var.visit(&mut |var| {
            if var.context.is_some() {
                let message = format!("`{var}` of another message needs module `{}`", keepers.join("` or `"));
                found.push(Diagnostic::new(codes::BAD_VARIABLE, var.span, message).help(super::functions::load_line(
                    script,
                    &keepers,
                    var.span.start,
                )));
            }
        });
    }
}

/// The modules that keep transactions, when none of them is loaded.
pub fn missing_keepers<'s>(script: &'s Script<'_>) -> Option<Vec<&'s str>> {
    let keeps = |module: &ModuleSignature| module.functions.iter().any(|f| f.has(Role::Relays));
    let modules = script.catalog.modules().map(|(_, m)| m);
    let keepers: Vec<&str> = modules.filter(|m| m.name != CORE && keeps(m)).map(|m| m.name).collect();
    let is_missing = !keepers.is_empty() && !keepers.iter().any(|name| script.modules.is_loaded(name));
    is_missing.then_some(keepers)
}
