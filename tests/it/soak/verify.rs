//! Compares what came of the calls with the model.
use super::bad_input::Answer;
use super::drive::{Report, Soak, Step};
use super::plan::{Course, Plan, SURE, TEAMS};
use crate::calls::stage::field;
use bytes::Bytes;
use sipscript::context::Level;
use sipscript::sip::{Framing, Message, Method};
use sipscript::testing::{CallState, Sizes};
use std::time::Duration;

/// Findings kept; one is enough to fail.
const KEPT: usize = 20;

impl Soak {
    /// The call is over: its status, what its callee saw, its record.
    pub(super) fn verify(&mut self, number: usize) {
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

    pub(super) fn ask_sizes(&mut self) {
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

    pub(super) fn read_sizes(&mut self, team: &'static str) {
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

    /// Takes in what the log and the attackers got meanwhile.
    pub(super) fn collect(&mut self) {
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
        let branch = message.top_via().map(|v| String::from_utf8_lossy(v.branch(message.raw())).into_owned());
        let id = branch.unwrap_or_default().replace("z9hG4bK", "");
        if let (Some(status), Some((_, answers))) = (message.status(), self.bad.get_mut(&id)) {
            answers.push(status.get());
        }
    }

    pub(super) fn finish(mut self) -> Report {
        self.collect();
        self.check_bad_input();
        let strays: Vec<_> = self.records.keys().filter(|id| id.starts_with("call-")).cloned().collect();
        self.expect("records", "left", strays, Vec::<String>::new());
        let sizes = self.net.at(self.server).sizes();
        self.expect("frames", "left open", sizes.leaked_contexts, self.report.leaked);
        self.report.left = Sizes { leaked_contexts: 0, ..sizes };
        self.expect("tables", "left over", self.report.left, Sizes::default());
        self.report.carried = self.net.delivered();
        self.report
    }

    fn check_bad_input(&mut self) {
        let mut broken = 0;
        for (id, (bad, mut answers)) in std::mem::take(&mut self.bad) {
            answers.dedup();
            let expected: &[u16] = match &bad.answer {
                Answer::Nothing | Answer::Dropped => &[],
                Answer::Refused(status) | Answer::Script(status) => std::slice::from_ref(status),
                Answer::Any => &answers,
            };
            broken += u64::from(matches!(bad.answer, Answer::Dropped | Answer::Refused(_)));
            if answers != expected {
                self.wrong(format!("{id}, {}: answered with {answers:?}, not {expected:?}", bad.name));
            }
        }
        let counted = self.net.at(self.server).statistic("core", "err_requests");
        if counted < broken {
            self.wrong(format!("{counted} broken requests were counted of at least {broken}"));
        }
    }

    pub(super) fn expect<T: PartialEq + std::fmt::Debug>(&mut self, id: &str, what: &str, found: T, expected: T) {
        if found != expected {
            self.wrong(format!("{id}: {what}: {found:?}, not {expected:?}"));
        }
    }

    pub(super) fn wrong(&mut self, what: String) {
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
