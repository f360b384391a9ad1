//! `$tm.branch.*`: the branches of the transaction, as they were sent. An index is a number, or `*` for all of
//! them; without one it is the branch at hand.
use crate::base::Str;
use crate::context::{Branch, Transaction, Value};
use crate::modules::core::branch_set::q_text;
use crate::proto::response_choice::BranchKind;
use crate::registry::{FlagFamily, SubName};
use crate::vm::{Cx, Index, NameKind, Pvar, ReadFn, Store, Var, WriteError, position};
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
        |cx, var| each(cx, var, |_, _, b| Value::Int(i32::from(b.code))),
        "Last status of a branch.",
    ),
    field("tm.branch.flag", read_flag, "A flag of a branch.")
        .named(SubName::Required, NameKind::BranchFlag)
        .writable(write_flag),
    field("tm.branch.attr", read_attr, "A value a script keeps with a branch.")
        .dynamic(NameKind::Text)
        .writable(write_attr),
];

const fn field(name: &'static str, read: ReadFn, doc: &'static str) -> Pvar {
    Pvar::new(name, read, doc).indexed()
}

type Show = fn(&Cx<'_>, &Transaction, &Branch) -> Value;

/// The branches that a variable's index means.
fn chosen(cx: &mut Cx<'_>, var: &Var) -> Option<(Arc<Transaction>, Option<usize>)> {
    let index = var.index(cx);
    let tx = cx.run.tx.clone()?;
    let count = tx.state.lock().branches.len();
    match index {
        Index::All => Some((tx, None)),
        Index::None => {
            let at = cx.run.branch?;
            Some((tx, Some(at)))
        }
        index => position(index, count).map(|at| (tx, Some(at))),
    }
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

fn kind(_: &Cx<'_>, _: &Transaction, branch: &Branch) -> Value {
    Value::text(match branch.kind {
        BranchKind::Normal | BranchKind::Minor => b"sip",
        BranchKind::Phony { .. } => b"phony",
    })
}

fn read_flag(cx: &mut Cx<'_>, var: &Var) -> Value {
    let (Some(mask), Some((tx, Some(at)))) = (var.flag_mask(), chosen(cx, var)) else { return Value::Null };
    let state = tx.state.lock();
    state.branches.get(at).map_or(Value::Null, |b| match b.target.flags & mask {
        0 => Value::Named(0, Str::from_static("false")),
        _ => Value::Named(1, Str::from_static("true")),
    })
}

fn write_flag(cx: &mut Cx<'_>, var: &Var, _: Store, value: Value) -> Result<(), WriteError> {
    let mask = var.flag_mask().ok_or_else(no_such_branch)?;
    change(cx, var, |b| match value.is_true() {
        true => b.target.flags |= mask,
        false => b.target.flags &= !mask,
    })
}

fn read_attr(cx: &mut Cx<'_>, var: &Var) -> Value {
    let (Some(name), Some((tx, Some(at)))) = (var.name_text(cx), chosen(cx, var)) else { return Value::Null };
    let state = tx.state.lock();
    let attr = state.branches.get(at).and_then(|b| b.target.attrs.iter().find(|(n, _)| *n == name));
    attr.map_or(Value::Null, |(_, value)| value.clone())
}

fn write_attr(cx: &mut Cx<'_>, var: &Var, _: Store, value: Value) -> Result<(), WriteError> {
    let name = var.name_text(cx).ok_or_else(|| WriteError::new("has no name"))?;
    change(cx, var, |b| {
        b.target.attrs.retain(|(n, _)| *n != name);
        if !value.is_null() {
            b.target.attrs.push((name, value.stored()));
        }
    })
}

fn change(cx: &mut Cx<'_>, var: &Var, change: impl FnOnce(&mut Branch)) -> Result<(), WriteError> {
    let Some((tx, Some(at))) = chosen(cx, var) else { return Err(no_such_branch()) };
    tx.state.lock().branches.get_mut(at).map(change).ok_or_else(no_such_branch)
}

fn no_such_branch() -> WriteError {
    WriteError::new("there is no such branch")
}
