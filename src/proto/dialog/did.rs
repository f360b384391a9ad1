//! The dialog id: `$DLG_did`, the `did` parameter of Record-Route, and the decimal number of the database.
use std::fmt;

/// Bucket and number within the bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Did {
    pub entry: u32,
    pub id: u32,
}

impl Did {
    /// Reads `entry.id`, both hexadecimal with the least significant digit first, in either case. Nothing else is accepted.
    /// Digits beyond eight are too many for OpenSIPS's numbers and make the text no id.
    pub fn parse(text: &[u8]) -> Option<Did> {
        let dot = memchr::memchr(b'.', text)?;
        let (entry, id) = (text.get(..dot)?, text.get(dot + 1..)?);
        Some(Did { entry: parse_reversed(entry)?, id: parse_reversed(id)? })
    }

    /// The `dlg_id` column, `db_id` of MI and `ID` in JSON.
    pub fn db_id(self) -> u64 {
        u64::from(self.entry) << 32 | u64::from(self.id)
    }

    pub fn from_db_id(db_id: u64) -> Did {
        Did { entry: (db_id >> 32) as u32, id: db_id as u32 }
    }
}

impl fmt::Display for Did {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_reversed(f, self.entry)?;
        f.write_str(".")?;
        write_reversed(f, self.id)
    }
}

fn write_reversed(f: &mut fmt::Formatter<'_>, number: u32) -> fmt::Result {
    let mut rest = number;
    loop {
        write!(f, "{:x}", rest & 0xf)?;
        rest >>= 4;
        if rest == 0 {
            return Ok(());
        }
    }
}

fn parse_reversed(digits: &[u8]) -> Option<u32> {
    if digits.is_empty() || digits.len() > 8 {
        return None;
    }
    digits.iter().rev().try_fold(0u32, |number, digit| {
        let digit = char::from(*digit).to_digit(16)?;
        Some(number << 4 | digit)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn prints_least_significant_digit_first() {
        assert_eq!(Did { entry: 0x1a2, id: 0x3f }.to_string(), "2a1.f3");
        assert_eq!(Did { entry: 0, id: 0x10 }.to_string(), "0.01");
    }

    #[test]
    fn reads_either_case() {
        let did = Some(Did { entry: 0x1a2, id: 0x3f });
        assert_eq!(Did::parse(b"2a1.f3"), did);
        assert_eq!(Did::parse(b"2A1.F3"), did);
    }

    #[test]
    fn refuses_what_is_no_did() {
        for text in ["", ".", "1", "1.", ".1", "zz.1", "1.g", "1.1.1", "1,1", " 1.1", "123456789.1", "1795296329791"] {
            assert_eq!(Did::parse(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn database_number_holds_both_halves() {
        let did = Did { entry: 0x1a2, id: 0x3f };
        assert_eq!(did.db_id(), (0x1a2 << 32) + 0x3f);
        assert_eq!(Did::from_db_id(did.db_id()), did);
    }

    proptest! {
        #[test]
        fn text_reads_back(entry: u32, id: u32) {
            let did = Did { entry, id };
            prop_assert_eq!(Did::parse(did.to_string().as_bytes()), Some(did));
        }
    }
}
