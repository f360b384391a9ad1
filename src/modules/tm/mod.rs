//! `tm`: transactions. Requests are relayed to branches and followed until their end, replies find their way back.
//!
//! A request: `create` makes its transaction, `relay` sends it branch by branch (`branch`), `reply_out` answers it here.
//! A reply: `reply_in` does what the protocol owes and runs the onreply routes, `choice` decides among branches, `reply_out`
//! sends it up. Time: `timers`. The end of a run that held the transaction: `finish`; of the transaction: `settle`.
//! `exchange` is where the machines of `proto` meet the wire. Functions are in `functions`, variables in `pvars`.
//!
//! Nothing here holds a transaction's lock across a route, a hook or a wait.
mod ack;
mod answer;
mod arm;
mod branch;
mod branch_vars;
mod cancel;
mod choice;
pub mod create;
mod exchange;
pub mod finish;
mod functions;
mod headers;
mod inject;
pub mod local;
pub mod lookup;
mod params;
mod pvars;
mod query;
mod relay;
pub mod reply_in;
pub mod reply_out;
pub mod settle;
mod shared;
mod state;
mod suspend;
pub mod timers;
mod words;
mod write;

pub use answer::reply;
pub use exchange::Io;
pub use local::EndFn;
pub use state::Tm;

use crate::vm::Module;

pub static MODULE: Module = Module {
    functions: functions::FUNCTIONS,
    pvars: &pvars::PVARS,
    params: params::PARAMS,
    statistics: state::STATISTICS,
    init: Some(state::init),
    suspend: Some(suspend::suspend),
    examples: &[include_str!("examples.md")],
    ..Module::empty("tm")
};
