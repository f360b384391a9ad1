//! Key-value stores that scripts name: one trait, behind which a store may answer at once or wait.
//!
//! A module of the class `cachedb_*` registers a store for each of its URLs at its `init`; the functions of
//! `functions/cache.rs` look it up by what a script calls it, `engine` or `engine:group`.
use crate::base::Str;
use crate::context::{Counter, Effect, EffectAnswer, ModuleStates, Stats, Value};
use crate::vm::Cx;
use ahash::AHashMap;
use std::sync::Arc;

/// What is asked of a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operation {
    /// `seconds` until it is forgotten; 0 is never.
    Store {
        key: Str,
        value: Str,
        seconds: i32,
    },
    Remove {
        key: Str,
    },
    Fetch {
        key: Str,
    },
    FetchCounter {
        key: Str,
    },
    /// Adds to a counter, which begins at 0; `seconds` concern a new one.
    Add {
        key: Str,
        by: i32,
        seconds: i32,
    },
    /// In the store's own language; `columns` is how many values of a row are wanted.
    Query {
        text: Str,
        columns: usize,
    },
}

/// What a store answers.
#[derive(Clone, Debug, PartialEq)]
pub enum Found {
    Done,
    Text(Str),
    Counter(i32),
    Rows(Vec<Vec<Value>>),
    Missing,
    /// The key holds something that is no integer.
    NoCounter,
    Failed(String),
}

/// How far a store came.
pub enum Step {
    Ready(Found),
    Wait(Effect, Resume),
}

/// Goes on with the answer of the world outside.
pub type Resume = Box<dyn FnOnce(&mut Cx<'_>, Option<EffectAnswer>) -> Step + Send>;

pub trait CacheStore: Send + Sync {
    fn run(&self, cx: &mut Cx<'_>, operation: Operation) -> Step;
}

/// The stores by the name that scripts use.
#[derive(Default)]
pub struct Caches {
    stores: AHashMap<Str, Arc<dyn CacheStore>>,
}

impl Caches {
    /// Registers a store; `group` is empty for the one that the engine's bare name means. A later one replaces.
    pub fn register(states: &mut ModuleStates, engine: &str, group: &[u8], store: Arc<dyn CacheStore>) {
        let name = match group {
            b"" => Str::from(engine),
            group => Str::from([engine.as_bytes(), b":", group].concat()),
        };
        states.get_or_default::<Caches>().stores.insert(name, store);
    }

    pub fn find(&self, name: &[u8]) -> Option<Arc<dyn CacheStore>> {
        self.stores.get(name.strip_suffix(b":").unwrap_or(name)).cloned()
    }
}

/// The core's own statistics about stores.
pub struct CacheCounts {
    pub queries: Arc<Counter>,
    /// Operations that took longer than a module's `exec_threshold`; a store counts them.
    pub slow: Arc<Counter>,
}

impl CacheCounts {
    pub fn new(stats: &Stats) -> CacheCounts {
        let counter = |name| stats.counter("cdb", name);
        CacheCounts { queries: counter("cdb_total_queries"), slow: counter("cdb_slow_queries") }
    }
}

/// `scheme[:group]://host/database`, as the `cachedb_url` parameters of modules have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CacheUrl<'a> {
    pub scheme: &'a [u8],
    pub group: &'a [u8],
    /// Users, hosts and ports, as written.
    pub authority: &'a [u8],
    pub database: &'a [u8],
}

impl<'a> CacheUrl<'a> {
    pub fn parse(text: &'a [u8]) -> Option<CacheUrl<'a>> {
        let at = memchr::memmem::find(text, b"://")?;
        let (names, rest) = (text.get(..at)?, text.get(at + 3..)?);
        let (scheme, group) = cut(names, b':').unwrap_or((names, b""));
        let (authority, tail) = cut(rest, b'/').unwrap_or((rest, b""));
        let database = tail.split(|b| *b == b'?').next()?;
        (!scheme.is_empty()).then_some(CacheUrl { scheme, group, authority, database })
    }
}

fn cut(text: &[u8], at: u8) -> Option<(&[u8], &[u8])> {
    let n = memchr::memchr(at, text)?;
    Some((text.get(..n)?, text.get(n + 1..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_names_group_and_database() {
        let parts = |text: &'static str| {
            let url = CacheUrl::parse(text.as_bytes())?;
            let text = |part: &[u8]| String::from_utf8_lossy(part).into_owned();
            Some([url.scheme, url.group, url.authority, url.database].map(text))
        };
        assert_eq!(parts("local://"), Some(["local", "", "", ""].map(str::to_owned)));
        assert_eq!(parts("local:///c1"), Some(["local", "", "", "c1"].map(str::to_owned)));
        assert_eq!(parts("local:group2:///c2"), Some(["local", "group2", "", "c2"].map(str::to_owned)));
        let redis = ["redis", "a", "u:p@127.0.0.1:6379", "5"].map(str::to_owned);
        assert_eq!(parts("redis:a://u:p@127.0.0.1:6379/5?x=1"), Some(redis));
        assert_eq!(parts("local:"), None);
        assert_eq!(parts("://x"), None);
    }
}
