//! The module's parameters, read once at start, and what it counts.
use super::matching::MatchMode;
use super::profiles::{self, Profiles};
use crate::base::Str;
use crate::context::{Core, Counter};
use crate::proto::dialog::{State, hash};
use crate::registry::param::{idle, int, string};
use crate::registry::{Constraint, DeclaredName, ParamSignature, Setting};
use crate::vm::{InitCx, Params};
use std::sync::Arc;

pub const DEFAULT_TABLE: u32 = 4096;

/// What the functions read at run time.
pub struct Settings {
    /// Seconds.
    pub default_timeout: u32,
    pub race_timeout: u32,
    pub delete_delay: u32,
    pub options_ping: u32,
    pub reinvite_ping: u32,
    pub match_mode: MatchMode,
    /// Name of the Record-Route parameter.
    pub rr_param: Str,
    /// `rr` is loaded: dialogs are announced in Record-Route.
    pub rr: bool,
    /// Header lines of the requests made here.
    pub extra_headers: Option<Str>,
    pub profiles: Profiles,
    pub processed: Arc<Counter>,
    pub expired: Arc<Counter>,
    pub failed: Arc<Counter>,
}

pub static STATISTICS: &[&str] = &[
    "active_dialogs",
    "early_dialogs",
    "processed_dialogs",
    "expired_dialogs",
    "failed_dialogs",
    "create_sent",
    "update_sent",
    "delete_sent",
    "create_recv",
    "update_recv",
    "delete_recv",
    "leaked_contexts",
];

/// Buckets of the dialog table for these parameters. It is made before modules are initialised.
pub fn table_size(params: Params<'_>) -> u32 {
    hash::table_size(u32::try_from(params.int("hash_size", DEFAULT_TABLE as i32)).unwrap_or(1))
}

/// Dialogs in states 3 and 4.
pub fn active(core: &Core) -> usize {
    core.dialogs.count(State::ConfirmedNoAck) + core.dialogs.count(State::Confirmed)
}

pub fn init(cx: &mut InitCx<'_>) -> Result<(), String> {
    let params = cx.params;
    let rr = cx.loaded.iter().any(|m| m == "rr");
    let settings = read(params, rr, &|name| cx.stats.counter("dialog", name))?;
    profiles::warn_of_unshared(params, cx.log);
    cx.states.set(settings);
    cx.stats.compute("dialog", "active_dialogs", |core| active(core) as u64);
    cx.stats.compute("dialog", "early_dialogs", |core| core.dialogs.count(State::Early) as u64);
    for name in STATISTICS.iter().filter(|n| !matches!(**n, "active_dialogs" | "early_dialogs")) {
        cx.stats.counter("dialog", name);
    }
    Ok(())
}

/// The checker refuses what the start would.
pub static CONSTRAINTS: &[Constraint] = &[
    Constraint { check: |setup| numbers_are_sound(setup.params) },
    Constraint { check: |setup| profiles_are_sound(setup.params) },
];

fn numbers_are_sound(set: &[(String, Setting)]) -> Result<(), String> {
    let others: Vec<_> = set.iter().filter(|(name, _)| !name.starts_with("profiles_")).cloned().collect();
    read(Params { set: &others }, false, &|_| Arc::default()).map(drop)
}

fn profiles_are_sound(set: &[(String, Setting)]) -> Result<(), String> {
    let params = Params { set };
    let mut texts = ["profiles_with_value", "profiles_no_value"].into_iter().filter_map(|name| params.str(name));
    if texts.any(|text| profiles::parse_declarations(text).is_err()) {
        // Said where it stands.
        return Ok(());
    }
    Profiles::declared(params).map(drop)
}

fn read(params: Params<'_>, rr: bool, counter: &dyn Fn(&str) -> Arc<Counter>) -> Result<Settings, String> {
    let seconds = |name: &str, default: u32| seconds(params, name, default);
    Ok(Settings {
        default_timeout: match seconds("default_timeout", 43_200)? {
            0 => return Err("`default_timeout` must be greater than 0".into()),
            n => n,
        },
        race_timeout: seconds("race_condition_timeout", 5)?,
        delete_delay: params.int("delete_delay", 0).max(0).unsigned_abs(),
        options_ping: seconds("options_ping_interval", 30)?,
        reinvite_ping: seconds("reinvite_ping_interval", 300)?,
        match_mode: match params.int("dlg_match_mode", 1) {
            0 => MatchMode::IdOnly,
            1 => MatchMode::IdThenTags,
            2 => MatchMode::TagsOnly,
            n => return Err(format!("`dlg_match_mode` is 0, 1 or 2, not {n}")),
        },
        rr_param: Str::new(params.str("rr_param").unwrap_or(b"did")),
        rr,
        extra_headers: params.str("dlg_extra_hdrs").map(Str::new),
        profiles: Profiles::declared(params)?,
        processed: counter("processed_dialogs"),
        expired: counter("expired_dialogs"),
        failed: counter("failed_dialogs"),
    })
}

