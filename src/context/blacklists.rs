//! Destinations that nothing is sent to: lists of rules by name (language reference 3.5).
//!
//! A run uses some of the lists, those declared `default` at first. Rules with a pattern look at the text that is about
//! to leave.
use super::run::Run;
use crate::base::glob::{self, Case};
use crate::base::{Instant, Str};
use crate::registry::{LEARNED_BLACKLIST, MOST_BLACKLISTS};
use crate::sip::Transport;
use crate::sip::uri::view::parse_ip;
use parking_lot::RwLock;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// How long they stay there.
const LEARNED_FOR: i32 = 4 * 60;

/// A list as a script declares it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BlacklistSpec {
    pub name: Str,
    pub read_only: bool,
    pub expires: bool,
    /// Used by every run that does not say otherwise.
    pub default: bool,
    pub rules: Vec<BlacklistRule>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlacklistRule {
    /// Matches what does not fit.
    pub negated: bool,
    pub net: Net,
    /// Any, without one.
    pub port: Option<u16>,
    /// Name of a transport in lower case; any, without one.
    pub proto: Option<Str>,
    /// A shell pattern for the whole text that is sent.
    pub pattern: Option<Str>,
}

/// Addresses with a common beginning.
#[derive(Clone, Copy, Debug)]
pub struct Net {
    pub addr: IpAddr,
    pub bits: u8,
}

/// What is asked about.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    pub ip: IpAddr,
    pub port: u16,
    pub proto: Option<&'a str>,
    /// `None`: not known yet, so that no pattern fits.
    pub text: Option<&'a [u8]>,
}

impl<'a> Place<'a> {
    pub fn new(transport: Transport, to: SocketAddr, text: Option<&'a [u8]>) -> Place<'a> {
        Place { ip: to.ip(), port: to.port(), proto: Some(transport.name()), text }
    }
}

/// The lists that a run uses, a bit for each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ListSet(pub u32);

#[derive(Debug, Default)]
pub struct Blacklists {
    lists: Vec<List>,
}

#[derive(Debug)]
struct List {
    spec: BlacklistSpec,
    /// What the declaration has stays in front.
    rules: RwLock<Vec<Entry>>,
}

#[derive(Debug)]
struct Entry {
    rule: BlacklistRule,
    ends: Option<Instant>,
}

/// Why a list was not changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListError {
    Unknown,
    ReadOnly,
    NeverExpires,
    NoSuchRule,
}

impl ListError {
    pub const fn text(self) -> &'static str {
        match self {
            ListError::Unknown => "there is no such list",
            ListError::ReadOnly => "the list is read-only",
            ListError::NeverExpires => "rules of the list do not expire",
            ListError::NoSuchRule => "the list has no such rule",
        }
    }
}

impl Blacklists {
    /// Lists beyond `MOST_BLACKLISTS` are left out: the checker refuses them.
    pub fn new(specs: &[BlacklistSpec]) -> Blacklists {
        let list = |spec: &BlacklistSpec| List {
            spec: BlacklistSpec { rules: Vec::new(), ..spec.clone() },
            rules: RwLock::new(spec.rules.iter().cloned().map(|rule| Entry { rule, ends: None }).collect()),
        };
        Blacklists { lists: specs.iter().take(MOST_BLACKLISTS).map(list).collect() }
    }

    /// The declaration of the list for failed destinations.
    pub fn learned() -> BlacklistSpec {
        BlacklistSpec { name: LEARNED_BLACKLIST.into(), expires: true, default: true, ..BlacklistSpec::default() }
    }

    /// The list by name, alone.
    pub fn named(&self, name: &[u8]) -> Option<ListSet> {
        self.position(name).map(|at| ListSet(1 << at))
    }

    /// Every list; what does not exist does not matter.
    pub const ALL: ListSet = ListSet(u32::MAX);

    /// The lists that a run uses.
    pub fn used_by(&self, run: &Run) -> ListSet {
        if self.lists.is_empty() {
            return ListSet(0);
        }
        run.slots.get::<ListSet>().copied().unwrap_or_else(|| self.default_set())
    }

    fn default_set(&self) -> ListSet {
        let defaults = self.lists.iter().enumerate().filter(|(_, list)| list.spec.default);
        ListSet(defaults.fold(0, |set, (at, _)| set | 1 << at))
    }

    /// Whether a rule of one of the lists fits.
    pub fn has(&self, lists: ListSet, now: Instant, place: Place<'_>) -> bool {
        let meant = self.lists.iter().enumerate().filter(|(at, _)| lists.0 & (1 << at) != 0);
        meant.into_iter().any(|(_, list)| list.has(now, place))
    }

