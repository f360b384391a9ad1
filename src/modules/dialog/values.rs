//! Dialog values: `$dlg_val(name)`, `store_dlg_value` and `fetch_dlg_value` on the current dialog.
use crate::base::Str;
use crate::context::{Current, Level, Value};
use crate::vm::{Cx, Piece, Store, ValueIn, Var, VarName, VarOut, WriteError};

/// Strings and integers keep their type; a value that was never set is NULL.
pub fn read(cx: &mut Cx<'_>, var: &Var) -> Value {
    let Some(dialog) = cx.run.current() else { return Value::Null };
    name(cx, var).map_or(Value::Null, |name| get(&dialog, &name))
}

/// NULL removes the value.
pub fn write(cx: &mut Cx<'_>, var: &Var, _: Store, value: Value) -> Result<(), WriteError> {
    let dialog = cx.run.current().ok_or_else(|| WriteError::new("there is no dialog"))?;
    let name = name(cx, var).ok_or_else(|| WriteError::new("its name is NULL"))?;
    set(cx, &dialog, &name, value);
    Ok(())
}

pub fn store_dlg_value(cx: &mut Cx<'_>, name: Str, ValueIn(value): ValueIn) -> bool {
    let Some(dialog) = cx.run.current() else { return false };
    set(cx, &dialog, &name, value);
    true
}

pub fn fetch_dlg_value(cx: &mut Cx<'_>, name: Str, into: VarOut) -> bool {
    let Some(dialog) = cx.run.current() else { return false };
    let value = get(&dialog, &name);
    if value.is_null() {
        return false;
    }
    match cx.write(&into.0, Store::Set, value) {
        Ok(()) => true,
        Err(error) => {
            let text = format_args!("cannot store into `{}`: it {}", into.0.text, error.0);
            cx.log(Level::Error, "dialog", "fetch_dlg_value", text);
            false
        }
    }
}

/// The name may hold variables; when it is nothing but a variable that is NULL, there is none.
fn name(cx: &mut Cx<'_>, var: &Var) -> Option<Str> {
    let VarName::Pieces(pieces) = &var.name else { return var.name_text(cx) };
    match &**pieces {
        [Piece::Text(text)] => Some(text.clone()),
        [Piece::Var(inner)] => cx.read(inner).str_face(),
        pieces => cx.expand(pieces),
    }
}

fn get(Current(dialog): &Current, name: &[u8]) -> Value {
    dialog.state.lock().value(name).cloned().unwrap_or_default()
}

fn set(cx: &Cx<'_>, Current(dialog): &Current, name: &Str, value: Value) {
    cx.core.dialogs.set_value(dialog, name, value);
}
