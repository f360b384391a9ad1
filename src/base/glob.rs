//! Shell patterns: `*`, `?`, `[a-z]`, `[!a]` and `\` before a literal byte.

/// Whether upper and lower case differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Case {
    Kept,
    Ignored,
}

impl Case {
    const fn of(self, b: u8) -> u8 {
        match self {
            Case::Kept => b,
            Case::Ignored => b.to_ascii_lowercase(),
        }
    }
}

/// Whether the whole name fits the pattern. Work is bounded by the product of the lengths.
pub fn matches(pattern: &[u8], name: &[u8], case: Case) -> bool {
    let (mut p, mut n) = (0, 0);
    // Where to go on when the rest does not fit: the last `*` takes one byte more.
    let mut retry: Option<(usize, usize)> = None;
    while n < name.len() {
        match element(pattern.get(p..).unwrap_or_default()) {
            Some((Element::Any, length)) => {
                retry = Some((p + length, n));
                p += length;
            }
            Some((element, length)) if name.get(n).is_some_and(|&b| element.takes(b, case)) => {
                p += length;
                n += 1;
            }
            _ => {
                let Some((after, taken)) = retry else { return false };
                retry = Some((after, taken + 1));
                (p, n) = (after, taken + 1);
            }
        }
    }
    pattern.get(p..).unwrap_or_default().iter().all(|&b| b == b'*')
}

enum Element<'a> {
    Any,
    One,
    Byte(u8),
    Set { members: &'a [u8], negated: bool },
}

impl Element<'_> {
    fn takes(&self, b: u8, case: Case) -> bool {
        let b = case.of(b);
        match *self {
            Element::Any | Element::One => true,
            Element::Byte(own) => case.of(own) == b,
            Element::Set { members, negated } => is_member(members, b, case) != negated,
        }
    }
}

fn is_member(mut members: &[u8], b: u8, case: Case) -> bool {
    loop {
        match members {
            [from, b'-', to, rest @ ..] => {
                if (case.of(*from)..=case.of(*to)).contains(&b) {
                    return true;
                }
                members = rest;
            }
            [one, rest @ ..] => {
                if case.of(*one) == b {
                    return true;
                }
                members = rest;
            }
            [] => return false,
        }
    }
}

/// The first element of a pattern and its length.
fn element(pattern: &[u8]) -> Option<(Element<'_>, usize)> {
    Some(match pattern {
        [] => return None,
        [b'*', ..] => (Element::Any, 1),
        [b'?', ..] => (Element::One, 1),
        [b'\\', literal, ..] => (Element::Byte(*literal), 2),
        [b'[', rest @ ..] => set(rest).unwrap_or((Element::Byte(b'['), 1)),
        [literal, ..] => (Element::Byte(*literal), 1),
    })
}

/// A `]` right behind the bracket is a member. Without a closing bracket there is no set.
fn set(rest: &[u8]) -> Option<(Element<'_>, usize)> {
    let negated = matches!(rest.first(), Some(b'!' | b'^'));
    let skip = usize::from(negated);
    let body = rest.get(skip..)?;
    let end = body.iter().skip(1).position(|&b| b == b']')? + 1;
    Some((Element::Set { members: body.get(..end)?, negated }, 1 + skip + end + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_fit_whole_names_in_any_case() {
        let check = |pattern: &str, yes: &[&str], no: &[&str]| {
            for (names, expected) in [(yes, true), (no, false)] {
                for name in names {
                    assert_eq!(
                        matches(pattern.as_bytes(), name.as_bytes(), Case::Ignored),
                        expected,
                        "{pattern} {name}"
                    );
                }
            }
        };
        check("X-Billing*", &["X-Billing", "x-billing-rate"], &["X-Bill", "A-X-Billing"]);
        check("*", &["", "a"], &[]);
        check("x-?o", &["X-Fo"], &["X-o", "X-Foo"]);
        check("*-id*", &["Call-ID", "P-ID-x"], &["Call"]);
        check("[f-t]*[!m]", &["Fro", "To"], &["From", "Via"]);
        check("a\\*[]x]", &["A*]", "a*x"], &["ab]"]);
        check("a[b", &["a[b"], &["ab"]);
    }

    #[test]
    fn case_counts_where_it_is_kept() {
        assert!(matches(b"a[A-C]*", b"aBc", Case::Kept));
        assert!(!matches(b"a[A-C]*", b"abc", Case::Kept));
        assert!(!matches(b"A*", b"abc", Case::Kept));
    }

    #[test]
    fn many_stars_end_soon() {
        let pattern = [b"*a".repeat(200), b"b".to_vec()].concat();
        assert!(!matches(&pattern, &b"a".repeat(2000), Case::Kept));
    }
}
