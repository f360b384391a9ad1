//! `t_on_*`: the routes that a transaction will run. Before there is a transaction the run keeps them for it.
use super::create::EarlyBranch;
use crate::context::ArmedRoutes;
use crate::registry::RouteKind;
use crate::vm::{BranchRouteName, Cx, FailureRouteName, OnReplyRouteName, Ret};

pub fn t_on_failure(cx: &mut Cx<'_>, route: FailureRouteName) -> Ret {
    arm(cx, |armed| armed.failure = Some(route.0.clone()))
}

pub fn t_on_branch(cx: &mut Cx<'_>, route: BranchRouteName) -> Ret {
    arm(cx, |armed| armed.branch = Some(route.0.clone()))
}

pub fn t_on_reply(cx: &mut Cx<'_>, route: OnReplyRouteName) -> Ret {
    if cx.run.kind == RouteKind::Branch {
        cx.run.slots.get_or_default::<EarlyBranch>().on_reply = Some(route.0);
        return Ret::TRUE;
    }
    arm(cx, |armed| armed.reply = Some(route.0.clone()))
}

fn arm(cx: &mut Cx<'_>, set: impl Fn(&mut ArmedRoutes)) -> Ret {
    set(&mut cx.run.armed);
    if let Some(tx) = &cx.run.tx {
        set(&mut tx.state.lock().armed);
    }
    Ret::TRUE
}
