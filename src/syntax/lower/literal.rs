//! Tokens to literals: numbers, strings, variables, names, addresses.
use super::flat::{Operand, Prefix};
use super::{Lower, Pair, child, span};
use crate::base::{Span, Str};
use crate::diag::{Applicability, Diagnostic, codes};
use crate::syntax::ast::{IntLit, IpLit, Name, NameForm, NetLit, Quote, StrLit, VarToken};
use crate::syntax::grammar::Rule;
use crate::syntax::{keywords, source};
use std::net::IpAddr;

/// A number with its sign, as operands have it.
pub(super) enum Number {
    Int(IntLit),
    /// A sign before something that is no number.
    SignedOther(Span),
    Other,
}

impl Lower<'_> {
    /// The value of `number`. OpenSIPS converts without a range check.
    pub(super) fn number(&mut self, pair: &Pair<'_>) -> IntLit {
        let (text, at) = (pair.as_str(), span(pair));
        if let Some(value) = keywords::boolean(text) {
            self.check_on(text, at);
            return IntLit { value, span: at };
        }
        let wide = wide(text);
        let value = wide as i32;
        if i64::from(value) != wide {
            let message = format!("`{text}` does not fit into 32 bits and becomes {value}");
            self.error(codes::NUMBER_WRAPS, at, message);
        }
        IntLit { value, span: at }
    }

    /// `on` between blanks of one line is another token.
    fn check_on(&mut self, text: &str, at: Span) {
        if text != "on" || !self.blank_before(at) || !self.blank_behind(at) {
            return;
        }
        let found =
            Diagnostic::new(codes::ON_KEYWORD, at, "`on` between blanks is the auto-scaling word, not a boolean")
                .note("a carriage return is a blank too: files with Windows line ends are read so")
                .help("write `yes`")
                .fix(at, "yes", Applicability::MachineApplicable);
        self.report(found);
    }

    /// `signed` of the grammar.
    pub(super) fn signed(&mut self, pair: &Pair<'_>) -> IntLit {
        let negative = child(pair, Rule::sign).is_some_and(|s| s.as_str() == "-");
        let number = child(pair, Rule::number).map(|n| self.number(&n));
        let value = number.map_or(0, |n| if negative { n.value.wrapping_neg() } else { n.value });
        IntLit { value, span: span(pair) }
    }

    /// An operand that is a number with at most one sign.
    pub(super) fn operand_number(&mut self, operand: &Operand<'_>) -> Number {
        let sign = match operand.prefixes.as_slice() {
            [] => None,
            [(sign @ (Prefix::Minus | Prefix::Plus), _)] => Some(*sign),
            [.., (Prefix::Minus | Prefix::Plus, at)] | [(Prefix::Minus | Prefix::Plus, at), ..] => {
                return Number::SignedOther(*at);
            }
            _ => return Number::Other,
        };
        match &operand.primary {
            Some(p) if p.as_rule() == Rule::number => {
                let n = self.number(p);
                let value = if sign == Some(Prefix::Minus) { n.value.wrapping_neg() } else { n.value };
                Number::Int(IntLit { value, span: operand.span })
            }
            _ if sign.is_some() => Number::SignedOther(operand.span),
            _ => Number::Other,
        }
    }

    pub(super) fn string(&mut self, pair: &Pair<'_>) -> StrLit {
        let (text, at) = (pair.as_str(), span(pair));
        let body = text.get(1..text.len().saturating_sub(1)).unwrap_or("");
        let quote = if text.starts_with('\'') { Quote::Single } else { Quote::Double };
        let mut decoder =
            Decoder { value: Vec::with_capacity(body.len()), places: vec![(0, at.start + 1)], joins: Vec::new() };
        decoder.run(body, at.start + 1, quote);
        for join in decoder.joins {
            let message = "a backslash at a line end in a string: OpenSIPS puts marker text and the line end here";
            let found = Diagnostic::new(codes::LINE_JOIN, join, message)
                .help("here the lines are joined; write the string in one line");
            self.report(found);
        }
        StrLit { value: Str::from(decoder.value), span: at, quote, places: decoder.places }
    }

    /// The strings of `strings`; never empty.
    pub(super) fn strings(&mut self, pair: &Pair<'_>) -> Vec<StrLit> {
        pair.clone().into_inner().map(|s| self.string(&s)).collect()
    }

    /// `strings` where only one may stand.
    pub(super) fn one_string(&mut self, pair: &Pair<'_>) -> Option<StrLit> {
        let mut all = self.strings(pair);
        if let Some(second) = all.get(1) {
            let found = Diagnostic::new(codes::SYNTAX, second.span, "adjacent strings are not joined here")
                .note("they are joined as value of `modparam` and as format of `xlog` and `xdbg`");
            self.report(found);
        }
        if all.is_empty() { None } else { Some(all.swap_remove(0)) }
    }

    pub(super) fn var(&mut self, pair: &Pair<'_>) -> VarToken {
        let token = VarToken { text: pair.as_str().to_owned(), span: span(pair) };
        if token.text.contains('\n') {
            let found = Diagnostic::new(codes::VARIABLE_NEWLINE, token.span, "a line break inside a variable")
                .note("OpenSIPS puts marker text there and then does not know the variable")
                .help("write the variable in one line");
            self.report(found);
        } else if let Some(rest) = token.trailing() {
            let text = self.source(rest).to_owned();
            let name = self.source(Span::new(token.span.start + 1, rest.start)).to_owned();
            let found = Diagnostic::new(codes::TEXT_AFTER_VARIABLE, rest, format!("`{text}` is ignored"));
            let found = if text.starts_with('{') || text.starts_with('[') {
                found.help(format!("write `$({name}{text})`"))
            } else {
                found.help(format!("put a blank behind `${name}`"))
            };
            self.report(found);
        }
        token
    }

    /// A name as bare word, number or string. Reserved words must be quoted.
    pub(super) fn name(&mut self, pair: &Pair<'_>) -> Option<Name> {
        let at = span(pair);
        match pair.as_rule() {
            Rule::string => {
                let s = self.string(pair);
                Some(Name { value: s.value, span: at, form: NameForm::Quoted(s.quote) })
            }
            Rule::strings => {
                let s = self.one_string(pair)?;
                Some(Name { value: s.value, span: s.span, form: NameForm::Quoted(s.quote) })
            }
            Rule::number => {
                let value = self.number(pair).value;
                Some(Name { value: Str::from(value.to_string()), span: at, form: NameForm::Number })
            }
            _ => {
                let word = pair.as_str();
                if keywords::is_reserved(word) {
                    self.quote_it(codes::RESERVED_WORD, at, format!("`{word}` is a reserved word and no name"));
                }
                Some(Name { value: Str::from(word), span: at, form: NameForm::Word })
            }
        }
    }

    /// `net` or `bracket_ip`.
    pub(super) fn net(&mut self, pair: &Pair<'_>) -> Option<NetLit> {
        let at = span(pair);
        let text = pair.as_str().trim_matches(['[', ']', ' ', '\t', '\n', '\r']);
        let (addr, mask) = text.split_once('/').map_or((text, None), |(a, m)| (a, Some(m)));
        let read = addr.parse::<IpAddr>().ok().and_then(|addr| match mask {
            None => Some(NetLit { addr, bits: None, span: at }),
            Some(mask) => prefix_length(addr, mask).map(|bits| NetLit { addr, bits: Some(bits), span: at }),
        });
        if read.is_none() {
            self.error(codes::BAD_ADDRESS, at, format!("`{text}` is no address: a part is out of range"));
        }
        read
    }

    /// `net` where only an address may stand.
    pub(super) fn ip(&mut self, pair: &Pair<'_>) -> Option<IpLit> {
        let net = self.net(pair)?;
        Some(IpLit { addr: net.addr, span: net.span })
    }
}

