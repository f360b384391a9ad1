//! Functions over the destination set.
use super::super::branch_set::{self, Place, branch, branch_mut, q_value};
use super::outcome;
use crate::base::Str;
use crate::context::{MAX_ADDED, Target};
use crate::registry::{Literal, RouteKind, Setup};
use crate::script_fns;
use crate::vm::{Cx, Function, Rule, Ruled, Vocabulary, Words};

pub const FUNCTIONS: &[Function] = script_fns! {
    /// Adds a branch: without a URI the Request-URI's own, which keeps its URI and loses the rest; with one a branch that
    /// inherits all but q.
    fn append_branch_old(uri: Option<Str>, qvalue: Option<Words<Q>>) in ALL, roles [MayFail] => append_branch;
    /// Adds a branch; with `inherite` it takes destination, path, q, socket and flags of the Request-URI's.
    fn append_msg_branch(uri: Str, qvalue: Option<Words<Q>>, flags: Option<Words<AppendFlags>>) in ALL, roles [MayFail]
        => append_msg_branch;
    /// Takes an added branch away; the first is 0.
    fn remove_msg_branch(branch_idx: i32) in ALL, roles [MayFail] => remove_msg_branch;
    /// Copies a branch over another and takes it away, unless it is to be kept; no index means the Request-URI's.
    fn move_msg_branch(src_idx: Option<Ruled<BranchIndex>>, dst_idx: Option<Ruled<BranchIndex>>, keep: Option<Words<Keep>>) in ALL, roles [MayFail]
        => move_msg_branch;
    /// Exchanges two branches; no index means the Request-URI's.
    fn swap_msg_branches(br1_idx: Option<Ruled<BranchIndex>>, br2_idx: Option<Ruled<BranchIndex>>) in ALL, roles [MayFail] => swap_msg_branches;
    /// Puts all branches aside, in sets of equal q, for `next_branches` to take one set after the other.
    fn serialize_branches(clear_previous: i32, keep_order: Option<i32>) in ALL, roles [MayFail] => serialize_branches;
    /// Takes the next set of branches: 1 when more are left, 2 for the last, -1 for none.
    fn next_branches() in ALL, roles [MayFail] => next_branches;
};

/// A q value, times 1000.
#[derive(Clone, Copy)]
pub struct Q(u16);

impl Vocabulary for Q {
    fn parse(text: &[u8]) -> Result<Q, String> {
        q_value(text).map(Q).ok_or_else(|| "a q value stands between `0.0` and `1.0`".to_owned())
    }
}

#[derive(Clone, Copy)]
pub struct AppendFlags {
    inherit: bool,
}

impl Vocabulary for AppendFlags {
    fn parse(text: &[u8]) -> Result<AppendFlags, String> {
        match text.trim_ascii() {
            b"inherite" => Ok(AppendFlags { inherit: true }),
            _ => Err("the only flag is `inherite`, so spelt".to_owned()),
        }
    }
}

/// Whether the branch that is moved stays too: `keep`, and no other word.
#[derive(Clone, Copy)]
pub struct Keep(bool);

impl Vocabulary for Keep {
    fn parse(text: &[u8]) -> Result<Keep, String> {
        Ok(Keep(text.trim_ascii().eq_ignore_ascii_case(b"keep")))
    }
}

/// A place among the branches of a message; a negative one means the Request-URI's.
pub struct BranchIndex;

impl Rule for BranchIndex {
    type Value = i32;

    fn check(literal: Literal<'_>, _: Setup<'_>) -> Result<(), String> {
        match literal {
            Literal::Int(index) if usize::try_from(index).is_ok_and(|index| index > MAX_ADDED) => {
                Err(format!("a branch is one of 0 to {MAX_ADDED}, or negative for that of the Request-URI"))
            }
            _ => Ok(()),
        }
    }
}

fn append_branch(cx: &mut Cx<'_>, uri: Option<Str>, q: Option<Words<Q>>) -> bool {
    let q = q.map(|q| q.0.0);
    let main = &cx.run.targets.main;
    let done = match uri {
        Some(uri) => {
            let target = Target { uri: Some(uri), q, ..main.clone() };
            branch_set::append(cx.run, target)
        }
        None => {
            let uri = branch_set::uri(cx.run, Place::RequestUri);
            let target = Target { uri, q: q.or(main.q), ..main.clone() };
            branch_set::append(cx.run, target).map(|()| {
                let uri = cx.run.targets.main.uri.take();
                cx.run.targets.main = Target { uri, ..Target::default() };
            })
        }
    };
    outcome(cx, "append_branch_old", done)
}

