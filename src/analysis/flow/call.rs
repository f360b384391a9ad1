//! Commands: calls of functions and routes, returns, assignments, what ends a script.
use super::Hazard;
use super::exec::{Engine, Out};
use super::path::Step;
use super::state::{State, Subject};
use super::states::{States, merged};
use super::subjects::{pops, pushes};
use super::value::{Range, Value};
use crate::analysis::reach::possible;
use crate::analysis::resolve::FunctionRow;
use crate::analysis::routes::{RouteId, title};
use crate::analysis::sites::How;
use crate::base::Span;
use crate::registry::{ContextKind, Role};
use crate::syntax::ast::{
    ArgKind, ArithKind, Assign, AssignOp, AssignValue, Async, Call, Command, CommandKind, Name, Return, ReturnCode,
    RouteCall, RouteTarget,
};

/// What `route()` yields for a name that no route has.
const NO_ROUTE: Range = Range::exact(-5);

impl<'a> Engine<'_, 'a> {
    pub fn command(&mut self, command: &'a Command, states: States) -> Out {
        self.deeper(|engine| engine.executed(command, states))
    }

    fn executed(&mut self, command: &'a Command, states: States) -> Out {
        let next = match &command.kind {
            CommandKind::Call(call) => self.call(call, states),
            CommandKind::Route(call) => self.sub_route(call, command.span, states),
            CommandKind::Return(done) => return self.returned(done, command.span, states),
            CommandKind::Exit => {
                self.end(states, command.span, "`exit` ends the script");
                Vec::new()
            }
            CommandKind::Drop => {
                self.end(states, command.span, "`drop` ends the script");
                Vec::new()
            }
            CommandKind::Assert { cond, .. } => {
                let parted = self.condition(cond, states);
                coded(parted.yes.into_iter().chain(parted.no).collect(), Range::TRUE)
            }
            CommandKind::Log { .. } | CommandKind::Error { .. } | CommandKind::Xlog(_) => coded(states, Range::TRUE),
            CommandKind::Async(job) => {
                self.suspended(job, command.span, states);
                Vec::new()
            }
            CommandKind::Launch(_) => coded(states, Range::CODE),
            CommandKind::Bad => states,
        };
        Out { next, ..Out::default() }
    }

    /// The question a condition asks by this command, when it is one that gets the same answer again.
    pub fn question(&mut self, command: &Command) -> Option<Subject> {
        let CommandKind::Call(call) = &command.kind else { return None };
        let row = self.subjects.row(call, self.kind);
        if row.is_some_and(|row| pushes(&row).is_some() || pops(&row).is_some()) {
            return None;
        }
        Some(self.subjects.call(call, row.as_ref()))
    }

    fn call(&mut self, call: &'a Call, states: States) -> States {
        let Some(row) = self.subjects.row(call, self.kind) else {
            return self.unknown_call(call, None, states);
        };
        if row.sig.has(Role::EndsScript) {
            self.end(states, call.span, "this function ends the script");
            return Vec::new();
        }
        if let Some(kind) = pushes(&row) {
            return states.into_iter().flat_map(|s| self.load(call, kind, s)).collect();
        }
        if let Some(kind) = pops(&row) {
            return states.into_iter().map(|s| unload(call, kind, s)).collect();
        }
        if row.sig.has(Role::SeesOwn) || row.sig.has(Role::CreatesDialog) {
            self.own_while_loaded(call, &states);
        }
        self.unknown_call(call, Some(&row), states)
    }

    fn unknown_call(&mut self, call: &'a Call, row: Option<&FunctionRow>, states: States) -> States {
        let subject = self.subjects.call(call, row);
        let has = |role| row.is_some_and(|r| r.sig.has(role));
        let mut after = Vec::with_capacity(states.len());
        for mut state in states {
            let code = match state.known.truth(&subject.key) {
                Some(true) => Range::CODE.positive(),
                Some(false) => Range::CODE.negative(),
                None => None,
            };
            self.written(call, row, &mut state);
            if has(Role::SetsFlag) || has(Role::ClearsFlag) {
                state.known.answer(&subject, has(Role::SetsFlag));
                state.set_code(Range::TRUE);
            } else {
                state.set_code(code.unwrap_or(Range::CODE));
            }
            after.push(state);
        }
        after
    }

    /// Variables that a call may write: all it is handed, when nothing is known of the function.
    fn written(&mut self, call: &'a Call, row: Option<&FunctionRow>, state: &mut State) {
        for (at, arg) in call.args.iter().enumerate() {
            let ArgKind::Var(token) = &arg.kind else { continue };
            let writes = match row.and_then(|r| r.sig.params.get(at)).map(|p| p.ty) {
                Some(crate::registry::ParamType::Var(_)) | None => true,
                Some(_) => false,
            };
            if writes {
                self.overwrite(state, token, Value::Any);
            }
        }
    }

    /// Two ways: loaded, and not found.
    fn load(&mut self, call: &'a Call, kind: ContextKind, mut state: State) -> States {
        let name = &call.name.text;
        if let Some(over) = state.known.frames(kind).last() {
            self.hazard(0, call.span, Hazard::Nested { kind, load: call.span, over: *over });
        }
        if kind == ContextKind::Accounting && state.known.dialog.is_empty() {
            self.hazard(1, call.span, Hazard::WithoutDialog { load: call.span });
        }
        let mut failed = state.clone();
        failed.note(call.span, || format!("`{name}` fails"));
        failed.set_code(Range::FALSE);
        if !state.known.is_loaded() {
            state.path = super::path::Path::default();
        }
        state.known.push(kind, call.span);
        state.path = state.path.then(Step::Load(kind, call.span));
        state.set_code(Range::TRUE);
        vec![state, failed]
    }

    fn own_while_loaded(&mut self, call: &'a Call, states: &States) {
        let load = states.iter().find_map(|s| s.known.dialog.last());
        if let Some(load) = load {
            self.hazard(2, call.span, Hazard::OwnWhileLoaded { call: call.name.span, load: *load });
        }
    }

    fn sub_route(&mut self, call: &'a RouteCall, span: Span, states: States) -> States {
        let (routes, may_miss) = self.targets(&call.target);
        let mut after = Vec::new();
        for state in states {
            for route in &routes {
                let mut state = state.clone();
                let name = self.script.routes.get(*route).map(title).unwrap_or_default();
                state.note(span, || format!("`{name}` is called"));
                after.extend(self.call_route(*route, state).into_iter().map(|mut s| {
                    s.known.rc = s.known.last;
                    s
                }));
            }
            if may_miss {
                let mut state = state;
                state.note(span, || "no route has this name".to_owned());
                state.set_code(NO_ROUTE);
                after.push(state);
            }
        }
        merged(after)
    }

    /// The routes a call can mean: those whose names the script shows, else any; and whether it may mean none.
    fn targets(&self, target: &'a RouteTarget) -> (Vec<RouteId>, bool) {
        match target {
            RouteTarget::Name(name) if !target.is_dynamic() => match self.named(name) {
                Some(route) => (vec![route], false),
                None => (Vec::new(), true),
            },
            _ => match possible(self.script, target) {
                Some(routes) if !routes.is_empty() => (routes, false),
                _ => (self.script.routes.callable().map(|(id, _)| id).collect(), true),
            },
        }
    }

    fn named(&self, name: &Name) -> Option<RouteId> {
        self.script.routes.named(How::Call.family(), &name.value)
    }

    fn returned(&mut self, done: &'a Return, span: Span, states: States) -> Out {
        let mut out = Out::default();
        for mut state in states {
            let code = match &done.code {
                None => Range::TRUE,
                Some(ReturnCode::Int(int)) => Range::exact(int.value),
                Some(ReturnCode::Var(var)) => match self.value(var, &state) {
                    Value::Number(range) => range,
                    Value::Null => Range::FALSE,
                    Value::Text(_) => Range::TRUE,
                    Value::Any => Range::CODE,
                },
            };
            if code.only() == Some(0) {
                self.end(vec![state], span, "`return` with 0 ends the script");
                continue;
            }
            state.note(span, || match code.only() {
                Some(n) => format!("returns {n}"),
                None => "returns".to_owned(),
            });
            state.set_code(code);
            out.returned.push(state);
        }
        out
    }

    /// The run goes on in the resume route, and ends there.
    fn suspended(&mut self, job: &'a Async, span: Span, states: States) {
        let states = self.call(&job.call, states);
        let Some(resume) = self.named(&job.resume) else {
            return self.end(states, span, "the run is suspended and its resume route is not defined");
        };
        let Some(route) = self.script.routes.get(resume) else { return };
        let name = title(route);
        let end = Span::new(route.span.end.saturating_sub(1), route.span.end);
        for mut state in states {
            state.note(span, || format!("the run goes on in `{name}`"));
            let after = self.call_route(resume, state);
            self.end(after, end, "the resume route ends");
        }
    }

    pub fn assign(&mut self, assign: &'a Assign, states: States) -> States {
        let values = match &assign.value {
            AssignValue::Null(_) => states.into_iter().map(|s| (s, Value::Null)).collect(),
            AssignValue::Arith(value) => self.arith(value, states),
        };
        let literal = matches!(&assign.value, AssignValue::Arith(a) if matches!(a.kind, ArithKind::Int(_)));
        let mut after = Vec::with_capacity(values.len());
        for (mut state, value) in values {
            let value = match assign.op {
                AssignOp::Set | AssignOp::Replace => value,
                AssignOp::Add | AssignOp::Sub if literal => {
                    let before = self.value(&assign.target, &state);
                    stepped(&before, assign.op, &value)
                }
                _ => Value::Any,
            };
            self.overwrite(&mut state, &assign.target, value);
            state.set_code(Range::TRUE);
            after.push(state);
        }
        merged(after)
    }
}

fn unload(call: &Call, kind: ContextKind, mut state: State) -> State {
    if state.known.pop(kind) {
        state.note(call.span, || format!("`{}` unloads", call.name.text));
        state.set_code(Range::TRUE);
    } else {
        state.set_code(Range::FALSE);
    }
    state
}

/// `+=` and `-=` of counters.
fn stepped(before: &Value, op: AssignOp, by: &Value) -> Value {
    let (Value::Number(before), Value::Number(by)) = (before, by) else { return Value::Any };
    match (before.only(), by.only(), op) {
        (Some(a), Some(b), AssignOp::Add) => Value::Number(Range::exact(a.wrapping_add(b))),
        (Some(a), Some(b), AssignOp::Sub) => Value::Number(Range::exact(a.wrapping_sub(b))),
        _ => Value::Any,
    }
}

fn coded(mut states: States, code: Range) -> States {
    for state in &mut states {
        state.set_code(code);
    }
    states
}
