//! Values: the right side of assignments and what stands in `[ ]`. Two levels of operators, each from left to right.
use super::flat::{Flat, Op, Operand, Prefix, View};
use super::literal::Number;
use super::{Lower, Pair, child, span};
use crate::base::Span;
use crate::diag::{Diagnostic, codes};
use crate::syntax::ast::{Arith, ArithKind, ArithLink, ArithOp, Assign, AssignOp, AssignValue};
use crate::syntax::grammar::Rule;

impl Lower<'_> {
    /// `VAR op value`; the first operator of the view is the assignment.
    pub(super) fn assignment(&mut self, view: View<'_, '_>) -> Option<Assign> {
        let target = view.operands.first()?;
        let (op, op_span) = *view.ops.first()?;
        let Op::Assign(op) = op else { return None };
        let var = match target.plain(Rule::var) {
            Some(var) => Some(self.var(var)),
            None => {
                self.error(codes::SYNTAX, target.span, "the left side of an assignment must be a variable");
                None
            }
        };
        let behind = view.behind_first()?;
        let null = behind.single().is_some_and(|o| o.is(Rule::null));
        let value = match null {
            true => {
                if !matches!(op, AssignOp::Set | AssignOp::Replace) {
                    self.error(codes::SYNTAX, behind.span(), "`NULL` is assigned by `=` and `:=` only");
                }
                AssignValue::Null(behind.span())
            }
            false => AssignValue::Arith(self.arith_view(behind)),
        };
        Some(Assign { target: var?, op, op_span, value, span: view.span() })
    }

    pub(super) fn bracket(&mut self, pair: Pair<'_>) -> Arith {
        let before = self.errors.len();
        let inner = child(&pair, Rule::expr).map(|e| self.arith(e));
        if inner.is_none() {
            self.error(codes::NOT_AN_EXPRESSION, span(&pair), "empty brackets hold no value");
        }
        self.brackets(&pair, before, '[', ']');
        inner.unwrap_or(bad(span(&pair)))
    }

    fn arith(&mut self, expr: Pair<'_>) -> Arith {
        let flat = Flat::of(expr);
        self.arith_view(flat.view())
    }

    fn arith_view(&mut self, view: View<'_, '_>) -> Arith {
        let wrong = view.ops.iter().find(|(op, _)| matches!(op, Op::Logic(_) | Op::Assign(_)));
        if let Some((op, at)) = wrong {
            self.wrong_operator(*op, *at);
            return bad(view.span());
        }
        let (parts, ops) = view.split(|op| matches!(op, Op::Arith(_)));
        let terms: Vec<Arith> = parts.into_iter().map(|p| self.term(p)).collect();
        let ops = ops.into_iter().filter_map(|(op, at)| match op {
            Op::Arith(op) => Some((op, at)),
            Op::Logic(_) | Op::Compare(_) | Op::Assign(_) => None,
        });
        levels(terms, ops.collect(), view.span())
    }

    fn wrong_operator(&mut self, op: Op, at: Span) {
        let found = match op {
            Op::Logic(_) => {
                let message = format!("`{}` joins conditions, not values", self.source(at));
                Diagnostic::new(codes::NOT_AN_EXPRESSION, at, message).help("use `if`, or `&` and `|` on bits")
            }
            _ => Diagnostic::new(codes::NOT_AN_EXPRESSION, at, "assignments cannot be chained")
                .help("write one statement for each, or `==` to compare"),
        };
        self.report(found);
    }

    /// An operand or a comparison, under its `~`s.
    fn term(&mut self, view: View<'_, '_>) -> Arith {
        let Some(first) = view.operands.first() else { return bad(view.span()) };
        let tildes = first.prefixes.iter().take_while(|p| p.0 == Prefix::Complement).count();
        let bare = first.without_prefixes(tildes);
        let mut arith = match (view.ops, view.operands) {
            ([], _) => self.operand_value(&bare),
            ([(Op::Compare(op), at)], [_, right]) => {
                let span = bare.span.to(right.span);
                let compare = self.compare(&bare, *op, *at, right);
                Arith { kind: compare.map_or(ArithKind::Bad, |c| ArithKind::Compare(Box::new(c))), span }
            }
            (ops, _) => {
                let at = ops.get(1).map_or(view.span(), |o| o.1);
                self.error(codes::NOT_AN_EXPRESSION, at, "a comparison cannot be part of another");
                bad(view.span())
            }
        };
        for (_, at) in first.prefixes.iter().take(tildes).rev() {
            let span = at.to(arith.span);
            arith = Arith { kind: ArithKind::Complement(Box::new(arith)), span };
        }
        arith
    }

    fn operand_value(&mut self, operand: &Operand<'_>) -> Arith {
        let kind = self.operand_kind(operand).unwrap_or(ArithKind::Bad);
        Arith { kind, span: operand.span }
    }

    fn operand_kind(&mut self, operand: &Operand<'_>) -> Option<ArithKind> {
        match self.operand_number(operand) {
            Number::Int(i) => return Some(ArithKind::Int(i)),
            Number::SignedOther(at) => {
                self.signed_other(at);
                return None;
            }
            Number::Other => {}
        }
        if let Some((_, at)) = operand.prefixes.first() {
            let message = format!("`{}` belongs before conditions, not values", self.source(*at));
            self.error(codes::NOT_AN_EXPRESSION, *at, message);
            return None;
        }
        let Some(primary) = operand.primary.clone() else {
            self.missing_operand(operand.span);
            return None;
        };
        let at = span(&primary);
        match primary.as_rule() {
            Rule::var => Some(ArithKind::Var(self.var(&primary))),
            Rule::strings => self.joined_by_plus(&primary).map(ArithKind::Str),
            Rule::call | Rule::return_cmd => Some(ArithKind::Command(Box::new(self.command(primary)))),
            Rule::paren => Some(ArithKind::Paren(Box::new(self.paren_value(primary)))),
            Rule::null => {
                self.error(codes::NOT_AN_EXPRESSION, at, "`NULL` is assigned alone and is no operand");
                None
            }
            Rule::block | Rule::if_stmt => {
                self.error(codes::NOT_AN_EXPRESSION, Span::new(at.start, at.start + 1), "a statement is no value");
                self.swallowed(primary);
                None
            }
            Rule::net | Rule::bracket_ip => {
                let quoted =
                    Diagnostic::new(codes::NOT_AN_EXPRESSION, at, "an address is no value").help("put it in quotes");
                self.report(quoted);
                None
            }
            _ => {
                self.error(codes::NOT_AN_EXPRESSION, at, "this cannot be a value");
                None
            }
        }
    }

    fn joined_by_plus(&mut self, pair: &Pair<'_>) -> Option<crate::syntax::ast::StrLit> {
        let mut all = self.strings(pair);
        if let Some(second) = all.get(1) {
            let found = Diagnostic::new(codes::NOT_AN_EXPRESSION, second.span, "adjacent strings are not joined here");
            self.report(found.help("put `+` between them"));
        }
        if all.is_empty() { None } else { Some(all.swap_remove(0)) }
    }

    fn paren_value(&mut self, pair: Pair<'_>) -> Arith {
        let before = self.errors.len();
        let inner = child(&pair, Rule::expr).map(|e| self.arith(e));
        if inner.is_none() {
            self.error(codes::NOT_AN_EXPRESSION, span(&pair), "empty parentheses hold no value");
        }
        self.brackets(&pair, before, '(', ')');
        inner.unwrap_or(bad(span(&pair)))
    }

    /// Reports what is left over between brackets, or the missing closer, unless what they hold was reported.
    pub(super) fn brackets(&mut self, pair: &Pair<'_>, before: usize, open: char, close: char) {
        if self.failed_since(before) {
            return;
        }
        for part in pair.clone().into_inner() {
            match part.as_rule() {
                Rule::junk | Rule::junk_bracket | Rule::junk_arg => {
                    return self.unexpected(span(&part), &format!("an operator or `{close}`"));
                }
                Rule::missing_paren | Rule::missing_bracket => return self.unclosed_bracket(pair, open, close),
                _ => {}
            }
        }
    }

    fn unclosed_bracket(&mut self, pair: &Pair<'_>, open: char, close: char) {
        let end = self.token_end(span(pair).end);
        let swallowed = self.text.get(..end as usize).is_some_and(|t| t.ends_with(close)) && close == ']';
        if !swallowed {
            return self.unclosed(pair, open, close);
        }
        let at = self.place_of_missing(span(pair).end);
        let found =
            Diagnostic::new(codes::MISSING_BRACKET, at, "missing `]`: this one belongs to the variable before it");
        self.report(found.help("put a blank between the variable and `]`"));
    }
}

