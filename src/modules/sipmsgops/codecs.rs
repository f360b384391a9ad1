//! Codecs of all media of a session description: looked for, removed, moved.
use super::sdp_edit::{self, Changes, is_refused};
use crate::base::Str;
use crate::script_fns;
use crate::sip::Range;
use crate::sip::sdp::{Media, Sdp};
use crate::syntax::ere::Pattern;
use crate::vm::{Cx, Function, PatternArg};

pub const FUNCTIONS: &[Function] = script_fns! {
    /// Whether a codec is offered, with this clock rate.
    fn codec_exists(name: Str, clock: Option<Str>) in REQUEST | FAILURE | ONREPLY | BRANCH | LOCAL, roles [MayFail] => exists;

    /// Whether a codec whose name matches is offered.
    fn codec_exists_re(regexp: PatternArg) in REQUEST | FAILURE | ONREPLY | BRANCH | LOCAL, roles [MayFail] => exists_re;

    /// Removes a codec and what describes it. Media without a codec left are refused (port 0).
    fn codec_delete(name: Str, clock: Option<Str>) in REQUEST | FAILURE | ONREPLY | BRANCH | LOCAL => delete;

    /// Removes the codecs whose name matches.
    fn codec_delete_re(regexp: PatternArg) in REQUEST | FAILURE | ONREPLY | BRANCH | LOCAL => delete_re;

    /// Removes all codecs but those whose name matches.
    fn codec_delete_except_re(regexp: PatternArg) in REQUEST | FAILURE | ONREPLY | BRANCH | LOCAL => delete_except_re;

    /// Puts a codec in front of the others.
    fn codec_move_up(name: Str, clock: Option<Str>) in REQUEST | FAILURE | ONREPLY | BRANCH | LOCAL => move_up;

    /// Puts the codecs whose name matches in front of the others, in their order.
    fn codec_move_up_re(regexp: PatternArg) in REQUEST | FAILURE | ONREPLY | BRANCH | LOCAL => move_up_re;

    /// Puts a codec behind the others.
    fn codec_move_down(name: Str, clock: Option<Str>) in REQUEST | FAILURE | ONREPLY | BRANCH | LOCAL => move_down;

    /// Puts the codecs whose name matches behind the others, in their order.
    fn codec_move_down_re(regexp: PatternArg) in REQUEST | FAILURE | ONREPLY | BRANCH | LOCAL => move_down_re;
};

/// Which codecs are meant.
enum Choice<'a> {
    Named { name: &'a [u8], clock: Option<&'a [u8]> },
    Matching(&'a Pattern),
    NotMatching(&'a Pattern),
}

impl<'a> Choice<'a> {
    fn named(name: &'a Str, clock: Option<&'a Str>) -> Choice<'a> {
        Choice::Named { name, clock: clock.map(Str::as_bytes) }
    }

    fn takes(&self, own: &[u8], rate: &[u8]) -> bool {
        match self {
            Choice::Named { name, clock } => own.eq_ignore_ascii_case(name) && clock.is_none_or(|c| c == rate),
            Choice::Matching(pattern) => pattern.is_match(own),
            Choice::NotMatching(pattern) => !pattern.is_match(own),
        }
    }

    /// The formats of a media section that are meant. What has no name is never meant.
    fn of(&self, sdp: &Sdp<'_>, media: &Media) -> Vec<Range> {
        let is_meant =
            |format: &Range| encoding(sdp, media, *format).is_some_and(|(name, rate)| self.takes(name, rate));
        if is_refused(sdp, media) { Vec::new() } else { media.formats.iter().copied().filter(is_meant).collect() }
    }
}

enum End {
    Front,
    Back,
}

fn exists(cx: &mut Cx<'_>, name: Str, clock: Option<Str>) -> bool {
    offered(cx, &Choice::named(&name, clock.as_ref()))
}

fn exists_re(cx: &mut Cx<'_>, pattern: PatternArg) -> bool {
    offered(cx, &Choice::Matching(&pattern.0))
}

fn delete(cx: &mut Cx<'_>, name: Str, clock: Option<Str>) -> bool {
    remove(cx, &Choice::named(&name, clock.as_ref()))
}

fn delete_re(cx: &mut Cx<'_>, pattern: PatternArg) -> bool {
    remove(cx, &Choice::Matching(&pattern.0))
}

fn delete_except_re(cx: &mut Cx<'_>, pattern: PatternArg) -> bool {
    remove(cx, &Choice::NotMatching(&pattern.0))
}

fn move_up(cx: &mut Cx<'_>, name: Str, clock: Option<Str>) -> bool {
    reorder(cx, &Choice::named(&name, clock.as_ref()), &End::Front)
}

fn move_up_re(cx: &mut Cx<'_>, pattern: PatternArg) -> bool {
    reorder(cx, &Choice::Matching(&pattern.0), &End::Front)
}

