//! A lowered script: flat code and the tables it refers to, plain data throughout.
use crate::base::{Span, Str};
use crate::registry::{FlagFamily, FunctionId, PvarId, RouteKind, TransformId};
use crate::syntax::ast::{ArithOp, AssignOp, CmpOp, LogicOp};
use crate::syntax::pvar::MsgContext;
use std::net::IpAddr;

#[derive(Clone, Debug, Default)]
pub struct Program {
    pub ops: Vec<Op>,
    /// The statement each operation comes from.
    pub spans: Vec<Span>,
    pub routes: Vec<Route>,
    pub sites: Vec<CallSite>,
    pub vars: Vec<VarRef>,
    pub formats: Vec<Vec<Piece>>,
    pub patterns: Vec<PatternText>,
}

/// Index of an operation.
pub type Pc = u32;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(pub u32);

        impl $name {
            pub const fn index(self) -> usize {
                self.0 as usize
            }
        }
    )*};
}

ids! {
    /// A route of `Program::routes`.
    RouteId;
    /// A call of `Program::sites`.
    SiteId;
    /// A reference of `Program::vars`.
    VarId;
    /// A format string of `Program::formats`.
    FormatId;
    /// A regular expression of `Program::patterns`.
    PatternId;
}

/// A temporary of the route being executed: a loop's counter, an operand kept over a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Temp(pub u16);

#[derive(Clone, Debug)]
pub struct Route {
    pub kind: RouteKind,
    /// `None`: the unnamed one of its family; the main route among request routes.
    pub name: Option<Str>,
    /// Seconds, of timer routes.
    pub interval: Option<u32>,
    pub entry: Pc,
    /// How many temporaries its code uses.
    pub temps: u16,
    pub span: Span,
}

/// One operation. A command leaves its code in the code register, which statements set and conditions test.
#[derive(Clone, Debug)]
pub enum Op {
    /// Jumps when the condition comes to `truth`; an error in it is logged and goes its own way.
    Branch {
        cond: Box<Cond>,
        truth: bool,
        to: Pc,
        error: Pc,
    },
    /// Jumps when it is `truth` that the code register is positive.
    BranchCode {
        truth: bool,
        to: Pc,
    },
    /// Jumps unless assertions are switched on.
    BranchAsserts {
        off: Pc,
    },
    Jump(Pc),
    Assign(Box<Assignment>),
    /// Keeps a value for an expression that goes on behind a command.
    Spill {
        temp: Temp,
        value: Box<Expr>,
        error: Pc,
    },
    /// Waits until these variables can be read: something outside is asked for them. The next operation reads them.
    Await(Box<[VarId]>),
    /// An assignment whose value failed in one of its parts.
    Fail,
    /// Keeps the code register as an operand.
    KeepCode(Temp),
    Call(SiteId, After),
    CallRoute(Box<RouteCall>, After),
    Command(Box<Command>, After),
    /// Sets the code register and `$rc`.
    SetCode {
        code: i32,
        rc: i32,
    },
    /// Sets a loop's counter to zero.
    LoopStart(Temp),
    /// Counts a turn; beyond `max_while_loops` it logs and leaves.
    LoopTurn {
        counter: Temp,
        end: Pc,
    },
    /// Assigns the next element, or leaves when there is none.
    ForNext(Box<ForEach>),
    Switch(Box<Switch>),
    /// Ends the route with the code register.
    End,
}

/// What becomes of a command's code, apart from `$rc`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum After {
    /// A statement or condition: 0 ends the script.
    Statement,
    /// An operand: the code is a value; 0 ends the script behind the statement.
    Operand(Temp),
}

#[derive(Clone, Debug)]
pub struct Assignment {
    pub target: Place,
    pub op: AssignOp,
    /// `None`: NULL.
    pub value: Option<Expr>,
}

/// Something to read or write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    Var(VarId),
    /// A variable of the run by number; the linker makes these of `Var`s.
    Slot(u32),
}

