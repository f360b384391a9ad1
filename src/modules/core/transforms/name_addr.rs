//! `{nameaddr.*}`: the value of a header field such as To, or the n-th of a list of them.
use super::{place, text, unless_empty};
use crate::base::Str;
use crate::context::Value;
use crate::sip::Range;
use crate::sip::header::NameAddr;
use crate::sip::header::name_addr::values;
use crate::syntax::transform::ArgShape::Word;
use crate::vm::{TransformArg, TransformRow};

macro_rules! of_value {
    ($name:literal, $body:expr, $doc:literal) => {
        TransformRow::new("nameaddr", $name, |_, value, index, args| with_value(&value, index, args, $body), $doc)
            .indexed()
    };
}

pub const TRANSFORMS: &[TransformRow] = &[
    of_value!("name", |s, v, _| unless_empty(s, v.display.of(s)), "Display name, with its quotes."),
    of_value!("uri", |s, v, _| unless_empty(s, v.uri.of(s)), "URI."),
    of_value!("len", |_, v, _| Value::Int(v.address().len() as i32), "Length of display name and address."),
    of_value!("param", param, "The value of a parameter; NULL for one without value. Case matters.").args(&[Word]),
    of_value!("params", |s, v, _| params(s, v), "All parameters."),
];

fn with_value(
    value: &Value,
    index: Option<i32>,
    args: &[TransformArg],
    body: fn(&Str, &NameAddr, &[TransformArg]) -> Value,
) -> Value {
    let Some(s) = value.str_face() else { return Value::Null };
    let all = || values(&s, Range::all(&s));
    let found = match index {
        None => all().next(),
        Some(index) => place(index, all().count()).and_then(|n| all().nth(n)),
    };
    found.flatten().map_or(Value::Null, |v| body(&s, &v, args))
}

fn param(s: &Str, value: &NameAddr, args: &[TransformArg]) -> Value {
    let Some(name) = text(args, 0) else { return Value::Null };
    let found = value.params(s).flatten().find(|p| p.name.of(s) == &name[..]);
    let value = found.and_then(|p| p.value).unwrap_or_default();
    unless_empty(s, crate::sip::scan::unquoted(value.of(s)))
}

fn params(s: &Str, value: &NameAddr) -> Value {
    let text = value.params.of(s).trim_ascii();
    unless_empty(s, text.strip_prefix(b";").unwrap_or(text).trim_ascii())
}

#[cfg(test)]
mod tests {
    use crate::modules::core::transforms::check;

    #[test]
    fn the_first_value_is_meant_without_an_index() {
        check(
            "\"Bob\" <sip:b@x>;tag=1;Q=\"0.5\", sip:c@y;x",
            &[
                ("nameaddr.name", "\"Bob\""),
                ("nameaddr.uri", "sip:b@x"),
                ("nameaddr.len", "15"),
                ("nameaddr.param,tag", "1"),
                ("nameaddr.param,Q", "0.5"),
                ("nameaddr.param,q", "<null>"),
                ("nameaddr.params", "tag=1;Q=\"0.5\""),
                ("nameaddr.1.uri", "sip:c@y"),
                ("nameaddr.-1.param,x", "<null>"),
                ("nameaddr.-2.uri", "sip:b@x"),
                ("nameaddr.$var(one).uri", "sip:c@y"),
                ("nameaddr.$var(text).uri", "<null>"),
                ("nameaddr.2.uri", "<null>"),
                ("nameaddr.1.name", "<null>"),
            ],
        );
        check("<sip:open", &[("nameaddr.uri", "<null>"), ("nameaddr.len", "<null>")]);
    }
}
