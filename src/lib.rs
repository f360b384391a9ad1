//! sipscript runs OpenSIPS routing scripts as a SIP server.
//!
//! The modules below are layers: each imports only from those above it (`tests/it/layering.rs` holds the rule).
//! `src/README.md` is the architecture page.
pub mod base;
pub mod diag;
pub mod syntax;
pub mod registry;
pub mod sip;
pub mod analysis;
pub mod proto;
pub mod context;
pub mod ir;
pub mod vm;
pub mod modules;
pub mod engine;
pub mod server;
pub mod testing;
pub mod cli;
