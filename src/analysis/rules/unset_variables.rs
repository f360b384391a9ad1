//! A variable of the run is NULL where it is read before the run sets it: nothing in the run does, or only what stands
//! behind in the route that the run starts with.
use crate::analysis::reach::Reached;
use crate::analysis::resolve::Resolved;
use crate::analysis::routes::{RouteId, title};
use crate::analysis::script::Script;
use crate::analysis::sites::{How, Target, Usage, VarSite};
use crate::analysis::walk::{Access, Node, walk};
use crate::base::Span;
use crate::diag::{Diagnostic, codes};
use crate::registry::{DeclaredName, RouteKind, VarKind};
use crate::syntax::ast::{Route, StmtKind};
use crate::syntax::pvar::VarRef;
use ahash::{AHashMap, AHashSet};

pub fn read_before_set(script: &Script<'_>, found: &mut Vec<Diagnostic>) {
    let runs = runs(script);
    let setters = setters(script);
    let loops: Vec<Span> = script.routes.iter().flat_map(|(_, route)| loops(route)).collect();
    for site in script.vars.iter().filter(|s| reads(s.usage)) {
        site.var.visit(&mut |var| {
            if begins_set(script, var) {
                return;
            }
            if is_local(script, var) && !may_be_set(script, &runs, site, var) {
                found.push(report(script, site, var, &runs));
            } else if let Some(set) = set_behind(&runs, &setters, &loops, site, var).filter(|_| is_local(script, var)) {
                let message = format!("`{var}` is read before it is set");
                let diagnostic = Diagnostic::new(codes::READ_BEFORE_SET, var.span, message);
                found.push(diagnostic.label(set, "it is set here").note("a `$var` is NULL when its run starts"));
            }
        });
    }
}

/// One kind of run: where it starts, the routes it may go through and the variables those may set.
struct Run {
    start: RouteId,
    routes: AHashSet<RouteId>,
    sets: AHashSet<String>,
}

/// Branch and error routes belong to the run that causes them: they are taken into each run.
fn runs(script: &Script<'_>) -> Vec<Run> {
    let inner = |kind| matches!(kind, RouteKind::Branch | RouteKind::Error);
    let within: Vec<RouteId> = script.routes.iter().filter(|(_, r)| inner(r.kind)).map(|(id, _)| id).collect();
    let starts = script.routes.iter().filter(|(id, r)| !inner(r.kind) && begins_a_run(script, *id, r));
    starts
        .map(|(start, _)| {
            let mut routes: AHashSet<RouteId> = AHashSet::new();
            let dynamic = script.jumps.iter().any(|j| matches!(j.to, Target::Dynamic(_)));
            let all: Vec<RouteId> =
                if dynamic { script.routes.callable().map(|(id, _)| id).collect() } else { Vec::new() };
            for first in std::iter::once(start).chain(within.iter().copied()).chain(all) {
                routes.extend(Reached::from(script, first).routes());
            }
            let sets = script.vars.iter().filter(|s| routes.contains(&s.route) && sets(s.usage));
            Run { start, sets: sets.map(|s| s.var.to_string()).collect(), routes }
        })
        .collect()
}

/// Not those that are only called by others.
fn begins_a_run(script: &Script<'_>, id: RouteId, route: &Route) -> bool {
    if route.kind != RouteKind::Request || route.is_main() {
        return true;
    }
    let owned = |how: How| matches!(how, How::Report | How::Armed(RouteKind::Request));
    script.jumps.iter().any(|j| owned(j.how) && matches!(j.to, Target::Route(to) if to == id))
}

fn reads(usage: Usage) -> bool {
    match usage {
        Usage::Access(Access::Read | Access::Update) | Usage::Value | Usage::Text => true,
        Usage::Access(Access::Write | Access::Iterate) | Usage::Reference(_) => false,
    }
}

