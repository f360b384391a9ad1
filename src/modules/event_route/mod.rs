//! `event_route`: a module in OpenSIPS 3.1, where it ran the routes of that name; the core has done so since. Loading it
//! changes nothing.
use crate::vm::Module;

pub static MODULE: Module = Module { examples: &[include_str!("examples.md")], ..Module::empty("event_route") };
