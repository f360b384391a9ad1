//! Drives calls and bad datagrams through one server, and compares what comes of them with the model.
use super::bad_input::{self, Answer};
use super::plan::{Course, LIFETIME, Plan, SURE, Side, TEAMS};
use crate::calls::stage::field;
use ahash::AHashMap;
use bytes::Bytes;
use sipscript::base::{IdGen, Instant};
use sipscript::context::{Faults, Level};
use sipscript::sip::{Framing, Message, Method};
use sipscript::testing::{CallState, Net, PhoneId, Policy, ServerId, Sizes, Weather};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

/// Between two calls.
const PACE: Duration = Duration::from_millis(2);
const PHONES: usize = 8;
/// Findings kept; one is enough to fail.
const KEPT: usize = 20;

pub struct Soak {
    net: Net,
    server: ServerId,
    callers: Vec<PhoneId>,
    callees: Vec<PhoneId>,
    voicemail: PhoneId,
    asker: PhoneId,
    attackers: Vec<SocketAddr>,
    lot: IdGen,
    calls: Vec<Plan>,
    /// Calls that may be loadable, by number.
    living: Vec<usize>,
    agenda: BTreeMap<(Instant, u64), Step>,
    steps: u64,
    records: AHashMap<String, Vec<String>>,
    bad: AHashMap<String, (&'static bad_input::Bad, Vec<u16>)>,
    pub report: Report,
}

/// What was done, and what was wrong.
#[derive(Debug, Default)]
pub struct Report {
    pub answered: usize,
    pub loads: usize,
    pub bad: usize,
    /// Datagrams that the network carried.
    pub carried: u64,
    pub leaked: u64,
    pub wrong: Vec<String>,
    pub wrong_count: usize,
    pub left: Sizes,
}

enum Step {
    Begin,
    Cancel(usize),
    HangUp(usize),
    /// Everything about the call is over.
    Verify(usize),
    AskSizes,
    ReadSizes(&'static str),
}

impl Soak {
    pub fn new(seed: u64, inject: impl FnOnce(&Faults)) -> Soak {
        let mut net = Net::new(seed);
        let server = net.server_with(include_str!("script.cfg"), 4);
        inject(&net.at(server).engine.core.faults);
        let callers: Vec<_> =
            (1..=PHONES).map(|n| net.phone(&format!("caller{n}"), &format!("10.0.2.{n}:5060"), server)).collect();
        let callees: Vec<_> =
            (1..=PHONES).map(|n| net.phone(&format!("callee{n}"), &format!("10.0.1.{n}:5060"), server)).collect();
        for (n, phone) in callees.iter().enumerate() {
            net.names.set(&format!("callee{n}.example.org"), &[&format!("10.0.1.{}", n + 1)]);
            let policies = &mut net.of_mut(*phone).policies;
            policies.insert("quick".into(), Policy::steps(&[(100, 200)]));
            policies.insert("ringing".into(), Policy::steps(&[(0, 180), (100, 200)]));
            policies.insert("busy".into(), Policy::rejecting(486));
            policies.insert("refusing".into(), Policy::rejecting(603));
            policies.insert("waiting".into(), Policy::ringing());
            policies.insert("dead".into(), Policy::silent());
        }
        let voicemail = net.phone("voicemail", "10.0.1.100:5060", server);
        net.of_mut(voicemail).policy = Policy::steps(&[(50, 200)]);
        let asker = net.phone("asker", "10.0.3.1:5060", server);
        let attackers = (1..=4).map(|n| net.ear(&format!("10.0.9.{n}:5060"))).collect();
        net.ear("10.0.9.200:5060");
        net.weather = Weather { duplicate: 20, jitter: Duration::from_millis(1), ..Weather::FAIR };
        Soak {
            net,
            server,
            callers,
            callees,
            voicemail,
            asker,
            attackers,
            lot: IdGen::new(seed ^ 0x5eed),
            calls: Vec::new(),
            living: Vec::new(),
            agenda: BTreeMap::new(),
            steps: 0,
            records: AHashMap::default(),
            bad: AHashMap::default(),
            report: Report::default(),
        }
    }

    /// Drives `calls` calls to their end, and looks at what is left.
    pub fn run(mut self, calls: usize) -> Report {
        for n in 0..calls {
            self.plan(PACE * n as u32, Step::Begin);
            if n % 100 == 99 {
                self.plan(PACE * n as u32, Step::AskSizes);
            }
        }
        while let Some(((at, _), step)) = self.agenda.pop_first() {
            let wait = at.since(self.net.now().mono);
            self.net.run_for(wait);
            self.take(step);
        }
        if !self.net.comes_to_rest() {
            self.wrong("the network does not come to rest".to_owned());
        }
        self.finish()
    }

