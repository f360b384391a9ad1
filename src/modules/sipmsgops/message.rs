//! Questions about the message as a whole.
use crate::base::Str;
use crate::context::Value;
use crate::script_fns;
use crate::sip::{HeaderId, Message, Method, Range};
use crate::vm::{Cx, Function, Store, VarInto, Vocabulary, Words};
use serde_json::{Map, Value as Json};

pub const FUNCTIONS: &[Function] = script_fns! {
    /// Whether the method is one of `A|B|..`; for a reply the method of its CSeq.
    fn is_method(name: Words<Methods>) in REQUEST | FAILURE | ONREPLY | BRANCH | LOCAL => is_method;

    /// Whether To has a tag: the message belongs to a dialog.
    fn has_totag() in REQUEST | FAILURE | ONREPLY | BRANCH | LOCAL => has_totag;

    /// Whether Privacy has this value (RFC 3323): `header`, `session`, `user`, `none`, `critical`, `id`, `history`.
    fn is_privacy(privacy_type: Words<Privacy>) in REQUEST | FAILURE | ONREPLY | BRANCH | LOCAL => is_privacy;

    /// Stores the received message as JSON: `first_line`, `headers` (arrays by name) and `body`.
    fn sip_to_json(out_var: VarInto) in REQUEST | FAILURE | ONREPLY | BRANCH | LOCAL, roles [MayFail] => sip_to_json;
};

#[derive(Clone)]
struct Methods(Vec<Str>);

impl Vocabulary for Methods {
    fn parse(text: &[u8]) -> Result<Methods, String> {
        // A list may end in its sign.
        let list = text.strip_suffix(b"|").unwrap_or(text);
        let names: Vec<&[u8]> = list.split(|&b| b == b'|').collect();
        if names.iter().any(|n| n.is_empty()) {
            return Err("a method name is empty".to_owned());
        }
        let unknown = names.iter().find(|n| Method::known(&n.to_ascii_uppercase()).is_none());
        match unknown {
            Some(name) if names.len() > 1 => {
                Err(format!("`{}` is no known method; a list takes known ones only", Str::new(name)))
            }
            _ => Ok(Methods(names.into_iter().map(Str::new).collect())),
        }
    }
}

const PRIVACY_VALUES: [&str; 7] = ["header", "session", "user", "none", "critical", "id", "history"];

