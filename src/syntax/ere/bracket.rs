//! Bracket expressions. Whatever they say comes down to a set of bytes, and that is what is printed, so that nothing in
//! brackets can mean something else to another engine.
use super::{EreError, EreErrorKind, Flags};
use std::fmt::Write;

/// A set of bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ByteSet([u64; 4]);

/// Longest name of a class or collating element, as glibc has it.
const MAX_NAME: usize = 32;

type Class = fn(&u8) -> bool;

const CLASSES: [(&str, Class); 12] = [
    ("alnum", u8::is_ascii_alphanumeric),
    ("alpha", u8::is_ascii_alphabetic),
    ("blank", |b| matches!(b, b' ' | b'\t')),
    ("cntrl", u8::is_ascii_control),
    ("digit", u8::is_ascii_digit),
    ("graph", u8::is_ascii_graphic),
    ("lower", u8::is_ascii_lowercase),
    ("print", |b| matches!(b, b' '..=b'~')),
    ("punct", u8::is_ascii_punctuation),
    ("space", |b| matches!(b, b' ' | b'\t'..=b'\r')),
    ("upper", u8::is_ascii_uppercase),
    ("xdigit", u8::is_ascii_hexdigit),
];

/// What a `[...]` whose `[` stands just before `start` matches, and where it ends.
pub(super) fn parse(text: &[u8], start: usize, flags: Flags) -> Result<(ByteSet, usize), EreError> {
    let mut parser = Parser { text, pos: start, open: start.saturating_sub(1), icase: flags.icase };
    let negated = parser.eat(b'^');
    let listed = parser.list()?;
    let matched = if negated { ByteSet::of(|b| !listed.contains(b) && (b != b'\n' || !flags.newline)) } else { listed };
    Ok((matched, parser.pos))
}

impl ByteSet {
    pub(super) fn of(accept: impl Fn(u8) -> bool) -> ByteSet {
        let mut set = ByteSet([0; 4]);
        for byte in (0..=u8::MAX).filter(|&b| accept(b)) {
            if let Some(word) = set.0.get_mut(usize::from(byte / 64)) {
                *word |= 1 << (byte % 64);
            }
        }
        set
    }

    pub(super) fn contains(&self, byte: u8) -> bool {
        self.0.get(usize::from(byte / 64)).is_some_and(|word| word & (1 << (byte % 64)) != 0)
    }

    fn add(&mut self, accept: impl Fn(u8) -> bool) {
        let more = ByteSet::of(accept);
        self.0.iter_mut().zip(more.0).for_each(|(word, more)| *word |= more);
    }

    /// Prints the set as a class of the `regex` crate.
    pub(super) fn write(&self, out: &mut String) {
        let mut ranges: Vec<(u8, u8)> = Vec::new();
        for byte in (0..=u8::MAX).filter(|&b| self.contains(b)) {
            match ranges.last_mut() {
                Some((_, last)) if last.checked_add(1) == Some(byte) => *last = byte,
                _ => ranges.push((byte, byte)),
            }
        }
        if ranges.is_empty() {
            out.push_str("[^\\x00-\\xFF]");
            return;
        }
        out.push('[');
        for (first, last) in ranges {
            // Writing to a `String` cannot fail.
            let _ = write!(out, "\\x{first:02X}-\\x{last:02X}");
        }
        out.push(']');
    }
}

struct Parser<'a> {
    text: &'a [u8],
    pos: usize,
    /// The `[` of the whole expression.
    open: usize,
    icase: bool,
}

enum Element {
    Byte(u8),
    /// A class; it cannot begin or end a range.
    Class(Class),
    /// `[=x=]`; it cannot either.
    Equivalence(u8),
}

impl Parser<'_> {
    fn list(&mut self) -> Result<ByteSet, EreError> {
        let mut set = ByteSet([0; 4]);
        let mut first = true;
        while first || !self.eat(b']') {
            self.item(first, &mut set)?;
            first = false;
        }
        Ok(set)
    }

    fn item(&mut self, first: bool, set: &mut ByteSet) -> Result<(), EreError> {
        let at = self.pos;
        match self.element(first)? {
            Element::Byte(low) => {
                let high = if self.at_range() { self.range_end(at)? } else { low };
                let (low, high) = (self.fold(low), self.fold(high));
                if low > high {
                    return Err(EreError { kind: EreErrorKind::BadRange, at });
                }
                // glibc folds the pattern and the subject to upper case before it compares.
                set.add(|b| (low..=high).contains(&self.fold(b)));
            }
            Element::Class(class) => set.add(|b| class(&b) || (self.icase && class(&swap_case(b)))),
            Element::Equivalence(byte) => set.add(|b| self.fold(b) == self.fold(byte)),
        }
        Ok(())
    }

    /// A `-` that stands neither first nor last.
    fn at_range(&self) -> bool {
        self.peek(0) == Some(b'-') && self.peek(1) != Some(b']')
    }

    fn range_end(&mut self, at: usize) -> Result<u8, EreError> {
        self.pos += 1;
        match self.element(true)? {
            Element::Byte(byte) => Ok(byte),
            Element::Class(_) | Element::Equivalence(_) => Err(EreError { kind: EreErrorKind::BadRange, at }),
        }
    }

    fn element(&mut self, hyphen_allowed: bool) -> Result<Element, EreError> {
        let at = self.pos;
        let Some(byte) = self.peek(0) else { return Err(self.unclosed()) };
        match (byte, self.peek(1)) {
            (b'[', Some(kind @ (b'.' | b'=' | b':'))) => return self.named(kind),
            (b'-', next) if !hyphen_allowed && next != Some(b']') => {
                return Err(EreError { kind: EreErrorKind::BadRange, at });
            }
            _ => self.pos += 1,
        }
        Ok(Element::Byte(byte))
    }

    /// `[.x.]`, `[=x=]` or `[:name:]`, whose two first bytes are next.
    fn named(&mut self, kind: u8) -> Result<Element, EreError> {
        let at = self.pos;
        let start = self.pos + 2;
        let rest = self.text.get(start..).unwrap_or_default();
        let Some(len) = rest.windows(2).take(MAX_NAME).position(|w| w == [kind, b']']) else {
            return Err(self.unclosed());
        };
        self.pos = start + len + 2;
        let name = rest.get(..len).unwrap_or_default();
        let lossy = || String::from_utf8_lossy(name).into_owned();
        match (kind, name) {
            (b':', _) => match CLASSES.iter().find(|(known, _)| known.as_bytes() == name) {
                Some((_, class)) => Ok(Element::Class(*class)),
                None => Err(EreError { kind: EreErrorKind::UnknownClass(lossy()), at }),
            },
            (b'.', [byte]) => Ok(Element::Byte(*byte)),
            (_, [byte]) => Ok(Element::Equivalence(*byte)),
            _ => Err(EreError { kind: EreErrorKind::UnknownCollatingElement(lossy()), at }),
        }
    }

    fn fold(&self, byte: u8) -> u8 {
        if self.icase { byte.to_ascii_uppercase() } else { byte }
    }

    fn peek(&self, ahead: usize) -> Option<u8> {
        self.text.get(self.pos + ahead).copied()
    }

    fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek(0) == Some(byte);
        self.pos += usize::from(found);
        found
    }

    fn unclosed(&self) -> EreError {
        EreError { kind: EreErrorKind::UnclosedBracket, at: self.open }
    }
}

fn swap_case(byte: u8) -> u8 {
    if byte.is_ascii_alphabetic() { byte ^ 0x20 } else { byte }
}
