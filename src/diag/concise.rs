//! `FILE:LINE:COL: severity[CODE] message`, one line for each finding and nothing else.
use super::Diagnostic;
use crate::base::SourceMap;
use std::io::{self, Write};

pub fn render(map: &SourceMap, found: &[Diagnostic], out: &mut dyn Write) -> io::Result<()> {
    for d in found {
        writeln!(out, "{}", line(map, d))?;
    }
    Ok(())
}

/// The line of one finding, without its end.
pub fn line(map: &SourceMap, d: &Diagnostic) -> String {
    let (file, at) = map.line_col(d.span().start);
    let name = map.files().get(file.0 as usize).map_or("?", |f| f.name.as_str());
    let message = d.message.replace(['\n', '\r'], " ");
    format!("{name}:{}:{}: {}[{}] {message}", at.line, at.col, d.severity.word(), d.code.id)
}
