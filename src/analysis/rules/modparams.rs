//! Module parameters: the module is loaded, has the parameter and takes the value.
use crate::analysis::modules::{Configured, Loaded, parameter};
use crate::analysis::script::Script;
use crate::diag::near::nearest;
use crate::diag::{Applicability, Diagnostic, codes};
use crate::registry::opensips::SettingType;
use crate::registry::{ModuleSignature, ParamSignature, Setting, ValueType};

pub fn settings(script: &Script<'_>, found: &mut Vec<Diagnostic>) {
    for line in &script.modules.params {
        match &line.targets {
            Err(e) => {
                let message = format!("the modules are no regular expression: {}", e.kind);
                found.push(Diagnostic::new(codes::MODPARAM_NO_MODULE, line.stmt.modules.span, message));
            }
            Ok(targets) if targets.is_empty() => found.push(no_module(script, line)),
            Ok(targets) => {
                for target in targets {
                    let Some(module) = script.modules.loaded.get(*target) else { continue };
                    found.extend(match script.modules.signature(*target, script.catalog) {
                        Some(sig) => setting(script, line, sig),
                        None => Some(foreign(script, line, module)),
                    });
                }
            }
        }
    }
}

fn no_module(script: &Script<'_>, line: &Configured<'_>) -> Diagnostic {
    let name = line.stmt.modules.value.to_string_lossy();
    let message = format!("no module `{name}` is loaded above");
    let found = Diagnostic::new(codes::MODPARAM_NO_MODULE, line.stmt.modules.span, message);
    if script.modules.is_loaded(&name) {
        return found.help(format!("move this line below `loadmodule \"{name}.so\"`"));
    }
    match nearest(&name, script.modules.loaded.iter().map(|m| m.name.as_str())) {
        Some(near) => found.help(format!("did you mean `{near}`?")).fix(
            line.stmt.modules.span,
            format!("\"{near}\""),
            Applicability::MaybeIncorrect,
        ),
        None => found.help(format!("add `loadmodule \"{name}.so\"` above")),
    }
}

/// A parameter of a module that is not built in.
fn foreign(script: &Script<'_>, line: &Configured<'_>, module: &Loaded<'_>) -> Diagnostic {
    let (name, param) = (&module.name, &line.param);
    let known = script.known.modparam(name, param).is_some() || script.known.modparams_of(name).is_empty();
    let message = format!("parameter `{param}` of module `{name}`, which is not implemented here");
    let found = Diagnostic::new(codes::MODPARAM_NOT_IMPLEMENTED, line.stmt.param.span, message);
    if known { found } else { found.note("OpenSIPS 4.1 knows no such parameter") }
}

fn setting(script: &Script<'_>, line: &Configured<'_>, module: &ModuleSignature) -> Option<Diagnostic> {
    let Some(row) = parameter(module, &line.param) else {
        return Some(no_parameter(script, line, module));
    };
    wrong_type(script, line, module, row).or_else(|| refused(line, module, row)).or_else(|| idle(line, module, row))
}

fn no_parameter(script: &Script<'_>, line: &Configured<'_>, module: &ModuleSignature) -> Diagnostic {
    let (name, param) = (module.name, &line.param);
    if script.known.modparam(name, param).is_some() {
        let message = format!("parameter `{param}` of module `{name}` is known to OpenSIPS, not implemented here");
        return Diagnostic::new(codes::MODPARAM_NOT_IMPLEMENTED, line.stmt.param.span, message);
    }
    let found = |message: String| Diagnostic::new(codes::UNKNOWN_MODPARAM, line.stmt.param.span, message);
    let known = script.known.modparams_of(name).iter().map(|p| p.name);
    match nearest(param, module.params.iter().map(|p| p.name).chain(known)) {
        Some(near) => found(format!("module `{name}` has no parameter `{param}`; did you mean `{near}`?")).fix(
            line.stmt.param.span,
            format!("\"{near}\""),
            Applicability::MaybeIncorrect,
        ),
        None => found(format!("module `{name}` has no parameter `{param}`")),
    }
}

fn wrong_type(
    script: &Script<'_>,
    line: &Configured<'_>,
    module: &ModuleSignature,
    row: &ParamSignature,
) -> Option<Diagnostic> {
    let (wanted, fix) = match (row.ty, &line.setting) {
        (ValueType::Int, Setting::Int(_)) | (ValueType::Str, Setting::Str(_)) => return None,
        (ValueType::Int, Setting::Str(text)) => ("a number, not a string", as_number(text)),
        (ValueType::Str, Setting::Int(value)) => ("a string, not a number", Some(format!("\"{value}\""))),
    };
    if script.known.modparam(module.name, row.name).is_some_and(|k| k.ty == SettingType::Any) {
        return None;
    }
    let message = format!("parameter `{}` of module `{}` takes {wanted}", row.name, module.name);
    let found = Diagnostic::new(codes::MODPARAM_TYPE, line.value_span(), message);
    Some(match fix {
        Some(fix) => found.help(format!("write `{fix}`")).fix(line.value_span(), fix, Applicability::MachineApplicable),
        None => found,
    })
}

fn as_number(text: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(text).ok()?;
    text.parse::<i32>().ok().map(|n| n.to_string())
}

fn refused(line: &Configured<'_>, module: &ModuleSignature, row: &ParamSignature) -> Option<Diagnostic> {
    let text = match &line.setting {
        Setting::Int(value) => value.to_string().into_bytes(),
        Setting::Str(text) => text.clone(),
    };
    let problem = row.check?(&text).err()?;
    let message = format!("parameter `{}` of module `{}`: {problem}", row.name, module.name);
    Some(Diagnostic::new(codes::MODPARAM_VALUE, line.value_span(), message))
}

fn idle(line: &Configured<'_>, module: &ModuleSignature, row: &ParamSignature) -> Option<Diagnostic> {
    let why = row.no_effect?;
    let message = format!("parameter `{}` of module `{}` has no effect: {why}", row.name, module.name);
    Some(Diagnostic::new(codes::NO_EFFECT, line.stmt.param.span, message))
}
