//! The scripts of `scripts/`, each run end to end as its header says.
mod attended_transfer;
mod call_parking;
mod call_pickup;
mod conference_grouping;
mod proxy;

use crate::calls::stage::field;
use sipscript::base::Str;
use sipscript::context::Dialog;
use sipscript::testing::{CallState, Net, PhoneId, ServerId};
use std::sync::Arc;

/// A sample script on its server at 127.0.0.1:5060.
struct Sample {
    net: Net,
    server: ServerId,
}

impl Sample {
    fn new(script: &str) -> Sample {
        let mut net = Net::new(7);
        let server = net.server_with(&text(script), 8);
        Sample { net, server }
    }

    fn phone(&mut self, user: &str, port: u16) -> PhoneId {
        self.net.phone(user, &format!("127.0.0.1:{port}"), self.server)
    }

    fn until(&mut self, phone: PhoneId, call: &str, state: CallState) {
        self.net.wait(&format!("{state:?}"), |n| n.call(phone, call).state == state);
    }

    /// Calls `user` and waits for the answer.
    fn talk(&mut self, phone: PhoneId, user: &str) -> String {
        let call = self.net.invite(phone, &uri(user));
        self.until(phone, &call, CallState::Answered);
        call
    }

    /// Calls `user` and waits for the refusal.
    fn refused(&mut self, phone: PhoneId, user: &str) -> Option<u16> {
        let call = self.net.invite(phone, &uri(user));
        self.until(phone, &call, CallState::Ended);
        self.net.call(phone, &call).status
    }

    /// The server's object of a call.
    fn dialog(&self, call: &str) -> Arc<Dialog> {
        let found = self.net.at(self.server).engine.core.dialogs.with_call_id(call.as_bytes());
        found.first().cloned().unwrap_or_else(|| panic!("the server has no call {call}"))
    }

    /// A value of a call, as text.
    fn value(&self, call: &str, name: &str) -> Option<String> {
        let dialog = self.dialog(call);
        let state = dialog.state.lock();
        state.value(name.as_bytes()).map(|v| {
            let mut out = Vec::new();
            v.print(&mut out);
            String::from_utf8_lossy(&out).into_owned()
        })
    }

    fn profiles(&self, call: &str) -> Vec<Option<Str>> {
        self.dialog(call).state.lock().profiles().iter().map(|m| m.value.clone()).collect()
    }

    /// The record of a call that ended.
    fn record(&self, call: &str) -> String {
        let all = self.net.log(self.server).with("ACC: call ended");
        let mut of_call = all.into_iter().filter(|line| field(line, "call_id") == Some(call));
        let record = of_call.next().unwrap_or_else(|| panic!("no record of {call}"));
        assert_eq!(of_call.next(), None, "one record a call");
        record
    }

    fn said(&self, part: &str) -> bool {
        self.net.log(self.server).script().iter().any(|line| line.contains(part))
    }
}

fn uri(user: &str) -> String {
    format!("sip:{user}@127.0.0.1:5060")
}

fn text(script: &str) -> String {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts").join(script);
    std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

#[test]
fn every_sample_script_is_clean() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts");
    let mut seen = 0;
    for entry in std::fs::read_dir(folder).expect("the folder is readable") {
        let name = entry.expect("an entry").file_name().to_string_lossy().into_owned();
        let source = sipscript::syntax::Source::single(&name, text(&name).as_bytes());
        let parsed = sipscript::syntax::parse(&source);
        let catalog = sipscript::modules::catalog();
        let found: Vec<_> =
            parsed.errors.into_iter().chain(sipscript::analysis::check(&parsed.ast, &catalog)).collect();
        let lines: Vec<_> = found.iter().map(|d| sipscript::diag::concise::line(&source.map, d)).collect();
        assert!(lines.is_empty(), "{}", lines.join("\n"));
        seen += 1;
    }
    assert_eq!(seen, 5);
}
