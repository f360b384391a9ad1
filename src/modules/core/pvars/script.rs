//! The script's own state: `$var`, `$param`, `$return`, `$rc`, the call stack, errors, log levels, the command line.
use crate::base::Str;
use crate::context::{RouteLabel, Value};
use crate::registry::{RouteKind, SubName, VarKind};
use crate::vm::{Cx, Index, NameKind, Pvar, Store, Var, VarName, WriteError, position};

const RC: Pvar =
    Pvar::new("rc", |cx, _| Value::Int(cx.run.script.rc), "Code of the last statement.").kind(VarKind::LastCode);

pub const PVARS: &[Pvar] = &[
    Pvar::new("var", read_var, "A variable of the run; NULL until it is set.")
        .named(SubName::Required, NameKind::Slot)
        .writable(set_var),
    Pvar::new("param", param, "The n-th parameter of the sub-route, counted from 1; in an event route also by name.")
        .dynamic(NameKind::Text),
    Pvar::new("return", returned, "The n-th extra value the last sub-route returned, counted from 0.")
        .dynamic(NameKind::Text),
    RC,
    RC.alias("retcode"),
    Pvar::new("route", route, "The call stack, `[*]` as a whole, 0 the current route, -1 the top one.").indexed(),
    Pvar::new("route.name", route_name, "Name of a route on the call stack; empty for an unnamed one.").indexed(),
    Pvar::new("route.type", route_type, "Keyword of a route on the call stack.").indexed(),
    Pvar::new("err.class", |cx, _| Value::Int(cx.run.script.error.class), "Class of the error; 0 when there is none."),
    Pvar::new("err.level", |cx, _| Value::Int(cx.run.script.error.level), "Severity of the error."),
    Pvar::new("err.info", |cx, _| Value::Str(cx.run.script.error.info.clone()), "What the error is."),
    Pvar::new("err.rcode", |cx, _| Value::Int(cx.run.script.error.code), "Status that answers the error."),
    Pvar::new("err.rreason", |cx, _| Value::Str(cx.run.script.error.reason.clone()), "Reason phrase for the error."),
    Pvar::new("pp", |cx, _| Value::Int(cx.core.settings.pid.cast_signed()), "Process id."),
    Pvar::new("cfg_line", |cx, _| cfg_line(cx), "Line of the statement being executed."),
    Pvar::new("cfg_file", |cx, _| cfg_file(cx), "File of the statement being executed."),
    Pvar::new("log_level", |cx, _| Value::Int(cx.core.log.level()), "Log threshold; NULL restores the configured one.")
        .writable(set_log_level),
    Pvar::new("xlog_level", |cx, _| Value::Int(cx.core.log.script_level()), "Threshold of `xlog`; NULL restores it.")
        .writable(set_xlog_level),
    Pvar::new("argv", argv, "Value of `-o name=value` on the command line.").named(SubName::Required, NameKind::Text),
    Pvar::new("C", colour, "Escape for foreground and background colour; empty unless `xlog_force_color`.")
        .named(SubName::Required, NameKind::Text)
        .checked(check_colour),
    Pvar::new("$", |_, _| Value::Str(Str::from_static("$")), "A dollar sign."),
];

fn read_var(cx: &mut Cx<'_>, var: &Var) -> Value {
    match var.name {
        VarName::Slot(slot) => cx.run.var(slot).clone(),
        _ => Value::Null,
    }
}

fn set_var(cx: &mut Cx<'_>, var: &Var, _: Store, value: Value) -> Result<(), WriteError> {
    let VarName::Slot(slot) = var.name else { return Err(WriteError::new("has no slot")) };
    cx.run.set_var(slot, value.stored());
    Ok(())
}

fn param(cx: &mut Cx<'_>, var: &Var) -> Value {
    let Some(name) = var.name_text(cx) else { return Value::Null };
    let nth = number(&name).and_then(|n| usize::try_from(n).ok()?.checked_sub(1));
    match cx.run.script.params.last() {
        Some(Some(params)) => nth.and_then(|n| params.get(n)).cloned().unwrap_or_default(),
        Some(None) => Value::Null,
        None => event_param(cx, &name, nth),
    }
}

fn event_param(cx: &Cx<'_>, name: &[u8], nth: Option<usize>) -> Value {
    let params = &cx.run.script.event;
    let named = params.iter().find(|p| p.name.as_bytes() == name);
    named.or_else(|| params.get(nth?)).map_or(Value::Null, |p| p.value.clone())
}

fn returned(cx: &mut Cx<'_>, var: &Var) -> Value {
    let nth = var.name_text(cx).and_then(|name| usize::try_from(number(&name)?).ok());
    nth.and_then(|n| cx.run.script.returned.get(n)).cloned().unwrap_or_default()
}

