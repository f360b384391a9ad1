//! `sipscript run`, and what the options of OpenSIPS ask for.
use super::compat::{self, Action};
use super::tell;
use crate::base::Str;
use crate::context::{Level, Log};
use crate::diag::pretty::{self, Colours};
use crate::diag::{Class, Diagnostic};
use crate::engine::settings::ServerSettings;
use crate::server::launch::{Launch, Overrides, Process};
use crate::server::log::Sinks;
use crate::server::sources::Files;
use crate::server::start::{self, Checked, StartError};
use clap::Args;
use std::io::{IsTerminal, Write as _};
use std::process::ExitCode;

/// What OpenSIPS ends with for any failure.
const COMPAT_FAILURE: u8 = 255;

#[derive(Args, Debug)]
pub struct RunArgs {
    /// The routing script; `-` is standard input.
    #[arg(value_name = "FILE")]
    script: String,
    /// A command that the script goes through first: split on blanks, no shell.
    #[arg(short, long, value_name = "COMMAND")]
    preprocessor: Option<String>,
    /// A value of `$argv(NAME)`; may be repeated.
    #[arg(short = 'o', long = "argv", value_name = "NAME=VALUE", value_parser = compat::argv)]
    argv: Vec<(Str, Str)>,
}

/// `sipscript run FILE`
pub fn run(args: &RunArgs) -> ExitCode {
    let launch = Launch {
        script: args.script.clone(),
        preprocessor: args.preprocessor.clone(),
        program: "sipscript".to_owned(),
        attended: true,
        overrides: Overrides { argv: args.argv.clone(), ..Overrides::default() },
        process: Process { foreground: true, ..Process::default() },
    };
    match start::serve(&launch) {
        Ok(()) => ExitCode::SUCCESS,
        Err(StartError::Unreadable(why)) => {
            tell(format_args!("sipscript: {why}"));
            ExitCode::from(2)
        }
        Err(StartError::Refused(checked)) => {
            show_refusal(&checked);
            ExitCode::from(1)
        }
        Err(StartError::Failed(why)) => {
            tell(format_args!("sipscript: {why}"));
            ExitCode::from(1)
        }
    }
}

/// The command line of OpenSIPS; `args` are those behind the program's name.
pub fn compat(program: &str, args: &[String]) -> ExitCode {
    match compat::parse(program, args) {
        Ok(Action::Help) => {
            show_text(compat::HELP);
            ExitCode::SUCCESS
        }
        Ok(Action::Version) => {
            show_text(&format!("{}\n", compat::version()));
            ExitCode::SUCCESS
        }
        Ok(Action::Check(launch)) => check(&launch),
        Ok(Action::Start(launch)) => match start::serve(&launch) {
            Ok(()) => ExitCode::SUCCESS,
            Err(StartError::Refused(checked)) => {
                show_refusal(&checked);
                log_parse_errors(&checked);
                ExitCode::from(COMPAT_FAILURE)
            }
            Err(StartError::Unreadable(why) | StartError::Failed(why)) => failed(&why),
        },
        Err(why) => failed(&why),
    }
}

/// `-c` and `-C`: the checker, refusing what a start refuses.
fn check(launch: &Launch) -> ExitCode {
    let files = Files { preprocessor: launch.preprocessor.clone() };
    match Checked::load(&files, &launch.script) {
        Ok(checked) => {
            show(&checked, &checked.findings);
            if checked.is_refused() {
                log_parse_errors(&checked);
                return ExitCode::from(COMPAT_FAILURE);
            }
            tell(format_args!("config file ok, exiting..."));
            ExitCode::SUCCESS
        }
        Err(why) => failed(&why),
    }
}

fn failed(why: &str) -> ExitCode {
    tell(format_args!("sipscript: {why}"));
    ExitCode::from(COMPAT_FAILURE)
}

fn show_refusal(checked: &Checked) {
    let refusing: Vec<Diagnostic> = refusing(checked).cloned().collect();
    show(checked, &refusing);
    let n = refusing.len();
    let s = if n == 1 { "" } else { "s" };
    tell(format_args!("sipscript: not started: {n} finding{s} that OpenSIPS would not start with"));
}

fn show_text(text: &str) {
    // The same as in `tell`.
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
}

fn show(checked: &Checked, findings: &[Diagnostic]) {
    let colours = if std::io::stderr().is_terminal() { Colours::On } else { Colours::Off };
    // Nobody is left to tell when stderr is closed.
    let _ = pretty::render(&checked.map, findings, colours, &mut std::io::stderr().lock());
}

fn refusing(checked: &Checked) -> impl Iterator<Item = &Diagnostic> {
    checked.findings.iter().filter(|d| d.code.class() == Class::Refuse)
}

/// The lines that tools around OpenSIPS look for, as its parser logs them: `FILE:LINE:COL-ENDCOL`, the end exclusive.
fn log_parse_errors(checked: &Checked) {
    let settings = ServerSettings { stderr_enabled: true, syslog_enabled: false, ..ServerSettings::default() };
    let log = Log::new(Box::new(Sinks::new(&settings, std::process::id(), "sipscript")), Level::Critical as i32);
    for d in refusing(checked) {
        let (file, from) = checked.map.line_col(d.span().start);
        let (_, to) = checked.map.line_col(d.span().end);
        let name = checked.map.files().get(file.0 as usize).map_or("?", |f| f.name.as_str());
        let end = if to.line == from.line { to.col.max(from.col + 1) } else { from.col + 1 };
        let (line, col, message) = (from.line, from.col, &d.message);
        let text = format_args!("parse error in {name}:{line}:{col}-{end}: {message}");
        log.part(Level::Critical, "core", "yyerror", text);
    }
}
