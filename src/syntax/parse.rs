//! The whole way from a source to a tree.
use super::ast::{Ast, StrLit, VarToken};
use super::format_string::FormatString;
use super::grammar::{Grammar, Rule};
use super::lower;
use super::origin::Origin;
use super::pvar::{PvarError, VarRef};
use super::scan;
use super::source::{Source, bytes_of};
use crate::diag::Diagnostic;
use pest::Parser;

/// What reading a script yields: always a tree, and everything that is wrong with the text.
#[derive(Clone, Debug, Default)]
pub struct Parse {
    pub ast: Ast,
    /// In the order of their places.
    pub errors: Vec<Diagnostic>,
}

/// Reads a flattened script.
pub fn parse(source: &Source) -> Parse {
    let scan = scan::scan(&source.text);
    let usable = source.text.get(..scan.usable).unwrap_or("");
    let mut errors = source.errors.clone();
    errors.extend(scan.errors);
    let tokens = scan.tokens.get(..scan.usable).unwrap_or("");
    let ast = match Grammar::parse(Rule::file, tokens).map(|mut pairs| pairs.next()) {
        Ok(Some(file)) => {
            let (ast, found) = lower::lower(usable, file, scan.trivia, scan.complete);
            errors.extend(found);
            ast
        }
        Ok(None) => Ast::default(),
        Err(e) => {
            errors.push(unread(&e));
            Ast { items: Vec::new(), trivia: scan.trivia }
        }
    };
    errors.sort_by_key(|d| d.span().start);
    Parse { ast, errors }
}

/// `file` reads every text that the scan lets through; should the grammar ever fail, it says where.
fn unread(error: &pest::error::Error<Rule>) -> Diagnostic {
    let at = match error.location {
        pest::error::InputLocation::Pos(at) | pest::error::InputLocation::Span((at, _)) => at as u32,
    };
    let message = format!("the text cannot be read: {}", error.variant.message());
    Diagnostic::new(crate::diag::codes::SYNTAX, crate::base::Span::at(at), message)
}

impl VarToken {
    /// The reference this token is.
    pub fn parse(&self) -> Result<VarRef, PvarError> {
        VarRef::parse(&bytes_of(&self.text), Origin::At(self.span.start))
    }
}

impl StrLit {
    /// The value as format string.
    pub fn format(&self) -> Result<FormatString, PvarError> {
        format(std::slice::from_ref(self))
    }
}

/// Adjacent strings as one format string.
pub fn format(parts: &[StrLit]) -> Result<FormatString, PvarError> {
    let value = super::ast::joined(parts);
    let mut map: Vec<u32> = Vec::with_capacity(value.len() + 1);
    for part in parts {
        map.extend((0..part.value.len()).map(|i| part.offset_of(i)));
    }
    map.push(parts.last().map_or(0, |p| p.span.end.saturating_sub(1)));
    FormatString::parse(&value, Origin::Map(&map))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Span;
    use crate::syntax::ast::{AssignValue, CommandKind, Stmt, StmtKind};

    fn statements(text: &str) -> Vec<Stmt> {
        let parse = parse(&Source::single("a.cfg", text.as_bytes()));
        assert_eq!(parse.errors, []);
        parse.ast.routes().next().expect("a route").body.stmts.clone()
    }

    #[test]
    fn a_variable_in_joined_strings_leads_back_through_escapes() {
        let text = r#"route { xlog("a\n" 'b' "\x41$var(x)\q"); }"#;
        let stmts = statements(text);
        let StmtKind::Command(command) = &stmts[0].kind else { panic!("a command") };
        let CommandKind::Xlog(xlog) = &command.kind else { panic!("an xlog") };
        let format = format(&xlog.format).expect("a format string");
        let at = format.vars().next().expect("a variable").span;
        assert_eq!(&text[at.start as usize..at.end as usize], "$var(x)");
    }

    #[test]
    fn nodes_end_with_their_last_token() {
        let text = "route { f(\"a\") /* c */ ; $x = 1 + exit # d\n ; if ($a == 1 /* e */ ) f() ; /* g */ exit; }";
        let shown = |at: Span| &text[at.start as usize..at.end as usize];
        let stmts = statements(text);
        let StmtKind::Command(call) = &stmts[0].kind else { panic!("a command") };
        assert_eq!(shown(call.span), "f(\"a\")");
        let StmtKind::Assign(assign) = &stmts[1].kind else { panic!("an assignment") };
        assert_eq!(shown(assign.span), "$x = 1 + exit");
        let AssignValue::Arith(value) = &assign.value else { panic!("a value") };
        assert_eq!(shown(value.span), "1 + exit");
        let StmtKind::If(node) = &stmts[2].kind else { panic!("an if") };
        assert_eq!(shown(node.arms[0].cond.span), "$a == 1");
        assert_eq!(shown(node.span), "if ($a == 1 /* e */ ) f() ;");
    }

    #[test]
    fn the_main_route_has_many_names() {
        let main = |header: &str| {
            let parse = parse(&Source::single("a.cfg", format!("{header} {{ exit; }}").as_bytes()));
            parse.ast.routes().next().expect("a route").is_main()
        };
        assert!(["route", "route[0]", "route[off]", "route[\"\"]", "route[no]"].map(main).iter().all(|m| *m));
        assert!(
            !["route[1]", "route[on]", "route[a]", "onreply_route", "onreply_route[0]"].map(main).iter().any(|m| *m)
        );
    }
}
