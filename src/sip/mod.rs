//! Bytes to SIP and back: an index over the received bytes, views of header fields, an edit list, a printer.
pub mod transport;

pub use transport::Transport;