fn seconds(params: Params<'_>, name: &str, default: u32) -> Result<u32, String> {
    match params.int(name, default as i32) {
        n if n < 0 => Err(format!("`{name}` cannot be negative")),
        n => Ok(n.unsigned_abs()),
    }
}

const DID: &str = "events name a dialog by its `$DLG_did`";
const NO_DB: &str = "dialogs are kept in memory only";
const NO_CLUSTER: &str = "dialogs and profiles are not shared between servers yet";
const NO_PINGS: &str = "in-dialog pings are not sent yet";
const NO_PRACK: &str = "provisional replies are not acknowledged by this server yet";

const fn column(name: &'static str) -> ParamSignature {
    idle(string(name, "Column of the dialog table."), NO_DB)
}

const fn declaring(name: &'static str, doc: &'static str) -> ParamSignature {
    ParamSignature {
        check: Some(|text| profiles::parse_declarations(text).map(drop)),
        declares: Some((DeclaredName::Profile, profiles::declared_names)),
        ..string(name, doc)
    }
}

pub static PARAMS: &[ParamSignature] = &[
    int("default_timeout", "Lifetime of a call without `$DLG_timeout`, seconds; 43200."),
    int("race_condition_timeout", "Lifetime left after a race between CANCEL or BYE and the answer, seconds; 5."),
    int("delete_delay", "How long an ended dialog can still be found, seconds; 0."),
    int("hash_size", "Buckets of the dialog table, rounded down to a power of two; 4096."),
    int("dlg_match_mode", "0: by dialog id, 1: by dialog id, else by tags, 2: by tags; 1."),
    string("rr_param", "Name of the Record-Route parameter that carries the dialog id; `did`."),
    string("dlg_extra_hdrs", "Header lines added to requests that this server makes in a dialog."),
    declaring("profiles_with_value", "Profiles whose members have a value: `name[/s|/b];name..`."),
    declaring("profiles_no_value", "Profiles whose members have no value: `name[/s|/b];name..`."),
    idle(int("event_id_format", "3.1: how events name a dialog."), DID),
    idle(int("enable_stats", "Whether dialogs are counted."), "dialogs are always counted"),
    idle(int("log_profile_hash_size", "Size of the profile tables."), "profile tables grow by themselves"),
    idle(int("options_ping_interval", "Seconds between OPTIONS pings; 30."), NO_PINGS),
    idle(int("reinvite_ping_interval", "Seconds between re-INVITE pings; 300."), NO_PINGS),
    idle(int("auto_prack_fr_timeout", "Seconds to wait for the reply to a PRACK; 3."), NO_PRACK),
    idle(int("auto_prack_hangup_on_failure", "Whether a failed PRACK ends the call."), NO_PRACK),
    idle(string("db_url", "Database of the dialog table."), NO_DB),
    idle(int("db_mode", "0: none, 1: real time, 2: delayed, 3: at shutdown."), NO_DB),
    idle(int("db_update_period", "Seconds between writes in mode 2."), NO_DB),
    idle(int("db_flush_vals_profiles", "Whether values and profiles are written at each update."), NO_DB),
    idle(int("timer_bulk_del_no", "Rows of one DELETE in mode 2."), NO_DB),
    idle(string("table_name", "Name of the dialog table."), NO_DB),
    column("call_id_column"),
    column("dlg_id_column"),
    column("flags_column"),
    column("from_contact_column"),
    column("from_cseq_column"),
    column("from_route_column"),
    column("from_sock_column"),
    column("from_tag_column"),
    column("from_uri_column"),
    column("mflags_column"),
    column("profiles_column"),
    column("sflags_column"),
    column("start_time_column"),
    column("state_column"),
    column("timeout_column"),
    column("to_contact_column"),
    column("to_cseq_column"),
    column("to_route_column"),
    column("to_sock_column"),
    column("to_tag_column"),
    column("to_uri_column"),
    column("vars_column"),
    idle(string("cachedb_url", "Store of shared profiles."), NO_CLUSTER),
    idle(string("profile_value_prefix", "Prefix of keys in the shared store."), NO_CLUSTER),
    idle(string("profile_no_value_prefix", "Prefix of keys in the shared store."), NO_CLUSTER),
    idle(string("profile_size_prefix", "Prefix of keys in the shared store."), NO_CLUSTER),
    idle(int("profile_timeout", "Lifetime of keys in the shared store, seconds."), NO_CLUSTER),
    idle(int("dialog_replication_cluster", "Cluster that shares dialogs."), NO_CLUSTER),
    idle(int("profile_replication_cluster", "Cluster that shares profile counters."), NO_CLUSTER),
    idle(int("replicate_profiles_timer", "Milliseconds between profile packets."), NO_CLUSTER),
    idle(int("replicate_profiles_check", "Seconds between checks of other nodes' counters."), NO_CLUSTER),
    idle(int("replicate_profiles_buffer", "Size of a profile packet."), NO_CLUSTER),
    idle(int("replicate_profiles_expire", "Seconds after which another node's counters are forgotten."), NO_CLUSTER),
    idle(int("cluster_auto_sync", "Whether dialogs are asked of other nodes at start."), NO_CLUSTER),
];
