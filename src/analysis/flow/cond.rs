//! Conditions: which states go one way and which the other.
use super::exec::Engine;
use super::state::{State, Subject};
use super::states::States;
use super::value::{Range, Value};
use crate::base::Str;
use crate::registry::VarKind;
use crate::syntax::ast::{Arith, ArithKind, ArithOp, CmpOp, Compare, CompareRight, Cond, CondKind, LogicOp, VarToken};

#[derive(Default)]
pub struct Parted {
    pub yes: States,
    pub no: States,
}

impl Parted {
    fn swapped(self) -> Parted {
        Parted { yes: self.no, no: self.yes }
    }
}

impl<'a> Engine<'_, 'a> {
    pub fn condition(&mut self, cond: &'a Cond, states: States) -> Parted {
        self.deeper(|engine| engine.parted(cond, states))
    }

    fn parted(&mut self, cond: &'a Cond, states: States) -> Parted {
        match &cond.kind {
            CondKind::Chain { first, rest } => {
                let mut parted = self.condition(first, states);
                for link in rest {
                    match link.op {
                        LogicOp::And => {
                            let right = self.condition(&link.right, std::mem::take(&mut parted.yes));
                            parted.yes = right.yes;
                            parted.no.extend(right.no);
                        }
                        LogicOp::Or => {
                            let right = self.condition(&link.right, std::mem::take(&mut parted.no));
                            parted.no = right.no;
                            parted.yes.extend(right.yes);
                        }
                    }
                }
                parted
            }
            CondKind::Not(inner) => self.condition(inner, states).swapped(),
            CondKind::Paren(inner) => self.condition(inner, states),
            CondKind::Arith(value) => self.arith_test(value, states),
            CondKind::Compare(compare) => self.each(states, |engine, state| engine.compare(compare, state)),
            CondKind::Int(int) if int.value != 0 => Parted { yes: states, no: Vec::new() },
            CondKind::Int(_) => Parted { yes: Vec::new(), no: states },
            CondKind::Var(var) => self.each(states, |engine, state| engine.truth_test(var, state)),
            CondKind::Command(command) => {
                let out = self.command(command, states);
                self.by_code(command, out.next)
            }
            CondKind::Assign(assign) => Parted { yes: self.assign(assign, states), no: Vec::new() },
            CondKind::If(branch) => {
                let out = self.branch(branch, states);
                by_last(out.next)
            }
            CondKind::Block(block) => {
                let out = self.list(&block.stmts, states);
                by_last(out.next)
            }
            CondKind::Bad => Parted { yes: states.clone(), no: states },
        }
    }

    fn each(
        &mut self,
        states: States,
        mut test: impl FnMut(&mut Self, State) -> (Option<State>, Option<State>),
    ) -> Parted {
        let mut parted = Parted::default();
        for state in states {
            let (yes, no) = test(self, state);
            parted.yes.extend(yes);
            parted.no.extend(no);
        }
        parted
    }

    /// True and false by the sign of what a command returned; a question asked again gets the answer it got.
    fn by_code(&mut self, command: &'a crate::syntax::ast::Command, states: States) -> Parted {
        let subject = self.question(command);
        self.each(states, |engine, state| {
            let (positive, negative) = (state.known.last.positive(), state.known.last.negative());
            let open = positive.is_some() && negative.is_some();
            let with = |code: Option<Range>, truth: bool| {
                code.map(|code| {
                    let mut state = state.clone();
                    state.set_code(code);
                    if let Some(subject) = subject.as_ref().filter(|s| open && engine.subjects.recurs(&s.key)) {
                        state.known.answer(subject, truth);
                    }
                    state
                })
            };
            (with(positive, true), with(negative, false))
        })
    }

    fn compare(&mut self, compare: &'a Compare, state: State) -> (Option<State>, Option<State>) {
        match (&compare.right, compare.op) {
            (CompareRight::Int(int), op) => self.number_test(&compare.left, op, int.value, state),
            (CompareRight::Str(text), CmpOp::Eq) => self.text_test(&compare.left, &text.value, state),
            (CompareRight::Str(text), CmpOp::Ne) => swap(self.text_test(&compare.left, &text.value, state)),
            (CompareRight::Null(_), CmpOp::Eq) => self.null_test(compare, state),
            (CompareRight::Null(_), CmpOp::Ne) => self.null_test(compare, state),
            (CompareRight::Var(right), CmpOp::Eq | CmpOp::Ne) => {
                match self.number(right, &state).and_then(Range::only) {
                    Some(n) => self.number_test(&compare.left, compare.op, n, state),
                    None => self.asked(compare, state),
                }
            }
            _ => self.asked(compare, state),
        }
    }

    /// What the state knows of a variable.
    pub fn value(&mut self, token: &VarToken, state: &State) -> Value {
        let variable = self.subjects.variable(token);
        if variable.kind == VarKind::LastCode {
            return Value::Number(state.known.rc);
        }
        match state.known.value(&variable.subject.key) {
            Some(value) => value.clone(),
            None if variable.kind == VarKind::Local && variable.plain && state.known.fresh => Value::Null,
            None => Value::Any,
        }
    }

    fn number(&mut self, token: &VarToken, state: &State) -> Option<Range> {
        match self.value(token, state) {
            Value::Number(range) => Some(range),
            Value::Any | Value::Null | Value::Text(_) => None,
        }
    }

    /// Writes down what a test showed.
    fn learn(&mut self, token: &VarToken, state: &mut State, value: Value) {
        let variable = self.subjects.variable(token);
        if variable.kind == VarKind::LastCode {
            if let Value::Number(range) = value {
                state.known.rc = range;
            }
        } else if self.subjects.recurs(&variable.subject.key) {
            state.known.learn(&variable.subject, value);
        }
    }

    pub fn number_test(&mut self, token: &VarToken, op: CmpOp, n: i32, state: State) -> (Option<State>, Option<State>) {
        let range = match self.value(token, &state) {
            Value::Number(range) => range,
            Value::Any => Range::ALL,
            // NULL differs from every number; a text cannot be compared, which is as good as false.
            Value::Null if op == CmpOp::Ne => return (Some(state), None),
            Value::Null | Value::Text(_) => return (None, Some(state)),
        };
        let (yes, no) = range.split(op, n);
        let mut with = |part: Option<Range>| {
            part.map(|part| {
                let mut state = state.clone();
                if part != range {
                    self.learn(token, &mut state, Value::Number(part));
                }
                state
            })
        };
        (with(yes), with(no))
    }

    /// `==` with a literal text, which ignores case.
    pub fn text_test(&mut self, token: &VarToken, text: &Str, state: State) -> (Option<State>, Option<State>) {
        let wanted = Str::from(text.to_ascii_lowercase());
        match self.value(token, &state) {
            Value::Text(held) if held == wanted => return (Some(state), None),
            Value::Text(_) | Value::Null => return (None, Some(state)),
            Value::Number(range) => match range.only() {
                Some(n) if n.to_string().as_bytes() == wanted.as_bytes() => return (Some(state), None),
                Some(_) => return (None, Some(state)),
                None => {}
            },
            Value::Any => {}
        }
        let variable = self.subjects.variable(token);
        let key = format!("{} == {:?}", variable.subject.key, wanted.to_string_lossy()).into();
        let subject = Subject { key, ..variable.subject };
        match state.known.truth(&subject.key) {
            Some(true) => return (Some(state), None),
            Some(false) => return (None, Some(state)),
            None => {}
        }
        let (mut yes, mut no) = (state.clone(), state);
        self.learn(token, &mut yes, Value::Text(wanted));
        if self.subjects.recurs(&subject.key) {
            no.known.answer(&subject, false);
        }
        (Some(yes), Some(no))
    }

    fn null_test(&mut self, compare: &Compare, state: State) -> (Option<State>, Option<State>) {
        let order = |pair| if compare.op == CmpOp::Ne { swap(pair) } else { pair };
        match self.value(&compare.left, &state) {
            Value::Null => order((Some(state), None)),
            Value::Text(_) | Value::Number(_) => order((None, Some(state))),
            Value::Any => self.asked(compare, state),
        }
    }

    fn truth_test(&mut self, token: &VarToken, state: State) -> (Option<State>, Option<State>) {
        match self.value(token, &state).truth() {
            Some(true) => return (Some(state), None),
            Some(false) => return (None, Some(state)),
            None => {}
        }
        let variable = self.subjects.variable(token);
        let key = format!("{} is true", variable.subject.key).into();
        self.question_test(&Subject { key, ..variable.subject }, state)
    }

    /// A comparison that no value decides: the answer given before, else both.
    fn asked(&mut self, compare: &Compare, state: State) -> (Option<State>, Option<State>) {
        let (subject, opposite) = self.subjects.comparison(compare);
        let found = self.question_test(&subject, state);
        if opposite { swap(found) } else { found }
    }

    fn question_test(&mut self, subject: &Subject, state: State) -> (Option<State>, Option<State>) {
        match state.known.truth(&subject.key) {
            Some(true) => (Some(state), None),
            Some(false) => (None, Some(state)),
            None => {
                let (mut yes, mut no) = (state.clone(), state);
                yes.known.answer(subject, true);
                no.known.answer(subject, false);
                (Some(yes), Some(no))
            }
        }
    }

    fn arith_test(&mut self, value: &'a Arith, states: States) -> Parted {
        if let ArithKind::Compare(compare) = &value.kind {
            return self.each(states, |engine, state| engine.compare(compare, state));
        }
        let mut parted = Parted::default();
        for (state, value) in self.arith(value, states) {
            match value.truth() {
                Some(true) => parted.yes.push(state),
                Some(false) => parted.no.push(state),
                None => {
                    parted.yes.push(state.clone());
                    parted.no.push(state);
                }
            }
        }
        parted
    }

    /// The values of an expression, each with the states that have it.
    pub fn arith(&mut self, arith: &'a Arith, states: States) -> Vec<(State, Value)> {
        self.deeper(|engine| engine.values(arith, states))
    }

    fn values(&mut self, arith: &'a Arith, states: States) -> Vec<(State, Value)> {
        match &arith.kind {
            ArithKind::Int(int) => all(states, &Value::Number(Range::exact(int.value))),
            ArithKind::Str(text) => all(states, &Value::Text(Str::from(text.value.to_ascii_lowercase()))),
            ArithKind::Var(var) => states.into_iter().map(|s| (s.clone(), self.value(var, &s))).collect(),
            ArithKind::Compare(compare) => {
                let parted = self.each(states, |engine, state| engine.compare(compare, state));
                let mut values = all(parted.yes, &Value::Number(Range::TRUE));
                values.extend(all(parted.no, &Value::Number(Range::exact(0))));
                values
            }
            ArithKind::Command(command) => {
                let out = self.command(command, states);
                out.next.into_iter().map(|s| (s.clone(), Value::Number(s.known.last))).collect()
            }
            ArithKind::Chain { first, rest } => {
                let mut values = self.arith(first, states);
                for link in rest {
                    let mut next = Vec::new();
                    for (state, left) in values {
                        let right = self.arith(&link.right, vec![state]);
                        next.extend(right.into_iter().map(|(state, right)| (state, computed(&left, link.op, &right))));
                    }
                    values = next;
                }
                values
            }
            ArithKind::Complement(inner) => {
                self.arith(inner, states).into_iter().map(|(state, _)| (state, Value::Any)).collect()
            }
            ArithKind::Paren(inner) => self.arith(inner, states),
            ArithKind::Bad => all(states, &Value::Any),
        }
    }
}

