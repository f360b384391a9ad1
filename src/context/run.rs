//! A run: one execution of script over one message (design, "Cross-dialog contexts").
//!
//! A run is plain data. It owns what its script changes, knows its own call, and has the two stacks of what it loaded.
//! Where a function works on the loaded call it asks for `Current`; where it works on the run's own call although
//! another is loaded it asks for `Own`: the type in a signature says which.
use super::accounting::AccCtx;
use super::avp::Avps;
use super::dialog::{Dialog, DialogHold};
use super::effect::{Effect, EffectAnswer};
use super::slots::Slots;
use super::sockets::SocketId;
use super::stack::ContextStacks;
use super::target::Targets;
use super::transaction::Transaction;
use super::value::Value;
use crate::base::{Now, Span, Str};
use crate::proto::dialog::{Direction, LegId};
use crate::registry::RouteKind;
use crate::sip::{Edits, Message};
use smallvec::SmallVec;
use std::net::SocketAddr;
use std::sync::Arc;

/// Where and when a message came in.
#[derive(Clone, Copy, Debug)]
pub struct Received {
    pub from: SocketAddr,
    pub socket: SocketId,
    pub at: Now,
    /// Counts the messages of this process.
    pub number: u64,
}

/// The dialog that the script currently addresses: the newest loaded one, else the run's own.
#[derive(Clone, Debug)]
pub struct Current(pub Arc<Dialog>);

/// The run's own dialog, whatever is loaded.
#[derive(Clone, Debug)]
pub struct Own(pub Arc<Dialog>);

/// The accounting context that the script currently addresses.
#[derive(Clone, Debug)]
pub struct CurrentAcc(pub Arc<AccCtx>);

/// What a run's own call is, as far as it is known.
#[derive(Debug, Default)]
pub struct OwnCall {
    pub dialog: Option<Arc<Dialog>>,
    /// Of the request in `dialog`, and the leg it goes to.
    pub direction: Option<Direction>,
    pub to_leg: Option<LegId>,
    /// `$DLG_timeout` assigned before there was a dialog.
    pub pending_timeout: Option<u32>,
    /// The ping intervals likewise.
    pub pending_options_ping: Option<u32>,
    pub pending_reinvite_ping: Option<u32>,
    /// This run keeps `dialog` findable until its end.
    pub hold: Option<DialogHold>,
    pub acc: Option<Arc<AccCtx>>,
}

/// Routes that `t_on_*` armed, by name.
#[derive(Clone, Debug, Default)]
pub struct ArmedRoutes {
    pub branch: Option<Str>,
    pub failure: Option<Str>,
    pub reply: Option<Str>,
}

/// The error that `$err.*` shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScriptError {
    pub class: i32,
    pub level: i32,
    pub info: Str,
    pub code: i32,
    pub reason: Str,
}

/// The numbers that scripts know classes and levels by; 2 and 3 are about memory.
impl ScriptError {
    pub const PARSER: i32 = 1;
    pub const ASSERTION: i32 = 4;
    pub const CRITICAL: i32 = 1;
    pub const MEDIUM: i32 = 3;

    /// A part of the message that a script asked for cannot be read.
    pub fn unreadable(part: &'static str) -> ScriptError {
        ScriptError {
            class: ScriptError::PARSER,
            level: ScriptError::MEDIUM,
            info: Str::from(format!("error parsing {part}")),
            code: 400,
            reason: Str::from(format!("error parsing {part}")),
        }
    }
}

/// A parameter of an event or of `route()`, seen as `$param`.
#[derive(Clone, Debug, Default)]
pub struct EventParam {
    pub name: Str,
    pub value: Value,
}

/// How the function at work was called.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Calling {
    #[default]
    Direct,
    /// By `async` or `launch`; what it waits for is given up after that many seconds, 0 for never.
    Apart { seconds: u32 },
}

/// What the operation about to be executed needs from outside, and what came of it.
#[derive(Debug, Default)]
pub struct Asked {
    /// Where the operation stands.
    pub at: u32,
    pub wanted: Option<Effect>,
    pub answers: Vec<(Effect, EffectAnswer)>,
}

/// What the loop keeps of the script's own state, apart from where it stands.
#[derive(Debug, Default)]
pub struct ScriptState {
    /// `$rc`
    pub rc: i32,
    /// `$return(n)`
    pub returned: Vec<Value>,
    /// Parameters of the sub-routes being executed; the innermost last. `None`: called without parameters.
    pub params: Vec<Option<RouteParams>>,
    /// `$param` of an event route.
    pub event: Vec<EventParam>,
    /// Names of the routes being executed, outermost first, as `$route` shows them.
    pub routes: Vec<RouteLabel>,
    pub error: ScriptError,
    /// The index that a `for` reads its source at.
    pub cursor: i32,
    /// Texts made at run time that are being expanded, one within the other.
    pub expanding: u8,
    /// `drop` was executed.
    pub dropped: bool,
    /// The request came before: the run ends where that was found out, and nobody is to blame for what it has loaded.
    pub absorbed: bool,
    pub calling: Calling,
    /// Each step is logged.
    pub tracing: bool,
    pub asked: Option<Box<Asked>>,
}

/// What `route()` was given; `$param(1)` is the first.
pub type RouteParams = SmallVec<[Value; 2]>;

/// An entry of the call stack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteLabel {
    pub kind: RouteKind,
    pub name: Option<Str>,
}

