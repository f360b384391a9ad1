//! The built-in modules: rows that bind script-facing names to bodies.
pub mod core;
#[cfg(test)]
pub mod fixture;

use crate::vm::Module;

/// Every built-in module, in the order in which hooks are called.
pub static ALL: &[&Module] = &[&core::MODULE];
