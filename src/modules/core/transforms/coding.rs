//! `{s.*}`: codings of bytes as text and back.
use super::super::calendar::sip_date;
use super::{bytes, on_text};
use crate::base::Str;
use crate::context::Value;
use crate::vm::{Cx, TransformArg, TransformRow};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

pub const TRANSFORMS: &[TransformRow] = &[
    on_text!("s", "encode.hexa", |s, _| bytes(hex(&s)), "Each byte as two hexadecimal digits."),
    on_text!("s", "decode.hexa", |s, _| unhex(&s), "The bytes that hexadecimal digits stand for."),
    TransformRow::new("s", "hex2dec", hex2dec, "The integer that hexadecimal digits stand for."),
    TransformRow::new("s", "dec2hex", dec2hex, "An integer in hexadecimal digits."),
    on_text!("s", "escape.common", |s, _| escape_common(&s), "Quotes, backslashes and NULs behind a backslash."),
    on_text!("s", "unescape.common", |s, _| unescape_common(&s), "The reverse of `escape.common`."),
    on_text!("s", "escape.user", |s, _| escape(&s, is_user), "Escaped for the user of a URI."),
    on_text!("s", "unescape.user", |s, _| unescape(&s), "The reverse of `escape.user`."),
    on_text!("s", "escape.param", |s, _| escape(&s, is_param), "Escaped for a parameter of a URI."),
    on_text!("s", "unescape.param", |s, _| unescape(&s), "The reverse of `escape.param`."),
    on_text!("s", "b64encode", |s, _| bytes(STANDARD.encode(&s[..]).into_bytes()), "Base64."),
    on_text!(
        "s",
        "b64decode",
        |s, _| UNPADDED.decode(&s[..]).map_or(Value::Null, bytes),
        "The reverse of `b64encode`."
    ),
    on_text!(
        "s",
        "date2unix",
        |s, _| sip_date(&s).map_or(Value::Null, |n| Value::Str(n.to_string().into())),
        "Seconds since 1970 of the value of a Date header field, as text."
    ),
];

const UNPADDED: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// Lower-case hexadecimal digits.
pub fn hex(data: &[u8]) -> Vec<u8> {
    let digit = |n: u8| DIGITS.get(usize::from(n & 0xf)).copied().unwrap_or_default();
    data.iter().flat_map(|b| [digit(b >> 4), digit(*b)]).collect()
}

fn nibble(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).map(|n| n as u8)
}

/// A last digit without a partner is ignored.
fn unhex(text: &[u8]) -> Value {
    let byte = |pair: &[u8; 2]| Some(nibble(pair[0])? << 4 | nibble(pair[1])?);
    let decoded: Option<Vec<u8>> = text.as_chunks::<2>().0.iter().map(byte).collect();
    decoded.map_or(Value::Null, bytes)
}

fn hex2dec(_: &mut Cx<'_>, value: Value, _: Option<i32>, _: &[TransformArg]) -> Value {
    let Value::Str(text) = value else { return value };
    if text.len() > 8 {
        return Value::Null;
    }
    let number = text.iter().try_fold(0u32, |n, d| Some(n << 4 | u32::from(nibble(*d)?)));
    number.map_or(Value::Null, |n| Value::Int(n.cast_signed()))
}

fn dec2hex(_: &mut Cx<'_>, value: Value, _: Option<i32>, _: &[TransformArg]) -> Value {
    let number = value.int_face().or_else(|| value.borrowed_str()?.as_utf8()?.parse().ok());
    number.map_or(Value::Null, |n| Value::Str(format!("{n:x}").into()))
}

fn escape_common(text: &[u8]) -> Value {
    let mut out = Vec::with_capacity(text.len() + 8);
    for &b in text {
        match b {
            b'\'' | b'"' | b'\\' => out.extend_from_slice(&[b'\\', b]),
            0 => out.extend_from_slice(b"\\0"),
            b => out.push(b),
        }
    }
    bytes(out)
}

fn unescape_common(text: &[u8]) -> Value {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&first, tail)) = rest.split_first() {
        let (byte, after) = match (first, tail) {
            (b'\\', [quoted @ (b'\'' | b'"' | b'\\'), after @ ..]) => (*quoted, after),
            (b'\\', [b'0', after @ ..]) => (0, after),
            _ => (first, tail),
        };
        out.push(byte);
        rest = after;
    }
    bytes(out)
}

