//! `cfgutils`: what scripts need beside SIP: shared variables, locks, waiting, chance, time.
//!
//! Shared variables, the probability and the locks belong to the engine (`State`); what a run holds of the locks is a slot
//! of the run (`locks.rs`), released when it ends. Files by noun: `shared.rs` has `$shv` and the first values of variables,
//! `chance.rs` what is drawn by lot, `time.rs` waiting and clocks, `recurrence/` the times of `check_time_rec`, `values.rs`
//! functions over the values of a variable, `debug.rs` what looks at or would end the process.
mod chance;
mod debug;
mod locks;
mod recurrence;
mod shared;
mod time;
mod values;

use crate::base::Str;
use crate::context::Value;
use crate::registry::param::{idle, int, int_within, string};
use crate::registry::{DeclaredName, ParamSignature, SubName};
use crate::script_fns;
use crate::vm::{AvpOut, Cx, Function, InitCx, Module, NameKind, Pvar, Var, VarIn, VarInto, VarOut};
use locks::Locks;
use shared::SharedVars;
use std::sync::Arc;
use std::sync::atomic::AtomicI32;

pub static MODULE: Module = Module {
    functions: FUNCTIONS,
    pvars: PVARS,
    params: PARAMS,
    examples: &[include_str!("examples.md")],
    hooks: &[locks::follow],
    init: Some(init),
    ..Module::empty("cfgutils")
};

static FUNCTIONS: &[Function] = script_fns! {
    /// True with a probability in percent: the one given, else the one that `rand_set_prob` set.
    fn rand_event(probability: Option<i32>) in REQUEST | FAILURE | ONREPLY | BRANCH | LOCAL | STARTUP | TIMER | EVENT, roles [MayFail] => chance::rand_event;

    /// Sets the probability of `rand_event`, for all messages: 0 to 100.
    fn rand_set_prob(probability: i32) in REQUEST | FAILURE | ONREPLY | BRANCH | LOCAL | STARTUP | TIMER | EVENT => chance::rand_set_prob;

    /// Sets the probability back to `initial_probability`.
    fn rand_reset_prob() in REQUEST | FAILURE | ONREPLY | BRANCH | LOCAL | STARTUP | TIMER | EVENT => chance::rand_reset_prob;

    /// The probability, as return code: 0 ends the script where it stands alone.
    fn rand_get_prob() in REQUEST | FAILURE | ONREPLY | BRANCH | LOCAL | STARTUP | TIMER | EVENT => chance::rand_get_prob;

    /// Waits for seconds; other messages go on meanwhile.
    fn sleep(time: i32) in REQUEST | FAILURE | ONREPLY | BRANCH | LOCAL | STARTUP | TIMER | EVENT, roles [Waits] => time::sleep;

    /// Waits for microseconds; other messages go on meanwhile.
    fn usleep(time: i32) in REQUEST | FAILURE | ONREPLY | BRANCH | LOCAL | STARTUP | TIMER | EVENT, roles [Waits] => time::usleep;

    /// Logs an alert and ends the script. The process goes on.
    fn abort() in REQUEST | FAILURE | ONREPLY | BRANCH | LOCAL | STARTUP | TIMER | EVENT, roles [EndsScript] => debug::abort;

    /// Logs what this worker keeps.
    fn pkg_status() in REQUEST | FAILURE | ONREPLY | BRANCH | LOCAL | STARTUP | TIMER | EVENT => debug::pkg_status;

    /// Logs what all workers share.
    fn shm_status() in REQUEST | FAILURE | ONREPLY | BRANCH | LOCAL | STARTUP | TIMER | EVENT => debug::shm_status;

    /// Counts the values of a variable.
    fn set_count(var_to_count: VarIn, ret_var: VarInto) in REQUEST | FAILURE | ONREPLY | BRANCH | LOCAL | STARTUP | TIMER | EVENT => values::set_count;

    /// Draws one of the integers that a variable holds, each as likely as it is large; its index is the return code.
    fn set_select_weight(int_list_var: VarIn) in REQUEST | FAILURE | ONREPLY | BRANCH | LOCAL | STARTUP | TIMER | EVENT, roles [MayFail] => values::set_select_weight;

    /// The distance of two times in microseconds, as text and as integer.
    fn ts_usec_delta(t1_sec: i32, t1_usec: i32, t2_sec: i32, t2_usec: i32, delta_str: Option<VarOut>, delta_int: Option<VarOut>)
        in REQUEST | FAILURE | ONREPLY | BRANCH | LOCAL | STARTUP | TIMER | EVENT, roles [MayFail] => time::ts_usec_delta;

    /// Whether a time, now unless given, falls into a recurrence. -1: it does not; -2: the recurrence cannot be read.
    fn check_time_rec(time_string: Str, timestamp: Option<i32>) in ALL, roles [MayFail] => time::check_time_rec;

    /// Takes the lock that this text names, which is no other text's; waits while another run has it.
    fn get_static_lock(key: Str) in REQUEST | FAILURE | ONREPLY | BRANCH | LOCAL | STARTUP | TIMER | EVENT, roles [Waits, MayFail] => locks::get_static_lock;

    /// Gives back what `get_static_lock` took.
    fn release_static_lock(key: Str) in REQUEST | FAILURE | ONREPLY | BRANCH | LOCAL | STARTUP | TIMER | EVENT => locks::release_static_lock;

    /// Takes the lock of the pool that this text falls on; waits while another run has it.
    fn get_dynamic_lock(key: Str) in REQUEST | FAILURE | ONREPLY | BRANCH | LOCAL | STARTUP | TIMER | EVENT, roles [Waits, MayFail] => locks::get_dynamic_lock;

    /// Gives back what `get_dynamic_lock` took.
    fn release_dynamic_lock(key: Str) in REQUEST | FAILURE | ONREPLY | BRANCH | LOCAL | STARTUP | TIMER | EVENT => locks::release_dynamic_lock;

    /// Whether two texts fall on the same lock of the pool.
    fn strings_share_lock(key1: Str, key2: Option<Str>) in REQUEST | FAILURE | ONREPLY | BRANCH | LOCAL | STARTUP | TIMER | EVENT, roles [MayFail] => locks::strings_share_lock;

    /// The time of day since 1970: seconds, microseconds, and both as text.
    fn get_accurate_time(sec: VarInto, usec: VarInto, str_sec_usec: Option<VarInto>)
        in REQUEST | FAILURE | ONREPLY | BRANCH | LOCAL | STARTUP | TIMER | EVENT => time::get_accurate_time;

    /// Puts the values of an AVP in an order drawn by lot.
    fn shuffle_avps(name: AvpOut) in ALL => values::shuffle_avps;
};

