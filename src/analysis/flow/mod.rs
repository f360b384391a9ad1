//! Follows contexts along every path of every route: what is loaded where a run ends.
//!
//! A `State` is what one path knows; a function that may fail makes two of one, and so does a condition that nothing
//! known decides. A question that a path has answered is answered alike until something it is about changes. Loops are
//! joined after two turns. What cannot be followed (too deep, too long, too many paths) is left out: a leak is reported
//! only with a path that was walked to its end. Paths share their steps, and what a route makes of a state is kept.
mod call;
mod cond;
mod exec;
mod path;
mod state;
mod states;
mod subjects;
mod value;

pub use path::Told;

use super::routes::RouteId;
use super::script::Script;
use crate::base::Span;
use crate::registry::ContextKind;
use exec::Engine;

/// Something about contexts that a path shows.
pub enum Hazard {
    /// A run ends with a context loaded.
    Leak(Leak),
    /// A context is loaded over another, which OpenSIPS refuses.
    Nested { kind: ContextKind, load: Span, over: Span },
    /// An accounting context is loaded where no dialog context is.
    WithoutDialog { load: Span },
    /// A function that works on the own dialog is called while another is loaded.
    OwnWhileLoaded { call: Span, load: Span },
}

pub struct Leak {
    pub kind: ContextKind,
    pub load: Span,
    /// From the load on, in order; the load is the first.
    pub steps: Vec<(Span, Told)>,
    /// Where the run ends and how.
    pub end: (Span, String),
    /// The route in which the run begins.
    pub entry: RouteId,
}

/// The hazards of a script, one a place; of several leaking paths of a load the shortest.
pub fn follow(script: &Script<'_>) -> Vec<Hazard> {
    let mut engine = Engine::new(script);
    if !engine.has_contexts() {
        return Vec::new();
    }
    for entry in engine.entries() {
        engine.run(entry);
    }
    engine.into_hazards()
}
