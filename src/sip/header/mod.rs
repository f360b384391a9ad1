//! Views of header field values, one file each. A parser takes the buffer and the range of the value and gives ranges
//! in that buffer, so that the same code serves messages (where ranges are edited and cached) and loose strings.
//!
//! A new header field gets a file here and, when its name is looked up often, a row in `sip/name.rs`.
pub mod cseq;
pub mod name_addr;
pub mod params;
pub mod via;

pub use cseq::CSeq;
pub use name_addr::NameAddr;
pub use params::{Param, Params};
pub use via::Via;
