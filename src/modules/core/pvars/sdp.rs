//! The session description: `$sdp`, and by path its lines and words: `$sdp.line`, `$sdp.session`, `$sdp.stream`.
use super::super::message_body::{self, Body};
use super::super::sdp::path::{self, Step};
use super::super::sdp::text::{Change, Lines, Section, find_token, with_token};
use crate::base::Str;
use crate::context::{Run, Value};
use crate::registry::{SubName, VarKind};
use crate::sip::Range;
use crate::sip::sdp::Sdp;
use crate::vm::{Cx, Index, NameKind, Pvar, Store, Var, WriteError};

const MIME: &[u8] = b"application/sdp";
/// Words in place of an index: what is written becomes a new line.
const INSERTS: &[&str] = &[BEFORE, AFTER];
const BEFORE: &str = "insert";
const AFTER: &str = "insertAfter";
/// No message with a larger body could be sent.
const MAX_BODY: usize = 65_535;

const SDP: Pvar =
    Pvar::new("sdp", read_sdp, "The session description as it will leave; NULL removes it.").writable(write_sdp);

pub const PVARS: &[Pvar] = &[
    SDP,
    SDP.named(SubName::Required, NameKind::Text),
    by_path(
        "sdp.line",
        |cx, var| read(cx, var, Reach::Everything),
        "A line of the session description, or a word of it: `$sdp.line(m=audio[0]/[1])`.",
    )
    .index_words(INSERTS)
    .writable(|cx, var, _, value| write(cx, var, Reach::Everything, value)),
    by_path(
        "sdp.session",
        |cx, var| read(cx, var, Reach::Session),
        "A line in front of the first stream, or a word of it.",
    )
    .index_words(INSERTS)
    .writable(|cx, var, _, value| write(cx, var, Reach::Session, value)),
    by_path(
        "sdp.stream",
        |cx, var| read(cx, var, Reach::Stream),
        "A line of a stream, or a word of it: `$sdp.stream(audio[0]/a=ptime)`.",
    )
    .index_words(INSERTS)
    .writable(|cx, var, _, value| write(cx, var, Reach::Stream, value)),
    by_path("sdp.stream.idx", index_of_line, "Which line of the session description a `$sdp.stream` means."),
];

const fn by_path(name: &'static str, read: crate::vm::ReadFn, doc: &'static str) -> Pvar {
    Pvar::new(name, read, doc).named(SubName::Required, NameKind::Pieces).kind(VarKind::Path).checked(path::check)
}

/// What a path begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reach {
    Everything,
    Session,
    Stream,
}

/// A path, taken apart.
#[derive(Default)]
struct Target {
    stream: Step,
    line: Step,
    token: Option<Step>,
}

impl Target {
    fn of(cx: &mut Cx<'_>, var: &Var, reach: Reach) -> Option<Target> {
        let most = if reach == Reach::Stream { 3 } else { 2 };
        let mut steps = path::of(cx, var, most)?.into_iter();
        let stream = if reach == Reach::Stream { steps.next()? } else { Step::default() };
        Some(Target { stream, line: steps.next().unwrap_or_default(), token: steps.next() })
    }

    fn section(&self, reach: Reach) -> Section<'_> {
        match reach {
            Reach::Everything => Section::Everything,
            Reach::Session => Section::Session,
            Reach::Stream => Section::Stream(&self.stream),
        }
    }
}

/// The description in the body as it will leave.
fn description(run: &Run) -> Option<(Body, Range)> {
    let body = Body::of(run)?;
    let part = body.part(MIME)?;
    Some((body, part.body))
}

fn read_sdp(cx: &mut Cx<'_>, _: &Var) -> Value {
    description(cx.run).map_or(Value::Null, |(body, at)| Value::Str(Str::new(at.of(&body.text))))
}

fn read(cx: &mut Cx<'_>, var: &Var, reach: Reach) -> Value {
    let found = Target::of(cx, var, reach).and_then(|target| {
        let (body, at) = description(cx.run)?;
        let lines = Lines::of(at.of(&body.text));
        let line = lines.line(lines.find(&target.section(reach), &target.line)?)?;
        match &target.token {
            None => Some(Str::new(line)),
            Some(token) => find_token(line, token).map(|word| Str::new(word.of(line))),
        }
    });
    found.into()
}

