//! Linked variables: a reference of the script with its row, its name resolved and its transformations ready.
use super::cx::Cx;
use crate::base::Str;
use crate::context::{AvpName, Value};
use crate::registry::{PvarSignature, TransformSignature};
use crate::syntax::pvar::MsgContext;
use std::any::Any;
use std::sync::Arc;

/// A row of variables: facts and bodies.
pub struct Pvar {
    pub sig: PvarSignature,
    /// What the linker makes of a literal name in parentheses.
    pub name: NameKind,
    pub read: fn(&mut Cx<'_>, &Var) -> Value,
    /// `None` for a read-only variable.
    pub write: Option<WriteFn>,
}

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
pub struct Var {
    pub row: &'static Pvar,
    pub name: VarName,
    pub index: VarIndex,
    pub context: Option<MsgContext>,
    pub transforms: Box<[LinkedTransform]>,
    /// As written, for diagnostics.
    pub text: Str,
}

pub enum VarName {
    None,
    Text(Str),
    Slot(u32),
    Avp(AvpName),
    Flag(u8),
    Custom(Arc<dyn Any + Send + Sync>),
    /// `$avp($var(x))`: evaluated at each use.
    Dynamic(Box<Var>),
}

pub enum VarIndex {
    None,
    Int(i32),
    All,
    Append,
    Var(Box<Var>),
}

/// An index with its variable read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Index {
    None,
    Int(i32),
    All,
    Append,
    /// An index variable without an integer face: reads are NULL, writes fail.
    Bad,
}

/// A row of transformations.
pub struct TransformRow {
    pub sig: TransformSignature,
    /// Gets the value so far (never NULL) and the evaluated arguments; NULL is failure.
    pub body: fn(&mut Cx<'_>, Value, Option<i32>, &[TransformArg]) -> Value,
}

pub struct LinkedTransform {
    pub row: &'static TransformRow,
    pub index: Option<LinkedTransformArg>,
    pub args: Box<[LinkedTransformArg]>,
}

pub enum LinkedTransformArg {
    Int(i32),
    Text(Str),
    /// A literal made ready at start (a compiled substitution).
    Prepared(Arc<dyn Any + Send + Sync>),
    Var(Box<Var>),
}

/// An argument of a transformation as its body sees it.
pub enum TransformArg {
    Int(i32),
    Text(Str),
    Prepared(Arc<dyn Any + Send + Sync>),
    /// A variable that is NULL.
    Null,
}

/// A part of a format string.
pub enum Piece {
    Text(Str),
    Var(Var),
}

impl Var {
    /// The name in parentheses as text; NULL dynamic names have none.
    pub fn name_text(&self, cx: &mut Cx<'_>) -> Option<Str> {
        match &self.name {
            VarName::Text(s) => Some(s.clone()),
            VarName::Avp(name) => cx.core.avp_names.text(*name),
            VarName::Dynamic(inner) => cx.read(inner).str_face(),
            VarName::None | VarName::Slot(_) | VarName::Flag(_) | VarName::Custom(_) => None,
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
            VarName::None | VarName::Text(_) | VarName::Slot(_) | VarName::Flag(_) | VarName::Custom(_) => None,
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
            VarIndex::Var(v) => cx.read(v).int_face().map_or(Index::Bad, Index::Int),
        }
    }

    pub fn is_writable(&self) -> bool {
        self.row.write.is_some() && self.transforms.is_empty()
    }
}
