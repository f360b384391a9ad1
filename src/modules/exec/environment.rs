//! What a command finds in its environment: the values of an AVP, and with `setvars` the message.
use super::Settings;
use crate::base::Str;
use crate::context::{Run, Value};
use crate::sip::{HeaderId, UriView};
use crate::vm::{Cx, Var};

/// Bytes of one value; the system refuses environments that are far larger.
const LONGEST: usize = 32 * 1024;

/// `OSIPS_EXEC_0` is the newest value. `None` when there is none.
pub fn of_avp(cx: &mut Cx<'_>, var: &Var) -> Option<Vec<(String, Str)>> {
    let name = var.avp_name(cx)?;
    let values = cx.run.avps.all(name).filter_map(Value::str_face);
    let made: Vec<_> = values.enumerate().map(|(n, value)| (format!("OSIPS_EXEC_{n}"), value)).collect();
    Some(made).filter(|made| !made.is_empty())
}

/// The message, when the parameter `setvars` asks for it.
pub fn of_message(cx: &Cx<'_>) -> Vec<(String, Str)> {
    if !cx.core.state::<Settings>().set_vars {
        return Vec::new();
    }
    let run: &Run = cx.run;
    let message = &run.msg;
    let user = |uri: &[u8]| UriView::parse(uri).map(|v| Str::new(v.user())).unwrap_or_default();
    let original = message.request_uri().map(Str::new).unwrap_or_default();
    let current = run.request_uri();
    let transaction = message.top_via().map(|via| Str::new(via.branch(message.raw())));
    let mut made = headers(run);
    made.extend([
        ("SIP_TID".to_owned(), transaction.unwrap_or_default()),
        ("SIP_DID".to_owned(), message.to_tag().map(Str::new).unwrap_or_default()),
        ("SIP_SRCIP".to_owned(), Str::from(run.received.from.ip().to_string())),
        ("SIP_OUSER".to_owned(), user(&original)),
        ("SIP_USER".to_owned(), user(&current)),
        ("SIP_ORURI".to_owned(), original),
        ("SIP_RURI".to_owned(), current),
    ]);
    made
}

/// `SIP_HF_CONTACT` and so on, each with all values of that name.
fn headers(run: &Run) -> Vec<(String, Str)> {
    let message = &run.msg;
    let mut made: Vec<(String, Vec<u8>)> = Vec::new();
    for header in message.headers() {
        let name = match header.id {
            HeaderId::Other => message.bytes(header.name),
            known => known.name().as_bytes(),
        };
        let name = format!("SIP_HF_{}", name.iter().map(|b| portable(*b)).collect::<String>());
        let value = message.bytes(header.value);
        match made.iter_mut().find(|(known, _)| *known == name) {
            Some((_, values)) if values.len() + value.len() < LONGEST => {
                values.push(b',');
                values.extend_from_slice(value);
            }
            Some(_) => {}
            None => made.push((name, value.get(..LONGEST).unwrap_or(value).to_vec())),
        }
    }
    made.into_iter().map(|(name, value)| (name, Str::from(value))).collect()
}

/// Names of variables have capitals, digits and underscores.
fn portable(byte: u8) -> char {
    if byte.is_ascii_alphanumeric() { char::from(byte.to_ascii_uppercase()) } else { '_' }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::modules::exec::MODULE;
    use crate::modules::fixture::Fixture;
    use crate::registry::Setting;

    const INVITE: &str = "INVITE sip:bob@example.com SIP/2.0\nVia: SIP/2.0/UDP a;branch=z9hG4bK7\nf: <sip:a@b>;tag=1\n\
        To: <sip:bob@example.com>;tag=2\nX-Odd_1: a\nx-odd-1: b\ni: c";

    fn variables(set_vars: i32) -> Vec<(String, Str)> {
        let set: &[(&str, Setting)] = &[("setvars", Setting::Int(set_vars))];
        let mut f = Fixture::with(INVITE, &[(&MODULE, set)]);
        f.run.targets.main.uri = Some("sip:carol@example.com".into());
        of_message(&f.cx())
    }

    #[test]
    fn the_message_is_shown_when_it_is_asked_for() {
        let shown = variables(1);
        let value = |name: &str| shown.iter().find(|(n, _)| n == name).map(|(_, v)| v.to_string());
        for (name, expected) in [
            ("SIP_HF_FROM", "<sip:a@b>;tag=1"),
            ("SIP_HF_CALL_ID", "c"),
            ("SIP_HF_X_ODD_1", "a,b"),
            ("SIP_TID", "z9hG4bK7"),
            ("SIP_DID", "2"),
            ("SIP_SRCIP", "203.0.113.7"),
            ("SIP_ORURI", "sip:bob@example.com"),
            ("SIP_OUSER", "bob"),
            ("SIP_RURI", "sip:carol@example.com"),
            ("SIP_USER", "carol"),
        ] {
            assert_eq!(value(name).as_deref(), Some(expected), "{name}");
        }
        assert!(variables(0).is_empty());
    }
}
