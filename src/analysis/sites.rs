//! Gathers the places where routes use names: calls, variables, other routes.
use super::resolve::{FunctionRow, Resolved};
use super::routes::RouteId;
use super::script::Script;
use super::walk::{Access, CallForm, Node, walk};
use crate::base::{Span, Str};
use crate::diag::{Diagnostic, codes};
use crate::registry::{NotationVars, Param, ParamType, RouteKind, Setting, VarUse};
use crate::syntax::ast::{
    Arg, ArgKind, Arith, ArithKind, Assign, AssignOp, AssignValue, Call, Command, CommandKind, CompareRight, Literal,
    Name, RouteTarget, StrLit, VarToken,
};
use crate::syntax::format;
use crate::syntax::format_string::FormatString;
use crate::syntax::origin::Origin;
use crate::syntax::pvar::VarRef;
use crate::syntax::substitution::{Form, Substitution};

pub struct CallSite<'a> {
    pub route: RouteId,
    pub call: &'a Call,
    pub form: CallForm,
    pub row: Resolved<FunctionRow>,
}

pub struct VarSite {
    pub route: RouteId,
    pub var: VarRef,
    pub usage: Usage,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Usage {
    Access(Access),
    /// Handed to a function by reference.
    Reference(VarUse),
    /// Its value is handed to a function; what an unknown function does with it nobody knows.
    Value,
    /// Expanded in a string.
    Text,
}

/// A place that names another route.
pub struct Jump<'a> {
    pub from: RouteId,
    pub how: How,
    pub to: Target<'a>,
    pub span: Span,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// `route(x)`
    Call,
    /// `async(.., x)`: the same run goes on there.
    Resume,
    /// `launch(.., x)`: a run of its own.
    Report,
    /// A function arms a route of this family for later.
    Armed(RouteKind),
}

pub enum Target<'a> {
    Route(RouteId),
    Undefined(Str),
    /// Only a run can tell.
    Dynamic(&'a RouteTarget),
    /// A variable of a call, the same.
    Unknown,
}

impl How {
    /// The family the name is looked up in.
    pub const fn family(self) -> RouteKind {
        match self {
            How::Call | How::Resume | How::Report => RouteKind::Request,
            How::Armed(kind) => kind,
        }
    }
}

/// What the assignments of a script give a variable.
#[derive(Default)]
pub struct Held {
    pub texts: Vec<Str>,
    /// Anything but literal strings.
    pub other: bool,
}

pub fn collect(script: &mut Script<'_>) {
    let routes: Vec<_> = script.routes.iter().collect();
    for (id, route) in routes {
        let mut collector = Collector { script, route: id, kind: route.kind };
        walk(&route.body.stmts, &mut |node| collector.node(node));
    }
    for configured in &script.modules.params {
        if let Setting::Str(value) = &configured.setting {
            script.strings.insert(value.clone());
        }
    }
}

struct Collector<'s, 'a> {
    script: &'s mut Script<'a>,
    route: RouteId,
    kind: RouteKind,
}

