//! Header fields: added, removed, looked for.
use crate::base::Str;
use crate::base::glob::{self, Case};
use crate::context::Value;
use crate::registry::{Literal, Setup};
use crate::script_fns;
use crate::sip::{Header, Message};
use crate::vm::{Cx, Function, PatternArg, Rule, Ruled, Store, VarInto};

pub const FUNCTIONS: &[Function] = script_fns! {
    /// Adds header fields behind all others, or behind the first one named `hdr_anchor`.
    fn append_hf(txt: Str, hdr_anchor: Option<Ruled<FieldName>>) in REQUEST | FAILURE | ONREPLY | BRANCH | LOCAL => append_hf;

    /// Adds header fields in front of all others, or of the first one named `hdr`.
    fn insert_hf(txt: Str, hdr: Option<Ruled<FieldName>>) in REQUEST | FAILURE | ONREPLY | BRANCH | LOCAL => insert_hf;

    /// Adds a header field of `prefix`, the Request-URI as received, and `suffix`.
    fn append_urihf(prefix: Str, suffix: Str) in REQUEST | FAILURE | BRANCH => append_urihf;

    /// Removes every header field of a name. -1: there is none.
    fn remove_hf(hname: Ruled<FieldName>) in REQUEST | FAILURE | ONREPLY | BRANCH | LOCAL => remove_hf;

    /// Removes the header fields whose name matches.
    fn remove_hf_re(hname_expr: PatternArg) in REQUEST | FAILURE | ONREPLY | BRANCH | LOCAL => remove_hf_re;

    /// Removes the header fields whose name fits a shell pattern.
    fn remove_hf_glob(hname_pattern: Str) in REQUEST | FAILURE | ONREPLY | BRANCH | LOCAL => remove_hf_glob;

    /// Whether the received message has such a header field; compact and long names are one.
    fn is_present_hf(hf_name: Ruled<FieldName>) in REQUEST | FAILURE | ONREPLY | BRANCH | LOCAL, roles [MayFail] => is_present_hf;

    /// Collects names and values of the header fields that fit a shell pattern into two AVPs; the last one is on top.
    fn get_glob_headers_values(hdr_name_glob: Str, hdr_names_avp: VarInto, hdr_vals_avp: VarInto) in REQUEST | FAILURE | ONREPLY | BRANCH | LOCAL, roles [MayFail] => get_glob_headers_values;
};

/// The name of a header field: nothing but blanks may follow it, or a `:`.
pub struct FieldName;

impl Rule for FieldName {
    type Value = Str;

    fn check(literal: Literal<'_>, _: Setup<'_>) -> Result<(), String> {
        let Literal::Text(text) = literal else { return Ok(()) };
        let name = text.split(|b| *b == b':').next().unwrap_or_default();
        let name = name.iter().rposition(|b| !matches!(b, b' ' | b'\t')).and_then(|last| name.get(..=last));
        match name {
            Some(name) if name.iter().any(|b| matches!(b, b' ' | b'\t')) => {
                Err(format!("`{}` is no name of a header field: there is a blank in it", Str::new(name)))
            }
            _ => Ok(()),
        }
    }
}

fn append_hf(cx: &mut Cx<'_>, text: Str, anchor: Option<Ruled<FieldName>>) -> bool {
    if !are_fields(&text) {
        return false;
    }
    let message = &cx.run.msg;
    match anchor.and_then(|Ruled(name)| first(message, &name)) {
        Some(field) => cx.run.edits.insert_after(&field, text),
        None => cx.run.edits.append_header(message, text),
    }
    true
}

fn insert_hf(cx: &mut Cx<'_>, text: Str, anchor: Option<Ruled<FieldName>>) -> bool {
    if !are_fields(&text) {
        return false;
    }
    let message = &cx.run.msg;
    match anchor.and_then(|Ruled(name)| first(message, &name)) {
        Some(field) => cx.run.edits.insert_before(&field, text),
        None => cx.run.edits.prepend_header(message, text),
    }
    true
}

fn append_urihf(cx: &mut Cx<'_>, prefix: Str, suffix: Str) -> bool {
    let Some(uri) = cx.run.msg.request_uri() else { return false };
    let text = Str::from([&prefix, uri, &suffix].concat());
    append_hf(cx, text, None)
}

fn remove_hf(cx: &mut Cx<'_>, Ruled(name): Ruled<FieldName>) -> bool {
    let message = cx.run.msg.clone();
    remove(cx, message.by_name(&name))
}

fn remove_hf_re(cx: &mut Cx<'_>, pattern: PatternArg) -> bool {
    let message = cx.run.msg.clone();
    remove(cx, message.headers().iter().filter(|h| pattern.0.is_match(message.bytes(h.name))))
}

fn remove_hf_glob(cx: &mut Cx<'_>, pattern: Str) -> bool {
    let message = cx.run.msg.clone();
    remove(cx, fitting(&message, &pattern))
}

fn is_present_hf(cx: &mut Cx<'_>, Ruled(name): Ruled<FieldName>) -> bool {
    cx.run.msg.by_name(&name).next().is_some()
}

