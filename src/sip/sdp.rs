//! An index over the lines of a session description (RFC 8866): the session part, the media sections, their codecs.
//! Ranges are those of the buffer handed in, so that a piece can be read, deleted or replaced through an edit list.
use super::range::Range;
use super::scan::number;
use memchr::memchr;
use smallvec::SmallVec;

/// One `x=value` line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Line {
    /// The letter; 0 for a line that has no `x=`.
    pub kind: u8,
    /// Behind the `=`, without the line end.
    pub value: Range,
    /// With its line end.
    pub whole: Range,
}

/// A media section: its `m=` line and what follows up to the next.
#[derive(Clone, Debug)]
pub struct Media {
    pub whole: Range,
    /// `audio`, `video`, ...
    pub kind: Range,
    pub port: Range,
    pub protocol: Range,
    /// Payload types, or whatever the protocol lists.
    pub formats: SmallVec<[Range; 8]>,
}

/// How media flow (RFC 8866 6.7).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Flow {
    SendReceive,
    SendOnly,
    ReceiveOnly,
    Inactive,
}

#[derive(Clone, Debug)]
pub struct Sdp<'a> {
    buf: &'a [u8],
    /// Everything before the first `m=`.
    pub session: Range,
    pub media: SmallVec<[Media; 2]>,
}

impl<'a> Sdp<'a> {
    /// `None` when `range` does not begin with a version line: it is something else.
    pub fn parse(buf: &'a [u8], range: Range) -> Option<Sdp<'a>> {
        if !range.of(buf).starts_with(b"v=") {
            return None;
        }
        let mut sdp = Sdp { buf, session: range, media: SmallVec::new() };
        for line in lines(buf, range).filter(|l| l.kind == b'm') {
            match sdp.media.last_mut() {
                Some(previous) => previous.whole.end = line.whole.start,
                None => sdp.session.end = line.whole.start,
            }
            sdp.media.push(media(buf, line.value, Range { start: line.whole.start, end: range.end }));
        }
        Some(sdp)
    }

    pub fn bytes(&self, range: Range) -> &'a [u8] {
        range.of(self.buf)
    }

    /// The lines of a section.
    pub fn lines(&self, section: Range) -> impl Iterator<Item = Line> + use<'a> {
        lines(self.buf, section)
    }

    /// The lines of a section that begin with `prefix`, such as `a=rtpmap`.
    pub fn lines_with<'p>(&self, section: Range, prefix: &'p [u8]) -> impl Iterator<Item = Line> + use<'a, 'p> {
        let buf = self.buf;
        lines(buf, section).filter(move |l| l.whole.of(buf).starts_with(prefix))
    }

    /// The sections of this kind (`audio`), in any case.
    pub fn media_of<'s>(&'s self, kind: &'s [u8]) -> impl Iterator<Item = &'s Media> {
        self.media.iter().filter(move |m| self.bytes(m.kind).eq_ignore_ascii_case(kind))
    }

    /// The `c=` value that holds for a section: its own, else that of the session.
    pub fn connection(&self, media: &Media) -> Option<Range> {
        let find = |section: Range| self.lines(section).find(|l| l.kind == b'c').map(|l| l.value);
        find(media.whole).or_else(|| find(self.session))
    }

    /// The value of an attribute (`a=name:value`); `Some` of nothing for `a=name`.
    pub fn attribute(&self, section: Range, name: &[u8]) -> Option<Range> {
        self.lines(section).find_map(|line| attribute(self.buf, line, name))
    }

    /// The direction of a section: its own attribute, else that of the session, else both ways.
    pub fn flow(&self, media: &Media) -> Flow {
        let find = |section| FLOWS.iter().find(|(name, _)| self.attribute(section, name).is_some()).map(|&(_, f)| f);
        find(media.whole).or_else(|| find(self.session)).unwrap_or(Flow::SendReceive)
    }

    /// Whether the peer asks for hold: it does not want to receive (RFC 3264 8.4), or, as RFC 2543 had it, names no
    /// address to send to.
    pub fn is_on_hold(&self, media: &Media) -> bool {
        let address = self.connection(media).and_then(|c| self.bytes(c).split(|&b| b == b' ').nth(2));
        matches!(self.flow(media), Flow::SendOnly | Flow::Inactive) || address == Some(b"0.0.0.0")
    }

    /// The payload types of a section that `a=rtpmap` binds to `codec`, with this clock rate when one is given.
    pub fn payloads_of(&self, media: &Media, codec: &[u8], clock: Option<u32>) -> SmallVec<[Range; 4]> {
        let matches = |format: &Range| {
            self.encoding(media, *format).is_some_and(|(name, rate)| {
                name.eq_ignore_ascii_case(codec) && clock.is_none_or(|wanted| number(rate) == Some(wanted))
            })
        };
        media.formats.iter().copied().filter(matches).collect()
    }

    /// Encoding name and clock rate of a payload type: from `a=rtpmap`, else by RFC 3551's static assignment.
    pub fn encoding(&self, media: &Media, format: Range) -> Option<(&'a [u8], &'a [u8])> {
        let payload = self.bytes(format);
        let mapped = self.payload_lines(media, payload).find_map(|line| {
            let map = attribute(self.buf, line, b"rtpmap")?.of(self.buf);
            let encoding = map.get(memchr(b' ', map)? + 1..)?.trim_ascii();
            let mut parts = encoding.split(|&b| b == b'/');
            Some((parts.next()?, parts.next().unwrap_or_default()))
        });
        mapped.or_else(|| {
            let rtp = self.bytes(media.protocol).starts_with(b"RTP/");
            STATIC.iter().find(|row| rtp && row.0 == payload).map(|row| (row.1, row.2))
        })
    }

    /// What to delete so that `format` is offered no longer: its place in `m=` with the blank before it, and the
    /// attribute lines that describe it.
    pub fn without_payload(&self, media: &Media, format: Range) -> SmallVec<[Range; 4]> {
        let mut gone: SmallVec<[Range; 4]> = SmallVec::new();
        gone.push(Range { start: format.start.saturating_sub(1), end: format.end });
        gone.extend(self.payload_lines(media, self.bytes(format)).map(|line| line.whole));
        gone
    }

    fn payload_lines<'p>(&self, media: &Media, payload: &'p [u8]) -> impl Iterator<Item = Line> + use<'a, 'p> {
        let buf = self.buf;
        lines(buf, media.whole).filter(move |&line| {
            let value = PER_PAYLOAD.iter().find_map(|name| attribute(buf, line, name));
            value.is_some_and(|v| v.of(buf).split(|&b| b == b' ').next() == Some(payload))
        })
    }
}

