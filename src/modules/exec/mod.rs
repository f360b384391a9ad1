//! `exec`: programs that scripts run.
//!
//! `execute` begins a program and takes what it said into variables, `words` decides whether a command needs a shell,
//! `environment` makes what the program finds in its environment. The program itself is the server's: here it is an
//! effect, and a call that wants output waits for it alone.
mod environment;
mod execute;
mod words;

use crate::base::Str;
use crate::registry::{ParamSignature, ValueType};
use crate::script_fns;
use crate::vm::{AvpOut, Function, InitCx, Module, VarOut};
use std::time::Duration;

pub static MODULE: Module = Module {
    functions: FUNCTIONS,
    params: PARAMS,
    init: Some(init),
    examples: &[include_str!("examples.md")],
    ..Module::empty("exec")
};

static FUNCTIONS: &[Function] = script_fns! {
    /// Runs a command; waits for what it writes when a variable is to hold that, otherwise only for its start. 1: done, or
    /// 2 in `async` when there was nothing to wait for; -1: it did not start, or `async` gave it up.
    fn exec(command: Str, stdin: Option<Str>, stdout: Option<VarOut>, stderr: Option<VarOut>, envavp: Option<AvpOut>)
        in REQUEST | FAILURE | ONREPLY | LOCAL | STARTUP | TIMER | EVENT, roles [Waits, TimesOut] => execute::exec;
};

static PARAMS: &[ParamSignature] = &[
    ParamSignature::new("setvars", ValueType::Int, "Puts the message into the environment of commands."),
    ParamSignature::new("time_to_kill", ValueType::Int, "Seconds after which a command is ended; 0 for never."),
];

/// What the parameters decide.
struct Settings {
    set_vars: bool,
    kill_after: Option<Duration>,
}

fn init(cx: &mut InitCx<'_>) -> Result<(), String> {
    let seconds = cx.params.int("time_to_kill", 0);
    let kill_after = u64::try_from(seconds).map_err(|_| format!("`time_to_kill` is {seconds}, less than nothing"))?;
    let kill_after = Some(Duration::from_secs(kill_after)).filter(|limit| !limit.is_zero());
    cx.states.set(Settings { set_vars: cx.params.flag("setvars", false), kill_after });
    Ok(())
}
