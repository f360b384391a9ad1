//! The destination set: `$msg.branch.*`, `$branch*`, `$bf`, `$path`, `$ds`.
//!
//! `$msg.branch.*` counts the Request-URI's branch as 0 and without an index means the last branch, flags included:
//! OpenSIPS reads `$msg.branch.flag(f)` from one branch and writes it to another. `$branch(f)` counts added branches only.
use super::super::branch_set::{self, Place, branch, branch_mut, q_text};
use super::super::uri_text::{checked_length, set_request_uri};
use super::message::boolean;
use super::sockets;
use crate::base::Str;
use crate::context::{Target, Value};
use crate::registry::{FlagFamily, SubName};
use crate::vm::{Cx, Index, NameKind, Pvar, Store, Var, WriteError, position};
use std::sync::Arc;

const BRANCH: Pvar =
    Pvar::new("msg.branch", |cx, _| first_added(cx), "Writing adds a branch; reads the first added one.")
        .writable(append)
        .needs_text();
const FLAG: Pvar = Pvar::new("msg.branch.flag", read_flag, "A flag of a branch, the last one without an index.")
    .named(SubName::Required, NameKind::BranchFlag)
    .indexed()
    .writable(write_flag);

pub const PVARS: &[Pvar] = &[
    BRANCH,
    BRANCH.alias("branch"),
    field("msg.branch.uri", |cx, var| counted(cx, var, Field::Uri), "Request-URI of a branch.")
        .writable(|cx, var, _, value| set_counted(cx, var, Field::Uri, value))
        .needs_text(),
    field("msg.branch.duri", |cx, var| counted(cx, var, Field::Destination), "Destination URI of a branch.")
        .writable(|cx, var, _, value| set_counted(cx, var, Field::Destination, value))
        .needs_text(),
    field("msg.branch.path", |cx, var| counted(cx, var, Field::Path), "Path of a branch.")
        .writable(|cx, var, _, value| set_counted(cx, var, Field::Path, value))
        .needs_text(),
    field("msg.branch.q", |cx, var| counted(cx, var, Field::Q), "q value of a branch; set as an integer up to 1000.")
        .writable(|cx, var, _, value| set_counted(cx, var, Field::Q, value)),
    field("msg.branch.flags", |cx, var| counted(cx, var, Field::Flags), "Names of a branch's flags that are set.")
        .writable(|cx, var, _, value| set_counted(cx, var, Field::Flags, value))
        .needs_text(),
    field("msg.branch.socket", |cx, var| counted(cx, var, Field::Socket), "Forced sending socket of a branch.")
        .writable(|cx, var, _, value| set_counted(cx, var, Field::Socket, value))
        .needs_text(),
    FLAG,
    FLAG.alias("branch.flag"),
    Pvar::new("msg.branch.attr", read_attr, "A value a script keeps with a branch.")
        .dynamic(NameKind::Text)
        .indexed()
        .writable(write_attr),
    Pvar::new(
        "msg.branch.last_idx",
        |cx, _| Value::Int(cx.run.targets.added.len() as i32),
        "Index of the last branch.",
    ),
    Pvar::new("branch", read_added, "A field of an added branch, counted from 0.")
        .named(SubName::Required, NameKind::Custom(|name| Some(Arc::new(Field::named(name)?))))
        .checked(check_field)
        .indexed()
        .writable(write_added),
    Pvar::new("bf", |cx, _| Value::Str(flag_names(cx, cx.run.targets.main.flags)), "Names of the set branch flags."),
    Pvar::new("path", |cx, _| cx.run.targets.main.path.clone().into(), "Path of the Request-URI's branch."),
    Pvar::new("ds", |cx, _| destination_set(cx), "The destination set as a Contact header field."),
];

