//! Rounding of one number. What a text begins with counts, as in C.
use super::{Digits, MAX_DIGITS, number, refused, store};
use crate::base::Str;
use crate::context::Value;
use crate::vm::{Cx, VarInto};

pub fn math_trunc(cx: &mut Cx<'_>, number: Str, result: VarInto) -> bool {
    integer(cx, "math_trunc", &number, &result, f64::trunc)
}

pub fn math_floor(cx: &mut Cx<'_>, number: Str, result: VarInto) -> bool {
    integer(cx, "math_floor", &number, &result, f64::floor)
}

pub fn math_ceil(cx: &mut Cx<'_>, number: Str, result: VarInto) -> bool {
    integer(cx, "math_ceil", &number, &result, f64::ceil)
}

pub fn math_round(cx: &mut Cx<'_>, number: Str, result: VarInto, decimals: Option<i32>) -> bool {
    let decimals = decimals.unwrap_or(0);
    if decimals == 0 {
        return integer(cx, "math_round", &number, &result, f64::round);
    }
    let Some(digits) = places(decimals) else {
        return refused(cx, "math_round", &number, "there is no such number of digits");
    };
    match read(&number) {
        Ok(value) => store(cx, &result, Value::Str(Str::from(number::fixed(value, digits)))),
        Err(why) => refused(cx, "math_round", &number, why),
    }
}

pub fn math_round_sf(cx: &mut Cx<'_>, number: Str, result: VarInto, figures: Option<i32>) -> bool {
    let value = match read(&number) {
        Ok(value) => value,
        Err(why) => return refused(cx, "math_round_sf", &number, why),
    };
    let Some(figures) = places(figures.unwrap_or(0)) else {
        return refused(cx, "math_round_sf", &number, "there is no such number of figures");
    };
    let digits = cx.core.state::<Digits>().0;
    store(cx, &result, Value::Str(Str::from(number::fixed(significant(value, figures), digits))))
}

/// A number of digits that a result may have.
fn places(digits: i32) -> Option<usize> {
    usize::try_from(digits).ok().filter(|_| digits <= MAX_DIGITS)
}

fn significant(value: f64, figures: usize) -> f64 {
    if value == 0.0 {
        return 0.0;
    }
    let whole = value.abs().log10().ceil();
    let factor = 10f64.powf(figures as f64 - whole);
    (value * factor).round() / factor
}

fn integer(cx: &mut Cx<'_>, function: &'static str, text: &Str, result: &VarInto, round: fn(f64) -> f64) -> bool {
    let value = match read(text) {
        Ok(value) => round(value),
        Err(why) => return refused(cx, function, text, why),
    };
    if !(f64::from(i32::MIN)..=f64::from(i32::MAX)).contains(&value) {
        return refused(cx, function, text, "the result is no integer of 32 bits");
    }
    store(cx, result, Value::Int(value as i32))
}

/// A text that begins with no number is 0 in C; here it is refused, for nobody means that.
fn read(text: &[u8]) -> Result<f64, &'static str> {
    let found = number::prefix(text.trim_ascii_start()).map(|(value, _)| value);
    found.filter(|value| !value.is_nan()).ok_or("it is no number")
}

#[cfg(test)]
mod tests {
    use crate::modules::fixture::{Fixture, text};
    use crate::modules::mathops::MODULE;
    use crate::registry::Setting;
    use crate::vm::Arg;

    fn check(function: &str, number: &str, digits: Option<i32>, result: &str) {
        let mut f = Fixture::with("OPTIONS sip:h SIP/2.0\ni: 1", &[(&MODULE, &[])]);
        let args = [text(number), f.by_ref("$var(r)"), digits.map_or(Arg::Omitted, Arg::Int)];
        let args = if digits.is_some() { &args[..] } else { &args[..2] };
        let code = f.call(&MODULE, function, args);
        assert_eq!(code, if result == "<null>" { -1 } else { 1 }, "{function} {number}");
        assert_eq!(f.expanded("$var(r)"), result, "{function} {number} {digits:?}");
    }

    #[test]
    fn numbers_become_integers() {
        check("math_trunc", "3.7", None, "3");
        check("math_trunc", "-2.9", None, "-2");
        check("math_floor", "-2.9", None, "-3");
        check("math_ceil", "3.2", None, "4");
        check("math_ceil", "-2.9", None, "-2");
        check("math_round", "0.5", None, "1");
        check("math_round", "-0.5", None, "-1");
        check("math_round", "3.141492", Some(4), "3.1415");
        check("math_floor", "12 apples", None, "12");
    }

    #[test]
    fn significant_figures_are_kept() {
        for (figures, result) in
            [(1, "20000.000000"), (2, "18000.000000"), (3, "17900.000000"), (5, "17893.000000"), (7, "17892.990000")]
        {
            check("math_round_sf", "17892.987", Some(figures), result);
        }
        check("math_round_sf", "0", Some(3), "0.000000");
    }

    #[test]
    fn what_is_no_number_or_too_large_is_refused() {
        check("math_floor", "many", None, "<null>");
        check("math_ceil", "3e9", None, "<null>");
        check("math_round", "1.5", Some(-1), "<null>");
        check("math_round_sf", "x", Some(2), "<null>");
        check("math_round_sf", "1", Some(1000), "<null>");
    }

    #[test]
    fn results_have_the_configured_digits() {
        let mut f = Fixture::with("OPTIONS sip:h SIP/2.0\ni: 1", &[(&MODULE, &[("decimal_digits", Setting::Int(2))])]);
        let args = [text("2/3"), f.by_ref("$var(r)")];
        assert_eq!(f.call(&MODULE, "math_eval", &args), 1);
        assert_eq!(f.expanded("$var(r)"), "0.67");
        let args = [text("1 + 8"), text("7/2"), f.by_ref("$var(r)")];
        assert_eq!(f.call(&MODULE, "math_compare", &args), 1);
        assert_eq!(f.expanded("$var(r)"), "1");
        let args = [text("1"), text("("), f.by_ref("$var(r)")];
        assert_eq!(f.call(&MODULE, "math_compare", &args), -1);
    }
}
