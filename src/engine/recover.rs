//! After a panic of ours: the message it was about ends, nothing else does (design, invariant 6).
use super::{Engine, refuse, routes};
use crate::base::Now;
use crate::context::{Level, Shard, Transaction};
use crate::modules::tm::{self, lookup};
use crate::vm::Ret;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Answers the request with 500 and takes its transaction out of the tables. The task with its frames is gone already.
pub fn after_panic(engine: &Engine, shard: &mut Shard, now: Now) {
    let core = &engine.core;
    core.counts.err_requests.inc();
    core.log.part(
        Level::Critical,
        "core",
        "input",
        format_args!("a fault of this server ended the handling of a message"),
    );
    // Should it have been the startup route: the server serves all the same.
    core.started.store(true, Ordering::Release);
    let request = shard.request.take();
    if let Some(key) = request.as_ref().and_then(|(message, _)| lookup::key_of(core, message)) {
        // What waited behind it has nothing to wait for.
        engine.waiting.release(key);
    }
    match (shard.at_work.take(), request) {
        (Some(tx), _) => end(engine, shard, now, tx),
        (None, Some((message, received))) => refuse::server_error(core, shard, &message, &received),
        (None, None) => {}
    }
    for tx in tm::local::abandoned(core) {
        end(engine, shard, now, tx);
    }
    let told = AssertUnwindSafe(|| routes::unwound(engine, shard, now));
    if catch_unwind(told).is_err() {
        core.log.part(Level::Critical, "core", "input", format_args!("modules could not be told of the fault"));
    }
}

fn end(engine: &Engine, shard: &mut Shard, now: Now, tx: Arc<Transaction>) {
    let dialog = {
        let mut state = tx.state.lock();
        let mut io = tm::Io { core: &engine.core, shard, now };
        tm::finish::abandon(&mut io, &tx, &mut state);
        tm::settle::leave_table(&engine.core, &tx, &state);
        state.busy = false;
        state.dialog.clone()
    };
    if let Some(dialog) = dialog {
        dialog.state.lock().damaged = true;
    }
    // Modules give up what they keep for it; should that be what failed, it stays.
    let run = tm::finish::over_request(&tx, &tx.state.lock());
    let told = AssertUnwindSafe(|| {
        engine.run(shard, now, run, |cx| {
            tm::local::give_up(cx, &tx);
            tm::settle::ended(cx, &tx);
            Ret::TRUE
        });
    });
    if catch_unwind(told).is_err() {
        engine.core.log.part(Level::Critical, "core", "input", format_args!("modules could not be told of the end"));
    }
}
