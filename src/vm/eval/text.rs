//! Text comparison: ASCII letters of either case are equal (language reference 6.3).
use std::cmp::Ordering;

pub fn equal(a: &[u8], b: &[u8]) -> bool {
    // Most of what is compared is the same or differs in length.
    a.len() == b.len() && (a == b || a.eq_ignore_ascii_case(b))
}

/// By bytes without case; of two of which one begins the other, the longer is greater.
pub fn order(a: &[u8], b: &[u8]) -> Ordering {
    let lower = |s: &[u8], i: usize| s[i].to_ascii_lowercase();
    let common = a.len().min(b.len());
    for i in 0..common {
        match lower(a, i).cmp(&lower(b, i)) {
            Ordering::Equal => {}
            unequal => return unequal,
        }
    }
    a.len().cmp(&b.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_of_either_case_are_equal_and_a_prefix_is_less() {
        assert!(equal(b"AbC", b"aBc"));
        assert!(!equal(b"ab", b"abc"));
        assert_eq!(order(b"B", b"a"), Ordering::Greater);
        assert_eq!(order(b"ab", b"ABC"), Ordering::Less);
        assert_eq!(order(b"5", b"10"), Ordering::Greater);
    }
}
