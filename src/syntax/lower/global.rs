//! Global parameters: the shape the grammar found against the form the parameter takes.
use super::{Lower, Pair, child, span};
use crate::base::Span;
use crate::diag::{Applicability, Diagnostic, codes, near};
use crate::syntax::ast::*;
use crate::syntax::grammar::Rule;
use crate::syntax::keywords::{self, Form, Instead};

impl Lower<'_> {
    pub(super) fn global(&mut self, pair: Pair<'_>) -> Option<Global> {
        let at = self.trimmed(&pair);
        let mut parts = pair.into_inner();
        let name = parts.next()?;
        let name = Ident { text: name.as_str().to_owned(), span: span(&name) };
        let value = parts.next();
        let Some(form) = keywords::form(&name.text) else {
            self.unknown_global(&name, value.as_ref(), at);
            return Some(Global { name, value: GlobalValue::Bad(at), span: at });
        };
        self.check_tos(&name);
        let value = match value {
            Some(value) => self.global_value(&name, form, &value),
            None => {
                let written = self.rest_of_line(at.end);
                let place = if written.is_empty() { self.place_of_missing(at.end) } else { written };
                self.value_error(place, &name, form);
                None
            }
        };
        let value = value.unwrap_or(GlobalValue::Bad(at));
        Some(Global { name, value, span: at })
    }

    fn unknown_global(&mut self, name: &Ident, value: Option<&Pair<'_>>, at: Span) {
        let text = &name.text;
        let found = match keywords::removed(text) {
            Some(instead) => self.removed_global(name, instead, value, at),
            None => match near::nearest(text, keywords::globals()) {
                Some(known) => Diagnostic::new(
                    codes::UNKNOWN_GLOBAL,
                    name.span,
                    format!("unknown global parameter `{text}`; is it `{known}`?"),
                )
                .fix(name.span, known, Applicability::MaybeIncorrect),
                None => Diagnostic::new(codes::UNKNOWN_GLOBAL, name.span, format!("unknown global parameter `{text}`")),
            },
        };
        self.report(found);
    }

    fn removed_global(&self, name: &Ident, instead: Instead, value: Option<&Pair<'_>>, at: Span) -> Diagnostic {
        let text = &name.text;
        let told = |rest: &str| {
            Diagnostic::new(codes::REMOVED_GLOBAL, name.span, format!("`{text}` was removed from OpenSIPS{rest}"))
        };
        match instead {
            Instead::Rename(to) => {
                told(&format!("; it is `{to}` now")).fix(name.span, to, Applicability::MachineApplicable)
            }
            Instead::Modparam(module) => {
                let found = told(&format!("; it is a parameter of module `{module}` now"));
                match value {
                    Some(value) => {
                        let value = self.source(self.trimmed(value));
                        let call = format!("modparam(\"{module}\", \"{text}\", {value})");
                        found.fix(at, call, Applicability::MaybeIncorrect)
                    }
                    None => found,
                }
            }
            Instead::Nothing(why) => {
                told("").help(format!("remove it: {why}")).fix(at, "", Applicability::MachineApplicable)
            }
            Instead::Advice(help) => told("").help(help),
        }
    }

    /// Between blanks of one line `tos` is the option of a socket.
    fn check_tos(&mut self, name: &Ident) {
        if name.text != "tos" || !self.blank_before(name.span) || !self.blank_behind(name.span) {
            return;
        }
        let found = Diagnostic::new(
            codes::RESERVED_WORD,
            name.span,
            "`tos` between blanks is the option of a socket, not the parameter",
        );
        self.report(found.help("start the line with it"));
    }

    fn global_value(&mut self, name: &Ident, form: Form, value: &Pair<'_>) -> Option<GlobalValue> {
        let before = self.errors.len();
        let read = match form {
            Form::Number => self.plain_number(value, false).map(GlobalValue::Int),
            Form::Signed => self.plain_number(value, true).map(GlobalValue::Int),
            Form::Workers => self.workers(value),
            Form::Text => self.lone_string(value).map(|s| GlobalValue::Strs(vec![s])),
            Form::Word => self.lone_word(value).map(GlobalValue::Word),
            Form::TextOrWord => match self.lone_string(value) {
                Some(s) => Some(GlobalValue::Strs(vec![s])),
                None => self.lone_word(value).map(GlobalValue::Word),
            },
            Form::NumberOrWord => match self.plain_number(value, false) {
                Some(n) => Some(GlobalValue::Int(n)),
                None => self.lone_word(value).map(GlobalValue::Word),
            },
            Form::Host => self.lone_host(value).map(GlobalValue::Host),
            Form::Paths => self.paths(value).map(GlobalValue::Strs),
            Form::MemGroup => self.mem_group(value),
            Form::Socket => self.socket(value),
            Form::Aliases => self.aliases(value).map(GlobalValue::Aliases),
            Form::AutoScaling => self.auto_scaling(value).map(|a| GlobalValue::AutoScaling(Box::new(a))),
            Form::Blacklist => self.blacklist(value).map(GlobalValue::Blacklist),
        };
        if read.is_none() && !self.failed_since(before) {
            let at = self.trimmed(value);
            self.value_error(at, name, form);
        }
        read
    }

    fn plain_number(&mut self, value: &Pair<'_>, sign: bool) -> Option<IntLit> {
        if value.as_rule() != Rule::value_number || child(value, Rule::use_profile).is_some() {
            return None;
        }
        let signed = child(value, Rule::signed)?;
        if !sign && child(&signed, Rule::sign).is_some() {
            return None;
        }
        Some(self.signed(&signed))
    }

    fn workers(&mut self, value: &Pair<'_>) -> Option<GlobalValue> {
        let Some(used) = child(value, Rule::use_profile).filter(|_| value.as_rule() == Rule::value_number) else {
            return self.plain_number(value, false).map(GlobalValue::Int);
        };
        let signed = child(value, Rule::signed).filter(|s| child(s, Rule::sign).is_none())?;
        let count = self.signed(&signed);
        let word = child(&used, Rule::kw_use_profile)?;
        self.needs_blanks(span(&word));
        let profile = self.plain_word(&child(&used, Rule::any_word)?);
        Some(GlobalValue::Workers { count, profile })
    }

    /// Words of several tokens that the lexer knows only between blanks of one line.
    pub(super) fn needs_blanks(&mut self, at: Span) {
        if self.blank_before(at) && self.blank_behind(at) {
            return;
        }
        let word = self.source(at).to_owned();
        let found = Diagnostic::new(codes::SYNTAX, at, format!("`{word}` must stand between blanks, on one line"));
        self.report(found);
    }

    /// A word where reserved ones cannot stand.
    pub(super) fn plain_word(&mut self, pair: &Pair<'_>) -> Ident {
        let (text, at) = (pair.as_str(), span(pair));
        if keywords::is_reserved(text) || keywords::boolean(text).is_some() {
            self.error(codes::RESERVED_WORD, at, format!("`{text}` is a reserved word and no name"));
        }
        Ident { text: text.to_owned(), span: at }
    }

    /// The only endpoint of a value, when it is nothing but a host.
    fn lone_endpoint<'i>(&self, value: &Pair<'i>) -> Option<Pair<'i>> {
        if value.as_rule() != Rule::value_endpoints {
            return None;
        }
        let mut endpoints = value.clone().into_inner();
        let first = endpoints.next()?;
        if endpoints.next().is_some() {
            return None;
        }
        let mut parts = first.into_inner();
        let host = parts.next().filter(|p| p.as_rule() == Rule::host)?;
        parts.next().is_none().then_some(host)
    }

    fn lone_string(&mut self, value: &Pair<'_>) -> Option<StrLit> {
        let host = self.lone_endpoint(value)?;
        child(&host, Rule::string).map(|s| self.string(&s))
    }

    fn lone_word(&mut self, value: &Pair<'_>) -> Option<Ident> {
        let host = self.lone_endpoint(value)?;
        let mut parts = host.into_inner();
        let word = parts.next().filter(|p| p.as_rule() == Rule::any_word)?;
        parts.next().is_none().then(|| self.plain_word(&word))
    }

    fn lone_host(&mut self, value: &Pair<'_>) -> Option<Host> {
        let host = self.lone_endpoint(value)?;
        let host = self.host(&host)?;
        (host.kind != HostKind::Any).then_some(host)
    }

    fn paths(&mut self, value: &Pair<'_>) -> Option<Vec<StrLit>> {
        if let Some(one) = self.lone_string(value) {
            return Some(vec![one]);
        }
        if value.as_rule() != Rule::value_strings {
            return None;
        }
        let parts: Vec<Pair<'_>> = value.clone().into_inner().collect();
        let alternate = parts.iter().enumerate().all(|(i, p)| (i % 2 == 1) == (p.as_rule() == Rule::colon));
        let strings = parts.iter().filter(|p| p.as_rule() == Rule::string);
        if !alternate {
            return None;
        }
        Some(strings.map(|s| self.string(s)).collect())
    }

    fn mem_group(&mut self, value: &Pair<'_>) -> Option<GlobalValue> {
        if value.as_rule() != Rule::value_strings {
            return None;
        }
        let mut parts = value.clone().into_inner();
        let name = parts.next().map(|s| self.string(&s))?;
        let modules: Vec<Pair<'_>> = parts.skip(1).collect();
        if modules.iter().any(|p| p.as_rule() == Rule::colon) {
            return None;
        }
        let modules = modules.iter().map(|s| self.string(s)).collect();
        Some(GlobalValue::MemGroup { name, modules })
    }

    fn auto_scaling(&mut self, value: &Pair<'_>) -> Option<AutoScaling> {
        if value.as_rule() != Rule::value_scaling {
            return None;
        }
        let at = self.trimmed(value);
        let name = child(value, Rule::any_word).map(|w| self.plain_word(&w))?;
        let rules: Vec<Pair<'_>> = value.clone().into_inner().filter(|p| p.as_rule() == Rule::scale_rule).collect();
        let directions: Vec<bool> = rules.iter().filter_map(scales_up).collect();
        let within = rules.first().is_some_and(|r| child(r, Rule::scale_within).is_some());
        let down_within = rules.get(1).is_some_and(|r| child(r, Rule::scale_within).is_some());
        let (up, down) = match (rules.as_slice(), directions.as_slice()) {
            ([up], [true]) => (up, None),
            ([up, down], [true, false]) if !down_within => (up, Some(down)),
            _ => return None,
        };
        let (up, up_within) = self.scale_rule(up)?;
        let down = down.and_then(|r| self.scale_rule(r)).map(|(rule, _)| rule);
        Some(AutoScaling { name, up, within: up_within.filter(|_| within), down, span: at })
    }

    fn scale_rule(&mut self, pair: &Pair<'_>) -> Option<(ScaleRule, Option<IntLit>)> {
        for part in pair.clone().into_inner() {
            let at = span(&part);
            match part.as_rule() {
                Rule::scale_to | Rule::scale_on | Rule::scale_within => self.needs_blanks(at),
                Rule::scale_cycles if !self.blank_before(at) => self.needs_blanks(at),
                _ => {}
            }
        }
        let numbers = pair.clone().into_inner().filter(|p| p.as_rule() == Rule::number);
        let numbers: Vec<IntLit> = numbers.map(|n| self.number(&n)).collect();
        let rule = ScaleRule { to: *numbers.first()?, load: *numbers.get(1)?, cycles: *numbers.get(2)? };
        Some((rule, numbers.get(3).copied()))
    }

    fn blacklist(&mut self, value: &Pair<'_>) -> Option<Blacklist> {
        let at = self.trimmed(value);
        if value.as_rule() != Rule::value_blacklist {
            let name = self.lone_word(value)?;
            return Some(Blacklist { name, flags: Vec::new(), rules: Vec::new(), span: at });
        }
        let name = child(value, Rule::any_word).map(|w| self.plain_word(&w))?;
        let mut flags = Vec::new();
        if let Some(list) = child(value, Rule::blacklist_flags) {
            for flag in list.into_inner() {
                let (text, at) = (flag.as_str().to_owned(), span(&flag));
                if !["readonly", "read-only", "expire", "default"].contains(&text.as_str()) {
                    self.error(
                        codes::GLOBAL_VALUE,
                        at,
                        format!("unknown flag `{text}`: known are `readonly`, `expire`, `default`"),
                    );
                }
                flags.push(Ident { text, span: at });
            }
        }
        let list = child(value, Rule::blacklist_rules);
        let rules = list.map(|l| self.blacklist_rules(&l)).unwrap_or_default();
        Some(Blacklist { name, flags, rules, span: at })
    }

    fn blacklist_rules(&mut self, pair: &Pair<'_>) -> Vec<BlacklistRule> {
        let before = self.errors.len();
        let parts = pair.clone().into_inner().filter(|p| p.as_rule() == Rule::blacklist_rule);
        let rules = parts.filter_map(|r| self.blacklist_rule(&r)).collect();
        self.brackets_of_list(pair, before);
        rules
    }

    /// The `}` of a list that holds no statements.
    pub(super) fn brackets_of_list(&mut self, pair: &Pair<'_>, before: usize) {
        if self.failed_since(before) {
            return;
        }
        if let Some(junk) = child(pair, Rule::junk) {
            self.unexpected(span(&junk), "`,` or `}`");
        } else if child(pair, Rule::missing_brace).is_some() {
            let place = self.place_of_missing(span(pair).end);
            self.report(Diagnostic::new(codes::MISSING_BRACKET, place, "missing `}`").here("expected `}` behind this"));
        }
    }

    fn blacklist_rule(&mut self, pair: &Pair<'_>) -> Option<BlacklistRule> {
        let net = child(pair, Rule::any_net).and_then(|n| n.into_inner().next())?;
        let net = self.net(&net)?;
        let proto = child(pair, Rule::any_word).filter(|w| w.as_str() != "any");
        let proto = proto.map(|w| Ident { text: w.as_str().to_owned(), span: span(&w) });
        let port = child(pair, Rule::port_range).and_then(|p| self.single_port(&p));
        let pattern = child(pair, Rule::string).map(|s| self.string(&s));
        let negated = child(pair, Rule::negation).is_some();
        Some(BlacklistRule { negated, proto, net, port, pattern, span: self.trimmed(pair) })
    }
}

fn scales_up(rule: &Pair<'_>) -> Option<bool> {
    let direction = child(&child(rule, Rule::scale_to)?, Rule::scale_direction)?;
    Some(direction.as_str().eq_ignore_ascii_case("up"))
}
