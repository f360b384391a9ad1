//! What is known of a value on a path: nothing, NULL, a text, or the numbers it can be.
use crate::base::Str;
use crate::syntax::ast::CmpOp;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Value {
    Any,
    Null,
    Text(Str),
    Number(Range),
}

/// The numbers from `low` to `high`, 0 only when `zero` says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Range {
    low: i64,
    high: i64,
    zero: bool,
}

const LEAST: i64 = i32::MIN as i64;
const MOST: i64 = i32::MAX as i64;

impl Range {
    pub const ALL: Range = Range { low: LEAST, high: MOST, zero: true };
    /// What a function returns when the script goes on: 0 ends it.
    pub const CODE: Range = Range { low: LEAST, high: MOST, zero: false };
    pub const TRUE: Range = Range::exact(1);
    pub const FALSE: Range = Range::exact(-1);

    pub const fn exact(n: i32) -> Range {
        Range { low: n as i64, high: n as i64, zero: n == 0 }
    }

    pub fn only(self) -> Option<i32> {
        if self.low == self.high { i32::try_from(self.low).ok() } else { None }
    }

    pub fn contains(self, n: i32) -> bool {
        let n = i64::from(n);
        self.low <= n && n <= self.high && (n != 0 || self.zero)
    }

    /// The part for which the comparison with `n` holds, and the part for which it does not.
    pub fn split(self, op: CmpOp, n: i32) -> (Option<Range>, Option<Range>) {
        let at = i64::from(n);
        match op {
            CmpOp::Lt => (self.within(LEAST, at - 1), self.within(at, MOST)),
            CmpOp::Le => (self.within(LEAST, at), self.within(at + 1, MOST)),
            CmpOp::Gt => (self.within(at + 1, MOST), self.within(LEAST, at)),
            CmpOp::Ge => (self.within(at, MOST), self.within(LEAST, at - 1)),
            CmpOp::Eq => (self.contains(n).then_some(Range::exact(n)), self.without(n)),
            CmpOp::Ne => (self.without(n), self.contains(n).then_some(Range::exact(n))),
            CmpOp::Match | CmpOp::NotMatch => (Some(self), Some(self)),
        }
    }

    pub fn positive(self) -> Option<Range> {
        self.within(1, MOST)
    }

    pub fn negative(self) -> Option<Range> {
        self.within(LEAST, -1)
    }

    fn within(self, low: i64, high: i64) -> Option<Range> {
        Range { low: self.low.max(low), high: self.high.min(high), zero: self.zero }.checked()
    }

    /// Only an end of the range can be taken away, and 0.
    fn without(self, n: i32) -> Option<Range> {
        let n = i64::from(n);
        let low = self.low + i64::from(self.low == n);
        let high = self.high - i64::from(self.high == n);
        Range { low, high, zero: self.zero && n != 0 }.checked()
    }

    fn checked(self) -> Option<Range> {
        let low = if self.low == 0 && !self.zero { 1 } else { self.low };
        let high = if self.high == 0 && !self.zero { -1 } else { self.high };
        let zero = self.zero && low <= 0 && high >= 0;
        (low <= high).then_some(Range { low, high, zero })
    }
}

impl Value {
    /// Whether a bare operand is true; `None` when that is not known.
    pub fn truth(&self) -> Option<bool> {
        match self {
            Value::Any => None,
            Value::Null => Some(false),
            Value::Text(text) => Some(!text.is_empty()),
            Value::Number(range) if !range.contains(0) => Some(true),
            Value::Number(range) => range.only().map(|n| n != 0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comparisons_part_the_numbers() {
        assert_eq!(Range::CODE.split(CmpOp::Gt, 0), (Range::CODE.positive(), Range::CODE.negative()));
        assert_eq!(Range::TRUE.split(CmpOp::Gt, 0), (Some(Range::TRUE), None));
        assert_eq!(Range::FALSE.split(CmpOp::Eq, -1), (Some(Range::FALSE), None));
        assert_eq!(Range::FALSE.split(CmpOp::Ne, 1), (Some(Range::FALSE), None));
        assert_eq!(Range::CODE.split(CmpOp::Eq, 0), (None, Some(Range::CODE)));
        assert_eq!(Range::CODE.split(CmpOp::Le, 0).0, Range::CODE.negative());
    }

    #[test]
    fn only_what_is_known_is_true_or_false() {
        assert_eq!(Value::Null.truth(), Some(false));
        assert_eq!(Value::Text(Str::from("0")).truth(), Some(true));
        assert_eq!(Value::Number(Range::exact(0)).truth(), Some(false));
        assert_eq!(Value::Number(Range::CODE).truth(), Some(true));
        assert_eq!(Value::Number(Range::ALL).truth(), None);
    }
}
