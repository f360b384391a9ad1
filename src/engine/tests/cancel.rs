//! CANCEL of the caller, in every state of its INVITE.
use super::*;

const SCRIPT: &str = r#"
route {
    if ($rm == "CANCEL") {
        if (t_check_trans()) { t_relay(); } else { xlog("L_NOTICE", "unknown\n"); }
        exit;
    }
    if ($rm == "ACK") { t_relay(); exit; }
    $ru = "sip:bob@192.0.2.20";
    t_relay();
}
"#;

const URI: &str = "sip:bob@192.0.2.1";

#[test]
fn of_a_ringing_call_is_passed_on_and_ends_in_487() {
    let mut net = Net::new(SCRIPT);
    let sent = net.recv(CALLER, &invite(URI));
    net.recv(CALLEE, &reply(&sent[1], 180, "Ringing", "b1"));
    let cancelled = net.recv(CALLER, &hop("CANCEL", URI));
    assert_eq!(whats(&cancelled), ["200", "CANCEL"]);
    assert_eq!((cancelled[0].to.as_str(), cancelled[1].to.as_str()), (CALLER, CALLEE));
    assert_eq!(cancelled[1].header("Reason"), Some("SIP;cause=487;text=\"ORIGINATOR_CANCEL\""));
    assert_eq!(cancelled[1].header("CSeq"), Some("1 CANCEL"));
    assert_eq!(whats(&net.recv(CALLER, &hop("CANCEL", URI))), ["200"], "a repeated CANCEL is answered again");
    assert_eq!(net.recv(CALLEE, &reply(&cancelled[1], 200, "OK", "b1")), []);
    let up = net.recv(CALLEE, &reply(&sent[1], 487, "Request Terminated", "b1"));
    assert_eq!(whats(&up), ["ACK", "487"]);
    net.recv(CALLER, &hop("ACK", URI));
    net.assert_empty();
}

#[test]
fn before_a_provisional_waits_for_it() {
    let mut net = Net::new(SCRIPT);
    let sent = net.recv(CALLER, &invite(URI));
    assert_eq!(whats(&net.recv(CALLER, &hop("CANCEL", URI))), ["200"]);
    let late = net.recv(CALLEE, &reply(&sent[1], 180, "Ringing", "b1"));
    assert!(whats(&late).contains(&"CANCEL"), "{late:?}");
    assert!(whats(&net.recv(CALLEE, &reply(&sent[1], 487, "Request Terminated", "b1"))).contains(&"487"));
    net.recv(CALLER, &hop("ACK", URI));
    net.assert_empty();
}

#[test]
fn crossing_a_200_changes_nothing() {
    let mut net = Net::new(SCRIPT);
    let sent = net.recv(CALLER, &invite(URI));
    net.recv(CALLEE, &reply(&sent[1], 180, "Ringing", "b1"));
    net.recv(CALLER, &hop("CANCEL", URI));
    assert_eq!(whats(&net.recv(CALLEE, &reply(&sent[1], 200, "OK", "b1"))), ["200"]);
    net.assert_empty();
}

#[test]
fn after_the_200_is_answered_and_goes_no_further() {
    let mut net = Net::new(SCRIPT);
    let sent = net.recv(CALLER, &invite(URI));
    net.recv(CALLEE, &reply(&sent[1], 200, "OK", "b1"));
    assert_eq!(whats(&net.recv(CALLER, &hop("CANCEL", URI))), ["200"]);
    net.assert_empty();
}

#[test]
fn of_an_unknown_call_is_the_scripts() {
    let mut net = Net::new(SCRIPT);
    assert_eq!(net.recv(CALLER, &hop("CANCEL", URI)), []);
    assert_eq!(net.log(), ["unknown\n"]);
    net.assert_empty();
}

