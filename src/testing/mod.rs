//! A simulated network on a virtual clock: engines and scripted user agents.
//!
//! `Net` owns the clock, the servers (real engines) and the phones; it delivers datagrams with seeded loss, repetition
//! and reordering (`Weather`), answers what engines wait for (`Names`, `Programs`, `Ears`), and goes to the next thing that happens. A test
//! says what phones do and looks at what they saw, at the log and at the tables. Nothing sleeps; a day of virtual time
//! takes milliseconds.
//!
//! Absent: real sockets (`tests/sipp`), media.
#![allow(clippy::disallowed_methods, reason = "this layer is the outside world")]
mod ears;
mod log_book;
mod names;
mod net;
pub mod phone;
mod programs;
mod server;
mod weather;

pub use ears::Ears;
pub use log_book::{LogBook, LogLine};
pub use names::Names;
pub use net::{Net, PhoneId, START, ServerId};
pub use phone::{Call, CallState, InviteOptions, Phone, Policy};
pub use programs::{Program, Programs};
pub use server::{SimServer, Sizes};
pub use weather::Weather;
