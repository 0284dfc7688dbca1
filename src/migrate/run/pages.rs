//! The digest of a database file's pages, blind to what SQLite writes into the header of a copy. Knows nothing of locks.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};

/// What a page copy may change in the header: journal versions, change counter, schema cookie, the counter's twin.
const BLIND: [std::ops::Range<usize>; 4] = [18..20, 24..28, 40..44, 92..100];
/// The page that holds this byte is for locks; SQLite neither reads nor copies it.
const PENDING_BYTE: u64 = 1 << 30;
const CHUNK: usize = 1 << 20;

/// Equal for a database and its page copy. The write-ahead log must be empty: it is not read.
///
/// The handle is read from its start and stays open.
pub(super) fn digest(file: &File) -> io::Result<String> {
    read(file, |_| Ok(()))
}

/// Writes all of a database's pages to `to`, and digests what was read.
///
/// The handle is read from its start and stays open.
pub(super) fn copy(file: &File, to: &mut dyn Write) -> io::Result<String> {
    read(file, |bytes| to.write_all(bytes))
}

fn read(mut file: &File, mut each: impl FnMut(&[u8]) -> io::Result<()>) -> io::Result<String> {
    file.seek(SeekFrom::Start(0))?;
    let mut hasher = blake3::Hasher::new();
    let mut chunk = vec![0; CHUNK];
    let mut at = 0_u64;
    let mut page = 0;
    loop {
        let read = fill(file, &mut chunk)?;
        let bytes = chunk.get_mut(..read).unwrap_or_default();
        if bytes.is_empty() {
            break;
        }
        each(bytes)?;
        if at == 0 {
            page = page_size(bytes);
            for range in BLIND {
                bytes.get_mut(range).unwrap_or_default().fill(0);
            }
        }
        if at == PENDING_BYTE {
            bytes.get_mut(..page).unwrap_or_default().fill(0);
        }
        hasher.update(bytes);
        at += read as u64;
    }
    Ok(hasher.finalize().to_hex().to_string())
}

fn page_size(header: &[u8]) -> usize {
    match header.get(16..18) {
        Some([0, 1]) => 65536,
        Some(&[high, low]) => usize::from(u16::from_be_bytes([high, low])),
        _ => 0,
    }
}

/// As much as there is: a full chunk, or less at the end.
fn fill(mut file: &File, chunk: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while let Some(rest) = chunk.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match file.read(rest) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// The counter that a commit raises where there is no write-ahead log. The handle stays open.
pub(super) fn change_counter(mut file: &File) -> io::Result<u32> {
    let mut bytes = [0; 4];
    file.seek(SeekFrom::Start(24))?;
    file.read_exact(&mut bytes)?;
    Ok(u32::from_be_bytes(bytes))
}
