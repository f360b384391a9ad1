//! Which routes a route leads to, and over which calls.
use super::routes::RouteId;
use super::script::Script;
use super::sites::{How, Jump, Target};
use crate::base::Span;
use crate::syntax::ast::RouteTarget;
use crate::syntax::format_string::{FormatString, Piece};
use crate::syntax::origin::Origin;
use ahash::AHashMap;
use std::collections::VecDeque;

/// The routes reached from one, each with the call that reached it first and the route that call stands in.
pub struct Reached {
    start: RouteId,
    from: AHashMap<RouteId, (RouteId, Span)>,
}

impl Reached {
    /// `start` and what it leads to within its own run: calls and resume routes.
    pub fn from(script: &Script<'_>, start: RouteId) -> Reached {
        let mut from = AHashMap::new();
        let mut queue = VecDeque::from([start]);
        while let Some(route) = queue.pop_front() {
            for jump in script.jumps_from(route) {
                for to in in_run(script, jump) {
                    if to != start && !from.contains_key(&to) {
                        from.insert(to, (route, jump.span));
                        queue.push_back(to);
                    }
                }
            }
        }
        Reached { start, from }
    }

    pub fn contains(&self, route: RouteId) -> bool {
        route == self.start || self.from.contains_key(&route)
    }

    pub fn routes(&self) -> impl Iterator<Item = RouteId> + '_ {
        std::iter::once(self.start).chain(self.from.keys().copied())
    }

    /// The calls that lead from the start to `route`, in order, with the routes they lead to.
    pub fn path(&self, route: RouteId) -> Vec<(Span, RouteId)> {
        let mut path = Vec::new();
        let mut at = route;
        while let Some((caller, span)) = self.from.get(&at) {
            path.push((*span, at));
            at = *caller;
        }
        path.reverse();
        path
    }
}

/// Where a jump goes on in the same run; nothing when only a run can tell.
pub fn in_run(script: &Script<'_>, jump: &Jump<'_>) -> Vec<RouteId> {
    match (&jump.how, &jump.to) {
        (How::Call | How::Resume, Target::Route(to)) => vec![*to],
        (How::Call | How::Resume, Target::Dynamic(target)) => possible(script, target).unwrap_or_default(),
        _ => Vec::new(),
    }
}

/// The routes a dynamic name can mean, when the script shows all it can be.
pub fn possible(script: &Script<'_>, target: &RouteTarget) -> Option<Vec<RouteId>> {
    match target {
        RouteTarget::Var(token) => holders(script, &token.text),
        RouteTarget::Name(name) => {
            let text = FormatString::parse(&name.value, Origin::Within(name.span)).ok()?;
            if let [Piece::Var(var)] = text.pieces.as_slice() {
                return holders(script, &var.to_string());
            }
            let fits = script.routes.callable().filter(|(_, r)| r.name.as_ref().is_some_and(|n| fits(&text, &n.value)));
            Some(fits.map(|(id, _)| id).collect())
        }
    }
}

/// The routes whose names are assigned to the variable, when nothing else ever is.
fn holders(script: &Script<'_>, variable: &str) -> Option<Vec<RouteId>> {
    let held = script.held.get(variable).filter(|h| !h.other)?;
    let named = |name: &crate::base::Str| script.routes.named(How::Call.family(), name);
    Some(held.texts.iter().filter_map(named).collect())
}

/// Whether a name has the texts of the format in their order, variables being anything.
fn fits(format: &FormatString, name: &[u8]) -> bool {
    let mut rest = name;
    for (at, piece) in format.pieces.iter().enumerate() {
        let Piece::Text(text) = piece else { continue };
        let last = at + 1 == format.pieces.len();
        let found = match (at, last) {
            (0, _) => rest.starts_with(text).then_some(0),
            (_, true) => rest.ends_with(text).then(|| rest.len() - text.len()),
            (_, false) => memchr::memmem::find(rest, text),
        };
        let Some(found) = found else { return false };
        rest = rest.get(found + text.len()..).unwrap_or_default();
    }
    true
}