#[derive(Clone)]
struct Privacy(&'static str);

impl Vocabulary for Privacy {
    fn parse(text: &[u8]) -> Result<Privacy, String> {
        let known = PRIVACY_VALUES.into_iter().find(|v| v.as_bytes().eq_ignore_ascii_case(text));
        known.map(Privacy).ok_or_else(|| format!("a privacy value is one of {}", PRIVACY_VALUES.join(", ")))
    }
}

fn is_method(cx: &mut Cx<'_>, methods: Words<Methods>) -> bool {
    let message = &cx.run.msg;
    let own = match message.is_request() {
        true => message.method_bytes(),
        false => message.cseq().map(|c| message.bytes(c.method)).unwrap_or_default(),
    };
    methods.0.0.iter().any(|m| m.eq_ignore_ascii_case(own))
}

fn has_totag(cx: &mut Cx<'_>) -> bool {
    cx.run.msg.to_tag().is_some()
}

fn is_privacy(cx: &mut Cx<'_>, wanted: Words<Privacy>) -> bool {
    let message = &cx.run.msg;
    let values =
        message.all(HeaderId::Privacy).flat_map(|h| message.bytes(h.value).split(|b| matches!(b, b';' | b',')));
    values.into_iter().any(|v| v.trim_ascii().eq_ignore_ascii_case(wanted.0.0.as_bytes()))
}

fn sip_to_json(cx: &mut Cx<'_>, out: VarInto) -> bool {
    let text = json(&cx.run.msg).to_string();
    cx.write(&out.0, Store::Set, Value::Str(Str::from(text))).is_ok()
}

fn json(message: &Message) -> Json {
    let text = |bytes: &[u8]| Json::String(String::from_utf8_lossy(bytes).into_owned());
    let mut headers = Map::new();
    for field in message.headers() {
        let name = String::from_utf8_lossy(message.bytes(field.name)).into_owned();
        let known = headers.keys().find(|k| k.eq_ignore_ascii_case(&name)).cloned().unwrap_or(name);
        let values = headers.entry(known).or_insert_with(|| Json::Array(Vec::new()));
        if let Json::Array(values) = values {
            values.push(text(message.bytes(field.value)));
        }
    }
    let first_line = Range { start: 0, end: message.head_start() };
    let mut all = Map::new();
    all.insert("first_line".to_owned(), text(message.bytes(first_line)));
    all.insert("headers".to_owned(), Json::Object(headers));
    if !message.body().is_empty() {
        all.insert("body".to_owned(), text(message.body()));
    }
    Json::Object(all)
}

#[cfg(test)]
mod tests {
    use super::super::MODULE;
    use super::*;
    use crate::modules::fixture::{Fixture, text};

    const REQUEST: &str = "INVITE sip:a SIP/2.0\nTo: <sip:a>;tag=1\nX: 1\nPrivacy: id;header ; critical\nx: \"2/3\"\nCSeq: 1 INVITE\n\nbody\n";

    fn ask(f: &mut Fixture, name: &str, arg: &str) -> i32 {
        f.call(&MODULE, name, &[text(arg)])
    }

    #[test]
    fn a_method_is_one_of_a_list() {
        let mut f = Fixture::new(REQUEST);
        let mut is = |list: &str| ask(&mut f, "is_method", list);
        assert_eq!((is("INVITE"), is("invite"), is("BYE|INVITE"), is("BYE"), is("FOO")), (1, 1, 1, -1, -1));
        assert_eq!((is(""), is("INVITE|FOO"), is("INVITE||BYE")), (-1, -1, -1));
        let mut f = Fixture::new("SIP/2.0 200 OK\nCSeq: 1 BYE");
        assert_eq!((ask(&mut f, "is_method", "BYE"), ask(&mut f, "is_method", "INVITE")), (1, -1));
        let mut f = Fixture::new("FOO sip:a SIP/2.0");
        assert_eq!(ask(&mut f, "is_method", "foo"), 1);
    }

    #[test]
    fn a_list_with_unknown_methods_is_refused_at_start() {
        assert!(Methods::parse(b"INVITE|FOO").is_err_and(|e| e.contains("`FOO`")));
        assert!(Methods::parse(b"FOO").is_ok());
    }

    #[test]
    fn the_to_tag_says_whether_there_is_a_dialog() {
        assert_eq!(Fixture::new(REQUEST).call(&MODULE, "has_totag", &[]), 1);
        assert_eq!(Fixture::new("SIP/2.0 200 OK\nTo: <sip:a>").call(&MODULE, "has_totag", &[]), -1);
        assert_eq!(Fixture::new("SIP/2.0 200 OK\nTo: <sip:a").call(&MODULE, "has_totag", &[]), -1);
    }

    #[test]
    fn privacy_has_values() {
        let mut f = Fixture::new(REQUEST);
        let mut is = |value: &str| ask(&mut f, "is_privacy", value);
        assert_eq!((is("id"), is("HEADER"), is("critical"), is("user"), is("nonsense")), (1, 1, 1, -1, -1));
        assert_eq!(ask(&mut Fixture::new("SIP/2.0 200 OK"), "is_privacy", "id"), -1);
    }

    #[test]
    fn a_message_becomes_json() {
        let mut f = Fixture::new(REQUEST);
        let out = f.avp_out("json");
        assert_eq!(f.call(&MODULE, "sip_to_json", &[out]), 1);
        assert_eq!(
            f.avps("json"),
            [Value::text(
                br#"{"first_line":"INVITE sip:a SIP/2.0\r\n","headers":{"To":["<sip:a>;tag=1"],"X":["1","\"2/3\""],"Privacy":["id;header ; critical"],"CSeq":["1 INVITE"]},"body":"body\r\n"}"#
            )]
        );
    }
}
