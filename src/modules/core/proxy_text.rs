//! `[proto:]host[:port]`, as functions take the next hop of a message; here also a SIP URI.
use crate::base::Str;
use crate::registry::{Literal, Setup};
use crate::vm::Rule;

/// Names of transports that OpenSIPS reads there, whether their module is built in or not.
const TRANSPORTS: [&str; 15] = [
    "any", "udp", "tcp", "tls", "sctp", "ws", "wss", "bin", "bins", "hep_udp", "hep_tcp", "hep_tls", "smpp", "msrp",
    "msrps",
];

/// The next hop of a message; whether its name can be resolved is seen at the call.
pub struct ProxyText;

impl Rule for ProxyText {
    type Value = Str;

    fn check(literal: Literal<'_>, _: Setup<'_>) -> Result<(), String> {
        match literal {
            Literal::Text(text) => read(&String::from_utf8_lossy(text)),
            Literal::Int(_) => Ok(()),
        }
    }
}

fn read(text: &str) -> Result<(), String> {
    if text.split_once(':').is_some_and(|(scheme, _)| ["sip", "sips"].iter().any(|s| s.eq_ignore_ascii_case(scheme))) {
        return Ok(());
    }
    let Some(text) = without_colons(text) else { return form("a bracket is missing") };
    let is_port = |port: &str| !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit());
    match text.split(':').collect::<Vec<_>>().as_slice() {
        ["", ..] => form("it is empty"),
        [_] => Ok(()),
        [proto, host] if is_transport(proto) && !host.is_empty() => Ok(()),
        [_, port] if is_port(port) => Ok(()),
        [proto, _, port] if is_transport(proto) && is_port(port) => Ok(()),
        [_, _, port] if !is_port(port) => form("the port is no number"),
        [proto, ..] => form(&format!("`{proto}` is no transport")),
        [] => Ok(()),
    }
}

fn form(problem: &str) -> Result<(), String> {
    Err(format!("{problem}; it is of the form `[proto:]host[:port]`"))
}

/// The text with a letter for an IPv6 address; `None` when one does not end.
fn without_colons(text: &str) -> Option<String> {
    let Some(open) = text.find('[') else { return Some(text.to_owned()) };
    let close = text.rfind(']').filter(|close| *close > open)?;
    Some(format!("{}h{}", text.get(..open)?, text.get(close + 1..)?))
}

fn is_transport(name: &str) -> bool {
    TRANSPORTS.iter().any(|known| known.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_next_hop_has_a_host_and_perhaps_more() {
        for good in [
            "sip:u@h:5060;lr",
            "h",
            "h:5060",
            "udp:h",
            "TLS:h:5061",
            "[::1]",
            "udp:[2001:db8::1]:5060",
            "10.0.0.1:70000",
        ] {
            assert_eq!(read(good), Ok(()), "{good}");
        }
        for bad in ["", ":5060", "h:", "h:x", "foo:h", "foo:h:5060", "udp:h:x", "[::1", "a:b:c:d", "udp:"] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
