//! Requests made here: `t_new_request`, a dialog's BYE or ping. Each runs `local_route`, then leaves as a transaction of its
//! own; whoever asked learns of its final reply.
use super::branch;
use super::create;
use super::settle;
use super::shared;
use crate::base::Str;
use crate::context::{
    AccCtx, Core, Datagram, Dialog, Effect, EffectAnswer, Level, Received, Run, Shard, SocketId, Transaction, Value,
};
use crate::modules::core::outbound::{self, HopError, NextHop};
use crate::registry::RouteKind;
use crate::sip::build;
use crate::sip::print::Body;
use crate::sip::{Framing, Message, Method};
use crate::vm::{Answer, Cx, OwnedRun, Ret, Scope, SubRun};
use bytes::Bytes;
use std::net::SocketAddr;
use std::sync::Arc;

/// Gets the final status and the reply behind it; `None` when it was made here (a time-out, nowhere to send to).
pub type EndFn = Box<dyn FnOnce(&mut Cx<'_>, u16, Option<&Arc<Message>>) + Send>;

/// Kept with the transaction until its final reply.
pub struct LocalEnd(pub EndFn);

/// Kept with the transaction of an INVITE made here: a repeated 2xx gets it again.
pub struct LocalAck(pub Datagram);

/// A request to be made.
pub struct LocalRequest {
    pub method: Method,
    pub uri: Str,
    /// Values with their tags.
    pub from: Str,
    pub to: Str,
    pub call_id: Str,
    pub cseq: u32,
    /// Values, `<uri>` each.
    pub routes: Vec<Str>,
    pub contact: Option<Str>,
    /// Whole header lines.
    pub headers: Str,
    /// Content type and bytes.
    pub body: Option<(Str, Str)>,
    /// Where to send, when that is neither the first route nor the Request-URI.
    pub next_hop: Option<Str>,
    pub socket: Option<SocketId>,
    pub dialog: Option<Arc<Dialog>>,
    pub acc: Option<Arc<AccCtx>>,
    /// `$avp(uac_ctx)` in `local_route`.
    pub ctx: Option<Str>,
    pub end: Option<EndFn>,
}

impl LocalRequest {
    pub fn new(method: Method, uri: Str, from: Str, to: Str, call_id: Str, cseq: u32) -> LocalRequest {
        LocalRequest {
            method,
            uri,
            from,
            to,
            call_id,
            cseq,
            routes: Vec::new(),
            contact: None,
            headers: Str::EMPTY,
            body: None,
            next_hop: None,
            socket: None,
            dialog: None,
            acc: None,
            ctx: None,
            end: None,
        }
    }

    fn print(&self, agent: &[u8]) -> Vec<u8> {
        let routes: Vec<&[u8]> = self.routes.iter().map(Str::as_bytes).collect();
        let headers = [agent, b"\r\n", &self.headers].concat();
        let mut out = Vec::with_capacity(512);
        let request = build::LocalRequest {
            method: &self.method,
            uri: &self.uri,
            top: b"",
            routes: &routes,
            from: &self.from,
            to: &self.to,
            call_id: &self.call_id,
            cseq: self.cseq,
            max_forwards: 70,
            contact: self.contact.as_deref(),
            headers: if agent.is_empty() { &self.headers } else { &headers },
            body: self.body.as_ref().map(|(content_type, bytes)| Body { content_type, bytes }),
        };
        request.write(&mut out);
        out
    }
}

/// A fresh tag or Call-ID.
pub fn fresh_id(shard: &mut Shard) -> String {
    shard.ids.hex16()
}

/// Makes the request and has it sent after the builtin at work. False when it makes no message.
pub fn send(cx: &mut Cx<'_>, mut request: LocalRequest) -> bool {
    let bytes = Bytes::from(request.print(&cx.core.settings.user_agent_header));
    let Ok(message) = Message::parse(bytes, Framing::Datagram) else {
        cx.log(Level::Error, "tm", "t_uac", format_args!("a {} request cannot be made of this", request.method));
        return false;
    };
    let socket =
        request.socket.or_else(|| cx.core.sockets.all().first().map(|s| s.id)).unwrap_or(cx.run.received.socket);
    let from = cx.core.sockets.get(socket).map_or(cx.run.received.from, |s| s.addr);
    let received = Received { from, socket, at: cx.now, number: cx.run.received.number };
    let tx = Arc::new(transaction(cx, message, received, &mut request));
    if cx.core.transactions.insert(tx.clone()).is_err() {
        return false;
    }
    if let Some(dialog) = &request.dialog {
        dialog.state.lock().bound += 1;
    }
    let mut run = Box::new(shared::request_run(RouteKind::Local, &tx, &mut tx.state.lock()));
    run.targets.main.dst = request.next_hop.or_else(|| request.routes.first().map(|r| bare_uri(r)));
    run.targets.main.socket = request.socket;
    if let (Some(ctx), Some(name)) = (request.ctx, cx.core.avp_names.intern(b"uac_ctx")) {
        run.avps.push(name, Value::Str(ctx));
    }
    let sub = SubRun { kind: RouteKind::Local, name: None, scope: Scope::Own(run) };
    let unsent = Unsent(Some(tx));
    cx.later(OwnedRun { sub, then: Some(Box::new(move |cx, answer| after_local_route(cx, unsent, answer))) });
    true
}

/// A transaction whose `local_route` is at work. Should a fault of ours end that run, nobody else knows of it.
struct Unsent(Option<Arc<Transaction>>);

impl Drop for Unsent {
    fn drop(&mut self) {
        if let Some(tx) = &self.0 {
            tx.state.lock().abandoned = true;
        }
    }
}

/// The transactions that a fault of ours left unsent.
pub fn abandoned(core: &Core) -> Vec<Arc<Transaction>> {
    core.transactions.search(|tx| tx.local && tx.state.lock().abandoned)
}

/// Tells who asked for a request that it came to nothing.
pub fn give_up(cx: &mut Cx<'_>, tx: &Transaction) {
    let end = tx.state.lock().slots.take::<LocalEnd>();
    if let Some(LocalEnd(end)) = end {
        end(cx, 408, None);
    }
}

/// Sends the ACK of a 2xx to an INVITE of ours: no transaction, no reply (RFC 3261 13.2.2.4). A host name is not looked up.
pub fn send_ack(cx: &mut Cx<'_>, request: LocalRequest) {
    let bytes = Bytes::from(request.print(&cx.core.settings.user_agent_header));
    let Ok(message) = Message::parse(bytes, Framing::Datagram) else { return };
    let mut run = Run::new(RouteKind::Request, Arc::new(message), cx.run.received);
    run.targets.main.dst = request.routes.first().map(|r| bare_uri(r));
    let sent = outbound::next_hop(&run.msg, &run.targets.main).and_then(|hop| match hop {
        NextHop::Address(to) => {
            let socket = outbound::socket_for(cx.core, request.socket, cx.run.received.socket, to.ip())?;
            Ok(outbound::stateless_request(cx.core, &run, to, socket, &mut cx.shard.scratch))
        }
        NextHop::Name { host, .. } => Err(HopError::Unresolved(host)),
    });
    match sent {
        Ok(datagram) => {
            if let Some(tx) = &cx.run.tx {
                tx.state.lock().slots.set(LocalAck(datagram.clone()));
            }
            cx.shard.send(datagram);
        }
        Err(error) => cx.log(Level::Error, "tm", "ack", format_args!("{error}")),
    }
}

fn transaction(cx: &mut Cx<'_>, message: Message, received: Received, request: &mut LocalRequest) -> Transaction {
    let id = cx.shard.ids.next_u64().to_be_bytes();
    let key = cx.core.transactions.keys.client(&id, request.method.as_bytes());
    let tx = create::local(cx.core, Arc::new(message), received, key);
    let mut state = tx.state.lock();
    state.dialog.clone_from(&request.dialog);
    state.acc.clone_from(&request.acc);
    if let Some(end) = request.end.take() {
        state.slots.set(LocalEnd(end));
    }
    drop(state);
    tx
}

fn bare_uri(route: &[u8]) -> Str {
    let inside = route.split(|&b| b == b'<').nth(1).and_then(|rest| rest.split(|&b| b == b'>').next());
    Str::new(inside.unwrap_or(route))
}

fn after_local_route(cx: &mut Cx<'_>, mut unsent: Unsent, answer: Answer) -> Ret {
    let (Answer::Route(outcome), Some(tx)) = (answer, unsent.0.take()) else { return Ret::TRUE };
    let (dropped, Some(run)) = (outcome.dropped, outcome.run) else { return Ret::TRUE };
    if dropped {
        return not_sent(cx, &tx);
    }
    match outbound::next_hop(&tx.request, &run.targets.main) {
        Ok(NextHop::Address(to)) => leave(cx, &tx, run, &[to]),
        Ok(NextHop::Name { host, port }) => resolve(tx, run, host, port),
        Err(error) => nowhere(cx, &tx, &error),
    }
}

fn resolve(tx: Arc<Transaction>, run: Box<Run>, host: Str, port: u16) -> Ret {
    let effect = Effect::Resolve { host: host.clone() };
    let mut unsent = Unsent(Some(tx));
    let then = move |cx: &mut Cx<'_>, answer: Answer| {
        let Some(tx) = unsent.0.take() else { return Ret::FALSE };
        match answer {
            Answer::Effect(EffectAnswer::Resolved(ips)) if !ips.is_empty() => {
                let addresses: Vec<SocketAddr> = ips.into_iter().map(|ip| SocketAddr::new(ip, port)).collect();
                leave(cx, &tx, run, &addresses)
            }
            _ => nowhere(cx, &tx, &HopError::Unresolved(host)),
        }
    };
    Ret::Wait(effect, Box::new(then))
}