    fn plan(&mut self, after: Duration, step: Step) {
        self.steps += 1;
        self.agenda.insert((self.net.now().mono + after, self.steps), step);
    }

    fn plan_at(&mut self, at: Instant, step: Step) {
        self.plan(at.since(self.net.now().mono), step);
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::Begin => {
                self.begin();
                self.attack();
            }
            Step::Cancel(n) => {
                let (caller, id) = self.caller_of(n);
                self.net.cancel(caller, &id);
            }
            Step::HangUp(n) => self.hang_up(n),
            Step::Verify(n) => self.verify(n),
            Step::AskSizes => self.ask_sizes(),
            Step::ReadSizes(team) => self.read_sizes(team),
        }
    }

    fn begin(&mut self) {
        let number = self.calls.len();
        let now = self.net.now().mono;
        let sides = (self.draw(PHONES), self.draw(PHONES));
        let mut plan = Plan::draw(number, now, sides, &mut self.lot);
        let headers = self.headers(&mut plan, now);
        let host = match plan.held.is_empty() {
            true => format!("10.0.1.{}", sides.1 + 1),
            false => format!("callee{}.example.org", sides.1),
        };
        let uri = format!("sip:{}@{host}", plan.course.user(&mut self.lot));
        self.net.invite_with(self.callers[sides.0], &uri, &plan.options(headers));
        match plan.course {
            Course::GivenUp => self.plan_at(plan.ends, Step::Cancel(number)),
            Course::Talk(_) | Course::Voicemail => self.plan_at(plan.ends, Step::HangUp(number)),
            Course::Expires | Course::Refused | Course::Dead => (),
        }
        self.plan_at(plan.ends + Duration::from_millis(1_500), Step::Verify(number));
        if plan.course.is_answered() {
            self.living.push(number);
        }
        self.calls.push(plan);
    }

    /// What the INVITE asks the script to do, and what the model expects of it.
    fn headers(&mut self, plan: &mut Plan, now: Instant) -> String {
        let own = plan.account.clone();
        let mut headers = format!("X-Account: {own}\r\nX-Team: {}\r\n", plan.team);
        if plan.flagged {
            headers.push_str("X-Flag: yes\r\n");
        }
        if plan.course == Course::Expires {
            headers.push_str(&format!("X-Lifetime: {LIFETIME}\r\n"));
        }
        match self.draw(20) {
            0 => headers.push_str(&self.load_nothing(plan, "ghost", &own)),
            1 if !self.calls.is_empty() => {
                let over = self.calls.iter().find(|c| c.ends + Duration::from_secs(1) < now).map(|c| c.id.clone());
                headers.push_str(&self.load_nothing(plan, over.as_deref().unwrap_or("ghost"), &own));
            }
            2 => (),
            _ => headers.push_str(&self.load(plan, now, &own)),
        }
        if let Some(target) = self.one_in(10, now) {
            headers.push_str(&format!("X-At-Answer: {}\r\n", self.calls[target].id));
            plan.at_answer = self.calls[target].account.clone();
        }
        if plan.course.is_answered()
            && plan.course != Course::Voicemail
            && let Some(target) = self.one_in(20, now)
        {
            headers.push_str(&format!("X-Hold: {}\r\n", self.calls[target].id));
            plan.held = self.calls[target].account.clone();
        } else if let Some(target) = self.one_in(20, now) {
            headers.push_str(&format!("X-Leak: {}\r\n", self.calls[target].id));
            self.report.leaked += 1;
        }
        headers
    }

    fn load_nothing(&mut self, plan: &mut Plan, id: &str, own: &str) -> String {
        plan.seen = Some(format!("none;own={own}"));
        plan.voice = Some("none".to_owned());
        format!("X-Load: {id}\r\n")
    }

    /// Loads a living call, and another one on top of it now and then.
    fn load(&mut self, plan: &mut Plan, now: Instant, own: &str) -> String {
        let Some(first) = self.loadable(now) else { return String::new() };
        let second = self.one_in(4, now);
        self.report.loads += 1;
        self.calls[first].loads += 1;
        let Plan { id, team, flagged, account, .. } = self.calls[first].clone();
        let mut headers = format!("X-Load: {id}\r\nX-Load-Team: {team}\r\n");
        let mut nested = "none".to_owned();
        if let Some(second) = second {
            self.report.loads += 1;
            self.calls[second].loads += 1;
            nested.clone_from(&self.calls[second].account);
            headers.push_str(&format!("X-Nested: {}\r\n", self.calls[second].id));
        }
        let flag = u8::from(flagged);
        plan.seen = Some(format!("{account};4;{flag};1;{account};{nested};{account};own={own}"));
        plan.voice = Some(account.clone());
        plan.flagged |= flagged;
        plan.account = account;
        plan.guest_of = Some(team);
        plan.source = id;
        headers
    }

