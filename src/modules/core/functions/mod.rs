//! Core functions, one table per area.
pub mod blacklists;
pub mod branches;
pub mod cache;
pub mod flags;
pub mod forward;
pub mod message;
pub mod request_uri;
pub mod script;
pub mod status;

use crate::context::Level;
use crate::vm::{Cx, Function, joined, row_count};

const TABLES: &[&[Function]] = &[
    request_uri::FUNCTIONS,
    flags::FUNCTIONS,
    branches::FUNCTIONS,
    message::FUNCTIONS,
    forward::FUNCTIONS,
    cache::FUNCTIONS,
    blacklists::FUNCTIONS,
    script::FUNCTIONS,
    status::FUNCTIONS,
];

pub static FUNCTIONS: [Function; row_count(TABLES)] = joined(TABLES);

/// Whether it was done; what kept it from being done is logged with the script's line.
fn outcome(cx: &Cx<'_>, function: &'static str, done: Result<(), &'static str>) -> bool {
    if let Err(why) = done {
        cx.log(Level::Warning, "core", function, format_args!("{why}"));
    }
    done.is_ok()
}
