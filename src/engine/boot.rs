//! From a script to an engine: lower, initialise modules, make the tables, link.
//!
//! The script was checked before (`analysis::check`); what the checker should have refused comes back as findings here.
//! Files, sockets and log sinks are the caller's.
use super::Engine;
use crate::analysis::Modules;
use crate::base::{IdGen, SourceMap};
use crate::context::{Core, CoreSettings, Log, ModuleStates, Sockets, Stats};
use crate::diag::Diagnostic;
use crate::ir::{Program, lower};
use crate::modules::{self, dialog};
use crate::registry::catalog::CORE;
use crate::registry::{Catalog, Role, Setting};
use crate::syntax::ast::Ast;
use crate::vm::link::{Linking, link};
use crate::vm::{FlagNames, InitCx, Module, Params};
use std::fmt;

/// What an engine is made of.
pub struct Boot<'a> {
    pub ast: &'a Ast,
    pub sources: SourceMap,
    pub settings: CoreSettings,
    pub sockets: Sockets,
    pub log: Log,
    /// Seeds ids, tags and hashes; another one for every start.
    pub seed: u64,
}

#[derive(Debug)]
pub enum BootError {
    /// The script cannot be run.
    Script(Vec<Diagnostic>),
    /// A module refused its parameters.
    Module { name: &'static str, why: String },
}

impl fmt::Display for BootError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BootError::Script(found) => {
                let text: Vec<&str> = found.iter().map(|d| d.message.as_str()).collect();
                f.write_str(&text.join("; "))
            }
            BootError::Module { name, why } => write!(f, "module `{name}`: {why}"),
        }
    }
}

impl std::error::Error for BootError {}

/// Every built-in name.
pub fn catalog() -> Catalog {
    Catalog::new(modules::ALL.iter().map(|m| m.signature()).collect())
}

pub fn boot(boot: Boot<'_>) -> Result<Engine, BootError> {
    let catalog = catalog();
    let program = lower(boot.ast, &catalog).map_err(BootError::Script)?;
    let configured = Configured::of(boot.ast, &catalog);
    let mut settings = boot.settings;
    // language reference 3.1: without the parameter, what the script itself forwards decides.
    settings.stateless_forwarding.get_or_insert(forwards_statelessly(&program, &catalog));
    let mut ids = IdGen::new(boot.seed);
    let (mut states, stats) = (ModuleStates::default(), Stats::default());
    let mut initial_vars = Vec::new();
    for module in configured.modules() {
        let Some(init) = module.init else { continue };
        let set = configured.settings_of(module.name);
        let mut cx = InitCx {
            params: Params { set },
            loaded: &configured.loaded,
            states: &mut states,
            stats: &stats,
            settings: &settings,
            sockets: &boot.sockets,
            log: &boot.log,
            initial_vars: &mut initial_vars,
            seed: ids.next_u64(),
        };
        init(&mut cx).map_err(|why| BootError::Module { name: module.name, why })?;
    }
    let buckets = dialog::table_size(Params { set: configured.settings_of(dialog::MODULE.name) });
    let core = Core::new(settings, boot.sockets, boot.log, stats, states, buckets, ids.next_u64());
    let linking = Linking {
        modules: modules::ALL,
        loaded: &configured.loaded,
        avp_names: &core.avp_names,
        flags: FlagNames::default(),
        initial_vars: &initial_vars,
        sources: boot.sources,
    };
    let image = link(program, linking).map_err(BootError::Script)?;
    Ok(Engine::new(core, image))
}

/// The modules that a script loads, with their parameters.
struct Configured {
    loaded: Vec<String>,
    settings: Vec<(String, Vec<(String, Setting)>)>,
}

impl Configured {
    fn of(ast: &Ast, catalog: &Catalog) -> Configured {
        let modules = Modules::new(ast, catalog);
        let settings =
            modules.loaded.iter().enumerate().map(|(at, m)| (m.name.clone(), modules.settings(at))).collect();
        Configured { loaded: modules.names(), settings }
    }

    /// In the order of initialisation.
    fn modules(&self) -> impl Iterator<Item = &'static Module> + '_ {
        modules::ALL.iter().copied().filter(|m| m.name == CORE || self.loaded.iter().any(|l| l == m.name))
    }

    fn settings_of(&self, module: &str) -> &[(String, Setting)] {
        self.settings.iter().find(|(name, _)| name == module).map_or(&[], |(_, set)| set.as_slice())
    }
}

fn forwards_statelessly(program: &Program, catalog: &Catalog) -> bool {
    program.sites.iter().any(|site| catalog.function(site.function).1.has(Role::Stateless))
}
