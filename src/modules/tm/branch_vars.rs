//! `$tm.branch.*`: the branches of the transaction, as they were sent. An index is a number, or `*` for all of
//! them; without one it is the branch at hand. With `/active` it counts among the branches of the last `t_relay`.
//!
//! In a branch_route the branch at hand is not sent yet: of it only flags and attributes are there.
use crate::base::Str;
use crate::context::{Branch, Target, Transaction, Value};
use crate::modules::core::branch_set::q_text;
use crate::proto::response_choice::BranchKind;
use crate::registry::{FlagFamily, RouteKind, SubName};
use crate::vm::{Cx, Index, NameKind, Pvar, ReadFn, Store, Var, VarIndex, WriteError, position};
use std::sync::Arc;

pub const PVARS: &[Pvar] = &[
    field("tm.branch.uri", |cx, var| each(cx, var, uri), "Request-URI of a branch."),
    field(
        "tm.branch.duri",
        |cx, var| each(cx, var, |_, _, b| b.target.dst.clone().into()),
        "Destination URI of a branch.",
    ),
    field("tm.branch.path", |cx, var| each(cx, var, |_, _, b| b.target.path.clone().into()), "Path of a branch."),
    field(
        "tm.branch.q",
        |cx, var| each(cx, var, |_, _, b| b.target.q.map_or(Value::Null, |q| Value::Str(q_text(q).into()))),
        "q value of a branch.",
    ),
    field("tm.branch.flags", |cx, var| each(cx, var, flags), "Names of a branch's flags that are set."),
    field("tm.branch.socket", |cx, var| each(cx, var, socket), "Socket a branch was sent from."),
    field("tm.branch.type", |cx, var| each(cx, var, kind), "`sip`, or `phony` for one that only waits."),
    field(
        "tm.branch.last_received",
        |cx, var| each(cx, var, last_received),
        "Last status that came on a branch; NULL when none did.",
    ),
    field("tm.branch.flag", read_flag, "A flag of a branch.")
        .named(SubName::Required, NameKind::BranchFlag)
        .index_suffixes(SUFFIXES)
        .writable(write_flag),
    field("tm.branch.attr", read_attr, "A value a script keeps with a branch.")
        .dynamic(NameKind::Text)
        .index_suffixes(SUFFIXES)
        .writable(write_attr),
];

const fn field(name: &'static str, read: ReadFn, doc: &'static str) -> Pvar {
    Pvar::new(name, read, doc).indexed().index_suffixes(SUFFIXES)
}

const ACTIVE: &str = "active";
const SUFFIXES: &[&str] = &[ACTIVE, "all"];

