//! Expressions in reverse Polish notation: words that work on a stack.
use super::number;

/// Numbers on the stack at a time.
const DEPTH: usize = 1024;

enum Word {
    Constant(f64),
    Unary(fn(f64) -> f64),
    Binary(fn(f64, f64) -> f64),
    Drop,
    Duplicate,
    Swap,
}

static WORDS: &[(&[u8], Word)] = &[
    (b"+", Word::Binary(|a, b| a + b)),
    (b"-", Word::Binary(|a, b| a - b)),
    (b"*", Word::Binary(|a, b| a * b)),
    (b"/", Word::Binary(|a, b| a / b)),
    (b"mod", Word::Binary(|a, b| a % b)),
    (b"pow", Word::Binary(f64::powf)),
    (b"neg", Word::Unary(|a| -a)),
    (b"exp", Word::Unary(f64::exp)),
    (b"ln", Word::Unary(f64::ln)),
    (b"log10", Word::Unary(f64::log10)),
    (b"abs", Word::Unary(f64::abs)),
    (b"sqrt", Word::Unary(f64::sqrt)),
    (b"cbrt", Word::Unary(f64::cbrt)),
    (b"floor", Word::Unary(f64::floor)),
    (b"ceil", Word::Unary(f64::ceil)),
    (b"round", Word::Unary(f64::round)),
    (b"nearbyint", Word::Unary(f64::round_ties_even)),
    (b"trunc", Word::Unary(f64::trunc)),
    (b"e", Word::Constant(std::f64::consts::E)),
    (b"pi", Word::Constant(std::f64::consts::PI)),
    (b"drop", Word::Drop),
    (b"dup", Word::Duplicate),
    (b"swap", Word::Swap),
];

/// The one number that is left in the end.
pub fn evaluate(text: &[u8]) -> Result<f64, String> {
    let mut stack = Vec::new();
    let mut rest = text.trim_ascii();
    while !rest.is_empty() {
        rest = step(rest, &mut stack)?.trim_ascii_start();
        if stack.len() > DEPTH {
            return Err("the stack is full".to_owned());
        }
    }
    match stack.as_slice() {
        [result] => Ok(*result),
        stack => Err(format!("{} numbers are left, not one", stack.len())),
    }
}

/// Executes one number or word and says what stands behind it. A number needs no blank behind it.
fn step<'a>(text: &'a [u8], stack: &mut Vec<f64>) -> Result<&'a [u8], String> {
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    if digits.first().is_some_and(u8::is_ascii_digit)
        && let Some((value, length)) = number::prefix(text)
    {
        if value.is_infinite() {
            return Err("a number is too large".to_owned());
        }
        stack.push(value);
        return Ok(text.get(length..).unwrap_or_default());
    }
    let length = text.iter().take_while(|b| !b.is_ascii_whitespace()).count();
    let (name, rest) = text.split_at(length);
    let word = WORDS.iter().find(|(known, _)| *known == name).map(|(_, word)| word);
    let word = word.ok_or_else(|| format!("unknown word `{}`", String::from_utf8_lossy(name)))?;
    let mut pop = || stack.pop().ok_or_else(|| format!("`{}` lacks a number", String::from_utf8_lossy(name)));
    match word {
        Word::Constant(value) => stack.push(*value),
        Word::Unary(function) => {
            let value = pop()?;
            stack.push(function(value));
        }
        Word::Binary(function) => {
            let (right, left) = (pop()?, pop()?);
            stack.push(function(left, right));
        }
        Word::Drop => drop(pop()?),
        Word::Duplicate => {
            let value = pop()?;
            stack.extend([value, value]);
        }
        Word::Swap => {
            let (right, left) = (pop()?, pop()?);
            stack.extend([right, left]);
        }
    }
    Ok(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, value: f64) {
        let result = evaluate(text.as_bytes()).unwrap_or_else(|e| panic!("{text}: {e}"));
        assert!((result - value).abs() < 1e-9, "{text} is {result}");
    }

    #[test]
    fn words_work_on_the_stack() {
        check("1 2 +", 3.0);
        check("10 4 - 3 * 4 /", 4.5);
        check("1 3 swap swap dup drop / exp ln 1 swap /", 3.0);
        check("2 10 pow 1000 mod neg abs", 24.0);
        check("27 cbrt 16 sqrt + 100 log10 +", 9.0);
        check("2.5 nearbyint 2.5 round + 1.2 ceil + 1.9 floor + -1.9 trunc +", 7.0);
        check("pi e - pi e - -", 0.0);
    }

    #[test]
    fn what_leaves_not_one_number_is_an_error() {
        for bad in ["", "1 2", "+", "1 +", "1 swap", "drop", "1 nosuch", "1 Neg", "1e999"] {
            assert!(evaluate(bad.as_bytes()).is_err(), "{bad}");
        }
        assert!(evaluate("1 ".repeat(2000).as_bytes()).is_err());
    }
}
