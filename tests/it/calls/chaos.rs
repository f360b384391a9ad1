//! Phones that do anything at any time, over any network: whatever happens, it comes to an end and is recorded once.
use super::stage::{SOCKET, field, routes};
use sipscript::base::IdGen;
use sipscript::sip::Method;
use sipscript::testing::{CallState, InviteOptions, Net, PhoneId, Policy, Weather};
use std::collections::HashMap;
use std::time::Duration;

const GLOBALS: &str = r#"
log_level = 2
loadmodule "proto_udp.so"
loadmodule "signaling.so"
loadmodule "sl.so"
loadmodule "tm.so"
loadmodule "rr.so"
loadmodule "maxfwd.so"
loadmodule "sipmsgops.so"
loadmodule "dialog.so"
loadmodule "acc.so"
modparam("tm", "fr_timeout", 4)
modparam("tm", "fr_inv_timeout", 8)
modparam("dialog", "profiles_with_value", "room")
modparam("acc", "extra_fields", "log:seen")
"#;

const INITIAL: &str = r#"
	create_dialog("bye-on-timeout");
	do_accounting("log", "cdr");
	record_route();
	$DLG_timeout = 20;
	set_dlg_profile("room", "one");
	$dlg_val(who) = $fU;
	dlg_on_answer("answered");
	dlg_on_hangup("over");
	t_on_branch("leaving");
	t_on_reply("replied");
	t_on_failure("refused");
	if (is_present_hf("X-Load") && load_dialog_ctx($hdr(X-Load), "callid")) {
		$avp(seen) = $dlg_val(who);
		$dlg_val(seen_by) = $ci;
		if ($DLG_status > 2 && acc_load_ctx_from_dlg())
			$acc_extra(seen) = $avp(seen);
	}
	if (is_present_hf("X-Fork"))
		append_branch($hdr(X-Fork));
	if (!t_relay())
		send_reply(480, "Nowhere To Go");
"#;

const MORE: &str = r#"
branch_route[leaving] {
	if (is_present_hf("X-Load"))
		load_dialog_ctx($hdr(X-Load), "callid");
	$avp(status) = $DLG_status;
}

onreply_route[replied] {
	if (is_present_hf("X-Drop") && $rs < 200)
		drop;
	if ($rs == 200 && load_dialog_ctx($ci, "callid"))
		$dlg_val(answered_by) = $si;
}

failure_route[refused] {
	if (t_was_cancelled())
		exit;
	if ($avp(tried) == NULL) {
		$avp(tried) = 1;
		t_on_failure("refused");
		$ru = "sip:quick@slow.example.org";
		t_relay();
	}
}

route[answered] {
	load_dialog_ctx($dlg_val(who), "callid");
}

route[over] {
	if (get_profile_size("room", "one", $var(n)))
		$avp(n) = $var(n);
	load_dialog_ctx("nothing", "callid");
}
"#;

/// What phones do with calls, by the user that is called.
const POLICIES: &[(&str, &[(u64, u16)])] = &[
    ("quick", &[(50, 200)]),
    ("ring", &[(0, 180), (700, 200)]),
    ("media", &[(10, 183), (20, 180), (900, 200)]),
    ("busy", &[(30, 486)]),
    ("gone", &[(0, 180), (600, 404)]),
    ("never", &[(0, 180)]),
    ("stop", &[(100, 603)]),
    ("mute", &[]),
];

struct Chaos {
    net: Net,
    lot: IdGen,
    callers: Vec<PhoneId>,
    callees: Vec<PhoneId>,
    /// Caller and Call-ID.
    calls: Vec<(PhoneId, String)>,
}

impl Chaos {
    fn new(seed: u64) -> Chaos {
        let mut lot = IdGen::new(seed);
        let mut net = Net::new(seed);
        let script = format!("{SOCKET}{GLOBALS}{}", routes(INITIAL, MORE));
        let server = net.server_with(&script, 3);
        let phones = |net: &mut Net, side: u8| -> Vec<_> {
            (0..6).map(|n| net.phone(&format!("p{n}"), &format!("10.0.{side}.{n}:5060"), server)).collect()
        };
        let (callers, callees) = (phones(&mut net, 2), phones(&mut net, 1));
        for phone in &callees {
            let policies = &mut net.of_mut(*phone).policies;
            policies.extend(POLICIES.iter().map(|(user, steps)| ((*user).to_owned(), Policy::steps(steps))));
        }
        net.names.set_slow("slow.example.org", &["10.0.1.5"], Duration::from_millis(300 + lot.below(900)));
        net.names.set("there.example.org", &["10.0.1.4"]);
        net.weather = Weather {
            loss: [0, 0, 100, 250][lot.below(4) as usize],
            duplicate: [0, 100][lot.below(2) as usize],
            delay: Duration::from_millis(1 + lot.below(20)),
            jitter: Duration::from_millis(lot.below(200)),
        };
        Chaos { net, lot, callers, callees, calls: Vec::new() }
    }

    fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.lot.below(of.len() as u64) as usize]
    }

    fn call(&mut self) {
        let callers = self.callers.clone();
        let (caller, callee) = (self.one(&callers), self.lot.below(6));
        let host = match self.lot.below(6) {
            0 => "there.example.org".to_owned(),
            1 => "nowhere.example.org".to_owned(),
            _ => format!("10.0.1.{callee}"),
        };
        let mut headers = String::new();
        if let Some((_, other)) = self.any() {
            headers.push_str(&format!("X-Load: {other}\r\n"));
        }
        if self.lot.below(4) == 0 {
            headers.push_str(&format!("X-Fork: sip:{}@10.0.1.{}\r\n", self.one(POLICIES).0, self.lot.below(6)));
        }
        if self.lot.below(8) == 0 {
            headers.push_str("X-Drop: yes\r\n");
        }
        let uri = format!("sip:{}@{host}", self.one(POLICIES).0);
        let call = self.net.invite_with(caller, &uri, &InviteOptions::with_headers(&headers));
        self.calls.push((caller, call));
    }

    fn any(&mut self) -> Option<(PhoneId, String)> {
        let at = self.lot.below(self.calls.len() as u64) as usize;
        self.calls.get(at).cloned()
    }

    /// Somebody does something to some call.
    fn act(&mut self) {
        let Some((caller, call)) = self.any() else { return };
        let phones = [self.callees.clone(), vec![caller; 6]].concat();
        let who = self.one(&phones);
        match self.lot.below(8) {
            0 | 1 => self.net.cancel(who, &call),
            2 | 3 => self.net.bye(who, &call),
            4 => self.net.tell(who, |p, now| p.reinvite(now, &call)),
            5 => self.net.request(who, &call, &Method::Info, ""),
            6 => self.net.answer(who, &call, 200),
            _ => self.net.answer(who, &call, 488),
        }
    }

    fn run(&mut self) {
        for _ in 0..40 {
            self.call();
            for _ in 0..self.lot.below(5) {
                let pause = Duration::from_millis(self.lot.below(400));
                self.net.run_for(pause);
                self.act();
            }
        }
    }
}

fn check(seed: u64) {
    let mut chaos = Chaos::new(seed);
    chaos.run();
    // Whoever still talks is hung up by the lifetime of his call.
    chaos.net.run_for(Duration::from_secs(120));
    let server = sipscript::testing::ServerId::FIRST;
    let mut settled = chaos.net;
    assert!(settled.comes_to_rest(), "seed {seed}\n{}", settled.history());
    let left = settled.at(server).sizes();
    let left = (left.transactions, left.dialogs, left.dialogs_alive, left.dialog_index, left.suspended);
    assert_eq!(left, (0, 0, 0, 0, 0), "seed {seed}\n{}", settled.history());
    assert_eq!(settled.log(server).count("a fault of this server"), 0, "seed {seed}");

    let mut records: HashMap<String, usize> = HashMap::new();
    for line in settled.log(server).with("ACC: call ended") {
        *records.entry(field(&line, "call_id").unwrap_or_default().to_owned()).or_default() += 1;
    }
    for (caller, call) in &chaos.calls {
        let status = settled.call(*caller, call).status.unwrap_or(0);
        let answered = status == 200;
        let recorded = records.get(call.as_str()).copied().unwrap_or(0);
        assert!(recorded <= 1, "seed {seed}: {call} has {recorded} records");
        assert!(!answered || recorded == 1, "seed {seed}: {call} was answered and has no record");
        // Without loss the caller hears of every answer first, but one that crosses a 6xx.
        let heard = answered || status >= 600 || settled.weather.loss > 0;
        assert!(heard || recorded == 0, "seed {seed}: {call} is recorded and ended with {status}");
        assert_ne!(settled.call(*caller, call).state, CallState::Calling, "seed {seed}: {call} hangs");
    }
}

#[test]
fn whatever_phones_do_comes_to_an_end() {
    (1..=30).for_each(check);
}
