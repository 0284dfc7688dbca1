//! The tree: which files there are, what git says of them, and what kind each is. Opens no database and reads no language.

mod blobs;
mod git;
mod held;
mod ignored;
mod index_file;
pub mod kind;
mod renames;
mod repository;
mod seclusion;
mod walk;

use std::path::PathBuf;
use std::sync::Arc;

pub use blobs::{Blob, Blobs};
pub use git::{in_lfs, root_of, top, uncommitted};
pub use held::{Contents, Note, before, held};
pub use renames::renames_since;
pub use repository::{ByOid, Change, GitError, Item, Mode, Oid, Repository, Staged};
pub use seclusion::{BUILT, INSTALLED, VENDORED};
pub use walk::{Error, LARGEST_TEXT, Options, Tree, head, walk};

/// A file of the tree that is worth reading.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Relative to the root, `/`-separated.
    pub path: Arc<str>,
    pub absolute: PathBuf,
    /// Git's name for its content; `None` when that is read from disk.
    pub blob: Option<Oid>,
    pub kind: Kind,
    /// In bytes; 0 for sources by their ending, of which nobody asked.
    pub size: u64,
    /// Git has it in its index.
    pub tracked: bool,
    /// An ignore rule covers it.
    pub ignored: bool,
    /// It lies in what was asked for. What does not is known all the same, because the rest may refer to it.
    pub asked: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A text, or what may be one: bytes are looked at when it is read.
    Text,
    /// The first bytes say `SQLite format 3\0`.
    Database,
    /// Named like a database, but its first bytes say something else (or there are none).
    NamedLikeDatabase,
    /// A Git LFS pointer in place of a file named like a database.
    LfsPointer,
    /// `-wal`, `-shm` or `-journal` of a database beside it.
    Sidecar,
}

/// Something that was not read, with the reason, in words for people.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct Skipped {
    pub path: String,
    pub reason: String,
    /// Skipped by design (a virtual environment) and not for want of rights or sense; shown under `-v` only.
    #[serde(skip)]
    pub by_design: bool,
}
