//! A row as bytes that keep every value bit for bit: what is digested, and what stands in `dbguard_kept_aside`.
//! Knows nothing of tables.

#![allow(dead_code, reason = "the merge of rows, which needs it, comes next")]

use rusqlite::types::ValueRef;

/// Appends one value: a tag, then its bits. Integers and reals are 8 bytes, little-endian; text and blobs are their length
/// (8 bytes, little-endian) and their bytes.
pub(super) fn append(bytes: &mut Vec<u8>, value: ValueRef<'_>) {
    match value {
        ValueRef::Null => bytes.push(0),
        ValueRef::Integer(integer) => {
            bytes.push(1);
            bytes.extend(integer.to_le_bytes());
        }
        ValueRef::Real(real) => {
            bytes.push(2);
            bytes.extend(real.to_bits().to_le_bytes());
        }
        ValueRef::Text(text) => {
            bytes.push(3);
            bytes.extend((text.len() as u64).to_le_bytes());
            bytes.extend(text);
        }
        ValueRef::Blob(blob) => {
            bytes.push(4);
            bytes.extend((blob.len() as u64).to_le_bytes());
            bytes.extend(blob);
        }
    }
}

/// Whether two values are one, bit for bit.
pub(super) fn same(left: ValueRef<'_>, right: ValueRef<'_>) -> bool {
    match (left, right) {
        (ValueRef::Null, ValueRef::Null) => true,
        (ValueRef::Integer(left), ValueRef::Integer(right)) => left == right,
        (ValueRef::Real(left), ValueRef::Real(right)) => left.to_bits() == right.to_bits(),
        (ValueRef::Text(left), ValueRef::Text(right)) | (ValueRef::Blob(left), ValueRef::Blob(right)) => left == right,
        _ => false,
    }
}
