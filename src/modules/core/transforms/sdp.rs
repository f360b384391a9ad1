//! `{sdp.*}`: lines and streams of a session description.
use super::{int, on_text, place, text};
use crate::base::Str;
use crate::context::Value;
use crate::sip::Range;
use crate::sip::sdp::{Media, Sdp, lines};
use crate::syntax::transform::ArgShape::{Num, Word, WordOrNum};
use crate::vm::{TransformArg, TransformRow};

pub const TRANSFORMS: &[TransformRow] = &[
    on_text!("sdp", "line", |s, args| line(&s, args), "The n-th line of a letter, as it stands, without its line end.")
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
    found.map_or(Value::Null, |line| Value::Str(s.part(Range { start: line.whole.start, end: line.value.end }.of(s))))
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

#[cfg(test)]
mod tests {
    use crate::modules::core::transforms::check;

    const SDP: &str =
        "v=0\r\ns=x\r\nc=IN IP4 h\r\nm=audio 1 RTP/AVP 0\r\na=one\r\na=two\r\nm=video 2 RTP/AVP 31\r\na=three\r\n";

    #[test]
    fn lines_are_counted_by_letter() {
        check(
            SDP,
            &[
                ("sdp.line,c", "c=IN IP4 h"),
                ("sdp.line,a,1", "a=two"),
                ("sdp.line,a,2", "a=three"),
                ("sdp.line,a,3", "<null>"),
                ("sdp.line,z", "<null>"),
                ("sdp.line,a,-1", "<null>"),
            ],
        );
    }

    #[test]
    fn streams_are_found_by_place_and_medium() {
        let video = "m=video 2 RTP/AVP 31\r\na=three\r\n";
        check(
            SDP,
            &[
                ("sdp.stream,1", video),
                ("sdp.stream,-1", video),
                ("sdp.stream,VIDEO", video),
                ("sdp.stream,2", "<null>"),
                ("sdp.stream,text", "<null>"),
                ("sdp.stream-delete,0", &format!("v=0\r\ns=x\r\nc=IN IP4 h\r\n{video}")),
                ("sdp.stream-delete,video", SDP.strip_suffix(video).unwrap_or_default()),
                ("sdp.stream-delete,text", "<null>"),
            ],
        );
        check("no description", &[("sdp.stream,0", "<null>")]);
    }
}