const FLOWS: [(&[u8], Flow); 4] = [
    (b"sendrecv", Flow::SendReceive),
    (b"sendonly", Flow::SendOnly),
    (b"recvonly", Flow::ReceiveOnly),
    (b"inactive", Flow::Inactive),
];

/// Attributes whose value begins with the payload type they describe.
const PER_PAYLOAD: [&[u8]; 3] = [b"rtpmap", b"fmtp", b"rtcp-fb"];

type Assignment = (&'static [u8], &'static [u8], &'static [u8]);

/// RFC 3551 6, tables 4 and 5.
const STATIC: [Assignment; 24] = [
    (b"0", b"PCMU", b"8000"),
    (b"3", b"GSM", b"8000"),
    (b"4", b"G723", b"8000"),
    (b"5", b"DVI4", b"8000"),
    (b"6", b"DVI4", b"16000"),
    (b"7", b"LPC", b"8000"),
    (b"8", b"PCMA", b"8000"),
    (b"9", b"G722", b"8000"),
    (b"10", b"L16", b"44100"),
    (b"11", b"L16", b"44100"),
    (b"12", b"QCELP", b"8000"),
    (b"13", b"CN", b"8000"),
    (b"14", b"MPA", b"90000"),
    (b"15", b"G728", b"8000"),
    (b"16", b"DVI4", b"11025"),
    (b"17", b"DVI4", b"22050"),
    (b"18", b"G729", b"8000"),
    (b"25", b"CelB", b"90000"),
    (b"26", b"JPEG", b"90000"),
    (b"28", b"nv", b"90000"),
    (b"31", b"H261", b"90000"),
    (b"32", b"MPV", b"90000"),
    (b"33", b"MP2T", b"90000"),
    (b"34", b"H263", b"90000"),
];

/// The lines of `range`; those may end in CRLF, LF or with the range.
pub fn lines(buf: &[u8], range: Range) -> Lines<'_> {
    Lines { buf, rest: range }
}

pub struct Lines<'a> {
    buf: &'a [u8],
    rest: Range,
}

impl Iterator for Lines<'_> {
    type Item = Line;

    fn next(&mut self) -> Option<Line> {
        let rest = self.rest.of(self.buf);
        if rest.is_empty() {
            return None;
        }
        let length = memchr(b'\n', rest).map_or(rest.len(), |n| n + 1);
        let whole = Range::new(0, length).shifted(self.rest.start);
        self.rest.start = whole.end;
        Some(line(self.buf, whole))
    }
}

fn line(buf: &[u8], whole: Range) -> Line {
    let text = whole.of(buf);
    let bare = text.strip_suffix(b"\n").unwrap_or(text);
    let bare = bare.strip_suffix(b"\r").unwrap_or(bare);
    let (kind, skip) = match bare {
        [letter, b'=', ..] => (*letter, 2),
        _ => (0, 0),
    };
    Line { kind, value: Range::new(skip, bare.len()).shifted(whole.start), whole }
}

/// The words of a range, parted by single or repeated blanks.
pub fn tokens(buf: &[u8], range: Range) -> impl Iterator<Item = Range> {
    let mut at = range.start;
    range.of(buf).split(|&b| b == b' ').filter_map(move |word| {
        let found = Range::new(0, word.len()).shifted(at);
        at = found.end.saturating_add(1);
        (!found.is_empty()).then_some(found)
    })
}