/// Sends the request as the run that `local_route` had left it.
fn leave(cx: &mut Cx<'_>, tx: &Arc<Transaction>, mut run: Box<Run>, addresses: &[SocketAddr]) -> Ret {
    std::mem::swap(cx.run, &mut *run);
    let sent = branch::send(cx, tx, addresses);
    std::mem::swap(cx.run, &mut *run);
    let bytes = {
        let mut state = tx.state.lock();
        shared::keep(&mut run, &mut state);
        state.branches.first().map(|b| b.sent.clone())
    };
    match (sent, bytes) {
        (Ok(()), Some(bytes)) => {
            look_at(cx, bytes);
            Ret::TRUE
        }
        (Err(branch::NotSent::Hop(error)), _) => nowhere(cx, tx, &error),
        (Ok(()) | Err(branch::NotSent::Closed(_)), _) => not_sent(cx, tx),
    }
}

/// Shows a request made here to `local_request_route`.
fn look_at(cx: &mut Cx<'_>, bytes: Bytes) {
    let Some(route) = cx.core.state::<super::Tm>().local_request_route.clone() else { return };
    let Ok(request) = Message::parse(bytes, Framing::Datagram) else { return };
    let run = Box::new(Run::new(RouteKind::Request, Arc::new(request), cx.run.received));
    let sub = SubRun { kind: RouteKind::Request, name: Some(route), scope: Scope::Own(run) };
    cx.later(OwnedRun { sub, then: None });
}

fn nowhere(cx: &mut Cx<'_>, tx: &Arc<Transaction>, error: &HopError) -> Ret {
    cx.log(Level::Error, "tm", "t_uac", format_args!("{error}"));
    not_sent(cx, tx)
}

/// The request ends before it began: as a 408 to who asked for it.
fn not_sent(cx: &mut Cx<'_>, tx: &Arc<Transaction>) -> Ret {
    settle::leave_table(cx.core, tx, &tx.state.lock());
    give_up(cx, tx);
    settle::ended(cx, tx);
    Ret::FALSE
}

/// Whether requests can be made: the module is loaded.
pub fn is_available(core: &Core) -> bool {
    core.states.get::<super::Tm>().is_some()
}
