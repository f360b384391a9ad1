//! What the front end costs: as much for each line of a long script as of a short one, whatever is wrong with it.
//!
//! `tests/bench/instructions.rs` counts exactly, up to 100,000 lines; here processor time tells linear from quadratic.
use super::script_text::{Shape, script};
use sipscript::analysis;
use sipscript::diag::{self, Diagnostic, concise};
use sipscript::modules;
use sipscript::registry::Catalog;
use sipscript::syntax::{Source, parse};
use std::time::Duration;

/// Eight times the lines may cost so many times as much; what is quadratic costs 64 times as much.
const GROWTH: u32 = 20;

fn findings(text: &str, catalog: &Catalog) -> Vec<Diagnostic> {
    let source = Source::single("long.cfg", text.as_bytes());
    let parsed = parse(&source);
    let mut found = parsed.errors;
    found.extend(analysis::check(&parsed.ast, catalog));
    diag::sort(&source.map, &mut found);
    let mut out = Vec::new();
    concise::render(&source.map, &found, &mut out).expect("writing to memory does not fail");
    found
}

/// Time that this thread has spent on a processor: what else the machine does is not in it.
fn processor_time() -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the clock writes into `time`, which outlives the call.
    let failed = unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut time) };
    assert_eq!(failed, 0, "every thread has such a clock");
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

fn cost(lines: usize, shape: Shape, catalog: &Catalog) -> Duration {
    let text = script(lines, shape);
    let start = processor_time();
    findings(&text, catalog);
    processor_time() - start
}

#[test]
fn a_long_script_costs_no_more_for_each_line() {
    let catalog = modules::catalog();
    for shape in Shape::ALL {
        let (short, long) = (cost(500, shape, &catalog), cost(4_000, shape, &catalog));
        assert!(long < short * GROWTH, "{shape:?}: 500 lines take {short:?}, 4,000 take {long:?}");
    }
}

#[test]
fn the_whole_scripts_have_no_findings() {
    let catalog = modules::catalog();
    for shape in [Shape::Valid, Shape::Deep] {
        let found = findings(&script(2_000, shape), &catalog);
        let first = found.first().map(|d| (d.code.slug, d.message.clone()));
        assert_eq!(first, None, "{shape:?} has {} findings", found.len());
    }
}

#[test]
fn every_broken_line_of_a_long_script_is_found() {
    let catalog = modules::catalog();
    let found = findings(&script(2_000, Shape::EveryTenthBroken), &catalog);
    assert!(found.len() >= 200, "{} findings in 200 broken lines", found.len());
}

#[test]
fn what_nests_too_deep_is_said_at_its_place() {
    let catalog = modules::catalog();
    for (open, close, levels) in [("(", ")", 199), ("if ($rU) {", "}", 100), ("if ($rU) ", "", 199)] {
        let script = |depth: usize| {
            let inner = if open == "(" { "1" } else { "exit;" };
            let body = format!("{}{inner}{}", open.repeat(depth), close.repeat(depth));
            if open == "(" { format!("route {{ $var(x) = {body}; }}") } else { format!("route {{ {body} }}") }
        };
        let deep = |depth| findings(&script(depth), &catalog).into_iter().find(|d| d.code.slug == "too-deep");
        assert_eq!(deep(levels - 1).map(|d| d.message), None, "{open}");
        let found = deep(levels + 1).unwrap_or_else(|| panic!("{open} is read {} deep", levels + 1));
        assert_eq!(found.message, "nested deeper than 200 levels");
        assert!(script(levels + 1)[found.span().start as usize..].starts_with(['(', '{', 'i']), "{open}");
    }
}
