//! `mathops`: arithmetic over floating point numbers.
//!
//! `infix.rs` evaluates `1 + 2 * 3`, `postfix.rs` evaluates `1 2 3 * +`, `rounding.rs` has what rounds, `number.rs` reads
//! and writes numbers as C does.
mod infix;
mod number;
mod postfix;
mod rounding;

use crate::base::Str;
use crate::context::{Level, Value};
use crate::registry::ParamSignature;
use crate::registry::param::int;
use crate::script_fns;
use crate::vm::{Cx, Function, InitCx, Module, Store, VarInto};

pub static MODULE: Module = Module {
    functions: FUNCTIONS,
    params: PARAMS,
    examples: &[include_str!("examples.md")],
    init: Some(init),
    ..Module::empty("mathops")
};

static FUNCTIONS: &[Function] = script_fns! {
    /// Evaluates an expression: `+ - * / % ^`, parentheses, functions.
    fn math_eval(expression: Str, result_var: VarInto) in ALL, roles [MayFail] => math_eval;

    /// Evaluates an expression in reverse Polish notation.
    fn math_rpn(expression: Str, result_var: VarInto) in ALL, roles [MayFail] => math_rpn;

    /// Compares two expressions: 1 when the first is greater, -1 when the second is, 0 when they are equal.
    fn math_compare(exp1: Str, exp2: Str, result_var: VarInto) in ALL, roles [MayFail] => math_compare;

    /// Cuts off what stands behind the decimal point.
    fn math_trunc(number: Str, result_var: VarInto) in ALL, roles [MayFail] => rounding::math_trunc;

    /// The largest integer that is not greater.
    fn math_floor(number: Str, result_var: VarInto) in ALL, roles [MayFail] => rounding::math_floor;

    /// The smallest integer that is not less.
    fn math_ceil(number: Str, result_var: VarInto) in ALL, roles [MayFail] => rounding::math_ceil;

    /// The nearest integer; with `decimals` that many digits behind the decimal point are kept.
    fn math_round(number: Str, result_var: VarInto, decimals: Option<i32>) in ALL, roles [MayFail] => rounding::math_round;

    /// Keeps that many significant figures.
    fn math_round_sf(number: Str, result_var: VarInto, figures: Option<i32>) in ALL, roles [MayFail] => rounding::math_round_sf;
};

static PARAMS: &[ParamSignature] = &[int("decimal_digits", "Digits behind the decimal point of results (6).")];

/// Digits behind the decimal point that are written at most: a double has no more to say.
const MAX_DIGITS: i32 = 308;

struct Digits(usize);

fn init(cx: &mut InitCx<'_>) -> Result<(), String> {
    let digits = cx.params.int("decimal_digits", 6);
    if !(0..=MAX_DIGITS).contains(&digits) {
        return Err(format!("`decimal_digits` must be between 0 and {MAX_DIGITS}, not {digits}"));
    }
    cx.states.set(Digits(usize::try_from(digits).unwrap_or_default()));
    Ok(())
}

fn math_eval(cx: &mut Cx<'_>, expression: Str, result: VarInto) -> bool {
    let evaluated = infix::evaluate(&expression);
    float(cx, "math_eval", &expression, evaluated, &result)
}

fn math_rpn(cx: &mut Cx<'_>, expression: Str, result: VarInto) -> bool {
    let evaluated = postfix::evaluate(&expression);
    float(cx, "math_rpn", &expression, evaluated, &result)
}

fn math_compare(cx: &mut Cx<'_>, exp1: Str, exp2: Str, result: VarInto) -> bool {
    let mut sides = [0.0; 2];
    for (side, expression) in sides.iter_mut().zip([&exp1, &exp2]) {
        match infix::evaluate(expression) {
            Ok(value) => *side = value,
            Err(why) => return refused(cx, "math_compare", expression, &why),
        }
    }
    let [left, right] = sides;
    let order = left.partial_cmp(&right).map_or(0, |order| order as i32);
    store(cx, &result, Value::Int(order))
}

/// Stores a result as text with the configured number of digits.
fn float(
    cx: &mut Cx<'_>,
    function: &'static str,
    expression: &Str,
    evaluated: Result<f64, String>,
    result: &VarInto,
) -> bool {
    match evaluated {
        Ok(value) => {
            let digits = cx.core.state::<Digits>().0;
            store(cx, result, Value::Str(Str::from(number::fixed(value, digits))))
        }
        Err(why) => refused(cx, function, expression, &why),
    }
}

fn store(cx: &mut Cx<'_>, result: &VarInto, value: Value) -> bool {
    cx.write(&result.0, Store::Set, value).is_ok()
}

fn refused(cx: &Cx<'_>, function: &'static str, expression: &Str, why: &str) -> bool {
    cx.log(Level::Error, "mathops", function, format_args!("`{expression}`: {why}"));
    false
}
