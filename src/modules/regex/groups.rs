//! The file of groups: a line `[0]` begins one, each further line is an expression of it. Lines that begin with a blank or
//! `#` are none. The number in brackets means nothing: groups count from 0 in the order of the file.
use super::pcre::{Options, Pcre};

#[derive(Clone, Copy)]
pub struct Limits {
    pub groups: usize,
    /// Bytes of the expressions of a group, joined.
    pub size: usize,
}

pub fn compile(text: &[u8], limits: Limits, options: Options) -> Result<Vec<Pcre>, String> {
    let groups = read(text, limits)?;
    let compiled = groups.iter().enumerate().map(|(number, expressions)| {
        Pcre::new(&joined(expressions), options).map_err(|why| format!("group {number}: {why}"))
    });
    compiled.collect()
}

fn read(text: &[u8], limits: Limits) -> Result<Vec<Vec<&[u8]>>, String> {
    let mut groups: Vec<Vec<&[u8]>> = Vec::new();
    for line in text.split(|&b| b == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line)) {
        match line.first() {
            None | Some(b'#' | b' ' | b'\t' | b'\x0b' | b'\x0c') => {}
            Some(b'[') if groups.len() >= limits.groups => {
                return Err(format!("it has more than {} groups (`max_groups`)", limits.groups));
            }
            Some(b'[') => groups.push(Vec::new()),
            Some(_) => groups.last_mut().ok_or("an expression stands before the first group")?.push(line),
        }
    }
    match groups.iter().position(|group| joined(group).len() > limits.size) {
        Some(number) => Err(format!("group {number} has more than {} bytes (`group_max_size`)", limits.size)),
        None => Ok(groups),
    }
}

/// `((one)|(two))`; a group without expressions matches the empty text alone, as in OpenSIPS.
fn joined(expressions: &[&[u8]]) -> Vec<u8> {
    if expressions.is_empty() {
        return b"^$".to_vec();
    }
    let alternatives: Vec<Vec<u8>> = expressions.iter().map(|e| [b"(", *e, b")"].concat()).collect();
    [b"(", alternatives.join(&b'|').as_slice(), b")"].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits { groups: 3, size: 40 };

    #[test]
    fn groups_hold_one_expression_a_line() {
        let text = b"# phones\n[0]\n\n^Twinkle/1\r\n ignored\n^X-Lite\n[7]\n^\\d+$\n[]";
        let groups = compile(text, LIMITS, Options::default()).expect("it is well formed");
        let matches = |group: usize, subject: &[u8]| groups[group].is_match(subject);
        assert!(matches(0, b"X-Lite 3") && matches(0, b"Twinkle/1.2") && !matches(0, b"Snom"));
        assert!(matches(1, b"42") && !matches(1, b"x"));
        assert!(matches(2, b"") && !matches(2, b"x"));
    }

    #[test]
    fn what_is_too_much_or_misplaced_is_an_error() {
        let many = "[0]\n".repeat(4);
        let long = format!("[0]\n{}", "a".repeat(60));
        for bad in ["^a\n[0]", many.as_str(), long.as_str(), "[0]\n("] {
            assert!(compile(bad.as_bytes(), LIMITS, Options::default()).is_err(), "{bad}");
        }
    }
}
