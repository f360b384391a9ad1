//! What one call of the soak does, and what is to come of it.
use sipscript::base::{IdGen, Instant};
use sipscript::testing::InviteOptions;
use std::time::Duration;

/// From the INVITE to the callee's answer.
pub const ANSWER: Duration = Duration::from_millis(100);
/// When a call that is answered at all certainly is; nobody loads it before.
pub const SURE: Duration = Duration::from_millis(300);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    Caller,
    Callee,
}

/// How a call comes to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Course {
    /// Answered, and hung up by one side.
    Talk(Side),
    /// Busy, answered by voicemail, hung up by the caller.
    Voicemail,
    /// Answered, and ended by its lifetime.
    Expires,
    /// 603.
    Refused,
    /// The caller gives up while it rings.
    GivenUp,
    /// Nobody is there: 408 after `fr_timeout`.
    Dead,
}

impl Course {
    fn draw(lot: &mut IdGen) -> Course {
        match lot.below(100) {
            0..45 => Course::Talk(Side::Caller),
            45..80 => Course::Talk(Side::Callee),
            80..86 => Course::Voicemail,
            86..92 => Course::Expires,
            92..95 => Course::Refused,
            95..98 => Course::GivenUp,
            _ => Course::Dead,
        }
    }

    pub fn is_answered(self) -> bool {
        matches!(self, Course::Talk(_) | Course::Voicemail | Course::Expires)
    }

    /// The status that the caller sees in the end.
    pub fn status(self) -> u16 {
        match self {
            Course::Talk(_) | Course::Voicemail | Course::Expires => 200,
            Course::Refused => 603,
            Course::GivenUp => 487,
            Course::Dead => 408,
        }
    }

    /// The user called, for whom the callee's phone has a policy.
    pub fn user(self, lot: &mut IdGen) -> &'static str {
        match self {
            Course::Talk(_) | Course::Expires if lot.below(3) == 0 => "ringing",
            Course::Talk(_) | Course::Expires => "quick",
            Course::Voicemail => "busy",
            Course::Refused => "refusing",
            Course::GivenUp => "waiting",
            Course::Dead => "dead",
        }
    }
}

pub const TEAMS: [&str; 5] = ["red", "green", "blue", "black", "white"];
/// Lifetime of calls that expire.
pub const LIFETIME: u64 = 3;

/// A call: the plan, and what the model knows of it.
#[derive(Clone, Debug)]
pub struct Plan {
    pub id: String,
    pub course: Course,
    pub caller: usize,
    pub callee: usize,
    pub team: &'static str,
    pub flagged: bool,
    pub begun: Instant,
    /// When somebody or something ends it.
    pub ends: Instant,
    /// What `$dlg_val(account)` is: its own, or what it imported.
    pub account: String,
    /// How often others loaded it and counted.
    pub loads: u32,
    /// Value of the `X-Seen` header field that the callee gets.
    pub seen: Option<String>,
    /// Value of `X-Voice`, likewise.
    pub voice: Option<String>,
    /// Team whose guests it joined.
    pub guest_of: Option<&'static str>,
    /// Fields of the record.
    pub source: String,
    pub at_answer: String,
    pub held: String,
}

impl Plan {
    pub fn draw(number: usize, now: Instant, sides: (usize, usize), lot: &mut IdGen) -> Plan {
        let course = Course::draw(lot);
        let talks = SURE + Duration::from_millis(900 + lot.below(4_000));
        let lasts = match course {
            Course::Talk(_) | Course::Voicemail => talks,
            Course::Expires => ANSWER + Duration::from_secs(LIFETIME),
            Course::Refused => Duration::from_millis(5),
            Course::GivenUp => Duration::from_millis(400 + lot.below(1_000)),
            Course::Dead => Duration::from_secs(5),
        };
        Plan {
            id: format!("call-{number}"),
            course,
            caller: sides.0,
            callee: sides.1,
            team: TEAMS[lot.below(TEAMS.len() as u64) as usize],
            flagged: lot.below(2) == 0,
            begun: now,
            ends: now + lasts,
            account: format!("account-{number}"),
            loads: 0,
            seen: None,
            voice: None,
            guest_of: None,
            source: String::new(),
            at_answer: String::new(),
            held: String::new(),
        }
    }

    /// Established, and for a good while yet.
    pub fn is_loadable(&self, now: Instant) -> bool {
        self.course.is_answered() && now > self.begun + SURE && now + Duration::from_millis(500) < self.ends
    }

    pub fn options(&self, headers: String) -> InviteOptions {
        InviteOptions { call_id: Some(self.id.clone()), headers, ..InviteOptions::default() }
    }

    /// Whether the call counts as a member of its profiles; `None` around the moments at which that changes.
    pub fn is_member(&self, now: Instant) -> Option<bool> {
        let margin = Duration::from_millis(400);
        if now < self.begun + Duration::from_millis(60) {
            return None;
        }
        if now + margin < self.ends {
            return Some(true);
        }
        (now > self.ends + margin).then_some(false)
    }
}
