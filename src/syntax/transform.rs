//! Transformations: the `{class.function,arg,...}` chain inside `$(...)`.
//!
//! How arguments are split differs from function to function, so a [`Transform`] keeps their text, splits it in the
//! common way for walkers, and splits it exactly for a caller that knows the shapes.
use super::origin::Origin;
use super::pvar::{PvarError, PvarErrorKind, Scanner, VarRef, wrapping_decimal};
use super::substitution::{Form, Substitution};
use crate::base::{Span, Str};

/// One `{class.function,arg,...}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transform {
    /// Lower case; OpenSIPS ignores the case of class and function.
    pub class: String,
    /// Lower case, without an index.
    pub function: String,
    /// The `2` of `{nameaddr.2.uri}`.
    pub index: Option<TArg>,
    /// What follows the first comma; `None` without one.
    pub raw_args: Option<RawArgs>,
    /// `raw_args` split in the common way: numbers, variables, trimmed text between commas.
    pub args: Vec<TArg>,
    /// From `{` to `}`.
    pub span: Span,
    /// Of `class.function`.
    pub name_span: Span,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawArgs {
    pub text: Str,
    pub span: Span,
}

/// An argument of a transformation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TArg {
    Num(i32),
    /// As written: a backslash that protected a comma or a brace is kept, as OpenSIPS keeps it.
    Text(Str),
    Var(Box<VarRef>),
}

/// How a transformation reads one of its arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArgShape {
    /// Signed integer or variable.
    Num,
    /// Text up to a blank or an unescaped comma, or a variable.
    Word,
    /// A word, taken as a number when it is one.
    WordOrNum,
    /// Text up to an unescaped comma, trimmed, with quotes removed; no variable, not empty (`s.fill.left`).
    Pad,
    /// Signed integer, no variable (`s.fill.left`).
    LiteralNum,
    /// The one byte behind the comma, whatever it is (`s.select`).
    Char,
    /// A substitution, which is all that is left, or a variable that holds one (`re.subst`). The variables of a literal
    /// one's replacement stand behind it as further arguments. Blanks belong to it, and commas too, where OpenSIPS stops
    /// at one that has no backslash and then refuses the expression.
    Rest,
}

impl Transform {
    /// The arguments as the function reads them. The last `optional` shapes may be absent; text that a function would
    /// not look at is ignored, as OpenSIPS ignores it.
    pub fn split(&self, shapes: &[ArgShape], optional: usize) -> Result<Vec<TArg>, PvarError> {
        let Some(raw) = &self.raw_args else {
            return if shapes.len() > optional { Err(self.missing(1)) } else { Ok(Vec::new()) };
        };
        let mut scan = raw.scanner();
        let mut args = Vec::with_capacity(shapes.len());
        for (i, shape) in shapes.iter().enumerate() {
            if i > 0 {
                scan.eat_while(is_blank);
                if !scan.eat(b',') {
                    return if i + optional >= shapes.len() { Ok(args) } else { Err(self.missing(i + 1)) };
                }
            }
            let arg = argument(&mut scan, *shape, i + 1)?;
            let inner = match (shape, &arg) {
                // The form with all flags: whether they fit is for the function to say.
                (ArgShape::Rest, TArg::Text(text)) => {
                    Substitution::parse(text, Form::PcreTransformation, Origin::Within(raw.span))
                }
                _ => None,
            };
            args.push(arg);
            args.extend(inner.into_iter().flat_map(Substitution::into_vars).map(|var| TArg::Var(Box::new(var))));
        }
        Ok(args)
    }

    /// The variables among index and arguments.
    pub fn vars(&self) -> impl Iterator<Item = &VarRef> {
        self.index.iter().chain(&self.args).filter_map(|arg| match arg {
            TArg::Var(var) => Some(&**var),
            TArg::Num(_) | TArg::Text(_) => None,
        })
    }

    fn missing(&self, number: usize) -> PvarError {
        PvarError { kind: PvarErrorKind::MissingArgument(number), span: self.span }
    }
}

impl RawArgs {
    fn scanner(&self) -> Scanner<'_> {
        let text = self.text.as_bytes();
        let exact = usize::try_from(self.span.len()) == Ok(text.len());
        let origin = if exact { Origin::At(self.span.start) } else { Origin::Within(self.span) };
        Scanner { text, pos: 0, end: text.len(), origin, depth: 0 }
    }
}

/// The transformations from here on; blanks may stand behind each.
pub(super) fn chain(scan: &mut Scanner<'_>) -> Result<Vec<Transform>, PvarError> {
    let mut transforms = Vec::new();
    while scan.eat(b'{') {
        transforms.push(one(scan)?);
        scan.eat_while(|b| matches!(b, b' ' | b'\t'));
    }
    Ok(transforms)
}

