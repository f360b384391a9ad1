//! What stands outside routes: modules, their parameters, route blocks, and text that is nothing of it.
use super::{Lower, Pair, child, span};
use crate::base::Span;
use crate::diag::{Applicability, Diagnostic, codes};
use crate::syntax::ast::*;
use crate::syntax::grammar::Rule;
use crate::syntax::keywords::{self, Form};

/// What the header of a kind of route holds.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Header {
    Forbidden,
    OptionalName,
    Name,
    NameAndInterval,
}

static ROUTES: &[(RouteKind, Header)] = &[
    (RouteKind::Request, Header::OptionalName),
    (RouteKind::OnReply, Header::OptionalName),
    (RouteKind::Failure, Header::Name),
    (RouteKind::Branch, Header::Name),
    (RouteKind::Error, Header::Forbidden),
    (RouteKind::Local, Header::Forbidden),
    (RouteKind::Startup, Header::Forbidden),
    (RouteKind::Timer, Header::NameAndInterval),
    (RouteKind::Event, Header::Name),
];

impl Lower<'_> {
    pub(super) fn file(&mut self, file: Pair<'_>) -> Vec<Item> {
        let mut items = Vec::new();
        let mut empty = true;
        // A bad item behind one that has a finding is its rest.
        let mut failed = false;
        for part in file.into_inner() {
            let before = self.errors.len();
            let at = self.trimmed(&part);
            let item = match part.as_rule() {
                Rule::EOI => continue,
                Rule::load_module => self.load_module(part),
                Rule::mod_param => self.mod_param(part),
                Rule::route => self.route(part),
                Rule::global => self.global(part).map(Item::Global),
                Rule::stray_semicolon => self.stray_semicolon(at, failed),
                _ => self.bad_item(part, failed),
            };
            empty = false;
            failed = self.failed_since(before) && !matches!(item, Some(Item::Route(_)));
            items.push(item.unwrap_or(Item::Bad(at)));
        }
        if empty && self.cut.is_none() {
            self.report(Diagnostic::new(codes::EMPTY_FILE, Span::at(0), "a script must hold a statement"));
        }
        items
    }

    fn stray_semicolon(&mut self, at: Span, failed: bool) -> Option<Item> {
        if failed {
            return None;
        }
        let found =
            Diagnostic::new(codes::SEMICOLON_AFTER_GLOBAL, at, "no `;` stands outside routes").help("remove it");
        self.report(found.fix(at, "", Applicability::MachineApplicable));
        None
    }

    fn bad_item(&mut self, pair: Pair<'_>, failed: bool) -> Option<Item> {
        if !failed {
            let at = span(&pair);
            let (at, what) = self.found_at(at.start);
            let word = self.source(at);
            let known = word.starts_with(|c: char| c.is_ascii_alphabetic()) && keywords::form(word).is_some();
            let found = match known {
                true => Diagnostic::new(codes::SYNTAX, at, format!("missing `=` behind {what}")),
                false => Diagnostic::new(codes::SYNTAX, at, format!("unexpected {what}"))
                    .here("expected a route, `loadmodule`, `modparam` or `name = value`"),
            };
            let found = match word {
                "}" => found.note("there is one `}` more than `{` above"),
                "include_file" | "import_file" => {
                    found.note("an include stands alone on its line, with a path in quotes of two characters or more")
                }
                _ => found,
            };
            self.report(found);
        }
        for part in pair.into_inner().filter(|p| p.as_rule() == Rule::block) {
            self.swallowed(part);
        }
        None
    }

    fn load_module(&mut self, pair: Pair<'_>) -> Option<Item> {
        let at = self.trimmed(&pair);
        let Some(path) = child(&pair, Rule::strings) else {
            let path = self.rest_of_line(at.end);
            let message = "`loadmodule` takes a string: `loadmodule \"tm.so\"`";
            if path.is_empty() {
                self.error(codes::SYNTAX, at, message);
            } else {
                self.quote_it(codes::SYNTAX, path, message.to_owned());
            }
            return None;
        };
        let path = self.one_string(&path)?;
        Some(Item::LoadModule(LoadModule { path, span: at }))
    }

    /// What stands behind `at` on its line, up to a blank.
    pub(super) fn rest_of_line(&self, at: u32) -> Span {
        let rest = self.text.get(at as usize..).unwrap_or("");
        let line = rest.split('\n').next().unwrap_or("");
        let text = line.trim_start();
        let start = at + (line.len() - text.len()) as u32;
        let len = text.find([' ', '\t', '\r', ';', '"', '\'']).unwrap_or(text.len());
        Span::new(start, start + len as u32)
    }

    fn mod_param(&mut self, pair: Pair<'_>) -> Option<Item> {
        let at = self.trimmed(&pair);
        let before = self.errors.len();
        let item = child(&pair, Rule::args).and_then(|args| self.mod_param_args(&args, at));
        if item.is_none() && !self.failed_since(before) {
            let word = Span::new(at.start, at.start + 8);
            let found = Diagnostic::new(codes::SYNTAX, word, "`modparam` takes two strings and a value");
            self.report(found.help("write `modparam(\"module\", \"parameter\", VALUE)`, VALUE a string or a number"));
        }
        if let Some(args) = child(&pair, Rule::args) {
            self.brackets(&args, before, '(', ')');
        }
        item
    }

    fn route(&mut self, pair: Pair<'_>) -> Option<Item> {
        let at = self.trimmed(&pair);
        let word = child(&pair, Rule::kw_route)?;
        let keyword = span(&word);
        let (kind, wants) = *ROUTES.iter().find(|(k, _)| k.keyword() == word.as_str())?;
        let before = self.errors.len();
        let header = child(&pair, Rule::route_header);
        let (name, interval) = match &header {
            Some(header) => self.route_header(header, kind, wants),
            None => (None, None),
        };
        if header.is_none() && matches!(wants, Header::Name | Header::NameAndInterval) {
            let example = if wants == Header::Name { "[name]" } else { "[name, 10]" };
            self.error(codes::BAD_ROUTE_HEADER, keyword, format!("`{0}` needs a name: `{0}{example}`", kind.keyword()));
        }
        let Some(block) = child(&pair, Rule::block) else {
            if !self.failed_since(before) {
                let place = self.place_of_missing(at.end);
                self.report(
                    Diagnostic::new(codes::SYNTAX, place, "a block is missing").here("expected `{` behind this"),
                );
            }
            return None;
        };
        let body = self.route_body(block);
        Some(Item::Route(Route { kind, keyword, name, interval, body, span: at }))
    }

    fn route_header(&mut self, pair: &Pair<'_>, kind: RouteKind, wants: Header) -> (Option<Name>, Option<IntLit>) {
        let before = self.errors.len();
        let at = self.trimmed(pair);
        if wants == Header::Forbidden {
            self.error(codes::BAD_ROUTE_HEADER, at, format!("`{}` has no name", kind.keyword()));
            return (None, None);
        }
        let args: Vec<Pair<'_>> = pair.clone().into_inner().filter(|p| p.as_rule() == Rule::route_arg).collect();
        let first = args.first().and_then(|a| a.clone().into_inner().next());
        let name = first.as_ref().and_then(|n| self.route_def_name(n));
        let interval = args.get(1).and_then(|a| child(a, Rule::number));
        if let Some(junk) = child(pair, Rule::junk_bracket) {
            self.header_junk(&junk, first.as_ref());
        }
        let (count, message): (bool, &str) = match wants {
            Header::NameAndInterval => {
                (args.len() == 2 && interval.is_some(), "takes a name and seconds: `timer_route[name, 10]`")
            }
            _ => (args.len() == 1, "takes one name"),
        };
        if !count && !self.failed_since(before) {
            let found = Diagnostic::new(codes::BAD_ROUTE_HEADER, at, format!("`{}` {message}", kind.keyword()));
            let found = match kind {
                RouteKind::Event if args.len() == 2 => {
                    found.help("`sync` and `async` are not taken; events are dispatched asynchronously")
                }
                _ => found,
            };
            self.report(found);
        }
        self.brackets(pair, before, '[', ']');
        let interval = interval.map(|n| self.number(&n));
        (name, interval)
    }

    fn route_def_name(&mut self, pair: &Pair<'_>) -> Option<Name> {
        if pair.as_rule() == Rule::null {
            self.quote_it(
                codes::RESERVED_WORD,
                span(pair),
                format!("`{}` is a reserved word and no name", pair.as_str()),
            );
            return None;
        }
        self.name(pair)
    }

    fn header_junk(&mut self, junk: &Pair<'_>, first: Option<&Pair<'_>>) {
        let junk_at = self.trimmed(junk);
        let whole = first.map_or(junk_at, |f| span(f).to(junk_at));
        let quoted = format!("\"{}\"", self.source(whole));
        let message = format!("`{}` is no bare name", self.source(whole));
        let found = Diagnostic::new(codes::BAD_ROUTE_HEADER, whole, message).help(format!("write `{quoted}`")).fix(
            whole,
            quoted,
            Applicability::MaybeIncorrect,
        );
        self.report(found);
    }

    pub(super) fn value_error(&mut self, at: Span, name: &Ident, form: Form) {
        let found = Diagnostic::new(codes::GLOBAL_VALUE, at, format!("`{}` takes {}", name.text, form.expected()));
        let text = self.source(at);
        let bare = text.strip_prefix('"').and_then(|t| t.strip_suffix('"')).filter(|t| !t.is_empty());
        let instead = match (form, bare) {
            (Form::Number | Form::Signed | Form::Workers | Form::NumberOrWord, Some(bare)) => {
                let number = bare.bytes().all(|b| b.is_ascii_digit()) || keywords::boolean(bare).is_some();
                number.then(|| bare.to_owned())
            }
            (Form::Word, Some(bare)) => Some(bare.to_owned()),
            (Form::Text | Form::TextOrWord, None) if !text.contains(['"', '\'', '=']) && text.len() > 1 => {
                Some(format!("\"{text}\""))
            }
            _ => None,
        };
        self.report(match instead {
            Some(instead) => {
                found.help(format!("write `{instead}`")).fix(at, instead, Applicability::MachineApplicable)
            }
            None => found,
        });
    }
}
