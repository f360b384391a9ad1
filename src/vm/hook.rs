//! Hooks: the moments of a call that modules follow. A closed set, raised by transactions, dialogs and runs, delivered
//! in the order of the module list with no lock held.
use super::cx::Cx;
use crate::base::Str;
use crate::context::{Dialog, SocketId, Transaction};
use crate::sip::Message;
use std::sync::Arc;

/// Takes every hook; a module matches on those it follows. A hook is never suspended: a route it wants run is handed
/// to `Cx::later`.
pub type HookFn = fn(&mut Cx<'_>, &Hook<'_>);

pub enum Hook<'a> {
    /// The server is about to serve, raised on one of its workers: what is to be done every so often is armed here.
    Started,
    /// A request entered and is about to meet the main route. A module that dealt with it sets
    /// `cx.run.script.dropped`, and no route is run.
    RequestIn,
    /// The run's request just got its transaction (`cx.run.tx`).
    TransactionCreated,
    /// A reply came in on a branch of `cx.run.tx`, before its onreply routes.
    ReplyIn {
        reply: &'a Arc<Message>,
        branch: usize,
    },
    /// A branch of `cx.run.tx` is about to be sent: `Current` edits of that branch may still be made through
    /// `cx.run.edits`, which is the branch's own. `socket` is the one it leaves from. Raised for a request that is
    /// forwarded without transaction too, as branch 0.
    BranchOut {
        branch: usize,
        socket: SocketId,
    },
    /// A reply is about to leave upstream: dialogs change their state here.
    ReplyOut(&'a ReplyOut<'a>),
    /// The same reply has left: records are written here.
    ReplySent(&'a ReplyOut<'a>),
    /// A branch, or the choice among branches, ended with a negative final; a failure route may follow.
    BranchFailed {
        code: u16,
        reason: &'a [u8],
        reply: Option<&'a Arc<Message>>,
    },
    /// The transaction leaves the table.
    TransactionEnd {
        tx: &'a Arc<Transaction>,
    },
    /// `loose_route` consumed a Route of ours: parameters of its URI, leading `;` included; empty without any.
    RouteMatched {
        params: &'a [u8],
    },
    /// A CANCEL or an ACK was matched to `cx.run.tx`.
    Matched {
        tx: &'a Arc<Transaction>,
    },
    /// The run's CANCEL came when its INVITE was answered already.
    CancelledTooLate,
    /// A 2xx of another fork, the run's message, came when its INVITE was answered already; it goes upstream next.
    LateAnswer {
        branch: usize,
    },
    /// A request without transaction (an ACK to a 2xx) is forwarded.
    Forwarded,
    DialogCreated(&'a Arc<Dialog>),
    DialogConfirmed(&'a Arc<Dialog>),
    /// A sequential request of a dialog came in.
    DialogWithin(&'a Arc<Dialog>),
    DialogFailed(&'a Arc<Dialog>),
    /// Ended by a BYE in either direction, or by this server's own.
    DialogTerminated(&'a Arc<Dialog>),
    /// Ended by its lifetime without any message.
    DialogExpired(&'a Arc<Dialog>),
    /// Modules store what they keep for this dialog into its values, before it is written somewhere.
    WriteValues(&'a Arc<Dialog>),
    /// A run ends; its frames are released next.
    RunEnd,
    /// A request made here has its final status; `relayed` is the reply, when one came.
    LocalEnded(&'a ReplyOut<'a>),
    /// A fault of ours unwound a run, which ended without `RunEnd`: what it held is to be looked for.
    Unwound,
}

/// A reply on its way upstream.
pub struct ReplyOut<'a> {
    pub tx: &'a Arc<Transaction>,
    pub code: u16,
    pub reason: &'a [u8],
    /// The relayed reply; `None` for one made here.
    pub relayed: Option<&'a Arc<Message>>,
    /// Branch it came from.
    pub branch: Option<usize>,
    pub to_tag: Option<Str>,
    pub has_body: bool,
}
