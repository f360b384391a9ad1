//! What a record says, whichever backend writes it.
use crate::base::Str;
use crate::context::{AccState, CdrCore};
use crate::sip::{Message, StatusCode};

/// Why a record is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A reply left upstream.
    Answered,
    Missed,
    /// The script asked for it.
    Requested,
}

/// The fields that every record has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Core {
    pub method: Str,
    pub from_tag: Str,
    pub to_tag: Str,
    pub call_id: Str,
    /// Empty when the script gave none.
    pub code: Str,
    pub reason: Str,
}

/// How a request ended, or the comment of a script.
pub struct Outcome<'a> {
    pub code: Option<u16>,
    pub reason: &'a [u8],
    /// Of the reply; none: that of the request.
    pub to_tag: Option<Str>,
}

impl Core {
    pub fn new(request: &Message, outcome: Outcome<'_>, swapped: bool) -> Core {
        let text = |bytes: Option<&[u8]>| bytes.map(|b| Str::slice_of(request.raw(), b)).unwrap_or_default();
        let from = text(request.from_tag());
        let to = outcome.to_tag.unwrap_or_else(|| text(request.to_tag()));
        let (from_tag, to_tag) = if swapped { (to, from) } else { (from, to) };
        Core {
            method: text(Some(request.method_bytes())),
            from_tag,
            to_tag,
            call_id: text(request.call_id()),
            code: outcome.code.map(|c| Str::from(format!("{c:03}"))).unwrap_or_default(),
            reason: Str::new(outcome.reason),
        }
    }

    /// The code is one of a refusal.
    pub fn refuses(&self) -> bool {
        self.code.as_utf8().and_then(|c| c.parse::<u16>().ok()).is_some_and(|code| code >= 300)
    }

    /// The fields as an answered call keeps them for its CDR.
    pub fn keep(self, answered_us: u64) -> CdrCore {
        let code = self.code.as_utf8().and_then(|c| c.parse().ok()).unwrap_or_default();
        // Copies: the call outlives the messages these were cut from.
        let copy = |text: Str| Str::new(&text);
        CdrCore {
            method: copy(self.method),
            from_tag: copy(self.from_tag),
            to_tag: copy(self.to_tag),
            call_id: copy(self.call_id),
            code,
            reason: copy(self.reason),
            answered_us,
        }
    }

    fn of_call(core: &CdrCore) -> Core {
        Core {
            method: core.method.clone(),
            from_tag: core.from_tag.clone(),
            to_tag: core.to_tag.clone(),
            call_id: core.call_id.clone(),
            code: Str::from(core.code.to_string()),
            reason: core.reason.clone(),
        }
    }
}

/// A comment of a script: a code of three digits, a reason. Without a reason it is the code's own.
pub fn comment(text: &[u8]) -> Outcome<'_> {
    let (code, reason) = match text {
        [a, b, c, rest @ ..] if [a, b, c].iter().all(|d| d.is_ascii_digit()) => {
            let digit = |d: &u8| u16::from(d - b'0');
            (Some(digit(a) * 100 + digit(b) * 10 + digit(c)), rest.trim_ascii_start())
        }
        _ => (None, text),
    };
    let default = || code.and_then(StatusCode::new).map_or("", StatusCode::default_reason);
    let reason = if reason.is_empty() { default().as_bytes() } else { reason };
    Outcome { code, reason, to_tag: None }
}

/// The times of a call, in the units its CDR shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times {
    /// Seconds since 1970.
    pub created: u64,
    pub start: u64,
    /// A begun second counts.
    pub duration: u64,
    pub ms_duration: u64,
    /// Seconds from `created` to `start`.
    pub setup: u64,
}

/// A call that ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cdr {
    pub core: Core,
    pub times: Times,
}

impl Cdr {
    /// `None` for a call that was never answered.
    pub fn of(state: &AccState, ended_us: u64) -> Option<Cdr> {
        let core = state.core.as_ref()?;
        let ms_duration = ended_us.saturating_sub(core.answered_us) / 1_000;
        let created = state.created_us.unwrap_or(0) / 1_000_000;
        let start = core.answered_us / 1_000_000;
        let times = Times {
            created,
            start,
            duration: ms_duration.div_ceil(1_000),
            ms_duration,
            setup: start.saturating_sub(created),
        };
        Some(Cdr { core: Core::of_call(core), times })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> (Option<u16>, String) {
        let outcome = comment(text.as_bytes());
        (outcome.code, String::from_utf8_lossy(outcome.reason).into_owned())
    }

    #[test]
    fn a_comment_may_begin_with_a_code() {
        assert_eq!(parsed("404  Gone away"), (Some(404), "Gone away".into()));
        assert_eq!(parsed("404"), (Some(404), "Not Found".into()));
        assert_eq!(parsed("Parked"), (None, "Parked".into()));
        assert_eq!(parsed("40x"), (None, "40x".into()));
        assert_eq!(parsed(""), (None, String::new()));
    }

    #[test]
    fn a_begun_second_counts() {
        let core = CdrCore { answered_us: 10_500_000, ..CdrCore::default() };
        let state = AccState { created_us: Some(8_900_000), core: Some(core), ..AccState::default() };
        let times = |ended| Cdr::of(&state, ended).map(|c| c.times);
        let expected = Times { created: 8, start: 10, duration: 2, ms_duration: 1_001, setup: 2 };
        assert_eq!(times(11_501_999), Some(expected));
        assert_eq!(times(11_500_000).map(|t| t.duration), Some(1));
        assert_eq!(times(10_500_000).map(|t| t.duration), Some(0));
        assert_eq!(times(0).map(|t| t.ms_duration), Some(0), "a clock set back gives no call of centuries");
    }

    #[test]
    fn an_unanswered_call_has_no_cdr() {
        assert_eq!(Cdr::of(&AccState::default(), 1), None);
    }
}
