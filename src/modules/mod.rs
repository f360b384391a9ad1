//! The built-in modules: rows that bind script-facing names to bodies.
pub mod acc;
pub mod avpops;
pub mod cfgutils;
pub mod cachedb_local;
pub mod core;
pub mod dialog;
pub mod diversion;
pub mod event_route;
pub mod exec;
#[cfg(test)]
pub mod fixture;
pub mod gflags;
pub mod json;
pub mod mathops;
pub mod options;
pub mod path;
pub mod maxfwd;
pub mod proto_udp;
pub mod regex;
pub mod rr;
pub mod signaling;
pub mod sipmsgops;
pub mod sl;
pub mod textops;
pub mod statistics;
pub mod tm;
pub mod uuid;

use crate::registry::Catalog;
use crate::vm::Module;

/// Every built-in module, in the order in which hooks are called.
pub static ALL: &[&Module] = &[
    &core::MODULE,
    &proto_udp::MODULE,
    &sl::MODULE,
    &tm::MODULE,
    &signaling::MODULE,
    &maxfwd::MODULE,
    &rr::MODULE,
    &sipmsgops::MODULE,
    &json::MODULE,
    &exec::MODULE,
    &event_route::MODULE,
    &textops::MODULE,
    &cfgutils::MODULE,
    &mathops::MODULE,
    &uuid::MODULE,
    &options::MODULE,
    &path::MODULE,
    &diversion::MODULE,
    &regex::MODULE,
    &cachedb_local::MODULE,
    &gflags::MODULE,
    &avpops::MODULE,
    &statistics::MODULE,
    &dialog::MODULE,
    &acc::MODULE,
];

/// The rows of all modules, for whoever stands above the VM.
pub fn catalog() -> Catalog {
    Catalog::new(ALL.iter().map(|m| m.signature()).collect())
}
