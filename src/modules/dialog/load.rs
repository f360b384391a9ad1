//! `load_dialog_ctx` and `unload_dialog_ctx`: another call's dialog becomes the current one, nested to any order, until it is
//! unloaded or the run ends (design, "Cross-dialog contexts").
use crate::base::Str;
use crate::context::{Core, Dialog, Level};
use crate::proto::dialog::{Did, State};
use crate::vm::{Cx, Vocabulary, Words};
use std::sync::Arc;

/// What the first argument is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdType {
    CallId,
    Did,
}

impl Vocabulary for IdType {
    fn parse(text: &[u8]) -> Result<IdType, String> {
        if text.eq_ignore_ascii_case(b"callid") {
            Ok(IdType::CallId)
        } else if text.eq_ignore_ascii_case(b"did") {
            Ok(IdType::Did)
        } else {
            Err(format!("`{}` is neither `callid` nor `did`", Str::new(text)))
        }
    }
}

/// Whether ended dialogs that are still in the table count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scan {
    All,
    ActiveOnly,
}

pub fn load_dialog_ctx(cx: &mut Cx<'_>, id: Str, id_type: Option<Words<IdType>>, active_only: Option<i32>) -> bool {
    let id_type = id_type.map_or(IdType::CallId, |t| t.0);
    let scan = if active_only.unwrap_or(0) != 0 { Scan::ActiveOnly } else { Scan::All };
    let Some(dialog) = find(cx.core, &id, id_type, scan) else {
        cx.log(Level::Debug, "dialog", "load_dialog_ctx", format_args!("no dialog `{id}`"));
        return false;
    };
    let place = cx.run.place;
    if cx.run.stacks.dialogs.push(dialog, place).is_err() {
        let depth = cx.run.stacks.dialogs.len();
        let text = format_args!("{depth} dialogs are loaded and none was unloaded; there is no room for another");
        cx.log(Level::Error, "dialog", "load_dialog_ctx", text);
        return false;
    }
    true
}

/// Undoes the newest `load_dialog_ctx` of this route; accounting contexts stay as they are.
pub fn unload_dialog_ctx(cx: &mut Cx<'_>) -> bool {
    cx.run.stacks.dialogs.pop().is_ok()
}

/// By Call-ID the oldest wins, whatever its tags.
fn find(core: &Core, id: &[u8], id_type: IdType, scan: Scan) -> Option<Arc<Dialog>> {
    let counts = |d: &Arc<Dialog>| scan == Scan::All || d.state.lock().state() != State::Deleted;
    match id_type {
        IdType::CallId => core.dialogs.with_call_id(id).into_iter().find(counts),
        IdType::Did => core.dialogs.get(Did::parse(id)?).filter(counts),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_selector_is_one_of_two_words_in_any_case() {
        assert_eq!(IdType::parse(b"CallID"), Ok(IdType::CallId));
        assert_eq!(IdType::parse(b"DID"), Ok(IdType::Did));
        for text in ["tag", "", "did ", "call-id"] {
            assert!(IdType::parse(text.as_bytes()).is_err(), "{text}");
        }
    }
}
