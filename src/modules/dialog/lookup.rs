//! Lookups over all calls: by value, by profile, by Call-ID. They look at the table, whatever is loaded, and load nothing.
//!
//! Results go into AVPs in the order of enumeration, so that index 0 is the last one; nothing is written when a lookup
//! fails.
use super::json;
use super::settings::Settings;
use crate::base::Str;
use crate::context::{Dialog, Level, Value, ValueKey};
use crate::proto::dialog::State;
use crate::vm::{AvpOut, Cx, Ret, Store, ValueIn, Var, VarOut};
use std::sync::Arc;

/// The value `attr` of every living dialog whose value `key` equals `key_val` in type and content. One of them without
/// `attr` makes the call fail.
pub fn get_dialog_info(
    cx: &mut Cx<'_>,
    attr: Str,
    out: AvpOut,
    key: Str,
    ValueIn(wanted): ValueIn,
    count: VarOut,
) -> Ret {
    let values: Option<Vec<Value>> = with_value(cx, &key, &wanted).iter().map(|d| value_of(d, &attr)).collect();
    match values {
        Some(values) => deliver(cx, &out, values, &count),
        None => {
            let text = format_args!("a dialog with that `{key}` has no value `{attr}`");
            cx.log(Level::Error, "dialog", "get_dialog_info", text);
            Ret::FALSE
        }
    }
}

/// Names and contents of all values of the oldest living dialog with this Call-ID; index 0 is the oldest value.
pub fn get_dialog_vals(cx: &mut Cx<'_>, names: AvpOut, contents: AvpOut, call_id: Str) -> bool {
    let Some(dialog) = cx.core.dialogs.with_call_id(&call_id).into_iter().find(is_living) else { return false };
    let (Some(names), Some(contents)) = (names.0.avp_name(cx), contents.0.avp_name(cx)) else { return false };
    let pairs: Vec<(Str, Value)> =
        dialog.state.lock().values().map(|(name, value)| (name.clone(), value.clone())).collect();
    for (name, value) in pairs.into_iter().rev() {
        cx.run.avps.push(names, Value::Str(name));
        cx.run.avps.push(contents, value);
    }
    true
}

/// Every living dialog whose value `name` equals `value` in type and content, as JSON.
pub fn get_dialogs_by_val(cx: &mut Cx<'_>, name: Str, ValueIn(wanted): ValueIn, out: AvpOut, count: VarOut) -> Ret {
    let dialogs = with_value(cx, &name, &wanted);
    deliver_json(cx, &out, &dialogs, &count)
}

/// Every living dialog in the profile, with that value or with any, as JSON.
pub fn get_dialogs_by_profile(cx: &mut Cx<'_>, profile: Str, value: Option<Str>, out: AvpOut, count: VarOut) -> Ret {
    let settings: &Settings = cx.core.state();
    let Some((id, found)) = settings.profiles.find(&profile) else {
        let text = format_args!("profile `{profile}` is not declared");
        cx.log(Level::Error, "dialog", "get_dialogs_by_profile", text);
        return Ret::FALSE;
    };
    let value = value.filter(|_| found.has_value);
    let mut dialogs = cx.core.dialogs.in_profile(id, value.as_ref());
    dialogs.retain(is_living);
    deliver_json(cx, &out, &dialogs, &count)
}

fn with_value(cx: &Cx<'_>, name: &Str, wanted: &Value) -> Vec<Arc<Dialog>> {
    let Some(key) = ValueKey::of(wanted) else { return Vec::new() };
    let mut dialogs = cx.core.dialogs.with_value(name, &key);
    dialogs.retain(is_living);
    dialogs
}

fn is_living(dialog: &Arc<Dialog>) -> bool {
    dialog.state.lock().state() != State::Deleted
}

fn value_of(dialog: &Arc<Dialog>, name: &Str) -> Option<Value> {
    dialog.state.lock().value(name).cloned()
}

fn deliver_json(cx: &mut Cx<'_>, out: &AvpOut, dialogs: &[Arc<Dialog>], count: &VarOut) -> Ret {
    let texts = dialogs.iter().map(|d| Value::Str(json::with_context(cx, d))).collect();
    deliver(cx, out, texts, count)
}

fn deliver(cx: &mut Cx<'_>, AvpOut(out): &AvpOut, values: Vec<Value>, VarOut(count): &VarOut) -> Ret {
    let found = i32::try_from(values.len()).unwrap_or(i32::MAX);
    if found == 0 {
        return Ret::FALSE;
    }
    let Some(name) = out.avp_name(cx) else { return Ret::FALSE };
    if !write_count(cx, count, found) {
        return Ret::FALSE;
    }
    for value in values {
        cx.run.avps.push(name, value);
    }
    Ret::Code(found)
}

fn write_count(cx: &mut Cx<'_>, count: &Var, found: i32) -> bool {
    cx.write(count, Store::Set, Value::Int(found)).is_ok()
}
