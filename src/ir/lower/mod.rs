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
use super::references::{Ref, references};
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
    /// Some variable asks somebody outside.
    has_waits: bool,
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
            has_waits: false,
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
        debug_assert_eq!(super::verify(&self.program), Ok(()));
        Ok(self.program)
    }

    fn here(&self) -> Pc {
        self.program.ops.len() as Pc
    }

    fn emit(&mut self, op: Op) {
        if self.has_waits {
            let vars = self.waited_for(&op);
            if !vars.is_empty() {
                self.push(Op::Await(vars.into()));
            }
        }
        self.push(op);
    }

    fn push(&mut self, op: Op) {
        self.program.ops.push(op);
        self.program.spans.push(self.span);
    }

    /// The variables in an operation that somebody outside is asked for.
    fn waited_for(&self, op: &Op) -> Vec<VarId> {
        let program = &self.program;
        let in_format = |id: FormatId| program.formats.get(id.index()).into_iter().flatten().filter_map(Piece::var);
        let mut vars = Vec::new();
        references(op, &mut |reference| match reference {
            Ref::Var(id) => vars.push(id),
            Ref::Format(id) => vars.extend(in_format(id)),
            Ref::Site(id) => {
                for arg in program.sites.get(id.index()).map_or(&[][..], |site| &site.args) {
                    match arg {
                        Argument::Var(id) => vars.push(*id),
                        Argument::Format(id) => vars.extend(in_format(*id)),
                        _ => {}
                    }
                }
            }
            Ref::Pattern(_) | Ref::Route(_) | Ref::Temp(_) => {}
        });
        vars.retain(|id| program.vars.get(id.index()).is_some_and(|v| v.waits));
        vars
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::{ModuleSignature, Param, ParamType, PvarSignature, RouteMask, Signature, SubName, VarKind};

    const N: Param = Param { name: "n", ty: ParamType::Int, rule: None, earlier: None, optional: true };
    static F: Signature = Signature { name: "f", params: &[N], routes: RouteMask::ALL, roles: &[], doc: "" };
    static X: PvarSignature = PvarSignature {
        name: "x",
        kind: VarKind::Plain,
        sub: SubName::None,
        dynamic_sub: false,
        index: true,
        words: &[],
        index_suffixes: &[],
        writable: true,
        uses: None,
        check_sub: None,
        text_only: false,
        needs_text: false,
        doc: "",
    };

    fn check(statements: &str, expected: &str) {
        let script = format!("route {{ {statements} }} route[r] {{ exit; }}");
        let source = crate::syntax::Source::single("test.cfg", script.as_bytes());
        let parsed = crate::syntax::parse(&source);
        let core = ModuleSignature {
            name: CORE,
            needs: &[],
            functions: vec![&F],
            pvars: vec![&X],
            transforms: Vec::new(),
            params: &[],
            constraints: &[],
            events: &[],
            statistics: &[],
            transport: None,
            examples: &[],
        };
        let catalog = Catalog::new(vec![core]);
        let program = lower(&parsed.ast, &catalog).unwrap_or_else(|e| panic!("{script}: {e:?}"));
        let dumped = crate::ir::dump(&program, &catalog);
        let code = dumped.lines().map(str::trim).skip(1).take_while(|l| *l != "route[r]");
        let expected: Vec<&str> = expected.lines().map(str::trim).filter(|l| !l.is_empty()).collect();
        assert_eq!(code.collect::<Vec<_>>(), expected, "{script}\n{dumped}");
    }

    #[test]
    fn a_condition_without_commands_stays_a_tree() {
        check(
            r#"if ($x == 1 && !($x =~ "^a") or [ $x + 1 ]) f(1); else f();"#,
            "0 if ($x == 1 and not $x =~ /^a/ or [($x + 1)]) is false -> 3
             1 f(1)
             2 -> 4
             3 f()
             4 end",
        );
    }

    #[test]
    fn commands_make_jumps_of_a_condition() {
        check(
            "if (!f(1) && $x == 1 || f(2)) exit;",
            "0 f(1)
             1 if code is true -> 3
             2 if $x == 1 is true -> 5, error -> 7
             3 f(2)
             4 if code is false -> 7
             5 exit
             6 -> 8
             7 code = 1, rc = 1
             8 end",
        );
    }

    #[test]
    fn operands_before_a_command_are_kept() {
        check(
            "$x = $x + 1 + f(2) + 3;",
            "0 t0 = ($x + 1), error -> 4
             1 t1 = f(2)
             2 $x = (t0 + t1 + 3)
             3 -> 5
             4 fail
             5 end",
        );
    }

    #[test]
    fn loops_and_switches_are_jumps() {
        check(
            "while ($x) { switch ($x) { case 1: break; case \"a\": default: f(); } }",
            "0 t0 = 0
             1 count t0, limit -> 9
             2 if $x is false -> 8
             3 switch $x: 1 -> 4, \"a\" -> 6, else -> 6
             4 code = -5, rc = -5
             5 -> 7
             6 f()
             7 -> 1
             8 code = 1, rc = 1
             9 end",
        );
        check(
            "for ($x in $(x[*])) route(r, 1);",
            "0 t0 = 0
             1 $x = next of $x by t0, end -> 4
             2 route(r, 1)
             3 -> 1
             4 code = 1, rc = 1
             5 end",
        );
    }

    #[test]
    fn asynchronous_calls_end_in_a_jump_to_their_route() {
        check(
            "async(f(1), r); launch(f(2), r);",
            "0 t0 = async f(1)
             1 resume in r
             2 launch f(2), report to r
             3 end",
        );
    }

    #[test]
    fn what_the_checker_should_have_refused_comes_back_as_findings() {
        let script = "route { g(); $nosuch = 1; route(nowhere); }";
        let source = crate::syntax::Source::single("test.cfg", script.as_bytes());
        let refused = lower(&crate::syntax::parse(&source).ast, &Catalog::new(Vec::new()));
        let ids: Vec<&str> = refused.map_or_else(|e| e.iter().map(|d| d.code.id).collect(), |_| Vec::new());
        assert_eq!(ids, ["E101", "E109", "E107"]);
    }
}
