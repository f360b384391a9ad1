//! `dlg_on_answer`, `dlg_on_timeout`, `dlg_on_hangup`: routes that belong to the current dialog.
use crate::base::Str;
use crate::context::{Current, Level, OwnedRoutes};
use crate::proto::dialog::State;
use crate::vm::{Cx, RouteName};

pub fn dlg_on_answer(cx: &mut Cx<'_>, route: Option<RouteName>) -> bool {
    set(cx, "dlg_on_answer", route, |routes| &mut routes.answer)
}

pub fn dlg_on_timeout(cx: &mut Cx<'_>, route: Option<RouteName>) -> bool {
    set(cx, "dlg_on_timeout", route, |routes| &mut routes.timeout)
}

pub fn dlg_on_hangup(cx: &mut Cx<'_>, route: Option<RouteName>) -> bool {
    set(cx, "dlg_on_hangup", route, |routes| &mut routes.hangup)
}

/// Without a name the route is cleared. An answered call keeps what it has.
fn set(
    cx: &Cx<'_>,
    function: &'static str,
    route: Option<RouteName>,
    slot: fn(&mut OwnedRoutes) -> &mut Option<Str>,
) -> bool {
    let Some(dialog) = cx.run.current() else { return false };
    let early = set_early(&dialog, route, slot);
    if !early {
        let text = format_args!("the call was answered: its routes can no longer be changed");
        cx.log(Level::Warning, "dialog", function, text);
    }
    early
}

fn set_early(
    Current(dialog): &Current,
    route: Option<RouteName>,
    slot: fn(&mut OwnedRoutes) -> &mut Option<Str>,
) -> bool {
    let mut state = dialog.state.lock();
    let early = matches!(state.state(), State::Unconfirmed | State::Early);
    if early {
        *slot(&mut state.routes) = route.map(|r| r.0);
    }
    early
}
