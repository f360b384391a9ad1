//! `{param.*}`: a list such as `a=1;b;c=3`.
use super::{int, on_text, place, text};
use crate::base::Str;
use crate::context::Value;
use crate::syntax::transform::ArgShape::{Num, Word};
use crate::vm::{TransformArg, TransformRow};

const EXISTS: TransformRow =
    on_text!("param", "exist", |s, args| exists(&s, args), "1 when a parameter is there, else 0.").args(&[Word]);

pub const TRANSFORMS: &[TransformRow] = &[
    on_text!("param", "value", |s, args| value(&s, args), "The value of a parameter; empty for one without value.")
        .args(&[Word]),
    EXISTS,
    EXISTS.alias("exists"),
    on_text!("param", "valueat", |s, args| nth(&s, args, |p| p.value), "The value of the n-th parameter.").args(&[Num]),
    on_text!("param", "name", |s, args| nth(&s, args, |p| p.name), "The name of the n-th parameter.").args(&[Num]),
    on_text!("param", "count", |s, _| count(&s), "How many parameters there are."),
];

#[derive(Clone, Copy)]
struct Param<'a> {
    name: &'a [u8],
    /// Without its quotes; empty when there is none.
    value: &'a [u8],
}

/// The parameters; a `;` inside quotes separates none.
fn list(s: &[u8]) -> impl Iterator<Item = Param<'_>> {
    let mut quoted = false;
    let pieces = s.split(move |&b| {
        quoted ^= b == b'"';
        b == b';' && !quoted
    });
    pieces.map(<[u8]>::trim_ascii).filter(|piece| !piece.is_empty()).map(|piece| {
        let mut halves = piece.splitn(2, |&b| b == b'=').map(<[u8]>::trim_ascii);
        let name = halves.next().unwrap_or_default();
        Param { name, value: unquoted(halves.next().unwrap_or_default()) }
    })
}

fn unquoted(value: &[u8]) -> &[u8] {
    match value {
        [b'"', inner @ .., b'"'] | [b'\'', inner @ .., b'\''] => inner,
        bare => bare,
    }
}

fn find<'a>(s: &'a [u8], args: &[TransformArg]) -> Option<Param<'a>> {
    let name = text(args, 0)?;
    list(s).find(|p| p.name.eq_ignore_ascii_case(&name))
}

fn count(s: &Str) -> Value {
    match list(s).count() {
        0 => Value::Null,
        count => Value::Int(count as i32),
    }
}

fn value(s: &Str, args: &[TransformArg]) -> Value {
    find(s, args).map_or(Value::Null, |p| Value::Str(s.part(p.value)))
}

fn exists(s: &Str, args: &[TransformArg]) -> Value {
    if text(args, 0).is_none() {
        return Value::Null;
    }
    Value::Int(i32::from(find(s, args).is_some()))
}

fn nth(s: &Str, args: &[TransformArg], part: for<'a> fn(Param<'a>) -> &'a [u8]) -> Value {
    let found = int(args, 0).and_then(|i| list(s).nth(place(i, list(s).count())?));
    found.map_or(Value::Null, |p| Value::Str(s.part(part(p))))
}

#[cfg(test)]
mod tests {
    use crate::modules::core::transforms::check;

    #[test]
    fn parameters_are_found_by_name_and_place() {
        check(
            "a=1;B;c=\"x;y\"; d = 4 ",
            &[
                ("param.value,a", "1"),
                ("param.value,b", ""),
                ("param.value,c", "x;y"),
                ("param.value,D", "4"),
                ("param.value,nosuch", "<null>"),
                ("param.exist,b", "1"),
                ("param.exists,nosuch", "0"),
                ("param.valueat,0", "1"),
                ("param.valueat,-1", "4"),
                ("param.valueat,4", "<null>"),
                ("param.name,1", "B"),
                ("param.name,-4", "a"),
                ("param.name,-5", "<null>"),
                ("param.count", "4"),
            ],
        );
        check("", &[("param.count", "<null>"), ("param.value,a", "<null>")]);
    }
}
