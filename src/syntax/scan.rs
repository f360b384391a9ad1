//! One linear pass over the text before pest sees it: comments and blank lines, bytes that belong to no token, what does
//! not end, and how deep things nest. It keeps deep or endless input away from the recursive parser.
use super::ast::{Trivia, TriviaKind};
use crate::base::Span;
use crate::diag::{Diagnostic, codes};

/// Brackets, comments and statements without braces may nest this deep.
pub const MAX_DEPTH: usize = 200;

#[derive(Debug, Default)]
pub struct Scan {
    /// The text with blanks in place of comments, other white space and what belongs to no token: what the grammar reads.
    pub tokens: String,
    pub trivia: Vec<Trivia>,
    pub errors: Vec<Diagnostic>,
    /// How much of the text to parse: up to what does not end or goes too deep.
    pub usable: usize,
    /// Whether all of the text is usable.
    pub complete: bool,
}

pub fn scan(text: &str) -> Scan {
    let bytes = text.as_bytes();
    let mut scanner =
        Scanner { text, bytes, tokens: bytes.to_vec(), pos: 0, scan: Scan::default(), depth: Depth::default() };
    let stopped = scanner.run();
    scanner.scan.tokens = String::from_utf8(scanner.tokens).expect("whole characters turn into blanks");
    scanner.scan.complete = stopped.is_none();
    scanner.scan.usable = stopped.unwrap_or(text.len());
    scanner.scan
}

struct Scanner<'a> {
    text: &'a str,
    bytes: &'a [u8],
    /// Becomes `Scan::tokens`.
    tokens: Vec<u8>,
    pos: usize,
    scan: Scan,
    depth: Depth,
}

/// Where to stop parsing, when something makes that necessary.
type Stop = Option<usize>;