/// What an unknown function does with a variable it is handed nobody knows, so that it may set it. `+=` and its kin fail
/// over NULL.
fn sets(usage: Usage) -> bool {
    match usage {
        Usage::Access(Access::Write | Access::Iterate) | Usage::Reference(_) | Usage::Value => true,
        Usage::Access(Access::Read | Access::Update) | Usage::Text => false,
    }
}

/// The places where each variable is set.
type Setters = AHashMap<String, Vec<(RouteId, Span)>>;

fn setters(script: &Script<'_>) -> Setters {
    let mut setters = Setters::new();
    for site in script.vars.iter().filter(|s| sets(s.usage)) {
        setters.entry(site.var.to_string()).or_default().push((site.route, site.var.span));
    }
    setters
}

/// The first place that sets what is read, when the run starts in this very route, nothing sets it before and no loop
/// comes back to the read.
fn set_behind(runs: &[Run], setters: &Setters, loops: &[Span], site: &VarSite, var: &VarRef) -> Option<Span> {
    let read = var.span.start;
    let sets = setters.get(&var.to_string())?;
    let starts_here = runs.iter().filter(|r| r.routes.contains(&site.route)).all(|r| r.start == site.route);
    if !starts_here || sets.iter().any(|(route, at)| *route != site.route || at.start <= read) {
        return None;
    }
    let (_, first) = sets.first()?;
    let comes_back = loops.iter().any(|l| l.start <= read && first.start < l.end);
    (!comes_back).then_some(*first)
}

fn loops(route: &Route) -> Vec<Span> {
    let mut loops = Vec::new();
    walk(&route.body.stmts, &mut |node| {
        let Node::Stmts(stmts) = node else { return };
        let turns = stmts.iter().filter(|s| matches!(s.kind, StmtKind::While(_) | StmtKind::For(_)));
        loops.extend(turns.map(|s| s.span));
    });
    loops
}

fn is_local(script: &Script<'_>, var: &VarRef) -> bool {
    let row = script.variable(&var.name, var.sub.is_some(), var.span.start);
    var.sub.is_some() && matches!(row, Resolved::Row((sig, _)) if sig.kind == VarKind::Local)
}

/// A module parameter gives it a value in every run.
fn begins_set(script: &Script<'_>, var: &VarRef) -> bool {
    let declared = script.declared(DeclaredName::Variable);
    var.sub.as_ref().is_some_and(|sub| declared.iter().any(|name| sub.text == name.as_str()))
}

/// Also when the variable stands in a string somewhere: a function may take it from there.
fn may_be_set(script: &Script<'_>, runs: &[Run], site: &VarSite, var: &VarRef) -> bool {
    let name = var.to_string();
    let mut through = runs.iter().filter(|run| run.routes.contains(&site.route)).peekable();
    through.peek().is_none()
        || through.any(|run| run.sets.contains(&name))
        || script
            .strings
            .iter()
            .any(|text| memchr::memmem::find(text, name.as_bytes()).is_some() && site.usage != Usage::Text)
}

fn report(script: &Script<'_>, site: &VarSite, var: &VarRef, runs: &[Run]) -> Diagnostic {
    let set_elsewhere = script.vars.iter().find(|s| sets(s.usage) && s.var.to_string() == var.to_string());
    let Some(other) = set_elsewhere else {
        return Diagnostic::new(codes::READ_BEFORE_SET, var.span, format!("`{var}` is never set"));
    };
    let run = runs.iter().find(|r| r.routes.contains(&site.route)).and_then(|r| script.routes.get(r.start));
    let run = run.map(title).unwrap_or_default();
    let message = format!("`{var}` is not set in the run of `{run}`");
    Diagnostic::new(codes::READ_BEFORE_SET, var.span, message)
        .label(other.var.span, "it is set here, in another run")
        .note("a `$var` belongs to one run of the script; OpenSIPS lets it leak into later messages")
        .help("use `$avp` for what must reach the routes of a transaction")
}
