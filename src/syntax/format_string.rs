//! Format strings: text with variables in it, the form of most string arguments and of `xlog`.
use super::origin::Origin;
use super::pvar::{PvarError, VarRef};
use crate::base::Str;

/// A part of a format string.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    Text(Str),
    Var(VarRef),
}

/// A parsed format string. Neighbouring texts are one piece; `$$` is text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FormatString {
    pub pieces: Vec<Piece>,
}

impl FormatString {
    /// Parses the decoded value of a string; `origin` leads back to the script. Names are greedy: `$si.` is a variable
    /// called `si.`.
    pub fn parse(text: &[u8], origin: Origin<'_>) -> Result<FormatString, PvarError> {
        let mut pieces = Vec::new();
        let mut literal = Vec::new();
        let mut pos = 0;
        while let Some(dollar) = text.get(pos..).and_then(|rest| memchr::memchr(b'$', rest)).map(|i| pos + i) {
            literal.extend_from_slice(text.get(pos..dollar).unwrap_or_default());
            let (var, end) = VarRef::parse_prefix(text, dollar, origin)?;
            pos = end;
            if var.is_dollar() {
                literal.push(b'$');
                continue;
            }
            flush(&mut literal, &mut pieces);
            pieces.push(Piece::Var(var));
        }
        literal.extend_from_slice(text.get(pos..).unwrap_or_default());
        flush(&mut literal, &mut pieces);
        Ok(FormatString { pieces })
    }

    pub fn has_var(&self) -> bool {
        self.vars().next().is_some()
    }

    pub fn vars(&self) -> impl Iterator<Item = &VarRef> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Var(var) => Some(var),
            Piece::Text(_) => None,
        })
    }

    /// The value when it needs no message to know it.
    pub fn as_literal(&self) -> Option<Str> {
        match self.pieces.as_slice() {
            [] => Some(Str::EMPTY),
            [Piece::Text(text)] => Some(text.clone()),
            _ => None,
        }
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
    use crate::base::Span;
    use crate::syntax::pvar::PvarErrorKind;
    use proptest::prelude::*;

    fn render(text: &str) -> String {
        let parsed = FormatString::parse(text.as_bytes(), Origin::At(0)).unwrap_or_else(|e| panic!("{text}: {e}"));
        let pieces = parsed.pieces.iter().map(|piece| match piece {
            Piece::Text(text) => text.to_string(),
            Piece::Var(var) => format!("<{var}>"),
        });
        pieces.collect::<Vec<_>>().join("|")
    }

    #[test]
    fn parts_text_from_variables() {
        assert_eq!(render("sip:$rU@$rd;x=$(hdr(X)[0]{s.len})!"), "sip:|<$rU>|@|<$rd>|;x=|<$hdr(X)>|!");
        assert_eq!(render("$rU$rd"), "<$rU>|<$rd>");
        assert_eq!(render("no variable"), "no variable");
        assert_eq!(render(""), "");
    }

    #[test]
    fn names_are_greedy() {
        assert_eq!(render("from $si.\n"), "from |<$si.>|\n");
        assert_eq!(render("from $(si).\n"), "from |<$si>|.\n");
        assert_eq!(render("$ru{s.len}"), "<$ru>|{s.len}");
        assert_eq!(render("$var(x)y"), "<$var(x)>|y");
    }

    #[test]
    fn two_dollars_are_one() {
        assert_eq!(render("$$rU costs $$5"), "$rU costs $5");
        assert_eq!(render("a$($)b"), "a$b");
    }

    #[test]
    fn refuses_a_lone_dollar_where_it_stands() {
        for (text, at) in [("costs 5$", 7), ("5$ a", 1), ("a$,b", 1)] {
            let error = FormatString::parse(text.as_bytes(), Origin::At(10)).expect_err(text);
            assert_eq!((error.kind, error.span), (PvarErrorKind::LoneDollar, Span::new(10 + at, 11 + at)));
        }
    }

    #[test]
    fn spans_lead_back_through_escapes() {
        // The source `\n$ru`, whose first two bytes are one of the value.
        let map = [20, 22, 23, 24, 25];
        let parsed = FormatString::parse(b"\n$ru", Origin::Map(&map)).expect("parses");
        assert_eq!(parsed.vars().map(|v| v.span).collect::<Vec<_>>(), [Span::new(22, 25)]);
    }

    #[test]
    fn knows_a_literal() {
        let parse = |text: &str| FormatString::parse(text.as_bytes(), Origin::At(0)).expect(text);
        assert_eq!(parse("a$$b").as_literal(), Some(Str::from("a$b")));
        assert_eq!(parse("").as_literal(), Some(Str::EMPTY));
        assert_eq!(parse("a$ru").as_literal(), None);
        assert!(parse("a$ru").has_var());
        assert!(!parse("a$$").has_var());
    }

    proptest! {
        #[test]
        fn text_without_dollars_is_itself(text in "[^$]{0,80}") {
            let parsed = FormatString::parse(text.as_bytes(), Origin::At(0)).expect("no variable can fail");
            prop_assert_eq!(parsed.as_literal(), Some(Str::from(text)));
        }

        #[test]
        fn takes_any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..120)) {
            if let Ok(parsed) = FormatString::parse(&bytes, Origin::At(0)) {
                prop_assert!(parsed.vars().all(|v| v.span.end as usize <= bytes.len()));
            }
        }
    }
}
