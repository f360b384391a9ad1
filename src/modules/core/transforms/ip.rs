//! `{ip.*}`: addresses as text and as bytes, and those of names.
use super::{bytes, on_text, text};
use crate::base::Str;
use crate::context::{Effect, EffectAnswer, Value};
use crate::sip::uri::view::parse_ip;
use crate::syntax::transform::ArgShape::Word;
use crate::vm::{Cx, TransformArg, TransformRow};
use std::net::IpAddr;

pub const TRANSFORMS: &[TransformRow] = &[
    on_text!("ip", "pton", |s, _| parse_ip(&s).map_or(Value::Null, |ip| bytes(octets(ip))), "The bytes of an address."),
    on_text!(
        "ip",
        "ntop",
        |s, _| from_bytes(&s).map_or(Value::Null, |ip| Value::Str(ip.to_string().into())),
        "The text of an address given as bytes."
    ),
    on_text!("ip", "isip", |s, _| flag(parse_ip(&s).is_some()), "1 for an address, else 0."),
    on_text!("ip", "isip4", |s, _| flag(parse_ip(&s).is_some_and(|ip| ip.is_ipv4())), "1 for an IPv4 address, else 0."),
    on_text!("ip", "isip6", |s, _| flag(parse_ip(&s).is_some_and(|ip| ip.is_ipv6())), "1 for an IPv6 address, else 0."),
    on_text!("ip", "family", |s, _| family(&s), "`INET` or `INET6`, of an address given as bytes."),
    on_text!("ip", "matches", |s, args| matches(&s, args), "1 when the address lies in a net, else 0.").args(&[Word]),
    TransformRow::new(
        "ip",
        "resolve",
        |cx, v, _, _| resolve(cx, &v, &[V4, V6]),
        "An address of a host, IPv4 when it has one.",
    )
    .waiting(),
    TransformRow::new("ip", "resolve4", |cx, v, _, _| resolve(cx, &v, &[V4]), "An IPv4 address of a host.").waiting(),
    TransformRow::new("ip", "resolve6", |cx, v, _, _| resolve(cx, &v, &[V6]), "An IPv6 address of a host.").waiting(),
    on_text!("ip", "isprivate", |s, _| flag(is_private(&s)), "1 for a private IPv4 address, else 0."),
];

type Family = fn(&IpAddr) -> bool;

const V4: Family = IpAddr::is_ipv4;
const V6: Family = IpAddr::is_ipv6;
/// RFC 1035 2.3.4: no longer name exists.
const MAX_NAME: usize = 255;

/// The first address of the first of the families that has any; an address stands for itself.
fn resolve(cx: &mut Cx<'_>, value: &Value, families: &[Family]) -> Value {
    let Some(host) = value.str_face().filter(|host| (1..=MAX_NAME).contains(&host.len())) else { return Value::Null };
    if let Some(ip) = parse_ip(&host) {
        return if families.iter().any(|is_wanted| is_wanted(&ip)) {
            Value::Str(ip.to_string().into())
        } else {
            Value::Null
        };
    }
    let Some(EffectAnswer::Resolved(found)) = cx.ask(Effect::Resolve { host }) else { return Value::Null };
    let best = families.iter().find_map(|is_wanted| found.iter().find(|ip| is_wanted(ip)));
    best.map_or(Value::Null, |ip| Value::Str(ip.to_string().into()))
}

fn flag(on: bool) -> Value {
    Value::Int(i32::from(on))
}

fn octets(ip: IpAddr) -> Vec<u8> {
    match ip {
        IpAddr::V4(ip) => ip.octets().to_vec(),
        IpAddr::V6(ip) => ip.octets().to_vec(),
    }
}

fn from_bytes(s: &[u8]) -> Option<IpAddr> {
    if let Ok(four) = <[u8; 4]>::try_from(s) {
        return Some(IpAddr::from(four));
    }
    <[u8; 16]>::try_from(s).ok().map(IpAddr::from)
}