/// What the script asked for about Via header fields of this message.
#[derive(Clone, Debug, Default)]
pub struct ViaHandling {
    /// Answer to the source port although the Via has no `rport` (`force_rport`).
    pub force_rport: bool,
    /// Put `rport` into our own Via.
    pub add_local_rport: bool,
    /// Answer to the address in the Via, not to the source.
    pub reply_to_via: bool,
    /// `set_advertised_address` and `set_advertised_port`.
    pub advertised_host: Option<Str>,
    pub advertised_port: Option<Str>,
}

/// What locally made replies to this request carry in addition.
#[derive(Clone, Debug, Default)]
pub struct ReplyExtras {
    /// Header lines with their CRLF.
    pub headers: Vec<Str>,
    pub body: Option<Str>,
}

/// What a run holds of its transaction until it ends. While it is held, what a script must see waits in the mailbox.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Hold {
    #[default]
    Nothing,
    Transaction,
    /// And what its request-side runs share: edits, AVPs, flags.
    Shared,
}

pub struct Run {
    /// The kind of the route now executing (a sub-route counts as its caller's).
    pub kind: RouteKind,
    pub msg: Arc<Message>,
    /// The other message of the transaction: the request in a reply's run, the winning reply in a failure route.
    pub other: Option<Arc<Message>>,
    pub received: Received,
    /// `msg` is a request that came in, for the main route: it can get a transaction.
    pub incoming: bool,

    pub edits: Edits,
    pub targets: Targets,
    pub avps: Avps,
    /// Message flags.
    pub flags: u32,
    pub armed: ArmedRoutes,
    pub via: ViaHandling,
    pub reply_extras: ReplyExtras,

    pub tx: Option<Arc<Transaction>>,
    pub hold: Hold,
    /// Branch of `tx` that this run is about.
    pub branch: Option<usize>,
    pub own: OwnCall,
    pub stacks: ContextStacks,

    /// `$var`s by slot.
    pub vars: Vec<Value>,
    pub script: ScriptState,
    /// The statement being executed.
    pub place: Span,
    /// What modules keep for this run.
    pub slots: Slots,
}

impl Run {
    pub fn new(kind: RouteKind, msg: Arc<Message>, received: Received) -> Run {
        Run {
            kind,
            msg,
            other: None,
            received,
            incoming: false,
            edits: Edits::default(),
            targets: Targets::default(),
            avps: Avps::default(),
            flags: 0,
            armed: ArmedRoutes::default(),
            via: ViaHandling::default(),
            reply_extras: ReplyExtras::default(),
            tx: None,
            hold: Hold::default(),
            branch: None,
            own: OwnCall::default(),
            stacks: ContextStacks::default(),
            vars: Vec::new(),
            script: ScriptState::default(),
            place: Span::default(),
            slots: Slots::default(),
        }
    }

    /// The Request-URI as it is to leave; empty for a reply.
    pub fn request_uri(&self) -> Str {
        match &self.targets.main.uri {
            _ if !self.msg.is_request() => Str::EMPTY,
            Some(uri) => uri.clone(),
            None => Str::slice_of(self.msg.raw(), self.msg.request_uri().unwrap_or_default()),
        }
    }

    pub fn own(&self) -> Option<Own> {
        self.own.dialog.clone().map(Own)
    }

    pub fn current(&self) -> Option<Current> {
        self.stacks.dialogs.top().or(self.own.dialog.as_ref()).cloned().map(Current)
    }

    /// Whether `current` is a loaded dialog.
    pub fn is_foreign(&self) -> bool {
        !self.stacks.dialogs.is_empty()
    }

    /// The accounting context in force, if there is one yet: the newest loaded one, else the own call's. A loaded
    /// dialog's is never found this way.
    pub fn current_acc(&self) -> Option<CurrentAcc> {
        self.stacks.accounting.top().cloned().or_else(|| self.own_acc()).map(CurrentAcc)
    }

    /// The accounting context of the own call: of the message, its transaction, its dialog.
    pub fn own_acc(&self) -> Option<Arc<AccCtx>> {
        let of_tx = || self.tx.as_ref().and_then(|t| t.state.lock().acc.clone());
        let of_dialog = || self.own.dialog.as_ref().and_then(|d| d.state.lock().acc.clone());
        self.own.acc.clone().or_else(of_tx).or_else(of_dialog)
    }

    #[inline]
    pub fn var(&self, slot: u32) -> &Value {
        static NULL: Value = Value::Null;
        self.vars.get(slot as usize).unwrap_or(&NULL)
    }

    #[inline]
    pub fn set_var(&mut self, slot: u32, value: Value) {
        let slot = slot as usize;
        if slot >= self.vars.len() {
            self.vars.resize(slot + 1, Value::Null);
        }
        self.vars[slot] = value;
    }

    /// Ends one run and begins the next over the same message and changes (the global and the named onreply routes of
    /// one reply): variables, frames and script state are new. What was still loaded is handed out.
    pub fn renew(&mut self) -> Leaked {
        self.vars.clear();
        self.script = ScriptState::default();
        self.release()
    }

    /// Releases every open frame, in reverse.
    pub fn release(&mut self) -> Leaked {
        let dialogs = self.stacks.dialogs.release().into_iter().map(|f| f.loaded_at);
        let accounting = self.stacks.accounting.release().into_iter().map(|f| f.loaded_at);
        dialogs.chain(accounting).collect()
    }
}

/// Places of the loads whose frames a run left open.
pub type Leaked = SmallVec<[Span; 1]>;
