//! The level of `xlog` is told by its third character.
use crate::analysis::script::Script;
use crate::analysis::walk::{Node, walk};
use crate::base::Span;
use crate::diag::{Applicability, Diagnostic, codes};
use crate::syntax::ast::{CommandKind, StrLit};

const LEVELS: &[&str] = &["L_ALERT", "L_CRIT", "L_ERR", "L_WARN", "L_NOTICE", "L_INFO", "L_DBG"];

/// Alert, critical, error, warning, notice, info, debug.
const THIRD: &[u8] = b"ACEWNID";

pub fn known(script: &Script<'_>, found: &mut Vec<Diagnostic>) {
    for (_, route) in script.routes.iter() {
        walk(&route.body.stmts, &mut |node| {
            let Node::Command(command) = node else { return };
            let CommandKind::Xlog(xlog) = &command.kind else { return };
            found.extend(xlog.level.as_ref().and_then(level));
            found.extend(comma(&xlog.format));
        });
    }
}

/// `xlog("L_ERR" "text")`: one text, since neighbours are joined.
fn comma(format: &[StrLit]) -> Option<Diagnostic> {
    let (first, second) = (format.first()?, format.get(1)?);
    if !LEVELS.iter().any(|level| level.as_bytes() == first.value.as_bytes()) {
        return None;
    }
    let message = format!("`{}` is the beginning of the text, not its level", first.value);
    let found = Diagnostic::new(codes::MISSING_COMMA, first.span, message).help("write `,` behind it");
    Some(found.fix(Span::new(first.span.end, second.span.start), ", ", Applicability::MachineApplicable))
}

fn level(level: &StrLit) -> Option<Diagnostic> {
    let text = &level.value;
    if text.contains(&b'$') || text.get(2).is_some_and(|c| THIRD.contains(c)) {
        return None;
    }
    let message = format!("unknown level `{text}` of `xlog`");
    let found = Diagnostic::new(codes::XLOG_LEVEL, level.span, message);
    Some(found.help("levels are `L_ALERT`, `L_CRIT`, `L_ERR`, `L_WARN`, `L_NOTICE`, `L_INFO`, `L_DBG`"))
}
