//! Functions that change the Request-URI and the destination URI.
use super::super::uri_text::{UriText, edit_request_uri, set_destination, set_request_uri, with_host, with_host_port};
use super::outcome;
use crate::base::Str;
use crate::context::Level;
use crate::script_fns;
use crate::sip::Uri;
use crate::vm::{AvpOut, Cx, Function, Store};

pub const FUNCTIONS: &[Function] = script_fns! {
    /// Replaces the Request-URI.
    fn seturi(uri: Str) in ALL, roles [MayFail] => seturi;
    /// Replaces the user of the Request-URI; an empty one removes it.
    fn setuser(user: Str) in ALL, roles [MayFail] => setuser;
    /// Replaces `user:password` of the Request-URI as a whole.
    fn setuserpass(pass: Str) in ALL, roles [MayFail] => setuserpass;
    /// Replaces the host of the Request-URI and drops `maddr`.
    fn sethost(host: Str) in ALL, roles [MayFail] => sethost;
    /// Replaces host and port of the Request-URI and drops `maddr`.
    fn sethostport(hostport: Str) in ALL, roles [MayFail] => sethostport;
    /// Replaces the port of the Request-URI.
    fn setport(port: Str) in ALL, roles [MayFail] => setport;
    /// Puts a text in front of the user of the Request-URI.
    fn prefix(str: Str) in ALL, roles [MayFail] => prefix;
    /// Takes the first bytes off the user of the Request-URI.
    fn strip(n: i32) in ALL, roles [MayFail] => strip;
    /// Takes the last bytes off the user of the Request-URI.
    fn strip_tail(n: i32) in ALL, roles [MayFail] => strip_tail;
    /// Drops all changes of the Request-URI.
    fn revert_uri() in ALL => revert_uri;
    /// Sets the destination URI: where the request is sent whatever its Request-URI says.
    fn setdsturi(uri: Str) in ALL, roles [MayFail] => setdsturi;
    /// Drops the destination URI.
    fn resetdsturi() in ALL => resetdsturi;
    /// Whether a destination URI is set.
    fn isdsturiset() in ALL => isdsturiset;
    /// Puts a URI together out of its parts and pushes it on an AVP.
    fn construct_uri(proto: Str, user: Option<Str>, domain: Str, port: Option<Str>, extra: Option<Str>, result: AvpOut)
        in ALL => construct_uri;
};

fn seturi(cx: &mut Cx<'_>, uri: Str) -> bool {
    let done = set_request_uri(cx.run, uri);
    outcome(cx, "seturi", done)
}

fn setuser(cx: &mut Cx<'_>, user: Str) -> bool {
    let user = Some(user).filter(|u| !u.is_empty());
    edit(cx, "setuser", |uri| Some(uri.with_user(user.as_deref())))
}

fn setuserpass(cx: &mut Cx<'_>, text: Str) -> bool {
    edit(cx, "setuserpass", |uri| Some(if text.is_empty() { uri.with_user(None) } else { uri.with_userpass(&text) }))
}

fn sethost(cx: &mut Cx<'_>, host: Str) -> bool {
    edit(cx, "sethost", |uri| with_host(uri, &host))
}

fn sethostport(cx: &mut Cx<'_>, text: Str) -> bool {
    edit(cx, "sethostport", |uri| with_host_port(uri, &text))
}

fn setport(cx: &mut Cx<'_>, port: Str) -> bool {
    edit(cx, "setport", |uri| uri.with_port(Some(&port[..]).filter(|p| !p.is_empty())))
}

fn prefix(cx: &mut Cx<'_>, text: Str) -> bool {
    if text.is_empty() {
        return true;
    }
    edit(cx, "prefix", |uri| Some(uri.with_prefix(&text)))
}

fn strip(cx: &mut Cx<'_>, n: i32) -> bool {
    stripped(cx, "strip", n, Uri::strip)
}

fn strip_tail(cx: &mut Cx<'_>, n: i32) -> bool {
    stripped(cx, "strip_tail", n, Uri::strip_tail)
}

