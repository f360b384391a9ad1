//! Events of the core.

/// A line was logged: `time`, `pid`, `level`, `module`, `function`, `prefix`, `message`.
pub const LOG: &str = "E_CORE_LOG";
/// Something took longer than it may: `source`, `time`, `extra`.
pub const THRESHOLD: &str = "E_CORE_THRESHOLD";

pub const EVENTS: &[&str] = &[LOG, THRESHOLD];
