//! `dialog`: calls as objects that scripts and other calls read and write.
//!
//! Path of data: `create` makes a dialog of an INVITE, `initial` follows its transaction, `matching` finds it again for
//! sequential requests and `sequential` reads those; all of them hand events to `states`, which drives
//! `proto::dialog::Machine` and carries out its actions with `lifetime`, `owned` (the dialog's routes), `byes` and
//! `events`. What this server sends within a call leaves through `requests`; `numbers` keeps the CSeq of the others above it. Scripts see the current dialog through `vars`, `values`, `flags` and `profiles`, choose another one with
//! `load`, and search all of them with `lookup`, whose results `json` writes.
//!
//! Functions on the data of a call take `Current`, the loaded dialog or else the own one; what drives the call takes `Own`.
//!
//! Deliberately absent here: database, replication and pings.
mod byes;
mod create;
mod events;
mod fix_route;
mod flags;
mod initial;
mod json;
mod lifetime;
mod load;
mod lookup;
mod matching;
mod numbers;
mod owned;
mod profiles;
mod requests;
mod routes;
mod send;
mod sequential;
mod settings;
mod sharing;
mod states;
mod validate;
mod values;
mod vars;

pub use create::{CreateFlags, create};
pub use settings::table_size;

use crate::base::Str;
use crate::script_fns;
use crate::vm::{AvpOut, Cx, DialogFlag, Function, Hook, Module, RouteName, ValueIn, VarOut, Words};

pub static MODULE: Module = Module {
    functions: FUNCTIONS,
    pvars: vars::PVARS,
    params: settings::PARAMS,
    constraints: settings::CONSTRAINTS,
    needs: &["tm"],
    events: &[events::STATE_CHANGED],
    statistics: settings::STATISTICS,
    hooks: &[follow],
    timer: Some(lifetime::timer),
    init: Some(settings::init),
    examples: &[include_str!("examples.md")],
    ..Module::empty("dialog")
};

