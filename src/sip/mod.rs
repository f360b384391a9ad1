//! Bytes to SIP and back: an index over received bytes, views of header fields, an edit list, a printer.
//!
//! The path of a message: `frame.rs` cuts it out of a stream (a datagram is whole) -> `Message::parse` (`index.rs`: one pass, nothing copied) -> `validate` -> views on demand
//! (`header/`, `uri/`, `sdp.rs`) -> `Edits` (what a script or the protocol changes) -> `print.rs` (untouched bytes leave
//! as they came). Messages of our own are written by `build.rs` and by `print.rs` from the request they answer.
//!
//! Deliberately absent: sockets, transactions, dialogs, any clock; a typed header model (rsip's types are a vocabulary
//! for others, made in `typed.rs` alone); in-place changes of a message; unescaping while reading.
//!
//! Where to add: a header field's grammar in `header/<name>.rs`, its name in `name.rs`; a fault and its status in
//! `error.rs`, its check in `validate.rs`; a way to change messages in `edit.rs`.
pub mod build;
pub mod edit;
pub mod error;
pub mod frame;
pub mod header;
mod index;
pub mod message;
pub mod method;
pub mod multipart;
pub mod name;
pub mod print;
pub mod range;
pub mod scan;
pub mod sdp;
pub mod status;
pub mod transport;
pub mod typed;
pub mod uri;
mod validate;

pub use edit::Edits;
pub use error::{Fault, ParseError};
pub use message::{Framing, Header, Message, StartLine, is_keepalive};
pub use method::Method;
pub use name::HeaderId;
pub use range::Range;
pub use status::StatusCode;
pub use transport::Transport;
pub use uri::{Scheme, Uri, UriParts, UriView};
