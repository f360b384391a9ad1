//! Every built-in name is what OpenSIPS's name of that kind is: arity, types, route types, forms, writability. Where a row
//! differs on purpose it stands in a list here with its reason; a difference without a reason fails, and so does a
//! reason without a difference.
use sipscript::modules;
use sipscript::registry::opensips::{KnownFunction, KnownNames, KnownPvar, KnownType, SettingType};
use sipscript::registry::{ParamType, PvarSignature, Signature, SubName, ValueType};
use sipscript::syntax::transform::ArgShape;
use std::collections::BTreeSet;

/// A name, what differs, and why.
type Reason = (&'static str, &'static str);

/// `module:function`.
const FUNCTIONS: &[Reason] = &[
    ("avpops:avp_subst", "its substitution is compiled at start"),
    ("cfgutils:strings_share_lock", "its manual names two texts; the one that OpenSIPS takes it compares with nothing"),
    ("core:script_trace", "its text is a format string, expanded at each step: the checker is to read its variables"),
];

/// `module:$name`.
const PVARS: &[Reason] = &[];

/// `class.function`.
const TRANSFORMATIONS: &[Reason] = &[];

/// `module:parameter`.
const PARAMETERS: &[Reason] = &[];

fn check(found: BTreeSet<String>, reasons: &[Reason]) {
    let explained: BTreeSet<String> = reasons.iter().map(|(name, _)| (*name).to_owned()).collect();
    let differing: BTreeSet<String> =
        found.iter().map(|d| d.split(' ').next().unwrap_or_default().to_owned()).collect();
    let unexplained: Vec<_> =
        found.iter().filter(|d| !explained.iter().any(|e| d.starts_with(&format!("{e} ")))).collect();
    assert!(unexplained.is_empty(), "{unexplained:#?}");
    let idle: Vec<_> = explained.difference(&differing).collect();
    assert!(idle.is_empty(), "nothing differs any more: {idle:?}");
}

#[test]
fn functions_agree_with_the_catalog() {
    let known = KnownNames::get();
    let mut found = BTreeSet::new();
    for module in modules::ALL {
        for row in module.functions {
            let forms: Vec<_> =
                known.functions_named(row.sig.name).iter().filter(|f| f.module == module.name).collect();
            let differs = match forms.as_slice() {
                [] => Some("is unknown".to_owned()),
                forms => forms.iter().map(|known| function_differs(&row.sig, known)).min().flatten(),
            };
            found.extend(differs.map(|d| format!("{}:{} {d}", module.name, row.sig.name)));
        }
    }
    check(found, FUNCTIONS);
}

fn function_differs(row: &Signature, known: &KnownFunction) -> Option<String> {
    if row.params.len() != known.params.len() {
        return Some(format!("takes {} arguments, not {}", row.params.len(), known.params.len()));
    }
    for (nth, (param, known)) in row.params.iter().zip(&known.params).enumerate() {
        if param.optional != known.optional {
            return Some(format!("argument {} ({}) is optional: {}", nth + 1, known.name, known.optional));
        }
        if !same_type(param.ty, known.ty) {
            return Some(format!("argument {} ({}) is {:?}, not {}", nth + 1, known.name, known.ty, param.ty.word()));
        }
    }
    (row.routes != known.routes).then(|| format!("is for {:?}, not {:?}", known.routes, row.routes))
}

fn same_type(row: ParamType, known: KnownType) -> bool {
    match row {
        ParamType::Int => known == KnownType::Int,
        ParamType::Str => known == KnownType::Str,
        ParamType::StrStatic => known == KnownType::Static,
        ParamType::StrVerbatim | ParamType::Substitution => known == KnownType::Verbatim,
        ParamType::Var(_) => known == KnownType::Var,
        ParamType::Regex => known == KnownType::Regex,
        ParamType::Notation(..) => known == KnownType::Verbatim,
        // OpenSIPS has strings where rows say what kind of word they want.
        ParamType::Route(_) | ParamType::Flag(_) | ParamType::Words(_) => {
            matches!(known, KnownType::Str | KnownType::Static | KnownType::Verbatim)
        }
    }
}

