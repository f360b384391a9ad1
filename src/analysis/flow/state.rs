//! What is known at a point of a path: loaded contexts, the last code, values, and answers given before.
use super::path::{MOST_STEPS, Path, Step};
use super::value::{Range, Value};
use crate::base::Span;
use crate::registry::ContextKind;
use std::collections::BTreeMap;
use std::hash::{Hash, Hasher};
use std::rc::Rc;

/// Names a variable or a question: `$var(x)`, `$rm == "INVITE"`, `is_method("INVITE")`.
pub type Key = Rc<str>;

/// Two states that know the same are one.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Known {
    /// The places of the loads, oldest first.
    pub dialog: Vec<Span>,
    pub accounting: Vec<Span>,
    /// `$rc`
    pub rc: Range,
    /// Code of the last statement.
    pub last: Range,
    /// Whether a local variable nothing is said of is NULL.
    pub fresh: bool,
    facts: BTreeMap<Key, Fact>,
}

#[derive(Clone)]
struct Fact {
    what: What,
    /// The variables it is about: gone when one of them is written.
    about: Rc<[Key]>,
    /// It is about the current dialog or its accounting: gone when another becomes current.
    of_context: bool,
}

#[derive(Clone, PartialEq, Eq, Hash)]
enum What {
    Value(Value),
    Truth(bool),
}

impl PartialEq for Fact {
    fn eq(&self, other: &Fact) -> bool {
        self.what == other.what
    }
}

impl Eq for Fact {}

impl Hash for Fact {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.what.hash(state);
    }
}

/// A variable or question as facts know it.
#[derive(Clone)]
pub struct Subject {
    pub key: Key,
    pub about: Rc<[Key]>,
    pub of_context: bool,
}

#[derive(Clone)]
pub struct State {
    pub known: Known,
    pub path: Path,
}

impl Known {
    pub fn new(fresh: bool) -> Known {
        Known {
            dialog: Vec::new(),
            accounting: Vec::new(),
            rc: Range::TRUE,
            last: Range::TRUE,
            fresh,
            facts: BTreeMap::new(),
        }
    }

    pub fn frames(&self, kind: ContextKind) -> &Vec<Span> {
        match kind {
            ContextKind::Dialog => &self.dialog,
            ContextKind::Accounting => &self.accounting,
        }
    }

    fn frames_mut(&mut self, kind: ContextKind) -> &mut Vec<Span> {
        match kind {
            ContextKind::Dialog => &mut self.dialog,
            ContextKind::Accounting => &mut self.accounting,
        }
    }

    pub fn is_loaded(&self) -> bool {
        !self.dialog.is_empty() || !self.accounting.is_empty()
    }

    pub fn push(&mut self, kind: ContextKind, load: Span) {
        self.frames_mut(kind).push(load);
        self.facts.retain(|_, fact| !fact.of_context);
    }

    pub fn pop(&mut self, kind: ContextKind) -> bool {
        let popped = self.frames_mut(kind).pop().is_some();
        if popped {
            self.facts.retain(|_, fact| !fact.of_context);
        }
        popped
    }

    pub fn value(&self, key: &str) -> Option<&Value> {
        match self.facts.get(key).map(|f| &f.what) {
            Some(What::Value(value)) => Some(value),
            Some(What::Truth(_)) | None => None,
        }
    }

    pub fn truth(&self, key: &str) -> Option<bool> {
        match self.facts.get(key).map(|f| &f.what) {
            Some(What::Truth(truth)) => Some(*truth),
            Some(What::Value(_)) | None => None,
        }
    }

    pub fn learn(&mut self, subject: &Subject, value: Value) {
        self.insert(subject, What::Value(value));
    }

    pub fn answer(&mut self, subject: &Subject, truth: bool) {
        self.insert(subject, What::Truth(truth));
    }

    fn insert(&mut self, subject: &Subject, what: What) {
        let fact = Fact { what, about: subject.about.clone(), of_context: subject.of_context };
        self.facts.insert(subject.key.clone(), fact);
    }

    /// Something wrote the variable.
    pub fn forget(&mut self, variable: &str) {
        self.facts.retain(|_, fact| !fact.about.iter().any(|k| **k == *variable));
    }

    /// Answers may differ the next time these questions are asked.
    pub fn ask_again(&mut self, questions: &[Key]) {
        self.facts.retain(|key, fact| !(matches!(fact.what, What::Truth(_)) && questions.contains(key)));
    }

    pub fn forget_answers(&mut self) {
        self.facts.retain(|_, fact| matches!(fact.what, What::Value(_)));
    }

    /// As `ask_again`, and what is known of the variable of that name is not known any more.
    pub fn unsettle(&mut self, question: &str) {
        if let Some(fact) = self.facts.get(question).cloned() {
            self.doubt(&question.into(), &fact);
        }
    }

    /// What both know.
    pub fn common(&mut self, other: &Known) {
        for (key, fact) in &other.facts {
            if self.facts.get(key) != Some(fact) {
                self.doubt(key, fact);
            }
        }
        let unshared: Vec<(Key, Fact)> = self
            .facts
            .iter()
            .filter(|(key, _)| !other.facts.contains_key(*key))
            .map(|(k, f)| (k.clone(), f.clone()))
            .collect();
        for (key, fact) in &unshared {
            self.doubt(key, fact);
        }
        if self.rc != other.rc {
            self.rc = Range::ALL;
        }
        if self.last != other.last {
            self.last = Range::CODE;
        }
    }

    /// A value that may be another is anything; an answer that may differ is none.
    fn doubt(&mut self, key: &Key, fact: &Fact) {
        match fact.what {
            What::Truth(_) => self.facts.remove(key),
            What::Value(_) => self.facts.insert(key.clone(), Fact { what: What::Value(Value::Any), ..fact.clone() }),
        };
    }
}

impl State {
    /// Only paths on which something is loaded are told.
    pub fn note(&mut self, span: Span, text: impl FnOnce() -> String) {
        if self.known.is_loaded() {
            self.path = self.path.then(Step::Note(span, text()));
        } else {
            self.path = Path::default();
        }
    }

    pub fn set_code(&mut self, code: Range) {
        self.known.rc = code;
        self.known.last = code;
    }

    pub fn is_too_long(&self) -> bool {
        self.path.length() > MOST_STEPS
    }
}
