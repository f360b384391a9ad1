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
        match text {
            b"all" => Ok(Replies::All),
            b"branch" => Ok(Replies::Branch),
            b"last" => Ok(Replies::Last),
            _ => Err("it may be `all`, `branch` or `last`".to_owned()),
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
        match text {
            b"" => Ok(CancelWord::This),
            b"a" => Ok(CancelWord::All),
            b"o" => Ok(CancelWord::Others),
            _ => Err("it may be `a` (all) or `o` (others)".to_owned()),
        }
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
        match text {
            b"msg" => Ok(InjectSource::Message),
            b"event" => Ok(InjectSource::Event),
            _ => Err("it may be `msg` or `event`".to_owned()),
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct InjectFlags {
    /// Cancel what is under way first.
    pub cancel: bool,
    /// No more injections follow.
    pub last: bool,
}

impl Vocabulary for InjectFlags {
    fn parse(text: &[u8]) -> Result<InjectFlags, String> {
        let mut flags = InjectFlags::default();
        for word in text.split(|&b| b == b',').map(<[u8]>::trim_ascii).filter(|w| !w.is_empty()) {
            match word {
                b"cancel" | b"c" => flags.cancel = true,
                b"last" | b"l" => flags.last = true,
                _ => return Err("flags may be `cancel` (c) and `last` (l)".to_owned()),
            }
        }
        Ok(flags)
    }
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
