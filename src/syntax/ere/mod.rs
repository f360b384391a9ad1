//! POSIX extended regular expressions, as `=~`, `re.subst` and REGEX arguments take them.
//!
//! A pattern is translated for the `regex` crate, whose time is linear in the subject whatever the pattern; only a
//! pattern with a back-reference goes to a backtracking engine, with a limit. What glibc accepts is accepted and what it
//! refuses is refused, GNU extensions included.
//!
//! Of several matches at the leftmost place POSIX takes the longest, `regex` that of the first alternative. No test sees
//! that, a substitution does (`/a|ab/x/` on `ab`): where a match begins is asked of `regex`, where it ends and what its
//! groups are of `longest`. With a back-reference the first alternative counts.
//!
//! What a match may cost is bounded: patterns by the size of their program, which grows with intervals, and matches by
//! program times subject (`MAX_STEPS`) or by steps back. Beyond that a match is given up, which callers report.
mod bracket;
mod longest;
mod translate;

use longest::Longest;
use std::fmt;
use std::ops::Range;

/// Longest pattern that is compiled, in bytes.
const MAX_PATTERN: usize = 16 * 1024;
/// Bytes of the compiled program.
const MAX_PROGRAM: usize = 2 << 20;
/// States of the program times bytes of the subject: what a match costs at worst.
const MAX_STEPS: usize = 50_000_000;
/// Steps of the backtracking engine in one match.
const MAX_BACKTRACKS: usize = 20_000;
/// Longest subject that it is given: a step may look at all of it.
const MAX_BACKTRACKED: usize = 16 * 1024;

/// How a pattern is compiled; the flags of `regcomp`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flags {
    /// Letters match either case (`REG_ICASE`).
    pub icase: bool,
    /// `.` and `[^x]` do not match a newline, `^` and `$` match at one (`REG_NEWLINE`).
    pub newline: bool,
}

/// A compiled pattern. Cloning is cheap.
#[derive(Clone, Debug)]
pub struct Pattern {
    engine: Engine,
    letter_escapes: Vec<usize>,
}

#[derive(Clone, Debug)]
enum Engine {
    Linear(regex::bytes::Regex, Longest),
    Backtracking(fancy_regex::Regex),
}

/// The places of a match and of its groups in the subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Captures(Vec<Option<Range<usize>>>);

/// The match was given up: it would take, or took, too many steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MatchLimit;

/// Why a pattern does not compile, and at which of its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EreError {
    pub kind: EreErrorKind,
    pub at: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EreErrorKind {
    UnclosedGroup,
    UnclosedBracket,
    UnclosedInterval,
    BadInterval,
    IntervalTooLarge,
    NothingToRepeat,
    TrailingBackslash,
    UnknownClass(String),
    UnknownCollatingElement(String),
    BadRange,
    BadBackReference(u8),
    TooDeep,
    TooLarge,
}

impl Pattern {
    /// Compiles the pattern up to its first NUL byte.
    pub fn new(pattern: &[u8], flags: Flags) -> Result<Pattern, EreError> {
        let pattern = c_string(pattern);
        if pattern.len() > MAX_PATTERN {
            return Err(EreError { kind: EreErrorKind::TooLarge, at: MAX_PATTERN });
        }
        let translated = translate::translate(pattern, flags)?;
        let engine = if translated.has_back_reference {
            backtracking(translated.regex, flags)
        } else {
            linear(&translated.regex, flags)
        };
        let engine = engine.map_err(|kind| EreError { kind, at: 0 })?;
        Ok(Pattern { engine, letter_escapes: translated.letter_escapes })
    }

