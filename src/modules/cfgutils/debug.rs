//! What looks at the process, and what would end it.
use super::State;
use crate::context::Level;
use crate::vm::{Cx, Ret};

/// A script cannot end the process (design, invariant 6): it ends itself, and says so where everybody sees it.
pub fn abort(cx: &mut Cx<'_>) -> Ret {
    cx.log(Level::Alert, "cfgutils", "abort", format_args!("called: this script ends, the server goes on"));
    Ret::STOP
}

pub fn pkg_status(cx: &mut Cx<'_>) -> i32 {
    let shard = &*cx.shard;
    let text = format_args!(
        "worker {}: {} messages received, {} outputs waiting, {} bytes for printing",
        shard.index,
        shard.received,
        shard.out.len(),
        shard.scratch.capacity()
    );
    cx.log(Level::Notice, "cfgutils", "pkg_status", text);
    1
}

pub fn shm_status(cx: &mut Cx<'_>) -> i32 {
    let core = cx.core;
    let state = core.state::<State>();
    let text = format_args!(
        "{} transactions, {} dialogs, {} shared variables, {} locks held",
        core.transactions.len(),
        core.dialogs.count_alive(),
        state.shared.len(),
        state.locks.held()
    );
    cx.log(Level::Notice, "cfgutils", "shm_status", text);
    1
}

#[cfg(test)]
mod tests {
    use crate::modules::cfgutils::MODULE;
    use crate::modules::fixture::Fixture;

    #[test]
    fn the_script_ends_and_the_process_does_not() {
        let mut f = Fixture::with("OPTIONS sip:h SIP/2.0\ni: 1", &[(&MODULE, &[])]);
        assert_eq!(f.call(&MODULE, "abort", &[]), 0);
        assert_eq!(f.call(&MODULE, "pkg_status", &[]), 1);
        assert_eq!(f.call(&MODULE, "shm_status", &[]), 1);
    }
}
