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
    on_text!("s", "crc32", |s, _| Value::Str(crc32fast::hash(&s).to_string().into()), "CRC-32, in decimal."),
];

fn keyed<M: Mac + KeyInit>(data: &[u8], args: &[TransformArg]) -> Value {
    let mac = text(args, 0).and_then(|key| <M as KeyInit>::new_from_slice(&key).ok());
    mac.map_or(Value::Null, |mac| bytes(hex(&mac.chain_update(data).finalize().into_bytes())))
}
