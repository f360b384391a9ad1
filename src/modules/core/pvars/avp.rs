//! `$avp`: stacks of values that travel with the message and its transaction (language reference 11.3).
use crate::context::Value;
use crate::vm::{Cx, Index, NameKind, Pvar, Store, Var, WriteError};

pub const PVARS: &[Pvar] = &[Pvar::new("avp", read, "A stack of values; assignment adds on top, 0 is the newest.")
    .dynamic(NameKind::Avp)
    .indexed()
    .writable(write)];

fn read(cx: &mut Cx<'_>, var: &Var) -> Value {
    let Some(name) = var.avp_name(cx) else { return Value::Null };
    let value = match var.index(cx) {
        Index::None => cx.run.avps.first(name),
        Index::Int(i) => cx.run.avps.get(name, i),
        Index::All => return cx.join_all(|cx, i| cx.run.avps.get(name, i).cloned().unwrap_or_default()),
        Index::Append | Index::Bad => None,
    };
    value.cloned().unwrap_or_default()
}

fn write(cx: &mut Cx<'_>, var: &Var, store: Store, value: Value) -> Result<(), WriteError> {
    let name = var.avp_name(cx).ok_or_else(|| WriteError::new("its name is NULL"))?;
    let index = var.index(cx);
    let avps = &mut cx.run.avps;
    let value = value.stored();
    match (store, index) {
        (_, Index::Bad) => return Err(WriteError::new("its index is no integer")),
        (Store::Replace, _) | (_, Index::All) => {
            avps.remove_all(name);
            if !value.is_null() {
                avps.push(name, value);
            }
        }
        (Store::Set, Index::None) if value.is_null() => avps.remove(name, 0),
        (Store::Set, Index::None) => avps.push(name, value),
        (Store::Set, Index::Int(i)) if value.is_null() => avps.remove(name, i),
        (Store::Set, Index::Int(i)) => {
            if !avps.replace(name, i, value) {
                return Err(WriteError::new("has no value at that index"));
            }
        }
        (Store::Set, Index::Append) => {
            if !value.is_null() {
                avps.push_bottom(name, value);
            }
        }
    }
    Ok(())
}
