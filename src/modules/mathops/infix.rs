//! Expressions as people write them. Operators of one rank are taken from the left, `^` too; a sign binds tighter than `^`.
use super::number;

/// Parentheses, functions and signs inside one another.
const DEPTH: usize = 100;

/// A function of one number, by name.
type Builtin = (&'static [u8], fn(f64) -> f64);

static FUNCTIONS: &[Builtin] = &[
    (b"abs", f64::abs),
    (b"acos", f64::acos),
    (b"asin", f64::asin),
    (b"atan", f64::atan),
    (b"ceil", f64::ceil),
    (b"cos", f64::cos),
    (b"cosh", f64::cosh),
    (b"exp", f64::exp),
    (b"floor", f64::floor),
    (b"ln", f64::ln),
    (b"log", f64::log10),
    (b"sin", f64::sin),
    (b"sinh", f64::sinh),
    (b"sqrt", f64::sqrt),
    (b"tan", f64::tan),
    (b"tanh", f64::tanh),
];

/// What is not a number in the end is an error.
pub fn evaluate(text: &[u8]) -> Result<f64, String> {
    let mut reader = Reader { text, at: 0 };
    let value = reader.sum(0)?;
    match reader.peek() {
        Some(other) => Err(unexpected(other)),
        None if value.is_nan() => Err("the result is not a number".to_owned()),
        None => Ok(value),
    }
}

struct Reader<'a> {
    text: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn sum(&mut self, depth: usize) -> Result<f64, String> {
        let mut value = self.product(depth)?;
        while let Some(operator @ (b'+' | b'-')) = self.peek() {
            self.at += 1;
            let right = self.product(depth)?;
            value = if operator == b'+' { value + right } else { value - right };
        }
        Ok(value)
    }

    fn product(&mut self, depth: usize) -> Result<f64, String> {
        let mut value = self.power(depth)?;
        while let Some(operator @ (b'*' | b'/' | b'%')) = self.peek() {
            self.at += 1;
            let right = self.power(depth)?;
            value = match operator {
                b'*' => value * right,
                b'/' => value / right,
                _ => value % right,
            };
        }
        Ok(value)
    }

    fn power(&mut self, depth: usize) -> Result<f64, String> {
        let mut value = self.signed(depth)?;
        while self.peek() == Some(b'^') {
            self.at += 1;
            value = value.powf(self.signed(depth)?);
        }
        Ok(value)
    }

    fn signed(&mut self, depth: usize) -> Result<f64, String> {
        let mut negative = false;
        while let Some(sign @ (b'+' | b'-')) = self.peek() {
            self.at += 1;
            negative ^= sign == b'-';
        }
        let value = self.base(depth)?;
        Ok(if negative { -value } else { value })
    }

    fn base(&mut self, depth: usize) -> Result<f64, String> {
        if depth > DEPTH {
            return Err("it nests too deep".to_owned());
        }
        match self.peek() {
            Some(b'0'..=b'9' | b'.') => self.number(),
            Some(b'a'..=b'z') => {
                let function = self.function()?;
                Ok(function(self.signed(depth + 1)?))
            }
            Some(b'(') => {
                self.at += 1;
                let value = self.sum(depth + 1)?;
                if self.peek() != Some(b')') {
                    return Err("a `(` is not closed".to_owned());
                }
                self.at += 1;
                Ok(value)
            }
            Some(other) => Err(unexpected(other)),
            None => Err("a number is missing at the end".to_owned()),
        }
    }

    fn number(&mut self) -> Result<f64, String> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let (value, length) = number::prefix(rest).ok_or_else(|| unexpected(b'.'))?;
        self.at += length;
        Ok(value)
    }

    fn function(&mut self) -> Result<fn(f64) -> f64, String> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let length = rest.iter().take_while(|b| b.is_ascii_lowercase()).count();
        let name = rest.get(..length).unwrap_or_default();
        self.at += length;
        let known = FUNCTIONS.iter().find(|(known, _)| *known == name).map(|(_, function)| *function);
        known.ok_or_else(|| format!("unknown function `{}`", String::from_utf8_lossy(name)))
    }

    fn peek(&mut self) -> Option<u8> {
        let rest = self.text.get(self.at..)?;
        self.at += rest.iter().take_while(|b| matches!(b, b' ' | b'\t' | b'\r' | b'\n')).count();
        self.text.get(self.at).copied()
    }
}

fn unexpected(byte: u8) -> String {
    format!("unexpected `{}`", char::from(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, value: f64) {
        let result = evaluate(text.as_bytes()).unwrap_or_else(|e| panic!("{text}: {e}"));
        assert!((result - value).abs() < 1e-9, "{text} is {result}");
    }

    #[test]
    fn operators_have_ranks() {
        check("1 + 2*3", 7.0);
        check("(1 + 2)*3 - 4/2", 7.0);
        check("7 % 4 * 2", 6.0);
        check("2^3^2", 64.0);
        check("-2^2", 4.0);
        check("2 - -3 +- 1", 4.0);
        check(" 1e2 + 0x10 + .5 ", 116.5);
    }

    #[test]
    fn functions_take_what_stands_behind_them() {
        check("sqrt(16) + abs -3", 7.0);
        check("sqrt 16 ^ 2", 16.0);
        check("ln(exp(2)) + log(1000) + floor(1.9) + ceil(1.1)", 8.0);
        check("sin 0 + cos 0 + tan 0 + tanh 0", 1.0);
    }

    #[test]
    fn what_is_no_number_is_an_error() {
        for bad in ["", "1 +", "1 2", "(1", "1)", "nosuch(1)", "SIN(1)", "1 & 2", ".", "0/0", "sqrt(-1)", "e"] {
            assert!(evaluate(bad.as_bytes()).is_err(), "{bad}");
        }
        assert!(evaluate("(".repeat(100_000).as_bytes()).is_err());
        assert!(evaluate("sin ".repeat(100_000).as_bytes()).is_err());
        check(&format!("{}1", "-".repeat(100_001)), -1.0);
        check(&format!("1{}", "+1".repeat(100_000)), 100_001.0);
        assert_eq!(evaluate(b"1/0"), Ok(f64::INFINITY));
    }
}