fn append_msg_branch(cx: &mut Cx<'_>, uri: Str, q: Option<Words<Q>>, flags: Option<Words<AppendFlags>>) -> bool {
    let inherit = flags.is_some_and(|f| f.0.inherit);
    let base = if inherit { cx.run.targets.main.clone() } else { Target::default() };
    let target = Target { uri: Some(uri), q: q.map(|q| q.0.0).or(base.q), ..base };
    let done = branch_set::append(cx.run, target);
    outcome(cx, "append_msg_branch", done)
}

fn remove_msg_branch(cx: &mut Cx<'_>, index: i32) -> bool {
    let added = &mut cx.run.targets.added;
    let found = usize::try_from(index).ok().filter(|i| *i < added.len());
    found.map(|i| added.remove(i)).is_some()
}

fn move_msg_branch(
    cx: &mut Cx<'_>,
    from: Option<Ruled<BranchIndex>>,
    to: Option<Ruled<BranchIndex>>,
    keep: Option<Words<Keep>>,
) -> bool {
    let (from, to) = (place(from), place(to));
    let keeps = keep.is_some_and(|word| word.0.0);
    if from == to {
        return true;
    }
    let Some(source) = whole(cx, from) else { return false };
    let Some(target) = branch_mut(cx.run, to) else { return false };
    *target = source;
    if let (Place::Added(n), false) = (from, keeps) {
        cx.run.targets.added.remove(n);
    }
    true
}

fn swap_msg_branches(cx: &mut Cx<'_>, one: Option<Ruled<BranchIndex>>, other: Option<Ruled<BranchIndex>>) -> bool {
    let (one, other) = (place(one), place(other));
    let (Some(first), Some(second)) = (whole(cx, one), whole(cx, other)) else { return false };
    for (place, content) in [(one, second), (other, first)] {
        if let Some(target) = branch_mut(cx.run, place) {
            *target = content;
        }
    }
    true
}

fn place(index: Option<Ruled<BranchIndex>>) -> Place {
    Place::optional(index.map(|Ruled(index)| index))
}

/// A copy of the branch with its URI spelt out, fit for any other place.
fn whole(cx: &Cx<'_>, place: Place) -> Option<Target> {
    let target = branch(cx.run, place)?;
    Some(Target { uri: branch_set::uri(cx.run, place), ..target.clone() })
}

/// The AVP that holds what is put aside, as in OpenSIPS; scripts look whether it is NULL.
const ASIDE: &[u8] = b"serial_branch";

fn serialize_branches(cx: &mut Cx<'_>, clear: i32, keep_order: Option<i32>) -> bool {
    let keep_order = keep_order.unwrap_or(0) != 0;
    let targets = &cx.run.targets;
    let same_q = targets.added.iter().all(|t| t.q == targets.main.q);
    if targets.added.is_empty() || (same_q && !keep_order) {
        return true;
    }
    let Some(name) = cx.core.avp_names.intern(ASIDE) else { return false };
    let mut all: Vec<Target> = (0..=targets.added.len()).filter_map(|n| whole(cx, Place::counted(n))).collect();
    if !keep_order {
        all.sort_by_key(|t| std::cmp::Reverse(t.q));
    }
    if clear != 0 {
        cx.run.avps.remove_all(name);
    }
    for (n, target) in all.iter().enumerate().rev() {
        let ends_set = keep_order || all.get(n + 1).is_none_or(|next| next.q != target.q);
        cx.run.avps.push(name, aside::written(target, ends_set).into());
    }
    cx.run.targets.added.clear();
    true
}

fn next_branches(cx: &mut Cx<'_>) -> i32 {
    if !matches!(cx.run.kind, RouteKind::Request | RouteKind::Failure) {
        outcome(cx, "next_branches", Err("works in request and failure routes only"));
        return -1;
    }
    let Some(name) = cx.core.avp_names.intern(ASIDE) else { return -1 };
    let mut first = true;
    loop {
        let value = cx.run.avps.first(name).and_then(|value| value.str_face());
        let Some((target, ends_set)) = value.and_then(|text| aside::read(&text)) else {
            return if first { -1 } else { 2 };
        };
        cx.run.avps.remove(name, 0);
        if std::mem::take(&mut first) {
            cx.run.targets.main = target;
        } else if let Err(why) = branch_set::append(cx.run, target) {
            outcome(cx, "next_branches", Err(why));
            return -1;
        }
        if ends_set {
            return if cx.run.avps.count(name) > 0 { 1 } else { 2 };
        }
    }
}