impl Scanner<'_> {
    fn run(&mut self) -> Stop {
        while let Some(&byte) = self.bytes.get(self.pos) {
            let start = self.pos;
            let stop = match byte {
                b'\n' => self.line_end(),
                b' ' => self.step(1),
                b'\t' | b'\r' | 8 => self.blank(1),
                b'\\' if self.peek(1) == Some(b'\n') => self.blank(2),
                b'#' => self.line_comment(),
                b'/' if self.peek(1) == Some(b'*') => self.block_comment(),
                b'/' if self.peek(1) == Some(b'/') => self.slash_comment(),
                b'"' | b'\'' => self.string(byte),
                b'$' => self.var(),
                b'a'..=b'z' | b'A'..=b'Z' => self.word(),
                b'0'..=b'9' => self.digit(),
                b'!'..=b'~' if !matches!(byte, b'@' | b'?' | b'`' | b'_' | b'\\') => self.punctuation(byte),
                _ => self.stray(),
            };
            if stop.is_some() {
                return stop;
            }
            debug_assert!(self.pos > start, "the scanner moves on");
        }
        None
    }

    fn rest(&self) -> &[u8] {
        self.bytes.get(self.pos..).unwrap_or_default()
    }

    fn peek(&self, ahead: usize) -> Option<u8> {
        self.bytes.get(self.pos + ahead).copied()
    }

    fn step(&mut self, n: usize) -> Stop {
        self.pos += n;
        None
    }

    /// Steps over what separates tokens.
    fn blank(&mut self, n: usize) -> Stop {
        self.pos += n;
        self.erase(self.pos - n);
        None
    }

    /// Turns what was read since `start` into blanks; line ends stay, because some tokens stand on one line.
    fn erase(&mut self, start: usize) {
        let read = self.tokens.get_mut(start..self.pos).unwrap_or_default();
        read.iter_mut().filter(|b| **b != b'\n').for_each(|b| *b = b' ');
    }

    fn span_from(&self, start: usize) -> Span {
        Span::new(start as u32, self.pos as u32)
    }

    fn report(&mut self, found: Diagnostic) {
        self.scan.errors.push(found);
    }

    /// Counts the lines behind this one that hold nothing.
    fn line_end(&mut self) -> Stop {
        self.pos += 1;
        let (start, mut blank) = (self.pos, 0);
        while let Some(len) = blank_line(self.rest()) {
            self.pos += len;
            blank += 1;
        }
        self.erase(start);
        if blank > 0 {
            let span = self.span_from(start);
            self.scan.trivia.push(Trivia { span, kind: TriviaKind::BlankLines(blank) });
        }
        None
    }

    fn skip_line(&mut self) {
        let rest = self.rest();
        self.pos += memchr::memchr(b'\n', rest).unwrap_or(rest.len());
    }

    fn line_comment(&mut self) -> Stop {
        let start = self.pos;
        self.skip_line();
        self.erase(start);
        let span = self.span_from(start);
        self.scan.trivia.push(Trivia { span, kind: TriviaKind::LineComment });
        None
    }

    fn slash_comment(&mut self) -> Stop {
        let start = self.pos;
        self.skip_line();
        self.erase(start);
        let span = self.span_from(start);
        self.scan.trivia.push(Trivia { span, kind: TriviaKind::LineComment });
        let slashes = Span::new(start as u32, start as u32 + 2);
        let found = Diagnostic::new(codes::SLASH_COMMENT, slashes, "`//` does not start a comment")
            .help("write `#`, or `/* ... */`")
            .fix(slashes, "#", crate::diag::Applicability::MachineApplicable);
        self.report(found);
        None
    }

    fn block_comment(&mut self) -> Stop {
        let start = self.pos;
        let mut open = 0usize;
        while let Some(&byte) = self.bytes.get(self.pos) {
            match (byte, self.peek(1)) {
                (b'/', Some(b'*')) => {
                    open += 1;
                    if open > MAX_DEPTH {
                        return self.too_deep(self.pos, start);
                    }
                    self.pos += 2;
                }
                (b'*', Some(b'/')) => {
                    open -= 1;
                    self.pos += 2;
                    if open == 0 {
                        self.erase(start);
                        let span = self.span_from(start);
                        self.scan.trivia.push(Trivia { span, kind: TriviaKind::BlockComment });
                        return None;
                    }
                }
                _ => self.pos += 1,
            }
        }
        let opener = Span::new(start as u32, start as u32 + 2);
        let found = Diagnostic::new(codes::UNTERMINATED, opener, "this comment does not end")
            .here(format!("{open} open at the end of the file"))
            .note("comments nest: every `/*` needs its own `*/`");
        self.report(found);
        Some(start)
    }

    fn digit(&mut self) -> Stop {
        self.depth.operand();
        self.step(1)
    }

    fn string(&mut self, quote: u8) -> Stop {
        self.depth.operand();
        let start = self.pos;
        self.pos += 1;
        while let Some(&byte) = self.bytes.get(self.pos) {
            self.pos += 1;
            if byte == quote {
                return None;
            }
            if byte == b'\\' && quote == b'"' {
                self.pos = (self.pos + 1).min(self.bytes.len());
            }
        }
        let opener = Span::new(start as u32, start as u32 + 1);
        self.report(Diagnostic::new(codes::UNTERMINATED, opener, "this string does not end"));
        Some(start)
    }

    /// A variable token; the rules are those of `var` in the grammar.
    fn var(&mut self) -> Stop {
        self.depth.operand();
        let start = self.pos;
        self.pos += 1;
        let mut open = 0usize;
        while let Some(&byte) = self.bytes.get(self.pos) {
            match byte {
                b'(' => {
                    open += 1;
                    if open > MAX_DEPTH {
                        return self.too_deep(self.pos, start);
                    }
                }
                b')' if open <= 1 => {
                    self.pos += open;
                    return None;
                }
                b')' => open -= 1,
                _ if open == 0 && ends_var(self.rest()) => return None,
                _ => {}
            }
            self.pos += 1;
        }
        if open == 0 {
            return None;
        }
        let opener = Span::new(start as u32, start as u32 + 1);
        self.report(Diagnostic::new(codes::UNTERMINATED, opener, "the `(` of this variable is not closed"));
        Some(start)
    }

    fn word(&mut self) -> Stop {
        let start = self.pos;
        let bytes = self.bytes;
        let rest = bytes.get(start..).unwrap_or_default();
        let len = rest.iter().take_while(|b| b.is_ascii_alphanumeric() || **b == b'_').count();
        self.pos += len;
        match self.depth.word(rest.get(..len).unwrap_or_default()) {
            Ok(()) => None,
            Err(TooDeep) => self.too_deep(start, start),
        }
    }

    fn punctuation(&mut self, byte: u8) -> Stop {
        let start = self.pos;
        self.pos += 1;
        match self.depth.punctuation(byte) {
            Ok(()) => None,
            Err(TooDeep) => self.too_deep(start, start),
        }
    }

    fn too_deep(&mut self, at: usize, stop: usize) -> Stop {
        let span = Span::new(at as u32, at as u32 + 1);
        let message = format!("nested deeper than {MAX_DEPTH} levels");
        self.report(Diagnostic::new(codes::TOO_DEEP, span, message));
        Some(stop)
    }

    fn stray(&mut self) -> Stop {
        let start = self.pos;
        let rest = self.text.get(self.pos..).unwrap_or("");
        let len = rest.find(|c: char| !is_stray(c)).unwrap_or(rest.len());
        // A backslash that joins lines is no stray.
        let joins = len > 1
            && rest.get(..len).is_some_and(|s| s.ends_with('\\'))
            && rest.get(len..).is_some_and(|r| r.starts_with('\n'));
        let len = if joins { len - 1 } else { len };
        self.pos += len.max(1);
        self.erase(start);
        let (span, text) = (self.span_from(start), rest.get(..len).unwrap_or(""));
        if text.contains('\0') {
            let found = Diagnostic::new(codes::NUL_BYTE, span, "a NUL byte, at which OpenSIPS stops reading");
            self.report(found);
            return None;
        }
        let what = if text == "\u{feff}" { "a byte order mark".to_owned() } else { shown(text) };
        let message = format!("{what} belongs to no token and is skipped");
        self.report(Diagnostic::new(codes::STRAY_BYTE, span, message).help("remove it"));
        None
    }
}

