//! Pages of examples: for each name what it does shown by a case that runs, and below that one bad input.
//!
//! A page stands beside the rows of its module. An entry is a heading with the names it is about (`## send_reply`,
//! `## $ru, $ruri`, `## {s.len}`, `## rr.append_fromtag`), prose, fenced blocks, a line that begins with `Bad input`, and
//! the blocks of that. What blocks mean, and that they hold, is the tests' (`tests/spec/README.md`); here they are read.

/// A fenced block and what stands before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    pub before: String,
    /// What stands behind the fence.
    pub info: String,
    /// With the end of its last line.
    pub body: String,
    /// Line of its fence, from 1.
    pub line: usize,
}

/// The fenced blocks of a page, and what stands behind the last.
pub fn blocks(page: &str) -> (Vec<Block>, String) {
    let mut blocks = Vec::new();
    let (mut before, mut open): (String, Option<Block>) = Default::default();
    for (n, line) in page.split_inclusive('\n').enumerate() {
        match (&mut open, line.strip_prefix("```")) {
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (Some(block), None) => block.body.push_str(line),
            (None, Some(info)) => {
                let (before, info) = (std::mem::take(&mut before), info.trim().to_owned());
                open = Some(Block { before, info, body: String::new(), line: n + 1 });
            }
            (None, None) => before.push_str(line),
        }
    }
    (blocks, before)
}

/// What a page says about some names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// As `key` makes them.
    pub names: Vec<String>,
    pub example: Shown,
    pub bad: Shown,
}

/// One half of an entry.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shown {
    pub pieces: Vec<Piece>,
}

/// A block and the words in front of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Piece {
    pub prose: String,
    pub info: String,
    /// Empty for words behind the last block.
    pub body: String,
}

/// Blocks that hold what a case must yield.
const YIELDS: &[&str] = &["output", "sent", "told", "diagnostics"];

impl Shown {
    /// Whether the case uses the name and something is asserted to come of it.
    pub fn asserts(&self, name: &str) -> bool {
        let is_used = self.pieces.iter().any(|p| !is_yield(&p.info) && uses(&p.body, name));
        is_used && self.pieces.iter().any(|p| yields(&p.info, &p.body))
    }
}

/// Whether a block holds what a case yields.
pub fn is_yield(info: &str) -> bool {
    YIELDS.contains(&info.split(' ').next().unwrap_or_default())
}

fn yields(info: &str, body: &str) -> bool {
    match info {
        "says" => body.lines().any(|line| line.rsplit_once(" => ").is_some_and(|(_, said)| !said.trim().is_empty())),
        _ => is_yield(info) && !body.trim().is_empty(),
    }
}

/// Whether a script mentions what a key names.
fn uses(script: &str, key: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.');
    let alone = |word: &str, before: &[char]| {
        script.match_indices(word).any(|(at, _)| {
            let ends = !script[at + word.len()..].starts_with(is_part);
            let begins = match before {
                [] => !script[..at].ends_with(|c| is_part(c) || c == '$'),
                marks => script[..at].ends_with(marks),
            };
            ends && begins
        })
    };
    if let Some(variable) = key.strip_prefix('$') {
        return alone(variable, &['$', '(', '>']);
    }
    match key.strip_prefix('{').and_then(|k| k.strip_suffix('}')).and_then(|k| k.split_once('.')) {
        // `{nameaddr.2.uri}` has an index between class and name.
        Some((class, name)) => {
            let script = script.to_ascii_lowercase();
            script.split('{').skip(1).any(|rest| {
                let word: String = rest.chars().take_while(|c| !matches!(c, ',' | '}')).collect();
                let named = word.strip_prefix(class).and_then(|w| w.strip_prefix('.'));
                named.is_some_and(|w| w == name || (!name.is_empty() && w.ends_with(&format!(".{name}"))))
            })
        }
        None => alone(key.rsplit('.').next().unwrap_or(key), &[]),
    }
}

/// The entries of a page, in its order.
pub fn entries(page: &str) -> Vec<Entry> {
    let (blocks, rest) = blocks(page);
    let mut reader = Reader::default();
    for block in blocks {
        reader.prose(&block.before);
        reader.push(block.info, block.body);
    }
    reader.prose(&rest);
    reader.flush();
    reader.entries
}

#[derive(Default)]
struct Reader {
    entries: Vec<Entry>,
    /// Words that wait for their block.
    words: String,
    /// Behind the line about bad input.
    is_bad: bool,
}

impl Reader {
    fn prose(&mut self, text: &str) {
        for line in text.lines() {
            if let Some(heading) = line.strip_prefix("## ") {
                self.flush();
                let names = heading.split(", ").map(key).collect();
                self.entries.push(Entry { names, ..Entry::default() });
                self.is_bad = false;
                continue;
            }
            let line = self.after_mark(line);
            if !self.words.is_empty() && !line.is_empty() {
                self.words.push(' ');
            }
            self.words.push_str(line);
        }
    }

