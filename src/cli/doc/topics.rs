//! What a name means: every row that has it, and what OpenSIPS has under it.
use super::Shelf;
use super::page::Page;
use crate::diag::near;
use crate::registry::catalog::CORE;
use crate::registry::coverage::transformation;
use crate::registry::examples::key;
use crate::registry::opensips::{CallMode, KnownFunction, KnownParam, KnownType, NameKind, Releases};
use crate::registry::statements::{STATEMENTS, statement};
use crate::registry::{
    CORE_PARAMS, Param, PvarSignature, RouteKind, RouteMask, Signature, SubName, TransformSignature, ValueType,
    core_param,
};
use crate::syntax::keywords;
use crate::syntax::transform::ArgShape;

/// A page for everything of this name, what is built first.
pub fn find(shelf: &Shelf, written: &str) -> Vec<Page> {
    let name = key(written);
    let mut pages = match name.chars().next() {
        Some('$') => variables(shelf, name.trim_start_matches('$')),
        Some('{') => transformations(shelf, name.trim_matches(['{', '}'])),
        _ => bare(shelf, &name),
    };
    for page in &mut pages {
        let entry_name =
            if page.sort == "parameter" { format!("{}.{}", page.module, page.name) } else { page.name.clone() };
        for entry in shelf.entries.about(page.module, &entry_name) {
            page.example.pieces.extend(entry.example.pieces.iter().cloned());
            page.bad_input.pieces.extend(entry.bad.pieces.iter().cloned());
        }
    }
    pages.sort_by_key(|p| p.is_missing);
    pages
}

/// Names that somebody may have meant.
pub fn nearest(shelf: &Shelf, written: &str) -> Vec<String> {
    let name = key(written);
    let bare = name.trim_start_matches('$').trim_matches(['{', '}']);
    let variable = near::nearest(bare, shelf.known.pvars.iter().map(|v| v.name)).map(|v| format!("${v}"));
    let transformation = || {
        let all = shelf.known.transformations.iter();
        let names: Vec<String> = all.map(|t| transformation(t.class, t.function)).collect();
        near::nearest(&name, names.iter().map(String::as_str)).map(str::to_owned)
    };
    match name.chars().next() {
        Some('$') => variable.into_iter().collect(),
        Some('{') => transformation().into_iter().collect(),
        _ => nearest_word(shelf, bare).into_iter().chain(variable).collect(),
    }
}

fn nearest_word(shelf: &Shelf, word: &str) -> Option<String> {
    let functions = shelf.known.functions.iter().map(|f| f.name);
    let words = STATEMENTS.iter().map(|s| s.name).chain(keywords::globals());
    let params = shelf.known.modparams.iter().map(|p| p.name);
    let modules = shelf.known.modules.iter().map(|m| m.name);
    near::nearest(word, functions.chain(words).chain(params).chain(modules)).map(str::to_owned)
}

fn bare(shelf: &Shelf, name: &str) -> Vec<Page> {
    let mut pages = Vec::new();
    pages.extend(statement(name).map(|s| Page {
        name: s.name.to_owned(),
        module: CORE,
        sort: "statement",
        forms: s.form.split_inclusive([';', '}']).fold(Vec::new(), one_form),
        text: s.doc.to_owned(),
        releases: Some(Releases::Both),
        ..Page::default()
    }));
    pages.extend(functions(shelf, name));
    pages.extend(core_parameters(shelf, name));
    pages.extend(parameters(shelf, name));
    pages.extend(variables(shelf, name));
    pages.extend(transformations(shelf, name));
    pages.extend(module(shelf, name));
    pages
}

/// A form that ends in `;` or `}` outside of brackets is one of its own.
fn one_form(mut forms: Vec<String>, part: &str) -> Vec<String> {
    let is_open = |form: &String| form.matches(['{', '(', '[']).count() > form.matches(['}', ')', ']']).count();
    match forms.last_mut().filter(|last| is_open(last) || !part.trim_start().starts_with(char::is_alphabetic)) {
        Some(last) => last.push_str(part),
        None => forms.push(part.trim_start().to_owned()),
    }
    forms
}

