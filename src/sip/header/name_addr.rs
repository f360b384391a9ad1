//! `name-addr` and `addr-spec` with header parameters: From, To, Contact, Route, Refer-To and their kin (RFC 3261 20.10).
use super::params::Params;
use crate::sip::range::Range;
use crate::sip::scan::{Scan, commas, is_lws, trim};
use crate::sip::uri::UriView;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NameAddr {
    /// This value alone, without the commas around it.
    pub whole: Range,
    /// With its quotes; empty when there is none.
    pub display: Range,
    /// Without the angle brackets and blanks inside them.
    pub uri: Range,
    pub form: Form,
    pub params: Range,
    pub tag: Option<Range>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Form {
    Bracketed,
    /// Everything behind the first `;` belongs to the header, not to the URI (RFC 3261 20.10).
    Bare,
}

impl NameAddr {
    /// The value that fills `range`. `None` for an open quote or bracket, an unquoted display name with separators,
    /// blanks inside a bare URI, and malformed parameters.
    pub fn parse(buf: &[u8], range: Range) -> Option<NameAddr> {
        let whole = trim(buf, range);
        let mut scan = Scan::new(buf, whole);
        let display = display_name(&mut scan)?;
        let (uri, form) = if scan.eat(b'<') { bracketed(buf, &mut scan)? } else { bare(&mut scan)? };
        let params = Range::new(scan.pos(), scan.end());
        let mut tag = None;
        for param in Params::new(buf, params) {
            let param = param.ok()?;
            if param.is(buf, b"tag") {
                tag = param.value;
            }
        }
        Some(NameAddr { whole, display, uri, form, params, tag })
    }

    pub fn params<'a>(&self, buf: &'a [u8]) -> Params<'a> {
        Params::new(buf, self.params)
    }

    pub fn uri_view<'a>(&self, buf: &'a [u8]) -> Option<UriView<'a>> {
        UriView::parse(self.uri.of(buf))
    }

    /// The tag, when there is one that is not empty.
    pub fn tag<'a>(&self, buf: &'a [u8]) -> Option<&'a [u8]> {
        self.tag.map(|r| r.of(buf)).filter(|t| !t.is_empty())
    }

    /// Display name and address, up to the parameters.
    pub fn address(&self) -> Range {
        Range { start: self.whole.start, end: self.params.start }
    }
}

/// Each value of a comma list; `None` for a malformed one.
pub fn values(buf: &[u8], range: Range) -> impl Iterator<Item = Option<NameAddr>> {
    commas(buf, range).map(|value| NameAddr::parse(buf, value))
}

/// Leaves the cursor on the `<`, or at the start when the value has no brackets.
fn display_name(scan: &mut Scan<'_>) -> Option<Range> {
    if scan.peek() == Some(b'"') {
        let display = scan.quoted()?;
        scan.skip_lws();
        return (scan.peek() == Some(b'<')).then_some(display);
    }
    let start = scan.pos();
    let mut ahead = *scan;
    // Tokens by the RFC; peers also send accents, dots and `@` unquoted, which is harmless. Separators are not.
    let name = ahead.skip_while(|b| !matches!(b, b'<' | b'>' | b'"' | b',' | b';'));
    match ahead.peek() {
        Some(b'<') => {
            *scan = ahead;
            Some(trim(scan.buffer(), name))
        }
        None | Some(b';') if !ahead.seek(b'<') => Some(Range::new(start, start)),
        _ => None,
    }
}

fn bracketed(buf: &[u8], scan: &mut Scan<'_>) -> Option<(Range, Form)> {
    let start = scan.pos();
    if !scan.seek(b'>') {
        return None;
    }
    let uri = trim(buf, Range::new(start, scan.pos()));
    scan.eat(b'>');
    (!uri.is_empty()).then_some((uri, Form::Bracketed))
}

fn bare(scan: &mut Scan<'_>) -> Option<(Range, Form)> {
    let uri = scan.skip_while(|b| b != b';' && b != b',' && !is_lws(b));
    (!uri.is_empty()).then_some((uri, Form::Bare))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, display: &str, uri: &str, tag: Option<&str>) {
        let buf = text.as_bytes();
        let found = NameAddr::parse(buf, Range::all(buf)).unwrap_or_else(|| panic!("{text} does not parse"));
        assert_eq!(found.display.of(buf), display.as_bytes(), "{text}");
        assert_eq!(found.uri.of(buf), uri.as_bytes(), "{text}");
        assert_eq!(found.tag(buf), tag.map(str::as_bytes), "{text}");
    }

    #[test]
    fn reads_both_forms() {
        check("\"J \\\\\\\"\"       <sip:j@x>\r\n  ;\r\n  tag = 98", "\"J \\\\\\\"\"", "sip:j@x", Some("98"));
        check("caller<sip:caller@example.com>;tag=323", "caller", "sip:caller@example.com", Some("323"));
        check("A. Bell <sip:a@b;lr>", "A. Bell", "sip:a@b;lr", None);
        check("sip:a@b;tag=1;x", "", "sip:a@b", Some("1"));
        check("sip:a@b ;   tag    = 19n", "", "sip:a@b", Some("19n"));
        check("\"Watson, T\" < sip:t@x >", "\"Watson, T\"", "sip:t@x", None);
        check("<sip:a@b>;x=\"<\"", "", "sip:a@b", None);
        check("<urn:x:y>;+sip.instance=\"<urn:uuid:1>\"", "", "urn:x:y", None);
    }

    #[test]
    fn refuses_malformed_values() {
        for bad in [
            "",
            "\"Mr. J <sip:j@x>",
            "Bell, A <sip:a@x>",
            "<sip:a@b",
            "<>",
            "\"q\" sip:a@b",
            "<sip:a@b>;;;;",
            "<sip:a@b> x",
            "sip:a b",
        ] {
            assert_eq!(NameAddr::parse(bad.as_bytes(), Range::all(bad.as_bytes())), None, "{bad}");
        }
    }

    #[test]
    fn lists_split_at_commas_outside_quotes() {
        let buf = b"\"a,b\" <sip:a@x>;q=1, <sip:b@x,y>,";
        let uris: Vec<_> = values(buf, Range::all(buf)).map(|v| v.map(|v| v.uri.of(buf))).collect();
        assert_eq!(uris, [Some(&b"sip:a@x"[..]), Some(b"sip:b@x,y"), None]);
    }
}
