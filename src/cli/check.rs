//! `sipscript check FILE...`: every finding about scripts, for people or one line each.
use crate::analysis;
use crate::diag::pretty::{self, Colours};
use crate::diag::{self, Diagnostic, Severity, concise};
use crate::modules;
use crate::registry::Catalog;
use crate::server::sources::Files;
use crate::syntax::{Source, parse};
use clap::{Args, ValueEnum};
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

/// Exit code for usage and for files that cannot be read.
const UNREADABLE: u8 = 2;

#[derive(Args, Debug)]
pub struct CheckArgs {
    /// Scripts; `-` is standard input.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<String>,
    /// A command that the scripts go through first: split on blanks, no shell.
    #[arg(short, long, value_name = "COMMAND")]
    preprocessor: Option<String>,
    /// How findings are shown.
    #[arg(long, value_enum, default_value_t = Format::Full)]
    format: Format,
    /// The least severity that makes the exit code 1.
    #[arg(long, value_enum, default_value_t = FailLevel::Error)]
    fail_level: FailLevel,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// With the lines of the script, and a summary.
    Full,
    /// `FILE:LINE:COL: severity[CODE] message` and nothing else.
    Concise,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum FailLevel {
    Error,
    Warning,
    Info,
}

impl FailLevel {
    const fn severity(self) -> Severity {
        match self {
            FailLevel::Error => Severity::Error,
            FailLevel::Warning => Severity::Warning,
            FailLevel::Info => Severity::Info,
        }
    }
}

/// Shows the findings of each file. Ends with 2 when a file cannot be read, 1 with findings at or above the fail level.
pub fn run(args: &CheckArgs) -> ExitCode {
    let colours = colours();
    let catalog = modules::catalog();
    let files = Files { preprocessor: args.preprocessor.clone() };
    let mut out = io::stdout().lock();
    let mut total = Total::default();
    let mut unreadable = false;
    for file in &args.files {
        match check(&files, file, &catalog) {
            Ok((source, found)) => {
                total.add(&found);
                // A reader that went away wants no more.
                if show(&source, &found, args.format, colours, &mut out).is_err() {
                    return ExitCode::from(u8::from(total.fails(args.fail_level)));
                }
            }
            Err(why) => {
                super::tell(format_args!("sipscript: {why}"));
                unreadable = true;
            }
        }
    }
    if args.format == Format::Full && total.files > 0 {
        // The same: the exit code still tells.
        let _closed = writeln!(out, "{}", total.summary());
    }
    if unreadable {
        return ExitCode::from(UNREADABLE);
    }
    ExitCode::from(u8::from(total.fails(args.fail_level)))
}

/// Everything that is found in one script, in the order of its text.
fn check(files: &Files, file: &str, catalog: &Catalog) -> Result<(Source, Vec<Diagnostic>), String> {
    let source = Source::load(files, file)?;
    let parsed = parse(&source);
    let mut found = parsed.errors;
    found.extend(analysis::check(&parsed.ast, catalog));
    diag::sort(&source.map, &mut found);
    Ok((source, found))
}

fn show(
    source: &Source,
    found: &[Diagnostic],
    format: Format,
    colours: Colours,
    out: &mut dyn Write,
) -> io::Result<()> {
    match format {
        Format::Full => pretty::render(&source.map, found, colours, out),
        Format::Concise => concise::render(&source.map, found, out),
    }
}

/// Colours are for terminals, unless `NO_COLOR` says no.
pub(super) fn colours() -> Colours {
    let refused = std::env::var_os("NO_COLOR").is_some_and(|v| !v.is_empty());
    if io::stdout().is_terminal() && !refused { Colours::On } else { Colours::Off }
}

#[derive(Default)]
struct Total {
    files: usize,
    errors: usize,
    warnings: usize,
    infos: usize,
}

impl Total {
    fn add(&mut self, found: &[Diagnostic]) {
        self.files += 1;
        for d in found {
            match d.severity {
                Severity::Error => self.errors += 1,
                Severity::Warning => self.warnings += 1,
                Severity::Info => self.infos += 1,
            }
        }
    }

    fn fails(&self, level: FailLevel) -> bool {
        let counts = [(Severity::Error, self.errors), (Severity::Warning, self.warnings), (Severity::Info, self.infos)];
        counts.iter().any(|(severity, count)| *severity >= level.severity() && *count > 0)
    }

    fn summary(&self) -> String {
        let files = counted(self.files, "file");
        let parts = [(self.errors, "error"), (self.warnings, "warning"), (self.infos, "info")];
        let parts: Vec<String> = parts.iter().filter(|(n, _)| *n > 0).map(|(n, word)| counted(*n, word)).collect();
        if parts.is_empty() {
            format!("{files} checked: no findings")
        } else {
            format!("{files} checked: {}", parts.join(", "))
        }
    }
}

fn counted(n: usize, word: &str) -> String {
    if n == 1 { format!("1 {word}") } else { format!("{n} {word}s") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Span;
    use crate::diag::codes;

    fn total(codes: &[diag::Code]) -> Total {
        let found: Vec<Diagnostic> = codes.iter().map(|c| Diagnostic::new(*c, Span::at(0), "x")).collect();
        let mut total = Total::default();
        total.add(&found);
        total
    }

    #[test]
    fn warnings_and_infos_fail_only_when_asked_to() {
        let cases = [
            (codes::UNKNOWN_FUNCTION, [true, true, true]),
            (codes::LEAKED_CONTEXT, [true, true, true]),
            (codes::UNREACHABLE, [false, true, true]),
            (codes::NO_EFFECT, [false, false, true]),
        ];
        for (code, fails) in cases {
            let total = total(&[code]);
            let levels = [FailLevel::Error, FailLevel::Warning, FailLevel::Info];
            assert_eq!(levels.map(|level| total.fails(level)), fails, "{}", code.id);
        }
        assert!(!total(&[]).fails(FailLevel::Info));
    }

    #[test]
    fn the_summary_counts_by_severity() {
        assert_eq!(total(&[]).summary(), "1 file checked: no findings");
        let codes = [codes::UNKNOWN_FUNCTION, codes::ARITY, codes::UNREACHABLE, codes::NO_EFFECT];
        assert_eq!(total(&codes).summary(), "1 file checked: 2 errors, 1 warning, 1 info");
    }
}
