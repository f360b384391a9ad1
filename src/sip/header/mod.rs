//! Views of header field values, one file each. A parser takes the buffer and the range of the value and gives ranges
//! in that buffer, so that the same code serves messages (where ranges are edited and cached) and loose strings.
//!
//! A new header field gets a file here and, when its name is looked up often, a row in `sip/name.rs`.
pub mod auth;
pub mod content_type;
pub mod cseq;
pub mod name_addr;
pub mod params;
pub mod rack;
pub mod reason;
pub mod refer_to;
pub mod replaces;
pub mod route;
pub mod via;

pub use auth::Auth;
pub use content_type::ContentType;
pub use cseq::CSeq;
pub use name_addr::NameAddr;
pub use params::{Param, Params};
pub use rack::RAck;
pub use reason::Reason;
pub use replaces::Replaces;
pub use route::RouteValue;
pub use via::Via;
