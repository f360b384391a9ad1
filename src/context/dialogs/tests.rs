//! The table against small calls and against a walk over all dialogs.
use super::*;
use crate::base::Now;
use crate::context::{Identity, Received, SocketId};
use crate::proto::dialog::Leg;
use proptest::prelude::*;

fn table() -> Dialogs {
    Dialogs::new(16, ahash::RandomState::with_seeds(1, 2, 3, 4), || 100)
}

fn dialog(table: &Dialogs, call_id: &str) -> Arc<Dialog> {
    let identity = Identity {
        call_id: call_id.into(),
        from_uri: "sip:a@x".into(),
        to_uri: "sip:b@x".into(),
        from_tag: "1".into(),
    };
    let from = "127.0.0.1:5060".parse().expect("an address");
    let received = Received { from, socket: SocketId(0), at: Now::default(), number: 0 };
    let did = table.next_did(call_id.as_bytes());
    let dialog = Arc::new(Dialog::new(did, identity, Leg::default(), received, table.alive()));
    table.insert(&dialog);
    dialog
}

fn key(text: &str) -> ValueKey {
    ValueKey::Str(text.into())
}

fn found(dialogs: Vec<Arc<Dialog>>) -> Vec<Str> {
    dialogs.iter().map(|d| d.call_id.clone()).collect()
}

#[test]
fn one_call_id_finds_the_oldest_first() {
    let table = table();
    let (old, new) = (dialog(&table, "c"), dialog(&table, "c"));
    let dids: Vec<Did> = table.with_call_id(b"c").iter().map(|d| d.did).collect();
    assert_eq!(dids, [old.did, new.did]);
    table.remove(&old);
    assert_eq!(table.with_call_id(b"c").len(), 1);
    assert!(table.with_call_id(b"C").is_empty());
}

#[test]
fn a_value_is_found_by_type_and_content() {
    let table = table();
    let d = dialog(&table, "c");
    let name = Str::from("k");
    table.set_value(&d, &name, Value::Int(5));
    assert_eq!(found(table.with_value(&name, &ValueKey::Int(5))), ["c"]);
    assert!(table.with_value(&name, &key("5")).is_empty());
    table.set_value(&d, &name, Value::text(b"5"));
    assert!(table.with_value(&name, &ValueKey::Int(5)).is_empty());
    assert_eq!(found(table.with_value(&name, &key("5"))), ["c"]);
    table.set_value(&d, &name, Value::Null);
    assert!(table.with_value(&name, &key("5")).is_empty());
    assert_eq!(d.state.lock().value(b"k"), None);
}

#[test]
fn a_value_set_twice_is_indexed_once() {
    let table = table();
    let (d, name) = (dialog(&table, "c"), Str::from("k"));
    table.set_value(&d, &name, Value::Int(5));
    table.set_value(&d, &name, Value::Int(5));
    table.remove(&d);
    assert!(table.is_empty());
}

#[test]
fn a_removed_dialog_leaves_no_trace_and_stays_usable() {
    let table = table();
    let d = dialog(&table, "c");
    table.set_value(&d, &"k".into(), Value::Int(5));
    table.join(&d, Membership { profile: ProfileId(1), value: Some("v".into()) }, false);
    table.leave_all(&d);
    table.remove(&d);
    table.remove(&d);
    assert!(table.is_empty());
    table.set_value(&d, &"k".into(), Value::Int(6));
    table.set_value(&d, &"l".into(), Value::Int(7));
    assert!(table.is_empty(), "what is not in the table is not indexed");
    assert_eq!(d.state.lock().value(b"k"), Some(&Value::Int(6)));
    assert_eq!(table.count_alive(), 1);
    drop(d);
    assert_eq!(table.count_alive(), 0);
}

#[test]
fn the_same_profile_value_counts_twice_and_lists_once() {
    let table = table();
    let d = dialog(&table, "c");
    let entry = Membership { profile: ProfileId(1), value: Some("v".into()) };
    table.join(&d, entry.clone(), false);
    table.join(&d, entry.clone(), false);
    table.join(&d, Membership { value: Some("w".into()), ..entry.clone() }, false);
    let v = Str::from("v");
    assert_eq!(table.profile_count(ProfileId(1), Some(&v)), 2);
    assert_eq!(table.profile_count(ProfileId(1), None), 3);
    assert_eq!(found(table.in_profile(ProfileId(1), Some(&v))), ["c"]);
    assert!(table.leave(&d, ProfileId(1), Some(&v)));
    assert_eq!(table.profile_count(ProfileId(1), Some(&v)), 1);
    assert!(table.join(&d, entry, true));
    assert_eq!(table.profile_values(ProfileId(1)), [(v.clone(), 1)]);
    table.leave_all(&d);
    assert!(!table.leave(&d, ProfileId(1), Some(&v)));
    assert_eq!(table.profile_count(ProfileId(1), None), 0);
}

