//! The programs of a simulated network: what each says, and how long it takes.
use crate::base::Str;
use crate::context::{Command, EffectAnswer, Execute};
use indexmap::IndexMap;
use std::time::Duration;

/// What a program does.
#[derive(Clone, Debug, Default)]
pub struct Program {
    pub output: Str,
    pub errors: Str,
    pub takes: Duration,
    /// Says its input instead of `output`.
    pub echoes: bool,
}

/// Programs by their command line. One that nobody set says so among its errors.
#[derive(Clone, Debug, Default)]
pub struct Programs {
    entries: IndexMap<String, Program>,
    /// What was executed so far.
    pub executed: Vec<Execute>,
}

const START: Duration = Duration::from_millis(1);

impl Programs {
    pub fn set(&mut self, command: &str, program: Program) {
        self.entries.insert(command.to_owned(), program);
    }

    /// Its answer and how long that takes; `None` when it is given up before.
    pub fn run(&mut self, execute: &Execute) -> Option<(EffectAnswer, Duration)> {
        self.executed.push(execute.clone());
        let line = match &execute.command {
            Command::Words(words) => words.iter().map(Str::to_string).collect::<Vec<_>>().join(" "),
            Command::Shell(line) => line.to_string(),
        };
        let Some(program) = self.entries.get(&line) else {
            let errors = Str::from(format!("{line}: not found\n"));
            return Some((EffectAnswer::Executed { output: Str::EMPTY, errors, cut: false }, START));
        };
        let listens = execute.output || execute.errors;
        let takes = if listens { program.takes.max(START) } else { START };
        if execute.give_up_after.is_some_and(|limit| limit < takes) {
            return None;
        }
        if let Some(limit) = execute.kill_after.filter(|limit| *limit < takes) {
            return Some((EffectAnswer::Executed { output: Str::EMPTY, errors: Str::EMPTY, cut: false }, limit));
        }
        let output = if program.echoes { execute.input.clone().unwrap_or_default() } else { program.output.clone() };
        Some((EffectAnswer::Executed { output, errors: program.errors.clone(), cut: false }, takes))
    }
}
