//! From files to one flat text: bytes made text, include directives replaced by what they name, a preprocessor's output mapped back.
//!
//! Bytes that are not UTF-8 become one private character each and come back as the byte (`bytes_of`).
use crate::base::span::SourceFile;
use crate::base::{FileId, SourceMap, Span};
use crate::diag::{Diagnostic, codes};

/// Includes deeper than this fail, as in OpenSIPS.
const MAX_DEPTH: usize = 50;
/// A file that includes itself twice would otherwise be read 2^50 times.
const MAX_FILES: usize = 2000;

/// Where the files of a script come from. The layers below `server` and `cli` never touch a disk.
pub trait Sources {
    /// The file `name`, which the file `from` includes; `None` for the script itself. A relative name means the working
    /// directory and then the folder of `from`. Returns the name to show and to resolve further includes from; an error
    /// is the bare reason.
    fn read(&self, name: &str, from: Option<&str>) -> Result<(String, Vec<u8>), String>;

    /// The output of the `-p` command for the flattened text, marker lines included; `None` without such a command.
    fn preprocess(&self, _flattened: &[u8]) -> Option<Result<Vec<u8>, String>> {
        None
    }
}

/// A script as one flat text that knows where each byte came from.
#[derive(Clone, Debug, Default)]
pub struct Source {
    pub text: String,
    pub map: SourceMap,
    /// Files that could not be included, and text that directives drop.
    pub errors: Vec<Diagnostic>,
}

impl Source {
    /// The script `name` with its includes. `Err` says why the script itself cannot be read.
    pub fn load(sources: &dyn Sources, name: &str) -> Result<Source, String> {
        let (name, bytes) = sources.read(name, None).map_err(|why| format!("cannot read `{name}`: {why}"))?;
        let mut flat = Flattener::of(sources);
        flat.file(&name, &bytes, None);
        flat.finish()
    }

    /// One text without a file system: includes fail.
    pub fn single(name: &str, text: &[u8]) -> Source {
        let only = Only { name, text };
        Source::load(&only, name).unwrap_or_default()
    }
}

/// The script's own bytes of a text: private characters turn back into the bytes they stand for.
pub fn bytes_of(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for c in text.chars() {
        match byte_of(c) {
            Some(b) => out.push(b),
            None => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    out
}

/// The byte a private character stands for.
pub(crate) fn byte_of(c: char) -> Option<u8> {
    let n = u32::from(c);
    (0xf700..=0xf7ff).contains(&n).then(|| (n - 0xf700) as u8)
}

/// The text of bytes. What is not UTF-8, and what would look like such a byte, goes byte by byte into private characters.
pub fn text_of(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            match byte_of(c) {
                Some(_) => c.encode_utf8(&mut [0; 4]).bytes().for_each(|b| out.push(private(b))),
                None => out.push(c),
            }
        }
        chunk.invalid().iter().for_each(|b| out.push(private(*b)));
    }
    out
}

fn private(byte: u8) -> char {
    char::from_u32(0xf700 + u32::from(byte)).unwrap_or(char::REPLACEMENT_CHARACTER)
}

struct Only<'a> {
    name: &'a str,
    text: &'a [u8],
}

impl Sources for Only<'_> {
    fn read(&self, _name: &str, from: Option<&str>) -> Result<(String, Vec<u8>), String> {
        match from {
            None => Ok((self.name.to_owned(), self.text.to_vec())),
            Some(_) => Err("it is not at hand".to_owned()),
        }
    }
}

struct Flattener<'a> {
    sources: &'a dyn Sources,
    source: Source,
    /// Include directives get their places behind the end of the flat text: they are not part of it.
    directives: Vec<Directive>,
    /// File and line of each line of the flat text.
    lines: Vec<(FileId, u32)>,
    /// Names of the files that are being read, outermost first.
    open: Vec<String>,
}

struct Directive {
    file: FileId,
    offset: u32,
    len: u32,
    included: Option<FileId>,
    error: Option<String>,
    /// Length of what the directive drops.
    dropped: u32,
}

