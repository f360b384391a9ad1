//! Findings about scripts: what, where, what to do; and the renderers that show them.
//!
//! A layer makes a [`Diagnostic`] with a [`Code`] of the one table in `codes.rs`; whoever talks to people hands them,
//! with the `SourceMap` of the script, to a renderer: `pretty` (source excerpts) or `concise` (one line each).
//! A new kind of finding is a new row in `codes.rs`; a new output form is a new file beside `concise.rs`.
pub mod codes;
pub mod concise;
pub mod near;
pub mod pretty;

use crate::base::{SourceMap, Span};
pub use codes::{Class, Code};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    Info,
    Warning,
    Error,
}

impl Severity {
    pub const fn word(self) -> &'static str {
        match self {
            Severity::Info => "info",
            Severity::Warning => "warning",
            Severity::Error => "error",
        }
    }
}

/// One finding. Spans are places in the flat text of the script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    pub code: Code,
    pub severity: Severity,
    /// Lower case, no final dot, names in backticks.
    pub message: String,
    /// The first primary label is the place of the finding.
    pub labels: Vec<Label>,
    pub notes: Vec<String>,
    pub help: Option<String>,
    pub fix: Option<Fix>,
    /// A path through the script, in order, for findings that are about one.
    pub steps: Vec<(Span, String)>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    pub span: Span,
    pub text: String,
    pub primary: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    pub span: Span,
    pub replacement: String,
    pub applicability: Applicability,
}

/// Whether a tool may apply a fix unasked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Applicability {
    MachineApplicable,
    MaybeIncorrect,
}

impl Diagnostic {
    /// A finding of the severity its code has by default, labelled at `span`.
    pub fn new(code: Code, span: Span, message: impl Into<String>) -> Self {
        Diagnostic {
            code,
            severity: code.severity,
            message: message.into(),
            labels: vec![Label { span, text: String::new(), primary: true }],
            notes: Vec::new(),
            help: None,
            fix: None,
            steps: Vec::new(),
        }
    }

    /// Words beside the primary place.
    pub fn here(mut self, text: impl Into<String>) -> Self {
        if let Some(label) = self.labels.first_mut() {
            label.text = text.into();
        }
        self
    }

    /// Another place that explains the finding.
    pub fn label(mut self, span: Span, text: impl Into<String>) -> Self {
        self.labels.push(Label { span, text: text.into(), primary: false });
        self
    }

    pub fn note(mut self, text: impl Into<String>) -> Self {
        self.notes.push(text.into());
        self
    }

    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help = Some(text.into());
        self
    }

    pub fn fix(mut self, span: Span, replacement: impl Into<String>, applicability: Applicability) -> Self {
        self.fix = Some(Fix { span, replacement: replacement.into(), applicability });
        self
    }

    pub fn step(mut self, span: Span, text: impl Into<String>) -> Self {
        self.steps.push((span, text.into()));
        self
    }

    /// The place of the finding.
    pub fn span(&self) -> Span {
        let first = self.labels.iter().find(|l| l.primary).or(self.labels.first());
        first.map(|l| l.span).unwrap_or_default()
    }

    /// Refused by `run`: OpenSIPS would not start with it, or this build cannot run it.
    pub fn refuses(&self) -> bool {
        self.code.class() == Class::Refuse
    }
}

/// Orders findings by file and place, and drops repetitions of one finding at one place, as of a file included twice.
pub fn sort(map: &SourceMap, found: &mut Vec<Diagnostic>) {
    found.sort_by_key(|d| (map.locate(d.span().start), d.code.id));
    let place = |d: &Diagnostic| map.locate(d.span().start);
    found.dedup_by(|a, b| a.code == b.code && place(a) == place(b) && a.message == b.message);
}