/// More than there is empties the user.
fn stripped(cx: &mut Cx<'_>, function: &'static str, n: i32, strip: fn(&Uri, usize) -> Option<Str>) -> bool {
    let Ok(n) = usize::try_from(n) else {
        return outcome(cx, function, Err("the number of bytes is negative"));
    };
    let user = UriText::request(cx.run).and_then(|uri| uri.view()).map_or(0, |view| view.user().len());
    if n > user {
        cx.log(Level::Warning, "core", function, format_args!("the user has {user} bytes, not {n}; all of it goes"));
    }
    edit(cx, function, |uri| if n >= user { Some(uri.with_user(None)) } else { strip(uri, n) })
}

fn revert_uri(cx: &mut Cx<'_>) -> i32 {
    cx.run.targets.main.uri = None;
    1
}

fn setdsturi(cx: &mut Cx<'_>, uri: Str) -> bool {
    let done = set_destination(cx.run, Some(uri));
    outcome(cx, "setdsturi", done)
}

fn resetdsturi(cx: &mut Cx<'_>) -> i32 {
    cx.run.targets.main.dst = None;
    1
}

fn isdsturiset(cx: &mut Cx<'_>) -> bool {
    cx.run.targets.main.dst.is_some()
}

fn construct_uri(
    cx: &mut Cx<'_>,
    proto: Str,
    user: Option<Str>,
    domain: Str,
    port: Option<Str>,
    extra: Option<Str>,
    result: AvpOut,
) -> i32 {
    // OpenSIPS answers 1 also when nothing was built.
    if proto.is_empty() || domain.is_empty() {
        return 1;
    }
    let mut uri = proto.to_vec();
    uri.push(b':');
    let parts =
        [(user, None, Some(b'@')), (Some(domain), None, None), (port, Some(b':'), None), (extra, Some(b';'), None)];
    for (part, before, after) in parts {
        let Some(part) = part.filter(|p| !p.is_empty()) else { continue };
        uri.extend(before);
        uri.extend_from_slice(&part);
        uri.extend(after);
    }
    match cx.write(&result.0, Store::Set, Str::from(uri).into()) {
        Ok(()) => 1,
        Err(_) => -1,
    }
}

fn edit(cx: &mut Cx<'_>, function: &'static str, change: impl FnOnce(&Uri) -> Option<Str>) -> bool {
    let done = edit_request_uri(cx.run, change);
    outcome(cx, function, done)
}

#[cfg(test)]
mod tests {
    use crate::base::Str;
    use crate::context::Value;
    use crate::modules::core::MODULE;
    use crate::modules::fixture::{Fixture, text};
    use crate::vm::Arg;

    fn check(calls: &[(&str, Arg)], expected: &str) {
        let mut f = Fixture::new("INVITE sip:12345:pw@h:5070;maddr=m;x SIP/2.0\ni: 1");
        for (name, arg) in calls {
            assert_eq!(f.call(&MODULE, name, std::slice::from_ref(arg)), 1, "{name}");
        }
        assert_eq!(f.expanded("$ru"), expected);
    }

    #[test]
    fn each_part_is_replaced_alone() {
        check(&[("setuser", text("bob"))], "sip:bob:pw@h:5070;maddr=m;x");
        check(&[("setuser", text(""))], "sip:h:5070;maddr=m;x");
        check(&[("setuserpass", text("uu"))], "sip:uu@h:5070;maddr=m;x");
        check(&[("setuserpass", text("u:p"))], "sip:u:p@h:5070;maddr=m;x");
        check(&[("sethost", text("other"))], "sip:12345:pw@other:5070;x");
        check(&[("sethostport", text("other:7"))], "sip:12345:pw@other:7;x");
        check(&[("setport", text("8"))], "sip:12345:pw@h:8;maddr=m;x");
        check(&[("seturi", text("sip:new@h"))], "sip:new@h");
        check(&[("setuser", text("bob")), ("prefix", text("9"))], "sip:9bob:pw@h:5070;maddr=m;x");
    }

