//! `uuid`: identifiers by RFC 9562, from the engine's own numbers and clock.
//!
//! Versions 1 and 7 tell the time of the event at hand; version 1 counts on where two fall on one moment, so that they
//! differ (RFC 9562 6.1), and has a node drawn at start instead of the address of a network card.
use crate::base::{IdGen, Str};
use crate::context::{Level, Value};
use crate::registry::SubName;
use crate::script_fns;
use crate::vm::{Cx, Function, InitCx, Module, NameKind, Pvar, Store, Var, VarOut};
use ::uuid::{Builder, Uuid};
use std::sync::atomic::{AtomicU64, Ordering};

pub static MODULE: Module = Module {
    functions: FUNCTIONS,
    pvars: PVARS,
    examples: &[include_str!("examples.md")],
    init: Some(init),
    ..Module::empty("uuid")
};

static FUNCTIONS: &[Function] = script_fns! {
    /// Makes an identifier: version 0 (as 4), 1, 3, 4, 5 or 7. Versions 3 and 5 are made of a namespace and a name.
    fn uuid(out_var: VarOut, version: Option<i32>, namespace: Option<Str>, name: Option<Str>) in ALL, roles [MayFail] => make;
};

static PVARS: &[Pvar] = &[Pvar::new("uuid", read, "A new identifier: `$uuid`, or of a version, `$uuid(7)`.")
    .named(SubName::Optional, NameKind::Text)];

/// What version 1 needs beside the clock.
struct State {
    node: [u8; 6],
    sequence: u16,
    /// The last moment that was given out.
    last: AtomicU64,
}

/// Ticks of 100 ns between 1582-10-15, where version 1 begins to count, and 1970-01-01 (RFC 9562 5.1).
const EPOCH: u64 = 0x01B2_1DD2_1381_4000;

fn init(cx: &mut InitCx<'_>) -> Result<(), String> {
    let mut ids = IdGen::new(cx.seed);
    let mut node = [0; 6];
    node.copy_from_slice(ids.next_u64().to_be_bytes().get(..6).unwrap_or(&[0; 6]));
    // RFC 9562 6.10: the multicast bit tells that it is no address of a card.
    node[0] |= 1;
    let sequence = (ids.next_u32() & 0x3fff) as u16;
    cx.states.set(State { node, sequence, last: AtomicU64::new(0) });
    Ok(())
}

fn make(cx: &mut Cx<'_>, out: VarOut, version: Option<i32>, namespace: Option<Str>, name: Option<Str>) -> bool {
    let made = match version.unwrap_or(0) {
        3 => named(namespace, name, Builder::from_md5_bytes, md5),
        5 => named(namespace, name, Builder::from_sha1_bytes, sha1),
        2 => {
            cx.log(Level::Warning, "uuid", "uuid", format_args!("version 2 is not made: it is version 4 instead"));
            Ok(random(cx))
        }
        other => unnamed(cx, other),
    };
    match made {
        Ok(uuid) => cx.write(&out.0, Store::Set, text(uuid)).is_ok(),
        Err(why) => {
            cx.log(Level::Error, "uuid", "uuid", format_args!("{why}"));
            false
        }
    }
}

fn read(cx: &mut Cx<'_>, var: &Var) -> Value {
    let version = match var.name_text(cx) {
        None => Some(0),
        Some(name) => name.as_utf8().and_then(|name| name.trim().parse().ok()),
    };
    version.and_then(|version| unnamed(cx, version).ok()).map_or(Value::Null, text)
}

fn text(uuid: Uuid) -> Value {
    Value::Str(Str::from(uuid.hyphenated().to_string()))
}

/// The versions that need nothing but the time and luck.
fn unnamed(cx: &mut Cx<'_>, version: i32) -> Result<Uuid, String> {
    match version {
        0 | 4 => Ok(random(cx)),
        1 => Ok(by_time(cx)),
        7 => Ok(by_time_and_luck(cx)),
        other => Err(format!("there is no version {other}")),
    }
}

fn random(cx: &mut Cx<'_>) -> Uuid {
    Builder::from_random_bytes(lot(cx)).into_uuid()
}

fn by_time(cx: &mut Cx<'_>) -> Uuid {
    let state = cx.core.state::<State>();
    let now = cx.now.unix_us.wrapping_mul(10).wrapping_add(EPOCH);
    let next = |last: u64| Some(now.max(last.wrapping_add(1)));
    let before = state.last.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next).unwrap_or_default();
    let ticks = now.max(before.wrapping_add(1));
    Builder::from_gregorian_timestamp(ticks, state.sequence, &state.node).into_uuid()
}

