//! Cases about a whole server: a script, what phones and peers send to it (`request`, `reply`, `wait`), every message that
//! leaves it (`sent`) and what it logs (`output`).
use super::Outcome;
use super::document::{Case, after};
use super::message::{self, CALLER, is_field};
use super::run::{loading, logged};
use super::script::findings;
use bytes::Bytes;
use sipscript::base::Str;
use sipscript::context::Level;
use sipscript::testing::{Net, Program, ServerId};
use std::net::SocketAddr;
use std::time::Duration;

/// What a script leaves out because it is always so.
const MODULES: &[&str] = &["proto_udp", "sl", "tm", "sipmsgops"];
const SOCKET: &str = "socket=udp:10.0.0.1:5060 ";

/// Long enough for what is under way, too short for a retransmission.
const MOMENT: Duration = Duration::from_millis(100);

pub fn script(case: &Case) -> Outcome {
    let names: Vec<&str> = MODULES.iter().copied().chain(case.module.as_deref()).collect();
    let has_own = case.body.lines().any(|line| line.starts_with("socket") || line.starts_with("listen"));
    let socket = if has_own { "" } else { SOCKET };
    let whole = format!("{socket}{}{}", loading(&names, &case.body), case.body);
    let refused: Vec<String> =
        findings("", &whole).lines().filter(|l| l.contains("error[E")).map(str::to_owned).collect();
    if !refused.is_empty() {
        return Outcome::Attachment("diagnostics", refused.join("\n") + "\n");
    }
    let mut net = Net::new(1);
    for (_, info, body) in &case.attached {
        prepare(&mut net, info, body);
    }
    let server = net.server_with(&whole, 1);
    let mut talk = Talk { net, server, given: String::new(), seen: 0, sent: Vec::new() };
    talk.wait(MOMENT);
    if !case.attached.iter().any(|(_, info, _)| after(info, "request").is_some()) {
        talk.play("request", "");
    }
    for (_, info, body) in &case.attached {
        talk.play(info, body);
    }
    let fields = case.attached_as("sent").map_or("", |(fields, _)| fields);
    let mut yields = vec![("sent", talk.sent(fields)), ("told", talk.told()), ("output", talk.logged())];
    let mut made = Made::default();
    made.find(&talk);
    yields.iter_mut().for_each(|(_, text)| *text = made.named(text));
    Outcome::Attachments(yields)
}

/// What the world around the server has: names (`host`), programs (`program`), programs that listen (`listener`).
fn prepare(net: &mut Net, info: &str, body: &str) {
    if let Some(host) = after(info, "host") {
        net.names.set(host, &body.lines().collect::<Vec<_>>());
    } else if let Some(path) = after(info, "listener") {
        net.listeners.listen(path);
    } else if let Some(command) = after(info, "program") {
        let (time, command) = command.split_once(": ").unwrap_or(("0s", command));
        let seconds = time.trim_end_matches('s').parse().expect("seconds: `program 5s: ls`");
        let takes = Duration::from_secs_f64(seconds);
        net.programs.set(command, Program { output: Str::from(body), takes, ..Program::default() });
    }
}

/// A server and those who talk to it.
struct Talk {
    net: Net,
    server: ServerId,
    /// Everything that was sent to the server: what it repeats of that it did not make.
    given: String,
    /// Messages of the history that were looked at.
    seen: usize,
    sent: Vec<(SocketAddr, Bytes)>,
}

impl Talk {
    /// Does what a block says, when it says something of that sort.
    fn play(&mut self, info: &str, body: &str) {
        if let Some(how) = after(info, "request") {
            let from = from(how).unwrap_or(CALLER);
            let is_raw = how.split(' ').any(|word| word == "raw");
            let bytes = if is_raw { message::raw(body) } else { message::request(body, from) };
            self.send(from, bytes);
        } else if let Some(how) = after(info, "reply") {
            let Some((to, request)) = self.asked(how).cloned() else { panic!("no request left the server: {info}") };
            let from = from(how).map_or_else(|| to.to_string(), str::to_owned);
            self.send(&from, message::reply(body, &request));
        } else if let Some(time) = after(info, "wait") {
            let seconds = time.trim_end_matches('s').parse().expect("seconds: `wait 5s`");
            self.wait(Duration::from_secs_f64(seconds));
        }
    }

