//! Says what is wrong with a script before it runs: `check` takes a tree and the catalog and returns findings.
//!
//! `Script` gathers what names mean (`resolve`) and where they are used (`sites`); each rule of `rules` reads that;
//! `flow` follows contexts along the paths of routes. What modules have of their own comes as rows and roles: no name
//! of a function, variable or parameter stands here. A new rule is a file in `rules` and a row in its table.
mod flow;
mod modules;
mod reach;
mod resolve;
mod routes;
mod rules;
mod script;
mod sites;
mod walk;

pub use modules::Modules;

use crate::diag::Diagnostic;
use crate::registry::Catalog;
use crate::syntax::ast::Ast;
use script::Script;

/// Every finding about names, types, routes, modules and contexts, in the order of the text. What the parser found is
/// not among them.
pub fn check(ast: &Ast, catalog: &Catalog) -> Vec<Diagnostic> {
    let script = Script::new(ast, catalog);
    let mut found = script.unreadable.clone();
    for rule in rules::ALL {
        rule(&script, &mut found);
    }
    found.sort_by(|a, b| (a.span().start, a.code.id, &a.message).cmp(&(b.span().start, b.code.id, &b.message)));
    found.dedup_by(|a, b| a.code == b.code && a.span() == b.span() && a.message == b.message);
    found
}