#[derive(Clone, Debug)]
pub enum Cond {
    /// From left to right on one level.
    Chain(Box<Cond>, Box<[(LogicOp, Cond)]>),
    Not(Box<Cond>),
    Const(bool),
    Truth(Place),
    Compare(Compare),
    /// `[ ... ]`; an error in it is false.
    Value(Expr),
}

#[derive(Clone, Debug)]
pub struct Compare {
    pub left: Place,
    pub op: CmpOp,
    pub right: Right,
}

#[derive(Clone, Debug)]
pub enum Right {
    Place(Place),
    Str(Str),
    Int(i32),
    Null,
    /// An address, or a net with the bits of its prefix.
    Net(IpAddr, Option<u8>),
    Pattern(PatternId),
}

/// A value without commands in it.
#[derive(Clone, Debug)]
pub enum Expr {
    /// A literal integer, which has no string face.
    Int(i32),
    Str(Str),
    Place(Place),
    /// A spilled value; `texted` says that an integer in it came from a variable and has a string face.
    Temp {
        temp: Temp,
        texted: bool,
    },
    Compare(Box<Compare>),
    /// From left to right on one level.
    Chain(Box<Expr>, Box<[(ArithOp, Expr)]>),
    Complement(Box<Expr>),
}

/// A call of a built-in function.
#[derive(Clone, Debug)]
pub struct CallSite {
    pub function: FunctionId,
    pub args: Vec<Argument>,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub enum Argument {
    Omitted,
    Int(i32),
    Text(Str),
    Format(FormatId),
    Var(VarId),
    Pattern(PatternId),
    Flag(FlagFamily, Str),
    /// A literal with a vocabulary of its own.
    Words(Str),
    /// A text in a notation of its own, taken as written, and the variables in it.
    Notation {
        text: Str,
        vars: Vec<VarId>,
    },
    /// `/expression/replacement/flags` and the variables of its replacement, in order.
    Substitution {
        text: Str,
        vars: Vec<VarId>,
        span: Span,
    },
}

#[derive(Clone, Debug)]
pub enum Piece {
    Text(Str),
    Var(VarId),
}

impl Piece {
    pub fn var(&self) -> Option<VarId> {
        match self {
            Piece::Text(_) => None,
            Piece::Var(id) => Some(*id),
        }
    }
}

#[derive(Clone, Debug)]
pub struct PatternText {
    pub text: Str,
    /// `.` and `[^x]` do not match a newline, as in arguments of functions.
    pub newline: bool,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub struct RouteCall {
    pub target: RouteTarget,
    /// `None`: without parentheses' worth of parameters, so that `$param` is NULL throughout.
    pub args: Option<Box<[Literal]>>,
}

#[derive(Clone, Debug)]
pub enum RouteTarget {
    Static(RouteId),
    Var(VarId),
    Format(FormatId),
}

/// A parameter of `route()` or a further value of `return()`.
#[derive(Clone, Debug)]
pub enum Literal {
    Null,
    Int(i32),
    Str(Str),
    Place(Place),
}

/// Commands other than function and route calls.
#[derive(Clone, Debug)]
pub enum Command {
    Return {
        code: ReturnCode,
        values: Box<[Literal]>,
    },
    Exit,
    Drop,
    /// The condition of an active assertion does not hold.
    AssertFailed(Str),
    Log {
        level: i32,
        text: Str,
    },
    Xlog {
        level: LevelSource,
        format: FormatId,
    },
    /// The source of a `for` has no `[*]`: said when it is executed.
    NotAList,
    /// `error()`, which does nothing.
    Placeholder,
    /// Calls a function whose end the run is suspended for.
    Async {
        site: SiteId,
        /// After which it counts as failed; 0: never.
        seconds: u32,
    },
    /// Ends the script and goes on in a route; `$rc` stays. `None`: no such route.
    Resume(Option<RouteId>),
    /// Calls a function that the script does not wait for. The route runs over a message of its own once it is done.
    Launch {
        site: SiteId,
        report: Option<RouteId>,
        param: Option<FormatId>,
    },
}

#[derive(Clone, Copy, Debug)]
pub enum ReturnCode {
    Int(i32),
    Place(Place),
}

#[derive(Clone, Copy, Debug)]
pub enum LevelSource {
    /// `xlog_print_level`
    Default,
    Fixed(i32),
    Place(Place),
}

#[derive(Clone, Debug)]
pub struct ForEach {
    pub target: Place,
    /// Read at one index after the other.
    pub source: VarId,
    pub index: Temp,
    pub end: Pc,
}

#[derive(Clone, Debug)]
pub struct Switch {
    pub subject: Place,
    pub cases: Box<[(Label, Pc)]>,
    pub otherwise: Pc,
}

#[derive(Clone, Debug)]
pub enum Label {
    Int(i32),
    Str(Str),
}

/// A variable reference with its row found.
#[derive(Clone, Debug)]
pub struct VarRef {
    pub pvar: PvarId,
    pub name: NameRef,
    pub index: IndexRef,
    /// The word behind a slash in the index.
    pub index_suffix: Option<Str>,
    pub context: Option<MsgContext>,
    pub transforms: Vec<TransformRef>,
    /// One of its transformations asks somebody outside.
    pub waits: bool,
    /// As a person would call it.
    pub text: Str,
    pub span: Span,
}

impl VarRef {
    /// Whether one of the references inside asks somebody outside.
    pub fn parts_wait(&self) -> bool {
        let name = match &self.name {
            NameRef::Dynamic(inner) => inner.waits,
            NameRef::Text(_, Some(pieces)) => pieces.iter().any(|p| matches!(p, NamePiece::Var(v) if v.waits)),
            NameRef::None | NameRef::Text(_, None) => false,
        };
        let waits = |arg: &TransformArgRef| matches!(arg, TransformArgRef::Var(v) if v.waits);
        let of_transform = |t: &TransformRef| t.index.iter().chain(&t.args).any(waits);
        name || matches!(&self.index, IndexRef::Var(v) if v.waits) || self.transforms.iter().any(of_transform)
    }
}

#[derive(Clone, Debug)]
pub enum NameRef {
    None,
    /// As written, and as a format string where it has variables in it that are known.
    Text(Str, Option<Vec<NamePiece>>),
    /// Evaluated at each use.
    Dynamic(Box<VarRef>),
}

#[derive(Clone, Debug)]
pub enum NamePiece {
    Text(Str),
    Var(VarRef),
}

#[derive(Clone, Debug)]
pub enum IndexRef {
    None,
    Int(i32),
    All,
    Append,
    /// The index a `for` is at.
    Cursor,
    /// One of the row's words.
    Word(&'static str),
    Var(Box<VarRef>),
}

#[derive(Clone, Debug)]
pub struct TransformRef {
    pub transform: TransformId,
    pub index: Option<TransformArgRef>,
    pub args: Vec<TransformArgRef>,
}

#[derive(Clone, Debug)]
pub enum TransformArgRef {
    Int(i32),
    Text(Str),
    Var(Box<VarRef>),
}

impl Program {
    /// Makes numbered variables of the references that `slot` has a number for.
    pub fn bind_slots(&mut self, slot: &dyn Fn(VarId) -> Option<u32>) {
        let bind = &mut |place: &mut Place| {
            if let Place::Var(var) = *place
                && let Some(slot) = slot(var)
            {
                *place = Place::Slot(slot);
            }
        };
        for op in &mut self.ops {
            op.places(bind);
        }
    }

