//! The staged database becomes the target: a new file by a name that nothing had, a live one by SQLite's own backup into it,
//! one transaction. Never by a rename over a database: a log left beside it would bring the old rows back.

use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};

use super::folder::{beside, remove_if_there, sync_folder};
use super::freeze::{Held, held_elsewhere};
use super::{fence, live, pages, trouble};
use crate::migrate::{Progress, Stop};

const PAGES: i32 = 2048;
const PAUSE: Duration = Duration::from_millis(10);

/// What the ledger inside the target says of a run.
pub(super) struct Ledger<'a> {
    pub(super) run: &'a str,
    pub(super) plan: &'a str,
    /// JSON: the paths whose rows moved.
    pub(super) sources: &'a str,
    pub(super) applied_at: &'a str,
}

/// Makes the proved stage ready: its line in the ledger, and fences that stand until the run commits.
pub(super) fn prepare(stage: &Path, ledger: &Ledger<'_>, log: bool) -> Result<(), Stop> {
    let fail = |error| trouble::sqlite("prepare the staged database", stage, &error);
    let connection = live::open(stage, Duration::from_secs(5))?;
    let mode = if log { "WAL" } else { "DELETE" };
    connection.query_row(&format!("PRAGMA journal_mode={mode}"), [], |_| Ok(())).map_err(fail)?;
    connection
        .execute_batch(
            "BEGIN IMMEDIATE;
            CREATE TABLE IF NOT EXISTS dbguard_migrations (
              run TEXT PRIMARY KEY, plan TEXT NOT NULL, sources TEXT NOT NULL, applied_at TEXT NOT NULL, version TEXT NOT NULL
            );",
        )
        .map_err(fail)?;
    connection
        .execute(
            "INSERT INTO dbguard_migrations VALUES (?1, ?2, ?3, ?4, ?5)",
            (ledger.run, ledger.plan, ledger.sources, ledger.applied_at, env!("CARGO_PKG_VERSION")),
        )
        .map_err(fail)?;
    fence::drop(&connection).map_err(fail)?;
    fence::put(&connection, "a migration into this database is not finished yet").map_err(fail)?;
    connection.execute_batch("COMMIT").map_err(fail)?;
    if log {
        live::checkpoint(&connection).map_err(fail)?;
    }
    Ok(())
}

/// Whether the database at this path is the one that the run published.
pub(super) fn is_published(target: &Path, run: &str) -> Result<bool, Stop> {
    if !target.exists() {
        return Ok(false);
    }
    let fail = |error| trouble::sqlite("read the ledger of the target", target, &error);
    let connection = live::open(target, Duration::from_secs(5))?;
    let known: bool = connection
        .query_row(
            "SELECT COUNT(*) FROM sqlite_schema WHERE type = 'table' AND name = 'dbguard_migrations'",
            [],
            |row| row.get(0),
        )
        .map_err(fail)?;
    if !known {
        return Ok(false);
    }
    connection
        .query_row("SELECT COUNT(*) FROM dbguard_migrations WHERE run = ?1", [run], |row| row.get(0))
        .map_err(fail)
}

/// Refuses where the journal of another database would be taken for that of a new target.
pub(super) fn nothing_beside(target: &Path) -> Result<(), Stop> {
    for suffix in ["-wal", "-journal", "-shm"] {
        let journal = beside(target, suffix);
        if journal.exists() {
            return Err(Stop::new(
                "a journal of another database lies where the target goes",
                format!("{} would be taken for the target's own", journal.display()),
                "look what it belongs to, and move it away",
            ));
        }
    }
    Ok(())
}

/// Gives the stage the target's name, which nothing may have. `tempfile` does it by `renameat2(RENAME_NOREPLACE)` where the
/// system has it, and by a link where not; the standard library has neither as one safe step.
pub(super) fn as_new(stage: &Path, target: &Path) -> Result<(), Stop> {
    let fail = |error: std::io::Error| trouble::io("publish the target", target, &error);
    for suffix in ["-wal", "-journal", "-shm"] {
        remove_if_there(&beside(stage, suffix)).map_err(fail)?;
    }
    nothing_beside(target)?;
    let named = tempfile::TempPath::try_from_path(stage).map_err(fail)?;
    match named.persist_noclobber(target) {
        Ok(()) => target.parent().map_or(Ok(()), sync_folder).map_err(fail),
        Err(refused) => {
            // Else the stage would be removed with the guard.
            let _ = refused.path.keep();
            Err(fail(refused.error))
        }
    }
}

