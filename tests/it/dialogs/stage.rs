//! A server with phones around it, and scripts put together from the lines a test is about.
use sipscript::sip::Method;
use sipscript::testing::{CallState, InviteOptions, Net, PhoneId, Policy, ServerId};
use std::time::Duration;

/// The lines of a script that a test brings along; the rest is the same for all.
#[derive(Clone, Copy, Default)]
pub struct Script<'a> {
    pub params: &'a str,
    /// For an initial INVITE, after `create_dialog()` and `record_route()`, before `t_relay()`.
    pub initial: &'a str,
    /// For a request within a call, after `loose_route()`, before `t_relay()`.
    pub within: &'a str,
    /// For an OPTIONS, a message outside any call.
    pub probe: &'a str,
    /// Further routes.
    pub routes: &'a str,
}

const HEAD: &str = r#"
log_level=4
xlog_level=4
socket=udp:10.0.0.1:5060
loadmodule "proto_udp.so"
loadmodule "sl.so"
loadmodule "signaling.so"
loadmodule "sipmsgops.so"
loadmodule "rr.so"
loadmodule "tm.so"
loadmodule "json.so"
loadmodule "dialog.so"
loadmodule "acc.so"
modparam("dialog", "profiles_with_value", "parked;grp;conf")
modparam("dialog", "profiles_no_value", "vip")
modparam("acc", "extra_fields", "log:dept;log:xfer;log:x")
modparam("acc", "leg_fields", "log:dst")
"#;

impl Script<'_> {
    fn text(&self) -> String {
        let Script { params, initial, within, probe, routes } = self;
        format!(
            r#"{HEAD}{params}
route {{
    if (is_method("OPTIONS")) {{
        {probe}
        sl_send_reply(200, "OK");
        exit;
    }}
    if (is_method("CANCEL")) {{
        t_relay();
        exit;
    }}
    if (has_totag()) {{
        loose_route();
        {within}
        t_relay();
        exit;
    }}
    create_dialog();
    record_route();
    {initial}
    t_relay();
}}
{routes}
"#
        )
    }
}

const USERS: [&str; 5] = ["alice", "bob", "carol", "dave", "eve"];
const SECOND: Duration = Duration::from_secs(1);

pub struct Stage {
    pub net: Net,
    pub server: ServerId,
    phones: Vec<PhoneId>,
    /// Script lines that were read.
    seen: usize,
}

impl Stage {
    pub fn new(script: &Script<'_>) -> Stage {
        Stage::run(&script.text())
    }

    /// A server with a script of the test's own.
    pub fn run(script: &str) -> Stage {
        let mut net = Net::new(1);
        let server = net.server(script);
        let phones = (0..USERS.len()).map(|n| net.phone(USERS[n], &address(n), server)).collect();
        Stage { net, server, phones, seen: 0 }
    }

    pub fn phone(&self, user: &str) -> PhoneId {
        self.phones[number(user)]
    }

    /// How a phone answers from now on.
    pub fn policy(&mut self, user: &str, policy: Policy) {
        let phone = self.phone(user);
        self.net.of_mut(phone).policy = policy;
    }

    /// A call that was answered and acknowledged; its Call-ID.
    pub fn call(&mut self, from: &str, to: &str) -> String {
        self.call_with(from, to, &InviteOptions::default())
    }

    pub fn call_with(&mut self, from: &str, to: &str, options: &InviteOptions) -> String {
        let id = self.dial_with(from, to, options);
        let phone = self.phone(from);
        self.net.wait("answer", |n| n.call(phone, &id).state == CallState::Answered);
        self.net.run_for(SECOND);
        id
    }

    /// A call that rings and is not answered.
    pub fn ring(&mut self, from: &str, to: &str) -> String {
        self.policy(to, Policy::ringing());
        let id = self.dial(from, to);
        let phone = self.phone(from);
        self.net.wait("ringing", |n| n.call(phone, &id).state == CallState::Ringing);
        self.policy(to, Policy::answering());
        id
    }

