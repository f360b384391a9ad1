//! `{s.*}`: what is done to a text as bytes.
use super::{bytes, int, on_text, text};
use crate::base::Str;
use crate::context::Value;
use crate::syntax::transform::ArgShape::{Char, LiteralNum, Num, Pad, Word};
use crate::vm::{Cx, TransformArg, TransformRow};
use memchr::memmem;

pub const TRANSFORMS: &[TransformRow] = &[
    on_text!("s", "len", |s, _| Value::Int(s.len() as i32), "Length in bytes."),
    TransformRow::new("s", "int", leading_int, "The integer the text begins with; 0 when it begins with none."),
    on_text!("s", "toupper", |s, _| Value::Str(s.map(|b| b.to_ascii_uppercase())), "ASCII letters in upper case."),
    on_text!("s", "tolower", |s, _| Value::Str(s.map(|b| b.to_ascii_lowercase())), "ASCII letters in lower case."),
    on_text!("s", "reverse", |s, _| bytes(s.iter().rev().copied().collect()), "The bytes backwards."),
    on_text!(
        "s",
        "substr",
        substr,
        "From an offset, so many bytes; 0 goes to the end, less leaves out bytes at the end."
    )
    .args(&[Num, Num]),
    on_text!("s", "select", select, "The n-th field between separators; negative counts from the end.")
        .args(&[Num, Char]),
    on_text!("s", "index", index, "Where a text is found first, from a position on.").args(&[Word, Num]).optional(1),
    on_text!("s", "rindex", rindex, "Where a text is found last, from a position back.").args(&[Word, Num]).optional(1),
    on_text!("s", "fill.left", fill_left, "Padded on the left to a length.").args(&[Pad, LiteralNum]),
    on_text!("s", "fill.right", fill_right, "Padded on the right to a length.").args(&[Pad, LiteralNum]),
    on_text!("s", "width", width, "Cut, or padded with blanks, to a length.").args(&[Num]),
    on_text!("s", "trim", |s, _| s.part(trim_end(trim_start(&s))).into(), "Without white space at both ends."),
    on_text!("s", "triml", |s, _| s.part(trim_start(&s)).into(), "Without white space at the start."),
    on_text!("s", "trimr", |s, _| s.part(trim_end(&s)).into(), "Without white space at the end."),
    TransformRow::new("s", "eval", eval, "The text as a format string, expanded.").waiting(),
    on_text!("s", "xor", xor, "Each byte combined by exclusive or with a key.").args(&[Word]),
];

/// The longest result (language reference, appendix B).
const MAX: usize = 65_535;

fn leading_int(_: &mut Cx<'_>, value: Value, _: Option<i32>, _: &[TransformArg]) -> Value {
    match value {
        Value::Int(i) | Value::Named(i, _) | Value::Both(_, i) => Value::Int(i),
        Value::Str(s) => Value::Int(number(&s)),
        Value::Null => Value::Null,
    }
}

/// Sign and leading digits as a C integer; no blanks before them.
fn number(text: &[u8]) -> i32 {
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        rest => (false, rest),
    };
    let digits = digits.iter().take_while(|b| b.is_ascii_digit());
    let value = digits.fold(0i32, |n, b| n.wrapping_mul(10).wrapping_add(i32::from(b - b'0')));
    if negative { value.wrapping_neg() } else { value }
}

fn substr(s: Str, args: &[TransformArg]) -> Value {
    let (Some(offset), Some(length)) = (int(args, 0), int(args, 1)) else { return Value::Null };
    let size = s.len() as i64;
    let start = if offset < 0 { size + i64::from(offset) } else { i64::from(offset) };
    if start < 0 || start >= size {
        return Value::Null;
    }
    let end = if length <= 0 { size + i64::from(length) } else { (start + i64::from(length)).min(size) };
    // An end before the start has no length that OpenSIPS could mean.
    let part = usize::try_from(end).ok().and_then(|end| s.get(start as usize..end));
    part.map_or(Value::Null, |part| s.part(part).into())
}

