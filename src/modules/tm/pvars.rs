//! `$T_*` and `$bavp`. The branches of the transaction are in `branch_vars`.
use super::branch_vars;
use super::create::{EarlyBranch, EarlyTimers};
use super::query;
use crate::context::{Avps, Value};
use crate::modules::core::uri_text::UriText;
use crate::registry::RouteKind;
use crate::vm::{Cx, Index, NameKind, Pvar, Store, Var, WriteError, joined, position, row_count};

const OWN: &[Pvar] = &[
    Pvar::new(
        "T_branch_idx",
        branch_index,
        "Index of the branch at hand, from 0; NULL outside branch, failure and reply routes.",
    ),
    Pvar::new(
        "T_reply_code",
        |cx, _| Value::Int(i32::from(query::reply_code(cx))),
        "Status of the current reply, of the winner in a failure route, else of the last reply sent; 0 without one.",
    ),
    Pvar::new("T_ruri", ruri, "Request-URI of the transaction's branch at hand, or of its request."),
    Pvar::new(
        "T_fr_timeout",
        |cx, _| timeout(cx, Which::Reply),
        "Seconds without any reply after which a branch ends.",
    )
    .writable(|cx, _, _, value| set_timeout(cx, Which::Reply, &value)),
    Pvar::new(
        "T_fr_inv_timeout",
        |cx, _| timeout(cx, Which::Invite),
        "Seconds an INVITE waits for a final reply after a provisional.",
    )
    .writable(|cx, _, _, value| set_timeout(cx, Which::Invite, &value)),
    Pvar::new("T_id", id, "Names the transaction."),
    Pvar::new("T_branch_last_reply_code", last_code, "Last status of a branch: with an index, of that one.").indexed(),
    Pvar::new("bavp", read_bavp, "A value that belongs to one branch.")
        .dynamic(NameKind::Avp)
        .indexed()
        .writable(write_bavp),
];

const TABLES: &[&[Pvar]] = &[OWN, branch_vars::PVARS];
pub static PVARS: [Pvar; row_count(TABLES)] = joined(TABLES);

fn branch_index(cx: &mut Cx<'_>, _: &Var) -> Value {
    let shown = matches!(cx.run.kind, RouteKind::Branch | RouteKind::OnReply | RouteKind::Failure);
    cx.run.branch.filter(|_| shown).map_or(Value::Null, |i| Value::Int(i as i32))
}

