//! A row as bytes that keep every value bit for bit: what is digested, and what stands in `dbguard_kept_aside`.
//! Knows nothing of tables.

use rusqlite::types::{Value, ValueRef};

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

/// The values of tagged bytes; `None` where they are none, or hold text that is not UTF-8.
pub(super) fn read(mut bytes: &[u8]) -> Option<Vec<Value>> {
    let mut values = Vec::new();
    while let Some((tag, rest)) = bytes.split_first() {
        let eight = || rest.split_first_chunk::<8>();
        let (value, rest) = match tag {
            0 => (Value::Null, rest),
            1 => eight().map(|(number, rest)| (Value::Integer(i64::from_le_bytes(*number)), rest))?,
            2 => eight().map(|(number, rest)| (Value::Real(f64::from_bits(u64::from_le_bytes(*number))), rest))?,
            3 | 4 => {
                let (length, rest) = eight()?;
                let (content, rest) = rest.split_at_checked(usize::try_from(u64::from_le_bytes(*length)).ok()?)?;
                let content = content.to_vec();
                (if *tag == 3 { Value::Text(String::from_utf8(content).ok()?) } else { Value::Blob(content) }, rest)
            }
            _ => return None,
        };
        values.push(value);
        bytes = rest;
    }
    Some(values)
}