impl<'a> Flattener<'a> {
    fn of(sources: &'a dyn Sources) -> Self {
        let (directives, lines, open) = (Vec::new(), Vec::new(), Vec::new());
        Flattener { sources, source: Source::default(), directives, lines, open }
    }

    fn file(&mut self, name: &str, bytes: &[u8], by: Option<usize>) {
        self.open.push(name.to_owned());
        let text = text_of(bytes);
        let id = self.source.map.add_file(SourceFile::new(name.to_owned(), text.clone(), None));
        if let Some(directive) = by.and_then(|i| self.directives.get_mut(i)) {
            directive.included = Some(id);
        }
        self.source.map.add_segment(self.source.text.len() as u32, id, 0);
        let mut offset = 0;
        for (n, line) in text.split_inclusive('\n').enumerate() {
            match include(line) {
                Some(found) => {
                    self.include(found, name, id, offset, line);
                    self.source.map.add_segment(self.source.text.len() as u32, id, offset + line.len() as u32);
                }
                None => self.line(line, id, n as u32 + 1),
            }
            offset += line.len() as u32;
        }
        self.open.pop();
    }

    fn line(&mut self, line: &str, id: FileId, number: u32) {
        self.lines.push((id, number));
        self.source.text.push_str(line);
        if !line.ends_with('\n') {
            self.source.text.push('\n');
        }
    }

    fn include(&mut self, found: Include<'_>, name: &str, file: FileId, offset: u32, line: &str) {
        let rest = line.get(found.end..).unwrap_or("").trim();
        let dropped = if rest.starts_with('#') { 0 } else { rest.len() as u32 };
        let (start, end) = (found.start as u32, found.end as u32);
        let index = self.directives.len();
        let place = Directive { file, offset: offset + start, len: end - start, included: None, error: None, dropped };
        self.directives.push(place);
        match self.read(found.path, name) {
            Ok((name, bytes)) => self.file(&name, &bytes, Some(index)),
            Err(why) => {
                if let Some(directive) = self.directives.get_mut(index) {
                    directive.error = Some(format!("cannot include `{}`: {why}", found.path));
                }
            }
        }
    }

    fn read(&self, path: &str, from: &str) -> Result<(String, Vec<u8>), String> {
        if self.open.len() > MAX_DEPTH {
            return Err(format!("includes are nested deeper than {MAX_DEPTH} files"));
        }
        if self.source.map.files().len() >= MAX_FILES {
            return Err(format!("more than {MAX_FILES} includes"));
        }
        let (name, bytes) = self.sources.read(path, Some(from))?;
        if self.open.contains(&name) {
            // Nothing is conditional about an include: such a file always ends at the limit.
            return Err(format!("it includes itself, and includes nest to {MAX_DEPTH} files at most"));
        }
        Ok((name, bytes))
    }

    fn finish(mut self) -> Result<Source, String> {
        if let Some(output) = self.sources.preprocess(&self.marked()) {
            self.unmark(&text_of(&output?));
        }
        let mut end = self.source.text.len() as u32 + 1;
        for d in std::mem::take(&mut self.directives) {
            self.source.map.add_segment(end, d.file, d.offset);
            let span = Span::new(end, end + d.len);
            end += d.len + d.dropped + 2;
            if let Some(id) = d.included {
                self.source.map.set_included_at(id, span);
            }
            if let Some(why) = d.error {
                let found = Diagnostic::new(codes::INCLUDE, span, why)
                    .note("includes are resolved before comments and strings are read");
                self.source.errors.push(found);
            }
            if d.dropped > 0 {
                let found =
                    Diagnostic::new(codes::TEXT_AFTER_INCLUDE, span, "text behind an include directive is ignored")
                        .help("put it on a line of its own");
                self.source.errors.push(found);
            }
        }
        Ok(self.source)
    }

