//! Arguments of builtins: linked at start, turned into Rust values by `FromArg` at the call.
use super::cx::Cx;
use super::pvar::{Piece, Var};
use super::substitution::{LinkedSubstitution, Substitution};
use crate::base::Str;
use crate::context::{Value, decimal};
use crate::registry::{
    ArgumentRule, EarlierForm, FlagFamily, Literal, NotationVars, ParamType, RouteKind, Setup, VarUse,
};
use crate::syntax::ere::Pattern;
use std::any::Any;
use std::sync::Arc;

/// A literal parsed once, at start.
pub type Prepared = Arc<dyn Any + Send + Sync>;

/// Turns a literal into what the builtin wants; `None` for one that the checker should have refused.
pub type Prepare = fn(&[u8]) -> Option<Prepared>;

/// An argument as the linker leaves it.
pub enum Arg {
    Omitted,
    Int(i32),
    /// A string without variables.
    Str(Str),
    /// A string with variables in it.
    Format(Arc<[Piece]>),
    Var(Arc<Var>),
    Pattern(Arc<Pattern>),
    Substitution(Arc<LinkedSubstitution>),
    /// A flag's number within its family.
    Flag(u8),
    Prepared(Prepared),
    /// The same with the variables in it, in the order of the text.
    Notation(Prepared, Arc<[Arc<Var>]>),
}

/// Why a call did not happen; the code is -1 either way (language reference 7.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArgError {
    /// A variable is NULL or has no value of the wanted type.
    Null,
    /// The text is not in the function's vocabulary.
    Bad,
    /// The expanded text is longer than `pv_print_buf_size`.
    TooLong,
}

impl ArgError {
    pub const fn text(self) -> &'static str {
        match self {
            ArgError::Null => "is NULL or of the wrong type",
            ArgError::Bad => "has a value that the function does not know",
            ArgError::TooLong => "expands to more than pv_print_buf_size",
        }
    }
}

/// A Rust type that a builtin may take.
pub trait FromArg: Sized {
    const TY: ParamType;
    /// Another form that it takes for scripts of OpenSIPS 3.1.
    const EARLIER: Option<EarlierForm> = None;
    const OPTIONAL: bool = false;
    const PREPARE: Option<Prepare> = None;
    const RULE: Option<ArgumentRule> = None;

    fn from_arg(cx: &mut Cx<'_>, arg: &Arg) -> Result<Self, ArgError>;
}

impl FromArg for i32 {
    const TY: ParamType = ParamType::Int;

    fn from_arg(cx: &mut Cx<'_>, arg: &Arg) -> Result<i32, ArgError> {
        match arg {
            Arg::Int(i) => Ok(*i),
            Arg::Var(var) => cx.read(var).int_face().ok_or(ArgError::Null),
            _ => Err(ArgError::Null),
        }
    }
}

impl FromArg for Str {
    const TY: ParamType = ParamType::Str;

    fn from_arg(cx: &mut Cx<'_>, arg: &Arg) -> Result<Str, ArgError> {
        match arg {
            Arg::Str(s) => Ok(s.clone()),
            Arg::Format(pieces) => cx.expand(pieces).ok_or(ArgError::TooLong),
            Arg::Var(var) => cx.read(var).str_face().ok_or(ArgError::Null),
            _ => Err(ArgError::Null),
        }
    }
}

/// A string that is expanded later, and then as often as wanted.
pub enum Template {
    Text(Str),
    Format(Arc<[Piece]>),
    Var(Arc<Var>),
}

impl Template {
    /// `None` when it grows beyond `pv_print_buf_size`.
    pub fn expand(&self, cx: &mut Cx<'_>) -> Option<Str> {
        match self {
            Template::Text(text) => Some(text.clone()),
            Template::Format(pieces) => cx.expand(pieces),
            Template::Var(var) => Some(cx.read(var).str_face().unwrap_or(Str::from_static("<null>"))),
        }
    }
}

impl FromArg for Template {
    const TY: ParamType = ParamType::Str;

    fn from_arg(_: &mut Cx<'_>, arg: &Arg) -> Result<Template, ArgError> {
        match arg {
            Arg::Str(text) => Ok(Template::Text(text.clone())),
            Arg::Format(pieces) => Ok(Template::Format(pieces.clone())),
            Arg::Var(var) => Ok(Template::Var(var.clone())),
            _ => Err(ArgError::Null),
        }
    }
}

/// A string literal without variables.
pub struct Static(pub Str);

impl FromArg for Static {
    const TY: ParamType = ParamType::StrStatic;

    fn from_arg(_: &mut Cx<'_>, arg: &Arg) -> Result<Static, ArgError> {
        match arg {
            Arg::Str(s) => Ok(Static(s.clone())),
            _ => Err(ArgError::Null),
        }
    }
}

/// A string taken as it is written, or a variable's value.
pub struct Verbatim(pub Str);

impl FromArg for Verbatim {
    const TY: ParamType = ParamType::StrVerbatim;