fn functions(shelf: &Shelf, name: &str) -> Vec<Page> {
    let rows = shelf.catalog.functions_named(name).iter().map(|id| shelf.catalog.function(*id));
    let mut pages: Vec<Page> =
        rows.map(|(module, row)| function(shelf, shelf.module_name(module), row, name)).collect();
    for known in shelf.known.functions_named(name) {
        if pages.iter().all(|p| p.module != known.module) {
            pages.push(known_function(known));
        }
    }
    pages
}

fn function(shelf: &Shelf, module: &'static str, row: &Signature, asked: &str) -> Page {
    let known = shelf.known.functions_named(row.name).iter().find(|f| f.module == module);
    let mut notes = Vec::new();
    if asked != row.name {
        notes.push(format!("`{asked}` is its name in older releases."));
    }
    if known.is_some_and(|k| k.mode != CallMode::Sync) {
        notes.push("It may be called through `async` and `launch`.".to_owned());
    }
    let params: Vec<String> = row.params.iter().map(param).collect();
    Page {
        name: row.name.to_owned(),
        module,
        sort: "function",
        forms: vec![format!("{}({})", row.name, params.join(", "))],
        routes: Some(routes(row.routes)),
        releases: known.map(|k| k.releases),
        text: joined(row.doc),
        notes,
        ..Page::default()
    }
}

fn param(param: &Param) -> String {
    let text = format!("{}: {}", param.name.trim_start_matches('_'), param.ty.word());
    if param.optional { format!("[{text}]") } else { text }
}

fn known_function(known: &KnownFunction) -> Page {
    let params: Vec<String> = known.params.iter().map(known_param).collect();
    Page {
        name: known.name.to_owned(),
        module: known.module,
        sort: "function",
        forms: vec![format!("{}({})", known.name, params.join(", "))],
        routes: Some(routes(known.routes)),
        releases: Some(known.releases),
        is_missing: true,
        ..Page::default()
    }
}

fn known_param(param: &KnownParam) -> String {
    let ty = match param.ty {
        KnownType::Int => "int",
        KnownType::Str | KnownType::Verbatim => "string",
        KnownType::Static => "static string",
        KnownType::Var => "variable",
        KnownType::Regex => "regular expression",
    };
    let text = format!("{}: {ty}", param.name);
    if param.optional { format!("[{text}]") } else { text }
}

fn routes(mask: RouteMask) -> String {
    if mask == RouteMask::ALL {
        return "any route".to_owned();
    }
    let names = RouteKind::ALL.iter().filter(|k| mask.contains(k.mask())).map(|k| k.keyword());
    names.collect::<Vec<_>>().join(", ")
}

fn variables(shelf: &Shelf, name: &str) -> Vec<Page> {
    let rows = shelf.catalog.pvars_named(name).iter().map(|id| shelf.catalog.pvar(*id));
    let mut pages: Vec<Page> = rows.map(|(module, row)| variable(shelf, shelf.module_name(module), row)).collect();
    for known in shelf.known.pvars_named(name) {
        if pages.iter().any(|p| p.module == known.module) {
            continue;
        }
        let sub = if known.takes_sub { "(name)" } else { "" };
        let replaced = shelf.known.replaced(NameKind::Pvar, name).and_then(|r| r.new);
        pages.push(Page {
            name: format!("${name}"),
            module: known.module,
            sort: "variable",
            forms: vec![format!("${name}{sub}")],
            releases: Some(known.releases),
            is_missing: true,
            notes: replaced.map(|new| format!("Newer releases call it `${new}`.")).into_iter().collect(),
            ..Page::default()
        });
    }
    pages
}

