//! `dlg_send_sequential`: a request of the script's own within the current call.
use super::initial;
use super::requests::{self, Made, Way};
use crate::base::Str;
use crate::context::{Current, Dialog, Level};
use crate::proto::dialog::LegId;
use crate::sip::{HeaderId, Message, Method};
use crate::vm::{Cx, Vocabulary, Words};
use std::sync::Arc;

/// Which side of the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    Caller,
    Callee,
}

impl Vocabulary for Side {
    fn parse(text: &[u8]) -> Result<Side, String> {
        if text.eq_ignore_ascii_case(b"caller") {
            Ok(Side::Caller)
        } else if text.eq_ignore_ascii_case(b"callee") {
            Ok(Side::Callee)
        } else {
            Err(format!("`{}` is neither `caller` nor `callee`", Str::new(text)))
        }
    }
}

/// True when the request is on its way; its reply is nobody's. An INVITE gets its ACK. In an onreply route a PRACK
/// acknowledges the reply at hand.
pub fn dlg_send_sequential(
    cx: &mut Cx<'_>,
    method: Str,
    side: Words<Side>,
    body: Option<Str>,
    content_type: Option<Str>,
    headers: Option<Str>,
) -> bool {
    let Some(Current(dialog)) = cx.run.current() else { return refused(cx, "there is no dialog") };
    let method = Method::parse(&method.to_ascii_uppercase());
    let mut headers = headers.unwrap_or_default();
    if body.is_some() && content_type.is_none() {
        warn(cx, "the body has no content type");
    }
    let mut callee = dialog.state.lock().legs.primary();
    if method == Method::Prack {
        let Some(line) = rack(&cx.run.msg) else { return refused(cx, "no reply that asks for a PRACK is at hand") };
        headers = Str::from([line.as_bytes(), headers.as_bytes()].concat());
        callee = initial::replying_leg(cx, &dialog).or(callee);
    }
    let Some(callee) = callee else { return refused(cx, "the call has no callee yet") };
    let to = if side.0 == Side::Caller { LegId::CALLER } else { callee };
    // Without a type the body leaves as what it most often is.
    let body = body.map(|bytes| (content_type.unwrap_or_else(|| Str::from_static("application/sdp")), bytes));
    let made = Made { body, headers, ..Made::new(method) };
    sent(cx, &dialog, Way { to, callee }, made)
}

fn sent(cx: &mut Cx<'_>, dialog: &Arc<Dialog>, way: Way, made: Made) -> bool {
    requests::send(cx, dialog, way, made) || refused(cx, "the leg never said where it can be reached")
}

/// `RAck: RSeq CSeq method` of a reliable provisional (RFC 3262 7.2).
fn rack(reply: &Message) -> Option<Str> {
    let rseq = reply.bytes(reply.first(HeaderId::RSeq)?.value);
    let cseq = reply.cseq()?;
    reply.status().filter(|s| s.is_provisional())?;
    let line = [b"RAck: ", rseq, b" ", reply.bytes(cseq.number_text), b" ", reply.bytes(cseq.method), b"\r\n"];
    Some(Str::from(line.concat()))
}

fn refused(cx: &Cx<'_>, why: &str) -> bool {
    warn(cx, why);
    false
}

fn warn(cx: &Cx<'_>, why: &str) {
    cx.log(Level::Warning, "dialog", "dlg_send_sequential", format_args!("{why}"));
}
