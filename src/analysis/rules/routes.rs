//! Routes: those named are defined, none twice, and there is a main one.
use crate::analysis::routes::title;
use crate::analysis::script::Script;
use crate::analysis::sites::{How, Jump, Target};
use crate::base::{Span, Str};
use crate::diag::near::nearest;
use crate::diag::{Diagnostic, codes};
use crate::registry::RouteKind;

/// Names of one family that OpenSIPS has room for; timer routes need no slot for an unnamed one.
const MOST: usize = 99;

pub fn defined(script: &Script<'_>, found: &mut Vec<Diagnostic>) {
    for jump in &script.jumps {
        if let Target::Undefined(name) = &jump.to {
            found.push(undefined(script, jump, name));
        }
    }
}

fn undefined(script: &Script<'_>, jump: &Jump<'_>, name: &Str) -> Diagnostic {
    let keyword = jump.how.family().keyword();
    let (code, what) = match jump.how {
        How::Call => (codes::UNDEFINED_ROUTE, format!("`{keyword}[{name}]` is not defined")),
        How::Armed(_) => (codes::UNDEFINED_TARGET, format!("`{keyword}[{name}]` is not defined")),
        How::Resume => (codes::UNDEFINED_RESUME, format!("resume route `{keyword}[{name}]` is not defined")),
        How::Report => (codes::UNDEFINED_RESUME, format!("report route `{keyword}[{name}]` is not defined")),
    };
    let found = Diagnostic::new(code, jump.span, what);
    if jump.how == How::Call && name.iter().all(|b| *b == b'0') {
        return found.note("the main route cannot be called");
    }
    let routes = script.routes.iter().filter(|(_, r)| r.kind == jump.how.family() && !r.is_main());
    // No more than OpenSIPS has room for: a long script of broken calls is compared in linear time.
    let names: Vec<String> = routes.filter_map(|(_, r)| Some(r.name.as_ref()?.value.to_string())).take(MOST).collect();
    match nearest(&name.to_string_lossy(), names.iter().map(String::as_str)) {
        Some(near) => found.help(format!("did you mean `{near}`?")),
        None => elsewhere(script, jump, name, found),
    }
}

/// A route of that name in another family.
fn elsewhere(script: &Script<'_>, jump: &Jump<'_>, name: &Str, found: Diagnostic) -> Diagnostic {
    let families = RouteKind::ALL.iter().filter(|kind| **kind != jump.how.family() && **kind != RouteKind::Event);
    let other = families.filter_map(|kind| script.routes.get(script.routes.named(*kind, name)?)).next();
    match other {
        Some(route) => found.label(route.keyword.to(name_span(route)), "this is another family of routes"),
        None => found,
    }
}

pub fn once(script: &Script<'_>, found: &mut Vec<Diagnostic>) {
    let mut counts = [0usize; RouteKind::ALL.len()];
    for (id, route) in script.routes.iter() {
        // Timer routes of one name all run.
        let first = script.routes.first_like(route).filter(|first| *first != id && route.kind != RouteKind::Timer);
        if let Some(first) = first.and_then(|f| script.routes.get(f)) {
            let message = format!("`{}` is defined twice", title(route));
            let found_here = Diagnostic::new(codes::DUPLICATE_ROUTE, route.keyword.to(name_span(route)), message);
            found.push(found_here.label(first.keyword.to(name_span(first)), "first defined here"));
            continue;
        }
        let Some(count) = RouteKind::ALL.iter().position(|k| *k == route.kind).and_then(|at| counts.get_mut(at)) else {
            continue;
        };
        *count += usize::from(route.name.is_some() && !route.is_main());
        let most = MOST + usize::from(route.kind == RouteKind::Timer);
        if *count == most + 1 {
            let message = format!("more than {most} routes of the family `{}`", route.kind.keyword());
            found.push(Diagnostic::new(codes::TOO_MANY_ROUTES, route.keyword, message));
        }
    }
}

pub fn main(script: &Script<'_>, found: &mut Vec<Diagnostic>) {
    if script.routes.main().is_some() {
        return;
    }
    let at = script.routes.iter().next().map(|(_, r)| r.keyword);
    let at = at.or_else(|| script.ast.items.first().map(|i| i.span())).unwrap_or(Span::at(0));
    let at = Span::new(at.start, at.end.min(at.start.saturating_add(1)).max(at.start));
    let message = "there is no main `route`: every request is dropped";
    found.push(Diagnostic::new(codes::NO_MAIN_ROUTE, at, message));
}

/// Up to the name in the header of a route.
fn name_span(route: &crate::syntax::ast::Route) -> Span {
    route.name.as_ref().map_or(route.keyword, |n| n.span)
}
