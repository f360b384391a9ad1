//! A dialog as JSON: `$DLG_json`, `$DLG_ctx_json`, and what the lookups return.
//!
//! The shape is OpenSIPS's. Escaping is JSON's: line ends and other control characters, quotes, backslashes; a byte that is
//! no UTF-8 becomes the character of that number, so that every parser takes the result.
use super::settings::Settings;
use crate::base::Str;
use crate::context::{Dialog, DialogState, ProfileId, Value};
use crate::proto::dialog::Leg;
use crate::registry::FlagFamily;
use crate::vm::Cx;
use indexmap::IndexMap;
use std::io::Write;

/// Without values and profiles.
pub fn plain(cx: &Cx<'_>, dialog: &Dialog) -> Str {
    let state = dialog.state.lock();
    let mut out = Object::begin(Vec::with_capacity(1024));
    core_members(cx, dialog, &state, &mut out);
    Str::from(out.end())
}

pub fn with_context(cx: &Cx<'_>, dialog: &Dialog) -> Str {
    let state = dialog.state.lock();
    let mut out = Object::begin(Vec::with_capacity(1024));
    core_members(cx, dialog, &state, &mut out);
    if state.has_values() {
        out.object("values", |values| {
            for (name, value) in state.values() {
                values.value(name, value);
            }
        });
    }
    if !state.profiles().is_empty() {
        profiles(cx, &state, &mut out);
    }
    Str::from(out.end())
}

fn core_members(cx: &Cx<'_>, dialog: &Dialog, state: &DialogState, out: &mut Object) {
    let started = state.started_us.unwrap_or(0) / 1_000_000;
    let timeout = state.expires.map_or(0, |at| cx.now.unix_us_at(at) / 1_000_000);
    out.display("ID", dialog.did.db_id());
    out.display("state", state.state().number());
    out.text("user_flags", &cx.image.flags.text(FlagFamily::Dialog, state.flags));
    out.text("callid", &dialog.call_id);
    out.display("timestart", started);
    out.display("timeout", timeout);
    out.text("from_uri", &dialog.from_uri);
    out.text("to_uri", &dialog.to_uri);
    out.object("caller", |caller| leg(state.legs.caller(), caller));
    out.key(b"callees");
    out.list(state.legs.callees(), |out, (_, callee)| out.nested(|o| leg(callee, o)));
}

fn leg(leg: &Leg, out: &mut Object) {
    out.text("tag", &leg.tag);
    out.text("contact", &leg.contact);
    out.display("cseq", leg.cseqs.last.unwrap_or(0));
    out.text("route_set", &leg.route_set);
    out.text("bind_addr", &leg.socket);
    out.text("sdp", &leg.sdp);
}

/// `{"name":["value",..]}`; a profile without values has one empty string.
fn profiles(cx: &Cx<'_>, state: &DialogState, out: &mut Object) {
    let settings: &Settings = cx.core.state();
    let mut by_profile: IndexMap<ProfileId, Vec<&[u8]>> = IndexMap::new();
    for m in state.profiles() {
        by_profile.entry(m.profile).or_default().push(m.value.as_deref().unwrap_or_default());
    }
    out.object("profiles", |o| {
        for (id, values) in by_profile {
            let name = settings.profiles.get(id).map(|p| p.name.clone()).unwrap_or_default();
            o.key(&name);
            o.list(values.into_iter(), |o, value| string(value, &mut o.out));
        }
    });
}

/// Writes one object, member by member.
struct Object {
    out: Vec<u8>,
    first: bool,
}

impl Object {
    fn begin(mut out: Vec<u8>) -> Object {
        out.push(b'{');
        Object { out, first: true }
    }

    fn end(mut self) -> Vec<u8> {
        self.out.push(b'}');
        self.out
    }

    fn key(&mut self, name: &[u8]) {
        if !std::mem::replace(&mut self.first, false) {
            self.out.push(b',');
        }
        string(name, &mut self.out);
        self.out.push(b':');
    }

