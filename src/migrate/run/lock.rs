//! Locks of the operating system: one dbguard at a time for a project and for a target. They die with the process. Knows
//! nothing of databases.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};

use super::folder::Home;
use super::trouble;
use crate::migrate::Stop;

/// Held until it is dropped, or until the process ends in whatever way.
#[derive(Debug)]
pub(super) struct Lock {
    file: File,
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Closing is not enough: a process that is being started holds a copy of the handle until it runs its program.
        let _ = self.file.unlock();
    }
}

/// One run at a time in a project.
pub(super) fn project(home: &Home) -> Result<Lock, Stop> {
    take(&home.path().join("lock"), "this project")
}

/// One run at a time for a target, also from other projects and containers that share its folder. The lock stands beside the
/// target, not on it: a handle that is closed on a database drops the locks SQLite holds on it.
pub(super) fn target(target: &Path) -> Result<TargetLock, Stop> {
    let name = target.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let path = target.with_file_name(format!(".{name}.dbguard-lock"));
    // Whoever held it may have removed the name between our opening and our locking.
    for _ in 0..100 {
        let lock = take(&path, &name)?;
        if is_still_named(&lock.file, &path) {
            return Ok(TargetLock { path, _lock: lock });
        }
    }
    Err(Stop::new(
        "could not lock the target",
        format!("{} is made and removed all the time", path.display()),
        "try again",
    ))
}

/// A lock whose file goes with it.
#[derive(Debug)]
pub(super) struct TargetLock {
    path: PathBuf,
    _lock: Lock,
}

impl Drop for TargetLock {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

#[cfg(unix)]
fn is_still_named(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let place = |metadata: &std::fs::Metadata| (metadata.dev(), metadata.ino());
    matches!((file.metadata(), std::fs::metadata(path)), (Ok(held), Ok(named)) if place(&held) == place(&named))
}

#[cfg(not(unix))]
fn is_still_named(_: &File, _: &Path) -> bool {
    true
}

fn take(path: &Path, what: &str) -> Result<Lock, Stop> {
    let fail = |error| trouble::io("lock", path, &error);
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path).map_err(fail)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            let _ = file.read_to_string(&mut holder);
            let holder = holder.trim();
            let who = if holder.is_empty() { "another process".to_owned() } else { format!("process {holder}") };
            return Err(Stop::new(
                format!("dbguard is at work on {what} already"),
                format!("{who} holds {}", path.display()),
                "wait until it has finished; `dbguard migrate status` shows how far it is",
            ));
        }
        Err(TryLockError::Error(error)) => return Err(fail(error)),
    }
    file.set_len(0).and_then(|()| file.rewind()).and_then(|()| write!(file, "{}", std::process::id())).map_err(fail)?;
    Ok(Lock { file })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_run_is_refused_and_told_who_is_first() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::of(folder.path());
        home.create().unwrap();
        let first = project(&home).unwrap();
        let refused = project(&home).unwrap_err();
        assert_eq!(refused.title, "dbguard is at work on this project already");
        assert!(refused.happened.starts_with(&format!("process {} holds", std::process::id())), "{refused:?}");
        drop(first);
        project(&home).unwrap();
    }
}