static PVARS: &[Pvar] = &[
    Pvar::new("RANDOM", chance::random, "A number drawn by lot, 0 to 2147483647."),
    Pvar::new("shv", shared::read, "A variable that all messages share; 0 before it is set.")
        .dynamic(NameKind::Text)
        .writable(shared::write),
    Pvar::new("ctime", time::read, "A part of the local time: `sec min hour mday mon year wday yday isdst`.")
        .named(SubName::Required, NameKind::Custom(time::part))
        .checked(time::check_part),
    Pvar::new("env", environment, "A variable of the environment that the server was started in.")
        .named(SubName::Required, NameKind::Text),
];

static PARAMS: &[ParamSignature] = &[
    int_within::<0, 100>("initial_probability", "Probability of `rand_event` in percent (10)."),
    idle(
        string("hash_file", "A file whose MD5 sum management commands compare."),
        "it is for the management commands `get_config_hash` and `check_config_hash`, which are not there yet",
    ),
    idle(int("shv_hash_size", "Size of the table of `$shv`."), "the table of `$shv` grows by itself"),
    ParamSignature {
        check: Some(shared::check),
        ..string("shvset", "First value of a `$shv`: `name=i:7`, `name=s:text`.")
    },
    ParamSignature {
        check: Some(shared::check),
        declares: Some((DeclaredName::Variable, shared::names)),
        ..string("varset", "Value that a `$var` begins with in every run: `name=i:7`, `name=s:text`.")
    },
    int_within::<1, { i32::MAX }>("lock_pool_size", "Number of dynamic locks (32)."),
];

/// What the module keeps for the life of the engine.
struct State {
    shared: SharedVars,
    /// Of `rand_event`, in percent.
    probability: AtomicI32,
    initial: i32,
    locks: Arc<Locks>,
}

fn init(cx: &mut InitCx<'_>) -> Result<(), String> {
    let initial = cx.params.int("initial_probability", 10);
    if !chance::PERCENT.contains(&initial) {
        return Err(format!("`initial_probability` must be between 0 and 100, not {initial}"));
    }
    let pool = cx.params.int("lock_pool_size", 32);
    let Ok(pool @ 1..) = u32::try_from(pool) else {
        return Err(format!("`lock_pool_size` must be at least 1, not {pool}"));
    };
    let shared = SharedVars::default();
    for (name, value) in cx.params.all("shvset").filter_map(|text| shared::parse(text).ok()) {
        shared.set(name, value).map_err(|full| full.0)?;
    }
    cx.initial_vars.extend(cx.params.all("varset").filter_map(|text| shared::parse(text).ok()));
    let locks = Arc::new(Locks::new(pool, cx.seed));
    cx.states.set(State { shared, probability: AtomicI32::new(initial), initial, locks });
    Ok(())
}

fn environment(cx: &mut Cx<'_>, var: &Var) -> Value {
    let Some(name) = var.name_text(cx) else { return Value::Null };
    let known = cx.core.settings.environment.iter().find(|(known, _)| *known == name);
    known.map_or(Value::Null, |(_, value)| Value::Str(value.clone()))
}
