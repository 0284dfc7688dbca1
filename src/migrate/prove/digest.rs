//! Digests of what a proof reads: of rows in their order, and of keys whatever their order.

use rusqlite::types::ValueRef;

use crate::migrate::row;

/// Rows are hashed in pieces of this many bytes, which is several times quicker than one by one.
const PIECE: usize = 1 << 16;

/// BLAKE3 of rows as tagged bytes, one after the other.
#[derive(Default)]
pub(super) struct Rows {
    hasher: blake3::Hasher,
    waiting: Vec<u8>,
}

impl Rows {
    pub(super) fn add(&mut self, row: &[u8]) {
        if self.waiting.len() + row.len() > PIECE {
            self.hasher.update(&self.waiting);
            self.waiting.clear();
        }
        if row.len() > PIECE {
            self.hasher.update(row);
        } else {
            self.waiting.extend_from_slice(row);
        }
    }

    pub(super) fn finish(mut self) -> String {
        self.hasher.update(&self.waiting);
        format!("b3:{}", self.hasher.finalize().to_hex())
    }
}

/// The sum, modulo 2^128, of what each key comes to: equal for equal multisets, duplicates and all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Keys(u128);

impl Keys {
    pub(super) fn add(&mut self, key: &[ValueRef<'_>]) {
        let one = match key {
            [ValueRef::Integer(rowid)] => {
                let bits = rowid.cast_unsigned();
                u128::from(mixed(bits ^ 0x9e37_79b9_7f4a_7c15)) << 64 | u128::from(mixed(!bits))
            }
            _ => {
                let mut bytes = Vec::new();
                key.iter().for_each(|value| row::append(&mut bytes, *value));
                let digest = blake3::hash(&bytes);
                digest.as_bytes().first_chunk().map_or(0, |bytes| u128::from_le_bytes(*bytes))
            }
        };
        self.0 = self.0.wrapping_add(one);
    }

    pub(super) fn join(&mut self, other: Self) {
        self.0 = self.0.wrapping_add(other.0);
    }
}

/// SplitMix64's last step: every bit of the result hangs on every bit of the number.
fn mixed(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

impl std::fmt::Display for Keys {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{:032x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_of_keys_does_not_matter_and_duplicates_do() {
        let of = |keys: &[i64]| {
            let mut digest = Keys::default();
            keys.iter().for_each(|key| digest.add(&[ValueRef::Integer(*key)]));
            digest.to_string()
        };
        assert_eq!(of(&[1, 2, 2]), of(&[2, 1, 2]));
        for other in [&[1][..], &[1, 1, 2], &[1, 2], &[1, 2, 3], &[5], &[0, 3, 2], &[1, 1, 3]] {
            assert_ne!(of(other), of(&[1, 2, 2]), "{other:?}");
        }
        assert_ne!(of(&[1, 4]), of(&[2, 3]));
        let mut text = Keys::default();
        text.add(&[ValueRef::Text(b"1")]);
        assert_ne!(text.to_string(), of(&[1]));
    }

    #[test]
    fn every_row_is_in_the_digest_however_long() {
        let long = vec![7; PIECE + 1];
        let of = |rows: &[&[u8]]| {
            let mut digest = Rows::default();
            rows.iter().for_each(|row| digest.add(row));
            digest.finish()
        };
        assert_eq!(of(&[b"a", b"b", &long, b"c"]), of(&[b"ab", &long, b"c"]));
        assert_ne!(of(&[b"a", &long, b"b"]), of(&[b"a", b"b", &long]));
        assert_ne!(of(&[b"a", &long]), of(&[&long]));
    }
}