impl VarToken {
    /// What stands behind the reference and means nothing.
    fn trailing(&self) -> Option<Span> {
        self.parse().ok()?.trailing
    }
}

/// C's `strtol`, which stops at the ends of 64 bits.
fn wide(text: &str) -> i64 {
    let (digits, radix) = match text.strip_prefix("0x") {
        Some(hex) => (hex, 16),
        None if text.len() > 1 && text.starts_with('0') => (text, 8),
        None => (text, 10),
    };
    i64::from_str_radix(digits, radix).unwrap_or(i64::MAX)
}

/// `24` or `255.255.255.0`.
fn prefix_length(addr: IpAddr, mask: &str) -> Option<u8> {
    let width = if addr.is_ipv4() { 32 } else { 128 };
    if let Ok(bits) = mask.parse::<u32>() {
        return (bits <= width).then_some(bits as u8);
    }
    match mask.parse::<IpAddr>().ok()? {
        IpAddr::V4(m) if addr.is_ipv4() => contiguous(u128::from(u32::from(m)) << 96),
        IpAddr::V6(m) if addr.is_ipv6() => contiguous(u128::from(m)),
        _ => None,
    }
}

fn contiguous(mask: u128) -> Option<u8> {
    let ones = mask.leading_ones();
    (mask.count_ones() == ones).then_some(ones as u8)
}

