//! What the first bytes of a file say: SQLite, or what else. Knows nothing of connections.

use super::State;

/// How many of the first bytes are looked at.
pub(super) const LENGTH: u64 = 4096;

const MAGIC: &[u8] = b"SQLite format 3\0";

/// Compressed formats look as random as encrypted ones.
const COMPRESSED: [(&[u8], &str); 9] = [
    (b"PK\x03\x04", "zip archive"),
    (b"\x1f\x8b", "gzip"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"\xfd7zXZ\0", "xz"),
    (b"BZh", "bzip2"),
    (b"7z\xbc\xaf\x27\x1c", "7z archive"),
    (b"\x89PNG", "PNG image"),
    (b"\xff\xd8\xff", "JPEG image"),
    (b"%PDF", "PDF"),
];

/// Why the file is not one to open; `None` when it has SQLite's header. `size` is that of the whole file.
pub(super) fn not_sqlite(bytes: &[u8], size: u64) -> Option<State> {
    if size == 0 {
        return Some(State::Empty);
    }
    if bytes.starts_with(MAGIC) {
        return None;
    }
    if let Some((_, name)) = COMPRESSED.iter().find(|(magic, _)| bytes.starts_with(magic)) {
        return Some(State::NotSqlite((*name).to_owned()));
    }
    if is_text(bytes) {
        return Some(State::NotSqlite("text".to_owned()));
    }
    // SQLite's pages, and so its encrypted files, are at least 512 bytes.
    if size >= 1024 && size.is_multiple_of(512) && looks_random(bytes) {
        return Some(State::Encrypted);
    }
    Some(State::NotSqlite("unknown".to_owned()))
}

/// Whether the bytes are spread as evenly as those of a cipher.
pub(super) fn looks_random(bytes: &[u8]) -> bool {
    let mut counts = [0_u32; 256];
    for &byte in bytes {
        if let Some(count) = counts.get_mut(usize::from(byte)) {
            *count += 1;
        }
    }
    let distinct = counts.iter().filter(|&&count| count > 0).count();
    let most = counts.iter().copied().max().unwrap_or(0) as usize;
    bytes.len() >= 900 && distinct > 220 && most < bytes.len() / 32
}

fn is_text(bytes: &[u8]) -> bool {
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        // A character may be cut off at the end of what was read.
        Err(error) if error.error_len().is_none() => {
            std::str::from_utf8(bytes.get(..error.valid_up_to()).unwrap_or_default()).unwrap_or_default()
        }
        Err(_) => return false,
    };
    !text.is_empty() && text.chars().all(|character| !character.is_control() || "\t\r\n\u{c}".contains(character))
}
