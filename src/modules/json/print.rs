//! JSON as text, in the styles of json-c, which scripts and their peers are used to.
use super::documents::{Container, Documents, Node};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// `{ "a": 1 }`
    Spaced,
    /// `{"a":1}`
    Plain,
    /// As `Plain`, and `/` stays as it is.
    PlainSlashes,
    /// A line for each value.
    Pretty,
}

/// Nesting deeper than this is not printed, so that a circle of links ends.
const MAX_DEPTH: usize = 256;
/// A text longer than this is not printed: shared nodes can multiply.
const MAX_TEXT: usize = 4 << 20;

/// The text of a node; `None` when it is nested too deeply or too long.
pub fn text(documents: &Documents, node: &Node, style: Style) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    Printer { documents, style, out: &mut out }.node(node, 0)?;
    Some(out)
}

struct Printer<'a> {
    documents: &'a Documents,
    style: Style,
    out: &'a mut Vec<u8>,
}

impl Printer<'_> {
    fn node(&mut self, node: &Node, depth: usize) -> Option<()> {
        if depth > MAX_DEPTH || self.out.len() > MAX_TEXT {
            return None;
        }
        match node {
            Node::Null => self.out.extend_from_slice(b"null"),
            Node::Bool(b) => self.out.extend_from_slice(if *b { b"true" } else { b"false" }),
            Node::Number(n) => self.out.extend_from_slice(n.to_string().as_bytes()),
            Node::Text(text) => self.string(text),
            Node::Container(_) => match self.documents.container(node)? {
                Container::Object(fields) => {
                    let fields = fields.iter().map(|(key, value)| (Some(key.as_bytes()), value));
                    self.list(b"{", fields, b"}", depth)?;
                }
                Container::Array(items) => self.list(b"[", items.iter().map(|v| (None, v)), b"]", depth)?,
            },
        }
        Some(())
    }

    fn list<'n>(
        &mut self,
        open: &[u8],
        members: impl Iterator<Item = (Option<&'n [u8]>, &'n Node)>,
        close: &[u8],
        depth: usize,
    ) -> Option<()> {
        self.out.extend_from_slice(open);
        let mut is_empty = true;
        for (key, value) in members {
            if !is_empty {
                self.out.push(b',');
            }
            is_empty = false;
            self.gap(depth + 1);
            if let Some(key) = key {
                self.string(key);
                self.out.extend_from_slice(if self.style == Style::Spaced { b": " } else { b":" });
            }
            self.node(value, depth + 1)?;
        }
        if !is_empty || self.style == Style::Spaced {
            self.gap(depth);
        }
        self.out.extend_from_slice(close);
        Some(())
    }

    /// What stands before a member and before the end.
    fn gap(&mut self, depth: usize) {
        match self.style {
            Style::Spaced => self.out.push(b' '),
            Style::Plain | Style::PlainSlashes => {}
            Style::Pretty => {
                self.out.push(b'\n');
                self.out.extend(std::iter::repeat_n(b' ', 2 * depth));
            }
        }
    }

    fn string(&mut self, text: &[u8]) {
        self.out.push(b'"');
        for &b in text {
            match b {
                b'"' => self.out.extend_from_slice(b"\\\""),
                b'\\' => self.out.extend_from_slice(b"\\\\"),
                b'/' if self.style != Style::PlainSlashes => self.out.extend_from_slice(b"\\/"),
                b'\n' => self.out.extend_from_slice(b"\\n"),
                b'\r' => self.out.extend_from_slice(b"\\r"),
                b'\t' => self.out.extend_from_slice(b"\\t"),
                0x08 => self.out.extend_from_slice(b"\\b"),
                0x0c => self.out.extend_from_slice(b"\\f"),
                0..=0x1f => self.out.extend_from_slice(format!("\\u{b:04x}").as_bytes()),
                _ => self.out.push(b),
            }
        }
        self.out.push(b'"');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(json: &str, style: Style, expected: &str) {
        let mut documents = Documents::default();
        let node = documents.adopt(serde_json::from_str(json).unwrap());
        assert_eq!(String::from_utf8(text(&documents, &node, style).unwrap()).unwrap(), expected);
    }

    const ALL: &str = r#"{"a":[1,-2.5,"x/y"],"b":{},"c":[],"d":null,"e":true}"#;

    #[test]
    fn styles_differ_in_blanks_and_slashes() {
        let spaced = r#"{ "a": [ 1, -2.5, "x\/y" ], "b": { }, "c": [ ], "d": null, "e": true }"#;
        check(ALL, Style::Spaced, spaced);
        check(ALL, Style::Plain, r#"{"a":[1,-2.5,"x\/y"],"b":{},"c":[],"d":null,"e":true}"#);
        check(ALL, Style::PlainSlashes, ALL);
        check(r#"{"a":[1,{}],"b":2}"#, Style::Pretty, "{\n  \"a\":[\n    1,\n    {}\n  ],\n  \"b\":2\n}");
    }

    #[test]
    fn line_ends_and_quotes_are_escaped() {
        check("\"a\\r\\n\\t\\\"\\\\\\u0001\\u00e9\"", Style::Plain, "\"a\\r\\n\\t\\\"\\\\\\u0001\u{e9}\"");
    }
}
