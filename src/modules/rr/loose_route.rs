//! Where the Route header fields send a request (RFC 3261 16.4, 16.6 step 6 and 16.12), strict routers before and behind
//! us included.
use super::Settings;
use crate::base::Str;
use crate::context::{Core, Level, SocketId};
use crate::modules::core::uri_text::UriText;
use crate::sip::header::route::{self, RouteValue};
use crate::sip::{HeaderId, Message, UriView};
use crate::vm::{Cx, Hook};
use smallvec::SmallVec;

/// What the Route header fields of this run's request said.
#[derive(Clone, Debug, Default)]
pub struct Routed {
    /// Parameters of the Route that was ours, with the leading `;`; empty when it had none.
    pub params: Option<Str>,
    driven: bool,
    uri: Option<Str>,
    dst: Option<Str>,
    socket: Option<SocketId>,
}

/// A decision and what it changes in the message.
#[derive(Default)]
struct Plan<'m> {
    routed: Routed,
    consumed: SmallVec<[RouteValue<'m>; 3]>,
    /// URI to stand in a last Route, for a strict router.
    pushed: Option<Str>,
    /// A Route of ours names no socket.
    mismatch: Option<Str>,
}

/// What the decision is made from.
struct Request<'c, 'm> {
    core: &'c Core,
    settings: &'c Settings,
    message: &'m Message,
    uri: Str,
    received: SocketId,
    /// Of a dialog, by its To tag; otherwise its Routes were loaded before.
    sequential: bool,
}

type Routes<'m> = [(RouteValue<'m>, UriView<'m>)];

pub fn loose_route(cx: &mut Cx<'_>) -> bool {
    if let Some(routed) = cx.run.slots.get::<Routed>().cloned() {
        return aim(cx, &routed);
    }
    let message = cx.run.msg.clone();
    let Some(plan) = plan(cx, &message) else { return false };
    for value in &plan.consumed {
        cx.run.edits.remove_value(&message, value.header, value.address.whole);
    }
    if let Some(uri) = &plan.pushed {
        cx.run.edits.append_header(&message, Str::from([b"Route: <", uri.as_bytes(), b">\r\n"].concat()));
    }
    if let Some(uri) = &plan.mismatch {
        cx.log(Level::Warning, "rr", "loose_route", format_args!("no socket of this server is `{uri}`"));
    }
    let driven = aim(cx, &plan.routed);
    let params = plan.routed.params.clone().unwrap_or_default();
    cx.run.slots.set(plan.routed);
    cx.raise(&Hook::RouteMatched { params: &params });
    driven
}

fn aim(cx: &mut Cx<'_>, routed: &Routed) -> bool {
    let target = &mut cx.run.targets.main;
    if routed.uri.is_some() {
        target.uri.clone_from(&routed.uri);
    }
    if routed.dst.is_some() {
        target.dst.clone_from(&routed.dst);
    }
    target.socket = routed.socket.or(target.socket);
    routed.driven
}

/// `None`: nothing to route by, or a header field that cannot be read.
fn plan<'m>(cx: &Cx<'_>, message: &'m Message) -> Option<Plan<'m>> {
    if !message.has(HeaderId::Route) {
        return None;
    }
    let routes: Option<Vec<_>> =
        route::values(message, HeaderId::Route).map(|value| value.and_then(|v| Some((v, v.uri(message)?)))).collect();
    let routes = routes?;
    let text = UriText::request(cx.run)?;
    let uri = text.view()?;
    let request = Request {
        core: cx.core,
        settings: cx.core.state::<Settings>(),
        message,
        uri: text.share(text.bytes()),
        received: cx.run.received.socket,
        sequential: message.to().is_some() && message.to_tag().is_some(),
    };
    message.to()?;
    // RFC 5627: a GRUU of ours names a device, not this hop.
    if request.sequential && is_me(cx.core, &uri) && !uri.has_param(b"gr") {
        return request.after_strict(&uri, &routes);
    }
    request.after_loose(&routes)
}

