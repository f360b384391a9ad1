//! The server side of a phone: requests it got, and the replies its policy gives.
use super::call::{Call, CallState, Role};
use super::request::{branch_of, replaced_call};
use super::{Alarm, Phone, Policy, SDP, Sent};
use crate::base::{Instant, Str};
use crate::proto::transaction::{Reliability, Server, ServerAction, ServerActions, ServerEvent};
use crate::sip::print::{self, Answer, Body};
use crate::sip::{Message, Method, StatusCode};
use bytes::Bytes;
use std::net::SocketAddr;
use std::sync::Arc;

/// Branch and method: a CANCEL has the branch of its INVITE.
pub(super) type ServerKey = (Str, Str);

pub(super) struct Incoming {
    machine: Server,
    request: Arc<Message>,
    to: SocketAddr,
    reply: Option<Bytes>,
    /// Call-ID.
    call: Str,
    answered: bool,
}

impl Phone {
    pub(super) fn on_request(&mut self, now: Instant, from: SocketAddr, request: Arc<Message>) {
        let method = request.method();
        let branch = branch_of(&request);
        if method == Method::Ack {
            return self.on_ack(now, branch, &request);
        }
        let key = (branch, Str::new(request.method_bytes()));
        if self.servers.contains_key(&key) {
            return self.server_event(now, &key, ServerEvent::Request);
        }
        self.requests.push(request.clone());
        let call = request.call_id().map(Str::new).unwrap_or_default();
        let machine = Server::new(request.method_bytes(), self.timers, Reliability::Unreliable);
        let incoming = Incoming { machine, request: request.clone(), to: from, reply: None, call, answered: false };
        self.servers.insert(key.clone(), incoming);
        match method {
            Method::Invite if request.to_tag().is_none() => self.on_invite(now, from, &request, key),
            Method::Cancel => self.on_cancel(now, &key),
            _ => self.on_other(now, &key, &request),
        }
    }

    pub(super) fn server_event(&mut self, now: Instant, key: &ServerKey, event: ServerEvent) {
        let Some(incoming) = self.servers.get_mut(key) else { return };
        let mut actions = ServerActions::new();
        incoming.machine.on(now, event, &mut actions);
        let (to, call) = (incoming.to, incoming.call.clone());
        let reply = incoming.reply.clone();
        if let Some(at) = incoming.machine.poll_timeout() {
            self.set_alarm(at, Alarm::Server(key.clone()));
        }
        for action in actions {
            match action {
                ServerAction::SendReply(_) | ServerAction::RetransmitReply => {
                    self.sent.extend(reply.clone().map(|bytes| Sent { to, bytes }));
                }
                // RFC 3261 13.3.1.4: a 2xx that nobody acknowledged is a call to be ended.
                ServerAction::NoAck => self.give_up_call(now, &call),
                ServerAction::Terminated => {
                    self.servers.remove(key);
                }
                ServerAction::PassAck | ServerAction::TransportError => (),
            }
        }
    }

    pub(super) fn is_server_due(&self, now: Instant, key: &ServerKey) -> bool {
        self.servers.get(key).and_then(|i| i.machine.poll_timeout()).is_some_and(|at| at <= now)
    }

    pub(super) fn reply(&mut self, now: Instant, key: &ServerKey, code: u16) {
        let Some(incoming) = self.servers.get_mut(key) else { return };
        let Some(status) = StatusCode::new(code) else { return };
        if incoming.answered {
            return;
        }
        incoming.answered = status.is_final();
        let (request, call) = (incoming.request.clone(), incoming.call.clone());
        let bytes = self.write_reply(&request, &call, status);
        if let Some(incoming) = self.servers.get_mut(key) {
            incoming.reply = Some(bytes);
        }
        self.server_event(now, key, ServerEvent::LocalReply(code));
        if request.method() == Method::Invite && request.to_tag().is_none() {
            self.replied(now, &call, &request, status);
        }
    }

    fn write_reply(&mut self, request: &Message, call: &Str, status: StatusCode) -> Bytes {
        let tag = self.calls.get(call).map_or_else(|| self.ids.hex16().into(), |c| c.local_tag.clone());
        let is_invite = request.method() == Method::Invite;
        let mut headers = match status.class() {
            1 | 2 => format!("Contact: <sip:{}@{}>\r\n", self.user, self.addr),
            _ => String::new(),
        };
        if is_invite {
            headers.push_str(&self.policy_for(request).headers);
        }
        let has_body = is_invite && (status.is_success() || status.get() == 183);
        let answer = Answer {
            to_tag: Some(tag.as_bytes()),
            headers: headers.as_bytes(),
            body: has_body.then_some(Body { content_type: b"application/sdp", bytes: SDP.as_bytes() }),
            ..Answer::new(status)
        };
        let mut out = Vec::new();
        print::answer(request, &answer, &mut out);
        out.into()
    }

