//! The loop: executes the flat code of one route and the routes it calls, until it ends or something else has to be done
//! first. What a builtin hands back leaves the loop; `Task` decides what comes next and hands a code back in.
use super::asynchronous;
use super::budget::Budget;
use super::command;
use super::cx::Cx;
use super::eval::{
    self,
    assign::{Assigned, assign},
    cond, text,
};
use super::image::{Image, Site};
use super::pvar::Store;
use super::ret::{Answer, Ret, Scope, SubRun};
use super::task::{FaultKind, Launched};
use super::trace;
use crate::base::Str;
use crate::context::{Asked, Effect, Level, RouteLabel, Run, ScriptError, Value};
use crate::ir::{
    After, Command, ForEach, Label, Literal, Op, Pc, Place, ReturnCode, RouteCall, RouteId, RouteTarget, SiteId,
    Switch, Temp, VarId,
};
use crate::registry::{RouteKind, VarKind};
use smallvec::SmallVec;

/// Routes on the call stack at most, the outermost included.
pub const MAX_CALLS: usize = 100;

/// What one operation may ask for at most.
const MAX_ANSWERS: usize = 32;

/// Result of a call of a route that does not exist.
const NO_ROUTE: i32 = -5;

/// Why the loop was left.
pub enum Exit {
    /// A builtin handed this back; its code goes to `Script::settle`.
    Builtin(Ret),
    Ended {
        code: i32,
        exited: bool,
    },
    /// The operation that follows needs this first; it is said by `Run::script.asked` what for.
    Ask(Effect),
    /// Nobody waits for this; its code goes to `Script::settle` at once.
    Launch(Box<Launched>),
    /// Enough operations for one turn.
    Yield,
    Fault(FaultKind),
}

/// Where one route's execution stands.
pub struct Script {
    pc: Pc,
    /// The code of the last statement or command.
    code: i32,
    /// An operand's code was 0: the script ends behind this statement.
    stopping: bool,
    calls: SmallVec<[Call; 2]>,
    /// Temporaries of all routes on the stack; those of the innermost begin at `base`.
    temps: Vec<Value>,
    base: usize,
}

/// What a `route()` goes back to.
struct Call {
    back: Pc,
    base: usize,
}

/// How the operations of a statement go on.
enum Flow {
    Next,
    Leave(Exit),
}

impl Script {
    pub fn new(image: &Image, route: RouteId) -> Script {
        let mut script = Script { pc: 0, code: 1, stopping: false, calls: SmallVec::new(), temps: Vec::new(), base: 0 };
        script.go_to(image, route);
        script
    }

    pub fn execute(&mut self, cx: &mut Cx<'_>, budget: &mut Budget) -> Exit {
        let image: &Image = cx.image;
        budget.watch(cx.run.script.tracing);
        loop {
            if !budget.spend() && !self.watch(cx, budget) {
                return budget.turn_over(cx.run);
            }
            let Some(step) = image.step(self.pc) else {
                return Exit::Ended { code: self.code, exited: self.stopping };
            };
            cx.run.place = step.span;
            self.pc += 1;
            let flow = match &step.op {
                Op::Branch { cond, truth, to, error } => match cond::test(cx, self.temps(), cond) {
                    Ok(outcome) => self.jump_if(outcome == *truth, *to),
                    Err(_) => self.error_in_condition(cx, *error),
                },
                Op::BranchCode { truth, to } => self.jump_if((self.code > 0) == *truth, *to),
                Op::BranchAsserts { off } => self.jump_if(!cx.core.settings.enable_asserts, *off),
                Op::Jump(to) => self.jump(*to),
                Op::Assign(assignment) => {
                    let done = assign(cx, self.temps(), assignment);
                    self.assigned(cx, budget, done)
                }
                Op::Spill { temp, value, error } => match eval::arith::value(cx, self.temps(), value) {
                    Ok(value) => self.keep(*temp, value),
                    Err(_) => self.jump(*error),
                },
                Op::Await(vars) => self.await_values(cx, vars),
                Op::Fail => self.statement(cx, -1),
                Op::KeepCode(temp) => self.keep(*temp, Value::Int(self.code)),
                Op::Call(site, _) => self.call(cx, *site),
                Op::CallRoute(call, _) => self.call_route(cx, call),
                Op::Command(command, _) => self.command(cx, command),
                Op::SetCode { code, rc } => {
                    self.code = *code;
                    cx.run.script.rc = *rc;
                    Flow::Next
                }
                Op::LoopStart(counter) => self.keep(*counter, Value::Int(0)),
                Op::LoopTurn { counter, end } => self.loop_turn(cx, *counter, *end),
                Op::ForNext(each) => self.for_next(cx, budget, each),
                Op::Switch(switch) => self.switch(cx, switch),
                Op::End => self.end_route(cx, self.code),
            };
            if let Flow::Leave(exit) = flow {
                return exit;
            }
        }
    }

