//! Which row a name means at a place of the script: only modules loaded above count, the newest first.
use super::script::Script;
use crate::registry::opensips::{CallMode, KnownFunction};
use crate::registry::{ModuleId, PvarSignature, RouteMask, Signature, TransformSignature};
use crate::syntax::transform::Transform;

/// What a name turned out to be.
#[derive(Clone, Debug)]
pub enum Resolved<T> {
    Row(T),
    /// A row exists, but these modules that have it are not loaded above.
    NotLoaded(Vec<&'static str>),
    /// OpenSIPS knows it in this module.
    NotImplemented(&'static str),
    Unknown,
}

impl<T> Resolved<T> {
    pub fn row(&self) -> Option<&T> {
        match self {
            Resolved::Row(row) => Some(row),
            Resolved::NotLoaded(_) | Resolved::NotImplemented(_) | Resolved::Unknown => None,
        }
    }
}

/// A function, and whether it may be called where it stands.
#[derive(Clone, Copy, Debug)]
pub struct FunctionRow {
    pub module: ModuleId,
    pub sig: &'static Signature,
}

impl<'a> Script<'a> {
    /// The function `name` for a call at `at` in a route of this kind. One that only other kinds may call is a row too.
    pub fn function(&self, name: &str, at: u32, kind: RouteMask) -> Resolved<FunctionRow> {
        let rows = || {
            self.catalog.functions_named(name).iter().map(|id| {
                let (module, sig) = self.catalog.function(*id);
                FunctionRow { module, sig }
            })
        };
        let loaded = rows().filter_map(|row| Some((self.modules.rank(row.module, at)?, row)));
        let best = loaded.max_by_key(|(rank, row)| (row.sig.routes.contains(kind), *rank == 0, *rank));
        if let Some((_, row)) = best {
            return Resolved::Row(row);
        }
        let known = self.known.functions_named(name);
        if let Some(other) = known.iter().find(|f| self.loads_above(f.module, at) && !self.has_module(f.module)) {
            return Resolved::NotImplemented(other.module);
        }
        let modules: Vec<&'static str> = rows().map(|row| self.module_name(row.module)).collect();
        match (modules.is_empty(), known.first()) {
            (false, _) => Resolved::NotLoaded(modules),
            (true, Some(known)) => Resolved::NotImplemented(known.module),
            (true, None) => Resolved::Unknown,
        }
    }

    /// What OpenSIPS says of a function of a module.
    pub fn known_function(&self, module: &str, name: &str) -> Option<&'static KnownFunction> {
        self.known.functions_named(name).iter().find(|f| f.module == module)
    }

    /// Whether `async()` and `launch()` take the function: what OpenSIPS exports for them, and of ours what waits.
    pub fn may_be_async(&self, row: &FunctionRow) -> bool {
        match self.known_function(self.module_name(row.module), row.sig.name) {
            Some(known) => known.mode != CallMode::Sync,
            None => row.sig.has(crate::registry::Role::Waits),
        }
    }

    /// The variable `name`, in its form with or without a name in parentheses.
    pub fn variable(&self, name: &str, has_sub: bool, at: u32) -> Resolved<(&'static PvarSignature, ModuleId)> {
        let rows = || self.catalog.pvars_named(name).iter().map(|id| self.catalog.pvar(*id));
        let loaded = rows().filter_map(|(module, sig)| Some((self.modules.rank(module, at)?, module, sig)));
        let best = loaded.max_by_key(|(rank, _, sig)| (sig.sub.takes(has_sub), *rank == 0, *rank));
        if let Some((_, module, sig)) = best {
            return Resolved::Row((sig, module));
        }
        let known = self.known.pvars_named(name);
        let modules: Vec<&'static str> = rows().map(|(module, _)| self.module_name(module)).collect();
        match (modules.is_empty(), known.first()) {
            (false, _) => Resolved::NotLoaded(modules),
            (true, Some(known)) => Resolved::NotImplemented(known.module),
            (true, None) => Resolved::Unknown,
        }
    }

    pub fn transformation(&self, t: &Transform, at: u32) -> Resolved<&'static TransformSignature> {
        let rows = || self.catalog.transforms_named(&t.class, &t.function).iter().map(|id| self.catalog.transform(*id));
        let loaded = rows().filter_map(|(module, sig)| Some((self.modules.rank(module, at)?, sig)));
        if let Some((_, sig)) = loaded.max_by_key(|(rank, _)| (*rank == 0, *rank)) {
            return Resolved::Row(sig);
        }
        let modules: Vec<&'static str> = rows().map(|(module, _)| self.module_name(module)).collect();
        match (modules.is_empty(), self.known.transformation(&t.class, &t.function)) {
            (false, _) => Resolved::NotLoaded(modules),
            (true, Some(known)) => Resolved::NotImplemented(known.module),
            (true, None) => Resolved::Unknown,
        }
    }

    pub fn module_name(&self, id: ModuleId) -> &'static str {
        self.catalog.module_signature(id).name
    }

    fn loads_above(&self, module: &str, at: u32) -> bool {
        self.modules.above(at).any(|m| m.name == module)
    }

    fn has_module(&self, name: &str) -> bool {
        self.catalog.module(name).is_some()
    }
}
