//! Media types as scripts name them: `type/subtype`, several with commas; a subtype may be `*`. Parameters behind a type
//! do not count, and an empty text is any type.
use crate::sip::scan::is_token;
use crate::vm::Vocabulary;

#[derive(Clone, Debug)]
pub struct MimeTypes(Vec<Vec<u8>>);

impl MimeTypes {
    /// Whether `mime` (`type/subtype`) is one of them.
    pub fn take(&self, mime: &[u8]) -> bool {
        self.0.is_empty()
            || self.0.iter().any(|wanted| match wanted.strip_suffix(b"*") {
                Some(prefix) => mime.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix)),
                None => wanted.eq_ignore_ascii_case(mime),
            })
    }
}

impl Vocabulary for MimeTypes {
    fn parse(text: &[u8]) -> Result<MimeTypes, String> {
        if text.trim_ascii().is_empty() {
            return Ok(MimeTypes(Vec::new()));
        }
        let one = |part: &[u8]| {
            let part = part.split(|&b| b == b';').next().unwrap_or_default().trim_ascii();
            let slash = part.iter().position(|&b| b == b'/');
            let halves = slash.and_then(|at| Some((part.get(..at)?, part.get(at + 1..)?)));
            match halves {
                Some((kind, subtype)) if is_token(kind) && is_token(subtype) => Ok(part.to_vec()),
                _ => Err(format!("`{}` is not of the form `type/subtype`", String::from_utf8_lossy(part))),
            }
        };
        text.split(|&b| b == b',').map(one).collect::<Result<_, _>>().map(MimeTypes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_takes_its_types_in_any_case() {
        let types = MimeTypes::parse(b"application/sdp, multipart/*").unwrap();
        assert!(types.take(b"Application/SDP") && types.take(b"multipart/mixed"));
        assert!(!types.take(b"application/sdpx") && !types.take(b"application/isup") && !types.take(b"multi"));
        let any = MimeTypes::parse(b"").unwrap();
        assert!(any.take(b"text/plain"));
        assert!(MimeTypes::parse(b"application/sdp;q=1").unwrap().take(b"application/sdp"));
        for bad in ["application", "application/", "a/b c", "a/b,"] {
            assert!(MimeTypes::parse(bad.as_bytes()).is_err(), "{bad}");
        }
    }
}