struct Decoder {
    value: Vec<u8>,
    places: Vec<(u32, u32)>,
    joins: Vec<Span>,
}

impl Decoder {
    /// Resolves escapes and private characters of `body`, which stands at `start`.
    fn run(&mut self, body: &str, start: u32, quote: Quote) {
        let mut at = 0;
        while let Some(c) = body.get(at..).and_then(|r| r.chars().next()) {
            let rest = body.get(at..).unwrap_or("");
            let used = match source::byte_of(c) {
                Some(byte) => self.one(byte, c.len_utf8()),
                None if c == '\\' && quote == Quote::Double => self.escape(rest, start + at as u32),
                None => {
                    self.value.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                    at += c.len_utf8();
                    continue;
                }
            };
            at += used;
            self.places.push((self.value.len() as u32, start + at as u32));
        }
    }

    fn one(&mut self, byte: u8, used: usize) -> usize {
        self.value.push(byte);
        used
    }

    /// The length of the escape `rest` starts with. An unknown one keeps its backslash.
    fn escape(&mut self, rest: &str, at: u32) -> usize {
        let bytes = rest.as_bytes();
        match bytes.get(1) {
            Some(b'n') => self.one(b'\n', 2),
            Some(b'r') => self.one(b'\r', 2),
            Some(b'a') => self.one(7, 2),
            Some(b't') => self.one(b'\t', 2),
            Some(b'"') => self.one(b'"', 2),
            Some(b'\\') => self.one(b'\\', 2),
            Some(b'\n') => {
                self.joins.push(Span::new(at, at + 1));
                2
            }
            Some(b'x') => self.coded(bytes, 2, 16, 1, 2),
            Some(b'0'..=b'7') => self.coded(bytes, 1, 8, 2, 3),
            _ => self.one(b'\\', 1),
        }
    }

    /// A byte in digits of `radix`, `least` to `most` of them, from `bytes[from]` on.
    fn coded(&mut self, bytes: &[u8], from: usize, radix: u32, least: usize, most: usize) -> usize {
        let digits = bytes.iter().skip(from).take(most);
        let digits: Vec<u32> = digits.map_while(|b| char::from(*b).to_digit(radix)).collect();
        if digits.len() < least {
            return self.one(b'\\', 1);
        }
        let value = digits.iter().fold(0, |v, d| v * radix + d);
        self.one(value as u8, from + digits.len())
    }
}
