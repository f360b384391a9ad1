//! Linked variables: a reference of the script with its row, its name resolved and its transformations ready.
use super::arg::Prepare;
use super::cx::Cx;
use crate::base::Str;
use crate::context::{AvpName, Value, decimal};
use crate::registry::{DeclaredName, LiteralCheck, PvarSignature, SubName, TransformSignature, VarKind};
use crate::syntax::pvar::MsgContext;
use crate::syntax::transform::ArgShape;
use std::any::Any;
use std::borrow::Cow;
use std::sync::Arc;

/// A row of variables: facts and bodies.
#[derive(Clone, Copy)]
pub struct Pvar {
    pub sig: PvarSignature,
    /// What the linker makes of a literal name in parentheses.
    pub name: NameKind,
    pub read: ReadFn,
    /// `None` for a read-only variable.
    pub write: Option<WriteFn>,
}

/// Rows are written as chains: `Pvar::new("hdr", hdr, "..").dynamic(NameKind::Text).indexed()`.
impl Pvar {
    /// A read-only variable without name in parentheses and without index.
    pub const fn new(name: &'static str, read: ReadFn, doc: &'static str) -> Pvar {
        let sig = PvarSignature {
            name,
            kind: VarKind::Plain,
            sub: SubName::None,
            dynamic_sub: false,
            index: false,
            words: &[],
            index_suffixes: &[],
            writable: false,
            uses: None,
            check_sub: None,
            text_only: false,
            needs_text: false,
            doc,
        };
        Pvar { sig, name: NameKind::Text, read, write: None }
    }

    /// The same variable under another name.
    pub const fn alias(mut self, name: &'static str) -> Pvar {
        self.sig.name = name;
        self
    }

    /// Stores nothing but text: a literal number is refused (language reference 6.2).
    pub const fn needs_text(mut self) -> Pvar {
        self.sig.needs_text = true;
        self
    }

    /// Its values have no number, whatever they look like.
    pub const fn text_only(mut self) -> Pvar {
        self.sig.text_only = true;
        self
    }

    pub const fn writable(mut self, write: WriteFn) -> Pvar {
        self.sig.writable = true;
        self.write = Some(write);
        self
    }

    /// Takes a name in parentheses, always or, by `sub`, perhaps.
    pub const fn named(mut self, sub: SubName, kind: NameKind) -> Pvar {
        self.sig.sub = sub;
        self.sig.kind = match kind {
            NameKind::Slot => VarKind::Local,
            NameKind::Avp => VarKind::Avp,
            NameKind::Pieces => VarKind::Document,
            _ => self.sig.kind,
        };
        self.name = kind;
        self
    }

    /// What the language itself says of this variable.
    pub const fn kind(mut self, kind: VarKind) -> Pvar {
        self.sig.kind = kind;
        self
    }

    /// Takes a name in parentheses that may itself be a variable.
    pub const fn dynamic(mut self, kind: NameKind) -> Pvar {
        self.sig.dynamic_sub = true;
        self.named(SubName::Required, kind)
    }

    pub const fn indexed(mut self) -> Pvar {
        self.sig.index = true;
        self
    }

    /// Words that stand where an index stands: `$(sdp.line(a)[insert])`.
    pub const fn index_words(mut self, words: &'static [&'static str]) -> Pvar {
        self.sig.index = true;
        self.sig.words = words;
        self
    }

    /// Words that stand behind an index: `$(tm.branch.uri[0/active])`.
    pub const fn index_suffixes(mut self, words: &'static [&'static str]) -> Pvar {
        self.sig.index_suffixes = words;
        self
    }

    /// A literal name in parentheses is checked before the first message.
    pub const fn checked(mut self, check: LiteralCheck) -> Pvar {
        self.sig.check_sub = Some(check);
        self
    }

    pub const fn uses(mut self, name: DeclaredName) -> Pvar {
        self.sig.uses = Some(name);
        self
    }
}

