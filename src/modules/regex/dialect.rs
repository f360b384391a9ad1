//! PCRE's notation written for the engine, where the two differ.

/// A pattern for the engine.
pub struct Written {
    pub regex: String,
    /// There is a `$` outside of brackets.
    pub has_end: bool,
}

pub fn write(pattern: &[u8], extended: bool) -> Written {
    let mut writer = Writer { text: pattern, at: 0, out: String::with_capacity(pattern.len() + 8), has_end: false };
    writer.pattern(extended);
    Written { regex: writer.out, has_end: writer.has_end }
}

struct Writer<'a> {
    text: &'a [u8],
    at: usize,
    out: String,
    has_end: bool,
}

impl Writer<'_> {
    fn pattern(&mut self, extended: bool) {
        while let Some(byte) = self.next() {
            match byte {
                b'\\' => self.escape(false),
                b'[' => self.class(),
                b'{' if !self.is_interval() => self.out.push_str("\\{"),
                b'$' => {
                    self.has_end = true;
                    self.out.push('$');
                }
                b'#' if extended => self.comment(),
                other => self.byte(other),
            }
        }
    }

    fn next(&mut self) -> Option<u8> {
        let byte = self.text.get(self.at).copied()?;
        self.at += 1;
        Some(byte)
    }

    fn rest(&self) -> &[u8] {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn byte(&mut self, byte: u8) {
        match byte.is_ascii() {
            true => self.out.push(char::from(byte)),
            false => self.out.push_str(&format!("\\x{byte:02X}")),
        }
    }

    /// What stands behind a backslash. The engine has other meanings for some letters.
    fn escape(&mut self, in_class: bool) {
        match (self.next(), in_class) {
            (Some(b'Q'), _) => self.quoted(),
            // Without `\Q` it means nothing.
            (Some(b'E'), _) => {}
            (Some(b'h'), false) => self.out.push_str("[\\x09\\x20]"),
            (Some(b'h'), true) => self.out.push_str("\\x09\\x20"),
            (Some(b'H'), false) => self.out.push_str("[^\\x09\\x20]"),
            (Some(b'v'), false) => self.out.push_str("[\\x0A-\\x0D]"),
            (Some(b'v'), true) => self.out.push_str("\\x0A-\\x0D"),
            (Some(b'V'), false) => self.out.push_str("[^\\x0A-\\x0D]"),
            (Some(b'R'), false) => self.out.push_str("(?:\\r\\n|[\\x0A-\\x0D])"),
            (Some(b'N'), false) => self.out.push_str("[^\\n]"),
            (Some(b'e'), _) => self.out.push_str("\\x1B"),
            (Some(b'b'), true) => self.out.push_str("\\x08"),
            (Some(byte), _) if byte.is_ascii() => {
                self.out.push('\\');
                self.out.push(char::from(byte));
            }
            (Some(byte), _) => self.byte(byte),
            // The engine reports it.
            (None, _) => self.out.push('\\'),
        }
    }

    /// Up to `\E` or the end nothing is an operator.
    fn quoted(&mut self) {
        let end = memchr::memmem::find(self.rest(), b"\\E");
        let text = self.rest().get(..end.unwrap_or(usize::MAX).min(self.rest().len())).unwrap_or_default().to_vec();
        self.at += text.len() + if end.is_some() { 2 } else { 0 };
        for byte in text {
            if byte.is_ascii_punctuation() || byte == b' ' {
                self.out.push_str(&format!("\\x{byte:02X}"));
            } else {
                self.byte(byte);
            }
        }
    }

    /// In brackets only `]`, `^`, `-`, a backslash and `[:name:]` mean something; the engine knows sets within sets too.
    fn class(&mut self) {
        self.out.push('[');
        if self.rest().first() == Some(&b'^') {
            self.at += 1;
            self.out.push('^');
        }
        if self.rest().first() == Some(&b']') {
            self.at += 1;
            self.out.push_str("\\]");
        }
        while let Some(byte) = self.next() {
            match byte {
                b']' => return self.out.push(']'),
                b'\\' => self.escape(true),
                b'[' if self.rest().first() == Some(&b':') => match memchr::memmem::find(self.rest(), b":]") {
                    Some(end) => {
                        let name = String::from_utf8_lossy(self.rest().get(..end + 2).unwrap_or_default()).into_owned();
                        self.out.push('[');
                        self.out.push_str(&name);
                        self.at += end + 2;
                    }
                    None => self.out.push_str("\\["),
                },
                b'[' | b'&' | b'~' | b'#' | b' ' => self.out.push_str(&format!("\\x{byte:02X}")),
                other => self.byte(other),
            }
        }
    }

    /// `{2}`, `{2,}`, `{2,5}`; anything else is a brace.
    fn is_interval(&self) -> bool {
        let Some(end) = memchr::memchr(b'}', self.rest()) else { return false };
        let inside = self.rest().get(..end).unwrap_or_default();
        let mut numbers = inside.splitn(2, |&b| b == b',');
        let first = numbers.next().unwrap_or_default();
        !first.is_empty() && first.iter().chain(numbers.next().unwrap_or_default()).all(u8::is_ascii_digit)
    }

    fn comment(&mut self) {
        let end = memchr::memchr(b'\n', self.rest()).map_or(self.rest().len(), |at| at + 1);
        self.at += end;
    }
}
