//! The names that need no `loadmodule`: variables, transformations and functions of the core.
//!
//! Variables stand in `pvars/<area>.rs`, transformations in `transforms/<class>.rs`, functions in `functions/<area>.rs`;
//! each file has one table and its bodies. `branch_set.rs` and `uri_text.rs` reads and changes the URIs that all three work on. Statements
//! (`xlog`, `route`, `assert`) are the VM's and stand in no table here.
pub mod branch_set;
pub mod calendar;
pub mod functions;
pub mod pvars;
pub mod reply;
pub mod uri_text;

use crate::vm::Module;

pub static MODULE: Module = Module { functions: &functions::FUNCTIONS, pvars: &pvars::PVARS, ..Module::empty("core") };
