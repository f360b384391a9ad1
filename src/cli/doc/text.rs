//! Pages for people: paragraphs as wide as reading likes, scripts as they are.
use super::page::{Page, releases};
use crate::diag::pretty::Colours;
use crate::registry::examples::{Piece, Shown};
use std::io::{self, Write};

/// Where paragraphs are broken.
const WIDTH: usize = 92;

/// How words are set off.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    colours: Colours,
}

impl Style {
    pub const fn of(colours: Colours) -> Style {
        Style { colours }
    }

    pub fn strong(self, text: &str) -> String {
        self.sgr("1", text)
    }

    pub fn faint(self, text: &str) -> String {
        self.sgr("2", text)
    }

    pub fn alarm(self, text: &str) -> String {
        self.sgr("31", text)
    }

    fn sgr(self, code: &str, text: &str) -> String {
        match self.colours {
            Colours::On => format!("\x1b[{code}m{text}\x1b[0m"),
            Colours::Off => text.to_owned(),
        }
    }
}

pub fn write(page: &Page, style: Style, out: &mut dyn Write) -> io::Result<()> {
    let of = match page.sort {
        "module" => String::new(),
        _ if page.module == "core" => " of the core".to_owned(),
        _ => format!(" of `{}`", page.module),
    };
    let releases = page.releases.map_or(String::new(), |r| format!(", in OpenSIPS {}", releases(r)));
    writeln!(out, "{}  {}", style.strong(&page.name), style.faint(&format!("{}{of}{releases}", page.sort)))?;
    if page.is_missing {
        writeln!(out, "  {}", style.alarm("known to OpenSIPS, not built here"))?;
    }
    if !page.forms.is_empty() {
        writeln!(out)?;
    }
    for form in &page.forms {
        writeln!(out, "  {form}")?;
    }
    if let Some(routes) = &page.routes {
        writeln!(out, "  {}", style.faint(&format!("in {routes}")))?;
    }
    let paragraphs = std::iter::once(&page.text).chain(&page.notes).filter(|t| !t.is_empty());
    for (n, paragraph) in paragraphs.enumerate() {
        if n == 0 || page.sort == "module" {
            writeln!(out)?;
        }
        for line in wrapped(paragraph, WIDTH) {
            writeln!(out, "  {line}")?;
        }
    }
    shown("Example", &page.example, style, out)?;
    shown("Bad input", &page.bad_input, style, out)?;
    writeln!(out)
}

fn shown(title: &str, shown: &Shown, style: Style, out: &mut dyn Write) -> io::Result<()> {
    let Some(first) = shown.pieces.first() else { return Ok(()) };
    let head = if first.prose.is_empty() { title.to_owned() } else { format!("{title}: {}", first.prose) };
    writeln!(out)?;
    for (n, line) in wrapped(&head, WIDTH).iter().enumerate() {
        match line.strip_prefix(title).filter(|_| n == 0) {
            Some(rest) => writeln!(out, "  {}{rest}", style.strong(title))?,
            None => writeln!(out, "  {line}")?,
        }
    }
    for piece in &shown.pieces {
        if !piece.prose.is_empty() && !std::ptr::eq(piece, first) {
            writeln!(out)?;
            for line in wrapped(&piece.prose, WIDTH) {
                writeln!(out, "  {line}")?;
            }
        }
        block(piece, style, out)?;
    }
    Ok(())
}

fn block(piece: &Piece, style: Style, out: &mut dyn Write) -> io::Result<()> {
    let (kind, rest) = piece.info.split_once(' ').unwrap_or((&piece.info, ""));
    if kind == "says" {
        return says(&piece.body, style, out);
    }
    let is_usual = kind == "request" && piece.body.is_empty();
    if is_usual {
        return Ok(());
    }
    let caption = caption(kind, rest, piece.body.is_empty());
    match &caption {
        Some(caption) => writeln!(out, "    {}", style.faint(caption))?,
        None => writeln!(out)?,
    }
    let indent = if caption.is_some() { 6 } else { 4 };
    for line in piece.body.trim_end().lines() {
        match line {
            "" => writeln!(out)?,
            line => writeln!(out, "{:indent$}{line}", "")?,
        }
    }
    Ok(())
}

/// What stands above a block that is no script.
fn caption(kind: &str, rest: &str, is_empty: bool) -> Option<String> {
    let about = if rest.is_empty() { String::new() } else { format!(" ({rest})") };
    let caption = match (kind, is_empty) {
        ("request", _) => format!("with the request{about}"),
        ("reply", true) => format!("answered with 200{about}"),
        ("reply", false) => format!("answered{about} with"),
        ("wait", _) => format!("{rest} later"),
        ("output", _) => "logs".to_owned(),
        ("sent", true) => "sends nothing".to_owned(),
        ("sent", false) => "sends".to_owned(),
        ("told", _) => "tells".to_owned(),
        ("listener", _) => format!("when somebody listens at `{rest}`"),
        ("diagnostics", true) => "the checker has nothing to say".to_owned(),
        ("diagnostics", false) => "the checker says".to_owned(),
        ("host", _) => format!("when {rest} resolves to"),
        ("program", _) => match rest.split_once(": ") {
            Some((time, command)) => format!("when the program `{command}` writes, after {time},"),
            None => format!("when the program `{rest}` writes"),
        },
        ("file", _) => format!("with the file {rest}"),
        _ => return None,
    };
    Some(caption)
}

/// Statements, and below them what they log.
fn says(body: &str, style: Style, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out)?;
    for line in body.lines() {
        let (statements, said) = line.rsplit_once(" => ").unwrap_or((line, ""));
        writeln!(out, "    {}", statements.trim())?;
        for text in said.split('|').filter(|t| !t.is_empty()) {
            writeln!(out, "      {} {text}", style.faint("logs"))?;
        }
    }
    Ok(())
}

/// A text in lines of at most `width` characters, as far as its words allow.
pub fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_words_stand_alone_and_nothing_is_lost() {
        assert_eq!(wrapped("a bb incomprehensible c", 5), ["a bb", "incomprehensible", "c"]);
        assert!(wrapped("", 5).is_empty());
    }
}
