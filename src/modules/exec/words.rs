//! Whether a command needs a shell: one without anything that a shell would act on is split here and run directly.
use crate::base::Str;
use crate::context::Command;

/// What has a meaning for the shell where it is not quoted.
const ACTED_ON: &[u8] = b"|&;<>()$`\\*?[]#~!{}\n\r";

/// Built into shells, without a program of that name, or with one that does something else.
const BUILT_IN: &[&[u8]] = &[
    b".",
    b":",
    b"alias",
    b"bg",
    b"break",
    b"cd",
    b"command",
    b"continue",
    b"eval",
    b"exec",
    b"exit",
    b"export",
    b"fg",
    b"for",
    b"getopts",
    b"hash",
    b"if",
    b"jobs",
    b"local",
    b"read",
    b"readonly",
    b"return",
    b"set",
    b"shift",
    b"times",
    b"trap",
    b"type",
    b"ulimit",
    b"umask",
    b"unalias",
    b"unset",
    b"until",
    b"wait",
    b"while",
    b"case",
];

pub fn command(text: &Str) -> Command {
    match split(text) {
        Some(words) if words.first().is_some_and(is_program) => Command::Words(words),
        Some(_) | None => Command::Shell(text.clone()),
    }
}

/// An assignment in front is the shell's business too.
fn is_program(word: &Str) -> bool {
    !word.is_empty() && !word.contains(&b'=') && !BUILT_IN.contains(&word.as_bytes())
}

/// The words as a shell would see them; `None` when only a shell can tell.
fn split(text: &[u8]) -> Option<Vec<Str>> {
    let mut words = Vec::new();
    let mut word: Option<Vec<u8>> = None;
    let mut rest = text;
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        match byte {
            b' ' | b'\t' => words.extend(word.take().map(Str::from)),
            b'\'' | b'"' => {
                let end = rest.iter().position(|b| *b == byte)?;
                let quoted = rest.get(..end)?;
                // Inside double quotes the shell still acts on these.
                if byte == b'"' && quoted.iter().any(|b| b"$`\\!".contains(b)) {
                    return None;
                }
                word.get_or_insert_default().extend_from_slice(quoted);
                rest = rest.get(end + 1..)?;
            }
            0 => return None,
            byte if ACTED_ON.contains(&byte) => return None,
            byte => word.get_or_insert_default().push(byte),
        }
    }
    words.extend(word.map(Str::from));
    Some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<&[&str]>) {
        let words = match command(&Str::from(text)) {
            Command::Words(words) => Some(words),
            Command::Shell(_) => None,
        };
        let expected: Option<Vec<Str>> = expected.map(|words| words.iter().map(|w| Str::from(*w)).collect());
        assert_eq!(words, expected, "{text}");
    }

    #[test]
    fn plain_words_need_no_shell() {
        check("ls -l", Some(&["ls", "-l"]));
        check("  /bin/a\t b=c  ", Some(&["/bin/a", "b=c"]));
        check("note 'a; b' \"c d\"e ''", Some(&["note", "a; b", "c de", ""]));
    }

    #[test]
    fn what_a_shell_acts_on_is_left_to_it() {
        for text in
            ["a | b", "a; b", "echo $HOME", "a \"$b\"", "a > b", "a *.c", "a 'b", "x=1 a", "cd /tmp", "a\\ b", ""]
        {
            check(text, None);
        }
    }
}
