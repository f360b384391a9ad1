//! `{re.subst}`: substitution by a POSIX extended regular expression.
use super::{bytes, text};
use crate::context::{Level, Value};
use crate::syntax::ere::{Flags, MatchLimit, Pattern};
use crate::syntax::origin::Origin;
use crate::syntax::substitution::{self, Form};
use crate::syntax::transform::ArgShape::Rest;
use crate::vm::substitution::{Replacement, Values};
use crate::vm::{Cx, TransformArg, TransformRow};
use std::fmt;
use std::sync::Arc;

pub const TRANSFORMS: &[TransformRow] = &[TransformRow::new(
    "re",
    "subst",
    subst,
    "`/expression/replacement/flags`: `i` ignores case, `s` lets `.` match newlines, `g` replaces every match.",
)
.args(&[Rest])
.prepared(|text| Some(Arc::new(Substitution::parse(text))))];

/// A substitution ready for use.
struct Substitution {
    pattern: Pattern,
    replacement: Replacement,
    every: bool,
}

impl Substitution {
    /// `None` when it is malformed or the expression does not compile.
    fn parse(text: &[u8]) -> Option<Substitution> {
        let parsed = substitution::Substitution::parse(text, Form::Transformation, Origin::At(0))?;
        let flags = Flags { icase: parsed.ignores_case, newline: !parsed.crosses_lines };
        let pattern = Pattern::new(&parsed.expression, flags).ok()?;
        Some(Substitution { pattern, replacement: Replacement::new(parsed.replacement), every: parsed.every })
    }

    /// The text with what matches replaced; `None` when nothing does.
    fn apply(&self, subject: &[u8], values: &Values) -> Result<Option<Vec<u8>>, Failure> {
        let mut out = Vec::with_capacity(subject.len() + 16);
        let mut done = 0;
        while let Some(found) = self.pattern.try_captures_at(subject, done).map_err(Failure::GivenUp)? {
            let whole = found.whole();
            if whole.is_empty() {
                return Err(Failure::Empty);
            }
            out.extend_from_slice(subject.get(done..whole.start).unwrap_or_default());
            self.replacement.write(subject, &found, values, &mut out);
            done = whole.end;
            if !self.every || done >= subject.len() {
                break;
            }
        }
        if done == 0 {
            return Ok(None);
        }
        out.extend_from_slice(subject.get(done..).unwrap_or_default());
        Ok(Some(out))
    }
}

/// Why a good substitution yields nothing.
#[derive(Debug, PartialEq, Eq)]
enum Failure {
    GivenUp(MatchLimit),
    /// Something matched, but not a single byte: OpenSIPS takes that for a mistake.
    Empty,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::GivenUp(limit) => limit.fmt(f),
            Failure::Empty => f.write_str("what the expression matches is empty"),
        }
    }
}

fn subst(cx: &mut Cx<'_>, value: Value, _: Option<i32>, args: &[TransformArg]) -> Value {
    // OpenSIPS does not look at an empty text.
    let subject = value.str_face().filter(|text| !text.is_empty());
    let (Some(subject), Some((arg, vars))) = (subject, args.split_first()) else { return Value::Null };
    let vars = (0..vars.len()).map(|n| text(vars, n).unwrap_or_default()).collect();
    let values = Values { vars, request_uri: cx.run.request_uri() };
    let cx = &*cx;
    let apply = |substitution: &Substitution| match substitution.apply(&subject, &values) {
        Ok(changed) => changed.map_or(value, bytes),
        Err(why) => {
            cx.log(Level::Error, "core", "re.subst", format_args!("{why}"));
            Value::Null
        }
    };
    // A bad expression is found when it is used, as in OpenSIPS: NULL.
    match arg.prepared::<Option<Substitution>>() {
        Some(substitution) => substitution.as_ref().map_or(Value::Null, apply),
        // Variables are known by their places in the script: a text made at run time has none.
        None => match text(args, 0).and_then(|t| Substitution::parse(&t)) {
            Some(substitution) if !substitution.replacement.has_vars() => apply(&substitution),
            _ => Value::Null,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::modules::core::transforms;

    fn check(expression: &str, subject: &str, expected: Option<&str>) {
        let substitution = Substitution::parse(expression.as_bytes()).unwrap_or_else(|| panic!("{expression}"));
        let result = substitution.apply(subject.as_bytes(), &Values::default()).expect("the match is no failure");
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
    }

    #[test]
    fn the_longest_match_is_replaced() {
        check("/a|ab/x/", "abcd", Some("xcd"));
        check(r"/(a|ab)(c|bcd)/[\1][\2]/", "abcd", Some("[a][bcd]"));
        check("/o|or/x/g", "hello world", Some("hellx wxld"));
        check("/^a/x/g", "aaa", Some("xaa"));
    }

    #[test]
    fn what_matches_nothing_at_all_fails() {
        for expression in ["/x*/-/g", "/$/x/", "/b*/-/"] {
            let substitution = Substitution::parse(expression.as_bytes()).expect("it is a substitution");
            assert_eq!(substitution.apply(b"ab", &Values::default()), Err(Failure::Empty), "{expression}");
        }
    }

    #[test]
    fn a_text_without_match_stays_and_a_bad_expression_is_null() {
        transforms::check("abc", &[("re.subst,/x/y/", "abc"), ("re.subst,/b/y/", "ayc"), ("re.subst,/(/y/", "<null>")]);
        transforms::check("abc", &[("re.subst,$var(re)", "aYc"), ("re.subst,$var(text)", "<null>")]);
    }

    #[test]
    fn variables_of_the_replacement_are_read() {
        transforms::check(
            "abcb",
            &[("re.subst,/b/$var(one)-$(var(text){s.toupper})/g", "a1-Xc1-X"), ("re.subst,/b/[$var(nul)]/", "a[]cb")],
        );
    }
}
