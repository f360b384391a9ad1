//! Core transformations, one table per class. A body gets a value that is not NULL; NULL is its failure.
pub mod coding;
pub mod csv;
pub mod digest;
pub mod ip;
pub mod name_addr;
pub mod params;
pub mod re;
pub mod sdp;
pub mod string;
pub mod uri;
pub mod via;

use crate::base::Str;
use crate::context::Value;
use crate::vm::{TransformArg, TransformRow, joined, row_count};

const TABLES: &[&[TransformRow]] = &[
    string::TRANSFORMS,
    coding::TRANSFORMS,
    digest::TRANSFORMS,
    uri::TRANSFORMS,
    via::TRANSFORMS,
    params::TRANSFORMS,
    name_addr::TRANSFORMS,
    ip::TRANSFORMS,
    csv::TRANSFORMS,
    re::TRANSFORMS,
    sdp::TRANSFORMS,
];

pub static TRANSFORMS: [TransformRow; row_count(TABLES)] = joined(TABLES);

/// A row whose body is a function of the value's text and the arguments.
macro_rules! on_text {
    ($class:literal, $name:literal, $body:expr, $doc:literal $(,)?) => {
        $crate::vm::TransformRow::new(
            $class,
            $name,
            |_, value, _, args| $crate::modules::core::transforms::with_text(value, args, $body),
            $doc,
        )
    };
}
use on_text;

fn with_text(value: Value, args: &[TransformArg], body: fn(Str, &[TransformArg]) -> Value) -> Value {
    value.str_face().map_or(Value::Null, |text| body(text, args))
}

fn int(args: &[TransformArg], at: usize) -> Option<i32> {
    args.get(at)?.int()
}

fn text(args: &[TransformArg], at: usize) -> Option<Str> {
    args.get(at)?.text()
}

fn bytes(out: Vec<u8>) -> Value {
    Value::Str(Str::from(out))
}

/// A part of `whole`; NULL when it is empty.
fn unless_empty(whole: &Str, part: &[u8]) -> Value {
    if part.is_empty() { Value::Null } else { Value::Str(whole.part(part)) }
}

/// A decimal number's two faces; NULL when there is no text.
fn decimal_text(whole: &Str, text: &[u8]) -> Value {
    let number = std::str::from_utf8(text).ok().and_then(|t| t.parse().ok());
    number.map_or(Value::Null, |n| Value::Named(n, whole.part(text)))
}

/// The place that an index means among `len` things; negative counts from the end.
fn place(index: i32, len: usize) -> Option<usize> {
    crate::vm::position(crate::vm::Index::Int(index), len)
}

/// Applies each chain to the same text. There are `$var(one)` (1), `$var(text)` (`x`), `$var(re)` and no `$var(nul)`.
#[cfg(test)]
fn check(input: &str, chains: &[(&str, &str)]) {
    use crate::modules::fixture::Fixture;
    let mut f = Fixture::new("OPTIONS sip:h SIP/2.0\ni: 1");
    let variables = [("one", Value::Int(1)), ("text", Value::text(b"x")), ("re", Value::text(b"/B/Y/i"))];
    for (name, value) in variables {
        f.set(&format!("$var({name})"), value).expect("a variable is set");
    }
    f.set("$avp(in)", Value::text(input.as_bytes())).expect("an AVP is set");
    for (chain, expected) in chains {
        assert_eq!(f.expanded(&format!("$(avp(in){{{chain}}})")), *expected, "{chain}");
    }
}
