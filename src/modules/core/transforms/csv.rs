//! `{csv.*}`: a record of RFC 4180.
use super::{int, on_text, place};
use crate::base::Str;
use crate::context::Value;
use crate::syntax::transform::ArgShape::Num;
use crate::vm::{TransformArg, TransformRow};

pub const TRANSFORMS: &[TransformRow] = &[
    on_text!("csv", "count", |s, _| count(&s), "How many fields there are."),
    on_text!("csv", "value", |s, args| value(&s, args), "The n-th field; negative counts from the end.").args(&[Num]),
];

fn count(s: &Str) -> Value {
    fields(s).map_or(Value::Null, |fields| Value::Int(fields.len() as i32))
}

fn value(s: &Str, args: &[TransformArg]) -> Value {
    let field = fields(s).and_then(|fields| {
        let n = place(int(args, 0)?, fields.len())?;
        fields.into_iter().nth(n)
    });
    field.into()
}

/// The fields of the first record; `None` for an empty text and for quotes that do not match.
fn fields(s: &Str) -> Option<Vec<Str>> {
    if s.is_empty() {
        return None;
    }
    let (mut out, mut rest): (Vec<Str>, &[u8]) = (Vec::new(), s);
    loop {
        let (field, after) = match rest.strip_prefix(b"\"") {
            Some(inner) => quoted(inner)?,
            None => {
                let end = rest.iter().position(|b| matches!(b, b',' | b'\r' | b'\n')).unwrap_or(rest.len());
                let (field, after) = rest.split_at(end);
                (s.part(field), after)
            }
        };
        out.push(field);
        match after {
            [b',', more @ ..] => rest = more,
            [] | [b'\r' | b'\n', ..] => return Some(out),
            _ => return None,
        }
    }
}

/// A field behind its opening quote, and what follows its closing one; two quotes in it stand for one.
fn quoted(text: &[u8]) -> Option<(Str, &[u8])> {
    let mut out = Vec::new();
    let mut rest = text;
    loop {
        let quote = memchr::memchr(b'"', rest)?;
        out.extend_from_slice(rest.get(..quote)?);
        rest = rest.get(quote + 1..)?;
        match rest.strip_prefix(b"\"") {
            Some(after) => {
                out.push(b'"');
                rest = after;
            }
            None => return Some((Str::from(out), rest)),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::modules::core::transforms::check;

    #[test]
    fn fields_may_be_quoted() {
        check(
            "a,\"b,\"\"c\"\"\",,d",
            &[
                ("csv.count", "4"),
                ("csv.value,0", "a"),
                ("csv.value,1", "b,\"c\""),
                ("csv.value,2", ""),
                ("csv.value,-1", "d"),
                ("csv.value,4", "<null>"),
                ("csv.value,-5", "<null>"),
            ],
        );
        check("a,b\r\nc", &[("csv.count", "2"), ("csv.value,1", "b")]);
    }

    #[test]
    fn no_record_is_null() {
        check("", &[("csv.count", "<null>")]);
        check("\"open", &[("csv.count", "<null>")]);
        check("\"a\"b", &[("csv.value,0", "<null>")]);
    }
}
