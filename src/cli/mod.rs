//! The command line: arguments to a call to an exit code.
//!
//! A first argument that begins with `-` is OpenSIPS's command line (`compat`); everything else is a command. A command
//! is an arm of `Command` and a file here; none exists before it works.
#![allow(clippy::disallowed_methods, reason = "this layer is the outside world")]

pub mod check;
pub mod compat;
pub mod doc;
pub mod getopt;
pub mod start;

use clap::{Parser, Subcommand};
use std::fmt;
use std::io::Write as _;
use std::process::ExitCode;

/// Runs OpenSIPS routing scripts as a SIP server, and checks them before the first packet.
#[derive(Parser, Debug)]
#[command(name = "sipscript", version, subcommand_required = true, arg_required_else_help = true)]
#[command(after_help = "With options only (sipscript -f FILE ...) it takes the command line of OpenSIPS; -h lists it.")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Serves a script in the foreground, with logs on stderr.
    Run(start::RunArgs),
    /// Shows what is wrong with scripts.
    #[command(visible_alias = "lint")]
    Check(check::CheckArgs),
    /// Tells what a name means, and what OpenSIPS has that is not here.
    Doc(doc::DocArgs),
}

/// Options that are the command line's own although they begin with a dash.
static OWN_OPTIONS: &[&str] = &["--help", "--version"];

pub fn main() -> ExitCode {
    let args: Vec<String> = std::env::args_os().map(|a| a.to_string_lossy().into_owned()).collect();
    let (program, rest) = match args.split_first() {
        Some((program, rest)) => (program.rsplit('/').next().unwrap_or(program).to_owned(), rest),
        None => ("sipscript".to_owned(), &[][..]),
    };
    if rest.first().is_some_and(|a| a.starts_with('-') && !OWN_OPTIONS.contains(&a.as_str())) {
        return start::compat(&program, rest);
    }
    match Cli::try_parse_from(&args) {
        Ok(cli) => match cli.command {
            Command::Run(args) => start::run(&args),
            Command::Check(args) => check::run(&args),
            Command::Doc(args) => doc::run(&args),
        },
        Err(e) => {
            // Help and version go to stdout with 0, usage errors to stderr with 2.
            let _ = e.print();
            ExitCode::from(e.exit_code() as u8)
        }
    }
}

/// Says one line on stderr. Nobody is left to tell when it is closed or full: what was asked for goes on.
fn tell(line: fmt::Arguments<'_>) {
    let _ = writeln!(std::io::stderr(), "{line}");
}
