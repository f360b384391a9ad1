//! `Str`: the byte string of scripts and messages. Slices of received messages are shared, short results stay inline.
use bytes::Bytes;
use std::fmt;
use std::ops::Deref;

const INLINE: usize = 22;

/// An immutable byte string. Cloning never allocates.
#[derive(Clone)]
pub struct Str(Repr);

#[derive(Clone)]
enum Repr {
    Inline { len: u8, data: [u8; INLINE] },
    Shared(Bytes),
}

impl Str {
    pub const EMPTY: Str = Str(Repr::Inline { len: 0, data: [0; INLINE] });

    #[inline]
    pub fn new(bytes: &[u8]) -> Str {
        if bytes.len() <= INLINE {
            let mut data = [0; INLINE];
            data[..bytes.len()].copy_from_slice(bytes);
            Str(Repr::Inline { len: bytes.len() as u8, data })
        } else {
            Str(Repr::Shared(Bytes::copy_from_slice(bytes)))
        }
    }

    /// The string with each of its bytes changed.
    pub fn map(&self, change: impl Fn(u8) -> u8) -> Str {
        match &self.0 {
            Repr::Inline { len, data } => {
                let (len, mut data) = (*len, *data);
                data.iter_mut().for_each(|b| *b = change(*b));
                Str(Repr::Inline { len, data })
            }
            Repr::Shared(bytes) => Str::from(bytes.iter().map(|b| change(*b)).collect::<Vec<u8>>()),
        }
    }

    pub const fn from_static(s: &'static str) -> Str {
        Str(Repr::Shared(Bytes::from_static(s.as_bytes())))
    }

    /// Keeps the buffer `whole` alive instead of copying; `part` must lie inside it, otherwise it is copied.
    #[inline]
    pub fn slice_of(whole: &Bytes, part: &[u8]) -> Str {
        if part.len() <= INLINE {
            return Str::new(part);
        }
        let (w, p) = (whole.as_ptr() as usize, part.as_ptr() as usize);
        if p >= w && p + part.len() <= w + whole.len() {
            Str(Repr::Shared(whole.slice(p - w..p - w + part.len())))
        } else {
            Str::new(part)
        }
    }

    /// A part of this string, shared with it; bytes that do not lie inside it are copied.
    pub fn part(&self, part: &[u8]) -> Str {
        match &self.0 {
            Repr::Inline { .. } => Str::new(part),
            Repr::Shared(whole) => Str::slice_of(whole, part),
        }
    }

    #[inline]
    pub fn as_bytes(&self) -> &[u8] {
        match &self.0 {
            Repr::Inline { len, data } => &data[..usize::from(*len)],
            Repr::Shared(b) => b,
        }
    }

    /// For log lines and messages to people; bytes that are not UTF-8 become U+FFFD.
    pub fn to_string_lossy(&self) -> std::borrow::Cow<'_, str> {
        String::from_utf8_lossy(self.as_bytes())
    }

    /// The text when it is UTF-8.
    pub fn as_utf8(&self) -> Option<&str> {
        std::str::from_utf8(self.as_bytes()).ok()
    }

    pub fn into_bytes(self) -> Bytes {
        match self.0 {
            Repr::Inline { len, data } => Bytes::copy_from_slice(&data[..usize::from(len)]),
            Repr::Shared(b) => b,
        }
    }

    /// Bytes that cloning shares instead of copying: what a budget counts.
    #[inline]
    pub fn heap_len(&self) -> usize {
        match &self.0 {
            Repr::Inline { .. } => 0,
            Repr::Shared(b) => b.len(),
        }
    }
}

impl Default for Str {
    fn default() -> Self {
        Str::EMPTY
    }
}

impl Deref for Str {
    type Target = [u8];
    #[inline]
    fn deref(&self) -> &[u8] {
        self.as_bytes()
    }
}

impl AsRef<[u8]> for Str {
    #[inline]
    fn as_ref(&self) -> &[u8] {
        self.as_bytes()
    }
}

impl From<&str> for Str {
    fn from(s: &str) -> Str {
        Str::new(s.as_bytes())
    }
}

impl From<String> for Str {
    fn from(s: String) -> Str {
        Str::from(s.into_bytes())
    }
}

impl From<Vec<u8>> for Str {
    fn from(v: Vec<u8>) -> Str {
        if v.len() <= INLINE { Str::new(&v) } else { Str(Repr::Shared(Bytes::from(v))) }
    }
}

impl From<Bytes> for Str {
    fn from(b: Bytes) -> Str {
        if b.len() <= INLINE { Str::new(&b) } else { Str(Repr::Shared(b)) }
    }
}

impl PartialEq for Str {
    fn eq(&self, other: &Str) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl Eq for Str {}

impl PartialEq<str> for Str {
    fn eq(&self, other: &str) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl PartialEq<&str> for Str {
    fn eq(&self, other: &&str) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl std::hash::Hash for Str {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.as_bytes().hash(state);
    }
}

impl std::borrow::Borrow<[u8]> for Str {
    fn borrow(&self) -> &[u8] {
        self.as_bytes()
    }
}

impl fmt::Debug for Str {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.to_string_lossy())
    }
}

impl fmt::Display for Str {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_string_lossy())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_share_and_short_strings_stay_inline() {
        let whole = Bytes::from_static(b"a header value that is longer than the inline room");
        let long = Str::slice_of(&whole, &whole[2..40]);
        assert_eq!(long.as_bytes(), &whole[2..40]);
        assert_eq!(long.heap_len(), 38);
        assert_eq!(Str::slice_of(&whole, &whole[2..8]), "header");
        assert_eq!(Str::slice_of(&whole, &whole[2..8]).heap_len(), 0);
        let inner = long.part(&long[4..34]);
        assert_eq!(inner.as_ptr(), long[4..].as_ptr());
        assert_eq!(long.part(b"another text that is longer than the room").len(), 41);
        assert_eq!(std::mem::size_of::<Str>(), 32);
    }
}