fn move_down(cx: &mut Cx<'_>, name: Str, clock: Option<Str>) -> bool {
    reorder(cx, &Choice::named(&name, clock.as_ref()), &End::Back)
}

fn move_down_re(cx: &mut Cx<'_>, pattern: PatternArg) -> bool {
    reorder(cx, &Choice::Matching(&pattern.0), &End::Back)
}

fn offered(cx: &Cx<'_>, choice: &Choice<'_>) -> bool {
    let any = |sdp: &Sdp<'_>| sdp.media.iter().any(|media| !choice.of(sdp, media).is_empty());
    sdp_edit::read(cx.run, any) == Some(true)
}

fn remove(cx: &mut Cx<'_>, choice: &Choice<'_>) -> bool {
    sdp_edit::change(cx.run, |sdp| {
        let mut changes = Changes::new();
        for media in &sdp.media {
            let gone = with_retransmission(sdp, media, choice.of(sdp, media));
            let lines = gone.iter().flat_map(|format| sdp.without_payload(media, *format));
            if gone.len() < media.formats.len() {
                changes.extend(lines.map(|range| (range, Vec::new())));
            } else if !gone.is_empty() {
                // A media line needs a format (RFC 8866 5.14): port 0 refuses the media, the formats stay.
                let is_attribute = |range: &Range| !media.formats.iter().any(|f| f.end == range.end);
                changes.push((media.port, b"0".to_vec()));
                changes.extend(lines.filter(is_attribute).map(|range| (range, Vec::new())));
            }
        }
        changes
    })
}

fn reorder(cx: &mut Cx<'_>, choice: &Choice<'_>, to: &End) -> bool {
    sdp_edit::change(cx.run, |sdp| {
        let mut changes = Changes::new();
        for media in &sdp.media {
            let chosen = choice.of(sdp, media);
            let (Some(first), Some(last), false) = (media.formats.first(), media.formats.last(), chosen.is_empty())
            else {
                continue;
            };
            let others: Vec<Range> = media.formats.iter().copied().filter(|f| !chosen.contains(f)).collect();
            let order = match to {
                End::Front => [chosen, others].concat(),
                End::Back => [others, chosen].concat(),
            };
            let text: Vec<&[u8]> = order.iter().map(|f| sdp.bytes(*f)).collect();
            changes.push((Range { start: first.start, end: last.end }, text.join(&b' ')));
        }
        changes
    })
}

/// With a codec goes what retransmits it (RFC 4588: `a=fmtp:97 apt=96`).
fn with_retransmission(sdp: &Sdp<'_>, media: &Media, mut gone: Vec<Range>) -> Vec<Range> {
    let of_gone: Vec<&[u8]> = gone.iter().map(|f| sdp.bytes(*f)).collect();
    let retransmits = |format: &&Range| {
        sdp.lines_with(media.whole, b"a=fmtp:").any(|line| {
            let value = sdp.bytes(line.value).strip_prefix(b"fmtp:").unwrap_or_default();
            let mut words = value.splitn(2, |&b| b == b' ');
            words.next() == Some(sdp.bytes(**format))
                && words.next().and_then(apt).is_some_and(|p| of_gone.contains(&p))
        })
    };
    let linked: Vec<Range> = media.formats.iter().filter(retransmits).copied().collect();
    gone.extend(linked.into_iter().filter(|f| !of_gone.contains(&sdp.bytes(*f))).collect::<Vec<_>>());
    gone
}

fn apt(params: &[u8]) -> Option<&[u8]> {
    params.split(|&b| b == b';').find_map(|p| p.trim_ascii().strip_prefix(b"apt="))
}

/// Name and clock rate of a format; fax over UDPTL is a codec called `t38`.
fn encoding<'a>(sdp: &Sdp<'a>, media: &Media, format: Range) -> Option<(&'a [u8], &'a [u8])> {
    let own = sdp.bytes(format);
    sdp.encoding(media, format).or_else(|| own.eq_ignore_ascii_case(b"t38").then_some((own, b"")))
}

#[cfg(test)]
mod tests {
    use super::super::MODULE;
    use crate::modules::fixture::{Fixture, text};
    use crate::vm::Arg;

    const AUDIO: &str = "m=audio 5000 RTP/AVP 0 8 96 97 101\n";
    const ATTRIBUTES: &str = "a=rtpmap:96 speex/8000\na=fmtp:96 x=1\na=rtpmap:97 rtx/8000\na=fmtp:97 apt=96\na=rtpmap:101 telephone-event/8000\n";
    const FAX: &str = "m=image 6000 udptl t38\n";

    fn fixture() -> Fixture {
        let head = "INVITE sip:a SIP/2.0\nContent-Type: application/sdp\n\nv=0\no=- 1 1 IN IP4 h\ns=-\n";
        Fixture::new(&format!("{head}{AUDIO}{ATTRIBUTES}{FAX}"))
    }

