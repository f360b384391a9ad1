//! `options`: answers OPTIONS that are meant for this server (RFC 3261 11.2).
use crate::base::Str;
use crate::context::Level;
use crate::modules::core::uri_text::UriText;
use crate::modules::signaling;
use crate::registry::ParamSignature;
use crate::registry::param::string;
use crate::script_fns;
use crate::vm::{Cx, Function, InitCx, Module, Ruled};

pub static MODULE: Module = Module {
    needs: &["signaling"],
    functions: FUNCTIONS,
    params: PARAMS,
    examples: &[include_str!("examples.md")],
    init: Some(init),
    ..Module::empty("options")
};

static FUNCTIONS: &[Function] = script_fns! {
    /// Answers an OPTIONS without user with 200 and what this server takes, and ends the script. -1: it is none.
    fn options_reply() in REQUEST, roles [Replies] => options_reply;
};

static PARAMS: &[ParamSignature] = &[
    string("accept", "Content of the Accept header field (*/*); empty: none."),
    string("accept_encoding", "Content of Accept-Encoding; empty: none."),
    string("accept_language", "Content of Accept-Language (en); empty: none."),
    string("support", "Content of Supported; empty: none."),
];

/// Names of header fields, the parameters that hold their contents, and what these are by themselves.
static FIELDS: &[(&str, &str, &str)] = &[
    ("Accept", "accept", "*/*"),
    ("Accept-Encoding", "accept_encoding", ""),
    ("Accept-Language", "accept_language", "en"),
    ("Supported", "support", ""),
];

/// The header lines of the answer.
struct Lines(Str);

fn init(cx: &mut InitCx<'_>) -> Result<(), String> {
    let mut lines = Vec::new();
    for (name, parameter, default) in FIELDS {
        let content = cx.params.str(parameter).unwrap_or(default.as_bytes());
        if content.contains(&b'\r') || content.contains(&b'\n') {
            return Err(format!("`{parameter}` must be one line"));
        }
        if !content.is_empty() {
            lines.extend_from_slice(&[name.as_bytes(), b": ", content, b"\r\n"].concat());
        }
    }
    cx.states.set(Lines(Str::from(lines)));
    Ok(())
}

fn options_reply(cx: &mut Cx<'_>) -> i32 {
    if cx.run.msg.method_bytes() != b"OPTIONS" {
        return refused(cx, "this is no OPTIONS");
    }
    match UriText::request(cx.run).and_then(UriText::view) {
        None => return refused(cx, "the Request-URI cannot be read"),
        Some(uri) if !uri.user().is_empty() => {
            return refused(cx, "the Request-URI has a user: it is not for this server");
        }
        Some(_) => {}
    }
    let lines = cx.core.state::<Lines>().0.clone();
    cx.run.reply_extras.headers.push(lines);
    match signaling::send_reply(cx, Ruled(200), Str::from_static("OK")) {
        -1 => -1,
        _ => 0,
    }
}

fn refused(cx: &Cx<'_>, why: &str) -> i32 {
    cx.log(Level::Error, "options", "options_reply", format_args!("{why}"));
    -1
}
