//! The Request-URI: its parameters, `tel:` and E.164.
use crate::base::Str;
use crate::modules::core::uri_text::{UriText, edit_request_uri, set_request_uri};
use crate::script_fns;
use crate::sip::{Scheme, UriView};
use crate::vm::{Cx, Function};

pub const FUNCTIONS: &[Function] = script_fns! {
    /// Whether the Request-URI has a parameter: with this value, or without any.
    fn ruri_has_param(param: Str, value: Option<Str>) in REQUEST | FAILURE | BRANCH | LOCAL, roles [MayFail] => ruri_has_param;

    /// Adds a parameter (`name` or `name=value`) to the Request-URI.
    fn ruri_add_param(param: Str) in REQUEST | FAILURE | BRANCH | LOCAL => ruri_add_param;

    /// Removes a parameter from the Request-URI. -1: it is not there.
    fn ruri_del_param(param: Str) in REQUEST | FAILURE | BRANCH | LOCAL => ruri_del_param;

    /// Makes a `tel:` Request-URI a `sip:` one at the domain of From; other URIs stay as they are.
    fn ruri_tel2sip() in REQUEST | FAILURE | BRANCH | LOCAL => ruri_tel2sip;

    /// Whether the user of a URI is an E.164 number: `+` and 2 to 15 digits.
    fn is_uri_user_e164(uri: Str) in REQUEST | FAILURE | LOCAL, roles [MayFail] => is_uri_user_e164;
};

fn ruri_has_param(cx: &mut Cx<'_>, name: Str, value: Option<Str>) -> bool {
    let uri = UriText::request(cx.run).and_then(UriText::view);
    let found = uri.and_then(|u| u.find_param(&name).map(|p| p.value.unwrap_or_default()));
    found.is_some_and(|own| own == value.unwrap_or_default().as_bytes())
}

fn ruri_add_param(cx: &mut Cx<'_>, param: Str) -> bool {
    let text = param.strip_prefix(b";").unwrap_or(&param);
    if text.is_empty() {
        return true;
    }
    // What would end the parameters or the Request-URI.
    let is_legal = |b: &u8| *b > b' ' && !matches!(b, b'?' | b'<' | b'>' | b'"' | 0x7f);
    text.iter().all(is_legal) && edit_request_uri(cx.run, |uri| Some(uri.with_param(text))).is_ok()
}

fn ruri_del_param(cx: &mut Cx<'_>, name: Str) -> bool {
    if name.is_empty() {
        return true;
    }
    edit_request_uri(cx.run, |uri| uri.view().has_param(&name).then(|| uri.without_param(&name))).is_ok()
}

fn ruri_tel2sip(cx: &mut Cx<'_>) -> bool {
    let Some(text) = UriText::request(cx.run) else { return false };
    let parts = text.bytes().split_at_checked(4);
    let Some((_, number)) = parts.filter(|(scheme, _)| scheme.eq_ignore_ascii_case(b"tel:")) else { return true };
    if number.is_empty() {
        return false;
    }
    let message = &cx.run.msg;
    let Some(from) = message.from().and_then(|f| f.uri_view(message.raw())).filter(|f| !f.host().is_empty()) else {
        return false;
    };
    let sip = Str::from([b"sip:", number, b"@", from.host(), b";user=phone"].concat());
    set_request_uri(cx.run, sip).is_ok()
}

fn is_uri_user_e164(_: &mut Cx<'_>, uri: Str) -> bool {
    let Some(uri) = UriView::parse(&uri) else { return false };
    let has_number = matches!(uri.kind(), Scheme::Sip | Scheme::Sips | Scheme::Tel | Scheme::Tels);
    let digits = uri.user().strip_prefix(b"+").unwrap_or_default();
    has_number && (2..=15).contains(&digits.len()) && digits.iter().all(u8::is_ascii_digit)
}

#[cfg(test)]
mod tests {
    use super::super::MODULE;
    use super::*;
    use crate::modules::fixture::{Fixture, text};

    fn fixture(uri: &str) -> Fixture {
        Fixture::new(&format!("OPTIONS {uri} SIP/2.0\nFrom: \"x\" <sip:x@example.com:5070>;tag=1"))
    }

    fn check(uri: &str, name: &str, args: &[&str], code: i32, new: Option<&str>) {
        let mut f = fixture(uri);
        let args: Vec<_> = args.iter().map(|a| text(a)).collect();
        assert_eq!(f.call(&MODULE, name, &args), code, "{name} {uri}");
        assert_eq!(f.run.targets.main.uri, new.map(Str::from), "{name} {uri}");
    }

    #[test]
    fn parameters_are_found_with_their_value() {
        let uri = "sip:a@b;user=phone;lr;Empty=";
        check(uri, "ruri_has_param", &["user", "phone"], 1, None);
        check(uri, "ruri_has_param", &["USER", "ip"], -1, None);
        check(uri, "ruri_has_param", &["user"], -1, None);
        check(uri, "ruri_has_param", &["lr"], 1, None);
        check(uri, "ruri_has_param", &["empty"], 1, None);
        check(uri, "ruri_has_param", &["x"], -1, None);
        check("nonsense", "ruri_has_param", &["x"], -1, None);
    }

    #[test]
    fn parameters_come_and_go() {
        check("sip:a@b;lr?h=1", "ruri_add_param", &["nat=yes"], 1, Some("sip:a@b;lr;nat=yes?h=1"));
        check("sip:a@b", "ruri_add_param", &[";x"], 1, Some("sip:a@b;x"));
        check("sip:a@b", "ruri_add_param", &[""], 1, None);
        check("sip:a@b", "ruri_add_param", &["x y"], -1, None);
        check("nonsense", "ruri_add_param", &["x"], -1, None);
        check("sip:a@b;lr;x=1", "ruri_del_param", &["LR"], 1, Some("sip:a@b;x=1"));
        check("sip:a@b;lr", "ruri_del_param", &["l"], -1, None);
        check("sip:a@b;lr", "ruri_del_param", &[""], 1, None);
    }

    #[test]
    fn a_number_becomes_a_sip_uri_at_the_callers_domain() {
        check("tel:+1-201;ext=5", "ruri_tel2sip", &[], 1, Some("sip:+1-201;ext=5@example.com;user=phone"));
        check("TEL:911", "ruri_tel2sip", &[], 1, Some("sip:911@example.com;user=phone"));
        check("sip:a@b", "ruri_tel2sip", &[], 1, None);
        check("tel:", "ruri_tel2sip", &[], -1, None);
        let mut f = Fixture::new("OPTIONS tel:911 SIP/2.0\nFrom: <tel:+1>;tag=1");
        assert_eq!(f.call(&MODULE, "ruri_tel2sip", &[]), -1);
    }

    #[test]
    fn numbers_have_two_to_fifteen_digits() {
        let check = |uri: &str, code: i32| check("sip:a", "is_uri_user_e164", &[uri], code, None);
        check("sip:+12@h", 1);
        check("sip:+123456789012345@h", 1);
        check("tel:+12", 1);
        check("sip:+1@h", -1);
        check("sip:+1234567890123456@h", -1);
        check("sip:12@h", -1);
        check("sip:+1a@h", -1);
        check("", -1);
    }
}