fn number(text: &[u8]) -> Option<i32> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

fn route(cx: &mut Cx<'_>, var: &Var) -> Value {
    let index = var.index(cx);
    if index != Index::All {
        return label(cx, index).map_or(Value::Null, |l| Value::Str(shown(l)));
    }
    let labels: Vec<Str> = cx.run.script.routes.iter().map(shown).collect();
    let texts: Vec<&[u8]> = labels.iter().map(Str::as_bytes).collect();
    Value::Str(Str::from(texts.join(&b" > "[..])))
}

fn route_name(cx: &mut Cx<'_>, var: &Var) -> Value {
    let index = var.index(cx);
    label(cx, index).map_or(Value::Null, |l| Value::Str(l.name.clone().unwrap_or_default()))
}

fn route_type(cx: &mut Cx<'_>, var: &Var) -> Value {
    let index = var.index(cx);
    label(cx, index).map_or(Value::Null, |l| Value::Str(Str::from_static(keyword(l))))
}

/// Index 0 is the current route, -1 the top one.
fn label<'a>(cx: &'a Cx<'_>, index: Index) -> Option<&'a RouteLabel> {
    let routes = &cx.run.script.routes;
    let back = position(index, routes.len())?;
    routes.get(routes.len() - 1 - back)
}

fn shown(label: &RouteLabel) -> Str {
    match &label.name {
        None => Str::from_static(keyword(label)),
        Some(name) => {
            let mut text = keyword(label).as_bytes().to_vec();
            text.push(b'[');
            text.extend_from_slice(name);
            text.push(b']');
            Str::from(text)
        }
    }
}

fn keyword(label: &RouteLabel) -> &'static str {
    let kind: RouteKind = label.kind;
    kind.keyword()
}

fn cfg_line(cx: &Cx<'_>) -> Value {
    let place = cx.place();
    let line = place.rsplit_once(':').and_then(|(_, line)| line.parse().ok());
    line.map_or(Value::Null, Value::Int)
}

fn cfg_file(cx: &Cx<'_>) -> Value {
    let place = cx.place();
    place.rsplit_once(':').map_or(Value::Null, |(file, _)| Value::Str(file.into()))
}

fn set_log_level(cx: &mut Cx<'_>, _: &Var, _: Store, value: Value) -> Result<(), WriteError> {
    let level = level(value, cx.core.settings.log_level)?;
    cx.core.log.set_level(level);
    Ok(())
}

fn set_xlog_level(cx: &mut Cx<'_>, _: &Var, _: Store, value: Value) -> Result<(), WriteError> {
    let level = level(value, cx.core.settings.xlog_level)?;
    cx.core.log.set_script_level(level);
    Ok(())
}

fn level(value: Value, configured: i32) -> Result<i32, WriteError> {
    match value {
        Value::Null => Ok(configured),
        value => value.int_face().ok_or_else(|| WriteError::new("a log level is an integer")),
    }
}

fn argv(cx: &mut Cx<'_>, var: &Var) -> Value {
    let Some(name) = var.name_text(cx) else { return Value::Null };
    let found = cx.core.settings.argv.iter().rev().find(|(n, _)| *n == name);
    found.filter(|(_, value)| !value.is_empty()).map_or(Value::Null, |(_, value)| Value::Str(value.clone()))
}

/// Letters of colours in the order of the ANSI codes 30 to 37, black to white; `x` is the terminal's default.
const COLOURS: &[u8; 8] = b"srgybpcw";

fn colour(cx: &mut Cx<'_>, var: &Var) -> Value {
    if !cx.core.settings.xlog_force_color {
        return Value::Str(Str::EMPTY);
    }
    let pair = var.name_text(cx).unwrap_or_default();
    let [front, back] = pair.as_bytes() else { return Value::Null };
    Value::Str(escape(*front, *back).into())
}

fn escape(front: u8, back: u8) -> String {
    let bold = front.is_ascii_uppercase();
    let code = |letter: u8, base: usize| match letter {
        b'x' => Some(String::from("0")),
        letter => COLOURS.iter().position(|c| *c == letter).map(|n| (base + n).to_string()),
    };
    let weight = if bold { "1;" } else { "" };
    let front = code(front.to_ascii_lowercase(), 30).unwrap_or_default();
    match back {
        b'x' => format!("\x1b[{weight}{front}m"),
        back => format!("\x1b[{weight}{front};{}m", code(back, 40).unwrap_or_default()),
    }
}

fn check_colour(name: &[u8]) -> Result<(), String> {
    let known = |letter: u8| letter == b'x' || COLOURS.contains(&letter);
    match name {
        [front, back] if known(front.to_ascii_lowercase()) && known(*back) => Ok(()),
        _ => Err("a colour is two letters out of `xsrgybpcw`, foreground and background".to_owned()),
    }
}
