//! Numbers as C reads and writes them.

/// What `%.*f` writes.
pub fn fixed(value: f64, digits: usize) -> String {
    if value.is_nan() {
        return if value.is_sign_negative() { "-nan" } else { "nan" }.to_owned();
    }
    format!("{value:.digits$}")
}

/// The number that a text begins with, as `strtod` finds it, and its length; hexadecimal ones, `inf` and `nan` included.
pub fn prefix(text: &[u8]) -> Option<(f64, usize)> {
    let signed = usize::from(matches!(text.first(), Some(b'+' | b'-')));
    let negative = text.first() == Some(&b'-');
    let (value, length) = magnitude(text.get(signed..)?)?;
    Some((if negative { -value } else { value }, signed + length))
}

fn magnitude(text: &[u8]) -> Option<(f64, usize)> {
    let starts_with = |word: &[u8]| text.get(..word.len()).is_some_and(|t| t.eq_ignore_ascii_case(word));
    if starts_with(b"0x")
        && let Some((value, length)) = hexadecimal(text.get(2..).unwrap_or_default())
    {
        return Some((value, length + 2));
    }
    for (word, value) in [(&b"infinity"[..], f64::INFINITY), (b"inf", f64::INFINITY), (b"nan", f64::NAN)] {
        if starts_with(word) {
            return Some((value, word.len()));
        }
    }
    decimal(text)
}

fn decimal(text: &[u8]) -> Option<(f64, usize)> {
    let digits = |from: usize| text.iter().skip(from).take_while(|b| b.is_ascii_digit()).count();
    let whole = digits(0);
    let mut length = whole;
    let mut fraction = 0;
    if text.get(length) == Some(&b'.') {
        fraction = digits(length + 1);
        length += 1 + fraction;
    }
    if whole + fraction == 0 {
        return None;
    }
    if matches!(text.get(length), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(text.get(length + 1), Some(b'+' | b'-')));
        match digits(length + 1 + sign) {
            0 => {}
            exponent => length += 1 + sign + exponent,
        }
    }
    let text = std::str::from_utf8(text.get(..length)?).ok()?;
    Some((text.parse().ok()?, length))
}

/// Digits with a point among them; an exponent (`p`) is not read.
fn hexadecimal(text: &[u8]) -> Option<(f64, usize)> {
    let (mut value, mut scale, mut length, mut digits) = (0.0, None, 0, 0);
    for &byte in text {
        match (byte, (byte as char).to_digit(16)) {
            (_, Some(digit)) => {
                digits += 1;
                match &mut scale {
                    None => value = value * 16.0 + f64::from(digit),
                    Some(scale) => {
                        *scale /= 16.0;
                        value += f64::from(digit) * *scale;
                    }
                }
            }
            (b'.', None) if scale.is_none() => scale = Some(1.0),
            _ => break,
        }
        length += 1;
    }
    (digits > 0).then_some((value, length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_begins_with_a_number() {
        for (text, value, length) in [
            ("12", 12.0, 2),
            ("1.5e3x", 1500.0, 5),
            ("1e", 1.0, 1),
            (".5", 0.5, 2),
            ("5.", 5.0, 2),
            ("-7 ", -7.0, 2),
            ("0x1F", 31.0, 4),
            ("0x.8", 0.5, 4),
            ("0xg", 0.0, 1),
            ("inf", f64::INFINITY, 3),
        ] {
            assert_eq!(prefix(text.as_bytes()), Some((value, length)), "{text}");
        }
        for none in ["", "x", ".", "-", "e5"] {
            assert_eq!(prefix(none.as_bytes()), None, "{none}");
        }
    }

    #[test]
    fn results_have_a_fixed_number_of_digits() {
        assert_eq!(fixed(2.0 / 3.0, 6), "0.666667");
        assert_eq!(fixed(-0.5, 0), "-0");
        assert_eq!(fixed(f64::INFINITY, 2), "inf");
        assert_eq!(fixed(f64::NAN, 2), "nan");
    }
}
