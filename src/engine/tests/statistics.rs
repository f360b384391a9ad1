//! Statistics: what a module declares is there to be read.
use super::*;
use crate::modules;

#[test]
fn every_statistic_that_a_module_declares_has_a_value() {
    let loaded = modules::ALL.iter().filter(|m| m.name != "core");
    let loads: String = loaded.map(|m| format!("loadmodule \"{}.so\"\n", m.name)).collect();
    let net = Net::with(&format!("{loads}route {{ exit; }}\n"));
    let core = &net.engine.core;
    for module in modules::ALL {
        for name in module.statistics {
            assert!(core.stats.value(core, module.name, name).is_some(), "{}:{name}", module.name);
        }
    }
}

#[test]
fn transactions_in_use_are_those_of_the_table() {
    let mut net = Net::new("route { $ru = \"sip:bob@192.0.2.20\"; t_relay(); }");
    let in_use = |net: &Net| net.engine.core.stats.value(&net.engine.core, "tm", "inuse_transactions");
    assert_eq!(in_use(&net), Some(0));
    net.recv(CALLER, &invite("sip:bob@192.0.2.1"));
    assert_eq!(in_use(&net), Some(1));
}
