//! User flags of the current dialog. Each function changes them under the dialog's lock, so that of two workers none
//! loses its update and `test_and_set_dlg_flag` has one winner.
use crate::base::Str;
use crate::context::{Current, Value};
use crate::registry::FlagFamily;
use crate::vm::{Cx, DialogFlag, Ret, Store, Var, WriteError};

pub fn set_dlg_flag(cx: &mut Cx<'_>, flag: DialogFlag) -> bool {
    cx.run.current().is_some_and(|dialog| change(&dialog, |flags| flags | flag.mask()))
}

pub fn reset_dlg_flag(cx: &mut Cx<'_>, flag: DialogFlag) -> bool {
    cx.run.current().is_some_and(|dialog| change(&dialog, |flags| flags & !flag.mask()))
}

pub fn is_dlg_flag_set(cx: &mut Cx<'_>, flag: DialogFlag) -> bool {
    cx.run.current().is_some_and(|Current(dialog)| dialog.state.lock().flags & flag.mask() != 0)
}

/// Flips the flag if it has the value asked for: 1 for who flipped it, -1 for who came too late, -2 without a dialog.
pub fn test_and_set_dlg_flag(cx: &mut Cx<'_>, flag: DialogFlag, value: i32) -> Ret {
    match cx.run.current() {
        Some(dialog) => Ret::bool(flip(&dialog, flag, value != 0)),
        None => Ret::Code(-2),
    }
}

fn change(Current(dialog): &Current, new: impl FnOnce(u32) -> u32) -> bool {
    let mut state = dialog.state.lock();
    state.flags = new(state.flags);
    true
}

fn flip(Current(dialog): &Current, flag: DialogFlag, expected: bool) -> bool {
    let mut state = dialog.state.lock();
    let as_expected = (state.flags & flag.mask() != 0) == expected;
    if as_expected {
        state.flags ^= flag.mask();
    }
    as_expected
}

/// `$DLG_flags`: names with blanks between them.
pub fn read(cx: &mut Cx<'_>, _: &Var) -> Value {
    let Some(dialog) = cx.run.current() else { return Value::Null };
    Value::Str(names(cx, &dialog))
}

pub fn names(cx: &Cx<'_>, Current(dialog): &Current) -> Str {
    let mask = dialog.state.lock().flags;
    cx.image.flags.text(FlagFamily::Dialog, mask)
}

/// Replaces the whole set; names that no function of the script uses count for nothing.
pub fn write(cx: &mut Cx<'_>, _: &Var, _: Store, value: Value) -> Result<(), WriteError> {
    let Some(text) = value.borrowed_str() else {
        return Err(WriteError::new("takes a list of flag names"));
    };
    let dialog = cx.run.current().ok_or_else(|| WriteError::new("there is no dialog"))?;
    let mask = cx.image.flags.mask(FlagFamily::Dialog, text);
    change(&dialog, |_| mask);
    Ok(())
}
