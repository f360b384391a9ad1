//! From pest's pairs to the tree. The grammar reads shapes; here it is decided what may stand where, and said what is wrong.
//!
//! Each function takes the pair of its rule and always returns a node: what cannot be read becomes a `Bad` node and a
//! finding. A statement reports its first defect and not what follows from it.
mod builtin;
mod command;
mod cond;
mod control;
mod flat;
mod global;
mod item;
mod literal;
mod socket;
mod stmt;
mod switch;
mod value;

use super::ast::{Ast, Trivia};
use super::grammar::Rule;
use crate::base::Span;
use crate::diag::{Applicability, Code, Diagnostic, codes};

pub(super) type Pair<'i> = pest::iterators::Pair<'i, Rule>;

/// The tree of the pairs of a whole file. `complete` says whether `text` reaches to the end of the script.
pub(super) fn lower(text: &str, file: Pair<'_>, trivia: Vec<Trivia>, complete: bool) -> (Ast, Vec<Diagnostic>) {
    let mut lower = Lower { text, trivia, errors: Vec::new(), cut: None, breakable: false };
    if !complete {
        lower.cut = Some(lower.token_end(text.len() as u32));
    }
    let items = lower.file(file);
    (Ast { items, trivia: lower.trivia }, lower.errors)
}

struct Lower<'t> {
    text: &'t str,
    trivia: Vec<Trivia>,
    errors: Vec<Diagnostic>,
    /// Where the last token ends, when `text` does not reach to the end of the script.
    cut: Option<u32>,
    /// Inside a loop or a `case`, where `break` is legal.
    breakable: bool,
}

/// The place of a pair. Rules that end in an optional part run on over blanks; these end with their last part instead.
fn span(pair: &Pair<'_>) -> Span {
    let s = pair.as_span();
    let end = match pair.as_rule() {
        Rule::expr | Rule::operand | Rule::call | Rule::return_cmd => {
            pair.clone().into_inner().last().map(|last| span(&last).end as usize)
        }
        _ => None,
    };
    Span::new(s.start() as u32, end.unwrap_or(s.end()) as u32)
}

/// The word of a call without parentheses.
fn bare_word<'i>(pair: &Pair<'i>) -> Option<Pair<'i>> {
    let call = Some(pair).filter(|p| p.as_rule() == Rule::call && child(p, Rule::args).is_none())?;
    child(call, Rule::word)
}

/// The child of a rule that has one of this kind.
fn child<'i>(pair: &Pair<'i>, rule: Rule) -> Option<Pair<'i>> {
    pair.clone().into_inner().find(|p| p.as_rule() == rule)
}

