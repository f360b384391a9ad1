//! Events: slow messages, and events without an end.
use super::*;
use std::time::Duration;

#[test]
fn a_slow_message_is_logged_counted_and_raises_an_event() {
    let mut net = Net::new(
        r#"
        route { exit; }
        event_route[E_CORE_THRESHOLD] {
            xlog("L_NOTICE", "$param(source) $param(time) $(param(extra){s.len})\n");
        }
        "#,
    );
    let now = net.now();
    let from = CALLER.parse().unwrap();
    net.engine.slow(&mut net.shard, now, Duration::from_micros(1_500), from, b"OPTIONS sip:a SIP/2.0\r\n\r\n");
    let said = "`OPTIONS sip:a SIP/2.0` from 192.0.2.10:5060 took 1500 us, more than it may";
    assert_eq!(net.log(), [said, "msg processing 1500 25\n"]);
    assert_eq!(net.engine.core.counts.slow_messages.get(), 1);
}

#[test]
fn an_event_that_raises_itself_leaves_room_for_messages() {
    let mut net = Net::new(
        r#"
        route { xlog("L_NOTICE", "message\n"); raise_event("E_X"); }
        event_route[E_X] { xlog("L_NOTICE", "event\n"); raise_event("E_X"); }
        "#,
    );
    let told = |net: &Net, line: &str| net.log().iter().filter(|l| *l == line).count();
    net.recv(CALLER, &request("OPTIONS", "one", "sip:bob@192.0.2.1"));
    assert_eq!((told(&net, "message\n"), told(&net, "event\n")), (1, 1_000));
    net.recv(CALLER, &request("OPTIONS", "two", "sip:bob@192.0.2.1"));
    assert_eq!((told(&net, "message\n"), told(&net, "event\n")), (2, 2_000));
}
