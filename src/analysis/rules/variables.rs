//! Variables and their transformations: known, loaded, implemented, written in a form they have.
use super::functions::{list, load_line, old_name, with_new_name};
use crate::analysis::resolve::Resolved;
use crate::analysis::script::Script;
use crate::analysis::sites::Usage;
use crate::analysis::walk::Access;
use crate::base::Span;
use crate::diag::near::nearest;
use crate::diag::{Applicability, Diagnostic, codes};
use crate::registry::opensips::NameKind;
use crate::registry::{DeclaredName, ModuleId, PvarSignature, SubName, VarKind, VarUse};
use crate::syntax::format_string::FormatString;
use crate::syntax::origin::Origin;
use crate::syntax::pvar::{Index, Sub, VarRef};
use crate::syntax::transform::{TArg, Transform};

pub fn names(script: &Script<'_>, found: &mut Vec<Diagnostic>) {
    for site in &script.vars {
        let at = site.var.span.start;
        let mut check = Check { script, at, found };
        check.reference(&site.var);
        if let Resolved::Row((sig, _)) = script.variable(&site.var.name, site.var.sub.is_some(), at) {
            found.extend(usage(&site.var, sig, site.usage));
        }
    }
}

/// What is done with a variable, apart from reading it.
fn usage(var: &VarRef, sig: &PvarSignature, usage: Usage) -> Option<Diagnostic> {
    let written = match usage {
        Usage::Access(Access::Write | Access::Update | Access::Iterate) => true,
        Usage::Reference(by) => by.writes(),
        Usage::Access(Access::Read) | Usage::Value | Usage::Text => false,
    };
    if !written {
        return of_kind(var, sig, usage);
    }
    let read_only = |span, message: String| match usage {
        Usage::Reference(VarUse::Into) => {
            Diagnostic::new(codes::READ_ONLY_RESULT, span, message).help("the call fails when it has a result")
        }
        _ => Diagnostic::new(codes::READ_ONLY, span, message),
    };
    if usage == Usage::Access(Access::Iterate) && !sig.kind.iterates() {
        let message = format!("`{var}` cannot be the iterator of `for`; `$var`, `$avp` and `$json` can");
        return Some(Diagnostic::new(codes::FOR_ITERATOR, var.span, message));
    }
    if let Some(first) = var.transforms.first() {
        return Some(read_only(first.span, "a variable with a transformation cannot be written".to_owned()));
    }
    if !sig.writable {
        return Some(read_only(var.span, format!("`{var}` is read-only")));
    }
    of_kind(var, sig, usage)
}

/// A variable that a function wants to hold something certain.
fn of_kind(var: &VarRef, sig: &PvarSignature, usage: Usage) -> Option<Diagnostic> {
    let Usage::Reference(by) = usage else { return None };
    let kind = by.kind().filter(|kind| *kind != sig.kind)?;
    let wanted = if kind == VarKind::Avp { "an `$avp`" } else { "a `$json`" };
    let what = if by.writes() { "writes to" } else { "reads" };
    let message = format!("the function {what} {wanted}, not {}`{var}`", if by.writes() { "to " } else { "" });
    Some(Diagnostic::new(codes::ARGUMENT_TYPE, var.span, message))
}

/// Looks at one reference and at those inside it.
struct Check<'s, 'a, 'f> {
    script: &'s Script<'a>,
    at: u32,
    found: &'f mut Vec<Diagnostic>,
}

