//! The client side of a phone: transactions it began, and what their replies mean for its calls.
use super::call::{CallState, Leg, Role};
use super::request::branch_of;
use super::{Alarm, Phone, Sent};
use crate::base::{Instant, Str};
use crate::proto::transaction::{Client, ClientAction, ClientActions, ClientEvent, Reliability};
use crate::sip::{Framing, Message, Method, print};
use bytes::Bytes;
use std::net::SocketAddr;
use std::sync::Arc;

pub(super) struct Outgoing {
    machine: Client,
    message: Arc<Message>,
    to: SocketAddr,
    /// Call-ID of the call it belongs to.
    call: Option<Str>,
}

impl Phone {
    pub(super) fn start(&mut self, now: Instant, message: &Arc<Message>, to: SocketAddr, call: Option<Str>) {
        self.start_as(now, branch_of(message), message.clone(), to, call);
    }

    fn start_as(&mut self, now: Instant, branch: Str, message: Arc<Message>, to: SocketAddr, call: Option<Str>) {
        let mut actions = ClientActions::new();
        let machine = Client::start(message.method_bytes(), now, self.timers, Reliability::Unreliable, &mut actions);
        self.clients.insert(branch.clone(), Outgoing { machine, message, to, call });
        self.carry_out(now, &branch, &actions, None);
    }

    pub(super) fn on_reply(&mut self, now: Instant, reply: &Arc<Message>) {
        let Some(status) = reply.status() else { return };
        let method = reply.method();
        let mut branch = branch_of(reply);
        if method == Method::Cancel {
            branch = cancel_branch(&branch);
        }
        let call = self.clients.get(&branch).and_then(|o| o.call.clone());
        self.client_event(now, &branch, ClientEvent::Reply(status.get()), Some(reply));
        if let Some(call) = call.filter(|_| method == Method::Invite && status.is_success()) {
            self.on_accepted(now, &call, reply);
        }
    }

    pub(super) fn client_event(
        &mut self,
        now: Instant,
        branch: &Str,
        event: ClientEvent,
        reply: Option<&Arc<Message>>,
    ) {
        let Some(outgoing) = self.clients.get_mut(branch) else { return };
        let mut actions = ClientActions::new();
        outgoing.machine.on(now, event, &mut actions);
        self.carry_out(now, branch, &actions, reply);
    }

    pub(super) fn is_client_due(&self, now: Instant, branch: &Str) -> bool {
        self.clients.get(branch).and_then(|o| o.machine.poll_timeout()).is_some_and(|at| at <= now)
    }

    fn carry_out(&mut self, now: Instant, branch: &Str, actions: &ClientActions, reply: Option<&Arc<Message>>) {
        for action in actions {
            let Some(outgoing) = self.clients.get(branch) else { return };
            let (to, call, message) = (outgoing.to, outgoing.call.clone(), outgoing.message.clone());
            match action {
                ClientAction::SendRequest | ClientAction::RetransmitRequest => {
                    self.sent.push(Sent { to, bytes: message.raw().clone() });
                }
                ClientAction::SendAck => self.ack_failure(&message, reply, to),
                ClientAction::SendCancel => self.send_cancel(now, &message, to, branch),
                ClientAction::Pass(code) => self.pass(call.as_ref(), *code, reply, &message),
                ClientAction::Timeout(_) | ClientAction::TransportError => self.gave_up(call.as_ref(), &message),
                ClientAction::Terminated => {
                    self.clients.remove(branch);
                }
            }
        }
        if let Some(at) = self.clients.get(branch).and_then(|o| o.machine.poll_timeout()) {
            self.set_alarm(at, Alarm::Client(branch.clone()));
        }
    }

    fn ack_failure(&mut self, invite: &Message, reply: Option<&Arc<Message>>, to: SocketAddr) {
        let mut out = Vec::new();
        if reply.is_some_and(|r| print::ack_for(invite, r, &mut out).is_ok()) {
            self.sent.push(Sent { to, bytes: out.into() });
        }
    }