    /// Whether [`Pattern::new`] would refuse it, and why. Compiling takes a hundred times as long as reading.
    pub fn check(pattern: &[u8], flags: Flags) -> Result<(), EreError> {
        let text = c_string(pattern);
        let is_certain = text.len() <= MAX_PATTERN
            && translate::translate(text, flags).is_ok_and(|t| !t.has_back_reference && !t.regex.contains('{'));
        // Without counted repetitions the program is a few times as long as the pattern, far below its limit.
        if is_certain { Ok(()) } else { Pattern::new(pattern, flags).map(drop) }
    }

    /// Whether the pattern matches anywhere in the subject, which ends at its first NUL byte. A match that was given up
    /// is none.
    pub fn is_match(&self, subject: &[u8]) -> bool {
        self.try_match(subject).unwrap_or(false)
    }

    /// As [`Pattern::is_match`], for a caller that reports a match given up.
    pub fn try_match(&self, subject: &[u8]) -> Result<bool, MatchLimit> {
        let subject = self.admitted(subject)?;
        match &self.engine {
            Engine::Linear(regex, _) => Ok(regex.is_match(subject)),
            Engine::Backtracking(regex) => regex.is_match(subject).map_err(|_| MatchLimit),
        }
    }

    /// Where the pattern has `\d`, `\n` or the like, which mean the letter itself here and nearly always were meant as
    /// a class or a control character.
    pub fn letter_escapes(&self) -> &[usize] {
        &self.letter_escapes
    }

    /// The leftmost match, the longest there, and its groups. A match that was given up is none.
    pub fn captures(&self, subject: &[u8]) -> Option<Captures> {
        self.captures_at(subject, 0)
    }

    /// The leftmost match that begins at `start` or later; what stands before still counts for `^` and `\<`.
    pub fn captures_at(&self, subject: &[u8], start: usize) -> Option<Captures> {
        self.try_captures_at(subject, start).unwrap_or_default()
    }

    /// As [`Pattern::captures_at`], for a caller that reports a match given up.
    pub fn try_captures_at(&self, subject: &[u8], start: usize) -> Result<Option<Captures>, MatchLimit> {
        let subject = self.admitted(subject)?;
        if start > subject.len() {
            return Ok(None);
        }
        Ok(match &self.engine {
            Engine::Linear(regex, longest) => {
                regex.find_at(subject, start).and_then(|first| longest.captures(subject, first.start()))
            }
            Engine::Backtracking(regex) => {
                let found = regex.captures_from_pos(subject, start).map_err(|_| MatchLimit)?;
                found.map(|found| Captures(found.iter().map(|group| Some(group?.range())).collect()))
            }
        })
    }

    /// The subject up to its first NUL, when a match in it costs no more than any may.
    fn admitted<'s>(&self, subject: &'s [u8]) -> Result<&'s [u8], MatchLimit> {
        let subject = c_string(subject);
        let is_cheap = match &self.engine {
            Engine::Linear(_, longest) => longest.states().saturating_mul(subject.len()) <= MAX_STEPS,
            Engine::Backtracking(_) => subject.len() <= MAX_BACKTRACKED,
        };
        if is_cheap { Ok(subject) } else { Err(MatchLimit) }
    }
}

impl FromIterator<Option<Range<usize>>> for Captures {
    fn from_iter<I: IntoIterator<Item = Option<Range<usize>>>>(groups: I) -> Captures {
        Captures(groups.into_iter().collect())
    }
}

impl Captures {
    /// The place of the whole match.
    pub fn whole(&self) -> Range<usize> {
        self.get(0).unwrap_or(0..0)
    }

    /// The place of a group; 0 is the whole match. `None` when the group did not take part.
    pub fn get(&self, group: usize) -> Option<Range<usize>> {
        self.0.get(group).cloned().flatten()
    }

    /// What a group matched; empty when it did not take part.
    pub fn text<'s>(&self, group: usize, subject: &'s [u8]) -> &'s [u8] {
        self.get(group).and_then(|range| subject.get(range)).unwrap_or_default()
    }
}

impl fmt::Display for MatchLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the match of a regular expression was given up: it takes too many steps")
    }
}

