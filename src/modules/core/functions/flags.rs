//! Message and branch flags.
use super::super::branch_set::{Place, branch, branch_mut};
use crate::script_fns;
use crate::vm::{BranchFlag, Cx, Function, MessageFlag};

pub const FUNCTIONS: &[Function] = script_fns! {
    /// Sets a message flag.
    fn setflag(flag: MessageFlag) in ALL => setflag;
    /// Clears a message flag.
    fn resetflag(flag: MessageFlag) in ALL => resetflag;
    /// Whether a message flag is set.
    fn isflagset(flag: MessageFlag) in ALL => isflagset;
    /// Sets a flag of a branch; 0, the default, is the Request-URI's.
    fn setbflag(flag: BranchFlag, branch_idx: Option<i32>) in ALL => setbflag;
    /// Clears a flag of a branch.
    fn resetbflag(flag: BranchFlag, branch_idx: Option<i32>) in ALL => resetbflag;
    /// Whether a flag of a branch is set.
    fn isbflagset(flag: BranchFlag, branch_idx: Option<i32>) in ALL => isbflagset;
};

fn setflag(cx: &mut Cx<'_>, flag: MessageFlag) -> i32 {
    cx.run.flags |= flag.mask();
    1
}

fn resetflag(cx: &mut Cx<'_>, flag: MessageFlag) -> i32 {
    cx.run.flags &= !flag.mask();
    1
}

fn isflagset(cx: &mut Cx<'_>, flag: MessageFlag) -> bool {
    cx.run.flags & flag.mask() != 0
}

fn setbflag(cx: &mut Cx<'_>, flag: BranchFlag, index: Option<i32>) -> bool {
    change(cx, index, |flags| *flags |= flag.mask())
}

fn resetbflag(cx: &mut Cx<'_>, flag: BranchFlag, index: Option<i32>) -> bool {
    change(cx, index, |flags| *flags &= !flag.mask())
}

fn isbflagset(cx: &mut Cx<'_>, flag: BranchFlag, index: Option<i32>) -> bool {
    place(index).and_then(|place| branch(cx.run, place)).is_some_and(|target| target.flags & flag.mask() != 0)
}

fn place(index: Option<i32>) -> Option<Place> {
    usize::try_from(index.unwrap_or(0)).ok().map(Place::counted)
}

/// False for a branch that does not exist.
fn change(cx: &mut Cx<'_>, index: Option<i32>, change: impl FnOnce(&mut u32)) -> bool {
    let target = place(index).and_then(|place| branch_mut(cx.run, place));
    target.map(|target| change(&mut target.flags)).is_some()
}
