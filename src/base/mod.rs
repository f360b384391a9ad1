//! The vocabulary every layer shares: places in source text, times, byte strings, shell patterns, seeded ids.
//!
//! Nothing here knows SIP or the script language. Add a type only when two layers need it.
pub mod glob;
pub mod id;
pub mod span;
pub mod text;
pub mod time;

pub use id::IdGen;
pub use span::{FileId, LineCol, SourceMap, Span};
pub use text::Str;
pub use time::{Instant, Now};
