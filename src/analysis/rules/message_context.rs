//! `$(<request>..)` and `$(<reply>..)` read the other message of a transaction, which some module must keep.
use crate::analysis::script::Script;
use crate::diag::{Diagnostic, codes};
use crate::registry::Role;

/// Silent when a module that relays is loaded: it is the one that keeps transactions.
pub fn needs_transactions(script: &Script<'_>, found: &mut Vec<Diagnostic>) {
    let keeps = |module: &crate::registry::ModuleSignature| module.functions.iter().any(|f| f.has(Role::Relays));
    let keepers: Vec<&str> = script
        .catalog
        .modules()
        .filter(|(_, m)| m.name != crate::registry::catalog::CORE && keeps(m))
        .map(|(_, m)| m.name)
        .collect();
    if keepers.is_empty() || keepers.iter().any(|name| script.modules.is_loaded(name)) {
        return;
    }
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
