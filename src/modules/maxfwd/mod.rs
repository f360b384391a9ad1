//! `maxfwd`: the hop limit of requests (RFC 3261 16.6, step 3).
//!
//! The value is read as it will leave, so that what was counted down once counts from there.
use crate::base::Str;
use crate::context::decimal;
use crate::registry::{Literal, ParamSignature, Setup, ValueType};
use crate::script_fns;
use crate::sip::scan::number;
use crate::sip::{Header, HeaderId};
use crate::vm::{Cx, Function, InitCx, Module, Params, Rule, Ruled};

pub static MODULE: Module = Module {
    functions: FUNCTIONS,
    params: PARAMS,
    init: Some(init),
    examples: &[include_str!("examples.md")],
    ..Module::empty("maxfwd")
};

static FUNCTIONS: &[Function] = script_fns! {
    /// Counts Max-Forwards down, or adds it. 1: counted; 2: added; -1: no hop is left; -2: not a number, or a bad limit.
    fn mf_process_maxfwd_header(max_value: Ruled<Limit>) in REQUEST, roles [MayFail] => process;

    /// Whether Max-Forwards is below a value. -1: not below; -2: missing; -3: not a number.
    fn is_maxfwd_lt(max_value: Ruled<Limit>) in REQUEST | FAILURE | BRANCH => is_below;
};

static PARAMS: &[ParamSignature] = &[ParamSignature {
    check: Some(max_limit),
    ..ParamSignature::new(
        "max_limit",
        ValueType::Int,
        "Largest value that is let through; larger ones are cut down to it.",
    )
}];

const NAME: &[u8] = b"Max-Forwards";
/// RFC 3261 20.22
const UPPER: i32 = 256;

struct MaxLimit(u32);

fn init(cx: &mut InitCx<'_>) -> Result<(), String> {
    cx.states.set(MaxLimit(cx.params.int("max_limit", UPPER).unsigned_abs()));
    Ok(())
}

fn max_limit(value: &[u8]) -> Result<(), String> {
    match number(value) {
        Some(limit) if (1..=UPPER.unsigned_abs()).contains(&limit) => Ok(()),
        _ => Err(format!("it may be 1 to {UPPER}")),
    }
}

/// A limit is one hop or more, and none above that of the module.
struct Limit;

impl Rule for Limit {
    type Value = i32;

    fn check(literal: Literal<'_>, setup: Setup<'_>) -> Result<(), String> {
        let upper = Params { set: setup.params }.int("max_limit", UPPER);
        match literal {
            Literal::Int(limit) if !(1..=upper).contains(&limit) => Err(format!("it may be 1 to {upper}, not {limit}")),
            _ => Ok(()),
        }
    }
}

/// What the hop limit of the request is.
enum Hops {
    Missing,
    Bad,
    Left(u32, Header),
}

fn process(cx: &mut Cx<'_>, Ruled(max): Ruled<Limit>) -> i32 {
    let limit = cx.core.state::<MaxLimit>().0;
    match hops(cx) {
        Hops::Bad => -2,
        Hops::Left(0, _) => -1,
        Hops::Left(left, field) => {
            let left = (left - 1).min(limit);
            cx.run.edits.set_value(&field, Str::from(left.to_string()));
            1
        }
        Hops::Missing if !(1..=limit).contains(&u32::try_from(max).unwrap_or(0)) => -2,
        Hops::Missing => {
            if !cx.run.edits.adds_field(NAME) {
                let line = [NAME, b": ", &decimal(max), b"\r\n"].concat();
                cx.run.edits.append_header(&cx.run.msg, Str::from(line));
            }
            2
        }
    }
}

fn is_below(cx: &mut Cx<'_>, Ruled(max): Ruled<Limit>) -> i32 {
    match hops(cx) {
        Hops::Missing => -2,
        Hops::Bad => -3,
        Hops::Left(left, _) if i64::from(left) < i64::from(max) => 1,
        Hops::Left(..) => -1,
    }
}

fn hops(cx: &Cx<'_>) -> Hops {
    let message = &cx.run.msg;
    let Some(field) = message.first(HeaderId::MaxForwards).copied() else { return Hops::Missing };
    let Some(text) = cx.run.edits.value_of(message, &field) else { return Hops::Missing };
    number(&text).map_or(Hops::Bad, |left| Hops::Left(left, field))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::modules::fixture::Fixture;
    use crate::registry::Setting;
    use crate::vm::Arg;

    fn fixture(field: &str) -> Fixture {
        let limit: &[(&str, Setting)] = &[("max_limit", Setting::Int(100))];
        Fixture::with(&format!("OPTIONS sip:a SIP/2.0\nX: 1\n{field}"), &[(&MODULE, limit)])
    }

    fn check(field: &str, max: i32, code: i32, leaves: &str) {
        let mut f = fixture(field);
        assert_eq!(f.call(&MODULE, "mf_process_maxfwd_header", &[Arg::Int(max)]), code, "{field}");
        assert_eq!(f.written(), format!("X: 1\r\n{leaves}\r\n"), "{field}");
    }

    #[test]
    fn a_hop_is_counted_or_the_field_added() {
        check("Max-Forwards: 70", 10, 1, "Max-Forwards: 69\r\n");
        check("Max-Forwards: 255", 10, 1, "Max-Forwards: 100\r\n");
        check("Max-Forwards: 1", 10, 1, "Max-Forwards: 0\r\n");
        check("", 10, 2, "Max-Forwards: 10\r\n");
    }

    #[test]
    fn nothing_changes_without_a_hop_or_a_number() {
        check("Max-Forwards: 0", 10, -1, "Max-Forwards: 0\r\n");
        check("Max-Forwards: x", 10, -2, "Max-Forwards: x\r\n");
        check("", 0, -2, "");
        check("", 101, -2, "");
    }

    #[test]
    fn a_second_call_counts_on_and_adds_nothing() {
        let mut f = fixture("Max-Forwards: 70");
        let call = |f: &mut Fixture| f.call(&MODULE, "mf_process_maxfwd_header", &[Arg::Int(10)]);
        assert_eq!((call(&mut f), call(&mut f)), (1, 1));
        assert_eq!(f.written(), "X: 1\r\nMax-Forwards: 68\r\n\r\n");
        let mut f = fixture("");
        assert_eq!((call(&mut f), call(&mut f)), (2, 2));
        assert_eq!(f.written(), "X: 1\r\nMax-Forwards: 10\r\n\r\n");
    }

    #[test]
    fn the_limit_is_compared_as_it_will_leave() {
        let below = |f: &mut Fixture, max| f.call(&MODULE, "is_maxfwd_lt", &[Arg::Int(max)]);
        let mut f = fixture("Max-Forwards: 70");
        assert_eq!((below(&mut f, 71), below(&mut f, 70)), (1, -1));
        f.call(&MODULE, "mf_process_maxfwd_header", &[Arg::Int(10)]);
        assert_eq!(below(&mut f, 70), 1);
        assert_eq!(below(&mut fixture(""), 70), -2);
        assert_eq!(below(&mut fixture("Max-Forwards: many"), 70), -3);
    }
}
