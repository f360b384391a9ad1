//! One pass over the bytes of a message: where the start line, the header fields and the body are. No value is looked into.
use super::error::Fault;
use super::message::{Framing, Header, StartLine};
use super::name::HeaderId;
use super::range::Range;
use super::scan::{is_lws, is_token_byte, number};
use memchr::memchr;

/// Far above what real messages carry; bounds what one packet can make us keep.
const MAX_HEADERS: usize = 1024;
/// Room for the header fields of nearly every message in one allocation.
const USUAL_HEADERS: usize = 20;

pub(super) struct Index {
    pub start: StartLine,
    pub headers: Vec<Header>,
    /// Which ids occur, and which occur more than once.
    pub seen: u128,
    pub repeated: u128,
    /// The empty line before the body.
    pub head_end: u32,
    pub body: Range,
    /// The first thing that is wrong with the shape of the message.
    pub fault: Option<Fault>,
    /// What is wrong with the length of the body.
    pub body_fault: Option<Fault>,
}

impl Index {
    /// `None` when there is not even a line that could be a start line.
    pub fn of(raw: &[u8], framing: Framing) -> Option<Index> {
        let line_end = memchr(b'\n', raw)?;
        let (start, fault) = start_line(raw.get(..line_end)?)?;
        let mut index = Index {
            start,
            headers: Vec::with_capacity(USUAL_HEADERS),
            seen: 0,
            repeated: 0,
            head_end: 0,
            body: Range::default(),
            fault,
            body_fault: None,
        };
        let mut at = line_end + 1;
        while let Some(next) = index.header(raw, at) {
            at = next;
        }
        index.frame_body(raw, framing);
        Some(index)
    }

    /// Reads the header field at `at` and gives where the next one starts; `None` at the end of the head.
    fn header(&mut self, raw: &[u8], at: usize) -> Option<usize> {
        let rest = raw.get(at..).unwrap_or_default();
        match rest {
            [b'\r', b'\n', ..] => return self.end_of_head(at, at + 2, raw),
            [b'\n', ..] => return self.end_of_head(at, at + 1, raw),
            [] => {
                self.note(Fault::Unterminated);
                return self.end_of_head(at, at, raw);
            }
            _ => {}
        }
        let line = self.line_end(rest);
        match name_len(rest) {
            Some((name, colon)) => self.push(raw, at, name, colon, line),
            None => self.note(Fault::HeaderLine),
        }
        if self.headers.len() > MAX_HEADERS {
            self.note(Fault::TooManyHeaders);
            return self.end_of_head(at, raw.len(), raw);
        }
        Some(at + line)
    }

    /// The length of the field's line with its folds and its last line end.
    fn line_end(&mut self, rest: &[u8]) -> usize {
        let mut from = 0;
        loop {
            let Some(n) = memchr(b'\n', rest.get(from..).unwrap_or_default()) else {
                self.note(Fault::Unterminated);
                return rest.len();
            };
            from += n + 1;
            if !matches!(rest.get(from), Some(b' ' | b'\t')) {
                return from;
            }
        }
    }

    fn push(&mut self, raw: &[u8], at: usize, name: usize, colon: usize, line: usize) {
        let id = HeaderId::of(raw.get(at..at + name).unwrap_or_default());
        let value = trimmed(raw, at + colon + 1, at + line);
        self.repeated |= self.seen & id.bit();
        self.seen |= id.bit();
        self.headers.push(Header { id, name: Range::new(at, at + name), value, line: Range::new(at, at + line) });
    }

    fn end_of_head(&mut self, head_end: usize, body: usize, raw: &[u8]) -> Option<usize> {
        self.head_end = Range::new(head_end, head_end).start;
        self.body = Range::new(body, raw.len());
        None
    }

