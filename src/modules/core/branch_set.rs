//! The destination set as variables and functions change it (language reference 11.4). Two ways of counting meet here:
//! `msg.branch` counts the Request-URI's branch as 0, the older names count from the first added branch.
use super::uri_text::{UriText, checked_length};
use crate::base::Str;
use crate::context::{Run, Target};
use crate::registry::RouteKind;

/// A branch of the set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The message itself.
    RequestUri,
    /// Counted from 0.
    Added(usize),
}

impl Place {
    /// Counted with the Request-URI's branch as 0.
    pub const fn counted(index: usize) -> Place {
        match index {
            0 => Place::RequestUri,
            n => Place::Added(n - 1),
        }
    }

    /// As `move_msg_branch` counts: added branches from 0, the Request-URI by nothing or a negative number.
    pub fn optional(index: Option<i32>) -> Place {
        index.and_then(|i| usize::try_from(i).ok()).map_or(Place::RequestUri, Place::Added)
    }
}

pub fn branch(run: &Run, place: Place) -> Option<&Target> {
    match place {
        Place::RequestUri => Some(&run.targets.main),
        Place::Added(n) => run.targets.added.get(n),
    }
}

pub fn branch_mut(run: &mut Run, place: Place) -> Option<&mut Target> {
    match place {
        Place::RequestUri => Some(&mut run.targets.main),
        Place::Added(n) => run.targets.added.get_mut(n),
    }
}

/// A branch's Request-URI.
pub fn uri(run: &Run, place: Place) -> Option<Str> {
    match place {
        Place::RequestUri => UriText::request(run).map(|uri| uri.share(uri.bytes())),
        Place::Added(n) => run.targets.added.get(n)?.uri.clone(),
    }
}

/// Adds a branch; in a reply's run for the request of its transaction.
pub fn append(run: &mut Run, target: Target) -> Result<(), &'static str> {
    if run.kind == RouteKind::Local {
        return Err("a local route cannot fork");
    }
    let Some(uri) = &target.uri else { return Err("a branch needs a URI") };
    if uri.is_empty() {
        return Err("a branch needs a URI");
    }
    checked_length(uri.clone())?;
    if run.targets.add(target) { Ok(()) } else { Err("the set has 12 branches already") }
}

/// The q value as text writes it: 0 to 1, with what stands behind the third digit left out.
pub fn q_text(q: u16) -> String {
    match q {
        0 => "0".to_owned(),
        1000.. => "1".to_owned(),
        q => format!("0.{q:03}").trim_end_matches('0').to_owned(),
    }
}

/// A q value as text, times 1000; `None` for what is none.
pub fn q_value(text: &[u8]) -> Option<u16> {
    let text = std::str::from_utf8(text).ok()?;
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = fraction.bytes().all(|b| b.is_ascii_digit());
    if !digits || !matches!(whole, "0" | "1" | "") || text.is_empty() || text == "." {
        return None;
    }
    let thousandths = format!("{fraction:0<3}").get(..3)?.parse::<u16>().ok()?;
    match whole {
        "1" => (thousandths == 0).then_some(1000),
        _ => Some(thousandths),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn q_values_read_back() {
        for (text, q) in [("0", 0), ("0.5", 500), ("0.25", 250), ("0.001", 1), ("1", 1000)] {
            assert_eq!(q_value(text.as_bytes()), Some(q), "{text}");
            assert_eq!(q_text(q), text);
        }
        assert_eq!(q_value(b"1.0"), Some(1000));
        assert_eq!(q_value(b".5"), Some(500));
        assert_eq!(q_value(b"0.1239"), Some(123));
        for bad in ["", ".", "1.5", "2", "x", "-1", "0.x"] {
            assert_eq!(q_value(bad.as_bytes()), None, "{bad}");
        }
    }

    #[test]
    fn both_ways_of_counting_meet() {
        assert_eq!(Place::counted(0), Place::RequestUri);
        assert_eq!(Place::counted(2), Place::Added(1));
        assert_eq!(Place::optional(None), Place::RequestUri);
        assert_eq!(Place::optional(Some(-1)), Place::RequestUri);
        assert_eq!(Place::optional(Some(0)), Place::Added(0));
    }
}