fn one(scan: &mut Scanner<'_>) -> Result<Transform, PvarError> {
    let open = scan.pos - 1;
    let Some((start, end)) = scan.until_matching(b'{', b'}') else {
        return scan.fail(open, PvarErrorKind::UnclosedTransform);
    };
    let span = scan.span_from(open);
    let mut inner = scan.within(start, end);
    let class = inner.eat_while(|b| b != b'.' && b != b',');
    if class.is_empty() || !inner.eat(b'.') {
        return Err(PvarError { kind: PvarErrorKind::MissingClass, span });
    }
    let index = index(&mut inner)?;
    let function = inner.eat_while(|b| b != b',').trim_ascii();
    if function.is_empty() {
        return Err(PvarError { kind: PvarErrorKind::MissingFunction, span });
    }
    let name_span = inner.span_from(start);
    let (raw_args, args) = if inner.eat(b',') { arguments(&inner)? } else { (None, Vec::new()) };
    Ok(Transform { class: lower(class), function: lower(function), index, raw_args, args, span, name_span })
}

/// The number or variable between class and function. Functions start with a letter, so it cannot be mistaken.
fn index(scan: &mut Scanner<'_>) -> Result<Option<TArg>, PvarError> {
    if !matches!(scan.peek(), Some(b'$' | b'+' | b'-' | b'0'..=b'9')) {
        return Ok(None);
    }
    let start = scan.pos;
    // `$si.uri` is the variable `$si`, not `$si.uri`: the first dot outside of parentheses ends the index.
    let end = index_end(scan).ok_or(()).or_else(|()| scan.fail(start, PvarErrorKind::MissingFunction))?;
    let mut inner = scan.within(start, end);
    let arg = argument(&mut inner, ArgShape::Num, 0)?;
    scan.pos = end + 1;
    Ok(Some(arg))
}

fn index_end(scan: &Scanner<'_>) -> Option<usize> {
    let mut nested = 0usize;
    let bytes = scan.slice(scan.pos, scan.end).iter();
    let found = bytes.enumerate().find(|(_, byte)| {
        match byte {
            b'(' => nested += 1,
            b')' => nested = nested.saturating_sub(1),
            _ => {}
        }
        **byte == b'.' && nested == 0
    });
    found.map(|(i, _)| scan.pos + i)
}

fn arguments(scan: &Scanner<'_>) -> Result<(Option<RawArgs>, Vec<TArg>), PvarError> {
    let text = Str::new(scan.slice(scan.pos, scan.end));
    let raw = RawArgs { text, span: scan.origin.span(scan.pos, scan.end) };
    let mut rest = *scan;
    let mut args = Vec::new();
    loop {
        args.push(common_argument(&mut rest)?);
        if !rest.eat(b',') {
            return Ok((Some(raw), args));
        }
    }
}

/// What most functions make of an argument; a `$` that begins no variable is text. Only nesting can fail.
fn common_argument(scan: &mut Scanner<'_>) -> Result<TArg, PvarError> {
    scan.eat_while(is_blank);
    if scan.peek() == Some(b'$') {
        let mut inner = scan.deeper(scan.pos, scan.end);
        match inner.var() {
            Ok(var) => {
                scan.pos = inner.pos;
                text_to_comma(scan);
                return Ok(TArg::Var(Box::new(var)));
            }
            Err(e) if e.kind == PvarErrorKind::TooDeep => return Err(e),
            // Not the next comma but the end: trying again behind each comma would be exponential in the nesting.
            Err(_) => return Ok(TArg::Text(Str::new(rest(scan)))),
        }
    }
    let text = text_to_comma(scan).trim_ascii_end();
    Ok(number(text).map_or_else(|| TArg::Text(Str::new(text)), TArg::Num))
}

fn argument(scan: &mut Scanner<'_>, shape: ArgShape, nth: usize) -> Result<TArg, PvarError> {
    if shape == ArgShape::Char {
        let start = scan.pos;
        scan.pos += usize::from(scan.peek().is_some());
        let separator = scan.slice(start, scan.pos);
        return match separator {
            [] => scan.fail(start, PvarErrorKind::MissingArgument(nth)),
            one => Ok(TArg::Text(Str::new(one))),
        };
    }
    scan.eat_while(is_blank);
    let start = scan.pos;
    if scan.peek() == Some(b'$') {
        return match shape {
            ArgShape::Pad | ArgShape::LiteralNum => scan.fail(start, PvarErrorKind::NotLiteral(nth)),
            _ => variable(scan),
        };
    }
    match shape {
        ArgShape::Num | ArgShape::LiteralNum => leading_number(scan, nth).map(TArg::Num),
        ArgShape::Word | ArgShape::Char => Ok(TArg::Text(Str::new(word(scan)))),
        ArgShape::WordOrNum => {
            let word = word(scan);
            Ok(number(word).map_or_else(|| TArg::Text(Str::new(word)), TArg::Num))
        }
        ArgShape::Pad => match unquoted(text_to_comma(scan)) {
            b"" => scan.fail(start, PvarErrorKind::EmptyPad),
            pad => Ok(TArg::Text(Str::new(pad))),
        },
        ArgShape::Rest => Ok(TArg::Text(Str::new(rest(scan)))),
    }
}

