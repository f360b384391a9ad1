//! Counts the instructions of each workload under valgrind and compares them with `instructions.txt`.
//!
//! Time means nothing on a shared machine; the count of one program on one input hardly moves. Hardware counters are
//! missing in many virtual machines and count differently from one processor to the next, so it is always valgrind that
//! counts. Each workload runs twice, once for nothing but its preparation: the difference has no start-up in it.
//!
//!     cargo bench --bench instructions               compare
//!     cargo bench --bench instructions -- --accept   write the counts of today
#![allow(clippy::disallowed_methods, reason = "a program of its own: arguments and files")]
mod workloads;

use std::fmt::Write;
use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::sync::Mutex;
use workloads::text::Shape;
use workloads::{Kind, LINES, Workload, workloads};

/// Counts this far from the baseline fail.
const TOLERANCE: f64 = 0.10;
/// A line of the longest script may cost so much more than one of the shortest: caches of names fill up.
const GROWTH: f64 = 1.5;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [] => judge(false),
        ["--accept"] => judge(true),
        ["--repeat", name, times] => repeat(name, times),
        _ => usage(),
    }
}

fn usage() -> ExitCode {
    eprintln!("usage: cargo bench --bench instructions [-- --accept]");
    ExitCode::from(2)
}

/// What valgrind runs.
fn repeat(name: &str, times: &str) -> ExitCode {
    let workloads = workloads();
    let workload = workloads.iter().find(|w| w.name == name);
    let (Some(workload), Ok(times)) = (workload, times.parse()) else { return usage() };
    workload.repeat(times);
    ExitCode::SUCCESS
}

fn judge(accept: bool) -> ExitCode {
    let known = std::fs::read_to_string(baseline_file()).unwrap_or_default();
    let workloads = workloads();
    let counted = match counts(&workloads) {
        Ok(counted) => counted,
        Err(why) => {
            eprintln!("cannot count: {why}");
            return ExitCode::FAILURE;
        }
    };
    let mut lines = String::new();
    let (mut passed, mut failed) = (0, 0);
    let mut note = |holds: bool| if holds { passed += 1 } else { failed += 1 };
    // The longest scripts are held by what a line of theirs costs.
    let [.., longest] = LINES;
    for (workload, count) in counted.iter().filter(|(w, _)| !matches!(w.kind, Kind::Reading(l, _) if l == longest)) {
        let _ = writeln!(lines, "{count:>14} {}", workload.name);
        let verdict = Verdict::of(*count, baseline(&known, &workload.name));
        println!("{count:>14} {}{}", workload.name, verdict.text());
        note(matches!(verdict, Verdict::Same));
    }
    for shape in Shape::ALL {
        let growth = growth(&counted, shape);
        println!("{growth:>14.2} times as much for a line of the longest script as of the shortest, {shape:?}");
        note(growth <= GROWTH);
    }
    if accept {
        std::fs::write(baseline_file(), lines).expect("the baseline can be written");
        return ExitCode::SUCCESS;
    }
    println!("{passed} passed, {failed} failed");
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// All of them, as many at a time as there are processors.
fn counts(workloads: &[Workload]) -> Result<Vec<(&Workload, u64)>, String> {
    let queue = Mutex::new(workloads.iter());
    let done = Mutex::new(Vec::new());
    let work = || -> Result<(), String> {
        while let Some(workload) = queue.lock().expect("nobody panics").next() {
            let count = count(workload)?;
            done.lock().expect("nobody panics").push((workload, count));
        }
        Ok::<(), String>(())
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        let at_work: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        at_work.into_iter().try_for_each(|thread| thread.join().expect("nobody panics"))
    })?;
    let mut done = done.into_inner().expect("nobody panics");
    done.sort_by_key(|(workload, _)| workloads.iter().position(|w| w.name == workload.name));
    Ok(done)
}

/// The cost of a line of the longest script against one of the shortest.
fn growth(counted: &[(&Workload, u64)], shape: Shape) -> f64 {
    let [shortest, .., longest] = LINES;
    let of_line = |lines: usize| {
        let found = counted.iter().find(|(w, _)| matches!(w.kind, Kind::Reading(l, s) if l == lines && s == shape));
        found.map_or(f64::NAN, |(_, count)| *count as f64 / lines as f64)
    };
    of_line(longest) / of_line(shortest)
}

enum Verdict {
    Same,
    Changed(f64),
    Unknown,
}

impl Verdict {
    fn of(count: u64, baseline: Option<u64>) -> Verdict {
        let Some(baseline) = baseline else { return Verdict::Unknown };
        let change = count as f64 / baseline as f64 - 1.0;
        if change.abs() <= TOLERANCE { Verdict::Same } else { Verdict::Changed(change) }
    }

    fn text(&self) -> String {
        match self {
            Verdict::Same => String::new(),
            Verdict::Changed(change) if *change > 0.0 => {
                format!("   {:+.1} %: slower than its baseline", change * 100.0)
            }
            Verdict::Changed(change) => format!("   {:+.1} %: faster, accept it as the baseline", change * 100.0),
            Verdict::Unknown => "   no baseline".to_owned(),
        }
    }
}

fn baseline_file() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/bench/instructions.txt")
}

/// The count in a line `COUNT NAME`.
fn baseline(known: &str, name: &str) -> Option<u64> {
    let lines = known.lines().filter_map(|line| line.trim_start().split_once(' '));
    lines.filter(|(_, of)| *of == name).find_map(|(count, _)| count.parse().ok())
}

/// Instructions of doing it once.
fn count(workload: &Workload) -> Result<u64, String> {
    let times = workload.times();
    let done = total(workload, times)?;
    let prepared = total(workload, 0)?;
    Ok(done.saturating_sub(prepared) / times as u64)
}

fn total(workload: &Workload, times: usize) -> Result<u64, String> {
    let program = std::env::current_exe().map_err(|e| e.to_string())?;
    let output = Command::new("valgrind")
        .args(["--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"])
        .arg(program)
        .args(["--repeat", &workload.name, &times.to_string()])
        .output()
        .map_err(|e| format!("valgrind (Debian package valgrind): {e}"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        return Err(said.into_owned());
    }
    let line = said.lines().find(|l| l.contains(" refs:")).ok_or("valgrind did not say how many")?;
    let digits: String = line.rsplit(':').next().unwrap_or("").chars().filter(char::is_ascii_digit).collect();
    digits.parse().map_err(|_| line.to_owned())
}
