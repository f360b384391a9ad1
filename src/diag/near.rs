//! The nearest known name, for messages about unknown ones.

/// The candidate a typing slip away from `name`: at most a third of its letters differ. Earlier candidates win ties.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = (name.len() / 3).max(1);
    let mut best: Option<(usize, &str)> = None;
    for candidate in candidates {
        let Some(d) = distance(name.as_bytes(), candidate.as_bytes(), limit) else { continue };
        if best.is_none_or(|(b, _)| d < b) {
            best = Some((d, candidate));
        }
    }
    best.map(|(_, c)| c)
}

/// Optimal string alignment distance (insert, delete, replace, swap of neighbours), ASCII case ignored, or `None` above `limit`.
fn distance(a: &[u8], b: &[u8], limit: usize) -> Option<usize> {
    if a.len().abs_diff(b.len()) > limit || a.len() > 64 || b.len() > 64 {
        return None;
    }
    let mut before: Vec<usize> = vec![0; b.len() + 1];
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut row = vec![i + 1; b.len() + 1];
        for (j, y) in b.iter().enumerate() {
            let cost = usize::from(!x.eq_ignore_ascii_case(y));
            row[j + 1] = (row[j] + 1).min(last[j + 1] + 1).min(last[j] + cost);
            let swapped = i > 0 && j > 0 && a[i - 1].eq_ignore_ascii_case(y) && x.eq_ignore_ascii_case(&b[j - 1]);
            if swapped {
                row[j + 1] = row[j + 1].min(before[j - 1] + 1);
            }
        }
        before = std::mem::replace(&mut last, row);
    }
    last.last().copied().filter(|d| *d <= limit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_a_slip_and_no_stranger() {
        let known = ["t_relay", "t_reply", "sl_send_reply", "loose_route"];
        assert_eq!(nearest("t_rely", known), Some("t_relay"));
        assert_eq!(nearest("losoe_route", known), Some("loose_route"));
        assert_eq!(nearest("T_RELAY", known), Some("t_relay"));
        assert_eq!(nearest("xyz", known), None);
    }
}
