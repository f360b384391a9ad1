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
    value.into_str_face().map_or(Value::Null, |text| body(text, args))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::modules::fixture::Fixture;
    use proptest::prelude::*;
    use std::sync::Arc;

    fn any_text() -> impl Strategy<Value = Vec<u8>> {
        let words = prop::sample::select(vec![
            "sip:a:b@h:1;x=y?z",
            "SIP/2.0/UDP h;branch=1",
            "\"n\" <sip:u@h>;p",
            "a=1;b",
            "x,\"y\"",
            "10.0.0.1/8",
            "v=0\r\nm=a 1 R 0\r\n",
            "/a*/b/g",
            "%41",
            "-5",
            "",
        ]);
        prop_oneof![words.prop_map(|w| w.as_bytes().to_vec()), prop::collection::vec(any::<u8>(), 0..40)]
    }

    fn any_arg() -> impl Strategy<Value = TransformArg> {
        prop_oneof![
            any::<i32>().prop_map(TransformArg::Int),
            (-4..9i32).prop_map(TransformArg::Int),
            any_text().prop_map(|t| TransformArg::Text(Str::from(t))),
            Just(TransformArg::Null),
        ]
    }

    proptest! {
        /// Whatever comes in over the wire or out of a variable, a transformation yields a value.
        #[test]
        fn every_transformation_takes_any_text_and_any_arguments(
            input in any_text(),
            args in prop::collection::vec(any_arg(), 0..3),
            index in prop::option::of(-3..5i32),
        ) {
            let mut f = Fixture::new("OPTIONS sip:h SIP/2.0\ni: 1");
            let inputs = [Value::Str(Str::from(input)), Value::Int(i32::MIN), Value::Both(Str::from("5070"), 5070)];
            for row in &TRANSFORMS {
                for value in &inputs {
                    (row.body)(&mut f.cx(), value.clone(), index, &args);
                }
            }
        }

        #[test]
        fn every_literal_argument_can_be_made_ready(text in any_text()) {
            for prepare in TRANSFORMS.iter().filter_map(|row| row.prepare) {
                prop_assert!(prepare(&text).is_some(), "a bad literal is found when it is used");
            }
        }
    }

    #[test]
    fn a_prepared_argument_is_used() {
        let mut f = Fixture::new("OPTIONS sip:h SIP/2.0\ni: 1");
        let row = TRANSFORMS.iter().find(|row| row.prepare.is_some()).expect("one row prepares its argument");
        let prepared = row.prepare.and_then(|prepare| prepare(b"/a/b/")).expect("a good literal");
        let args = [TransformArg::Prepared(Arc::clone(&prepared))];
        assert_eq!((row.body)(&mut f.cx(), Value::text(b"xax"), None, &args), Value::text(b"xbx"));
    }
}
