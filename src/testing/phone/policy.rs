//! What a phone does with the requests it gets.
use std::time::Duration;

/// Replies to an INVITE, each so long after its arrival, and what else is answered.
#[derive(Clone, Debug)]
pub struct Policy {
    /// In the order of time. A final reply ends the list.
    pub steps: Vec<(Duration, u16)>,
    /// Whole lines for every reply to an INVITE.
    pub headers: String,
    /// Answer to requests that neither begin nor end a call; `None`: silence.
    pub others: Option<u16>,
}

impl Policy {
    /// Rings at once and answers a little later.
    pub fn answering() -> Policy {
        Policy::steps(&[(0, 180), (100, 200)])
    }

    /// Rings until somebody answers it by hand or the caller gives up.
    pub fn ringing() -> Policy {
        Policy::steps(&[(0, 180)])
    }

    pub fn rejecting(code: u16) -> Policy {
        Policy::steps(&[(0, code)])
    }

    /// Hears nothing.
    pub fn silent() -> Policy {
        Policy { others: None, ..Policy::steps(&[]) }
    }

    /// `(milliseconds, status)`, in the order of time.
    pub fn steps(steps: &[(u64, u16)]) -> Policy {
        let steps = steps.iter().map(|(after, code)| (Duration::from_millis(*after), *code)).collect();
        Policy { steps, headers: String::new(), others: Some(200) }
    }

    pub fn with_headers(self, headers: &str) -> Policy {
        Policy { headers: headers.to_owned(), ..self }
    }
}
