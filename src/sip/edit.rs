//! `Edits`: what is to be different when a message leaves. The message itself stays as received, so one message can
//! leave on many branches, each with its own edits, and every byte that no edit names leaves as it came.
//!
//! Overlaps: the larger deletion wins, and what was put strictly inside it is gone with it; of two replacements of the
//! same range the later wins; insertions at one place keep their order and stand before what is replaced there.
use super::message::{Framing, Header, Message};
use super::name::HeaderId;
use super::range::Range;
use super::scan::{commas, trim};
use crate::base::Str;
use smallvec::SmallVec;
use std::net::IpAddr;

#[derive(Clone, Debug, PartialEq, Eq)]
struct Edit {
    range: Range,
    text: Str,
}

impl Edit {
    fn deletes(&self) -> bool {
        !self.range.is_empty()
    }

    /// Deletes more than `range`, or the same.
    fn covers(&self, range: Range) -> bool {
        self.deletes() && self.range.start <= range.start && range.end <= self.range.end
    }

    fn strictly_holds(&self, at: u32) -> bool {
        self.range.start < at && at < self.range.end
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct NewBody {
    bytes: Str,
    content_type: Option<Str>,
}

/// A list of byte edits to one message, and perhaps a new body. Cheap to clone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Edits {
    /// By place; at one place insertions before deletions.
    list: SmallVec<[Edit; 4]>,
    body: Option<Box<NewBody>>,
}

impl Edits {
    pub fn new() -> Edits {
        Edits::default()
    }

    pub fn is_empty(&self) -> bool {
        self.list.is_empty() && self.body.is_none()
    }

    /// What a budget counts: the texts, and as much again for each edit as looking through all of them is worth.
    pub fn heap_len(&self) -> usize {
        const EDIT: usize = 1024;
        let body = self.body.as_ref().map_or(0, |body| body.bytes.len());
        body + self.list.iter().map(|edit| EDIT + edit.text.len()).sum::<usize>()
    }

    pub fn insert(&mut self, at: u32, text: Str) {
        if self.list.iter().any(|e| e.strictly_holds(at)) {
            return;
        }
        let place = self.list.partition_point(|e| e.range.start < at || (e.range.start == at && !e.deletes()));
        self.list.insert(place, Edit { range: Range { start: at, end: at }, text });
    }

    /// The same, in front of what was put there before.
    pub fn insert_in_front(&mut self, at: u32, text: Str) {
        if self.list.iter().any(|e| e.strictly_holds(at)) {
            return;
        }
        let place = self.list.partition_point(|e| e.range.start < at);
        self.list.insert(place, Edit { range: Range { start: at, end: at }, text });
    }

    pub fn delete(&mut self, range: Range) {
        self.replace(range, Str::EMPTY);
    }

    pub fn replace(&mut self, range: Range, text: Str) {
        if range.is_empty() {
            return self.insert(range.start, text);
        }
        if self.list.iter().any(|e| e.covers(range) && e.range != range) {
            return;
        }
        let edit = Edit { range, text };
        self.list.retain(|e| if e.deletes() { !edit.covers(e.range) } else { !edit.strictly_holds(e.range.start) });
        let place = self.list.partition_point(|e| e.range.start <= range.start);
        self.list.insert(place, edit);
    }

    /// Whether these bytes will not leave.
    pub fn removes(&self, range: Range) -> bool {
        self.list.iter().any(|e| e.covers(range))
    }

    /// Whether a header field of this name is put in.
    pub fn adds_field(&self, name: &[u8]) -> bool {
        let named = |line: &[u8]| {
            let (start, rest) = line.split_at_checked(name.len()).unwrap_or_default();
            start.eq_ignore_ascii_case(name) && rest.trim_ascii_start().starts_with(b":")
        };
        self.list.iter().any(|e| e.text.split(|&b| b == b'\n').any(named))
    }

    /// A header field behind all others; a missing line end is added.
    pub fn append_header(&mut self, message: &Message, line: Str) {
        self.insert(message.head_end(), terminated(line));
    }

    /// A header field in front of all others.
    pub fn prepend_header(&mut self, message: &Message, line: Str) {
        self.insert(message.head_start(), terminated(line));
    }

    pub fn insert_before(&mut self, header: &Header, line: Str) {
        self.insert(header.line.start, terminated(line));
    }

    pub fn insert_after(&mut self, header: &Header, line: Str) {
        self.insert(header.line.end, terminated(line));
    }

