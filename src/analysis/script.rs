//! `Script`: a tree with what its names mean, gathered once and read by every rule.
use super::modules::Modules;
use super::routes::{RouteId, Routes};
use super::sites::{self, CallSite, Held, Jump, VarSite};
use crate::diag::Diagnostic;
use crate::registry::opensips::KnownNames;
use crate::registry::{Catalog, DeclaredName};
use crate::syntax::ast::Ast;
use ahash::{AHashMap, AHashSet};

pub struct Script<'a> {
    pub ast: &'a Ast,
    pub catalog: &'a Catalog,
    pub known: &'static KnownNames,
    pub modules: Modules<'a>,
    pub routes: Routes<'a>,
    /// Calls of functions, in the order of the text.
    pub calls: Vec<CallSite<'a>>,
    /// Variables, also those inside format strings and inside other variables.
    pub vars: Vec<VarSite>,
    /// Where a route calls, resumes in or arms another.
    pub jumps: Vec<Jump<'a>>,
    /// By the variable as written.
    pub held: AHashMap<String, Held>,
    /// Every literal string of routes and module parameters: who has a route's name in it may well know that route.
    pub strings: AHashSet<Vec<u8>>,
    /// Variables and format strings that cannot be read.
    pub unreadable: Vec<Diagnostic>,
    declared: AHashMap<DeclaredName, Vec<String>>,
}

impl<'a> Script<'a> {
    pub fn new(ast: &'a Ast, catalog: &'a Catalog) -> Script<'a> {
        let modules = Modules::new(ast, catalog);
        let sorts = [DeclaredName::AccExtra, DeclaredName::AccLeg, DeclaredName::Profile, DeclaredName::Variable];
        let declared = sorts.into_iter().map(|sort| (sort, modules.declared(catalog, sort))).collect();
        let mut script = Script {
            ast,
            catalog,
            known: KnownNames::get(),
            routes: Routes::new(ast),
            modules,
            calls: Vec::new(),
            vars: Vec::new(),
            jumps: Vec::new(),
            held: AHashMap::new(),
            strings: AHashSet::new(),
            unreadable: Vec::new(),
            declared,
        };
        sites::collect(&mut script);
        script
    }

    /// The names of a sort that module parameters declare.
    pub fn declared(&self, sort: DeclaredName) -> &[String] {
        self.declared.get(&sort).map_or(&[], Vec::as_slice)
    }

    pub fn jumps_from(&self, route: RouteId) -> impl Iterator<Item = &Jump<'a>> {
        self.jumps.iter().filter(move |j| j.from == route)
    }
}
