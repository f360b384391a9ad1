//! What the benches and the instruction counts measure: scripts over one message, and texts for the front end.
//!
//! `run` holds the statements, `text` makes scripts of any length. `WORKLOADS` is the table that the counts go by.
#![allow(dead_code, reason = "each bench takes what it measures")]
pub mod run;
pub mod text;

use run::Served;
use sipscript::analysis;
use sipscript::diag::{Diagnostic, concise};
use sipscript::registry::Catalog;
use sipscript::syntax::{Source, parse};
use text::Shape;

/// One thing to measure.
pub struct Workload {
    pub name: &'static str,
    /// What is measured, done so many times; preparation is the same for any number.
    pub repeat: fn(usize),
    /// How often it is done to be counted well.
    pub times: usize,
}

macro_rules! script {
    ($name:literal, $script:expr) => {
        Workload { name: $name, repeat: |times| repeat_script($script, times), times: 20 }
    };
}

macro_rules! reading {
    ($name:literal, $lines:expr, $shape:expr) => {
        Workload { name: $name, repeat: |times| repeat_reading(&text::script($lines, $shape), times), times: 1 }
    };
}

pub const WORKLOADS: &[Workload] = &[
    script!("turn of a loop", &run::turns("")),
    script!("string comparison", &run::turns(run::COMPARISON)),
    script!("transformation chain", &run::turns(run::TRANSFORMATIONS)),
    script!("avp push and pop", &run::turns(run::AVP)),
    script!("regex match", &run::turns(run::REGEX)),
    script!("route call", &run::turns(run::ROUTE_CALL)),
    script!("script of the side-by-side load", run::SIDE_BY_SIDE),
    reading!("check of 1k lines", 1_000, Shape::Valid),
    reading!("check of 10k lines", 10_000, Shape::Valid),
    reading!("check of 10k lines, every tenth broken", 10_000, Shape::EveryTenthBroken),
    reading!("check of 10k lines, unclosed", 10_000, Shape::OpenBrace),
    reading!("check of 10k lines, 150 deep", 10_000, Shape::Deep),
];

fn repeat_script(script: &str, times: usize) {
    let mut served = Served::new(script);
    for _ in 0..times {
        served.request();
    }
}

fn repeat_reading(text: &str, times: usize) {
    let catalog = sipscript::modules::catalog();
    for _ in 0..times {
        std::hint::black_box(read(text, &catalog));
    }
}

/// The whole front end: parsed, checked, sorted, findings made text. Gives back how many there are.
pub fn read(text: &str, catalog: &Catalog) -> usize {
    let (source, found) = findings(text, catalog);
    let mut out = Vec::new();
    concise::render(&source.map, &found, &mut out).expect("writing to memory does not fail");
    found.len()
}

pub fn findings(text: &str, catalog: &Catalog) -> (Source, Vec<Diagnostic>) {
    let source = Source::single("bench.cfg", text.as_bytes());
    let parsed = parse(&source);
    let mut found = parsed.errors;
    found.extend(analysis::check(&parsed.ast, catalog));
    sipscript::diag::sort(&source.map, &mut found);
    (source, found)
}
