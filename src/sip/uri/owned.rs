//! A URI that owns its text. Edits give new text and leave everything else as it was written.
use super::split::UriParts;
use super::view::UriView;
use crate::base::Str;
use crate::sip::range::Range;

#[derive(Clone, Debug)]
pub struct Uri {
    raw: Str,
    parts: UriParts,
}

impl Uri {
    pub fn parse(raw: Str) -> Option<Uri> {
        let parts = UriParts::split(&raw)?;
        Some(Uri { raw, parts })
    }

    pub fn raw(&self) -> &Str {
        &self.raw
    }

    pub fn view(&self) -> UriView<'_> {
        UriView::new(&self.raw, self.parts)
    }

    /// Replaces the user and keeps the password; `None` removes both and the `@`.
    pub fn with_user(&self, user: Option<&[u8]>) -> Str {
        let p = &self.parts;
        match user {
            Some(user) if p.user.is_empty() => self.splice(before(p.host), &[user, b"@"]),
            Some(user) => self.splice(p.user, &[user]),
            None => self.splice(self.userinfo(), &[]),
        }
    }

    /// Replaces `user[:password]` by `text`, which may hold both.
    pub fn with_userpass(&self, text: &[u8]) -> Str {
        if self.parts.user.is_empty() {
            return self.with_user(Some(text));
        }
        let end = self.parts.password.map_or(self.parts.user.end, |r| r.end);
        self.splice(Range { start: self.parts.user.start, end }, &[text])
    }

    /// Puts `text` in front of the user.
    pub fn with_prefix(&self, text: &[u8]) -> Str {
        if self.parts.user.is_empty() {
            return self.with_user(Some(text));
        }
        self.splice(before(self.parts.user), &[text])
    }

    /// Without the first `n` bytes of the user; `None` when it is shorter.
    pub fn strip(&self, n: usize) -> Option<Str> {
        let user = self.parts.user;
        (n <= user.len()).then(|| self.splice(Range::new(user.usize_start(), user.usize_start() + n), &[]))
    }

    /// Without the last `n` bytes of the user; `None` when it is shorter.
    pub fn strip_tail(&self, n: usize) -> Option<Str> {
        let user = self.parts.user;
        (n <= user.len()).then(|| self.splice(Range::new(user.usize_end() - n, user.usize_end()), &[]))
    }

    /// `None` for a scheme without a host.
    pub fn with_host(&self, host: &[u8]) -> Option<Str> {
        self.host().map(|range| self.splice(range, &[host]))
    }

    /// Replaces host and port together: `text` is `host[:port]`. `None` for a scheme without a host.
    pub fn with_host_port(&self, text: &[u8]) -> Option<Str> {
        let host = self.host()?;
        Some(self.splice(Range { start: host.start, end: self.parts.params.start }, &[text]))
    }

    /// `None` as the port removes it. `None` comes back for a scheme without a host.
    pub fn with_port(&self, port: Option<&[u8]>) -> Option<Str> {
        let after_host = Range { start: self.host()?.end, end: self.parts.params.start };
        Some(match port {
            Some(port) => self.splice(after_host, &[b":", port]),
            None => self.splice(after_host, &[]),
        })
    }

    /// Puts `text` (`name` or `name=value`) behind the other parameters, before the headers.
    pub fn with_param(&self, text: &[u8]) -> Str {
        self.splice(before(self.parts.headers), &[b";", text])
    }

    /// Without the parameter, however often it stands there; unchanged when it does not.
    pub fn without_param(&self, name: &[u8]) -> Str {
        let mut kept = Vec::with_capacity(self.raw.len());
        let mut from = 0;
        for param in self.view().params().filter(|p| p.name.eq_ignore_ascii_case(name)) {
            kept.extend_from_slice(Range { start: from, end: param.range.start }.of(&self.raw));
            from = param.range.end;
        }
        kept.extend_from_slice(Range { start: from, end: Range::all(&self.raw).end }.of(&self.raw));
        Str::from(kept)
    }

    /// Without `?headers`: they must not leave in a Request-URI (RFC 3261 19.1.1).
    pub fn without_headers(&self) -> Str {
        self.splice(self.parts.headers, &[])
    }

    fn host(&self) -> Option<Range> {
        (!self.parts.host.is_empty()).then_some(self.parts.host)
    }

    fn userinfo(&self) -> Range {
        match self.host() {
            Some(host) => Range { start: self.parts.scheme.end + 1, end: host.start },
            None => self.parts.user,
        }
    }

    fn splice(&self, range: Range, text: &[&[u8]]) -> Str {
        let head = Range { start: 0, end: range.start }.of(&self.raw);
        let tail = Range { start: range.end, end: Range::all(&self.raw).end }.of(&self.raw);
        let mut new = Vec::with_capacity(self.raw.len() + text.iter().map(|t| t.len()).sum::<usize>());
        new.extend_from_slice(head);
        text.iter().for_each(|t| new.extend_from_slice(t));
        new.extend_from_slice(tail);
        Str::from(new)
    }
}