fn get_glob_headers_values(cx: &mut Cx<'_>, pattern: Str, names: VarInto, values: VarInto) -> bool {
    let message = cx.run.msg.clone();
    let mut found = false;
    for field in fitting(&message, &pattern) {
        found = true;
        let stored = cx.write(&names.0, Store::Set, Value::Str(message.text(field.name)));
        if stored.and_then(|()| cx.write(&values.0, Store::Set, Value::Str(message.text(field.value)))).is_err() {
            return false;
        }
    }
    found
}

fn remove<'m>(cx: &mut Cx<'_>, fields: impl Iterator<Item = &'m Header>) -> bool {
    let mut any = false;
    for field in fields {
        cx.run.edits.remove_header(field);
        any = true;
    }
    any
}

fn fitting<'m>(message: &'m Message, pattern: &'m [u8]) -> impl Iterator<Item = &'m Header> {
    message.headers().iter().filter(|h| glob::matches(pattern, message.bytes(h.name), Case::Ignored))
}

fn first(message: &Message, name: &[u8]) -> Option<Header> {
    message.by_name(name).next().copied()
}

/// Whether the text can stand among header fields: an empty line in it would end them.
pub fn are_fields(text: &[u8]) -> bool {
    let body = text.strip_suffix(b"\n").unwrap_or(text);
    text.is_empty() || body.split(|&b| b == b'\n').all(|line| !line.trim_ascii().is_empty())
}

#[cfg(test)]
mod tests {
    use super::super::MODULE;
    use super::*;
    use crate::modules::fixture::{Fixture, text};

    const REQUEST: &str = "OPTIONS sip:a@b SIP/2.0\nFrom: x\ni: id\nX-One: 1\nX-Two: 2\nTo: y";

    fn check(name: &str, args: &[&str], code: i32, from: &str, to: &str) {
        let mut f = Fixture::new(REQUEST);
        let before = f.written();
        assert!(before.contains(from), "{from:?} is not in the message");
        let args: Vec<_> = args.iter().map(|a| text(a)).collect();
        assert_eq!(f.call(&MODULE, name, &args), code, "{name}");
        assert_eq!(f.written(), before.replacen(from, to, 1), "{name}");
    }

    #[test]
    fn fields_go_to_the_ends_or_to_their_anchor() {
        check("append_hf", &["A: 1\r\nB: 2\r\n"], 1, "To: y\r\n", "To: y\r\nA: 1\r\nB: 2\r\n");
        check("append_hf", &["A: 1"], 1, "To: y\r\n", "To: y\r\nA: 1\r\n");
        check("append_hf", &["A: 1\r\n", "Call-ID"], 1, "i: id\r\n", "i: id\r\nA: 1\r\n");
        check("append_hf", &["A: 1\r\n", "x-one"], 1, "X-One: 1\r\n", "X-One: 1\r\nA: 1\r\n");
        check("append_hf", &["A: 1\r\n", "Missing"], 1, "To: y\r\n", "To: y\r\nA: 1\r\n");
        check("insert_hf", &["A: 1\r\n"], 1, "From", "A: 1\r\nFrom");
        check("insert_hf", &["A: 1\r\n", "t"], 1, "To: y", "A: 1\r\nTo: y");
        check("append_urihf", &["CC: <", ">\r\n"], 1, "To: y\r\n", "To: y\r\nCC: <sip:a@b>\r\n");
    }

    #[test]
    fn a_text_that_would_end_the_fields_is_refused() {
        for bad in ["A: 1\r\n\r\nbody", "\r\n", "A: 1\n\nB: 2", "\r\nA: 1"] {
            check("append_hf", &[bad], -1, "", "");
            check("insert_hf", &[bad], -1, "", "");
        }
    }

    #[test]
    fn fields_are_removed_by_name_and_by_pattern() {
        check("remove_hf", &["call-id"], 1, "i: id\r\n", "");
        check("remove_hf", &["Missing"], -1, "", "");
        check("remove_hf_re", &["^x-(one|two)$"], 1, "X-One: 1\r\nX-Two: 2\r\n", "");
        check("remove_hf_re", &["^y"], -1, "", "");
        check("remove_hf_glob", &["X-*"], 1, "X-One: 1\r\nX-Two: 2\r\n", "");
        check("remove_hf_glob", &["Y-*"], -1, "", "");
    }

    #[test]
    fn presence_is_that_of_the_received_message() {
        let mut f = Fixture::new(REQUEST);
        let has = |f: &mut Fixture, name: &str| f.call(&MODULE, "is_present_hf", &[text(name)]);
        assert_eq!((has(&mut f, "Call-ID"), has(&mut f, "x-TWO"), has(&mut f, "Via")), (1, 1, -1));
        f.call(&MODULE, "remove_hf", &[text("X-Two")]);
        assert_eq!(has(&mut f, "X-Two"), 1);
    }

    #[test]
    fn fields_are_collected_last_on_top() {
        let mut f = Fixture::new(REQUEST);
        let out = |f: &Fixture| [text("x-*"), f.avp_out("names"), f.avp_out("values")];
        let args = out(&f);
        assert_eq!(f.call(&MODULE, "get_glob_headers_values", &args), 1);
        assert_eq!(f.avps("names"), [Value::text(b"X-Two"), Value::text(b"X-One")]);
        assert_eq!(f.avps("values"), [Value::text(b"2"), Value::text(b"1")]);
        let [_, names, values] = args;
        assert_eq!(f.call(&MODULE, "get_glob_headers_values", &[text("q*"), names, values]), -1);
    }
}