    /// Looks at the operation that comes next. False when the turn is over.
    #[cold]
    fn watch(&self, cx: &mut Cx<'_>, budget: &mut Budget) -> bool {
        if !cx.run.script.tracing {
            budget.watch(false);
            return budget.spend();
        }
        if !budget.spend_watched() {
            return false;
        }
        trace::step(cx, self.pc);
        true
    }

    /// Takes the code of the command the script stands behind.
    pub fn settle(&mut self, image: &Image, run: &mut Run, code: i32) {
        run.script.rc = code;
        self.code = code;
        self.stopping |= code == 0;
        let after = match self.pc.checked_sub(1).and_then(|at| image.step(at)).map(|step| &step.op) {
            Some(Op::Call(_, after) | Op::CallRoute(_, after) | Op::Command(_, after)) => *after,
            _ => After::Statement,
        };
        match after {
            After::Operand(temp) => drop(self.keep(temp, Value::Int(code))),
            After::Statement if code == 0 => self.stop(image),
            After::Statement => {}
        }
    }

    /// Makes the next step the end of the whole script.
    fn stop(&mut self, image: &Image) {
        self.pc = image.end();
        self.code = 0;
        self.stopping = true;
    }

    #[inline]
    fn temps(&self) -> &[Value] {
        self.temps.get(self.base..).unwrap_or_default()
    }

    #[inline]
    fn keep(&mut self, temp: Temp, value: Value) -> Flow {
        if let Some(slot) = self.temps.get_mut(self.base + usize::from(temp.0)) {
            *slot = value;
        }
        Flow::Next
    }

    #[inline]
    fn jump_if(&mut self, taken: bool, to: Pc) -> Flow {
        if taken {
            self.pc = to;
        }
        self.unless_stopping()
    }

    #[inline]
    fn jump(&mut self, to: Pc) -> Flow {
        self.pc = to;
        self.unless_stopping()
    }

    /// After an expression: a command in it may have ended the script.
    #[inline]
    fn unless_stopping(&self) -> Flow {
        if self.stopping { Flow::Leave(Exit::Ended { code: 0, exited: true }) } else { Flow::Next }
    }

    #[cold]
    fn error_in_condition(&mut self, cx: &Cx<'_>, to: Pc) -> Flow {
        cx.log(Level::Warning, "core", "do_action", format_args!("error in expression"));
        self.jump(to)
    }

    /// The end of a statement that is no command.
    #[inline]
    fn statement(&mut self, cx: &mut Cx<'_>, code: i32) -> Flow {
        self.code = code;
        cx.run.script.rc = code;
        if cx.run.script.error.class != 0
            && let Some(ret) = error_route(cx.image, cx.run, code)
        {
            return Flow::Leave(Exit::Builtin(ret));
        }
        self.unless_stopping()
    }

    fn assigned(&mut self, cx: &mut Cx<'_>, budget: &mut Budget, done: Assigned) -> Flow {
        match done {
            Assigned::Stored(0) => self.statement(cx, 1),
            Assigned::Stored(bytes) => match budget.store(bytes, cx.run) {
                Some(fault) => Flow::Leave(Exit::Fault(fault)),
                None => self.statement(cx, 1),
            },
            Assigned::Failed => self.statement(cx, -1),
            Assigned::TooLarge => Flow::Leave(Exit::Fault(FaultKind::TooMuchMemory)),
        }
    }

