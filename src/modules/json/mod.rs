//! `json`: variables that hold JSON documents.
//!
//! A run has its documents in one arena (`documents.rs`), a slot of the run that goes with it; `path.rs` reads the name in
//! parentheses; `print.rs` writes text; `variables.rs` and `functions.rs` are what scripts see. Linked documents share
//! nodes of the arena, so nothing leaks and a circle of links ends at the depth limit of printing.
mod documents;
mod functions;
mod path;
mod print;
mod variables;

use crate::base::Str;
use crate::context::Value;
use crate::registry::{ParamSignature, SubName, ValueType};
use crate::script_fns;
use crate::vm::{DocumentIn, DocumentOut, Function, Module, NameKind, Pvar, ReadFn, VarInto};
use print::Style;

pub static MODULE: Module = Module {
    functions: FUNCTIONS,
    pvars: PVARS,
    params: PARAMS,
    examples: &[include_str!("examples.md")],
    ..Module::empty("json")
};

static FUNCTIONS: &[Function] = script_fns! {
    /// Makes the place `dest` name the same object or array as `src`: changes through one are seen through the other.
    fn json_link(dest: DocumentOut, src: DocumentIn) in REQUEST | FAILURE | ONREPLY | BRANCH | LOCAL | STARTUP | TIMER | EVENT, roles [MayFail] => functions::json_link;

    /// Merges the document `patch` into `main` (RFC 7396) and stores the text of the result.
    fn json_merge(main: Str, patch: Str, output: VarInto) in ALL, roles [MayFail] => functions::json_merge;
};

static PVARS: &[Pvar] = &[
    row("json", |cx, var| variables::read(cx, var, Style::Spaced), "A JSON value by path: `$json(name/key[index])`.")
        .indexed(),
    row("json_compact", |cx, var| variables::read(cx, var, Style::Plain), "The same, printed without blanks."),
    row(
        "json_compact_noescape",
        |cx, var| variables::read(cx, var, Style::PlainSlashes),
        "The same, printed without blanks and with slashes as they are.",
    ),
    row("json_pretty", |cx, var| variables::read(cx, var, Style::Pretty), "The same, printed on several lines."),
];

static PARAMS: &[ParamSignature] =
    &[ParamSignature::new("enable_long_quoting", ValueType::Int, "Integers beyond 32 bits read as strings.")
        .idle("integers beyond 32 bits always read as strings")];

const fn row(name: &'static str, read: ReadFn, doc: &'static str) -> Pvar {
    Pvar::new(name, read, doc)
        .named(SubName::Required, NameKind::Pieces)
        .checked(path::check)
        .writable(variables::write)
}

fn is_json(value_of: &Pvar) -> bool {
    PVARS.iter().any(|row| row.sig.name == value_of.sig.name)
}

/// An integer face only for what fits it.
fn integer(n: i64) -> Value {
    i32::try_from(n).map_or_else(|_| Value::Str(Str::from(n.to_string())), Value::Int)
}
