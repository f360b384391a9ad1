//! Dialogs and what one call does with another's, on a simulated network: the scenarios of the reference
//! (`dialog-acc-tm.md`, section 9), as the design decides them.
mod accounting;
mod faults;
mod life;
mod loads;
mod lookups;
mod matching;
mod profiles;
mod requests;
mod route_kinds;
mod stage;
mod suspension;
mod together;
mod transfer;
mod variables;

use stage::{Script, Stage};
