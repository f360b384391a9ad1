//! The lexical rules that header fields share (RFC 3261 25.1): tokens, linear white space, quoted strings, comma lists.
use super::range::Range;
use memchr::memchr;

const TOKEN: [bool; 256] = {
    let mut table = [false; 256];
    let marks = b"-.!%*_+`'~";
    let mut i = 0;
    while i < marks.len() {
        table[marks[i] as usize] = true;
        i += 1;
    }
    let mut c = 0;
    while c < 256 {
        if (c as u8).is_ascii_alphanumeric() {
            table[c] = true;
        }
        c += 1;
    }
    table
};

#[inline]
pub fn is_token_byte(b: u8) -> bool {
    TOKEN[usize::from(b)]
}

pub fn is_token(text: &[u8]) -> bool {
    !text.is_empty() && text.iter().all(|&b| is_token_byte(b))
}

/// Blank, tab, and the line ends that folding leaves inside a value.
#[inline]
pub fn is_lws(b: u8) -> bool {
    matches!(b, b' ' | b'\t' | b'\r' | b'\n')
}

pub fn trim(buf: &[u8], range: Range) -> Range {
    let text = range.of(buf);
    let lead = text.iter().take_while(|&&b| is_lws(b)).count();
    let tail = text.iter().skip(lead).rev().take_while(|&&b| is_lws(b)).count();
    Range::new(range.usize_start() + lead, range.usize_start() + text.len() - tail)
}

/// A decimal number that fits `u32`, and nothing else; leading zeros are allowed.
pub fn number(text: &[u8]) -> Option<u32> {
    if text.is_empty() {
        return None;
    }
    text.iter().try_fold(0u32, |n, &b| {
        let digit = b.is_ascii_digit().then(|| u32::from(b - b'0'))?;
        n.checked_mul(10)?.checked_add(digit)
    })
}

/// The text inside the quotes of a quoted string, escapes left as they are; other text unchanged.
pub fn unquoted(text: &[u8]) -> &[u8] {
    match text {
        [b'"', inner @ .., b'"'] => inner,
        _ => text,
    }
}

/// A cursor over one range of a buffer. Positions are those of the buffer.
#[derive(Clone, Copy)]
pub struct Scan<'a> {
    buf: &'a [u8],
    pos: usize,
}

impl<'a> Scan<'a> {
    #[inline]
    pub fn new(buf: &'a [u8], range: Range) -> Scan<'a> {
        let end = range.usize_end().min(buf.len());
        Scan { buf: buf.get(..end).unwrap_or_default(), pos: range.usize_start().min(end) }
    }

    #[inline]
    pub fn pos(&self) -> usize {
        self.pos
    }

    #[inline]
    pub fn end(&self) -> usize {
        self.buf.len()
    }

    /// Everything up to the end of the range: what ranges from this cursor refer to.
    #[inline]
    pub fn buffer(&self) -> &'a [u8] {
        self.buf
    }

    pub fn advance(&mut self, n: usize) {
        self.pos = (self.pos + n).min(self.buf.len());
    }

    #[inline]
    pub fn at_end(&self) -> bool {
        self.pos >= self.buf.len()
    }

    #[inline]
    pub fn peek(&self) -> Option<u8> {
        self.buf.get(self.pos).copied()
    }

    #[inline]
    pub fn rest(&self) -> &'a [u8] {
        self.buf.get(self.pos..).unwrap_or_default()
    }

    #[inline]
    pub fn eat(&mut self, b: u8) -> bool {
        let found = self.peek() == Some(b);
        self.pos += usize::from(found);
        found
    }

    #[inline]
    pub fn skip_lws(&mut self) {
        while self.peek().is_some_and(is_lws) {
            self.pos += 1;
        }
    }

    #[inline]
    pub fn skip_while(&mut self, take: impl Fn(u8) -> bool) -> Range {
        let start = self.pos;
        while self.peek().is_some_and(&take) {
            self.pos += 1;
        }
        Range::new(start, self.pos)
    }

    /// Moves to the first `b` and says whether there is one; without one the cursor stays.
    pub fn seek(&mut self, b: u8) -> bool {
        match memchr(b, self.rest()) {
            Some(n) => {
                self.pos += n;
                true
            }
            None => false,
        }
    }

    #[inline]
    pub fn token(&mut self) -> Range {
        self.skip_while(is_token_byte)
    }

    /// A quoted string, its quotes included; `None`, and the cursor unmoved, when it does not start or end here.
    pub fn quoted(&mut self) -> Option<Range> {
        if self.peek() != Some(b'"') {
            return None;
        }
        let mut i = self.pos + 1;
        while let Some(&b) = self.buf.get(i) {
            match b {
                b'\\' => i += 2,
                b'"' => {
                    let range = Range::new(self.pos, i + 1);
                    self.pos = i + 1;
                    return Some(range);
                }
                _ => i += 1,
            }
        }
        None
    }

    /// `separator` with white space around it.
    #[inline]
    pub fn separator(&mut self, separator: u8) -> bool {
        self.skip_lws();
        let found = self.eat(separator);
        if found {
            self.skip_lws();
        }
        found
    }
}

/// The values of a comma list, trimmed. Commas in quotes and angle brackets do not separate; empty values are given too.
pub fn commas(buf: &[u8], range: Range) -> Commas<'_> {
    Commas { buf, rest: Some(range) }
}

pub struct Commas<'a> {
    buf: &'a [u8],
    rest: Option<Range>,
}

impl Iterator for Commas<'_> {
    type Item = Range;

    fn next(&mut self) -> Option<Range> {
        let rest = self.rest.take()?;
        let text = rest.of(self.buf);
        let end = memchr(b',', text).and_then(|_| first_comma(text)).unwrap_or(text.len());
        if end < text.len() {
            self.rest = Some(Range::new(rest.usize_start() + end + 1, rest.usize_end()));
        }
        Some(trim(self.buf, Range::new(rest.usize_start(), rest.usize_start() + end)))
    }
}

fn first_comma(text: &[u8]) -> Option<usize> {
    let (mut quoted, mut bracketed) = (false, false);
    let mut i = 0;
    while let Some(&b) = text.get(i) {
        match b {
            b'\\' if quoted => i += 1,
            b'"' => quoted = !quoted,
            b'<' if !quoted => bracketed = true,
            b'>' if !quoted => bracketed = false,
            b',' if !quoted && !bracketed => return Some(i),
            _ => {}
        }
        i += 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(text: &str) -> Vec<&str> {
        let buf = text.as_bytes();
        commas(buf, Range::all(buf)).filter_map(|r| text.get(r.usize_start()..r.usize_end())).collect()
    }

    #[test]
    fn commas_in_quotes_and_brackets_do_not_separate() {
        assert_eq!(values("\"a, \\\" b\" <sip:x,y@h> , c"), ["\"a, \\\" b\" <sip:x,y@h>", "c"]);
        assert_eq!(values("a,,b"), ["a", "", "b"]);
        assert_eq!(values(""), [""]);
    }

    #[test]
    fn numbers_stop_at_32_bits() {
        assert_eq!(number(b"0068"), Some(68));
        assert_eq!(number(b"4294967295"), Some(u32::MAX));
        assert_eq!(number(b"4294967296"), None);
        assert_eq!(number(b"-1"), None);
        assert_eq!(number(b""), None);
    }

    #[test]
    fn an_open_quote_is_no_quoted_string() {
        let mut scan = Scan::new(b"\"open \\\"", Range::new(0, 8));
        assert_eq!(scan.quoted(), None);
        assert_eq!(scan.pos(), 0);
    }
}
