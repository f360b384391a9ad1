//! The body and its parts: `$rb`, `$cT`. A body that a script put in place of the received one (`$sdp`, functions that change
//! bodies) is read by `$rb` at once; `$cT` tells of the received one.
use super::super::message_body::Body;
use crate::base::Str;
use crate::context::Value;
use crate::registry::SubName;
use crate::sip::multipart::{self, Part};
use crate::sip::{HeaderId, Message, Range};
use crate::vm::{Cx, Index, NameKind, Pvar, Var, VarIndex, position};

pub const PVARS: &[Pvar] = &[
    Pvar::new("rb", body, "The body, or its n-th part.").indexed(),
    Pvar::new("rb", body_of_type, "The first, or the n-th, part of a MIME type.")
        .named(SubName::Required, NameKind::Text)
        .checked(check_mime)
        .indexed(),
    Pvar::new("cT", content_type, "Content-Type, or that of the n-th part; `[*]` lists all.").indexed(),
];

fn body(cx: &mut Cx<'_>, var: &Var) -> Value {
    let index = var.index(cx);
    if cx.run.edits.replaces_body() {
        return replaced(cx, index, |_| true);
    }
    match index {
        Index::None | Index::All => {
            let msg = &cx.run.msg;
            if msg.body().is_empty() { Value::Null } else { Value::Str(msg.text(msg.body_range())) }
        }
        index => nth(&cx.run.msg, &multipart::parts(&cx.run.msg), index),
    }
}

fn body_of_type(cx: &mut Cx<'_>, var: &Var) -> Value {
    let Some(mime) = var.name_text(cx) else { return Value::Null };
    let index = match var.index(cx) {
        Index::All => Index::None,
        index => index,
    };
    if cx.run.edits.replaces_body() {
        let index = if index == Index::None { Index::Int(0) } else { index };
        return replaced(cx, index, |of| of.eq_ignore_ascii_case(&mime));
    }
    let msg = &cx.run.msg;
    let is_wanted = |part: &Part| part.content_type.is_some_and(|t| t.is(msg.raw(), &mime));
    let parts: Vec<Part> = multipart::parts(msg).into_iter().filter(is_wanted).collect();
    nth(msg, &parts, index)
}

/// The body as it will leave, or its n-th part of those wanted.
fn replaced(cx: &Cx<'_>, index: Index, is_wanted: impl Fn(&[u8]) -> bool) -> Value {
    let Some(body) = Body::of(cx.run) else { return Value::Null };
    if matches!(index, Index::None | Index::All) {
        return Value::Str(Str::from(body.text));
    }
    let parts: Vec<Range> = body.parts().into_iter().filter(|p| is_wanted(&p.mime)).map(|p| p.body).collect();
    let part = position(index, parts.len()).and_then(|n| parts.get(n));
    part.map_or(Value::Null, |part| Value::Str(Str::new(part.of(&body.text))))
}

fn nth(msg: &Message, parts: &[Part], index: Index) -> Value {
    let part = position(index, parts.len()).and_then(|n| parts.get(n));
    part.map_or(Value::Null, |part| Value::Str(msg.text(part.body)))
}

fn content_type(cx: &mut Cx<'_>, var: &Var) -> Value {
    let msg = &cx.run.msg;
    let main = msg.value(HeaderId::ContentType);
    if matches!(var.index, VarIndex::None) {
        return main.map_or(Value::Null, |text| Value::Str(Str::slice_of(msg.raw(), text)));
    }
    let index = var.index(cx);
    let msg = &cx.run.msg;
    let parts = multipart::parts(msg);
    if index != Index::All {
        let part = position(index, parts.len()).and_then(|n| parts.get(n));
        return part.and_then(|part| mime(msg, part)).map(|mime| Str::slice_of(msg.raw(), mime)).into();
    }
    let Some(main) = msg.value(HeaderId::ContentType) else { return Value::Null };
    let mut out = main.to_vec();
    for part in &parts {
        out.push(b',');
        out.extend_from_slice(mime(msg, part).unwrap_or_default());
    }
    Value::Str(Str::from(out))
}

/// `type/subtype` of a part, without parameters.
fn mime<'a>(msg: &'a Message, part: &Part) -> Option<&'a [u8]> {
    let content_type = part.content_type?;
    Some(msg.bytes(Range { start: content_type.kind.start, end: content_type.subtype.end }))
}

fn check_mime(name: &[u8]) -> Result<(), String> {
    let mut parts = name.split(|&b| b == b'/');
    match (parts.next(), parts.next(), parts.next()) {
        (Some([_, ..]), Some([_, ..]), None) => Ok(()),
        _ => Err("a MIME type is written `type/subtype`".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::modules::fixture::Fixture;

    const MIXED: &str = "INVITE sip:h SIP/2.0
Content-Type: multipart/mixed;boundary=\"b\"

--b
Content-Type: application/sdp;x=1

v=0
--b
Content-Type: text/plain

hello
--b--
";

    #[test]
    fn a_simple_body_is_its_only_part() {
        let mut f = Fixture::new("MESSAGE sip:h SIP/2.0\nc: text/plain;charset=utf-8\n\nhi");
        assert_eq!(f.expanded("$rb|$(rb[0])|$(rb[1])|$rb(text/plain)|$rb(application/sdp)"), "hi|hi|<null>|hi|<null>");
        assert_eq!(
            f.expanded("$cT|$(cT[0])|$(cT[*])"),
            "text/plain;charset=utf-8|text/plain|text/plain;charset=utf-8,text/plain"
        );
    }

    #[test]
    fn parts_are_found_by_place_and_type() {
        let mut f = Fixture::new(MIXED);
        assert_eq!(f.expanded("$(rb[0])|$(rb[-1])|$(rb[2])"), "v=0|hello|<null>");
        assert_eq!(f.expanded("$rb(Application/SDP)|$(rb(text/plain)[0])|$(rb(text/plain)[1])"), "v=0|hello|<null>");
        assert_eq!(
            f.expanded("$(cT[1])|$(cT[*])"),
            "text/plain|multipart/mixed;boundary=\"b\",application/sdp,text/plain"
        );
    }

    #[test]
    fn a_body_put_in_its_place_is_read() {
        let mut f = Fixture::new(MIXED);
        f.set("$sdp.line([0])", Value::text(b"v=1")).expect("the line is there");
        assert_eq!(f.expanded("$rb(application/sdp)|$(rb[1])|$rb(text/html)"), "v=1\r\n|hello|<null>");
        f.set("$sdp", Value::Null).expect("a description can be removed");
        assert_eq!(f.expanded("$rb(application/sdp)|$(rb[0])"), "<null>|hello");
    }

    #[test]
    fn without_a_body_all_is_null() {
        assert_eq!(
            Fixture::new("OPTIONS sip:h SIP/2.0\ni: 1").expanded("$rb $cT $(cT[*]) $(rb[0])"),
            "<null> <null> <null> <null>"
        );
    }

    #[test]
    fn a_type_is_two_words() {
        assert!(check_mime(b"application/sdp").is_ok());
        assert!(check_mime(b"sdp").is_err() && check_mime(b"a/b/c").is_err() && check_mime(b"/b").is_err());
    }
}
