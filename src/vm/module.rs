//! A module: one record that the engine collects, and what its `init` gets to work with.
use super::asynchronous::SuspendFn;
use super::cx::Cx;
use super::function::Function;
use super::hook::HookFn;
use super::pvar::{Pvar, TransformRow};
use super::ret::Ret;
use crate::base::Str;
use crate::context::{CoreSettings, Log, ModuleStates, Sockets, Stats, Timer, Value};
use crate::registry::{Constraint, ModuleSignature, ParamSignature, Setting};

/// Everything a module offers. Rows are tables; there is no other way to add a name.
pub struct Module {
    pub name: &'static str,
    pub needs: &'static [&'static str],
    pub functions: &'static [Function],
    pub pvars: &'static [Pvar],
    pub transforms: &'static [TransformRow],
    pub params: &'static [ParamSignature],
    pub constraints: &'static [Constraint],
    pub events: &'static [&'static str],
    pub statistics: &'static [&'static str],
    pub transport: Option<&'static str>,
    /// Pages of examples, one entry a name (`registry::examples`).
    pub examples: &'static [&'static str],
    pub hooks: &'static [HookFn],
    pub timer: Option<TimerFn>,
    /// Makes a run ready for `async`.
    pub suspend: Option<SuspendFn>,
    pub init: Option<InitFn>,
}

/// Called for a timer that fired, over a run without a call of its own; `None` for a timer of somebody else. A stale
/// timer is known and does nothing.
pub type TimerFn = fn(&mut Cx<'_>, &Timer) -> Option<Ret>;

/// Sets up the module's state from its parameters; an error is a start that fails.
pub type InitFn = fn(&mut InitCx<'_>) -> Result<(), String>;

impl Module {
    /// A module without anything; rows are given with struct update syntax.
    pub const fn empty(name: &'static str) -> Module {
        Module {
            name,
            needs: &[],
            functions: &[],
            pvars: &[],
            transforms: &[],
            params: &[],
            constraints: &[],
            events: &[],
            statistics: &[],
            transport: None,
            examples: &[],
            hooks: &[],
            timer: None,
            suspend: None,
            init: None,
        }
    }

    pub fn signature(&self) -> ModuleSignature {
        ModuleSignature {
            name: self.name,
            needs: self.needs,
            functions: self.functions.iter().map(|f| &f.sig).collect(),
            pvars: self.pvars.iter().map(|v| &v.sig).collect(),
            transforms: self.transforms.iter().map(|t| &t.sig).collect(),
            params: self.params,
            constraints: self.constraints,
            events: self.events,
            statistics: self.statistics,
            transport: self.transport,
            examples: self.examples,
        }
    }
}

/// How many rows these tables have together.
pub const fn row_count<T>(tables: &[&[T]]) -> usize {
    let (mut at, mut count) = (0, 0);
    while at < tables.len() {
        count += tables[at].len();
        at += 1;
    }
    count
}

/// One table of several, for a module whose rows stand in several files. `N` is their `row_count`; evaluated at compile
/// time, where a wrong `N` does not compile.
pub const fn joined<T: Copy, const N: usize>(tables: &[&[T]]) -> [T; N] {
    let mut all = [tables[0][0]; N];
    let (mut table, mut at) = (0, 0);
    while table < tables.len() {
        let mut row = 0;
        while row < tables[table].len() {
            all[at] = tables[table][row];
            at += 1;
            row += 1;
        }
        table += 1;
    }
    assert!(at == N);
    all
}

/// What `init` works with. Only loaded modules are initialised, in the order of the module list.
pub struct InitCx<'a> {
    pub params: Params<'a>,
    /// Names of the loaded modules.
    pub loaded: &'a [String],
    /// Where the module leaves what it keeps for the engine's life.
    pub states: &'a mut ModuleStates,
    pub stats: &'a Stats,
    pub settings: &'a CoreSettings,
    pub sockets: &'a Sockets,
    pub log: &'a Log,
    /// What `$var`s begin with in every run, unless with NULL.
    pub initial_vars: &'a mut Vec<(Str, Value)>,
    /// Seeds what the module hashes or draws by lot.
    pub seed: u64,
}

/// The parameters a script set for one module, in its order. Types were checked before.
#[derive(Clone, Copy)]
pub struct Params<'a> {
    pub set: &'a [(String, Setting)],
}

impl<'a> Params<'a> {
    /// The last value set.
    pub fn int(&self, name: &str, default: i32) -> i32 {
        let last = self.set.iter().rev().find_map(|(n, v)| match v {
            Setting::Int(i) if n == name => Some(*i),
            _ => None,
        });
        last.unwrap_or(default)
    }

    pub fn flag(&self, name: &str, default: bool) -> bool {
        self.int(name, i32::from(default)) != 0
    }

    /// The last value set.
    pub fn str(&self, name: &str) -> Option<&'a [u8]> {
        self.all(name).last()
    }

    /// Every value set, for parameters that accumulate.
    pub fn all(&self, name: &str) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let name = name.to_owned();
        self.set.iter().filter_map(move |(n, v)| match v {
            Setting::Str(s) if *n == name => Some(s.as_slice()),
            _ => None,
        })
    }
}
