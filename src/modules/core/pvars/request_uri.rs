//! `$ru`, `$ou`, `$du` and their parts.
use super::super::uri_text::{
    Part, UriText, edit_destination, edit_request_uri, set_destination, set_request_uri, with_host,
};
use crate::context::{Level, Value};
use crate::vm::{Cx, Pvar, Store, Var, WriteError};

const RU: Pvar =
    Pvar::new("ru", |cx, _| request(cx, Part::Whole), "The Request-URI; NULL for replies.").writable(set_ru);
const USER: Pvar =
    Pvar::new("rU", |cx, _| request(cx, Part::User), "User of the Request-URI; NULL removes it.").writable(set_user);
const HOST: Pvar =
    Pvar::new("rd", |cx, _| request(cx, Part::Host), "Host of the Request-URI; setting it drops `maddr`.")
        .writable(set_host);
const DU: Pvar = Pvar::new(
    "du",
    |cx, _| destination(cx, Part::Whole),
    "Where the request is sent, when that is not the Request-URI; NULL resets it.",
)
.writable(set_du);
const OU: Pvar = Pvar::new("ou", |cx, _| original(cx, Part::Whole), "The Request-URI as received.");

pub const PVARS: &[Pvar] = &[
    RU,
    RU.alias("ruri"),
    USER,
    USER.alias("ruri.user"),
    HOST,
    HOST.alias("ruri.domain"),
    Pvar::new("rp", |cx, _| request(cx, Part::Port), "Port of the Request-URI, else the default of its transport.")
        .writable(set_port),
    Pvar::new("rP", |cx, _| request(cx, Part::Transport), "Transport of the Request-URI, written or implied."),
    Pvar::new("ru_q", |cx, _| read_q(cx), "q value of the Request-URI's branch times 1000; -1: none.").writable(set_q),
    OU,
    OU.alias("ouri"),
    Pvar::new("oU", |cx, _| original(cx, Part::User), "User of the received Request-URI."),
    Pvar::new("od", |cx, _| original(cx, Part::Host), "Host of the received Request-URI."),
    Pvar::new("op", |cx, _| original(cx, Part::Port), "Port of the received Request-URI or the default."),
    Pvar::new("oP", |cx, _| original(cx, Part::Transport), "Transport of the received Request-URI."),
    DU,
    DU.alias("duri"),
    Pvar::new("dd", |cx, _| destination(cx, Part::Host), "Host of the destination URI.").writable(set_dd),
    Pvar::new("dp", |cx, _| destination(cx, Part::Port), "Port of the destination URI or the default.")
        .writable(set_dp),
    Pvar::new("dP", |cx, _| destination(cx, Part::Transport), "Transport of the destination URI."),
];

fn request(cx: &mut Cx<'_>, part: Part) -> Value {
    UriText::request(cx.run).map_or(Value::Null, |uri| uri.part(part))
}

fn original(cx: &mut Cx<'_>, part: Part) -> Value {
    UriText::original(cx.run).map_or(Value::Null, |uri| uri.part(part))
}

fn destination(cx: &mut Cx<'_>, part: Part) -> Value {
    UriText::destination(cx.run).map_or(Value::Null, |uri| match part {
        Part::Whole => Value::Str(uri.share(uri.bytes())),
        part => uri.part(part),
    })
}

fn set_ru(cx: &mut Cx<'_>, _: &Var, _: Store, value: Value) -> Result<(), WriteError> {
    let uri = value.str_face().ok_or_else(|| WriteError::new("the Request-URI cannot be NULL"))?;
    set_request_uri(cx.run, uri).map_err(WriteError::new)
}

fn set_user(cx: &mut Cx<'_>, _: &Var, _: Store, value: Value) -> Result<(), WriteError> {
    let user = value.str_face().filter(|u| !u.is_empty());
    edit_request_uri(cx.run, |uri| Some(uri.with_user(user.as_deref()))).map_err(WriteError::new)
}

fn set_host(cx: &mut Cx<'_>, _: &Var, _: Store, value: Value) -> Result<(), WriteError> {
    let host = host_text(value)?;
    edit_request_uri(cx.run, |uri| with_host(uri, &host)).map_err(WriteError::new)
}

fn set_port(cx: &mut Cx<'_>, _: &Var, _: Store, value: Value) -> Result<(), WriteError> {
    let port = value.str_face();
    edit_request_uri(cx.run, |uri| uri.with_port(port.as_deref().filter(|p| !p.is_empty()))).map_err(WriteError::new)
}

fn read_q(cx: &mut Cx<'_>) -> Value {
    Value::Int(cx.run.targets.main.q.map_or(-1, i32::from))
}

fn set_q(cx: &mut Cx<'_>, _: &Var, _: Store, value: Value) -> Result<(), WriteError> {
    let q = value.int_face().ok_or_else(|| WriteError::new("the q value is an integer from 0 to 1000, or -1"))?;
    if q > 1000 {
        cx.log(Level::Warning, "core", "ru_q", format_args!("q value {q} is set to 1000, its greatest"));
    }
    cx.run.targets.main.q = u16::try_from(q).ok().map(|q| q.min(1000)).or((q > 1000).then_some(1000));
    Ok(())
}

fn set_du(cx: &mut Cx<'_>, _: &Var, _: Store, value: Value) -> Result<(), WriteError> {
    set_destination(cx.run, value.str_face()).map_err(WriteError::new)
}

fn set_dd(cx: &mut Cx<'_>, _: &Var, _: Store, value: Value) -> Result<(), WriteError> {
    let host = host_text(value)?;
    edit_destination(cx.run, |uri| with_host(uri, &host)).map_err(WriteError::new)
}

fn set_dp(cx: &mut Cx<'_>, _: &Var, _: Store, value: Value) -> Result<(), WriteError> {
    let port = value.str_face();
    edit_destination(cx.run, |uri| uri.with_port(port.as_deref().filter(|p| !p.is_empty()))).map_err(WriteError::new)
}

fn host_text(value: Value) -> Result<crate::base::Str, WriteError> {
    value.str_face().filter(|h| !h.is_empty()).ok_or_else(|| WriteError::new("a host cannot be NULL or empty"))
}
