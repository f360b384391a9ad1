//! Bodies and the parts of multipart bodies.
use super::headers::are_fields;
use super::mime::MimeTypes;
use crate::base::Str;
use crate::context::Value;
use crate::modules::core::message_body::{self as body, Body, Part};
use crate::script_fns;
use crate::sip::HeaderId;
use crate::vm::{Cx, Function, Store, VarInto, Words};

pub const FUNCTIONS: &[Function] = script_fns! {
    /// Whether there is a body; with types, whether it or one of its parts has one of them.
    fn has_body(types: Option<Words<MimeTypes>>) in REQUEST | FAILURE | ONREPLY | BRANCH | LOCAL, roles [MayFail] => has_body;

    /// Whether there is a body part, of one of these types.
    fn has_body_part(mime: Option<Words<MimeTypes>>) in REQUEST | FAILURE | ONREPLY | BRANCH | LOCAL, roles [MayFail] => has_body;

    /// Removes the body parts of these types, or with `revert` all others; without a type the whole body.
    fn remove_body_part(mime: Option<Words<MimeTypes>>, revert: Option<Str>) in REQUEST | FAILURE | ONREPLY | BRANCH | LOCAL => remove_body_part;

    /// Adds a body part; what was the body becomes another part of a multipart body.
    fn add_body_part(body: Str, mime: Str, headers: Option<Str>) in REQUEST | FAILURE | ONREPLY | BRANCH | LOCAL => add_body_part;

    /// Stores the body part of these types, or the whole body, as it will leave. -2: there is no such part.
    fn get_updated_body_part(mime: Option<Words<MimeTypes>>, variable: VarInto) in REQUEST | FAILURE | ONREPLY | BRANCH | LOCAL, roles [MayFail] => get_updated_body_part;
};

fn has_body(cx: &mut Cx<'_>, types: Option<Words<MimeTypes>>) -> bool {
    let Some(body) = Body::of(cx.run) else { return false };
    let Some(Words(types)) = types else { return true };
    types.take(&body.mime()) || body.parts().iter().any(|part| types.take(&part.mime))
}

fn remove_body_part(cx: &mut Cx<'_>, types: Option<Words<MimeTypes>>, revert: Option<Str>) -> bool {
    let Some(old) = Body::of(cx.run) else { return false };
    let Some(Words(types)) = types else {
        body::remove(cx.run);
        return true;
    };
    let reverts = revert.is_some_and(|word| word == "revert");
    let parts = old.parts();
    let kept: Vec<&Part> = parts.iter().filter(|part| types.take(&part.mime) == reverts).collect();
    if kept.len() == parts.len() {
        return false;
    }
    match kept.as_slice() {
        [] => body::remove(cx.run),
        [one] => store_alone(cx, &old, one),
        several => {
            let parts: Vec<Vec<u8>> = several.iter().map(|p| existing(&old, p)).collect();
            store_several(cx, &parts, &old);
        }
    }
    true
}

fn add_body_part(cx: &mut Cx<'_>, text: Str, mime: Str, headers: Option<Str>) -> bool {
    let headers = headers.unwrap_or_default();
    let is_line = |text: &[u8]| !text.iter().any(|b| matches!(b, b'\r' | b'\n'));
    if text.is_empty() || mime.is_empty() || !is_line(&mime) || !are_fields(&headers) {
        return false;
    }
    let end: &[u8] = if headers.is_empty() || headers.ends_with(b"\n") { b"" } else { b"\r\n" };
    let Some(old) = Body::of(cx.run) else {
        if !headers.is_empty() {
            cx.run.edits.append_header(&cx.run.msg, headers);
        }
        body::store(cx.run, text.to_vec(), Some(mime.to_vec()));
        return true;
    };
    let new = [b"Content-Type: ", mime.as_bytes(), b"\r\n", &headers, end, b"\r\n", &text].concat();
    let parts: Vec<Vec<u8>> = old.parts().iter().map(|p| existing(&old, p)).chain([new]).collect();
    store_several(cx, &parts, &old);
    true
}

fn get_updated_body_part(cx: &mut Cx<'_>, types: Option<Words<MimeTypes>>, out: VarInto) -> i32 {
    let Some(body) = Body::of(cx.run) else { return -1 };
    let text = match types {
        None => body.text,
        Some(Words(types)) => match body.parts().iter().find(|part| types.take(&part.mime)) {
            Some(part) => part.body.of(&body.text).to_vec(),
            None => return -2,
        },
    };
    match cx.write(&out.0, Store::Set, Value::Str(Str::from(text))) {
        Ok(()) => 1,
        Err(_) => -1,
    }
}

