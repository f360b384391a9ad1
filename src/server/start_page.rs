//! The start page of `sipscript run`: what runs, on one screen.
use crate::context::Sockets;
use crate::registry::RouteKind;
use crate::syntax::ast::Ast;
use std::fmt::Write;

/// What the page tells.
pub struct StartPage<'a> {
    pub script: &'a str,
    pub sockets: &'a Sockets,
    pub workers: usize,
    pub ast: &'a Ast,
    /// What was accepted without effect: name and reason.
    pub without_effect: &'a [(String, String)],
}

/// Lines longer than this continue on the next.
const WIDTH: usize = 100;
const INDENT: usize = 12;

impl StartPage<'_> {
    pub fn render(&self) -> String {
        let mut out = String::new();
        // Writing to a string cannot fail.
        let _ = writeln!(out, "sipscript {}  {}", env!("CARGO_PKG_VERSION"), self.script);
        row(&mut out, "sockets", self.sockets.all().iter().map(|s| s.text()));
        row(&mut out, "workers", std::iter::once(self.workers.to_string()));
        row(&mut out, "modules", self.ast.modules().map(|m| m.name()));
        row(&mut out, "routes", self.ast.routes().map(route_name));
        row(&mut out, "no effect", self.without_effect.iter().map(|(name, why)| format!("{name} ({why})")));
        out
    }
}

fn route_name(route: &crate::syntax::ast::Route) -> String {
    let keyword = route.kind.keyword();
    match (&route.name, route.interval) {
        (Some(name), Some(every)) => format!("{keyword}[{}, {}]", name.value, every.value),
        (Some(name), None) if !(route.kind == RouteKind::Request && route.is_main()) => {
            format!("{keyword}[{}]", name.value)
        }
        _ => keyword.to_owned(),
    }
}

fn row(out: &mut String, title: &str, items: impl Iterator<Item = String>) {
    let mut line = format!("{title:<INDENT$}");
    let mut empty = true;
    for item in items {
        if !empty && line.len() + item.len() + 1 > WIDTH {
            out.push_str(line.trim_end());
            out.push('\n');
            line = " ".repeat(INDENT);
        }
        line.push_str(&item);
        line.push(' ');
        empty = false;
    }
    if !empty {
        out.push_str(line.trim_end());
        out.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sip::Transport;
    use crate::syntax::source::Source;

    #[test]
    fn names_sockets_routes_modules_and_what_has_no_effect() {
        let text = b"loadmodule \"tm.so\"\nroute { exit; }\nroute[x] { exit; }\ntimer_route[t, 5] { exit; }\n";
        let parsed = crate::syntax::parse(&Source::single("a.cfg", text));
        let mut sockets = Sockets::default();
        sockets.add(Transport::Udp, "127.0.0.1:5060".parse().unwrap());
        let page = StartPage {
            script: "a.cfg",
            sockets: &sockets,
            workers: 2,
            ast: &parsed.ast,
            without_effect: &[("tcp_workers".to_owned(), "no TCP yet".to_owned())],
        };
        let version = env!("CARGO_PKG_VERSION");
        assert_eq!(
            page.render(),
            format!(
                "sipscript {version}  a.cfg\nsockets     udp:127.0.0.1:5060\nworkers     2\nmodules     tm\n\
                 routes      route route[x] timer_route[t, 5]\nno effect   tcp_workers (no TCP yet)\n"
            )
        );
    }
}
