//! Drives calls and bad datagrams through one server.
use super::bad_input::{self, Answer};
use super::plan::{Course, LIFETIME, Plan, Side};
use ahash::AHashMap;
use sipscript::base::{IdGen, Instant};
use sipscript::context::Faults;
use sipscript::sip::Method;
use sipscript::testing::{CallState, Net, PhoneId, Policy, ServerId, Sizes, Weather};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

/// Between two calls.
const PACE: Duration = Duration::from_millis(2);
const PHONES: usize = 8;
pub struct Soak {
    pub(super) net: Net,
    pub(super) server: ServerId,
    pub(super) callers: Vec<PhoneId>,
    pub(super) callees: Vec<PhoneId>,
    pub(super) voicemail: PhoneId,
    pub(super) asker: PhoneId,
    pub(super) attackers: Vec<SocketAddr>,
    pub(super) lot: IdGen,
    pub(super) calls: Vec<Plan>,
    /// Calls that may be loadable, by number.
    pub(super) living: Vec<usize>,
    pub(super) agenda: BTreeMap<(Instant, u64), Step>,
    pub(super) steps: u64,
    pub(super) records: AHashMap<String, Vec<String>>,
    pub(super) bad: AHashMap<String, (&'static bad_input::Bad, Vec<u16>)>,
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

pub(super) enum Step {
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

    pub(super) fn plan(&mut self, after: Duration, step: Step) {
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

    pub(super) fn caller_of(&self, number: usize) -> (PhoneId, String) {
        let plan = &self.calls[number];
        (self.callers[plan.caller], plan.id.clone())
    }

    pub(super) fn draw(&mut self, n: usize) -> usize {
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
}
