//! Script files from the disk, and the `-p` preprocessor.
use crate::syntax::source::Sources;
use std::io::{ErrorKind, Read, Write};
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
            std::io::stdin().read_to_end(&mut text).map_err(|e| reason(&e))?;
            return Ok((STDIN.to_owned(), text));
        }
        let first = match std::fs::read(name) {
            Ok(text) => return Ok((name.to_owned(), text)),
            Err(e) => reason(&e),
        };
        let Some(path) = beside(name, from) else { return Err(first) };
        let text = std::fs::read(&path).map_err(|e| match reason(&e) {
            why if why == first => format!("{first}, here or as `{path}`"),
            why => format!("{first}; `{path}`: {why}"),
        })?;
        Ok((path, text))
    }

    fn preprocess(&self, flattened: &[u8]) -> Option<Result<Vec<u8>, String>> {
        self.preprocessor.as_deref().map(|command| filter(command, flattened))
    }
}

/// The file in the folder of the one that includes it, when that is another folder than the working directory.
fn beside(name: &str, from: Option<&str>) -> Option<String> {
    if Path::new(name).is_absolute() {
        return None;
    }
    let folder = Path::new(from?).parent().filter(|f| !f.as_os_str().is_empty())?;
    Some(folder.join(name).to_string_lossy().into_owned())
}

/// Without the number of the error.
fn reason(e: &std::io::Error) -> String {
    match e.kind() {
        ErrorKind::NotFound => "no such file".to_owned(),
        ErrorKind::PermissionDenied => "it may not be read".to_owned(),
        ErrorKind::IsADirectory => "it is a folder".to_owned(),
        _ => e.to_string(),
    }
}

/// Pipes the text through a command. Its exit status is ignored, as in OpenSIPS, unless nothing came out.
fn filter(command: &str, text: &[u8]) -> Result<Vec<u8>, String> {
    let mut words = command.split_ascii_whitespace();
    let program = words.next().ok_or("the command of `-p` is empty")?;
    let mut child = Command::new(program)
        .args(words)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|e| not_started(program, &e))?;
    let mut stdin = child.stdin.take().ok_or("the preprocessor has no standard input")?;
    let output = std::thread::scope(|scope| {
        // A preprocessor that stops reading early has what it wants; its output decides.
        scope.spawn(move || drop(stdin.write_all(text)));
        child.wait_with_output()
    });
    let output = output.map_err(|e| format!("cannot read from the preprocessor `{program}`: {e}"))?;
    if output.stdout.is_empty() {
        return Err(format!("the preprocessor `{command}` printed nothing ({})", output.status));
    }
    Ok(output.stdout)
}

fn not_started(program: &str, e: &std::io::Error) -> String {
    let why = match e.kind() {
        ErrorKind::NotFound => "there is no such command (no shell is asked: quotes and `|` mean nothing)".to_owned(),
        _ => reason(e),
    };
    format!("cannot run the preprocessor `{program}`: {why}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::Source;

    fn filtered(command: &str) -> Result<String, String> {
        filter(command, b"a b\n").map(|out| String::from_utf8_lossy(&out).into_owned())
    }

    #[test]
    fn a_preprocessor_is_split_on_blanks_and_found_in_the_path() {
        assert_eq!(filtered("sed s/a/c/").as_deref(), Ok("c b\n"));
        assert_eq!(filtered("  cat\t- ").as_deref(), Ok("a b\n"));
        // The quotes reach sed, which knows no command that begins with one.
        assert!(filtered("sed 's/a/c/'").is_err());
    }

    #[test]
    fn a_preprocessor_that_fails_is_named() {
        assert!(filtered("no-such-command -x").is_err_and(|why| why.contains("`no-such-command`: there is no such")));
        assert!(filtered("false").is_err_and(|why| why.contains("printed nothing (exit status: 1)")));
        assert!(filtered("").is_err());
        // A bad end after output is no failure.
        assert_eq!(filtered("grep a - /no/such/file").as_deref(), Ok("(standard input):a b\n"));
    }

    #[test]
    fn a_missing_file_is_told_once_with_the_places_it_was_looked_for() {
        let files = Files::default();
        let read = |from| files.read("no-such.cfg", from).expect_err("there is no such file");
        assert_eq!(read(Some("a.cfg")), "no such file");
        assert_eq!(read(Some("/etc/opensips/a.cfg")), "no such file, here or as `/etc/opensips/no-such.cfg`");
        assert!(Source::load(&files, "/").is_err_and(|why| why == "cannot read `/`: it is a folder"));
    }
}
