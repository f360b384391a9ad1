//! A Markdown file as fenced blocks and what stands between them.
use super::KINDS;
use sipscript::registry::examples::{self, Block};
use std::path::Path;

pub struct Document {
    pub blocks: Vec<Block>,
    pub cases: Vec<Case>,
    /// Behind the last block.
    rest: String,
}

pub struct Case {
    pub kind: &'static str,
    /// Its block.
    pub block: usize,
    pub body: String,
    /// Info strings and bodies of the blocks behind it.
    pub attached: Vec<(usize, String, String)>,
    /// Line of its fence.
    pub line: usize,
    /// Whose page of examples it stands in.
    pub module: Option<String>,
}

impl Case {
    /// The block whose info string starts with this word.
    pub fn attachment(&self, document: &Document, word: &str) -> Option<usize> {
        let found = self.attached.iter().find(|(_, info, _)| info.split(' ').next() == Some(word));
        found.map(|(block, _, _)| *block).filter(|b| *b < document.blocks.len())
    }

    /// What stands behind that word in an info string, and the body: `sent Via`, `request from 10.0.0.9`.
    pub fn attached_as(&self, word: &str) -> Option<(&str, &str)> {
        self.attached.iter().find_map(|(_, info, body)| Some((after(info, word)?, body.as_str())))
    }
}

/// What stands behind the first word of an info string, when it is this one.
pub fn after<'a>(info: &'a str, word: &str) -> Option<&'a str> {
    let (first, rest) = info.split_once(' ').unwrap_or((info, ""));
    (first == word).then_some(rest)
}

impl Document {
    /// `path` says whose examples these are: `src/modules/NAME/..`.
    pub fn parse(text: &str, path: &Path) -> Document {
        let (blocks, rest) = examples::blocks(text);
        let mut document = Document { blocks, cases: Vec::new(), rest };
        document.find_cases(module_of(path));
        document.attach();
        document
    }

    fn find_cases(&mut self, module: Option<String>) {
        for (block, found) in self.blocks.iter().enumerate() {
            let Some((kind, _)) = KINDS.iter().find(|(kind, _)| *kind == found.info) else { continue };
            let (line, module) = (found.line, module.clone());
            self.cases.push(Case { kind, block, body: found.body.clone(), attached: Vec::new(), line, module });
        }
    }

    fn attach(&mut self) {
        let starts: Vec<usize> = self.cases.iter().map(|c| c.block).collect();
        for (i, case) in self.cases.iter_mut().enumerate() {
            let end = starts.get(i + 1).copied().unwrap_or(self.blocks.len());
            let behind = self.blocks[..end].iter().enumerate().skip(case.block + 1);
            case.attached = behind.map(|(n, b)| (n, b.info.clone(), b.body.clone())).collect();
        }
    }

    /// Puts a text into a block, or into a new one behind the case and what is attached to it.
    pub fn write(&mut self, case: usize, block: Option<usize>, word: &str, text: String) {
        let Some(block) = block else { return self.insert(case, word, text) };
        self.blocks[block].body = text;
    }

    fn insert(&mut self, case: usize, word: &str, text: String) {
        let own = &self.cases[case];
        // What a case is given stands before what it yields.
        let given = own.attached.iter().filter(|(_, info, _)| !examples::is_yield(info)).map(|(at, ..)| *at).max();
        let at = given.unwrap_or(own.block) + 1;
        let block = Block { before: String::new(), info: word.to_owned(), body: text, line: own.line };
        self.cases[case].attached.push((at, block.info.clone(), block.body.clone()));
        self.blocks.insert(at, block);
        let last = self.cases[case].attached.len() - 1;
        let moved = |place: &mut usize| *place += usize::from(*place >= at);
        self.cases[case].attached[..last].iter_mut().for_each(|a| moved(&mut a.0));
        for later in &mut self.cases[case + 1..] {
            moved(&mut later.block);
            later.attached.iter_mut().for_each(|a| moved(&mut a.0));
        }
    }

    pub fn text(&self) -> String {
        let blocks = self.blocks.iter().map(|b| format!("{}```{}\n{}```\n", b.before, b.info, b.body));
        blocks.chain(std::iter::once(self.rest.clone())).collect()
    }
}

fn module_of(path: &Path) -> Option<String> {
    let mut parts = path.iter().map(|p| p.to_string_lossy()).skip_while(|p| p != "modules").skip(1);
    parts.next().map(|name| name.into_owned()).filter(|name| !name.ends_with(".md"))
}