/// A part as it stands between boundaries: its header fields, an empty line, its body.
fn existing(body: &Body, part: &Part) -> Vec<u8> {
    let content = part.body.of(&body.text);
    if body.is_multipart() {
        return [part.headers.of(&body.text), content].concat();
    }
    match &body.content_type {
        Some(content_type) => [b"Content-Type: ", content_type.as_slice(), b"\r\n\r\n", content].concat(),
        None => [b"\r\n", content].concat(),
    }
}

/// One part is the body itself; its Content-Type becomes the message's.
fn store_alone(cx: &mut Cx<'_>, body: &Body, part: &Part) {
    let content_type = content_type(part.headers.of(&body.text)).unwrap_or_else(|| part.mime.clone());
    let content_type = Some(content_type).filter(|t| !t.is_empty());
    body::store(cx.run, part.body.of(&body.text).to_vec(), content_type);
}

/// The value of Content-Type among the header fields of a part, folds included.
fn content_type(headers: &[u8]) -> Option<Vec<u8>> {
    let mut lines = headers.split_inclusive(|&b| b == b'\n');
    let mut value = lines.find_map(content_type_of_line)?.to_vec();
    lines.take_while(|l| matches!(l.first(), Some(b' ' | b'\t'))).for_each(|fold| value.extend_from_slice(fold));
    Some(value.trim_ascii().to_vec())
}

fn content_type_of_line(line: &[u8]) -> Option<&[u8]> {
    let colon = line.iter().position(|&b| b == b':')?;
    let (name, value) = line.split_at_checked(colon)?;
    (HeaderId::of(name.trim_ascii()) == HeaderId::ContentType).then(|| value.get(1..)).flatten()
}

fn store_several(cx: &mut Cx<'_>, parts: &[Vec<u8>], old: &Body) {
    let boundary = boundary(parts);
    let mut text = Vec::new();
    for part in parts {
        text.extend_from_slice(&[b"--", boundary.as_bytes(), b"\r\n", part, b"\r\n"].concat());
    }
    text.extend_from_slice(&[b"--", boundary.as_bytes(), b"--\r\n"].concat());
    let kind = if old.is_multipart() { old.mime() } else { b"multipart/mixed".to_vec() };
    let content_type = [kind.as_slice(), b";boundary=", boundary.as_bytes()].concat();
    body::store(cx.run, text, Some(content_type));
}

