//! Substitutions: `/expression/replacement/flags`, the argument of `{re.subst}` and of functions. Any byte but a backslash
//! may stand for the slash. The expression is not compiled here; a variable in the replacement is read when the
//! substitution is made.
use super::origin::Origin;
use super::pvar::VarRef;
use crate::base::Str;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Substitution {
    pub expression: Str,
    pub replacement: Vec<Piece>,
    /// `i`
    pub ignores_case: bool,
    /// `s`: `.` and `[^x]` match a newline too.
    pub crosses_lines: bool,
    /// `m`: `^` and `$` match at line breaks.
    pub by_lines: bool,
    /// `x`: blanks and comments in the expression mean nothing.
    pub extended: bool,
    /// `g`
    pub every: bool,
}

/// Where a substitution stands, and so how it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// `{re.subst}`: braces have a backslash before them.
    Transformation,
    /// `{pcre.subst}`: likewise, with more flags.
    PcreTransformation,
    /// An argument of a function.
    Argument,
}

impl Form {
    const fn flags(self) -> &'static [u8] {
        match self {
            Form::Transformation | Form::Argument => b"isg",
            Form::PcreTransformation => b"isgmx",
        }
    }

    fn unescaped(self, text: &[u8]) -> Vec<u8> {
        match self {
            Form::Transformation | Form::PcreTransformation => without_brace_escapes(text),
            Form::Argument => text.to_vec(),
        }
    }
}

/// A part of a replacement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    Text(Str),
    /// A group of the match; 0 is the whole.
    Group(u8),
    Var(VarRef),
    /// `\u`: the Request-URI.
    RequestUri,
}

impl Substitution {
    /// `None` when a delimiter is missing, a flag is unknown, or a `$` of the replacement begins no variable.
    pub fn parse(text: &[u8], form: Form, origin: Origin<'_>) -> Option<Substitution> {
        let text = form.unescaped(text);
        let (&delimiter, rest) = text.split_first().filter(|(d, _)| **d != b'\\')?;
        let expression = until(rest, delimiter)?;
        let (replacement, end) = replacement(&text, expression.len() + 2, delimiter, origin)?;
        let mut made = Substitution {
            expression: Str::new(expression),
            replacement,
            ignores_case: false,
            crosses_lines: false,
            by_lines: false,
            extended: false,
            every: false,
        };
        for flag in text.get(end + 1..)? {
            match flag {
                _ if !form.flags().contains(flag) => return None,
                b'i' => made.ignores_case = true,
                b's' => made.crosses_lines = true,
                b'm' => made.by_lines = true,
                b'x' => made.extended = true,
                _ => made.every = true,
            }
        }
        Some(made)
    }

    /// The variables of the replacement, in its order.
    pub fn into_vars(self) -> impl Iterator<Item = VarRef> {
        self.replacement.into_iter().filter_map(|piece| match piece {
            Piece::Var(var) => Some(var),
            Piece::Text(_) | Piece::Group(_) | Piece::RequestUri => None,
        })
    }
}

/// `\{` and `\}` keep the braces of the transformation apart; the expression never sees the backslash.
fn without_brace_escapes(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.iter().copied().peekable();
    while let Some(b) = bytes.next() {
        if b != b'\\' || !matches!(bytes.peek(), Some(b'{' | b'}')) {
            out.push(b);
        }
    }
    out
}

/// Up to the first delimiter that has no backslash before it.
fn until(text: &[u8], delimiter: u8) -> Option<&[u8]> {
    let mut escaped = false;
    let end = text.iter().position(|&b| {
        let ends = b == delimiter && !escaped;
        escaped = b == b'\\' && !escaped;
        ends
    })?;
    text.get(..end)
}

/// The pieces from `start` on, and where the delimiter that ends them stands.
fn replacement(text: &[u8], start: usize, delimiter: u8, origin: Origin<'_>) -> Option<(Vec<Piece>, usize)> {
    let (mut pieces, mut literal, mut pos) = (Vec::new(), Vec::new(), start);
    loop {
        let byte = *text.get(pos)?;
        pos += 1;
        let piece = match byte {
            b'\\' => {
                let escaped = *text.get(pos)?;
                pos += 1;
                match escaped {
                    b'0'..=b'9' => Piece::Group(escaped - b'0'),
                    b'u' => Piece::RequestUri,
                    other => {
                        literal.push(control(other));
                        continue;
                    }
                }
            }
            b'$' => {
                let (var, end) = VarRef::parse_prefix(text, pos - 1, origin).ok()?;
                pos = end;
                Piece::Var(var)
            }
            byte if byte == delimiter => {
                flush(&mut literal, &mut pieces);
                return Some((pieces, pos - 1));
            }
            byte => {
                literal.push(byte);
                continue;
            }
        };
        flush(&mut literal, &mut pieces);
        pieces.push(piece);
    }
}

fn control(escaped: u8) -> u8 {
    match escaped {
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        other => other,
    }
}

fn flush(literal: &mut Vec<u8>, pieces: &mut Vec<Piece>) {
    if !literal.is_empty() {
        pieces.push(Piece::Text(Str::from(std::mem::take(literal))));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Option<Substitution> {
        Substitution::parse(text.as_bytes(), Form::Transformation, Origin::At(0))
    }

    fn pieces(text: &str) -> String {
        let piece = |piece: &Piece| match piece {
            Piece::Text(text) => text.to_string(),
            Piece::Group(n) => format!("<{n}>"),
            Piece::Var(var) => format!("<{var}>"),
            Piece::RequestUri => "<u>".to_owned(),
        };
        let parsed = parse(text).unwrap_or_else(|| panic!("{text}"));
        parsed.replacement.iter().map(piece).collect::<Vec<_>>().join("|")
    }

    #[test]
    fn parts_stand_between_delimiters() {
        let parsed = parse(r"#^a\#(b|c)$#x#ig").expect("it parses");
        assert_eq!(parsed.expression, r"^a\#(b|c)$");
        assert_eq!((parsed.ignores_case, parsed.crosses_lines, parsed.every), (true, false, true));
        assert_eq!(parse(r"/a\{2\}/x/").expect("it parses").expression, "a{2}");
    }

    #[test]
    fn a_replacement_has_groups_variables_and_escapes() {
        assert_eq!(pieces(r"/a/\1 $var(x)/"), "<1>| |<$var(x)>");
        assert_eq!(pieces(r"/a/$(hdr(X){uri.param,a/b})\0/"), "<$hdr(X)>|<0>");
        assert_eq!(pieces(r"/a/\$x\/\t\\/"), "$x/\t\\");
        assert_eq!(pieces("/a//"), "");
        assert_eq!(pieces(r"/a/<\u>/"), "<|<u>|>");
    }

    #[test]
    fn where_it_stands_decides_about_braces_and_flags() {
        let parse = |text: &str, form| Substitution::parse(text.as_bytes(), form, Origin::At(0));
        let argument = parse(r"/a\{2\}/x/g", Form::Argument).expect("it parses");
        assert_eq!((argument.expression.to_string().as_str(), argument.every), (r"a\{2\}", true));
        assert_eq!(parse("/a/b/m", Form::Argument), None);
        let pcre = parse("/a/b/mx", Form::PcreTransformation).expect("it parses");
        assert_eq!((pcre.by_lines, pcre.extended, pcre.every), (true, true, false));
    }

    #[test]
    fn malformed_ones_are_refused() {
        for bad in ["", "/", "/a", "/a/b", "/a/b/x", r"\a\b\", "/a/5$/", r"/a/b\"] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }
}