    #[test]
    fn stripping_takes_bytes_off_either_end() {
        check(&[("strip", Arg::Int(2))], "sip:345:pw@h:5070;maddr=m;x");
        check(&[("strip_tail", Arg::Int(2))], "sip:123:pw@h:5070;maddr=m;x");
        check(&[("strip", Arg::Int(0))], "sip:12345:pw@h:5070;maddr=m;x");
        check(&[("strip", Arg::Int(9))], "sip:h:5070;maddr=m;x");
    }

    #[test]
    fn all_changes_are_reverted() {
        check(&[("setuser", text("bob")), ("revert_uri", Arg::Omitted)], "sip:12345:pw@h:5070;maddr=m;x");
    }

    #[test]
    fn a_reply_and_a_bad_uri_fail() {
        let mut reply = Fixture::new("SIP/2.0 200 OK\nCSeq: 1 INVITE");
        assert_eq!(reply.call(&MODULE, "setuser", &[text("bob")]), -1);
        assert_eq!(reply.call(&MODULE, "seturi", &[text("sip:a@b")]), -1);
        let mut f = Fixture::new("INVITE sip:h SIP/2.0\ni: 1");
        assert_eq!(f.call(&MODULE, "seturi", &[text("garbage")]), 1);
        assert_eq!(f.call(&MODULE, "setuser", &[text("bob")]), -1);
        assert_eq!(f.call(&MODULE, "strip", &[Arg::Int(-1)]), -1);
    }

    #[test]
    fn a_null_argument_keeps_the_call_from_happening_and_prints_in_formats() {
        let mut f = Fixture::new("INVITE sip:a@h SIP/2.0\ni: 1");
        let null = f.by_ref("$var(nul)");
        assert_eq!(f.call(&MODULE, "setuser", &[null]), -1);
        assert_eq!(f.expanded("$rU"), "a");
        let format = f.format("x$var(nul)y");
        assert_eq!(f.call(&MODULE, "setuser", &[format]), 1);
        assert_eq!(f.expanded("$ru"), "sip:x<null>y@h", "as OpenSIPS has it");
        f.set("$var(s)", Value::text(b"2")).expect("a variable is set");
        let digits = f.by_ref("$var(s)");
        assert_eq!(f.call(&MODULE, "strip", &[digits]), -1);
    }

    #[test]
    fn the_destination_is_set_and_reset() {
        let mut f = Fixture::new("INVITE sip:h SIP/2.0\ni: 1");
        assert_eq!(f.call(&MODULE, "isdsturiset", &[]), -1);
        assert_eq!(f.call(&MODULE, "setdsturi", &[text("sip:d")]), 1);
        assert_eq!((f.call(&MODULE, "isdsturiset", &[]), f.expanded("$du").as_str()), (1, "sip:d"));
        assert_eq!(f.call(&MODULE, "resetdsturi", &[]), 1);
        assert_eq!(f.call(&MODULE, "isdsturiset", &[]), -1);
    }

    #[test]
    fn a_uri_is_put_together() {
        let mut f = Fixture::new("INVITE sip:h SIP/2.0\ni: 1");
        let mut build = |args: [Arg; 5]| {
            let mut args = Vec::from(args);
            args.push(f.avp_out("u"));
            assert_eq!(f.call(&MODULE, "construct_uri", &args), 1);
            f.avps("u").first().cloned()
        };
        let all = build([text("sips"), text("bob"), text("h"), text("7"), text("lr")]);
        assert_eq!(all, Some(Value::from(Str::from("sips:bob@h:7;lr"))));
        let bare = build([text("sip"), Arg::Omitted, text("h"), text(""), Arg::Omitted]);
        assert_eq!(bare, Some(Value::text(b"sip:h")));
        assert_eq!(build([text(""), Arg::Omitted, text("x"), Arg::Omitted, Arg::Omitted]), bare);
    }
}
