//! Functions over lists of destinations that nothing is sent to.
use super::outcome;
use crate::base::Str;
use crate::context::{BlacklistRule, Blacklists, ListSet, Net, Place};
use crate::script_fns;
use crate::sip::Transport;
use crate::sip::uri::view::parse_ip;
use crate::vm::{Cx, Function, Vocabulary, Words};
use std::net::IpAddr;

pub const FUNCTIONS: &[Function] = script_fns! {
    /// Uses a list for what this run sends; `all` uses every list.
    fn use_blacklist(bl_name: Str) in ALL, roles [UsesBlacklist(0)] => use_list;
    /// Does not use a list, even one that is used by default; `all` uses none.
    fn unuse_blacklist(bl_name: Str) in ALL, roles [UsesBlacklist(0)] => unuse_list;
    /// Whether a destination is on a list; `all` means every list that this run uses.
    fn check_blacklist_rule(
        bl_name: Str,
        ip: Words<Address>,
        port: Option<i32>,
        proto: Option<Words<Proto>>,
        pattern: Option<Str>,
    ) in ALL, roles [UsesBlacklist(0)] => check;
    /// Adds a rule to a list; `!` in front of the net makes it match everything else.
    fn add_blacklist_rule(
        bl_name: Str,
        ip: Words<RuleNet>,
        port: Option<i32>,
        proto: Option<Words<Proto>>,
        pattern: Option<Str>,
        expire: Option<i32>,
    ) in ALL, roles [MayFail, UsesBlacklist(0)] => add;
    /// Takes a rule off a list; every part must be the same.
    fn del_blacklist_rule(
        bl_name: Str,
        ip: Words<RuleNet>,
        port: Option<i32>,
        proto: Option<Words<Proto>>,
        pattern: Option<Str>,
    ) in ALL, roles [MayFail, UsesBlacklist(0)] => remove;
};

#[derive(Clone, Copy)]
pub struct Address(IpAddr);

impl Vocabulary for Address {
    fn parse(text: &[u8]) -> Result<Address, String> {
        parse_ip(text.trim_ascii()).map(Address).ok_or_else(|| "this is no address".to_owned())
    }
}

/// `[!] addr[/bits]`
#[derive(Clone, Copy)]
pub struct RuleNet {
    negated: bool,
    net: Net,
}

impl Vocabulary for RuleNet {
    fn parse(text: &[u8]) -> Result<RuleNet, String> {
        let text = text.trim_ascii();
        let (negated, net) = text.strip_prefix(b"!").map_or((false, text), |net| (true, net.trim_ascii()));
        let net = Net::parse(net).ok_or("this is no net such as `10.0.0.0/8`")?;
        Ok(RuleNet { negated, net })
    }
}

/// A transport; `None` is any.
#[derive(Clone, Copy)]
pub struct Proto(Option<Transport>);

impl Vocabulary for Proto {
    fn parse(text: &[u8]) -> Result<Proto, String> {
        if text.eq_ignore_ascii_case(b"any") {
            return Ok(Proto(None));
        }
        let transport = Transport::parse(text);
        transport.map(|t| Proto(Some(t))).ok_or_else(|| "this is no protocol such as `udp`".to_owned())
    }
}

fn is_all(name: &[u8]) -> bool {
    name.eq_ignore_ascii_case(b"all")
}

fn lists(cx: &Cx<'_>, name: &Str) -> Option<ListSet> {
    if is_all(name) { Some(Blacklists::ALL) } else { cx.core.blacklists.named(name) }
}

fn use_list(cx: &mut Cx<'_>, name: Str) -> bool {
    change(cx, "use_blacklist", &name, |used, named| used.0 | named.0)
}

fn unuse_list(cx: &mut Cx<'_>, name: Str) -> bool {
    change(cx, "unuse_blacklist", &name, |used, named| used.0 & !named.0)
}

