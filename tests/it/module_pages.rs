//! The README pages of modules: their example scripts have no findings and start.
use sipscript::analysis;
use sipscript::diag::concise;
use sipscript::modules;
use sipscript::syntax::{Source, parse};
use sipscript::testing::Net;
use std::path::Path;

const SOCKET: &str = "socket = udp:127.0.0.1:5060\n";

/// The fenced blocks of OpenSIPS script in a page.
fn examples(page: &str) -> Vec<&str> {
    page.split("```opensips\n").skip(1).filter_map(|rest| rest.split("```").next()).collect()
}

/// What an example leaves out because it is always so: a transport and a socket.
fn completed(example: &str) -> String {
    let transport = if example.contains("proto_udp") { "" } else { "loadmodule \"proto_udp.so\"\n" };
    let socket = if example.contains("socket") { "" } else { SOCKET };
    format!("{transport}{socket}{example}")
}

fn findings(script: &str) -> String {
    let source = Source::single("example.cfg", script.as_bytes());
    let parsed = parse(&source);
    let mut found = parsed.errors;
    found.extend(analysis::check(&parsed.ast, &modules::catalog()));
    found.iter().map(|d| concise::line(&source.map, d)).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_examples_of_module_pages_are_clean_and_start() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/modules");
    let page_of = |name: &str| std::fs::read_to_string(root.join(name).join("README.md")).ok();
    for name in modules::ALL.iter().map(|m| m.name) {
        let page = page_of(name).unwrap_or_else(|| panic!("`{name}` has no page"));
        let examples = examples(&page);
        assert!(!examples.is_empty(), "the page of `{name}` shows no script");
        for example in examples {
            let script = completed(example);
            assert_eq!(findings(&script), "", "the page of `{name}`:\n{script}");
            Net::new(7).server(&script);
        }
    }
}
