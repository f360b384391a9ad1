//! The vocabularies of `tm`'s string arguments.
use crate::context::RelayFlags;
use crate::registry::EarlierForm;
use crate::vm::Vocabulary;

/// Flags of `t_relay`: words, or OpenSIPS's old number.
#[derive(Clone, Copy, Debug, Default)]
pub struct RelayWords(pub RelayFlags);

impl Vocabulary for RelayWords {
    const EARLIER: Option<EarlierForm> = Some(EarlierForm::Int);

    fn parse(text: &[u8]) -> Result<RelayWords, String> {
        if let Some(bits) = number(text) {
            return Ok(RelayWords(from_bits(bits)));
        }
        let mut flags = RelayFlags::default();
        for word in text.split(|&b| b == b',').map(<[u8]>::trim_ascii).filter(|w| !w.is_empty()) {
            *flag(&mut flags, word).ok_or_else(|| {
                let word = String::from_utf8_lossy(word);
                format!(
                    "unknown flag `{word}`; it may be no-auto-477, no-dns-failover, pass-reason-hdr or allow-no-cancel"
                )
            })? = true;
        }
        Ok(RelayWords(flags))
    }
}

fn flag<'a>(flags: &'a mut RelayFlags, word: &[u8]) -> Option<&'a mut bool> {
    match word {
        b"no-auto-477" => Some(&mut flags.no_auto_477),
        b"no-dns-failover" => Some(&mut flags.no_dns_failover),
        b"pass-reason-hdr" => Some(&mut flags.pass_reason),
        b"allow-no-cancel" => Some(&mut flags.allow_no_cancel),
        _ => None,
    }
}

fn number(text: &[u8]) -> Option<u32> {
    let text = std::str::from_utf8(text).ok()?;
    match text.strip_prefix("0x") {
        Some(hex) => u32::from_str_radix(hex, 16).ok(),
        None => text.parse().ok(),
    }
}

fn from_bits(bits: u32) -> RelayFlags {
    RelayFlags {
        no_auto_477: bits & 0x02 != 0,
        no_dns_failover: bits & 0x04 != 0,
        pass_reason: bits & 0x08 != 0,
        allow_no_cancel: bits & 0x10 != 0,
        replicate: false,
    }
}

/// Which replies `t_local_replied` asks about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replies {
    All,
    Branch,
    Last,
}

impl Vocabulary for Replies {
    fn parse(text: &[u8]) -> Result<Replies, String> {
        match [(&b"all"[..], Replies::All), (b"branch", Replies::Branch), (b"last", Replies::Last)]
            .into_iter()
            .find(|(word, _)| begins(text, word))
        {
            Some((_, replies)) => Ok(replies),
            None => Err("it may be `all`, `branch` or `last`".to_owned()),
        }
    }
}

/// Which branches `t_cancel_branch` cancels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CancelWord {
    This,
    All,
    Others,
}

impl Vocabulary for CancelWord {
    fn parse(text: &[u8]) -> Result<CancelWord, String> {
        let has = |letter: u8| text.iter().any(|b| b.eq_ignore_ascii_case(&letter));
        if text.iter().any(|b| !matches!(b.to_ascii_lowercase(), b'a' | b'o')) {
            return Err("it may be `a` (all) or `o` (others)".to_owned());
        }
        Ok(if has(b'a') {
            CancelWord::All
        } else if has(b'o') {
            CancelWord::Others
        } else {
            CancelWord::This
        })
    }
}

/// Where `t_inject_branches` takes branches from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InjectSource {
    Message,
    Event,
}

impl Vocabulary for InjectSource {
    fn parse(text: &[u8]) -> Result<InjectSource, String> {
        if begins(text, b"msg") || begins(text, b"message") {
            return Ok(InjectSource::Message);
        }
        if begins(text, b"event") { Ok(InjectSource::Event) } else { Err("it may be `msg` or `event`".to_owned()) }
    }
}

/// Words, or letters in a row; what is neither counts for nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct InjectFlags {
    /// Cancel what is under way first.
    pub cancel: bool,
    /// No more injections follow.
    pub last: bool,
}

impl Vocabulary for InjectFlags {
    fn parse(text: &[u8]) -> Result<InjectFlags, String> {
        let words = || text.split(|&b| b == b',').map(<[u8]>::trim_ascii);
        let has = |name: &[u8], letter| {
            words().any(|word| word.eq_ignore_ascii_case(name) || (word != b"cancel" && word.contains(&letter)))
        };
        Ok(InjectFlags { cancel: has(b"cancel", b'c'), last: has(b"last", b'l') })
    }
}

/// What follows a word does not count, nor does its case.
fn begins(text: &[u8], word: &[u8]) -> bool {
    text.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relay_flags_are_words_or_the_old_number() {
        let words = RelayWords::parse(b"no-auto-477, pass-reason-hdr").unwrap().0;
        assert_eq!(words, RelayWords::parse(b"0x0a").unwrap().0);
        assert!(words.no_auto_477 && words.pass_reason && !words.no_dns_failover);
        assert!(RelayWords::parse(b"no-such").unwrap_err().contains("no-such"));
    }
}
