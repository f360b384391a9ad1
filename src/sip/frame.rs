//! Cutting messages out of a stream of bytes (RFC 3261 18.3): the head ends at the empty line, Content-Length says the rest.
use super::error::Fault;
use super::message::MAX_MESSAGE;
use super::name::HeaderId;
use super::range::Range;
use super::scan::{number, trim};
use memchr::memchr;

/// What stands at the start of the bytes read so far.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Frame {
    /// So many bytes of line ends before anything else. Four are a ping, to be answered with one CRLF (RFC 5626 3.5.1).
    KeepAlive(usize),
    /// More bytes are needed.
    Incomplete,
    /// A message of this length.
    Message(usize),
    /// Nothing behind this point can be trusted: close the connection (RFC 4475 3.1.2.3, 3.3.9).
    Broken(Fault),
}

/// The reader of one connection. It remembers how far it looked, so that bytes that trickle in are looked at once.
#[derive(Clone, Debug, Default)]
pub struct Framer {
    searched: usize,
}

impl Framer {
    /// Looks at the bytes read and not yet taken. After [`Frame::KeepAlive`] and [`Frame::Message`] the caller takes
    /// that many from the front.
    pub fn next(&mut self, buf: &[u8]) -> Frame {
        let lead = buf.iter().take_while(|b| matches!(b, b'\r' | b'\n')).count();
        if lead > 0 {
            self.searched = 0;
            return Frame::KeepAlive(lead);
        }
        let Some(head) = self.head_len(buf) else {
            return if buf.len() > MAX_MESSAGE { Frame::Broken(Fault::TooLarge) } else { Frame::Incomplete };
        };
        let frame = match content_length(buf.get(..head).unwrap_or_default()) {
            Err(fault) => Frame::Broken(fault),
            Ok(body) if head + body > MAX_MESSAGE => Frame::Broken(Fault::TooLarge),
            Ok(body) if head + body > buf.len() => Frame::Incomplete,
            Ok(body) => Frame::Message(head + body),
        };
        if frame != Frame::Incomplete {
            self.searched = 0;
        }
        frame
    }

    /// The length of the head with its empty line.
    fn head_len(&mut self, buf: &[u8]) -> Option<usize> {
        let mut at = self.searched;
        while let Some(n) = memchr(b'\n', buf.get(at..)?) {
            match buf.get(at + n + 1..)? {
                [b'\n', ..] => return Some(at + n + 2),
                [b'\r', b'\n', ..] => return Some(at + n + 3),
                // The line end may be cut off here: look at it again with more bytes.
                [] | [b'\r'] => break,
                _ => at += n + 1,
            }
            self.searched = at;
        }
        None
    }
}

/// No such field means no body: over a stream nothing else can be meant.
fn content_length(head: &[u8]) -> Result<usize, Fault> {
    let mut length = None;
    let mut at = 0;
    while let Some(end) = line_end(head, at) {
        let line = Range::new(at, end);
        at = end;
        let Some(value) = value_of_length(head, line) else { continue };
        let found = number(value).ok_or(Fault::ContentLength)?;
        if length.replace(found).is_some_and(|other| other != found) {
            return Err(Fault::Duplicate(HeaderId::ContentLength));
        }
    }
    Ok(length.map_or(0, |n| n as usize))
}

/// The end of the field at `at`, folds included; `None` at the end of the head.
fn line_end(head: &[u8], at: usize) -> Option<usize> {
    let mut end = at;
    loop {
        end += memchr(b'\n', head.get(end..)?)? + 1;
        if !matches!(head.get(end), Some(b' ' | b'\t')) {
            return Some(end);
        }
    }
}

fn value_of_length(head: &[u8], line: Range) -> Option<&[u8]> {
    let text = line.of(head);
    let colon = memchr(b':', text)?;
    let name = text.get(..colon)?.trim_ascii_end();
    let value = Range { start: line.start + Range::new(0, colon + 1).end, end: line.end };
    (HeaderId::of(name) == HeaderId::ContentLength).then(|| trim(head, value).of(head))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO: &[u8] =
        b"\r\n\r\nINFO sip:a SIP/2.0\r\nl :\r\n 4\r\n\r\nbodySIP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n";

    /// What comes out when the bytes arrive in pieces of `step`.
    fn read(bytes: &[u8], step: usize) -> Vec<Frame> {
        let (mut framer, mut buf, mut frames) = (Framer::default(), Vec::new(), Vec::new());
        for piece in bytes.chunks(step) {
            buf.extend_from_slice(piece);
            loop {
                let frame = framer.next(&buf);
                match frame {
                    Frame::KeepAlive(n) | Frame::Message(n) => drop(buf.drain(..n)),
                    Frame::Incomplete => break,
                    Frame::Broken(_) => return [frames, vec![frame]].concat(),
                }
                frames.push(frame);
            }
        }
        frames
    }

    #[test]
    fn messages_come_out_whole_however_they_arrive() {
        for step in 1..=TWO.len() {
            let frames = read(TWO, step);
            let messages: Vec<_> = frames.iter().filter(|f| matches!(f, Frame::Message(_))).collect();
            assert_eq!(messages, [&Frame::Message(35), &Frame::Message(37)], "in pieces of {step}");
        }
        assert_eq!(read(TWO, TWO.len())[0], Frame::KeepAlive(4));
    }

    #[test]
    fn what_cannot_be_framed_closes_the_connection() {
        let check = |fields: &str, fault| {
            let bytes = format!("INFO sip:a SIP/2.0\r\n{fields}\r\n\r\n");
            assert_eq!(read(bytes.as_bytes(), 7), [Frame::Broken(fault)], "{fields}");
        };
        check("Content-Length: -999", Fault::ContentLength);
        check("Content-Length: 13\r\nl: 5", Fault::Duplicate(HeaderId::ContentLength));
        check("Content-Length: 4294967295", Fault::TooLarge);
        let endless = vec![b'a'; MAX_MESSAGE + 1];
        assert_eq!(Framer::default().next(&endless), Frame::Broken(Fault::TooLarge));
    }

    #[test]
    fn a_missing_length_means_no_body() {
        assert_eq!(read(b"ACK sip:a SIP/2.0\nX: y\n\nA", 30), [Frame::Message(24)]);
    }
}
