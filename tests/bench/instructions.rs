//! Counts the instructions of each workload under valgrind and compares them with `instructions.txt`.
//!
//! Time means nothing on a shared machine; the count of one program on one input hardly moves. Hardware counters are
//! missing in many virtual machines and count differently from one processor to the next, so it is always valgrind that
//! counts. Each workload runs twice, once and twice as often: the difference has no start-up in it.
//!
//!     cargo bench --bench instructions               compare
//!     cargo bench --bench instructions -- --accept   write the counts of today
#![allow(clippy::disallowed_methods, reason = "a program of its own: arguments and files")]
mod workloads;

use std::fmt::Write;
use std::path::PathBuf;
use std::process::{Command, ExitCode};
use workloads::{WORKLOADS, Workload};

/// Counts this far from the baseline fail.
const TOLERANCE: f64 = 0.10;

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
    let workload = WORKLOADS.iter().find(|w| w.name == name);
    let (Some(workload), Ok(times)) = (workload, times.parse()) else { return usage() };
    (workload.repeat)(times);
    ExitCode::SUCCESS
}

fn judge(accept: bool) -> ExitCode {
    let known = std::fs::read_to_string(baseline_file()).unwrap_or_default();
    let mut lines = String::new();
    let mut failed = 0;
    for workload in WORKLOADS {
        let count = match count(workload) {
            Ok(count) => count,
            Err(why) => {
                eprintln!("cannot count `{}`: {why}", workload.name);
                return ExitCode::FAILURE;
            }
        };
        let _ = writeln!(lines, "{count:>14} {}", workload.name);
        let verdict = Verdict::of(count, baseline(&known, workload.name));
        println!("{count:>14} {}{}", workload.name, verdict.text());
        failed += usize::from(verdict.fails());
    }
    if accept {
        std::fs::write(baseline_file(), lines).expect("the baseline can be written");
        return ExitCode::SUCCESS;
    }
    println!("{} passed, {failed} failed", WORKLOADS.len() - failed);
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
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

    fn fails(&self) -> bool {
        !matches!(self, Verdict::Same)
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
    let once = total(workload, workload.times)?;
    let twice = total(workload, 2 * workload.times)?;
    Ok(twice.saturating_sub(once) / workload.times as u64)
}

fn total(workload: &Workload, times: usize) -> Result<u64, String> {
    let program = std::env::current_exe().map_err(|e| e.to_string())?;
    let output = Command::new("valgrind")
        .args(["--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"])
        .arg(program)
        .args(["--repeat", workload.name, &times.to_string()])
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
