//! Databases held still: each by `BEGIN IMMEDIATE` on one connection, while others read. Knows nothing of plans.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode};

use super::folder::beside;
use super::{fence, holders, live, pages, trouble};
use crate::migrate::Stop;

/// How long a checkpoint waits for readers: it is a convenience, the log is read all the same.
const CHECKPOINT: Duration = Duration::from_secs(1);

/// One database, held. Writers elsewhere are told that it is locked; readers read.
pub(super) struct Held {
    pub(super) id: String,
    pub(super) path: PathBuf,
    // Fields drop in this order: the raw handle must outlive the lock, which its closing would take away.
    connection: Connection,
    raw: File,
}

/// Waits for each database until `patience` is over, all in all.
pub(super) fn freeze(databases: &[(String, PathBuf)], patience: Duration) -> Result<Vec<Held>, Stop> {
    let deadline = Instant::now() + patience;
    databases.iter().map(|(id, path)| hold(id, path, deadline, patience)).collect()
}

fn hold(id: &str, path: &Path, deadline: Instant, patience: Duration) -> Result<Held, Stop> {
    let raw = File::open(path).map_err(|error| trouble::io("open a database", path, &error))?;
    let left = deadline.saturating_duration_since(Instant::now());
    let connection = live::open(path, left)?;
    let taken = live::has_log(&connection)
        .and_then(|log| connection.busy_timeout(left.min(CHECKPOINT)).map(|()| log))
        .and_then(|log| if log { live::checkpoint(&connection).map(drop) } else { Ok(()) })
        .or_else(|error| if is_busy(&error) { Ok(()) } else { Err(error) })
        .and_then(|()| connection.busy_timeout(deadline.saturating_duration_since(Instant::now())))
        .and_then(|()| connection.execute_batch("BEGIN IMMEDIATE"));
    match taken {
        Ok(()) => Ok(Held { id: id.to_owned(), path: path.to_path_buf(), connection, raw }),
        Err(error) if is_busy(&error) => Err(held_elsewhere(path, patience)),
        Err(error) => Err(trouble::sqlite("hold a database still", path, &error)),
    }
}

pub(super) fn is_busy(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
}

/// A database that somebody else did not let go of in time.
pub(super) fn held_elsewhere(path: &Path, patience: Duration) -> Stop {
    Stop::new(
        "a database stayed locked",
        format!("{} was locked for {} s{}", path.display(), patience.as_secs(), holders::words(path)),
        "stop that program, or wait longer with --lock-timeout",
    )
}

impl Held {
    /// Whether nothing was ever written to it.
    pub(super) fn is_blank(&self) -> Result<bool, Stop> {
        let metadata = self.raw.metadata().map_err(|error| trouble::io("read a database", &self.path, &error))?;
        Ok(metadata.len() == 0)
    }

    /// The counter that each commit raises; `None` where a log is kept, which leaves it as it is.
    pub(super) fn change_counter(&self) -> Result<Option<u32>, Stop> {
        if live::has_log(&self.connection).map_err(|error| trouble::sqlite("read a database", &self.path, &error))? {
            return Ok(None);
        }
        let counter = pages::change_counter(&self.raw);
        counter.map(Some).map_err(|error| trouble::io("read a database", &self.path, &error))
    }

    /// The digest of its pages, or `None` where a reader keeps some of them in the write-ahead log.
    pub(super) fn digest(&self) -> Result<Option<String>, Stop> {
        if !self.is_whole() {
            return Ok(None);
        }
        pages::digest(&self.raw).map(Some).map_err(|error| trouble::io("read a database", &self.path, &error))
    }

    /// Writes its pages to `to` and returns their digest; does nothing where a reader keeps some in the write-ahead log.
    pub(super) fn copy(&self, to: &mut dyn std::io::Write) -> Result<Option<String>, Stop> {
        if !self.is_whole() {
            return Ok(None);
        }
        pages::copy(&self.raw, to).map(Some).map_err(|error| trouble::io("copy a database", &self.path, &error))
    }

    /// Whether all of it stands in the file, and nothing in a log.
    fn is_whole(&self) -> bool {
        std::fs::metadata(beside(&self.path, "-wal")).map_or(0, |metadata| metadata.len()) == 0
    }

    /// Puts up the fences and lets go; then takes hold again and makes sure that nobody wrote in between what no fence can
    /// refuse (a changed schema, a virtual table). `false` where somebody did.
    pub(super) fn fence(&self, words: &str, patience: Duration) -> Result<bool, Stop> {
        let fail = |error| match is_busy(&error) {
            true => held_elsewhere(&self.path, patience),
            false => trouble::sqlite("put up a fence", &self.path, &error),
        };
        let before = live::data_version(&self.connection).map_err(fail)?;
        let tables = fence::put(&self.connection, words).map_err(fail)?;
        self.connection.busy_timeout(patience).map_err(fail)?;
        // A commit of nothing would still give a file without a byte its first page.
        self.connection.execute_batch(if tables == 0 { "ROLLBACK" } else { "COMMIT" }).map_err(fail)?;
        self.connection.execute_batch("BEGIN IMMEDIATE").map_err(fail)?;
        Ok(live::data_version(&self.connection).map_err(fail)? == before)
    }

