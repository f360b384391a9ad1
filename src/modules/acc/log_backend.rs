//! The `log` backend: one line a record, `key=value` joined by `;`. Programs read these lines: prefixes, keys and their order
//! are OpenSIPS's.
use super::fields::Column;
use super::record::{Cdr, Core, Kind};
use super::settings::Settings;
use crate::context::{AccState, Backend};
use crate::vm::Cx;
use std::io::Write;

/// A record of a transaction or of a script; `state` is the accounting context's, if there is one.
pub fn transaction(cx: &Cx<'_>, kind: Kind, core: &Core, state: Option<&AccState>) {
    let settings: &Settings = cx.core.state();
    let line = transaction_line(kind, cx.now.unix_secs(), core, state, settings);
    emit(cx, "acc_log_request", &line);
}

pub fn cdr(cx: &Cx<'_>, cdr: &Cdr, state: &AccState) {
    let settings: &Settings = cx.core.state();
    emit(cx, "acc_log_cdrs", &cdr_line(cdr, state, settings));
}

fn emit(cx: &Cx<'_>, function: &'static str, line: &[u8]) {
    let settings: &Settings = cx.core.state();
    cx.core.log.record(settings.level, "acc", function, line);
}

fn transaction_line(kind: Kind, now: u64, core: &Core, state: Option<&AccState>, settings: &Settings) -> Vec<u8> {
    let prefix = match kind {
        Kind::Answered => "ACC: transaction answered: ",
        Kind::Missed => "ACC: call missed: ",
        Kind::Requested => "ACC: request accounted: ",
    };
    let mut line = Vec::with_capacity(256);
    write(&mut line, format_args!("{prefix}timestamp={now}"));
    if let Some(state) = state {
        // Without `cdr` nothing was created: the set-up time is then the time itself.
        let created = state.created_us.unwrap_or(0) / 1_000_000;
        write(&mut line, format_args!(";created={created};setuptime={}", now.saturating_sub(created)));
    }
    core_fields(core, &mut line);
    if let Some(state) = state {
        values(state, settings, &mut line);
    }
    line
}

fn cdr_line(cdr: &Cdr, state: &AccState, settings: &Settings) -> Vec<u8> {
    let t = &cdr.times;
    let mut line = Vec::with_capacity(256);
    write(
        &mut line,
        format_args!(
            "ACC: call ended: created={};call_start_time={};duration={};ms_duration={};setuptime={}",
            t.created, t.start, t.duration, t.ms_duration, t.setup
        ),
    );
    core_fields(&cdr.core, &mut line);
    values(state, settings, &mut line);
    line
}

fn core_fields(core: &Core, line: &mut Vec<u8>) {
    let fields: [(&str, &[u8]); 6] = [
        ("method", &core.method),
        ("from_tag", &core.from_tag),
        ("to_tag", &core.to_tag),
        ("call_id", &core.call_id),
        ("code", &core.code),
        ("reason", &core.reason),
    ];
    for (key, value) in fields {
        field(key.as_bytes(), value, line);
    }
}

/// Extra values, then those of every leg; what is not set is empty.
fn values(state: &AccState, settings: &Settings, line: &mut Vec<u8>) {
    columns(settings.extra.of(Backend::Log), &state.extra, line);
    for leg in &state.legs {
        columns(settings.leg.of(Backend::Log), leg, line);
    }
}

fn columns(columns: &[Column], values: &[Option<crate::base::Str>], line: &mut Vec<u8>) {
    for column in columns {
        let value = values.get(column.value).and_then(Option::as_ref);
        field(&column.label, value.map(|v| v.as_bytes()).unwrap_or_default(), line);
    }
}

/// A line is one record: a line end in a value would begin a forged one.
fn field(key: &[u8], value: &[u8], line: &mut Vec<u8>) {
    line.push(b';');
    line.extend_from_slice(key);
    line.push(b'=');
    line.extend(value.iter().map(|b| if matches!(b, b'\r' | b'\n') { b' ' } else { *b }));
}

fn write(line: &mut Vec<u8>, text: std::fmt::Arguments<'_>) {
    line.write_fmt(text).expect("a vector takes everything");
}

#[cfg(test)]
mod tests {
    use super::super::fields::Fields;
    use super::super::record::Times;
    use super::*;
    use crate::context::Level;
    use crate::registry::Setting;
    use crate::vm::Params;

    fn settings() -> Settings {
        let fields = |text: &str| {
            let set = [("f".to_owned(), Setting::Str(text.as_bytes().to_vec()))];
            Fields::declared(Params { set: &set }, "f", 16).expect("well formed")
        };
        Settings {
            level: Level::Notice,
            early_media: false,
            report_cancels: false,
            detect_direction: false,
            dialogs: true,
            extra: fields("log:dept; db:other; log:note->remark"),
            leg: fields("log:dst"),
        }
    }

    fn core() -> Core {
        Core {
            method: "INVITE".into(),
            from_tag: "f".into(),
            to_tag: "t".into(),
            call_id: "c@x".into(),
            code: "200".into(),
            reason: "OK".into(),
        }
    }

    fn state() -> AccState {
        let leg = |text: &str| vec![Some(text.into())];
        AccState {
            created_us: Some(1_000_000_000),
            extra: vec![Some("sales".into()), Some("unseen".into()), None],
            legs: vec![leg("B"), leg("C\r\nACC: forged")],
            ..AccState::default()
        }
    }

    fn text(line: Vec<u8>) -> String {
        String::from_utf8(line).expect("UTF-8 in, UTF-8 out")
    }

    #[test]
    fn transaction_record_has_times_core_extras_and_legs() {
        assert_eq!(
            text(transaction_line(Kind::Answered, 1_003, &core(), Some(&state()), &settings())),
            "ACC: transaction answered: timestamp=1003;created=1000;setuptime=3;method=INVITE;from_tag=f;to_tag=t;\
             call_id=c@x;code=200;reason=OK;dept=sales;remark=;dst=B;dst=C  ACC: forged"
        );
    }

    #[test]
    fn record_without_a_context_has_no_times_of_one() {
        let core = Core { code: Default::default(), reason: "Parked".into(), ..core() };
        assert_eq!(
            text(transaction_line(Kind::Requested, 1_003, &core, None, &settings())),
            "ACC: request accounted: timestamp=1003;method=INVITE;from_tag=f;to_tag=t;call_id=c@x;code=;reason=Parked"
        );
    }

    #[test]
    fn without_cdr_nothing_was_created() {
        let line = text(transaction_line(Kind::Missed, 1_003, &core(), Some(&AccState::default()), &settings()));
        assert!(line.starts_with("ACC: call missed: timestamp=1003;created=0;setuptime=1003;method=INVITE;"), "{line}");
    }

    #[test]
    fn cdr_begins_with_the_times_of_the_call() {
        let times = Times { created: 1_000, start: 1_003, duration: 5, ms_duration: 4_001, setup: 3 };
        assert_eq!(
            text(cdr_line(&Cdr { core: core(), times }, &state(), &settings())),
            "ACC: call ended: created=1000;call_start_time=1003;duration=5;ms_duration=4001;setuptime=3;method=INVITE;\
             from_tag=f;to_tag=t;call_id=c@x;code=200;reason=OK;dept=sales;remark=;dst=B;dst=C  ACC: forged"
        );
    }
}
