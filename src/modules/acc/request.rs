//! `acc_log_request`: a record of the script's own.
use super::log_backend;
use super::record::{self, Core, Kind};
use super::settings::Settings;
use crate::base::Str;
use crate::context::CurrentAcc;
use crate::sip::Method;
use crate::vm::Cx;

/// The comment is a reason, perhaps with a code in front: `404 Nobody there`.
pub fn acc_log_request(cx: &mut Cx<'_>, comment: Str) -> bool {
    let settings: &Settings = cx.core.state();
    if cx.run.msg.method() == Method::Cancel && !settings.report_cancels {
        return true;
    }
    let core = Core::new(&cx.run.msg, record::comment(&comment), false);
    match cx.run.current_acc() {
        Some(CurrentAcc(ctx)) => log_backend::transaction(cx, Kind::Requested, &core, Some(&ctx.state.lock())),
        None => log_backend::transaction(cx, Kind::Requested, &core, None),
    }
    true
}
