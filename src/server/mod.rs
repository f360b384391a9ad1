//! The outside world: sockets, clocks, resolver, signals, logs.
#![allow(clippy::disallowed_methods, reason = "this layer is the outside world")]
pub mod clock;
pub mod daemon;
pub mod ears;
pub mod inbox;
pub mod interfaces;
pub mod launch;
pub mod process;
pub mod log;
pub mod programs;
pub mod resolver;
pub mod sources;
pub mod start;
pub mod start_page;
pub mod udp;
pub mod worker;