fn family(s: &Str) -> Value {
    match from_bytes(s) {
        Some(IpAddr::V4(_)) => Value::Str(Str::from_static("INET")),
        Some(IpAddr::V6(_)) => Value::Str(Str::from_static("INET6")),
        None => Value::Null,
    }
}

/// NULL for what is no address, no net, or of another family. Host bits of the net do not count.
fn matches(s: &Str, args: &[TransformArg]) -> Value {
    let net = text(args, 0);
    let inside = net.and_then(|net| {
        let slash = memchr::memchr(b'/', &net)?;
        let (base, bits) = (parse_ip(net.get(..slash)?)?, net.get(slash + 1..)?);
        lies_in(parse_ip(s)?, base, std::str::from_utf8(bits).ok()?.parse().ok()?)
    });
    inside.map_or(Value::Null, flag)
}

fn lies_in(ip: IpAddr, base: IpAddr, bits: u32) -> Option<bool> {
    match (ip, base) {
        (IpAddr::V4(ip), IpAddr::V4(base)) => {
            let mask = u32::MAX.checked_shl(32u32.checked_sub(bits)?).unwrap_or(0);
            Some((ip.to_bits() ^ base.to_bits()) & mask == 0)
        }
        (IpAddr::V6(ip), IpAddr::V6(base)) => {
            let mask = u128::MAX.checked_shl(128u32.checked_sub(bits)?).unwrap_or(0);
            Some((ip.to_bits() ^ base.to_bits()) & mask == 0)
        }
        _ => None,
    }
}

/// RFC 1918, RFC 6598 and loopback.
fn is_private(s: &[u8]) -> bool {
    let Some(IpAddr::V4(ip)) = parse_ip(s) else { return false };
    let [a, b, ..] = ip.octets();
    ip.is_private() || ip.is_loopback() || (a == 100 && (64..128).contains(&b))
}

#[cfg(test)]
mod tests {
    use crate::modules::core::transforms::check;

    #[test]
    fn addresses_are_told_from_names() {
        check("192.0.2.1", &[("ip.isip", "1"), ("ip.isip4", "1"), ("ip.isip6", "0")]);
        check("[2001:db8::1]", &[("ip.isip", "1"), ("ip.isip4", "0"), ("ip.isip6", "1")]);
        check("h.example", &[("ip.isip", "0"), ("ip.pton", "<null>"), ("ip.ntop", "<null>")]);
    }

    #[test]
    fn bytes_and_text_go_both_ways() {
        check(
            "192.0.2.1",
            &[("ip.pton}{s.len", "4"), ("ip.pton}{ip.ntop", "192.0.2.1"), ("ip.pton}{ip.family", "INET")],
        );
        check(
            "2001:db8::1",
            &[("ip.pton}{ip.ntop", "2001:db8::1"), ("ip.pton}{ip.family", "INET6"), ("ip.family", "<null>")],
        );
    }

    #[test]
    fn nets_match_within_their_family() {
        check(
            "10.1.2.3",
            &[
                ("ip.matches,10.0.0.0/8", "1"),
                ("ip.matches,10.1.2.9/24", "1"),
                ("ip.matches,10.1.3.0/24", "0"),
                ("ip.matches,0.0.0.0/0", "1"),
                ("ip.matches,10.1.2.3/32", "1"),
                ("ip.matches,10.1.2.3/33", "<null>"),
                ("ip.matches,10.1.2.3", "<null>"),
                ("ip.matches,::/0", "<null>"),
            ],
        );
        check(
            "2001:db8::1",
            &[("ip.matches,2001:db8::/32", "1"), ("ip.matches,2001:db9::/32", "0"), ("ip.matches,::/0", "1")],
        );
        check("h", &[("ip.matches,0.0.0.0/0", "<null>")]);
    }

    #[test]
    fn private_nets_are_ipv4() {
        for ip in ["10.0.0.1", "172.31.0.1", "192.168.0.1", "100.64.0.1", "127.0.0.1"] {
            check(ip, &[("ip.isprivate", "1")]);
        }
        for ip in ["172.32.0.1", "100.128.0.1", "8.8.8.8", "fd00::1", "h"] {
            check(ip, &[("ip.isprivate", "0")]);
        }
    }
}
