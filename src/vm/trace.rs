//! Script trace: while it is on, each step of a run is logged before it is taken. Off, it costs nothing: the loop looks at
//! single steps only when its budget makes it (`Budget::watch`).
use super::arg::Template;
use super::cx::Cx;
use super::image::Image;
use crate::base::Str;
use crate::context::Level;
use crate::ir::{Command, Op, Pc, RouteTarget};
use crate::syntax::ast::AssignOp;
use std::sync::Arc;

/// What is logged with each step.
pub struct Trace {
    pub level: i32,
    pub text: Template,
    /// Stands in each line.
    pub tag: Option<Str>,
}

impl Cx<'_> {
    /// Traces this run from its next step on.
    pub fn trace(&mut self, trace: Trace) {
        self.run.slots.set(Arc::new(trace));
        self.run.script.tracing = true;
    }

    pub fn stop_trace(&mut self) {
        self.run.slots.take::<Arc<Trace>>();
        self.run.script.tracing = false;
    }
}

/// Logs the step about to be taken, in the form of OpenSIPS.
pub fn step(cx: &mut Cx<'_>, at: Pc) {
    let Some(trace) = cx.run.slots.get::<Arc<Trace>>().cloned() else { return };
    let image: &Image = cx.image;
    let Some((class, action)) = described(image, at) else { return };
    cx.run.place = image.step(at).map_or(cx.run.place, |step| step.span);
    if trace.level > cx.core.log.level() {
        return;
    }
    let Some(text) = trace.text.expand(cx) else { return };
    let tag = trace.tag.as_ref().map(|tag| format!("[{tag}]")).unwrap_or_default();
    let line = format!("[Script Trace][{}]{tag}[{class} {action}] -> ({text})", cx.place());
    cx.core.log.script(Level::from_number(trace.level), line.as_bytes());
}

/// Class and name of a step; `None` for what is none in the script.
fn described(image: &Image, at: Pc) -> Option<(&'static str, String)> {
    let name = |class: &'static str, name: &str| Some((class, name.to_owned()));
    let op = |at: Pc| image.step(at).map(|step| &step.op);
    let (next, before) = (|| op(at + 1), || at.checked_sub(1).and_then(op));
    match op(at)? {
        // The condition of a loop belongs to the loop.
        Op::Branch { .. } if matches!(before(), Some(Op::LoopTurn { .. })) => None,
        Op::Branch { .. } => name("core", "if"),
        Op::LoopStart(_) if matches!(next(), Some(Op::ForNext(_))) => name("core", "for-each"),
        Op::LoopStart(_) => name("core", "while"),
        Op::Switch(_) => name("core", "switch"),
        Op::Assign(assignment) => name("assign", assigning(assignment.op)),
        Op::Call(site, _) => name("module", image.site(*site).function.sig.name),
        Op::CallRoute(call, _) => match call.target {
            RouteTarget::Static(id) => {
                let route = image.route_entry(id).and_then(|r| r.name.clone()).unwrap_or_default();
                name("route", &route.to_string_lossy())
            }
            RouteTarget::Var(_) | RouteTarget::Format(_) => name("route", "by name"),
        },
        Op::Command(command, _) => match &**command {
            Command::Return { .. } => name("core", "return"),
            Command::Exit => name("core", "exit"),
            Command::Drop => name("core", "drop"),
            Command::Log { .. } => name("core", "log"),
            Command::Xlog { .. } => name("core", "xlog"),
            Command::Placeholder => name("core", "error"),
            Command::Async { site, .. } => name("async", image.site(*site).function.sig.name),
            Command::Launch { site, .. } => name("launch", image.site(*site).function.sig.name),
            Command::AssertFailed(_) | Command::NotAList | Command::Resume(_) => None,
        },
        Op::BranchCode { .. }
        | Op::BranchAsserts { .. }
        | Op::Jump(_)
        | Op::Spill { .. }
        | Op::Await(_)
        | Op::Fail
        | Op::KeepCode(_)
        | Op::SetCode { .. }
        | Op::LoopTurn { .. }
        | Op::ForNext(_)
        | Op::End => None,
    }
}

/// As OpenSIPS calls them.
fn assigning(op: AssignOp) -> &'static str {
    match op {
        AssignOp::Set => "equal",
        AssignOp::Replace => "colon-eq",
        AssignOp::Add => "plus-eq",
        AssignOp::Sub => "minus-eq",
        AssignOp::Div => "div-eq",
        AssignOp::Mul => "mult-eq",
        AssignOp::Mod => "modulo-eq",
        AssignOp::And => "b-and-eq",
        AssignOp::Or => "b-or-eq",
        AssignOp::Xor => "b-xor-eq",
    }
}
