//! Messages that leave because another came: forwarded requests and replies, answers, and the hop's own ACK and CANCEL.
//!
//! Every function appends to the caller's buffer, so that a worker can keep one. Header fields that are handed over
//! (`top`, `headers`) are whole lines with their line ends.
mod answer;
mod forward;
mod hop;

pub use answer::{Answer, Body, answer};
pub use forward::{RequestLine, forward_reply, forward_request, rewritten_reply};
pub use hop::{ack_for, cancel_for};

use super::message::{Header, Message};

/// The field as it stands in `message`, with a line end where the message ends without one.
fn copy_line(message: &Message, header: &Header, out: &mut Vec<u8>) {
    let line = message.bytes(header.line);
    out.extend_from_slice(line);
    if !line.ends_with(b"\n") {
        out.extend_from_slice(b"\r\n");
    }
}

fn field(name: &str, value: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b": ");
    out.extend_from_slice(value);
    out.extend_from_slice(b"\r\n");
}

pub(super) fn body(body: Option<&Body<'_>>, out: &mut Vec<u8>) {
    let bytes = body.map_or(&b""[..], |b| b.bytes);
    if let Some(body) = body.filter(|b| !b.content_type.is_empty()) {
        field("Content-Type", body.content_type, out);
    }
    field("Content-Length", bytes.len().to_string().as_bytes(), out);
    out.extend_from_slice(b"\r\n");
    out.extend_from_slice(bytes);
}
