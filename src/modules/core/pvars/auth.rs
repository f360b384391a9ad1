//! Credentials of a request and the challenge in a reply.
use crate::base::Str;
use crate::context::Value;
use crate::sip::header::Auth;
use crate::sip::{HeaderId, Message, Method};
use crate::vm::{Cx, Pvar};

pub const PVARS: &[Pvar] = &[
    Pvar::new("au", |cx, _| username(cx, |user, _| user), "User part of the credentials' username."),
    Pvar::new("ad", |cx, _| username(cx, |_, domain| domain), "Domain part of the credentials' username."),
    Pvar::new("aU", |cx, _| credential(cx, b"username"), "Username of the credentials as a whole."),
    Pvar::new("ar", |cx, _| credential(cx, b"realm"), "Realm of the credentials."),
    Pvar::new("an", |cx, _| credential(cx, b"nonce"), "Nonce of the credentials."),
    Pvar::new("adu", |cx, _| credential(cx, b"uri"), "URI of the credentials."),
    Pvar::new("auth.nonce", |cx, _| credential(cx, b"nonce"), "Nonce of the credentials."),
    Pvar::new("auth.resp", |cx, _| credential(cx, b"response"), "Response of the credentials."),
    Pvar::new("auth.cnonce", |cx, _| credential(cx, b"cnonce"), "Client nonce of the credentials."),
    Pvar::new("auth.opaque", |cx, _| credential(cx, b"opaque"), "Opaque value of the credentials."),
    Pvar::new("auth.alg", |cx, _| credential(cx, b"algorithm"), "Algorithm of the credentials."),
    Pvar::new("auth.qop", |cx, _| credential(cx, b"qop"), "Quality of protection of the credentials."),
    Pvar::new("auth.nc", |cx, _| credential(cx, b"nc"), "Nonce count of the credentials."),
    Pvar::new("challenge.algorithm", |cx, _| challenge(cx, b"algorithm"), "Algorithm of a 401's or 407's challenge."),
    Pvar::new("challenge.realm", |cx, _| challenge(cx, b"realm"), "Realm of the challenge."),
    Pvar::new("challenge.nonce", |cx, _| challenge(cx, b"nonce"), "Nonce of the challenge."),
    Pvar::new("challenge.opaque", |cx, _| challenge(cx, b"opaque"), "Opaque value of the challenge."),
    Pvar::new("challenge.qop", |cx, _| challenge(cx, b"qop"), "Qualities of protection that the challenge offers."),
    Pvar::new("challenge.ik", |cx, _| challenge(cx, b"ik"), "Integrity key of the challenge (AKA)."),
    Pvar::new("challenge.ck", |cx, _| challenge(cx, b"ck"), "Cipher key of the challenge (AKA)."),
    Pvar::new("Au", |cx, _| account(cx), "Who pays: `user@domain` of From, as long as no credentials were checked."),
];

/// The credentials: Proxy-Authorization, else Authorization. ACK and CANCEL have none that could be challenged.
fn credentials(msg: &Message) -> Option<Auth> {
    if matches!(msg.method(), Method::Ack | Method::Cancel) {
        return None;
    }
    let header = msg.first(HeaderId::ProxyAuthorization).or_else(|| msg.first(HeaderId::Authorization))?;
    Auth::parse(msg.raw(), header.value).filter(|auth| auth.is_digest(msg.raw()))
}

fn credential(cx: &Cx<'_>, name: &[u8]) -> Value {
    let msg = &cx.run.msg;
    let text = credentials(msg).and_then(|auth| auth.field(msg.raw(), name));
    shown(msg, text)
}

fn username(cx: &Cx<'_>, part: for<'a> fn(&'a [u8], &'a [u8]) -> &'a [u8]) -> Value {
    let msg = &cx.run.msg;
    let parts = credentials(msg).and_then(|auth| auth.split_username(msg.raw()));
    let text = parts.map(|(user, domain)| part(user, domain));
    shown(msg, text)
}

fn challenge(cx: &Cx<'_>, name: &[u8]) -> Value {
    let msg = &cx.run.msg;
    let id = match msg.status().map(|s| s.get()) {
        Some(401) => HeaderId::WwwAuthenticate,
        Some(407) => HeaderId::ProxyAuthenticate,
        _ => return Value::Null,
    };
    let auth = msg.first(id).and_then(|h| Auth::parse(msg.raw(), h.value));
    shown(msg, auth.and_then(|auth| auth.field(msg.raw(), name)))
}

fn shown(msg: &Message, text: Option<&[u8]>) -> Value {
    text.filter(|t| !t.is_empty()).map_or(Value::Null, |t| Value::Str(Str::slice_of(msg.raw(), t)))
}

fn account(cx: &Cx<'_>) -> Value {
    let msg = &cx.run.msg;
    let Some(uri) = msg.from().and_then(|from| from.uri_view(msg.raw())) else { return Value::Null };
    Value::Str(Str::from([uri.user(), uri.host()].join(&b'@')))
}

#[cfg(test)]
mod tests {
    use crate::modules::fixture::Fixture;

    const CREDENTIALS: &str = "Digest username=\"bob@b.example\", realm=\"r\", nonce=\"n\", uri=\"sip:u\", response=\"00\", \
        algorithm=MD5, cnonce=\"c\", opaque=\"o\", qop=auth, nc=00000001";

    #[test]
    fn credentials_of_the_proxy_come_first() {
        let text =
            format!("INVITE sip:h SIP/2.0\nAuthorization: Digest realm=\"other\"\nProxy-Authorization: {CREDENTIALS}");
        let mut f = Fixture::new(&text);
        assert_eq!(f.expanded("$au|$ad|$aU|$ar|$an|$adu"), "bob|b.example|bob@b.example|r|n|sip:u");
        assert_eq!(
            f.expanded("$auth.nonce|$auth.resp|$auth.cnonce|$auth.opaque|$auth.alg|$auth.qop|$auth.nc"),
            "n|00|c|o|MD5|auth|00000001"
        );
    }

    #[test]
    fn ack_and_cancel_carry_none_that_count() {
        for method in ["ACK", "CANCEL"] {
            let mut f = Fixture::new(&format!("{method} sip:h SIP/2.0\nProxy-Authorization: {CREDENTIALS}"));
            assert_eq!(f.expanded("$au $ar"), "<null> <null>");
        }
        assert_eq!(Fixture::new("INVITE sip:h SIP/2.0\ni: 1").expanded("$au"), "<null>");
    }

    #[test]
    fn a_challenge_is_read_from_the_reply_that_makes_it() {
        let reply = |code| {
            format!(
                "SIP/2.0 {code} No\nCSeq: 1 INVITE\nWWW-Authenticate: Digest realm=\"w\", ik=\"1\"\nProxy-Authenticate: Digest realm=\"p\", qop=\"auth,auth-int\", ck=\"2\""
            )
        };
        assert_eq!(Fixture::new(&reply(401)).expanded("$challenge.realm|$challenge.ik|$challenge.qop"), "w|1|<null>");
        assert_eq!(
            Fixture::new(&reply(407)).expanded("$challenge.realm|$challenge.ck|$challenge.qop"),
            "p|2|auth,auth-int"
        );
        assert_eq!(Fixture::new(&reply(200)).expanded("$challenge.realm"), "<null>");
    }

    #[test]
    fn the_caller_pays() {
        assert_eq!(Fixture::new("INVITE sip:h SIP/2.0\nFrom: <sip:a@b>;tag=1").expanded("$Au"), "a@b");
    }
}