fn variable(shelf: &Shelf, module: &'static str, row: &PvarSignature) -> Page {
    let known = shelf.known.pvars_named(row.name).iter().find(|v| v.module == module);
    let access = if row.writable { "It can be assigned." } else { "It is read-only." };
    Page {
        name: format!("${}", row.name),
        module,
        sort: "variable",
        forms: variable_forms(row),
        releases: known.map(|k| k.releases),
        text: joined(row.doc),
        notes: vec![access.to_owned()],
        ..Page::default()
    }
}

fn variable_forms(row: &PvarSignature) -> Vec<String> {
    let subs: &[&str] = match row.sub {
        SubName::None => &[""],
        SubName::Optional => &["", "(name)"],
        SubName::Required => &["(name)"],
    };
    let plain = subs.iter().map(|sub| format!("${}{sub}", row.name));
    let last = subs.last().copied().unwrap_or_default();
    let indexed = row.index.then(|| format!("$({}{last}[index])", row.name));
    plain.chain(indexed).collect()
}

/// By `class.name`, by name alone, or all of a class.
fn transformations(shelf: &Shelf, name: &str) -> Vec<Page> {
    let name = name.to_ascii_lowercase();
    let is_it = |class: &str, function: &str| match name.split_once('.') {
        Some((c, f)) => class.eq_ignore_ascii_case(c) && function.eq_ignore_ascii_case(f),
        None => function.eq_ignore_ascii_case(&name) || (function.is_empty() && class.eq_ignore_ascii_case(&name)),
    };
    let rows = shelf.catalog.transforms().filter(|(_, _, row)| is_it(row.class, row.name));
    let mut pages: Vec<Page> = rows
        .map(|(_, module, row)| Page {
            name: transformation(row.class, row.name),
            module: shelf.module_name(module),
            sort: "transformation",
            forms: vec![transformation_form(row)],
            releases: Some(Releases::Both),
            text: joined(row.doc),
            ..Page::default()
        })
        .collect();
    for known in shelf.known.transformations.iter().filter(|t| is_it(t.class, t.function)) {
        let name = transformation(known.class, known.function);
        if pages.iter().all(|p| p.name != name) {
            let forms = vec![name.clone()];
            pages.push(Page {
                name,
                module: known.module,
                sort: "transformation",
                forms,
                is_missing: true,
                ..Page::default()
            });
        }
    }
    pages
}

fn transformation_form(row: &TransformSignature) -> String {
    let required = row.args.len().saturating_sub(row.optional);
    let args = row.args.iter().enumerate().map(|(n, shape)| {
        let word = match shape {
            ArgShape::Num | ArgShape::LiteralNum => "number",
            ArgShape::Word | ArgShape::Pad => "text",
            ArgShape::WordOrNum => "text or number",
            ArgShape::Char => "character",
            ArgShape::Rest => "expression",
        };
        if n < required { format!(",{word}") } else { format!("[,{word}]") }
    });
    let index = if row.takes_index { "[.index]" } else { "" };
    let name = if row.name.is_empty() { String::new() } else { format!(".{}", row.name) };
    format!("{{{}{index}{name}{}}}", row.class, args.collect::<String>())
}

fn core_parameters(shelf: &Shelf, name: &str) -> Vec<Page> {
    let known = shelf.known.core_param(name);
    let replaced = shelf.known.replaced(NameKind::CoreParam, name);
    let mut pages = Vec::new();
    if let Some(row) = core_param(name) {
        let also = row.aliases.iter().map(|alias| format!("`{alias}` is the same."));
        let idle = row.no_effect.map(|why| format!("It is accepted without effect: {why}."));
        let expected = keywords::form(row.name).map_or("a value", |form| form.expected());
        pages.push(Page {
            name: row.name.to_owned(),
            module: CORE,
            sort: "global parameter",
            forms: vec![format!("{} = {expected}", row.name)],
            releases: known.map(|k| k.releases),
            text: row.doc.to_owned(),
            notes: also.chain(idle).collect(),
            ..Page::default()
        });
    } else if let Some(replaced) = replaced {
        let instead = replaced.new.map_or("It has no successor.".to_owned(), |new| format!("`{new}` took its place."));
        pages.push(Page {
            name: name.to_owned(),
            module: CORE,
            sort: "global parameter",
            releases: known.map(|k| k.releases),
            notes: vec![instead],
            is_missing: known.is_none(),
            ..Page::default()
        });
    }
    pages
}

