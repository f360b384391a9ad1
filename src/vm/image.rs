//! A script linked for running: code, and tables that bind it to bodies. Immutable; a reload makes another.
use super::flags::FlagNames;
use super::hook::HookFn;
use super::module::TimerFn;
use crate::base::{SourceMap, Span, Str};
use crate::registry::RouteKind;
use crate::syntax::ere::{Flags, Pattern};
use ahash::AHashMap;
use parking_lot::Mutex;
use std::sync::Arc;

#[derive(Default)]
pub struct Image {
    pub hooks: Vec<HookFn>,
    /// Of the modules that have timers; the first that knows a timer takes it.
    pub timers: Vec<TimerFn>,
    pub flags: FlagNames,
    pub patterns: PatternCache,
    routes: AHashMap<(RouteKind, Option<Str>), RouteEntry>,
    sources: SourceMap,
}

/// Where a route's code begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RouteEntry(pub u32);

impl Image {
    pub fn route(&self, kind: RouteKind, name: Option<&[u8]>) -> Option<RouteEntry> {
        self.routes.get(&(kind, name.map(Str::new))).copied()
    }

    pub fn place(&self, span: Span) -> String {
        self.sources.file_line(span.start)
    }
}

/// Patterns that scripts make at run time, the most recent ones compiled.
#[derive(Default)]
pub struct PatternCache {
    recent: Mutex<AHashMap<Vec<u8>, Option<Arc<Pattern>>>>,
}

impl PatternCache {
    const LIMIT: usize = 256;

    /// `None` for a pattern that does not compile.
    pub fn get(&self, text: &[u8]) -> Option<Arc<Pattern>> {
        if let Some(known) = self.recent.lock().get(text) {
            return known.clone();
        }
        let made = Pattern::new(text, Flags { icase: true, newline: false }).ok().map(Arc::new);
        let mut recent = self.recent.lock();
        if recent.len() >= Self::LIMIT {
            recent.clear();
        }
        recent.insert(text.to_vec(), made.clone());
        made
    }
}
