//! Flags are bits of one word: 32 names a family.
use crate::analysis::script::Script;
use crate::base::Str;
use crate::diag::{Diagnostic, codes};
use crate::registry::{FlagFamily, ParamType};
use crate::syntax::ast::ArgKind;

const MOST: usize = 32;

pub fn limit(script: &Script<'_>, found: &mut Vec<Diagnostic>) {
    for (family, word) in
        [(FlagFamily::Message, "message"), (FlagFamily::Branch, "branch"), (FlagFamily::Dialog, "dialog")]
    {
        let mut names: Vec<&Str> = Vec::new();
        for (name, span) in flags(script, family) {
            if names.contains(&name) {
                continue;
            }
            names.push(name);
            if names.len() > MOST {
                let message = format!("`{name}` is {word} flag number {}; there is room for {MOST}", names.len());
                found.push(Diagnostic::new(codes::TOO_MANY_FLAGS, span, message));
                break;
            }
        }
    }
}

fn flags<'s>(script: &'s Script<'_>, family: FlagFamily) -> impl Iterator<Item = (&'s Str, crate::base::Span)> {
    let arguments = script.calls.iter().flat_map(|site| {
        let params = site.row.row().map_or(&[][..], |row| row.sig.params);
        site.call.args.iter().zip(params)
    });
    arguments.filter_map(move |(arg, param)| match (&arg.kind, param.ty) {
        (ArgKind::Str(name), ParamType::Flag(of)) if of == family => Some((&name.value, name.span)),
        _ => None,
    })
}