pub type ReadFn = fn(&mut Cx<'_>, &Var) -> Value;

pub type WriteFn = fn(&mut Cx<'_>, &Var, Store, Value) -> Result<(), WriteError>;

/// How the name in parentheses is resolved before the first message.
#[derive(Clone, Copy)]
pub enum NameKind {
    /// Kept as text.
    Text,
    /// A slot of the run: `$var(x)`.
    Slot,
    Avp,
    /// A message flag's number.
    MessageFlag,
    BranchFlag,
    DialogFlag,
    /// Prepared by the row: a header id, a field's number.
    Custom(fn(&[u8]) -> Option<Arc<dyn Any + Send + Sync>>),
    /// Text with variables in it, each linked; the row reads its structure from the texts between them:
    /// `$json(list[$var(i)]/key)`. What does not parse as a format string is one text.
    Pieces,
}

/// The two plain assignments; compound ones are computed by the loop and stored with `Set`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Store {
    /// `=`
    Set,
    /// `:=`
    Replace,
}

/// Why a store failed; the statement's code is -1 and the target unchanged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WriteError(pub String);

impl WriteError {
    pub fn new(text: impl Into<String>) -> WriteError {
        WriteError(text.into())
    }
}

/// A variable reference after linking.
#[derive(Clone)]
pub struct Var {
    pub row: &'static Pvar,
    pub name: VarName,
    pub index: VarIndex,
    /// The word behind a slash in the index.
    pub index_suffix: Option<Str>,
    pub context: Option<MsgContext>,
    pub transforms: Box<[LinkedTransform]>,
    /// As written, for diagnostics.
    pub text: Str,
}

#[derive(Clone)]
pub enum VarName {
    None,
    Text(Str),
    Slot(u32),
    Avp(AvpName),
    Flag(u8),
    Custom(Arc<dyn Any + Send + Sync>),
    Pieces(Box<[Piece]>),
    /// `$avp($var(x))`: evaluated at each use.
    Dynamic(Box<Var>),
}

#[derive(Clone)]
pub enum VarIndex {
    None,
    Int(i32),
    All,
    Append,
    /// The index that a `for` is at.
    Cursor,
    /// One of the row's words.
    Word(&'static str),
    Var(Box<Var>),
}

/// An index with its variable read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Index {
    None,
    Int(i32),
    All,
    Append,
    /// One of the row's words.
    Word(&'static str),
    /// An index variable without an integer face: reads are NULL, writes fail.
    Bad,
}

/// A row of transformations.
#[derive(Clone, Copy)]
pub struct TransformRow {
    pub sig: TransformSignature,
    pub body: TransformFn,
    /// Makes a literal argument ready at start; `None` for one that the checker should have refused.
    pub prepare: Option<Prepare>,
}

/// Gets the value so far (never NULL), the index and the evaluated arguments; NULL is failure.
pub type TransformFn = fn(&mut Cx<'_>, Value, Option<i32>, &[TransformArg]) -> Value;

/// Rows are written as chains: `TransformRow::new("s", "substr", substr, "..").args(&[Num, Num])`.
impl TransformRow {
    pub const fn new(class: &'static str, name: &'static str, body: TransformFn, doc: &'static str) -> TransformRow {
        let sig = TransformSignature { class, name, args: &[], optional: 0, takes_index: false, waits: false, doc };
        TransformRow { sig, body, prepare: None }
    }

    pub const fn args(mut self, args: &'static [ArgShape]) -> TransformRow {
        self.sig.args = args;
        self
    }

    /// The last `count` arguments may be missing.
    pub const fn optional(mut self, count: usize) -> TransformRow {
        self.sig.optional = count;
        self
    }

    /// `{nameaddr.2.uri}`
    pub const fn indexed(mut self) -> TransformRow {
        self.sig.takes_index = true;
        self
    }

    /// Asks somebody outside, by `Cx::ask`.
    pub const fn waiting(mut self) -> TransformRow {
        self.sig.waits = true;
        self
    }

    pub const fn prepared(mut self, prepare: Prepare) -> TransformRow {
        self.prepare = Some(prepare);
        self
    }

    /// The same transformation under another name.
    pub const fn alias(mut self, name: &'static str) -> TransformRow {
        self.sig.name = name;
        self
    }
}

#[derive(Clone)]
pub struct LinkedTransform {
    pub row: &'static TransformRow,
    pub index: Option<LinkedTransformArg>,
    pub args: LinkedTransformArgs,
}

#[derive(Clone)]
pub enum LinkedTransformArgs {
    /// Literals: the same at each use.
    Ready(Box<[TransformArg]>),
    /// Read at each use, with variables among them.
    Read(Box<[LinkedTransformArg]>),
}

#[derive(Clone)]
pub enum LinkedTransformArg {
    Ready(TransformArg),
    Var(Box<Var>),
}

impl LinkedTransformArgs {
    pub fn new(args: Vec<LinkedTransformArg>) -> LinkedTransformArgs {
        let ready = |arg: &LinkedTransformArg| match arg {
            LinkedTransformArg::Ready(arg) => Some(arg.clone()),
            LinkedTransformArg::Var(_) => None,
        };
        match args.iter().map(ready).collect() {
            Some(ready) => LinkedTransformArgs::Ready(ready),
            None => LinkedTransformArgs::Read(args.into()),
        }
    }
}

/// An argument of a transformation as its body sees it.
#[derive(Clone, Debug)]
pub enum TransformArg {
    Int(i32),
    Text(Str),
    /// A variable with both faces.
    Both(Str, i32),
    /// A literal made ready at start (a compiled substitution).
    Prepared(Arc<dyn Any + Send + Sync>),
    /// A variable that is NULL.
    Null,
}

impl TransformArg {
    pub fn int(&self) -> Option<i32> {
        match self {
            TransformArg::Int(i) | TransformArg::Both(_, i) => Some(*i),
            TransformArg::Text(_) | TransformArg::Prepared(_) | TransformArg::Null => None,
        }
    }

    pub fn text(&self) -> Option<Str> {
        match self {
            TransformArg::Int(i) => Some(decimal(*i)),
            TransformArg::Text(s) | TransformArg::Both(s, _) => Some(s.clone()),
            TransformArg::Prepared(_) | TransformArg::Null => None,
        }
    }

    /// What the row's `prepare` made.
    pub fn prepared<T: Any + Send + Sync>(&self) -> Option<&T> {
        match self {
            TransformArg::Prepared(p) => p.downcast_ref(),
            _ => None,
        }
    }
}

/// A part of a format string.
#[derive(Clone)]
pub enum Piece {
    Text(Str),
    Var(Var),
}

impl Var {
    /// The name in parentheses as text; NULL dynamic names have none.
    pub fn name_text(&self, cx: &mut Cx<'_>) -> Option<Str> {
        self.lent_name(cx).map(Cow::into_owned)
    }

    /// As `name_text`, without a copy of a name that the script spells out.
    pub fn lent_name(&self, cx: &mut Cx<'_>) -> Option<Cow<'_, Str>> {
        match &self.name {
            VarName::Text(s) => Some(Cow::Borrowed(s)),
            VarName::Avp(name) => cx.core.avp_names.text(*name).map(Cow::Owned),
            VarName::Dynamic(inner) => cx.read(inner).into_str_face().map(Cow::Owned),
            VarName::None | VarName::Slot(_) | VarName::Flag(_) | VarName::Custom(_) | VarName::Pieces(_) => None,
        }
    }

    /// The AVP meant, when the row's names are AVPs.
    pub fn avp_name(&self, cx: &mut Cx<'_>) -> Option<AvpName> {
        match &self.name {
            VarName::Avp(name) => Some(*name),
            VarName::Dynamic(inner) => {
                let text = cx.read(inner).str_face()?;
                cx.core.avp_names.intern(&text)
            }
            VarName::None
            | VarName::Text(_)
            | VarName::Slot(_)
            | VarName::Flag(_)
            | VarName::Custom(_)
            | VarName::Pieces(_) => None,
        }
    }

    /// A flag's mask, when the row's names are flags.
    pub fn flag_mask(&self) -> Option<u32> {
        match self.name {
            VarName::Flag(n) => 1u32.checked_shl(u32::from(n)),
            _ => None,
        }
    }

    /// What the row's `NameKind::Custom` prepared.
    pub fn custom<T: Any + Send + Sync>(&self) -> Option<&T> {
        match &self.name {
            VarName::Custom(v) => v.downcast_ref(),
            _ => None,
        }
    }

    pub fn index(&self, cx: &mut Cx<'_>) -> Index {
        match &self.index {
            VarIndex::None => Index::None,
            VarIndex::Int(i) => Index::Int(*i),
            VarIndex::All => Index::All,
            VarIndex::Append => Index::Append,
            VarIndex::Word(word) => Index::Word(word),
            VarIndex::Cursor => Index::Int(cx.run.script.cursor),
            VarIndex::Var(v) => cx.read(v).int_face().map_or(Index::Bad, Index::Int),
        }
    }

    pub fn is_writable(&self) -> bool {
        self.row.write.is_some() && self.transforms.is_empty()
    }
}
