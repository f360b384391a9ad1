//! Variable references: `$name`, `$name(sub)` and `$(<context>name(sub)[index]{class.function,arg}...)`.
//!
//! The grammar takes a reference as one opaque token; here it becomes a [`VarRef`]. What a name means, whether it takes
//! a `(sub)` or an index, and how a transformation splits its arguments is the registry's knowledge, not this file's.
use super::origin::Origin;
use super::transform::{self, Transform};
use crate::base::{Span, Str};
use std::fmt;

/// References inside references (`$avp($var(x))`, an index, an argument) nest no deeper than this.
pub const MAX_NESTING: u8 = 50;

/// A parsed variable reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VarRef {
    pub context: Option<MsgContext>,
    /// Without `$`; `$` itself for `$$`.
    pub name: String,
    pub name_span: Span,
    pub sub: Option<Sub>,
    pub index: Option<Index>,
    /// The word behind a slash in an index: `active` of `$(tm.branch.uri[0/active])`.
    pub index_suffix: Option<Str>,
    pub transforms: Vec<Transform>,
    /// The reference without what trails it.
    pub span: Span,
    /// Text behind the reference that OpenSIPS drops without a word: `{s.len}` of `$ru{s.len}`.
    pub trailing: Option<Span>,
}

/// The other message of the transaction that a reference reads instead of the current one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MsgContext {
    Request,
    Reply,
}

/// What stands between the parentheses behind a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sub {
    /// As written, untrimmed.
    pub text: Str,
    pub span: Span,
    /// Set when the text starts with `$` and parses. Few variables take a dynamic name; for the others the text is the
    /// name: `$var($var(x))` is a variable called `$var(x)`.
    pub dynamic: Option<Box<VarRef>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Index {
    /// Negative counts from the end.
    Int(i32),
    /// `[*]`
    All,
    /// `[append]`, which only `$avp` takes.
    Append,
    Var(Box<VarRef>),
    /// A word that some variables of some modules take, as `$(sdp.line(a)[insert])`; an error for all others.
    Word(Str),
}

/// Why a text is not a variable reference, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PvarError {
    pub kind: PvarErrorKind,
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PvarErrorKind {
    LoneDollar,
    MissingName,
    UnknownContext(String),
    UnclosedContext,
    UnclosedParen,
    EmptySub,
    UnclosedSub,
    EmptyIndex,
    UnclosedIndex,
    MissingClass,
    MissingFunction,
    UnclosedTransform,
    Unexpected(u8),
    TooDeep,
    MissingArgument(usize),
    EmptyPad,
    BadNumber(usize),
    NotLiteral(usize),
}

impl VarRef {
    /// Parses a whole variable token. What follows the reference is reported as `trailing`.
    pub fn parse(text: &[u8], origin: Origin<'_>) -> Result<VarRef, PvarError> {
        let (mut var, used) = VarRef::parse_prefix(text, 0, origin)?;
        if used < text.len() {
            var.trailing = Some(origin.span(used, text.len()));
        }
        Ok(var)
    }

    /// Parses the reference whose `$` stands at `start` of `text` and says where it ends. `origin` is that of `text`.
    pub fn parse_prefix(text: &[u8], start: usize, origin: Origin<'_>) -> Result<(VarRef, usize), PvarError> {
        let mut scan = Scanner { text, pos: start, end: text.len(), origin, depth: 0 };
        let var = scan.var()?;
        Ok((var, scan.pos))
    }

    /// `$$`, which stands for a dollar sign.
    pub fn is_dollar(&self) -> bool {
        self.name == "$"
    }

    /// Calls `f` with this reference and with every one inside it: dynamic names, indexes and arguments.
    pub fn visit<'a>(&'a self, f: &mut dyn FnMut(&'a VarRef)) {
        f(self);
        if let Some(dynamic) = self.sub.as_ref().and_then(|s| s.dynamic.as_deref()) {
            dynamic.visit(f);
        }
        if let Some(Index::Var(var)) = &self.index {
            var.visit(f);
        }
        for transform in &self.transforms {
            transform.vars().for_each(|var| var.visit(f));
        }
    }
}

