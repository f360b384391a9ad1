//! Literal patterns behind `=~` and `!~` compile.
use super::arguments::bad_pattern;
use crate::analysis::script::Script;
use crate::analysis::walk::{Node, walk};
use crate::diag::Diagnostic;
use crate::syntax::ast::{CmpOp, Compare, CompareRight};
use crate::syntax::ere::{Flags, Pattern};

pub fn compile(script: &Script<'_>, found: &mut Vec<Diagnostic>) {
    for (_, route) in script.routes.iter() {
        walk(&route.body.stmts, &mut |node| {
            if let Node::Compare(compare) = node {
                found.extend(comparison(compare));
            }
        });
    }
}

fn comparison(compare: &Compare) -> Option<Diagnostic> {
    let CompareRight::Str(text) = &compare.right else { return None };
    if !matches!(compare.op, CmpOp::Match | CmpOp::NotMatch) {
        return None;
    }
    let error = Pattern::check(&text.value, Flags { icase: true, newline: false }).err()?;
    Some(bad_pattern(text, &error))
}
