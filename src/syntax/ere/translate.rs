//! From a POSIX extended pattern to one of the `regex` crate, in one pass without recursion.
//!
//! Literals are printed as letters, digits or `\xNN` and sets as ranges of `\xNN`, so that no byte can be syntax of the
//! target. A repetition attaches to the last atom; where two follow each other they are merged or wrapped, because
//! `a*?` would be lazy in the target.
use super::bracket::{self, ByteSet};
use super::{EreError, EreErrorKind, Flags};
use std::fmt::Write;

/// Groups inside groups, and repetitions of a repetition.
const MAX_DEPTH: usize = 50;
/// The largest count of an interval (`RE_DUP_MAX`).
const MAX_COUNT: u32 = 32_767;

pub(super) struct Translated {
    pub(super) regex: String,
    pub(super) has_back_reference: bool,
    pub(super) letter_escapes: Vec<usize>,
}

pub(super) fn translate(pattern: &[u8], flags: Flags) -> Result<Translated, EreError> {
    let mut translator = Translator {
        text: pattern,
        pos: 0,
        flags,
        out: String::with_capacity(pattern.len() * 2),
        open: Vec::new(),
        groups: 0,
        complete: 0,
        outer: Alternation::default(),
        last: Last::Nothing,
        has_back_reference: false,
        letter_escapes: Vec::new(),
    };
    while let Some(byte) = translator.next() {
        translator.token(byte)?;
    }
    if let Some(group) = translator.open.last() {
        return Err(EreError { kind: EreErrorKind::UnclosedGroup, at: group.at });
    }
    Ok(Translated {
        regex: translator.out,
        has_back_reference: translator.has_back_reference,
        letter_escapes: translator.letter_escapes,
    })
}

struct Translator<'a> {
    text: &'a [u8],
    pos: usize,
    flags: Flags,
    out: String,
    open: Vec<Group>,
    groups: usize,
    /// Which of the groups 1 to 9 a back-reference may name here.
    complete: u16,
    /// Of the alternation that no group encloses.
    outer: Alternation,
    last: Last,
    has_back_reference: bool,
    letter_escapes: Vec<usize>,
}

struct Group {
    number: usize,
    /// Of its `(` in the pattern and in the translation.
    at: usize,
    out: usize,
    alternation: Alternation,
}

/// A group of one alternative cannot be named in the next, but can behind them all.
#[derive(Clone, Copy, Default)]
struct Alternation {
    /// Groups complete before the first alternative.
    before: u16,
    /// Groups completed by the alternatives so far.
    inside: u16,
}

/// What a repetition would repeat.
#[derive(Clone, Copy)]
enum Last {
    /// The start of a branch, or an anchor.
    Nothing,
    /// The atom that begins at this byte of the translation.
    Atom(usize),
    /// An atom and what repeats it; `wraps` counts the groups put around it.
    Repeated { atom: usize, with: Repeat, wraps: usize },
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Repeat {
    Star,
    Plus,
    Optional,
    Interval,
}

impl Translator<'_> {
    fn next(&mut self) -> Option<u8> {
        let byte = self.text.get(self.pos).copied();
        self.pos += usize::from(byte.is_some());
        byte
    }

    /// One token whose first byte has been taken.
    fn token(&mut self, byte: u8) -> Result<(), EreError> {
        match byte {
            b'\\' => return self.escape(),
            b'[' => return self.bracket(),
            b'(' => return self.open_group(),
            b')' if !self.open.is_empty() => self.close_group(),
            b'|' => self.alternative(),
            b'^' => self.anchor(if self.flags.newline { "(?m:^)" } else { r"\A" }),
            b'$' => self.anchor(if self.flags.newline { "(?m:$)" } else { r"\z" }),
            b'*' => return self.repeat(Repeat::Star),
            b'+' => return self.repeat(Repeat::Plus),
            b'?' => return self.repeat(Repeat::Optional),
            b'{' => return self.interval(),
            b'.' => {
                let newline = self.flags.newline;
                self.set(&ByteSet::of(|b| b != b'\n' || !newline));
            }
            literal => self.literal(literal),
        }
        Ok(())
    }

    fn escape(&mut self) -> Result<(), EreError> {
        let at = self.pos - 1;
        let Some(byte) = self.next() else {
            return Err(EreError { kind: EreErrorKind::TrailingBackslash, at });
        };
        match byte {
            b'1'..=b'9' => return self.back_reference(byte - b'0', at),
            b'<' => self.anchor(r"\b{start}"),
            b'>' => self.anchor(r"\b{end}"),
            b'b' => self.anchor(r"\b"),
            b'B' => self.anchor(r"\B"),
            b'`' => self.anchor(r"\A"),
            b'\'' => self.anchor(r"\z"),
            b'w' => self.set(&ByteSet::of(is_word)),
            b'W' => self.set(&ByteSet::of(|b| !is_word(b))),
            b's' => self.set(&ByteSet::of(is_space)),
            b'S' => self.set(&ByteSet::of(|b| !is_space(b))),
            // `\d`, `\n` and the like are the letter itself.
            letter if letter.is_ascii_alphanumeric() => {
                self.letter_escapes.push(at);
                self.literal(letter);
            }
            sign => self.literal(sign),
        }
        Ok(())
    }

    fn back_reference(&mut self, group: u8, at: usize) -> Result<(), EreError> {
        if self.complete & group_bit(usize::from(group)) == 0 {
            return Err(EreError { kind: EreErrorKind::BadBackReference(group), at });
        }
        self.has_back_reference = true;
        self.atom(|out| {
            // In a group of its own, or a digit behind it would join it. Writing to a `String` cannot fail.
            let _ = write!(out, r"(?:\{group})");
        });
        Ok(())
    }