/// Name and sub as a person would call the variable: `$avp(x)`.
impl fmt::Display for VarRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "${}", self.name)?;
        match &self.sub {
            Some(sub) => write!(f, "({})", sub.text),
            None => Ok(()),
        }
    }
}

impl fmt::Display for PvarError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.kind.fmt(f)
    }
}

impl std::error::Error for PvarError {}

impl fmt::Display for PvarErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use PvarErrorKind as K;
        match self {
            K::LoneDollar => f.write_str("a lone `$`; write `$$` for a dollar sign"),
            K::MissingName => f.write_str("the variable has no name"),
            K::UnknownContext(name) => write!(f, "unknown context `<{name}>`; there are `<request>` and `<reply>`"),
            K::UnclosedContext => f.write_str("the context is not closed by `>`"),
            K::UnclosedParen => f.write_str("the variable is not closed by `)`"),
            K::EmptySub => f.write_str("the parentheses behind the variable's name are empty"),
            K::UnclosedSub => f.write_str("the name in parentheses is not closed by `)`"),
            K::EmptyIndex => f.write_str("the index is empty"),
            K::UnclosedIndex => f.write_str("the index is not closed by `]`"),
            K::MissingClass => f.write_str("a transformation is written `{class.function}`"),
            K::MissingFunction => f.write_str("the transformation names no function"),
            K::UnclosedTransform => f.write_str("the transformation is not closed by `}`"),
            K::Unexpected(byte) => write!(f, "unexpected `{}` in a variable", byte.escape_ascii()),
            K::TooDeep => write!(f, "variables nest more than {MAX_NESTING} deep"),
            K::MissingArgument(n) => write!(f, "argument {n} of the transformation is missing"),
            K::EmptyPad => f.write_str("the padding is empty; a blank is written `' '`"),
            K::BadNumber(n) => write!(f, "argument {n} of the transformation must be a number or a variable"),
            K::NotLiteral(n) => write!(f, "argument {n} of the transformation cannot be a variable"),
        }
    }
}

/// Walks `text[pos..end]`; spans are those of the whole text.
#[derive(Clone, Copy)]
pub(super) struct Scanner<'a> {
    pub(super) text: &'a [u8],
    pub(super) pos: usize,
    pub(super) end: usize,
    pub(super) origin: Origin<'a>,
    pub(super) depth: u8,
}

impl<'a> Scanner<'a> {
    pub(super) fn peek(&self) -> Option<u8> {
        if self.pos < self.end { self.text.get(self.pos).copied() } else { None }
    }

