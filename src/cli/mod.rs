//! The command line: arguments to a call to an exit code.
#![allow(clippy::disallowed_methods, reason = "this layer is the outside world")]

pub mod check;
pub mod compat;
pub mod getopt;
