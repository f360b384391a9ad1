//! The stage of most tests here: one proxy between phones of 10.0.0.x, and the parts of its script.
use sipscript::testing::{CallState, Net, PhoneId, ServerId};

pub const SOCKET: &str = "socket = udp:10.0.0.1:5060\n";

pub const MODULES: &str = r#"
log_level = 3
xlog_level = 3
loadmodule "proto_udp.so"
loadmodule "signaling.so"
loadmodule "sl.so"
loadmodule "tm.so"
loadmodule "rr.so"
loadmodule "maxfwd.so"
loadmodule "sipmsgops.so"
loadmodule "dialog.so"
loadmodule "acc.so"
modparam("tm", "fr_timeout", 5)
modparam("tm", "fr_inv_timeout", 20)
"#;

/// What a proxy does with everything but initial requests.
pub const WITHIN: &str = r#"
	if (has_totag()) {
		if (is_method("ACK") && t_check_trans()) {
			t_relay();
			exit;
		}
		if (!loose_route()) {
			if (!is_method("ACK"))
				send_reply(404, "Not Here");
			exit;
		}
		t_relay();
		exit;
	}
	if (is_method("CANCEL")) {
		if (t_check_trans())
			t_relay();
		exit;
	}
"#;

/// A call is accounted, recorded and sent where its Request-URI says.
pub const RELAY: &str = r#"
	create_dialog("bye-on-timeout");
	do_accounting("log", "cdr");
	record_route();
	t_relay();
"#;

/// A script whose main route does the usual for requests within calls and `initial` for the others.
pub fn script(initial: &str, more: &str) -> String {
    format!("{SOCKET}{MODULES}{}", routes(initial, more))
}

pub fn routes(initial: &str, more: &str) -> String {
    format!("route {{\n{WITHIN}{initial}\n}}\n{more}\n")
}

pub struct Stage {
    pub net: Net,
    pub proxy: ServerId,
    pub alice: PhoneId,
    pub bob: PhoneId,
    pub carol: PhoneId,
}

pub const BOB: &str = "sip:bob@10.0.0.20";
pub const CAROL: &str = "sip:carol@10.0.0.30";

impl Stage {
    pub fn new(script: &str) -> Stage {
        Stage::seeded(script, 1)
    }

    pub fn seeded(script: &str, seed: u64) -> Stage {
        let mut net = Net::new(seed);
        let proxy = net.server(script);
        let alice = net.phone("alice", "10.0.0.10:5060", proxy);
        let bob = net.phone("bob", "10.0.0.20:5060", proxy);
        let carol = net.phone("carol", "10.0.0.30:5060", proxy);
        Stage { net, proxy, alice, bob, carol }
    }

    /// Alice calls and talks.
    pub fn talk(&mut self, uri: &str) -> String {
        let call = self.net.invite(self.alice, uri);
        self.until(&call, CallState::Answered);
        call
    }

    /// Waits for a state of Alice's call.
    pub fn until(&mut self, call: &str, state: CallState) {
        let alice = self.alice;
        self.net.wait(&format!("{state:?}"), |n| n.call(alice, call).state == state);
    }

    pub fn status(&self, call: &str) -> Option<u16> {
        self.net.call(self.alice, call).status
    }

    /// Lines of call records.
    pub fn records(&self) -> Vec<String> {
        self.net.log(self.proxy).with("ACC: call ended")
    }
}

/// The value of `name` in a line of `name=value;...`.
pub fn field<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    let pairs = line.split([';', ' ']).filter_map(|p| p.split_once('='));
    pairs.into_iter().find(|(n, _)| *n == name).map(|(_, value)| value)
}
