//! `diversion`: the Diversion header field (RFC 5806).
use crate::base::Str;
use crate::context::Level;
use crate::registry::ParamSignature;
use crate::registry::param::string;
use crate::script_fns;
use crate::sip::HeaderId;
use crate::vm::{Cx, Function, InitCx, Module};

pub static MODULE: Module = Module {
    functions: FUNCTIONS,
    params: PARAMS,
    examples: &[include_str!("examples.md")],
    init: Some(init),
    ..Module::empty("diversion")
};

static FUNCTIONS: &[Function] = script_fns! {
    /// Puts a Diversion in front of those there are: by default from the Request-URI as it came in.
    fn add_diversion(reason: Str, uri: Option<Str>, counter: Option<i32>) in REQUEST | FAILURE | LOCAL, roles [MayFail] => add_diversion;
};

static PARAMS: &[ParamSignature] = &[string("suffix", "Parameters behind those of every Diversion: `;privacy=full`.")];

struct Suffix(Str);

fn init(cx: &mut InitCx<'_>) -> Result<(), String> {
    let suffix = cx.params.str("suffix").unwrap_or_default();
    if !is_one_line(suffix) {
        return Err("`suffix` must be one line".to_owned());
    }
    cx.states.set(Suffix(Str::new(suffix)));
    Ok(())
}

fn add_diversion(cx: &mut Cx<'_>, reason: Str, uri: Option<Str>, counter: Option<i32>) -> bool {
    let uri = uri.or_else(|| cx.run.msg.request_uri().map(Str::new)).unwrap_or_default();
    if uri.is_empty() || !is_one_line(&uri) || uri.contains(&b'>') || !is_one_line(&reason) {
        let text = format_args!("`{uri}` and `{reason}` cannot stand in a header field");
        cx.log(Level::Error, "diversion", "add_diversion", text);
        return false;
    }
    let counter = counter.filter(|n| *n > 0).map(|n| format!(";counter={n}")).unwrap_or_default();
    let suffix = &cx.core.state::<Suffix>().0;
    let line = [b"Diversion: <", &uri[..], b">;reason=", &reason, counter.as_bytes(), suffix, b"\r\n"].concat();
    let message = &cx.run.msg;
    let place = match message.first(HeaderId::Diversion) {
        Some(first) => first.line.start,
        None => message.head_end(),
    };
    // The newest stands in front.
    cx.run.edits.insert_in_front(place, Str::from(line));
    true
}

fn is_one_line(text: &[u8]) -> bool {
    !text.iter().any(|b| matches!(b, b'\r' | b'\n' | 0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::modules::fixture::{Fixture, text};
    use crate::registry::Setting;
    use crate::vm::Arg;

    const INVITE: &str = "INVITE sip:bob@h SIP/2.0\ni: 1\n";

    fn fixture(message: &str, suffix: &str) -> Fixture {
        Fixture::with(message, &[(&MODULE, &[("suffix", Setting::Str(suffix.as_bytes().to_vec()))])])
    }

    #[test]
    fn the_newest_stands_in_front() {
        let mut f = fixture(&format!("{INVITE}Diversion: <sip:old@h>;reason=deflection\nX: 1"), "");
        assert_eq!(f.call(&MODULE, "add_diversion", &[text("no-answer"), Arg::Omitted, Arg::Int(2)]), 1);
        assert_eq!(f.call(&MODULE, "add_diversion", &[text("user-busy"), text("sip:carol@h"), Arg::Int(0)]), 1);
        assert_eq!(
            f.written(),
            "i: 1\r\nDiversion: <sip:carol@h>;reason=user-busy\r\nDiversion: <sip:bob@h>;reason=no-answer;counter=2\r\n\
             Diversion: <sip:old@h>;reason=deflection\r\nX: 1\r\n\r\n"
        );
    }

    #[test]
    fn the_first_stands_behind_all_fields() {
        let mut f = fixture(INVITE, ";privacy=full");
        assert_eq!(f.call(&MODULE, "add_diversion", &[text("unknown")]), 1);
        assert_eq!(f.written(), "i: 1\r\nDiversion: <sip:bob@h>;reason=unknown;privacy=full\r\n\r\n");
    }

    #[test]
    fn what_would_break_the_field_is_refused() {
        let mut f = fixture(INVITE, "");
        for (reason, uri) in [("a\r\nX: 1", "sip:a"), ("a", "sip:a>\r\nX"), ("a", "sip:a>;b=<c")] {
            assert_eq!(f.call(&MODULE, "add_diversion", &[text(reason), text(uri)]), -1, "{reason} {uri}");
        }
        assert_eq!(f.written(), "i: 1\r\n\r\n");
    }
}
