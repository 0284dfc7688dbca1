//! What earlier runs learnt of git's contents, in a file below `.git`. A content never changes under its name, so this is
//! never out of date; a file that is missing, damaged or another version's is no loss but of time.

use std::collections::HashSet;
use std::io::{self, Write};
use std::path::Path;

use super::prefilter::{Named, Words};
use crate::tree::kind::Head;
use crate::tree::{ByOid, Note, Oid};

/// What is known of a content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Known {
    pub(super) note: Note,
    /// It may name a database or run SQL, or is a database.
    pub(super) matters: bool,
    /// What it speaks of, by its bytes; the policy's openers count as names.
    pub(super) words: Words,
}

impl Known {
    pub(super) fn large(size: u64, head: Head) -> Self {
        Self { note: Note { size, head }, matters: head != Head::Other, words: Words::default() }
    }
}

/// Contents of other branches are kept up to so many.
const MOST: usize = 200_000;
const FILE: &str = "known-contents";
/// Length of a digest and of a key.
const DIGEST: usize = 32;

/// What the knowledge depends on beside the contents: this program, and what the policy names.
pub(super) fn key(named: &Named) -> [u8; DIGEST] {
    let mut hasher = blake3::Hasher::new_derive_key(concat!("dbguard known contents 2 ", env!("CARGO_PKG_VERSION")));
    hasher.update(&named.fingerprint());
    *hasher.finalize().as_bytes()
}

/// What stands in the file.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Remembered {
    key: [u8; DIGEST],
    known: ByOid<Known>,
}

impl Remembered {
    /// What is known by whatever key: a guess of what will be asked for.
    pub(super) fn guess(&self) -> &ByOid<Known> {
        &self.known
    }

    /// What is known by this key; nothing where it was learnt by another.
    pub(super) fn by(self, key: &[u8; DIGEST]) -> ByOid<Known> {
        if self.key == *key { self.known } else { ByOid::default() }
    }
}

/// Digest, key, then for each content a length and a name, a size and what it is.
pub(super) fn load(folder: &Path) -> Remembered {
    std::fs::read(folder.join(FILE)).ok().and_then(|bytes| read(&bytes)).unwrap_or_default()
}

fn read(bytes: &[u8]) -> Option<Remembered> {
    let (digest, rest) = bytes.split_at_checked(DIGEST)?;
    if blake3::hash(rest).as_bytes() != digest {
        return None;
    }
    let (key, mut rest) = rest.split_first_chunk::<DIGEST>()?;
    let mut known = ByOid::with_capacity_and_hasher(rest.len() / 49, Default::default());
    while let Some((&length, after)) = rest.split_first() {
        let (name, after) = after.split_at_checked(usize::from(length))?;
        let (size, after) = after.split_first_chunk::<8>()?;
        let (&what, after) = after.split_first()?;
        let head = match what >> 1 & 3 {
            0 => Head::Other,
            1 => Head::Database,
            _ => Head::LfsPointer,
        };
        let note = Note { size: u64::from_le_bytes(*size), head };
        let words = Words { name_database: what & 8 != 0, run_sql: what & 16 != 0 };
        known.insert(std::str::from_utf8(name).ok()?.into(), Known { note, matters: what & 1 == 1, words });
        rest = after;
    }
    Some(Remembered { key: *key, known })
}

fn written(key: &[u8; DIGEST], known: &ByOid<Known>, current: &HashSet<Oid>) -> Vec<u8> {
    let mut bytes = key.to_vec();
    for (oid, known) in known.iter().filter(|(oid, _)| known.len() <= MOST || current.contains(*oid)) {
        let Ok(length) = u8::try_from(oid.len()) else { continue };
        let head = match known.note.head {
            Head::Other => 0,
            Head::Database => 1,
            Head::LfsPointer => 2,
        };
        bytes.push(length);
        bytes.extend_from_slice(oid.as_bytes());
        bytes.extend_from_slice(&known.note.size.to_le_bytes());
        let words = u8::from(known.words.name_database) << 3 | u8::from(known.words.run_sql) << 4;
        bytes.push(head << 1 | u8::from(known.matters) | words);
    }
    [blake3::hash(&bytes).as_bytes().as_slice(), &bytes].concat()
}

/// A store that cannot be written to is slower and no worse.
pub(super) fn save(folder: &Path, key: &[u8; DIGEST], known: &ByOid<Known>, current: &HashSet<Oid>) {
    let write = || -> io::Result<()> {
        std::fs::create_dir_all(folder)?;
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.write_all(&written(key, known, current))?;
        file.persist(folder.join(FILE))?;
        Ok(())
    };
    let _ = write();
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::scan::Options;

    #[test]
    fn what_is_written_is_read_and_what_is_damaged_is_not() {
        let key = key(&Named::default());
        let oid: Oid = Arc::from("a".repeat(40));
        let known = ByOid::from_iter([(
            Arc::clone(&oid),
            Known {
                note: Note { size: 1 << 40, head: Head::Database },
                matters: true,
                words: Words { name_database: true, run_sql: false },
            },
        )]);
        let bytes = written(&key, &known, &HashSet::new());
        assert_eq!(read(&bytes).unwrap().by(&key), known);
        let other = super::key(&Named::of(&Options { tables: vec!["x".into()], ..Options::default() }));
        assert_eq!(read(&bytes).unwrap().by(&other), ByOid::default());
        for at in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[at] ^= 1;
            assert_eq!(read(&damaged), None, "byte {at}");
            assert_eq!(read(&bytes[..at]), None, "cut at {at}");
        }
    }
}
