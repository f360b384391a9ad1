//! Sharing tags: which of several servers is in charge of a call. Without replication there is nothing to share, and OpenSIPS
//! then accepts any tag and changes nothing.
use crate::base::Str;
use crate::context::Level;
use crate::vm::Cx;

pub fn set_dlg_sharing_tag(cx: &mut Cx<'_>, tag: Str) -> bool {
    let text = format_args!("calls are not shared between servers: the tag `{tag}` changes nothing");
    cx.log(Level::Debug, "dialog", "set_dlg_sharing_tag", text);
    true
}