fn select(s: Str, args: &[TransformArg]) -> Value {
    let (Some(n), Some(separator)) = (int(args, 0), text(args, 1)) else { return Value::Null };
    let Some(&separator) = separator.first() else { return Value::Null };
    let field = if n < 0 {
        s.rsplit(|&b| b == separator).nth(n.unsigned_abs() as usize - 1)
    } else {
        s.split(|&b| b == separator).nth(n as usize)
    };
    field.map_or(Value::Null, |part| s.part(part).into())
}

/// Where a search starts: a negative position counts from the end, modulo the length.
fn start(args: &[TransformArg], length: usize) -> Option<usize> {
    let start = int(args, 1)?;
    if start >= 0 {
        return Some(start as usize);
    }
    match (start.unsigned_abs() as usize).checked_rem(length) {
        None | Some(0) => Some(0),
        Some(back) => Some(length - back),
    }
}

fn index(s: Str, args: &[TransformArg]) -> Value {
    let Some(needle) = text(args, 0).filter(|n| !n.is_empty()) else { return Value::Null };
    let from = if args.len() > 1 { start(args, s.len()) } else { Some(0) };
    let found = from.and_then(|from| memmem::find(s.get(from..)?, &needle).map(|n| from + n));
    found.map_or(Value::Null, |n| Value::Int(n as i32))
}

fn rindex(s: Str, args: &[TransformArg]) -> Value {
    let Some(needle) = text(args, 0).filter(|n| !n.is_empty()) else { return Value::Null };
    let from = if args.len() > 1 { start(args, s.len()) } else { Some(s.len()) };
    let Some(from) = from else { return Value::Null };
    let end = from.saturating_add(needle.len()).min(s.len());
    memmem::rfind(s.get(..end).unwrap_or_default(), &needle).map_or(Value::Null, |n| Value::Int(n as i32))
}

/// Pad, length and the text that is to be padded; `None` when nothing is to be done or cannot.
fn padding(s: &Str, args: &[TransformArg]) -> Option<(Str, usize)> {
    let pad = text(args, 0).filter(|p| !p.is_empty())?;
    let length = usize::try_from(int(args, 1)?).ok()?.min(MAX);
    Some((pad, length.checked_sub(s.len())?))
}

fn fill_left(s: Str, args: &[TransformArg]) -> Value {
    let Some((pad, missing)) = padding(&s, args) else { return s.into() };
    // The pad ends where the text begins: its start is what is cut.
    let cut = (pad.len() - missing % pad.len()) % pad.len();
    let mut out: Vec<u8> = pad.iter().copied().cycle().skip(cut).take(missing).collect();
    out.extend_from_slice(&s);
    bytes(out)
}

fn fill_right(s: Str, args: &[TransformArg]) -> Value {
    let Some((pad, missing)) = padding(&s, args) else { return s.into() };
    bytes(s.iter().copied().chain(pad.iter().copied().cycle().take(missing)).collect())
}

fn width(s: Str, args: &[TransformArg]) -> Value {
    let Some(width) = int(args, 0).filter(|n| *n >= 1).map(|n| (n as usize).min(MAX)) else { return Value::Null };
    match s.get(..width) {
        Some(part) => s.part(part).into(),
        None => {
            let mut out = s.to_vec();
            out.resize(width, b' ');
            bytes(out)
        }
    }
}

fn is_blank(b: u8) -> bool {
    matches!(b, b' ' | b'\t' | b'\r' | b'\n')
}

fn trim_start(s: &[u8]) -> &[u8] {
    let blanks = s.iter().take_while(|b| is_blank(**b)).count();
    s.get(blanks..).unwrap_or_default()
}

fn trim_end(s: &[u8]) -> &[u8] {
    let blanks = s.iter().rev().take_while(|b| is_blank(**b)).count();
    s.get(..s.len() - blanks).unwrap_or_default()
}

/// NULL for what is no format string. What its variables ask the world outside for is waited for.
fn eval(cx: &mut Cx<'_>, value: Value, _: Option<i32>, _: &[TransformArg]) -> Value {
    value.str_face().and_then(|text| cx.expand_text(&text)).into()
}

fn xor(s: Str, args: &[TransformArg]) -> Value {
    let Some(key) = text(args, 0).filter(|k| !k.is_empty()) else { return Value::Null };
    bytes(s.iter().zip(key.iter().cycle()).map(|(a, b)| a ^ b).collect())
}

