//! The CSeq rules of `validate_dialog()` and the numbers a server must shift once it sent requests of its own.

/// What `validate_dialog` asks of a request's CSeq number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// RFC 3261 13.2.2.4: an ACK has the number of its INVITE.
    EqualsInvite,
    /// RFC 3261 12.2.1.1: everything else counts up.
    Above,
}

impl Rule {
    pub fn of(method: &[u8]) -> Rule {
        if method == b"ACK" { Rule::EqualsInvite } else { Rule::Above }
    }
}

/// The numbers that one party of a dialog used in its own requests, and the ones this server used in its name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CSeqs {
    /// Of the last request that is not ACK.
    pub last: Option<u32>,
    /// Of the last INVITE.
    pub invite: Option<u32>,
    /// The last number this server put into a request in this party's name; none as long as it sent none.
    pub generated: Option<u32>,
    /// The number under which the last INVITE was forwarded, when it had to be shifted.
    shifted_invite: Option<u32>,
}

impl CSeqs {
    /// Does the number fit what was seen so far? Nothing seen: it does, but an ACK needs its INVITE.
    pub fn accepts(&self, rule: Rule, number: u32) -> bool {
        match rule {
            Rule::EqualsInvite => self.invite == Some(number),
            Rule::Above => self.last.is_none_or(|last| number > last),
        }
    }

    /// Notes a request of this party.
    pub fn saw(&mut self, method: &[u8], number: u32) {
        match method {
            b"ACK" => {}
            b"INVITE" => {
                self.last = Some(number);
                self.invite = Some(number);
            }
            _ => self.last = Some(number),
        }
    }

    /// The number for a request that this server sends in this party's name.
    pub fn generate(&mut self) -> u32 {
        self.advance(1)
    }

    /// `dlg_inc_cseq`: skips `by` numbers; the last one skipped.
    pub fn advance(&mut self, by: u32) -> u32 {
        let base = self.generated.max(self.last).unwrap_or(0);
        let next = base.saturating_add(by);
        self.generated = Some(next);
        next
    }

    /// The number a forwarded request must carry once this server has used up numbers itself; none: leave it.
    pub fn forwarded(&mut self, method: &[u8]) -> Option<u32> {
        if method == b"ACK" {
            return self.shifted_invite;
        }
        self.generated?;
        let number = self.advance(1);
        if method == b"INVITE" {
            self.shifted_invite = Some(number);
        }
        Some(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(requests: &[(&[u8], u32)]) -> CSeqs {
        let mut cseqs = CSeqs::default();
        for (method, number) in requests {
            cseqs.saw(method, *number);
        }
        cseqs
    }

    #[test]
    fn requests_count_up() {
        let cseqs = after(&[(b"INVITE", 5)]);
        assert_eq!([4, 5, 6, 100].map(|n| cseqs.accepts(Rule::of(b"BYE"), n)), [false, false, true, true]);
        assert!(CSeqs::default().accepts(Rule::of(b"BYE"), 0));
    }

    #[test]
    fn ack_has_the_number_of_its_invite() {
        let cseqs = after(&[(b"INVITE", 5), (b"UPDATE", 6)]);
        assert_eq!([4, 5, 6].map(|n| cseqs.accepts(Rule::of(b"ACK"), n)), [false, true, false]);
        assert!(!CSeqs::default().accepts(Rule::of(b"ACK"), 1));
    }

    #[test]
    fn ack_does_not_count() {
        let cseqs = after(&[(b"INVITE", 5), (b"INFO", 7), (b"ACK", 5)]);
        assert!(!cseqs.accepts(Rule::Above, 7));
    }

    #[test]
    fn own_requests_push_the_forwarded_ones_up() {
        let mut cseqs = after(&[(b"INVITE", 5)]);
        assert_eq!(cseqs.forwarded(b"INFO"), None);
        assert_eq!([cseqs.generate(), cseqs.generate()], [6, 7]);
        assert_eq!(cseqs.forwarded(b"BYE"), Some(8));
        assert_eq!(cseqs.generate(), 9);
    }

    #[test]
    fn ack_is_shifted_as_its_invite_was() {
        let mut cseqs = after(&[(b"INVITE", 5)]);
        cseqs.generate();
        assert_eq!(cseqs.forwarded(b"ACK"), None, "the first INVITE left as it came");
        assert_eq!(cseqs.forwarded(b"INVITE"), Some(7));
        cseqs.generate();
        assert_eq!(cseqs.forwarded(b"ACK"), Some(7));
    }

    #[test]
    fn numbers_do_not_wrap() {
        let mut cseqs = after(&[(b"INVITE", u32::MAX)]);
        assert_eq!(cseqs.advance(10), u32::MAX);
    }
}
