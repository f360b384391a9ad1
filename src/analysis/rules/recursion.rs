//! Routes that call each other in a circle end at a depth of 100, with -1.
use crate::analysis::routes::{RouteId, title};
use crate::analysis::script::Script;
use crate::analysis::sites::{How, Target};
use crate::base::Span;
use crate::diag::{Diagnostic, codes};
use ahash::AHashSet;

pub fn circles(script: &Script<'_>, found: &mut Vec<Diagnostic>) {
    let mut done = AHashSet::new();
    for (start, _) in script.routes.callable() {
        let Some(path) = circle(script, start) else { continue };
        let mut members: Vec<RouteId> = path.iter().map(|(_, to)| *to).collect();
        members.sort_unstable();
        if done.insert(members) {
            found.extend(report(script, start, &path));
        }
    }
}

/// The shortest way from a route back to itself.
fn circle(script: &Script<'_>, start: RouteId) -> Option<Vec<(Span, RouteId)>> {
    let mut ways = vec![Vec::new()];
    let mut seen = AHashSet::new();
    while !ways.is_empty() {
        let mut longer = Vec::new();
        for way in ways {
            let at = way.last().map_or(start, |(_, to)| *to);
            for jump in script.jumps_from(at) {
                let (How::Call, Target::Route(to)) = (jump.how, &jump.to) else { continue };
                let mut next: Vec<(Span, RouteId)> = way.clone();
                next.push((jump.span, *to));
                if *to == start {
                    return Some(next);
                }
                if seen.insert(*to) {
                    longer.push(next);
                }
            }
        }
        ways = longer;
    }
    None
}

fn report(script: &Script<'_>, start: RouteId, path: &[(Span, RouteId)]) -> Option<Diagnostic> {
    let (first, _) = path.first()?;
    let name = |id: RouteId| script.routes.get(id).map(title).unwrap_or_default();
    let names: Vec<String> = std::iter::once(start).chain(path.iter().map(|(_, to)| *to)).map(name).collect();
    let message = format!("routes call each other in a circle: {}", names.join(" -> "));
    let mut found =
        Diagnostic::new(codes::RECURSION, *first, message).note("a call deeper than 100 is not made and yields -1");
    for (span, to) in path {
        found = found.step(*span, format!("`{}` is called", name(*to)));
    }
    Some(found)
}
