//! Format strings that only become known while a script runs (`{s.eval}`): bound to the same rows as the script's own.
//!
//! Such a text may name any variable of the core and of the loaded modules. A `$var` that the script itself never names is
//! NULL; a flag that it never names makes the text a bad one. Recent texts are kept, bad ones too.
use crate::base::Str;
use crate::context::AvpNames;
use crate::registry::FlagFamily;
use crate::syntax::format_string::{FormatString, Piece as ParsedPiece};
use crate::syntax::origin::Origin;
use crate::syntax::pvar::{Index, Sub, VarRef};
use crate::syntax::transform::{TArg, Transform};
use crate::vm::flags::FlagNames;
use crate::vm::module::Module;
use crate::vm::pvar::{
    LinkedTransform, LinkedTransformArg, LinkedTransformArgs, NameKind, Piece, Pvar, TransformArg, TransformRow, Var,
    VarIndex, VarName,
};
use ahash::AHashMap;
use parking_lot::Mutex;
use std::sync::Arc;

type Pieces = Option<Arc<[Piece]>>;

/// What texts are bound to.
#[derive(Default)]
pub struct LateTexts {
    /// In the order in which names are looked up.
    modules: Vec<&'static Module>,
    slots: AHashMap<Str, u32>,
    recent: Mutex<AHashMap<Vec<u8>, Pieces>>,
}

impl LateTexts {
    const LIMIT: usize = 256;

    pub fn new(modules: Vec<&'static Module>, slots: AHashMap<Str, u32>) -> LateTexts {
        LateTexts { modules, slots, recent: Mutex::default() }
    }

    /// `None` for a text that is no format string, or names what there is not.
    pub fn get(&self, text: &[u8], flags: &FlagNames, avps: &AvpNames) -> Pieces {
        if let Some(known) = self.recent.lock().get(text) {
            return known.clone();
        }
        let made = Binder { texts: self, flags, avps }.text(text).map(Arc::from);
        let mut recent = self.recent.lock();
        if recent.len() >= Self::LIMIT {
            recent.clear();
        }
        recent.insert(text.to_vec(), made.clone());
        made
    }
}

struct Binder<'a> {
    texts: &'a LateTexts,
    flags: &'a FlagNames,
    avps: &'a AvpNames,
}

impl Binder<'_> {
    fn text(&self, text: &[u8]) -> Option<Vec<Piece>> {
        let parsed = FormatString::parse(text, Origin::At(0)).ok()?;
        let piece = |piece: &ParsedPiece| match piece {
            ParsedPiece::Text(text) => Some(Piece::Text(text.clone())),
            ParsedPiece::Var(var) => self.var(var).map(Piece::Var),
        };
        parsed.pieces.iter().map(piece).collect()
    }

    fn var(&self, var: &VarRef) -> Option<Var> {
        let row = self.row(var)?;
        let name = match &var.sub {
            None => VarName::None,
            Some(Sub { dynamic: Some(inner), .. }) if row.sig.dynamic_sub => {
                VarName::Dynamic(Box::new(self.var(inner)?))
            }
            Some(sub) => self.name(row, &sub.text)?,
        };
        let index = match &var.index {
            None => VarIndex::None,
            Some(Index::Int(i)) => VarIndex::Int(*i),
            Some(Index::All) => VarIndex::All,
            Some(Index::Append) => VarIndex::Append,
            Some(Index::Var(inner)) => VarIndex::Var(Box::new(self.var(inner)?)),
            Some(Index::Word(word)) => {
                let words = row.sig.words.iter().copied();
                VarIndex::Word(words.into_iter().find(|w| w.as_bytes().eq_ignore_ascii_case(word))?)
            }
        };
        let transforms = var.transforms.iter().map(|t| self.transform(t)).collect::<Option<_>>()?;
        let (index_suffix, context) = (var.index_suffix.clone(), var.context);
        Some(Var { row, name, index, index_suffix, context, transforms, text: Str::from(var.to_string()) })
    }

    fn row(&self, var: &VarRef) -> Option<&'static Pvar> {
        let rows = self.texts.modules.iter().flat_map(|m| m.pvars);
        let fits = |row: &&'static Pvar| {
            row.sig.name == var.name && row.sig.sub.takes(var.sub.is_some()) && (row.sig.index || var.index.is_none())
        };
        rows.into_iter().find(fits)
    }

    fn name(&self, row: &Pvar, text: &Str) -> Option<VarName> {
        if row.sig.check_sub.is_some_and(|check| check(text).is_err()) {
            return None;
        }
        let flag = |family| self.flags.number(family, text).map(VarName::Flag);
        match row.name {
            NameKind::Text => Some(VarName::Text(text.clone())),
            // No run has a slot of that number.
            NameKind::Slot => Some(VarName::Slot(self.texts.slots.get(text).copied().unwrap_or(u32::MAX))),
            NameKind::Avp => self.avps.intern(text).map(VarName::Avp),
            NameKind::MessageFlag => flag(FlagFamily::Message),
            NameKind::BranchFlag => flag(FlagFamily::Branch),
            NameKind::DialogFlag => flag(FlagFamily::Dialog),
            NameKind::Custom(prepare) => prepare(text).map(VarName::Custom),
            NameKind::Pieces => {
                let pieces = self.text(text).unwrap_or_else(|| vec![Piece::Text(text.clone())]);
                Some(VarName::Pieces(pieces.into()))
            }
        }
    }

    fn transform(&self, transform: &Transform) -> Option<LinkedTransform> {
        let rows = self.texts.modules.iter().flat_map(|m| m.transforms);
        let is_meant =
            |row: &&'static TransformRow| row.sig.class == transform.class && row.sig.name == transform.function;
        let row = rows.into_iter().find(is_meant)?;
        let split = transform.split(row.sig.args, row.sig.optional).ok()?;
        let index = match &transform.index {
            None => None,
            Some(_) if !row.sig.takes_index => return None,
            Some(index) => Some(self.argument(row, index)?),
        };
        let args = split.iter().map(|arg| self.argument(row, arg)).collect::<Option<Vec<_>>>()?;
        Some(LinkedTransform { row, index, args: LinkedTransformArgs::new(args) })
    }

    fn argument(&self, row: &TransformRow, arg: &TArg) -> Option<LinkedTransformArg> {
        match arg {
            TArg::Num(n) => Some(LinkedTransformArg::Ready(TransformArg::Int(*n))),
            TArg::Var(var) => Some(LinkedTransformArg::Var(Box::new(self.var(var)?))),
            TArg::Text(text) => match row.prepare {
                None => Some(LinkedTransformArg::Ready(TransformArg::Text(text.clone()))),
                Some(prepare) => prepare(text).map(|made| LinkedTransformArg::Ready(TransformArg::Prepared(made))),
            },
        }
    }
}
