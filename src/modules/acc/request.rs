//! `acc_*_request`: records of the script's own.
use super::backends;
use super::record::{self, Core, Kind};
use super::settings::Settings;
use crate::base::Str;
use crate::context::{Backend, CurrentAcc, Level};
use crate::sip::Method;
use crate::vm::Cx;

/// The comment is a reason, perhaps with a code in front: `404 Nobody there`.
pub fn acc_log_request(cx: &mut Cx<'_>, comment: Str) -> bool {
    requested(cx, Backend::Log, &comment)
}

pub fn acc_evi_request(cx: &mut Cx<'_>, comment: Str) -> bool {
    requested(cx, Backend::Evi, &comment)
}

/// As OpenSIPS without a database.
pub fn acc_db_request(cx: &mut Cx<'_>, _comment: Str, _table: Str) -> bool {
    absent(cx, "acc_db_request", "there is no database for records yet")
}

/// As OpenSIPS without an AAA server.
pub fn acc_aaa_request(cx: &mut Cx<'_>, _comment: Str) -> bool {
    absent(cx, "acc_aaa_request", "there is no AAA server for records yet")
}

fn absent(cx: &Cx<'_>, function: &'static str, why: &str) -> bool {
    cx.log(Level::Error, "acc", function, format_args!("{why}"));
    false
}

fn requested(cx: &mut Cx<'_>, backend: Backend, comment: &[u8]) -> bool {
    let settings: &Settings = cx.core.state();
    if cx.run.msg.method() == Method::Cancel && !settings.report_cancels {
        return true;
    }
    let core = Core::new(&cx.run.msg, record::comment(comment), false);
    match cx.run.current_acc() {
        Some(CurrentAcc(ctx)) => {
            backends::transaction(cx, backend, Kind::Requested, &core, Some(&ctx.state.lock()));
        }
        None => backends::transaction(cx, backend, Kind::Requested, &core, None),
    }
    true
}
