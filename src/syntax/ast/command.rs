//! Calls of functions and the built-in commands.
use super::{Cond, Ident, IntLit, Name, NameForm, StrLit, VarToken};
use crate::base::Span;

/// A call of a function or one of the built-in commands; also a condition or an operand.
#[derive(Clone, Debug)]
pub struct Command {
    pub kind: CommandKind,
    /// Without the `;`.
    pub span: Span,
}

#[derive(Clone, Debug)]
pub enum CommandKind {
    Call(Call),
    Route(RouteCall),
    Return(Return),
    Exit,
    Drop,
    Assert {
        cond: Box<Cond>,
        text: Option<StrLit>,
    },
    Log {
        level: Option<IntLit>,
        text: StrLit,
    },
    /// `error("a", "b")`, which OpenSIPS accepts and does nothing with.
    Error {
        first: StrLit,
        second: StrLit,
    },
    Xlog(Xlog),
    Async(Async),
    Launch(Launch),
    Bad,
}

#[derive(Clone, Debug)]
pub struct Call {
    pub name: Ident,
    /// `f()` has none; `f(,"x")` has an omitted one and a string.
    pub args: Vec<Arg>,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub struct Arg {
    pub kind: ArgKind,
    /// Empty, at its place, for an omitted one.
    pub span: Span,
}

#[derive(Clone, Debug)]
pub enum ArgKind {
    Str(StrLit),
    Int(IntLit),
    Var(VarToken),
    Omitted,
    Bad,
}

/// `route(NAME, p1, ...)`
#[derive(Clone, Debug)]
pub struct RouteCall {
    pub target: RouteTarget,
    pub args: Vec<Literal>,
}

#[derive(Clone, Debug)]
pub enum RouteTarget {
    /// A name known when the script is read. A quoted one that holds `$` is a format string, evaluated at each call.
    Name(Name),
    Var(VarToken),
}

impl RouteTarget {
    /// Whether only a run can tell which route is meant.
    pub fn is_dynamic(&self) -> bool {
        match self {
            RouteTarget::Var(_) => true,
            RouteTarget::Name(n) => matches!(n.form, NameForm::Quoted(_)) && n.value.contains(&b'$'),
        }
    }

    pub fn span(&self) -> Span {
        match self {
            RouteTarget::Name(n) => n.span,
            RouteTarget::Var(v) => v.span,
        }
    }
}

/// A parameter of `route()` or a further value of `return()`. Strings are taken verbatim.
#[derive(Clone, Debug)]
pub enum Literal {
    Str(StrLit),
    Int(IntLit),
    Null(Span),
    Var(VarToken),
    Bad(Span),
}

impl Literal {
    pub fn span(&self) -> Span {
        match self {
            Literal::Str(s) => s.span,
            Literal::Int(i) => i.span,
            Literal::Null(s) | Literal::Bad(s) => *s,
            Literal::Var(v) => v.span,
        }
    }
}

/// `return`, `return 5`, `return($var(x))`, `return(1, "a", NULL)`; no code means 1.
#[derive(Clone, Debug)]
pub struct Return {
    pub code: Option<ReturnCode>,
    pub values: Vec<Literal>,
}

#[derive(Clone, Debug)]
pub enum ReturnCode {
    Int(IntLit),
    Var(VarToken),
}

/// `xlog("fmt")`, `xlog("LEVEL", "fmt")`, `xdbg("fmt")`.
#[derive(Clone, Debug)]
pub struct Xlog {
    pub debug: bool,
    pub level: Option<StrLit>,
    /// Adjacent strings, to be joined; at least one.
    pub format: Vec<StrLit>,
}

/// `async(FN(args), ROUTE, SECONDS)`
#[derive(Clone, Debug)]
pub struct Async {
    pub call: Call,
    pub resume: Name,
    pub timeout: Option<IntLit>,
}

/// `launch(FN(args), ROUTE, "fmt")`
#[derive(Clone, Debug)]
pub struct Launch {
    pub call: Call,
    pub report: Option<Name>,
    pub param: Option<StrLit>,
}
