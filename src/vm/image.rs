//! A script linked for running: code, and tables that bind it to bodies. Immutable; a reload makes another.
use super::arg::Arg;
use super::asynchronous::SuspendFn;
use super::flags::FlagNames;
use super::function::Function;
use super::hook::HookFn;
use super::leak::LeakLog;
use super::link::late::LateTexts;
use super::module::TimerFn;
use super::pvar::{Piece, Var};
use crate::base::{SourceMap, Span, Str};
use crate::context::Value;
use crate::ir::{FormatId, Op, PatternId, Pc, Route, RouteId, SiteId, VarId};
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
    /// What `async` needs; `None` when no loaded module has it.
    pub suspend: Option<SuspendFn>,
    pub patterns: PatternCache,
    /// What texts that scripts make at run time are bound to.
    pub late: LateTexts,
    /// Names of flags by number.
    pub flags: FlagNames,
    /// What the variables of a run begin with.
    pub initial: Vec<Value>,
    pub timer_routes: Vec<TimerRoute>,
    pub(super) steps: Vec<Step>,
    pub(super) sites: Vec<Site>,
    pub(super) vars: Vec<Arc<Var>>,
    pub(super) formats: Vec<Box<[Piece]>>,
    pub(super) regexes: Vec<Arc<Pattern>>,
    pub(super) routes: Vec<Route>,
    pub(super) by_name: AHashMap<(RouteKind, Option<Str>), RouteId>,
    pub(super) error_route: Option<RouteId>,
    pub(super) leaks: LeakLog,
    pub(super) sources: SourceMap,
}

/// A timer route. Several may have one name, so each is called by a key of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimerRoute {
    pub seconds: u32,
    /// For `SubRun::name`.
    pub key: Str,
}

/// An operation and the statement it comes from.
pub(super) struct Step {
    pub op: Op,
    pub span: Span,
}

/// A linked call.
pub(super) struct Site {
    pub function: &'static Function,
    pub args: Box<[Arg]>,
}

impl Image {
    /// The route of that family and name; several timer routes of one name are told apart by `timers`.
    pub fn route(&self, kind: RouteKind, name: Option<&[u8]>) -> Option<RouteId> {
        self.by_name.get(&(kind, name.map(Str::new))).copied()
    }

    pub fn route_entry(&self, id: RouteId) -> Option<&Route> {
        self.routes.get(id.index())
    }

    pub fn routes(&self) -> &[Route] {
        &self.routes
    }

    /// `FILE:LINE`
    pub fn place(&self, span: Span) -> String {
        self.sources.file_line(span.start)
    }

    #[inline]
    pub(super) fn step(&self, pc: Pc) -> Option<&Step> {
        self.steps.get(pc as usize)
    }

    /// The place behind the last operation.
    pub(super) fn end(&self) -> Pc {
        self.steps.len() as Pc
    }

    #[inline]
    pub(super) fn var(&self, id: VarId) -> &Arc<Var> {
        &self.vars[id.index()]
    }

    pub(super) fn format(&self, id: FormatId) -> &[Piece] {
        &self.formats[id.index()]
    }

    #[inline]
    pub(super) fn regex(&self, id: PatternId) -> &Arc<Pattern> {
        &self.regexes[id.index()]
    }

    #[inline]
    pub(super) fn site(&self, id: SiteId) -> &Site {
        &self.sites[id.index()]
    }
}

/// By text; `None` for one that does not compile.
type Compiled = AHashMap<Vec<u8>, Option<Arc<Pattern>>>;

/// Patterns that scripts make at run time, the most recent ones compiled.
#[derive(Default)]
pub struct PatternCache {
    /// Those of `=~`, and those of arguments.
    recent: [Mutex<Compiled>; 2],
}

impl PatternCache {
    const LIMIT: usize = 256;

    /// `None` for a pattern that does not compile.
    pub fn get(&self, text: &[u8], newline: bool) -> Option<Arc<Pattern>> {
        let recent = &self.recent[usize::from(newline)];
        if let Some(known) = recent.lock().get(text) {
            return known.clone();
        }
        let made = Pattern::new(text, Flags { icase: true, newline }).ok().map(Arc::new);
        let mut recent = recent.lock();
        if recent.len() >= Self::LIMIT {
            recent.clear();
        }
        recent.insert(text.to_vec(), made.clone());
        made
    }
}
