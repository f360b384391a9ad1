//! Several branches at once: the winner, the losers, and what each branch has of its own.
use super::*;

const FORK: &str = r#"
route {
    $ru = "sip:bob@192.0.2.20";
    append_branch("sip:bob@192.0.2.30");
    t_relay();
}
"#;

fn two(net: &mut Net) -> (Sent, Sent) {
    let sent = net.recv(CALLER, &invite("sip:bob@192.0.2.1"));
    assert_eq!(whats(&sent), ["100", "INVITE", "INVITE"]);
    assert_eq!((sent[1].to.as_str(), sent[2].to.as_str()), (CALLEE, OTHER));
    assert_ne!(sent[1].header("Via"), sent[2].header("Via"));
    (sent[1].clone(), sent[2].clone())
}

#[test]
fn the_first_2xx_wins_and_the_other_branch_is_cancelled() {
    let mut net = Net::new(FORK);
    let (first, second) = two(&mut net);
    net.recv(CALLEE, &reply(&first, 180, "Ringing", "b1"));
    net.recv(OTHER, &reply(&second, 180, "Ringing", "b2"));
    let won = net.recv(OTHER, &reply(&second, 200, "OK", "b2"));
    assert_eq!(whats(&won), ["200", "CANCEL"]);
    assert_eq!(won[1].to, CALLEE);
    assert_eq!(won[1].header("Reason"), Some("SIP;cause=200;text=\"Call completed elsewhere\""));
    assert_eq!(won[1].header("Via"), first.header("Via"));
    assert_eq!(net.recv(CALLEE, &reply(&won[1], 200, "OK", "b1")), []);
    let ended = net.recv(CALLEE, &reply(&first, 487, "Request Terminated", "b1"));
    assert_eq!(whats(&ended), ["ACK"]);
    assert_eq!(whats(&net.recv(CALLEE, &reply(&first, 487, "Request Terminated", "b1"))), ["ACK"]);
    net.assert_empty();
}

#[test]
fn an_answered_fork_keeps_no_more_than_its_answer_once_the_losers_are_done() {
    let mut net = Net::new(FORK);
    let (first, second) = two(&mut net);
    net.recv(CALLEE, &reply(&first, 180, "Ringing", "b1"));
    let won = net.recv(OTHER, &reply(&second, 200, "OK", "b2"));
    net.recv(CALLEE, &reply(&won[1], 200, "OK", "b1"));
    net.recv(CALLEE, &reply(&first, 487, "Request Terminated", "b1"));
    net.advance(6_000);
    assert!(net.engine.core.transactions.search(|_| true).is_empty(), "INVITE and branches are still there");
    assert_eq!(whats(&net.recv(OTHER, &reply(&second, 200, "OK", "b2"))), ["200"]);
    assert_eq!(whats(&net.recv(CALLEE, &reply(&first, 487, "Request Terminated", "b1"))), ["ACK"]);
    assert_eq!(net.recv(CALLER, &invite("sip:bob@192.0.2.1")), []);
    net.assert_empty();
}

#[test]
fn a_silent_branch_is_cancelled_when_it_speaks() {
    let mut net = Net::new(FORK);
    let (first, second) = two(&mut net);
    assert_eq!(whats(&net.recv(OTHER, &reply(&second, 200, "OK", "b2"))), ["200"]);
    assert_eq!(whats(&net.recv(CALLEE, &reply(&first, 100, "Trying", ""))), ["CANCEL"]);
    net.recv(CALLEE, &reply(&first, 487, "Request Terminated", "b1"));
    net.assert_empty();
}

#[test]
fn a_2xx_that_crosses_the_cancel_goes_up_too() {
    let mut net = Net::new(FORK);
    let (first, second) = two(&mut net);
    net.recv(CALLEE, &reply(&first, 180, "Ringing", "b1"));
    net.recv(OTHER, &reply(&second, 200, "OK", "b2"));
    let late = net.recv(CALLEE, &reply(&first, 200, "OK", "b1"));
    assert_eq!(whats(&late), ["200"]);
    assert!(late[0].text.contains("tag=b1"));
    net.assert_empty();
}

