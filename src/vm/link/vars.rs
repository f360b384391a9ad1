//! Variable references: the row, the name as its kind wants it, index and transformations.
use super::Linker;
use crate::base::Str;
use crate::diag::codes;
use crate::ir::{IndexRef, NamePiece, NameRef, TransformArgRef, TransformRef, VarRef};
use crate::registry::FlagFamily;
use crate::vm::pvar::{
    LinkedTransform, LinkedTransformArg, LinkedTransformArgs, NameKind, Piece, Pvar, TransformArg, TransformRow, Var,
    VarIndex, VarName,
};

impl Linker<'_> {
    /// `None` after noting what is wrong.
    pub(super) fn var(&mut self, var: &VarRef) -> Option<Var> {
        let Some(row) = self.pvars.get(usize::from(var.pvar.0)).copied() else {
            self.error(codes::UNKNOWN_VARIABLE, var.span, format!("`{}` has no body", var.text));
            return None;
        };
        let name = match &var.name {
            NameRef::None => VarName::None,
            NameRef::Dynamic(inner) => VarName::Dynamic(Box::new(self.var(inner)?)),
            NameRef::Text(text, pieces) => self.var_name(var, row, text, pieces.as_deref())?,
        };
        let index = match &var.index {
            IndexRef::None => VarIndex::None,
            IndexRef::Int(i) => VarIndex::Int(*i),
            IndexRef::All => VarIndex::All,
            IndexRef::Append => VarIndex::Append,
            IndexRef::Cursor => VarIndex::Cursor,
            IndexRef::Word(word) => VarIndex::Word(word),
            IndexRef::Var(inner) => VarIndex::Var(Box::new(self.var(inner)?)),
        };
        let transforms = var.transforms.iter().map(|t| self.transform(var, t)).collect::<Option<_>>()?;
        let index_suffix = var.index_suffix.clone();
        Some(Var { row, name, index, index_suffix, context: var.context, transforms, text: var.text.clone() })
    }

    fn var_name(&mut self, var: &VarRef, row: &Pvar, text: &Str, pieces: Option<&[NamePiece]>) -> Option<VarName> {
        match row.name {
            NameKind::Text => Some(VarName::Text(text.clone())),
            NameKind::Slot => {
                let next = self.slots.len() as u32;
                Some(VarName::Slot(*self.slots.entry(text.clone()).or_insert(next)))
            }
            NameKind::Avp => self.noted(var, self.avp_names.intern(text).map(VarName::Avp), "too many AVP names"),
            NameKind::MessageFlag => self.flag(var, FlagFamily::Message, text),
            NameKind::BranchFlag => self.flag(var, FlagFamily::Branch, text),
            NameKind::DialogFlag => self.flag(var, FlagFamily::Dialog, text),
            NameKind::Custom(prepare) => self.noted(var, prepare(text).map(VarName::Custom), "an unknown name"),
            NameKind::Pieces => {
                let whole = [NamePiece::Text(text.clone())];
                let pieces = pieces.unwrap_or(&whole).iter().map(|p| self.name_piece(p));
                Some(VarName::Pieces(pieces.collect::<Option<_>>()?))
            }
        }
    }

    fn name_piece(&mut self, piece: &NamePiece) -> Option<Piece> {
        match piece {
            NamePiece::Text(text) => Some(Piece::Text(text.clone())),
            NamePiece::Var(var) => self.var(var).map(Piece::Var),
        }
    }

    fn flag(&mut self, var: &VarRef, family: FlagFamily, name: &[u8]) -> Option<VarName> {
        let number = self.flags.declare(family, name);
        if number.is_none() {
            self.error(codes::TOO_MANY_FLAGS, var.span, format!("no room for the flag of `{}`", var.text));
        }
        number.map(VarName::Flag)
    }

    fn noted<T>(&mut self, var: &VarRef, made: Option<T>, problem: &str) -> Option<T> {
        if made.is_none() {
            self.error(codes::BAD_VARIABLE, var.span, format!("`{}`: {problem}", var.text));
        }
        made
    }

    fn transform(&mut self, var: &VarRef, t: &TransformRef) -> Option<LinkedTransform> {
        let row = self.transforms.get(usize::from(t.transform.0)).copied();
        let row: &'static TransformRow = self.noted(var, row, "a transformation without a body")?;
        let index = match &t.index {
            None => None,
            Some(index) => Some(self.transform_arg(var, None, index)?),
        };
        let args = t.args.iter().map(|a| self.transform_arg(var, Some(row), a)).collect::<Option<Vec<_>>>()?;
        Some(LinkedTransform { row, index, args: LinkedTransformArgs::new(args) })
    }

    /// A literal text is made ready where the row does that.
    fn transform_arg(
        &mut self,
        var: &VarRef,
        row: Option<&TransformRow>,
        arg: &TransformArgRef,
    ) -> Option<LinkedTransformArg> {
        match arg {
            TransformArgRef::Int(i) => Some(LinkedTransformArg::Ready(TransformArg::Int(*i))),
            TransformArgRef::Var(inner) => self.var(inner).map(|v| LinkedTransformArg::Var(Box::new(v))),
            TransformArgRef::Text(text) => match row.and_then(|r| r.prepare) {
                None => Some(LinkedTransformArg::Ready(TransformArg::Text(text.clone()))),
                Some(prepare) => {
                    let made = prepare(text).map(TransformArg::Prepared);
                    self.noted(var, made, "a bad argument of the transformation").map(LinkedTransformArg::Ready)
                }
            },
        }
    }
}