    fn call(&mut self, cx: &mut Cx<'_>, site: SiteId) -> Flow {
        let image: &Image = cx.image;
        match invoke(cx, image.site(site)) {
            Ret::Code(code) => self.command_done(cx, code),
            ret => Flow::Leave(Exit::Builtin(ret)),
        }
    }

    /// Takes a command's code unless something has to run first; then the code comes back by `settle`.
    fn command_done(&mut self, cx: &mut Cx<'_>, code: i32) -> Flow {
        // A trace that begins or ends is seen when the loop is entered.
        if !cx.later.is_empty() || cx.run.script.tracing {
            return Flow::Leave(Exit::Builtin(Ret::Code(code)));
        }
        if cx.run.script.error.class != 0
            && let Some(ret) = error_route(cx.image, cx.run, code)
        {
            return Flow::Leave(Exit::Builtin(ret));
        }
        self.settle(cx.image, cx.run, code);
        if self.stopping && self.pc >= cx.image.end() {
            return Flow::Leave(Exit::Ended { code: 0, exited: true });
        }
        Flow::Next
    }

    fn call_route(&mut self, cx: &mut Cx<'_>, call: &RouteCall) -> Flow {
        let Some(route) = resolve(cx, &call.target) else {
            return self.command_done(cx, NO_ROUTE);
        };
        if self.calls.len() + 1 >= MAX_CALLS {
            cx.log(Level::Error, "core", "run_actions", format_args!("route recursion limit reached ({MAX_CALLS})"));
            return self.command_done(cx, -1);
        }
        let args = call.args.as_deref().map(|args| args.iter().map(|a| eval::literal(cx, a)).collect());
        let image: &Image = cx.image;
        let name = image.route_entry(route).and_then(|r| r.name.clone());
        let script = &mut cx.run.script;
        script.returned.clear();
        script.params.push(args);
        script.routes.push(RouteLabel { kind: RouteKind::Request, name });
        self.calls.push(Call { back: self.pc, base: self.base });
        self.go_to(image, route);
        Flow::Next
    }

    fn go_to(&mut self, image: &Image, route: RouteId) {
        let Some(route) = image.route_entry(route) else { return };
        self.pc = route.entry;
        self.base = self.temps.len();
        self.temps.resize(self.base + usize::from(route.temps), Value::Null);
    }

    /// Goes back to the caller with a code, or ends the script in the outermost route.
    fn end_route(&mut self, cx: &mut Cx<'_>, code: i32) -> Flow {
        let Some(call) = self.calls.pop() else {
            self.code = code;
            return Flow::Leave(Exit::Ended { code, exited: self.stopping || code == 0 });
        };
        cx.run.script.routes.pop();
        cx.run.script.params.pop();
        self.temps.truncate(self.base);
        self.base = call.base;
        self.pc = call.back;
        self.command_done(cx, code)
    }

    fn command(&mut self, cx: &mut Cx<'_>, command: &Command) -> Flow {
        match command {
            Command::Return { code, values } => self.return_from(cx, *code, values),
            Command::Exit => self.exit(cx),
            Command::Drop => {
                cx.run.script.dropped = true;
                self.exit(cx)
            }
            Command::AssertFailed(text) => {
                let code = command::assert_failed(cx, text);
                self.command_done(cx, code)
            }
            Command::Log { level, text } => {
                command::log(cx, *level, text);
                self.command_done(cx, 1)
            }
            Command::Xlog { level, format } => {
                let code = command::xlog(cx, level, *format);
                self.command_done(cx, code)
            }
            Command::NotAList => {
                cx.log(Level::Error, "core", "for_each", format_args!("the source of `for` must have the index `[*]`"));
                Flow::Next
            }
            Command::Placeholder => {
                cx.log(Level::Notice, "core", "do_action", format_args!("`error` is not implemented in OpenSIPS"));
                self.command_done(cx, 1)
            }
            Command::Async { site, seconds } => match asynchronous::begin(cx, *site, *seconds) {
                Some(Ret::Code(code)) => self.command_done(cx, code),
                Some(ret) => Flow::Leave(Exit::Builtin(ret)),
                None => self.exit(cx),
            },
            Command::Resume(route) => self.resume(cx, *route),
            Command::Launch { site, report, param } => match asynchronous::launch(cx, *site, *report, *param) {
                Ok(launched) => Flow::Leave(Exit::Launch(Box::new(launched))),
                Err(code) => self.command_done(cx, code),
            },
        }
    }