    fn media(f: &Fixture) -> String {
        let written = f.written().replace("\r\n", "\n");
        written.split_once("m=").map(|(_, rest)| format!("m={rest}")).unwrap_or_default()
    }

    fn check(calls: &[(&str, &[&str], i32)], expected: &str) {
        let mut f = fixture();
        for (name, args, code) in calls {
            let args: Vec<Arg> = args.iter().map(|a| text(a)).collect();
            assert_eq!(f.call(&MODULE, name, &args), *code, "{name}");
        }
        assert_eq!(media(&f), expected);
    }

    fn all() -> String {
        format!("{AUDIO}{ATTRIBUTES}{FAX}")
    }

    #[test]
    fn codecs_are_found_by_name_clock_and_pattern() {
        check(
            &[
                ("codec_exists", &["SPEEX"], 1),
                ("codec_exists", &["speex", "8000"], 1),
                ("codec_exists", &["speex", "16000"], -1),
                ("codec_exists", &["PCMA"], 1),
                ("codec_exists", &["t38"], 1),
                ("codec_exists", &["G729"], -1),
                ("codec_exists_re", &["^pcm[au]$"], 1),
                ("codec_exists_re", &["opus"], -1),
            ],
            &all(),
        );
    }

    #[test]
    fn a_codec_leaves_with_its_attributes_and_its_retransmission() {
        let rest = "m=audio 5000 RTP/AVP 0 8 101\na=rtpmap:101 telephone-event/8000\n";
        check(
            &[("codec_delete", &["speex"], 1), ("codec_exists", &["speex"], -1), ("codec_delete", &["speex"], -1)],
            &format!("{rest}{FAX}"),
        );
        check(&[("codec_delete", &["speex", "16000"], -1)], &all());
        check(&[("codec_delete_re", &["^pcm"], 1)], &all().replace(" 0 8", ""));
    }

    #[test]
    fn media_without_a_codec_left_are_refused() {
        check(
            &[("codec_delete", &["T38"], 1), ("codec_exists", &["t38"], -1)],
            &all().replace("m=image 6000", "m=image 0"),
        );
        let audio = "m=audio 5000 RTP/AVP 0 8\n";
        check(&[("codec_delete_except_re", &["pcm"], 1)], &format!("{audio}m=image 0 udptl t38\n"));
        check(
            &[("codec_delete_re", &["."], 1), ("codec_delete_re", &["."], -1)],
            &format!("{}m=image 0 udptl t38\n", AUDIO.replace("5000", "0")),
        );
    }

    #[test]
    fn codecs_move_to_either_end_in_their_order() {
        let moved = |to: &str| all().replace("0 8 96 97 101", to);
        check(&[("codec_move_up", &["speex", "8000"], 1)], &moved("96 0 8 97 101"));
        check(&[("codec_move_up_re", &["speex|tele"], 1)], &moved("96 101 0 8 97"));
        check(&[("codec_move_down", &["PCMU"], 1)], &moved("8 96 97 101 0"));
        check(&[("codec_move_down_re", &["pcm"], 1)], &moved("96 97 101 0 8"));
        check(&[("codec_move_up", &["opus"], -1), ("codec_move_up", &["speex", "1"], -1)], &all());
    }

    #[test]
    fn one_change_builds_on_the_other() {
        check(
            &[("codec_move_down", &["PCMU"], 1), ("codec_delete", &["PCMA"], 1), ("codec_move_up", &["PCMU"], 1)],
            &all().replace("0 8 96", "0 96"),
        );
    }

    #[test]
    fn the_description_may_be_a_part() {
        let mut f = Fixture::new(
            "INVITE sip:a SIP/2.0\nc: multipart/mixed;boundary=b\n\n--b\nc: text/plain\n\nhi\n--b\nc: application/sdp\n\nv=0\nm=audio 1 RTP/AVP 0 8\n--b--\n",
        );
        assert_eq!(f.call(&MODULE, "codec_delete", &[text("PCMU")]), 1);
        assert_eq!(
            f.written(),
            "c: multipart/mixed;boundary=b\r\nContent-Length: 86\r\n\r\n--b\r\nc: text/plain\r\n\r\nhi\r\n--b\r\nc: application/sdp\r\n\r\nv=0\r\nm=audio 1 RTP/AVP 8\r\n--b--\r\n"
        );
    }

    #[test]
    fn without_a_description_nothing_is_found() {
        for message in [
            "INVITE sip:a SIP/2.0",
            "INVITE sip:a SIP/2.0\nc: text/plain\n\nv=0\n",
            "SIP/2.0 200 OK\nc: application/sdp\n\nx\n",
        ] {
            let mut f = Fixture::new(message);
            for name in ["codec_exists", "codec_delete", "codec_move_up", "codec_move_down", "codec_delete_except_re"] {
                assert_eq!(f.call(&MODULE, name, &[text("PCMU")]), -1, "{name}");
            }
        }
    }
}