impl Lower<'_> {
    fn report(&mut self, found: Diagnostic) {
        // Behind a comment or string without an end nothing can be said about what is missing.
        if self.cut.is_some_and(|cut| found.span().end >= cut) {
            return;
        }
        // Brackets that one missing closer leaves open are one finding: that of the innermost.
        let repeated = |last: &Diagnostic| {
            last.code == codes::MISSING_BRACKET && last.code == found.code && last.span() == found.span()
        };
        if !self.errors.last().is_some_and(repeated) {
            self.errors.push(found);
        }
    }

    /// Whether what was read since has a finding that refuses it.
    fn failed_since(&self, before: usize) -> bool {
        self.errors.iter().skip(before).any(Diagnostic::refuses)
    }

    fn error(&mut self, code: Code, at: Span, message: impl Into<String>) {
        self.report(Diagnostic::new(code, at, message));
    }

    fn source(&self, at: Span) -> &str {
        self.text.get(at.start as usize..at.end as usize).unwrap_or("")
    }

    /// The end of the last token before `at`.
    fn token_end(&self, at: u32) -> u32 {
        let mut at = at as usize;
        loop {
            at = self.text.get(..at).unwrap_or("").trim_end_matches([' ', '\t', '\r', '\n', '\u{8}']).len();
            let n = self.trivia.partition_point(|t| (t.span.end as usize) < at);
            match self.trivia.get(n) {
                Some(t) if t.span.end as usize == at && !t.span.is_empty() => at = t.span.start as usize,
                _ => return at as u32,
            }
        }
    }

    /// The start of the first token at or behind `at`.
    fn next_token(&self, at: u32) -> u32 {
        let mut at = at as usize;
        loop {
            let rest = self.text.get(at..).unwrap_or("");
            at += rest.len() - rest.trim_start_matches([' ', '\t', '\r', '\n', '\u{8}']).len();
            let n = self.trivia.partition_point(|t| (t.span.start as usize) < at);
            match self.trivia.get(n) {
                Some(t) if t.span.start as usize == at && !t.span.is_empty() => at = t.span.end as usize,
                _ => return at as u32,
            }
        }
    }

    /// The place of something missing: the last character of the token before.
    fn place_of_missing(&self, at: u32) -> Span {
        let end = self.token_end(at);
        let width = self.text.get(..end as usize).and_then(|t| t.chars().next_back()).map_or(0, char::len_utf8);
        Span::new(end - width as u32, end)
    }

    /// Reports a bracket that `pair` opens and nobody closes.
    fn unclosed(&mut self, pair: &Pair<'_>, open: char, close: char) {
        let opener = Span::new(span(pair).start, span(pair).start + 1);
        let end = self.place_of_missing(span(pair).end);
        let found = Diagnostic::new(codes::MISSING_BRACKET, end, format!("missing `{close}`"))
            .here(format!("expected `{close}` behind this"))
            .label(opener, format!("this `{open}` is not closed"));
        self.report(found);
    }

    /// What stands at `at`, for messages.
    fn found_at(&self, at: u32) -> (Span, String) {
        let rest = self.text.get(at as usize..).unwrap_or("");
        let Some(first) = rest.chars().next() else { return (Span::at(at), "the end of the file".to_owned()) };
        let len = match first {
            c if c.is_ascii_alphanumeric() => rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_'),
            '$' => rest.find([' ', ';', ',', '\n', '\t', ')']),
            c => Some(c.len_utf8()),
        };
        let len = len.unwrap_or(rest.len());
        (Span::new(at, at + len as u32), format!("`{}`", rest.get(..len).unwrap_or("")))
    }

    /// `$avp(x)[0]`: an index behind a variable instead of inside it.
    fn index_outside(&self, at: u32) -> Option<Diagnostic> {
        let (before, behind) = (self.text.get(..at as usize)?, self.text.get(at as usize..)?);
        let end = behind.starts_with('[').then(|| behind.find([']', '\n', ';']))??;
        let index = behind.get(..=end).filter(|text| text.ends_with(']'))?;
        let start = before.rfind('$')?;
        let var = before.get(start + 1..).filter(|var| !var.contains(['\n', ';']) && !var.starts_with('('))?;
        let whole = Span::new(start as u32, at + end as u32 + 1);
        let found = Diagnostic::new(codes::SYNTAX, whole, "an index stands inside the parentheses of a variable");
        let inside = format!("$({var}{index})");
        Some(found.help(format!("write `{inside}`")).fix(whole, inside, Applicability::MachineApplicable))
    }

    /// `08`: a leading 0 makes a number octal, and 8 is no digit of it.
    fn no_octal(&self, at: u32) -> Option<Diagnostic> {
        let (before, behind) = (self.text.get(..at as usize)?, self.text.get(at as usize..)?);
        let digits = behind.len() - behind.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let octal = before.len() - before.trim_end_matches(|c: char| ('0'..='7').contains(&c)).len();
        let whole = Span::new(at - octal as u32, at + digits as u32);
        let number = self.source(whole);
        if digits == 0 || !number.starts_with('0') || octal == 0 {
            return None;
        }
        let decimal = number.trim_start_matches('0').to_owned();
        let found = Diagnostic::new(codes::SYNTAX, whole, format!("`{number}` is no number: a leading 0 means octal"));
        Some(found.help(format!("write `{decimal}`")).fix(whole, decimal, Applicability::MaybeIncorrect))
    }

    /// Reports text that cannot stand where it stands.
    fn unexpected(&mut self, at: Span, expected: &str) {
        if let Some(found) = self.index_outside(at.start).or_else(|| self.no_octal(at.start)) {
            return self.report(found);
        }
        let (at, what) = self.found_at(at.start);
        self.report(
            Diagnostic::new(codes::SYNTAX, at, format!("unexpected {what}")).here(format!("expected {expected}")),
        );
    }

    /// A finding about a bare word that should be in quotes.
    fn quote_it(&mut self, code: Code, at: Span, message: String) {
        let quoted = format!("\"{}\"", self.source(at));
        let found = Diagnostic::new(code, at, message).help(format!("write `{quoted}`"));
        self.report(found.fix(at, quoted, Applicability::MachineApplicable));
    }

    fn is_blank(&self, at: Option<usize>) -> bool {
        at.and_then(|i| self.text.as_bytes().get(i)).is_some_and(|b| matches!(b, b' ' | b'\t' | b'\r' | 8))
    }

    fn blank_before(&self, at: Span) -> bool {
        self.is_blank((at.start as usize).checked_sub(1))
    }

    fn blank_behind(&self, at: Span) -> bool {
        self.is_blank(Some(at.end as usize))
    }
}