    fn push(&mut self, info: String, body: String) {
        let prose = std::mem::take(&mut self.words);
        let is_bad = self.is_bad;
        if let Some(entry) = self.entries.last_mut() {
            let half = if is_bad { &mut entry.bad } else { &mut entry.example };
            half.pieces.push(Piece { prose, info, body });
        }
    }

    /// Words that no block follows.
    fn flush(&mut self) {
        if !self.words.is_empty() {
            self.push(String::new(), String::new());
        }
    }

    /// What of a line is prose, once the mark of bad input is taken off.
    fn after_mark<'a>(&mut self, line: &'a str) -> &'a str {
        let text = line.trim_start_matches(['#', '*']).trim();
        match text.get(..BAD_INPUT.len()) {
            Some(mark) if mark.eq_ignore_ascii_case(BAD_INPUT) => {
                self.flush();
                self.is_bad = true;
                text[BAD_INPUT.len()..].trim_start_matches(['*', ':', ',', ' ']).trim()
            }
            _ => line.trim(),
        }
    }
}

const BAD_INPUT: &str = "bad input";

/// How a name is looked up: `$ru`, `{s.len}` and `send_reply`, without arguments and quotes.
pub fn key(written: &str) -> String {
    let name = written.trim().trim_matches('`').trim();
    if let Some(variable) = name.strip_prefix('$') {
        let variable = variable.trim_start_matches('(');
        return format!("${}", variable.split(['(', '[', ')', '{']).next().unwrap_or(variable));
    }
    if let Some(transformation) = name.strip_prefix('{') {
        let bare = transformation.split([',', '}']).next().unwrap_or(transformation);
        return format!("{{{}}}", bare.trim().to_ascii_lowercase());
    }
    name.split('(').next().unwrap_or(name).trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "# Examples\n\n## sl_send_reply\n\nAnswers.\n\n```server\nroute { sl_send_reply(200, \"OK\"); }\n```\n\
        ```sent\nto a\n```\n\nBad input: a code that is none.\n\n```routes\nroute { sl_send_reply(9); }\n```\n\
        ```diagnostics\n1:1: error\n```\n\n## $ru, $ruri\n\n```says\nxlog(\"$ru\"); => x\n```\n";

    #[test]
    fn reads_names_and_both_halves_of_an_entry() {
        let [reply, uri] = &entries(PAGE)[..] else { panic!("two entries") };
        assert_eq!(reply.names, ["sl_send_reply"]);
        let prose = |shown: &Shown| shown.pieces.iter().map(|p| p.prose.clone()).collect::<Vec<_>>();
        assert_eq!(
            (prose(&reply.example), prose(&reply.bad)),
            (vec!["Answers.".into(), String::new()], vec!["a code that is none.".into(), String::new()])
        );
        assert!(reply.example.asserts("sl_send_reply") && reply.bad.asserts("sl_send_reply"));
        assert_eq!(uri.names, ["$ru", "$ruri"]);
        assert!(uri.example.asserts("$ru") && !uri.example.asserts("$ruri") && !uri.bad.asserts("$ru"));
    }

    #[test]
    fn a_case_without_yield_asserts_nothing() {
        let shown = |info: &str, body: &str| Shown {
            pieces: vec![Piece { prose: String::new(), info: info.into(), body: body.into() }],
        };
        assert!(!shown("says", "xlog(\"$ru\"); => \n").asserts("$ru"));
        assert!(!shown("run", "route { xlog(\"$ru\"); }\n").asserts("$ru"));
        assert!(shown("says", "xlog(\"$(ru{S.len})\"); => 3\n").asserts("{s.len}"));
        assert!(!shown("says", "xlog(\"$rur\"); => 3\n").asserts("$ru"));
        assert!(shown("says", "xlog(\"$(ct{nameaddr.1.uri})\"); => 3\n").asserts("{nameaddr.uri}"));
        assert!(shown("says", "xlog(\"$(<reply>rs)\"); => 3\n").asserts("$rs"));
    }

    #[test]
    fn names_are_looked_up_without_arguments() {
        assert_eq!(key("`$(avp(x)[*])`"), "$avp");
        assert_eq!(key("{S.substr,1,2}"), "{s.substr}");
        assert_eq!(key("send_reply(code, reason)"), "send_reply");
    }

    #[test]
    fn a_page_is_its_blocks_and_what_stands_between() {
        let (blocks, rest) = blocks(PAGE);
        let text: String = blocks.iter().map(|b| format!("{}```{}\n{}```\n", b.before, b.info, b.body)).collect();
        assert_eq!(text + &rest, PAGE);
    }
}