const fn field(name: &'static str, read: crate::vm::ReadFn, doc: &'static str) -> Pvar {
    Pvar::new(name, read, doc).indexed()
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Field {
    Uri,
    Destination,
    Q,
    Path,
    Flags,
    Socket,
}

impl Field {
    const NAMED: &[(&str, Field)] = &[
        ("uri", Field::Uri),
        ("duri", Field::Destination),
        ("q", Field::Q),
        ("path", Field::Path),
        ("flags", Field::Flags),
        ("socket", Field::Socket),
    ];

    fn named(name: &[u8]) -> Option<Field> {
        Field::NAMED.iter().find(|(n, _)| n.as_bytes() == name).map(|(_, field)| *field)
    }
}

fn check_field(name: &[u8]) -> Result<(), String> {
    let names: Vec<&str> = Field::NAMED.iter().map(|(n, _)| *n).collect();
    Field::named(name).map(drop).ok_or_else(|| format!("a branch has the fields {}", names.join(", ")))
}

fn first_added(cx: &Cx<'_>) -> Value {
    branch_set::uri(cx.run, Place::Added(0)).into()
}

fn append(cx: &mut Cx<'_>, _: &Var, _: Store, value: Value) -> Result<(), WriteError> {
    let target = Target { uri: value.str_face(), ..Target::default() };
    branch_set::append(cx.run, target).map_err(WriteError::new)
}

/// The branch that a `$msg.branch` variable means; `None` for one that does not exist, and for `[*]`.
fn place(cx: &mut Cx<'_>, var: &Var) -> Option<Place> {
    let last = cx.run.targets.added.len();
    match var.index(cx) {
        Index::None => Some(Place::counted(last)),
        index => position(index, last + 1).map(Place::counted),
    }
}

fn counted(cx: &mut Cx<'_>, var: &Var, field: Field) -> Value {
    if var.index(cx) == Index::All {
        let last = cx.run.targets.added.len();
        return join(cx, (0..=last).map(Place::counted), field);
    }
    place(cx, var).map_or(Value::Null, |place| shown(cx, place, field))
}

fn read_added(cx: &mut Cx<'_>, var: &Var) -> Value {
    let Some(field) = var.custom::<Field>().copied() else { return Value::Null };
    let count = cx.run.targets.added.len();
    match var.index(cx) {
        Index::All => join(cx, (0..count).map(Place::Added), field),
        index => position(index, count).map_or(Value::Null, |n| shown(cx, Place::Added(n), field)),
    }
}

/// Every branch's field; one without it leaves its place empty.
fn join(cx: &Cx<'_>, places: impl Iterator<Item = Place>, field: Field) -> Value {
    let mut out = Vec::new();
    for (n, place) in places.enumerate() {
        if n > 0 {
            out.extend_from_slice(b", ");
        }
        let value = shown(cx, place, field);
        if !value.is_null() {
            value.print(&mut out);
        }
    }
    // Language reference 8.1: a joined value has at most 511 bytes.
    if out.is_empty() || out.len() > 511 { Value::Null } else { Value::Str(Str::from(out)) }
}

fn shown(cx: &Cx<'_>, place: Place, field: Field) -> Value {
    let Some(target) = branch(cx.run, place) else { return Value::Null };
    match field {
        Field::Uri => branch_set::uri(cx.run, place).into(),
        Field::Destination => target.dst.clone().into(),
        Field::Q => target.q.map_or(Value::Null, |q| Value::Str(q_text(q).into())),
        Field::Path => target.path.clone().into(),
        Field::Flags => Value::Str(flag_names(cx, target.flags)),
        Field::Socket => target.socket.map_or(Value::Null, |id| sockets::whole(&cx.core.sockets, id)),
    }
}

fn flag_names(cx: &Cx<'_>, mask: u32) -> Str {
    cx.image.flags.text(FlagFamily::Branch, mask)
}

fn set_counted(cx: &mut Cx<'_>, var: &Var, field: Field, value: Value) -> Result<(), WriteError> {
    let place = place(cx, var).ok_or_else(no_such_branch)?;
    set(cx, place, field, value)
}

fn write_added(cx: &mut Cx<'_>, var: &Var, _: Store, value: Value) -> Result<(), WriteError> {
    let field = *var.custom::<Field>().ok_or_else(|| WriteError::new("names no field of a branch"))?;
    let index = var.index(cx);
    let n = position(index, cx.run.targets.added.len()).ok_or_else(no_such_branch)?;
    set(cx, Place::Added(n), field, value)
}

fn no_such_branch() -> WriteError {
    WriteError::new("there is no such branch")
}

fn set(cx: &mut Cx<'_>, place: Place, field: Field, value: Value) -> Result<(), WriteError> {
    of_request(cx)?;
    match field {
        Field::Uri => set_uri(cx, place, &value),
        Field::Destination => set_text(cx, place, &value, |target| &mut target.dst),
        Field::Path => set_text(cx, place, &value, |target| &mut target.path),
        Field::Q => set_q(cx, place, &value),
        Field::Flags => {
            let names = value.str_face().unwrap_or_default();
            let mask = cx.image.flags.mask(FlagFamily::Branch, &names);
            change(cx, place, |target| target.flags = mask)
        }
        Field::Socket => set_socket(cx, place, &value),
    }
}

/// A reply's run may add branches for its transaction and set their flags; their other fields are the request's to set.
fn of_request(cx: &Cx<'_>) -> Result<(), WriteError> {
    if cx.run.msg.is_request() { Ok(()) } else { Err(WriteError::new("a reply changes no branch")) }
}

fn change(cx: &mut Cx<'_>, place: Place, change: impl FnOnce(&mut Target)) -> Result<(), WriteError> {
    branch_mut(cx.run, place).map(change).ok_or_else(no_such_branch)
}

fn set_uri(cx: &mut Cx<'_>, place: Place, value: &Value) -> Result<(), WriteError> {
    let uri = value.str_face().filter(|u| !u.is_empty()).ok_or_else(|| WriteError::new("a branch needs a URI"))?;
    if place == Place::RequestUri {
        return set_request_uri(cx.run, uri).map_err(WriteError::new);
    }
    let uri = checked_length(uri).map_err(WriteError::new)?;
    change(cx, place, |target| target.uri = Some(uri))
}

fn set_text(
    cx: &mut Cx<'_>,
    place: Place,
    value: &Value,
    slot: impl FnOnce(&mut Target) -> &mut Option<Str>,
) -> Result<(), WriteError> {
    let text = value.str_face().map(checked_length).transpose().map_err(WriteError::new)?;
    change(cx, place, |target| *slot(target) = text)
}

fn set_q(cx: &mut Cx<'_>, place: Place, value: &Value) -> Result<(), WriteError> {
    let q = match value {
        Value::Null => None,
        value => {
            let q = value.int_face().ok_or_else(|| WriteError::new("a q value is an integer from 0 to 1000"))?;
            u16::try_from(q.min(1000)).ok()
        }
    };
    change(cx, place, |target| target.q = q)
}

fn set_socket(cx: &mut Cx<'_>, place: Place, value: &Value) -> Result<(), WriteError> {
    let socket = match value.str_face() {
        None => None,
        Some(text) => Some(
            sockets::named(&cx.core.sockets, &text)
                .ok_or_else(|| WriteError::new(format!("`{text}` is none of this server's sockets")))?,
        ),
    };
    change(cx, place, |target| target.socket = socket)
}

fn read_flag(cx: &mut Cx<'_>, var: &Var) -> Value {
    let (Some(place), Some(mask)) = (place(cx, var), var.flag_mask()) else { return Value::Null };
    branch(cx.run, place).map_or(Value::Null, |target| boolean(target.flags & mask != 0))
}

fn write_flag(cx: &mut Cx<'_>, var: &Var, _: Store, value: Value) -> Result<(), WriteError> {
    let place = place(cx, var).ok_or_else(no_such_branch)?;
    let mask = var.flag_mask().ok_or_else(|| WriteError::new("names no flag"))?;
    let on = value.int_face().ok_or_else(|| WriteError::new("a flag is set by an integer"))?;
    change(cx, place, |target| if on == 0 { target.flags &= !mask } else { target.flags |= mask })
}

fn read_attr(cx: &mut Cx<'_>, var: &Var) -> Value {
    let (Some(place), Some(name)) = (place(cx, var), var.name_text(cx)) else { return Value::Null };
    let attrs = branch(cx.run, place).map(|target| &target.attrs);
    attrs.and_then(|attrs| attrs.iter().find(|(n, _)| *n == name)).map_or(Value::Null, |(_, value)| value.clone())
}

fn write_attr(cx: &mut Cx<'_>, var: &Var, _: Store, value: Value) -> Result<(), WriteError> {
    of_request(cx)?;
    let name = var.name_text(cx).ok_or_else(|| WriteError::new("its name is NULL"))?;
    let place = place(cx, var).ok_or_else(no_such_branch)?;
    change(cx, place, |target| {
        target.attrs.retain(|(n, _)| *n != name);
        if !value.is_null() {
            target.attrs.push((name, value.stored()));
        }
    })
}

/// `Contact: <uri>;q=0.5, <uri>`: a changed Request-URI and the added branches; NULL without any.
fn destination_set(cx: &Cx<'_>) -> Value {
    let targets = &cx.run.targets;
    let main = Some(&targets.main).filter(|target| target.uri.is_some());
    let mut out = Vec::new();
    for target in main.into_iter().chain(&targets.added) {
        out.extend_from_slice(if out.is_empty() { b"Contact: <" } else { b", <" });
        out.extend_from_slice(target.uri.as_deref().unwrap_or_default());
        out.push(b'>');
        if let Some(q) = target.q {
            out.extend_from_slice(b";q=");
            out.extend_from_slice(q_text(q).as_bytes());
        }
    }
    if out.is_empty() { Value::Null } else { Value::Str(Str::from(out)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::modules::fixture::{Fixture, SOCKETS};

    fn fixture() -> Fixture {
        Fixture::new("INVITE sip:bob@h SIP/2.0\ni: 1")
    }

    fn with_two() -> Fixture {
        let mut f = fixture();
        f.set("$msg.branch", Value::text(b"sip:b1@h")).expect("a branch is added");
        f.set("$branch", Value::text(b"sip:b2@h")).expect("a branch is added");
        f
    }

    #[test]
    fn writing_adds_and_reading_shows_the_first_added() {
        let mut f = with_two();
        assert_eq!(f.expanded("$msg.branch $branch $msg.branch.last_idx"), "sip:b1@h sip:b1@h 2");
        assert_eq!(fixture().expanded("$msg.branch $msg.branch.last_idx"), "<null> 0");
        assert!(f.set("$msg.branch", Value::Null).is_err());
        assert!(f.set("$msg.branch", Value::text(b"")).is_err());
    }

    #[test]
    fn the_request_uri_is_branch_zero_and_no_index_is_the_last() {
        let mut f = with_two();
        assert_eq!(
            f.expanded("$msg.branch.uri|$(msg.branch.uri[0])|$(msg.branch.uri[-2])"),
            "sip:b2@h|sip:bob@h|sip:b1@h"
        );
        assert_eq!(f.expanded("$(msg.branch.uri[*])"), "sip:bob@h, sip:b1@h, sip:b2@h");
        assert_eq!(f.expanded("$(msg.branch.uri[3])"), "<null>");
        assert_eq!(fixture().expanded("$msg.branch.uri"), "sip:bob@h");
        f.set("$(msg.branch.uri[0])", Value::text(b"sip:x@h")).expect("the Request-URI changes");
        assert_eq!(f.expanded("$ru"), "sip:x@h");
        assert!(f.set("$(msg.branch.uri[3])", Value::text(b"sip:x@h")).is_err());
        assert!(f.set("$(msg.branch.uri[*])", Value::text(b"sip:x@h")).is_err());
    }

    #[test]
    fn the_older_names_count_added_branches() {
        let mut f = with_two();
        assert_eq!(
            f.expanded("$branch(uri)|$(branch(uri)[1])|$(branch(uri)[*])"),
            "sip:b1@h|sip:b2@h|sip:b1@h, sip:b2@h"
        );
        f.set("$(branch(duri)[0])", Value::text(b"sip:d@h")).expect("the branch is there");
        assert_eq!(f.expanded("$(msg.branch.duri[1]) $du"), "sip:d@h <null>");
        assert!(fixture().set("$branch(uri)", Value::text(b"sip:x@h")).is_err());
    }

    #[test]
    fn fields_read_back() {
        let mut f = with_two();
        f.set("$msg.branch.q", 500).expect("a q value is set");
        f.set("$msg.branch.path", Value::text(b"<sip:p;lr>")).expect("a path is set");
        f.set("$msg.branch.flags", Value::text(b"A nosuch")).expect("flags are set");
        f.set("$msg.branch.socket", Value::from(Str::from(format!("udp:{}", SOCKETS[1])))).expect("a socket is set");
        assert_eq!(
            f.expanded("$msg.branch.q|$msg.branch.path|$msg.branch.socket"),
            "0.5|<sip:p;lr>|udp:198.51.100.1:5060"
        );
        assert!(f.set("$msg.branch.socket", Value::text(b"udp:9.9.9.9:1")).is_err());
        assert!(f.set("$msg.branch.q", Value::text(b"0.5")).is_err());
        f.set("$msg.branch.q", Value::Null).expect("NULL unsets");
        assert_eq!(f.value("$msg.branch.q"), Value::Null);
    }

    #[test]
    fn flags_are_read_where_they_are_written() {
        let mut f = fixture();
        f.set("$msg.branch.flag(A)", 1).expect("the Request-URI's flag is set");
        assert_eq!(f.expanded("$msg.branch.flag(A) $bf $msg.branch.flags"), "true A A");
        f.set("$msg.branch", Value::text(b"sip:b1@h")).expect("a branch is added");
        assert_eq!(f.expanded("$msg.branch.flag(A) $(branch.flag(A)[0])"), "false true");
        f.set("$msg.branch.flags", Value::text(b"A nosuch")).expect("unknown names count for nothing");
        assert_eq!(f.expanded("$(msg.branch.flag(A)[1]) $(msg.branch.flag(A)[2])"), "true <null>");
    }

    #[test]
    fn attributes_belong_to_their_branch() {
        let mut f = with_two();
        f.set("$(msg.branch.attr(x)[0])", 5).expect("the branch is there");
        f.set("$msg.branch.attr(x)", Value::text(b"last")).expect("the branch is there");
        assert_eq!(
            f.expanded("$(msg.branch.attr(x)[0]) $(msg.branch.attr(x)[1]) $msg.branch.attr(x)"),
            "5 <null> last"
        );
        f.set("$msg.branch.attr(x)", Value::Null).expect("NULL deletes");
        assert_eq!(f.value("$msg.branch.attr(x)"), Value::Null);
    }

    #[test]
    fn the_destination_set_reads_as_contacts() {
        let mut f = fixture();
        assert_eq!(f.value("$ds"), Value::Null);
        f.set("$msg.branch", Value::text(b"sip:b1@h")).expect("a branch is added");
        f.set("$msg.branch.q", 250).expect("a q value is set");
        assert_eq!(f.expanded("$ds"), "Contact: <sip:b1@h>;q=0.25");
        f.set("$ru", Value::text(b"sip:x@h")).expect("the Request-URI changes");
        assert_eq!(f.expanded("$ds $path"), "Contact: <sip:x@h>, <sip:b1@h>;q=0.25 <null>");
    }

    #[test]
    fn twelve_branches_are_all() {
        let mut f = fixture();
        let added = (0..20).filter(|_| f.set("$msg.branch", Value::text(b"sip:b@h")).is_ok()).count();
        assert_eq!(added, 11);
    }

    #[test]
    fn a_reply_has_none_but_added_branches() {
        let mut f = Fixture::new("SIP/2.0 200 OK\nCSeq: 1 INVITE");
        assert!(f.set("$msg.branch.q", 1).is_err());
        assert!(f.set("$msg.branch", Value::text(b"sip:b@h")).is_ok());
        assert_eq!(f.run.targets.added.len(), 1);
    }
}
