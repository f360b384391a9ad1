//! Commands: calls of functions and routes, `return`, logging, `async` and `launch`.
use super::Lowering;
use crate::context::decimal;
use crate::diag::codes;
use crate::ir::program::*;
use crate::registry::{EarlierForm, FunctionId, NotationVars, Param, ParamType};
use crate::syntax::ast::{self, ArgKind, CommandKind};
use crate::syntax::format_string::FormatString;
use crate::syntax::origin::Origin;
use crate::syntax::substitution::{Form, Substitution};

/// Level of `xdbg` and of `log` without one.
const DEBUG: i32 = 4;
/// Code of a disabled assertion.
const DISABLED: i32 = -5;

impl Lowering<'_> {
    /// Emits a command; its code goes to the code register, or into the temporary of an operand.
    pub(super) fn command(&mut self, command: &ast::Command, after: After) {
        match &command.kind {
            CommandKind::Call(call) => {
                let site = self.site(call);
                self.emit(Op::Call(site, after));
            }
            CommandKind::Route(call) => self.route_call(call, after),
            CommandKind::Return(r) => self.return_from(r),
            CommandKind::Exit => self.plain(Command::Exit, after),
            CommandKind::Drop => self.plain(Command::Drop, after),
            CommandKind::Assert { cond, text } => self.assert(cond, text.as_ref(), after),
            CommandKind::Log { level, text } => {
                let level = level.map_or(DEBUG, |l| l.value);
                self.plain(Command::Log { level, text: text.value.clone() }, after);
            }
            CommandKind::Error { .. } => self.plain(Command::Placeholder, after),
            CommandKind::Xlog(xlog) => self.xlog(xlog, after),
            CommandKind::Async(a) => {
                let site = self.site(&a.call);
                let seconds = a.timeout.as_ref().map_or(0, |t| t.value.unsigned_abs());
                // The function's code, also 0, decides nothing here.
                let temp = self.temp();
                self.plain(Command::Async { site, seconds }, After::Operand(temp));
                let route = self.callable.get(&a.resume.value).copied();
                self.plain(Command::Resume(route), After::Statement);
            }
            CommandKind::Launch(launch) => self.launch(launch, after),
            CommandKind::Bad => {}
        }
    }

    fn plain(&mut self, command: Command, after: After) {
        self.emit(Op::Command(Box::new(command), after));
    }

    fn launch(&mut self, launch: &ast::Launch, after: After) {
        let site = self.site(&launch.call);
        let report = launch.report.as_ref().and_then(|name| self.callable.get(&name.value).copied());
        let param = launch.param.as_ref().and_then(|p| self.format_of(std::slice::from_ref(p)));
        let param = param.map(|p| self.format(&p));
        self.plain(Command::Launch { site, report, param }, after);
    }

    fn return_from(&mut self, r: &ast::Return) {
        if self.in_condition {
            return self.plain(Command::Exit, After::Statement);
        }
        let code = match &r.code {
            None => ReturnCode::Int(1),
            Some(ast::ReturnCode::Int(i)) => ReturnCode::Int(i.value),
            Some(ast::ReturnCode::Var(token)) => ReturnCode::Place(self.place(token)),
        };
        let values = r.values.iter().map(|v| self.literal(v)).collect();
        self.plain(Command::Return { code, values }, After::Statement);
    }

    fn assert(&mut self, cond: &ast::Cond, text: Option<&ast::StrLit>, after: After) {
        let (off, held, failed, end) = (self.label(), self.label(), self.label(), self.label());
        self.emit(Op::BranchAsserts { off });
        self.branch(cond, held, failed, failed, failed);
        self.place_label(failed);
        let text = text.map(|t| t.value.clone()).unwrap_or_default();
        self.plain(Command::AssertFailed(text), after);
        self.emit(Op::Jump(end));
        self.place_label(off);
        self.code(DISABLED, after);
        self.emit(Op::Jump(end));
        self.place_label(held);
        self.code(1, after);
        self.place_label(end);
    }

    fn code(&mut self, code: i32, after: After) {
        self.set_code(code, code);
        if let After::Operand(temp) = after {
            self.emit(Op::KeepCode(temp));
        }
    }

    fn xlog(&mut self, xlog: &ast::Xlog, after: After) {
        let level = match &xlog.level {
            _ if xlog.debug => LevelSource::Fixed(DEBUG),
            None => LevelSource::Default,
            Some(text) => self.level(text),
        };
        let Some(parsed) = self.format_of(&xlog.format) else { return };
        let format = self.format(&parsed);
        self.plain(Command::Xlog { level, format }, after);
    }

    /// Only the third character of a level's name counts; a variable gives the number.
    fn level(&mut self, text: &ast::StrLit) -> LevelSource {
        if text.value.first() == Some(&b'$') {
            let parsed = self.format_of(std::slice::from_ref(text));
            if let Some(var) = parsed.as_ref().and_then(|p| p.vars().next()) {
                return LevelSource::Place(Place::Var(self.var(var)));
            }
        }
        let number = match text.value.get(2) {
            Some(b'A') => -3,
            Some(b'C') => -2,
            Some(b'E') => -1,
            Some(b'W') => 1,
            Some(b'N') => 2,
            Some(b'I') => 3,
            Some(b'D') => 4,
            _ => {
                self.error(codes::XLOG_LEVEL, text.span, format!("unknown level `{}`", text.value));
                1
            }
        };
        LevelSource::Fixed(number)
    }

    fn format_of(&mut self, parts: &[ast::StrLit]) -> Option<FormatString> {
        match crate::syntax::format(parts) {
            Ok(parsed) => Some(parsed),
            Err(e) => {
                self.error(codes::BAD_FORMAT, e.span, e.to_string());
                None
            }
        }
    }

    fn route_call(&mut self, call: &ast::RouteCall, after: After) {
        let Some(target) = self.route_target(&call.target) else { return };
        let args: Box<[Literal]> = call.args.iter().map(|a| self.literal(a)).collect();
        let args = Some(args).filter(|a| !a.is_empty());
        self.emit(Op::CallRoute(Box::new(RouteCall { target, args }), after));
    }

    fn route_target(&mut self, target: &ast::RouteTarget) -> Option<RouteTarget> {
        match target {
            ast::RouteTarget::Var(token) => match self.place(token) {
                Place::Var(var) => Some(RouteTarget::Var(var)),
                Place::Slot(_) => None,
            },
            ast::RouteTarget::Name(name) if target.is_dynamic() => {
                match FormatString::parse(&name.value, Origin::Within(name.span)) {
                    Ok(parsed) => Some(RouteTarget::Format(self.format(&parsed))),
                    Err(e) => {
                        self.error(codes::BAD_FORMAT, e.span, e.to_string());
                        None
                    }
                }
            }
            ast::RouteTarget::Name(name) => match self.callable.get(&name.value) {
                Some(id) => Some(RouteTarget::Static(*id)),
                None => {
                    self.error(codes::UNDEFINED_ROUTE, name.span, format!("undefined route `{}`", name.value));
                    None
                }
            },
        }
    }

    fn literal(&mut self, literal: &ast::Literal) -> Literal {
        match literal {
            ast::Literal::Str(s) => Literal::Str(s.value.clone()),
            ast::Literal::Int(i) => Literal::Int(i.value),
            ast::Literal::Var(token) => Literal::Place(self.place(token)),
            ast::Literal::Null(_) | ast::Literal::Bad(_) => Literal::Null,
        }
    }

    fn site(&mut self, call: &ast::Call) -> SiteId {
        let (function, params) = match self.function(&call.name.text) {
            Some(id) => (id, self.catalog.function(id).1.params),
            None => {
                self.error(codes::UNKNOWN_FUNCTION, call.name.span, format!("unknown function `{}`", call.name.text));
                (FunctionId(0), &[][..])
            }
        };
        let args = call.args.iter().enumerate().map(|(at, arg)| self.argument(arg, params.get(at)));
        let args = args.collect();
        self.program.sites.push(CallSite { function, args, span: call.span });
        SiteId(self.program.sites.len() as u32 - 1)
    }

    /// The newest loaded module that has the name; core before all.
    fn function(&self, name: &str) -> Option<FunctionId> {
        let rank = |id: &FunctionId| {
            let module = self.catalog.function(*id).0;
            self.loaded.iter().rposition(|m| *m == module)
        };
        let known = self.catalog.functions_named(name).iter().copied();
        known.filter(|id| rank(id).is_some()).max_by_key(|id| rank(id))
    }

    fn argument(&mut self, arg: &ast::Arg, param: Option<&Param>) -> Argument {
        match &arg.kind {
            ArgKind::Omitted | ArgKind::Bad => Argument::Omitted,
            ArgKind::Int(i) => int_argument(i.value, param),
            ArgKind::Var(token) => match self.place(token) {
                Place::Var(var) => Argument::Var(var),
                Place::Slot(_) => Argument::Omitted,
            },
            ArgKind::Str(text) => self.text_argument(text, param),
        }
    }

    fn text_argument(&mut self, text: &ast::StrLit, param: Option<&Param>) -> Argument {
        if param.is_some_and(Param::expands) {
            return self.format_argument(text, param);
        }
        match param.map(|p| p.ty) {
            Some(ParamType::Regex) => Argument::Pattern(self.pattern(text, true)),
            Some(ParamType::Substitution) => self.substitution(text),
            Some(ParamType::Flag(family)) => Argument::Flag(family, text.value.clone()),
            Some(ParamType::Notation(_, NotationVars::Named)) => self.notation(text),
            Some(ParamType::Notation(_, NotationVars::Plain)) => Argument::Words(text.value.clone()),
            Some(ParamType::StrStatic | ParamType::StrVerbatim) | None => Argument::Text(text.value.clone()),
            Some(ty) => {
                self.error(codes::ARGUMENT_TYPE, text.span, format!("a string where a {} is wanted", ty.word()));
                Argument::Omitted
            }
        }
    }

    fn format_argument(&mut self, text: &ast::StrLit, param: Option<&Param>) -> Argument {
        let Some(parsed) = self.format_of(std::slice::from_ref(text)) else { return Argument::Omitted };
        match (parsed.as_literal(), param.map(|p| p.ty)) {
            (Some(literal), Some(ParamType::Words(_))) => Argument::Words(literal),
            (Some(literal), _) => Argument::Text(literal),
            (None, _) => Argument::Format(self.format(&parsed)),
        }
    }

    /// What is no variable to a format string is none here.
    fn notation(&mut self, text: &ast::StrLit) -> Argument {
        let parsed = text.format().unwrap_or_default();
        let vars = parsed.vars().map(|var| self.var(var)).collect();
        Argument::Notation { text: text.value.clone(), vars }
    }

    /// The variables of the replacement are found here, where names are known.
    fn substitution(&mut self, text: &ast::StrLit) -> Argument {
        let Some(parsed) = Substitution::parse(&text.value, Form::Argument, Origin::Within(text.span)) else {
            self.error(codes::BAD_ARGUMENT_VALUE, text.span, format!("`{}` is no substitution", text.value));
            return Argument::Omitted;
        };
        let vars = parsed.into_vars().map(|var| self.var(&var)).collect();
        Argument::Substitution { text: text.value.clone(), vars, span: text.span }
    }
}

/// A number where a word or a name belongs is that word (`EarlierForm::Int`).
fn int_argument(value: i32, param: Option<&Param>) -> Argument {
    match param.filter(|p| p.earlier == Some(EarlierForm::Int)).map(|p| p.ty) {
        Some(ParamType::Words(_)) => Argument::Words(decimal(value)),
        Some(ParamType::Flag(family)) => Argument::Flag(family, decimal(value)),
        _ => Argument::Int(value),
    }
}
