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
    /// The last request that was forwarded under another number, and the last INVITE.
    shifted: Option<Shift>,
    shifted_invite: Option<Shift>,
}

/// A number as the party used it, and as it was forwarded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Shift {
    own: u32,
    forwarded: u32,
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

    /// `dlg_inc_cseq`: skips `by` numbers, or takes some back; the last one used.
    pub fn advance(&mut self, by: i32) -> u32 {
        let base = self.generated.max(self.last).unwrap_or(0);
        let next = base.saturating_add_signed(by);
        self.generated = Some(next);
        next
    }

    /// The number that a request with the number `own` is forwarded with once this server has used up numbers itself; none:
    /// leave it. Every branch and every repetition of a request gets the same.
    pub fn forwarded(&mut self, method: &[u8], own: u32) -> Option<u32> {
        let known = if method == b"ACK" { self.shifted_invite } else { self.shifted };
        if let Some(shift) = known.filter(|s| s.own == own) {
            return Some(shift.forwarded);
        }
        if method == b"ACK" {
            return None;
        }
        // The request was seen already; what was generated must be below it all the same.
        let generated = self.generated?;
        let forwarded = own.max(generated.saturating_add(1));
        self.generated = Some(forwarded);
        let shift = Some(Shift { own, forwarded });
        self.shifted = shift;
        if method == b"INVITE" {
            self.shifted_invite = shift;
        }
        Some(forwarded)
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
        assert_eq!(cseqs.forwarded(b"INFO", 5), None);
        assert_eq!([cseqs.generate(), cseqs.generate()], [6, 7]);
        assert_eq!([6, 6, 7].map(|own| cseqs.forwarded(b"INFO", own)), [8, 8, 9].map(Some));
        assert_eq!(cseqs.forwarded(b"BYE", 20), Some(20), "a party ahead of this server keeps its number");
        assert_eq!(cseqs.generate(), 21);
    }

    #[test]
    fn ack_is_shifted_as_its_invite_was() {
        let mut cseqs = after(&[(b"INVITE", 5)]);
        cseqs.generate();
        assert_eq!(cseqs.forwarded(b"ACK", 5), None, "the first INVITE left as it came");
        assert_eq!(cseqs.forwarded(b"INVITE", 6), Some(7));
        cseqs.generate();
        assert_eq!(cseqs.forwarded(b"ACK", 6), Some(7));
        assert_eq!(cseqs.forwarded(b"ACK", 5), None);
    }

    #[test]
    fn numbers_do_not_wrap() {
        let mut cseqs = after(&[(b"INVITE", u32::MAX)]);
        assert_eq!(cseqs.advance(10), u32::MAX);
    }
}
