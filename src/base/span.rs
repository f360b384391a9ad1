//! Places in routing scripts. A script and its includes are parsed as one flat text; `SourceMap` leads back to files.

/// Byte range in the flat text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    pub start: u32,
    pub end: u32,
}

impl Span {
    pub const fn new(start: u32, end: u32) -> Self {
        Span { start, end }
    }

    pub const fn at(offset: u32) -> Self {
        Span { start: offset, end: offset }
    }

    pub fn to(self, other: Span) -> Span {
        Span { start: self.start.min(other.start), end: self.end.max(other.end) }
    }

    pub const fn len(self) -> u32 {
        self.end.saturating_sub(self.start)
    }

    pub const fn is_empty(self) -> bool {
        self.end <= self.start
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FileId(pub u32);

/// 1-based line and column; a column is a byte, as OpenSIPS counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LineCol {
    pub line: u32,
    pub col: u32,
}

#[derive(Clone, Debug)]
pub struct SourceFile {
    /// As the user named it, or as the include directive did.
    pub name: String,
    pub text: String,
    /// The include directive that brought this file in, in the flat text.
    pub included_at: Option<Span>,
    line_starts: Vec<u32>,
}

impl SourceFile {
    pub fn new(name: String, text: String, included_at: Option<Span>) -> Self {
        let line_starts =
            std::iter::once(0).chain(memchr::memchr_iter(b'\n', text.as_bytes()).map(|i| i as u32 + 1)).collect();
        SourceFile { name, text, included_at, line_starts }
    }

    pub fn line_col(&self, offset: u32) -> LineCol {
        let line = self.line_starts.partition_point(|&s| s <= offset).max(1);
        let start = self.line_starts.get(line - 1).copied().unwrap_or(0);
        LineCol { line: line as u32, col: offset.saturating_sub(start) + 1 }
    }

    /// The text of a 1-based line without its end.
    pub fn line(&self, line: u32) -> &str {
        let at = |n: u32| self.line_starts.get(n as usize).map(|&s| s as usize);
        let Some(start) = line.checked_sub(1).and_then(at) else { return "" };
        let end = at(line).unwrap_or(self.text.len());
        self.text.get(start..end).unwrap_or("").trim_end_matches(['\n', '\r'])
    }
}

#[derive(Clone, Copy, Debug)]
struct Segment {
    flat: u32,
    file: FileId,
    offset: u32,
}

/// The files of one script and which bytes of the flat text came from where.
#[derive(Clone, Debug, Default)]
pub struct SourceMap {
    files: Vec<SourceFile>,
    /// Sorted by `flat`; each reaches to the next.
    segments: Vec<Segment>,
}

impl SourceMap {
    pub fn add_file(&mut self, file: SourceFile) -> FileId {
        self.files.push(file);
        FileId(self.files.len() as u32 - 1)
    }

    /// Says which directive brought a file in, once its place is known.
    pub fn set_included_at(&mut self, id: FileId, directive: Span) {
        if let Some(file) = self.files.get_mut(id.0 as usize) {
            file.included_at = Some(directive);
        }
    }

    /// Says that the flat text from `flat` on continues `file` at `offset`. Called with rising `flat`.
    pub fn add_segment(&mut self, flat: u32, file: FileId, offset: u32) {
        self.segments.push(Segment { flat, file, offset });
    }

    pub fn files(&self) -> &[SourceFile] {
        &self.files
    }

    pub fn file(&self, id: FileId) -> &SourceFile {
        &self.files[id.0 as usize]
    }

    /// File and byte of a flat offset; the first file's start when the map is empty.
    pub fn locate(&self, flat: u32) -> (FileId, u32) {
        let n = self.segments.partition_point(|s| s.flat <= flat);
        match n.checked_sub(1).and_then(|i| self.segments.get(i)) {
            Some(s) => (s.file, s.offset + (flat - s.flat)),
            None => (FileId(0), flat),
        }
    }

    pub fn line_col(&self, flat: u32) -> (FileId, LineCol) {
        let (file, offset) = self.locate(flat);
        let lc = self.files.get(file.0 as usize).map(|f| f.line_col(offset)).unwrap_or(LineCol { line: 1, col: 1 });
        (file, lc)
    }

    /// `FILE:LINE` of a flat offset, the form of log lines.
    pub fn file_line(&self, flat: u32) -> String {
        let (file, lc) = self.line_col(flat);
        let name = self.files.get(file.0 as usize).map(|f| f.name.as_str()).unwrap_or("?");
        format!("{name}:{}", lc.line)
    }
}
