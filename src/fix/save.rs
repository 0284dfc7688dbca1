//! Patches are written: each file whole or not at all, and only where it is still what was read. Decides nothing.

use std::collections::BTreeSet;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use rayon::ThreadPoolBuilder;
use rayon::prelude::*;

use super::patch::{CHANGED, Patch};

/// A file that was left as it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsaved {
    pub file: String,
    /// What happened, and what to do.
    pub reason: String,
}

impl Unsaved {
    /// The file became another after it was read.
    #[must_use]
    pub fn changed(file: &str) -> Self {
        Self { file: file.to_owned(), reason: CHANGED.to_owned() }
    }
}

/// Files written at once: each waits for the disk, and a disk that is told to keep several keeps them together.
const AT_ONCE: usize = 8;

/// Writes patches below `root`. A reader, and a machine that stops at any moment, finds each file as it was or as it becomes.
/// What is well and worth knowing comes back as words, in the order of the patches.
#[must_use]
pub fn save(root: &Path, patches: &[Patch]) -> Vec<Result<Option<String>, Unsaved>> {
    let all = || patches.par_iter().map(|patch| write(root, patch)).collect();
    let saved: Vec<Result<Written, Unsaved>> =
        match ThreadPoolBuilder::new().num_threads(AT_ONCE.min(patches.len())).build() {
            Ok(pool) => pool.install(all),
            // Without threads of its own the work is done on this one.
            Err(_) => all(),
        };
    let folders: BTreeSet<&Path> = saved.iter().flatten().map(|written| written.folder.as_path()).collect();
    folders.into_iter().for_each(sync_folder);
    saved.into_iter().map(|saved| saved.map(|written| written.note)).collect()
}

/// A file that was written.
struct Written {
    folder: PathBuf,
    /// What is worth knowing of it.
    note: Option<String>,
}

fn write(root: &Path, patch: &Patch) -> Result<Written, Unsaved> {
    let unsaved = |reason: String| Unsaved { file: patch.file.to_string(), reason };
    let named = root.join(&*patch.file);
    let failed = |error: io::Error| unsaved(explained(&error));
    // Before anything is made of it: whoever cannot read it is told that.
    let is_there = fs::symlink_metadata(&named).is_ok();
    if is_there {
        File::open(&named).map_err(failed)?;
    }
    let Some(contents) = patch.contents(root) else { return Err(unsaved(CHANGED.to_owned())) };
    let Some(before) = contents.before else {
        let mut file = OpenOptions::new().write(true).create_new(true).open(&named).map_err(failed)?;
        file.write_all(&contents.after).and_then(|()| file.sync_all()).map_err(failed)?;
        return Ok(Written { folder: named.parent().unwrap_or(root).to_path_buf(), note: None });
    };
    // What a symbolic link leads to is changed, and the link stays.
    let path = fs::canonicalize(&named).map_err(failed)?;
    let about = fs::metadata(&path).map_err(failed)?;
    if about.permissions().readonly() || OpenOptions::new().append(true).open(&path).is_err() {
        return Err(unsaved("it is read-only: make it writable and run the fix again".to_owned()));
    }
    let folder = path.parent().unwrap_or(root);
    let mut new = tempfile::Builder::new().prefix(".dbguard-").suffix(".tmp").tempfile_in(folder).map_err(failed)?;
    new.write_all(&contents.after).map_err(failed)?;
    like(new.as_file(), &about).map_err(failed)?;
    new.as_file().sync_all().map_err(failed)?;
    if fs::read(&path).map_err(failed)? != before {
        return Err(unsaved(CHANGED.to_owned()));
    }
    new.persist(&path).map_err(|error| failed(error.error))?;
    let note = (links(&about) > 1)
        .then(|| format!("{} has other hard links, which still lead to the text as it was", patch.file));
    Ok(Written { folder: folder.to_path_buf(), note })
}

fn explained(error: &io::Error) -> String {
    let next = match error.kind() {
        ErrorKind::FileTooLarge => "raise the limit on the size of files (ulimit -f) and run the fix again",
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => "make room and run the fix again",
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => "look at your rights there",
        ErrorKind::NotFound => "it was there a moment ago: run the fix again",
        _ => "look at its folder and run the fix again",
    };
    let words = error.to_string();
    // Where the new text was put together says nothing to whoever runs this.
    let words = words.split_once(" at path ").map_or(words.as_str(), |(words, _)| words);
    format!("{words}: {next}")
}

/// Gives a new file the mode and, where that is allowed, the owner of the old.
fn like(file: &File, about: &Metadata) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::{MetadataExt, fchown};
        let own = file.metadata()?;
        if (own.uid(), own.gid()) != (about.uid(), about.gid()) {
            fchown(file, Some(about.uid()), Some(about.gid()))?;
        }
    }
    file.set_permissions(about.permissions())
}

fn links(about: &Metadata) -> u64 {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        about.nlink()
    }
    #[cfg(not(unix))]
    {
        let _ = about;
        1
    }
}

/// So that the new name survives a power cut; where folders cannot be synced there is nothing more to do.
fn sync_folder(folder: &Path) {
    if let Ok(folder) = File::open(folder) {
        let _ = folder.sync_all();
    }
}
