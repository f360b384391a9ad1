//! `{via.*}`: parts of the first value of a Via header field.
use super::{on_text, text, unless_empty};
use crate::base::Str;
use crate::context::Value;
use crate::sip::Range;
use crate::sip::header::{Via, via};
use crate::syntax::transform::ArgShape::Word;
use crate::vm::{TransformArg, TransformRow};

const HOST: TransformRow = on_text!("via", "host", |s, _| part(&s, |via| Some(via.host)), "Host of sent-by.");

pub const TRANSFORMS: &[TransformRow] = &[
    on_text!("via", "name", |s, _| part(&s, |via| Some(via.protocol)), "Name of the protocol, `SIP`."),
    on_text!("via", "version", |s, _| part(&s, |via| Some(via.version)), "Version of the protocol, `2.0`."),
    on_text!("via", "transport", |s, _| part(&s, |via| Some(via.transport)), "Transport."),
    HOST,
    HOST.alias("domain"),
    on_text!("via", "port", |s, _| port(&s), "Port of sent-by, when one is written."),
    on_text!(
        "via",
        "comment",
        |s, _| part(&s, |via| inside(via.comment)),
        "Comment behind the parameters, without its parentheses."
    ),
    on_text!("via", "params", |s, _| params(&s), "All parameters."),
    on_text!("via", "param", |s, args| param(&s, args), "The value of a parameter; empty for one without value.")
        .args(&[Word]),
    on_text!("via", "branch", |s, _| part(&s, |via| via.branch), "The value of `branch`."),
    on_text!("via", "received", |s, _| part(&s, |via| via.received?.value), "The value of `received`."),
    on_text!("via", "rport", |s, _| part(&s, |via| via.rport?.value), "The value of `rport`."),
];

fn parsed(s: &Str) -> Option<Via> {
    via::first(s, Range::all(s))
}

fn part(s: &Str, part: fn(&Via) -> Option<Range>) -> Value {
    let range = parsed(s).and_then(|via| part(&via)).unwrap_or_default();
    unless_empty(s, range.of(s))
}

/// A comment without its parentheses.
fn inside(comment: Range) -> Option<Range> {
    (comment.len() >= 2).then(|| Range { start: comment.start + 1, end: comment.end - 1 })
}

fn port(s: &Str) -> Value {
    parsed(s).and_then(|via| via.port).map_or(Value::Null, |port| Value::Int(i32::from(port)))
}

fn params(s: &Str) -> Value {
    let Some(via) = parsed(s) else { return Value::Null };
    let text = via.params.of(s).trim_ascii();
    unless_empty(s, text.strip_prefix(b";").unwrap_or(text).trim_ascii())
}

fn param(s: &Str, args: &[TransformArg]) -> Value {
    let (Some(via), Some(name)) = (parsed(s), text(args, 0)) else { return Value::Null };
    via.params(s).value(&name).map_or(Value::Null, |value| Value::Str(s.part(value)))
}

#[cfg(test)]
mod tests {
    use crate::modules::core::transforms::check;

    #[test]
    fn parts_of_the_first_via() {
        check(
            "SIP/2.0/UDP h.example:5070;branch=z9hG4bK1;received=192.0.2.1;rport=7;x (note), SIP/2.0/TCP other",
            &[
                ("via.name", "SIP"),
                ("via.version", "2.0"),
                ("via.transport", "UDP"),
                ("via.host", "h.example"),
                ("via.domain", "h.example"),
                ("via.port", "5070"),
                ("via.branch", "z9hG4bK1"),
                ("via.received", "192.0.2.1"),
                ("via.rport", "7"),
                ("via.param,x", ""),
                ("via.param,nosuch", "<null>"),
            ],
        );
    }

    #[test]
    fn what_is_absent_or_no_via_is_null() {
        check(
            "SIP/2.0/UDP h;rport",
            &[("via.port", "<null>"), ("via.rport", "<null>"), ("via.comment", "<null>"), ("via.params", "rport")],
        );
        check("no via", &[("via.host", "<null>"), ("via.params", "<null>")]);
    }
}