    pub fn dial(&mut self, from: &str, to: &str) -> String {
        self.dial_with(from, to, &InviteOptions::default())
    }

    /// Sends the INVITE and no more.
    pub fn dial_with(&mut self, from: &str, to: &str, options: &InviteOptions) -> String {
        let phone = self.phone(from);
        self.net.invite_with(phone, &uri(to), options)
    }

    /// The phone picks up a ringing call.
    pub fn pick_up(&mut self, user: &str, call: &str) {
        let phone = self.phone(user);
        self.net.answer(phone, call, 200);
        self.net.run_for(SECOND);
    }

    pub fn hang_up(&mut self, user: &str, call: &str) {
        let phone = self.phone(user);
        self.net.bye(phone, call);
        self.net.run_for(SECOND);
    }

    pub fn cancel(&mut self, user: &str, call: &str) {
        let phone = self.phone(user);
        self.net.cancel(phone, call);
        self.net.run_for(SECOND);
    }

    /// An INFO within a call, with whole header lines; what the scripts said meanwhile.
    pub fn info(&mut self, user: &str, call: &str, headers: &str) -> Vec<String> {
        self.lines();
        let phone = self.phone(user);
        self.net.request(phone, call, &Method::Info, headers);
        self.net.run_for(SECOND);
        self.lines()
    }

    pub fn reinvite(&mut self, user: &str, call: &str) {
        let phone = self.phone(user);
        self.net.tell(phone, |p, now| p.reinvite(now, call));
        self.net.run_for(SECOND);
    }

    /// An OPTIONS outside any call, with whole header lines; what the scripts said meanwhile.
    pub fn probe(&mut self, headers: &str) -> Vec<String> {
        self.lines();
        let phone = self.phone("eve");
        self.net.tell(phone, |p, now| p.send_outside(now, &Method::Options, "sip:10.0.0.1", headers));
        self.net.run_for(SECOND);
        self.lines()
    }

    /// What scripts said since this was asked last.
    pub fn lines(&mut self) -> Vec<String> {
        let all = self.net.log(self.server).script();
        let new = all[self.seen..].iter().map(|l| l.trim_end().to_owned()).collect();
        self.seen = all.len();
        new
    }

    /// Every accounting record so far.
    pub fn records(&self) -> Vec<String> {
        self.net.log(self.server).with("ACC: ")
    }

    /// The CDRs of a call.
    pub fn cdrs(&self, call: &str) -> Vec<String> {
        let of_call = format!(";call_id={call};");
        self.records().into_iter().filter(|r| r.starts_with("ACC: call ended: ") && r.contains(&of_call)).collect()
    }

    pub fn statistic(&self, name: &str) -> u64 {
        self.net.at(self.server).statistic("dialog", name)
    }

    /// Dialogs in the table.
    pub fn dialogs(&self) -> usize {
        self.net.at(self.server).sizes().dialogs
    }

    /// Hangs up whatever is answered; then every table must be empty, and no dialog held by anybody.
    pub fn close(mut self) {
        for phone in self.phones.clone() {
            let answered = |c: &&sipscript::testing::Call| c.state == CallState::Answered;
            let calls: Vec<String> = self.net.of(phone).calls().filter(answered).map(|c| c.id.to_string()).collect();
            for call in calls {
                self.net.bye(phone, &call);
                self.net.run_for(SECOND);
            }
        }
        self.net.assert_empty();
    }
}

fn number(user: &str) -> usize {
    USERS.iter().position(|u| *u == user).unwrap_or_else(|| panic!("nobody is called {user}"))
}

fn address(n: usize) -> String {
    format!("10.1.0.{}:5060", n + 1)
}

/// A user's address at its phone, or where nobody listens.
fn uri(to: &str) -> String {
    match USERS.iter().position(|u| *u == to) {
        Some(n) => format!("sip:{to}@{}", address(n)),
        None => format!("sip:{to}@10.9.9.9"),
    }
}
