//! Statements and runs: what lists, branches, loops and routes make of states.
use super::path::Path;
use super::state::{Known, State};
use super::states::{States, merged};
use super::subjects::Subjects;
use super::value::{Range, Value};
use super::{Hazard, Leak};
use crate::analysis::routes::RouteId;
use crate::analysis::script::Script;
use crate::analysis::sites::{How, Target};
use crate::base::Span;
use crate::registry::{ContextKind, RouteKind, RouteMask, VarKind};
use crate::syntax::ast::{Case, CaseLabel, CmpOp, For, If, Stmt, StmtKind, Switch, VarToken, While};
use ahash::{AHashMap, AHashSet};
use std::rc::Rc;

/// Statements executed in all, one for each state that meets it.
const WORK: usize = 100_000;
/// Statements, conditions and calls within one another.
const DEPTH: usize = 300;
/// Routes within one another: OpenSIPS allows 100, scripts use 5.
const ROUTES: usize = 24;

pub struct Engine<'s, 'a> {
    pub script: &'s Script<'a>,
    pub subjects: Subjects<'s, 'a>,
    /// Kind of the block whose functions are looked up.
    pub kind: RouteMask,
    /// Paths that ended the run.
    pub ended: Vec<Ended>,
    /// Routes being executed.
    stack: Vec<RouteId>,
    memory: AHashMap<(RouteId, Known), Rc<Outcomes>>,
    work: usize,
    depth: usize,
    hazards: Vec<Hazard>,
    seen: AHashSet<(u8, Span)>,
    leaks: Vec<Leak>,
}

#[derive(Clone)]
pub struct Ended {
    pub state: State,
    pub at: Span,
    pub how: &'static str,
}

/// What a list of statements makes of states.
#[derive(Default)]
pub struct Out {
    pub next: States,
    /// `return` was executed.
    pub returned: States,
    /// `break` was executed.
    pub broken: States,
}

/// What a route makes of a state.
struct Outcomes {
    returned: States,
    ended: Vec<Ended>,
}

impl Out {
    /// Takes over what leaves the list; what goes on is the caller's.
    fn absorb(&mut self, other: Out) -> States {
        self.returned.extend(other.returned);
        self.broken.extend(other.broken);
        other.next
    }

    /// Takes over everything.
    fn join(&mut self, other: Out) {
        let next = self.absorb(other);
        self.next.extend(next);
    }
}

impl<'s, 'a> Engine<'s, 'a> {
    pub fn new(script: &'s Script<'a>) -> Engine<'s, 'a> {
        Engine {
            script,
            subjects: Subjects::new(script),
            kind: RouteMask::REQUEST,
            ended: Vec::new(),
            stack: Vec::new(),
            memory: AHashMap::new(),
            work: 0,
            depth: 0,
            hazards: Vec::new(),
            seen: AHashSet::new(),
            leaks: Vec::new(),
        }
    }