    pub fn remove_header(&mut self, header: &Header) {
        self.delete(header.line);
    }

    /// Takes one value out of a comma list with its comma; the whole field when none is left.
    pub fn remove_value(&mut self, message: &Message, header: &Header, value: Range) {
        let values: SmallVec<[Range; 8]> = commas(message.raw(), header.value).collect();
        let gone: SmallVec<[bool; 8]> = values.iter().map(|&v| v == value || self.removes(v)).collect();
        if gone.iter().all(|&g| g) {
            return self.remove_header(header);
        }
        let field = Edit { range: header.value, text: Str::EMPTY };
        self.list.retain(|e| !(field.covers(e.range) && e.deletes() && e.text.is_empty()));
        let Some(first_kept) = gone.iter().position(|&g| !g) else { return };
        if let (Some(from), Some(to)) = (values.first(), values.get(first_kept)) {
            self.delete(Range { start: from.start, end: to.start });
        }
        for (pair, _) in values.windows(2).zip(gone.iter().skip(1)).skip(first_kept).filter(|&(_, &g)| g) {
            if let [before, value] = pair {
                self.delete(Range { start: before.end, end: value.end });
            }
        }
    }

    /// Replaces the value of a field and keeps its name.
    pub fn set_value(&mut self, header: &Header, value: Str) {
        self.replace(header.value, value);
    }

    /// Puts another body in place; edits inside the old one are void. Content-Length follows by itself; Content-Type
    /// is set when given.
    pub fn set_body(&mut self, bytes: Str, content_type: Option<Str>) {
        self.body = Some(Box::new(NewBody { bytes, content_type }));
    }

    /// Takes body and Content-Type away.
    pub fn remove_body(&mut self, message: &Message) {
        message.all(HeaderId::ContentType).for_each(|h| self.remove_header(h));
        self.set_body(Str::EMPTY, None);
    }

    /// Whether the body that came is given up for another.
    pub fn replaces_body(&self) -> bool {
        self.body.is_some()
    }

    /// The body as it will leave.
    pub fn body_of(&self, message: &Message) -> Vec<u8> {
        let mut out = Vec::with_capacity(message.body().len());
        match &self.body {
            Some(new) => out.extend_from_slice(&new.bytes),
            None => self.write_range(message.raw(), message.body_range(), &mut out),
        }
        out
    }

    /// Notes in the top Via where the message came from (RFC 3261 18.2.1, RFC 3581 4).
    pub fn stamp_top_via(&mut self, message: &Message, received: Option<IpAddr>, rport: Option<u16>) {
        let Some(via) = message.top_via() else { return };
        let params = trim(message.raw(), via.params);
        let end = if params.is_empty() { via.sent_by.end } else { params.end };
        // First the port: `=port` may have to stand where `;received` is put next.
        if let Some(port) = rport {
            match via.rport.map(|p| (p.name, p.value)) {
                Some((_, Some(value))) => self.replace(value, Str::from(port.to_string())),
                Some((name, None)) => self.insert(name.end, Str::from(format!("={port}"))),
                None => self.insert(end, Str::from(format!(";rport={port}"))),
            }
        }
        if let Some(address) = received {
            match via.received.map(|p| (p.name, p.value)) {
                Some((_, Some(value))) => self.replace(value, Str::from(address.to_string())),
                Some((name, None)) => self.insert(name.end, Str::from(format!("={address}"))),
                None => self.insert(end, Str::from(format!(";received={address}"))),
            }
        }
    }

    /// The value of a field as it will leave, which `set_value` changes again; `None` when the field will not leave.
    pub fn value_of(&self, message: &Message, header: &Header) -> Option<Vec<u8>> {
        if self.removes(header.line) {
            return None;
        }
        let mut out = Vec::with_capacity(header.value.len());
        self.write_range(message.raw(), header.value, &mut out);
        Some(out)
    }

    /// The Content-Type as it will leave.
    pub fn content_type_of(&self, message: &Message) -> Option<Vec<u8>> {
        let replaced = self.body.as_ref().and_then(|b| b.content_type.as_ref()).map(|t| t.to_vec());
        replaced.or_else(|| message.all(HeaderId::ContentType).find_map(|h| self.value_of(message, h)))
    }

