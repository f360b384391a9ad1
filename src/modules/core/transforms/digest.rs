//! `{s.*}`: digests, keyed or not, as lower-case hexadecimal digits.
use super::coding::hex;
use super::{bytes, on_text, text};
use crate::context::Value;
use crate::syntax::transform::ArgShape::Word;
use crate::vm::{TransformArg, TransformRow};
use hmac::{Hmac, KeyInit, Mac};
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha224, Sha256, Sha384, Sha512};

pub const TRANSFORMS: &[TransformRow] = &[
    on_text!("s", "md5", |s, _| bytes(hex(&Md5::digest(&s))), "MD5."),
    on_text!("s", "sha1", |s, _| bytes(hex(&Sha1::digest(&s))), "SHA-1."),
    on_text!("s", "sha224", |s, _| bytes(hex(&Sha224::digest(&s))), "SHA-224."),
    on_text!("s", "sha256", |s, _| bytes(hex(&Sha256::digest(&s))), "SHA-256."),
    on_text!("s", "sha384", |s, _| bytes(hex(&Sha384::digest(&s))), "SHA-384."),
    on_text!("s", "sha512", |s, _| bytes(hex(&Sha512::digest(&s))), "SHA-512."),
    on_text!("s", "sha1_hmac", |s, args| keyed::<Hmac<Sha1>>(&s, args), "HMAC with SHA-1.").args(&[Word]),
    on_text!("s", "sha224_hmac", |s, args| keyed::<Hmac<Sha224>>(&s, args), "HMAC with SHA-224.").args(&[Word]),
    on_text!("s", "sha256_hmac", |s, args| keyed::<Hmac<Sha256>>(&s, args), "HMAC with SHA-256.").args(&[Word]),
    on_text!("s", "sha384_hmac", |s, args| keyed::<Hmac<Sha384>>(&s, args), "HMAC with SHA-384.").args(&[Word]),
    on_text!("s", "sha512_hmac", |s, args| keyed::<Hmac<Sha512>>(&s, args), "HMAC with SHA-512.").args(&[Word]),
    on_text!("s", "crc32", |s, _| Value::Str(crc32(&s).to_string().into()), "CRC-32 as OpenSIPS has it, in decimal."),
];

/// OpenSIPS leaves out the complement at the end: scripts that compare sums over several servers count on it.
fn crc32(data: &[u8]) -> u32 {
    !crc32fast::hash(data)
}

fn keyed<M: Mac + KeyInit>(data: &[u8], args: &[TransformArg]) -> Value {
    let mac = text(args, 0).and_then(|key| <M as KeyInit>::new_from_slice(&key).ok());
    mac.map_or(Value::Null, |mac| bytes(hex(&mac.chain_update(data).finalize().into_bytes())))
}

#[cfg(test)]
mod tests {
    use crate::modules::core::transforms::check;

    #[test]
    fn digests_of_a_known_text() {
        check(
            "abc",
            &[
                ("s.md5", "900150983cd24fb0d6963f7d28e17f72"),
                ("s.sha1", "a9993e364706816aba3e25717850c26c9cd0d89d"),
                ("s.sha224", "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7"),
                ("s.sha256", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
                ("s.sha384}{s.len", "96"),
                ("s.sha512}{s.substr,0,16", "ddaf35a193617aba"),
                ("s.crc32", "3403398717"),
            ],
        );
    }

    // RFC 2202 3 case 2, RFC 4231 4.3.
    #[test]
    fn keyed_digests_of_a_known_text() {
        check(
            "what do ya want for nothing?",
            &[
                ("s.sha1_hmac,Jefe", "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"),
                ("s.sha224_hmac,Jefe", "a30e01098bc6dbbf45690f3a7e9e6d0f8bbea2a39e6148008fd05e44"),
                ("s.sha256_hmac,Jefe", "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
                ("s.sha384_hmac,Jefe}{s.substr,0,16", "af45d2e376484031"),
                ("s.sha512_hmac,Jefe}{s.substr,0,16", "164b7a7bfcf819e2"),
                ("s.sha1_hmac,$var(nul)", "<null>"),
            ],
        );
    }

    #[test]
    fn a_short_checksum_is_not_padded() {
        check("a", &[("s.crc32", "390611388")]);
    }
}
