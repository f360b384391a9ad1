//! `Range`: a place in the buffer that was parsed. Parsers give ranges, so that what they found can be read, cached and edited.

/// Byte offsets `start..end` in the buffer it was taken from.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Hash)]
pub struct Range {
    pub start: u32,
    pub end: u32,
}

impl Range {
    /// Offsets beyond 4 GiB saturate; [`crate::sip::message::MAX_MESSAGE`] keeps messages far below.
    #[inline]
    pub fn new(start: usize, end: usize) -> Range {
        Range { start: offset(start), end: offset(end) }
    }

    #[inline]
    pub fn all(buf: &[u8]) -> Range {
        Range::new(0, buf.len())
    }

    /// The bytes at this place; empty when the range does not fit `buf`.
    #[inline]
    pub fn of(self, buf: &[u8]) -> &[u8] {
        buf.get(self.start as usize..self.end as usize).unwrap_or_default()
    }

    #[inline]
    pub fn len(self) -> usize {
        self.end.saturating_sub(self.start) as usize
    }

    #[inline]
    pub fn is_empty(self) -> bool {
        self.end <= self.start
    }

    /// The same place seen from a buffer in which it begins `by` bytes later.
    #[inline]
    pub fn shifted(self, by: u32) -> Range {
        Range { start: self.start.saturating_add(by), end: self.end.saturating_add(by) }
    }

    pub(super) fn usize_start(self) -> usize {
        self.start as usize
    }

    pub(super) fn usize_end(self) -> usize {
        self.end as usize
    }
}

#[inline]
fn offset(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}
