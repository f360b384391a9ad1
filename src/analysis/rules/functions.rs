//! Functions: known, loaded, implemented, called with the right number of arguments, in the right kind of route.
use crate::analysis::resolve::{FunctionRow, Resolved};
use crate::analysis::script::Script;
use crate::analysis::sites::CallSite;
use crate::analysis::walk::CallForm;
use crate::base::Span;
use crate::diag::near::nearest;
use crate::diag::{Applicability, Diagnostic, codes};
use crate::registry::opensips::{Meaning, NameKind, Replaced};
use crate::syntax::ast::{ArgKind, Call};

pub fn names(script: &Script<'_>, found: &mut Vec<Diagnostic>) {
    for site in &script.calls {
        let name = &site.call.name;
        if site.row.row().is_some() {
            found.extend(old_name(script, NameKind::Function, &name.text, name.span));
        }
        found.extend(match &site.row {
            Resolved::Row(row) => wrong_route(script, site, row).or_else(|| not_async(script, site, row)),
            Resolved::NotLoaded(modules) => {
                let message = format!("function `{}` is in module {}, which is not loaded", name.text, list(modules));
                let found = Diagnostic::new(codes::FUNCTION_NOT_LOADED, name.span, message);
                Some(found.help(load_line(script, modules, site.call.span.start)))
            }
            Resolved::NotImplemented(module) => Some(not_implemented(script, &name.text, module, site.call)),
            Resolved::Unknown => Some(unknown(script, site.call)),
        });
    }
}

pub fn arity(script: &Script<'_>, found: &mut Vec<Diagnostic>) {
    for site in &script.calls {
        let Some(row) = site.row.row() else { continue };
        found.extend(wrong_count(site.call, row));
    }
}

fn wrong_route(script: &Script<'_>, site: &CallSite<'_>, row: &FunctionRow) -> Option<Diagnostic> {
    let route = script.routes.get(site.route)?;
    if site.form != CallForm::Direct || row.sig.routes.contains(route.kind.mask()) {
        return None;
    }
    let keyword = route.kind.keyword();
    let message = format!("function `{}` cannot be used in `{keyword}`", row.sig.name);
    let allowed = crate::registry::RouteKind::ALL.into_iter().filter(|k| row.sig.routes.contains(k.mask()));
    let allowed: Vec<String> = allowed.map(|k| format!("`{}`", k.keyword())).collect();
    Some(
        Diagnostic::new(codes::ROUTE_TYPE, site.call.name.span, message)
            .label(route.keyword, format!("inside this `{keyword}`"))
            .note(format!("it may be used in {}", allowed.join(", "))),
    )
}

fn not_async(script: &Script<'_>, site: &CallSite<'_>, row: &FunctionRow) -> Option<Diagnostic> {
    if site.form == CallForm::Direct || script.may_be_async(row) {
        return None;
    }
    let word = if site.form == CallForm::Async { "async" } else { "launch" };
    let message = format!("function `{}` cannot be called by `{word}`", row.sig.name);
    Some(Diagnostic::new(codes::NOT_ASYNC, site.call.name.span, message))
}

fn not_implemented(script: &Script<'_>, name: &str, module: &str, call: &Call) -> Diagnostic {
    let message = if module == crate::registry::catalog::CORE {
        format!("function `{name}` is known to OpenSIPS, not implemented here")
    } else {
        format!("function `{name}` of module `{module}` is known to OpenSIPS, not implemented here")
    };
    let found = Diagnostic::new(codes::FUNCTION_NOT_IMPLEMENTED, call.name.span, message);
    renamed(script, name, call, found)
}

fn unknown(script: &Script<'_>, call: &Call) -> Diagnostic {
    let name = &call.name.text;
    if script.known.replaced(NameKind::Function, name).is_some() {
        let message = format!("function `{name}` is not known to OpenSIPS any more");
        return renamed(script, name, call, Diagnostic::new(codes::UNKNOWN_FUNCTION, call.name.span, message));
    }
    let ours = script.catalog.functions().map(|(_, _, sig)| sig.name);
    let theirs = || script.known.functions.iter().map(|f| f.name);
    let Some(near) = nearest(name, ours).or_else(|| nearest(name, theirs())) else {
        return Diagnostic::new(codes::UNKNOWN_FUNCTION, call.name.span, format!("unknown function `{name}`"));
    };
    let message = match module_of(script, near) {
        Some(module) => format!("unknown function `{name}`; `{near}` is in module `{module}`"),
        None => format!("unknown function `{name}`; did you mean `{near}`?"),
    };
    Diagnostic::new(codes::UNKNOWN_FUNCTION, call.name.span, message).fix(
        call.name.span,
        near,
        Applicability::MaybeIncorrect,
    )
}