/// A branch as the text of an AVP: fields parted by NUL, which no URI has.
mod aside {
    use crate::base::Str;
    use crate::context::{SocketId, Target};

    pub fn written(target: &Target, ends_set: bool) -> Str {
        let number = |n: Option<u16>| n.map_or(String::new(), |n| n.to_string());
        let head = format!(
            "{}\0{}\0{}\0{}\0",
            u8::from(ends_set),
            number(target.q),
            number(target.socket.map(|id| id.0)),
            target.flags
        );
        let mut text = head.into_bytes();
        for part in [&target.uri, &target.dst, &target.path] {
            text.extend_from_slice(part.as_deref().unwrap_or_default());
            text.push(0);
        }
        Str::from(text)
    }

    pub fn read(text: &Str) -> Option<(Target, bool)> {
        let mut fields = text.split(|&b| b == 0);
        let mut number = || std::str::from_utf8(fields.next()?).ok();
        let ends_set = number()? == "1";
        let q = number()?.parse().ok();
        let socket = number()?.parse().ok().map(SocketId);
        let flags = number()?.parse().ok()?;
        let mut part = || fields.next().filter(|p| !p.is_empty()).map(|p| text.part(p));
        let (uri, dst, path) = (part(), part(), part());
        let target = Target { uri, dst, path, q, socket, flags, attrs: Vec::new() };
        target.uri.is_some().then_some((target, ends_set))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::Value;
    use crate::modules::core::MODULE;
    use crate::modules::fixture::{Fixture, text};
    use crate::vm::Arg;

    const URIS: &str = "$(msg.branch.uri[*])";

    fn fixture() -> Fixture {
        Fixture::new("INVITE sip:r@h SIP/2.0\ni: 1")
    }

    /// The Request-URI's branch and three more: `sip:r@h`, `sip:0`, `sip:1`, `sip:2`.
    fn with_three() -> Fixture {
        let mut f = fixture();
        for uri in ["sip:0", "sip:1", "sip:2"] {
            assert_eq!(f.call(&MODULE, "append_msg_branch", &[text(uri)]), 1);
        }
        f
    }

    fn set(f: &mut Fixture, name: &str, value: impl Into<Value>) {
        f.set(name, value.into()).expect("the variable takes this");
    }

    #[test]
    fn appending_without_uri_moves_all_but_the_uri() {
        let mut f = fixture();
        set(&mut f, "$du", Value::text(b"sip:d"));
        set(&mut f, "$ru_q", 300);
        assert_eq!(f.call(&MODULE, "append_branch_old", &[]), 1);
        assert_eq!(f.expanded(URIS), "sip:r@h, sip:r@h");
        assert_eq!(f.expanded("$du $ru_q $msg.branch.duri $msg.branch.q"), "<null> -1 sip:d 0.3");
    }

    #[test]
    fn appending_with_uri_inherits_all_but_q() {
        let mut f = fixture();
        set(&mut f, "$du", Value::text(b"sip:d"));
        set(&mut f, "$ru_q", 300);
        assert_eq!(f.call(&MODULE, "append_branch_old", &[text("sip:n"), text("0.7")]), 1);
        assert_eq!(f.expanded("$du $msg.branch.uri $msg.branch.duri $msg.branch.q"), "sip:d sip:n sip:d 0.7");
        assert_eq!(f.call(&MODULE, "append_branch_old", &[text("sip:n"), text("7")]), -1);
    }

    #[test]
    fn a_message_branch_inherits_when_asked() {
        let mut f = fixture();
        set(&mut f, "$du", Value::text(b"sip:d"));
        assert_eq!(f.call(&MODULE, "append_msg_branch", &[text("sip:n")]), 1);
        assert_eq!(f.expanded("$msg.branch.duri"), "<null>");
        assert_eq!(f.call(&MODULE, "append_msg_branch", &[text("sip:n"), Arg::Omitted, text("inherite")]), 1);
        assert_eq!(f.expanded("$msg.branch.duri"), "sip:d");
        assert_eq!(f.call(&MODULE, "append_msg_branch", &[text("sip:n"), Arg::Omitted, text("inherit")]), -1);
        assert_eq!(f.call(&MODULE, "append_msg_branch", &[text("")]), -1);
    }

    #[test]
    fn a_local_route_cannot_fork() {
        let mut f = fixture();
        f.run.kind = RouteKind::Local;
        assert_eq!(f.call(&MODULE, "append_branch_old", &[]), -1);
    }

    #[test]
    fn removing_counts_added_branches() {
        let mut f = with_three();
        assert_eq!(f.call(&MODULE, "remove_msg_branch", &[Arg::Int(0)]), 1);
        assert_eq!(f.call(&MODULE, "remove_msg_branch", &[Arg::Int(2)]), -1);
        assert_eq!(f.call(&MODULE, "remove_msg_branch", &[Arg::Int(-1)]), -1);
        assert_eq!(f.expanded(URIS), "sip:r@h, sip:1, sip:2");
    }

    #[test]
    fn moving_takes_the_source_away_unless_it_is_kept() {
        let check = |args: &[Arg], expected: &str| {
            let mut f = with_three();
            assert_eq!(f.call(&MODULE, "move_msg_branch", args), 1);
            assert_eq!(f.expanded(URIS), expected);
        };
        check(&[Arg::Int(0)], "sip:0, sip:1, sip:2");
        check(&[Arg::Int(1), Arg::Int(-1), text("keep")], "sip:1, sip:0, sip:1, sip:2");
        check(&[Arg::Omitted, Arg::Int(2)], "sip:r@h, sip:0, sip:1, sip:r@h");
        check(&[Arg::Int(2), Arg::Int(0)], "sip:r@h, sip:2, sip:1");
        check(&[Arg::Omitted, Arg::Omitted], "sip:r@h, sip:0, sip:1, sip:2");
        assert_eq!(with_three().call(&MODULE, "move_msg_branch", &[Arg::Int(3)]), -1);
        assert_eq!(with_three().call(&MODULE, "move_msg_branch", &[Arg::Int(0), Arg::Int(3)]), -1);
    }

    #[test]
    fn swapping_works_with_the_request_uri_too() {
        let mut f = with_three();
        assert_eq!(f.call(&MODULE, "swap_msg_branches", &[Arg::Int(1), Arg::Omitted]), 1);
        assert_eq!(f.call(&MODULE, "swap_msg_branches", &[Arg::Int(0), Arg::Int(2)]), 1);
        assert_eq!(f.call(&MODULE, "swap_msg_branches", &[Arg::Int(0), Arg::Int(3)]), -1);
        assert_eq!(f.expanded(URIS), "sip:1, sip:2, sip:r@h, sip:0");
    }

    #[test]
    fn serialized_sets_come_back_by_q() {
        let mut f = with_three();
        for (index, q) in [500, 100, 500, 900].into_iter().enumerate() {
            set(&mut f, &format!("$(msg.branch.q[{index}])"), q);
        }
        assert_eq!(f.call(&MODULE, "serialize_branches", &[Arg::Int(1)]), 1);
        assert_eq!(f.expanded(URIS), "sip:r@h");
        let mut sets = Vec::new();
        loop {
            let code = f.call(&MODULE, "next_branches", &[]);
            if code == -1 {
                break;
            }
            sets.push((code, f.expanded(URIS)));
            f.run.targets.added.clear();
        }
        assert_eq!(sets, [(1, "sip:2".into()), (1, "sip:r@h, sip:1".into()), (2, "sip:0".into())]);
    }

    #[test]
    fn the_order_is_kept_when_asked() {
        let mut f = with_three();
        assert_eq!(f.call(&MODULE, "serialize_branches", &[Arg::Int(1)]), 1);
        assert_eq!(f.expanded("$msg.branch.last_idx $avp(serial_branch)"), "3 <null>", "all have the same q");
        assert_eq!(f.call(&MODULE, "serialize_branches", &[Arg::Int(1), Arg::Int(1)]), 1);
        let uris: Vec<String> = (0..4).map(|_| (f.call(&MODULE, "next_branches", &[]), f.expanded("$ru")).1).collect();
        assert_eq!(uris, ["sip:r@h", "sip:0", "sip:1", "sip:2"]);
    }

    #[test]
    fn next_branches_needs_a_route_that_can_send() {
        let mut f = with_three();
        f.run.kind = RouteKind::Branch;
        assert_eq!(f.call(&MODULE, "next_branches", &[]), -1);
    }

    #[test]
    fn what_is_put_aside_reads_back() {
        let target = Target {
            uri: Some("sip:a".into()),
            path: Some("<sip:p;lr>".into()),
            q: Some(0),
            socket: Some(crate::context::SocketId(3)),
            flags: 5,
            ..Target::default()
        };
        let (read, ends_set) = aside::read(&aside::written(&target, true)).expect("it reads back");
        assert!(ends_set);
        assert_eq!(
            (read.uri, read.dst, read.path, read.q, read.socket, read.flags),
            (target.uri, None, target.path, Some(0), target.socket, 5)
        );
        assert!(aside::read(&Str::from("scribbled over")).is_none());
    }
}
