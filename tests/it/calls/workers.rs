//! Workers on threads of their own over shared tables: calls that load, end and mark one another at the same moment.
use super::stage::field;
use sipscript::base::IdGen;
use sipscript::sip::{Message, Method};
use sipscript::testing::{CallState, InviteOptions, Net, PhoneId, Policy};
use std::collections::HashMap;
use std::time::Duration;

const WORKERS: usize = 8;
const PHONES: u16 = 16;
const ROUNDS: usize = 25;

fn header(message: &Message, name: &str) -> Option<String> {
    let field = message.by_name(name.as_bytes()).next()?;
    Some(String::from_utf8_lossy(message.bytes(field.value)).into_owned())
}

#[test]
fn calls_load_and_end_each_other_on_many_threads_and_leave_nothing() {
    let mut net = Net::new(11);
    let mut lot = IdGen::new(11);
    let server = net.server_with(include_str!("../soak/script.cfg"), WORKERS);
    let phones = |net: &mut Net, host: u8| -> Vec<PhoneId> {
        (0..PHONES).map(|n| net.phone(&format!("p{n}"), &format!("10.0.{host}.1:{}", 5060 + n), server)).collect()
    };
    let (callers, callees) = (phones(&mut net, 2), phones(&mut net, 1));
    for callee in &callees {
        net.of_mut(*callee).policy = Policy::steps(&[(100, 200)]);
    }

    // All of a round call at once, and load calls of the round before while those hang up.
    let mut talking: Vec<(usize, String)> = Vec::new();
    let mut accounts = HashMap::new();
    for round in 0..ROUNDS {
        let mut begun = Vec::new();
        for (n, caller) in callers.iter().enumerate() {
            let (id, account) = (format!("{round}-{n}"), format!("account-{round}-{n}"));
            let mut headers = format!("X-Account: {account}\r\nX-Team: red\r\nX-Flag: yes\r\n");
            if let (Some((_, first)), Some((_, second))) = (pick(&talking, &mut lot), pick(&talking, &mut lot)) {
                headers.push_str(&format!(
                    "X-Load: {first}\r\nX-Nested: {second}\r\nX-Leak: {second}\r\nX-At-Answer: {second}\r\n"
                ));
            }
            accounts.insert(id.clone(), account);
            let options = InviteOptions { call_id: Some(id.clone()), headers, ..InviteOptions::default() };
            let callee = net.of(callees[lot.below(u64::from(PHONES)) as usize]).addr;
            net.invite_with(*caller, &format!("sip:p@{callee}"), &options);
            begun.push((n, id));
        }
        for (n, id) in talking.drain(..) {
            let target = pick(&begun, &mut lot).map(|(_, id)| id.clone()).unwrap_or_default();
            net.request(callers[n], &id, &Method::Bye, &format!("X-Load: {target}\r\n"));
        }
        net.run_in_parallel(Duration::from_millis(400));
        for (n, id) in &begun {
            assert_eq!(net.call(callers[*n], id).state, CallState::Answered, "{id}\n{}", net.history());
        }
        talking = begun;
    }
    for (n, id) in &talking {
        net.bye(callers[*n], id);
    }
    net.run_in_parallel(Duration::from_secs(40));

    let records = net.log(server).with("ACC: call ended");
    assert_eq!(records.len(), ROUNDS * usize::from(PHONES), "a record for each call");
    for callee in &callees {
        for call in net.of(*callee).calls() {
            let Some(seen) = header(&call.invite, "X-Seen").filter(|s| !s.starts_with("none")) else { continue };
            let source = header(&call.invite, "X-Load").expect("it loaded something");
            let seen: Vec<&str> = seen.split(';').collect();
            // What a call of the round before imported may itself be imported.
            assert!(accounts.values().any(|a| a == seen[0]), "{source}: {seen:?}");
            assert_eq!(seen[0], seen[4], "value and record field say the same: {seen:?}");
            assert_eq!(seen[0], seen[6], "the same call is current again after the nested one: {seen:?}");
        }
    }
    for record in &records {
        let id = field(record, "call_id").unwrap_or_default();
        assert!(accounts.contains_key(id), "{record}");
    }
    let left = net.at(server).sizes();
    assert_eq!(
        (left.transactions, left.dialogs, left.dialogs_alive, left.dialog_index, left.suspended),
        (0, 0, 0, 0, 0)
    );
    assert_eq!(net.log(server).count("a fault of this server"), 0);
}

fn pick<'a, T>(of: &'a [T], lot: &mut IdGen) -> Option<&'a T> {
    of.get(lot.below(of.len() as u64) as usize)
}
