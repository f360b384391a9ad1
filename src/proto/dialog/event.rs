//! What can happen to a dialog, and why one ends.
use crate::base::Str;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A relayed 101-199 of the initial INVITE. Local provisionals and 100 are not events.
    Provisional,
    /// A 2xx of the initial INVITE.
    Answer,
    /// A final reply of 300 or more to the initial INVITE.
    Failure,
    Ack,
    Bye {
        from: Party,
        leg: LegRole,
    },
    Prack,
    /// Any other request within the dialog.
    Request,
    Cancel,
    /// The initial INVITE's transaction left its table.
    TransactionGone,
    /// The lifetime is over; the script may still extend it.
    LifetimeOver,
    /// The script did not extend it.
    Overdue(OnTimeout),
    /// MI, a failed ping or another module wants the call to end.
    EndWanted(EndReason),
    /// A BYE that this server sent was answered, or could not be sent.
    LocalByeDone,
}

/// Which end of the call sent a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Party {
    Caller,
    Callee,
}

/// Is the callee leg that a BYE comes from or goes to the one whose 2xx made the call?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LegRole {
    Primary,
    /// A fork that also answered and is being hung up.
    Forked,
}

/// What becomes of an overdue dialog.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnTimeout {
    /// `bye-on-timeout`, also after a race condition.
    SendByes,
    DropSilently,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EndReason {
    UpstreamBye,
    DownstreamBye,
    LifetimeTimeout,
    RaceCondition,
    MiTermination,
    Cancelled,
    PingTimeout,
    CallerPingTimeout,
    CalleePingTimeout,
    CallerReinvitePingTimeout,
    CalleeReinvitePingTimeout,
    /// Of another module.
    Other(Str),
}

impl EndReason {
    /// The value of `$DLG_end_reason`.
    pub fn text(&self) -> Str {
        Str::from_static(match self {
            EndReason::UpstreamBye => "Upstream BYE",
            EndReason::DownstreamBye => "Downstream BYE",
            EndReason::LifetimeTimeout => "Lifetime Timeout",
            EndReason::RaceCondition => "SIP Race Condition",
            EndReason::MiTermination => "MI Termination",
            EndReason::Cancelled => "Cancelled",
            EndReason::PingTimeout => "Ping Timeout",
            EndReason::CallerPingTimeout => "Caller Ping Timeout",
            EndReason::CalleePingTimeout => "Callee Ping Timeout",
            EndReason::CallerReinvitePingTimeout => "Caller ReINVITE Ping Timeout",
            EndReason::CalleeReinvitePingTimeout => "Callee ReINVITE Ping Timeout",
            EndReason::Other(text) => return text.clone(),
        })
    }
}