#[test]
fn states_are_counted_by_what_is_in_the_table() {
    let table = table();
    let d = dialog(&table, "c");
    let mut actions = Actions::new();
    assert_eq!(table.count(State::Unconfirmed), 1);
    table.advance(&d, Event::Provisional, &mut actions);
    assert_eq!((table.count(State::Unconfirmed), table.count(State::Early)), (0, 1));
    table.remove(&d);
    table.advance(&d, Event::Answer, &mut actions);
    assert_eq!((table.count(State::Early), table.count(State::ConfirmedNoAck)), (0, 0));
}

#[test]
fn an_ended_dialog_joins_no_profile() {
    let table = table();
    let d = dialog(&table, "c");
    table.advance(&d, Event::Failure, &mut Actions::new());
    assert!(!table.join(&d, Membership { profile: ProfileId(1), value: None }, false));
    assert_eq!(table.profile_count(ProfileId(1), None), 0);
}

#[derive(Clone, Debug)]
enum Step {
    Create,
    Set(usize, u8, Option<u8>),
    Join(usize, u16, Option<u8>, bool),
    Leave(usize, u16, Option<u8>),
    End(usize),
    Remove(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let dialog = 0..6usize;
    let small = || 0..3u8;
    let some = || proptest::option::of(0..3u8);
    prop_oneof![
        Just(Step::Create),
        (dialog.clone(), small(), some()).prop_map(|(d, n, v)| Step::Set(d, n, v)),
        (dialog.clone(), 0..2u16, some(), any::<bool>()).prop_map(|(d, p, v, c)| Step::Join(d, p, v, c)),
        (dialog.clone(), 0..2u16, some()).prop_map(|(d, p, v)| Step::Leave(d, p, v)),
        dialog.clone().prop_map(Step::End),
        dialog.prop_map(Step::Remove),
    ]
}

fn text(n: u8) -> Str {
    Str::from(n.to_string())
}

fn take_step(table: &Dialogs, all: &mut Vec<Arc<Dialog>>, step: Step) {
    let at = |n: usize| all.get(n).cloned();
    match step {
        Step::Create => all.push(dialog(table, &format!("c{}", all.len() % 2))),
        Step::Set(d, name, value) => {
            let Some(d) = at(d) else { return };
            table.set_value(&d, &text(name), value.map(|v| Value::Str(text(v))).unwrap_or_default());
        }
        Step::Join(d, profile, value, clear) => {
            let Some(d) = at(d) else { return };
            table.join(&d, Membership { profile: ProfileId(profile), value: value.map(text) }, clear);
        }
        Step::Leave(d, profile, value) => {
            let Some(d) = at(d) else { return };
            table.leave(&d, ProfileId(profile), value.map(text).as_ref());
        }
        Step::End(d) => {
            let Some(d) = at(d) else { return };
            table.advance(&d, Event::Failure, &mut Actions::new());
            table.leave_all(&d);
        }
        Step::Remove(d) => {
            let Some(d) = at(d) else { return };
            table.leave_all(&d);
            table.remove(&d);
        }
    }
}

proptest! {
    /// Whatever happens to dialogs, an index finds what a walk over all of them finds.
    #[test]
    fn indexes_tell_what_a_walk_would(steps in proptest::collection::vec(step(), 0..60)) {
        let table = table();
        let mut all = Vec::new();
        for step in steps {
            take_step(&table, &mut all, step);
        }
        let listed = || all.iter().filter(|d| d.state.lock().listed);
        for (name, value) in (0..3).flat_map(|n| (0..3).map(move |v| (text(n), text(v)))) {
            let mut walked: Vec<Did> = listed()
                .filter(|d| d.state.lock().value(&name) == Some(&Value::Str(value.clone())))
                .map(|d| d.did)
                .collect();
            walked.sort_unstable();
            let found: Vec<Did> = table.with_value(&name, &ValueKey::Str(value)).iter().map(|d| d.did).collect();
            prop_assert_eq!(found, walked);
        }
        for profile in [ProfileId(0), ProfileId(1)] {
            let walked: usize = all.iter().map(|d| {
                d.state.lock().profiles.iter().filter(|m| m.profile == profile).count()
            }).sum();
            prop_assert_eq!(table.profile_count(profile, None), walked);
        }
        let deleted = listed().filter(|d| d.state.lock().state() == State::Deleted).count();
        prop_assert_eq!(table.count(State::Deleted), deleted);
        prop_assert_eq!(table.len(), listed().count());
        for d in &all {
            table.leave_all(d);
            table.remove(d);
        }
        prop_assert!(table.is_empty());
    }
}
