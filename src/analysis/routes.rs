//! The routes of a script by family and name.
use crate::base::Str;
use crate::registry::RouteKind;
use crate::syntax::ast::{Ast, Route};
use ahash::AHashMap;

/// Place of a route among those of the script.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RouteId(pub usize);

pub struct Routes<'a> {
    all: Vec<&'a Route>,
    /// The first of each name; a main route has none.
    index: AHashMap<(RouteKind, Option<Str>), RouteId>,
}

impl<'a> Routes<'a> {
    pub fn new(ast: &'a Ast) -> Routes<'a> {
        let all: Vec<&Route> = ast.routes().collect();
        let mut index = AHashMap::new();
        for (at, route) in all.iter().enumerate() {
            index.entry((route.kind, key(route))).or_insert(RouteId(at));
        }
        Routes { all, index }
    }

    pub fn iter(&self) -> impl Iterator<Item = (RouteId, &'a Route)> + '_ {
        self.all.iter().enumerate().map(|(at, route)| (RouteId(at), *route))
    }

    pub fn get(&self, id: RouteId) -> Option<&'a Route> {
        self.all.get(id.0).copied()
    }

    pub fn named(&self, kind: RouteKind, name: &[u8]) -> Option<RouteId> {
        self.index.get(&(kind, Some(Str::new(name)))).copied()
    }

    pub fn main(&self) -> Option<RouteId> {
        self.index.get(&(RouteKind::Request, None)).copied()
    }

    /// The first route that has the name of this one.
    pub fn first_like(&self, route: &Route) -> Option<RouteId> {
        self.index.get(&(route.kind, key(route))).copied()
    }

    /// Those that `route()` can call.
    pub fn callable(&self) -> impl Iterator<Item = (RouteId, &'a Route)> + '_ {
        self.iter().filter(|(_, route)| route.kind == RouteKind::Request && !route.is_main())
    }
}

/// `route[x]`, as it stands in the script.
pub fn title(route: &Route) -> String {
    match &route.name {
        Some(name) if !route.is_main() => format!("{}[{}]", route.kind.keyword(), name.value),
        _ => route.kind.keyword().to_owned(),
    }
}

fn key(route: &Route) -> Option<Str> {
    if route.is_main() { None } else { route.name.as_ref().map(|n| n.value.clone()) }
}
