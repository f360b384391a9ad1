//! Functions over the script itself: events, trace.
use crate::base::Str;
use crate::context::{EventParam, Level, Value};
use crate::script_fns;
use crate::vm::{AvpOut, Cx, Function, Static, Template, Trace};

pub const FUNCTIONS: &[Function] = script_fns! {
    /// Raises an event. The second AVP holds the values of its parameters, the first their names.
    fn raise_event(name: Str, attrs_avp: Option<AvpOut>, vals_avp: Option<AvpOut>) in ALL => raise_event;
    /// Logs every following step of this run with a text of its own; without arguments no more.
    fn script_trace(log_level: Option<i32>, pv_format_string: Option<Template>, info_string: Option<Static>)
        in ALL => script_trace;
};

/// Values without names count by their places. The newest value comes first.
fn raise_event(cx: &mut Cx<'_>, name: Str, names: Option<AvpOut>, values: Option<AvpOut>) -> bool {
    let values = all(cx, values.as_ref());
    let mut params: Vec<EventParam> = values.into_iter().map(|value| EventParam { name: Str::EMPTY, value }).collect();
    if names.is_some() {
        let names = all(cx, names.as_ref());
        let fitting = names.iter().take_while(|n| matches!(n, Value::Str(_))).count();
        if fitting < params.len() {
            let text = format_args!("`{name}` is not raised: each of its values needs a name, which is a text");
            cx.log(Level::Error, "core", "raise_event", text);
            return false;
        }
        for (param, name) in params.iter_mut().zip(names) {
            param.name = name.str_face().unwrap_or_default();
        }
    }
    cx.raise_event(name, params)
}

fn all(cx: &mut Cx<'_>, avp: Option<&AvpOut>) -> Vec<Value> {
    let Some(name) = avp.and_then(|avp| avp.0.avp_name(cx)) else { return Vec::new() };
    cx.run.avps.all(name).cloned().collect()
}

fn script_trace(cx: &mut Cx<'_>, level: Option<i32>, text: Option<Template>, tag: Option<Static>) -> bool {
    match (level, text) {
        (None, None) if tag.is_none() => cx.stop_trace(),
        (Some(level), Some(text)) => cx.trace(Trace { level, text, tag: tag.map(|t| t.0) }),
        (None, _) | (_, None) => {
            cx.log(Level::Error, "core", "script_trace", format_args!("a trace needs a level and a text"));
            return false;
        }
    }
    true
}
