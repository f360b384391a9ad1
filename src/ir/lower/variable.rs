//! Variable references: rows are found by name, what stands inside a reference with them.
use super::Lowering;
use crate::base::Str;
use crate::diag::codes;
use crate::ir::program::*;
use crate::registry::catalog::CORE;
use crate::registry::{PvarId, TransformId};
use crate::syntax::ast::VarToken;
use crate::syntax::format_string::{FormatString, Piece as ParsedPiece};
use crate::syntax::origin::Origin;
use crate::syntax::pvar::{self, Sub};
use crate::syntax::transform::{TArg, Transform};

impl Lowering<'_> {
    pub(super) fn place(&mut self, token: &VarToken) -> Place {
        match token.parse() {
            Ok(var) => Place::Var(self.var(&var)),
            Err(e) => {
                self.error(codes::BAD_VARIABLE, e.span, e.to_string());
                Place::Var(VarId(0))
            }
        }
    }

    pub(super) fn var(&mut self, var: &pvar::VarRef) -> VarId {
        match self.reference(var) {
            Some(made) => self.add_var(made),
            None => {
                self.error(codes::UNKNOWN_VARIABLE, var.span, format!("unknown variable `{var}`"));
                VarId(0)
            }
        }
    }

    fn add_var(&mut self, var: VarRef) -> VarId {
        self.has_waits |= var.waits;
        self.program.vars.push(var);
        VarId(self.program.vars.len() as u32 - 1)
    }

    /// The source of a `for`: without its transformations, at the index of the turn. `None` when it has no `[*]`.
    pub(super) fn list_source(&mut self, token: &VarToken) -> Option<VarId> {
        let parsed = token.parse().ok().filter(|v| v.index == Some(pvar::Index::All))?;
        let mut made = self.reference(&parsed)?;
        made.index = IndexRef::Cursor;
        made.transforms.clear();
        made.waits = made.parts_wait();
        Some(self.add_var(made))
    }

    /// `None` when a name in it is unknown.
    fn reference(&self, var: &pvar::VarRef) -> Option<VarRef> {
        let pvar = self.pvar(var)?;
        let dynamic = self.catalog.pvar(pvar).1.dynamic_sub;
        let name = match &var.sub {
            None => NameRef::None,
            Some(Sub { dynamic: Some(inner), .. }) if dynamic => NameRef::Dynamic(Box::new(self.reference(inner)?)),
            Some(sub) => NameRef::Text(sub.text.clone(), self.name_pieces(sub)),
        };
        let index = match &var.index {
            None => IndexRef::None,
            Some(pvar::Index::Int(i)) => IndexRef::Int(*i),
            Some(pvar::Index::All) => IndexRef::All,
            Some(pvar::Index::Append) => IndexRef::Append,
            Some(pvar::Index::Var(inner)) => IndexRef::Var(Box::new(self.reference(inner)?)),
            Some(pvar::Index::Word(word)) => IndexRef::Word(self.index_word(pvar, word)?),
        };
        let transforms: Vec<_> = var.transforms.iter().map(|t| self.transform(t)).collect::<Option<_>>()?;
        let asks = transforms.iter().any(|t| self.catalog.transform(t.transform).1.waits);
        let text = Str::from(var.to_string());
        let (index_suffix, context) = (var.index_suffix.clone(), var.context);
        let span = var.span;
        let mut made = VarRef { pvar, name, index, index_suffix, context, transforms, waits: false, text, span };
        made.waits = asks || made.parts_wait();
        Some(made)
    }

    fn index_word(&self, pvar: PvarId, word: &[u8]) -> Option<&'static str> {
        let words = self.catalog.pvar(pvar).1.words;
        words.iter().copied().find(|w| w.as_bytes().eq_ignore_ascii_case(word))
    }

    fn name_pieces(&self, sub: &Sub) -> Option<Vec<NamePiece>> {
        let parsed = FormatString::parse(&sub.text, Origin::Within(sub.span)).ok().filter(FormatString::has_var)?;
        let piece = |piece: &ParsedPiece| match piece {
            ParsedPiece::Text(text) => Some(NamePiece::Text(text.clone())),
            ParsedPiece::Var(var) => self.reference(var).map(NamePiece::Var),
        };
        parsed.pieces.iter().map(piece).collect()
    }

    /// The form with or without a name in parentheses; the core's comes first, then that of the module loaded last.
    fn pvar(&self, var: &pvar::VarRef) -> Option<PvarId> {
        let rank = |id: &PvarId| {
            let (module, sig) = self.catalog.pvar(*id);
            let loaded = self.loaded.iter().rposition(|m| *m == module)?;
            let is_core = self.catalog.module_signature(module).name == CORE;
            Some((sig.sub.takes(var.sub.is_some()), is_core, loaded))
        };
        let known = self.catalog.pvars_named(&var.name).iter().copied();
        known.filter(|id| rank(id).is_some()).max_by_key(rank)
    }

    fn transform(&self, t: &Transform) -> Option<TransformRef> {
        let loaded = |id: &&TransformId| self.loaded.contains(&self.catalog.transform(**id).0);
        let id = *self.catalog.transforms_named(&t.class, &t.function).iter().find(loaded)?;
        let sig = self.catalog.transform(id).1;
        let args = t.split(sig.args, sig.optional).ok()?;
        let index = match &t.index {
            None => None,
            Some(index) => Some(self.transform_arg(index)?),
        };
        let args = args.iter().map(|a| self.transform_arg(a)).collect::<Option<_>>()?;
        Some(TransformRef { transform: id, index, args })
    }

    fn transform_arg(&self, arg: &TArg) -> Option<TransformArgRef> {
        Some(match arg {
            TArg::Num(n) => TransformArgRef::Int(*n),
            TArg::Text(s) => TransformArgRef::Text(s.clone()),
            TArg::Var(var) => TransformArgRef::Var(Box::new(self.reference(var)?)),
        })
    }
}
