//! A compiled pattern.
use super::dialect;
use crate::syntax::ere::Captures;

/// Longest pattern that is compiled, in bytes.
const MAX_PATTERN: usize = 64 * 1024;
/// Bytes of the compiled program.
const MAX_PROGRAM: usize = 4 << 20;
/// Steps of the backtracking engine in one match; only patterns that need it (look-around, back-references) take any.
const MAX_BACKTRACKS: usize = 100_000;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    pub caseless: bool,
    pub multiline: bool,
    pub dotall: bool,
    pub extended: bool,
}

#[derive(Debug)]
pub struct Pcre {
    regex: fancy_regex::Regex,
    /// It has a `$` that matches before a last line break too.
    ends_before_newline: bool,
}

impl Pcre {
    pub fn new(pattern: &[u8], options: Options) -> Result<Pcre, String> {
        if pattern.len() > MAX_PATTERN {
            return Err("the expression is too long".to_owned());
        }
        let written = dialect::write(pattern, options.extended);
        let regex = fancy_regex::RegexBuilder::new(&written.regex)
            .bytes_mode(fancy_regex::BytesMode::Ascii)
            .unicode_mode(false)
            .case_insensitive(options.caseless)
            .multi_line(options.multiline)
            .dot_matches_new_line(options.dotall)
            .verbose_mode(options.extended)
            .backtrack_limit(MAX_BACKTRACKS)
            .delegate_size_limit(MAX_PROGRAM)
            .build()
            .map_err(|e| e.to_string())?;
        Ok(Pcre { regex, ends_before_newline: written.has_end && !options.multiline })
    }

    /// A match that was given up is none.
    pub fn is_match(&self, subject: &[u8]) -> bool {
        let matches = |subject: &[u8]| self.regex.is_match(subject).unwrap_or(false);
        matches(subject) || self.without_newline(subject).is_some_and(matches)
    }

    /// The leftmost match that begins at `start` or later.
    pub fn captures_at(&self, subject: &[u8], start: usize) -> Option<Captures> {
        let captures = |subject: &[u8]| {
            let found = self.regex.captures_from_pos(subject, start).ok()??;
            Some(found.iter().map(|group| Some(group?.range())).collect())
        };
        if start > subject.len() {
            return None;
        }
        captures(subject).or_else(|| self.without_newline(subject).filter(|s| start <= s.len()).and_then(captures))
    }

    fn without_newline<'s>(&self, subject: &'s [u8]) -> Option<&'s [u8]> {
        subject.strip_suffix(b"\n").filter(|_| self.ends_before_newline)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pattern: &str, matching: &[&str], others: &[&str]) {
        let pcre = Pcre::new(pattern.as_bytes(), Options::default()).unwrap_or_else(|e| panic!("{pattern}: {e}"));
        for subject in matching {
            assert!(pcre.is_match(subject.as_bytes()), "`{pattern}` matches {subject:?}");
        }
        for subject in others {
            assert!(!pcre.is_match(subject.as_bytes()), "`{pattern}` does not match {subject:?}");
        }
    }

    #[test]
    fn means_what_perl_means() {
        check(r"^\d{3}$", &["123", "123\n"], &["12", "123\n\n", "a123"]);
        check(r"^((\+|00)34)?900\d{6}$", &["900123456", "+34900123456"], &["34900123456"]);
        check(r"(?i)^twinkle", &["Twinkle/1"], &["a twinkle"]);
        check(r"^(?!sip:)(?<scheme>\w+):\k<scheme>$", &["tel:tel"], &["sip:sip", "tel:sip"]);
        check(r"^a.c$", &["abc"], &["a\nc"]);
        check(r"^\Q1.2+3\E$", &["1.2+3"], &["1x2+3", "1.223"]);
        check(r"^\Qa\E.\Qb", &["axb"], &["a.", "xb"]);
        check(r"^a\hb\Rc$", &["a b\nc", "a\tb\r\nc"], &["afb\nc"]);
        check(r"^[[:digit:]\h]+$", &["1 2\t3"], &["a"]);
        check(r"^x{,2}y{a}$", &["x{,2}y{a}"], &["xxy"]);
        check(r"^[[a&&b]$", &["[", "&", "a"], &["x"]);
        check(r"^[]a]+$", &["]a"], &["b"]);
        check("^(a|b)++c$", &["abc"], &["ab"]);
    }

    #[test]
    fn options_change_the_match() {
        let matches = |pattern: &str, options: Options, subject: &str| {
            Pcre::new(pattern.as_bytes(), options).expect(pattern).is_match(subject.as_bytes())
        };
        let none = Options::default();
        assert!(matches("^b$", Options { multiline: true, ..none }, "a\nb\nc") && !matches("^b$", none, "a\nb\nc"));
        assert!(matches("a.b", Options { dotall: true, ..none }, "a\nb"));
        assert!(matches("a b # c", Options { extended: true, ..none }, "ab"));
        assert!(matches("AB", Options { caseless: true, ..none }, "ab"));
    }

    #[test]
    fn bytes_beyond_ascii_are_bytes() {
        let pcre = Pcre::new(b"^\xff.$", Options::default()).expect("it compiles");
        assert!(pcre.is_match(b"\xff\xfe") && !pcre.is_match(b"ab"));
    }

    #[test]
    fn catastrophic_patterns_give_up() {
        let pcre = Pcre::new(br"^(?=(a+)+$)(a|aa)+\1b$", Options::default()).expect("it compiles");
        assert!(!pcre.is_match("a".repeat(5000).as_bytes()));
    }

    #[test]
    fn bad_patterns_say_why() {
        for bad in ["(", "[a", "a**", r"\1(", "(?<n"] {
            assert!(Pcre::new(bad.as_bytes(), Options::default()).is_err(), "{bad}");
        }
    }
}
