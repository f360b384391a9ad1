//! SIP as pure state machines: transactions, the choice among forked replies, dialogs, timers, targets, names.
//!
//! Path of data: the engine finds a machine by `transaction::key` or `dialog::did`, calls its `on(now, event, out)`, and
//! carries out the actions it finds in `out`; it asks `poll_timeout` when to come back and arms the worker's `timer::Wheel`.
//! Several client transactions of one request meet in `response_choice`. Where a request goes is asked of `location`,
//! which asks `resolver` for the names it meets.
//!
//! Deliberately absent: bytes of messages (the owner keeps them and sends what an action names), sockets, clocks,
//! script, modules. No transaction machine allocates: its actions fit the inline room of `Actions`.
//!
//! Where to add: an arrow of an RFC's figure is an arm in that machine's `match (state, event)` and a test beside it;
//! a new machine is a file of its own with the same two functions.
pub mod dialog;
pub mod location;
pub mod resolver;
pub mod response_choice;
pub mod timer;
pub mod transaction;
