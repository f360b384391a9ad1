//! The syntax tree of a script. Every node has its span in the flat text; names are not resolved here.
//!
//! What the parser could not read stands in the tree as a `Bad` node, already reported, so that later layers skip it.
//! Chains of operators are lists, not nests, and `else if` is a list of arms: depth is bounded by brackets alone.
mod command;
mod expr;
mod global;
mod literal;
mod stmt;

pub use command::*;
pub use expr::*;
pub use global::*;
pub use literal::*;
pub use stmt::*;

use crate::base::Span;

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
