//! The name that somebody meant: `t_rely` is near `t_relay`.

/// Longer names are not compared.
const MAX_LEN: usize = 64;

/// The candidate that a few slips of the pen lead to, if there is one. Upper and lower case count as equal; among equally
/// near names a longer common start wins, then the more similar length, then the alphabet.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = allowed_slips(name.len())?;
    candidates
        .into_iter()
        .filter_map(|candidate| {
            let slips = distance(name.as_bytes(), candidate.as_bytes(), limit)?;
            let start = common_start(name, candidate);
            Some(((slips, usize::MAX - start, name.len().abs_diff(candidate.len()), candidate), candidate))
        })
        .min()
        .map(|(_, candidate)| candidate)
}

/// Short names are near to everything, so few slips are forgiven there.
fn allowed_slips(len: usize) -> Option<usize> {
    match len {
        0 => None,
        1..=2 => Some(0),
        3..=4 => Some(1),
        5..=9 => Some(2),
        10..=MAX_LEN => Some(3),
        _ => None,
    }
}

fn common_start(a: &str, b: &str) -> usize {
    a.bytes().zip(b.bytes()).take_while(|(a, b)| a == b).count()
}

/// Insertions, deletions, replacements and swaps of neighbours, when they do not exceed `limit`.
fn distance(a: &[u8], b: &[u8], limit: usize) -> Option<usize> {
    if a.len().abs_diff(b.len()) > limit {
        return None;
    }
    let mut two_back: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    let mut previous_a = None;
    for (i, &in_a) in a.iter().enumerate() {
        let mut row = Vec::with_capacity(b.len() + 1);
        row.push(i + 1);
        let mut previous_b = None;
        for (j, &in_b) in b.iter().enumerate() {
            let same = in_a.eq_ignore_ascii_case(&in_b);
            let replaced = cell(&last, j) + usize::from(!same);
            let inserted = cell(&row, j) + 1;
            let deleted = cell(&last, j + 1) + 1;
            let mut best = replaced.min(inserted).min(deleted);
            if previous_a == Some(in_b) && previous_b == Some(in_a) {
                best = best.min(cell(&two_back, j.wrapping_sub(1)) + 1);
            }
            row.push(best);
            previous_b = Some(in_b);
        }
        if row.iter().min().is_none_or(|&least| least > limit) {
            return None;
        }
        two_back = std::mem::replace(&mut last, row);
        previous_a = Some(in_a);
    }
    last.last().copied().filter(|&slips| slips <= limit)
}

fn cell(row: &[usize], at: usize) -> usize {
    row.get(at).copied().unwrap_or(usize::MAX / 2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NAMES: [&str; 8] =
        ["t_relay", "t_reply", "record_route", "loose_route", "ru", "rU", "xlog", "load_dialog_ctx"];

    #[test]
    fn finds_the_name_behind_a_slip() {
        for (written, meant) in [
            ("t_rely", "t_relay"),
            ("t_erlay", "t_relay"),
            ("t_relayy", "t_relay"),
            ("T_RELAY", "t_relay"),
            ("recordroute", "record_route"),
            ("looseroute", "loose_route"),
            ("load_dialg_ctxt", "load_dialog_ctx"),
            ("xlgo", "xlog"),
        ] {
            assert_eq!(nearest(written, NAMES), Some(meant), "{written}");
        }
    }

    #[test]
    fn offers_nothing_far_away() {
        for written in ["", "a", "xx", "is_method", "route"] {
            assert_eq!(nearest(written, NAMES), None, "{written}");
        }
        assert_eq!(nearest(&"t".repeat(10_000), NAMES), None);
    }

    #[test]
    fn prefers_the_common_start_then_the_length_then_the_alphabet() {
        assert_eq!(nearest("sethst", ["gethost", "sethost"]), Some("sethost"));
        assert_eq!(nearest("abcx", ["abcdd", "abcd", "abce"]), Some("abcd"));
        assert_eq!(nearest("abcd1", ["abcd3", "abcd2"]), Some("abcd2"));
    }

    #[test]
    fn a_short_name_is_near_only_in_case() {
        assert_eq!(nearest("RU", NAMES), Some("rU"));
        assert_eq!(nearest("fu", NAMES), None);
    }

    proptest! {
        #[test]
        fn is_symmetric_and_zero_only_for_equals(a in "[a-c_]{0,9}", b in "[a-c_]{0,9}") {
            let there = distance(a.as_bytes(), b.as_bytes(), 9);
            prop_assert_eq!(there, distance(b.as_bytes(), a.as_bytes(), 9));
            prop_assert_eq!(there == Some(0), a == b);
        }
    }
}