#[cfg(test)]
mod tests {
    use crate::context::Value;
    use crate::modules::core::transforms::check;
    use crate::modules::fixture::Fixture;

    #[test]
    fn lengths_cases_and_ends() {
        check("abc", &[("s.len", "3"), ("s.toupper", "ABC"), ("s.reverse", "cba"), ("S.LEN", "3")]);
        check("", &[("s.len", "0"), ("s.reverse", "")]);
        check("ÄxY", &[("s.tolower", "Äxy")]);
        check(" \t x y \r\n", &[("s.trim", "x y"), ("s.triml", "x y \r\n"), ("s.trimr", " \t x y")]);
    }

    #[test]
    fn the_leading_integer_is_an_integer() {
        check("12abc", &[("s.int", "12")]);
        check("-7", &[("s.int", "-7")]);
        check("+5", &[("s.int", "5")]);
        check(" 5", &[("s.int", "0")]);
        check("4294967297", &[("s.int", "1")]);
        let mut f = Fixture::new("OPTIONS sip:h:5070 SIP/2.0\ni: 1");
        assert_eq!(f.value("$(rp{s.int})"), Value::Int(5070));
        assert_eq!(f.value("$(var(nul){s.int})"), Value::Null);
        assert_eq!(f.value("$(rp{s.len})"), Value::Int(4));
    }

    #[test]
    fn a_substring_is_cut_by_the_rules_of_the_reference() {
        check(
            "abcdef",
            &[
                ("s.substr,1,2", "bc"),
                ("s.substr,-2,0", "ef"),
                ("s.substr,1,-1", "bcde"),
                ("s.substr,0,100", "abcdef"),
                ("s.substr,6,1", "<null>"),
                ("s.substr,-7,1", "<null>"),
                ("s.substr,4,-3", "<null>"),
                ("s.substr,4,-2", ""),
                ("s.substr,$var(one),2", "bc"),
                ("s.substr,$var(text),2", "<null>"),
                ("s.substr,2147483647,2147483647", "<null>"),
                ("s.substr,1,2147483647", "bcdef"),
                ("s.substr,0,-2147483648", "<null>"),
            ],
        );
    }

    #[test]
    fn fields_are_selected_from_either_end() {
        check(
            "12,34,,56",
            &[
                ("s.select,1,,", "34"),
                ("s.select,2,,", ""),
                ("s.select,-1,,", "56"),
                ("s.select,-4,,", "12"),
                ("s.select,-5,,", "<null>"),
                ("s.select,9,,", "<null>"),
                ("s.select,0,;", "12,34,,56"),
                ("s.select,$var(one),,", "34"),
            ],
        );
    }

    #[test]
    fn needles_are_found_from_both_sides() {
        check(
            "abcabc",
            &[
                ("s.index,b", "1"),
                ("s.index,bc,2", "4"),
                ("s.index,b,-2", "4"),
                ("s.index,b,-12", "1"),
                ("s.index,B", "<null>"),
                ("s.index,abcabcd", "<null>"),
                ("s.index,c,9", "<null>"),
                ("s.rindex,b", "4"),
                ("s.rindex,bc,3", "1"),
                ("s.rindex,abc,3", "3"),
                ("s.rindex,a,100", "3"),
                ("s.rindex,x", "<null>"),
                ("s.index,$var(text)", "<null>"),
            ],
        );
        check("", &[("s.index,a", "<null>"), ("s.index,a,-1", "<null>"), ("s.rindex,a,-1", "<null>")]);
    }

    #[test]
    fn pads_end_at_the_text_or_begin_behind_it() {
        check(
            "485",
            &[
                ("s.fill.left,abc,8", "bcabc485"),
                ("s.fill.right,abc,8", "485abcab"),
                ("s.fill.left,0,3", "485"),
                ("s.fill.left,' ',5", "  485"),
                ("s.fill.right,x,2", "485"),
                ("s.width,5", "485  "),
                ("s.width,2", "48"),
                ("s.width,0", "<null>"),
            ],
        );
    }

    #[test]
    fn exclusive_or_undoes_itself() {
        check(
            "secret text",
            &[("s.xor,key}{s.xor,key", "secret text"), ("s.xor,secret", "\0\0\0\0\0\0S\u{11}\u{6}\n\u{11}")],
        );
    }
}