#[test]
fn the_best_refusal_goes_up_when_all_branches_refused() {
    let mut net = Net::new(FORK);
    let (first, second) = two(&mut net);
    assert_eq!(whats(&net.recv(CALLEE, &reply(&first, 503, "Service Unavailable", "b1"))), ["ACK"]);
    let up = net.recv(OTHER, &reply(&second, 404, "Not Found", "b2"));
    assert_eq!(whats(&up), ["ACK", "404"]);
    assert_eq!(net.recv(CALLER, &hop("ACK", "sip:bob@192.0.2.1")), []);
    net.assert_empty();
}

#[test]
fn a_6xx_ends_the_search() {
    let mut net = Net::new(FORK);
    let (first, second) = two(&mut net);
    net.recv(OTHER, &reply(&second, 180, "Ringing", "b2"));
    let up = net.recv(CALLEE, &reply(&first, 603, "Decline", "b1"));
    assert_eq!(whats(&up), ["ACK", "CANCEL", "603"]);
    net.recv(OTHER, &reply(&second, 487, "Request Terminated", "b2"));
    net.recv(CALLER, &hop("ACK", "sip:bob@192.0.2.1"));
    net.assert_empty();
}

#[test]
fn a_6xx_competes_when_told_to() {
    let mut net = Net::new(&format!("modparam(\"tm\", \"disable_6xx_block\", 1){FORK}"));
    let (first, second) = two(&mut net);
    assert_eq!(whats(&net.recv(CALLEE, &reply(&first, 603, "Decline", "b1"))), ["ACK"]);
    assert_eq!(whats(&net.recv(OTHER, &reply(&second, 200, "OK", "b2"))), ["200"]);
    net.assert_empty();
}

#[test]
fn challenges_of_all_branches_join() {
    let mut net = Net::new(FORK);
    let (first, second) = two(&mut net);
    let one = "WWW-Authenticate: Digest realm=\"one\", nonce=\"1\"\r\n";
    let two = "Proxy-Authenticate: Digest realm=\"two\", nonce=\"2\"\r\n";
    net.recv(CALLEE, &reply_with(&first, 401, "Unauthorized", "b1", one));
    let up = net.recv(OTHER, &reply_with(&second, 407, "Proxy Authentication Required", "b2", two));
    assert_eq!(whats(&up), ["ACK", "401"]);
    assert!(up[1].text.contains(one) && up[1].text.contains(two), "{}", up[1].text);
    net.assert_empty();
}

#[test]
fn a_503_alone_becomes_500() {
    let mut net = Net::new("route { $du = \"sip:192.0.2.20\"; t_relay(); }");
    let sent = net.recv(CALLER, &invite("sip:bob@192.0.2.1"));
    let up = net.recv(CALLEE, &reply(&sent[1], 503, "Service Unavailable", "b1"));
    assert_eq!(whats(&up), ["ACK", "500"]);
}

#[test]
fn branch_routes_change_their_branch_alone() {
    let mut net = Net::new(
        r#"
        route { t_on_branch("each"); $ru = "sip:bob@192.0.2.20"; append_branch("sip:bob@192.0.2.30"); t_relay(); }
        branch_route[each] {
            xlog("L_NOTICE", "branch $T_branch_idx $rd\n");
            if ($T_branch_idx == 1) $rU = "robert";
        }
        "#,
    );
    let (first, second) = two(&mut net);
    assert!(first.text.starts_with("INVITE sip:bob@192.0.2.20 SIP/2.0\r\n"));
    assert!(second.text.starts_with("INVITE sip:robert@192.0.2.30 SIP/2.0\r\n"));
    let log = net.log();
    assert_eq!(log[log.len() - 2..], ["branch 0 192.0.2.20\n", "branch 1 192.0.2.30\n"]);
}

#[test]
fn a_branch_can_be_dropped_and_all_of_them_mean_500() {
    let script = |when: &str| {
        format!(
            "route {{ t_on_branch(\"each\"); $ru = \"sip:bob@192.0.2.20\"; append_branch(\"sip:bob@192.0.2.30\"); t_relay(); }}
             branch_route[each] {{ if ({when}) drop; }}"
        )
    };
    let mut net = Net::new(&script("$rd == \"192.0.2.20\""));
    let sent = net.recv(CALLER, &invite("sip:bob@192.0.2.1"));
    assert_eq!((whats(&sent), sent[1].to.as_str()), (vec!["100", "INVITE"], OTHER));
    let mut net = Net::new(&script("$T_branch_idx < 9"));
    assert_eq!(whats(&net.recv(CALLER, &invite("sip:bob@192.0.2.1"))), ["100", "500"]);
    net.recv(CALLER, &hop("ACK", "sip:bob@192.0.2.1"));
    net.assert_empty();
}