    fn exit(&mut self, cx: &mut Cx<'_>) -> Flow {
        self.code = 0;
        cx.run.script.rc = 0;
        Flow::Leave(Exit::Ended { code: 0, exited: true })
    }

    fn return_from(&mut self, cx: &mut Cx<'_>, code: ReturnCode, values: &[Literal]) -> Flow {
        let code = match code {
            ReturnCode::Int(i) => i,
            ReturnCode::Place(place) => match eval::read(cx, place) {
                Value::Null => -1,
                value => value.int_face().unwrap_or(1),
            },
        };
        if values.is_empty() {
            cx.run.script.returned.clear();
        } else {
            cx.run.script.returned = values.iter().map(|v| eval::literal(cx, v)).collect();
        }
        self.end_route(cx, code)
    }

    /// The script ends here; a route goes on in its place, with nothing of the call stack.
    fn resume(&mut self, cx: &mut Cx<'_>, route: Option<RouteId>) -> Flow {
        let image: &Image = cx.image;
        let Some((id, route)) = route.and_then(|id| Some((id, image.route_entry(id)?))) else {
            cx.log(Level::Error, "core", "async", format_args!("the resume route does not exist"));
            return self.exit(cx);
        };
        let script = &mut cx.run.script;
        script.routes.truncate(script.routes.len().saturating_sub(self.calls.len() + 1));
        script.routes.push(RouteLabel { kind: RouteKind::Request, name: route.name.clone() });
        script.params.truncate(script.params.len().saturating_sub(self.calls.len()));
        script.params.push(None);
        self.calls.clear();
        self.temps.clear();
        self.stopping = false;
        script.tracing = false;
        self.go_to(image, id);
        Flow::Next
    }

    fn loop_turn(&mut self, cx: &mut Cx<'_>, counter: Temp, end: Pc) -> Flow {
        let limit = cx.core.settings.max_while_loops;
        let Some(Value::Int(turns)) = self.temps.get_mut(self.base + usize::from(counter.0)) else {
            return self.jump(end);
        };
        if *turns as u32 >= limit {
            cx.log(
                Level::Error,
                "core",
                "do_action",
                format_args!("max while loops reached ({limit}), increase the `max_while_loops` global"),
            );
            cx.run.script.rc = self.code;
            return self.jump(end);
        }
        *turns = turns.wrapping_add(1);
        Flow::Next
    }

    /// Reads the variables until nothing has to be asked for them any more; the operation behind finds the answers.
    #[cold]
    fn await_values(&mut self, cx: &mut Cx<'_>, vars: &[VarId]) -> Flow {
        let image: &Image = cx.image;
        let again = cx.run.script.asked.as_ref().is_some_and(|a| a.at == self.pc);
        let asked = cx.run.script.asked.get_or_insert_default();
        if !again {
            **asked = Asked { at: self.pc, ..Asked::default() };
        }
        for var in vars {
            cx.read(image.var(*var));
        }
        let Some(asked) = &mut cx.run.script.asked else { return Flow::Next };
        match &asked.wanted {
            Some(effect) if asked.answers.len() < MAX_ANSWERS => {
                self.pc -= 1;
                Flow::Leave(Exit::Ask(effect.clone()))
            }
            _ => {
                asked.at = 0;
                Flow::Next
            }
        }
    }

