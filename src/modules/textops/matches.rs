//! Matches of a pattern, one behind the other.
use crate::syntax::ere::{Captures, Pattern};

/// Where `^` matches besides the places inside of what is searched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineStart {
    /// Behind a match that ended a line.
    AfterMatch,
    /// Only where the subject begins.
    SubjectOnly,
}

/// An expression that matches the empty text: nothing is to be put in for that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EmptyMatch;

/// The matches up to the first empty one, and whether there was such.
pub fn all(pattern: &Pattern, subject: &[u8], lines: LineStart) -> (Vec<Captures>, Result<(), EmptyMatch>) {
    let mut subject = subject.to_vec();
    let (mut found, mut from) = (Vec::new(), 0);
    while let Some(captures) = pattern.captures_at(&subject, from) {
        let whole = captures.whole();
        if whole.is_empty() {
            return (found, Err(EmptyMatch));
        }
        // What lies behind a match is looked at once more, by `^` alone: it is made to be what `^` shall see.
        if let Some(last @ (b'\r' | b'\n')) = whole.end.checked_sub(1).and_then(|at| subject.get_mut(at)) {
            *last = match lines {
                LineStart::AfterMatch => b'\n',
                LineStart::SubjectOnly => b' ',
            };
        }
        from = whole.end;
        found.push(captures);
    }
    (found, Ok(()))
}

/// The matches that a substitution replaces: the first or all of them, none of which may be empty.
pub fn replaced(pattern: &Pattern, subject: &[u8], every: bool) -> Result<Vec<Captures>, EmptyMatch> {
    if every {
        let (found, outcome) = all(pattern, subject, LineStart::AfterMatch);
        return outcome.map(|()| found);
    }
    match pattern.captures(subject) {
        Some(first) if first.whole().is_empty() => Err(EmptyMatch),
        first => Ok(first.into_iter().collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::ere::Flags;

    fn spans(pattern: &str, subject: &str, lines: LineStart) -> Vec<(usize, usize)> {
        let pattern = Pattern::new(pattern.as_bytes(), Flags { icase: true, newline: true }).unwrap();
        let (found, _) = all(&pattern, subject.as_bytes(), lines);
        found.iter().map(|c| (c.whole().start, c.whole().end)).collect()
    }

    #[test]
    fn a_line_begins_behind_a_match_only_where_that_is_wanted() {
        let subject = "ab\nab\n";
        assert_eq!(spans("^ab\n", subject, LineStart::AfterMatch), [(0, 3), (3, 6)]);
        assert_eq!(spans("^ab\n", subject, LineStart::SubjectOnly), [(0, 3)]);
        assert_eq!(spans("^ab$", subject, LineStart::SubjectOnly), [(0, 2), (3, 5)]);
        assert_eq!(spans("^a", "aab", LineStart::AfterMatch), [(0, 1)]);
    }

    #[test]
    fn an_empty_match_ends_the_search() {
        let pattern = Pattern::new(b"x*", Flags::default()).unwrap();
        assert_eq!(all(&pattern, b"xxa", LineStart::AfterMatch).1, Err(EmptyMatch));
        assert_eq!(replaced(&pattern, b"xxa", false).map(|f| f.len()), Ok(1));
        assert_eq!(replaced(&pattern, b"xxa", true), Err(EmptyMatch));
    }
}
