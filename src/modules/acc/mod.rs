//! `acc`: records of transactions and calls.
//!
//! Path of data: `accounting` marks what is to be accounted and ties a context to message, transaction and dialog; scripts
//! fill its fields through `vars`; `hooks` sees replies leave and calls end, makes a `record` and hands it to
//! `log_backend`. `context` finds the context in force: a loaded one, or that of the own call.
//!
//! Deliberately absent: the `db`, `aaa` and `evi` backends. A new one is a file next to `log_backend`, called where that is.
mod accounting;
mod context;
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
    /// Begins another leg of the call's records.
    fn acc_new_leg() in REQUEST | FAILURE | BRANCH | LOCAL => vars::acc_new_leg;

    /// Makes the accounting context of the current dialog the one in force, until `acc_unload_ctx_from_dlg`.
    fn acc_load_ctx_from_dlg() in REQUEST | FAILURE | ONREPLY | BRANCH | ERROR | LOCAL | STARTUP | TIMER | EVENT,
        roles [Pushes(Accounting), MayFail] => context::acc_load_ctx_from_dlg;
    /// Ends the newest `acc_load_ctx_from_dlg` of this route.
    fn acc_unload_ctx_from_dlg() in REQUEST | FAILURE | ONREPLY | BRANCH | ERROR | LOCAL | STARTUP | TIMER | EVENT,
        roles [Pops(Accounting)] => context::acc_unload_ctx_from_dlg;
};