impl<'a> Collector<'_, 'a> {
    fn node(&mut self, node: Node<'a>) {
        match node {
            Node::Var(token, access) => self.variable(token, Usage::Access(access)),
            Node::Call(call, form) => self.call(call, form),
            Node::Command(command) => self.command(command),
            Node::Arith(arith) => {
                if let ArithKind::Str(text) = &arith.kind {
                    self.literal(text);
                }
            }
            Node::Compare(compare) => {
                if let CompareRight::Str(text) = &compare.right {
                    self.literal(text);
                }
            }
            Node::Assign(assign) => self.assigned(assign),
            Node::Stmts(_) | Node::Cond(_) => {}
        }
    }

    /// Keeps what a variable is given, for those who ask what it can hold.
    fn assigned(&mut self, assign: &Assign) {
        let held = self.script.held.entry(assign.target.text.clone()).or_default();
        match (&assign.op, &assign.value) {
            (AssignOp::Set | AssignOp::Replace, AssignValue::Arith(Arith { kind: ArithKind::Str(text), .. })) => {
                held.texts.push(text.value.clone());
            }
            (AssignOp::Set | AssignOp::Replace, AssignValue::Null(_)) => {}
            _ => held.other = true,
        }
    }

    fn literal(&mut self, text: &StrLit) {
        self.script.strings.insert(text.value.as_bytes().to_vec());
    }

    fn variable(&mut self, token: &'a VarToken, usage: Usage) {
        // A line break is an error of its own; what it makes of the name is not.
        if token.text.contains('\n') {
            return;
        }
        let assigned = Usage::Access(Access::Write);
        if !matches!(usage, Usage::Access(Access::Read) | Usage::Value) && usage != assigned {
            self.script.held.entry(token.text.clone()).or_default().other = true;
        }
        match token.parse() {
            Ok(var) => self.script.vars.push(VarSite { route: self.route, var, usage }),
            Err(e) => self.script.unreadable.push(Diagnostic::new(codes::BAD_VARIABLE, e.span, e.kind.to_string())),
        }
    }

    fn text(&mut self, parts: &[StrLit]) -> Option<FormatString> {
        match format(parts) {
            Ok(text) => {
                for var in text.vars() {
                    let site = VarSite { route: self.route, var: var.clone(), usage: Usage::Text };
                    self.script.vars.push(site);
                }
                Some(text)
            }
            Err(e) => {
                let found = Diagnostic::new(codes::BAD_FORMAT, e.span, e.kind.to_string());
                self.script.unreadable.push(found.note("a `$` in this string starts a variable"));
                None
            }
        }
    }

    fn command(&mut self, command: &'a Command) {
        match &command.kind {
            CommandKind::Route(call) => {
                for value in &call.args {
                    if let Literal::Str(text) = value {
                        self.literal(text);
                    }
                }
                if let RouteTarget::Name(name) = &call.target
                    && !call.target.is_dynamic()
                {
                    return self.jump(How::Call, name);
                }
                if let RouteTarget::Name(name) = &call.target {
                    self.dynamic_name(name);
                }
                let to = Target::Dynamic(&call.target);
                self.script.jumps.push(Jump { from: self.route, how: How::Call, to, span: call.target.span() });
            }
            CommandKind::Async(job) => self.jump(How::Resume, &job.resume),
            CommandKind::Launch(job) => {
                if let Some(report) = &job.report {
                    self.jump(How::Report, report);
                }
                if let Some(param) = &job.param {
                    self.text(std::slice::from_ref(param));
                }
            }
            CommandKind::Xlog(xlog) => {
                if let Some(level) = xlog.level.as_ref().filter(|l| l.value.contains(&b'$')) {
                    self.text(std::slice::from_ref(level));
                }
                self.text(&xlog.format);
            }
            CommandKind::Return(done) => {
                for value in &done.values {
                    if let Literal::Str(text) = value {
                        self.literal(text);
                    }
                }
            }
            CommandKind::Call(_)
            | CommandKind::Exit
            | CommandKind::Drop
            | CommandKind::Assert { .. }
            | CommandKind::Log { .. }
            | CommandKind::Error { .. }
            | CommandKind::Bad => {}
        }
    }

    /// The variables in `route("to_$var(x)")`; the spans are those of the name as a whole.
    fn dynamic_name(&mut self, name: &Name) {
        let origin = Origin::Within(name.span);
        match FormatString::parse(&name.value, origin) {
            Ok(text) => {
                for var in text.vars() {
                    let site = VarSite { route: self.route, var: var.clone(), usage: Usage::Text };
                    self.script.vars.push(site);
                }
            }
            Err(e) => self.script.unreadable.push(Diagnostic::new(codes::BAD_FORMAT, e.span, e.kind.to_string())),
        }
    }

    fn jump(&mut self, how: How, name: &Name) {
        let to = match self.script.routes.named(how.family(), &name.value) {
            Some(route) if !is_zero(&name.value) => Target::Route(route),
            _ => Target::Undefined(name.value.clone()),
        };
        self.script.jumps.push(Jump { from: self.route, how, to, span: name.span });
    }

    fn call(&mut self, call: &'a Call, form: CallForm) {
        let row = self.script.function(&call.name.text, call.span.start, self.kind.mask());
        let params = row.row().map(|r| r.sig.params);
        for (at, arg) in call.args.iter().enumerate() {
            self.argument(arg, params.and_then(|p| p.get(at)));
        }
        self.script.calls.push(CallSite { route: self.route, call, form, row });
    }

    fn argument(&mut self, arg: &'a Arg, param: Option<&Param>) {
        let ty = param.map(|p| p.ty);
        match (&arg.kind, ty) {
            (ArgKind::Var(token), Some(ParamType::Var(by))) => self.variable(token, Usage::Reference(by)),
            (ArgKind::Var(token), _) => {
                if let Some(ParamType::Route(kind)) = ty {
                    let to = Target::Unknown;
                    let how = How::Armed(kind);
                    self.script.jumps.push(Jump { from: self.route, how, to, span: arg.span });
                }
                self.variable(token, Usage::Value);
            }
            (ArgKind::Str(text), _) => {
                self.literal(text);
                match param {
                    Some(param) if param.expands() => self.string_argument(text, param.ty),
                    Some(Param { ty: ParamType::Substitution, .. }) => self.substitution(text),
                    Some(Param { ty: ParamType::Notation(_, NotationVars::Named), .. }) => self.notation(text),
                    _ => {}
                }
            }
            (ArgKind::Int(_) | ArgKind::Omitted | ArgKind::Bad, _) => {}
        }
    }

    /// The variables of the replacement.
    fn substitution(&mut self, text: &StrLit) {
        let parsed = Substitution::parse(&text.value, Form::Argument, Origin::Within(text.span));
        for var in parsed.into_iter().flat_map(Substitution::into_vars) {
            self.script.vars.push(VarSite { route: self.route, var, usage: Usage::Text });
        }
    }

    /// The variables that a notation names; what cannot be read as one is text.
    fn notation(&mut self, text: &StrLit) {
        for var in text.format().unwrap_or_default().vars() {
            self.script.vars.push(VarSite { route: self.route, var: var.clone(), usage: Usage::Value });
        }
    }

    fn string_argument(&mut self, text: &StrLit, ty: ParamType) {
        let Some(format) = self.text(std::slice::from_ref(text)) else { return };
        let ParamType::Route(kind) = ty else { return };
        let to = match format.as_literal() {
            None => Target::Unknown,
            Some(name) => match self.script.routes.named(kind, &name) {
                Some(route) => Target::Route(route),
                None => Target::Undefined(name),
            },
        };
        self.script.jumps.push(Jump { from: self.route, how: How::Armed(kind), to, span: text.span });
    }
}

/// `route(0)` names no route: the main one cannot be called.
fn is_zero(name: &[u8]) -> bool {
    name.iter().all(|b| *b == b'0')
}