fn all(states: States, value: &Value) -> Vec<(State, Value)> {
    states.into_iter().map(|s| (s, value.clone())).collect()
}

/// Only what counters need.
fn computed(left: &Value, op: ArithOp, right: &Value) -> Value {
    let (Value::Number(left), Value::Number(right)) = (left, right) else { return Value::Any };
    let (Some(a), Some(b)) = (left.only(), right.only()) else { return Value::Any };
    match op {
        ArithOp::Add => Value::Number(Range::exact(a.wrapping_add(b))),
        ArithOp::Sub => Value::Number(Range::exact(a.wrapping_sub(b))),
        ArithOp::Mul => Value::Number(Range::exact(a.wrapping_mul(b))),
        ArithOp::Div
        | ArithOp::Mod
        | ArithOp::And
        | ArithOp::Or
        | ArithOp::Xor
        | ArithOp::ShiftLeft
        | ArithOp::ShiftRight => Value::Any,
    }
}

/// The two ways by the code of the last statement.
fn by_last(states: States) -> Parted {
    let mut parted = Parted::default();
    for state in states {
        for (code, way) in
            [(state.known.last.positive(), &mut parted.yes), (state.known.last.negative(), &mut parted.no)]
        {
            if let Some(code) = code {
                let mut state = state.clone();
                state.known.last = code;
                way.push(state);
            }
        }
    }
    parted
}

fn swap<T>((yes, no): (T, T)) -> (T, T) {
    (no, yes)
}
