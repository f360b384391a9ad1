//! Reading and writing `$json(..)` and its kin.
use super::documents::{Container, Documents, Node};
use super::path::{self, Each};
use super::print::{self, Style};
use crate::base::Str;
use crate::context::Value;
use crate::vm::{Cx, Index, Store, Var, WriteError};
use serde_json::Value as Parsed;

pub fn read(cx: &mut Cx<'_>, var: &Var, style: Style) -> Value {
    let Ok(path) = path::of(cx, var) else { return Value::Null };
    let index = var.index(cx);
    let Some(documents) = cx.run.slots.get::<Documents>() else { return Value::Null };
    let Some(node) = documents.find(&path) else { return Value::Null };
    match index {
        // json-c has no node for `null`.
        Index::None if *node == Node::Null => Value::Null,
        Index::None => value(documents, node, style),
        Index::Int(i) => member(documents, node, path.each, i, style),
        Index::All | Index::Append | Index::Word(_) | Index::Bad => Value::Null,
    }
}

pub fn write(cx: &mut Cx<'_>, var: &Var, store: Store, new: Value) -> Result<(), WriteError> {
    let path = path::of(cx, var).map_err(WriteError::new)?;
    let documents = cx.run.slots.get_or_default::<Documents>();
    let node = match (store, &new) {
        (_, Value::Null) => None,
        (Store::Set, Value::Int(n) | Value::Named(n, _)) => Some(Node::Number((*n).into())),
        (Store::Set, Value::Str(text) | Value::Both(text, _)) => Some(Node::Text(text.clone())),
        (Store::Replace, _) => parse(&new.str_face().unwrap_or_default()).map(|parsed| documents.adopt(parsed)),
    };
    let is_broken = node.is_none() && !new.is_null();
    let stored = documents.set(&path, node);
    if is_broken {
        return Err(WriteError::new("is no JSON text"));
    }
    stored.map_err(|e| WriteError::new(e.text()))
}

/// The first document of a text; json-c reads no further either.
pub fn parse(text: &[u8]) -> Option<Parsed> {
    let text = String::from_utf8_lossy(text);
    serde_json::Deserializer::from_str(&text).into_iter::<Parsed>().next()?.ok()
}

/// A value as scripts see it: integers and strings are themselves, everything else its text.
pub fn value(documents: &Documents, node: &Node, style: Style) -> Value {
    match node {
        Node::Text(text) => Value::Str(text.clone()),
        Node::Number(n) if n.is_i64() => super::integer(n.as_i64().unwrap_or_default()),
        Node::Null | Node::Bool(_) | Node::Number(_) | Node::Container(_) => {
            print::text(documents, node, style).map_or(Value::Null, |text| Value::Str(Str::from(text)))
        }
    }
}

/// What iteration finds at a turn; NULL at the end, and for what cannot be iterated.
fn member(documents: &Documents, node: &Node, each: Each, turn: i32, style: Style) -> Value {
    let Ok(turn) = usize::try_from(turn) else { return Value::Null };
    let found = match (documents.container(node), each) {
        (Some(Container::Object(fields)), Each::Key) => {
            return fields.get_index(turn).map_or(Value::Null, |(key, _)| Value::Str(key.clone()));
        }
        (Some(Container::Object(fields)), Each::Value | Each::ObjectValue) => fields.get_index(turn).map(|(_, v)| v),
        (Some(Container::Array(items)), Each::Value) => items.get(turn),
        (Some(Container::Array(_)), Each::Key | Each::ObjectValue) | (None, _) => None,
    };
    found.map_or(Value::Null, |node| value(documents, node, style))
}