    /// What a reply to the first INVITE makes of the call.
    fn replied(&mut self, now: Instant, call: &Str, invite: &Message, status: StatusCode) {
        let Some(call) = self.calls.get_mut(call) else { return };
        if status.is_final() {
            call.status = Some(status.get());
        }
        match status.class() {
            1 if status.get() > 100 => call.state = CallState::Ringing,
            1 => (),
            2 => {
                call.state = CallState::Answered;
                if let Some(old) = replaced_call(invite) {
                    self.end_replaced(now, &old);
                }
            }
            _ => call.state = CallState::Ended,
        }
    }

    /// RFC 3891 3: the new call stands, so the one it replaces is hung up, or given up when it is still ringing.
    fn end_replaced(&mut self, now: Instant, id: &Str) {
        let Some(call) = self.calls.get(id) else { return };
        let id = id.to_string();
        match (call.state, call.role) {
            (CallState::Answered, _) => self.bye(now, &id),
            (CallState::Calling | CallState::Ringing, Role::Caller) => self.cancel(now, &id),
            (CallState::Calling | CallState::Ringing, Role::Callee) | (CallState::Ended, _) => (),
        }
    }

    fn give_up_call(&mut self, now: Instant, id: &Str) {
        if self.calls.get(id).is_some_and(|c| c.state == CallState::Answered) {
            self.bye(now, &id.to_string());
        }
    }

    fn policy_for(&self, invite: &Message) -> &Policy {
        let user = invite.request_uri_view().map(|u| String::from_utf8_lossy(u.user()).into_owned());
        user.and_then(|u| self.policies.get(&u)).unwrap_or(&self.policy)
    }

    fn on_invite(&mut self, now: Instant, from: SocketAddr, request: &Arc<Message>, key: ServerKey) {
        let known = request.call_id().and_then(|id| self.calls.get(id));
        if known.is_some_and(|c| c.state != CallState::Ended) {
            // RFC 3261 8.2.2.2: the same request by two ways.
            return self.reply(now, &key, 482);
        }
        let call = Call::incoming(request, from, self.ids.hex16().into());
        self.calls.insert(call.id.clone(), call);
        let steps = self.policy_for(request).steps.clone();
        for (after, code) in steps {
            self.set_alarm(now + after, Alarm::Reply(key.clone(), code));
        }
    }

    fn on_cancel(&mut self, now: Instant, key: &ServerKey) {
        let invite = (key.0.clone(), Str::from("INVITE"));
        let code = if self.servers.contains_key(&invite) { 200 } else { 481 };
        self.reply(now, key, code);
        self.reply(now, &invite, 487);
    }

    /// A request within a call, or outside any.
    fn on_other(&mut self, now: Instant, key: &ServerKey, request: &Arc<Message>) {
        let method = request.method();
        let call = request.call_id().and_then(|id| self.calls.get_mut(id));
        let code = match call {
            Some(call) => {
                call.requests.push(request.clone());
                if let Some(leg) = &mut call.leg {
                    leg.refresh(request);
                }
                if method == Method::Bye {
                    call.state = CallState::Ended;
                }
                if matches!(method, Method::Bye | Method::Invite) { Some(200) } else { self.policy.others }
            }
            None if method == Method::Bye || request.to_tag().is_some() => Some(481),
            None => self.policy.others,
        };
        if let Some(code) = code {
            self.reply(now, key, code);
        }
    }

    /// The ACK to a failure has the branch of its INVITE; that to a 2xx is known by its CSeq.
    fn on_ack(&mut self, now: Instant, branch: Str, ack: &Arc<Message>) {
        let of_failure = (branch, Str::from("INVITE"));
        if self.servers.contains_key(&of_failure) {
            return self.server_event(now, &of_failure, ServerEvent::Ack);
        }
        let Some(call) = ack.call_id().and_then(|id| self.calls.get_mut(id)) else { return };
        let same = |invite: &Message| invite.cseq().map(|c| c.number) == ack.cseq().map(|c| c.number);
        let invite = call.requests.iter().rfind(|r| r.method() == Method::Invite && same(r)).cloned();
        call.requests.push(ack.clone());
        if let Some(invite) = invite {
            self.server_event(now, &(branch_of(&invite), Str::from("INVITE")), ServerEvent::Ack);
        }
    }
}
