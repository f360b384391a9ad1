//! Source excerpts by ariadne: labels, notes, help, and the steps of a path one by one.
use super::{Diagnostic, Severity};
use crate::base::{FileId, SourceMap, Span};
use ariadne::{Color, Config, IndexType, Label, Report, ReportKind, Source};
use std::collections::HashMap;
use std::io::{self, Write};
use std::ops::Range;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colours {
    On,
    Off,
}

type Place = (FileId, Range<usize>);

pub fn render(map: &SourceMap, found: &[Diagnostic], colours: Colours, out: &mut dyn Write) -> io::Result<()> {
    let mut cache = Files { map, sources: HashMap::new() };
    for d in found {
        report(map, d, colours).write(&mut cache, &mut *out)?;
    }
    Ok(())
}

/// The text of `render`.
pub fn to_string(map: &SourceMap, found: &[Diagnostic], colours: Colours) -> String {
    let mut out = Vec::new();
    render(map, found, colours, &mut out).expect("writing to memory does not fail");
    String::from_utf8_lossy(&out).into_owned()
}

fn report(map: &SourceMap, d: &Diagnostic, colours: Colours) -> Report<'static, Place> {
    // Kinds of our own ignore the choice of colours.
    let kind = match d.severity {
        Severity::Error => ReportKind::Error,
        Severity::Warning => ReportKind::Warning,
        Severity::Info => ReportKind::Advice,
    };
    let config = Config::default().with_index_type(IndexType::Byte).with_color(colours == Colours::On);
    let mut report =
        Report::build(kind, place(map, d.span())).with_config(config).with_code(d.code.id).with_message(&d.message);
    for (span, text, colour) in labels(map, d) {
        report = report.with_label(Label::new(place(map, span)).with_color(colour).with_message(text));
    }
    for note in &d.notes {
        report = report.with_note(note);
    }
    if let Some(help) = &d.help {
        report = report.with_help(help);
    }
    report.finish()
}

/// Labels and steps in the order of their places, which is how ariadne wants those of one file. A label without words
/// would not be drawn.
fn labels(map: &SourceMap, d: &Diagnostic) -> Vec<(Span, String, Color)> {
    let said = |span: Span| d.steps.iter().any(|(at, _)| *at == span);
    let labels = d.labels.iter().filter(|l| !(l.text.is_empty() && said(l.span))).map(|l| {
        let text = if l.text.is_empty() { "here".to_owned() } else { l.text.clone() };
        (l.span, text, if l.primary { Color::Red } else { Color::Blue })
    });
    let steps = d.steps.iter().enumerate().map(|(n, (span, text))| (*span, format!("{}. {text}", n + 1), Color::Cyan));
    let mut all: Vec<_> = labels.chain(steps).collect();
    let home = map.locate(d.span().start).0;
    all.sort_by_key(|(span, _, _)| {
        let (file, offset) = map.locate(span.start);
        (file != home, file, offset)
    });
    all
}

/// The part of a span that lies in the file it starts in; an empty one is widened to the character it stands before.
fn place(map: &SourceMap, span: Span) -> Place {
    let (file, start) = map.locate(span.start);
    let text = map.files().get(file.0 as usize).map_or("", |f| f.text.as_str());
    let (end_file, end) = map.locate(span.end.saturating_sub(1).max(span.start));
    let end = if end_file == file { end + u32::from(span.end > span.start) } else { start };
    let start = floor(text, start as usize);
    let end = ceil(text, (end as usize).max(start));
    let end = if end > start { end } else { ceil(text, start + 1) };
    (file, start..end)
}

fn floor(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|&i| text.is_char_boundary(i)).unwrap_or(0)
}

fn ceil(text: &str, at: usize) -> usize {
    (at..=text.len()).find(|&i| text.is_char_boundary(i)).unwrap_or(text.len())
}

struct Files<'a> {
    map: &'a SourceMap,
    sources: HashMap<FileId, Source<String>>,
}

impl ariadne::Cache<FileId> for &mut Files<'_> {
    type Storage = String;

    fn fetch(&mut self, id: &FileId) -> Result<&Source<String>, impl std::fmt::Debug> {
        let map = self.map;
        Ok::<_, std::convert::Infallible>(self.sources.entry(*id).or_insert_with(|| {
            let text = map.files().get(id.0 as usize).map_or("", |f| f.text.as_str());
            Source::from(shown(text))
        }))
    }

    fn display<'b>(&self, id: &'b FileId) -> Option<impl std::fmt::Display + 'b> {
        self.map.files().get(id.0 as usize).map(|f| f.name.clone())
    }
}

/// Bytes that are not UTF-8 travel as private characters; people see the replacement character, which is as long.
fn shown(text: &str) -> String {
    text.replace(|c: char| ('\u{f700}'..='\u{f7ff}').contains(&c), "\u{fffd}")
}
