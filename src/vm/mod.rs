//! The run loop: executes flat code against a run; builtins return a value, wait, or run a route.
//!
//! A module's rows are `Function`s, `Pvar`s and `TransformRow`s; their bodies get a `Cx` and Rust values made by
//! `FromArg`. `Image` is a linked script. Nothing here knows a name of the script language.
pub mod arg;
mod asynchronous;
mod budget;
mod command;
pub mod cx;
mod eval;
#[cfg(test)]
mod fixture;
pub mod flags;
pub mod function;
pub mod hook;
pub mod image;
#[cfg(test)]
mod language;
mod leak;
pub mod link;
pub mod module;
pub mod pvar;
pub mod ret;
mod run_loop;
pub mod substitution;
pub mod task;
mod trace;

pub use arg::{
    Arg, ArgError, AvpOut, Between, BranchFlag, BranchRouteName, DialogFlag, DocumentIn, DocumentOut, FailureRouteName,
    FromArg, MessageFlag, Notation, OnReplyRouteName, PatternArg, Prepare, Prepared, RouteName, Rule, Ruled, Static,
    Status, SubstitutionArg, Template, ValueIn, VarIn, VarInto, VarOut, Verbatim, Vocabulary, Words,
};
pub use asynchronous::{Suspend, SuspendFn};
pub use cx::{Cx, position};
pub use flags::FlagNames;
pub use function::{Body, Function};
pub use hook::{Hook, HookFn, ReplyOut};
pub use image::{Image, TimerRoute};
pub use link::{Linking, link};
pub use module::{InitCx, InitFn, Module, Params, TimerFn, joined, row_count};
pub use pvar::{
    Index, LinkedTransform, LinkedTransformArg, LinkedTransformArgs, NameKind, Piece, Pvar, ReadFn, Store,
    TransformArg, TransformFn, TransformRow, Var, VarIndex, VarName, WriteError, WriteFn,
};
pub use ret::{Answer, Outcome, OwnedRun, Ret, Scope, SubRun, Then};
pub use task::{Done, Fault, FaultKind, Host, Launched, Progress, Task};
pub use trace::Trace;
