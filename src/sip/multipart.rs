//! Multipart bodies (RFC 2046 5.1): where each part, its header fields and its content are.
use super::header::ContentType;
use super::message::Message;
use super::name::HeaderId;
use super::range::Range;
use super::scan::{is_lws, trim};
use memchr::memmem;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Part {
    /// From its boundary line up to the next: what to delete.
    pub whole: Range,
    pub headers: Range,
    pub body: Range,
    pub content_type: Option<ContentType>,
}

/// The parts of the message's body: those of a multipart, else the body itself as one part. Empty without a body.
pub fn parts(message: &Message) -> Vec<Part> {
    let body = message.body_range();
    if body.is_empty() {
        return Vec::new();
    }
    let kind = message.first(HeaderId::ContentType).and_then(|h| ContentType::parse(message.raw(), h.value));
    let boundary = kind.filter(|k| k.is_multipart(message.raw())).and_then(|k| k.boundary(message.raw()));
    match boundary {
        Some(boundary) => split(message.raw(), body, boundary),
        None => vec![Part { whole: body, headers: Range::default(), body, content_type: kind }],
    }
}

/// The body, or the first part of it, whose type is `mime` (such as `application/sdp`).
pub fn find(message: &Message, mime: &[u8]) -> Option<Part> {
    parts(message).into_iter().find(|p| p.content_type.is_some_and(|t| t.is(message.raw(), mime)))
}

/// The parts between the boundary lines in `range`. A missing last boundary ends the last part with the body.
pub fn split(buf: &[u8], range: Range, boundary: &[u8]) -> Vec<Part> {
    let marker = [b"--", boundary].concat();
    let finder = memmem::Finder::new(&marker);
    let text = range.of(buf);
    let behind = |at: usize| text.get(at + marker.len()..).unwrap_or_default();
    // A boundary that merely starts with ours belongs to a nested multipart.
    let ends_here = |at: usize| behind(at).starts_with(b"--") || behind(at).first().is_none_or(|&b| is_lws(b));
    let at_line_start = |at: usize| at == 0 || text.get(at - 1) == Some(&b'\n');
    let marks: Vec<usize> = finder.find_iter(text).filter(|&at| at_line_start(at) && ends_here(at)).collect();
    let ends = marks.iter().skip(1).copied().chain([text.len()]);
    let is_open = |&(at, _): &(usize, usize)| !behind(at).starts_with(b"--");
    let base = range.start;
    marks
        .iter()
        .copied()
        .zip(ends)
        .take_while(is_open)
        .map(|(at, end)| part(buf, Range::new(at, end).shifted(base)))
        .collect()
}

fn part(buf: &[u8], whole: Range) -> Part {
    let text = whole.of(buf);
    let headers = whole.start + after(text, b"\n");
    let head = Range { start: headers, end: whole.end };
    let body = match head.of(buf) {
        [b'\r', b'\n', ..] => headers + 2,
        [b'\n', ..] => headers + 1,
        rest => headers + after(rest, b"\n\r\n").min(after(rest, b"\n\n")),
    };
    // The line end before the next boundary belongs to the boundary.
    let content = Range { start: body, end: whole.end };
    let line_end = match content.of(buf) {
        [.., b'\r', b'\n'] => 2,
        [.., b'\n'] => 1,
        _ => 0,
    };
    let headers = Range { start: headers, end: body };
    let body = Range { start: body, end: content.end - line_end };
    Part { whole, headers, body, content_type: content_type(buf, headers) }
}

/// The offset behind the first `mark`; the length of the text when there is none.
fn after(text: &[u8], mark: &[u8]) -> u32 {
    let end = memmem::find(text, mark).map_or(text.len(), |n| n + mark.len());
    Range::new(0, end).end
}

fn content_type(buf: &[u8], headers: Range) -> Option<ContentType> {
    let mut at = headers.start;
    for line in headers.of(buf).split_inclusive(|&b| b == b'\n') {
        let range = Range::new(0, line.len()).shifted(at);
        at = range.end;
        let Some(colon) = memchr::memchr(b':', line) else { continue };
        if HeaderId::of(line.get(..colon)?.trim_ascii()) == HeaderId::ContentType {
            let value =
                Range { start: range.start + Range::new(0, colon).end + 1, end: folded_end(buf, headers, range) };
            return ContentType::parse(buf, trim(buf, value));
        }
    }
    None
}

fn folded_end(buf: &[u8], headers: Range, line: Range) -> u32 {
    let rest = Range { start: line.end, end: headers.end }.of(buf);
    let folds = rest.split_inclusive(|&b| b == b'\n').take_while(|l| matches!(l.first(), Some(b' ' | b'\t')));
    line.end + Range::new(0, folds.map(<[u8]>::len).sum()).end
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sip::message::Framing;
    use bytes::Bytes;

    fn message(content_type: &str, body: &str) -> Message {
        let text = format!("INFO sip:a SIP/2.0\r\nc: {content_type}\r\n\r\n{body}");
        Message::parse(Bytes::from(text), Framing::Datagram).unwrap()
    }

    #[test]
    fn parts_have_types_and_bodies() {
        let m = message(
            "multipart/mixed;boundary=\"b1\"",
            "preamble\r\n--b1\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n--b1--x\r\n\r\n--b1\r\nc: text/plain;\r\n charset=x\r\nX: y\r\n\r\nlost\r\n--b1--\r\nend",
        );
        // `--b1--x` ends the list: nothing behind it is a part.
        let bodies: Vec<_> = parts(&m).iter().map(|p| m.bytes(p.body)).collect();
        assert_eq!(bodies, [b"v=0"]);
        assert_eq!(find(&m, b"application/sdp").map(|p| m.bytes(p.body)), Some(&b"v=0"[..]));
    }

    #[test]
    fn folded_fields_and_missing_fields_are_read() {
        let m = message(
            "multipart/mixed;boundary=b1",
            "--b1\r\nX: y\r\nc: text/plain;\r\n charset=x\r\n\r\n--no--b1\r\n--b12\r\n--b1\r\n\r\nbare\r\n",
        );
        let all = parts(&m);
        let bodies: Vec<_> = all.iter().map(|p| m.bytes(p.body)).collect();
        assert_eq!(bodies, [&b"--no--b1\r\n--b12"[..], b"bare"]);
        assert_eq!(all[0].content_type.map(|t| m.bytes(t.params)), Some(&b";\r\n charset=x"[..]));
        assert_eq!(all[1].content_type, None);
    }

    #[test]
    fn a_plain_body_is_one_part() {
        let m = message("text/plain", "hello");
        assert_eq!(parts(&m).len(), 1);
        assert_eq!(find(&m, b"TEXT/plain").map(|p| m.bytes(p.body)), Some(&b"hello"[..]));
        assert!(parts(&message("text/plain", "")).is_empty());
    }
}