    /// RFC 3261 18.3: in a datagram the body is Content-Length bytes and the rest is dropped, or the whole rest when
    /// there is no such field. The reader of a stream has cut the message out by Content-Length already.
    fn frame_body(&mut self, raw: &[u8], framing: Framing) {
        let promised = match self.headers.iter().find(|h| h.id == HeaderId::ContentLength) {
            Some(header) => match number(header.value.of(raw)) {
                Some(n) => n as usize,
                None => {
                    self.body_fault = Some(Fault::ContentLength);
                    return;
                }
            },
            None if framing == Framing::Stream => 0,
            None => return,
        };
        if promised > self.body.len() {
            self.body_fault = Some(Fault::ShortBody);
            return;
        }
        self.body = Range::new(self.body.start as usize, self.body.start as usize + promised);
    }

    fn note(&mut self, fault: Fault) {
        self.fault.get_or_insert(fault);
    }
}

/// The lengths of a field's name and of everything before its colon (RFC 3261 7.3.1 allows blanks between them).
fn name_len(rest: &[u8]) -> Option<(usize, usize)> {
    let name = rest.iter().position(|&b| !is_token_byte(b))?;
    let blanks = rest.iter().skip(name).take_while(|b| matches!(b, b' ' | b'\t')).count();
    (name > 0 && rest.get(name + blanks) == Some(&b':')).then_some((name, name + blanks))
}

fn trimmed(raw: &[u8], mut start: usize, mut end: usize) -> Range {
    while start < end && raw.get(end - 1).is_some_and(|&b| is_lws(b)) {
        end -= 1;
    }
    while start < end && raw.get(start).is_some_and(|&b| is_lws(b)) {
        start += 1;
    }
    Range::new(start, end)
}

/// `None` for a line that is neither a request nor a reply, so that nothing can be said about it.
fn start_line(line: &[u8]) -> Option<(StartLine, Option<Fault>)> {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    match line.get(..8) {
        Some(version) if version.eq_ignore_ascii_case(b"SIP/2.0 ") => Some(status_line(line)),
        _ => request_line(line),
    }
}

fn status_line(line: &[u8]) -> (StartLine, Option<Fault>) {
    let digits = line.iter().skip(8).take_while(|b| b.is_ascii_digit()).count();
    let code = number(line.get(8..8 + digits).unwrap_or_default());
    let code = code.filter(|c| digits == 3 && (100..=699).contains(c)).and_then(|c| u16::try_from(c).ok());
    let reason = 8 + digits + usize::from(line.get(8 + digits) == Some(&b' '));
    // Some peers leave out the blank before an empty reason phrase.
    let parted = reason > 8 + digits || reason == line.len();
    let start = StartLine::Reply { code: code.unwrap_or(0), reason: Range::new(reason, line.len()) };
    (start, (code.is_none() || !parted).then_some(Fault::StatusCode))
}

fn request_line(line: &[u8]) -> Option<(StartLine, Option<Fault>)> {
    let method = line.iter().take_while(|&&b| is_token_byte(b)).count();
    let last = memchr::memrchr(b' ', line.trim_ascii_end())?;
    if method == 0 || line.get(method) != Some(&b' ') {
        return None;
    }
    let uri = Range::new(method + 1, last.max(method + 1));
    let start = StartLine::Request { method: Range::new(0, method), uri };
    Some((start, request_line_fault(line, uri, line.get(last + 1..)?)))
}

fn request_line_fault(line: &[u8], uri: Range, version: &[u8]) -> Option<Fault> {
    let text = uri.of(line);
    let is_version = version.get(..4).is_some_and(|v| v.eq_ignore_ascii_case(b"SIP/"));
    if text.is_empty() || !is_version || text.iter().any(|&b| is_lws(b)) {
        return Some(Fault::StartLine);
    }
    match version.get(4..) {
        Some(b"2.0") => None,
        // RFC 4475 3.1.2.10: blanks behind the version.
        Some(number) if number.trim_ascii_end() == b"2.0" => Some(Fault::StartLine),
        _ => Some(Fault::Version),
    }
}
