//! Linking: a program's tables are bound to the bodies of modules, names to numbers, patterns are compiled.
//!
//! `vars` links variable references, `late` those of texts that only become known at run time. What cannot be bound comes back as findings, never as a panic.
pub mod late;
mod vars;

use super::arg::Arg;
use super::flags::{FLAGS, FlagNames};
use super::function::Function;
use super::image::{Image, Site, Step, TimerRoute};
use super::module::Module;
use super::pvar::{Piece, Pvar, TransformRow, Var, VarIndex, VarName};
use super::substitution::{LinkedSubstitution, Substitution};
use crate::base::{SourceMap, Span, Str};
use crate::context::{AvpNames, Value};
use crate::diag::{Code, Diagnostic, codes};
use crate::ir::{self, Argument, CallSite, PatternText, Program, RouteId};
use crate::registry::{FunctionId, ParamType, RouteKind, catalog::CORE};
use crate::syntax::ere::{Flags, Pattern};
use ahash::AHashMap;
use std::sync::Arc;

/// What a program is linked with.
pub struct Linking<'a> {
    /// Every module, in the order of the catalog that the program was lowered with.
    pub modules: &'a [&'static Module],
    /// Names of the loaded modules; only their hooks and timers are followed.
    pub loaded: &'a [String],
    pub avp_names: &'a AvpNames,
    /// The numbers that flags have already, so that a reload keeps them.
    pub flags: FlagNames,
    /// What variables of a run begin with, unless with NULL; of two for one name the later counts.
    pub initial_vars: &'a [(Str, Value)],
    pub sources: SourceMap,
}

pub fn link(mut program: Program, with: Linking<'_>) -> Result<Image, Vec<Diagnostic>> {
    let mut linker = Linker::new(&with);
    let vars: Vec<_> = program.vars.iter().filter_map(|v| linker.var(v).map(Arc::new)).collect();
    let formats: Vec<_> = program.formats.iter().map(|f| linker.format(f, &program)).collect();
    let regexes: Vec<_> = program.patterns.iter().filter_map(|p| linker.pattern(p)).collect();
    let (vars, regexes) = linker.all_bound((vars, regexes))?;
    let mut sites = Sites { linker, formats: &program.formats, vars: &vars, regexes: &regexes, program: &program };
    let sites_made: Vec<_> = program.sites.iter().filter_map(|s| sites.link(s)).collect();
    let linker = sites.linker;
    let sites = linker.all_bound(sites_made)?;
    program.bind_slots(&|id| vars.get(id.index()).and_then(|v| plain_slot(v)));
    let (by_name, timer_routes) = routes(&program);
    let followed = with.modules.iter().filter(|m| m.name == CORE || with.loaded.iter().any(|l| l == m.name));
    Ok(Image {
        hooks: followed.clone().flat_map(|m| m.hooks.iter().copied()).collect(),
        late: late::LateTexts::new(looked_up(&with), linker.slots.clone()),
        suspend: followed.clone().find_map(|m| m.suspend),
        timers: followed.filter_map(|m| m.timer).collect(),
        error_route: by_name.get(&(RouteKind::Error, None)).copied(),
        initial: initial(&linker.slots, with.initial_vars),
        flags: linker.flags,
        steps: program.ops.into_iter().zip(program.spans).map(|(op, span)| Step { op, span }).collect(),
        sites,
        vars,
        formats,
        regexes,
        routes: program.routes,
        timer_routes,
        by_name,
        sources: with.sources,
        ..Image::default()
    })
}

struct Linker<'a> {
    functions: Vec<&'static Function>,
    pvars: Vec<&'static Pvar>,
    transforms: Vec<&'static TransformRow>,
    avp_names: &'a AvpNames,
    flags: FlagNames,
    slots: AHashMap<Str, u32>,
    errors: Vec<Diagnostic>,
}

impl<'a> Linker<'a> {
    fn new(with: &Linking<'a>) -> Linker<'a> {
        Linker {
            functions: with.modules.iter().flat_map(|m| m.functions).collect(),
            pvars: with.modules.iter().flat_map(|m| m.pvars).collect(),
            transforms: with.modules.iter().flat_map(|m| m.transforms).collect(),
            avp_names: with.avp_names,
            flags: with.flags.clone(),
            slots: AHashMap::new(),
            errors: Vec::new(),
        }
    }

    fn error(&mut self, code: Code, span: Span, message: impl Into<String>) {
        self.errors.push(Diagnostic::new(code, span, message));
    }

    /// Tables are indexed by number: with something missing in them they are of no use.
    fn all_bound<T>(&self, made: T) -> Result<T, Vec<Diagnostic>> {
        if self.errors.is_empty() { Ok(made) } else { Err(self.errors.clone()) }
    }

    fn function(&self, id: FunctionId) -> Option<&'static Function> {
        self.functions.get(usize::from(id.0)).copied()
    }

    fn format(&mut self, pieces: &[ir::Piece], program: &Program) -> Box<[Piece]> {
        let pieces = pieces.iter().filter_map(|piece| match piece {
            ir::Piece::Text(text) => Some(Piece::Text(text.clone())),
            ir::Piece::Var(id) => program.vars.get(id.index()).and_then(|v| self.var(v)).map(Piece::Var),
        });
        pieces.collect()
    }

