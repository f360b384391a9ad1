//! Routes that no message brings: startup and timers, and the way to run such routes. They run over a request that nobody sent.
use super::Engine;
use crate::base::{Now, Str};
use crate::context::{Received, Run, Shard, SocketId, Timer, dummy};
use crate::registry::RouteKind;
use crate::vm::{Cx, Hook, Ret, Scope, SubRun};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::Ordering;
use std::time::Duration;

pub fn start(engine: &Engine, shard: &mut Shard, now: Now) {
    let image = engine.image();
    run(engine, shard, now, blank(RouteKind::Timer, now), |cx| {
        cx.raise(&Hook::Started);
        Ret::TRUE
    });
    if image.route(RouteKind::Startup, None).is_some() {
        engine.core.started.store(false, Ordering::Release);
        let sub = SubRun { kind: RouteKind::Startup, name: None, scope: Scope::Same };
        run(engine, shard, now, blank(RouteKind::Startup, now), move |_| {
            let then = |cx: &mut Cx<'_>, _| {
                cx.core.started.store(true, Ordering::Release);
                Ret::TRUE
            };
            Ret::Run(Box::new(sub), Box::new(then))
        });
    }
    for (number, route) in image.timer_routes.iter().enumerate() {
        let at = now.mono + Duration::from_secs(u64::from(route.seconds));
        shard.arm(at, Timer::Route(number as u32));
    }
}

/// Runs a timer route and sets it for its next time; one that a reload took away is not set again.
pub fn timer(engine: &Engine, shard: &mut Shard, now: Now, number: u32) {
    let image = engine.image();
    let Some(timer) = image.timer_routes.get(number as usize) else { return };
    shard.arm(now.mono + Duration::from_secs(u64::from(timer.seconds)), Timer::Route(number));
    run(engine, shard, now, blank(RouteKind::Timer, now), route(RouteKind::Timer, Some(timer.key.clone())));
}

/// A timer that a module armed: the first module that knows it takes it.
pub fn module_timer(engine: &Engine, shard: &mut Shard, now: Now, timer: Timer) {
    run(engine, shard, now, blank(RouteKind::Timer, now), move |cx| {
        let image = cx.image;
        image.timers.iter().find_map(|take| take(cx, &timer)).unwrap_or(Ret::TRUE)
    });
}

/// Tells modules that a run ended without its end.
pub fn unwound(engine: &Engine, shard: &mut Shard, now: Now) {
    run(engine, shard, now, blank(RouteKind::Timer, now), |cx| {
        cx.raise(&Hook::Unwound);
        Ret::TRUE
    });
}

pub fn run(engine: &Engine, shard: &mut Shard, now: Now, over: Box<Run>, entry: impl FnOnce(&mut Cx<'_>) -> Ret) {
    let ran = engine.run(shard, now, over, entry);
    engine.settle(shard, now, ran, None);
}

pub fn route(kind: RouteKind, name: Option<Str>) -> impl FnOnce(&mut Cx<'_>) -> Ret {
    let sub = SubRun { kind, name, scope: Scope::Same };
    move |_| Ret::Run(Box::new(sub), Box::new(|_, _| Ret::TRUE))
}

/// A run without a message of its own.
pub fn blank(kind: RouteKind, now: Now) -> Box<Run> {
    let from = SocketAddr::from((Ipv4Addr::LOCALHOST, 5060));
    Box::new(Run::new(kind, dummy::request(), Received { from, socket: SocketId(0), at: now, number: 0 }))
}
