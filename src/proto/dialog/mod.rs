//! Dialogs as data and machines: states, legs, identifiers, CSeq rules.
//!
//! Path of data: an initial request gets a `Did` from `hash` and a counter of its bucket; replies and requests move `state`,
//! which answers with actions for the dialog module; `leg` finds out who speaks and keeps what each side needs to be reached.
//!
//! Absent: the table of dialogs, values, profiles, persistence and routes of the script; `modules::dialog` owns them.
//! A new event of a dialog is a variant of `event::Event`, its arms in `state` and a row in the tests there.
pub mod cseq;
pub mod did;
pub mod event;
pub mod hash;
pub mod leg;
pub mod state;

pub use did::Did;
pub use event::{EndReason, Event, LegRole, OnTimeout, Party};
pub use leg::{Direction, Leg, LegId, Legs};
pub use state::{Action, Actions, Lifetime, Machine, OnRace, State};
