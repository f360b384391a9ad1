//! What scripts see of the branches of a transaction, and branches that come later.
use super::stage::{BOB, Stage, script};
use sipscript::testing::Policy;

/// What the script said, line by line.
fn said(s: &Stage) -> Vec<String> {
    s.net.log(s.proxy).script().iter().map(|l| l.trim_end().to_owned()).collect()
}

/// Bob and Carol refuse, then Carol and a third refuse; the failure route says `line` after each attempt.
fn after_two_attempts(line: &str) -> Vec<String> {
    let initial = r#"
	t_on_failure("next");
	append_branch("sip:carol@10.0.0.30");
	t_relay();
"#;
    let routes = format!(
        r#"
failure_route[next] {{
	xlog("{line}\n");
	if ($(tm.branch.type[2]) == NULL) {{
		t_on_failure("next");
		$ru = "sip:carol@10.0.0.30;second";
		append_branch("sip:bob@10.0.0.20;second");
		t_relay();
	}}
}}
"#
    );
    let mut s = Stage::new(&script(initial, &routes));
    s.net.of_mut(s.bob).policy = Policy::rejecting(486);
    s.net.of_mut(s.carol).policy = Policy::rejecting(480);
    s.net.invite(s.alice, BOB);
    s.net.assert_empty();
    said(&s)
}

#[test]
fn branches_are_numbered_from_the_first_or_from_the_last_relay() {
    let lines = after_two_attempts(
        "$(tm.branch.uri[0]) $(tm.branch.uri[0/active]) $(tm.branch.uri[-1/ACTIVE]) $(tm.branch.uri[-3/active]) $(tm.branch.uri[1/all])",
    );
    let (bob, carol) = ("sip:bob@10.0.0.20", "sip:carol@10.0.0.30");
    assert_eq!(
        lines,
        [format!("{bob} {bob} {carol} <null> {carol}"), format!("{bob} {carol};second {bob};second <null> {carol}"),]
    );
}

#[test]
fn a_computed_index_takes_the_same_word() {
    let lines = after_two_attempts(
        "$(tm.branch.last_received[$T_branch_idx/active]) $(tm.branch.last_received[$T_branch_idx])",
    );
    assert_eq!(lines, ["480 480", "<null> 480"]);
}

#[test]
fn a_branch_about_to_leave_has_flags_and_attributes_and_nothing_else() {
    let initial = r#"
	setbflag("pstn");
	t_on_branch("out");
	t_on_reply("back");
	t_relay();
"#;
    let routes = r#"
branch_route[out] {
	xlog("flag $tm.branch.flag(pstn) uri $tm.branch.uri\n");
	$tm.branch.flag(pstn) = 0;
	$tm.branch.attr(leg) = "first";
}
onreply_route[back] {
	if ($rs == 200) xlog("flag $tm.branch.flag(pstn) attr $tm.branch.attr(leg) uri $tm.branch.uri\n");
}
"#;
    let mut s = Stage::new(&script(initial, routes));
    let call = s.talk(BOB);
    s.net.bye(s.alice, &call);
    s.net.assert_empty();
    assert_eq!(said(&s), ["flag true uri <null>", "flag false attr first uri sip:bob@10.0.0.20"]);
}

#[test]
fn a_waiting_invite_gets_the_branch_of_a_notification() {
    let initial = r#"
	t_newtran();
	t_wait_for_new_branches();
	t_relay();
	$avp(uri) = "sip:carol@10.0.0.30;late";
	$avp(received) = "";
	$avp(path) = "";
	$avp(qval) = 500;
	$avp(bflags) = 0;
	t_inject_branches("event");
	xlog("without a socket $rc\n");
	$avp(socket) = "";
	t_inject_branches("event", "last");
	xlog("complete $rc\n");
	t_wait_no_more_branches();
	xlog("nothing waits $rc\n");
"#;
    let mut s = Stage::new(&script(initial, ""));
    s.net.of_mut(s.bob).policy = Policy::rejecting(486);
    let call = s.talk(BOB);
    assert_eq!(s.net.call(s.carol, &call).state, sipscript::testing::CallState::Answered);
    s.net.bye(s.alice, &call);
    s.net.assert_empty();
    assert_eq!(said(&s), ["without a socket -1", "complete 1", "nothing waits -1"]);
}
