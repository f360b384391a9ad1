//! Lists of destinations: declared once, in a form that can be carried out, before a function names them.
use crate::analysis::script::Script;
use crate::diag::near::nearest;
use crate::diag::{Applicability, Diagnostic, codes};
use crate::registry::{LEARNED_BLACKLIST, MOST_BLACKLISTS, Role};
use crate::sip::Transport;
use crate::syntax::ast::{ArgKind, Blacklist, Global, GlobalValue, StrLit};

pub fn declarations(script: &Script<'_>, found: &mut Vec<Diagnostic>) {
    let mut seen: Vec<&str> = Vec::new();
    for list in lists(script) {
        let name = &list.name;
        let bad = |message: String| Diagnostic::new(codes::GLOBAL_VALUE, name.span, message);
        if seen.contains(&name.text.as_str()) {
            found.push(bad(format!("list `{}` is declared twice", name.text)));
        } else if seen.len() == MOST_BLACKLISTS {
            found.push(bad(format!("there are more than {MOST_BLACKLISTS} lists")));
        }
        seen.push(&name.text);
        found.extend(flags(list));
        found.extend(protocols(script, list));
    }
}

pub fn named(script: &Script<'_>, found: &mut Vec<Diagnostic>) {
    for site in &script.calls {
        let Some(row) = site.row.row() else { continue };
        for role in row.sig.roles {
            let Role::UsesBlacklist(at) = role else { continue };
            if let Some(ArgKind::Str(name)) = site.call.args.get(usize::from(*at)).map(|a| &a.kind) {
                found.extend(undeclared(script, name));
            }
        }
    }
}

fn lists<'a>(script: &Script<'a>) -> impl Iterator<Item = &'a Blacklist> + use<'a> {
    script.ast.globals().filter_map(|global| match &global.value {
        GlobalValue::Blacklist(list) => Some(list),
        _ => None,
    })
}

/// Rules that expire would never be added to a list that nobody may change.
fn flags(list: &Blacklist) -> Option<Diagnostic> {
    let has = |names: &[&str]| list.flags.iter().find(|flag| names.contains(&flag.text.as_str()));
    let (read_only, _) = (has(&["readonly", "read-only"])?, has(&["expire"])?);
    let message = format!("list `{}` cannot be read-only and have rules that expire", list.name.text);
    Some(Diagnostic::new(codes::GLOBAL_VALUE, read_only.span, message))
}

fn protocols(script: &Script<'_>, list: &Blacklist) -> Vec<Diagnostic> {
    let unknown = |name: &str| {
        Transport::parse(name.as_bytes()).is_none() && super::sockets::known_carrier(script, name).is_none()
    };
    let protos = list.rules.iter().filter_map(|rule| rule.proto.as_ref());
    let bad = protos.filter(|proto| unknown(&proto.text.to_ascii_lowercase()));
    bad.map(|proto| Diagnostic::new(codes::GLOBAL_VALUE, proto.span, format!("unknown protocol `{}`", proto.text)))
        .collect()
}

fn undeclared(script: &Script<'_>, name: &StrLit) -> Option<Diagnostic> {
    let text = name.format().ok()?.as_literal()?.to_string_lossy().into_owned();
    let declared: Vec<&str> = lists(script).map(|list| list.name.text.as_str()).collect();
    if declared.contains(&text.as_str())
        || text.eq_ignore_ascii_case("all")
        || (text == LEARNED_BLACKLIST && learns(script))
    {
        return None;
    }
    let found =
        Diagnostic::new(codes::BAD_ARGUMENT_VALUE, name.span, format!("there is no list `{text}` of destinations"));
    Some(match nearest(&text, declared) {
        Some(near) => found.help(format!("did you mean `{near}`?")).fix(
            name.span,
            format!("\"{near}\""),
            Applicability::MaybeIncorrect,
        ),
        None => found.help(format!("declare it with `dst_blacklist = {text} / expire : {{}}`")),
    })
}

/// Whether the script switches the list of failed destinations on.
fn learns(script: &Script<'_>) -> bool {
    let is_off = |global: &Global| matches!(&global.value, GlobalValue::Int(number) if number.value == 0);
    script.ast.globals().any(|global| global.name.text == "disable_dns_blacklist" && is_off(global))
}
