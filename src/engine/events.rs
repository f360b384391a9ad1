//! Events: what was raised while a message was handled runs its routes here, each in a run of its own. The core's own
//! events are made here too: log lines, slow messages.
use super::{Engine, routes};
use crate::base::{Now, Str};
use crate::context::{Core, EventParam, KeptLine, Level, Origin, ScriptEvent, Shard};
use crate::modules::core::calendar::Civil;
use crate::modules::core::events::{LOG, THRESHOLD};
use crate::registry::RouteKind;
use std::net::SocketAddr;
use std::time::Duration;

/// Events that events raise, at most, before the rest waits for the next message.
const EVENTS: usize = 1_000;

/// Runs the event routes of what was raised meanwhile.
pub fn dispatch(engine: &Engine, shard: &mut Shard, now: Now) {
    if engine.core.settings.log_event_enabled {
        log_lines(&engine.core, shard, now);
    }
    for _ in 0..EVENTS {
        let Some(event) = shard.events.pop() else { return };
        // What a route says about a line of the log raises no further event.
        if event.name == LOG {
            engine.core.log.unkept(|| raise(engine, shard, now, event));
        } else {
            raise(engine, shard, now, event);
        }
    }
}

fn raise(engine: &Engine, shard: &mut Shard, now: Now, event: ScriptEvent) {
    let ScriptEvent { name, params } = event;
    if engine.image().route(RouteKind::Event, Some(&name)).is_none() {
        return;
    }
    let mut over = routes::blank(RouteKind::Event, now);
    over.script.event = params;
    routes::run(engine, shard, now, over, routes::route(RouteKind::Event, Some(name)));
}

fn log_lines(core: &Core, shard: &mut Shard, now: Now) {
    for line in core.log.take_kept() {
        let event = ScriptEvent { name: Str::from_static(LOG), params: log_params(core, now, &line) };
        shard.events.push(event);
    }
}

fn log_params(core: &Core, now: Now, line: &KeptLine) -> Vec<EventParam> {
    let seconds = now.unix_secs();
    let time = Civil::new(seconds, (core.settings.utc_offset)(seconds)).format(b"%b %d %H:%M:%S");
    let mut params = vec![
        EventParam::text("time", time),
        EventParam::int("pid", core.settings.pid.cast_signed()),
        EventParam::text("level", Str::from_static(line.level.name())),
    ];
    if let Origin::Part { module, function } = line.origin {
        params.push(EventParam::text("module", Str::from_static(module)));
        params.push(EventParam::text("function", Str::from_static(function)));
    }
    if !core.settings.log_prefix.is_empty() {
        params.push(EventParam::text("prefix", core.settings.log_prefix.clone()));
    }
    let text = line.text.strip_suffix(b"\n").unwrap_or(&line.text);
    params.push(EventParam::text("message", Str::new(text)));
    params
}

/// A message took longer than it may.
pub fn slow(core: &Core, shard: &mut Shard, took: Duration, from: SocketAddr, message: &[u8]) {
    core.counts.slow_messages.inc();
    let line = String::from_utf8_lossy(message.split(|b| *b == b'\r').next().unwrap_or_default());
    let text = format_args!("`{line}` from {from} took {} us, more than it may", took.as_micros());
    core.log.part(Level::Warning, "core", "slow_message", text);
    let params = vec![
        EventParam::text("source", Str::from_static("msg processing")),
        EventParam::int("time", i32::try_from(took.as_micros()).unwrap_or(i32::MAX)),
        EventParam::text("extra", Str::new(message)),
    ];
    shard.events.push(ScriptEvent { name: Str::from_static(THRESHOLD), params });
}
