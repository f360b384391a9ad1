//! `cachedb_local`: key-value collections in this process, for the core's `cache_*` functions.
//!
//! `settings.rs` reads the parameters, `collection.rs` keeps the entries; here a collection becomes a store that scripts
//! name, and is swept: the whole of it once in `cache_clean_period`, a small part at a time. Other processes are absent.
mod collection;
mod settings;

use crate::base::Str;
use crate::base::glob::{self, Case};
use crate::context::{Core, Level, Timer};
use crate::modules::core::caches::{CacheStore, Caches, Found, Operation, Step};
use crate::registry::{Constraint, ParamSignature, ValueType};
use crate::script_fns;
use crate::vm::{Cx, Function, Hook, InitCx, Module, Ret};
use ahash::RandomState;
use collection::{Collection, CounterError};
use std::sync::Arc;
use std::time::Duration;

/// What scripts call the stores of this module.
const ENGINE: &str = "local";

/// A sweep comes round in so many parts.
const PARTS: u64 = 256;

pub static MODULE: Module = Module {
    functions: FUNCTIONS,
    params: PARAMS,
    constraints: CONSTRAINTS,
    statistics: &["entries", "memory"],
    examples: &[include_str!("examples.md")],
    hooks: &[follow],
    timer: Some(due),
    init: Some(init),
    ..Module::empty("cachedb_local")
};

static FUNCTIONS: &[Function] = script_fns! {
    /// Forgets every key of a collection that fits a shell pattern; without a collection of the default one.
    fn cache_remove_chunk(collection: Option<Str>, glob: Str) in REQUEST | FAILURE | ONREPLY | BRANCH | LOCAL | STARTUP,
        roles [MayFail] => remove_chunk;
};

const NO_CLUSTER: &str = "nothing is shared with other servers yet";

static PARAMS: &[ParamSignature] = &[
    ParamSignature {
        check: Some(|value| settings::parse_collections(value).map(drop)),
        ..ParamSignature::new(
            "cache_collections",
            ValueType::Str,
            "Collections, `name[/r][=size]; ...`; the size is the power of two of its buckets.",
        )
    },
    ParamSignature {
        check: Some(|value| settings::parse_url(value).map(drop)),
        ..ParamSignature::new("cachedb_url", ValueType::Str, "`local[:group]://[/collection]`: what scripts may name.")
    },
    ParamSignature::new("cache_clean_period", ValueType::Int, "Seconds in which every collection is swept once."),
    ParamSignature::new("exec_threshold", ValueType::Int, "Microseconds after which an operation is logged as slow.")
        .idle("an operation in memory takes less time than a look at the clock"),
    ParamSignature::new("cluster_id", ValueType::Int, "The cluster that collections with `/r` are shared in.")
        .idle(NO_CLUSTER),
    ParamSignature::new("cluster_persistency", ValueType::Str, "Whether a restart learns from the cluster.")
        .idle(NO_CLUSTER),
    ParamSignature::new("enable_restart_persistency", ValueType::Int, "Collections outlive the process.")
        .idle("nothing is kept over a restart yet"),
];

static CONSTRAINTS: &[Constraint] =
    &[Constraint { check: settings::collections_differ }, Constraint { check: settings::urls_have_collections }];

/// The collections by name, the default one first.
struct State {
    collections: Vec<(Str, Arc<Collection>)>,
    /// Between two parts of a sweep.
    pause: Duration,
}

impl State {
    fn find(&self, name: &[u8]) -> Option<&Arc<Collection>> {
        self.collections.iter().find(|(own, _)| **own == *name).map(|(_, collection)| collection)
    }
}

struct Local(Arc<Collection>);

