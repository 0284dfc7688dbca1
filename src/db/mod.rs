//! Databases: opened read-only without writing a byte beside them, and what stands in them. Knows nothing of code or policy.

mod bookkeeping;
mod compare;
mod compile;
pub mod content;
mod head;
mod holes;
mod live;
pub(crate) mod long;
mod open;
mod quote;
mod read;
mod schema;
#[cfg(test)]
mod tests;

pub use bookkeeping::{Bookkeeping, bookkeeping};
pub use compare::{Comparison, compare, is_own_number, natural_keys};
pub use compile::{Compiler, Fault, Verdict};
pub use content::{Content, content};
pub use holes::HOLE;
pub use live::{Use, in_use};
pub use open::Opened as Reading;
pub(crate) use open::uri;
pub use quote::identifier as quote;
pub use schema::{Column, ForeignKey, Index, Object, Schema, Table, TableKind};

use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A database file that exists on disk, with what could be read of it.
#[derive(Debug, Clone)]
pub struct DatabaseFile {
    /// Relative to the root, `/`-separated.
    pub path: String,
    pub absolute: PathBuf,
    /// The whole file where it is known from git; what lies at `absolute` may be another version, or nothing.
    pub blob: Option<Arc<[u8]>>,
    /// Bytes of the main file.
    pub size: u64,
    pub state: State,
    /// Present when `state` is [`State::Readable`].
    pub schema: Option<Schema>,
    /// `-wal`, `-shm`, `-journal` files beside it, relative to the root.
    pub sidecars: Vec<String>,
}

/// What a file that may be a database turned out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    Readable,
    /// No bytes at all: SQLite creates such a file when an open is never followed by a write.
    Empty,
    /// Another format; the words name it (`bbolt`, `Windows thumbnail cache`, `Git LFS pointer`, `text`).
    NotSqlite(String),
    /// The header is not SQLite's though the name and length say so: encrypted, or overwritten.
    Encrypted,
    Corrupt(String),
    /// Another process holds it exclusively.
    Locked(String),
    /// No right to read it, or it vanished.
    Unreadable(String),
}

/// Opens a database within a read transaction, without writing a byte beside it.
///
/// # Errors
/// What the file is instead, where it cannot be opened.
pub fn reading(path: &Path) -> Result<Reading, State> {
    open::open(path)
}

impl DatabaseFile {
    /// Where to read it.
    #[must_use]
    pub fn bytes(&self) -> Bytes<'_> {
        match &self.blob {
            Some(blob) => Bytes::InMemory(blob),
            None => Bytes::OnDisk(&self.absolute),
        }
    }
}

/// A database, wherever it is kept.
#[derive(Debug, Clone, Copy)]
pub enum Bytes<'a> {
    OnDisk(&'a Path),
    /// A whole file; no log or journal belongs to it.
    InMemory(&'a [u8]),
}

/// How often a file is read anew that changes while it is read.
const ATTEMPTS: usize = 3;

/// Reads a database wherever it is kept.
#[must_use]
pub fn read_from(bytes: Bytes<'_>) -> (State, Option<Schema>) {
    match bytes {
        Bytes::OnDisk(path) => read(path),
        Bytes::InMemory(bytes) => read_in_memory(bytes),
    }
}

/// Reads a database file without writing a byte beside it.
#[must_use]
pub fn read(path: &Path) -> (State, Option<Schema>) {
    let mut outcome = (State::Locked("it is being written".to_owned()), None);
    for _ in 0..ATTEMPTS {
        let opened = match open::open(path) {
            Ok(opened) => opened,
            Err(state) => return (state, None),
        };
        let result = read::schema(&opened.connection, opened.wal);
        let unchanged = opened.is_unchanged();
        match result {
            Ok(schema) => outcome = (State::Readable, Some(schema)),
            Err(error) if unchanged => return (open::state_of(&error, &[]), None),
            Err(_) => {}
        }
        if unchanged {
            break;
        }
    }
    outcome
}

fn read_in_memory(bytes: &[u8]) -> (State, Option<Schema>) {
    let opened = match open::open_in_memory(bytes) {
        Ok(opened) => opened,
        Err(state) => return (state, None),
    };
    match read::schema(&opened.connection, opened.wal) {
        Ok(schema) => (State::Readable, Some(schema)),
        Err(error) => (open::state_of(&error, bytes.get(..4096).unwrap_or(bytes)), None),
    }
}
