//! `{sdp.*}`: lines and streams of a session description.
use super::{int, on_text, place, text};
use crate::base::Str;
use crate::context::Value;
use crate::sip::Range;
use crate::sip::sdp::{Media, Sdp, lines};
use crate::syntax::transform::ArgShape::{Num, Word, WordOrNum};
use crate::vm::{TransformArg, TransformRow};

pub const TRANSFORMS: &[TransformRow] = &[
    on_text!("sdp", "line", |s, args| line(&s, args), "The n-th line of a letter, without letter and line end.")
        .args(&[Word, Num])
        .optional(1),
    on_text!("sdp", "stream", |s, args| stream(&s, args), "The n-th stream, or the first of a medium.")
        .args(&[WordOrNum]),
    on_text!(
        "sdp",
        "stream-delete",
        |s, args| without_stream(&s, args),
        "Without the n-th stream, or all of a medium."
    )
    .args(&[WordOrNum]),
];

fn line(s: &Str, args: &[TransformArg]) -> Value {
    let letter = text(args, 0).and_then(|t| t.first().copied());
    let n = if args.len() > 1 { int(args, 1).and_then(|n| usize::try_from(n).ok()) } else { Some(0) };
    let (Some(letter), Some(n)) = (letter, n) else { return Value::Null };
    let found = lines(s, Range::all(s)).filter(|line| line.kind == letter).nth(n);
    found.map_or(Value::Null, |line| Value::Str(s.part(line.value.of(s))))
}

/// The streams meant: one by its number, or every one of a medium.
fn chosen<'s>(sdp: &'s Sdp<'_>, args: &[TransformArg]) -> Vec<&'s Media> {
    let number = int(args, 0).or_else(|| text(args, 0)?.as_utf8()?.parse().ok());
    match (number, text(args, 0)) {
        (Some(n), _) => place(n, sdp.media.len()).and_then(|n| sdp.media.get(n)).into_iter().collect(),
        (None, Some(kind)) => {
            sdp.media.iter().filter(|media| sdp.bytes(media.kind).eq_ignore_ascii_case(&kind)).collect()
        }
        (None, None) => Vec::new(),
    }
}

fn stream(s: &Str, args: &[TransformArg]) -> Value {
    let Some(sdp) = Sdp::parse(s, Range::all(s)) else { return Value::Null };
    let first = chosen(&sdp, args).first().map(|media| media.whole);
    first.map_or(Value::Null, |range| Value::Str(s.part(range.of(s))))
}

fn without_stream(s: &Str, args: &[TransformArg]) -> Value {
    let Some(sdp) = Sdp::parse(s, Range::all(s)) else { return Value::Null };
    let gone: Vec<Range> = chosen(&sdp, args).iter().map(|media| media.whole).collect();
    if gone.is_empty() {
        return Value::Null;
    }
    let mut out = sdp.bytes(sdp.session).to_vec();
    for media in sdp.media.iter().filter(|media| !gone.contains(&media.whole)) {
        out.extend_from_slice(sdp.bytes(media.whole));
    }
    super::bytes(out)
}