static FUNCTIONS: &[Function] = script_fns! {
    /// Makes a dialog of an initial INVITE. 1 when the call has a dialog now.
    fn create_dialog(flags: Option<Words<create::CreateFlags>>) in REQUEST,
        roles [CreatesDialog, SeesOwn] => create::create_dialog;
    /// Finds the dialog of a sequential request without Route.
    fn match_dialog(mode: Option<Str>) in REQUEST, roles [MayFail, SeesOwn] => matching::match_dialog;
    /// Checks CSeq (-1), remote target (-2) and route set (-3) of a sequential request; -4 without a dialog.
    fn validate_dialog() in REQUEST, roles [MayFail, SeesOwn] => validate::validate_dialog;
    /// Gives a sequential request the target, routes and next hop that its dialog knows.
    fn fix_route_dialog() in REQUEST, roles [MayFail, SeesOwn] => fix_route::fix_route_dialog;

    /// Makes another call's dialog the current one, by Call-ID or by dialog id, until `unload_dialog_ctx`.
    fn load_dialog_ctx(dialog: Str, id_type: Option<Words<load::IdType>>, active_only: Option<i32>)
        in REQUEST | FAILURE | ONREPLY | BRANCH | ERROR | LOCAL | STARTUP | TIMER | EVENT,
        roles [Pushes(Dialog), MayFail] => load::load_dialog_ctx;
    /// Ends the newest `load_dialog_ctx` of this route.
    fn unload_dialog_ctx() in REQUEST | FAILURE | ONREPLY | BRANCH | ERROR | LOCAL | STARTUP | TIMER | EVENT,
        roles [Pops(Dialog)] => load::unload_dialog_ctx;

    /// A value of every dialog whose value `key` is `key_val`; how many there are.
    fn get_dialog_info(attr: Str, avp: AvpOut, key: Str, key_val: ValueIn, no_dlgs: VarOut)
        in REQUEST | FAILURE | ONREPLY | BRANCH | ERROR | LOCAL | STARTUP | TIMER | EVENT,
        roles [MayFail] => lookup::get_dialog_info;
    /// Names and contents of all values of the call with this Call-ID.
    fn get_dialog_vals(names: AvpOut, vals: AvpOut, callid: Str)
        in REQUEST | FAILURE | ONREPLY | BRANCH | ERROR | LOCAL | STARTUP | TIMER | EVENT,
        roles [MayFail] => lookup::get_dialog_vals;
    /// Every dialog with that value, as JSON; how many there are.
    fn get_dialogs_by_val(name: Str, value: ValueIn, out_avp: AvpOut, out_dlg_no: VarOut)
        in REQUEST | FAILURE | ONREPLY | BRANCH | ERROR | LOCAL | STARTUP | TIMER | EVENT,
        roles [MayFail] => lookup::get_dialogs_by_val;
    /// Every dialog in the profile, as JSON; how many there are.
    fn get_dialogs_by_profile(name: Str, value: Option<Str>, out_avp: AvpOut, out_dlg_no: VarOut)
        in REQUEST | FAILURE | ONREPLY | BRANCH | ERROR | LOCAL | STARTUP | TIMER | EVENT,
        roles [MayFail, UsesProfile(0)] => lookup::get_dialogs_by_profile;
    /// How often a profile, or one of its values, was entered by living calls.
    fn get_profile_size(profile: Str, value: Option<Str>, size: VarOut)
        in REQUEST | FAILURE | ONREPLY | BRANCH | ERROR | LOCAL | STARTUP | TIMER | EVENT,
        roles [UsesProfile(0)] => profiles::get_profile_size;

    /// Enters the current dialog into a profile; `clear_values` takes it out of what it entered there before.
    fn set_dlg_profile(profile: Str, value: Option<Str>, clear_values: Option<i32>)
        in REQUEST | FAILURE | ONREPLY | BRANCH, roles [UsesProfile(0)] => profiles::set_dlg_profile;
    /// Takes the current dialog out of a profile: one entry with that value, or all.
    fn unset_dlg_profile(profile: Str, value: Option<Str>)
        in REQUEST | FAILURE | ONREPLY | BRANCH, roles [UsesProfile(0)] => profiles::unset_dlg_profile;
    /// Whether the current dialog is in a profile.
    fn is_in_profile(profile: Str, value: Option<Str>)
        in REQUEST | FAILURE | ONREPLY | BRANCH, roles [MayFail, UsesProfile(0)] => profiles::is_in_profile;

    /// Sets a flag of the current dialog.
    fn set_dlg_flag(flag: DialogFlag) in REQUEST | FAILURE | ONREPLY | BRANCH | LOCAL => flags::set_dlg_flag;
    /// Resets a flag of the current dialog.
    fn reset_dlg_flag(flag: DialogFlag) in REQUEST | FAILURE | ONREPLY | BRANCH | LOCAL => flags::reset_dlg_flag;
    /// Whether a flag of the current dialog is set.
    fn is_dlg_flag_set(flag: DialogFlag)
        in REQUEST | FAILURE | ONREPLY | BRANCH | LOCAL, roles [MayFail] => flags::is_dlg_flag_set;
    /// Flips a flag of the current dialog if it has the given value: true for one caller only.
    fn test_and_set_dlg_flag(flag: DialogFlag, value: i32)
        in REQUEST | FAILURE | ONREPLY | BRANCH | LOCAL, roles [MayFail] => flags::test_and_set_dlg_flag;

    /// Stores a variable's value in the current dialog.
    fn store_dlg_value(name: Str, val: ValueIn) in REQUEST | FAILURE | ONREPLY | BRANCH | LOCAL => values::store_dlg_value;
    /// Fetches a value of the current dialog into a variable; false when there is none.
    fn fetch_dlg_value(name: Str, val: VarOut)
        in REQUEST | FAILURE | ONREPLY | BRANCH | LOCAL, roles [MayFail] => values::fetch_dlg_value;

    /// Sends a request within the current call, to its `caller` or `callee`; what is answered to it goes nowhere. A PRACK
    /// in an onreply_route acknowledges the reply at hand.
    fn dlg_send_sequential(method: Str, leg: Words<send::Side>, body: Option<Str>, content_type: Option<Str>, headers: Option<Str>)
        in REQUEST | FAILURE | ONREPLY | BRANCH | ERROR | LOCAL | STARTUP | TIMER | EVENT,
        roles [Waits, MayFail] => send::dlg_send_sequential;
    /// Skips CSeq numbers of the requests towards a callee: that with the tag, or that of the message's To; -2 without a
    /// dialog.
    fn dlg_inc_cseq(tag: Option<Str>, inc: Option<i32>)
        in REQUEST | FAILURE | ONREPLY | BRANCH | LOCAL, roles [MayFail] => numbers::dlg_inc_cseq;
    /// Which group of servers is in charge of the current call. Calls are not shared between servers here, so it is always
    /// this one, and nothing changes.
    fn set_dlg_sharing_tag(tag_name: Str) in REQUEST => sharing::set_dlg_sharing_tag;

    /// Runs a route when the current call is answered.
    fn dlg_on_answer(route_name: Option<RouteName>) in REQUEST | FAILURE | ONREPLY | BRANCH => routes::dlg_on_answer;
    /// Runs a route when the current call's lifetime is over; it may extend it.
    fn dlg_on_timeout(route_name: Option<RouteName>) in REQUEST | FAILURE | ONREPLY | BRANCH => routes::dlg_on_timeout;
    /// Runs a route when the current call is hung up.
    fn dlg_on_hangup(route_name: Option<RouteName>) in REQUEST | FAILURE | ONREPLY | BRANCH => routes::dlg_on_hangup;
};

fn follow(cx: &mut Cx<'_>, hook: &Hook<'_>) {
    match hook {
        Hook::RouteMatched { params } => matching::route_matched(cx, params),
        Hook::TransactionCreated => initial::transaction_created(cx),
        Hook::BranchOut { branch, socket } => {
            initial::branch_out(cx, *branch, *socket);
            numbers::request_out(cx);
        }
        Hook::ReplyIn { .. } => numbers::reply_in(cx),
        Hook::ReplyOut(reply) => initial::reply_out(cx, reply),
        Hook::Matched { tx } => initial::matched(cx, tx),
        Hook::CancelledTooLate => initial::cancelled_too_late(cx),
        Hook::LateAnswer { branch } => initial::late_answer(cx, *branch),
        Hook::TransactionEnd { tx } => initial::transaction_ended(cx, tx),
        Hook::RunEnd => states::release(cx),
        Hook::Unwound => states::after_fault(cx),
        Hook::Started
        | Hook::RequestIn
        | Hook::ReplySent(_)
        | Hook::BranchFailed { .. }
        | Hook::Forwarded
        | Hook::DialogCreated(_)
        | Hook::DialogConfirmed(_)
        | Hook::DialogWithin(_)
        | Hook::DialogFailed(_)
        | Hook::DialogTerminated(_)
        | Hook::DialogExpired(_)
        | Hook::WriteValues(_)
        | Hook::LocalEnded(_) => {}
    }
}