    fn hang_up(&mut self, number: usize) {
        let now = self.net.now().mono;
        let plan = self.calls[number].clone();
        let (caller, id) = self.caller_of(number);
        let callee = if plan.course == Course::Voicemail { self.voicemail } else { self.callees[plan.callee] };
        for (who, phone) in [("caller", caller), ("callee", callee)] {
            let seen = self.net.of(phone).call(&id);
            if seen.is_none_or(|c| c.state != CallState::Answered) {
                let state = seen.map(|c| c.state);
                return self.wrong(format!("{id}: the {who} does not talk but {state:?}"));
            }
        }
        let mut headers = String::new();
        if let Some(target) = self.one_in(3, now).filter(|t| *t != number) {
            self.calls[target].loads += 1;
            self.report.loads += 1;
            headers = format!("X-Load: {}\r\n", self.calls[target].id);
            if self.draw(10) == 0 {
                headers.push_str("X-Leak: yes\r\n");
                self.report.leaked += 1;
            }
        }
        let phone = match plan.course {
            Course::Talk(Side::Callee) => callee,
            _ => caller,
        };
        self.net.request(phone, &id, &Method::Bye, &headers);
    }

    /// The call is over: its status, what its callee saw, its record.
    fn verify(&mut self, number: usize) {
        self.collect();
        let plan = self.calls[number].clone();
        let (caller, id) = self.caller_of(number);
        let callee = self.callees[plan.callee];
        let seen = self.net.of(caller).call(&id).map(|c| (c.state, c.status));
        self.expect(&id, "state and status", seen, Some((CallState::Ended, Some(plan.course.status()))));
        let at_callee = self.net.of(callee).call(&id).map(|c| header(&c.invite, "X-Seen"));
        self.expect(&id, "what the callee saw", at_callee, Some(plan.seen.clone()));
        if plan.course == Course::Voicemail {
            let at_voicemail = self.net.of(self.voicemail).call(&id).map(|c| header(&c.invite, "X-Voice"));
            let expected = plan.voice.clone().unwrap_or("none".to_owned());
            self.expect(&id, "what voicemail saw", at_voicemail, Some(Some(expected)));
        }
        let records = self.records.remove(&id).unwrap_or_default();
        if plan.course.is_answered() {
            self.report.answered += 1;
            self.expect(&id, "number of records", records.len(), 1);
        } else {
            self.expect(&id, "records", &records, &Vec::new());
        }
        if let Some(record) = records.first() {
            self.check_record(&plan, record);
        }
        for phone in [caller, callee, self.voicemail] {
            self.net.of_mut(phone).forget(&id);
        }
        self.living.retain(|n| *n != number);
    }

    fn check_record(&mut self, plan: &Plan, record: &str) {
        let loads = if plan.loads == 0 { String::new() } else { plan.loads.to_string() };
        let expected = [
            ("account", plan.account.as_str()),
            ("loads", &loads),
            ("source", &plan.source),
            ("at_answer", &plan.at_answer),
            ("held", &plan.held),
            ("code", "200"),
        ];
        for (name, value) in expected {
            self.expect(&plan.id, name, field(record, name), Some(value));
        }
        let lasted = field(record, "ms_duration").and_then(|d| d.parse::<u64>().ok()).unwrap_or(0);
        let planned = plan.ends.since(plan.begun).as_millis() as u64;
        if !(planned.saturating_sub(250)..planned + 100).contains(&lasted) {
            self.wrong(format!("{}: lasted {lasted} ms of planned {planned}: {record}", plan.id));
        }
    }

    fn ask_sizes(&mut self) {
        let team = TEAMS[self.draw(TEAMS.len())];
        self.net.tell(self.asker, |p, now| {
            p.replies.clear();
            p.send_outside(now, &Method::Options, "sip:10.0.0.1", &format!("X-Team: {team}\r\n"));
        });
        self.plan(Duration::from_millis(20), Step::ReadSizes(team));
        for phone in self.callers.iter().chain(&self.callees).chain([&self.voicemail]) {
            let phone = self.net.of_mut(*phone);
            phone.requests.clear();
            phone.replies.clear();
        }
    }

    fn read_sizes(&mut self, team: &'static str) {
        let now = self.net.now().mono;
        let size = self.net.of(self.asker).replies.first().and_then(|r| header(r, "X-Size"));
        let sizes: Vec<usize> = size.iter().flat_map(|s| s.split(';')).filter_map(|n| n.parse().ok()).collect();
        let &[members, guests] = &sizes[..] else { return self.wrong(format!("no sizes: {size:?}")) };
        let bounds = |belongs: &dyn Fn(&Plan) -> bool| {
            let recent = self.calls.iter().rev().take(20_000).filter(|c| belongs(c));
            let states: Vec<_> = recent.map(|c| c.is_member(now)).collect();
            let sure = states.iter().filter(|s| **s == Some(true)).count();
            sure..=sure + states.iter().filter(|s| s.is_none()).count()
        };
        let expected = bounds(&|c| c.team == team);
        let guests_expected = bounds(&|c| c.guest_of == Some(team));
        if !expected.contains(&members) {
            self.wrong(format!("team {team} has {members} members, not {expected:?}"));
        }
        if !guests_expected.contains(&guests) {
            self.wrong(format!("team {team} has {guests} guests, not {guests_expected:?}"));
        }
    }

