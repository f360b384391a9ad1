//! What `async` needs: a transaction, which keeps the message while its script waits (language reference 12.6).
use super::create::{self, Created};
use crate::context::dummy;
use crate::registry::RouteKind;
use crate::vm::{Cx, Suspend};

/// Makes the transaction of a request that has none; its hundred is sent by it.
pub fn suspend(cx: &mut Cx<'_>) -> Suspend {
    match cx.run.kind {
        RouteKind::Request if cx.run.tx.is_some() => Suspend::Ready,
        // The report of a launched function is about no message, and nothing waits for it.
        RouteKind::Request if dummy::is(&cx.run.msg) => Suspend::Ready,
        // A route that a module runs over a message it made.
        RouteKind::Request if !cx.run.incoming => Suspend::InPlace,
        // An ACK has no transaction.
        RouteKind::Request if cx.run.msg.method_bytes() == b"ACK" => Suspend::Ready,
        RouteKind::Request => match create::transaction(cx) {
            Created::New(_) | Created::Exists(_) => Suspend::Ready,
            Created::Retransmission => Suspend::Repeated,
            Created::Impossible => Suspend::Impossible,
        },
        RouteKind::OnReply if cx.run.tx.is_some() => Suspend::Ready,
        RouteKind::OnReply
        | RouteKind::Failure
        | RouteKind::Branch
        | RouteKind::Error
        | RouteKind::Local
        | RouteKind::Startup
        | RouteKind::Timer
        | RouteKind::Event => Suspend::InPlace,
    }
}