    /// A CANCEL has the branch of its INVITE; it is kept under a name of its own.
    fn send_cancel(&mut self, now: Instant, invite: &Message, to: SocketAddr, branch: &Str) {
        let mut out = Vec::new();
        if print::cancel_for(invite, b"", &mut out).is_err() {
            return;
        }
        let Ok(message) = Message::parse(Bytes::from(out), Framing::Datagram) else { return };
        self.start_as(now, cancel_branch(branch), Arc::new(message), to, None);
    }

    /// A reply for the user of the phone, repetitions left out.
    fn pass(&mut self, call: Option<&Str>, code: u16, reply: Option<&Arc<Message>>, request: &Message) {
        let Some(reply) = reply else { return };
        let Some(call) = call.and_then(|c| self.calls.get_mut(c)) else {
            self.replies.push(reply.clone());
            return;
        };
        call.replies.push(reply.clone());
        if request.method() != Method::Invite || request.to_tag().is_some() {
            return;
        }
        match code {
            100 => (),
            101..=199 => {
                call.leg = Leg::of_reply(reply).or(call.leg.take());
                if call.state == CallState::Calling {
                    call.state = CallState::Ringing;
                }
            }
            200..=299 => (),
            _ => {
                call.status = Some(code);
                call.state = CallState::Ended;
            }
        }
    }

    /// A 2xx to an INVITE, each time it comes: it is acknowledged end to end.
    fn on_accepted(&mut self, now: Instant, id: &Str, reply: &Arc<Message>) {
        let (Some(cseq), Some(answered)) = (reply.cseq().map(|c| c.number), Leg::of_reply(reply)) else { return };
        let Some(call) = self.calls.get_mut(id) else { return };
        let again = call.invite.cseq().is_none_or(|c| c.number != cseq) || call.role == Role::Callee;
        if again {
            // The 2xx of a re-INVITE.
            if let Some(leg) = &mut call.leg {
                leg.refresh(reply);
            }
            let Some(leg) = call.leg.clone() else { return };
            return self.ack(id, &leg, cseq);
        }
        let first = call.status.is_none();
        if first {
            call.status = reply.status().map(|s| s.get());
            call.leg = Some(answered.clone());
            call.state = CallState::Answered;
        }
        let ours = call.remote_tag() == Some(&answered.tag);
        let unwanted = if ours { first && call.cancelled } else { !call.late.contains(&answered.tag) };
        if !ours && unwanted {
            call.late.push(answered.tag.clone());
        }
        self.ack(id, &answered, cseq);
        if unwanted {
            self.hang_up(now, id, &answered);
        }
        if ours
            && unwanted
            && let Some(call) = self.calls.get_mut(id)
        {
            call.state = CallState::Ended;
        }
    }

    fn ack(&mut self, id: &Str, leg: &Leg, cseq: u32) {
        let Some(call) = self.calls.get(id).cloned() else { return };
        let (ack, hop) = self.request_within(&call, leg, &Method::Ack, cseq, ("", ""));
        self.sent.push(Sent { to: hop, bytes: ack.raw().clone() });
    }

    /// BYE to one peer of a forked call.
    pub(super) fn hang_up(&mut self, now: Instant, id: &Str, leg: &Leg) {
        let Some(call) = self.calls.get_mut(id) else { return };
        call.cseq += 1;
        let call = call.clone();
        let (bye, hop) = self.request_within(&call, leg, &Method::Bye, call.cseq, ("", ""));
        self.start(now, &bye, hop, Some(id.clone()));
    }

    fn gave_up(&mut self, call: Option<&Str>, request: &Message) {
        if let Some(call) = call.and_then(|c| self.calls.get_mut(c))
            && request.method() == Method::Invite
            && call.state != CallState::Answered
        {
            call.state = CallState::Ended;
            call.status.get_or_insert(408);
        }
    }
}

fn cancel_branch(branch: &Str) -> Str {
    format!("{branch};cancel").into()
}