fn shown(text: &str) -> String {
    let bytes = super::source::bytes_of(text);
    match std::str::from_utf8(&bytes) {
        Ok(text) if text.chars().any(|c| c.is_control() || c.is_whitespace()) => {
            text.chars().take(8).map(|c| format!("U+{:04X} ", u32::from(c))).collect::<String>().trim_end().to_owned()
        }
        Ok(text) => format!("`{text}`"),
        _ => bytes.iter().take(8).map(|b| format!("\\x{b:02x}")).collect(),
    }
}

/// The length of a line of blanks with its end.
fn blank_line(rest: &[u8]) -> Option<usize> {
    let blanks = rest.iter().take_while(|b| matches!(b, b' ' | b'\t' | b'\r')).count();
    (rest.get(blanks) == Some(&b'\n')).then_some(blanks + 1)
}

fn is_stray(c: char) -> bool {
    match c {
        '@' | '?' | '`' | '_' | '\\' | '\u{7f}'.. => true,
        '\t' | '\n' | '\r' | '\u{8}' => false,
        c => c < ' ',
    }
}

fn ends_var(rest: &[u8]) -> bool {
    match rest.first() {
        Some(b' ' | b'\t' | b'\r' | b'\n' | b';' | b',' | b'=' | b'!' | b'<' | b'>' | b'~') => true,
        Some(b'+' | b'-' | b'*' | b'/' | b'%' | b'&' | b'|' | b'^') => true,
        Some(b':') => rest.get(1) == Some(&b'='),
        Some(b'a') => rest.starts_with(b"and"),
        Some(b'o') => rest.starts_with(b"or"),
        Some(b'n') => rest.starts_with(b"not"),
        _ => false,
    }
}

struct TooDeep;

/// How deep statements and brackets nest. `if (a) while (b) if (c) ...` nests without a bracket that stays open: such
/// runs of keywords count too, until the statement they lead to is over.
#[derive(Default)]
struct Depth {
    /// For each open bracket, the run outside it.
    open: Vec<usize>,
    run: usize,
    /// Prefix operators in a row.
    prefixes: usize,
    total: usize,
    /// A statement has ended; an `else` would continue it.
    ended: bool,
    after_else: bool,
}