/// A text that stands in none of the parts.
fn boundary(parts: &[Vec<u8>]) -> String {
    let is_free = |text: &String| !parts.iter().any(|p| memchr::memmem::find(p, text.as_bytes()).is_some());
    (0u32..).map(|n| format!("part-of-this-body-{n}")).find(is_free).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::super::MODULE;
    use super::*;
    use crate::modules::fixture::{Fixture, text};
    use crate::vm::Arg;

    const PLAIN: &str = "INVITE sip:a SIP/2.0\nContent-Type: application/sdp\nContent-Length: 5\n\nv=0\n";
    const MULTI: &str = "INVITE sip:a SIP/2.0\nc: multipart/mixed;boundary=b\n\n--b\nContent-Type: application/sdp\n\nv=0\n--b\nContent-Type: application/isup;\n version=x\nX: y\n\nISUP\n--b\nContent-Type: text/plain\n\nhi\n--b--\n";

    fn body_of(f: &Fixture) -> (String, String) {
        let written = f.written();
        let (head, body) = written.split_once("\r\n\r\n").unwrap();
        let field = |name: &str| head.lines().find_map(|l| l.strip_prefix(name)).unwrap_or_default().to_owned();
        let content_type = [field("Content-Type: "), field("c: ")].concat();
        if !body.is_empty() && head.contains("Content-Length: ") {
            assert_eq!(field("Content-Length: "), body.len().to_string());
        }
        (content_type, body.to_owned())
    }

    #[test]
    fn a_body_is_found_by_type_also_as_a_part() {
        let has = |message: &str, types: &str| {
            let mut f = Fixture::new(message);
            let args = if types.is_empty() { vec![] } else { vec![text(types)] };
            let code = f.call(&MODULE, "has_body", &args);
            assert_eq!(f.call(&MODULE, "has_body_part", &args), code);
            code
        };
        assert_eq!((has(PLAIN, ""), has(PLAIN, "application/sdp"), has(PLAIN, "text/plain")), (1, 1, -1));
        assert_eq!(
            (has(MULTI, "application/isup"), has(MULTI, "multipart/mixed"), has(MULTI, "a/b,text/plain")),
            (1, 1, 1)
        );
        assert_eq!((has("INVITE sip:a SIP/2.0", ""), has(PLAIN, "sdp")), (-1, -1));
    }

    #[test]
    fn parts_are_removed_and_a_single_one_is_the_body() {
        let remove = |args: &[&str]| {
            let mut f = Fixture::new(MULTI);
            let args: Vec<Arg> = args.iter().map(|a| text(a)).collect();
            assert_eq!(f.call(&MODULE, "remove_body_part", &args), 1);
            body_of(&f)
        };
        assert_eq!(
            remove(&["text/plain"]),
            (
                "multipart/mixed;boundary=part-of-this-body-0".to_owned(),
                "--part-of-this-body-0\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n--part-of-this-body-0\r\nContent-Type: application/isup;\r\n version=x\r\nX: y\r\n\r\nISUP\r\n--part-of-this-body-0--\r\n".to_owned()
            )
        );
        assert_eq!(remove(&["application/sdp", "revert"]), ("application/sdp".to_owned(), "v=0".to_owned()));
        assert_eq!(remove(&["text/plain,application/isup"]), ("application/sdp".to_owned(), "v=0".to_owned()));
        assert_eq!(remove(&["application/*,text/*"]), (String::new(), String::new()));
        assert_eq!(remove(&[]), (String::new(), String::new()));
        let mut f = Fixture::new(MULTI);
        assert_eq!(f.call(&MODULE, "remove_body_part", &[text("image/png")]), -1);
        assert_eq!(Fixture::new("INVITE sip:a SIP/2.0").call(&MODULE, "remove_body_part", &[]), -1);
    }

    #[test]
    fn a_part_is_added_to_nothing_to_one_and_to_several() {
        let add = |f: &mut Fixture, args: &[&str]| {
            let args: Vec<Arg> = args.iter().map(|a| text(a)).collect();
            f.call(&MODULE, "add_body_part", &args)
        };
        let mut f = Fixture::new("INVITE sip:a SIP/2.0\nX: 1");
        assert_eq!(add(&mut f, &["hi", "text/plain", "Content-Disposition: session\r\n"]), 1);
        assert_eq!(
            f.written(),
            "X: 1\r\nContent-Disposition: session\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nhi"
        );
        let mut f = Fixture::new(PLAIN);
        assert_eq!((add(&mut f, &["one", "text/plain"]), add(&mut f, &["part-of-this-body-0", "a/b", "X: y"])), (1, 1));
        let (content_type, body) = body_of(&f);
        assert_eq!(content_type, "multipart/mixed;boundary=part-of-this-body-1");
        assert_eq!(
            body,
            "--part-of-this-body-1\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n\r\n--part-of-this-body-1\r\nContent-Type: text/plain\r\n\r\none\r\n--part-of-this-body-1\r\nContent-Type: a/b\r\nX: y\r\n\r\npart-of-this-body-0\r\n--part-of-this-body-1--\r\n"
        );
        for bad in [["", "a/b", ""], ["x", "", ""], ["x", "a/b\r\nEvil: 1", ""], ["x", "a/b", "X: 1\r\n\r\n"]] {
            assert_eq!(add(&mut f, &bad), -1, "{bad:?}");
        }
    }

    #[test]
    fn a_part_is_read_as_it_will_leave() {
        let mut f = Fixture::new(MULTI);
        let out = |f: &Fixture| f.avp_out("out");
        let args = [text("application/isup"), out(&f)];
        assert_eq!(f.call(&MODULE, "get_updated_body_part", &args), 1);
        assert_eq!(f.avps("out"), [Value::text(b"ISUP")]);
        f.call(&MODULE, "remove_body_part", &[text("application/isup")]);
        assert_eq!(f.call(&MODULE, "get_updated_body_part", &args), -2);
        let whole = [Arg::Omitted, out(&f)];
        assert_eq!(f.call(&MODULE, "get_updated_body_part", &whole), 1);
        f.call(&MODULE, "remove_body_part", &[]);
        assert_eq!(f.call(&MODULE, "get_updated_body_part", &whole), -1);
    }
}
