//! Script files from the disk, and the `-p` preprocessor.
use crate::syntax::source::Sources;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};

/// Name under which a script on standard input is shown.
pub const STDIN: &str = "stdin";

/// Files as `include_file` finds them: the working directory first, then the folder of the including file.
#[derive(Clone, Debug, Default)]
pub struct Files {
    /// The command of `-p`, split on blanks and run without a shell.
    pub preprocessor: Option<String>,
}

impl Sources for Files {
    fn read(&self, name: &str, from: Option<&str>) -> Result<(String, Vec<u8>), String> {
        if from.is_none() && name == "-" {
            let mut text = Vec::new();
            std::io::stdin().read_to_end(&mut text).map_err(|e| format!("cannot read standard input: {e}"))?;
            return Ok((STDIN.to_owned(), text));
        }
        match std::fs::read(name) {
            Ok(text) => Ok((name.to_owned(), text)),
            Err(first) => match beside(name, from) {
                Some(path) => std::fs::read(&path)
                    .map(|text| (path.clone(), text))
                    .map_err(|e| format!("cannot read `{path}`: {e}")),
                None => Err(format!("cannot read `{name}`: {first}")),
            },
        }
    }

    fn preprocess(&self, flattened: &[u8]) -> Option<Result<Vec<u8>, String>> {
        self.preprocessor.as_deref().map(|command| filter(command, flattened))
    }
}

/// The file in the folder of the one that includes it.
fn beside(name: &str, from: Option<&str>) -> Option<String> {
    if Path::new(name).is_absolute() {
        return None;
    }
    let folder = Path::new(from?).parent()?;
    Some(folder.join(name).to_string_lossy().into_owned())
}

/// Pipes the text through a command. Its exit status is ignored, as in OpenSIPS.
fn filter(command: &str, text: &[u8]) -> Result<Vec<u8>, String> {
    let mut words = command.split_ascii_whitespace();
    let program = words.next().ok_or("the preprocessor command is empty")?;
    let failed = |e: std::io::Error| format!("the preprocessor `{command}` failed: {e}");
    let mut child =
        Command::new(program).args(words).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().map_err(failed)?;
    let mut stdin = child.stdin.take().ok_or("the preprocessor has no standard input")?;
    std::thread::scope(|scope| {
        // A preprocessor that stops reading early has what it wants; its output decides.
        scope.spawn(move || drop(stdin.write_all(text)));
        child.wait_with_output().map(|o| o.stdout).map_err(failed)
    })
}