impl Depth {
    fn word(&mut self, word: &[u8]) -> Result<(), TooDeep> {
        let is_else = word == b"else";
        if std::mem::take(&mut self.ended) && !is_else {
            self.end_run();
        }
        if word != b"not" {
            self.prefixes = 0;
        }
        let else_if = std::mem::replace(&mut self.after_else, is_else) && word == b"if";
        match word {
            b"if" if else_if => Ok(()),
            b"if" | b"while" | b"for" | b"switch" => {
                self.run += 1;
                self.deeper()
            }
            b"not" => self.prefix(),
            _ => Ok(()),
        }
    }

    fn operand(&mut self) {
        if std::mem::take(&mut self.ended) {
            self.end_run();
        }
        self.after_else = false;
        self.prefixes = 0;
    }

    fn punctuation(&mut self, byte: u8) -> Result<(), TooDeep> {
        if std::mem::take(&mut self.ended) {
            self.end_run();
        }
        self.after_else = false;
        if !matches!(byte, b'!' | b'~' | b'-' | b'+') {
            self.prefixes = 0;
        }
        match byte {
            b'(' | b'[' | b'{' => {
                self.open.push(std::mem::take(&mut self.run));
                self.deeper()
            }
            b')' | b']' | b'}' => {
                if let Some(outside) = self.open.pop() {
                    self.total = self.total.saturating_sub(self.run + 1);
                    self.run = outside;
                }
                self.ended = byte == b'}';
                Ok(())
            }
            b';' => {
                self.ended = true;
                Ok(())
            }
            b'!' | b'~' | b'-' | b'+' => self.prefix(),
            _ => Ok(()),
        }
    }

    fn prefix(&mut self) -> Result<(), TooDeep> {
        self.prefixes += 1;
        if self.prefixes > MAX_DEPTH { Err(TooDeep) } else { Ok(()) }
    }

    fn end_run(&mut self) {
        self.total = self.total.saturating_sub(self.run);
        self.run = 0;
    }

    fn deeper(&mut self) -> Result<(), TooDeep> {
        self.total += 1;
        if self.total > MAX_DEPTH { Err(TooDeep) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(text: &str) -> Vec<&'static str> {
        scan(text).errors.iter().map(|d| d.code.slug).collect()
    }

    #[test]
    fn keeps_comments_and_blank_lines() {
        let s = scan("# a\n\n\n/* b /* c */ */ x \"# no\" '/*'\n");
        let kinds: Vec<_> = s.trivia.iter().map(|t| t.kind).collect();
        assert_eq!(kinds, [TriviaKind::LineComment, TriviaKind::BlankLines(2), TriviaKind::BlockComment]);
        assert!(s.complete);
    }

    #[test]
    fn what_does_not_end_is_reported_at_its_start() {
        for text in ["x /* a /* b */", "x \"a\\\"", "x 'a", "x $(a(b)"] {
            let s = scan(text);
            assert_eq!(ids(text), ["unterminated"], "{text}");
            assert_eq!((s.usable, s.errors[0].span().start), (2, 2), "{text}");
        }
    }

    #[test]
    fn depth_counts_brackets_comments_and_statements_without_braces() {
        for unit in ["(", "[", "{", "/*", "if (a) ", "while (a) ", "if (a) {} else while (b) ", "!", "not ", "$(("] {
            assert_eq!(ids(&unit.repeat(300)).first(), Some(&"too-deep"), "{unit}");
        }
        for unit in ["if (a) b; ", "if (a) {} else ", "if (a) x; else ", "a { b } ", "/* */", "$a + ", "1 - "] {
            assert_eq!(ids(&unit.repeat(300)).first(), None, "{unit}");
        }
    }

    #[test]
    fn stray_bytes_are_skipped_and_nul_refuses() {
        assert_eq!(ids("\u{feff}route @ ?\\ \\\n x"), ["stray-byte"; 3]);
        assert_eq!(ids("a\0b"), ["nul-byte"]);
    }
}