    pub fn span(&self, pc: Pc) -> Span {
        self.spans.get(pc as usize).copied().unwrap_or_default()
    }
}

type Visit<'a> = &'a mut dyn FnMut(&mut Place);

impl Op {
    /// Calls `f` with every operation this one may jump to.
    pub fn jumps(&mut self, f: &mut dyn FnMut(&mut Pc)) {
        match self {
            Op::Branch { to, error, .. } => {
                f(to);
                f(error);
            }
            Op::BranchCode { to, .. } | Op::Jump(to) => f(to),
            Op::BranchAsserts { off } => f(off),
            Op::Spill { error, .. } => f(error),
            Op::LoopTurn { end, .. } => f(end),
            Op::ForNext(each) => f(&mut each.end),
            Op::Switch(switch) => {
                switch.cases.iter_mut().for_each(|(_, at)| f(at));
                f(&mut switch.otherwise);
            }
            Op::Assign(_)
            | Op::Await(_)
            | Op::Fail
            | Op::KeepCode(_)
            | Op::Call(..)
            | Op::CallRoute(..)
            | Op::Command(..)
            | Op::SetCode { .. }
            | Op::LoopStart(_)
            | Op::End => {}
        }
    }

    fn places(&mut self, f: Visit<'_>) {
        match self {
            Op::Branch { cond, .. } => cond.places(f),
            Op::Assign(a) => {
                f(&mut a.target);
                if let Some(value) = &mut a.value {
                    value.places(f);
                }
            }
            Op::Spill { value, .. } => value.places(f),
            Op::CallRoute(call, _) => literals(call.args.as_deref_mut().unwrap_or_default(), f),
            Op::Command(command, _) => command.places(f),
            Op::ForNext(each) => f(&mut each.target),
            Op::Switch(switch) => f(&mut switch.subject),
            Op::BranchCode { .. }
            | Op::BranchAsserts { .. }
            | Op::Jump(_)
            | Op::Await(_)
            | Op::Fail
            | Op::KeepCode(_)
            | Op::Call(..)
            | Op::SetCode { .. }
            | Op::LoopStart(_)
            | Op::LoopTurn { .. }
            | Op::End => {}
        }
    }
}

impl Cond {
    fn places(&mut self, f: Visit<'_>) {
        match self {
            Cond::Chain(first, rest) => {
                first.places(f);
                for (_, cond) in rest {
                    cond.places(f);
                }
            }
            Cond::Not(inner) => inner.places(f),
            Cond::Const(_) => {}
            Cond::Truth(place) => f(place),
            Cond::Compare(compare) => compare.places(f),
            Cond::Value(value) => value.places(f),
        }
    }
}

impl Compare {
    fn places(&mut self, f: Visit<'_>) {
        f(&mut self.left);
        if let Right::Place(place) = &mut self.right {
            f(place);
        }
    }
}

impl Expr {
    fn places(&mut self, f: Visit<'_>) {
        match self {
            Expr::Int(_) | Expr::Str(_) | Expr::Temp { .. } => {}
            Expr::Place(place) => f(place),
            Expr::Compare(compare) => compare.places(f),
            Expr::Chain(first, rest) => {
                first.places(f);
                for (_, value) in rest {
                    value.places(f);
                }
            }
            Expr::Complement(inner) => inner.places(f),
        }
    }
}

impl Command {
    fn places(&mut self, f: Visit<'_>) {
        match self {
            Command::Return { code, values } => {
                if let ReturnCode::Place(place) = code {
                    f(place);
                }
                literals(values, f);
            }
            Command::Xlog { level: LevelSource::Place(place), .. } => f(place),
            Command::Exit
            | Command::Drop
            | Command::AssertFailed(_)
            | Command::Log { .. }
            | Command::Xlog { .. }
            | Command::NotAList
            | Command::Placeholder
            | Command::Async { .. }
            | Command::Resume(_)
            | Command::Launch { .. } => {}
        }
    }
}

fn literals(values: &mut [Literal], f: Visit<'_>) {
    for value in values {
        if let Literal::Place(place) = value {
            f(place);
        }
    }
}
