//! A Markdown file as fenced blocks and what stands between them.
use super::KINDS;

pub struct Document {
    pub blocks: Vec<Block>,
    pub cases: Vec<Case>,
    /// Behind the last block.
    rest: String,
}

pub struct Block {
    /// What stands before the fence.
    before: String,
    pub info: String,
    /// With the end of its last line.
    pub body: String,
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
}

impl Case {
    /// The block whose info string starts with this word.
    pub fn attachment(&self, document: &Document, word: &str) -> Option<usize> {
        let found = self.attached.iter().find(|(_, info, _)| info.split(' ').next() == Some(word));
        found.map(|(block, _, _)| *block).filter(|b| *b < document.blocks.len())
    }
}

impl Document {
    pub fn parse(text: &str) -> Document {
        let mut document = Document { blocks: Vec::new(), cases: Vec::new(), rest: String::new() };
        let (mut before, mut open): (String, Option<Block>) = Default::default();
        for (n, line) in text.split_inclusive('\n').enumerate() {
            match (&mut open, line.strip_prefix("```")) {
                (Some(_), Some(_)) => {
                    let block = open.take().expect("a block is open");
                    document.blocks.push(block);
                }
                (Some(block), None) => block.body.push_str(line),
                (None, Some(info)) => {
                    let info = info.trim().to_owned();
                    document.open(&info, n + 1);
                    open = Some(Block { before: std::mem::take(&mut before), info, body: String::new() });
                }
                (None, None) => before.push_str(line),
            }
        }
        document.rest = before;
        document.attach();
        document
    }

    fn open(&mut self, info: &str, line: usize) {
        let Some((kind, _)) = KINDS.iter().find(|(kind, _)| *kind == info) else { return };
        let block = self.blocks.len();
        self.cases.push(Case { kind, block, body: String::new(), attached: Vec::new(), line });
    }

    fn attach(&mut self) {
        let starts: Vec<usize> = self.cases.iter().map(|c| c.block).collect();
        for (i, case) in self.cases.iter_mut().enumerate() {
            let end = starts.get(i + 1).copied().unwrap_or(self.blocks.len());
            case.body.clone_from(&self.blocks[case.block].body);
            let behind = self.blocks[..end].iter().enumerate().skip(case.block + 1);
            case.attached = behind.map(|(n, b)| (n, b.info.clone(), b.body.clone())).collect();
        }
    }

    /// Puts a text into a block, or into a new one behind the case.
    pub fn write(&mut self, case: usize, block: Option<usize>, word: &str, text: String) {
        match block {
            Some(block) => self.blocks[block].body = text,
            None => {
                let at = self.cases[case].block + 1;
                self.blocks.insert(at, Block { before: String::new(), info: word.to_owned(), body: text });
                for later in &mut self.cases[case + 1..] {
                    later.block += 1;
                    later.attached.iter_mut().for_each(|a| a.0 += 1);
                }
            }
        }
    }

    pub fn text(&self) -> String {
        let blocks = self.blocks.iter().map(|b| format!("{}```{}\n{}```\n", b.before, b.info, b.body));
        blocks.chain(std::iter::once(self.rest.clone())).collect()
    }
}
