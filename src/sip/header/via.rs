//! Via (RFC 3261 20.42): one value at a time out of a comma list.
use super::params::{Param, Params};
use crate::sip::range::Range;
use crate::sip::scan::{Scan, commas, number};
use crate::sip::uri::split::host_len;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Via {
    /// This value alone, without the commas around it.
    pub whole: Range,
    pub protocol: Range,
    pub version: Range,
    pub transport: Range,
    pub host: Range,
    pub port: Option<u16>,
    /// Host, and port when written: where `sent-by` ends.
    pub sent_by: Range,
    pub params: Range,
    /// In parentheses behind the parameters (RFC 2543); empty when there is none.
    pub comment: Range,
    pub branch: Option<Range>,
    pub received: Option<Param>,
    pub rport: Option<Param>,
}

/// RFC 3261 8.1.1.7: a branch that starts so is unique, and names its transaction alone.
pub const MAGIC_COOKIE: &[u8] = b"z9hG4bK";

impl Via {
    /// The value that fills `range`; `None` when it is malformed, an empty parameter (`;;`) included.
    pub fn parse(buf: &[u8], range: Range) -> Option<Via> {
        let mut scan = Scan::new(buf, range);
        scan.skip_lws();
        let start = scan.pos();
        let protocol = scan.token();
        let slash = scan.separator(b'/');
        let version = scan.token();
        let slashes = slash && scan.separator(b'/');
        let transport = scan.token();
        if !slashes || protocol.is_empty() || version.is_empty() || transport.is_empty() {
            return None;
        }
        scan.skip_lws();
        let (host, port, sent_by) = sent_by(&mut scan)?;
        let tail = Range::new(scan.pos(), scan.end());
        let (params, comment) = split_comment(buf, tail);
        let whole = Range::new(start, scan.end());
        let via = Via {
            whole: crate::sip::scan::trim(buf, whole),
            protocol,
            version,
            transport,
            host,
            port,
            sent_by,
            params,
            comment,
            branch: None,
            received: None,
            rport: None,
        };
        via.with_params(buf)
    }

    pub fn params<'a>(&self, buf: &'a [u8]) -> Params<'a> {
        Params::new(buf, self.params)
    }

    /// Empty when there is none.
    pub fn branch<'a>(&self, buf: &'a [u8]) -> &'a [u8] {
        self.branch.map(|r| r.of(buf)).unwrap_or_default()
    }

    /// The port replies go to when `rport` says nothing: the written one, else the default of the transport.
    pub fn effective_port(&self, buf: &[u8]) -> u16 {
        let transport = crate::sip::transport::Transport::parse(self.transport.of(buf));
        self.port.unwrap_or_else(|| transport.map_or(5060, |t| t.default_port()))
    }

    fn with_params(mut self, buf: &[u8]) -> Option<Via> {
        for param in self.params(buf) {
            let param = param.ok()?;
            let slot = match param.name.len() {
                6 if param.is(buf, b"branch") => {
                    self.branch = param.value;
                    continue;
                }
                8 if param.is(buf, b"received") => &mut self.received,
                5 if param.is(buf, b"rport") => &mut self.rport,
                _ => continue,
            };
            *slot = Some(param);
        }
        Some(self)
    }
}

/// Each value of a Via field; `None` for a malformed one.
pub fn values(buf: &[u8], range: Range) -> impl Iterator<Item = Option<Via>> {
    commas(buf, range).map(|value| Via::parse(buf, value))
}

/// The first value, which is the previous hop's.
pub fn first(buf: &[u8], range: Range) -> Option<Via> {
    values(buf, range).next().flatten()
}

fn sent_by(scan: &mut Scan<'_>) -> Option<(Range, Option<u16>, Range)> {
    let start = scan.pos();
    let length = host_len(scan.rest())?;
    scan.advance(length);
    let host = Range::new(start, start + length);
    let mut end = scan.pos();
    let mut port = None;
    if scan.separator(b':') {
        let digits = scan.skip_while(|b| b.is_ascii_digit());
        port = Some(u16::try_from(number(digits.of(scan.buffer()))?).ok()?);
        end = scan.pos();
    }
    Some((host, port, Range::new(start, end)))
}

fn split_comment(buf: &[u8], tail: Range) -> (Range, Range) {
    let none = Range { start: tail.end, end: tail.end };
    match memchr::memchr(b'(', tail.of(buf)) {
        Some(n) if tail.of(buf).last() == Some(&b')') => {
            let open = tail.usize_start() + n;
            (Range::new(tail.usize_start(), open), Range::new(open, tail.usize_end()))
        }
        _ => (tail, none),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(buf: &'static [u8], range: Range) -> &'static str {
        std::str::from_utf8(range.of(buf)).unwrap()
    }

    #[test]
    fn reads_a_folded_list() {
        // RFC 4475 3.1.1.1
        let buf: &[u8] = b"SIP  / 2.0  / TCP     spindle.example.com   ;\r\n  branch  =   z9hG4bK9ikj8  ,\r\n SIP  /    2.0   / UDP  192.168.255.111   ; branch=\r\n z9hG4bK30239";
        let vias: Vec<Via> = values(buf, Range::all(buf)).map(|v| v.unwrap()).collect();
        let [a, b] = vias[..] else { panic!("two values, not {}", vias.len()) };
        assert_eq!((text(buf, a.transport), text(buf, a.host)), ("TCP", "spindle.example.com"));
        assert_eq!(a.branch(buf), b"z9hG4bK9ikj8");
        assert_eq!((text(buf, b.transport), text(buf, b.host)), ("UDP", "192.168.255.111"));
        assert_eq!(b.branch(buf), b"z9hG4bK30239");
    }

    #[test]
    fn finds_what_a_reply_needs() {
        let buf: &[u8] = b"SIP/2.0/TLS [2001:db8::9]:5071;rport;received=2001:db8::1;branch=z9hG4bKx;ttl=1";
        let via = first(buf, Range::all(buf)).unwrap();
        assert_eq!(text(buf, via.sent_by), "[2001:db8::9]:5071");
        assert_eq!(via.port, Some(5071));
        assert_eq!(via.rport.unwrap().value, None);
        assert_eq!(text(buf, via.received.unwrap().value.unwrap()), "2001:db8::1");
        assert_eq!(via.params(buf).value(b"TTL"), Some(&b"1"[..]));
    }

    #[test]
    fn default_port_follows_the_transport() {
        let buf: &[u8] = b"SIP/2.0/TLS h";
        assert_eq!(first(buf, Range::all(buf)).unwrap().effective_port(buf), 5061);
        let buf: &[u8] = b"SIP/2.0/UNKNOWN h (a comment)";
        let via = first(buf, Range::all(buf)).unwrap();
        assert_eq!(via.effective_port(buf), 5060);
        assert_eq!(text(buf, via.comment), "(a comment)");
    }

    #[test]
    fn refuses_malformed_values() {
        for bad in [
            "",
            "SIP/2.0 h",
            "SIP/2.0/UDP",
            "SIP/2.0/UDP h:x",
            "SIP/2.0/UDP h:70000",
            "SIP/2.0/UDP 192.0.2.15;;,;,,",
            "SIP/2.0/UDP h junk",
        ] {
            assert_eq!(first(bad.as_bytes(), Range::all(bad.as_bytes())), None, "{bad}");
        }
    }
}