#[test]
fn reply_routes_run_branch_first_and_may_drop_provisionals() {
    let mut net = Net::new(
        r#"
        route { t_on_branch("each"); t_on_reply("all"); $ru = "sip:bob@192.0.2.20"; t_relay(); }
        branch_route[each] { t_on_reply("own"); $bavp(tag) = "first"; }
        onreply_route { xlog("L_NOTICE", "global $rs\n"); }
        onreply_route[own] { xlog("L_NOTICE", "own $rs $bavp(tag) $T_branch_idx\n"); if ($rs == 183) drop; }
        onreply_route[all] { xlog("L_NOTICE", "all $rs $(<request>ru)\n"); append_hf("X-Seen: yes\r\n"); }
        "#,
    );
    let sent = net.recv(CALLER, &invite("sip:bob@192.0.2.1"));
    assert_eq!(net.recv(CALLEE, &reply(&sent[1], 183, "Session Progress", "b1")), []);
    let up = net.recv(CALLEE, &reply(&sent[1], 180, "Ringing", "b1"));
    assert_eq!(up[0].header("X-Seen"), Some("yes"));
    assert_eq!(
        net.log(),
        ["global 183\n", "own 183 first 0\n", "global 180\n", "own 180 first 0\n", "all 180 sip:bob@192.0.2.1\n"]
    );
    let ok = reply(&sent[1], 200, "OK", "b1");
    let first = net.recv(CALLEE, &ok);
    assert_eq!(net.recv(CALLEE, &ok), first, "a repeated 2xx keeps what the routes changed");
    net.assert_empty();
}

#[test]
fn answers_of_two_forks_are_repeated_without_a_record() {
    let mut net =
        Net::new(&format!("loadmodule \"acc.so\"{}", FORK.replace("t_relay", "do_accounting(\"log\"); t_relay")));
    let (first, second) = two(&mut net);
    net.recv(CALLEE, &reply(&first, 180, "Ringing", "b1"));
    for _ in 0..2 {
        for (from, branch, tag) in [(OTHER, &second, "b2"), (CALLEE, &first, "b1")] {
            let up = net.recv(from, &reply(branch, 200, "OK", tag));
            let answer = up.iter().find(|s| s.what() == "200").expect("it goes up");
            assert!(answer.text.contains(tag), "{}", answer.text);
        }
    }
    assert_eq!(net.log().iter().filter(|l| l.contains("transaction answered")).count(), 2);
    net.advance(10_000);
    assert!(net.recv(OTHER, &reply(&second, 200, "OK", "b2"))[0].text.contains("b2"));
    assert!(net.recv(CALLEE, &reply(&first, 200, "OK", "b1"))[0].text.contains("b1"));
    net.assert_empty();
}

#[test]
fn a_fork_that_answers_late_is_part_of_the_call() {
    let script = r#"
        loadmodule "rr.so"
        loadmodule "dialog.so"
        route {
            if ($tt != NULL) { match_dialog(); xlog("$rm $DLG_dir\n"); exit; }
            create_dialog(); $ru = "sip:bob@192.0.2.20"; t_relay();
        }
    "#;
    let mut net = Net::new(script);
    let sent = net.recv(CALLER, &invite("sip:bob@192.0.2.1"));
    net.recv(CALLEE, &reply(&sent[1], 200, "OK", "b1"));
    assert!(net.engine.core.transactions.search(|_| true).is_empty(), "the INVITE is still there");
    assert_eq!(whats(&net.recv(CALLEE, &reply(&sent[1], 200, "OK", "b2"))), ["200"]);
    let within = |tag: &str| {
        let to = format!("To: <sip:bob@example.com>;tag={tag}");
        let info = request("INFO", tag, "sip:bob@192.0.2.20");
        let old = info.lines().find(|l| l.starts_with("To:")).expect("a To").to_owned();
        info.replace(&old, &to)
    };
    net.recv(CALLER, &within("b2"));
    net.recv(CALLER, &within("b3"));
    let seen: Vec<_> = net.log().into_iter().filter(|l| l.contains("INFO")).collect();
    assert!(seen[0].contains("INFO downstream") && seen[1].contains("INFO <null>"), "{seen:?}");
}