    fn from_arg(cx: &mut Cx<'_>, arg: &Arg) -> Result<Verbatim, ArgError> {
        Str::from_arg(cx, arg).map(Verbatim)
    }
}

macro_rules! var_args {
    ($($(#[$doc:meta])* $name:ident => $use:expr;)*) => {$(
        $(#[$doc])*
        pub struct $name(pub Arc<Var>);

        impl FromArg for $name {
            const TY: ParamType = ParamType::Var($use);

            fn from_arg(_: &mut Cx<'_>, arg: &Arg) -> Result<$name, ArgError> {
                match arg {
                    Arg::Var(var) => Ok($name(var.clone())),
                    _ => Err(ArgError::Null),
                }
            }
        }
    )*};
}

var_args! {
    /// A variable by reference, to be read.
    VarIn => VarUse::In;
    /// A variable by reference, to be written.
    VarOut => VarUse::Out;
    /// An AVP by reference, to be written.
    AvpOut => VarUse::OutAvp;
    /// A document by reference, to be read.
    DocumentIn => VarUse::InDocument;
    /// A document by reference, to be written.
    DocumentOut => VarUse::OutDocument;
    /// A variable by reference, to be written; whether it can be is seen then.
    VarInto => VarUse::Into;
}

/// The value of a variable, which may be NULL. 3.1 took a text there.
pub struct ValueIn(pub Value);

impl FromArg for ValueIn {
    const TY: ParamType = ParamType::Var(VarUse::In);
    const EARLIER: Option<EarlierForm> = Some(EarlierForm::Str);

    fn from_arg(cx: &mut Cx<'_>, arg: &Arg) -> Result<ValueIn, ArgError> {
        match arg {
            Arg::Var(var) => Ok(ValueIn(cx.read(var))),
            _ => Str::from_arg(cx, arg).map(|text| ValueIn(Value::Str(text))),
        }
    }
}

/// A regular expression.
pub struct PatternArg(pub Arc<Pattern>);

impl FromArg for PatternArg {
    const TY: ParamType = ParamType::Regex;

    fn from_arg(cx: &mut Cx<'_>, arg: &Arg) -> Result<PatternArg, ArgError> {
        match arg {
            Arg::Pattern(p) => Ok(PatternArg(p.clone())),
            _ => {
                let text = Str::from_arg(cx, arg)?;
                cx.line_pattern(&text).map(PatternArg).ok_or(ArgError::Bad)
            }
        }
    }
}

/// A substitution by regular expression. One made at run time has no variables: these are known by their places in the
/// script.
pub struct SubstitutionArg(pub Arc<LinkedSubstitution>);

impl FromArg for SubstitutionArg {
    const TY: ParamType = ParamType::Substitution;

    fn from_arg(cx: &mut Cx<'_>, arg: &Arg) -> Result<SubstitutionArg, ArgError> {
        if let Arg::Substitution(linked) = arg {
            return Ok(SubstitutionArg(linked.clone()));
        }
        let text = Str::from_arg(cx, arg)?;
        let substitution = Substitution::parse(&text).map_err(|_| ArgError::Bad)?;
        if substitution.replacement.has_vars() {
            return Err(ArgError::Bad);
        }
        Ok(SubstitutionArg(Arc::new(LinkedSubstitution { substitution, vars: Box::default() })))
    }
}

macro_rules! route_args {
    ($($(#[$doc:meta])* $name:ident => $kind:expr;)*) => {$(
        $(#[$doc])*
        pub struct $name(pub Str);

        impl FromArg for $name {
            const TY: ParamType = ParamType::Route($kind);

            fn from_arg(cx: &mut Cx<'_>, arg: &Arg) -> Result<$name, ArgError> {
                Str::from_arg(cx, arg).map($name)
            }
        }
    )*};
}

route_args! {
    /// Name of a `route[..]`.
    RouteName => RouteKind::Request;
    /// Name of a `failure_route[..]`.
    FailureRouteName => RouteKind::Failure;
    /// Name of a `branch_route[..]`.
    BranchRouteName => RouteKind::Branch;
    /// Name of an `onreply_route[..]`.
    OnReplyRouteName => RouteKind::OnReply;
}

macro_rules! flag_args {
    ($($(#[$doc:meta])* $name:ident => $family:expr, $earlier:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy)]
        pub struct $name(pub u8);

        impl $name {
            pub const fn mask(self) -> u32 {
                1 << self.0
            }
        }

        impl FromArg for $name {
            const TY: ParamType = ParamType::Flag($family);
            const EARLIER: Option<EarlierForm> = $earlier;

            fn from_arg(cx: &mut Cx<'_>, arg: &Arg) -> Result<$name, ArgError> {
                match arg {
                    Arg::Flag(n) => Ok($name(*n)),
                    Arg::Var(var) if Self::EARLIER.is_some() => {
                        let name = cx.read(var).int_face().map(decimal).ok_or(ArgError::Null)?;
                        cx.image.flags.number($family, &name).map($name).ok_or(ArgError::Bad)
                    }
                    _ => Err(ArgError::Null),
                }
            }
        }
    )*};
}

flag_args! {
    /// A message flag by number.
    MessageFlag => FlagFamily::Message, None;
    /// A branch flag by number.
    BranchFlag => FlagFamily::Branch, None;
    /// A dialog flag by number. 3.1 had numbers for names.
    DialogFlag => FlagFamily::Dialog, Some(EarlierForm::Int);
}

/// A string argument with a vocabulary of its own: a list of flags, a selector.
pub trait Vocabulary: Clone + Send + Sync + 'static {
    /// Whether 3.1 took a number in its place.
    const EARLIER: Option<EarlierForm> = None;

    /// Of a notation: whether variables stand in it.
    const VARS: NotationVars = NotationVars::Named;

    /// What is wrong with the text, and what it may be.
    fn parse(text: &[u8]) -> Result<Self, String>;
}

/// An argument read by its `Vocabulary`: literals at start, variables at the call.
pub struct Words<T>(pub T);

impl<T: Vocabulary> FromArg for Words<T> {
    const TY: ParamType = ParamType::Words(|text| T::parse(text).map(drop));
    const EARLIER: Option<EarlierForm> = T::EARLIER;
    const PREPARE: Option<Prepare> = Some(|text| Some(Arc::new(T::parse(text).ok()?)));

    fn from_arg(cx: &mut Cx<'_>, arg: &Arg) -> Result<Words<T>, ArgError> {
        if let Arg::Prepared(p) = arg {
            return p.downcast_ref::<T>().cloned().map(Words).ok_or(ArgError::Bad);
        }
        let text = Str::from_arg(cx, arg)?;
        T::parse(&text).map(Words).map_err(|_| ArgError::Bad)
    }
}

/// The same for a text that is taken as written, with the variables that it names. One made at run time has none: they
/// are known by their places in the script.
pub struct Notation<T> {
    pub words: T,
    pub vars: Arc<[Arc<Var>]>,
}

impl<T> Notation<T> {
    /// The variable that stands so in the text.
    pub fn var(&self, text: &[u8]) -> Option<Arc<Var>> {
        self.vars.iter().find(|var| *var.text == *text).cloned()
    }
}

impl<T: Vocabulary> FromArg for Notation<T> {
    const TY: ParamType = ParamType::Notation(|text| T::parse(text).map(drop), T::VARS);
    const PREPARE: Option<Prepare> = <Words<T> as FromArg>::PREPARE;

    fn from_arg(cx: &mut Cx<'_>, arg: &Arg) -> Result<Notation<T>, ArgError> {
        if let Arg::Notation(prepared, vars) = arg {
            let words = prepared.downcast_ref::<T>().cloned().ok_or(ArgError::Bad)?;
            return Ok(Notation { words, vars: vars.clone() });
        }
        Words::from_arg(cx, arg).map(|words| Notation { words: words.0, vars: Arc::default() })
    }
}

/// What the literals of an argument must obey beyond its type.
pub trait Rule {
    type Value: FromArg;

    /// What is wrong with the literal, and what it may be.
    fn check(literal: Literal<'_>, setup: Setup<'_>) -> Result<(), String>;
}

/// An argument whose literals follow a rule. What comes at run time is not checked: the function answers for it.
pub struct Ruled<R: Rule>(pub R::Value);

impl<R: Rule> FromArg for Ruled<R> {
    const TY: ParamType = R::Value::TY;
    const EARLIER: Option<EarlierForm> = R::Value::EARLIER;
    const PREPARE: Option<Prepare> = R::Value::PREPARE;
    const RULE: Option<ArgumentRule> = Some(R::check);

    fn from_arg(cx: &mut Cx<'_>, arg: &Arg) -> Result<Ruled<R>, ArgError> {
        R::Value::from_arg(cx, arg).map(Ruled)
    }
}

/// A number from `LOW` to `HIGH`.
pub struct Between<const LOW: i32, const HIGH: i32>;

impl<const LOW: i32, const HIGH: i32> Rule for Between<LOW, HIGH> {
    type Value = i32;

    fn check(literal: Literal<'_>, _: Setup<'_>) -> Result<(), String> {
        match literal {
            Literal::Int(n) if !(LOW..=HIGH).contains(&n) => Err(format!("it may be {LOW} to {HIGH}, not {n}")),
            _ => Ok(()),
        }
    }
}

/// The status of a reply.
pub type Status = Between<100, 699>;

impl<T: FromArg> FromArg for Option<T> {
    const TY: ParamType = T::TY;
    const RULE: Option<ArgumentRule> = T::RULE;
    const EARLIER: Option<EarlierForm> = T::EARLIER;
    const OPTIONAL: bool = true;
    const PREPARE: Option<Prepare> = T::PREPARE;

    fn from_arg(cx: &mut Cx<'_>, arg: &Arg) -> Result<Option<T>, ArgError> {
        match arg {
            Arg::Omitted => Ok(None),
            _ => T::from_arg(cx, arg).map(Some),
        }
    }
}
