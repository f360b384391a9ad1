//! Which transaction a message belongs to: RFC 3261 17.1.3 and 17.2.3, and the fallback for peers of RFC 2543.
//!
//! A key is two keyed hashes of the parts that must agree, so that it is small, cheap to compare, and cannot be steered
//! by a peer into one bucket. Parts come as the bytes of the message.
use ahash::{AHasher, RandomState};
use std::hash::{BuildHasher, Hasher};

/// Names one transaction in a table. 128 bits of keyed hash: two transactions do not share one by chance or by intent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key(u64, u64);

impl Key {
    /// Half of the key, enough to name it in a branch parameter.
    pub fn id(self) -> u64 {
        self.0
    }
}

/// What the topmost Via of a request says.
#[derive(Clone, Copy, Debug)]
pub struct Via<'a> {
    pub branch: Option<&'a [u8]>,
    pub host: &'a [u8],
    pub port: Option<u16>,
    /// The whole value, for peers without the branch cookie.
    pub text: &'a [u8],
}

/// The parts of a request that name its transaction.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    pub method: &'a [u8],
    pub via: Via<'a>,
    pub ruri: &'a [u8],
    pub from_tag: &'a [u8],
    pub to_tag: &'a [u8],
    pub call_id: &'a [u8],
    /// The number in CSeq.
    pub cseq: u32,
}

/// RFC 3261 8.1.1.7: a branch that starts so is unique by itself.
pub const COOKIE: &[u8] = b"z9hG4bK";

/// Makes keys; one for the whole engine.
#[derive(Clone, Debug)]
pub struct KeyHasher {
    first: RandomState,
    second: RandomState,
}

impl KeyHasher {
    pub fn new(seed: u64) -> KeyHasher {
        let mut ids = crate::base::IdGen::new(seed);
        let mut state = || RandomState::with_seeds(ids.next_u64(), ids.next_u64(), ids.next_u64(), ids.next_u64());
        KeyHasher { first: state(), second: state() }
    }

    /// The server transaction of a request. An ACK has the key of its INVITE; whether it acknowledges a 2xx end to end is
    /// for the owner to see by the state it finds (and, without the cookie, by the To tag it answered with).
    pub fn server(&self, request: &Request<'_>) -> Key {
        self.server_as(request, transaction_method(request.method))
    }

    /// The INVITE that a CANCEL is about (RFC 3261 9.2).
    pub fn cancelled_invite(&self, cancel: &Request<'_>) -> Key {
        self.server_as(cancel, b"INVITE")
    }

    /// The client transaction of a reply, or of a request about to be sent (RFC 3261 17.1.3).
    pub fn client(&self, branch: &[u8], cseq_method: &[u8]) -> Key {
        self.key(|h| {
            h.write_u8(b'c');
            part(h, branch);
            part(h, cseq_method);
        })
    }

    fn server_as(&self, request: &Request<'_>, method: &[u8]) -> Key {
        match request.via.branch {
            Some(branch) if has_cookie(branch) => self.by_branch(&request.via, branch, method),
            Some(_) | None => self.by_fields(request, method),
        }
    }

    fn by_branch(&self, via: &Via<'_>, branch: &[u8], method: &[u8]) -> Key {
        self.key(|h| {
            h.write_u8(b's');
            part(h, branch);
            host_part(h, via.host);
            h.write_u16(via.port.unwrap_or(5060));
            part(h, method);
        })
    }

    /// RFC 3261 17.2.3, second list. The To tag of an ACK or CANCEL may be that of the reply, so around INVITE it does not count.
    fn by_fields(&self, request: &Request<'_>, method: &[u8]) -> Key {
        let to_tag = if method == b"INVITE" || method == b"CANCEL" { b"" } else { request.to_tag };
        self.key(|h| {
            h.write_u8(b'o');
            for field in [request.ruri, request.from_tag, to_tag, request.call_id, request.via.text, method] {
                part(h, field);
            }
            h.write_u32(request.cseq);
        })
    }

    fn key(&self, write: impl Fn(&mut AHasher)) -> Key {
        let hash = |state: &RandomState| {
            let mut hasher = state.build_hasher();
            write(&mut hasher);
            hasher.finish()
        };
        Key(hash(&self.first), hash(&self.second))
    }
}

/// Has this branch the cookie of RFC 3261?
pub fn has_cookie(branch: &[u8]) -> bool {
    branch.get(..COOKIE.len()).is_some_and(|start| start.eq_ignore_ascii_case(COOKIE)) && branch.len() > COOKIE.len()
}

fn transaction_method(method: &[u8]) -> &[u8] {
    if method == b"ACK" { b"INVITE" } else { method }
}

