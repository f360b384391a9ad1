//! When two URIs name the same resource (RFC 3261 19.1.4).
use super::split::Scheme;
use super::view::UriView;

/// Parameters that must be in both or in neither: they say where or how a request goes (and `transport`, by the RFC's erratum).
const DECISIVE: [&[u8]; 5] = [b"user", b"ttl", b"method", b"maddr", b"transport"];

pub fn same(a: &UriView<'_>, b: &UriView<'_>) -> bool {
    if !matches!(a.kind(), Scheme::Sip | Scheme::Sips) {
        return a.text().eq_ignore_ascii_case(b.text());
    }
    a.kind() == b.kind()
        && same_unescaped(a.user(), b.user(), Case::Matters)
        && same_password(a, b)
        && a.host().eq_ignore_ascii_case(b.host())
        && a.port() == b.port()
        && same_params(a, b)
        && same_headers(a, b)
}

fn same_password(a: &UriView<'_>, b: &UriView<'_>) -> bool {
    match (a.password(), b.password()) {
        (None, None) => true,
        (Some(a), Some(b)) => same_unescaped(a, b, Case::Matters),
        _ => false,
    }
}

fn same_params(a: &UriView<'_>, b: &UriView<'_>) -> bool {
    let shared = a.params().all(|p| {
        let other = b.find_param(p.name);
        other.is_none_or(|q| same_unescaped(p.value.unwrap_or_default(), q.value.unwrap_or_default(), Case::Ignored))
    });
    shared && DECISIVE.iter().all(|name| a.has_param(name) == b.has_param(name))
}

fn same_headers(a: &UriView<'_>, b: &UriView<'_>) -> bool {
    let contains = |x: &UriView<'_>, (name, value): (&[u8], &[u8])| {
        x.headers().any(|(n, v)| n.eq_ignore_ascii_case(name) && same_unescaped(v, value, Case::Matters))
    };
    a.headers().count() == b.headers().count() && a.headers().all(|h| contains(b, h))
}

#[derive(Clone, Copy, PartialEq)]
enum Case {
    Matters,
    Ignored,
}

fn same_unescaped(a: &[u8], b: &[u8], case: Case) -> bool {
    let fold = |c: u8| if case == Case::Ignored { c.to_ascii_lowercase() } else { c };
    unescaped(a).map(fold).eq(unescaped(b).map(fold))
}

/// The bytes behind `%HH`; a `%` without two digits is itself. Unescapes once (RFC 4475 3.1.1.3).
pub fn unescaped(text: &[u8]) -> impl Iterator<Item = u8> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let (&first, tail) = rest.split_first()?;
        if let (b'%', [high, low, after @ ..]) = (first, tail)
            && let (Some(h), Some(l)) = (hex(*high), hex(*low))
        {
            rest = after;
            return Some(h << 4 | l);
        }
        rest = tail;
        Some(first)
    })
}

fn hex(b: u8) -> Option<u8> {
    char::from(b).to_digit(16).and_then(|d| u8::try_from(d).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(a: &str, b: &str, equal: bool) {
        let (x, y) = (UriView::parse(a.as_bytes()).unwrap(), UriView::parse(b.as_bytes()).unwrap());
        assert_eq!(same(&x, &y), equal, "{a} {b}");
        assert_eq!(same(&y, &x), equal, "{b} {a}");
    }

    // The pairs of RFC 3261 19.1.4.
    #[test]
    fn equal_by_the_rfcs_examples() {
        check("sip:%61lice@atlanta.com;transport=TCP", "sip:alice@AtlanTa.CoM;Transport=tcp", true);
        check("sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5", true);
        check("sip:carol@chicago.com;security=on", "sip:carol@chicago.com;newparam=5", true);
        check(
            "sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com",
            "sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com",
            true,
        );
        check(
            "sip:alice@atlanta.com?subject=project%20x&priority=urgent",
            "sip:alice@atlanta.com?priority=urgent&subject=project%20x",
            true,
        );
    }

    #[test]
    fn different_by_the_rfcs_examples() {
        check("SIP:ALICE@AtLanTa.CoM;Transport=udp", "sip:alice@AtlanTa.CoM;Transport=UDP", false);
        check("sip:bob@biloxi.com", "sip:bob@biloxi.com:5060", false);
        check("sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp", false);
        check("sip:bob@biloxi.com", "sip:bob@biloxi.com:6000;transport=tcp", false);
        check("sip:carol@chicago.com", "sip:carol@chicago.com?Subject=next%20meeting", false);
        check("sip:carol@chicago.com;security=on", "sip:carol@chicago.com;security=off", false);
    }

    #[test]
    fn unescapes_once() {
        let text: Vec<u8> = unescaped(b"%2541%4").collect();
        assert_eq!(text, b"%41%4");
    }
}
