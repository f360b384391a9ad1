//! Facts about script-facing names, as the checker, the documentation and the linker read them.
//!
//! A row is written once, next to its body (`vm::script_fns!`); argument types and arity come from the body's Rust
//! signature. Rules ask rows for roles and never for names.
pub use crate::syntax::ast::RouteKind;
use crate::syntax::transform::ArgShape;
use std::fmt;
use std::ops::BitOr;

/// Which route types a function may be called from; the bits are OpenSIPS's.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct RouteMask(pub u16);

impl RouteMask {
    pub const REQUEST: RouteMask = RouteMask(1);
    pub const FAILURE: RouteMask = RouteMask(2);
    pub const ONREPLY: RouteMask = RouteMask(4);
    pub const BRANCH: RouteMask = RouteMask(8);
    pub const ERROR: RouteMask = RouteMask(16);
    pub const LOCAL: RouteMask = RouteMask(32);
    pub const STARTUP: RouteMask = RouteMask(64);
    pub const TIMER: RouteMask = RouteMask(128);
    pub const EVENT: RouteMask = RouteMask(256);
    pub const ALL: RouteMask = RouteMask(511);

    pub const fn or(self, other: RouteMask) -> RouteMask {
        RouteMask(self.0 | other.0)
    }

    pub const fn contains(self, other: RouteMask) -> bool {
        self.0 & other.0 == other.0
    }
}

impl BitOr for RouteMask {
    type Output = RouteMask;
    fn bitor(self, other: RouteMask) -> RouteMask {
        self.or(other)
    }
}

impl fmt::Debug for RouteMask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = RouteKind::ALL.iter().filter(|k| self.contains(k.mask())).map(|k| k.keyword());
        f.write_str(&names.collect::<Vec<_>>().join("|"))
    }
}

impl RouteKind {
    pub const ALL: [RouteKind; 9] = [
        RouteKind::Request,
        RouteKind::Failure,
        RouteKind::OnReply,
        RouteKind::Branch,
        RouteKind::Error,
        RouteKind::Local,
        RouteKind::Startup,
        RouteKind::Timer,
        RouteKind::Event,
    ];

    pub const fn mask(self) -> RouteMask {
        match self {
            RouteKind::Request => RouteMask::REQUEST,
            RouteKind::Failure => RouteMask::FAILURE,
            RouteKind::OnReply => RouteMask::ONREPLY,
            RouteKind::Branch => RouteMask::BRANCH,
            RouteKind::Error => RouteMask::ERROR,
            RouteKind::Local => RouteMask::LOCAL,
            RouteKind::Startup => RouteMask::STARTUP,
            RouteKind::Timer => RouteMask::TIMER,
            RouteKind::Event => RouteMask::EVENT,
        }
    }
}

/// A check of a literal argument or parameter value, the same at check time and at start.
pub type LiteralCheck = fn(&[u8]) -> Result<(), String>;

/// A literal as an argument gives it; texts are without variables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Literal<'a> {
    Int(i32),
    Text(&'a [u8]),
}

/// What a literal argument must obey beyond its type, with the function's module set up so.
pub type ArgumentRule = fn(Literal<'_>, Setup<'_>) -> Result<(), String>;

/// What an argument may be (language reference 7.2).
#[derive(Clone, Copy, Debug)]
pub enum ParamType {
    /// Integer literal or variable with an integer face.
    Int,
    /// String literal, expanded as a format string, or variable with a string face.
    Str,
    /// String literal without variables.
    StrStatic,
    /// String taken verbatim, or variable.
    StrVerbatim,
    /// Variable passed by reference.
    Var(VarUse),
    /// Regular expression, compiled at start when literal.
    Regex,
    /// `/expression/replacement/flags`, compiled at start when literal.
    Substitution,
    /// Name of a route of this family.
    Route(RouteKind),
    /// Name of a flag of this family, static.
    Flag(FlagFamily),
    /// String with a vocabulary of its own (flag lists, selectors); literals are checked before the first packet.
    Words(LiteralCheck),
    /// The same, taken as written: a `$` in it is part of the vocabulary.
    Notation(LiteralCheck, NotationVars),
}

/// What a `$` in a notation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotationVars {
    /// The beginning of a variable.
    Named,
    /// A sign like any other.
    Plain,
}