    /// The last request that the server sent, of the method that is named if one is.
    fn asked(&self, how: &str) -> Option<&(SocketAddr, Bytes)> {
        let to = how.split(' ').find(|w| !w.is_empty() && w.chars().all(|c| c.is_ascii_uppercase()));
        let peer = from(how).and_then(|from| from.parse::<SocketAddr>().ok());
        let fits = |(at, bytes): &&(SocketAddr, Bytes)| {
            !bytes.starts_with(b"SIP/")
                && to.is_none_or(|method| bytes.starts_with(method.as_bytes()))
                && peer.is_none_or(|peer| peer == *at)
        };
        self.sent.iter().rev().find(fits)
    }

    fn send(&mut self, from: &str, bytes: Bytes) {
        let from = from.parse().expect("an address and a port");
        let to = self.net.at(self.server).addr();
        self.given.push_str(&String::from_utf8_lossy(&bytes));
        self.net.inject(from, to, bytes);
        self.wait(MOMENT);
    }

    fn wait(&mut self, time: Duration) {
        self.net.run_for(time);
        let own: Vec<SocketAddr> = self.net.at(self.server).engine.core.sockets.all().iter().map(|s| s.addr).collect();
        let all = self.net.carried().skip(self.seen).filter(|(from, ..)| own.contains(from));
        self.sent.extend(all.map(|(_, to, bytes)| (to, bytes.clone())));
        self.seen = self.net.carried().count();
    }

    /// The messages that left, whole or, when fields are named, their first lines with those.
    fn sent(&self, fields: &str) -> String {
        let fields: Vec<&str> = fields.split(' ').filter(|f| !f.is_empty()).collect();
        let shown = |(to, bytes): &(SocketAddr, Bytes)| {
            let text = String::from_utf8_lossy(bytes).replace('\r', "");
            let (head, body) = text.split_once("\n\n").unwrap_or((&text, ""));
            let wanted = |line: &&str| fields.is_empty() || fields.iter().any(|name| is_field(line, name));
            let lines = head.lines().take(1).chain(head.lines().skip(1).filter(wanted));
            let shows_body = !body.is_empty() && (fields.is_empty() || fields.contains(&"body"));
            let body = if shows_body { format!("\n{}\n", body.trim_end()) } else { String::new() };
            format!("to {to}\n{}{body}", lines.map(|line| format!("{line}\n")).collect::<String>())
        };
        self.sent.iter().map(shown).collect::<Vec<_>>().join("\n")
    }

    /// What programs on the machine were told.
    fn told(&self) -> String {
        let shown = self.net.listeners.told().iter().map(|(path, text)| format!("at {path}\n{}\n", text.trim_end()));
        shown.collect::<Vec<_>>().join("\n")
    }

    fn logged(&self) -> String {
        let lines = self.net.log(self.server).lines();
        let shown =
            lines.iter().filter(|l| l.origin == sipscript::context::Origin::Script || l.level <= Level::Warning);
        shown.map(|l| format!("{}\n", logged(l.level, l.origin, &l.text))).collect()
    }
}

fn from(how: &str) -> Option<&str> {
    how.split_once("from ").map(|(_, from)| from.split(' ').next().unwrap_or(from))
}

/// What the server drew by lot, under names that stay.
#[derive(Default)]
struct Made(Vec<(String, String)>);

/// Where such values stand, and what they are called.
const MARKS: &[(&str, &str)] =
    &[("branch=", "z9hG4bK-"), (";tag=", "tag-"), (";did=", "did-"), ("\nCall-ID: ", "call-"), ("\nDate: ", "date-")];

impl Made {
    fn find(&mut self, talk: &Talk) {
        for (_, bytes) in &talk.sent {
            let text = String::from_utf8_lossy(bytes);
            for (mark, name) in MARKS {
                for (at, _) in text.match_indices(mark) {
                    let rest = &text[at + mark.len()..];
                    let end = if mark.starts_with('\n') { &['\r'][..] } else { &['\r', ';', '>', ',', ' ', '"'][..] };
                    let value = rest.split(end).next().unwrap_or_default();
                    self.add(value, name, &talk.given);
                }
            }
        }
    }

    fn add(&mut self, value: &str, name: &str, given: &str) {
        if value.is_empty() || given.contains(value) || self.0.iter().any(|(known, _)| known == value) {
            return;
        }
        let number = self.0.iter().filter(|(_, n)| n.starts_with(name)).count() + 1;
        self.0.push((value.to_owned(), format!("{name}{number}")));
    }

    fn named(&self, text: &str) -> String {
        // Longer ones first: one may begin with another.
        let mut all: Vec<_> = self.0.iter().collect();
        all.sort_by_key(|(value, _)| std::cmp::Reverse(value.len()));
        all.iter().fold(text.to_owned(), |text, (value, name)| text.replace(value.as_str(), name))
    }
}