fn variable(scan: &mut Scanner<'_>) -> Result<TArg, PvarError> {
    let mut inner = scan.deeper(scan.pos, scan.end);
    let var = inner.var()?;
    scan.pos = inner.pos;
    Ok(TArg::Var(Box::new(var)))
}

/// Sign, blanks, digits. A sign alone is 0, as OpenSIPS reads it.
fn leading_number(scan: &mut Scanner<'_>, nth: usize) -> Result<i32, PvarError> {
    let start = scan.pos;
    let negative = scan.peek() == Some(b'-');
    let signed = negative || scan.peek() == Some(b'+');
    scan.pos += usize::from(signed);
    scan.eat_while(is_blank);
    let digits = scan.eat_while(|b| b.is_ascii_digit());
    if digits.is_empty() && !signed {
        scan.pos = scan.end;
        return scan.fail(start, PvarErrorKind::BadNumber(nth));
    }
    let value = wrapping_decimal(digits);
    Ok(if negative { value.wrapping_neg() } else { value })
}

fn word<'a>(scan: &mut Scanner<'a>) -> &'a [u8] {
    let mut word = *scan;
    word.end = scan.slice(scan.pos, scan.end).iter().position(|&b| is_blank(b)).map_or(scan.end, |i| scan.pos + i);
    let text = text_to_comma(&mut word);
    scan.pos = word.pos;
    text
}

/// Up to a comma that has no backslash before it.
fn text_to_comma<'a>(scan: &mut Scanner<'a>) -> &'a [u8] {
    let start = scan.pos;
    let mut before = b',';
    while let Some(byte) = scan.peek() {
        if byte == b',' && before != b'\\' {
            break;
        }
        before = byte;
        scan.pos += 1;
    }
    scan.slice(start, scan.pos)
}

fn rest<'a>(scan: &mut Scanner<'a>) -> &'a [u8] {
    let start = std::mem::replace(&mut scan.pos, scan.end);
    scan.slice(start, scan.end)
}

/// A pad of one blank stays; otherwise blanks behind it and a pair of quotes around it go.
fn unquoted(pad: &[u8]) -> &[u8] {
    if pad.len() < 2 {
        return pad;
    }
    match pad.trim_ascii_end() {
        [b'\'', inner @ .., b'\''] | [b'"', inner @ .., b'"'] => inner,
        bare => bare,
    }
}

/// The value when the text is nothing but an optional sign and digits.
fn number(text: &[u8]) -> Option<i32> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