impl std::error::Error for MatchLimit {}

impl fmt::Display for EreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (byte {} of the pattern)", self.kind, self.at + 1)
    }
}

impl std::error::Error for EreError {}

impl fmt::Display for EreErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use EreErrorKind as K;
        match self {
            K::UnclosedGroup => f.write_str("a `(` is not closed"),
            K::UnclosedBracket => f.write_str("a `[` is not closed"),
            K::UnclosedInterval => f.write_str("a `{` is not closed; a literal one is written `\\{`"),
            K::BadInterval => {
                f.write_str("a repetition is written `{n}`, `{n,}`, `{,m}` or `{n,m}`; a literal `{` is `\\{`")
            }
            K::IntervalTooLarge => f.write_str("a repetition cannot exceed 32767"),
            K::NothingToRepeat => f.write_str("nothing to repeat here; a literal sign needs a `\\`"),
            K::TrailingBackslash => f.write_str("a backslash at the end"),
            K::UnknownClass(name) => write!(f, "unknown character class `[:{name}:]`"),
            K::UnknownCollatingElement(name) => write!(f, "unknown collating element `{name}`"),
            K::BadRange => f.write_str("bad range in brackets; a literal `-` stands first or last"),
            K::BadBackReference(group) => write!(f, "`\\{group}` refers to a group that is not complete here"),
            K::TooDeep => f.write_str("groups and repetitions nest too deep"),
            K::TooLarge => f.write_str("the pattern is too large"),
        }
    }
}

fn linear(regex: &str, flags: Flags) -> Result<Engine, EreErrorKind> {
    let built = regex::bytes::RegexBuilder::new(regex)
        .unicode(false)
        .case_insensitive(flags.icase)
        .size_limit(MAX_PROGRAM)
        .build();
    match built {
        Ok(built) => Ok(Engine::Linear(built, Longest::new(regex, flags)?)),
        Err(regex::Error::CompiledTooBig(_)) => Err(EreErrorKind::TooLarge),
        // The translation is well formed, so that what is left is the limit on nesting.
        Err(_) => Err(EreErrorKind::TooDeep),
    }
}

fn backtracking(regex: String, flags: Flags) -> Result<Engine, EreErrorKind> {
    let built = fancy_regex::RegexBuilder::new(&regex)
        .bytes_mode(fancy_regex::BytesMode::Ascii)
        .unicode_mode(false)
        .case_insensitive(flags.icase)
        .backtrack_limit(MAX_BACKTRACKS)
        .delegate_size_limit(MAX_PROGRAM)
        .max_prog_size(MAX_PATTERN)
        .build();
    built.map(Engine::Backtracking).map_err(|_| EreErrorKind::TooLarge)
}