/// The length goes first, so that bytes cannot move from one part to the next.
fn part(hasher: &mut AHasher, bytes: &[u8]) {
    hasher.write_usize(bytes.len());
    hasher.write(bytes);
}

/// Host names compare without case (RFC 3261 18.1.1, 19.1.4).
fn host_part(hasher: &mut AHasher, host: &[u8]) {
    hasher.write_usize(host.len());
    for chunk in host.chunks(32) {
        let mut lower = [0u8; 32];
        for (to, from) in lower.iter_mut().zip(chunk) {
            *to = from.to_ascii_lowercase();
        }
        hasher.write(&lower);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request<'a>(method: &'a [u8], branch: Option<&'a [u8]>) -> Request<'a> {
        Request {
            method,
            via: Via { branch, host: b"Proxy.example.com", port: None, text: b"SIP/2.0/UDP proxy.example.com" },
            ruri: b"sip:bob@example.com",
            from_tag: b"a1",
            to_tag: b"",
            call_id: b"call-1",
            cseq: 1,
        }
    }

    const BRANCH: Option<&[u8]> = Some(b"z9hG4bK776");

    fn hasher() -> KeyHasher {
        KeyHasher::new(7)
    }

    #[test]
    fn repetition_has_the_same_key() {
        assert_eq!(hasher().server(&request(b"INVITE", BRANCH)), hasher().server(&request(b"INVITE", BRANCH)));
    }

    #[test]
    fn ack_finds_its_invite_and_cancel_does_so_when_asked() {
        for branch in [BRANCH, Some(b"1".as_slice()), None] {
            let invite = hasher().server(&request(b"INVITE", branch));
            let ack = Request { to_tag: b"b1", ..request(b"ACK", branch) };
            assert_eq!(hasher().server(&ack), invite);
            assert_eq!(hasher().cancelled_invite(&request(b"CANCEL", branch)), invite);
            assert_ne!(hasher().server(&request(b"CANCEL", branch)), invite);
        }
    }

    #[test]
    fn with_the_cookie_only_branch_sent_by_and_method_count() {
        let invite = hasher().server(&request(b"INVITE", BRANCH));
        let base = request(b"INVITE", BRANCH);
        let same = Request { ruri: b"sip:other", call_id: b"call-2", cseq: 9, from_tag: b"z", ..base };
        assert_eq!(hasher().server(&same), invite);
        let lower = Request { via: Via { host: b"proxy.EXAMPLE.com", port: Some(5060), ..base.via }, ..base };
        assert_eq!(hasher().server(&lower), invite);
        let port = Request { via: Via { port: Some(5070), ..base.via }, ..base };
        assert_ne!(hasher().server(&port), invite);
        let host = Request { via: Via { host: b"attacker.example", ..base.via }, ..base };
        assert_ne!(hasher().server(&host), invite);
        assert_ne!(hasher().server(&request(b"INVITE", Some(b"z9hG4bK777"))), invite);
    }

    #[test]
    fn without_the_cookie_all_fields_count() {
        let base = request(b"INVITE", Some(b"1"));
        let key = hasher().server(&base);
        let others = [
            Request { ruri: b"sip:eve@example.com", ..base },
            Request { from_tag: b"a2", ..base },
            Request { call_id: b"call-2", ..base },
            Request { cseq: 2, ..base },
            Request { via: Via { text: b"SIP/2.0/UDP elsewhere", ..base.via }, ..base },
        ];
        for other in others {
            assert_ne!(hasher().server(&other), key, "{other:?}");
        }
    }

    #[test]
    fn without_the_cookie_the_to_tag_counts_outside_invite() {
        let base = request(b"BYE", None);
        assert_ne!(hasher().server(&Request { to_tag: b"b1", ..base }), hasher().server(&base));
    }

    #[test]
    fn cookie_alone_is_not_unique() {
        assert!(!has_cookie(COOKIE));
        assert!(has_cookie(b"Z9HG4BKx"));
    }

    #[test]
    fn client_key_is_branch_and_method() {
        let key = hasher().client(b"z9hG4bKx", b"INVITE");
        assert_eq!(key, hasher().client(b"z9hG4bKx", b"INVITE"));
        assert_ne!(key, hasher().client(b"z9hG4bKx", b"CANCEL"));
        assert_ne!(key, hasher().client(b"z9hG4bKy", b"INVITE"));
    }

    #[test]
    fn seeds_make_different_keys() {
        assert_ne!(KeyHasher::new(1).client(b"b", b"INVITE"), KeyHasher::new(2).client(b"b", b"INVITE"));
    }
}
