//! Message and branch flags.
use super::super::branch_set::{Place, branch, branch_mut};
use crate::script_fns;
use crate::vm::{BranchFlag, Cx, Function, MessageFlag};

pub const FUNCTIONS: &[Function] = script_fns! {
    /// Sets a message flag.
    fn setflag(flag: MessageFlag) in ALL, roles [SetsFlag] => setflag;
    /// Clears a message flag.
    fn resetflag(flag: MessageFlag) in ALL, roles [ClearsFlag] => resetflag;
    /// Whether a message flag is set.
    fn isflagset(flag: MessageFlag) in ALL, roles [TestsFlag] => isflagset;
    /// Sets a flag of a branch; 0, the default, is the Request-URI's.
    fn setbflag(flag: BranchFlag, branch_idx: Option<i32>) in ALL, roles [SetsFlag] => setbflag;
    /// Clears a flag of a branch.
    fn resetbflag(flag: BranchFlag, branch_idx: Option<i32>) in ALL, roles [ClearsFlag] => resetbflag;
    /// Whether a flag of a branch is set.
    fn isbflagset(flag: BranchFlag, branch_idx: Option<i32>) in ALL, roles [TestsFlag] => isbflagset;
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

#[cfg(test)]
mod tests {
    use crate::modules::core::MODULE;
    use crate::modules::fixture::Fixture;
    use crate::registry::FlagFamily::{Branch, Message};
    use crate::vm::Arg;

    #[test]
    fn a_message_flag_is_set_until_it_is_reset() {
        let mut f = Fixture::new("INVITE sip:h SIP/2.0\ni: 1");
        let codes = ["isflagset", "setflag", "isflagset", "resetflag", "isflagset"].map(|name| {
            let flag = f.flag(Message, "NAT");
            f.call(&MODULE, name, &[flag])
        });
        assert_eq!(codes, [-1, 1, 1, 1, -1]);
    }

    #[test]
    fn a_branch_has_flags_of_its_own() {
        let mut f = Fixture::new("INVITE sip:h SIP/2.0\ni: 1");
        let call = |f: &mut Fixture, name, index| {
            let flag = f.flag(Branch, "B");
            f.call(&MODULE, name, &[flag, index])
        };
        assert_eq!(call(&mut f, "setbflag", Arg::Omitted), 1);
        assert_eq!(call(&mut f, "isbflagset", Arg::Int(0)), 1);
        assert_eq!(call(&mut f, "setbflag", Arg::Int(1)), -1, "there is no such branch");
        f.set("$msg.branch", crate::context::Value::text(b"sip:b")).expect("a branch is added");
        assert_eq!(call(&mut f, "isbflagset", Arg::Int(1)), -1, "a new branch has none");
        assert_eq!(call(&mut f, "setbflag", Arg::Int(1)), 1);
        assert_eq!(call(&mut f, "resetbflag", Arg::Omitted), 1);
        assert_eq!((call(&mut f, "isbflagset", Arg::Int(1)), call(&mut f, "isbflagset", Arg::Int(-1))), (1, -1));
        let null = f.by_ref("$var(nul)");
        assert_eq!(call(&mut f, "setbflag", null), -1, "a NULL argument is not an omitted one");
    }
}
