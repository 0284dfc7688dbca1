//! Connections to live databases, all through SQLite's ordinary locking. Knows nothing of plans.
//!
//! While a lock is held on a database, nothing else in this process may open its file and close it again: closing any handle
//! drops every lock the process has on that file. So live databases are opened here, by SQLite, and read in the raw only
//! through a handle that outlives the lock ([`super::freeze`]).

use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::folder::beside;
use super::freeze::{held_elsewhere, is_busy};
use super::trouble;
use crate::db;
use crate::migrate::Stop;

/// For writing. The file must exist: an empty database in place of one that was moved helps nobody.
pub(super) fn open(path: &Path, patience: Duration) -> Result<Connection, Stop> {
    connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE, patience)
}

/// For reading. It may write where SQLite must (the index of a log, a hot journal), so that it can tidy up: a connection that
/// may only read leaves an empty log behind. A log that was there before stays as it is.
pub(super) fn reader(path: &Path, patience: Duration) -> Result<Connection, Stop> {
    let had_log = beside(path, "-wal").exists();
    let connection = open(path, patience)?;
    let quiet = connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, had_log);
    quiet
        .and_then(|_| connection.execute_batch("PRAGMA query_only=1"))
        .map_err(|error| trouble::sqlite("open a database", path, &error))?;
    Ok(connection)
}

/// For writing, made if it is not there: a copy of our own.
pub(super) fn copy(path: &Path) -> Result<Connection, Stop> {
    connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE, Duration::ZERO)
}

fn connect(path: &Path, flags: OpenFlags, patience: Duration) -> Result<Connection, Stop> {
    let opened = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX).and_then(|connection| {
        connection.busy_timeout(patience)?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
        // Before any transaction, in which it would do nothing: else a cascade may delete what was not asked for.
        connection.execute_batch("PRAGMA foreign_keys=OFF; PRAGMA synchronous=FULL;")?;
        let on: bool = connection.query_row("PRAGMA foreign_keys", [], |row| row.get(0))?;
        if on { Err(rusqlite::Error::InvalidQuery) } else { Ok(connection) }
    });
    opened.map_err(|error| match is_busy(&error) {
        true => held_elsewhere(path, patience),
        false => trouble::sqlite("open a database", path, &error),
    })
}

/// Whether the database keeps a write-ahead log.
pub(super) fn has_log(connection: &Connection) -> rusqlite::Result<bool> {
    let mode: String = connection.query_row("PRAGMA journal_mode", [], |row| row.get(0))?;
    Ok(mode.eq_ignore_ascii_case("wal"))
}

/// Moves what stands in the write-ahead log into the database and empties the log; `false` where a reader kept some of it.
pub(super) fn checkpoint(connection: &Connection) -> rusqlite::Result<bool> {
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i64>(0)).map(|busy| busy == 0)
}

/// Changes when another connection commits; not by this one's own commits.
pub(super) fn data_version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("PRAGMA data_version", [], |row| row.get(0))
}

/// Whether SQLite finds the database sound; its words where not.
pub(super) fn quick_check(connection: &Connection) -> rusqlite::Result<Result<(), String>> {
    let mut statement = connection.prepare("PRAGMA quick_check(3)")?;
    let lines: Vec<String> = statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    Ok(if lines == ["ok"] { Ok(()) } else { Err(lines.join("; ")) })
}

/// Rows of each ordinary table, by name; SQLite's own left out.
pub(super) fn counts(connection: &Connection) -> rusqlite::Result<Vec<(String, u64)>> {
    let names = tables(connection)?;
    names
        .into_iter()
        .map(|name| {
            let sql = format!("SELECT COUNT(*) FROM {}", db::quote(&name));
            let rows: i64 = connection.query_row(&sql, [], |row| row.get(0))?;
            Ok((name, u64::try_from(rows).unwrap_or(0)))
        })
        .collect()
}

/// Ordinary tables: those that can have triggers. Virtual tables cannot, and a trigger on one of their shadow tables makes
/// FTS5 of SQLite 3.40 crash the program that writes to it.
pub(super) fn tables(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    names(connection, "type = 'table'")
}

/// Whether the database holds tables that no trigger can guard.
pub(super) fn has_virtual_tables(connection: &Connection) -> rusqlite::Result<bool> {
    Ok(!names(connection, "type = 'virtual'")?.is_empty())
}

fn names(connection: &Connection, which: &str) -> rusqlite::Result<Vec<String>> {
    let sql = format!(
        "SELECT name FROM pragma_table_list WHERE schema = 'main' AND {which} AND substr(name, 1, 7) <> 'sqlite_' ORDER BY name"
    );
    connection.prepare(&sql)?.query_map([], |row| row.get(0))?.collect()
}
