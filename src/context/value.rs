//! Script values and their two faces (language reference 6.2).
use crate::base::Str;

/// What a variable holds. The first-named face is the primary one.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Value {
    #[default]
    Null,
    /// Integer; its string face is its decimal text.
    Int(i32),
    /// String only.
    Str(Str),
    /// String-primary with an integer companion, such as an explicit `$rp`.
    Both(Str, i32),
    /// Integer-primary with a string face of its own, such as `$msg.flag(x)`.
    Named(i32, Str),
}

impl Value {
    pub const TRUE: Value = Value::Int(1);
    pub const FALSE: Value = Value::Int(0);

    pub fn text(bytes: &[u8]) -> Value {
        Value::Str(Str::new(bytes))
    }

    #[inline]
    pub fn is_null(&self) -> bool {
        matches!(self, Value::Null)
    }

    #[inline]
    pub fn int_face(&self) -> Option<i32> {
        match self {
            Value::Int(i) | Value::Both(_, i) | Value::Named(i, _) => Some(*i),
            Value::Null | Value::Str(_) => None,
        }
    }

    /// The string face; an integer's decimal text is made on the way.
    pub fn str_face(&self) -> Option<Str> {
        match self {
            Value::Null => None,
            Value::Int(i) => Some(decimal(*i)),
            Value::Str(s) | Value::Both(s, _) | Value::Named(_, s) => Some(s.clone()),
        }
    }

    /// The string face of a value that is needed no more.
    #[inline]
    pub fn into_str_face(self) -> Option<Str> {
        match self {
            Value::Null => None,
            Value::Int(i) => Some(decimal(i)),
            Value::Str(s) | Value::Both(s, _) | Value::Named(_, s) => Some(s),
        }
    }

    /// The string face without a copy; `None` for an integer, whose text has to be made, and for NULL.
    #[inline]
    pub fn borrowed_str(&self) -> Option<&Str> {
        match self {
            Value::Str(s) | Value::Both(s, _) | Value::Named(_, s) => Some(s),
            Value::Null | Value::Int(_) => None,
        }
    }

    pub fn is_int_primary(&self) -> bool {
        matches!(self, Value::Int(_) | Value::Named(..))
    }

    /// Truth of a bare operand (language reference 6.4).
    #[inline]
    pub fn is_true(&self) -> bool {
        match self {
            Value::Null => false,
            Value::Int(i) | Value::Named(i, _) => *i != 0,
            Value::Str(s) | Value::Both(s, _) => !s.is_empty(),
        }
    }

    /// As `$var` and `$avp` keep it: integers stay integers, everything else becomes a string.
    #[inline]
    pub fn stored(self) -> Value {
        match self {
            Value::Null => Value::Null,
            Value::Int(i) | Value::Named(i, _) => Value::Int(i),
            Value::Str(s) | Value::Both(s, _) => Value::Str(s),
        }
    }

    /// Appends the text that a format string shows; NULL is `<null>`.
    pub fn print(&self, out: &mut Vec<u8>) {
        match self {
            Value::Null => out.extend_from_slice(b"<null>"),
            Value::Int(i) => out.extend_from_slice(&decimal(*i)),
            Value::Str(s) | Value::Both(s, _) | Value::Named(_, s) => out.extend_from_slice(s),
        }
    }

    /// What a budget of values counts.
    #[inline]
    pub fn heap_len(&self) -> usize {
        self.borrowed_str().map_or(0, Str::heap_len)
    }
}

impl From<Str> for Value {
    fn from(s: Str) -> Value {
        Value::Str(s)
    }
}

impl From<i32> for Value {
    fn from(i: i32) -> Value {
        Value::Int(i)
    }
}

impl From<Option<Str>> for Value {
    fn from(s: Option<Str>) -> Value {
        s.map_or(Value::Null, Value::Str)
    }
}

/// Decimal text without allocation.
pub fn decimal(i: i32) -> Str {
    let mut buffer = [0u8; 11];
    let mut at = buffer.len();
    let mut rest = i.unsigned_abs();
    loop {
        at -= 1;
        buffer[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if i < 0 {
        at -= 1;
        buffer[at] = b'-';
    }
    Str::new(&buffer[at..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimal_text_reaches_both_ends() {
        for i in [0, 7, -7, 1234567890, i32::MAX, i32::MIN] {
            assert_eq!(decimal(i), i.to_string().as_str());
        }
    }

    #[test]
    fn storing_keeps_the_primary_face() {
        assert_eq!(Value::Both("5070".into(), 5070).stored(), Value::Str("5070".into()));
        assert_eq!(Value::Named(1, "true".into()).stored(), Value::Int(1));
    }
}