fn ruri(cx: &mut Cx<'_>, _: &Var) -> Value {
    let Some(tx) = &cx.run.tx else { return Value::Null };
    let of_branch = cx.run.branch.and_then(|i| tx.state.lock().branches.get(i).and_then(|b| b.target.uri.clone()));
    if of_branch.is_some() {
        return of_branch.into();
    }
    if cx.run.msg.is_request() {
        return UriText::request(cx.run).map(|uri| uri.share(uri.bytes())).into();
    }
    match tx.request.start_line() {
        crate::sip::StartLine::Request { uri, .. } => Value::Str(tx.request.text(*uri)),
        crate::sip::StartLine::Reply { .. } => Value::Null,
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Which {
    Reply,
    Invite,
}

fn timeout(cx: &mut Cx<'_>, which: Which) -> Value {
    let defaults = cx.core.state::<super::Tm>().timers;
    let (fr, fr_inv) = match &cx.run.tx {
        Some(tx) => {
            let timers = tx.state.lock().timers;
            (timers.fr, timers.fr_inv)
        }
        None => {
            let early = cx.run.slots.get::<EarlyTimers>().copied().unwrap_or_default();
            (early.fr.unwrap_or(defaults.fr), early.fr_inv.unwrap_or(defaults.fr_inv))
        }
    };
    let ms = match which {
        Which::Reply => fr,
        Which::Invite => fr_inv,
    };
    Value::Int(i32::try_from(ms / 1_000).unwrap_or(i32::MAX))
}

fn set_timeout(cx: &mut Cx<'_>, which: Which, value: &Value) -> Result<(), WriteError> {
    let seconds = match value {
        Value::Null => None,
        value => {
            let seconds = value.int_face().and_then(|s| u32::try_from(s).ok()).filter(|s| *s > 0);
            Some(seconds.ok_or_else(|| WriteError::new("takes a number of seconds above 0"))?)
        }
    };
    let ms = seconds.map(|s| s.saturating_mul(1_000));
    let defaults = cx.core.state::<super::Tm>().timers;
    let Some(tx) = &cx.run.tx else {
        let early = cx.run.slots.get_or_default::<EarlyTimers>();
        match which {
            Which::Reply => early.fr = ms,
            Which::Invite => early.fr_inv = ms,
        }
        return Ok(());
    };
    let timers = &mut tx.state.lock().timers;
    match which {
        Which::Reply => timers.fr = ms.unwrap_or(defaults.fr),
        Which::Invite => timers.fr_inv = ms.unwrap_or(defaults.fr_inv),
    }
    Ok(())
}

fn id(cx: &mut Cx<'_>, _: &Var) -> Value {
    let Some(tx) = &cx.run.tx else { return Value::Null };
    let (low, high) = (tx.id.0 as u32, tx.id.0 >> 32);
    Value::Str(format!("{low:x}.{high:x}").into())
}

fn last_code(cx: &mut Cx<'_>, var: &Var) -> Value {
    let index = var.index(cx);
    let Some(tx) = &cx.run.tx else { return Value::Null };
    let state = tx.state.lock();
    let code = |i: usize| state.branches.get(i).map_or(Value::Null, |b| Value::Int(i32::from(b.code)));
    match index {
        Index::None => cx.run.branch.map_or(Value::Null, code),
        Index::All => {
            let all: Vec<String> = state.branches.iter().map(|b| b.code.to_string()).collect();
            if all.is_empty() { Value::Null } else { Value::Str(all.join(", ").into()) }
        }
        index => position(index, state.branches.len()).map_or(Value::Null, code),
    }
}

/// The AVPs of the branch at hand: before it is sent, those its branch_route is giving it.
fn with_bavps<T>(cx: &mut Cx<'_>, work: impl FnOnce(&mut Avps) -> T) -> Option<T> {
    if cx.run.kind == RouteKind::Branch {
        return Some(work(&mut cx.run.slots.get_or_default::<EarlyBranch>().avps));
    }
    let (tx, index) = (cx.run.tx.as_ref()?, cx.run.branch?);
    tx.state.lock().branches.get_mut(index).map(|b| work(&mut b.avps))
}

fn read_bavp(cx: &mut Cx<'_>, var: &Var) -> Value {
    let Some(name) = var.avp_name(cx) else { return Value::Null };
    let index = var.index(cx);
    let read = |avps: &mut Avps| match index {
        Index::None => avps.first(name).cloned(),
        Index::Int(i) => avps.get(name, i).cloned(),
        Index::All => {
            let mut out = Vec::new();
            for (n, value) in avps.all(name).enumerate() {
                if n > 0 {
                    out.extend_from_slice(b", ");
                }
                value.print(&mut out);
            }
            (!out.is_empty()).then(|| Value::Str(out.into()))
        }
        _ => None,
    };
    with_bavps(cx, read).flatten().unwrap_or_default()
}

fn write_bavp(cx: &mut Cx<'_>, var: &Var, store: Store, value: Value) -> Result<(), WriteError> {
    let name = var.avp_name(cx).ok_or_else(|| WriteError::new("has no name"))?;
    let index = var.index(cx);
    let write = |avps: &mut Avps| match (value.is_null(), index) {
        (true, Index::All) => avps.remove_all(name),
        (true, Index::Int(i)) => avps.remove(name, i),
        (true, _) => avps.remove(name, 0),
        (false, Index::Int(i)) => {
            avps.replace(name, i, value.clone().stored());
        }
        (false, _) => {
            if store == Store::Replace || index == Index::All {
                avps.remove_all(name);
            }
            avps.push(name, value.clone().stored());
        }
    };
    with_bavps(cx, write).ok_or_else(|| WriteError::new("there is no branch at hand"))
}
