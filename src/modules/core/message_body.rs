//! The body of a run's message as it will leave, and its parts.
use crate::base::Str;
use crate::context::Run;
use crate::sip::header::ContentType;
use crate::sip::{Range, multipart};

pub struct Body {
    pub text: Vec<u8>,
    pub content_type: Option<Vec<u8>>,
}

/// A part of a multipart body, or the one body.
pub struct Part {
    /// With its boundary line: what to take out.
    pub whole: Range,
    /// Header fields of the part with their line ends; empty for the one body.
    pub headers: Range,
    pub body: Range,
    /// `type/subtype`; empty when none is given.
    pub mime: Vec<u8>,
}

impl Body {
    /// `None` when the message has no body, or none any more.
    pub fn of(run: &Run) -> Option<Body> {
        let text = run.edits.body_of(&run.msg);
        (!text.is_empty()).then(|| Body { text, content_type: run.edits.content_type_of(&run.msg) })
    }

    pub fn is_multipart(&self) -> bool {
        self.boundary().is_some()
    }

    /// `type/subtype` of the whole.
    pub fn mime(&self) -> Vec<u8> {
        let text = self.content_type.as_deref().unwrap_or_default();
        ContentType::parse(text, Range::all(text)).map(|t| mime_of(text, &t)).unwrap_or_default()
    }

    pub fn parts(&self) -> Vec<Part> {
        let whole = Range::all(&self.text);
        let Some(boundary) = self.boundary() else {
            return vec![Part { whole, headers: Range::default(), body: whole, mime: self.mime() }];
        };
        let part = |p: multipart::Part| Part {
            whole: p.whole,
            headers: p.headers,
            body: p.body,
            mime: p.content_type.map(|t| mime_of(&self.text, &t)).unwrap_or_default(),
        };
        multipart::split(&self.text, whole, boundary).into_iter().map(part).collect()
    }

    /// The first part of this type.
    pub fn part(&self, mime: &[u8]) -> Option<Part> {
        self.parts().into_iter().find(|p| p.mime.eq_ignore_ascii_case(mime))
    }

    /// The text with other bytes in place of a range.
    pub fn with(&self, range: Range, new: &[u8]) -> Vec<u8> {
        let before = Range { start: 0, end: range.start }.of(&self.text);
        let behind = Range { start: range.end, end: Range::all(&self.text).end }.of(&self.text);
        [before, new, behind].concat()
    }

    fn boundary(&self) -> Option<&[u8]> {
        let text = self.content_type.as_deref()?;
        let content_type = ContentType::parse(text, Range::all(text))?;
        content_type.is_multipart(text).then(|| content_type.boundary(text)).flatten()
    }
}

/// Puts a body in place of what the message has.
pub fn store(run: &mut Run, text: Vec<u8>, content_type: Option<Vec<u8>>) {
    run.edits.set_body(Str::from(text), content_type.map(Str::from));
}

/// Takes the body away.
pub fn remove(run: &mut Run) {
    run.edits.remove_body(&run.msg);
}

fn mime_of(text: &[u8], content_type: &ContentType) -> Vec<u8> {
    [content_type.kind.of(text), b"/", content_type.subtype.of(text)].concat()
}