    /// The bytes of `range` with the edits in it and at its ends.
    pub fn write_range(&self, raw: &[u8], range: Range, out: &mut Vec<u8>) {
        let mut at = range.start;
        let inside = |e: &&Edit| e.range.start >= range.start && e.range.start <= range.end;
        for edit in self.list.iter().filter(inside) {
            out.extend_from_slice(Range { start: at, end: edit.range.start }.of(raw));
            out.extend_from_slice(&edit.text);
            at = at.max(edit.range.end);
        }
        out.extend_from_slice(Range { start: at, end: range.end }.of(raw));
    }

    /// Header fields, empty line and body as they are to leave over `framing`. Content-Length is corrected or added when
    /// an edit changes the body, and added when a stream needs it.
    pub fn write_after_start_line(&self, message: &Message, framing: Framing, out: &mut Vec<u8>) {
        if !self.changes_body(message) && (framing == Framing::Datagram || self.keeps_length(message)) {
            return self.write_parts(message, out);
        }
        self.with_length(message).write_parts(message, out);
    }

    fn write_parts(&self, message: &Message, out: &mut Vec<u8>) {
        let (raw, body) = (message.raw(), message.body_range());
        self.write_range(raw, Range { start: message.head_start(), end: message.head_end() }, out);
        out.extend_from_slice(Range { start: message.head_end(), end: body.start }.of(raw));
        match &self.body {
            Some(new) => out.extend_from_slice(&new.bytes),
            None => self.write_range(raw, body, out),
        }
    }

    fn changes_body(&self, message: &Message) -> bool {
        let start = message.body_range().start;
        self.body.is_some() || self.list.iter().any(|e| e.range.end > start || e.range.start >= start)
    }

    fn keeps_length(&self, message: &Message) -> bool {
        message.first(HeaderId::ContentLength).is_some_and(|h| !self.removes(h.line))
    }

    fn with_length(&self, message: &Message) -> Edits {
        let length = match &self.body {
            Some(new) => new.bytes.len(),
            None => self.body_of(message).len(),
        };
        let mut edits = self.clone();
        if let Some(content_type) = self.body.as_ref().and_then(|b| b.content_type.clone()) {
            edits.set_field(message, HeaderId::ContentType, content_type);
        }
        edits.set_field(message, HeaderId::ContentLength, Str::from(length.to_string()));
        edits
    }

    fn set_field(&mut self, message: &Message, id: HeaderId, value: Str) {
        match message.first(id).filter(|h| !self.removes(h.line)) {
            Some(header) => self.set_value(header, value),
            None => {
                let line = [id.name().as_bytes(), b": ", &value, b"\r\n"].concat();
                self.append_header(message, Str::from(line));
            }
        }
    }
}

fn terminated(line: Str) -> Str {
    if line.is_empty() || line.ends_with(b"\n") {
        return line;
    }
    Str::from([line.as_bytes(), b"\r\n"].concat())
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    const HEAD: &str =
        "INFO sip:a SIP/2.0\r\nVia: SIP/2.0/UDP h ; rport\r\nRoute: <sip:1>, <sip:2>,<sip:3>\r\nl: 4\r\nX:  y\r\n";

    fn message() -> Message {
        Message::parse(Bytes::from(format!("{HEAD}\r\nbody")), Framing::Datagram).unwrap()
    }

    fn written(edits: &Edits, m: &Message) -> String {
        let mut out = Vec::new();
        edits.write_after_start_line(m, Framing::Datagram, &mut out);
        String::from_utf8(out).unwrap()
    }

    fn check(edit: impl FnOnce(&mut Edits, &Message), from: &str, to: &str) {
        let m = message();
        let mut edits = Edits::new();
        edit(&mut edits, &m);
        let unchanged = written(&Edits::new(), &m);
        assert!(unchanged.contains(from), "{from:?} is not in the message");
        assert_eq!(written(&edits, &m), unchanged.replace(from, to));
    }

    #[test]
    fn without_edits_everything_leaves_as_it_came() {
        let m = message();
        assert_eq!(format!("INFO sip:a SIP/2.0\r\n{}", written(&Edits::new(), &m)).as_bytes(), m.raw());
    }

    #[test]
    fn header_fields_go_where_they_are_put() {
        check(|e, m| e.append_header(m, "A: 1\r\n".into()), "X:  y\r\n", "X:  y\r\nA: 1\r\n");
        check(|e, m| e.prepend_header(m, "A: 1".into()), "Via:", "A: 1\r\nVia:");
        check(|e, m| e.insert_before(m.first(HeaderId::Route).unwrap(), "A: 1".into()), "Route", "A: 1\r\nRoute");
        check(|e, m| e.insert_after(m.first(HeaderId::Route).unwrap(), "A: 1".into()), "l: 4", "A: 1\r\nl: 4");
        check(|e, m| e.remove_header(m.first(HeaderId::ContentLength).unwrap()), "l: 4\r\n", "");
    }

    #[test]
    fn values_leave_a_list_one_by_one() {
        let remove = |which: &'static [usize]| {
            move |e: &mut Edits, m: &Message| {
                let header = m.first(HeaderId::Route).unwrap();
                let values: Vec<Range> = m.list(HeaderId::Route).map(|(_, v)| v).collect();
                which.iter().for_each(|&i| e.remove_value(m, header, values[i]));
            }
        };
        let line = "Route: <sip:1>, <sip:2>,<sip:3>\r\n";
        check(remove(&[0]), line, "Route: <sip:2>,<sip:3>\r\n");
        check(remove(&[1]), line, "Route: <sip:1>,<sip:3>\r\n");
        check(remove(&[2]), line, "Route: <sip:1>, <sip:2>\r\n");
        check(remove(&[0, 1]), line, "Route: <sip:3>\r\n");
        check(remove(&[1, 0]), line, "Route: <sip:3>\r\n");
        check(remove(&[2, 1]), line, "Route: <sip:1>\r\n");
        check(remove(&[0, 2]), line, "Route: <sip:2>\r\n");
        check(remove(&[1, 2, 0]), line, "");
    }

