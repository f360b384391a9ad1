//! The `;name=value` tail that most header fields share (`generic-param`, RFC 3261 25.1).
use crate::sip::range::Range;
use crate::sip::scan::{Scan, is_lws};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Param {
    pub name: Range,
    /// A quoted value keeps its quotes.
    pub value: Option<Range>,
    /// With its `;` and the blanks before that: what to delete.
    pub whole: Range,
}

impl Param {
    pub fn is(&self, buf: &[u8], name: &[u8]) -> bool {
        self.name.of(buf).eq_ignore_ascii_case(name)
    }
}

/// A parameter without a name, or text where only `;` may stand.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Malformed;

/// Parameters in `range`, which starts at the first `;` (white space before it is allowed) or is empty.
/// Ends after the first malformed one.
#[derive(Clone, Copy)]
pub struct Params<'a> {
    buf: &'a [u8],
    scan: Scan<'a>,
}

impl<'a> Params<'a> {
    pub fn new(buf: &'a [u8], range: Range) -> Params<'a> {
        Params { buf, scan: Scan::new(buf, range) }
    }

    /// The first parameter of this name, in any case.
    pub fn find(self, name: &[u8]) -> Option<Param> {
        let buf = self.buf;
        self.flatten().find(|p| p.is(buf, name))
    }

    /// `Some("")` for a parameter without a value.
    pub fn value(self, name: &[u8]) -> Option<&'a [u8]> {
        let buf = self.buf;
        self.find(name).map(|p| p.value.map_or(&b""[..], |v| v.of(buf)))
    }

    /// Reads one parameter, whose `;` is expected here and which begins at `start`.
    fn parse_one(&mut self, start: usize) -> Result<Param, Malformed> {
        if !self.scan.eat(b';') {
            return Err(Malformed);
        }
        self.scan.skip_lws();
        let name = self.scan.token();
        if name.is_empty() {
            return Err(Malformed);
        }
        let mut end = self.scan.pos();
        let mut value = None;
        if self.scan.separator(b'=') {
            value = Some(self.value_range()?);
            end = self.scan.pos();
        }
        Ok(Param { name, value, whole: Range::new(start, end) })
    }

    fn value_range(&mut self) -> Result<Range, Malformed> {
        match self.scan.peek() {
            Some(b'"') => self.scan.quoted().ok_or(Malformed),
            // Hosts and peers' liberties (`received=2001:db8::1`, `x=/a`) are no tokens and must survive.
            _ => Ok(self.scan.skip_while(|b| b != b';' && b != b',' && b != b'"' && !is_lws(b))),
        }
    }
}

impl Iterator for Params<'_> {
    type Item = Result<Param, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        let start = self.scan.pos();
        self.scan.skip_lws();
        if self.scan.at_end() {
            return None;
        }
        let found = self.parse_one(start);
        if found.is_err() {
            self.scan = Scan::new(self.buf, Range::default());
        }
        Some(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[(&str, Option<&str>)], well_formed: bool) {
        let buf = text.as_bytes();
        let mut params = Params::new(buf, Range::all(buf));
        let found: Vec<_> = params
            .flatten()
            .map(|p| (p.name.of(buf), p.value.map(|v| v.of(buf))))
            .map(|(n, v)| (String::from_utf8_lossy(n), v.map(String::from_utf8_lossy)))
            .collect();
        let found: Vec<_> = found.iter().map(|(n, v)| (n.as_ref(), v.as_deref())).collect();
        assert_eq!(found, expected, "{text}");
        assert_eq!(params.all(|p| p.is_ok()), well_formed, "{text}");
    }

    #[test]
    fn reads_values_tokens_and_quotes() {
        check("", &[], true);
        check(";a=1;b;c=\"x;\\\"y\"", &[("a", Some("1")), ("b", None), ("c", Some("\"x;\\\"y\""))], true);
        check(" ;\r\n tag =\t 98\r\n ; q = 0.3 ", &[("tag", Some("98")), ("q", Some("0.3"))], true);
        check(
            ";received=2001:db8::1;maddr=[::1]",
            &[("received", Some("2001:db8::1")), ("maddr", Some("[::1]"))],
            true,
        );
        check(";empty=;b", &[("empty", Some("")), ("b", None)], true);
    }

    #[test]
    fn stops_at_the_first_malformed_one() {
        check(";a;;b", &[("a", None)], false);
        check(";;,;,,", &[], false);
        check(";a=\"open", &[], false);
        check("a=1", &[], false);
        check(";a b", &[("a", None)], false);
    }

    #[test]
    fn a_parameter_knows_what_to_delete() {
        let buf = b"x ;a=1 ; b";
        let range = |name: &[u8]| Params::new(buf, Range::new(1, 10)).find(name).unwrap().whole;
        assert_eq!(range(b"A").of(buf), b" ;a=1");
        assert_eq!(range(b"b").of(buf), b" ; b");
    }
}
