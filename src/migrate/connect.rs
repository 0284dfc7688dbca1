//! Opens databases for the moving of rows: the stage for writing, everything else for reading. Knows nothing of plans.

use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::Stop;
use crate::db::uri;

/// How long a lock of somebody else is waited for.
const PATIENCE: Duration = Duration::from_secs(5);

/// A database of our own making, created where it is missing. Foreign keys are off, and functions in the schema are not trusted.
pub(super) fn writable(path: &Path) -> Result<Connection, Stop> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
    let connection = open(&uri(path, "mode=rwc"), flags)?;
    connection
        .execute_batch("PRAGMA synchronous=OFF; PRAGMA ignore_check_constraints=ON; PRAGMA cache_size=-12000;")?;
    Ok(connection)
}

/// A database that nothing is written to.
pub(super) fn readable(path: &Path) -> Result<Connection, Stop> {
    let connection = open(&uri(path, "mode=ro"), OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    connection.execute_batch("PRAGMA query_only=1")?;
    Ok(connection)
}

/// An empty database in memory, to try a schema in.
pub(super) fn scratch() -> Result<Connection, Stop> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
    open("file::memory:", flags)
}

fn open(uri: &str, access: OpenFlags) -> Result<Connection, Stop> {
    let flags = access | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(uri, flags)?;
    connection.busy_timeout(PATIENCE)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.execute_batch(
        "PRAGMA foreign_keys=OFF; PRAGMA legacy_alter_table=OFF; PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON;",
    )?;
    // The bundled library has them on by default, and inside a transaction the PRAGMA does nothing.
    let on: i64 = connection.query_row("PRAGMA foreign_keys", [], |row| row.get(0))?;
    if on != 0 {
        return Err(Stop::new(
            "foreign keys could not be switched off",
            "SQLite still enforces them on a connection of dbguard",
            "this is a defect of dbguard; nothing was changed",
        ));
    }
    Ok(connection)
}

impl From<rusqlite::Error> for Stop {
    fn from(error: rusqlite::Error) -> Self {
        let words = match &error {
            rusqlite::Error::SqliteFailure(_, Some(words)) => words.clone(),
            // The words of the others may hold a value or a whole statement.
            rusqlite::Error::SqliteFailure(code, None) => code.to_string(),
            rusqlite::Error::SqlInputError { msg, .. } => msg.clone(),
            rusqlite::Error::InvalidColumnType(..) => {
                "a column holds another type than SQLite's own tables may".to_owned()
            }
            _ => "an answer of SQLite could not be read".to_owned(),
        };
        Self::new(
            "SQLite refused a step",
            words,
            "nothing was changed; mend the database or the plan, then run it again",
        )
    }
}
