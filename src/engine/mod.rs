//! The sans-IO whole: events and timeouts in, messages and effects out.
pub mod settings;
