//! How much of OpenSIPS is here: each name it has, and each row of ours, with what is known of it.
//!
//! A function, variable, transformation or statement is there when its entry in the pages of examples asserts an effect and
//! shows one bad input; a row without them is untested. A parameter is there when setting it has an effect.
use super::catalog::CORE;
use super::examples::{self, Entry};
use super::opensips::{KnownNames, Meaning, NameKind};
use super::statements::STATEMENTS;
use super::{CORE_PARAMS, Catalog, ModuleId};
use std::collections::BTreeMap;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sort {
    Function,
    Variable,
    Transformation,
    Parameter,
    Statement,
}

impl Sort {
    pub const ALL: [Sort; 5] = [Sort::Function, Sort::Variable, Sort::Transformation, Sort::Parameter, Sort::Statement];

    pub const fn word(self) -> &'static str {
        match self {
            Sort::Function => "function",
            Sort::Variable => "variable",
            Sort::Transformation => "transformation",
            Sort::Parameter => "parameter",
            Sort::Statement => "statement",
        }
    }

    pub const fn plural(self) -> &'static str {
        match self {
            Sort::Function => "functions",
            Sort::Variable => "variables",
            Sort::Transformation => "transformations",
            Sort::Parameter => "parameters",
            Sort::Statement => "statements",
        }
    }
}

/// How far a name has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    There,
    /// It works, and lacks an example whose effect is asserted, a bad input, or both.
    Untested {
        example: bool,
        bad_input: bool,
    },
    /// Accepted, and nothing follows from it.
    WithoutEffect(&'static str),
    /// OpenSIPS has it and we have not.
    Missing,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    pub module: &'static str,
    pub sort: Sort,
    /// As scripts write it: `$ru`, `{s.len}`, `t_relay`.
    pub name: String,
    pub state: State,
}

/// Every name, by module, sort and name.
#[derive(Clone, Debug, Default)]
pub struct Coverage {
    pub names: Vec<Name>,
}

impl Coverage {
    pub fn of(catalog: &Catalog, known: &KnownNames) -> Coverage {
        let mut collected = Collected { catalog, entries: Entries::of(catalog), names: BTreeMap::new() };
        collected.rows();
        collected.parameters();
        collected.missing(known);
        let name = |((module, sort, name), state)| Name { module, sort, name, state };
        Coverage { names: collected.names.into_iter().map(name).collect() }
    }

    pub fn of_module(&self, module: &str) -> impl Iterator<Item = &Name> {
        self.names.iter().filter(move |n| n.module == module)
    }

    /// Modules in the order of their names, the core first.
    pub fn modules(&self) -> Vec<&'static str> {
        let mut modules: Vec<&str> = self.names.iter().map(|n| n.module).collect();
        modules.dedup();
        modules.sort_by_key(|m| (*m != CORE, *m));
        modules
    }
}

/// The entries of every page, by module and name.
pub struct Entries(BTreeMap<(&'static str, String), Vec<Entry>>);

impl Entries {
    pub fn of(catalog: &Catalog) -> Entries {
        let mut found: BTreeMap<(&'static str, String), Vec<Entry>> = BTreeMap::new();
        for (_, module) in catalog.modules() {
            for entry in module.examples.iter().flat_map(|page| examples::entries(page)) {
                for name in &entry.names {
                    found.entry((module.name, name.clone())).or_default().push(entry.clone());
                }
            }
        }
        Entries(found)
    }

    /// What the pages of a module say about a name, as `examples::key` writes it.
    pub fn about(&self, module: &'static str, name: &str) -> &[Entry] {
        self.0.get(&(module, name.to_owned())).map_or(&[], Vec::as_slice)
    }

    /// Module and name of every entry.
    pub fn names(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.0.keys().map(|(module, name)| (*module, name.as_str()))
    }
}

struct Collected<'a> {
    catalog: &'a Catalog,
    entries: Entries,
    names: BTreeMap<(&'static str, Sort, String), State>,
}

impl Collected<'_> {
    fn rows(&mut self) {
        let catalog = self.catalog;
        for (_, module, row) in catalog.functions() {
            self.row(module, Sort::Function, row.name.to_owned());
        }
        for (_, module, row) in catalog.pvars() {
            self.row(module, Sort::Variable, format!("${}", row.name));
        }
        for (_, module, row) in catalog.transforms() {
            self.row(module, Sort::Transformation, transformation(row.class, row.name));
        }
        if let Some(core) = catalog.module(CORE) {
            for statement in STATEMENTS {
                self.row(core, Sort::Statement, statement.name.to_owned());
            }
        }
    }

    fn row(&mut self, module: ModuleId, sort: Sort, name: String) {
        let module = self.catalog.module_signature(module).name;
        let about = self.entries.about(module, &name);
        let example = about.iter().any(|e| e.example.asserts(&name));
        let bad_input = about.iter().any(|e| e.bad.asserts(&name));
        let state = if example && bad_input { State::There } else { State::Untested { example, bad_input } };
        self.names.insert((module, sort, name), state);
    }

    fn parameters(&mut self) {
        let of_modules =
            self.catalog.modules().flat_map(|(_, m)| m.params.iter().map(|p| (m.name, p.name, p.no_effect)));
        let of_core = CORE_PARAMS.iter().map(|p| (CORE, p.name, p.no_effect));
        for (module, name, no_effect) in of_modules.chain(of_core) {
            let state = no_effect.map_or(State::There, State::WithoutEffect);
            self.names.insert((module, Sort::Parameter, name.to_owned()), state);
        }
    }

    /// What OpenSIPS knows and nothing above has.
    fn missing(&mut self, known: &KnownNames) {
        for function in &known.functions {
            if !self.answers_to(function.name) {
                self.lacks(function.module, Sort::Function, function.name.to_owned());
            }
        }
        for variable in &known.pvars {
            let was_replaced = known
                .replaced(NameKind::Pvar, variable.name)
                .is_some_and(|r| r.meaning == Meaning::Same && self.has_variable(r.new));
            if !was_replaced {
                self.lacks(variable.module, Sort::Variable, format!("${}", variable.name));
            }
        }
        for row in &known.transformations {
            self.lacks(row.module, Sort::Transformation, transformation(row.class, row.function));
        }
        for param in &known.modparams {
            self.lacks(param.module, Sort::Parameter, param.name.to_owned());
        }
        for param in &known.core_params {
            let is_statement = STATEMENTS.iter().any(|s| s.name == param.name || s.words.contains(&param.name));
            let was_replaced = known.replaced(NameKind::CoreParam, param.name).is_some();
            if !is_statement && !was_replaced {
                self.lacks(CORE, Sort::Parameter, param.name.to_owned());
            }
        }
    }

    /// Names of older releases among them.
    fn answers_to(&self, function: &str) -> bool {
        self.catalog.functions_named(function).iter().any(|id| self.catalog.function(*id).1.name != function)
    }

    fn has_variable(&self, name: Option<&str>) -> bool {
        let bare = name.map(|n| n.split('(').next().unwrap_or(n));
        bare.is_some_and(|n| !self.catalog.pvars_named(n).is_empty())
    }

    fn lacks(&mut self, module: &'static str, sort: Sort, name: String) {
        self.names.entry((module, sort, name)).or_insert(State::Missing);
    }
}

/// `{s.len}`
pub fn transformation(class: &str, name: &str) -> String {
    match name {
        "" => format!("{{{class}}}"),
        name => format!("{{{class}.{name}}}"),
    }
    .to_ascii_lowercase()
}