    pub(super) fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.pos += usize::from(found);
        found
    }

    pub(super) fn eat_while(&mut self, accept: impl Fn(u8) -> bool) -> &'a [u8] {
        let start = self.pos;
        while self.peek().is_some_and(&accept) {
            self.pos += 1;
        }
        self.slice(start, self.pos)
    }

    pub(super) fn slice(&self, start: usize, end: usize) -> &'a [u8] {
        self.text.get(start..end).unwrap_or_default()
    }

    pub(super) fn span_from(&self, start: usize) -> Span {
        self.origin.span(start, self.pos)
    }

    /// The same text, bounded to `start..end`.
    pub(super) fn within(&self, start: usize, end: usize) -> Scanner<'a> {
        Scanner { pos: start, end, ..*self }
    }

    /// As `within`, for a variable inside this one.
    pub(super) fn deeper(&self, start: usize, end: usize) -> Scanner<'a> {
        Scanner { depth: self.depth.saturating_add(1), ..self.within(start, end) }
    }

    /// An error from `start` to here.
    pub(super) fn fail<T>(&self, start: usize, kind: PvarErrorKind) -> Result<T, PvarError> {
        Err(PvarError { kind, span: self.span_from(start) })
    }

    /// An error at the next byte, or `at_end` behind the last.
    pub(super) fn unexpected<T>(&self, start: usize, at_end: PvarErrorKind) -> Result<T, PvarError> {
        match self.peek() {
            Some(byte) => {
                Err(PvarError { kind: PvarErrorKind::Unexpected(byte), span: self.origin.span(self.pos, self.pos + 1) })
            }
            None => self.fail(start, at_end),
        }
    }

    /// Up to the `close` that matches an `open` already taken, which is taken too.
    pub(super) fn until_matching(&mut self, open: u8, close: u8) -> Option<(usize, usize)> {
        let start = self.pos;
        let mut nested = 0usize;
        while let Some(byte) = self.peek() {
            self.pos += 1;
            if byte == open {
                nested += 1;
            } else if byte == close {
                match nested.checked_sub(1) {
                    Some(outer) => nested = outer,
                    None => return Some((start, self.pos - 1)),
                }
            }
        }
        None
    }

    pub(super) fn var(&mut self) -> Result<VarRef, PvarError> {
        let start = self.pos;
        if self.depth > MAX_NESTING {
            return self.fail(start, PvarErrorKind::TooDeep);
        }
        if !self.eat(b'$') {
            return self.unexpected(start, PvarErrorKind::LoneDollar);
        }
        let in_parens = self.eat(b'(');
        let mut var = self.name(start, in_parens)?;
        if !var.is_dollar() && self.eat(b'(') {
            var.sub = Some(self.sub()?);
        }
        if in_parens {
            self.parenthesised_rest(start, &mut var)?;
        }
        var.span = self.span_from(start);
        Ok(var)
    }

    fn name(&mut self, start: usize, in_parens: bool) -> Result<VarRef, PvarError> {
        let context = if self.eat(b'<') { Some(self.context()?) } else { None };
        let name_start = self.pos;
        let name = match self.peek() {
            Some(b'$') if context.is_none() => {
                self.pos += 1;
                b"$"
            }
            _ => self.eat_while(is_name_byte),
        };
        if name.is_empty() {
            let bare = !in_parens && context.is_none();
            return self.fail(start, if bare { PvarErrorKind::LoneDollar } else { PvarErrorKind::MissingName });
        }
        Ok(VarRef {
            context,
            name: name.iter().copied().map(char::from).collect(),
            name_span: self.span_from(name_start),
            sub: None,
            index: None,
            index_suffix: None,
            transforms: Vec::new(),
            span: self.span_from(start),
            trailing: None,
        })
    }

    fn context(&mut self) -> Result<MsgContext, PvarError> {
        let start = self.pos;
        let name = self.eat_while(is_name_byte);
        let span = self.span_from(start);
        if !self.eat(b'>') {
            return self.fail(start, PvarErrorKind::UnclosedContext);
        }
        let known = CONTEXTS.iter().find(|(known, _)| known.as_bytes() == name);
        let unknown = || PvarErrorKind::UnknownContext(String::from_utf8_lossy(name).into_owned());
        known.map(|(_, context)| *context).ok_or_else(|| PvarError { kind: unknown(), span })
    }

    fn sub(&mut self) -> Result<Sub, PvarError> {
        let Some((start, end)) = self.until_matching(b'(', b')') else {
            return self.fail(self.pos, PvarErrorKind::UnclosedSub);
        };
        let text = self.slice(start, end);
        let span = self.origin.span(start, end);
        if text.is_empty() {
            return Err(PvarError { kind: PvarErrorKind::EmptySub, span });
        }
        let dynamic = if text.starts_with(b"$") { self.nested_or_none(start, end)? } else { None };
        Ok(Sub { text: Str::new(text), span, dynamic })
    }

    /// The variable in `start..end`. Only too deep nesting is an error, since most variables take the text as it is.
    fn nested_or_none(&self, start: usize, end: usize) -> Result<Option<Box<VarRef>>, PvarError> {
        match self.nested(start, end) {
            Ok(var) => Ok(Some(Box::new(var))),
            Err(e) if e.kind == PvarErrorKind::TooDeep => Err(e),
            Err(_) => Ok(None),
        }
    }

    /// The variable that fills `start..end`, save for trailing text.
    fn nested(&self, start: usize, end: usize) -> Result<VarRef, PvarError> {
        let mut inner = self.deeper(start, end);
        let mut var = inner.var()?;
        if inner.pos < end {
            var.trailing = Some(self.origin.span(inner.pos, end));
        }
        Ok(var)
    }

    fn parenthesised_rest(&mut self, start: usize, var: &mut VarRef) -> Result<(), PvarError> {
        if !var.is_dollar() {
            if self.eat(b'[') {
                let (index, suffix) = self.index()?;
                var.index = Some(index);
                var.index_suffix = suffix;
            }
            var.transforms = transform::chain(self)?;
        }
        if self.eat(b')') {
            return Ok(());
        }
        self.unexpected(start, PvarErrorKind::UnclosedParen)
    }

    /// The index and the word that a slash sets apart from it.
    fn index(&mut self) -> Result<(Index, Option<Str>), PvarError> {
        let Some((start, end)) = self.until_matching(b'[', b']') else {
            return self.fail(self.pos, PvarErrorKind::UnclosedIndex);
        };
        let text = self.slice(start, end);
        let slash = memchr::memrchr(b'/', text).filter(|at| has_word_after(text, *at));
        let number = |text| integer(text).map(Index::Int);
        let index = match (text, slash) {
            (b"", _) => return Err(PvarError { kind: PvarErrorKind::EmptyIndex, span: self.origin.span(start, end) }),
            (b"*", _) => Index::All,
            ([b'$', ..], at) => Index::Var(Box::new(self.nested(start, at.map_or(end, |at| start + at))?)),
            _ if text.eq_ignore_ascii_case(b"append") => Index::Append,
            (_, Some(at)) => match text.get(..at).and_then(number) {
                Some(index) => index,
                None => return Ok((Index::Word(Str::new(text)), None)),
            },
            (_, None) => number(text).unwrap_or_else(|| Index::Word(Str::new(text))),
        };
        Ok((index, slash.and_then(|at| text.get(at + 1..)).map(Str::new)))
    }
}