    /// Adds a rule, for `seconds`: 0 is for good. One that is there already stays as it is.
    pub fn add(&self, name: &[u8], now: Instant, rule: BlacklistRule, seconds: i32) -> Result<(), ListError> {
        let list = self.changeable(name)?;
        if seconds != 0 && !list.spec.expires {
            return Err(ListError::NeverExpires);
        }
        let mut rules = list.rules.write();
        rules.retain(|entry| !entry.is_over(now));
        if rules.iter().any(|entry| entry.rule == rule) {
            return Ok(());
        }
        let seconds = u64::try_from(seconds).unwrap_or(0);
        let ends = (seconds > 0).then(|| now + Duration::from_secs(seconds));
        rules.push(Entry { rule, ends });
        Ok(())
    }

    pub fn remove(&self, name: &[u8], now: Instant, rule: &BlacklistRule) -> Result<(), ListError> {
        let mut rules = self.changeable(name)?.rules.write();
        rules.retain(|entry| !entry.is_over(now));
        let at = rules.iter().position(|entry| entry.rule == *rule).ok_or(ListError::NoSuchRule)?;
        rules.remove(at);
        Ok(())
    }

    /// Avoids a destination that did not serve, for a while, where the server is told to learn such.
    pub fn learn(&self, now: Instant, transport: Transport, to: SocketAddr) {
        let rule = BlacklistRule {
            negated: false,
            net: Net::single(to.ip()),
            port: Some(to.port()),
            proto: Some(transport.name().into()),
            pattern: None,
        };
        // Without the list nothing is learned.
        let _ = self.add(LEARNED_BLACKLIST.as_bytes(), now, rule, LEARNED_FOR);
    }

    fn changeable(&self, name: &[u8]) -> Result<&List, ListError> {
        let list = self.position(name).and_then(|at| self.lists.get(at)).ok_or(ListError::Unknown)?;
        if list.spec.read_only { Err(ListError::ReadOnly) } else { Ok(list) }
    }

    fn position(&self, name: &[u8]) -> Option<usize> {
        self.lists.iter().position(|list| *list.spec.name == *name)
    }
}

impl List {
    fn has(&self, now: Instant, place: Place<'_>) -> bool {
        self.rules.read().iter().any(|entry| !entry.is_over(now) && entry.rule.fits(place))
    }
}

impl Entry {
    fn is_over(&self, now: Instant) -> bool {
        self.ends.is_some_and(|ends| ends <= now)
    }
}

impl BlacklistRule {
    fn fits(&self, place: Place<'_>) -> bool {
        let pattern = match (&self.pattern, place.text) {
            (None, _) => true,
            (Some(pattern), Some(text)) => glob::matches(pattern, text, Case::Kept),
            (Some(_), None) => return false,
        };
        let fits = pattern
            && self.port.is_none_or(|port| port == place.port)
            && self.proto.as_deref().is_none_or(|proto| place.proto.is_some_and(|p| p.as_bytes() == proto))
            && self.net.contains(place.ip);
        fits != self.negated
    }
}

impl Net {
    pub const fn single(addr: IpAddr) -> Net {
        Net { addr, bits: if addr.is_ipv4() { 32 } else { 128 } }
    }

    /// `addr[/bits]` or `addr/mask`.
    pub fn parse(text: &[u8]) -> Option<Net> {
        let Some(slash) = memchr::memchr(b'/', text) else { return parse_ip(text).map(Net::single) };
        let (addr, tail) = (parse_ip(text.get(..slash)?)?, text.get(slash + 1..)?);
        let bits = match parse_ip(tail) {
            Some(IpAddr::V4(mask)) if addr.is_ipv4() => contiguous(u128::from(mask.to_bits()) << 96)?,
            Some(IpAddr::V6(mask)) if addr.is_ipv6() => contiguous(mask.to_bits())?,
            Some(_) => return None,
            None => std::str::from_utf8(tail).ok()?.parse().ok()?,
        };
        (bits <= Net::single(addr).bits).then_some(Net { addr, bits })
    }

    pub fn contains(&self, ip: IpAddr) -> bool {
        let shift = |width: u32| u128::MAX.checked_shl(width - u32::from(self.bits).min(width)).unwrap_or(0);
        let differing = match (self.addr, ip) {
            (IpAddr::V4(own), IpAddr::V4(ip)) => u128::from(own.to_bits() ^ ip.to_bits()) & shift(32),
            (IpAddr::V6(own), IpAddr::V6(ip)) => (own.to_bits() ^ ip.to_bits()) & shift(128),
            _ => return false,
        };
        differing == 0
    }
}

impl PartialEq for Net {
    /// Host bits do not count.
    fn eq(&self, other: &Net) -> bool {
        self.bits == other.bits && self.contains(other.addr)
    }
}

impl Eq for Net {}

