//! The way a path took since its first load: decisions, loads, calls and returns, newest last.
use crate::base::Span;
use crate::registry::ContextKind;
use std::rc::Rc;

/// A path longer than this is given up.
pub const MOST_STEPS: usize = 400;

/// Cloning is cheap: paths share what they have in common.
#[derive(Clone, Default)]
pub struct Path(Option<Rc<Node>>);

struct Node {
    before: Path,
    step: Step,
    length: usize,
}

#[derive(Clone)]
pub enum Step {
    Load(ContextKind, Span),
    Note(Span, String),
    /// What a called route did.
    Within(Path),
}

impl Path {
    pub fn then(&self, step: Step) -> Path {
        let added = if let Step::Within(inner) = &step { inner.length() } else { 1 };
        Path(Some(Rc::new(Node { before: self.clone(), step, length: self.length() + added })))
    }

    pub fn length(&self) -> usize {
        self.0.as_ref().map_or(0, |node| node.length)
    }

    /// The steps behind the latest load at `span`, that load first.
    pub fn since(&self, kind: ContextKind, span: Span) -> Vec<(Span, Told)> {
        let mut steps = Vec::new();
        self.flatten(&mut steps);
        let start = steps.iter().rposition(|(at, told)| *at == span && *told == Told::Load(kind));
        steps.drain(..start.unwrap_or(0));
        steps
    }

    fn flatten(&self, out: &mut Vec<(Span, Told)>) {
        let mut nodes = Vec::new();
        let mut at = self.0.as_deref();
        while let Some(node) = at {
            nodes.push(&node.step);
            at = node.before.0.as_deref();
        }
        for step in nodes.into_iter().rev() {
            match step {
                Step::Load(kind, span) => out.push((*span, Told::Load(*kind))),
                Step::Note(span, text) => out.push((*span, Told::Text(text.clone()))),
                Step::Within(path) => path.flatten(out),
            }
        }
    }
}

/// A step as it is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    Load(ContextKind),
    Text(String),
}