impl<'m> Request<'_, 'm> {
    /// The usual case: the topmost Route is ours, or the next hop's.
    fn after_loose(&self, routes: &Routes<'m>) -> Option<Plan<'m>> {
        let mut plan = Plan::default();
        let mut rest = routes;
        if let Some((own, own_uri)) = routes.first().filter(|(_, uri)| is_me(self.core, uri)) {
            plan.routed.params = Some(self.params(own_uri));
            plan.consumed.push(*own);
            rest = routes.get(1..)?;
            match rest.first().filter(|(_, second)| self.is_pair(own_uri, second)) {
                Some((second, second_uri)) => {
                    self.leave_by(second_uri, &mut plan);
                    plan.consumed.push(*second);
                    rest = rest.get(1..)?;
                }
                None if self.sequential => plan.routed.socket = Some(self.received),
                None => {}
            }
        }
        let Some((next, next_uri)) = rest.first() else {
            // What was loaded before held nothing but us: an initial request after all.
            plan.routed.driven = self.sequential;
            return Some(plan);
        };
        plan.routed.driven = true;
        if next_uri.is_loose() {
            plan.routed.dst = Some(self.hop(next_uri));
        } else {
            plan.pushed = Some(self.uri.clone());
            plan.routed.uri = Some(self.hop(next_uri));
            plan.consumed.push(*next);
        }
        Some(plan)
    }

    /// The previous hop put our Record-Route into the Request-URI and the real target into the last Route.
    fn after_strict(&self, own_uri: &UriView<'_>, routes: &Routes<'m>) -> Option<Plan<'m>> {
        let mut plan = Plan::default();
        plan.routed.params = Some(self.params(own_uri));
        let mut rest = routes;
        match routes
            .first()
            .filter(|(_, first)| self.settings.double && first.r2().is_some() && is_me(self.core, first))
        {
            Some((second, second_uri)) => {
                self.leave_by(second_uri, &mut plan);
                plan.consumed.push(*second);
                rest = routes.get(1..)?;
            }
            None => self.leave_by(own_uri, &mut plan),
        }
        let Some((next, next_uri)) = rest.first() else { return Some(plan) };
        plan.routed.driven = true;
        if !next_uri.is_loose() {
            plan.routed.uri = Some(self.hop(next_uri));
            plan.consumed.push(*next);
            return Some(plan);
        }
        plan.routed.dst = Some(self.hop(next_uri));
        if let Some((last, last_uri)) = rest.last() {
            plan.routed.uri = Some(self.hop(last_uri));
            plan.consumed.push(*last);
        }
        Some(plan)
    }

    /// Whether both Routes were recorded together, at a change of socket.
    fn is_pair(&self, first: &UriView<'_>, second: &UriView<'_>) -> bool {
        self.settings.double && first.r2().is_some() && (second.r2().is_some() || is_me(self.core, second))
    }

    /// The second Route of a pair names the socket on the other side.
    fn leave_by(&self, uri: &UriView<'_>, plan: &mut Plan<'m>) {
        let socket = self.core.sockets.named(uri.host(), uri.effective_port(), uri.transport());
        plan.routed.socket = socket.map(|s| s.id);
        if socket.is_none() && self.settings.warn_of_mismatch {
            plan.mismatch = Some(Str::new(uri.text()));
        }
    }

    /// Where a Route leads: `maddr` overrules its host.
    fn hop(&self, uri: &UriView<'_>) -> Str {
        let Some(maddr) = uri.maddr().filter(|m| !m.is_empty()) else {
            return Str::slice_of(self.message.raw(), uri.text());
        };
        let colon: &[u8] = if uri.port_text().is_empty() { b"" } else { b":" };
        Str::from([b"sip:", maddr, colon, uri.port_text()].concat())
    }

    fn params(&self, uri: &UriView<'_>) -> Str {
        Str::slice_of(self.message.raw(), uri.parts().params.of(uri.text()))
    }
}

fn is_me(core: &Core, uri: &UriView<'_>) -> bool {
    let host = uri.maddr().filter(|m| !m.is_empty()).unwrap_or(uri.host());
    !host.is_empty() && core.sockets.is_me(host, uri.effective_port(), uri.transport())
}