impl Check<'_, '_, '_> {
    fn report(&mut self, found: Diagnostic) {
        self.found.push(found);
    }

    fn reference(&mut self, var: &VarRef) {
        match self.script.variable(&var.name, var.sub.is_some(), self.at) {
            Resolved::Row((sig, module)) => {
                self.found.extend(old_name(self.script, NameKind::Pvar, &var.name, var.name_span));
                self.form(var, sig, module);
            }
            Resolved::NotLoaded(modules) => {
                let message = format!("variable `{var}` is in module {}, which is not loaded", list(&modules));
                let found = Diagnostic::new(codes::VARIABLE_NOT_LOADED, var.name_span, message);
                self.report(found.help(load_line(self.script, &modules, self.at)));
            }
            Resolved::NotImplemented(module) => self.not_implemented(var, module),
            Resolved::Unknown => self.unknown(var),
        }
        for transform in &var.transforms {
            self.transformation(transform);
        }
        if let Some(Index::Var(inner)) = &var.index {
            self.reference(inner);
        }
    }

    fn form(&mut self, var: &VarRef, sig: &PvarSignature, module: ModuleId) {
        if !sig.sub.takes(var.sub.is_some()) {
            return self.other_form(var, sig, module);
        }
        if let Some(sub) = &var.sub {
            self.sub(var, sub, sig);
        }
        if let Some(index) = &var.index {
            self.index(var, index, sig);
        }
    }

    /// The name exists, but not with or not without a name in parentheses.
    fn other_form(&mut self, var: &VarRef, sig: &PvarSignature, module: ModuleId) {
        let known = self.script.known.pvars_named(&var.name);
        if known.iter().any(|k| k.takes_sub == var.sub.is_some()) {
            return self.not_implemented(var, self.script.module_name(module));
        }
        let message = match sig.sub {
            SubName::None => format!("`${}` takes no name in parentheses", sig.name),
            SubName::Optional | SubName::Required => format!("`${0}` needs a name: `${0}(name)`", sig.name),
        };
        let span = var.sub.as_ref().map_or(var.name_span, |s| s.span);
        self.report(Diagnostic::new(codes::BAD_VARIABLE, span, message));
    }

    fn sub(&mut self, var: &VarRef, sub: &Sub, sig: &PvarSignature) {
        if sig.dynamic_sub && sub.text.starts_with(b"$") {
            if let Some(inner) = &sub.dynamic {
                self.reference(inner);
            }
            return;
        }
        if matches!(sig.kind, VarKind::Document | VarKind::Path) {
            self.pieces(sub);
        }
        if let Some(problem) = sig.check_sub.and_then(|check| check(&sub.text).err()) {
            self.report(Diagnostic::new(codes::BAD_VARIABLE, sub.span, format!("`{var}`: {problem}")));
        }
        if let Some(sort) = sig.uses {
            self.declared(var, sub, sort);
        }
    }

    /// A path with variables in it; what does not parse is plain text.
    fn pieces(&mut self, sub: &Sub) {
        let path = FormatString::parse(&sub.text, Origin::Within(sub.span)).unwrap_or_default();
        for inner in path.vars() {
            self.reference(inner);
        }
    }

    fn declared(&mut self, var: &VarRef, sub: &Sub, sort: DeclaredName) {
        let names = self.script.declared(sort);
        let name = sub.text.to_string_lossy();
        if names.iter().any(|n| n.eq_ignore_ascii_case(&name)) {
            return;
        }
        let message = format!("field `{name}` of `{var}` is not declared");
        let found = Diagnostic::new(codes::UNDECLARED_ACC_FIELD, sub.span, message);
        self.report(match nearest(&name, names.iter().map(String::as_str)) {
            Some(near) => {
                found.help(format!("did you mean `{near}`?")).fix(sub.span, near, Applicability::MaybeIncorrect)
            }
            None => found.help("declare it with the `modparam` that names the fields"),
        });
    }

    fn index(&mut self, var: &VarRef, index: &Index, sig: &PvarSignature) {
        if !sig.index {
            self.report(Diagnostic::new(codes::BAD_VARIABLE, var.span, format!("`{var}` takes no index")));
            return;
        }
        let suffix = var.index_suffix.as_ref().map(|s| s.to_string_lossy()).unwrap_or_default();
        if !suffix.is_empty() && !sig.index_suffixes.iter().any(|w| w.eq_ignore_ascii_case(&suffix)) {
            let message = format!("`{var}` takes no `/{suffix}` behind its index");
            return self.report(Diagnostic::new(codes::BAD_VARIABLE, var.span, message));
        }
        let word = match index {
            Index::Append if sig.kind != VarKind::Avp => "append".to_owned(),
            Index::Word(word) if !sig.words.iter().any(|w| w.as_bytes().eq_ignore_ascii_case(word)) => word.to_string(),
            Index::Int(i) if !sig.words.is_empty() => i.to_string(),
            Index::All if !sig.words.is_empty() => "*".to_owned(),
            Index::Var(inner) if !sig.words.is_empty() => inner.to_string(),
            Index::Append | Index::Word(_) | Index::Int(_) | Index::All | Index::Var(_) => return,
        };
        self.report(Diagnostic::new(codes::BAD_VARIABLE, var.span, format!("`{var}` takes no index `{word}`")));
    }

    fn not_implemented(&mut self, var: &VarRef, module: &str) {
        let message = if module == crate::registry::catalog::CORE {
            format!("variable `{var}` is known to OpenSIPS, not implemented here")
        } else {
            format!("variable `{var}` of module `{module}` is known to OpenSIPS, not implemented here")
        };
        let found = Diagnostic::new(codes::VARIABLE_NOT_IMPLEMENTED, var.name_span, message);
        let found = self.renamed(var, found);
        self.report(found);
    }

    fn unknown(&mut self, var: &VarRef) {
        let name = var.name.as_str();
        let found = |message: String| Diagnostic::new(codes::UNKNOWN_VARIABLE, var.name_span, message);
        if self.script.known.replaced(NameKind::Pvar, name).is_some() {
            let removed = found(format!("variable `${name}` is not known to OpenSIPS any more"));
            let removed = self.renamed(var, removed);
            return self.report(removed);
        }
        if let Some(cut) = name.find(['.', '_']).filter(|cut| name.get(..*cut).is_some_and(|n| self.is_known(n))) {
            let (shorter, rest) = name.split_at(cut);
            let glued = format!("$({shorter}){rest}");
            let help = format!("write `{glued}`: a name in a string goes on over letters, digits, `_` and `.`");
            let found = found(format!("unknown variable `${name}`")).help(help);
            // Behind the name of `$name` nothing else of the variable stands.
            let whole = Span::new(var.name_span.start.saturating_sub(1), var.name_span.end);
            let is_bare = var.span == whole;
            return self.report(if is_bare { found.fix(whole, glued, Applicability::MaybeIncorrect) } else { found });
        }
        let ours = self.script.catalog.pvars().map(|(_, _, sig)| sig.name);
        let near = nearest(name, ours).or_else(|| nearest(name, self.script.known.pvars.iter().map(|v| v.name)));
        self.report(match near {
            Some(near) => found(format!("unknown variable `${name}`; did you mean `${near}`?")).fix(
                var.name_span,
                near,
                Applicability::MaybeIncorrect,
            ),
            None => found(format!("unknown variable `${name}`")),
        });
    }

    fn is_known(&self, name: &str) -> bool {
        !self.script.catalog.pvars_named(name).is_empty() || !self.script.known.pvars_named(name).is_empty()
    }

    fn renamed(&self, var: &VarRef, found: Diagnostic) -> Diagnostic {
        match self.script.known.replaced(NameKind::Pvar, &var.name) {
            Some(row) => with_new_name(found, row, var.name_span),
            None => found,
        }
    }

    fn transformation(&mut self, t: &Transform) {
        let name = format!("{}.{}", t.class, t.function);
        let report = |code, message: String| Diagnostic::new(code, t.name_span, message);
        match self.script.transformation(t, self.at) {
            Resolved::Row(sig) if t.index.is_some() && !sig.takes_index => {
                self.report(report(codes::UNKNOWN_TRANSFORMATION, format!("transformation `{name}` takes no index")));
            }
            Resolved::Row(sig) => match t.split(sig.args, sig.optional) {
                Ok(args) => self.arguments(t, &args),
                Err(e) => self.report(Diagnostic::new(codes::BAD_VARIABLE, whole(e.span, t), e.kind.to_string())),
            },
            Resolved::NotLoaded(modules) => {
                let message = format!("transformation `{name}` is in module {}, which is not loaded", list(&modules));
                let found = report(codes::UNKNOWN_TRANSFORMATION, message);
                self.report(found.help(load_line(self.script, &modules, self.at)));
            }
            Resolved::NotImplemented(_) => {
                let message = format!("transformation `{name}` is known to OpenSIPS, not implemented here");
                self.report(report(codes::TRANSFORMATION_NOT_IMPLEMENTED, message));
            }
            Resolved::Unknown => {
                let found = self.unknown_transformation(t, &name);
                self.report(found);
            }
        }
    }

    fn arguments(&mut self, t: &Transform, args: &[TArg]) {
        for arg in t.index.iter().chain(args) {
            if let TArg::Var(inner) = arg {
                self.reference(inner);
            }
        }
    }

    fn unknown_transformation(&self, t: &Transform, name: &str) -> Diagnostic {
        let known: Vec<String> = (self.script.catalog.transforms())
            .map(|(_, _, sig)| format!("{}.{}", sig.class, sig.name))
            .chain(self.script.known.transformations.iter().map(|k| format!("{}.{}", k.class, k.function)))
            .collect();
        match nearest(name, known.iter().map(String::as_str)) {
            Some(near) => {
                let message = format!("unknown transformation `{name}`; did you mean `{near}`?");
                Diagnostic::new(codes::UNKNOWN_TRANSFORMATION, t.name_span, message)
            }
            None => {
                let message = format!("unknown transformation `{name}`");
                Diagnostic::new(codes::UNKNOWN_TRANSFORMATION, t.name_span, message)
            }
        }
    }
}

fn whole(span: Span, t: &Transform) -> Span {
    if span.is_empty() { t.span } else { span }
}
