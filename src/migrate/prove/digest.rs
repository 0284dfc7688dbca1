//! Digests of rows that do not depend on their order, and in which duplicates count.

use rusqlite::types::ValueRef;

use crate::migrate::row;

/// The sum, modulo 2^256, of the BLAKE3 digests of rows: equal for equal multisets.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Digest([u64; 4]);

impl Digest {
    /// Of one row.
    pub(super) fn of(bytes: &[u8]) -> Self {
        let digest = blake3::hash(bytes);
        let mut parts = [0; 4];
        for (part, bytes) in parts.iter_mut().zip(digest.as_bytes().chunks_exact(8)) {
            *part = bytes.try_into().map_or(0, u64::from_le_bytes);
        }
        Self(parts)
    }

    pub(super) fn add(&mut self, bytes: &[u8]) {
        self.join(Self::of(bytes));
    }

    pub(super) fn join(&mut self, other: Self) {
        let mut carry = false;
        for (sum, part) in self.0.iter_mut().zip(other.0) {
            let (first, over) = sum.overflowing_add(part);
            let (second, again) = first.overflowing_add(u64::from(carry));
            *sum = second;
            carry = over || again;
        }
    }

    pub(super) fn add_key(&mut self, key: &[ValueRef<'_>]) {
        let mut bytes = Vec::new();
        for value in key {
            row::append(&mut bytes, *value);
        }
        self.add(&bytes);
    }
}

impl std::fmt::Display for Digest {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "b3:")?;
        self.0.iter().rev().try_for_each(|part| write!(formatter, "{part:016x}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_does_not_matter_and_duplicates_do() {
        let of = |rows: &[&[u8]]| {
            let mut digest = Digest::default();
            rows.iter().for_each(|row| digest.add(row));
            digest.to_string()
        };
        assert_eq!(of(&[b"a", b"b", b"b"]), of(&[b"b", b"a", b"b"]));
        assert_ne!(of(&[b"a", b"b", b"b"]), of(&[b"a"]));
        assert_ne!(of(&[b"a", b"a"]), of(&[b"b", b"b"]));
    }
}