    fn for_next(&mut self, cx: &mut Cx<'_>, budget: &mut Budget, each: &ForEach) -> Flow {
        let image: &Image = cx.image;
        let at = self.temps().get(usize::from(each.index.0)).and_then(Value::int_face).unwrap_or(0);
        cx.run.script.cursor = at;
        let value = cx.read(image.var(each.source));
        if value.is_null() {
            return self.jump(each.end);
        }
        drop(self.keep(each.index, Value::Int(at.saturating_add(1))));
        let how = match each.target {
            Place::Slot(_) => Store::Set,
            // A document's `=` would add to what the turn before left.
            Place::Var(id) if image.var(id).row.sig.kind == VarKind::Document => Store::Replace,
            Place::Var(_) => Store::Set,
        };
        match eval::assign::store(cx, each.target, how, value) {
            Assigned::Stored(bytes) => match budget.store(bytes, cx.run) {
                Some(fault) => Flow::Leave(Exit::Fault(fault)),
                None => Flow::Next,
            },
            Assigned::Failed | Assigned::TooLarge => self.jump(each.end),
        }
    }

    fn switch(&mut self, cx: &mut Cx<'_>, switch: &Switch) -> Flow {
        let to = match switch.subject {
            Place::Slot(slot) => chosen(cx.run.var(slot), switch),
            place => chosen(&eval::read(cx, place), switch),
        };
        self.code = 1;
        cx.run.script.rc = 1;
        self.jump(to)
    }
}

/// Calls a builtin; what keeps it from being called is said and counts as failure.
pub fn invoke(cx: &mut Cx<'_>, site: &Site) -> Ret {
    match (site.function.body)(cx, &site.args) {
        Ok(ret) => ret,
        Err((argument, error)) => {
            let sig = &site.function.sig;
            let param = sig.params.get(argument).map_or("?", |p| p.name);
            let text = format_args!("`{}` is not called: its argument `{param}` {}", sig.name, error.text());
            cx.log(Level::Error, "core", "do_action", text);
            Ret::FALSE
        }
    }
}

/// The first case that fits; a string label wants text of its length, whatever the case of letters.
fn chosen(subject: &Value, switch: &Switch) -> Pc {
    let fits = |label: &Label| match label {
        Label::Int(i) => subject.int_face() == Some(*i),
        Label::Str(s) => match subject {
            Value::Null => false,
            _ => match subject.borrowed_str() {
                Some(t) => text::equal(t, s),
                None => subject.str_face().is_some_and(|t| text::equal(&t, s)),
            },
        },
    };
    switch.cases.iter().find(|(label, _)| fits(label)).map_or(switch.otherwise, |(_, at)| *at)
}

fn resolve(cx: &mut Cx<'_>, target: &RouteTarget) -> Option<RouteId> {
    let image: &Image = cx.image;
    let name: Option<Str> = match target {
        RouteTarget::Static(id) => return Some(*id),
        RouteTarget::Var(id) => cx.read(image.var(*id)).str_face(),
        RouteTarget::Format(id) => cx.expand(image.format(*id)),
    };
    let found = name.as_ref().and_then(|n| image.route(RouteKind::Request, Some(n)));
    if found.is_none() {
        let shown = name.unwrap_or_else(|| Str::from("<null>"));
        cx.log(Level::Alert, "core", "do_action", format_args!("unknown route `{shown}`"));
    }
    found
}

/// The error_route that an error wants run before the script goes on with this code (language reference 12.5).
pub fn error_route(image: &Image, run: &Run, code: i32) -> Option<Ret> {
    let nested = matches!(run.kind, RouteKind::OnReply | RouteKind::Local | RouteKind::Error);
    if run.script.error.class == 0 || nested || image.error_route.is_none() {
        return None;
    }
    let sub = SubRun { kind: RouteKind::Error, name: None, scope: Scope::Same };
    let then = Box::new(move |cx: &mut Cx<'_>, answer: Answer| {
        cx.run.script.error = ScriptError::default();
        match answer {
            Answer::Route(outcome) if outcome.exited => Ret::STOP,
            _ => Ret::Code(code),
        }
    });
    Some(Ret::Run(Box::new(sub), then))
}