#[test]
fn of_a_call_that_nobody_answers_any_more_ends_by_time() {
    let mut net = Net::new(SCRIPT);
    let sent = net.recv(CALLER, &invite(URI));
    net.recv(CALLEE, &reply(&sent[1], 180, "Ringing", "b1"));
    net.recv(CALLER, &hop("CANCEL", URI));
    let later = net.advance(33_000);
    assert!(later.iter().any(|(_, s)| s.what() == "CANCEL"), "the CANCEL is repeated");
    assert!(later.iter().any(|(_, s)| s.what() == "408" || s.what() == "487"), "{:?}", later.last());
    net.recv(CALLER, &hop("ACK", URI));
    net.assert_empty();
}

#[test]
fn may_pass_its_own_reason_on() {
    let script = SCRIPT.replace("t_check_trans()) { t_relay();", "t_check_trans()) { t_relay(\"pass-reason-hdr\");");
    let mut net = Net::new(&script);
    let sent = net.recv(CALLER, &invite(URI));
    net.recv(CALLEE, &reply(&sent[1], 180, "Ringing", "b1"));
    let cancel = hop("CANCEL", URI).replace("Content-Length", "Reason: SIP;cause=600\r\nContent-Length");
    let cancelled = net.recv(CALLER, &cancel);
    assert_eq!(cancelled[1].header("Reason"), Some("SIP;cause=600"));
}

#[test]
fn of_a_call_that_waits_for_branches_is_answered_here() {
    let mut net = Net::new(
        r#"
        route {
            if ($rm == "CANCEL") { t_relay(); exit; }
            if ($rm == "ACK") { t_relay(); exit; }
            t_newtran();
            t_reply(180, "Ringing");
            t_wait_for_new_branches();
        }
        "#,
    );
    assert_eq!(whats(&net.recv(CALLER, &invite(URI))), ["100", "180"]);
    assert_eq!(whats(&net.recv(CALLER, &hop("CANCEL", URI))), ["200", "487"]);
    net.recv(CALLER, &hop("ACK", URI));
    net.assert_empty();
}

#[test]
fn a_call_cancelled_in_its_failure_route_goes_nowhere_else() {
    let mut net = Net::new(
        r#"
        route {
            if ($rm == "CANCEL") { t_relay(); exit; }
            if ($rm == "ACK") { t_relay(); exit; }
            t_on_failure("next"); $ru = "sip:bob@192.0.2.20"; t_relay();
        }
        failure_route[next] { $ru = "sip:bob@192.0.2.30"; t_relay(); xlog("L_NOTICE", "$rc\n"); }
        "#,
    );
    let sent = net.recv(CALLER, &invite(URI));
    net.recv(CALLEE, &reply(&sent[1], 180, "Ringing", "b1"));
    net.recv(CALLER, &hop("CANCEL", URI));
    let up = net.recv(CALLEE, &reply(&sent[1], 487, "Request Terminated", "b1"));
    assert_eq!(whats(&up), ["ACK", "487"]);
    assert_eq!(net.log(), ["-3\n"]);
    net.recv(CALLER, &hop("ACK", URI));
    net.assert_empty();
}

#[test]
fn matched_by_the_script_it_keeps_that_dialog() {
    let mut net = Net::new(
        r#"
        loadmodule "dialog.so"
        route {
            if (has_totag()) {
                if ($rm == "CANCEL") {
                    match_dialog();
                    t_check_trans();
                    xlog("L_NOTICE", "$DLG_status\n");
                }
            } else
                create_dialog();
            $ru = "sip:bob@192.0.2.20";
            t_relay();
        }
        "#,
    );
    let within = |method: &str, branch: &str| {
        request(method, branch, "sip:bob@192.0.2.1").replace("<sip:bob@192.0.2.1>", "<sip:bob@192.0.2.1>;tag=b")
    };
    let sent = net.recv(CALLER, &invite("sip:bob@192.0.2.1"));
    net.recv(CALLEE, &reply(&sent[1], 200, "OK", "b"));
    // The re-INVITE was not matched, its CANCEL is.
    let again = net.recv(CALLER, &within("INVITE", "two"));
    net.recv(CALLEE, &reply(&again[1], 180, "Ringing", "b"));
    net.recv(CALLER, &within("CANCEL", "two"));
    assert_eq!(net.log(), ["3\n"]);
}
