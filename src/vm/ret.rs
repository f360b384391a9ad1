//! What a builtin hands back: a value, something to wait for, or a route to run first.
use super::cx::Cx;
use crate::base::Str;
use crate::context::{Effect, EffectAnswer, Run};
use crate::registry::RouteKind;

/// The outcome of a builtin.
pub enum Ret {
    /// The result code: positive is true, negative false, 0 ends the script.
    Code(i32),
    /// Suspends the run; `then` gets the answer.
    Wait(Effect, Then),
    /// Runs a route; `then` gets its outcome. An unknown route name is an outcome too.
    Run(Box<SubRun>, Then),
}

impl Ret {
    pub const TRUE: Ret = Ret::Code(1);
    pub const FALSE: Ret = Ret::Code(-1);
    pub const STOP: Ret = Ret::Code(0);

    /// 1 or -1.
    pub const fn bool(ok: bool) -> Ret {
        Ret::Code(if ok { 1 } else { -1 })
    }
}

impl From<i32> for Ret {
    fn from(code: i32) -> Ret {
        Ret::Code(code)
    }
}

impl From<bool> for Ret {
    fn from(ok: bool) -> Ret {
        Ret::bool(ok)
    }
}

/// Goes on where a builtin stopped, over the run it stopped in.
pub type Then = Box<dyn FnOnce(&mut Cx<'_>, Answer) -> Ret + Send>;

/// What a builtin waited for.
pub enum Answer {
    Effect(EffectAnswer),
    Route(Outcome),
}

/// How a route ended.
pub struct Outcome {
    /// Code of its last statement or `return`.
    pub code: i32,
    /// It ended through `drop`.
    pub dropped: bool,
    /// It ended through `exit`, `drop` or a code of 0.
    pub exited: bool,
    /// The route was not found, nothing ran.
    pub missing: bool,
    /// The run that a `Scope::Own` route had, with what the script changed in it.
    pub run: Option<Box<Run>>,
}

/// A route to run before the builtin goes on.
pub struct SubRun {
    pub kind: RouteKind,
    /// Name within its family; `None` is the unnamed one (`local_route`, `error_route`, global `onreply_route`).
    pub name: Option<Str>,
    pub scope: Scope,
}

/// Whose run the route executes in.
pub enum Scope {
    /// In the run that asks (branch_route, error_route): it sees the frames, cannot pop below them, and what it
    /// leaves loaded is released at its exit.
    Same,
    /// A run of its own with empty stacks (onreply, failure, local, dialog-owned routes).
    Own(Box<Run>),
}

/// A route that an event of a dialog or transaction asked for while a builtin was at work. The loop runs it before the
/// script goes on.
pub struct OwnedRun {
    pub sub: SubRun,
    /// Completes what the event began.
    pub then: Option<Then>,
}