impl CacheStore for Local {
    fn run(&self, cx: &mut Cx<'_>, operation: Operation) -> Step {
        let (collection, now) = (&self.0, cx.now.mono);
        Step::Ready(match operation {
            Operation::Store { key, value, seconds } => {
                collection.store(now, &key, &value, seconds);
                Found::Done
            }
            Operation::Remove { key } => {
                collection.remove(&key);
                Found::Done
            }
            Operation::Fetch { key } => collection.fetch(now, &key).map_or(Found::Missing, Found::Text),
            Operation::FetchCounter { key } => match collection.counter(now, &key) {
                None => Found::Missing,
                Some(Ok(n)) => Found::Counter(n),
                Some(Err(_)) => Found::NoCounter,
            },
            Operation::Add { key, by, seconds } => match collection.add(now, &key, by, seconds) {
                Ok(sum) => Found::Counter(sum),
                Err(CounterError::NotAnInteger) => Found::Failed(format!("`{key}` holds no integer")),
                Err(CounterError::Overflow) => Found::Failed(format!("`{key}` would leave the range of integers")),
            },
            Operation::Query { .. } => Found::Failed("collections have no query language".to_owned()),
        })
    }
}

fn init(cx: &mut InitCx<'_>) -> Result<(), String> {
    let period = u64::try_from(cx.params.int("cache_clean_period", 600)).unwrap_or(0);
    if period == 0 {
        return Err("`cache_clean_period` is at least 1".to_owned());
    }
    let hasher = RandomState::with_seeds(cx.seed, cx.seed.rotate_left(16), cx.seed.rotate_left(32), !cx.seed);
    let collection = |d: settings::Declaration| (d.name, Arc::new(Collection::new(d.shards, hasher.clone())));
    let collections = settings::collections(cx.params)?.into_iter().map(collection).collect();
    let state = State { collections, pause: Duration::from_secs(period) / PARTS as u32 };
    for url in settings::urls(cx.params)? {
        let collection = state.find(&url.collection).cloned();
        let collection = collection.ok_or_else(|| format!("collection `{}` is not declared", url.collection))?;
        Caches::register(cx.states, ENGINE, &url.group, Arc::new(Local(collection)));
    }
    cx.stats.compute(MODULE.name, "entries", |core| total(core, Collection::len));
    cx.stats.compute(MODULE.name, "memory", |core| total(core, Collection::bytes));
    cx.states.set(state);
    Ok(())
}

fn total(core: &Core, of: fn(&Collection) -> usize) -> u64 {
    let state: &State = core.state();
    state.collections.iter().map(|(_, collection)| of(collection) as u64).sum()
}

fn remove_chunk(cx: &mut Cx<'_>, name: Option<Str>, pattern: Str) -> bool {
    let state: &State = cx.core.state();
    let name = name.unwrap_or(Str::from_static(settings::DEFAULT));
    let Some(collection) = state.find(&name) else {
        cx.log(Level::Error, MODULE.name, "cache_remove_chunk", format_args!("there is no collection `{name}`"));
        return false;
    };
    collection.remove_where(|key| glob::matches(&pattern, key, Case::Kept));
    true
}

fn follow(cx: &mut Cx<'_>, hook: &Hook<'_>) {
    if let Hook::Started = hook {
        arm(cx, 0);
    }
}

/// The next part of the sweep.
fn due(cx: &mut Cx<'_>, timer: &Timer) -> Option<Ret> {
    let Timer::Module { module: "cachedb_local", key } = *timer else { return None };
    let state: &State = cx.core.state();
    for (_, collection) in &state.collections {
        collection.sweep(cx.now.mono, key as usize, PARTS as usize);
    }
    arm(cx, (key + 1) % PARTS);
    Some(Ret::TRUE)
}

