//! Lowering: one walk over the routes of a tree.
//!
//! `statement` and `condition` emit operations, `value` makes trees of expressions and spills what stands left of a
//! command, `call` and `variable` look names up. Jumps go to labels, which become addresses at the end.
mod call;
mod condition;
mod statement;
mod value;
mod variable;

use super::program::*;
use crate::base::{Span, Str};
use crate::diag::{Code, Diagnostic};
use crate::registry::{Catalog, ModuleId, RouteKind, catalog::CORE};
use crate::syntax::ast::{self, Ast};
use crate::syntax::format_string::FormatString;
use ahash::AHashMap;

/// Lowers a script that the checker lets through. What it should have refused comes back as findings.
pub fn lower(ast: &Ast, catalog: &Catalog) -> Result<Program, Vec<Diagnostic>> {
    let mut lowering = Lowering::new(ast, catalog);
    let routes: Vec<&ast::Route> = ast.routes().collect();
    for route in &routes {
        lowering.declare(route);
    }
    for (at, route) in routes.iter().enumerate() {
        lowering.route(RouteId(at as u32), route);
    }
    lowering.finish()
}

struct Lowering<'a> {
    catalog: &'a Catalog,
    /// Loaded modules, the newest last; core is the newest of all because its names win.
    loaded: Vec<ModuleId>,
    program: Program,
    errors: Vec<Diagnostic>,
    callable: AHashMap<Str, RouteId>,
    /// Addresses of labels, which jumps hold until the end.
    labels: Vec<Option<Pc>>,
    /// Where `break` goes, innermost last.
    breaks: Vec<Pc>,
    temps: u16,
    /// Statements stand in a condition, where `return` ends the script.
    in_condition: bool,
    /// Of the statement being lowered.
    span: Span,
}

impl<'a> Lowering<'a> {
    fn new(ast: &Ast, catalog: &'a Catalog) -> Lowering<'a> {
        let loaded = ast.modules().filter_map(|m| catalog.module(&m.name()));
        Lowering {
            catalog,
            loaded: loaded.chain(catalog.module(CORE)).collect(),
            program: Program::default(),
            errors: Vec::new(),
            callable: AHashMap::new(),
            labels: Vec::new(),
            breaks: Vec::new(),
            temps: 0,
            in_condition: false,
            span: Span::default(),
        }
    }

    fn declare(&mut self, route: &ast::Route) {
        let id = RouteId(self.program.routes.len() as u32);
        let name = if route.is_main() { None } else { route.name.as_ref().map(|n| n.value.clone()) };
        if let (RouteKind::Request, Some(name)) = (route.kind, &name) {
            self.callable.insert(name.clone(), id);
        }
        self.program.routes.push(Route {
            kind: route.kind,
            name,
            interval: route.interval.map(|i| i.value.unsigned_abs()),
            entry: 0,
            temps: 0,
            span: route.span,
        });
    }

    fn route(&mut self, id: RouteId, route: &ast::Route) {
        let entry = self.here();
        self.temps = 0;
        self.span = route.keyword;
        self.statements(&route.body.stmts);
        self.emit(Op::End);
        if let Some(made) = self.program.routes.get_mut(id.index()) {
            made.entry = entry;
            made.temps = self.temps;
        }
    }

    fn finish(mut self) -> Result<Program, Vec<Diagnostic>> {
        if !self.errors.is_empty() {
            return Err(self.errors);
        }
        let labels = self.labels;
        let end = self.program.ops.len() as Pc;
        for op in &mut self.program.ops {
            op.jumps(&mut |to| *to = labels.get(*to as usize).copied().flatten().unwrap_or(end));
        }
        Ok(self.program)
    }

    fn here(&self) -> Pc {
        self.program.ops.len() as Pc
    }

    fn emit(&mut self, op: Op) {
        self.program.ops.push(op);
        self.program.spans.push(self.span);
    }

    fn label(&mut self) -> Pc {
        self.labels.push(None);
        self.labels.len() as Pc - 1
    }

    fn place_label(&mut self, label: Pc) {
        let here = self.here();
        if let Some(slot) = self.labels.get_mut(label as usize) {
            *slot = Some(here);
        }
    }

    fn temp(&mut self) -> Temp {
        let temp = Temp(self.temps);
        self.temps = self.temps.saturating_add(1);
        temp
    }

    fn error(&mut self, code: Code, span: Span, message: impl Into<String>) {
        self.errors.push(Diagnostic::new(code, span, message));
    }

    /// Lowers at a place of its own, then goes back to the statement's.
    fn at<T>(&mut self, span: Span, lower: impl FnOnce(&mut Self) -> T) -> T {
        let outer = std::mem::replace(&mut self.span, span);
        let made = lower(self);
        self.span = outer;
        made
    }

    fn format(&mut self, parsed: &FormatString) -> FormatId {
        use crate::syntax::format_string::Piece as Parsed;
        let pieces = parsed.pieces.iter().map(|piece| match piece {
            Parsed::Text(text) => Piece::Text(text.clone()),
            Parsed::Var(var) => Piece::Var(self.var(var)),
        });
        let pieces = pieces.collect();
        self.program.formats.push(pieces);
        FormatId(self.program.formats.len() as u32 - 1)
    }
}