#[cfg(test)]
mod tests {
    use crate::modules::fixture::Fixture;
    use crate::modules::rr::MODULE;
    use crate::registry::Setting;
    use crate::vm::{Arg, Cx, Hook, Module};

    /// Our sockets are 192.0.2.1 and 198.51.100.1.
    const ME: &str = "192.0.2.1";

    struct Case<'a> {
        uri: &'a str,
        to: &'a str,
        routes: &'a str,
        code: i32,
        /// R-URI, destination and socket afterwards; empty and `None` for unchanged.
        leaves: (&'a str, &'a str, Option<u16>),
        left: &'a str,
    }

    const SEQUENTIAL: &str = "<sip:b@h>;tag=2";
    const INITIAL: &str = "<sip:b@h>";

    fn request(uri: &str, to: &str, routes: &str) -> String {
        format!("BYE {uri} SIP/2.0\n{routes}From: <sip:a@h>;tag=1\nTo: {to}\n")
    }

    fn check(case: &Case<'_>) -> Fixture {
        let mut f = Fixture::with(&request(case.uri, case.to, case.routes), &[(&MODULE, &[])]);
        let expected = f.written().replace(&case.routes.replace('\n', "\r\n"), &case.left.replace('\n', "\r\n"));
        for turn in ["first", "second"] {
            assert_eq!(f.call(&MODULE, "loose_route", &[]), case.code, "{} call, {}", turn, case.routes);
            let target = &f.run.targets.main;
            let text = |s: &Option<crate::base::Str>| s.as_ref().map(|s| s.to_string()).unwrap_or_default();
            let leaves = (text(&target.uri), text(&target.dst), target.socket.map(|s| s.0));
            assert_eq!((leaves.0.as_str(), leaves.1.as_str(), leaves.2), case.leaves, "{}", case.routes);
            assert_eq!(f.written(), expected, "{}", case.routes);
        }
        f
    }

    #[test]
    fn our_route_is_taken_out() {
        let base =
            Case { uri: "sip:b@phone", to: SEQUENTIAL, routes: "", code: 1, leaves: ("", "", Some(0)), left: "" };
        check(&Case { routes: "Route: <sip:192.0.2.1;lr;ftag=1>\n", ..base });
        let next = "sip:next;lr";
        check(&Case {
            routes: "Route: <sip:192.0.2.1;lr>, <sip:next;lr>\n",
            left: "Route: <sip:next;lr>\n",
            leaves: ("", next, Some(0)),
            ..base
        });
        check(&Case {
            routes: "Route: <sip:192.0.2.1;lr>\nRoute: <sip:next;lr>\n",
            left: "Route: <sip:next;lr>\n",
            leaves: ("", next, Some(0)),
            ..base
        });
        check(&Case {
            routes: "Route: <sip:next;lr>\n",
            left: "Route: <sip:next;lr>\n",
            leaves: ("", next, None),
            ..base
        });
    }

    #[test]
    fn a_pair_of_ours_is_taken_out_and_names_the_socket() {
        let base =
            Case { uri: "sip:b@phone", to: SEQUENTIAL, routes: "", code: 1, leaves: ("", "", Some(1)), left: "" };
        check(&Case { routes: "Route: <sip:192.0.2.1;r2=on;lr>,<sip:198.51.100.1;r2=on;lr>\n", ..base });
        check(&Case {
            routes: "Route: <sip:192.0.2.1;r2=on;lr>\nRoute: <sip:198.51.100.1;r2=on;lr>, <sip:next;lr>\n",
            left: "Route: <sip:next;lr>\n",
            leaves: ("", "sip:next;lr", Some(1)),
            ..base
        });
        check(&Case {
            routes: "Route: <sip:192.0.2.1;lr>,<sip:198.51.100.1;lr>\n",
            left: "Route: <sip:198.51.100.1;lr>\n",
            leaves: ("", "sip:198.51.100.1;lr", Some(0)),
            ..base
        });
    }

    #[test]
    fn routes_loaded_before_a_dialog_are_followed_unless_they_are_ours_alone() {
        let base = Case { uri: "sip:b@phone", to: INITIAL, routes: "", code: -1, leaves: ("", "", None), left: "" };
        check(&Case { routes: "Route: <sip:192.0.2.1;lr>\n", ..base });
        check(&Case {
            routes: "Route: <sip:192.0.2.1;lr>,<sip:next;lr>\n",
            left: "Route: <sip:next;lr>\n",
            code: 1,
            leaves: ("", "sip:next;lr", None),
            ..base
        });
        // Our address in the R-URI of an initial request is a target, not a strict router's doing.
        check(&Case {
            uri: "sip:b@192.0.2.1",
            routes: "Route: <sip:next;lr>\n",
            left: "Route: <sip:next;lr>\n",
            code: 1,
            leaves: ("", "sip:next;lr", None),
            ..base
        });
    }

    #[test]
    fn a_strict_router_behind_us_gets_its_uri_as_request_uri() {
        let base =
            Case { uri: "sip:pushed@phone", to: SEQUENTIAL, routes: "", code: 1, leaves: ("", "", None), left: "" };
        let mut f = Fixture::with(
            &request(base.uri, base.to, "Route: <sip:192.0.2.1;lr>, <sip:strict>, <sip:last;lr>\n"),
            &[(&MODULE, &[])],
        );
        assert_eq!(f.call(&MODULE, "loose_route", &[]), 1);
        assert_eq!(f.run.targets.main.uri.as_ref().unwrap(), &"sip:strict");
        assert_eq!(f.run.targets.main.dst, None);
        assert_eq!(
            f.written(),
            "Route: <sip:last;lr>\r\nFrom: <sip:a@h>;tag=1\r\nTo: <sip:b@h>;tag=2\r\nRoute: <sip:pushed@phone>\r\n\r\n"
        );
    }

    #[test]
    fn a_strict_router_before_us_left_the_target_in_the_last_route() {
        let base = Case {
            uri: "sip:192.0.2.1;lr;ftag=1",
            to: SEQUENTIAL,
            routes: "",
            code: 1,
            leaves: ("", "", None),
            left: "",
        };
        check(&Case { routes: "Route: <sip:b@phone>\n", leaves: ("sip:b@phone", "", Some(0)), ..base });
        check(&Case {
            routes: "Route: <sip:next;lr>, <sip:b@phone>\n",
            left: "Route: <sip:next;lr>\n",
            leaves: ("sip:b@phone", "sip:next;lr", Some(0)),
            ..base
        });
        check(&Case {
            routes: "Route: <sip:strict>, <sip:b@phone>\n",
            left: "Route: <sip:b@phone>\n",
            leaves: ("sip:strict", "", Some(0)),
            ..base
        });
        check(&Case {
            uri: "sip:192.0.2.1;lr;r2=on",
            routes: "Route: <sip:198.51.100.1;r2=on;lr>, <sip:b@phone>\n",
            leaves: ("sip:b@phone", "", Some(1)),
            ..base
        });
        // A GRUU is a target.
        check(&Case {
            uri: "sip:b@192.0.2.1;gr=x",
            routes: "Route: <sip:next;lr>\n",
            left: "Route: <sip:next;lr>\n",
            leaves: ("", "sip:next;lr", None),
            ..base
        });
    }

    #[test]
    fn maddr_names_the_hop_and_may_be_ours() {
        let base =
            Case { uri: "sip:b@phone", to: SEQUENTIAL, routes: "", code: 1, leaves: ("", "", Some(0)), left: "" };
        check(&Case { routes: "Route: <sip:cluster;maddr=192.0.2.1;lr>\n", ..base });
        check(&Case {
            routes: "Route: <sip:192.0.2.1;lr>,<sip:next:5070;maddr=10.0.0.9;lr>\n",
            left: "Route: <sip:next:5070;maddr=10.0.0.9;lr>\n",
            leaves: ("", "sip:10.0.0.9:5070", Some(0)),
            ..base
        });
    }

    #[test]
    fn without_readable_routes_nothing_happens() {
        let base = Case { uri: "sip:b@phone", to: SEQUENTIAL, routes: "", code: -1, leaves: ("", "", None), left: "" };
        check(&base);
        for bad in ["Route: \"open <sip:192.0.2.1;lr>\n", "Route: <192.0.2.1>\n", "Route: <sip:192.0.2.1;lr>, ;;\n"] {
            check(&Case { routes: bad, left: bad, ..base });
        }
        check(&Case {
            uri: "no-uri",
            routes: "Route: <sip:192.0.2.1;lr>\n",
            left: "Route: <sip:192.0.2.1;lr>\n",
            ..base
        });
    }

    #[test]
    fn questions_are_about_the_route_that_was_ours() {
        let ask = |to: &str, from_tag: &str| {
            let text = request("sip:b@phone", to, &format!("Route: <sip:{ME};lr;ftag=1;did=a.b>\n"));
            let mut f = Fixture::with(&text.replace("tag=1\n", &format!("tag={from_tag}\n")), &[(&MODULE, &[])]);
            assert_eq!(f.read(&MODULE, "rr_params").str_face(), None);
            f.call(&MODULE, "loose_route", &[]);
            f
        };
        let mut f = ask(SEQUENTIAL, "1");
        assert_eq!(f.read(&MODULE, "rr_params").str_face().unwrap(), "lr;ftag=1;did=a.b");
        let is = |f: &mut Fixture, way: &str| f.call(&MODULE, "is_direction", &[crate::modules::fixture::text(way)]);
        assert_eq!((is(&mut f, "downstream"), is(&mut f, "UPSTREAM"), is(&mut f, "sideways")), (1, -1, -1));
        let matches =
            |f: &mut Fixture, re: &str| f.call(&MODULE, "check_route_param", &[crate::modules::fixture::text(re)]);
        assert_eq!((matches(&mut f, ";DID=a\\.b$"), matches(&mut f, "nat=yes")), (1, -1));
        assert_eq!(is(&mut ask(SEQUENTIAL, "other"), "upstream"), 1);
    }

    fn note_params(cx: &mut Cx<'_>, hook: &Hook<'_>) {
        if let Hook::RouteMatched { params } = hook {
            cx.run.script.error.reason = crate::base::Str::from([b"[", *params, b"]"].concat());
        }
    }

    #[test]
    fn others_learn_the_parameters_also_when_only_our_route_was_loaded() {
        static FOLLOWER: Module = Module { hooks: &[note_params], ..Module::empty("follower") };
        let learned = |to: &str, route: &str| {
            let text = request("sip:b@phone", to, route);
            let mut f = Fixture::with(&text, &[(&MODULE, &[]), (&FOLLOWER, &[])]);
            f.call(&MODULE, "loose_route", &[]);
            f.run.script.error.reason.to_string()
        };
        assert_eq!(learned(SEQUENTIAL, "Route: <sip:192.0.2.1;lr;did=1>\n"), "[;lr;did=1]");
        assert_eq!(learned(INITIAL, "Route: <sip:192.0.2.1;lr;did=1>\n"), "[;lr;did=1]");
        assert_eq!(learned(SEQUENTIAL, "Route: <sip:next;lr;did=1>\n"), "[]");
        assert_eq!(learned(SEQUENTIAL, ""), "");
    }

    #[test]
    fn pairs_are_two_routes_when_double_recording_is_off() {
        let off: &[(&str, Setting)] = &[("enable_double_rr", Setting::Int(0))];
        let routes = "Route: <sip:192.0.2.1;r2=on;lr>,<sip:198.51.100.1;r2=on;lr>\n";
        let mut f = Fixture::with(&request("sip:b@phone", SEQUENTIAL, routes), &[(&MODULE, off)]);
        assert_eq!(f.call(&MODULE, "loose_route", &[Arg::Omitted]), 1);
        assert_eq!(f.run.targets.main.dst.as_ref().unwrap(), &"sip:198.51.100.1;r2=on;lr");
    }
}
