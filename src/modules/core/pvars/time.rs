//! The time as the engine was told it.
use super::super::calendar::Civil;
use crate::base::Str;
use crate::context::Value;
use crate::registry::SubName;
use crate::vm::{Cx, NameKind, Pvar, Var};

pub const PVARS: &[Pvar] = &[
    Pvar::new("Ts", |cx, _| Value::Int(cx.now.unix_secs() as i32), "Seconds since 1970."),
    Pvar::new("Tsm", |cx, _| Value::Int(cx.now.subsec_us() as i32), "Microseconds within the second."),
    Pvar::new(
        "TS",
        |cx, _| Value::Int(cx.core.settings.started as i32),
        "When the server started, seconds since 1970.",
    ),
    Pvar::new("Tf", |cx, _| text(cx), "The time as text, such as `Thu Jan  1 00:00:00 1970`."),
    Pvar::new("time", formatted, "The local time in the format of `strftime`.")
        .named(SubName::Required, NameKind::Text),
];

/// `$time` yields nothing longer (language reference 8.3).
const MAX_TIME: usize = 127;

fn local(cx: &Cx<'_>) -> Civil {
    let now = cx.now.unix_secs();
    Civil::new(now, (cx.core.settings.utc_offset)(now))
}

fn text(cx: &Cx<'_>) -> Value {
    Value::Both(local(cx).ctime().into(), cx.now.unix_secs() as i32)
}

fn formatted(cx: &mut Cx<'_>, var: &Var) -> Value {
    let Some(format) = var.name_text(cx) else { return Value::Null };
    let text = local(cx).format(&format);
    if text.is_empty() || text.len() > MAX_TIME { Value::Null } else { Value::Str(Str::from(text)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::modules::fixture::Fixture;

    #[test]
    fn the_time_is_what_the_engine_was_told() {
        let mut f = Fixture::new("OPTIONS sip:h SIP/2.0\ni: 1");
        f.now.unix_us = 1_700_000_000_123_456;
        f.core.settings.started = 1_600_000_000;
        assert_eq!(f.expanded("$Ts $Tsm $TS"), "1700000000 123456 1600000000");
        assert_eq!(f.value("$Tf"), Value::Both(Str::from("Tue Nov 14 22:13:20 2023"), 1_700_000_000));
        assert_eq!(f.expanded("$time(%F %T)"), "2023-11-14 22:13:20");
        f.core.settings.utc_offset = |_| 3600;
        assert_eq!(f.expanded("$time(%H:%M %z)"), "23:13 +0100");
    }

    #[test]
    fn a_longer_text_than_127_bytes_is_null() {
        let mut f = Fixture::new("OPTIONS sip:h SIP/2.0\ni: 1");
        assert_eq!(f.value(&format!("$time({})", "%Y".repeat(32))), Value::Null);
        assert!(!f.value(&format!("$time({})", "%Y".repeat(31))).is_null());
    }
}
