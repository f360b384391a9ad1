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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::{Dialog, Identity};
    use crate::modules::fixture::{Fixture, received};
    use crate::proto::dialog::{Did, Leg};
    use std::sync::Arc;
    use std::thread;

    fn dialog() -> Current {
        let identity = Identity { call_id: "c".into(), from_uri: "f".into(), to_uri: "t".into(), from_tag: "1".into() };
        let fixture = Fixture::new("OPTIONS sip:a SIP/2.0");
        let alive = fixture.core.dialogs.alive();
        Current(Arc::new(Dialog::new(Did { entry: 1, id: 2 }, identity, Leg::default(), received(), alive)))
    }

    #[test]
    fn of_eight_workers_one_flips_the_flag() {
        for _ in 0..200 {
            let dialog = dialog();
            let winners: usize = thread::scope(|scope| {
                let workers: Vec<_> = (0..8).map(|_| scope.spawn(|| flip(&dialog, DialogFlag(3), false))).collect();
                workers.into_iter().map(|w| usize::from(w.join().expect("no panic"))).sum()
            });
            assert_eq!(winners, 1);
            assert_eq!(dialog.0.state.lock().flags, 1 << 3);
        }
    }

    #[test]
    fn workers_that_set_different_flags_lose_none() {
        for _ in 0..200 {
            let dialog = dialog();
            thread::scope(|scope| {
                for n in 0..8 {
                    let dialog = &dialog;
                    scope.spawn(move || change(dialog, |flags| flags | DialogFlag(n).mask()));
                }
            });
            assert_eq!(dialog.0.state.lock().flags, 0xff);
        }
    }

    #[test]
    fn a_flag_with_another_value_is_left_alone() {
        let dialog = dialog();
        assert!(!flip(&dialog, DialogFlag(0), true));
        assert!(flip(&dialog, DialogFlag(0), false));
        assert!(!flip(&dialog, DialogFlag(0), false));
        assert!(flip(&dialog, DialogFlag(0), true));
        assert_eq!(dialog.0.state.lock().flags, 0);
    }
}
