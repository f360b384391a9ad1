//! Lists of destinations that nothing is sent to, as a script declares them.
use crate::context::{BlacklistRule, BlacklistSpec, Net};
use crate::syntax::ast::{self, GlobalValue};

/// Without flags a list is read-only (language reference 3.5).
pub(super) fn blacklist(value: &GlobalValue) -> Option<BlacklistSpec> {
    let GlobalValue::Blacklist(list) = value else { return None };
    let has = |name: &str| list.flags.iter().any(|flag| flag.text == name);
    Some(BlacklistSpec {
        name: list.name.text.as_str().into(),
        read_only: list.flags.is_empty() || has("readonly") || has("read-only"),
        expires: has("expire"),
        default: has("default"),
        rules: list.rules.iter().map(rule).collect(),
    })
}

fn rule(rule: &ast::BlacklistRule) -> BlacklistRule {
    let single = Net::single(rule.net.addr);
    BlacklistRule {
        negated: rule.negated,
        net: Net { bits: rule.net.bits.unwrap_or(single.bits), ..single },
        port: rule.port.and_then(|port| u16::try_from(port.value).ok()).filter(|port| *port != 0),
        proto: rule.proto.as_ref().map(|proto| proto.text.to_ascii_lowercase().into()),
        pattern: rule.pattern.as_ref().map(|pattern| pattern.value.clone()).filter(|text| !text.is_empty()),
    }
}