fn change(cx: &mut Cx<'_>, function: &'static str, name: &Str, change: fn(ListSet, ListSet) -> u32) -> bool {
    let Some(named) = lists(cx, name) else {
        return outcome(cx, function, Err("there is no such list"));
    };
    let used = cx.core.blacklists.used_by(cx.run);
    cx.run.slots.set(ListSet(change(used, named)));
    true
}

fn check(
    cx: &mut Cx<'_>,
    name: Str,
    Words(Address(ip)): Words<Address>,
    port: Option<i32>,
    proto: Option<Words<Proto>>,
    pattern: Option<Str>,
) -> bool {
    let meant = if is_all(&name) { Some(cx.core.blacklists.used_by(cx.run)) } else { cx.core.blacklists.named(&name) };
    let (Some(meant), Ok(port)) = (meant, port_number(port)) else {
        return outcome(cx, "check_blacklist_rule", Err("there is no such list, or no such port"));
    };
    let proto = proto.and_then(|p| p.0.0).map(Transport::name);
    let place = Place { ip, port: port.unwrap_or(0), proto, text: pattern.as_deref() };
    cx.core.blacklists.has(meant, cx.now.mono, place)
}

fn add(
    cx: &mut Cx<'_>,
    name: Str,
    net: Words<RuleNet>,
    port: Option<i32>,
    proto: Option<Words<Proto>>,
    pattern: Option<Str>,
    expire: Option<i32>,
) -> bool {
    let added = rule(net, port, proto, pattern).and_then(|rule| {
        let added = cx.core.blacklists.add(&name, cx.now.mono, rule, expire.unwrap_or(0));
        added.map_err(|e| e.text())
    });
    outcome(cx, "add_blacklist_rule", added)
}

fn remove(
    cx: &mut Cx<'_>,
    name: Str,
    net: Words<RuleNet>,
    port: Option<i32>,
    proto: Option<Words<Proto>>,
    pattern: Option<Str>,
) -> bool {
    let removed = rule(net, port, proto, pattern)
        .and_then(|rule| cx.core.blacklists.remove(&name, cx.now.mono, &rule).map_err(|e| e.text()));
    outcome(cx, "del_blacklist_rule", removed)
}

fn rule(
    Words(RuleNet { negated, net }): Words<RuleNet>,
    port: Option<i32>,
    proto: Option<Words<Proto>>,
    pattern: Option<Str>,
) -> Result<BlacklistRule, &'static str> {
    let proto = proto.and_then(|p| p.0.0).map(|t| Str::from_static(t.name()));
    Ok(BlacklistRule { negated, net, port: port_number(port)?, proto, pattern: pattern.filter(|p| !p.is_empty()) })
}