fn index_of_line(cx: &mut Cx<'_>, var: &Var) -> Value {
    let found = Target::of(cx, var, Reach::Stream).and_then(|target| {
        let (body, at) = description(cx.run)?;
        let lines = Lines::of(at.of(&body.text));
        let section = target.section(Reach::Stream);
        match &target.token {
            None => lines.find(&section, &target.line),
            Some(token) => lines.find_with_token(&section, &target.line, token),
        }
    });
    found.map_or(Value::Null, |n| Value::Int(n as i32))
}

fn write_sdp(cx: &mut Cx<'_>, _: &Var, _: Store, value: Value) -> Result<(), WriteError> {
    let Some(text) = value.str_face() else {
        remove(cx.run);
        return Ok(());
    };
    check(&text)?;
    match (Body::of(cx.run), description(cx.run)) {
        (_, Some((body, at))) => replace(cx.run, &body, at, &text),
        (None, None) => {
            message_body::store(cx.run, text.to_vec(), Some(MIME.to_vec()));
            Ok(())
        }
        (Some(_), None) => Err(WriteError::new("the body is none that holds a session description")),
    }
}

/// RFC 8866 5: a version first, and for each stream an address.
fn check(text: &[u8]) -> Result<(), WriteError> {
    let refused = |problem| Err(WriteError::new(format!("is given no session description: {problem}")));
    let Some(sdp) = Sdp::parse(text, Range::all(text)) else { return refused("it does not begin with `v=`") };
    if !text.contains(&b'\n') {
        return refused("it has no line end");
    }
    match sdp.media.iter().all(|media| sdp.connection(media).is_some()) {
        true => Ok(()),
        false => refused("a stream has no address (`c=`)"),
    }
}

fn remove(run: &mut Run) {
    let Some(body) = Body::of(run) else { return };
    let Some(part) = body.part(MIME) else { return };
    if body.is_multipart() {
        let rest = body.with(part.whole, b"");
        message_body::store(run, rest, body.content_type);
    } else {
        message_body::remove(run);
    }
}

fn write(cx: &mut Cx<'_>, var: &Var, reach: Reach, value: Value) -> Result<(), WriteError> {
    let target = Target::of(cx, var, reach).ok_or_else(|| WriteError::new("its path cannot be read"))?;
    let text = value.str_face();
    let new = text.as_deref().map(without_line_end);
    let index = var.index(cx);
    let (body, at) = description(cx.run).ok_or_else(|| WriteError::new("the message has no session description"))?;
    let changed = changed(&Lines::of(at.of(&body.text)), &target, reach, index, new);
    let changed = changed.ok_or_else(|| WriteError::new("there is no such line or word"))?;
    replace(cx.run, &body, at, &changed)
}

fn changed(lines: &Lines<'_>, target: &Target, reach: Reach, index: Index, new: Option<&[u8]>) -> Option<Vec<u8>> {
    let section = target.section(reach);
    let Some(token) = &target.token else {
        let change = match (index, new) {
            (_, None) => Change::Delete,
            (Index::Word(BEFORE), Some(new)) => Change::InsertBefore(new),
            (Index::Word(_), Some(new)) => Change::InsertAfter(new),
            (_, Some(new)) => Change::Replace(new),
        };
        return lines.changed(&section, &target.line, &change);
    };
    let line = lines.line(lines.find(&section, &target.line)?)?;
    let line = with_token(line, find_token(line, token)?, token, new);
    lines.changed(&section, &target.line, &Change::Replace(&line))
}

fn replace(run: &mut Run, body: &Body, at: Range, new: &[u8]) -> Result<(), WriteError> {
    let text = body.with(at, new);
    if text.len() > MAX_BODY {
        return Err(WriteError::new("would make the body too long"));
    }
    message_body::store(run, text, body.content_type.clone());
    Ok(())
}

