//! Statements and blocks.
use super::flat::{Flat, Op, View};
use super::{Lower, Pair, child, span};
use crate::base::Span;
use crate::diag::{Applicability, Diagnostic, codes};
use crate::syntax::ast::*;
use crate::syntax::grammar::Rule;

/// Words of other languages at the start of a statement.
static FOREIGN: &[(&str, &str)] = &[
    ("foreach", "write `for ($var(x) in $(avp(y)[*]))`"),
    ("do", "write `while (...) { ... }`"),
    ("elseif", "write `else if`"),
    ("elif", "write `else if`"),
    ("elsif", "write `else if`"),
];

impl Lower<'_> {
    /// The statements of `block`.
    pub(super) fn block(&mut self, pair: Pair<'_>) -> Block {
        let at = span(&pair);
        let mut unclosed = false;
        let mut stmts = Vec::new();
        for part in pair.clone().into_inner() {
            match part.as_rule() {
                Rule::missing_brace => unclosed = true,
                _ => stmts.push(self.stmt(part)),
            }
        }
        if unclosed {
            self.unclosed(&pair, '{', '}');
        }
        Block { stmts, braces: true, span: at }
    }

    /// A block in which `break` is or is not legal.
    pub(super) fn block_where(&mut self, breakable: bool, pair: Pair<'_>) -> Block {
        let outer = std::mem::replace(&mut self.breakable, breakable);
        let block = self.block(pair);
        self.breakable = outer;
        block
    }

    /// A block as condition; it must hold a statement, and `break` cannot leave it.
    pub(super) fn cond_block(&mut self, pair: Pair<'_>) -> Block {
        let block = self.block_where(false, pair);
        if block.stmts.is_empty() {
            self.error(codes::EMPTY_BLOCK, block.span, "an empty block is no condition");
        }
        block
    }

    /// The body of a route; it must hold a statement.
    pub(super) fn route_body(&mut self, pair: Pair<'_>) -> Block {
        let block = self.block_where(false, pair);
        if block.stmts.is_empty() {
            let found = Diagnostic::new(codes::EMPTY_BLOCK, block.span, "a route must hold a statement");
            self.report(found.help("write `;` for a route that does nothing"));
        }
        block
    }

    /// Reads statements that stand where none can, for their findings.
    pub(super) fn swallowed(&mut self, pair: Pair<'_>) {
        match pair.as_rule() {
            Rule::block => {
                self.block_where(true, pair);
            }
            _ => {
                self.cond_if(pair);
            }
        }
    }

    pub(super) fn stmt(&mut self, pair: Pair<'_>) -> Stmt {
        let at = span(&pair);
        let kind = match pair.as_rule() {
            Rule::empty_stmt => StmtKind::Empty,
            Rule::if_stmt => StmtKind::If(self.if_stmt(pair)),
            Rule::while_stmt => self.while_stmt(pair),
            Rule::for_stmt => self.for_stmt(pair),
            Rule::switch_stmt => self.switch_stmt(pair),
            Rule::break_stmt => self.break_stmt(pair),
            Rule::simple => self.simple(pair),
            Rule::bare_block => self.bare_block(pair),
            _ => self.bad_stmt(pair),
        };
        Stmt { kind, span: Span::new(at.start, self.token_end(at.end).max(at.start)) }
    }

    fn bare_block(&mut self, pair: Pair<'_>) -> StmtKind {
        let opener = Span::new(span(&pair).start, span(&pair).start + 1);
        self.error(codes::BARE_BLOCK, opener, "a block must belong to `if`, a loop or a route");
        if let Some(block) = child(&pair, Rule::block) {
            self.block(block);
        }
        StmtKind::Bad
    }

    fn break_stmt(&mut self, pair: Pair<'_>) -> StmtKind {
        let before = self.errors.len();
        if !self.breakable {
            let word = Span::new(span(&pair).start, span(&pair).start + 5);
            let found =
                Diagnostic::new(codes::BREAK_OUTSIDE, word, "`break` stands inside `while`, `for` or `switch` only");
            self.report(found.help("leave a route by `return`, the script by `exit`"));
        }
        self.end(&pair, before);
        if self.breakable { StmtKind::Break } else { StmtKind::Bad }
    }

    fn simple(&mut self, pair: Pair<'_>) -> StmtKind {
        let before = self.errors.len();
        let Some(expr) = child(&pair, Rule::expr) else { return StmtKind::Bad };
        let flat = Flat::of(expr);
        let kind = self.simple_kind(flat.view(), &pair);
        self.end(&pair, before);
        kind.unwrap_or(StmtKind::Bad)
    }

    fn simple_kind(&mut self, view: View<'_, '_>, pair: &Pair<'_>) -> Option<StmtKind> {
        if matches!(view.ops.first(), Some((Op::Assign(_), _))) {
            return self.assignment(view).map(StmtKind::Assign);
        }
        let first = view.operands.first()?;
        if let Some((op, at)) = view.ops.first() {
            self.expression_statement(view, *op, *at);
            return None;
        }
        let command = first.plain(Rule::call).or(first.plain(Rule::return_cmd));
        if let Some(command) = command {
            return self.statement_command(command.clone());
        }
        let tail = child(pair, Rule::tail).map_or(first.span.end, |tail| span(&tail).start);
        if let Some(found) = self.index_outside(tail) {
            self.report(found);
            return None;
        }
        let found = match first.is(Rule::var) {
            true => Diagnostic::new(codes::SYNTAX, first.span, "a variable alone is no statement")
                .help("assign to it by `=`"),
            false => Diagnostic::new(codes::SYNTAX, first.span, "this is no statement"),
        };
        self.report(found);
        None
    }

    fn statement_command(&mut self, command: Pair<'_>) -> Option<StmtKind> {
        let word = child(&command, Rule::word).map(|w| (w.as_str().to_owned(), span(&w)));
        if let Some((word, at)) = word
            && let Some((_, help)) = FOREIGN.iter().find(|(w, _)| *w == word)
        {
            let found = Diagnostic::new(codes::SYNTAX, at, format!("`{word}` is no word of the language"));
            self.report(found.help(*help));
            return None;
        }
        Some(StmtKind::Command(self.command(command)))
    }

    fn expression_statement(&mut self, view: View<'_, '_>, op: Op, at: Span) {
        let on_var = view.operands.first().is_some_and(|o| o.is(Rule::var));
        if let Some(found) = self.doubled_sign(Span::new(at.start + 1, at.start + 2)).filter(|_| on_var) {
            return self.report(found);
        }
        let found = match op {
            Op::Compare(CmpOp::Eq) if on_var => Diagnostic::new(codes::SYNTAX, at, "`==` compares and is no statement")
                .help("`=` assigns")
                .fix(at, "=", Applicability::MaybeIncorrect),
            _ if on_var && self.source(Span::new(at.start, at.start + 3)) == "<<=" => {
                Diagnostic::new(codes::SYNTAX, at, "there is no `<<=`").help("write `$x = $x << n`")
            }
            _ => Diagnostic::new(codes::SYNTAX, view.span(), "an expression is no statement")
                .help("assign it to a variable"),
        };
        self.report(found);
    }

    /// What closes a statement. Nothing is said when the statement has a finding already.
    fn end(&mut self, pair: &Pair<'_>, before: usize) {
        let quiet = self.failed_since(before);
        if let Some(missing) = child(pair, Rule::missing_semicolon) {
            if !quiet {
                self.missing_semicolon(span(&missing).start);
            }
            return;
        }
        let Some(tail) = child(pair, Rule::tail) else { return };
        if !quiet {
            match child(&tail, Rule::junk_stmt) {
                Some(junk) => self.unexpected(span(&junk), "an operator or `;`"),
                None if child(&tail, Rule::block).is_some() => {
                    let at = span(&tail).start;
                    let found = Diagnostic::new(
                        codes::BARE_BLOCK,
                        Span::new(at, at + 1),
                        "a block cannot follow this statement",
                    );
                    self.report(found);
                }
                None => self.missing_semicolon(span(&tail).start),
            }
        }
        if let Some(block) = child(&tail, Rule::block) {
            self.block_where(true, block);
        }
    }

    fn missing_semicolon(&mut self, at: u32) {
        let place = self.place_of_missing(at);
        let found = Diagnostic::new(codes::MISSING_SEMICOLON, place, "missing `;`").here("expected `;` behind this");
        self.report(found.fix(Span::at(place.end), ";", Applicability::MachineApplicable));
    }

    fn bad_stmt(&mut self, pair: Pair<'_>) -> StmtKind {
        let at = span(&pair);
        let (at, what) = self.found_at(at.start);
        let found = Diagnostic::new(codes::SYNTAX, at, format!("unexpected {what}")).here("this starts no statement");
        let found = match self.source(at) {
            "else" => found.help("an `else` follows directly behind the statement or block of an `if`"),
            "case" | "default" => found.help("labels stand inside `switch`"),
            _ => found,
        };
        self.report(found);
        if let Some(block) = child(&pair, Rule::block) {
            self.block_where(true, block);
        }
        StmtKind::Bad
    }

    /// The span of a pair without blanks behind it.
    pub(super) fn trimmed(&self, pair: &Pair<'_>) -> Span {
        let at = span(pair);
        Span::new(at.start, self.token_end(at.end).max(at.start))
    }
}
