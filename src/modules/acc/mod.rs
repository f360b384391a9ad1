//! `acc`: records of transactions and calls.
//!
//! Path of data: `accounting` marks what is to be accounted and ties a context to message, transaction and dialog; scripts
//! fill its fields through `vars`; `hooks` sees replies leave and calls end, makes a `record` and has `backends` hand it to
//! `log_backend` and `event_backend`. `context` finds the context in force: a loaded one, or that of the own call.
//!
//! Deliberately absent: the `db` and `aaa` backends. A new one is a file next to `log_backend`, called in `backends`.
mod accounting;
mod backends;
mod context;
mod event_backend;
mod fields;
mod hooks;
mod log_backend;
mod record;
mod request;
mod settings;
mod vars;

use crate::base::Str;
use crate::script_fns;
use crate::vm::{Function, Module, Words};

pub static MODULE: Module = Module {
    needs: &["tm"],
    functions: FUNCTIONS,
    pvars: vars::PVARS,
    params: settings::PARAMS,
    constraints: settings::CONSTRAINTS,
    events: event_backend::EVENTS,
    hooks: &[hooks::follow],
    init: Some(settings::init),
    examples: &[include_str!("examples.md")],
    ..Module::empty("acc")
};

static FUNCTIONS: &[Function] = script_fns! {
    /// Accounts this message's transaction, with `cdr` its call, with `missed` and `failed` what came to nothing.
    fn do_accounting(types: Words<accounting::Backends>, flags: Option<Words<accounting::Wanted>>, table: Option<Str>)
        in REQUEST | FAILURE | BRANCH | LOCAL, roles [Accounts] => accounting::do_accounting;
    /// Takes accounting back: all of it, one backend's, or some flags.
    fn drop_accounting(types: Option<Words<accounting::Backends>>, flags: Option<Words<accounting::Wanted>>)
        in REQUEST | FAILURE | BRANCH | LOCAL => accounting::drop_accounting;
    /// Writes a record at once; the comment is a reason, perhaps with a code in front.
    fn acc_log_request(comment: Str) in REQUEST | FAILURE | BRANCH | LOCAL => request::acc_log_request;
    /// Raises the record as an event: `E_ACC_EVENT`, or `E_ACC_MISSED_EVENT` with a code of 300 or more.
    fn acc_evi_request(comment: Str) in REQUEST | FAILURE | BRANCH | LOCAL => request::acc_evi_request;
    /// Writes the record into a table. There is no database yet: -1, and the log says so.
    fn acc_db_request(comment: Str, table: Str) in REQUEST | FAILURE | BRANCH | LOCAL, roles [MayFail] => request::acc_db_request;
    /// Sends the record to an AAA server. There is none yet: -1, and the log says so.
    fn acc_aaa_request(comment: Str) in REQUEST | FAILURE | BRANCH | LOCAL, roles [MayFail] => request::acc_aaa_request;
    /// Begins another leg of the call's records.
    fn acc_new_leg() in REQUEST | FAILURE | BRANCH | LOCAL => vars::acc_new_leg;

    /// Makes the accounting context of the current dialog the one in force, until `acc_unload_ctx_from_dlg`.
    fn acc_load_ctx_from_dlg() in REQUEST | FAILURE | ONREPLY | BRANCH | ERROR | LOCAL | STARTUP | TIMER | EVENT,
        roles [Pushes(Accounting), MayFail] => context::acc_load_ctx_from_dlg;
    /// Ends the newest `acc_load_ctx_from_dlg` of this route.
    fn acc_unload_ctx_from_dlg() in REQUEST | FAILURE | ONREPLY | BRANCH | ERROR | LOCAL | STARTUP | TIMER | EVENT,
        roles [Pops(Accounting)] => context::acc_unload_ctx_from_dlg;
};
