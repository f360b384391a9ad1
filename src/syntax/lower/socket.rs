//! Sockets, aliases and hosts.
use super::{Lower, Pair, child, span};
use crate::base::Str;
use crate::diag::{Applicability, Diagnostic, codes};
use crate::syntax::ast::*;
use crate::syntax::grammar::Rule;
use crate::syntax::keywords;

impl Lower<'_> {
    pub(super) fn socket(&mut self, value: &Pair<'_>) -> Option<GlobalValue> {
        match value.as_rule() {
            Rule::value_bond => return self.bond(value).map(GlobalValue::Bond),
            Rule::value_endpoints => {}
            _ => return None,
        }
        let mut endpoints = value.clone().into_inner();
        let endpoint = endpoints.next()?;
        if let Some(second) = endpoints.next() {
            self.unexpected(span(&second), "an option of the socket or the next parameter");
            return None;
        }
        let at = self.trimmed(&endpoint);
        let Some(proto) = child(&endpoint, Rule::proto) else {
            let found = Diagnostic::new(codes::BAD_SOCKET, at, "a socket needs a protocol")
                .help("write `udp:` before the address");
            self.report(found.fix(crate::base::Span::at(at.start), "udp:", Applicability::MaybeIncorrect));
            return None;
        };
        let proto = self.proto(&proto)?;
        let host = self.host(&child(&endpoint, Rule::host)?)?;
        let ports = child(&endpoint, Rule::ports).map(|p| self.ports(&p)).unwrap_or_default();
        let options = endpoint.into_inner().filter(|p| p.as_rule() == Rule::socket_option);
        let options = options.filter_map(|o| self.socket_option(&o)).collect();
        Some(GlobalValue::Socket(Socket { proto, host, ports, options, span: at }))
    }

    fn proto(&mut self, pair: &Pair<'_>) -> Option<Ident> {
        let word = child(pair, Rule::any_word)?;
        match word.as_str() {
            "any" => Some(Ident { text: "any".to_owned(), span: span(&word) }),
            _ => Some(self.plain_word(&word)),
        }
    }

    pub(super) fn host(&mut self, pair: &Pair<'_>) -> Option<Host> {
        let at = self.trimmed(pair);
        let Some(first) = pair.clone().into_inner().next() else {
            return Some(Host { kind: HostKind::Any, span: at });
        };
        let kind = match first.as_rule() {
            Rule::string => HostKind::Name(self.string(&first).value),
            Rule::any_word | Rule::host_number => HostKind::Name(self.host_name(pair)),
            _ => HostKind::Ip(self.ip(&first)?.addr),
        };
        Some(Host { kind, span: at })
    }

    /// Labels joined by dots and dashes; none may be reserved or start with a digit.
    fn host_name(&mut self, pair: &Pair<'_>) -> Str {
        let mut name = String::new();
        let mut wrong = None;
        for part in pair.clone().into_inner() {
            let text = part.as_str();
            let label = part.as_rule() != Rule::host_separator;
            let reserved = keywords::is_reserved(text) || keywords::boolean(text).is_some();
            if label && (reserved || !text.starts_with(|c: char| c.is_ascii_alphabetic())) {
                wrong.get_or_insert((text.to_owned(), reserved));
            }
            name.push_str(text);
        }
        if let Some((label, reserved)) = wrong {
            let why = if reserved { "is a reserved word" } else { "does not start with a letter" };
            self.quote_it(codes::RESERVED_WORD, self.trimmed(pair), format!("`{label}` in a host name {why}"));
        }
        Str::from(name)
    }

    fn ports(&mut self, pair: &Pair<'_>) -> Vec<PortRange> {
        pair.clone().into_inner().filter_map(|p| self.port_range(&p)).collect()
    }

    fn port_range(&mut self, pair: &Pair<'_>) -> Option<PortRange> {
        let at = self.trimmed(pair);
        let mut numbers = pair.clone().into_inner().filter(|p| p.as_rule() == Rule::number);
        let Some(low) = numbers.next() else {
            self.error(codes::BAD_SOCKET, at, "a socket needs a number as port");
            return None;
        };
        let low = self.port(&low);
        let high = numbers.next().map_or(low, |n| self.port(&n));
        if low > high {
            self.error(codes::BAD_SOCKET, at, format!("the port range ends before it starts: {low}-{high}"));
            return None;
        }
        Some(PortRange { low, high, span: at })
    }

    fn port(&mut self, pair: &Pair<'_>) -> u16 {
        let number = self.number(pair);
        let port = number.value as u16;
        if i32::from(port) != number.value {
            let message = format!("`{}` is no port; it becomes {port}", pair.as_str());
            self.error(codes::NUMBER_WRAPS, number.span, message);
        }
        port
    }

    /// A port of an alias or a blacklist: a number, or `any`, which is `None`.
    pub(super) fn single_port(&mut self, pair: &Pair<'_>) -> Option<IntLit> {
        let numbers: Vec<Pair<'_>> = pair.clone().into_inner().filter(|p| p.as_rule() == Rule::number).collect();
        match numbers.as_slice() {
            [] => None,
            [port] => Some(self.number(port)),
            _ => {
                self.error(codes::BAD_SOCKET, self.trimmed(pair), "one port is expected here, not a range");
                None
            }
        }
    }

    fn socket_option(&mut self, pair: &Pair<'_>) -> Option<SocketOption> {
        let at = self.trimmed(pair);
        let option = pair.clone().into_inner().next()?;
        let kind = match option.as_rule() {
            Rule::socket_flag => {
                let text = option.as_str().replace('-', "_").to_ascii_lowercase();
                let full = text.contains("proxy") && !text.ends_with("_protocol");
                SocketOptionKind::Flag(if full { format!("{text}_protocol") } else { text })
            }
            Rule::option_as => self.option_as(&option)?,
            Rule::option_number => self.option_number(&option)?,
            _ => self.option_word(&option)?,
        };
        Some(SocketOption { kind, span: at })
    }

    fn option_as(&mut self, pair: &Pair<'_>) -> Option<SocketOptionKind> {
        self.needs_blanks(span(&child(pair, Rule::kw_as)?));
        let host = self.host(&child(pair, Rule::host)?)?;
        if host.kind == HostKind::Any {
            self.error(codes::BAD_SOCKET, host.span, "`as` needs an address or a name");
        }
        let ports = child(pair, Rule::ports).map(|p| self.ports(&p)).unwrap_or_default();
        Some(SocketOptionKind::As { host, ports })
    }

    fn option_number(&mut self, pair: &Pair<'_>) -> Option<SocketOptionKind> {
        let word = child(pair, Rule::kw_option_number)?;
        self.needs_blanks(span(&word));
        let number = self.number(&child(pair, Rule::number)?);
        Some(match word.as_str() {
            "tos" | "TOS" => SocketOptionKind::Tos(number),
            _ => SocketOptionKind::UseWorkers(number),
        })
    }

    fn option_word(&mut self, pair: &Pair<'_>) -> Option<SocketOptionKind> {
        let word = child(pair, Rule::kw_option_word)?;
        let value = self.plain_word(&child(pair, Rule::any_word)?);
        if word.as_str() == "tag" {
            return Some(SocketOptionKind::Tag(value));
        }
        self.needs_blanks(span(&word));
        Some(SocketOptionKind::UseAutoScalingProfile(value))
    }

    fn bond(&mut self, pair: &Pair<'_>) -> Option<Bond> {
        let before = self.errors.len();
        let name = self.plain_word(&child(pair, Rule::any_word)?);
        let members = pair.clone().into_inner().filter(|p| p.as_rule() == Rule::string);
        let members: Vec<StrLit> = members.map(|s| self.string(&s)).collect();
        if members.is_empty() && child(pair, Rule::junk).is_none() {
            self.error(codes::BAD_SOCKET, name.span, "a bond needs members: `\"udp:10.0.0.1:5060\"`");
        }
        self.brackets_of_list(pair, before);
        Some(Bond { name, members, span: self.trimmed(pair) })
    }

    pub(super) fn aliases(&mut self, value: &Pair<'_>) -> Option<Vec<Alias>> {
        match value.as_rule() {
            Rule::value_endpoints => value.clone().into_inner().map(|e| self.alias(&e)).collect(),
            _ => None,
        }
    }

    fn alias(&mut self, endpoint: &Pair<'_>) -> Option<Alias> {
        let at = self.trimmed(endpoint);
        let proto = child(endpoint, Rule::proto);
        let ports = child(endpoint, Rule::ports);
        if proto.is_none() && ports.is_some() {
            let found = Diagnostic::new(codes::BAD_SOCKET, at, "an alias with a port needs a protocol")
                .help("write `any:` before it");
            self.report(found.fix(crate::base::Span::at(at.start), "any:", Applicability::MachineApplicable));
            return None;
        }
        let proto = proto.and_then(|p| self.proto(&p)).filter(|p| p.text != "any");
        let host = self.host(&child(endpoint, Rule::host)?)?;
        if host.kind == HostKind::Any {
            self.error(codes::BAD_SOCKET, host.span, "an alias needs a host name or an address");
        }
        let port = ports.and_then(|p| self.alias_port(&p));
        let accept_subdomain = self.alias_options(endpoint)?;
        Some(Alias { proto, host, port, accept_subdomain, span: at })
    }

    fn alias_port(&mut self, ports: &Pair<'_>) -> Option<IntLit> {
        let mut ranges = ports.clone().into_inner();
        let first = ranges.next()?;
        if let Some(second) = ranges.next() {
            self.error(codes::BAD_SOCKET, span(&second), "an alias has one port");
        }
        self.single_port(&first)
    }

    fn alias_options(&mut self, endpoint: &Pair<'_>) -> Option<bool> {
        let mut subdomain = false;
        for option in endpoint.clone().into_inner().filter(|p| p.as_rule() == Rule::socket_option) {
            if !matches!(option.as_str().trim(), "accept_subdomain" | "ACCEPT_SUBDOMAIN") || subdomain {
                self.unexpected(span(&option), "a host name or the next parameter");
                return None;
            }
            subdomain = true;
        }
        Some(subdomain)
    }
}
