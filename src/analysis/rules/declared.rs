//! Dialog profiles are declared by a module parameter before a call joins them.
use crate::analysis::script::Script;
use crate::diag::near::nearest;
use crate::diag::{Applicability, Diagnostic, codes};
use crate::registry::{DeclaredName, Role};
use crate::syntax::ast::{ArgKind, StrLit};

pub fn profiles(script: &Script<'_>, found: &mut Vec<Diagnostic>) {
    for site in &script.calls {
        let Some(row) = site.row.row() else { continue };
        for role in row.sig.roles {
            let Role::UsesProfile(at) = role else { continue };
            if let Some(ArgKind::Str(name)) = site.call.args.get(usize::from(*at)).map(|a| &a.kind) {
                found.extend(profile(script, name));
            }
        }
    }
}

fn profile(script: &Script<'_>, name: &StrLit) -> Option<Diagnostic> {
    let text = name.format().ok()?.as_literal()?;
    // The suffix says how a profile is shared; it is no part of the name.
    let bare = text.split(|b| *b == b'/').next().unwrap_or_default().trim_ascii();
    let bare = String::from_utf8_lossy(bare).into_owned();
    let declared = script.declared(DeclaredName::Profile);
    if declared.contains(&bare) {
        return None;
    }
    let found = Diagnostic::new(codes::UNDECLARED_PROFILE, name.span, format!("profile `{bare}` is not declared"));
    Some(match nearest(&bare, declared.iter().map(String::as_str)) {
        Some(near) => {
            let quoted = format!("\"{near}\"");
            let found = found.help(format!("did you mean `{near}`?"));
            found.fix(name.span, quoted, Applicability::MaybeIncorrect)
        }
        None => found.help("declare it with the `modparam` that names the profiles"),
    })
}
