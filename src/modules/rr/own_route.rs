//! Questions about the Route of ours that `loose_route` took out.
use super::loose_route::Routed;
use crate::base::Str;
use crate::context::Value;
use crate::registry::{Literal, Setup};
use crate::vm::{Cx, Params, PatternArg, Rule, Ruled, Var, Vocabulary, Words};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    Downstream,
    Upstream,
}

impl Vocabulary for Flow {
    fn parse(text: &[u8]) -> Result<Flow, String> {
        // What follows the word does not count.
        let text = text.to_ascii_lowercase();
        match text.as_slice() {
            t if t.starts_with(b"downstream") => Ok(Flow::Downstream),
            t if t.starts_with(b"upstream") => Ok(Flow::Upstream),
            _ => Err("a direction is `upstream` or `downstream`".to_owned()),
        }
    }
}

/// Directions are known by the tag in the Route, which a parameter of the module switches off.
pub struct Direction;

impl Rule for Direction {
    type Value = Words<Flow>;

    fn check(_: Literal<'_>, setup: Setup<'_>) -> Result<(), String> {
        if (Params { set: setup.params }).flag("append_fromtag", true) {
            return Ok(());
        }
        Err("a direction is known only with `append_fromtag` on".to_owned())
    }
}

pub fn check_route_param(cx: &mut Cx<'_>, pattern: PatternArg) -> bool {
    params(cx).is_some_and(|text| pattern.0.is_match(text))
}

/// The tag of whoever sent the first request stands in the Route; who has it in From speaks from that side.
pub fn is_direction(cx: &mut Cx<'_>, Ruled(wanted): Ruled<Direction>) -> bool {
    flow(cx) == wanted.0
}

/// Whether the request goes towards the caller.
pub fn is_upstream(cx: &Cx<'_>) -> bool {
    flow(cx) == Flow::Upstream
}

fn flow(cx: &Cx<'_>) -> Flow {
    let first_tag = params(cx).and_then(|text| param(text, b"ftag")).filter(|tag| !tag.is_empty());
    match first_tag {
        Some(tag) if cx.run.msg.from_tag() != Some(tag) => Flow::Upstream,
        Some(_) | None => Flow::Downstream,
    }
}

pub fn rr_params(cx: &mut Cx<'_>, _: &Var) -> Value {
    params(cx).and_then(|text| text.strip_prefix(b";")).map_or(Value::Null, |text| Value::Str(Str::new(text)))
}

/// With the leading `;`.
fn params<'a>(cx: &'a Cx<'_>) -> Option<&'a [u8]> {
    cx.run.slots.get::<Routed>()?.params.as_deref().filter(|text| !text.is_empty())
}

fn param<'a>(text: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    text.split(|&b| b == b';').find_map(|pair| {
        let mut parts = pair.splitn(2, |&b| b == b'=');
        parts.next()?.eq_ignore_ascii_case(name).then(|| parts.next().unwrap_or_default())
    })
}
