//! Media streams of a session description.
use super::sdp_edit;
use crate::script_fns;
use crate::sip::sdp::{Media, Sdp};
use crate::syntax::ere::Pattern;
use crate::vm::{Cx, Function, PatternArg};

pub const FUNCTIONS: &[Function] = script_fns! {
    /// Whether there is a stream whose media (and transport) match.
    fn stream_exists(regexp: PatternArg, regexp2: Option<PatternArg>) in REQUEST | FAILURE | ONREPLY | BRANCH | LOCAL, roles [MayFail] => stream_exists;

    /// Removes the streams whose media (and transport) match.
    fn stream_delete(regexp: PatternArg, regexp2: Option<PatternArg>) in REQUEST | FAILURE | ONREPLY | BRANCH | LOCAL => stream_delete;

    /// Whether an audio stream asks for hold: it does not want to receive, or names no address.
    fn is_audio_on_hold() in REQUEST | FAILURE | ONREPLY | BRANCH | LOCAL, roles [MayFail] => is_audio_on_hold;
};

/// Media by name and, when asked for, by transport.
struct Choice<'a> {
    media: &'a Pattern,
    transport: Option<&'a Pattern>,
}

impl Choice<'_> {
    fn takes(&self, sdp: &Sdp<'_>, media: &Media) -> bool {
        self.media.is_match(sdp.bytes(media.kind))
            && self.transport.is_none_or(|pattern| pattern.is_match(sdp.bytes(media.protocol)))
    }
}

fn stream_exists(cx: &mut Cx<'_>, media: PatternArg, transport: Option<PatternArg>) -> bool {
    let choice = Choice { media: &media.0, transport: transport.as_ref().map(|t| &*t.0) };
    sdp_edit::read(cx.run, |sdp| sdp.media.iter().any(|m| choice.takes(sdp, m))) == Some(true)
}

fn stream_delete(cx: &mut Cx<'_>, media: PatternArg, transport: Option<PatternArg>) -> bool {
    let choice = Choice { media: &media.0, transport: transport.as_ref().map(|t| &*t.0) };
    sdp_edit::change(cx.run, |sdp| {
        sdp.media.iter().filter(|m| choice.takes(sdp, m)).map(|m| (m.whole, Vec::new())).collect()
    })
}

fn is_audio_on_hold(cx: &mut Cx<'_>) -> bool {
    sdp_edit::read(cx.run, |sdp| sdp.media_of(b"audio").any(|m| sdp.is_on_hold(m))) == Some(true)
}

#[cfg(test)]
mod tests {
    use super::super::MODULE;
    use crate::modules::fixture::{Fixture, text};
    use crate::vm::Arg;

    const AUDIO: &str = "m=audio 1 RTP/AVP 0\na=sendrecv\n";
    const VIDEO: &str = "m=video 2 RTP/SAVP 31\n";
    const FAX: &str = "m=image 3 udptl t38\n";

    fn fixture(media: &str) -> Fixture {
        Fixture::new(&format!(
            "INVITE sip:a SIP/2.0\nContent-Type: application/sdp\n\nv=0\nc=IN IP4 192.0.2.9\n{media}"
        ))
    }

    fn call(f: &mut Fixture, name: &str, args: &[&str]) -> i32 {
        let args: Vec<Arg> = args.iter().map(|a| text(a)).collect();
        f.call(&MODULE, name, &args)
    }

    #[test]
    fn streams_are_found_by_media_and_transport() {
        let mut f = fixture(&[AUDIO, VIDEO, FAX].concat());
        let mut exists = |args: &[&str]| call(&mut f, "stream_exists", args);
        assert_eq!((exists(&["IMAGE"]), exists(&["audio|video"]), exists(&["text"])), (1, 1, -1));
        assert_eq!((exists(&["video", "SAVP"]), exists(&["audio", "SAVP"])), (1, -1));
        assert_eq!(call(&mut Fixture::new("SIP/2.0 200 OK"), "stream_exists", &["audio"]), -1);
    }

    #[test]
    fn a_stream_leaves_with_its_lines() {
        let mut f = fixture(&[AUDIO, VIDEO, FAX].concat());
        assert_eq!(call(&mut f, "stream_delete", &["audio"]), 1);
        assert_eq!(call(&mut f, "stream_delete", &["audio"]), -1);
        assert_eq!(call(&mut f, "stream_delete", &["image"]), 1);
        assert!(f.written().replace("\r\n", "\n").ends_with(&format!("\n\nv=0\nc=IN IP4 192.0.2.9\n{VIDEO}")));
    }

    #[test]
    fn hold_is_asked_for_in_either_way() {
        let held = |media: &str| call(&mut fixture(media), "is_audio_on_hold", &[]);
        assert_eq!(held(AUDIO), -1);
        assert_eq!(held(&AUDIO.replace("sendrecv", "sendonly")), 1);
        assert_eq!(held(&AUDIO.replace("sendrecv", "inactive")), 1);
        assert_eq!(held("m=audio 1 RTP/AVP 0\nc=IN IP4 0.0.0.0\n"), 1);
        assert_eq!(held(&VIDEO.replace("31", "31\na=inactive")), -1);
    }
}
