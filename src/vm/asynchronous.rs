//! `async` and `launch`: functions that the script does not wait for where it calls them (language reference 12.6).
use super::cx::Cx;
use super::image::Image;
use super::ret::{Ret, Scope, SubRun};
use super::run_loop::invoke;
use super::task::Launched;
use crate::base::Str;
use crate::context::{Calling, EventParam, Level, Run, Value, dummy};
use crate::ir::{FormatId, RouteId, SiteId};
use crate::registry::{Role, RouteKind};

/// The code of `launch` without a module of transactions.
const NO_TRANSACTIONS: i32 = -5;

/// Makes a run ready for its script to be suspended; the module of transactions has it.
pub type SuspendFn = fn(&mut Cx<'_>) -> Suspend;

/// Whether the script may be suspended where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Suspend {
    /// Nothing is in the way.
    Ready,
    /// Nothing foresees it in this kind of route: the whole run waits, as for any other function.
    InPlace,
    /// There is no transaction to be had: the function counts as failed.
    Impossible,
    /// The request came before: its script goes on elsewhere.
    Repeated,
}

/// Calls a function for `async`; its code is for the resume route. `None`: the script ends here.
pub fn begin(cx: &mut Cx<'_>, site: SiteId, seconds: u32) -> Option<Ret> {
    let image: &Image = cx.image;
    let Some(suspend) = image.suspend else {
        cx.log(Level::Alert, "core", "do_action", format_args!("`async` needs the module `tm`"));
        return None;
    };
    let suspend = suspend(cx);
    match suspend {
        Suspend::Repeated => return None,
        Suspend::Impossible => {
            cx.log(Level::Error, "core", "async", format_args!("no transaction can be made for this message"));
            return Some(Ret::FALSE);
        }
        Suspend::Ready | Suspend::InPlace => {}
    }
    let ret = call_apart(cx, site, seconds);
    if suspend == Suspend::InPlace && !matches!(ret, Ret::Code(_)) {
        let route = cx.run.kind.keyword();
        cx.log(Level::Warning, "core", "async", format_args!("`async` is waited for in place in `{route}`"));
    }
    Some(ret)
}

/// Calls a function that goes on without the script, and then reports. `Err` holds the code of a launch that failed.
pub fn launch(
    cx: &mut Cx<'_>,
    site: SiteId,
    report: Option<RouteId>,
    param: Option<FormatId>,
) -> Result<Launched, i32> {
    let image: &Image = cx.image;
    if image.suspend.is_none() {
        cx.log(Level::Alert, "core", "do_action", format_args!("`launch` needs the module `tm`"));
        return Err(NO_TRANSACTIONS);
    }
    let param = match param.map(|id| cx.expand(image.format(id))) {
        Some(None) => return Err(-1),
        Some(Some(text)) => Some(EventParam { name: Str::EMPTY, value: Value::Str(text) }),
        None => None,
    };
    let mut run = Box::new(Run::new(RouteKind::Request, dummy::request(), cx.run.received));
    run.place = cx.run.place;
    run.script.event.extend(param);
    let name = report.and_then(|id| image.route_entry(id)).and_then(|r| r.name.clone());
    let started = call_apart(cx, site, 0);
    let entry = move |cx: &mut Cx<'_>| followed(cx, started, name);
    Ok(Launched { image: cx.image.clone(), run, entry: Box::new(entry) })
}

fn call_apart(cx: &mut Cx<'_>, site: SiteId, seconds: u32) -> Ret {
    let image: &Image = cx.image;
    let site = image.site(site);
    let can_give_up = site.function.sig.has(Role::TimesOut);
    if seconds > 0 && !can_give_up {
        let name = site.function.sig.name;
        cx.log(Level::Error, "core", "async", format_args!("`{name}` knows no time-out: it is waited for without one"));
    }
    cx.run.script.calling = Calling::Apart { seconds: if can_give_up { seconds } else { 0 } };
    let ret = invoke(cx, site);
    cx.run.script.calling = Calling::Direct;
    ret
}

/// Sees a function to its end, and runs the report route with its code.
fn followed(cx: &mut Cx<'_>, ret: Ret, report: Option<Str>) -> Ret {
    match ret {
        Ret::Code(code) => {
            cx.run.script.rc = code;
            let Some(name) = report else { return Ret::TRUE };
            let sub = SubRun { kind: RouteKind::Request, name: Some(name), scope: Scope::Same };
            Ret::Run(Box::new(sub), Box::new(|_, _| Ret::TRUE))
        }
        Ret::Wait(effect, then) => Ret::Wait(
            effect,
            Box::new(move |cx, answer| {
                let ret = then(cx, answer);
                followed(cx, ret, report)
            }),
        ),
        Ret::Run(sub, then) => Ret::Run(
            sub,
            Box::new(move |cx, answer| {
                let ret = then(cx, answer);
                followed(cx, ret, report)
            }),
        ),
    }
}