fn media(buf: &[u8], value: Range, whole: Range) -> Media {
    let mut words = tokens(buf, value);
    let none = Range { start: value.end, end: value.end };
    Media {
        whole,
        kind: words.next().unwrap_or(none),
        port: words.next().unwrap_or(none),
        protocol: words.next().unwrap_or(none),
        formats: words.collect(),
    }
}

fn attribute(buf: &[u8], line: Line, name: &[u8]) -> Option<Range> {
    if line.kind != b'a' {
        return None;
    }
    let rest = line.value.of(buf).strip_prefix(name)?;
    let skip = match rest.first() {
        None => 0,
        Some(b':') => 1,
        Some(_) => return None,
    };
    let start = Range::new(0, name.len() + skip).end;
    Some(Range { start: line.value.start + start, end: line.value.end })
}

#[cfg(test)]
mod tests {
    use super::*;

    const OFFER: &[u8] = b"v=0\r\no=a 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\na=sendonly\r\nm=audio 49172 RTP/AVP 0 8 101\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=sendrecv\r\nm=video 0 RTP/AVP 31\nc=IN IP4 0.0.0.0\n";

    fn offer() -> Sdp<'static> {
        Sdp::parse(OFFER, Range::all(OFFER)).unwrap()
    }

    #[test]
    fn sections_cover_the_body() {
        let sdp = offer();
        let [audio, video] = &sdp.media[..] else { panic!("two sections, not {}", sdp.media.len()) };
        assert_eq!(sdp.session.end, audio.whole.start);
        assert_eq!(audio.whole.end, video.whole.start);
        assert_eq!(video.whole.end as usize, OFFER.len());
        assert_eq!(
            (sdp.bytes(audio.kind), sdp.bytes(audio.port), sdp.bytes(audio.protocol)),
            (&b"audio"[..], &b"49172"[..], &b"RTP/AVP"[..])
        );
        let formats: Vec<_> = audio.formats.iter().map(|&f| sdp.bytes(f)).collect();
        assert_eq!(formats, [&b"0"[..], b"8", b"101"]);
        assert_eq!(sdp.media_of(b"VIDEO").count(), 1);
    }

    #[test]
    fn own_attributes_come_before_the_sessions() {
        let sdp = offer();
        assert_eq!(sdp.flow(&sdp.media[0]), Flow::SendReceive);
        assert_eq!(sdp.flow(&sdp.media[1]), Flow::SendOnly);
        assert!(!sdp.is_on_hold(&sdp.media[0]) && sdp.is_on_hold(&sdp.media[1]));
        assert_eq!(sdp.connection(&sdp.media[0]).map(|c| sdp.bytes(c)), Some(&b"IN IP4 192.0.2.1"[..]));
        assert_eq!(sdp.connection(&sdp.media[1]).map(|c| sdp.bytes(c)), Some(&b"IN IP4 0.0.0.0"[..]));
    }

    #[test]
    fn codecs_are_found_by_map_and_by_static_number() {
        let sdp = offer();
        let found = |codec: &[u8], clock| {
            sdp.payloads_of(&sdp.media[0], codec, clock).iter().map(|&p| sdp.bytes(p)).collect::<Vec<_>>()
        };
        assert_eq!(found(b"pcma", None), [b"8"]);
        assert_eq!(found(b"PCMU", Some(8000)), [b"0"]);
        assert_eq!(found(b"telephone-event", Some(8000)), [b"101"]);
        assert!(found(b"PCMA", Some(16000)).is_empty());
    }

    #[test]
    fn a_payload_leaves_with_its_lines() {
        let sdp = offer();
        let format = sdp.media[0].formats[2];
        let gone: Vec<_> = sdp.without_payload(&sdp.media[0], format).iter().map(|&r| sdp.bytes(r)).collect();
        assert_eq!(gone, [&b" 101"[..], b"a=rtpmap:101 telephone-event/8000\r\n", b"a=fmtp:101 0-15\r\n"]);
    }

    #[test]
    fn lines_are_addressed_by_prefix_and_word() {
        let sdp = offer();
        let line = sdp.lines_with(sdp.media[0].whole, b"a=rtpmap").nth(1).unwrap();
        let words: Vec<_> = tokens(OFFER, line.value).map(|w| sdp.bytes(w)).collect();
        assert_eq!(words, [&b"rtpmap:101"[..], b"telephone-event/8000"]);
        assert_eq!(sdp.lines(sdp.session).filter(|l| l.kind == b'o').count(), 1);
    }

    #[test]
    fn other_bodies_are_no_sdp() {
        assert!(Sdp::parse(b"hello", Range::new(0, 5)).is_none());
        assert!(Sdp::parse(b"", Range::default()).is_none());
    }
}