/// Length of a mask; `None` for one with holes.
fn contiguous(mask: u128) -> Option<u8> {
    let bits = mask.leading_ones();
    (mask.count_ones() == bits).then_some(bits as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Instant = Instant(0);

    fn rule(net: &str) -> BlacklistRule {
        let (negated, net) = net.strip_prefix('!').map_or((false, net), |net| (true, net));
        let net = Net::parse(net.as_bytes()).expect("a net");
        BlacklistRule { negated, net, port: None, proto: None, pattern: None }
    }

    fn list(rules: Vec<BlacklistRule>) -> Blacklists {
        let spec = BlacklistSpec { name: "l".into(), expires: true, rules, ..BlacklistSpec::default() };
        Blacklists::new(&[spec])
    }

    fn place(to: &str) -> Place<'static> {
        Place::new(Transport::Udp, to.parse().expect("an address"), None)
    }

    fn has(lists: &Blacklists, to: &str) -> bool {
        lists.has(Blacklists::ALL, NOW, place(to))
    }

    #[test]
    fn nets_are_read_in_each_form() {
        let net = |text: &str| Net::parse(text.as_bytes()).map(|net| net.bits);
        assert_eq!((net("10.0.0.1"), net("10.0.0.0/8"), net("10.0.0.0/255.255.0.0")), (Some(32), Some(8), Some(16)));
        assert_eq!((net("2001:db8::/32"), net("::1"), net("0.0.0.0/0")), (Some(32), Some(128), Some(0)));
        for bad in ["", "host", "10.0.0.0/33", "10.0.0.0/255.0.255.0", "10.0.0.0/", "::1/129", "10.0.0.0/::"] {
            assert_eq!(net(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_rule_fits_by_each_of_its_parts() {
        let all = BlacklistRule { port: Some(5060), proto: Some("udp".into()), ..rule("10.0.0.0/8") };
        let lists = list(vec![all]);
        assert!(has(&lists, "10.1.2.3:5060"));
        assert!(!has(&lists, "10.1.2.3:5061") && !has(&lists, "11.0.0.1:5060") && !has(&lists, "[::1]:5060"));
        let tcp = Place { proto: Some("tcp"), ..place("10.1.2.3:5060") };
        assert!(!lists.has(Blacklists::ALL, NOW, tcp));
        assert!(!lists.has(ListSet(0), NOW, place("10.1.2.3:5060")), "a list that is not used blocks nothing");
    }

    #[test]
    fn a_negated_rule_fits_everything_else() {
        let lists = list(vec![rule("!10.0.0.0/8")]);
        assert!(!has(&lists, "10.1.2.3:5060") && has(&lists, "11.0.0.1:5060") && has(&lists, "[::1]:5060"));
    }

    #[test]
    fn a_pattern_looks_at_the_text() {
        let lists = list(vec![BlacklistRule { pattern: Some("*evil*".into()), ..rule("0.0.0.0/0") }]);
        let with =
            |text: Option<&'static [u8]>| lists.has(Blacklists::ALL, NOW, Place { text, ..place("10.0.0.1:5060") });
        assert_eq!([with(None), with(Some(b"INVITE sip:evil@h")), with(Some(b"INVITE"))], [false, true, false]);
    }

    #[test]
    fn rules_come_go_and_expire() {
        let lists = list(Vec::new());
        assert_eq!(lists.add(b"l", NOW, rule("10.0.0.0/8"), 5), Ok(()));
        assert_eq!(lists.add(b"l", NOW, rule("10.9.0.0/8"), 0), Ok(()), "the same net");
        assert!(has(&lists, "10.0.0.1:1"));
        let later = Instant(5_000_000);
        assert!(!lists.has(Blacklists::ALL, later, place("10.0.0.1:1")));
        assert_eq!(lists.remove(b"l", later, &rule("10.0.0.0/8")), Err(ListError::NoSuchRule));
        assert_eq!(lists.add(b"l", later, rule("10.0.0.0/8"), 0), Ok(()));
        assert_eq!(lists.remove(b"l", later, &rule("10.0.0.0/8")), Ok(()));
        assert_eq!(lists.add(b"x", NOW, rule("10.0.0.0/8"), 0), Err(ListError::Unknown));
    }

    #[test]
    fn a_list_is_changed_as_its_declaration_allows() {
        let read_only = BlacklistSpec { name: "r".into(), read_only: true, ..BlacklistSpec::default() };
        let lasting = BlacklistSpec { name: "k".into(), ..BlacklistSpec::default() };
        let lists = Blacklists::new(&[read_only, lasting]);
        assert_eq!(lists.add(b"r", NOW, rule("::/0"), 0), Err(ListError::ReadOnly));
        assert_eq!(lists.add(b"k", NOW, rule("::/0"), 1), Err(ListError::NeverExpires));
        assert_eq!(lists.add(b"k", NOW, rule("::/0"), 0), Ok(()));
        assert_eq!(lists.named(b"k"), Some(ListSet(2)));
    }

    #[test]
    fn failed_destinations_are_learned_where_there_is_a_list_for_them() {
        let to = "10.0.0.1:5060".parse().expect("an address");
        let lists = Blacklists::new(&[Blacklists::learned()]);
        lists.learn(NOW, Transport::Udp, to);
        assert!(has(&lists, "10.0.0.1:5060") && !has(&lists, "10.0.0.1:5061"));
        let none = Blacklists::default();
        none.learn(NOW, Transport::Udp, to);
        assert!(!has(&none, "10.0.0.1:5060"));
    }
}
