//! Where decoded bytes stand in the script: string escapes make a value shorter than its source.
use crate::base::Span;

/// Leads from a byte of a decoded value back to the source.
#[derive(Clone, Copy, Debug)]
pub enum Origin<'a> {
    /// Byte `i` of the value stands at this offset plus `i`.
    At(u32),
    /// Entry `i` is the source offset of byte `i` of the value; one more entry is the offset behind the last.
    Map(&'a [u32]),
    /// The value was decoded from this place and nothing finer is known.
    Within(Span),
}

impl Origin<'_> {
    /// The source of the bytes `start..end` of the value.
    pub fn span(&self, start: usize, end: usize) -> Span {
        match self {
            Origin::At(base) => Span::new(add(*base, start), add(*base, end)),
            Origin::Map(map) => Span::new(entry(map, start), entry(map, end)),
            Origin::Within(span) => *span,
        }
    }
}

fn add(base: u32, offset: usize) -> u32 {
    base.saturating_add(u32::try_from(offset).unwrap_or(u32::MAX))
}

fn entry(map: &[u32], at: usize) -> u32 {
    map.get(at).or(map.last()).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leads_back_to_the_source_and_never_past_its_end() {
        assert_eq!(Origin::At(10).span(2, 5), Span::new(12, 15));
        assert_eq!(Origin::Map(&[7, 8, 10, 11]).span(1, 3), Span::new(8, 11));
        assert_eq!(Origin::Map(&[7, 8]).span(1, 9), Span::new(8, 8));
        assert_eq!(Origin::Map(&[]).span(1, 2), Span::new(0, 0));
        assert_eq!(Origin::Within(Span::new(3, 9)).span(1, 2), Span::new(3, 9));
        assert_eq!(Origin::At(u32::MAX).span(0, 4), Span::new(u32::MAX, u32::MAX));
    }
}