/// How an attempt to publish into a live database ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Attempt {
    Published,
    /// Somebody wrote what no fence can refuse just before; the target is as they left it.
    Overtaken,
}

/// Writes the stage into the held, fenced database in one transaction, and lets go of it.
pub(super) fn into_held(
    stage: &Path,
    held: &mut Held,
    patience: Duration,
    progress: &dyn Progress,
) -> Result<Attempt, Stop> {
    let fail = |error| trouble::sqlite("publish into the target", stage, &error);
    let (connection, raw, path) = held.parts();
    let path = path.to_path_buf();
    let io = |error| trouble::io("read the target", &path, &error);
    let log = live::has_log(connection).map_err(fail)?;
    let witness = live::reader(&path, Duration::ZERO)?;
    // In a log the counter in the header stands still; without one, nobody can read while the lock is held.
    let before =
        if log { live::data_version(&witness).map_err(fail)? } else { pages::change_counter(raw).map_err(io)?.into() };
    connection.execute_batch("ROLLBACK").map_err(fail)?;
    let from = live::reader(stage, Duration::from_secs(5))?;
    let backup = Backup::new(&from, connection).map_err(fail)?;
    let deadline = Instant::now() + patience;
    step(&backup, 1, deadline, &path, patience)?;
    let after =
        if log { live::data_version(&witness).map_err(fail)? } else { pages::change_counter(raw).map_err(io)?.into() };
    if after != before {
        return Ok(Attempt::Overtaken);
    }
    drop(witness);
    finish(&backup, deadline, &path, patience, progress)?;
    Ok(Attempt::Published)
}

fn finish(
    backup: &Backup<'_, '_>,
    deadline: Instant,
    path: &Path,
    patience: Duration,
    progress: &dyn Progress,
) -> Result<(), Stop> {
    loop {
        if step(backup, PAGES, deadline, path, patience)? == StepResult::Done {
            return Ok(());
        }
        progress.advance(0, PAGES.unsigned_abs().into());
    }
}

/// One step, tried again while somebody else reads or writes, until the deadline.
fn step(
    backup: &Backup<'_, '_>,
    pages: i32,
    deadline: Instant,
    path: &Path,
    patience: Duration,
) -> Result<StepResult, Stop> {
    loop {
        match backup.step(pages).map_err(|error| trouble::sqlite("write into a database", path, &error))? {
            done @ (StepResult::Done | StepResult::More) => return Ok(done),
            _ if Instant::now() >= deadline => return Err(held_elsewhere(path, patience)),
            _ => std::thread::sleep(PAUSE),
        }
    }
}

/// Takes all fences out of a database; says whether there were any. Where the log is taken away meanwhile, by a program that
/// had opened what stood at this path before, it is tried again.
pub(super) fn drop_fences(path: &Path, patience: Duration) -> Result<bool, Stop> {
    for attempt in 1.. {
        let connection = live::open(path, patience)?;
        let dropped = fence::stands(&connection).and_then(|stands| {
            if stands {
                in_transaction(&connection, |connection| fence::drop(connection).map(drop))?;
            }
            Ok(stands)
        });
        match dropped {
            Ok(stood) => return Ok(stood),
            Err(error) if super::freeze::is_busy(&error) => return Err(held_elsewhere(path, patience)),
            Err(error) if attempt < 10 && error.sqlite_error_code() == Some(rusqlite::ErrorCode::SystemIoFailure) => {
                std::thread::sleep(PAUSE);
            }
            Err(error) => return Err(trouble::sqlite("take a fence away", path, &error)),
        }
    }
    Ok(false)
}

fn in_transaction(
    connection: &Connection,
    work: impl FnOnce(&Connection) -> rusqlite::Result<()>,
) -> rusqlite::Result<()> {
    connection.execute_batch("BEGIN IMMEDIATE")?;
    work(connection)?;
    connection.execute_batch("COMMIT")
}
