//! The script's own state: `$var`, `$param`, `$return`, `$rc`, the call stack, errors, log levels, the command line.
use crate::base::Str;
use crate::context::{Level, RouteLabel, Value};
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
        .dynamic(NameKind::Text)
        .checked(check_place),
    RC,
    RC.alias("retcode"),
    Pvar::new("route", route, "The call stack, `[*]` as a whole, 0 the current route, -1 the top one.").indexed(),
    Pvar::new("route.name", route_name, "Name of a route on the call stack; empty for an unnamed one.").indexed(),
    Pvar::new("route.type", route_type, "Keyword of a route on the call stack.").indexed(),
    Pvar::new(
        "rT",
        |cx, _| Value::Str(Str::from_static(kind_3_1(cx.run.kind))),
        "3.1: the kind of route, `request_route` for `route`.",
    ),
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
    let Some(name) = var.lent_name(cx) else { return Value::Null };
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
    if let Some(param) = named.or_else(|| params.get(nth?)) {
        return param.value.clone();
    }
    if cx.run.kind == RouteKind::Event {
        let name = String::from_utf8_lossy(name);
        cx.log(Level::Warning, "core", "param", format_args!("the event has no parameter `{name}`"));
    }
    Value::Null
}

fn returned(cx: &mut Cx<'_>, var: &Var) -> Value {
    let nth = var.lent_name(cx).and_then(|name| usize::try_from(number(&name)?).ok());
    nth.and_then(|n| cx.run.script.returned.get(n)).cloned().unwrap_or_default()
}

fn check_place(name: &[u8]) -> Result<(), String> {
    match number(name) {
        Some(0..) => Ok(()),
        _ => Err("returned values are counted from 0".to_owned()),
    }
}

fn number(text: &[u8]) -> Option<i32> {
    if let [digit @ b'0'..=b'9'] = text {
        return Some(i32::from(digit - b'0'));
    }
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

/// `$rT` of 3.1 calls the request route by another name than `$route.type`.
fn kind_3_1(kind: RouteKind) -> &'static str {
    if kind == RouteKind::Request { "request_route" } else { kind.keyword() }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::EventParam;
    use crate::modules::fixture::Fixture;

    fn fixture() -> Fixture {
        Fixture::new("OPTIONS sip:h SIP/2.0\ni: 1")
    }

    #[test]
    fn a_variable_is_null_until_set_and_keeps_its_primary_face() {
        let mut f = fixture();
        assert_eq!(f.value("$var(a)"), Value::Null);
        f.set("$var(a)", Value::Both(Str::from("5070"), 5070)).expect("a variable takes anything");
        assert_eq!(f.value("$var(a)"), Value::text(b"5070"));
        f.set("$var(a)", Value::Named(1, Str::from("true"))).expect("a variable takes anything");
        assert_eq!(f.value("$var(a)"), Value::Int(1));
        f.set("$var(a)", Value::text(b"")).expect("a variable takes anything");
        assert_eq!(f.value("$var(a)"), Value::text(b""));
        f.set("$var(a)", Value::Null).expect("NULL unsets");
        assert_eq!(f.value("$var(a)"), Value::Null);
    }

    #[test]
    fn a_name_in_a_variables_name_is_just_text() {
        let mut f = fixture();
        f.set("$var($var(x))", 1).expect("it is a variable of that name");
        assert_eq!(f.value("$var(x)"), Value::Null);
    }

    #[test]
    fn parameters_are_those_of_the_innermost_route() {
        let mut f = fixture();
        assert_eq!(f.value("$param(1)"), Value::Null);
        f.run.script.params.push(Some(vec![Value::Int(7), Value::Null].into()));
        assert_eq!(f.expanded("$param(1) $param(2) $param(3) $param(0) $param(x)"), "7 <null> <null> <null> <null>");
        f.set("$var(i)", 1).expect("a variable is set");
        assert_eq!(f.value("$param($var(i))"), Value::Int(7));
        f.run.script.params.push(None);
        assert_eq!(f.value("$param(1)"), Value::Null);
    }

    #[test]
    fn parameters_of_an_event_have_names_and_places() {
        let mut f = fixture();
        f.run.script.event = vec![EventParam { name: "id".into(), value: Value::Int(3) }];
        assert_eq!(f.expanded("$param(id) $param(1) $param(nosuch)"), "3 3 <null>");
    }

    #[test]
    fn returned_values_count_from_zero() {
        let mut f = fixture();
        f.run.script.returned = vec![Value::text(b"abc"), Value::Int(77)];
        f.run.script.rc = -7;
        assert_eq!(f.expanded("$return(0) $return(1) $return(2) $rc $retcode"), "abc 77 <null> -7 -7");
    }

    #[test]
    fn the_call_stack_shows_the_current_route_first() {
        let mut f = fixture();
        let label = |kind, name: Option<&str>| RouteLabel { kind, name: name.map(Str::from) };
        f.run.script.routes =
            vec![label(RouteKind::Request, None), label(RouteKind::Request, Some("a")), label(RouteKind::Error, None)];
        assert_eq!(f.expanded("$(route[*])"), "route > route[a] > error_route");
        assert_eq!(f.expanded("$route|$(route[1])|$(route[-1])|$(route[3])"), "error_route|route[a]|route|<null>");
        assert_eq!(f.expanded("$route.name|$(route.name[1])|$(route.name[*])"), "|a|<null>");
        assert_eq!(f.expanded("$route.type|$(route.type[1])|$rT"), "error_route|route|request_route");
    }

    #[test]
    fn log_levels_are_integers_and_null_restores_them() {
        let mut f = fixture();
        for name in ["$log_level", "$xlog_level"] {
            f.set(name, -1).expect("a level is set");
            assert_eq!(f.value(name), Value::Int(-1));
            assert!(f.set(name, Value::text(b"4")).is_err());
            f.set(name, Value::Null).expect("the level is restored");
            assert_eq!(f.value(name), Value::Int(2));
        }
    }

    #[test]
    fn words_of_the_command_line_are_null_when_empty() {
        let mut f = fixture();
        let argv = [("a", "1"), ("a", "2"), ("b", "")];
        f.core.settings.argv = argv.map(|(n, v)| (Str::from(n), Str::from(v))).to_vec();
        assert_eq!(f.expanded("$argv(a) $argv(b) $argv(c) $$"), "2 <null> <null> $");
    }

    #[test]
    fn colours_are_escapes_when_forced() {
        let mut f = fixture();
        assert_eq!(f.expanded("$C(rx)"), "");
        f.core.settings.xlog_force_color = true;
        assert_eq!(f.expanded("$C(rx)|$C(Bg)|$C(xx)"), "\u{1b}[31m|\u{1b}[1;34;42m|\u{1b}[0m");
        assert!(check_colour(b"rG").is_err() && check_colour(b"r").is_err() && check_colour(b"Rg").is_ok());
    }

    #[test]
    fn errors_are_empty_when_there_is_none() {
        assert_eq!(fixture().expanded("$err.class|$err.level|$err.info|$err.rcode|$err.rreason"), "0|0||0|");
    }
}
