use super::{Sample, uri};
use crate::calls::stage::field;
use sipscript::sip::{HeaderId, Method};
use sipscript::testing::{CallState, InviteOptions, PhoneId};

/// Bob and Carol sit behind 5080; what Bob dials comes from 5071.
struct Office {
    s: Sample,
    alice: PhoneId,
    bob: PhoneId,
    desk: PhoneId,
}

fn office() -> Office {
    let mut s = Sample::new("attended_transfer.cfg");
    let alice = s.phone("alice", 5070);
    let bob = s.phone("bob", 5071);
    let desk = s.phone("desk", 5080);
    Office { s, alice, bob, desk }
}

impl Office {
    /// `Replaces` for the call as its caller sees it.
    fn replaces(&self, call: &str) -> String {
        let seen = self.s.net.call(self.alice, call);
        let to_tag = seen.remote_tag().expect("answered");
        format!("Replaces: {call};to-tag={to_tag};from-tag={}\r\n", seen.local_tag)
    }
}

#[test]
fn the_new_call_takes_over_the_data_of_the_one_it_replaces() {
    let mut o = office();
    let to_bob = o.s.talk(o.alice, "bob");
    let to_carol = o.s.talk(o.alice, "carol");

    let refer = format!("Refer-To: <{}?Replaces={to_carol}>\r\n", uri("carol"));
    o.s.net.request(o.alice, &to_bob, &Method::Refer, &refer);
    o.s.net.settle();
    let request = o.s.net.call(o.desk, &to_bob).requests.last().cloned().expect("a request");
    assert_eq!(request.method(), Method::Refer);
    assert!(request.has(HeaderId::ReferTo));
    assert!(o.s.said("alice transfers"));

    let options = InviteOptions::with_headers(&o.replaces(&to_carol));
    let new = o.s.net.invite_with(o.bob, &uri("carol"), &options);
    o.s.until(o.bob, &new, CallState::Answered);
    assert!(o.s.said(&format!("{new}: account alice imported from {to_carol}")));
    assert_eq!(o.s.value(&new, "account").as_deref(), Some("alice"), "the variable");
    assert_eq!(o.s.profiles(&new), [Some("alice".into())], "the profile");
    let recorded = o.s.dialog(&new).state.lock().flags;
    assert_ne!(recorded, 0, "the flag");

    // Carol's phone hangs up the call that was replaced.
    o.s.until(o.alice, &to_carol, CallState::Ended);
    o.s.net.bye(o.alice, &to_bob);
    o.s.net.bye(o.bob, &new);
    o.s.net.assert_empty();

    let replaced = o.s.record(&to_carol);
    assert_eq!(field(&replaced, "account"), Some("alice"));
    assert_eq!(field(&replaced, "replaced_by"), Some(new.as_str()));
    assert_eq!(field(&replaced, "transferred_from"), Some(""));
    let record = o.s.record(&new);
    assert_eq!(field(&record, "account"), Some("alice"));
    assert_eq!(field(&record, "transferred_from"), Some(to_carol.as_str()));
    assert_eq!(field(&record, "replaced_by"), Some(""));
    assert_eq!(field(&o.s.record(&to_bob), "account"), Some("alice"));
    assert!(o.s.said(&format!("{new} of alice answered")));
}

#[test]
fn a_call_that_replaces_nothing_pays_for_itself() {
    let mut o = office();
    let options = InviteOptions::with_headers("Replaces: unknown;to-tag=1;from-tag=2\r\n");
    let call = o.s.net.invite_with(o.bob, &uri("carol"), &options);
    o.s.until(o.bob, &call, CallState::Answered);
    assert!(o.s.said("there is no call unknown to replace"));
    assert_eq!(o.s.value(&call, "account").as_deref(), Some("bob"));
    o.s.net.bye(o.bob, &call);
    o.s.net.assert_empty();
    assert_eq!(field(&o.s.record(&call), "account"), Some("bob"));
}

#[test]
fn a_call_that_is_over_cannot_be_replaced() {
    let mut o = office();
    let old = o.s.talk(o.alice, "carol");
    let replaces = o.replaces(&old);
    o.s.net.bye(o.alice, &old);
    o.s.net.run_for(std::time::Duration::from_millis(200));
    let call = o.s.net.invite_with(o.bob, &uri("carol"), &InviteOptions::with_headers(&replaces));
    o.s.until(o.bob, &call, CallState::Answered);
    assert!(o.s.said(&format!("there is no call {old} to replace")));
    o.s.net.bye(o.bob, &call);
    o.s.net.assert_empty();
    assert_eq!(field(&o.s.record(&old), "replaced_by"), Some(""));
}
