//! Routes and statements.
use super::{Arith, Command, Cond, IntLit, Name, StrLit, VarToken};
use crate::base::Span;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RouteKind {
    Request,
    OnReply,
    Failure,
    Branch,
    Error,
    Local,
    Startup,
    Timer,
    Event,
}

impl RouteKind {
    /// The word that opens the block.
    pub const fn keyword(self) -> &'static str {
        match self {
            RouteKind::Request => "route",
            RouteKind::OnReply => "onreply_route",
            RouteKind::Failure => "failure_route",
            RouteKind::Branch => "branch_route",
            RouteKind::Error => "error_route",
            RouteKind::Local => "local_route",
            RouteKind::Startup => "startup_route",
            RouteKind::Timer => "timer_route",
            RouteKind::Event => "event_route",
        }
    }
}

#[derive(Clone, Debug)]
pub struct Route {
    pub kind: RouteKind,
    pub keyword: Span,
    pub name: Option<Name>,
    /// Seconds; timer routes only.
    pub interval: Option<IntLit>,
    pub body: Block,
    pub span: Span,
}

impl Route {
    /// The route every request enters: `route`, `route[0]`, `route[off]`, `route[""]`.
    pub fn is_main(&self) -> bool {
        let zero = |n: &Name| n.value.as_bytes().iter().all(|b| *b == b'0');
        self.kind == RouteKind::Request && self.name.as_ref().is_none_or(zero)
    }
}

/// Statements between braces, or the one statement of an `if` or loop without braces.
#[derive(Clone, Debug, Default)]
pub struct Block {
    pub stmts: Vec<Stmt>,
    pub braces: bool,
    /// With the braces.
    pub span: Span,
}

#[derive(Clone, Debug)]
pub struct Stmt {
    pub kind: StmtKind,
    /// With the `;`.
    pub span: Span,
}

#[derive(Clone, Debug)]
pub enum StmtKind {
    /// A lone `;`.
    Empty,
    Assign(Assign),
    Command(Command),
    If(If),
    While(While),
    For(For),
    Switch(Switch),
    Break,
    Bad,
}

/// `if`, its `else if`s and its `else`.
#[derive(Clone, Debug)]
pub struct If {
    /// At least one.
    pub arms: Vec<IfArm>,
    pub otherwise: Option<Block>,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub struct IfArm {
    pub cond: Cond,
    pub body: Block,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub struct While {
    pub cond: Cond,
    pub body: Block,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub struct For {
    pub iter: VarToken,
    pub source: VarToken,
    pub body: Block,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub struct Switch {
    pub subject: VarToken,
    pub cases: Vec<Case>,
    pub default: Option<DefaultCase>,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub struct Case {
    pub label: CaseLabel,
    pub stmts: Vec<Stmt>,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub enum CaseLabel {
    Int(IntLit),
    Str(StrLit),
    Bad(Span),
}

#[derive(Clone, Debug)]
pub struct DefaultCase {
    pub stmts: Vec<Stmt>,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub struct Assign {
    pub target: VarToken,
    pub op: AssignOp,
    pub op_span: Span,
    pub value: AssignValue,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub enum AssignValue {
    Null(Span),
    Arith(Arith),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AssignOp {
    /// `=`
    Set,
    /// `:=`
    Replace,
    Add,
    Sub,
    Mul,
    Div,
    Mod,
    And,
    Or,
    Xor,
}
