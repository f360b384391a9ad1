//! `{uri.*}`: parts of a URI. NULL when the text is no URI or has no such part.
use super::{decimal_text, on_text, text, unless_empty};
use crate::base::Str;
use crate::context::Value;
use crate::sip::UriView;
use crate::syntax::transform::ArgShape::Word;
use crate::vm::{TransformArg, TransformRow};

const HOST: TransformRow = on_text!("uri", "host", |s, _| part(&s, |uri| Some(uri.host())), "Its host.");

pub const TRANSFORMS: &[TransformRow] = &[
    on_text!("uri", "user", |s, _| part(&s, |uri| Some(uri.user())), "Its user."),
    HOST,
    HOST.alias("domain"),
    on_text!("uri", "passwd", |s, _| part(&s, |uri| uri.password()), "Its password."),
    on_text!("uri", "port", |s, _| port(&s), "Its port, when one is written."),
    on_text!("uri", "params", |s, _| part(&s, |uri| Some(uri.params_text())), "Its parameters."),
    on_text!("uri", "param", |s, args| param(&s, args), "The value of a parameter; empty for one without value.")
        .args(&[Word]),
    on_text!("uri", "headers", |s, _| part(&s, |uri| Some(uri.headers_text())), "Its header fields."),
    on_text!("uri", "transport", |s, _| part(&s, |uri| uri.transport_text()), "The value of `transport`."),
    on_text!("uri", "ttl", |s, _| part(&s, |uri| uri.ttl()), "The value of `ttl`."),
    on_text!("uri", "uparam", |s, _| part(&s, |uri| uri.user_param()), "The value of `user`."),
    on_text!("uri", "maddr", |s, _| part(&s, |uri| uri.maddr()), "The value of `maddr`."),
    on_text!("uri", "method", |s, _| part(&s, |uri| uri.method()), "The value of `method`."),
    on_text!("uri", "lr", |s, _| part(&s, |uri| uri.param(b"lr")), "The value of `lr`; NULL for an `lr` without one."),
    on_text!("uri", "r2", |s, _| part(&s, |uri| uri.r2()), "The value of `r2`."),
    on_text!("uri", "schema", |s, _| part(&s, |uri| Some(uri.scheme())), "Its scheme."),
];

fn part(s: &Str, part: for<'a> fn(&UriView<'a>) -> Option<&'a [u8]>) -> Value {
    let found = UriView::parse(s).and_then(|uri| part(&uri));
    found.map_or(Value::Null, |text| unless_empty(s, text))
}

fn port(s: &Str) -> Value {
    UriView::parse(s).map_or(Value::Null, |uri| decimal_text(s, uri.port_text()))
}

fn param(s: &Str, args: &[TransformArg]) -> Value {
    let (Some(uri), Some(name)) = (UriView::parse(s), text(args, 0)) else { return Value::Null };
    uri.param(&name).map_or(Value::Null, |value| Value::Str(s.part(value)))
}

#[cfg(test)]
mod tests {
    use crate::modules::core::transforms::check;

    #[test]
    fn parts_of_a_uri() {
        check(
            "sip:bob:pw@h.example:5070;transport=TCP;lr;user=phone;ttl=1;maddr=m;method=BYE;r2=on?Subject=x",
            &[
                ("uri.user", "bob"),
                ("uri.host", "h.example"),
                ("uri.domain", "h.example"),
                ("uri.passwd", "pw"),
                ("uri.port", "5070"),
                ("uri.transport", "TCP"),
                ("uri.uparam", "phone"),
                ("uri.ttl", "1"),
                ("uri.maddr", "m"),
                ("uri.method", "BYE"),
                ("uri.r2", "on"),
                ("uri.lr", "<null>"),
                ("uri.param,lr", ""),
                ("uri.param,LR", ""),
                ("uri.param,nosuch", "<null>"),
                ("uri.params", "transport=TCP;lr;user=phone;ttl=1;maddr=m;method=BYE;r2=on"),
                ("uri.headers", "Subject=x"),
                ("uri.schema", "sip"),
            ],
        );
    }

    #[test]
    fn what_is_absent_or_no_uri_is_null() {
        check(
            "sip:h",
            &[("uri.user", "<null>"), ("uri.port", "<null>"), ("uri.params", "<null>"), ("uri.schema", "sip")],
        );
        check("no uri", &[("uri.host", "<null>"), ("uri.param,x", "<null>"), ("uri.schema", "<null>")]);
    }
}
