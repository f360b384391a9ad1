//! The whole way from a source to a tree.
use super::ast::{Ast, StrLit, VarToken};
use super::format_string::FormatString;
use super::grammar::{Grammar, Rule};
use super::lower;
use super::origin::Origin;
use super::pvar::{PvarError, VarRef};
use super::scan;
use super::source::{Source, bytes_of};
use crate::diag::Diagnostic;
use pest::Parser;

/// What reading a script yields: always a tree, and everything that is wrong with the text.
#[derive(Clone, Debug, Default)]
pub struct Parse {
    pub ast: Ast,
    /// In the order of their places.
    pub errors: Vec<Diagnostic>,
}

/// Reads a flattened script.
pub fn parse(source: &Source) -> Parse {
    let scan = scan::scan(&source.text);
    let usable = source.text.get(..scan.usable).unwrap_or("");
    let mut errors = source.errors.clone();
    errors.extend(scan.errors);
    let ast = match Grammar::parse(Rule::file, usable).map(|mut pairs| pairs.next()) {
        Ok(Some(file)) => {
            let (ast, found) = lower::lower(usable, file, scan.trivia, scan.complete);
            errors.extend(found);
            ast
        }
        Ok(None) => Ast::default(),
        Err(e) => {
            errors.push(unread(&e));
            Ast { items: Vec::new(), trivia: scan.trivia }
        }
    };
    errors.sort_by_key(|d| d.span().start);
    Parse { ast, errors }
}

/// `file` reads every text that the scan lets through; should the grammar ever fail, it says where.
fn unread(error: &pest::error::Error<Rule>) -> Diagnostic {
    let at = match error.location {
        pest::error::InputLocation::Pos(at) | pest::error::InputLocation::Span((at, _)) => at as u32,
    };
    let message = format!("the text cannot be read: {}", error.variant.message());
    Diagnostic::new(crate::diag::codes::SYNTAX, crate::base::Span::at(at), message)
}

impl VarToken {
    /// The reference this token is.
    pub fn parse(&self) -> Result<VarRef, PvarError> {
        VarRef::parse(&bytes_of(&self.text), Origin::At(self.span.start))
    }
}

impl StrLit {
    /// The value as format string.
    pub fn format(&self) -> Result<FormatString, PvarError> {
        format(std::slice::from_ref(self))
    }
}

/// Adjacent strings as one format string.
pub fn format(parts: &[StrLit]) -> Result<FormatString, PvarError> {
    let value = super::ast::joined(parts);
    let mut map: Vec<u32> = Vec::with_capacity(value.len() + 1);
    for part in parts {
        map.extend((0..part.value.len()).map(|i| part.offset_of(i)));
    }
    map.push(parts.last().map_or(0, |p| p.span.end.saturating_sub(1)));
    FormatString::parse(&value, Origin::Map(&map))
}