fn lower(name: &[u8]) -> String {
    String::from_utf8_lossy(name).to_ascii_lowercase()
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

#[cfg(test)]
mod tests {
    use super::ArgShape::*;
    use super::*;

    fn transform(text: &str) -> Transform {
        let var =
            VarRef::parse(format!("$(x{text})").as_bytes(), Origin::At(0)).unwrap_or_else(|e| panic!("{text}: {e}"));
        var.transforms.into_iter().next().expect("one transformation")
    }

    fn split(text: &str, shapes: &[ArgShape], optional: usize) -> Result<Vec<TArg>, PvarErrorKind> {
        transform(text).split(shapes, optional).map_err(|e| e.kind)
    }

    fn text(s: &str) -> TArg {
        TArg::Text(Str::from(s))
    }

    fn var_name(arg: &TArg) -> String {
        match arg {
            TArg::Var(var) => var.to_string(),
            TArg::Num(_) | TArg::Text(_) => panic!("{arg:?} is no variable"),
        }
    }

    #[test]
    fn splits_in_the_common_way() {
        let args = transform("{s.fn, 12 ,-3,some text ,$var(v),a\\,b,}").args;
        assert_eq!(args[..3], [TArg::Num(12), TArg::Num(-3), text("some text")]);
        assert_eq!(var_name(&args[3]), "$var(v)");
        assert_eq!(args[4..], [text("a\\,b"), text("")]);
        assert_eq!(transform("{s.len}").args, []);
    }

    #[test]
    fn takes_the_byte_behind_the_second_comma_as_separator() {
        for (source, separator) in [("{s.select,2,,}", ","), ("{s.select,2, }", " "), ("{s.select,2,;}", ";")] {
            assert_eq!(split(source, &[Num, Char], 0), Ok(vec![TArg::Num(2), text(separator)]), "{source}");
        }
        assert_eq!(split("{s.select,2}", &[Num, Char], 0), Err(PvarErrorKind::MissingArgument(2)));
        assert_eq!(split("{s.select,2,}", &[Num, Char], 0), Err(PvarErrorKind::MissingArgument(2)));
        let by_var = split("{s.select,$var(i),:}", &[Num, Char], 0).expect("splits");
        assert_eq!(var_name(&by_var[0]), "$var(i)");
    }

    #[test]
    fn takes_a_substitution_whole() {
        let source = "{re.subst,/^(.{2}), ([a-z]{1,3})$/\\2 $var(x)/gi}";
        let args = split(source, &[Rest], 0).expect("splits");
        let [whole, inner] = &args[..] else { panic!("the substitution and its variable: {args:?}") };
        assert_eq!((whole, var_name(inner).as_str()), (&text("/^(.{2}), ([a-z]{1,3})$/\\2 $var(x)/gi"), "$var(x)"));
        assert_eq!(var_name(&split("{re.subst,$var(re)}", &[Rest], 0).expect("splits")[0]), "$var(re)");
    }

    #[test]
    fn unquotes_pads_and_refuses_variables_in_them() {
        let pad = |source: &str| split(source, &[Pad, LiteralNum], 0);
        assert_eq!(pad("{s.fill.left,abc,8}"), Ok(vec![text("abc"), TArg::Num(8)]));
        assert_eq!(pad("{s.fill.left,' ',8}"), Ok(vec![text(" "), TArg::Num(8)]));
        assert_eq!(pad("{s.fill.left, \"a b\" , 8}"), Ok(vec![text("a b"), TArg::Num(8)]));
        assert_eq!(pad("{s.fill.left,,8}"), Err(PvarErrorKind::EmptyPad));
        assert_eq!(pad("{s.fill.left,'',8}"), Err(PvarErrorKind::EmptyPad));
        assert_eq!(pad("{s.fill.left,$var(x),8}"), Err(PvarErrorKind::NotLiteral(1)));
        assert_eq!(pad("{s.fill.left,x,$var(n)}"), Err(PvarErrorKind::NotLiteral(2)));
    }

    #[test]
    fn optional_arguments_may_be_absent_and_further_text_is_ignored() {
        assert_eq!(split("{s.index,abc}", &[Word, Num], 1), Ok(vec![text("abc")]));
        assert_eq!(split("{s.index,abc , -2}", &[Word, Num], 1), Ok(vec![text("abc"), TArg::Num(-2)]));
        assert_eq!(split("{s.xor,key junk,1}", &[Word], 0), Ok(vec![text("key")]));
        assert_eq!(split("{s.xor}", &[Word], 0), Err(PvarErrorKind::MissingArgument(1)));
        assert_eq!(split("{s.substr,1}", &[Num, Num], 0), Err(PvarErrorKind::MissingArgument(2)));
        assert_eq!(split("{s.substr,x,1}", &[Num, Num], 0), Err(PvarErrorKind::BadNumber(1)));
        assert_eq!(split("{sdp.line}", &[Word, Num], 2), Ok(vec![]));
    }

    #[test]
    fn a_word_that_is_a_number_may_be_one() {
        assert_eq!(split("{sdp.stream,-1}", &[WordOrNum], 0), Ok(vec![TArg::Num(-1)]));
        assert_eq!(split("{sdp.stream,audio}", &[WordOrNum], 0), Ok(vec![text("audio")]));
    }

    #[test]
    fn numbers_are_c_integers() {
        let number = |source: &str| split(source, &[Num], 0);
        assert_eq!(number("{csv.value, + 5}"), Ok(vec![TArg::Num(5)]));
        assert_eq!(number("{csv.value,5x}"), Ok(vec![TArg::Num(5)]));
        assert_eq!(number("{csv.value,4294967295}"), Ok(vec![TArg::Num(-1)]));
    }

    #[test]
    fn reads_the_index_between_class_and_function() {
        let indexed = transform("{nameaddr.-1.param,tag}");
        assert_eq!((indexed.function.as_str(), indexed.index), ("param", Some(TArg::Num(-1))));
        let by_var = transform("{nameaddr.$si.uri}");
        assert_eq!(by_var.function, "uri");
        assert_eq!(var_name(&by_var.index.expect("index")), "$si");
        assert_eq!(transform("{s.encode.hexa}").function, "encode.hexa");
    }

    #[test]
    fn errors_stand_at_the_argument() {
        let error = transform("{s.substr,1,x}").split(&[Num, Num], 0).expect_err("no number");
        assert_eq!((error.kind, error.span), (PvarErrorKind::BadNumber(2), Span::new(15, 16)));
    }
}
