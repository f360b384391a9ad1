//! `Catalog`: every built-in name, looked up by the checker and the linker.
use super::opensips::{KnownNames, Meaning, NameKind};
use super::signature::{ModuleSignature, PvarSignature, Signature, TransformSignature};
use ahash::AHashMap;

/// Index of a function in the catalog; the VM's table of bodies has the same order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FunctionId(pub u16);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PvarId(pub u16);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TransformId(pub u16);

/// Place of a module in `modules::ALL`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ModuleId(pub u8);

/// The name of the pseudo-module whose names need no `loadmodule`.
pub const CORE: &str = "core";

pub struct Catalog {
    modules: Vec<ModuleSignature>,
    functions: Vec<(ModuleId, &'static Signature)>,
    pvars: Vec<(ModuleId, &'static PvarSignature)>,
    transforms: Vec<(ModuleId, &'static TransformSignature)>,
    function_index: AHashMap<&'static str, Vec<FunctionId>>,
    pvar_index: AHashMap<&'static str, Vec<PvarId>>,
    transform_index: AHashMap<(String, String), Vec<TransformId>>,
    module_index: AHashMap<&'static str, ModuleId>,
}

impl Catalog {
    /// `modules` in the order in which hooks are called; `core` among them.
    pub fn new(modules: Vec<ModuleSignature>) -> Catalog {
        let mut catalog = Catalog {
            functions: Vec::new(),
            pvars: Vec::new(),
            transforms: Vec::new(),
            function_index: AHashMap::new(),
            pvar_index: AHashMap::new(),
            transform_index: AHashMap::new(),
            module_index: AHashMap::new(),
            modules,
        };
        for (at, module) in catalog.modules.iter().enumerate() {
            let id = ModuleId(at as u8);
            catalog.module_index.insert(module.name, id);
            for f in &module.functions {
                catalog.function_index.entry(f.name).or_default().push(FunctionId(catalog.functions.len() as u16));
                catalog.functions.push((id, f));
            }
            for v in &module.pvars {
                catalog.pvar_index.entry(v.name).or_default().push(PvarId(catalog.pvars.len() as u16));
                catalog.pvars.push((id, v));
            }
            for t in &module.transforms {
                let key = (t.class.to_ascii_lowercase(), t.name.to_ascii_lowercase());
                catalog.transform_index.entry(key).or_default().push(TransformId(catalog.transforms.len() as u16));
                catalog.transforms.push((id, t));
            }
        }
        catalog.old_function_names();
        catalog
    }

    /// A function that only got another name is called by the old one too.
    fn old_function_names(&mut self) {
        for replaced in &KnownNames::get().replaced {
            let (NameKind::Function, Meaning::Same, Some(new)) = (replaced.kind, replaced.meaning, replaced.new) else {
                continue;
            };
            if let Some(rows) = self.function_index.get(new).cloned() {
                self.function_index.entry(replaced.old).or_insert(rows);
            }
        }
    }

    pub fn modules(&self) -> impl Iterator<Item = (ModuleId, &ModuleSignature)> {
        self.modules.iter().enumerate().map(|(i, m)| (ModuleId(i as u8), m))
    }

    pub fn module(&self, name: &str) -> Option<ModuleId> {
        self.module_index.get(name).copied()
    }

    pub fn module_signature(&self, id: ModuleId) -> &ModuleSignature {
        &self.modules[usize::from(id.0)]
    }

    /// Every built-in function of that name, whichever module has it; a row found by a name of an older release has its
    /// name of today.
    pub fn functions_named(&self, name: &str) -> &[FunctionId] {
        self.function_index.get(name).map_or(&[], Vec::as_slice)
    }

    pub fn function(&self, id: FunctionId) -> (ModuleId, &'static Signature) {
        self.functions[usize::from(id.0)]
    }

    pub fn pvars_named(&self, name: &str) -> &[PvarId] {
        self.pvar_index.get(name).map_or(&[], Vec::as_slice)
    }

    pub fn pvar(&self, id: PvarId) -> (ModuleId, &'static PvarSignature) {
        self.pvars[usize::from(id.0)]
    }

    /// Class and function are case-insensitive.
    pub fn transforms_named(&self, class: &str, name: &str) -> &[TransformId] {
        let key = (class.to_ascii_lowercase(), name.to_ascii_lowercase());
        self.transform_index.get(&key).map_or(&[], Vec::as_slice)
    }

    pub fn transform(&self, id: TransformId) -> (ModuleId, &'static TransformSignature) {
        self.transforms[usize::from(id.0)]
    }

    pub fn functions(&self) -> impl Iterator<Item = (FunctionId, ModuleId, &'static Signature)> + '_ {
        self.functions.iter().enumerate().map(|(i, (m, s))| (FunctionId(i as u16), *m, *s))
    }

    pub fn pvars(&self) -> impl Iterator<Item = (PvarId, ModuleId, &'static PvarSignature)> + '_ {
        self.pvars.iter().enumerate().map(|(i, (m, s))| (PvarId(i as u16), *m, *s))
    }

    pub fn transforms(&self) -> impl Iterator<Item = (TransformId, ModuleId, &'static TransformSignature)> + '_ {
        self.transforms.iter().enumerate().map(|(i, (m, s))| (TransformId(i as u16), *m, *s))
    }
}