/// Lines are written without their end; one that is given is dropped.
fn without_line_end(text: &[u8]) -> &[u8] {
    let text = text.strip_suffix(b"\n").unwrap_or(text);
    text.strip_suffix(b"\r").unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::modules::fixture::Fixture;

    const SDP: &str = "v=0
o=- 1 1 IN IP4 192.0.2.7
s=call
c=IN IP4 192.0.2.7
t=0 0
a=sess:1
m=audio 4000 RTP/AVP 0 8 101
a=rtpmap:0 PCMU/8000
a=ptime:20
m=video 4002 RTP/AVP 31
a=rtpmap:31 H261/90000
a=fmtp:31 CIF=2 bitrate=64
m=audio 4004 RTP/AVP 9
a=ptime:30
";

    fn call() -> Fixture {
        Fixture::new(&format!("INVITE sip:h SIP/2.0\nc: application/sdp\n\n{SDP}"))
    }

    fn in_multipart() -> Fixture {
        let part = "--b\nContent-Type: text/plain\n\nhello\n";
        Fixture::new(&format!(
            "INVITE sip:h SIP/2.0\nc: multipart/mixed;boundary=b\n\n{part}--b\nContent-Type: application/sdp\n\n{SDP}\n--b--\n"
        ))
    }

    fn reads(f: &mut Fixture, cases: &[(&str, &str)]) {
        for (name, expected) in cases {
            assert_eq!(f.expanded(name), *expected, "{name}");
        }
    }

    #[test]
    fn lines_and_words_are_found_by_path() {
        let cases = [
            ("$sdp.line(a=)|$sdp.line(a=[1])|$sdp.line(A=PTIME[1])", "a=sess:1|a=rtpmap:0 PCMU/8000|a=ptime:30"),
            ("$sdp.line([1])|$sdp.line([99])|$sdp.line(z=)", "o=- 1 1 IN IP4 192.0.2.7|<null>|<null>"),
            ("$sdp.line(m=audio/[1])|$sdp.line(m=audio[1]/RTP\\/)|$sdp.line(m=audio/[6])", "4000|RTP/AVP|<null>"),
            (
                "$sdp.session(a=)|$sdp.session(a=[1])|$sdp.session(m=)|$sdp.session([6])",
                "a=sess:1|<null>|<null>|<null>",
            ),
            (
                "$sdp.stream(/a=ptime)|$sdp.stream([2]/a=ptime)|$sdp.stream(audio[1]/a=)",
                "a=ptime:20|a=ptime:30|a=ptime:30",
            ),
            ("$sdp.stream(video)|$sdp.stream(v/a=fmtp/bitrate=)", "m=video 4002 RTP/AVP 31|bitrate=64"),
            (
                "$sdp.stream(video/[2])|$sdp.stream(video/[3])|$sdp.stream(text)",
                "a=fmtp:31 CIF=2 bitrate=64|<null>|<null>",
            ),
            (
                "$sdp.stream.idx(video)|$sdp.stream.idx(video/a=fmtp)|$sdp.stream.idx(video/a=fmtp/profile)",
                "9|11|<null>",
            ),
        ];
        reads(&mut call(), &cases);
        reads(&mut in_multipart(), &cases);
    }

    #[test]
    fn an_index_may_be_a_variable() {
        let mut f = call();
        f.set("$var(i)", 1).expect("a variable is set");
        reads(
            &mut f,
            &[("$sdp.line(a=[$var(i)])|$sdp.line([$var(i)])", "a=rtpmap:0 PCMU/8000|o=- 1 1 IN IP4 192.0.2.7")],
        );
        f.set("$var(i)", Value::text(b"x")).expect("a variable is set");
        reads(&mut f, &[("$sdp.line([$var(i)])", "<null>")]);
    }

    #[test]
    fn lines_are_replaced_deleted_and_put_in() {
        let mut f = call();
        f.set("$sdp.line(a=sess)", Value::text(b"a=new\r\n")).expect("the line is there");
        f.set("$(sdp.line(a=new)[insert])", Value::text(b"a=before")).expect("the line is there");
        f.set("$(sdp.line(a=new)[insertafter])", Value::text(b"a=after")).expect("the line is there");
        reads(&mut f, &[("$sdp.line([5])|$sdp.line([6])|$sdp.line([7])", "a=before|a=new|a=after")]);
        f.set("$sdp.session(a=before)", Value::Null).expect("the line is there");
        f.set("$(sdp.session([7])[insert])", Value::text(b"a=last")).expect("there is room behind the session");
        reads(
            &mut f,
            &[("$sdp.session([6])|$sdp.session([7])|$sdp.line([8])", "a=after|a=last|m=audio 4000 RTP/AVP 0 8 101")],
        );
        f.set("$sdp.stream(audio[1]/a=ptime)", Value::Null).expect("the line is there");
        assert!(f.written().ends_with("m=audio 4004 RTP/AVP 9\r\n"), "{}", f.written());
        assert!(f.written().contains("a=new\r\na=after\r\na=last\r\nm=audio 4000"), "{}", f.written());
    }

    #[test]
    fn words_are_replaced_behind_what_they_begin_with() {
        let mut f = call();
        f.set("$sdp.stream(video/a=fmtp:31/bitrate=)", 48).expect("the word is there");
        reads(&mut f, &[("$sdp.stream(video/a=fmtp)", "a=fmtp:31 CIF=2 bitrate=48")]);
        f.set("$sdp.stream(video/a=fmtp:31/cif=)", Value::Null).expect("the word is there");
        f.set("$sdp.stream(video/m=/[1])", Value::text(b"0")).expect("the word is there");
        reads(&mut f, &[("$sdp.stream(video/a=fmtp)|$sdp.stream(video)", "a=fmtp:31 bitrate=48|m=video 0 RTP/AVP 31")]);
        assert!(f.set("$sdp.stream(video/a=fmtp/none=)", 1).is_err());
    }

    #[test]
    fn what_is_not_there_is_not_written() {
        let mut f = call();
        let before = f.written();
        for name in
            ["$sdp.line([14])", "$sdp.line(z=)", "$sdp.session([6])", "$sdp.stream(text)", "$(sdp.line(z=)[insert])"]
        {
            assert!(f.set(name, Value::text(b"a=x")).is_err(), "{name}");
            assert!(f.set(name, Value::Null).is_err(), "{name}");
        }
        assert_eq!(f.written(), before);
        assert!(f.set("$sdp.line(a=)", Value::from(Str::from("x".repeat(MAX_BODY)))).is_err());
        assert!(
            Fixture::new("INVITE sip:h SIP/2.0\nc: text/plain\n\nhi")
                .set("$sdp.line([0])", Value::text(b"v=0"))
                .is_err()
        );
    }

    #[test]
    fn the_whole_is_replaced_by_a_good_one_only() {
        let good = Value::text(b"v=0\r\nc=IN IP4 192.0.2.9\r\nm=audio 1 RTP/AVP 0\r\n");
        let mut f = call();
        for bad in ["", "garbage", "v=0", "v=0\r\nm=audio 1 RTP/AVP 0\r\n"] {
            assert!(f.set("$sdp", Value::text(bad.as_bytes())).is_err(), "{bad}");
        }
        f.set("$sdp", good.clone()).expect("it is a session description");
        reads(&mut f, &[("$sdp.line([1])|$sdp.stream(audio/[0]/[1])", "c=IN IP4 192.0.2.9|1")]);
        let mut f = Fixture::new("INVITE sip:h SIP/2.0\ni: 1");
        f.set("$sdp", good.clone()).expect("there is room for a body");
        assert!(f.written().contains("Content-Type: application/sdp\r\n"), "{}", f.written());
        assert!(Fixture::new("INVITE sip:h SIP/2.0\nc: text/plain\n\nhi").set("$sdp", good).is_err());
    }

    #[test]
    fn null_takes_the_description_and_nothing_else() {
        let mut f = call();
        f.set("$sdp", Value::Null).expect("a description can be removed");
        assert_eq!(f.expanded("$sdp $sdp.line([0])"), "<null> <null>");
        assert!(f.written().ends_with("Content-Length: 0\r\n\r\n"), "{}", f.written());
        let mut f = in_multipart();
        f.set("$sdp", Value::Null).expect("a description can be removed");
        assert!(f.written().contains("hello\r\n--b--"), "{}", f.written());
        assert_eq!(f.expanded("$sdp"), "<null>");
    }
}
