//! Expressions over recurrences: `!a & (b / c)`. One kind of operator in each pair of parentheses.
use super::fields::Recurrence;
use super::zone::Zone;

/// Parentheses in parentheses.
const DEPTH: usize = 32;

/// Whether a time, in seconds since 1970, falls into it. `local` is the zone of a recurrence that names none.
pub fn holds(text: &[u8], time: i64, local: &Zone) -> Result<bool, String> {
    let text = std::str::from_utf8(text).map_err(|_| "it is no text".to_owned())?;
    let mut reader = Reader { text: text.trim(), at: 0, time, local };
    let held = reader.expression(0)?;
    match reader.peek() {
        None => Ok(held),
        Some(c) => Err(format!("unexpected `{c}`")),
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    time: i64,
    local: &'a Zone,
}

impl<'a> Reader<'a> {
    fn expression(&mut self, depth: usize) -> Result<bool, String> {
        if depth > DEPTH {
            return Err("parentheses nest too deep".to_owned());
        }
        // Nothing holds at no time.
        if depth == 0 && self.peek().is_none() {
            return Ok(false);
        }
        let mut held = self.operand(depth)?;
        let mut operator = None;
        while let Some(c @ ('&' | '/')) = self.peek() {
            if *operator.get_or_insert(c) != c {
                return Err("`&` and `/` need parentheses to stand together".to_owned());
            }
            self.at += 1;
            let next = self.operand(depth)?;
            held = if c == '&' { held & next } else { held | next };
        }
        Ok(held)
    }

    fn operand(&mut self, depth: usize) -> Result<bool, String> {
        let mut inverted = false;
        while self.eat('!') {
            inverted = !inverted;
        }
        let held = match self.peek() {
            None => return Err("a time is missing at the end".to_owned()),
            Some(c @ (')' | '&' | '/')) => return Err(format!("unexpected `{c}`")),
            Some('(') => {
                self.at += 1;
                let held = self.expression(depth + 1)?;
                if !self.eat(')') {
                    return Err("a `(` is not closed".to_owned());
                }
                held
            }
            Some(_) => Recurrence::parse(self.recurrence(), self.local)?.holds(self.time),
        };
        Ok(held != inverted)
    }

    /// Up to a blank, an operator or a parenthesis. A slash before the first bar belongs to the name of a zone.
    fn recurrence(&mut self) -> &'a str {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let mut bar = false;
        let ends = |c: char| {
            bar |= c == '|';
            c.is_ascii_whitespace() || matches!(c, '&' | '!' | '(' | ')') || (c == '/' && bar)
        };
        let len = rest.find(ends).unwrap_or(rest.len());
        self.at += len;
        rest.get(..len).unwrap_or_default()
    }

    /// The next character that is no blank.
    fn peek(&mut self) -> Option<char> {
        let rest = self.text.get(self.at..)?;
        let trimmed = rest.trim_start();
        self.at += rest.len() - trimmed.len();
        trimmed.chars().next()
    }

    fn eat(&mut self, wanted: char) -> bool {
        let there = self.peek() == Some(wanted);
        self.at += usize::from(there);
        there
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: i64 = 1_700_049_600;
    const YES: &str = "20231101T000000|20231201T000000";
    const NO: &str = "20231201T000000|20240101T000000";

    fn held(text: &str) -> Option<bool> {
        let text = text.replace("yes", YES).replace("no", NO);
        holds(text.as_bytes(), NOON, &Zone::Local(|_| 0)).ok()
    }

    #[test]
    fn operators_join_recurrences() {
        assert_eq!(
            (held("yes"), held("no"), held("!no"), held("!!no")),
            (Some(true), Some(false), Some(true), Some(false))
        );
        assert_eq!(
            (held("yes & no"), held("yes&yes"), held("no / yes"), held("no/no")),
            (Some(false), Some(true), Some(true), Some(false))
        );
        assert_eq!(held("yes & !(no / no)"), Some(true));
        assert_eq!(held("(yes / no) & no"), Some(false));
        assert_eq!(held("Europe/Paris|yes & !Europe/London|no"), Some(true));
        assert_eq!(held(""), Some(false));
    }

    #[test]
    fn what_is_malformed_is_an_error() {
        for bad in ["yes & no / yes", "yes &", "& yes", "(yes", "yes)", "yes no", "()", "!", "2023", "\u{fc}|yes"] {
            assert_eq!(held(bad), None, "{bad}");
        }
        let deep = format!("{}yes{}", "(".repeat(10_000), ")".repeat(10_000));
        assert_eq!(held(&deep), None);
    }
}