fn arm(cx: &mut Cx<'_>, part: u64) {
    let state: &State = cx.core.state();
    let at = cx.now.mono + state.pause;
    cx.shard.arm(at, Timer::Module { module: MODULE.name, key: part });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::modules::core;
    use crate::modules::fixture::{Fixture, text};
    use crate::registry::Setting;
    use crate::vm::Arg;

    fn fixture(params: &[(&str, Setting)]) -> Fixture {
        Fixture::with("OPTIONS sip:h SIP/2.0\ni: 1", &[(&core::MODULE, &[]), (&MODULE, params)])
    }

    fn string(value: &str) -> Setting {
        Setting::Str(value.as_bytes().to_vec())
    }

    fn stat(f: &Fixture, name: &str) -> Option<u64> {
        f.core.stats.value(&f.core, "cachedb_local", name)
    }

    fn fetch(f: &mut Fixture, id: &str, key: &str) -> (i32, String) {
        let out = f.by_ref("$var(x)");
        (f.call(&core::MODULE, "cache_fetch", &[text(id), text(key), out]), f.expanded("$var(x)"))
    }

    #[test]
    fn a_value_lives_in_its_collection_for_its_time() {
        let groups = string("local:g:///c");
        let mut f = fixture(&[("cache_collections", string("c")), ("cachedb_url", groups)]);
        let store = [text("local:g"), text("k"), text("v"), Arg::Int(10)];
        assert_eq!(f.call(&core::MODULE, "cache_store", &store), 1);
        assert_eq!(f.call(&core::MODULE, "cache_store", &[text("local"), text("k"), text("v")]), -1, "no such URL");
        assert_eq!(fetch(&mut f, "local:g", "k"), (1, "v".to_owned()));
        f.now.mono += Duration::from_secs(10);
        assert_eq!(fetch(&mut f, "local:g", "k").0, -2);
    }

    #[test]
    fn counters_go_up_and_down() {
        let mut f = fixture(&[]);
        let out = f.by_ref("$var(x)");
        let call = |f: &mut Fixture, name, n| {
            f.call(&core::MODULE, name, &[text("local"), text("n"), Arg::Int(n), Arg::Int(0)])
        };
        assert_eq!((call(&mut f, "cache_add", 5), call(&mut f, "cache_sub", 7)), (1, 1));
        assert_eq!(f.call(&core::MODULE, "cache_counter_fetch", &[text("local"), text("n"), out]), 1);
        assert_eq!(f.expanded("$var(x)"), "-2");
        assert_eq!(f.core.stats.read("cdb", "cdb_total_queries"), Some(3));
    }

    #[test]
    fn a_chunk_is_removed_by_pattern() {
        let mut f = fixture(&[]);
        for key in ["a_1", "a_2", "A_3", "b"] {
            assert_eq!(f.call(&core::MODULE, "cache_store", &[text("local"), text(key), text("v")]), 1);
        }
        assert_eq!(f.call(&MODULE, "cache_remove_chunk", &[Arg::Omitted, text("a_*")]), 1);
        assert_eq!(f.call(&MODULE, "cache_remove_chunk", &[text("nosuch"), text("*")]), -1);
        assert_eq!(stat(&f, "entries"), Some(2));
        assert!(stat(&f, "memory") > Some(0));
    }

    #[test]
    fn what_is_over_leaves_memory_within_a_period() {
        let mut f = fixture(&[("cache_clean_period", Setting::Int(256))]);
        for n in 0..1000 {
            let key = text(&format!("key{n}"));
            let args = [text("local"), key, text("v"), Arg::Int(1)];
            assert_eq!(f.call(&core::MODULE, "cache_store", &args), 1);
        }
        follow(&mut f.cx(), &Hook::Started);
        let (mut fired, mut left) = (0, Vec::new());
        while fired < PARTS {
            let at = f.shard.next_timeout().expect("the sweep goes on");
            f.now.mono = at;
            let mut timers = Vec::new();
            f.shard.wheel.expire(at, &mut |timer| timers.push(timer));
            for timer in timers {
                assert!(due(&mut f.cx(), &timer).is_some());
                fired += 1;
                left.push(stat(&f, "entries").unwrap_or_default());
            }
        }
        assert_eq!((stat(&f, "entries"), stat(&f, "memory")), (Some(0), Some(0)));
        let most = left.windows(2).map(|w| w[0] - w[1]).max();
        assert!(most < Some(50), "a part is small: {most:?}");
    }

    #[test]
    fn timers_of_others_are_left_alone() {
        let mut f = fixture(&[]);
        assert!(due(&mut f.cx(), &Timer::Module { module: "other", key: 0 }).is_none());
    }
}
