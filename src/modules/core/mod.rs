//! The names that need no `loadmodule`: variables, transformations and functions of the core.
//!
//! Variables stand in `pvars/<area>.rs`, transformations in `transforms/<class>.rs`, functions in `functions/<area>.rs`;
//! each file has one table and its bodies. `uri_text.rs` and `branch_set.rs` read and change the URIs and the destination
//! set that variables and functions share; `caches.rs` is what modules with a key-value store register with. Statements (`xlog`, `route`, `assert`) are the VM's and stand in no table here.
pub mod avp_list;
pub mod branch_set;
pub mod caches;
pub mod calendar;
pub mod events;
pub mod functions;
pub mod message_body;
pub mod outbound;
pub mod proxy_text;
pub mod pvars;
pub mod reply;
pub mod sdp;
pub mod stateless;
pub mod transforms;
pub mod uri_text;

use crate::vm::{InitCx, Module};

pub static MODULE: Module = Module {
    functions: &functions::FUNCTIONS,
    pvars: &pvars::PVARS,
    transforms: &transforms::TRANSFORMS,
    events: events::EVENTS,
    examples: EXAMPLES,
    init: Some(init),
    ..Module::empty("core")
};

static EXAMPLES: &[&str] = &[
    include_str!("examples/functions.md"),
    include_str!("examples/variables.md"),
    include_str!("examples/transformations.md"),
    include_str!("examples/statements.md"),
    include_str!("examples/parameters.md"),
];

fn init(cx: &mut InitCx<'_>) -> Result<(), String> {
    cx.states.set(caches::CacheCounts::new(cx.stats));
    Ok(())
}