/// By `module.parameter` or by its name alone.
fn parameters(shelf: &Shelf, name: &str) -> Vec<Page> {
    let is_it = |module: &str, param: &str| match name.split_once('.') {
        Some((m, p)) => m == module && p == param,
        None => param == name,
    };
    let mut pages = Vec::new();
    for (_, module) in shelf.catalog.modules() {
        for row in module.params.iter().filter(|p| is_it(module.name, p.name)) {
            let value = match row.ty {
                ValueType::Int => "NUMBER",
                ValueType::Str => "\"TEXT\"",
            };
            pages.push(Page {
                name: row.name.to_owned(),
                module: module.name,
                sort: "parameter",
                forms: vec![format!("modparam(\"{}\", \"{}\", {value})", module.name, row.name)],
                releases: shelf.known.modparam(module.name, row.name).map(|k| k.releases),
                text: joined(row.doc),
                notes: row.no_effect.map(|why| format!("It is accepted without effect: {why}.")).into_iter().collect(),
                ..Page::default()
            });
        }
    }
    for known in shelf.known.modparams.iter().filter(|p| is_it(p.module, p.name)) {
        if pages.iter().all(|p| p.module != known.module) {
            pages.push(Page {
                name: known.name.to_owned(),
                module: known.module,
                sort: "parameter",
                forms: vec![format!("modparam(\"{}\", \"{}\", ...)", known.module, known.name)],
                releases: Some(known.releases),
                is_missing: true,
                ..Page::default()
            });
        }
    }
    pages
}

fn module(shelf: &Shelf, name: &str) -> Option<Page> {
    let releases = shelf.known.module(name).map(|m| m.releases);
    let Some(id) = shelf.catalog.module(name) else {
        let known = shelf.known.module(name)?;
        let forms = vec![format!("loadmodule \"{}.so\"", known.name)];
        let (name, module) = (known.name.to_owned(), known.name);
        return Some(Page { name, module, sort: "module", forms, releases, is_missing: true, ..Page::default() });
    };
    let row = shelf.catalog.module_signature(id);
    let listed = |what: &str, names: Vec<String>| (!names.is_empty()).then(|| format!("{what}: {}", names.join(", ")));
    let params: Vec<String> = match row.name {
        CORE => CORE_PARAMS.iter().map(|p| p.name.to_owned()).collect(),
        _ => row.params.iter().map(|p| p.name.to_owned()).collect(),
    };
    let needs = row.needs.iter().map(|n| (*n).to_owned()).collect();
    let notes = [
        listed("Needs", needs),
        listed("Functions", row.functions.iter().map(|f| f.name.to_owned()).collect()),
        listed("Variables", row.pvars.iter().map(|v| format!("${}", v.name)).collect()),
        listed("Transformations", row.transforms.iter().map(|t| transformation(t.class, t.name)).collect()),
        listed("Parameters", params),
        listed("Events", row.events.iter().map(|e| (*e).to_owned()).collect()),
        listed("Statistics", row.statistics.iter().map(|s| (*s).to_owned()).collect()),
    ];
    let forms = if row.name == CORE { Vec::new() } else { vec![format!("loadmodule \"{}.so\"", row.name)] };
    Some(Page {
        name: row.name.to_owned(),
        module: row.name,
        sort: "module",
        forms,
        releases,
        notes: notes.into_iter().flatten().collect(),
        ..Page::default()
    })
}

/// Documentation as one paragraph.
fn joined(doc: &str) -> String {
    doc.split_whitespace().collect::<Vec<_>>().join(" ")
}