impl ParamType {
    /// The word that messages use for this type.
    pub const fn word(self) -> &'static str {
        match self {
            ParamType::Int => "int",
            ParamType::Str | ParamType::StrVerbatim | ParamType::Words(_) | ParamType::Notation(..) => "string",
            ParamType::StrStatic => "static string",
            ParamType::Var(_) => "variable",
            ParamType::Regex => "regular expression",
            ParamType::Substitution => "substitution",
            ParamType::Route(_) => "route name",
            ParamType::Flag(_) => "flag name",
        }
    }
}

/// What a function does with a variable it is handed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VarUse {
    In,
    /// Must be a document.
    InDocument,
    /// Must be writable.
    Out,
    /// Must be writable, and an AVP.
    OutAvp,
    /// Must be writable, and a document.
    OutDocument,
    /// Writes to it; one that cannot be written makes the call fail, not the start.
    Into,
}

impl VarUse {
    /// Whether the function writes to it.
    pub const fn writes(self) -> bool {
        !matches!(self, VarUse::In | VarUse::InDocument)
    }

    /// What the variable must hold.
    pub const fn kind(self) -> Option<VarKind> {
        match self {
            VarUse::OutAvp => Some(VarKind::Avp),
            VarUse::InDocument | VarUse::OutDocument => Some(VarKind::Document),
            VarUse::In | VarUse::Out | VarUse::Into => None,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FlagFamily {
    Message,
    Branch,
    Dialog,
}

/// What OpenSIPS 3.1 took in a place where later releases take something else; it still works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EarlierForm {
    /// An integer, or a variable with one, for a word or a name.
    Int,
    /// A string with variables in it, for a variable.
    Str,
}

#[derive(Clone, Copy, Debug)]
pub struct Param {
    pub name: &'static str,
    pub ty: ParamType,
    pub rule: Option<ArgumentRule>,
    pub earlier: Option<EarlierForm>,
    pub optional: bool,
}

impl Param {
    /// Whether a string literal is expanded as a format string.
    pub fn expands(&self) -> bool {
        matches!(self.ty, ParamType::Str | ParamType::Route(_) | ParamType::Words(_))
            || self.earlier == Some(EarlierForm::Str)
    }
}

/// The two stacks of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ContextKind {
    Dialog,
    Accounting,
}

/// What rules and the linker know of a function, beyond its types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    Pushes(ContextKind),
    Pops(ContextKind),
    /// Sends the request on.
    Relays,
    /// Does so without a transaction: replies come back statelessly.
    Stateless,
    Replies,
    /// Always ends the script.
    EndsScript,
    /// May suspend the run.
    Waits,
    /// What it waits for can be given up: the seconds of `async` count.
    TimesOut,
    /// Its return code deserves a look.
    MayFail,
    /// Gives a flag a value, or asks for it.
    SetsFlag,
    ClearsFlag,
    TestsFlag,
    /// Acts on the own dialog although another is loaded.
    SeesOwn,
    /// Makes the call's dialog.
    CreatesDialog,
    /// Parameter number names a dialog profile.
    UsesProfile(u8),
    /// Parameter number names a list of destinations.
    UsesBlacklist(u8),
    /// Parameter number names a bond of sockets, `bond:` in front or not.
    UsesBond(u8),
    /// Parameter number names an accounting table or field set.
    Accounts,
    /// Ours, not OpenSIPS's: a script that uses it is not portable.
    NotPortable,
}

/// A function as scripts call it.
#[derive(Clone, Copy, Debug)]
pub struct Signature {
    pub name: &'static str,
    pub params: &'static [Param],
    pub routes: RouteMask,
    pub roles: &'static [Role],
    pub doc: &'static str,
}

impl Signature {
    /// Arguments up to the last mandatory one.
    pub fn required(&self) -> usize {
        self.params.iter().rposition(|p| !p.optional).map_or(0, |i| i + 1)
    }

    pub fn has(&self, role: Role) -> bool {
        self.roles.contains(&role)
    }
}

/// How a variable takes its name in parentheses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SubName {
    None,
    /// May be there.
    Optional,
    Required,
}

impl SubName {
    /// Whether a reference with, or without, a name in parentheses fits.
    pub const fn takes(self, has_sub: bool) -> bool {
        match self {
            SubName::None => !has_sub,
            SubName::Optional => true,
            SubName::Required => has_sub,
        }
    }
}

/// What holds a variable's value, where the language gives it rules of its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum VarKind {
    #[default]
    Plain,
    /// Belongs to the run: `$var`.
    Local,
    /// A stack of values on message or transaction: `$avp`.
    Avp,
    /// A tree of values: `$json`.
    Document,
    /// Its name is a path into the message, perhaps with variables in it: `$sdp.line(a=[$var(i)])`.
    Path,
    /// The code of the last statement: `$rc`.
    LastCode,
}

