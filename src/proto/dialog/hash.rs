//! The bucket of a Call-ID. It is part of the dialog id that scripts, Record-Route and the database show, so it agrees with
//! OpenSIPS's: both servers can share a table, and a restart of either finds the dialogs of the other.

/// The hash over four bytes at a time. Bytes above 127 count as negative numbers, as on the machines OpenSIPS runs on most.
pub fn call_id_hash(call_id: &[u8]) -> u32 {
    let (words, rest) = call_id.as_chunks::<4>();
    let sum = words
        .iter()
        .map(|word| word_value(word))
        .chain([word_value(rest)])
        .fold(0u32, |sum, word| sum.wrapping_add(word ^ (word >> 3)));
    sum.wrapping_add(sum >> 11).wrapping_add(sum >> 13).wrapping_add(sum >> 23)
}

/// The bucket in a table of `size` buckets, which is a power of two; 0 means no table.
pub fn bucket(call_id: &[u8], size: u32) -> u32 {
    call_id_hash(call_id) & size.saturating_sub(1)
}

/// What a configured `hash_size` becomes: the largest power of two in it, 1 at least.
pub fn table_size(hash_size: u32) -> u32 {
    1 << hash_size.max(1).ilog2()
}

/// Up to four bytes, most significant first.
fn word_value(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0u32, |value, byte| (value << 8).wrapping_add_signed(i32::from(byte.cast_signed())))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Computed by OpenSIPS's function on x86-64.
    const KNOWN: &[(&[u8], u32)] = &[
        (b"", 0),
        (b"a", 109),
        (b"abc", 7_167_810),
        (b"abcd", 1_834_959_896),
        (b"abcde", 1_834_960_001),
        (b"f81d4fae-7dec-11d0-a765-00a0c91e6bf6@foo.bar.com", 1_180_737_664),
        (b"1-2345@127.0.0.1", 3_393_457_118),
        (b"3848276298220188511@atlanta.example.com", 3_416_024_093),
        (b"caf\xc3\xa9-\xff\xfe\x80@x", 193_511_487),
    ];

    #[test]
    fn agrees_with_opensips() {
        for (call_id, hash) in KNOWN {
            assert_eq!(call_id_hash(call_id), *hash, "{}", call_id.escape_ascii());
        }
    }

    #[test]
    fn bucket_is_within_the_table() {
        assert_eq!(bucket(b"1-2345@127.0.0.1", 4096), 3_038);
        assert_eq!(bucket(b"abc", 1), 0);
        assert_eq!(bucket(b"abc", 0), 0);
    }

    #[test]
    fn table_size_is_rounded_down_to_a_power_of_two() {
        assert_eq!([0, 1, 5000, 4096, u32::MAX].map(table_size), [1, 1, 4096, 4096, 1 << 31]);
    }
}