    fn text(&mut self, name: &str, text: &[u8]) {
        self.key(name.as_bytes());
        string(text, &mut self.out);
    }

    /// A number, as a string.
    fn display(&mut self, name: &str, number: impl std::fmt::Display) {
        self.text(name, number.to_string().as_bytes());
    }

    /// Strings as strings, integers as bare numbers.
    fn value(&mut self, name: &[u8], value: &Value) {
        self.key(name);
        match value {
            Value::Null => self.out.extend_from_slice(b"null"),
            Value::Int(i) | Value::Named(i, _) => self.out.extend_from_slice(&crate::context::decimal(*i)),
            Value::Str(s) | Value::Both(s, _) => string(s, &mut self.out),
        }
    }

    fn object(&mut self, name: &str, fill: impl FnOnce(&mut Object)) {
        self.key(name.as_bytes());
        self.nested(fill);
    }

    fn nested(&mut self, fill: impl FnOnce(&mut Object)) {
        let mut inner = Object::begin(std::mem::take(&mut self.out));
        fill(&mut inner);
        self.out = inner.end();
    }

    fn list<T>(&mut self, items: impl Iterator<Item = T>, mut write: impl FnMut(&mut Object, T)) {
        self.out.push(b'[');
        for (n, item) in items.enumerate() {
            if n > 0 {
                self.out.push(b',');
            }
            write(self, item);
        }
        self.out.push(b']');
    }
}

fn string(text: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    for chunk in text.utf8_chunks() {
        chunk.valid().bytes().for_each(|b| byte(b, out));
        chunk.invalid().iter().for_each(|b| escaped(*b, out));
    }
    out.push(b'"');
}

fn byte(b: u8, out: &mut Vec<u8>) {
    match b {
        b'"' => out.extend_from_slice(b"\\\""),
        b'\\' => out.extend_from_slice(b"\\\\"),
        b'\r' => out.extend_from_slice(b"\\r"),
        b'\n' => out.extend_from_slice(b"\\n"),
        b'\t' => out.extend_from_slice(b"\\t"),
        0..=0x1f | 0x7f => escaped(b, out),
        _ => out.push(b),
    }
}

fn escaped(b: u8, out: &mut Vec<u8>) {
    write!(out, "\\u{b:04x}").expect("a vector takes everything");
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(text: &[u8]) -> String {
        let mut out = Object::begin(Vec::new());
        out.text("k", text);
        String::from_utf8(out.end()).expect("JSON is UTF-8")
    }

    #[test]
    fn line_ends_of_a_body_are_escaped() {
        assert_eq!(of(b"v=0\r\no=\"x\" \\ \x01"), r#"{"k":"v=0\r\no=\"x\" \\ \u0001"}"#);
    }

    #[test]
    fn bytes_that_are_no_utf8_become_characters() {
        assert_eq!(of(b"\xff\xc3\xa9"), "{\"k\":\"\\u00ff\u{e9}\"}");
    }

    #[test]
    fn objects_and_lists_nest() {
        let mut out = Object::begin(Vec::new());
        out.object("a", |a| {
            a.value(b"n", &Value::Int(-5));
            a.value(b"s", &Value::text(b"5"));
        });
        out.key(b"l");
        out.list([1, 2].into_iter(), |o, n| o.nested(|o| o.display("x", n)));
        let text = String::from_utf8(out.end()).expect("JSON is UTF-8");
        assert_eq!(text, r#"{"a":{"n":-5,"s":"5"},"l":[{"x":"1"},{"x":"2"}]}"#);
    }

    proptest! {
        #[test]
        fn any_bytes_make_json(name: Vec<u8>, text: Vec<u8>) {
            let mut out = Object::begin(Vec::new());
            out.value(&name, &Value::Str(Str::from(text)));
            let parsed: serde_json::Value = serde_json::from_slice(&out.end()).expect("valid JSON");
            prop_assert_eq!(parsed.as_object().map(serde_json::Map::len), Some(1));
        }
    }
}