impl VarKind {
    /// Whether `for` can assign it.
    pub const fn iterates(self) -> bool {
        matches!(self, VarKind::Local | VarKind::Avp | VarKind::Document)
    }
}

/// A variable as scripts write it.
#[derive(Clone, Copy, Debug)]
pub struct PvarSignature {
    pub name: &'static str,
    pub kind: VarKind,
    pub sub: SubName,
    /// `$avp($var(x))`: the name in parentheses may itself be a variable.
    pub dynamic_sub: bool,
    /// `$(name[i])`.
    pub index: bool,
    /// Words that it takes as index, in any case, and then nothing else: `insert`.
    pub words: &'static [&'static str],
    /// Words it takes behind an index and a slash, in any case.
    pub index_suffixes: &'static [&'static str],
    pub writable: bool,
    /// Its values are texts, also where they look like numbers.
    pub text_only: bool,
    /// A number without a text, such as a literal one, cannot be stored in it.
    pub needs_text: bool,
    /// The name in parentheses must be declared: which declaration.
    pub uses: Option<DeclaredName>,
    /// Checks a literal name in parentheses.
    pub check_sub: Option<LiteralCheck>,
    pub doc: &'static str,
}

/// Names that a module parameter declares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DeclaredName {
    AccExtra,
    AccLeg,
    Profile,
    /// A `$var` that every run begins with.
    Variable,
}

#[derive(Clone, Copy, Debug)]
pub struct TransformSignature {
    pub class: &'static str,
    pub name: &'static str,
    /// How each argument is read.
    pub args: &'static [ArgShape],
    /// How many of them, from the end, may be missing.
    pub optional: usize,
    /// `{nameaddr.2.uri}`.
    pub takes_index: bool,
    /// Asks somebody outside, so that the run may have to wait.
    pub waits: bool,
    pub doc: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueType {
    Int,
    Str,
}

/// The names that a parameter's value declares.
pub type NamesIn = fn(&[u8]) -> Vec<String>;

/// What a module is set up with: what its constraints look at.
#[derive(Clone, Copy, Debug, Default)]
pub struct Setup<'a> {
    /// The module's parameters: name and value.
    pub params: &'a [(String, Setting)],
    /// Names of the loaded modules.
    pub modules: &'a [String],
    /// Names of the global parameters that the script sets.
    pub globals: &'a [&'a str],
}

/// What is wrong with a setup and what to do.
pub type ConstraintCheck = fn(Setup<'_>) -> Result<(), String>;

/// A module parameter; the setter's pure half runs at check time too.
#[derive(Clone, Copy)]
pub struct ParamSignature {
    pub name: &'static str,
    pub ty: ValueType,
    pub check: Option<LiteralCheck>,
    /// What the parameter's value declares (profiles, accounting fields).
    pub declares: Option<(DeclaredName, NamesIn)>,
    /// Accepted, named at start, without effect here; the text says why.
    pub no_effect: Option<&'static str>,
    pub doc: &'static str,
}

impl ParamSignature {
    pub const fn new(name: &'static str, ty: ValueType, doc: &'static str) -> ParamSignature {
        ParamSignature { name, ty, check: None, declares: None, no_effect: None, doc }
    }

    /// Nothing follows from it here, and why.
    pub const fn idle(self, why: &'static str) -> ParamSignature {
        ParamSignature { no_effect: Some(why), ..self }
    }
}

/// What a module's configuration demands of the rest of the script.
#[derive(Clone, Copy)]
pub struct Constraint {
    pub check: ConstraintCheck,
}

/// A parameter's value as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Setting {
    Int(i32),
    Str(Vec<u8>),
}

/// A built-in module as everything above the VM sees it.
pub struct ModuleSignature {
    pub name: &'static str,
    /// Modules that must be loaded too.
    pub needs: &'static [&'static str],
    pub functions: Vec<&'static Signature>,
    pub pvars: Vec<&'static PvarSignature>,
    pub transforms: Vec<&'static TransformSignature>,
    pub params: &'static [ParamSignature],
    pub constraints: &'static [Constraint],
    pub events: &'static [&'static str],
    pub statistics: &'static [&'static str],
    /// A transport: at least one must be loaded.
    pub transport: Option<&'static str>,
    /// Pages of examples (`registry::examples`).
    pub examples: &'static [&'static str],
}
