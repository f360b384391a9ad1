//! The functions of `tm`.
use super::words::{CancelWord, InjectFlags, InjectSource, RelayWords, Replies};
use super::write::Action;
use super::{answer, arm, headers, inject, query, relay, write};
use crate::base::Str;
use crate::modules::core::proxy_text::ProxyText;
use crate::script_fns;
use crate::vm::{
    BranchRouteName, FailureRouteName, Function, OnReplyRouteName, PatternArg, Ruled, Status, VarInto, Words,
};

pub static FUNCTIONS: &[Function] = script_fns! {
    /// Sends the request on, to its Request-URI and to every added branch, and follows it until its end. Flags:
    /// no-auto-477, no-dns-failover, pass-reason-hdr, allow-no-cancel. The proxy is `[proto:]host[:port]`.
    fn t_relay(flags: Option<Words<RelayWords>>, outbound_proxy: Option<Ruled<ProxyText>>) in REQUEST | FAILURE, roles [Relays, Waits, MayFail] => relay::t_relay;
    /// Makes the transaction of the request. A retransmission gets the last reply again and ends the script.
    fn t_newtran() in REQUEST, roles [MayFail] => query::t_newtran;
    /// CANCEL: whether its INVITE is known. ACK: 1 when it is for this hop, -2 when it goes to the end. Other requests: a
    /// retransmission gets the last reply again and ends the script.
    fn t_check_trans() in REQUEST | BRANCH, roles [MayFail] => query::t_check_trans;
    /// Answers the request in its transaction, which is made if need be.
    fn t_reply(code: Ruled<Status>, reason_phrase: Str) in REQUEST | FAILURE, roles [Replies, MayFail] => answer::t_reply;
    /// Answers with a body; its type is set by `append_to_reply("Content-Type: ..\r\n")`.
    fn t_reply_with_body(code: Ruled<Status>, reason_phrase: Str, body: Str) in REQUEST | FAILURE, roles [Replies, MayFail] => answer::t_reply_with_body;
    /// Answers the INVITE of a call that waits here (`t_reply(180, ..)`, `t_wait_for_new_branches()`), by default that of
    /// the current Call-ID and CSeq.
    fn t_reply_by_callid(code: Ruled<Status>, reason_phrase: Str, callid: Option<Str>, cseq: Option<Str>) in REQUEST, roles [MayFail] => answer::t_reply_by_callid;
    /// Sends a copy to another server; what is answered to it goes nowhere.
    fn t_replicate(uri: Str, flags: Option<Words<RelayWords>>) in REQUEST | FAILURE, roles [Relays, Waits, MayFail] => relay::t_replicate;
    /// The route that runs when all branches refused.
    fn t_on_failure(failure_route: FailureRouteName) in REQUEST | FAILURE | ONREPLY | BRANCH | LOCAL => arm::t_on_failure;
    /// The route that sees each reply; in a branch_route that of the branch alone.
    fn t_on_reply(reply_route: OnReplyRouteName) in REQUEST | FAILURE | ONREPLY | BRANCH | LOCAL => arm::t_on_reply;
    /// The route that runs before each branch leaves.
    fn t_on_branch(branch_route: BranchRouteName) in REQUEST | FAILURE | ONREPLY | BRANCH => arm::t_on_branch;
    /// Whether the status matches: of the current reply, of the winner in a failure_route, else of the last reply sent.
    fn t_check_status(re: PatternArg) in REQUEST | FAILURE | ONREPLY | BRANCH => query::t_check_status;
    /// Whether replies were made here: `all`, that of the `branch`, or the `last`.
    fn t_local_replied(reply: Words<Replies>) in REQUEST | FAILURE | ONREPLY | BRANCH => query::t_local_replied;
    /// Whether the caller cancelled the INVITE.
    fn t_was_cancelled() in REQUEST | FAILURE | ONREPLY | BRANCH => query::t_was_cancelled;
    /// Cancels this branch, all branches (`a`), or all others (`o`).
    fn t_cancel_branch(flags: Option<Words<CancelWord>>) in ONREPLY, roles [MayFail] => inject::t_cancel_branch;
    /// Gives the transaction the message flags as they are now.
    fn t_flush_flags() in REQUEST | BRANCH, roles [MayFail] => headers::t_flush_flags;
    /// Header lines for every request of this transaction.
    fn t_add_hdrs(sip_hdrs: Str) in REQUEST, roles [MayFail] => headers::t_add_hdrs;
    /// The Reason header line of the CANCELs that relaying this CANCEL makes.
    fn t_add_cancel_reason(reason_hdr: Str) in REQUEST, roles [MayFail] => headers::t_add_cancel_reason;
    /// Makes and sends a request of its own. The body is `type/subtype bytes`; `ctx` is `$avp(uac_ctx)` in local_route.
    fn t_new_request(method: Str, ruri: Str, from: Str, to: Str, body: Option<Str>, ctx: Option<Str>) in REQUEST | FAILURE | ONREPLY | BRANCH | ERROR | LOCAL | STARTUP | TIMER | EVENT, roles [Waits, MayFail] => headers::t_new_request;
    /// Adds branches to the transaction and sends them: those of the message (`msg`), or the contact that a notification
    /// (`event`) describes in `$avp(uri)`, `received`, `path`, `qval`, `socket` and `bflags`. Flags: cancel (c) what is
    /// under way first, last (l) injection.
    fn t_inject_branches(source: Words<InjectSource>, flags: Option<Words<InjectFlags>>) in REQUEST | ONREPLY, roles [Relays, Waits, MayFail] => inject::t_inject_branches;
    /// Keeps the INVITE, whose transaction is there, open for branches to come, for as long as `fr_inv_timeout` or until there are so many.
    fn t_wait_for_new_branches(branches: Option<i32>) in REQUEST, roles [MayFail] => inject::t_wait_for_new_branches;
    /// Ends the wait for further branches.
    fn t_wait_no_more_branches() in REQUEST | FAILURE | ONREPLY | BRANCH, roles [MayFail] => inject::t_wait_no_more_branches;
    /// Describes the request to a program that reads from a named pipe. The request waits for its answer.
    fn t_write_req(info: Words<Action>, fifo: Str) in REQUEST | FAILURE | BRANCH, roles [Waits, MayFail] => write::t_write_req;
    /// Describes the request to a program that listens at a datagram socket. The request waits for its answer.
    fn t_write_unix(info: Words<Action>, sock: Str) in REQUEST | FAILURE | BRANCH, roles [Waits, MayFail] => write::t_write_unix;
    /// Hands a CANCEL or an ACK to the server of an anycast address that has its INVITE. There is one server here: -1.
    fn t_anycast_replicate() in REQUEST, roles [MayFail] => inject::t_anycast_replicate;
    /// Finds a branch by attribute and value, from `offset` on.
    fn t_get_branch_idx_by_attr(attr: Str, val_str: Option<Str>, val_int: Option<i32>, result_var: Option<VarInto>, offset: Option<i32>) in FAILURE | ONREPLY | BRANCH, roles [MayFail] => query::t_get_branch_idx_by_attr;
};