fn before(range: Range) -> Range {
    Range { start: range.start, end: range.start }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uri(text: &str) -> Uri {
        Uri::parse(Str::from(text)).unwrap_or_else(|| panic!("{text} does not parse"))
    }

    #[test]
    fn edits_touch_one_part_only() {
        let u = uri("sip:Bob:pw@Host:05060;a=1;maddr=x;b?h=1");
        assert_eq!(u.with_user(Some(b"al")), "sip:al:pw@Host:05060;a=1;maddr=x;b?h=1");
        assert_eq!(u.with_user(None), "sip:Host:05060;a=1;maddr=x;b?h=1");
        assert_eq!(u.with_userpass(b"uu"), "sip:uu@Host:05060;a=1;maddr=x;b?h=1");
        assert_eq!(u.with_prefix(b"00"), "sip:00Bob:pw@Host:05060;a=1;maddr=x;b?h=1");
        assert_eq!(u.with_host(b"[::1]").unwrap(), "sip:Bob:pw@[::1]:05060;a=1;maddr=x;b?h=1");
        assert_eq!(u.with_host_port(b"h:7").unwrap(), "sip:Bob:pw@h:7;a=1;maddr=x;b?h=1");
        assert_eq!(u.with_port(Some(b"7")).unwrap(), "sip:Bob:pw@Host:7;a=1;maddr=x;b?h=1");
        assert_eq!(u.with_port(None).unwrap(), "sip:Bob:pw@Host;a=1;maddr=x;b?h=1");
        assert_eq!(u.with_param(b"c=2"), "sip:Bob:pw@Host:05060;a=1;maddr=x;b;c=2?h=1");
        assert_eq!(u.without_param(b"MADDR"), "sip:Bob:pw@Host:05060;a=1;b?h=1");
        assert_eq!(u.without_param(b"c"), *u.raw());
        assert_eq!(u.without_headers(), "sip:Bob:pw@Host:05060;a=1;maddr=x;b");
    }

    #[test]
    fn a_missing_part_is_made() {
        let u = uri("sip:host;lr");
        assert_eq!(u.with_user(Some(b"al")), "sip:al@host;lr");
        assert_eq!(u.with_userpass(b"al:pw"), "sip:al:pw@host;lr");
        assert_eq!(u.with_prefix(b"9"), "sip:9@host;lr");
        assert_eq!(u.with_port(Some(b"5070")).unwrap(), "sip:host:5070;lr");
        assert_eq!(u.with_user(None), "sip:host;lr");
    }

    #[test]
    fn strips_no_more_than_the_user() {
        let u = uri("sip:12345@h");
        assert_eq!(u.strip(2).unwrap(), "sip:345@h");
        assert_eq!(u.strip_tail(2).unwrap(), "sip:123@h");
        assert_eq!(u.strip(6), None);
    }

    #[test]
    fn a_tel_uri_has_a_number_and_no_host() {
        let u = uri("tel:+1201;isub=1");
        assert_eq!(u.with_user(Some(b"911")), "tel:911;isub=1");
        assert_eq!(u.with_host(b"h"), None);
        assert_eq!(u.with_param(b"x=y"), "tel:+1201;isub=1;x=y");
    }
}