/// 0 is any.
fn port_number(port: Option<i32>) -> Result<Option<u16>, &'static str> {
    let port = u16::try_from(port.unwrap_or(0)).map_err(|_| "a port is a number up to 65535")?;
    Ok(Some(port).filter(|port| *port != 0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::BlacklistSpec;
    use crate::modules::core::MODULE;
    use crate::modules::fixture::{Fixture, text};
    use crate::vm::Arg;

    const REQUEST: &str = "OPTIONS sip:bob@10.0.0.7 SIP/2.0\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\nMax-Forwards: 9\nFrom: <sip:a>;tag=1\nTo: <sip:b>\nCall-ID: 1\nCSeq: 1 OPTIONS";

    /// Lists `usual`, used by default, and `odd`; rules of the latter expire.
    fn fixture() -> Fixture {
        let list = |name: &str, default| BlacklistSpec { name: name.into(), default, ..BlacklistSpec::default() };
        let mut f = Fixture::new(REQUEST);
        f.core.blacklists =
            Blacklists::new(&[list("usual", true), BlacklistSpec { expires: true, ..list("odd", false) }]);
        f
    }

    fn call(f: &mut Fixture, name: &str, args: &[&str]) -> i32 {
        let args: Vec<Arg> = args.iter().map(|a| text(a)).collect();
        f.call(&MODULE, name, &args)
    }

    #[test]
    fn a_list_blocks_what_a_run_forwards_while_it_uses_it() {
        let mut f = fixture();
        assert_eq!(call(&mut f, "add_blacklist_rule", &["odd", "10.0.0.0/8"]), 1);
        assert_eq!(call(&mut f, "forward", &[]), 1);
        assert_eq!(call(&mut f, "use_blacklist", &["odd"]), 1);
        assert_eq!(call(&mut f, "forward", &[]), -1);
        assert_eq!(call(&mut f, "unuse_blacklist", &["odd"]), 1);
        assert_eq!(call(&mut f, "forward", &[]), 1);
    }

    #[test]
    fn default_lists_are_used_until_the_script_says_otherwise() {
        let mut f = fixture();
        assert_eq!(call(&mut f, "add_blacklist_rule", &["usual", "10.0.0.7",]), 1);
        assert_eq!(call(&mut f, "forward", &[]), -1);
        assert_eq!(call(&mut f, "unuse_blacklist", &["ALL"]), 1);
        assert_eq!(call(&mut f, "forward", &[]), 1);
    }

    #[test]
    fn a_pattern_looks_at_what_leaves() {
        let mut f = fixture();
        let rule = [text("usual"), text("0.0.0.0/0"), Arg::Omitted, text("udp"), text("*Call-ID: 1*")];
        assert_eq!(f.call(&MODULE, "add_blacklist_rule", &rule), 1);
        assert_eq!(call(&mut f, "forward", &[]), -1);
        assert_eq!(f.call(&MODULE, "del_blacklist_rule", &rule), 1);
        assert_eq!(f.call(&MODULE, "del_blacklist_rule", &rule), -1);
        assert_eq!(call(&mut f, "forward", &[]), 1);
    }

    #[test]
    fn a_destination_is_looked_up_in_one_list_or_in_those_used() {
        let mut f = fixture();
        let rule = [text("odd"), text("! 10.0.0.0/8"), Arg::Int(5060), text("any"), Arg::Omitted, Arg::Int(60)];
        assert_eq!(f.call(&MODULE, "add_blacklist_rule", &rule), 1);
        let check = |f: &mut Fixture, list, ip, port| {
            f.call(&MODULE, "check_blacklist_rule", &[text(list), text(ip), Arg::Int(port)])
        };
        assert_eq!((check(&mut f, "odd", "10.0.0.1", 5060), check(&mut f, "odd", "11.0.0.1", 5060)), (-1, 1));
        assert_eq!(check(&mut f, "all", "11.0.0.1", 5060), -1, "this run does not use it");
        assert_eq!(call(&mut f, "use_blacklist", &["odd"]), 1);
        assert_eq!(check(&mut f, "all", "11.0.0.1", 5060), 1);
        f.now.mono += std::time::Duration::from_secs(60);
        assert_eq!(check(&mut f, "odd", "11.0.0.1", 5060), -1, "it has expired");
    }

    #[test]
    fn bad_arguments_fail() {
        let mut f = fixture();
        assert_eq!(call(&mut f, "use_blacklist", &["nosuch"]), -1);
        assert_eq!(call(&mut f, "add_blacklist_rule", &["all", "10.0.0.1"]), -1);
        assert_eq!(call(&mut f, "add_blacklist_rule", &["odd", "host"]), -1);
        let lasting = [text("usual"), text("10.0.0.1"), Arg::Omitted, Arg::Omitted, Arg::Omitted, Arg::Int(5)];
        assert_eq!(f.call(&MODULE, "add_blacklist_rule", &lasting), -1);
        assert_eq!(f.call(&MODULE, "add_blacklist_rule", &[text("odd"), text("10.0.0.1"), Arg::Int(65536)]), -1);
        assert_eq!(
            f.call(&MODULE, "add_blacklist_rule", &[text("odd"), text("10.0.0.1"), Arg::Omitted, text("x")]),
            -1
        );
    }
}