type Show = fn(&Cx<'_>, &Transaction, &Branch) -> Value;

/// The branches that a variable's index means.
fn chosen(cx: &mut Cx<'_>, var: &Var) -> Option<(Arc<Transaction>, Option<usize>)> {
    let index = var.index(cx);
    let tx = cx.run.tx.clone()?;
    let (count, first_active) = {
        let state = tx.state.lock();
        (state.branches.len(), state.first_branch)
    };
    let first = if counts_active(var) { first_active } else { 0 };
    match index {
        Index::All => Some((tx, None)),
        Index::None => {
            let at = cx.run.branch?;
            Some((tx, Some(at)))
        }
        index => position(index, count.saturating_sub(first)).map(|at| (tx, Some(first + at))),
    }
}

fn counts_active(var: &Var) -> bool {
    var.index_suffix.as_ref().is_some_and(|word| word.eq_ignore_ascii_case(ACTIVE.as_bytes()))
}

fn each(cx: &mut Cx<'_>, var: &Var, show: Show) -> Value {
    let Some((tx, at)) = chosen(cx, var) else { return Value::Null };
    let state = tx.state.lock();
    if let Some(at) = at {
        return state.branches.get(at).map_or(Value::Null, |b| show(cx, &tx, b));
    }
    let mut out = Vec::new();
    for (n, branch) in state.branches.iter().enumerate() {
        if n > 0 {
            out.extend_from_slice(b", ");
        }
        let value = show(cx, &tx, branch);
        if !value.is_null() {
            value.print(&mut out);
        }
    }
    if out.is_empty() { Value::Null } else { Value::Str(Str::from(out)) }
}

fn uri(_: &Cx<'_>, tx: &Transaction, branch: &Branch) -> Value {
    match &branch.target.uri {
        Some(uri) => Value::Str(uri.clone()),
        None => tx.request.request_uri().map_or(Value::Null, |uri| Value::Str(Str::slice_of(tx.request.raw(), uri))),
    }
}

fn flags(cx: &Cx<'_>, _: &Transaction, branch: &Branch) -> Value {
    Value::Str(cx.image.flags.text(FlagFamily::Branch, branch.target.flags))
}

fn socket(cx: &Cx<'_>, _: &Transaction, branch: &Branch) -> Value {
    let socket = branch.hop.and_then(|hop| cx.core.sockets.get(hop.socket));
    socket.map_or(Value::Null, |s| Value::Str(s.text().into()))
}

fn last_received(_: &Cx<'_>, _: &Transaction, branch: &Branch) -> Value {
    if branch.code == 0 { Value::Null } else { Value::Int(i32::from(branch.code)) }
}

fn kind(_: &Cx<'_>, _: &Transaction, branch: &Branch) -> Value {
    Value::text(match branch.kind {
        BranchKind::Normal | BranchKind::Minor => b"sip",
        BranchKind::Phony { .. } => b"phony",
    })
}

fn read_flag(cx: &mut Cx<'_>, var: &Var) -> Value {
    let Some(mask) = var.flag_mask() else { return Value::Null };
    let shown = with_target(cx, var, |target| match target.flags & mask {
        0 => Value::Named(0, Str::from_static("false")),
        _ => Value::Named(1, Str::from_static("true")),
    });
    shown.unwrap_or_default()
}

fn write_flag(cx: &mut Cx<'_>, var: &Var, _: Store, value: Value) -> Result<(), WriteError> {
    let mask = var.flag_mask().ok_or_else(no_such_branch)?;
    let set = |target: &mut Target| match value.is_true() {
        true => target.flags |= mask,
        false => target.flags &= !mask,
    };
    with_target(cx, var, set).ok_or_else(no_such_branch)
}

fn read_attr(cx: &mut Cx<'_>, var: &Var) -> Value {
    let Some(name) = var.name_text(cx) else { return Value::Null };
    let find = |target: &mut Target| target.attrs.iter().find(|(n, _)| *n == name).map(|(_, value)| value.clone());
    with_target(cx, var, find).flatten().unwrap_or_default()
}

fn write_attr(cx: &mut Cx<'_>, var: &Var, _: Store, value: Value) -> Result<(), WriteError> {
    let name = var.name_text(cx).ok_or_else(|| WriteError::new("has no name"))?;
    let set = |target: &mut Target| {
        target.attrs.retain(|(n, _)| *n != name);
        if !value.is_null() {
            target.attrs.push((name, value.stored()));
        }
    };
    with_target(cx, var, set).ok_or_else(no_such_branch)
}

/// What is kept with a branch: one of the transaction, or the one that a branch_route is about.
fn with_target<T>(cx: &mut Cx<'_>, var: &Var, work: impl FnOnce(&mut Target) -> T) -> Option<T> {
    if cx.run.kind == RouteKind::Branch && matches!(var.index, VarIndex::None) {
        return Some(work(&mut cx.run.targets.main));
    }
    let (tx, Some(at)) = chosen(cx, var)? else { return None };
    tx.state.lock().branches.get_mut(at).map(|b| work(&mut b.target))
}

fn no_such_branch() -> WriteError {
    WriteError::new("there is no such branch")
}
