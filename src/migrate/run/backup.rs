//! Copies of held databases, each reopened, checked and compared. Knows nothing of plans.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::backup::{Backup, StepResult};
use serde::{Deserialize, Serialize};

use super::folder::{private_file, remove_if_there, sync_folder};
use super::freeze::Held;
use super::{live, pages, trouble};
use crate::migrate::{Progress, Stop};

const PAGES: i32 = 4096;

/// A copy, named after its content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Copy {
    /// Digest of its pages.
    pub(super) digest: String,
    pub(super) bytes: u64,
}

impl Copy {
    pub(super) fn file(&self, folder: &Path) -> PathBuf {
        folder.join(format!("{}.db", self.digest.get(..32).unwrap_or(&self.digest)))
    }

    /// Whether the copy is still what was taken.
    pub(super) fn is_whole(&self, folder: &Path) -> bool {
        let digest = File::open(self.file(folder)).and_then(|file| pages::digest(&file));
        digest.is_ok_and(|digest| digest == self.digest)
    }
}

/// Copies a held database into `folder`: the file as it is, where all of it stands in the file.
pub(super) fn take(held: &Held, folder: &Path, progress: &dyn Progress) -> Result<Copy, Stop> {
    // A file without a byte is an empty database; its copy has a page that says so.
    if held.is_blank()? {
        return copy(&held.path, folder, &held.id, progress);
    }
    let mut was = None;
    let copied = keep(&held.path, folder, &held.id, progress, |part, mut to| match held.copy(&mut to)? {
        Some(digest) => {
            was = Some(digest);
            Ok(())
        }
        None => by_pages(&held.path, part, progress),
    })?;
    let was = match was {
        Some(digest) => digest,
        // A reader keeps pages in the write-ahead log: a second copy, read anew, stands in for the file.
        None => {
            let second = self::copy(&held.path, &folder.join("second"), &held.id, progress)?;
            remove_if_there(&second.file(&folder.join("second")))
                .map_err(|error| trouble::io("remove a second copy", folder, &error))?;
            second.digest
        }
    };
    if was != copied.digest {
        return Err(Stop::new(
            "a backup differs from its database",
            format!("the copy of {} was read back and is another", held.path.display()),
            "look at the disk, then run it again; nothing was changed",
        ));
    }
    Ok(copied)
}

/// Copies what one connection can see of a database, held or not.
pub(super) fn copy(path: &Path, folder: &Path, name: &str, progress: &dyn Progress) -> Result<Copy, Stop> {
    keep(path, folder, name, progress, |part, _| by_pages(path, part, progress))
}

/// A copy that `fill` writes: on the disk, sound, read back, and named after its content.
fn keep(
    path: &Path,
    folder: &Path,
    name: &str,
    progress: &dyn Progress,
    fill: impl FnOnce(&Path, File) -> Result<(), Stop>,
) -> Result<Copy, Stop> {
    fs::create_dir_all(folder).map_err(|error| trouble::io("make the folder of backups", folder, &error))?;
    let part = folder.join(format!("{}.part", blake3::hash(name.as_bytes()).to_hex().get(..16).unwrap_or_default()));
    let fail = |error: std::io::Error| trouble::io("write a backup", &part, &error);
    for suffix in ["", "-journal", "-wal", "-shm"] {
        remove_if_there(&super::folder::beside(&part, suffix)).map_err(fail)?;
    }
    fill(&part, private_file(&part).map_err(fail)?)?;
    let file = File::open(&part).map_err(fail)?;
    file.sync_all().map_err(fail)?;
    check(&part, path)?;
    let copy = Copy { digest: pages::digest(&file).map_err(fail)?, bytes: file.metadata().map_err(fail)?.len() };
    progress.advance(0, copy.bytes);
    fs::rename(&part, copy.file(folder)).and_then(|()| sync_folder(folder)).map_err(fail)?;
    Ok(copy)
}

fn by_pages(path: &Path, part: &Path, progress: &dyn Progress) -> Result<(), Stop> {
    let from = live::reader(path, Duration::from_secs(5))?;
    let mut to = live::copy(part)?;
    let copied = to.execute_batch("PRAGMA synchronous=OFF").and_then(|()| {
        let backup = Backup::new(&from, &mut to)?;
        loop {
            match backup.step(PAGES)? {
                StepResult::Done => return Ok(()),
                StepResult::More => progress.advance(0, 0),
                _ => std::thread::sleep(Duration::from_millis(5)),
            }
        }
    });
    copied.map_err(|error| trouble::sqlite("copy a database", path, &error))
}

/// Opens the copy anew and lets SQLite look at every page.
fn check(copy: &Path, of: &Path) -> Result<(), Stop> {
    let connection = live::open(copy, Duration::ZERO)?;
    let words = match live::quick_check(&connection) {
        Ok(Ok(())) => return Ok(()),
        Ok(Err(words)) => words,
        Err(error) => error.to_string(),
    };
    Err(Stop::new(
        "a database is damaged",
        format!("{}: {words}", of.display()),
        "mend it first (sqlite3 FILE .recover), or take it from a backup",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::migrate::Silent;
    use crate::migrate::run::freeze::freeze;

    #[test]
    fn a_backup_holds_what_only_the_log_holds_whatever_readers_do() {
        for reading in [false, true] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("a.db");
            let writer = live::copy(&path).unwrap();
            writer.execute_batch("PRAGMA journal_mode=wal; CREATE TABLE t (a); INSERT INTO t VALUES (1)").unwrap();
            let reader = live::reader(&path, Duration::ZERO).unwrap();
            if reading {
                reader.execute_batch("BEGIN").unwrap();
                reader.query_row("SELECT * FROM t", [], |_| Ok(())).unwrap();
            }
            writer.execute_batch("INSERT INTO t VALUES (2)").unwrap();
            let held = freeze(&[("a".to_owned(), path.clone())], Duration::from_secs(1)).unwrap();
            assert_eq!(held[0].digest().unwrap().is_none(), reading);
            let backups = folder.path().join("backup");
            let copy = take(&held[0], &backups, &Silent).unwrap();
            let rows = live::counts(&live::open(&copy.file(&backups), Duration::ZERO).unwrap()).unwrap();
            assert_eq!(rows, [("t".to_owned(), 2)]);
            assert!(copy.is_whole(&backups));
            let mut bytes = fs::read(copy.file(&backups)).unwrap();
            *bytes.last_mut().unwrap() ^= 1;
            std::io::Write::write_all(&mut File::create(copy.file(&backups)).unwrap(), &bytes).unwrap();
            assert!(!copy.is_whole(&backups));
        }
    }

    #[test]
    fn a_damaged_database_is_named_and_no_backup_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        let sql = "CREATE TABLE t (a UNIQUE); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<2000) \
                   INSERT INTO t SELECT 'row ' || i FROM n";
        live::copy(&path).unwrap().execute_batch(sql).unwrap();
        let mut bytes = fs::read(&path).unwrap();
        let page = bytes.len() / 4096 / 2 * 4096;
        bytes[page..page + 2048].fill(0x5a);
        std::io::Write::write_all(&mut File::create(&path).unwrap(), &bytes).unwrap();
        let stop = copy(&path, &folder.path().join("backup"), "a", &Silent).unwrap_err();
        assert_eq!(stop.title, "a database is damaged", "{stop:?}");
        let kept = fs::read_dir(folder.path().join("backup"))
            .unwrap()
            .filter(|entry| entry.as_ref().unwrap().path().extension().is_some_and(|ending| ending == "db"));
        assert_eq!(kept.count(), 0);
    }
}