    /// The flat text with the marker lines a preprocessor sees and passes through.
    fn marked(&self) -> Vec<u8> {
        let mut marked = Vec::new();
        let mut open: Option<FileId> = None;
        for (line, (file, number)) in self.source.text.split_inclusive('\n').zip(&self.lines) {
            if open != Some(*file) {
                let name = &self.source.map.file(*file).name;
                marked.extend_from_slice(format!("{FILE_BEGIN} \"{name}\"\n").as_bytes());
                open = Some(*file);
            }
            marked.extend_from_slice(format!("{LINE} {number}\n").as_bytes());
            marked.extend_from_slice(&bytes_of(line));
        }
        marked.extend_from_slice(format!("{FILE_END}\n").as_bytes());
        marked
    }

    /// Follows the markers in the output of the preprocessor.
    fn unmark(&mut self, output: &str) {
        let files = self.source.map.files().to_vec();
        let mut map = SourceMap::default();
        let starts: Vec<Vec<u32>> = files.iter().map(|f| line_starts(&f.text)).collect();
        files.iter().for_each(|f| {
            map.add_file(f.clone());
        });
        self.source.text.clear();
        let (mut file, mut line) = (FileId(0), 1u32);
        for text in output.split_inclusive('\n') {
            if let Some(n) = text.strip_prefix(LINE) {
                line = n.trim().parse().unwrap_or(line);
            } else if let Some(name) = text.strip_prefix(FILE_BEGIN) {
                let name = name.trim().trim_matches('"');
                let known = files.iter().position(|f| f.name == name);
                file = known.map_or(file, |i| FileId(i as u32));
            } else if !text.starts_with(FILE_END) {
                let offset = starts.get(file.0 as usize).and_then(|s| s.get(line.saturating_sub(1) as usize));
                map.add_segment(self.source.text.len() as u32, file, offset.copied().unwrap_or(0));
                self.source.text.push_str(text);
                line += 1;
            }
        }
        self.source.map = map;
    }
}

const LINE: &str = "__OSSPP_LINE__";
const FILE_BEGIN: &str = "__OSSPP_FILEBEGIN__";
const FILE_END: &str = "__OSSPP_FILEEND__";

fn line_starts(text: &str) -> Vec<u32> {
    std::iter::once(0).chain(text.match_indices('\n').map(|(i, _)| i as u32 + 1)).collect()
}

struct Include<'a> {
    start: usize,
    /// Behind the closing quote.
    end: usize,
    path: &'a str,
}