    /// Takes the fences down, and returns the digest of the pages that writers find; `None` where that cannot be told, because
    /// one was quicker or because a reader keeps pages in the log. Lets go.
    pub(super) fn open_for_writers(&self, patience: Duration) -> Result<Option<String>, Stop> {
        let fail = |error| trouble::sqlite("take a fence away", &self.path, &error);
        let before = live::data_version(&self.connection).map_err(fail)?;
        fence::drop(&self.connection).map_err(fail)?;
        self.connection.busy_timeout(patience).map_err(fail)?;
        self.connection.execute_batch("COMMIT").map_err(fail)?;
        self.connection.busy_timeout(patience.min(CHECKPOINT)).map_err(fail)?;
        let again = live::has_log(&self.connection)
            .and_then(|log| if log { live::checkpoint(&self.connection).map(drop) } else { Ok(()) })
            .and_then(|()| self.connection.execute_batch("BEGIN IMMEDIATE"));
        match again {
            Ok(()) => {}
            Err(error) if is_busy(&error) => return Ok(None),
            Err(error) => return Err(fail(error)),
        }
        let quiet = live::data_version(&self.connection).map_err(fail)? == before;
        let digest = if quiet { self.digest()? } else { None };
        self.release()?;
        Ok(digest)
    }

    pub(super) fn is_fenced(&self) -> Result<bool, Stop> {
        fence::stands(&self.connection).map_err(|error| trouble::sqlite("read a database", &self.path, &error))
    }

    /// Whether it holds tables that no fence can guard.
    pub(super) fn has_virtual_tables(&self) -> Result<bool, Stop> {
        live::has_virtual_tables(&self.connection)
            .map_err(|error| trouble::sqlite("read a database", &self.path, &error))
    }

    /// Rows of each table.
    pub(super) fn counts(&self) -> Result<Vec<(String, u64)>, Stop> {
        live::counts(&self.connection).map_err(|error| trouble::sqlite("count a database", &self.path, &error))
    }

    /// Lets go, with nothing written since the last fence.
    pub(super) fn release(&self) -> Result<(), Stop> {
        self.connection
            .execute_batch("ROLLBACK")
            .map_err(|error| trouble::sqlite("let go of a database", &self.path, &error))
    }

    /// For publishing into it: the connection, and the raw handle that must stay open as long.
    pub(super) fn parts(&mut self) -> (&mut Connection, &File, &Path) {
        (&mut self.connection, &self.raw, &self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn database(mode: &str) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        let sql = format!("PRAGMA journal_mode={mode}; CREATE TABLE t (a); INSERT INTO t VALUES (1)");
        live::copy(&path).unwrap().execute_batch(&sql).unwrap();
        (folder, path)
    }

    fn one(path: &Path) -> Vec<(String, PathBuf)> {
        vec![("a".to_owned(), path.to_path_buf())]
    }

    /// Another process, so that its locks are its own.
    fn shell(path: &Path, sql: &str) -> String {
        let run = std::process::Command::new("sqlite3").arg(path).arg(sql).output().unwrap();
        format!("{}{}", String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr)).trim().to_owned()
    }

    #[test]
    fn other_processes_read_what_is_held_and_cannot_write_it() {
        for mode in ["delete", "wal"] {
            let (_folder, path) = database(mode);
            let held = freeze(&one(&path), Duration::from_secs(1)).unwrap();
            assert!(held[0].digest().unwrap().is_some());
            let reader = live::reader(&path, Duration::ZERO).unwrap();
            reader.query_row("SELECT * FROM t", [], |_| Ok(())).unwrap();
            drop(reader);
            assert_eq!(shell(&path, "SELECT count(*) FROM t"), "1");
            let refused = shell(&path, "INSERT INTO t VALUES (2)");
            assert!(refused.contains("database is locked"), "{mode}: {refused}");
            drop(held);
            assert_eq!(shell(&path, "INSERT INTO t VALUES (2); SELECT count(*) FROM t"), "2");
        }
    }

    #[test]
    fn a_fence_stands_after_the_lock_is_gone() {
        for mode in ["delete", "wal"] {
            let (_folder, path) = database(mode);
            let held = freeze(&one(&path), Duration::from_secs(1)).unwrap();
            assert!(held[0].fence("moved to b.db", Duration::from_secs(1)).unwrap());
            assert!(shell(&path, "INSERT INTO t VALUES (2)").contains("database is locked"), "{mode}");
            held[0].release().unwrap();
            assert!(shell(&path, "INSERT INTO t VALUES (2)").contains("dbguard: moved to b.db"), "{mode}");
        }
    }

    #[test]
    fn who_holds_a_database_is_named_when_patience_ends() {
        let (_folder, path) = database("delete");
        let theirs = live::open(&path, Duration::ZERO).unwrap();
        theirs.execute_batch("BEGIN IMMEDIATE").unwrap();
        let stop = freeze(&one(&path), Duration::from_millis(50)).map(|held| held.len()).unwrap_err();
        assert_eq!(stop.title, "a database stayed locked");
    }
}
