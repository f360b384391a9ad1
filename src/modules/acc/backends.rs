//! Where records go: to every backend that is on.
use super::record::{Cdr, Core, Kind};
use super::{event_backend, log_backend};
use crate::context::{AccState, Backend};
use crate::vm::Cx;

/// A record for one backend. Those that this build lacks cannot be switched on.
pub fn transaction(cx: &mut Cx<'_>, backend: Backend, kind: Kind, core: &Core, state: Option<&AccState>) {
    match backend {
        Backend::Log => log_backend::transaction(cx, kind, core, state),
        Backend::Evi => event_backend::transaction(cx, kind, core, state),
        Backend::Aaa | Backend::Db => {}
    }
}

/// An answered transaction, for all backends that are on.
pub fn answered(cx: &mut Cx<'_>, core: &Core, state: &AccState) {
    for backend in on(state) {
        transaction(cx, backend, Kind::Answered, core, Some(state));
    }
}

/// `missed` is used up: the next attempt is reported when the script asks for it again.
pub fn missed(cx: &mut Cx<'_>, core: &Core, state: &mut AccState) {
    for backend in Backend::ALL {
        let flags = state.backends.get_mut(backend as usize);
        if flags.is_some_and(|flags| std::mem::take(&mut flags.missed)) {
            transaction(cx, backend, Kind::Missed, core, Some(state));
        }
    }
}

/// A call that ended, for all backends that are on.
pub fn cdr(cx: &mut Cx<'_>, cdr: &Cdr, state: &AccState) {
    for backend in on(state) {
        match backend {
            Backend::Log => log_backend::cdr(cx, cdr, state),
            Backend::Evi => event_backend::cdr(cx, cdr, state),
            Backend::Aaa | Backend::Db => {}
        }
    }
}

fn on(state: &AccState) -> impl Iterator<Item = Backend> {
    let flags = state.backends;
    Backend::ALL.into_iter().zip(flags).filter(|(_, flags)| flags.on).map(|(backend, _)| backend)
}
