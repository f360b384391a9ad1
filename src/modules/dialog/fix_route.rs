//! `fix_route_dialog`: a sequential request goes where its dialog says, whatever target and routes it came with.
use super::create::join;
use super::requests::routes;
use crate::base::Str;
use crate::context::{Level, Own};
use crate::sip::{HeaderId, UriView};
use crate::vm::Cx;

/// True when Request-URI, Route set and next hop are now those of the leg that the request goes to. A first hop without
/// `lr` gets them as a strict router does (RFC 3261 12.2.1.1).
pub fn fix_route_dialog(cx: &mut Cx<'_>) -> bool {
    let (Some(Own(dialog)), Some(to)) = (cx.run.own(), cx.run.own.to_leg) else {
        cx.log(Level::Error, "dialog", "fix_route_dialog", format_args!("the request belongs to no dialog"));
        return false;
    };
    let leg = {
        let state = dialog.state.lock();
        state.legs.get(to).map(|leg| (leg.contact.clone(), leg.route_set.clone()))
    };
    let Some((contact, route_set)) = leg else { return false };
    let uris: Vec<Str> = routes(&route_set).iter().map(|r| uri_of(r)).collect();
    let is_strict = uris.first().is_some_and(|first| UriView::parse(first).is_none_or(|u| u.param(b"lr").is_none()));
    remove_routes(cx);
    if is_strict {
        through_strict(cx, &uris, contact);
    } else {
        through_loose(cx, &uris, contact);
    }
    true
}

fn through_loose(cx: &mut Cx<'_>, routes: &[Str], contact: Str) {
    let target = &mut cx.run.targets.main;
    target.uri = Some(contact).filter(|c| !c.is_empty()).or(target.uri.take());
    target.dst = routes.first().cloned();
    add_routes(cx, routes.iter().cloned());
}

fn through_strict(cx: &mut Cx<'_>, routes: &[Str], contact: Str) {
    let target = &mut cx.run.targets.main;
    target.uri = routes.first().cloned();
    target.dst = None;
    add_routes(cx, routes.iter().skip(1).cloned().chain([contact]));
}

fn remove_routes(cx: &mut Cx<'_>) {
    let msg = cx.run.msg.clone();
    for header in msg.all(HeaderId::Route) {
        cx.run.edits.remove_header(header);
    }
}

fn add_routes(cx: &mut Cx<'_>, uris: impl Iterator<Item = Str>) {
    let set = join(uris);
    if !set.is_empty() {
        let line = Str::from([b"Route: ", set.as_bytes(), b"\r\n"].concat());
        let msg = cx.run.msg.clone();
        cx.run.edits.append_header(&msg, line);
    }
}

/// `<uri>` without its brackets.
fn uri_of(route: &[u8]) -> Str {
    Str::new(route.strip_prefix(b"<").and_then(|r| r.strip_suffix(b">")).unwrap_or(route))
}
