//! `{re.subst}`: substitution by a POSIX extended regular expression.
use super::{bytes, text};
use crate::base::Str;
use crate::context::Value;
use crate::syntax::ere::{Captures, Flags, Pattern};
use crate::syntax::transform::ArgShape::Rest;
use crate::vm::{Cx, TransformArg, TransformRow};
use std::sync::Arc;

pub const TRANSFORMS: &[TransformRow] = &[TransformRow::new(
    "re",
    "subst",
    subst,
    "`/expression/replacement/flags`: `i` ignores case, `s` lets `.` match newlines, `g` replaces every match.",
)
.args(&[Rest])
.prepared(|text| Some(Arc::new(Substitution::parse(text))))];

/// A parsed `/expression/replacement/flags`; any byte but a backslash may stand for the slash.
pub struct Substitution {
    pattern: Pattern,
    replacement: Vec<Piece>,
    every: bool,
}

enum Piece {
    Text(Vec<u8>),
    /// A group of the match; 0 is the whole.
    Group(usize),
}

impl Substitution {
    /// `None` when a delimiter is missing, the expression does not compile, or a flag is unknown.
    pub fn parse(text: &[u8]) -> Option<Substitution> {
        let text = without_brace_escapes(text);
        let (&delimiter, rest) = text.split_first().filter(|(d, _)| **d != b'\\')?;
        let (expression, rest) = cut(rest, delimiter)?;
        let (replacement, flags) = cut(rest, delimiter)?;
        let (mut icase, mut newline, mut every) = (false, true, false);
        for flag in flags {
            match flag {
                b'i' => icase = true,
                b's' => newline = false,
                b'g' => every = true,
                _ => return None,
            }
        }
        let pattern = Pattern::new(expression, Flags { icase, newline }).ok()?;
        Some(Substitution { pattern, replacement: pieces(replacement), every })
    }

    /// `None` when nothing matches.
    pub fn apply(&self, subject: &[u8]) -> Option<Vec<u8>> {
        let mut out = Vec::with_capacity(subject.len() + 16);
        let (mut done, mut from, mut matched) = (0, 0, false);
        while let Some(found) = self.pattern.captures_at(subject, from) {
            let whole = found.whole();
            out.extend_from_slice(subject.get(done..whole.start)?);
            self.write_replacement(subject, &found, &mut out);
            (done, matched) = (whole.end, true);
            // An empty match must not be found twice.
            from = if whole.is_empty() { whole.end + 1 } else { whole.end };
            if !self.every || from > subject.len() {
                break;
            }
        }
        out.extend_from_slice(subject.get(done..)?);
        matched.then_some(out)
    }

    fn write_replacement(&self, subject: &[u8], found: &Captures, out: &mut Vec<u8>) {
        for piece in &self.replacement {
            match piece {
                Piece::Text(text) => out.extend_from_slice(text),
                Piece::Group(n) => out.extend_from_slice(found.text(*n, subject)),
            }
        }
    }
}

fn subst(_: &mut Cx<'_>, value: Value, _: Option<i32>, args: &[TransformArg]) -> Value {
    let Some(subject) = value.str_face() else { return Value::Null };
    let Some(arg) = args.first() else { return Value::Null };
    let apply = |substitution: &Substitution| substitution.apply(&subject).map_or(value, bytes);
    // A bad expression is found when it is used, as in OpenSIPS: NULL.
    match arg.prepared::<Option<Substitution>>() {
        Some(substitution) => substitution.as_ref().map_or(Value::Null, apply),
        None => text(args, 0).and_then(|t| Substitution::parse(&t)).map_or(Value::Null, |s| apply(&s)),
    }
}

/// Up to the first delimiter without a backslash before it, and what is behind it.
fn cut(text: &[u8], delimiter: u8) -> Option<(&[u8], &[u8])> {
    let mut escaped = false;
    let end = text.iter().position(|&b| {
        let ends = b == delimiter && !escaped;
        escaped = b == b'\\' && !escaped;
        ends
    })?;
    Some((text.get(..end)?, text.get(end + 1..)?))
}

/// `\{` and `\}` keep the transformation's own braces apart; the expression never sees the backslash.
fn without_brace_escapes(text: &[u8]) -> Str {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.iter().copied().peekable();
    while let Some(b) = bytes.next() {
        if b != b'\\' || !matches!(bytes.peek(), Some(b'{' | b'}')) {
            out.push(b);
        }
    }
    Str::from(out)
}

fn pieces(replacement: &[u8]) -> Vec<Piece> {
    let mut out = Vec::new();
    let mut literal = Vec::new();
    let mut bytes = replacement.iter().copied();
    while let Some(b) = bytes.next() {
        match b {
            b'\\' => match bytes.next() {
                Some(digit @ b'0'..=b'9') => {
                    if !literal.is_empty() {
                        out.push(Piece::Text(std::mem::take(&mut literal)));
                    }
                    out.push(Piece::Group(usize::from(digit - b'0')));
                }
                Some(b'n') => literal.push(b'\n'),
                Some(b'r') => literal.push(b'\r'),
                Some(b't') => literal.push(b'\t'),
                Some(other) => literal.push(other),
                None => literal.push(b'\\'),
            },
            b => literal.push(b),
        }
    }
    if !literal.is_empty() {
        out.push(Piece::Text(literal));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(expression: &str, subject: &str, expected: Option<&str>) {
        let substitution = Substitution::parse(expression.as_bytes()).unwrap_or_else(|| panic!("{expression}"));
        let result = substitution.apply(subject.as_bytes());
        assert_eq!(result.as_deref().map(String::from_utf8_lossy).as_deref(), expected, "{expression}");
    }

    #[test]
    fn groups_and_escapes_are_put_in() {
        check(r"/^sip:([^@]+)@(.*)$/\2:\1/", "sip:bob@h", Some("h:bob"));
        check(r"/b+/<\0>/g", "abbcb", Some("a<bb>c<b>"));
        check(r"#a/b#x\ty\\#", "a/b", Some("x\ty\\"));
        check(r"/a\/b/c\/d/", "a/b", Some("c/d"));
        check(r"/^[0-9]\{2\}//", "123", Some("3"));
    }

    #[test]
    fn flags_change_the_match() {
        check("/B/x/i", "abc", Some("axc"));
        check("/a.b/x/", "a\nb", None);
        check("/a.b/x/s", "a\nb", Some("x"));
        check("/b/x/", "abab", Some("axab"));
        check("/x*/-/g", "ab", Some("-a-b-"));
    }

    #[test]
    fn a_text_without_match_stays() {
        crate::modules::core::transforms::check(
            "abc",
            &[("re.subst,/x/y/", "abc"), ("re.subst,/b/y/", "ayc"), ("re.subst,/(/y/", "<null>")],
        );
        crate::modules::core::transforms::check(
            "abc",
            &[("re.subst,$var(re)", "aYc"), ("re.subst,$var(text)", "<null>")],
        );
    }

    #[test]
    fn malformed_expressions_are_refused() {
        for bad in ["", "/", "/a", "/a/b", "/(/b/", "/a/b/x", r"\a\b\"] {
            assert!(Substitution::parse(bad.as_bytes()).is_none(), "{bad}");
        }
    }
}
