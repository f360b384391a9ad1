//! Modules: known, implemented, loaded once, with what they need.
use crate::analysis::script::Script;
use crate::diag::near::nearest;
use crate::diag::{Applicability, Diagnostic, codes};
use crate::registry::Setup;
use crate::registry::opensips::NameKind;
use crate::syntax::ast::LoadModule;

pub fn loaded(script: &Script<'_>, found: &mut Vec<Diagnostic>) {
    for (at, module) in script.modules.loaded.iter().enumerate() {
        let span = module.stmt.path.span;
        let known = script.known.module(&module.name);
        let before = script.modules.loaded.iter().take(at).find(|m| m.name == module.name);
        if let Some(before) = before {
            // What is compiled into OpenSIPS may be loaded again.
            if !known.is_some_and(|k| k.builtin) {
                let message = format!("module `{}` is loaded twice", module.name);
                let twice = Diagnostic::new(codes::MODULE_TWICE, span, message);
                found.push(twice.label(before.stmt.span, "first loaded here"));
            }
            continue;
        }
        found.extend(file(module.stmt, known.is_some_and(|k| k.builtin), known.is_some()));
        if module.id.is_some() {
            continue;
        }
        found.push(match known {
            Some(_) => {
                let message = format!("module `{}` is known to OpenSIPS, not implemented here", module.name);
                renamed(
                    script,
                    module.stmt,
                    &module.name,
                    Diagnostic::new(codes::MODULE_NOT_IMPLEMENTED, span, message),
                )
            }
            None => unknown(script, module.stmt, &module.name),
        });
    }
}

/// OpenSIPS opens the file of that name; modules that are compiled into it have none.
fn file(stmt: &LoadModule, is_builtin: bool, is_known: bool) -> Option<Diagnostic> {
    let path = stmt.path.value.to_string();
    if !is_known || is_builtin || path.ends_with(".so") {
        return None;
    }
    let message = format!("OpenSIPS looks for a file `{path}`; modules are files that end with `.so`");
    let found = Diagnostic::new(codes::MODULE_FILE, stmt.path.span, message);
    Some(found.help(format!("write `\"{path}.so\"`")).fix(
        stmt.path.span,
        format!("\"{path}.so\""),
        Applicability::MachineApplicable,
    ))
}

fn renamed(script: &Script<'_>, stmt: &LoadModule, name: &str, found: Diagnostic) -> Diagnostic {
    match script.known.replaced(NameKind::Module, name).and_then(|r| r.new) {
        Some(new) => found.help(format!("it is called `{new}` since OpenSIPS 3.2")).fix(
            stmt.path.span,
            format!("\"{new}.so\""),
            Applicability::MaybeIncorrect,
        ),
        None => found,
    }
}

fn unknown(script: &Script<'_>, stmt: &LoadModule, name: &str) -> Diagnostic {
    let found = |message: String| Diagnostic::new(codes::UNKNOWN_MODULE, stmt.path.span, message);
    if script.known.replaced(NameKind::Module, name).is_some() {
        return renamed(script, stmt, name, found(format!("OpenSIPS has no module `{name}` any more")));
    }
    let stem = name.split('.').next().unwrap_or(name);
    if script.known.module(stem).is_some() {
        return found(format!("unknown module `{name}`; its file is `{stem}.so`")).fix(
            stmt.path.span,
            format!("\"{stem}.so\""),
            Applicability::MachineApplicable,
        );
    }
    let ours = script.catalog.modules().map(|(_, m)| m.name);
    let near = nearest(name, ours).or_else(|| nearest(name, script.known.modules.iter().map(|m| m.name)));
    match near {
        Some(near) => found(format!("unknown module `{name}`; did you mean `{near}`?")).fix(
            stmt.path.span,
            format!("\"{near}.so\""),
            Applicability::MaybeIncorrect,
        ),
        None => found(format!("unknown module `{name}`")),
    }
}

/// What modules ask of the rest of the script.
pub fn demands(script: &Script<'_>, found: &mut Vec<Diagnostic>) {
    let modules = script.modules.names();
    let globals: Vec<&str> = script.ast.globals().map(|g| g.name.text.as_str()).collect();
    for (at, module) in script.modules.loaded.iter().enumerate() {
        let Some(sig) = script.modules.signature(at, script.catalog) else { continue };
        let params = script.modules.settings(at);
        let setup = Setup { params: &params, modules: &modules, globals: &globals };
        let span = module.stmt.path.span;
        let missing = sig.needs.iter().filter(|need| !script.modules.is_loaded(need)).map(|need| {
            let message = format!("module `{}` needs module `{need}`", module.name);
            Diagnostic::new(codes::MODULE_DEMAND, span, message).help(format!("add `loadmodule \"{need}.so\"`"))
        });
        found.extend(missing);
        let refused = sig.constraints.iter().filter_map(|c| (c.check)(setup).err());
        found.extend(refused.map(|problem| Diagnostic::new(codes::MODULE_DEMAND, span, problem)));
    }
}