    #[test]
    fn content_length_follows_the_body() {
        let tail = "l: 4\r\nX:  y\r\n\r\nbody";
        check(|e, _| e.set_body("sdp!!".into(), None), tail, "l: 5\r\nX:  y\r\n\r\nsdp!!");
        check(|e, m| e.insert(m.body_range().end, "+".into()), tail, "l: 5\r\nX:  y\r\n\r\nbody+");
        check(
            |e, m| {
                e.remove_header(m.first(HeaderId::ContentLength).unwrap());
                e.set_body("b".into(), Some("text/plain".into()));
            },
            tail,
            "X:  y\r\nContent-Type: text/plain\r\nContent-Length: 1\r\n\r\nb",
        );
        check(|e, m| e.remove_body(m), tail, "l: 0\r\nX:  y\r\n\r\n");
    }

    #[test]
    fn a_stream_gets_a_content_length() {
        let m =
            Message::parse(Bytes::from_static(b"INFO sip:a SIP/2.0\r\nX: y\r\n\r\nbody"), Framing::Datagram).unwrap();
        let mut out = Vec::new();
        Edits::new().write_after_start_line(&m, Framing::Stream, &mut out);
        assert_eq!(out, b"X: y\r\nContent-Length: 4\r\n\r\nbody");
    }

    #[test]
    fn the_source_is_noted_in_the_top_via() {
        let address = "192.0.2.1".parse().ok();
        check(|e, m| e.stamp_top_via(m, address, Some(5070)), "h ; rport", "h ; rport=5070;received=192.0.2.1");
        check(|e, m| e.stamp_top_via(m, address, None), "h ; rport", "h ; rport;received=192.0.2.1");
    }

    #[test]
    fn overlaps_have_one_outcome_in_any_order() {
        let wide = Range::new(2, 8);
        let mut one = Edits::new();
        one.replace(Range::new(3, 5), "a".into());
        one.insert(4, "b".into());
        one.insert(2, "c".into());
        one.replace(wide, "W".into());
        let mut other = Edits::new();
        other.replace(wide, "W".into());
        other.insert(2, "c".into());
        other.insert(4, "b".into());
        other.replace(Range::new(3, 5), "a".into());
        assert_eq!(one, other);
        let mut out = Vec::new();
        one.write_range(b"0123456789", Range::new(0, 10), &mut out);
        assert_eq!(out, b"01cW89");
    }

    #[test]
    fn overlapping_deletions_unite() {
        let mut edits = Edits::new();
        edits.replace(Range::new(2, 5), "A".into());
        edits.replace(Range::new(4, 8), "B".into());
        edits.replace(Range::new(2, 5), "C".into());
        let mut out = Vec::new();
        edits.write_range(b"0123456789", Range::new(0, 10), &mut out);
        assert_eq!(out, b"01CB89");
    }
}