#[test]
fn variables_agree_with_the_catalog() {
    let known = KnownNames::get();
    let mut found = BTreeSet::new();
    for module in modules::ALL {
        for row in module.pvars {
            let forms: Vec<_> = known.pvars_named(row.sig.name).iter().filter(|v| v.module == module.name).collect();
            let differs = match forms.as_slice() {
                // A dollar sign is syntax, not a name.
                [] if row.sig.name == "$" => None,
                [] => Some("is unknown".to_owned()),
                forms => forms.iter().map(|known| pvar_differs(&row.sig, known)).min().flatten(),
            };
            found.extend(differs.map(|d| format!("{}:${} {d}", module.name, row.sig.name)));
        }
    }
    check(found, PVARS);
}

fn pvar_differs(row: &PvarSignature, known: &KnownPvar) -> Option<String> {
    let takes_sub = match row.sub {
        SubName::None => !known.takes_sub,
        SubName::Required => known.takes_sub,
        SubName::Optional => true,
    };
    let claims = [
        ("takes a name", known.takes_sub, takes_sub),
        ("takes an index", known.takes_index, row.index == known.takes_index),
        ("is writable", known.writable, row.writable == known.writable),
    ];
    claims.iter().find(|(_, _, agrees)| !agrees).map(|(what, known, _)| format!("{what}: {known}"))
}

#[test]
fn transformations_agree_with_the_catalog() {
    let known = KnownNames::get();
    let mut found = BTreeSet::new();
    for row in modules::ALL.iter().flat_map(|m| m.transforms) {
        let name = format!("{}.{}", row.sig.class, row.sig.name);
        let Some(known) = known.transformation(row.sig.class, row.sig.name) else {
            found.insert(format!("{name} is unknown"));
            continue;
        };
        if row.sig.args.len() != known.params.len() {
            found.insert(format!("{name} takes {} arguments", known.params.len()));
            continue;
        }
        let required = row.sig.args.len() - row.sig.optional;
        for (nth, (shape, param)) in row.sig.args.iter().zip(&known.params).enumerate() {
            let number = matches!(shape, ArgShape::Num | ArgShape::LiteralNum);
            if number != (param.ty == KnownType::Int) || (nth >= required) != param.optional {
                found.insert(format!("{name} argument {} is {:?}, optional: {}", nth + 1, param.ty, param.optional));
            }
        }
    }
    check(found, TRANSFORMATIONS);
}

#[test]
fn parameters_agree_with_the_catalog() {
    let known = KnownNames::get();
    let mut found = BTreeSet::new();
    for module in modules::ALL {
        for row in module.params {
            let name = format!("{}:{}", module.name, row.name);
            match known.modparam(module.name, row.name) {
                None => {
                    found.insert(format!("{name} is unknown"));
                }
                Some(known) => {
                    let same = match known.ty {
                        SettingType::Int => row.ty == ValueType::Int,
                        SettingType::Str => row.ty == ValueType::Str,
                        SettingType::Any => true,
                    };
                    if !same {
                        found.insert(format!("{name} is {:?}", known.ty));
                    }
                }
            }
        }
    }
    check(found, PARAMETERS);
}

#[test]
fn a_difference_needs_a_reason_and_a_reason_a_difference() {
    let differing = || BTreeSet::from(["m:f takes 2 arguments, not 1".to_owned()]);
    let fails = |found, reasons: &'static [Reason]| std::panic::catch_unwind(move || check(found, reasons)).is_err();
    assert!(fails(differing(), &[]));
    assert!(fails(BTreeSet::new(), &[("m:f", "it is so")]));
    assert!(!fails(differing(), &[("m:f", "it is so")]));
}
