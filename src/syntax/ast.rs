//! The syntax tree of a script. Every node has its span in the flat text; names are not resolved here.
//!
//! What the parser could not read stands in the tree as a `Bad` node, already reported, so that later layers skip it.
//! Chains of operators are lists, not nests, and `else if` is a list of arms: depth is bounded by brackets alone.
use crate::base::{Span, Str};
use std::net::IpAddr;

#[derive(Clone, Debug, Default)]
pub struct Ast {
    pub items: Vec<Item>,
    /// Comments and blank lines by position.
    pub trivia: Vec<Trivia>,
}

impl Ast {
    pub fn routes(&self) -> impl Iterator<Item = &Route> {
        self.items.iter().filter_map(|i| match i {
            Item::Route(r) => Some(r),
            _ => None,
        })
    }

    pub fn globals(&self) -> impl Iterator<Item = &Global> {
        self.items.iter().filter_map(|i| match i {
            Item::Global(g) => Some(g),
            _ => None,
        })
    }

    pub fn modules(&self) -> impl Iterator<Item = &LoadModule> {
        self.items.iter().filter_map(|i| match i {
            Item::LoadModule(m) => Some(m),
            _ => None,
        })
    }

    pub fn modparams(&self) -> impl Iterator<Item = &ModParam> {
        self.items.iter().filter_map(|i| match i {
            Item::ModParam(m) => Some(m),
            _ => None,
        })
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trivia {
    pub span: Span,
    pub kind: TriviaKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TriviaKind {
    /// `# ...` without its line end.
    LineComment,
    /// `/* ... */`, which may nest.
    BlockComment,
    /// A run of lines that hold nothing.
    BlankLines(u32),
}

/// What stands outside routes, in the order of the file: a name is known only behind its `loadmodule`.
#[derive(Clone, Debug)]
pub enum Item {
    Global(Global),
    LoadModule(LoadModule),
    ModParam(ModParam),
    Route(Route),
    Bad(Span),
}

impl Item {
    pub fn span(&self) -> Span {
        match self {
            Item::Global(g) => g.span,
            Item::LoadModule(m) => m.span,
            Item::ModParam(m) => m.span,
            Item::Route(r) => r.span,
            Item::Bad(s) => *s,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ident {
    pub text: String,
    pub span: Span,
}

/// A number literal: decimal, octal, hexadecimal or a boolean word, wrapped to 32 bits as OpenSIPS does, with its sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IntLit {
    pub value: i32,
    pub span: Span,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quote {
    Single,
    Double,
}

/// A string literal. `span` covers the quotes; `value` has escapes resolved and is bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StrLit {
    pub value: Str,
    pub span: Span,
    pub quote: Quote,
    /// Where value and source drift apart: (offset in `value`, offset in the flat text), rising. Starts with (0, span.start + 1).
    pub(crate) places: Vec<(u32, u32)>,
}

impl StrLit {
    /// The flat offset of the source of byte `at` of the value.
    pub fn offset_of(&self, at: usize) -> u32 {
        let at = at as u32;
        let n = self.places.partition_point(|p| p.0 <= at);
        match n.checked_sub(1).and_then(|i| self.places.get(i)) {
            Some((value, flat)) => (flat + (at - value)).min(self.span.end),
            None => self.span.start,
        }
    }

    /// The source of bytes `start..end` of the value.
    pub fn span_of(&self, start: usize, end: usize) -> Span {
        Span::new(self.offset_of(start), self.offset_of(end))
    }
}

/// A variable as it is written, `$` included; `syntax::pvar` reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VarToken {
    pub text: String,
    pub span: Span,
}

/// A route, event, profile or tag name: a bare word, a number (`on` is `1`) or a string.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    pub value: Str,
    pub span: Span,
    pub form: NameForm,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameForm {
    Word,
    Number,
    Quoted(Quote),
}

/// `1.2.3.4`, `::1`, `[::1]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IpLit {
    pub addr: IpAddr,
    pub span: Span,
}

/// An address, or a net: `10.0.0.0/8`, `10.0.0.0/255.0.0.0`, `2001:db8::/32`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NetLit {
    pub addr: IpAddr,
    /// Length of the prefix; `None` for a single address.
    pub bits: Option<u8>,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub struct Global {
    pub name: Ident,
    pub value: GlobalValue,
    pub span: Span,
}

/// The forms that values of global parameters have.
#[derive(Clone, Debug)]
pub enum GlobalValue {
    Int(IntLit),
    /// Strings; several only for the search path (`mpath="a":"b"`).
    Strs(Vec<StrLit>),
    Word(Ident),
    /// `advertised_address`: an address, a host name or a string.
    Host(Host),
    /// `udp_workers = 4 use_auto_scaling_profile NAME`.
    Workers {
        count: IntLit,
        profile: Ident,
    },
    /// `socket = udp:10.0.0.1:5060 as 1.2.3.4`.
    Socket(Socket),
    /// `socket = bond:NAME { "udp:10.0.0.1:5060", ... }`.
    Bond(Bond),
    Aliases(Vec<Alias>),
    MemGroup {
        name: StrLit,
        modules: Vec<StrLit>,
    },
    AutoScaling(Box<AutoScaling>),
    Blacklist(Blacklist),
    Bad(Span),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host {
    pub kind: HostKind,
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HostKind {
    /// `*`: every address.
    Any,
    Ip(IpAddr),
    /// A name or the name of a network interface, bare or quoted.
    Name(Str),
}

#[derive(Clone, Debug)]
pub struct Socket {
    pub proto: Ident,
    pub host: Host,
    /// Empty: the port of the protocol.
    pub ports: Vec<PortRange>,
    pub options: Vec<SocketOption>,
    pub span: Span,
}

/// `5060` or `5060-5070`, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PortRange {
    pub low: u16,
    pub high: u16,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub struct SocketOption {
    pub kind: SocketOptionKind,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub enum SocketOptionKind {
    /// An option that is one word: `anycast`, `frag`, `reuse_port`, `accept_subdomain`, `proxy_protocol`, ... with `_` for `-`.
    Flag(String),
    UseWorkers(IntLit),
    Tos(IntLit),
    Tag(Ident),
    UseAutoScalingProfile(Ident),
    As {
        host: Host,
        ports: Vec<PortRange>,
    },
}

#[derive(Clone, Debug)]
pub struct Bond {
    pub name: Ident,
    pub members: Vec<StrLit>,
    pub span: Span,
}

/// `udp:sip.example.com:5060 accept_subdomain`; no protocol or `any`: every protocol; no port: every port.
#[derive(Clone, Debug)]
pub struct Alias {
    pub proto: Option<Ident>,
    pub host: Host,
    pub port: Option<IntLit>,
    pub accept_subdomain: bool,
    pub span: Span,
}

/// `NAME scale up to 6 on 70 % for 4 cycles within 5 scale down to 2 on 18 % for 10 cycles`.
#[derive(Clone, Debug)]
pub struct AutoScaling {
    pub name: Ident,
    pub up: ScaleRule,
    pub within: Option<IntLit>,
    pub down: Option<ScaleRule>,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub struct ScaleRule {
    pub to: IntLit,
    pub load: IntLit,
    pub cycles: IntLit,
}

#[derive(Clone, Debug)]
pub struct Blacklist {
    pub name: Ident,
    /// `readonly` (also written `read-only`), `expire`, `default`; empty means read-only.
    pub flags: Vec<Ident>,
    pub rules: Vec<BlacklistRule>,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub struct BlacklistRule {
    pub negated: bool,
    /// `None`: any.
    pub proto: Option<Ident>,
    pub net: NetLit,
    /// `None`: any.
    pub port: Option<IntLit>,
    pub pattern: Option<StrLit>,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub struct LoadModule {
    pub path: StrLit,
    pub span: Span,
}

impl LoadModule {
    /// The module's name: the last part of the path without `.so`.
    pub fn name(&self) -> String {
        let path = self.path.value.to_string_lossy();
        let last = path.rsplit('/').next().unwrap_or_default();
        last.strip_suffix(".so").unwrap_or(last).to_owned()
    }
}

/// `modparam("MODULES", "PARAM", VALUE)`; `modules` is an anchored pattern over the loaded modules.
#[derive(Clone, Debug)]
pub struct ModParam {
    pub modules: StrLit,
    pub param: StrLit,
    pub value: ModParamValue,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub enum ModParamValue {
    Int(IntLit),
    /// Adjacent strings, to be joined.
    Str(Vec<StrLit>),
}

impl ModParamValue {
    pub fn span(&self) -> Span {
        match self {
            ModParamValue::Int(i) => i.span,
            ModParamValue::Str(parts) => joined_span(parts),
        }
    }
}

/// The value of adjacent strings.
pub fn joined(parts: &[StrLit]) -> Str {
    match parts {
        [one] => one.value.clone(),
        many => Str::from(many.iter().flat_map(|p| p.value.as_bytes().iter().copied()).collect::<Vec<u8>>()),
    }
}

pub fn joined_span(parts: &[StrLit]) -> Span {
    parts.iter().map(|p| p.span).reduce(Span::to).unwrap_or_default()
}

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

/// A condition: of `if`, `while`, `assert`.
#[derive(Clone, Debug)]
pub struct Cond {
    pub kind: CondKind,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub enum CondKind {
    /// `and` and `or` are one level, evaluated from left to right: `a or b and c` is `(a or b) and c`.
    Chain {
        first: Box<Cond>,
        rest: Vec<CondLink>,
    },
    Not(Box<Cond>),
    Paren(Box<Cond>),
    /// `[ ... ]`
    Arith(Arith),
    Compare(Compare),
    Int(IntLit),
    Var(VarToken),
    Command(Box<Command>),
    Assign(Box<Assign>),
    If(Box<If>),
    /// `{ ... }`: true when its last statement's code is positive.
    Block(Block),
    Bad,
}

#[derive(Clone, Debug)]
pub struct CondLink {
    pub op: LogicOp,
    pub op_span: Span,
    pub right: Cond,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LogicOp {
    And,
    Or,
}

#[derive(Clone, Debug)]
pub struct Compare {
    pub left: VarToken,
    pub op: CmpOp,
    pub op_span: Span,
    pub right: CompareRight,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub enum CompareRight {
    Var(VarToken),
    Str(StrLit),
    Int(IntLit),
    /// `==` and `!=` only.
    Null(Span),
    /// `==` and `!=` only.
    Net(NetLit),
}

impl CompareRight {
    pub fn span(&self) -> Span {
        match self {
            CompareRight::Var(v) => v.span,
            CompareRight::Str(s) => s.span,
            CompareRight::Int(i) => i.span,
            CompareRight::Null(s) => *s,
            CompareRight::Net(n) => n.span,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CmpOp {
    Eq,
    Ne,
    Lt,
    Gt,
    Le,
    Ge,
    /// `=~`
    Match,
    /// `!~`
    NotMatch,
}

/// A value: the right side of an assignment, or what stands in `[ ]`.
#[derive(Clone, Debug)]
pub struct Arith {
    pub kind: ArithKind,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub enum ArithKind {
    Int(IntLit),
    Str(StrLit),
    Var(VarToken),
    Compare(Box<Compare>),
    Command(Box<Command>),
    /// Operators of one level, evaluated from left to right: `1 + 2 * 3` is 9.
    Chain {
        first: Box<Arith>,
        rest: Vec<ArithLink>,
    },
    /// `~`
    Complement(Box<Arith>),
    Paren(Box<Arith>),
    Bad,
}

#[derive(Clone, Debug)]
pub struct ArithLink {
    pub op: ArithOp,
    pub op_span: Span,
    pub right: Arith,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ArithOp {
    Add,
    Sub,
    Mul,
    Div,
    Mod,
    And,
    Or,
    Xor,
    ShiftLeft,
    ShiftRight,
}

impl ArithOp {
    /// Of the two levels, whether this one binds tighter.
    pub const fn binds_tighter(self) -> bool {
        matches!(self, ArithOp::Add | ArithOp::Sub | ArithOp::Mul | ArithOp::Div | ArithOp::Mod)
    }
}

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
