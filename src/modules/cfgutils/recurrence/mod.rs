//! Recurring times, as `check_time_rec` takes them: RFC 2445 in OpenSIPS's notation.
//!
//! A text is an expression over recurrences (`expression.rs`), each of them fields separated by `|` (`fields.rs`); whether
//! one holds at a time is `matching.rs`'s, in the zone that it names (`zone.rs`).
mod expression;
mod fields;
mod matching;
mod zone;

pub use expression::holds;
pub use zone::Zone;
