//! A session description by lines: which line or token a path means, and what the text is with another one in its place.
use super::path::Step;
use crate::sip::Range;

/// Where in the description lines are looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Section<'p> {
    Everything,
    /// Up to the first `m=` line.
    Session,
    /// From the `m=` line of a stream up to the next; the step names the medium.
    Stream(&'p Step),
}

/// What becomes of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change<'v> {
    Replace(&'v [u8]),
    InsertBefore(&'v [u8]),
    InsertAfter(&'v [u8]),
    Delete,
}

/// The lines of a text, without their ends.
pub struct Lines<'t> {
    text: &'t [u8],
    lines: Vec<Range>,
    /// As the first line has it.
    end: &'t [u8],
}

impl<'t> Lines<'t> {
    pub fn of(text: &'t [u8]) -> Lines<'t> {
        let first = text.iter().position(|b| matches!(b, b'\r' | b'\n')).unwrap_or(text.len());
        let end: &[u8] = match text.get(first..).unwrap_or_default() {
            [b'\r', b'\n', ..] | [] => b"\r\n",
            [b'\r', ..] => b"\r",
            _ => b"\n",
        };
        let mut lines = Vec::new();
        let mut start = 0;
        for at in memchr::memmem::find_iter(text, end) {
            lines.push(Range::new(start, at));
            start = at + end.len();
        }
        if start < text.len() {
            lines.push(Range::new(start, text.len()));
        }
        Lines { text, lines, end }
    }

    pub fn line(&self, at: usize) -> Option<&'t [u8]> {
        self.lines.get(at).map(|line| line.of(self.text))
    }

    /// The line that `step` means in a section, as a number among all lines.
    pub fn find(&self, section: &Section<'_>, step: &Step) -> Option<usize> {
        let (from, until) = self.bounds(section)?;
        let at = self.place(from, until, step)?;
        (at < until).then_some(at)
    }

    /// The first line that `step` means and that has the token.
    pub fn find_with_token(&self, section: &Section<'_>, step: &Step, token: &Step) -> Option<usize> {
        let (from, until) = self.bounds(section)?;
        let mut fitting = (from..until).filter(|at| {
            self.line(*at).is_some_and(|line| starts_with(line, &step.prefix) && find_token(line, token).is_some())
        });
        fitting.nth(usize::try_from(step.index).unwrap_or_default())
    }

    /// The text with a line changed; `None` when there is no such line.
    pub fn changed(&self, section: &Section<'_>, step: &Step, change: &Change<'_>) -> Option<Vec<u8>> {
        let (from, until) = self.bounds(section)?;
        let at = self.place(from, until, step)?;
        // Only what is inserted may stand behind the last line.
        let is_there = at < until;
        let texts = (0..self.lines.len()).map(|n| self.line(n).unwrap_or_default());
        let mut lines: Vec<&[u8]> = texts.collect();
        match change {
            Change::Replace(new) if is_there => *lines.get_mut(at)? = new,
            Change::InsertBefore(new) => lines.insert(at, new),
            Change::InsertAfter(new) if is_there => lines.insert(at + 1, new),
            Change::Delete if is_there => drop(lines.remove(at)),
            Change::Replace(_) | Change::InsertAfter(_) | Change::Delete => return None,
        }
        Some(lines.iter().flat_map(|line| [*line, self.end]).collect::<Vec<_>>().concat())
    }

    /// A number may be that behind the last line of the section, for insertions.
    fn place(&self, from: usize, until: usize, step: &Step) -> Option<usize> {
        if step.prefix.is_empty() {
            let at = from.checked_add(usize::try_from(step.index).ok()?)?;
            return (at <= until).then_some(at);
        }
        let skipped = usize::try_from(step.index).unwrap_or_default();
        let begins = |at: &usize| self.line(*at).is_some_and(|line| starts_with(line, &step.prefix));
        (from..until).filter(begins).nth(skipped)
    }

    fn bounds(&self, section: &Section<'_>) -> Option<(usize, usize)> {
        let media = |at: &usize| self.line(*at).is_some_and(|line| starts_with(line, b"m="));
        let all = self.lines.len();
        let next = |from: usize| (from..all).find(media).unwrap_or(all);
        match section {
            Section::Everything => Some((0, all)),
            Section::Session => Some((0, next(0))),
            Section::Stream(step) => {
                let kind = [b"m=", step.prefix.as_slice()].concat();
                let of_kind = |at: &usize| self.line(*at).is_some_and(|line| starts_with(line, &kind));
                let from = (0..all).filter(of_kind).nth(usize::try_from(step.index).unwrap_or_default())?;
                Some((from, next(from + 1)))
            }
        }
    }
}

/// The word of a line that a step means.
pub fn find_token(line: &[u8], step: &Step) -> Option<Range> {
    let skipped = usize::try_from(step.index).unwrap_or_default();
    words(line).filter(|word| starts_with(word.of(line), &step.prefix)).nth(skipped)
}

/// The line with other text behind the step's prefix; without a prefix the whole word is another. `None` takes it out
/// with the blanks before it.
pub fn with_token(line: &[u8], word: Range, step: &Step, new: Option<&[u8]>) -> Vec<u8> {
    let (start, end) = (word.start as usize, word.end as usize);
    let before = line.get(..start).unwrap_or_default();
    let behind = line.get(end..).unwrap_or_default();
    match new {
        Some(new) => {
            let kept = word.of(line).get(..step.prefix.len()).unwrap_or_default();
            [before, kept, new, behind].concat()
        }
        None => [before.trim_ascii_end(), behind].concat(),
    }
}

fn words(line: &[u8]) -> impl Iterator<Item = Range> + '_ {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = line.get(at..)?;
        let start = at + rest.iter().position(|b| !b.is_ascii_whitespace())?;
        let len = line.get(start..)?.iter().position(u8::is_ascii_whitespace);
        at = len.map_or(line.len(), |len| start + len);
        Some(Range::new(start, at))
    })
}

fn starts_with(text: &[u8], prefix: &[u8]) -> bool {
    text.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}