/// The module of a function; `None` for one of the core.
fn module_of<'s>(script: &'s Script<'_>, name: &str) -> Option<&'s str> {
    let ours =
        script.catalog.functions_named(name).first().map(|id| script.module_name(script.catalog.function(*id).0));
    let module = ours.or_else(|| script.known.functions_named(name).first().map(|f| f.module))?;
    (module != crate::registry::catalog::CORE).then_some(module)
}

fn renamed(script: &Script<'_>, name: &str, call: &Call, found: Diagnostic) -> Diagnostic {
    match script.known.replaced(NameKind::Function, name) {
        Some(row) => with_new_name(found, row, call.name.span),
        None => found,
    }
}

/// A name that works here, and that newer releases of OpenSIPS do not know.
pub fn old_name(script: &Script<'_>, kind: NameKind, name: &str, span: Span) -> Option<Diagnostic> {
    let row = script.known.replaced(kind, name)?;
    let shown = as_written(kind, name);
    let message = format!("`{shown}` is the name of an older release: OpenSIPS {} does not know it", row.gone);
    Some(with_new_name(Diagnostic::new(codes::OLD_NAME, span, message), row, span))
}

/// The finding with what to write instead, where there is anything.
pub fn with_new_name(found: Diagnostic, row: &Replaced, span: Span) -> Diagnostic {
    let Some(new) = row.new else { return found };
    let applicability = match row.meaning {
        Meaning::Same => Applicability::MachineApplicable,
        Meaning::Other => Applicability::MaybeIncorrect,
    };
    let help = format!("write `{}`, which OpenSIPS {} has", as_written(row.kind, new), row.gone);
    found.help(help).fix(span, new, applicability)
}

fn as_written(kind: NameKind, name: &str) -> String {
    match kind {
        NameKind::Pvar => format!("${name}"),
        NameKind::Function | NameKind::Module | NameKind::CoreParam => name.to_owned(),
    }
}

fn wrong_count(call: &Call, row: &FunctionRow) -> Option<Diagnostic> {
    let (given, most, least) = (call.args.len(), row.sig.params.len(), row.sig.required());
    let name = row.sig.name;
    if given > most {
        let extra = call.args.get(most).map_or(call.span, |a| a.span);
        let message = format!("too many arguments for `{name}`: {given} given, {most} at most");
        return Some(Diagnostic::new(codes::ARITY, extra, message).note(usage(row)));
    }
    let omitted = row.sig.params.iter().enumerate().find(|(at, param)| {
        let empty = call.args.get(*at).is_none_or(|a| matches!(a.kind, ArgKind::Omitted));
        !param.optional && empty
    })?;
    let (at, param) = omitted;
    let (span, message) = match call.args.get(at) {
        Some(arg) => (arg.span, format!("argument `{}` of `{name}` cannot be left out", param.name)),
        None => (call.name.span, format!("too few arguments for `{name}`: {given} given, {least} needed")),
    };
    Some(Diagnostic::new(codes::ARITY, span, message).note(usage(row)))
}

/// `usage: f(a int, [b string])`
fn usage(row: &FunctionRow) -> String {
    let params = row.sig.params.iter().map(|p| {
        let text = format!("{} {}", p.name, p.ty.word());
        if p.optional { format!("[{text}]") } else { text }
    });
    format!("usage: {}({})", row.sig.name, params.collect::<Vec<_>>().join(", "))
}

/// `` `a` or `b` ``
pub fn list(names: &[&str]) -> String {
    names.iter().map(|n| format!("`{n}`")).collect::<Vec<_>>().join(" or ")
}

/// What to write where so that one of the modules is known at `at`.
pub fn load_line(script: &Script<'_>, modules: &[&str], at: u32) -> String {
    let later = script.modules.loaded.iter().find(|m| modules.contains(&m.name.as_str()) && m.stmt.span.start > at);
    match (later, modules.first()) {
        (Some(module), _) => format!("move `loadmodule \"{}.so\"` above the first use of its names", module.name),
        (None, Some(module)) => format!("add `loadmodule \"{module}.so\"` above"),
        (None, None) => "load the module above".to_owned(),
    }
}
