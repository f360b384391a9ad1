//! The rules, one file a rule or a few that read the same facts.
//!
//! A rule reads `Script` and pushes findings; it has no state and knows no name of a module. A new rule is a function
//! here, its codes in `diag::codes` and its cases in `tests/spec/`.
mod arguments;
mod functions;
mod variables;

use super::script::Script;
use crate::diag::Diagnostic;

pub type Rule = fn(&Script<'_>, &mut Vec<Diagnostic>);

pub static ALL: &[Rule] = &[functions::names, functions::arity, arguments::types, variables::names];
