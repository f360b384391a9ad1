//! Literals: words, numbers, strings, variables, names, addresses.
use crate::base::{Span, Str};
use std::net::IpAddr;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ident {
    pub text: String,
    pub span: Span,
}

/// A number literal: decimal, octal, hexadecimal or a boolean word, wrapped to 32 bits as OpenSIPS does, with its sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IntLit {
    pub value: i32,
    pub span: Span,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quote {
    Single,
    Double,
}

/// A string literal. `span` covers the quotes; `value` has escapes resolved and is bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StrLit {
    pub value: Str,
    pub span: Span,
    pub quote: Quote,
    /// Where value and source drift apart: (offset in `value`, offset in the flat text), rising. Starts with (0, span.start + 1).
    pub(crate) places: Vec<(u32, u32)>,
}

impl StrLit {
    /// The flat offset of the source of byte `at` of the value.
    pub fn offset_of(&self, at: usize) -> u32 {
        let at = at as u32;
        let n = self.places.partition_point(|p| p.0 <= at);
        match n.checked_sub(1).and_then(|i| self.places.get(i)) {
            Some((value, flat)) => (flat + (at - value)).min(self.span.end),
            None => self.span.start,
        }
    }

    /// The source of bytes `start..end` of the value.
    pub fn span_of(&self, start: usize, end: usize) -> Span {
        Span::new(self.offset_of(start), self.offset_of(end))
    }
}

/// A variable as it is written, `$` included; `syntax::pvar` reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VarToken {
    pub text: String,
    pub span: Span,
}

/// A route, event, profile or tag name: a bare word, a number (`on` is `1`) or a string.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    pub value: Str,
    pub span: Span,
    pub form: NameForm,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameForm {
    Word,
    Number,
    Quoted(Quote),
}

/// `1.2.3.4`, `::1`, `[::1]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IpLit {
    pub addr: IpAddr,
    pub span: Span,
}

/// An address, or a net: `10.0.0.0/8`, `10.0.0.0/255.0.0.0`, `2001:db8::/32`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NetLit {
    pub addr: IpAddr,
    /// Length of the prefix; `None` for a single address.
    pub bits: Option<u8>,
    pub span: Span,
}

/// The value of adjacent strings.
pub fn joined(parts: &[StrLit]) -> Str {
    match parts {
        [one] => one.value.clone(),
        many => Str::from(many.iter().flat_map(|p| p.value.as_bytes().iter().copied()).collect::<Vec<u8>>()),
    }
}

pub fn joined_span(parts: &[StrLit]) -> Span {
    parts.iter().map(|p| p.span).reduce(Span::to).unwrap_or_default()
}
