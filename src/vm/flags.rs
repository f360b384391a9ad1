//! Names of flags and their numbers, by family, as a script declares them by using them.
use crate::base::Str;
use crate::registry::FlagFamily;

/// Flags a family has room for.
pub const FLAGS: usize = 32;

#[derive(Clone, Debug, Default)]
pub struct FlagNames {
    message: Vec<Str>,
    branch: Vec<Str>,
    dialog: Vec<Str>,
}

impl FlagNames {
    /// The number of a name, new or known; `None` when the family is full.
    pub fn declare(&mut self, family: FlagFamily, name: &[u8]) -> Option<u8> {
        if let Some(known) = self.number(family, name) {
            return Some(known);
        }
        let names = match family {
            FlagFamily::Message => &mut self.message,
            FlagFamily::Branch => &mut self.branch,
            FlagFamily::Dialog => &mut self.dialog,
        };
        if names.len() >= FLAGS {
            return None;
        }
        names.push(Str::new(name));
        Some(names.len() as u8 - 1)
    }

    pub fn number(&self, family: FlagFamily, name: &[u8]) -> Option<u8> {
        self.names(family).iter().position(|n| **n == *name).map(|n| n as u8)
    }

    /// The names of the flags set in `mask`, most recently declared first, with a blank between them.
    pub fn text(&self, family: FlagFamily, mask: u32) -> Str {
        let set = self.names(family).iter().enumerate().rev().filter(|(n, _)| mask & (1 << n) != 0);
        let names: Vec<&[u8]> = set.map(|(_, name)| name.as_bytes()).collect();
        Str::from(names.join(&b' '))
    }

    /// The mask of a list of names with blanks between them; unknown names count for nothing.
    pub fn mask(&self, family: FlagFamily, text: &[u8]) -> u32 {
        let words = text.split(u8::is_ascii_whitespace);
        words.filter_map(|w| self.number(family, w)).fold(0, |mask, n| mask | (1 << n))
    }

    fn names(&self, family: FlagFamily) -> &[Str] {
        match family {
            FlagFamily::Message => &self.message,
            FlagFamily::Branch => &self.branch,
            FlagFamily::Dialog => &self.dialog,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_newest_first_and_read_back() {
        let mut names = FlagNames::default();
        assert_eq!(names.declare(FlagFamily::Dialog, b"A"), Some(0));
        assert_eq!(names.declare(FlagFamily::Dialog, b"B"), Some(1));
        assert_eq!(names.declare(FlagFamily::Dialog, b"A"), Some(0));
        assert_eq!(names.text(FlagFamily::Dialog, 0b11), "B A");
        assert_eq!(names.mask(FlagFamily::Dialog, b" A  nosuch B "), 0b11);
        assert_eq!(names.text(FlagFamily::Message, 0b11), "");
    }

    #[test]
    fn a_family_holds_thirty_two() {
        let mut names = FlagNames::default();
        let made = (0..40).filter(|n| names.declare(FlagFamily::Branch, format!("f{n}").as_bytes()).is_some());
        assert_eq!(made.count(), FLAGS);
        assert_eq!(names.mask(FlagFamily::Branch, b"f31"), 1 << 31);
    }
}