fn c_string(bytes: &[u8]) -> &[u8] {
    memchr::memchr(0, bytes).and_then(|end| bytes.get(..end)).unwrap_or(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const CASE: Flags = Flags { icase: false, newline: false };
    /// Those of `=~`.
    const MATCH: Flags = Flags { icase: true, newline: false };
    /// Those of REGEX arguments and of `re.subst`.
    const LINES: Flags = Flags { icase: false, newline: true };

    fn pattern(text: &str, flags: Flags) -> Pattern {
        Pattern::new(text.as_bytes(), flags).unwrap_or_else(|e| panic!("{text}: {e}"))
    }

    fn check(cases: &[(&str, &[&str], &[&str])], flags: Flags) {
        for (text, matching, others) in cases {
            let compiled = pattern(text, flags);
            for subject in *matching {
                assert!(compiled.is_match(subject.as_bytes()), "`{text}` matches {subject:?}");
            }
            for subject in *others {
                assert!(!compiled.is_match(subject.as_bytes()), "`{text}` does not match {subject:?}");
            }
        }
    }

    fn error(text: &str) -> (EreErrorKind, usize) {
        let e = Pattern::new(text.as_bytes(), CASE).expect_err(text);
        (e.kind, e.at)
    }

    #[test]
    fn in_brackets_nothing_is_an_operator_but_range_and_class() {
        check(
            &[
                (r"^[\.]$", &["\\", "."], &["a", "\\."]),
                (r"^[a\]$", &["a", "\\"], &["]"]),
                (r"^[a\]]$", &["a]", "\\]"], &["a", "]"]),
                ("^[[a]$", &["[", "a"], &["b"]),
                ("^[a&&b]$", &["a", "&", "b"], &["c"]),
                ("^[~~a]$", &["~", "a"], &["b"]),
                ("^[]a]$", &["]", "a"], &["b"]),
                ("^[^]a]$", &["b"], &["]", "a"]),
                ("^[-a]$", &["-", "a"], &["b"]),
                ("^[a-]$", &["-", "a"], &["b"]),
                ("^[+--]$", &["+", ",", "-"], &["."]),
                ("^[a^]$", &["a", "^"], &["b"]),
                ("^[[.-.]a]$", &["-", "a"], &["."]),
                ("^[[=a=]]$", &["a"], &["=", "b"]),
                ("^[[:digit:][:space:]x]+$", &["1 x\t"], &["y"]),
                ("^[:digit:]$", &[":", "d"], &["1"]),
                (r"^[\d]$", &["\\", "d"], &["1"]),
            ],
            CASE,
        );
        assert_eq!(error("[a--]"), (EreErrorKind::BadRange, 1));
    }

    #[test]
    fn classes_hold_their_bytes() {
        check(
            &[
                ("^[[:alpha:]]+$", &["azAZ"], &["1", "_", "\u{e9}"]),
                ("^[[:upper:]]$", &["A"], &["a"]),
                ("^[[:xdigit:]]+$", &["09afAF"], &["g"]),
                ("^[[:blank:]]+$", &[" \t"], &["\n"]),
                ("^[[:space:]]+$", &[" \t\n\u{b}\u{c}\r"], &["a"]),
                ("^[[:punct:]]+$", &["!/:@[`{~_"], &["a", " "]),
                ("^[[:cntrl:]]+$", &["\u{1}\u{7f}"], &[" "]),
                ("^[[:graph:]]+$", &["!~a"], &[" "]),
                ("^[[:print:]]+$", &[" ~a"], &["\t"]),
                ("^[^[:alnum:]]$", &["_"], &["a", "0"]),
            ],
            CASE,
        );
    }

    #[test]
    fn escapes_are_those_of_gnu() {
        check(
            &[
                (r"^\.$", &["."], &["a"]),
                (r"^\d$", &["d"], &["1"]),
                (r"^\n\t$", &["nt"], &["\n\t"]),
                (r"^\w\W$", &["a-", "_ "], &["aa", "--"]),
                (r"^\s\S$", &[" a"], &["aa", "  "]),
                (r"\<foo\>", &["a foo b", "foo"], &["afoo", "foob"]),
                (r"\bfoo\B", &["food", "a food"], &["foo", "afood"]),
                (r"\`a\'", &["a"], &["ba", "ab", "a\n"]),
                (r"\/\@\-", &["/@-"], &["/@"]),
            ],
            CASE,
        );
    }

    #[test]
    fn repetitions_stack_and_are_never_lazy() {
        check(
            &[
                ("^a**$", &["", "aaa"], &["b"]),
                ("^a+?$", &["", "a", "aaa"], &["b"]),
                ("^a??$", &["", "a"], &["aa"]),
                ("^a{2}{3}$", &["aaaaaa"], &["aaaaa", "aaaaaaa"]),
                ("^a{2}*$", &["", "aa", "aaaa"], &["a", "aaa"]),
                ("^a{,2}$", &["", "a", "aa"], &["aaa"]),
                ("^a{,}$", &["", "aaa"], &["b"]),
                ("^a{0}$", &[""], &["a"]),
                ("^(ab){2,}$", &["abab", "ababab"], &["ab"]),
            ],
            CASE,
        );
        let whole = |text: &str, subject: &str| pattern(text, CASE).captures(subject.as_bytes()).map(|c| c.whole());
        assert_eq!(whole("a+?", "aaa"), Some(0..3));
        assert_eq!(whole("a{1,3}?", "aaa"), Some(0..3));
    }

    #[test]
    fn groups_alternatives_and_anchors_may_be_empty_or_anywhere() {
        check(
            &[
                ("^()$", &[""], &["a"]),
                ("^(a|)$", &["", "a"], &["b"]),
                ("^(|a|)$", &["", "a"], &["b"]),
                ("^a||b$", &["a", "b", "x"], &[]),
                ("", &["", "x"], &[]),
                ("a)", &["a)"], &["a"]),
                ("^a)*$", &["a", "a))"], &["b"]),
                ("a}", &["a}"], &["a"]),
                ("x(^a|b$)", &["xb"], &["xa", "xbc"]),
                ("(^)*a", &["ba"], &["b"]),
            ],
            CASE,
        );
    }

    #[test]
    fn flags_are_those_of_regcomp() {
        check(
            &[
                ("^ab", &["ABC", "abc"], &["xAB"]),
                ("^[a-c]x$", &["BX"], &["dx"]),
                ("^[^a]$", &["b", "\n"], &["a", "A"]),
                ("^[[:lower:]]$", &["A", "a"], &["1"]),
                ("a.b", &["A\nb"], &["ab"]),
                ("a$", &["a"], &["a\n"]),
            ],
            MATCH,
        );
        check(
            &[
                ("a.b", &["a b"], &["a\nb", "A b"]),
                ("a[^x]b", &["a b"], &["a\nb"]),
                ("^b$", &["a\nb\nc"], &["a\nbc"]),
                (r"\`b", &["b"], &["a\nb"]),
            ],
            LINES,
        );
        // The ends of a range are folded too, so that this one is upside down.
        assert!(Pattern::new(b"[_-z]", CASE).is_ok());
        assert_eq!(Pattern::new(b"[_-z]", MATCH).map_err(|e| e.kind).err(), Some(EreErrorKind::BadRange));
    }

    #[test]
    fn bytes_are_bytes() {
        let latin = Pattern::new(b"^[\xe0-\xff]\xe9.$", MATCH).expect("compiles");
        assert!(latin.is_match(b"\xe9\xe9\x80"));
        assert!(!latin.is_match(b"\xe9\xc9\x80"));
        assert!(pattern("^[é]$", CASE).is_match(b"\xc3"));
    }

    #[test]
    fn pattern_and_subject_end_at_nul() {
        let cut = Pattern::new(b"^ab$\0[", CASE).expect("the rest is not looked at");
        assert!(cut.is_match(b"ab\0c"));
    }

    #[test]
    fn back_references_work_for_complete_groups() {
        check(
            &[
                (r"^(.)(.)\2\1$", &["abba", "\n!!\n"], &["abab"]),
                (r"^(a|b)\10$", &["aa0", "bb0"], &["ab0"]),
                (r"^(a*)b\1$", &["aba", "b", "aabaa"], &["aab"]),
                (r"^(x(a|b)\2)+$", &["xaaxbb"], &["xab"]),
            ],
            CASE,
        );
        assert!(pattern(r"^(a)\1$", MATCH).is_match(b"aA"));
        assert_eq!(error(r"\1(a)"), (EreErrorKind::BadBackReference(1), 0));
        assert_eq!(error(r"(a\1)"), (EreErrorKind::BadBackReference(1), 2));
        assert_eq!(error(r"(a)|\1"), (EreErrorKind::BadBackReference(1), 4));
        assert!(Pattern::new(br"((a)|b)\2", CASE).is_ok());
    }

    #[test]
    fn says_what_is_wrong_and_where() {
        use EreErrorKind as K;
        assert_eq!(error("a(b"), (K::UnclosedGroup, 1));
        assert_eq!(error("a[b"), (K::UnclosedBracket, 1));
        assert_eq!(error("[]"), (K::UnclosedBracket, 0));
        assert_eq!(error("[[:alpha:"), (K::UnclosedBracket, 0));
        assert_eq!(error("ab\\"), (K::TrailingBackslash, 2));
        assert_eq!(error("x[[:ALPHA:]]"), (K::UnknownClass("ALPHA".into()), 2));
        assert_eq!(error("[[.space.]]"), (K::UnknownCollatingElement("space".into()), 1));
        assert_eq!(error("[z-a]"), (K::BadRange, 1));
        assert_eq!(error("[a-z-9]"), (K::BadRange, 4));
        assert_eq!(error("[[:alpha:]-z]"), (K::BadRange, 10));
        assert_eq!(error("a{1"), (K::UnclosedInterval, 1));
        assert_eq!(error("a{}"), (K::BadInterval, 1));
        assert_eq!(error("a{x}"), (K::BadInterval, 1));
        assert_eq!(error("a{2,1}"), (K::BadInterval, 1));
        assert_eq!(error("a{99999}"), (K::IntervalTooLarge, 1));
        for text in ["*a", "+a", "?a", "(*a)", "a|*b", "^*", "$+", r"\b*", "{1}", "(?i)a", "(?:a)"] {
            assert_eq!(error(text).0, K::NothingToRepeat, "{text}");
        }
    }

    #[test]
    fn reports_escapes_that_mean_a_letter() {
        assert_eq!(pattern(r"^\d+\.\w\n", CASE).letter_escapes(), [1, 8]);
        assert_eq!(pattern(r"[\d]\.", CASE).letter_escapes(), [0usize; 0]);
    }

    #[test]
    fn captures_the_leftmost_match_and_its_groups() {
        let subject = b"sip:bob@host;x=1";
        let found = pattern("([^:]+)@(h(o)st)(z)?", CASE).captures(subject).expect("matches");
        assert_eq!(found.whole(), 4..12);
        assert_eq!([1, 2, 3, 4].map(|n| found.text(n, subject)), [&b"bob"[..], b"host", b"o", b""]);
        assert_eq!((found.get(4), found.get(9)), (None, None));
        let again = pattern("^a|b", CASE);
        assert_eq!(again.captures_at(b"aab", 1).map(|c| c.whole()), Some(2..3));
        assert_eq!(again.captures_at(b"a", 2), None);
        let doubled = pattern(r"(.)\1", CASE).captures(b"abccd").expect("matches");
        assert_eq!((doubled.whole(), doubled.get(1)), (2..4, Some(2..3)));
    }

    #[test]
    fn captures_the_longest_of_the_leftmost_matches() {
        for (text, subject, whole, group) in [
            ("a|ab", "xabc", 1..3, None),
            ("(a|ab)(c|bcd)", "abcd", 0..4, Some(0..1)),
            ("(a|ab)(c|bcd)?", "abx", 0..2, Some(0..2)),
            ("(x)?(xy)?", "xy", 0..2, None),
            ("(a*)(ab)*b*", "abb", 0..3, Some(0..1)),
            ("foo|foobar|fo", "a foobar", 2..8, None),
        ] {
            let found = pattern(text, CASE).captures(subject.as_bytes()).expect(text);
            assert_eq!((found.whole(), found.get(1)), (whole, group), "{text}");
        }
    }

    #[test]
    fn patterns_that_stall_backtracking_engines_do_not() {
        let long = [b"a".repeat(60_000), b"!".to_vec()].concat();
        for text in
            ["(a+)+$", "(a|aa)+$", "(.*)*x", "^(a|a)*$", "((a*)*)*b", "(a{0,50}){0,5}b", "(.*a){20}$", "(a+a+)+b"]
        {
            assert_eq!(pattern(text, CASE).try_match(&long), Ok(false), "{text}");
        }
        let found = pattern("(.*a){20}", CASE).captures(&long).expect("it matches");
        assert_eq!(found.whole(), 0..60_000);
    }

    #[test]
    fn back_references_that_go_astray_are_given_up() {
        let long = [b"a".repeat(10_000), b"!".to_vec()].concat();
        for text in [r"(a*)*(b)\2", r"(.*)(.*)(.*)\1\2\3x", r"^(.+)+\1b", r"(a|aa)+\1$", r"((a)\2*)*b"] {
            let pattern = pattern(text, CASE);
            assert_ne!(pattern.try_match(&long), Ok(true), "{text}");
            assert_eq!(pattern.captures(&long), None, "{text}");
        }
        assert_eq!(pattern(r"(a*)*(b)\2", CASE).try_match(&long), Err(MatchLimit));
        assert_eq!(pattern(r"(b)\1", CASE).try_match(&b"a".repeat(MAX_BACKTRACKED + 1)), Err(MatchLimit));
    }

    #[test]
    fn a_large_program_takes_small_subjects_only() {
        let large = pattern("(a{0,100}b?){100}c", CASE);
        assert_eq!(large.try_match(b"aaac"), Ok(true));
        assert_eq!(large.try_match(&b"a".repeat(60_000)), Err(MatchLimit));
        assert_eq!(large.try_captures_at(&b"a".repeat(60_000), 0), Err(MatchLimit));
        for text in ["a{1,255}{1,255}{1,255}", "(a{1,255}){1,255}", "((a{1000}){1000}){1000}", "(.{30000}){8}"] {
            assert_eq!(error(text).0, EreErrorKind::TooLarge, "{text}");
        }
    }

    #[test]
    fn size_and_nesting_are_bounded() {
        assert_eq!(error(&"(".repeat(51)).0, EreErrorKind::TooDeep);
        assert!(Pattern::new(format!("{}{}", "(".repeat(50), ")*".repeat(50)).as_bytes(), CASE).is_ok());
        assert_eq!(error(&format!("a{}", "{1}".repeat(100))).0, EreErrorKind::TooDeep);
        assert_eq!(error("((a{1000}){1000}){1000}").0, EreErrorKind::TooLarge);
        assert_eq!(error(&"a".repeat(MAX_PATTERN + 1)).0, EreErrorKind::TooLarge);
        assert!(Pattern::new(format!("a{}", "*+?".repeat(5_000)).as_bytes(), CASE).is_ok());
        assert!(Pattern::new(&b"a".repeat(MAX_PATTERN), MATCH).is_ok());
    }

    proptest! {
        #[test]
        fn never_panics(text in r#"[\[\](){}|^$*+?.,:=a-c0-2\\-]{0,30}"#, icase: bool, newline: bool) {
            let flags = Flags { icase, newline };
            let compiled = Pattern::new(text.as_bytes(), flags);
            prop_assert_eq!(Pattern::check(text.as_bytes(), flags).err(), compiled.as_ref().err().cloned());
            if let Ok(pattern) = compiled {
                let found = pattern.captures(b"a-b[c]\n0");
                prop_assert_eq!(found.is_some(), pattern.is_match(b"a-b[c]\n0"));
            }
        }

        #[test]
        fn escaped_text_matches_itself(text in "[ -~]{0,30}") {
            let escape = |c: char| if c.is_ascii_punctuation() { format!("[[.{c}.]]") } else { c.to_string() };
            let pattern = Pattern::new(format!("^{}$", text.chars().map(escape).collect::<String>()).as_bytes(), CASE);
            prop_assert!(pattern.expect("compiles").is_match(text.as_bytes()));
        }
    }
}