    fn bracket(&mut self) -> Result<(), EreError> {
        let (set, end) = bracket::parse(self.text, self.pos, self.flags)?;
        self.pos = end;
        self.set(&set);
        Ok(())
    }

    fn open_group(&mut self) -> Result<(), EreError> {
        let at = self.pos - 1;
        if self.open.len() >= MAX_DEPTH {
            return Err(EreError { kind: EreErrorKind::TooDeep, at });
        }
        self.groups += 1;
        let alternation = Alternation { before: self.complete, inside: 0 };
        self.open.push(Group { number: self.groups, at, out: self.out.len(), alternation });
        self.out.push('(');
        self.last = Last::Nothing;
        Ok(())
    }

    fn close_group(&mut self) {
        let Some(group) = self.open.pop() else { return };
        self.out.push(')');
        self.complete |= group.alternation.inside | group_bit(group.number);
        self.last = Last::Atom(group.out);
    }

    fn alternative(&mut self) {
        self.out.push('|');
        let alternation = self.open.last_mut().map_or(&mut self.outer, |group| &mut group.alternation);
        alternation.inside |= self.complete;
        self.complete = alternation.before;
        self.last = Last::Nothing;
    }

    fn anchor(&mut self, regex: &str) {
        self.out.push_str(regex);
        self.last = Last::Nothing;
    }

    fn set(&mut self, set: &ByteSet) {
        self.atom(|out| set.write(out));
    }

    fn literal(&mut self, byte: u8) {
        self.atom(|out| {
            if byte.is_ascii_alphanumeric() {
                out.push(char::from(byte));
            } else {
                // Writing to a `String` cannot fail.
                let _ = write!(out, r"\x{byte:02X}");
            }
        });
    }

    fn atom(&mut self, print: impl FnOnce(&mut String)) {
        self.last = Last::Atom(self.out.len());
        print(&mut self.out);
    }

    fn repeat(&mut self, repeat: Repeat) -> Result<(), EreError> {
        let sign = match repeat {
            Repeat::Star | Repeat::Interval => '*',
            Repeat::Plus => '+',
            Repeat::Optional => '?',
        };
        let Last::Repeated { atom, with, wraps } = self.last else {
            return self.repeat_with(repeat, &sign.to_string());
        };
        if with == Repeat::Interval {
            return self.repeat_with(repeat, &sign.to_string());
        }
        // Two of `*`, `+` and `?` make `*`, unless they are the same.
        if with != repeat && with != Repeat::Star {
            self.out.pop();
            self.out.push('*');
            self.last = Last::Repeated { atom, with: Repeat::Star, wraps };
        }
        Ok(())
    }

    fn repeat_with(&mut self, with: Repeat, sign: &str) -> Result<(), EreError> {
        let at = self.pos - 1;
        let (atom, wraps) = match self.last {
            Last::Nothing => return Err(EreError { kind: EreErrorKind::NothingToRepeat, at }),
            Last::Atom(atom) => (atom, 0),
            Last::Repeated { wraps: MAX_DEPTH.., .. } => return Err(EreError { kind: EreErrorKind::TooDeep, at }),
            Last::Repeated { atom, wraps, .. } => {
                self.out.insert_str(atom, "(?:");
                self.out.push(')');
                (atom, wraps + 1)
            }
        };
        self.out.push_str(sign);
        self.last = Last::Repeated { atom, with, wraps };
        Ok(())
    }

    fn interval(&mut self) -> Result<(), EreError> {
        let at = self.pos - 1;
        if matches!(self.last, Last::Nothing) {
            return Err(EreError { kind: EreErrorKind::NothingToRepeat, at });
        }
        let rest = self.text.get(self.pos..).unwrap_or_default();
        let Some(len) = rest.iter().position(|&b| b == b'}') else {
            return Err(EreError { kind: EreErrorKind::UnclosedInterval, at });
        };
        let inside = rest.get(..len).unwrap_or_default();
        let sign = interval_sign(inside).map_err(|kind| EreError { kind, at })?;
        self.repeat_with(Repeat::Interval, &sign)?;
        self.pos += len + 1;
        Ok(())
    }
}

/// `{n}`, `{n,}` or `{n,m}` of the target.
fn interval_sign(inside: &[u8]) -> Result<String, EreErrorKind> {
    let (low, high) = match inside.iter().position(|&b| b == b',') {
        Some(comma) => {
            let (low, high) = inside.split_at(comma);
            (count(low)?.unwrap_or(0), count(high.get(1..).unwrap_or_default())?)
        }
        None => {
            let count = count(inside)?.ok_or(EreErrorKind::BadInterval)?;
            (count, Some(count))
        }
    };
    match high {
        _ if low.max(high.unwrap_or(0)) > MAX_COUNT => Err(EreErrorKind::IntervalTooLarge),
        Some(high) if low > high => Err(EreErrorKind::BadInterval),
        Some(high) => Ok(format!("{{{low},{high}}}")),
        None => Ok(format!("{{{low},}}")),
    }
}

/// A count of an interval; `None` when it is left out.
fn count(digits: &[u8]) -> Result<Option<u32>, EreErrorKind> {
    if digits.is_empty() {
        return Ok(None);
    }
    if !digits.iter().all(u8::is_ascii_digit) {
        return Err(EreErrorKind::BadInterval);
    }
    Ok(Some(digits.iter().fold(0u32, |n, d| n.saturating_mul(10).saturating_add(u32::from(d.wrapping_sub(b'0'))))))
}

fn group_bit(number: usize) -> u16 {
    if (1..=9).contains(&number) { 1 << number } else { 0 }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}