fn by_time_and_luck(cx: &mut Cx<'_>) -> Uuid {
    let [random @ .., _, _, _, _, _, _] = lot(cx);
    Builder::from_unix_timestamp_millis(cx.now.unix_us / 1000, &random).into_uuid()
}

fn lot(cx: &mut Cx<'_>) -> [u8; 16] {
    let ids = &mut cx.shard.ids;
    ((u128::from(ids.next_u64()) << 64) | u128::from(ids.next_u64())).to_be_bytes()
}

type Digest = fn(&[u8]) -> [u8; 16];

fn named(
    namespace: Option<Str>,
    name: Option<Str>,
    build: fn([u8; 16]) -> Builder,
    digest: Digest,
) -> Result<Uuid, String> {
    let namespace = namespace.ok_or("this version needs a namespace")?;
    let name = name.ok_or("this version needs a name")?;
    let parsed = namespace.as_utf8().and_then(|text| Uuid::parse_str(text).ok());
    let parsed = parsed.ok_or_else(|| format!("the namespace `{namespace}` is no UUID"))?;
    Ok(build(digest(&[parsed.as_bytes(), &name[..]].concat())).into_uuid())
}

fn md5(bytes: &[u8]) -> [u8; 16] {
    use md5::Digest;
    md5::Md5::digest(bytes).into()
}

/// The first 16 bytes of it.
fn sha1(bytes: &[u8]) -> [u8; 16] {
    use sha1::Digest;
    let all: [u8; 20] = sha1::Sha1::digest(bytes).into();
    let [first @ .., _, _, _, _] = all;
    first
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::modules::fixture::{Fixture, text};
    use crate::vm::Arg;

    /// RFC 9562 appendix A
    const DNS: &str = "6ba7b810-9dad-11d1-80b4-00c04fd430c8";

    fn fixture() -> Fixture {
        Fixture::with("OPTIONS sip:h SIP/2.0\ni: 1", &[(&MODULE, &[])])
    }

    fn made(f: &mut Fixture, args: &[Arg]) -> String {
        let mut all = vec![f.by_ref("$var(u)")];
        all.extend(args.iter().map(|arg| match arg {
            Arg::Int(i) => Arg::Int(*i),
            Arg::Str(s) => Arg::Str(s.clone()),
            _ => Arg::Omitted,
        }));
        assert_eq!(f.call(&MODULE, "uuid", &all), 1);
        f.expanded("$var(u)")
    }

    fn version(text: &str) -> usize {
        Uuid::parse_str(text).expect("it is a UUID").get_version_num()
    }

    #[test]
    fn names_give_the_identifiers_of_the_rfc() {
        let mut f = fixture();
        let mut of = |version| made(&mut f, &[Arg::Int(version), text(DNS), text("www.example.com")]);
        assert_eq!(of(3), "5df41881-3aed-3515-88a7-2f4a814cf09e");
        assert_eq!(of(5), "2ed6657d-e927-568b-95e1-2665a8aea6a2");
    }

    #[test]
    fn versions_are_what_they_say_and_differ() {
        let mut f = fixture();
        for (asked, is) in [(0, 4), (1, 1), (2, 4), (4, 4), (7, 7)] {
            let (one, two) = (made(&mut f, &[Arg::Int(asked)]), made(&mut f, &[Arg::Int(asked)]));
            assert_eq!(version(&one), is, "{one}");
            assert_ne!(one, two);
        }
        assert_eq!(version(&f.expanded("$uuid")), 4);
        assert_eq!(version(&f.expanded("$uuid(7)")), 7);
        assert!(f.expanded("$uuid(7)").starts_with("018bcfe5-6800-7"), "the time of the test");
    }

    #[test]
    fn what_cannot_be_made_is_refused() {
        let mut f = fixture();
        let mut refused = |args: Vec<Arg>| {
            let mut all = vec![f.by_ref("$var(u)")];
            all.extend(args);
            f.call(&MODULE, "uuid", &all) == -1
        };
        assert!(refused(vec![Arg::Int(6)]) && refused(vec![Arg::Int(-1)]));
        assert!(refused(vec![Arg::Int(3)]) && refused(vec![Arg::Int(3), text(DNS)]));
        assert!(refused(vec![Arg::Int(5), text("dns"), text("x")]));
        assert_eq!((f.value("$uuid(3)"), f.value("$uuid(x)")), (Value::Null, Value::Null));
    }
}
