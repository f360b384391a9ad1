//! `sipmsgops`: questions about a SIP message and changes to it.
//!
//! Each area has a file with its table and bodies. Header fields are read as received and changed through the run's edits;
//! bodies are read as they will leave (`body.rs`), so that one change builds on the other.
mod codecs;
mod headers;
mod list_headers;
mod message;
mod mime;
mod parts;
mod replies;
mod request_uri;
mod sdp_edit;
mod streams;
mod validate;

use crate::vm::{Function, Module, joined, row_count};

pub static MODULE: Module =
    Module { functions: &FUNCTIONS, examples: &[include_str!("examples.md")], ..Module::empty("sipmsgops") };

const TABLES: &[&[Function]] = &[
    headers::FUNCTIONS,
    list_headers::FUNCTIONS,
    replies::FUNCTIONS,
    message::FUNCTIONS,
    request_uri::FUNCTIONS,
    parts::FUNCTIONS,
    codecs::FUNCTIONS,
    streams::FUNCTIONS,
    validate::FUNCTIONS,
];

static FUNCTIONS: [Function; row_count(TABLES)] = joined(TABLES);