/// A line that is an include directive: blanks, one of two words, blanks, a quoted path of two characters or more.
fn include(line: &str) -> Option<Include<'_>> {
    let start = line.len() - line.trim_start_matches([' ', '\t']).len();
    let rest = line.get(start..)?;
    let rest = rest.strip_prefix("include_file").or_else(|| rest.strip_prefix("import_file"))?;
    let rest = rest.trim_start_matches([' ', '\t', '\r', '\u{b}', '\u{c}']);
    let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let path = rest.get(1..)?;
    let len = path.find(quote).filter(|n| *n >= 2)?;
    let path = path.get(..len)?;
    Some(Include { start, end: line.len() - rest.len() + 1 + len + 1, path })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    struct Files(HashMap<&'static str, &'static str>, Option<fn(&str) -> String>);

    impl Sources for Files {
        fn read(&self, name: &str, _from: Option<&str>) -> Result<(String, Vec<u8>), String> {
            self.0.get(name).map(|t| (name.to_owned(), t.as_bytes().to_vec())).ok_or_else(|| "no such file".to_owned())
        }

        fn preprocess(&self, text: &[u8]) -> Option<Result<Vec<u8>, String>> {
            self.1.map(|f| Ok(f(&String::from_utf8_lossy(text)).into_bytes()))
        }
    }

    fn load(files: &[(&'static str, &'static str)]) -> Source {
        Source::load(&Files(files.iter().copied().collect(), None), "a.cfg").expect("a.cfg is there")
    }

    fn place(source: &Source, needle: &str) -> String {
        let at = source.text.find(needle).expect("the text holds it") as u32;
        let (file, lc) = source.map.line_col(at);
        format!("{}:{}:{}", source.map.file(file).name, lc.line, lc.col)
    }

    #[test]
    fn includes_are_textual_and_keep_their_places() {
        let s = load(&[("a.cfg", "one\n  include_file \"bb\" rest\ntwo"), ("bb", "  three")]);
        assert_eq!(s.text, "one\n  three\ntwo\n");
        assert_eq!(place(&s, "three"), "bb:1:3");
        assert_eq!(place(&s, "two"), "a.cfg:3:1");
        assert_eq!(s.errors.len(), 1);
        let (file, lc) = s.map.line_col(s.errors[0].span().start);
        assert_eq!((s.map.file(file).name.as_str(), lc.line, lc.col), ("a.cfg", 2, 3));
        let at = s.map.files()[1].included_at.expect("a directive brought it in");
        assert_eq!(s.map.line_col(at.start).1.line, 2);
    }

    #[test]
    fn only_a_whole_line_of_two_characters_or_more_includes() {
        for line in ["include_file \"x\"", "route { include_file \"xx\"", "include_file xx", "import_file ''"] {
            assert!(include(line).is_none(), "{line}");
        }
        for line in ["include_file\"xx\"", "\timport_file 'xx' # why", "include_file \"xx\"\n"] {
            assert_eq!(include(line).map(|i| i.path), Some("xx"), "{line}");
        }
    }

    #[test]
    fn a_missing_file_is_reported_at_its_directive_and_reading_goes_on() {
        let s = load(&[("a.cfg", "/*\nimport_file 'nowhere'\n*/\nx")]);
        assert_eq!(s.errors.len(), 1);
        assert_eq!(s.map.line_col(s.errors[0].span().start).1.line, 2);
        assert!(s.errors[0].message.contains("`nowhere`"), "{}", s.errors[0].message);
        assert_eq!(place(&s, "x"), "a.cfg:4:1");
    }

    #[test]
    fn a_file_that_includes_itself_is_said_once() {
        let s = load(&[("a.cfg", "include_file 'bb'\nx\n"), ("bb", "import_file 'a.cfg'\ny\n")]);
        assert_eq!((s.map.files().len(), s.errors.len()), (2, 1));
        assert!(s.errors[0].message.contains("includes itself"), "{}", s.errors[0].message);
        assert_eq!(s.text, "y\nx\n");
    }

    /// Each file includes the next.
    struct Endless;

    impl Sources for Endless {
        fn read(&self, name: &str, _from: Option<&str>) -> Result<(String, Vec<u8>), String> {
            let next = name.parse::<u32>().unwrap_or(0) + 1;
            Ok((name.to_owned(), format!("include_file '{next:03}'\n").into_bytes()))
        }
    }

    #[test]
    fn includes_end_at_the_limit() {
        let s = Source::load(&Endless, "000").expect("it is there");
        assert_eq!(s.map.files().len(), MAX_DEPTH + 1);
        assert!(s.errors[0].message.contains("50"), "{}", s.errors[0].message);
    }

    #[test]
    fn every_byte_comes_back() {
        let all: Vec<u8> = (0..=255).collect();
        assert_eq!(bytes_of(&text_of(&all)), all);
        let private = "\u{f7ff}é".as_bytes();
        assert_eq!(bytes_of(&text_of(private)), private);
        assert_eq!(text_of(b"\xff").chars().count(), 1);
    }

    #[test]
    fn a_preprocessor_keeps_places_through_its_markers() {
        let files = [("a.cfg", "one\nDROP\ntwo X\n")].into_iter().collect();
        let run = |text: &str| text.replace("DROP\n", "").replace('X', "three");
        let s = Source::load(&Files(files, Some(run)), "a.cfg").expect("a.cfg is there");
        assert_eq!(s.text, "one\ntwo three\n");
        assert_eq!(place(&s, "two"), "a.cfg:3:1");
    }
}
