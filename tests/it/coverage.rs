//! The coverage rule: in the modules named here nothing of OpenSIPS is missing, and every function, variable,
//! transformation and statement has an example whose effect is asserted and one bad input. What is left out stands in a
//! list with its reason.
use sipscript::modules;
use sipscript::registry::coverage::{Coverage, Entries, Name, Sort, State};
use sipscript::registry::opensips::KnownNames;
use std::collections::BTreeSet;

/// Modules that are held to the rule.
const HELD: &[&str] = &[
    "core",
    "proto_udp",
    "sl",
    "tm",
    "signaling",
    "maxfwd",
    "rr",
    "sipmsgops",
    "json",
    "dialog",
    "acc",
    "textops",
    "cfgutils",
    "mathops",
    "regex",
    "statistics",
    "options",
    "path",
    "diversion",
    "uuid",
    "cachedb_local",
    "gflags",
    "exec",
    "event_route",
    "avpops",
];

/// Names that are known to be missing, as `module:name`, and why.
const LEFT_OUT: &[(&str, &str)] = &[
    ("core:tcp_close_conn", "there are no TCP connections yet"),
    ("core:force_tcp_alias", "there are no TCP connections yet"),
    ("core:subscribe_event", "events are raised in the process only"),
    ("avpops:avp_db_delete", "there are no databases yet"),
    ("avpops:avp_db_load", "there are no databases yet"),
    ("avpops:avp_db_query", "there are no databases yet"),
    ("avpops:avp_db_store", "there are no databases yet"),
];

fn coverage() -> Coverage {
    Coverage::of(&modules::catalog(), KnownNames::get())
}

fn full_name(name: &Name) -> String {
    format!("{}:{}", name.module, name.name)
}

fn is_lacking(name: &&Name) -> bool {
    matches!(name.state, State::Missing | State::Untested { .. })
}

#[test]
fn nothing_is_missing_or_untested_in_the_modules_that_are_held() {
    let coverage = coverage();
    let lacking: BTreeSet<String> =
        HELD.iter().flat_map(|m| coverage.of_module(m)).filter(is_lacking).map(full_name).collect();
    let left_out: BTreeSet<String> = LEFT_OUT.iter().map(|(name, _)| (*name).to_owned()).collect();
    let open: Vec<_> = lacking.difference(&left_out).collect();
    assert!(open.is_empty(), "missing or untested (`sipscript doc --missing`): {open:#?}");
}

#[test]
fn what_is_left_out_is_lacking_indeed() {
    let coverage = coverage();
    let lacking: BTreeSet<String> = coverage.names.iter().filter(is_lacking).map(full_name).collect();
    let idle: Vec<_> = LEFT_OUT.iter().map(|(name, _)| *name).filter(|name| !lacking.contains(*name)).collect();
    assert!(idle.is_empty(), "these are there: {idle:?}");
}

#[test]
fn every_heading_of_a_page_of_examples_is_a_name_of_its_module() {
    let catalog = modules::catalog();
    let coverage = coverage();
    let names: BTreeSet<(&str, String)> = coverage
        .names
        .iter()
        .filter(|n| n.state != State::Missing)
        .map(|n| match n.sort {
            Sort::Parameter if n.module != "core" => (n.module, format!("{}.{}", n.module, n.name)),
            _ => (n.module, n.name.clone()),
        })
        .collect();
    let entries = Entries::of(&catalog);
    let unknown: Vec<_> = entries
        .names()
        .filter(|(module, name)| !names.contains(&(module, (*name).to_owned())))
        .filter(|(_, name)| catalog.functions_named(name).is_empty())
        .collect();
    assert!(unknown.is_empty(), "headings that name nothing: {unknown:?}");
}