const CONTEXTS: [(&str, MsgContext); 2] = [("request", MsgContext::Request), ("reply", MsgContext::Reply)];

/// Whether nothing but letters follows: `/active`, not the rest of `$json(a/b)`.
fn has_word_after(text: &[u8], at: usize) -> bool {
    text.get(at + 1..).is_some_and(|word| !word.is_empty() && word.iter().all(u8::is_ascii_alphabetic))
}

fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.')
}

/// Optional minus and digits, wrapping as C `int` does.
fn integer(text: &[u8]) -> Option<i32> {
    let (negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        digits => (false, digits),
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let value = wrapping_decimal(digits);
    Some(if negative { value.wrapping_neg() } else { value })
}

/// The value of decimal digits in 32 bits, wrapping.
pub(super) fn wrapping_decimal(digits: &[u8]) -> i32 {
    digits.iter().fold(0i32, |n, d| n.wrapping_mul(10).wrapping_add(i32::from(d.wrapping_sub(b'0'))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::transform::TArg;
    use proptest::prelude::*;

    fn parse(text: &str) -> VarRef {
        VarRef::parse(text.as_bytes(), Origin::At(100)).unwrap_or_else(|e| panic!("{text}: {e}"))
    }

    fn error(text: &str) -> (PvarErrorKind, (u32, u32)) {
        let e = VarRef::parse(text.as_bytes(), Origin::At(0)).expect_err(text);
        (e.kind, (e.span.start, e.span.end))
    }

    #[test]
    fn reads_bare_names_and_names_in_parentheses() {
        for text in ["$rU", "$(rU)"] {
            let var = parse(text);
            assert_eq!((var.name.as_str(), var.sub, var.index, var.trailing), ("rU", None, None, None));
            assert_eq!(var.span, Span::new(100, 100 + text.len() as u32));
        }
        assert_eq!(parse("$ruri.user").name, "ruri.user");
        assert_eq!(parse("$sdp.stream.idx(audio)").name, "sdp.stream.idx");
    }

    #[test]
    fn takes_a_sub_up_to_its_matching_parenthesis_untrimmed() {
        let var = parse("$var( a(b)c)");
        let sub = var.sub.expect("sub");
        assert_eq!(sub.text, " a(b)c");
        assert_eq!(sub.span, Span::new(105, 111));
        assert_eq!(sub.dynamic, None);
        assert_eq!(var.span, Span::new(100, 112));
    }

    #[test]
    fn reports_a_dollar_sub_both_as_text_and_as_variable() {
        let sub = parse("$avp($var(x))").sub.expect("sub");
        assert_eq!(sub.text, "$var(x)");
        let dynamic = sub.dynamic.expect("dynamic");
        assert_eq!(dynamic.to_string(), "$var(x)");
        assert_eq!(dynamic.span, Span::new(105, 112));
        let odd = parse("$var($-)").sub.expect("sub");
        assert_eq!((odd.text, odd.dynamic), (Str::from("$-"), None));
    }

    #[test]
    fn reads_every_form_of_index() {
        let index = |text: &str| parse(text).index.expect(text);
        assert_eq!(index("$(hdr(Via)[2])"), Index::Int(2));
        assert_eq!(index("$(ct[-1])"), Index::Int(-1));
        assert_eq!(index("$(avp(x)[*])"), Index::All);
        assert_eq!(index("$(avp(x)[append])"), Index::Append);
        assert_eq!(index("$(avp(x)[4294967295])"), Index::Int(-1));
        assert_eq!(index("$(tm.branch.uri[0/active])"), Index::Int(0));
        assert_eq!(index("$(tm.branch.uri[x/active])"), Index::Word(Str::from("x/active")));
        assert_eq!(index("$(ct[ 1])"), Index::Word(Str::from(" 1")));
        assert_eq!(index("$(sdp.line([12])[insertAfter])"), Index::Word(Str::from("insertAfter")));
        let Index::Var(var) = index("$(avp(x)[$(avp(y)[3])])") else { panic!("a variable") };
        assert_eq!(var.index, Some(Index::Int(3)));
        assert_eq!(var.span, Span::new(109, 121));
    }

    #[test]
    fn reads_contexts() {
        assert_eq!(parse("$(<request>ru)").context, Some(MsgContext::Request));
        assert_eq!(parse("$(<reply>hdr(Contact)[0])").context, Some(MsgContext::Reply));
        assert_eq!(error("$(<branch>ru)").0, PvarErrorKind::UnknownContext("branch".into()));
        assert_eq!(error("$(<replyrs)"), (PvarErrorKind::UnclosedContext, (3, 10)));
    }

    #[test]
    fn chains_transformations_across_blanks() {
        let var = parse("$(ru{uri.user} {S.Substr,1,-$x}{s.len} )");
        let names: Vec<_> = var.transforms.iter().map(|t| format!("{}.{}", t.class, t.function)).collect();
        assert_eq!(names, ["uri.user", "s.substr", "s.len"]);
        assert_eq!(var.transforms[0].span, Span::new(104, 114));
        assert_eq!(var.transforms[0].name_span, Span::new(105, 113));
        assert_eq!(var.trailing, None);
    }

    #[test]
    fn reports_what_opensips_discards() {
        assert_eq!(parse("$ru{s.len}").trailing, Some(Span::new(103, 110)));
        assert_eq!(parse("$rU]").trailing, Some(Span::new(103, 104)));
        assert_eq!(parse("$avp(x)[0]").trailing, Some(Span::new(107, 110)));
        assert_eq!(parse("$avp($var(x)y)").sub.and_then(|s| s.dynamic?.trailing), Some(Span::new(112, 113)));
    }

    #[test]
    fn reads_the_dollar_sign() {
        assert!(parse("$$").is_dollar());
        assert!(parse("$($)").is_dollar());
        assert_eq!(error("$($x)").0, PvarErrorKind::Unexpected(b'x'));
    }

    #[test]
    fn says_what_is_wrong_and_where() {
        use PvarErrorKind as K;
        assert_eq!(error("$"), (K::LoneDollar, (0, 1)));
        assert_eq!(error("$-"), (K::LoneDollar, (0, 1)));
        assert_eq!(error("$()"), (K::MissingName, (0, 2)));
        assert_eq!(error("$(ru"), (K::UnclosedParen, (0, 4)));
        assert_eq!(error("$(ru )"), (K::Unexpected(b' '), (4, 5)));
        assert_eq!(error("$var()"), (K::EmptySub, (5, 5)));
        assert_eq!(error("$var(a(b)"), (K::UnclosedSub, (9, 9)));
        assert_eq!(error("$(ct[])"), (K::EmptyIndex, (5, 5)));
        assert_eq!(error("$(ct[1)"), (K::UnclosedIndex, (7, 7)));
        assert_eq!(error("$(ct[1]x)"), (K::Unexpected(b'x'), (7, 8)));
        assert_eq!(error("$(ru{len})"), (K::MissingClass, (4, 9)));
        assert_eq!(error("$(ru{s.})"), (K::MissingFunction, (4, 8)));
        assert_eq!(error("$(ru{s.len)"), (K::UnclosedTransform, (4, 11)));
        assert_eq!(error("ru").0, K::Unexpected(b'r'));
        assert_eq!(error("").0, K::LoneDollar);
    }

    #[test]
    fn bounds_nesting() {
        let nested = |n: usize| format!("{}$x{}", "$avp(".repeat(n), ")".repeat(n));
        assert_eq!(parse(&nested(50)).name, "avp");
        assert_eq!(error(&nested(51)).0, PvarErrorKind::TooDeep);
        assert_eq!(error(&nested(100_000)).0, PvarErrorKind::TooDeep);
        assert_eq!(error(&"$(".repeat(100_000)).0, PvarErrorKind::Unexpected(b'('));
    }

    #[test]
    fn broken_nesting_takes_linear_time() {
        // Parentheses missing at every level: a parser that tries again at each comma needs 2^40 steps.
        let text = format!("{}1{})", "$(x{s.a,".repeat(40), " }".repeat(40));
        assert!(VarRef::parse(text.as_bytes(), Origin::At(0)).is_ok());
    }

    #[test]
    fn visits_every_variable_inside() {
        let var = parse("$(avp($var(a))[$var(b)]{s.substr,$var(c),0}{nameaddr.$var(d).uri})");
        let mut seen = Vec::new();
        var.visit(&mut |v| seen.push(v.to_string()));
        assert_eq!(seen, ["$avp($var(a))", "$var(a)", "$var(b)", "$var(c)", "$var(d)"]);
    }

    proptest! {
        #[test]
        fn never_panics_and_keeps_spans_inside(text in r#"[$(){}\[\]<>a-c.,* \\0-9-]{0,60}"#) {
            let end = text.len() as u32;
            match VarRef::parse(text.as_bytes(), Origin::At(0)) {
                Ok(var) => {
                    prop_assert!(var.span.end <= end && var.span.start < var.span.end);
                    prop_assert_eq!(var.trailing.map_or(var.span.end, |t| t.end), end);
                    for transform in &var.transforms {
                        prop_assert!(transform.args.iter().all(|a| !matches!(a, TArg::Var(v) if v.span.end > end)));
                    }
                }
                Err(e) => prop_assert!(e.span.start <= e.span.end && e.span.end <= end),
            }
        }

        #[test]
        fn takes_any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            let mut text = b"$(".to_vec();
            text.extend(bytes);
            let parsed = VarRef::parse(&text, Origin::Map(&[0, 1]));
            prop_assert!(parsed.is_ok() || parsed.is_err_and(|e| e.span.end <= 1));
        }
    }
}
