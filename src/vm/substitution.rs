//! Substitutions ready for use: the expression compiled, the replacement in parts.
use super::cx::Cx;
use super::pvar::Var;
use crate::base::Str;
use crate::syntax::ere::{Captures, EreError, Flags, Pattern};
use crate::syntax::origin::Origin;
use crate::syntax::substitution::{self, Form, Piece};
use std::fmt;
use std::sync::Arc;

/// A substitution by a POSIX extended regular expression, as functions take it.
pub struct Substitution {
    pub pattern: Pattern,
    pub replacement: Replacement,
    /// Every match is replaced, not the first alone.
    pub every: bool,
}

/// With the variables of its replacement.
pub struct LinkedSubstitution {
    pub substitution: Substitution,
    pub vars: Box<[Arc<Var>]>,
}

/// What is put in for a match.
pub struct Replacement(Vec<Part>);

enum Part {
    Text(Str),
    /// A group of the match; 0 is the whole.
    Group(usize),
    /// The n-th variable.
    Var(usize),
    RequestUri,
}

/// What a replacement takes from the run: the same for every match.
#[derive(Default)]
pub struct Values {
    pub vars: Vec<Str>,
    pub request_uri: Str,
}

/// Why a text is no substitution.
#[derive(Debug)]
pub enum SubstitutionError {
    Malformed,
    Expression(EreError),
}

impl Substitution {
    pub fn parse(text: &[u8]) -> Result<Substitution, SubstitutionError> {
        let parsed = substitution::Substitution::parse(text, Form::Argument, Origin::At(0));
        let parsed = parsed.ok_or(SubstitutionError::Malformed)?;
        let flags = Flags { icase: parsed.ignores_case, newline: !parsed.crosses_lines };
        let pattern = Pattern::new(&parsed.expression, flags).map_err(SubstitutionError::Expression)?;
        Ok(Substitution { pattern, replacement: Replacement::new(parsed.replacement), every: parsed.every })
    }
}

impl LinkedSubstitution {
    /// Reads what the replacement needs.
    pub fn values(&self, cx: &mut Cx<'_>) -> Values {
        let vars = self.vars.iter().map(|var| cx.read(var).str_face().unwrap_or_default()).collect();
        Values { vars, request_uri: cx.run.request_uri() }
    }
}

impl Replacement {
    pub fn new(pieces: Vec<Piece>) -> Replacement {
        let mut vars = 0..;
        let part = |piece: Piece| match piece {
            Piece::Text(text) => Part::Text(text),
            Piece::Group(n) => Part::Group(usize::from(n)),
            Piece::Var(_) => Part::Var(vars.next().unwrap_or_default()),
            Piece::RequestUri => Part::RequestUri,
        };
        Replacement(pieces.into_iter().map(part).collect())
    }

    pub fn has_vars(&self) -> bool {
        self.0.iter().any(|part| matches!(part, Part::Var(_)))
    }

    pub fn write(&self, subject: &[u8], found: &Captures, values: &Values, out: &mut Vec<u8>) {
        for part in &self.0 {
            match part {
                Part::Text(text) => out.extend_from_slice(text),
                Part::Group(n) => out.extend_from_slice(found.text(*n, subject)),
                Part::Var(n) => out.extend_from_slice(values.vars.get(*n).map_or(&[], Str::as_bytes)),
                Part::RequestUri => out.extend_from_slice(&values.request_uri),
            }
        }
    }
}

impl fmt::Display for SubstitutionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SubstitutionError::Malformed => f.write_str("no substitution: `/expression/replacement/flags`"),
            SubstitutionError::Expression(e) => write!(f, "bad regular expression: {e}"),
        }
    }
}

impl std::error::Error for SubstitutionError {}