    fn pattern(&mut self, text: &PatternText) -> Option<Arc<Pattern>> {
        match Pattern::new(&text.text, Flags { icase: true, newline: text.newline }) {
            Ok(pattern) => Some(Arc::new(pattern)),
            Err(e) => {
                self.error(codes::BAD_PATTERN, text.span, e.to_string());
                None
            }
        }
    }
}

/// Links calls, with everything they refer to at hand.
struct Sites<'a, 'p> {
    linker: Linker<'a>,
    formats: &'p [Vec<ir::Piece>],
    vars: &'p [Arc<Var>],
    regexes: &'p [Arc<Pattern>],
    program: &'p Program,
}

impl Sites<'_, '_> {
    fn link(&mut self, site: &CallSite) -> Option<Site> {
        let Some(function) = self.linker.function(site.function) else {
            self.linker.error(codes::UNKNOWN_FUNCTION, site.span, "a function without a body");
            return None;
        };
        let args = site.args.iter().enumerate().map(|(at, arg)| self.argument(site, function, at, arg));
        Some(Site { function, args: args.collect::<Option<_>>()? })
    }

    fn argument(&mut self, site: &CallSite, function: &Function, at: usize, arg: &Argument) -> Option<Arg> {
        Some(match arg {
            Argument::Omitted => Arg::Omitted,
            Argument::Int(i) => Arg::Int(*i),
            Argument::Var(id) => {
                self.numbered_flags(function, at);
                Arg::Var(self.vars.get(id.index())?.clone())
            }
            Argument::Format(id) => {
                let pieces = self.formats.get(id.index())?;
                Arg::Format(self.linker.format(pieces, self.program).into())
            }
            Argument::Pattern(id) => Arg::Pattern(self.regexes.get(id.index())?.clone()),
            Argument::Notation { text, vars } => {
                let vars = vars.iter().map(|id| self.vars.get(id.index()).cloned()).collect::<Option<_>>()?;
                match self.literal(site, function, at, text)? {
                    Arg::Prepared(prepared) => Arg::Notation(prepared, vars),
                    other => other,
                }
            }
            Argument::Substitution { text, vars, span } => {
                let vars = vars.iter().map(|id| self.vars.get(id.index()).cloned()).collect::<Option<_>>()?;
                match Substitution::parse(text) {
                    Ok(substitution) => Arg::Substitution(Arc::new(LinkedSubstitution { substitution, vars })),
                    Err(problem) => {
                        self.linker.error(codes::BAD_PATTERN, *span, problem.to_string());
                        return None;
                    }
                }
            }
            Argument::Flag(family, name) => match self.linker.flags.declare(*family, name) {
                Some(number) => Arg::Flag(number),
                None => {
                    self.linker.error(codes::TOO_MANY_FLAGS, site.span, format!("no room for the flag `{name}`"));
                    return None;
                }
            },
            Argument::Text(text) | Argument::Words(text) => self.literal(site, function, at, text)?,
        })
    }

    /// A variable that stands for a flag holds its number, as scripts of 3.1 had it: any number may come.
    fn numbered_flags(&mut self, function: &Function, at: usize) {
        let Some(ParamType::Flag(family)) = function.sig.params.get(at).map(|p| p.ty) else { return };
        for number in 0..FLAGS {
            self.linker.flags.declare(family, number.to_string().as_bytes());
        }
    }

    /// A literal, made ready where the parameter wants that.
    fn literal(&mut self, site: &CallSite, function: &Function, at: usize, text: &Str) -> Option<Arg> {
        let Some(prepare) = function.prepare.get(at).copied().flatten() else { return Some(Arg::Str(text.clone())) };
        let prepared = prepare(text).map(Arg::Prepared);
        if prepared.is_none() {
            let message = format!("`{}` does not know `{text}`", function.sig.name);
            self.linker.error(codes::BAD_ARGUMENT_VALUE, site.span, message);
        }
        prepared
    }
}

/// The order in which a name is looked up: the core, then the module loaded last.
fn looked_up(with: &Linking<'_>) -> Vec<&'static Module> {
    let named = |name: &str| with.modules.iter().copied().find(|m| m.name == name);
    named(CORE).into_iter().chain(with.loaded.iter().rev().filter_map(|name| named(name))).collect()
}

/// The number of a variable that is nothing but a slot of the run.
fn plain_slot(var: &Var) -> Option<u32> {
    match (&var.name, &var.index) {
        (VarName::Slot(slot), VarIndex::None) if var.transforms.is_empty() && var.context.is_none() => Some(*slot),
        _ => None,
    }
}

fn initial(slots: &AHashMap<Str, u32>, given: &[(Str, Value)]) -> Vec<Value> {
    let mut initial = vec![Value::Null; slots.len()];
    for (name, value) in given {
        if let Some(slot) = slots.get(name).and_then(|slot| initial.get_mut(*slot as usize)) {
            *slot = value.clone();
        }
    }
    initial
}

type RouteTable = AHashMap<(RouteKind, Option<Str>), RouteId>;

fn routes(program: &Program) -> (RouteTable, Vec<TimerRoute>) {
    let mut by_name = RouteTable::new();
    let mut timers = Vec::new();
    for (at, route) in program.routes.iter().enumerate() {
        let id = RouteId(at as u32);
        let mut name = route.name.clone();
        if let Some(seconds) = route.interval {
            let key = Str::from(format!("{} {at}", route.name.clone().unwrap_or_default()));
            timers.push(TimerRoute { seconds, key: key.clone() });
            name = Some(key);
        }
        by_name.insert((route.kind, name), id);
    }
    (by_name, timers)
}