    /// Whether the script loads any context.
    pub fn has_contexts(&self) -> bool {
        let pushes = |c: &crate::analysis::sites::CallSite<'_>| {
            c.row.row().is_some_and(|r| super::subjects::pushes(r).is_some())
        };
        self.script.calls.iter().any(pushes)
    }

    /// Routes in which runs begin. A `route[x]` does so only when something arms it or reports to it.
    pub fn entries(&self) -> Vec<RouteId> {
        let armed = |id: RouteId| {
            self.script.jumps.iter().any(|j| {
                matches!(j.how, How::Armed(RouteKind::Request) | How::Report)
                    && matches!(j.to, Target::Route(to) if to == id)
            })
        };
        let begins = |(id, route): &(RouteId, &crate::syntax::ast::Route)| {
            route.kind != RouteKind::Request || route.is_main() || armed(*id)
        };
        self.script.routes.iter().filter(begins).map(|(id, _)| id).collect()
    }

    pub fn run(&mut self, entry: RouteId) {
        let Some(route) = self.script.routes.get(entry) else { return };
        // These run inside the run that caused them and see its variables.
        let fresh = !matches!(route.kind, RouteKind::Branch | RouteKind::Error);
        let start = State { known: Known::new(fresh), path: Path::default() };
        let outcomes = self.route(entry, start);
        let end = Span::new(route.span.end.saturating_sub(1), route.span.end);
        for state in outcomes.0 {
            self.finish(entry, Ended { state, at: end, how: "the route ends" });
        }
        for ended in outcomes.1 {
            self.finish(entry, ended);
        }
    }

    fn finish(&mut self, entry: RouteId, ended: Ended) {
        for kind in [ContextKind::Dialog, ContextKind::Accounting] {
            for load in ended.state.known.frames(kind) {
                let steps = ended.state.path.since(kind, *load);
                let end = (ended.at, ended.how.to_owned());
                let leak = Leak { kind, load: *load, steps, end, entry };
                match self.leaks.iter_mut().find(|l| l.load == *load && l.kind == kind) {
                    Some(known) if known.steps.len() <= leak.steps.len() => {}
                    Some(known) => *known = leak,
                    None => self.leaks.push(leak),
                }
            }
        }
    }

    pub fn into_hazards(self) -> Vec<Hazard> {
        self.leaks.into_iter().map(Hazard::Leak).chain(self.hazards).collect()
    }

    /// Reports once for each place.
    pub fn hazard(&mut self, sort: u8, at: Span, hazard: Hazard) {
        if self.seen.insert((sort, at)) {
            self.hazards.push(hazard);
        }
    }

    pub fn end(&mut self, states: States, at: Span, how: &'static str) {
        self.ended.extend(states.into_iter().map(|state| Ended { state, at, how }));
    }

    /// Executes a route from its start: the states it returns with, and those that end the run.
    fn route(&mut self, id: RouteId, state: State) -> (States, Vec<Ended>) {
        let Some(route) = self.script.routes.get(id) else { return Default::default() };
        let circles = self.stack.iter().filter(|r| **r == id).count();
        if circles > 1 || self.stack.len() >= ROUTES {
            return Default::default();
        }
        let key = (id, state.known.clone());
        let outcomes = match self.memory.get(&key) {
            Some(known) => known.clone(),
            None => {
                let kind = std::mem::replace(&mut self.kind, route.kind.mask());
                let outer = std::mem::take(&mut self.ended);
                self.stack.push(id);
                let inner = State { known: state.known.clone(), path: Path::default() };
                let mut out = self.list(&route.body.stmts, vec![inner]);
                self.stack.pop();
                self.kind = kind;
                let ended = std::mem::replace(&mut self.ended, outer);
                out.returned.extend(out.next);
                let made = Rc::new(Outcomes { returned: merged(out.returned), ended });
                // What a circle left out is not the whole of what the route does.
                if circles == 0 {
                    self.memory.insert(key, made.clone());
                }
                made
            }
        };
        let from = |inner: &State| join(&state, inner);
        let returned = outcomes.returned.iter().map(from).collect();
        let ended = outcomes.ended.iter().map(|e| Ended { state: from(&e.state), ..e.clone() }).collect();
        (returned, ended)
    }

    /// As `route`, for a call: what ends the run is noted, what returns goes on.
    pub fn call_route(&mut self, id: RouteId, state: State) -> States {
        let (returned, ended) = self.route(id, state);
        self.ended.extend(ended);
        returned
    }

    pub fn deeper<T: Default>(&mut self, f: impl FnOnce(&mut Self) -> T) -> T {
        if self.depth >= DEPTH {
            return T::default();
        }
        self.depth += 1;
        let result = f(self);
        self.depth -= 1;
        result
    }

    pub fn list(&mut self, stmts: &'a [Stmt], states: States) -> Out {
        let mut out = Out { next: states, ..Out::default() };
        for stmt in stmts {
            self.work += out.next.len();
            if out.next.is_empty() || self.work > WORK {
                out.next.clear();
                break;
            }
            let states = std::mem::take(&mut out.next);
            let after = self.deeper(|engine| engine.statement(stmt, states));
            out.next = merged(out.absorb(after));
        }
        out
    }

    fn statement(&mut self, stmt: &'a Stmt, states: States) -> Out {
        match &stmt.kind {
            StmtKind::Empty | StmtKind::Bad => Out { next: states, ..Out::default() },
            StmtKind::Assign(assign) => Out { next: self.assign(assign, states), ..Out::default() },
            StmtKind::Command(command) => self.command(command, states),
            StmtKind::If(branch) => self.branch(branch, states),
            StmtKind::While(turn) => self.while_loop(turn, states),
            StmtKind::For(each) => self.for_loop(each, states),
            StmtKind::Switch(switch) => self.switch(switch, states),
            StmtKind::Break => Out { broken: states, ..Out::default() },
        }
    }

    pub fn branch(&mut self, branch: &'a If, states: States) -> Out {
        let mut out = Out::default();
        let mut rest = states;
        for arm in &branch.arms {
            let parted = self.condition(&arm.cond, rest);
            let mut yes = parted.yes;
            for state in &mut yes {
                state.note(arm.cond.span, || "the condition holds".to_owned());
                state.known.last = Range::TRUE;
            }
            let body = self.list(&arm.body.stmts, merged(yes));
            out.join(body);
            rest = parted.no;
            for state in &mut rest {
                state.note(arm.cond.span, || "the condition does not hold".to_owned());
                state.known.last = Range::TRUE;
            }
        }
        match &branch.otherwise {
            Some(otherwise) => {
                let body = self.list(&otherwise.stmts, merged(rest));
                out.join(body);
            }
            None => {
                // No part executed: the statement's code is 1, `$rc` 0.
                for state in &mut rest {
                    state.known.rc = Range::exact(0);
                }
                out.next.extend(rest);
            }
        }
        out
    }

    fn while_loop(&mut self, turn: &'a While, states: States) -> Out {
        let mut out = Out::default();
        let questions = self.subjects.questions(&turn.cond, self.kind);
        let mut entering = states;
        for _ in 0..2 {
            let parted = self.condition(&turn.cond, entering);
            out.next.extend(self.leave(parted.no, turn.cond.span));
            let yes = self.enter(parted.yes, turn.cond.span);
            let body = self.list(&turn.body.stmts, merged(yes));
            entering = body.next;
            for state in &mut entering {
                state.known.ask_again(&questions);
            }
            out.returned.extend(body.returned);
            out.next.extend(broken_off(body.broken));
        }
        // Later turns: whatever the condition asks may have changed until it ends the loop.
        for state in &mut entering {
            for question in &questions {
                state.known.unsettle(question);
            }
        }
        let parted = self.condition(&turn.cond, entering);
        out.next.extend(self.leave(parted.no, turn.cond.span));
        out
    }

    fn enter(&self, mut states: States, at: Span) -> States {
        for state in &mut states {
            state.note(at, || "the loop takes a turn".to_owned());
        }
        states
    }

    fn leave(&self, mut states: States, at: Span) -> States {
        for state in &mut states {
            state.note(at, || "the loop ends".to_owned());
            state.set_code(Range::TRUE);
        }
        states
    }

    fn for_loop(&mut self, each: &'a For, states: States) -> Out {
        let mut out = Out::default();
        let head = each.iter.span.to(each.source.span);
        let mut entering = states;
        for turn in 0..3 {
            out.next.extend(self.leave(entering.clone(), head));
            if turn == 2 {
                break;
            }
            let mut yes = self.enter(entering, head);
            for state in &mut yes {
                self.overwrite(state, &each.iter, Value::Any);
            }
            let body = self.list(&each.body.stmts, merged(yes));
            entering = merged(body.next);
            out.returned.extend(body.returned);
            out.next.extend(broken_off(body.broken));
        }
        out
    }

    fn switch(&mut self, switch: &'a Switch, states: States) -> Out {
        let mut out = Out::default();
        let mut running: States = Vec::new();
        let mut rest = states;
        for case in &switch.cases {
            let (matching, others) = self.label(switch, case, rest);
            rest = others;
            running.extend(matching);
            let body = self.list(&case.stmts, merged(std::mem::take(&mut running)));
            running = body.next;
            out.next.extend(broken_off(body.broken));
            out.returned.extend(body.returned);
        }
        for state in &mut rest {
            state.note(switch.subject.span, || "no `case` matches".to_owned());
            state.known.last = Range::TRUE;
        }
        match &switch.default {
            Some(default) => {
                running.extend(rest);
                let body = self.list(&default.stmts, merged(running));
                out.next.extend(body.next);
                out.next.extend(broken_off(body.broken));
                out.returned.extend(body.returned);
            }
            None => {
                out.next.extend(running);
                out.next.extend(rest);
            }
        }
        out
    }

    /// The states that a label takes, and the others.
    fn label(&mut self, switch: &'a Switch, case: &'a Case, states: States) -> (States, States) {
        let (mut matching, mut others) = (Vec::new(), Vec::new());
        for state in states {
            let (yes, no) = match &case.label {
                CaseLabel::Int(int) => self.number_test(&switch.subject, CmpOp::Eq, int.value, state),
                CaseLabel::Str(text) => self.text_test(&switch.subject, &text.value, state),
                CaseLabel::Bad(_) => (Some(state.clone()), Some(state)),
            };
            matching.extend(yes.map(|mut s| {
                s.note(case.span_of_label(), || "this `case` matches".to_owned());
                s
            }));
            others.extend(no);
        }
        (matching, others)
    }

    /// The variable has this value from here on.
    pub fn overwrite(&mut self, state: &mut State, token: &VarToken, value: Value) {
        let variable = self.subjects.variable(token);
        if let Some(written) = variable.subject.about.first() {
            state.known.forget(written);
        }
        let held = matches!(variable.kind, VarKind::Local | VarKind::Avp);
        if held && variable.plain && self.subjects.is_asked(&variable.subject.key) {
            state.known.learn(&variable.subject, value);
        }
    }
}

/// A state that a route made, with the path that led to the call before its own.
fn join(outer: &State, inner: &State) -> State {
    let path = if inner.known.is_loaded() {
        if inner.path.length() == 0 {
            outer.path.clone()
        } else {
            outer.path.then(super::path::Step::Within(inner.path.clone()))
        }
    } else {
        Path::default()
    };
    State { known: inner.known.clone(), path }
}

fn broken_off(mut states: States) -> States {
    for state in &mut states {
        state.set_code(Range::exact(-5));
    }
    states
}

impl Case {
    /// The label without the statements.
    fn span_of_label(&self) -> Span {
        match &self.label {
            CaseLabel::Int(int) => int.span,
            CaseLabel::Str(text) => text.span,
            CaseLabel::Bad(span) => *span,
        }
    }
}