/// RFC 3261 25.1 `unreserved` and `user-unreserved`.
fn is_user(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b"-_.!~*'()&=+$,;?/".contains(&b)
}

/// RFC 3261 25.1 `unreserved` and `param-unreserved`.
fn is_param(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b"-_.!~*'()[]/:&+$".contains(&b)
}

/// Every byte that may not stand as it is becomes `%xx`. Control bytes and those beyond ASCII cannot be escaped in a
/// user (OpenSIPS refuses them): NULL.
fn escape(text: &[u8], may_stand: fn(u8) -> bool) -> Value {
    let mut out = Vec::with_capacity(text.len() + 8);
    for &b in text {
        if !(b' '..=b'~').contains(&b) {
            return Value::Null;
        }
        if may_stand(b) {
            out.push(b);
        } else {
            out.push(b'%');
            out.extend_from_slice(&hex(&[b]));
        }
    }
    bytes(out)
}

/// NULL for a `%` without two digits and for a byte that a text cannot have.
fn unescape(text: &[u8]) -> Value {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&first, tail)) = rest.split_first() {
        if first != b'%' {
            out.push(first);
            rest = tail;
            continue;
        }
        let [high, low, after @ ..] = tail else { return Value::Null };
        let (Some(high), Some(low)) = (nibble(*high), nibble(*low)) else { return Value::Null };
        let byte = high << 4 | low;
        if !(b' '..=b'~').contains(&byte) {
            return Value::Null;
        }
        out.push(byte);
        rest = after;
    }
    Value::Str(Str::from(out))
}

#[cfg(test)]
mod tests {
    use crate::modules::core::transforms::check;
    use crate::modules::fixture::Fixture;

    #[test]
    fn hexadecimal_digits_go_both_ways() {
        check("az~", &[("s.encode.hexa", "617a7e"), ("s.encode.hexa}{s.decode.hexa", "az~")]);
        check("4A4b4", &[("s.decode.hexa", "JK")]);
        check("4x", &[("s.decode.hexa", "<null>")]);
        check("ff", &[("s.hex2dec", "255")]);
        check("FFFFFFFF", &[("s.hex2dec", "-1")]);
        check("", &[("s.hex2dec", "0")]);
        check("0x1f", &[("s.hex2dec", "<null>")]);
        check("1ffffffff", &[("s.hex2dec", "<null>")]);
        check("xyz", &[("s.hex2dec", "<null>"), ("s.dec2hex", "<null>")]);
        check("255", &[("s.dec2hex", "ff")]);
        check("-1", &[("s.dec2hex", "ffffffff")]);
        assert_eq!(Fixture::new("OPTIONS sip:h SIP/2.0\ni: 1").expanded("$(rp{s.hex2dec})"), "5060");
    }

    #[test]
    fn quotes_hide_behind_backslashes() {
        check(
            "a'b\"c\\d\0",
            &[("s.escape.common", "a\\'b\\\"c\\\\d\\0"), ("s.escape.common}{s.unescape.common", "a'b\"c\\d\0")],
        );
        check("a\\n\\", &[("s.unescape.common", "a\\n\\")]);
    }

    #[test]
    fn uri_escapes_leave_what_may_stand() {
        check("a b@c;d:e", &[("s.escape.user", "a%20b%40c;d%3ae"), ("s.escape.param", "a%20b%40c%3bd:e")]);
        check("a%20b%3B", &[("s.unescape.user", "a b;"), ("s.unescape.param", "a b;")]);
        for bad in ["%4", "%zz", "%00", "%"] {
            check(bad, &[("s.unescape.user", "<null>")]);
        }
        check("a\u{e9}", &[("s.escape.user", "<null>"), ("s.escape.param", "<null>")]);
    }

    #[test]
    fn base64_takes_missing_padding() {
        check(
            "any carnal pleas",
            &[("s.b64encode", "YW55IGNhcm5hbCBwbGVhcw=="), ("s.b64encode}{s.b64decode", "any carnal pleas")],
        );
        check("YW55IGNhcm5hbCBwbGVhcw", &[("s.b64decode", "any carnal pleas")]);
        check("a*b", &[("s.b64decode", "<null>")]);
    }

    #[test]
    fn a_date_becomes_seconds() {
        check("Sat, 13 Nov 2010 23:31:01 GMT", &[("s.date2unix", "1289691061")]);
        check("yesterday", &[("s.date2unix", "<null>")]);
    }
}
