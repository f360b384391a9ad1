//! `validate_dialog`: does a sequential request keep to what is known of its dialog?
use super::sequential::SeenBefore;
use super::settings::Settings;
use crate::base::Str;
use crate::context::Own;
use crate::proto::dialog::State;
use crate::proto::dialog::cseq::Rule;
use crate::sip::header::route;
use crate::sip::uri::equality;
use crate::sip::{HeaderId, UriView};
use crate::vm::{Cx, Ret};

const BAD_CSEQ: Ret = Ret::Code(-1);
const BAD_TARGET: Ret = Ret::Code(-2);
const BAD_ROUTES: Ret = Ret::Code(-3);
const OTHER: Ret = Ret::Code(-4);

/// 1, or what is wrong: -1 CSeq, -2 remote target, -3 route set, -4 no dialog or unreadable.
pub fn validate_dialog(cx: &mut Cx<'_>) -> Ret {
    match cx.run.own() {
        Some(own) => validate(cx, &own),
        None => OTHER,
    }
}

fn validate(cx: &Cx<'_>, Own(dialog): &Own) -> Ret {
    let msg = &cx.run.msg;
    let (Some(to), Some(cseq)) = (cx.run.own.to_leg, msg.cseq()) else { return OTHER };
    let Some(SeenBefore(seen)) = cx.run.slots.get::<SeenBefore>() else { return OTHER };
    if !seen.accepts(Rule::of(msg.method_bytes()), cseq.number) {
        return BAD_CSEQ;
    }
    let settings: &Settings = cx.core.state();
    let state = dialog.state.lock();
    if !settings.rr || matches!(state.state(), State::Unconfirmed | State::Early) {
        return Ret::TRUE;
    }
    let Some(leg) = state.legs.get(to) else { return OTHER };
    let target = cx.run.targets.main.uri.as_deref().or(msg.request_uri()).unwrap_or_default();
    if !same_uri(target, &leg.contact) {
        return BAD_TARGET;
    }
    if !same_routes(&routes_left(cx), &leg.route_set) {
        return BAD_ROUTES;
    }
    Ret::TRUE
}

fn same_uri(a: &[u8], b: &[u8]) -> bool {
    match (UriView::parse(a), UriView::parse(b)) {
        (Some(a), Some(b)) => equality::same(&a, &b),
        _ => a == b,
    }
}

/// The Route values that the request will leave with: ours were taken out.
fn routes_left(cx: &Cx<'_>) -> Vec<Str> {
    let (msg, edits) = (&cx.run.msg, &cx.run.edits);
    let kept = |r: &route::RouteValue<'_>| !edits.removes(r.header.line) && !edits.removes(r.address.whole);
    route::values(msg, HeaderId::Route).flatten().filter(kept).map(|r| msg.text(r.address.uri)).collect()
}

/// `known` is `<uri>,<uri>`.
fn same_routes(routes: &[Str], known: &[u8]) -> bool {
    let known: Vec<&[u8]> =
        known.split(|b| *b == b'>').filter_map(|part| part.get(memchr::memchr(b'<', part)? + 1..)).collect();
    routes.len() == known.len() && routes.iter().zip(known).all(|(a, b)| same_uri(a, b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn route_sets_are_compared_uri_by_uri() {
        let routes = ["sip:a@x;lr", "sip:B@y:5060;lr"].map(Str::from);
        assert!(same_routes(&routes, b"<sip:a@X;lr>,<sip:B@y:5060;lr>"));
        assert!(!same_routes(&routes, b"<sip:a@X;lr>"));
        assert!(!same_routes(&routes, b"<sip:B@y:5060;lr>,<sip:a@X;lr>"));
        assert!(same_routes(&[], b""));
    }
}
