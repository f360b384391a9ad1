//! What the benches and the instruction counts measure: scripts over one message, and texts for the front end.
//!
//! `run` holds the statements, `text` makes scripts of any length. `workloads` is the table that the counts go by.
#![allow(dead_code, reason = "each bench takes what it measures")]
pub mod run;
pub mod text;

use run::Served;
use sipscript::analysis;
use sipscript::diag::concise;
use sipscript::registry::Catalog;
use sipscript::syntax::{Source, parse};
use text::Shape;

/// One thing to count.
pub struct Workload {
    pub name: String,
    pub kind: Kind,
}

pub enum Kind {
    /// A script over one message.
    Script(String),
    /// The front end over a script of so many lines.
    Reading(usize, Shape),
}

/// Lengths of scripts that the front end reads.
pub const LINES: [usize; 3] = [1_000, 10_000, 100_000];

/// The table that the counts go by.
pub fn workloads() -> Vec<Workload> {
    let script = |name: &str, script: String| Workload { name: name.to_owned(), kind: Kind::Script(script) };
    let turns = run::STATEMENTS.iter().map(|(name, statement)| script(name, run::turns(statement)));
    let side_by_side = script("script of the side-by-side load", run::SIDE_BY_SIDE.to_owned());
    let readings = Shape::ALL.into_iter().flat_map(|shape| LINES.map(|lines| reading(lines, shape)));
    turns.chain([side_by_side]).chain(readings).collect()
}

fn reading(lines: usize, shape: Shape) -> Workload {
    Workload { name: format!("check of {lines} lines, {shape:?}"), kind: Kind::Reading(lines, shape) }
}

impl Workload {
    /// How often it is done to be counted well.
    pub fn times(&self) -> usize {
        match self.kind {
            Kind::Script(_) => 20,
            Kind::Reading(..) => 1,
        }
    }

    /// Does it so many times, after a preparation that is the same for any number.
    pub fn repeat(&self, times: usize) {
        match &self.kind {
            Kind::Script(script) => {
                let mut served = Served::new(script);
                (0..times).for_each(|_| {
                    served.request();
                });
            }
            Kind::Reading(lines, shape) => {
                let (text, catalog) = (text::script(*lines, *shape), sipscript::modules::catalog());
                (0..times).for_each(|_| drop(std::hint::black_box(read(&text, &catalog))));
            }
        }
    }
}

/// The whole front end: parsed, checked, sorted, findings made text.
pub fn read(text: &str, catalog: &Catalog) -> Vec<u8> {
    let source = Source::single("bench.cfg", text.as_bytes());
    let parsed = parse(&source);
    let mut found = parsed.errors;
    found.extend(analysis::check(&parsed.ast, catalog));
    sipscript::diag::sort(&source.map, &mut found);
    let mut out = Vec::new();
    concise::render(&source.map, &found, &mut out).expect("writing to memory does not fail");
    out
}