/// Terms and the operators between them.
#[derive(Default)]
struct Level {
    terms: Vec<Arith>,
    ops: Vec<(ArithOp, Span)>,
}

impl Level {
    /// One node, evaluated from left to right.
    fn chain(self) -> Arith {
        let mut terms = self.terms.into_iter();
        let Some(first) = terms.next() else { return bad(Span::default()) };
        let links = self.ops.into_iter().zip(terms).map(|((op, op_span), right)| ArithLink { op, op_span, right });
        let rest: Vec<ArithLink> = links.collect();
        let Some(last) = rest.last() else { return first };
        let span = first.span.to(last.right.span);
        Arith { kind: ArithKind::Chain { first: Box::new(first), rest }, span }
    }
}

/// `| & ^ << >>` bind loosest, `+ - * / %` tighter.
fn levels(terms: Vec<Arith>, ops: Vec<(ArithOp, Span)>, span: Span) -> Arith {
    let (mut loose, mut tight) = (Level::default(), Level::default());
    let mut ops = ops.into_iter();
    for term in terms {
        tight.terms.push(term);
        match ops.next() {
            Some(op) if op.0.binds_tighter() => tight.ops.push(op),
            Some(op) => {
                loose.terms.push(std::mem::take(&mut tight).chain());
                loose.ops.push(op);
            }
            None => {}
        }
    }
    loose.terms.push(tight.chain());
    let mut whole = loose.chain();
    whole.span = span;
    whole
}

fn bad(span: Span) -> Arith {
    Arith { kind: ArithKind::Bad, span }
}