    fn attack(&mut self) {
        let bad = &bad_input::ALL[self.draw(bad_input::ALL.len())];
        // What damage makes of one Call-ID is never another one that has an expected answer.
        let kind = if bad.answer == Answer::Any { "any" } else { "bad" };
        let id = format!("{kind}-{}", self.report.bad);
        self.report.bad += 1;
        let bytes = bad.bytes(&id, &mut self.lot);
        let attacker = self.draw(self.attackers.len());
        let from = self.attackers[attacker];
        let to = self.net.at(self.server).addr();
        self.bad.insert(id, (bad, Vec::new()));
        self.net.inject(from, to, bytes);
    }

    /// Takes in what the log and the attackers got meanwhile.
    fn collect(&mut self) {
        for line in self.net.log(self.server).take() {
            if let Some(id) = field(&line.text, "call_id").filter(|_| line.text.starts_with("ACC: call ended")) {
                self.records.entry(id.to_owned()).or_default().push(line.text.clone());
            }
            if line.level <= Level::Critical {
                self.wrong(format!("the server says: {}", line.text));
            }
        }
        for ear in self.attackers.clone() {
            for bytes in self.net.heard(ear) {
                self.heard(bytes);
            }
        }
    }

    fn heard(&mut self, bytes: Bytes) {
        let Ok(message) = Message::parse(bytes, Framing::Datagram) else {
            return self.wrong("an attacker got something that is no message".to_owned());
        };
        let id = message.call_id().map(|id| String::from_utf8_lossy(id).into_owned()).unwrap_or_default();
        if let (Some(status), Some((_, answers))) = (message.status(), self.bad.get_mut(&id)) {
            answers.push(status.get());
        }
    }

    fn finish(mut self) -> Report {
        self.collect();
        for (id, (bad, mut answers)) in std::mem::take(&mut self.bad) {
            answers.dedup();
            let right = match bad.answer {
                Answer::Nothing => answers.is_empty(),
                Answer::Status(status) => answers == [status],
                Answer::Any => true,
            };
            if !right {
                self.wrong(format!("{id}, {}: answered with {answers:?}, not {:?}", bad.name, bad.answer));
            }
        }
        let strays: Vec<_> = self.records.keys().filter(|id| id.starts_with("call-")).cloned().collect();
        self.expect("records", "left", strays, Vec::<String>::new());
        let sizes = self.net.at(self.server).sizes();
        self.expect("frames", "left open", sizes.leaked_contexts, self.report.leaked);
        self.report.left = Sizes { leaked_contexts: 0, ..sizes };
        self.expect("tables", "left over", self.report.left, Sizes::default());
        self.report.carried = self.net.delivered();
        self.report
    }

    fn caller_of(&self, number: usize) -> (PhoneId, String) {
        let plan = &self.calls[number];
        (self.callers[plan.caller], plan.id.clone())
    }

    fn draw(&mut self, n: usize) -> usize {
        self.lot.below(n as u64) as usize
    }

    fn one_in(&mut self, n: usize, now: Instant) -> Option<usize> {
        (self.draw(n) == 0).then(|| self.loadable(now)).flatten()
    }

    /// A call that is established and stays so for a while.
    fn loadable(&mut self, now: Instant) -> Option<usize> {
        for _ in 0..8 {
            let at = self.draw(self.living.len().max(1));
            let number = *self.living.get(at)?;
            if self.calls[number].is_loadable(now) {
                return Some(number);
            }
        }
        None
    }

    fn expect<T: PartialEq + std::fmt::Debug>(&mut self, id: &str, what: &str, found: T, expected: T) {
        if found != expected {
            self.wrong(format!("{id}: {what}: {found:?}, not {expected:?}"));
        }
    }

    fn wrong(&mut self, what: String) {
        self.report.wrong_count += 1;
        if self.report.wrong.len() < KEPT {
            self.report.wrong.push(what);
        }
    }
}

fn header(message: &Message, name: &str) -> Option<String> {
    let field = message.by_name(name.as_bytes()).next()?;
    Some(String::from_utf8_lossy(message.bytes(field.value)).into_owned())
}

/// The model waits for `SURE` before a call is loaded; the callee must have answered by then.
const _: () = assert!(SURE.as_millis() > super::plan::ANSWER.as_millis());
