//! The modules of a script: what is loaded where, how it is configured, which names that declares.
use crate::base::Span;
use crate::registry::catalog::CORE;
use crate::registry::{Catalog, DeclaredName, ModuleId, ModuleSignature, ParamSignature, Setting};
use crate::syntax::ast::{Ast, LoadModule, ModParam, ModParamValue, joined};
use crate::syntax::ere::{EreError, Flags, Pattern};

pub struct Modules<'a> {
    /// In the order of the script.
    pub loaded: Vec<Loaded<'a>>,
    /// `modparam` lines with the modules they match.
    pub params: Vec<Configured<'a>>,
    core: Option<ModuleId>,
}

/// A `loadmodule` line.
pub struct Loaded<'a> {
    pub name: String,
    /// `None` for a module that is not built in.
    pub id: Option<ModuleId>,
    pub stmt: &'a LoadModule,
}

/// A `modparam` line.
pub struct Configured<'a> {
    pub stmt: &'a ModParam,
    pub param: String,
    pub setting: Setting,
    /// Places in `Modules::loaded` of the modules meant, or why the pattern is none.
    pub targets: Result<Vec<usize>, EreError>,
}

impl<'a> Modules<'a> {
    pub fn new(ast: &'a Ast, catalog: &Catalog) -> Modules<'a> {
        let loaded: Vec<Loaded<'a>> = ast
            .modules()
            .map(|stmt| {
                let name = stmt.name();
                Loaded { id: catalog.module(&name), name, stmt }
            })
            .collect();
        let params = ast.modparams().map(|stmt| configured(stmt, &loaded)).collect();
        Modules { loaded, params, core: catalog.module(CORE) }
    }

    /// How late a module was loaded above `at`; `None` when it was not. The core comes first.
    pub fn rank(&self, id: ModuleId, at: u32) -> Option<usize> {
        if Some(id) == self.core {
            return Some(0);
        }
        self.above(at).position(|m| m.id == Some(id)).map(|i| i + 1)
    }

    pub fn above(&self, at: u32) -> impl Iterator<Item = &Loaded<'a>> {
        self.loaded.iter().filter(move |m| m.stmt.span.start < at)
    }

    pub fn is_loaded(&self, name: &str) -> bool {
        self.loaded.iter().any(|m| m.name == name)
    }

    pub fn names(&self) -> Vec<String> {
        self.loaded.iter().map(|m| m.name.clone()).collect()
    }

    /// The parameters set for a loaded module, in the order of the script.
    pub fn settings(&self, loaded: usize) -> Vec<(String, Setting)> {
        let meant = |c: &&Configured<'_>| c.targets.as_ref().is_ok_and(|t| t.contains(&loaded));
        self.params.iter().filter(meant).map(|c| (c.param.clone(), c.setting.clone())).collect()
    }

    /// The parameters set for the module of this name.
    pub fn settings_of(&self, name: &str) -> Vec<(String, Setting)> {
        self.loaded.iter().position(|m| m.name == name).map_or_else(Vec::new, |loaded| self.settings(loaded))
    }

    /// Every name that parameters declare, of one sort.
    pub fn declared(&self, catalog: &Catalog, sort: DeclaredName) -> Vec<String> {
        let mut names = Vec::new();
        for configured in &self.params {
            let Setting::Str(value) = &configured.setting else { continue };
            for target in configured.targets.iter().flatten() {
                let row = self.signature(*target, catalog).and_then(|m| parameter(m, &configured.param));
                if let Some((declares, names_in)) = row.and_then(|p| p.declares)
                    && declares == sort
                {
                    names.extend(names_in(value));
                }
            }
        }
        names
    }

    /// The rows of a loaded module, when it is built in.
    pub fn signature<'c>(&self, loaded: usize, catalog: &'c Catalog) -> Option<&'c ModuleSignature> {
        self.loaded.get(loaded)?.id.map(|id| catalog.module_signature(id))
    }
}

pub fn parameter<'c>(module: &'c ModuleSignature, name: &str) -> Option<&'c ParamSignature> {
    module.params.iter().find(|p| p.name == name)
}

impl Configured<'_> {
    pub fn value_span(&self) -> Span {
        self.stmt.value.span()
    }
}

fn configured<'a>(stmt: &'a ModParam, loaded: &[Loaded<'a>]) -> Configured<'a> {
    let setting = match &stmt.value {
        ModParamValue::Int(i) => Setting::Int(i.value),
        ModParamValue::Str(parts) => Setting::Str(joined(parts).as_bytes().to_vec()),
    };
    let name = stmt.modules.value.as_bytes();
    let above = || loaded.iter().enumerate().filter(|(_, m)| m.stmt.span.start < stmt.span.start);
    // Nearly always it is the name of one module.
    let targets = if name.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'_') {
        Ok(above().filter(|(_, m)| m.name.as_bytes().eq_ignore_ascii_case(name)).map(|(i, _)| i).collect())
    } else {
        let anchored = [b"^(", name, b")$"].concat();
        Pattern::new(&anchored, Flags { icase: true, newline: false })
            .map(|pattern| above().filter(|(_, m)| pattern.is_match(m.name.as_bytes())).map(|(i, _)| i).collect())
    };
    Configured { stmt, param: stmt.param.value.to_string_lossy().into_owned(), setting, targets }
}
