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
    fn block_where(&mut self, breakable: bool, pair: Pair<'_>) -> Block {
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

    /// An `if` as condition.
    pub(super) fn cond_if(&mut self, pair: Pair<'_>) -> If {
        let outer = std::mem::replace(&mut self.breakable, false);
        let node = self.if_stmt(pair);
        self.breakable = outer;
        node
    }

    fn stmt(&mut self, pair: Pair<'_>) -> Stmt {
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

    fn if_stmt(&mut self, pair: Pair<'_>) -> If {
        let mut node = If { arms: Vec::new(), otherwise: None, span: self.trimmed(&pair) };
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::if_arm => node.arms.push(self.if_arm(part)),
                Rule::elseif_arm => {
                    let word = child(&part, Rule::kw_elseif).map_or(span(&part), |k| span(&k));
                    let message = format!("`{}` is no word of the language", self.source(word));
                    let found = Diagnostic::new(codes::SYNTAX, word, message).help("write `else if`");
                    self.report(found.fix(word, "else if", Applicability::MachineApplicable));
                    node.arms.push(self.if_arm(part));
                }
                Rule::else_arm => node.otherwise = child(&part, Rule::body).map(|b| self.body(b)),
                _ => {}
            }
        }
        node
    }

    fn if_arm(&mut self, pair: Pair<'_>) -> IfArm {
        let at = self.trimmed(&pair);
        let cond = self.cond_head(&pair);
        let body = self.child_body(&pair);
        IfArm { cond, body, span: at }
    }

    fn while_stmt(&mut self, pair: Pair<'_>) -> StmtKind {
        let cond = self.cond_head(&pair);
        let body = self.loop_body(&pair);
        StmtKind::While(While { cond, body, span: self.trimmed(&pair) })
    }

    /// The condition of `if` and `while`.
    fn cond_head(&mut self, pair: &Pair<'_>) -> Cond {
        let at = self.place_of_missing(span(pair).start + 1);
        let Some(head) = child(pair, Rule::head) else { return Cond { kind: CondKind::Bad, span: at } };
        let before = self.errors.len();
        let cond = child(&head, Rule::expr).map(|e| self.cond(e));
        if cond.is_none() && child(&head, Rule::junk).is_none() {
            let place = if head.as_str().starts_with('(') {
                self.trimmed(&head)
            } else {
                self.place_of_missing(span(&head).start)
            };
            self.error(codes::NOT_A_CONDITION, place, "a condition is missing");
        }
        self.head_brackets(&head, before);
        cond.unwrap_or(Cond { kind: CondKind::Bad, span: span(&head) })
    }

    /// Checks the parentheses of `if (...)`, `while (...)`, `switch (...)`.
    fn head_brackets(&mut self, head: &Pair<'_>, before: usize) {
        if self.failed_since(before) {
            return;
        }
        if !head.as_str().starts_with('(') {
            let at = span(head);
            let (at, what) = self.found_at(at.start);
            let found = Diagnostic::new(codes::MISSING_BRACKET, at, "missing `(`");
            self.report(found.here(format!("expected `(` before {what}")));
            return;
        }
        self.brackets(head, before, '(', ')');
    }

    fn child_body(&mut self, pair: &Pair<'_>) -> Block {
        child(pair, Rule::body).map(|b| self.body(b)).unwrap_or_default()
    }

    fn loop_body(&mut self, pair: &Pair<'_>) -> Block {
        let outer = std::mem::replace(&mut self.breakable, true);
        let body = self.child_body(pair);
        self.breakable = outer;
        body
    }

    fn body(&mut self, pair: Pair<'_>) -> Block {
        let at = span(&pair);
        let Some(inner) = pair.into_inner().next() else { return Block::default() };
        match inner.as_rule() {
            Rule::block => self.block(inner),
            Rule::missing_body => {
                let place = self.place_of_missing(at.start);
                self.report(
                    Diagnostic::new(codes::SYNTAX, place, "a statement is missing").here("expected one behind this"),
                );
                Block { stmts: Vec::new(), braces: false, span: Span::at(at.start) }
            }
            _ => {
                let stmt = self.stmt(inner);
                Block { span: stmt.span, stmts: vec![stmt], braces: false }
            }
        }
    }

    fn for_stmt(&mut self, pair: Pair<'_>) -> StmtKind {
        let vars = self.for_head(&pair);
        let body = self.loop_body(&pair);
        match vars {
            Some((iter, source)) => StmtKind::For(For { iter, source, body, span: self.trimmed(&pair) }),
            None => StmtKind::Bad,
        }
    }

    fn for_head(&mut self, pair: &Pair<'_>) -> Option<(VarToken, VarToken)> {
        let head = child(pair, Rule::for_head)?;
        let before = self.errors.len();
        let exprs = head.clone().into_inner().filter(|p| p.as_rule() == Rule::expr);
        let vars: Vec<VarToken> = exprs.filter_map(|e| self.lone_var(e)).collect();
        let well_formed = child(&head, Rule::kw_in).is_some() && vars.len() == 2;
        if !well_formed && !self.failed_since(before) {
            let place =
                if head.as_str().is_empty() { self.place_of_missing(span(&head).start) } else { self.trimmed(&head) };
            let found =
                Diagnostic::new(codes::SYNTAX, place, "`for` takes two variables: `for ($var(x) in $(avp(y)[*]))`");
            self.report(found);
        }
        self.brackets(&head, before, '(', ')');
        let mut vars = vars.into_iter();
        vars.next().zip(vars.next())
    }

    fn lone_var(&mut self, expr: Pair<'_>) -> Option<VarToken> {
        let flat = Flat::of(expr);
        let var = flat.view().single()?.plain(Rule::var)?.clone();
        Some(self.var(&var))
    }

    fn switch_stmt(&mut self, pair: Pair<'_>) -> StmtKind {
        let at = self.trimmed(&pair);
        let subject = self.switch_head(&pair);
        let outer = std::mem::replace(&mut self.breakable, true);
        let (mut cases, mut default, mut brace) = (Vec::new(), None, false);
        for part in pair.clone().into_inner() {
            match part.as_rule() {
                Rule::kw_switch | Rule::head => {}
                Rule::missing_brace => brace = true,
                Rule::case => cases.push(self.case(part)),
                Rule::default_case => self.default_case(part, &mut default),
                _ => self.stmt_before_case(part),
            }
            if let Some(DefaultCase { span: place, .. }) = &default
                && cases.last().is_some_and(|c: &Case| c.span.start > place.start)
            {
                let place = Span::new(place.start, place.start + 7);
                self.error(codes::BAD_SWITCH, place, "`default` must be the last of a `switch`");
                default = None;
            }
        }
        self.breakable = outer;
        if brace && let Some(open) = self.source(at).find('{') {
            let opener = Span::new(at.start + open as u32, at.start + open as u32 + 1);
            let end = self.place_of_missing(span(&pair).end);
            let found = Diagnostic::new(codes::MISSING_BRACKET, end, "missing `}`").here("expected `}` behind this");
            self.report(found.label(opener, "this `{` is not closed"));
        }
        if cases.is_empty() {
            let word = Span::new(at.start, at.start + 6);
            self.error(codes::BAD_SWITCH, word, "a `switch` must hold a `case`");
        }
        match subject {
            Some(subject) => StmtKind::Switch(Switch { subject, cases, default, span: at }),
            None => StmtKind::Bad,
        }
    }

    fn switch_head(&mut self, pair: &Pair<'_>) -> Option<VarToken> {
        let head = child(pair, Rule::head)?;
        let before = self.errors.len();
        let subject = child(&head, Rule::expr).and_then(|e| self.lone_var(e));
        if subject.is_none() && !self.failed_since(before) {
            let place =
                if head.as_str().is_empty() { self.place_of_missing(span(&head).start) } else { self.trimmed(&head) };
            let found = Diagnostic::new(codes::BAD_SWITCH, place, "`switch` takes a variable");
            self.report(found.help("assign the value to a variable first"));
        }
        self.head_brackets(&head, before);
        subject
    }

    fn stmt_before_case(&mut self, pair: Pair<'_>) {
        let at = self.trimmed(&pair);
        if pair.as_rule() != Rule::empty_stmt {
            self.stmt(pair);
        }
        self.error(codes::BAD_SWITCH, at, "a statement of `switch` stands behind a `case`");
    }

    fn case(&mut self, pair: Pair<'_>) -> Case {
        let at = self.trimmed(&pair);
        let label = self.case_label(&pair);
        let stmts = self.case_stmts(pair);
        Case { label, stmts, span: at }
    }

    fn case_label(&mut self, pair: &Pair<'_>) -> CaseLabel {
        let before = self.errors.len();
        let word = child(pair, Rule::kw_case).map_or(span(pair), |k| span(&k));
        let Some(expr) = child(pair, Rule::expr) else {
            self.error(codes::SWITCH_LABEL, word, "a `case` needs a number or a string");
            return CaseLabel::Bad(word);
        };
        let at = self.trimmed(&expr);
        let flat = Flat::of(expr);
        let label = flat.view().single().and_then(|one| match self.operand_number(one) {
            super::literal::Number::Int(i) => Some(CaseLabel::Int(i)),
            _ => self.one_string(one.plain(Rule::strings)?).map(CaseLabel::Str),
        });
        if label.is_none() && !self.failed_since(before) {
            self.error(codes::SWITCH_LABEL, at, "the label of a `case` is a number or a string");
        }
        if let Some(junk) = child(pair, Rule::junk_label).filter(|_| !self.failed_since(before)) {
            self.unexpected(span(&junk), "`:`");
        }
        if child(pair, Rule::colon).is_none() && !self.failed_since(before) {
            let place = self.place_of_missing(at.end);
            self.report(Diagnostic::new(codes::SYNTAX, place, "missing `:`").here("expected `:` behind this"));
        }
        label.unwrap_or(CaseLabel::Bad(at))
    }

    fn default_case(&mut self, pair: Pair<'_>, default: &mut Option<DefaultCase>) {
        let at = self.trimmed(&pair);
        if child(&pair, Rule::colon).is_none() {
            let word = Span::new(at.start, at.start + 7);
            self.report(Diagnostic::new(codes::SYNTAX, word, "missing `:`").here("expected `:` behind this"));
        }
        if default.is_some() {
            let word = Span::new(at.start, at.start + 7);
            self.error(codes::BAD_SWITCH, word, "a `switch` has one `default`");
        }
        let stmts = self.case_stmts(pair);
        default.get_or_insert(DefaultCase { stmts, span: at });
    }

    fn case_stmts(&mut self, pair: Pair<'_>) -> Vec<Stmt> {
        let head = [Rule::kw_case, Rule::kw_default, Rule::expr, Rule::junk_label, Rule::colon];
        let stmts = pair.into_inner().filter(|p| !head.contains(&p.as_rule()));
        stmts.map(|p| self.stmt(p)).collect()
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
        StmtKind::Break
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
            return self.statement_command(command.clone(), pair);
        }
        let found = match first.is(Rule::var) {
            true => Diagnostic::new(codes::SYNTAX, first.span, "a variable alone is no statement")
                .help("assign to it by `=`"),
            false => Diagnostic::new(codes::SYNTAX, first.span, "this is no statement"),
        };
        self.report(found);
        None
    }

    fn statement_command(&mut self, command: Pair<'_>, stmt: &Pair<'_>) -> Option<StmtKind> {
        let word = child(&command, Rule::word).map(|w| (w.as_str().to_owned(), span(&w)));
        let takes_block = child(stmt, Rule::tail).is_some_and(|t| child(&t, Rule::block).is_some());
        if let Some((word, at)) = word
            && let Some((_, help)) = FOREIGN.iter().find(|(w, _)| *w == word && takes_block)
        {
            let found = Diagnostic::new(codes::SYNTAX, at, format!("`{word}` is no word of the language"));
            self.report(found.help(*help));
            return None;
        }
        Some(StmtKind::Command(self.command(command)))
    }

    fn expression_statement(&mut self, view: View<'_, '_>, op: Op, at: Span) {
        let on_var = view.operands.first().is_some_and(|o| o.is(Rule::var));
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
