//! Changes to the session description of a message, alone or as a part of a multipart body.
use crate::context::Run;
use crate::modules::core::message_body::{self as body, Body};
use crate::sip::sdp::Sdp;
use crate::sip::{Range, sdp::Media};

/// Pieces of a description and what replaces them.
pub type Changes = Vec<(Range, Vec<u8>)>;

/// Looks at the description as it will leave; `None` when there is none.
pub fn read<T>(run: &Run, look: impl FnOnce(&Sdp<'_>) -> T) -> Option<T> {
    let body = Body::of(run)?;
    let part = body.parts().into_iter().find(|p| p.mime.eq_ignore_ascii_case(b"application/sdp"))?;
    Sdp::parse(&body.text, part.body).map(|sdp| look(&sdp))
}

/// Changes the description; false when there is none or nothing to change.
pub fn change(run: &mut Run, changes: impl FnOnce(&Sdp<'_>) -> Changes) -> bool {
    let Some(changes) = read(run, changes).filter(|c| !c.is_empty()) else { return false };
    let Some(body) = Body::of(run) else { return false };
    let text = apply(&body.text, changes);
    body::store(run, text, body.content_type);
    true
}

/// Whether media are refused (RFC 3264 6): its codecs mean nothing.
pub fn is_refused(sdp: &Sdp<'_>, media: &Media) -> bool {
    sdp.bytes(media.port) == b"0"
}

fn apply(text: &[u8], mut changes: Changes) -> Vec<u8> {
    changes.sort_by_key(|(range, _)| (range.start, range.end));
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    for (range, new) in changes.iter().filter(|(range, _)| !range.is_empty()) {
        if range.start < at {
            continue;
        }
        out.extend_from_slice(Range { start: at, end: range.start }.of(text));
        out.extend_from_slice(new);
        at = range.end;
    }
    out.extend_from_slice(Range { start: at, end: Range::all(text).end }.of(text));
    out
}
