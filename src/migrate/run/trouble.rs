//! Errors of the system and of SQLite as a [`Stop`]: what was being done, what happened, what to do next. Does nothing itself.

use std::io;
use std::path::Path;

use rusqlite::ErrorCode;

use crate::migrate::Stop;

/// `doing` completes "could not …".
pub(super) fn io(doing: &str, path: &Path, error: &io::Error) -> Stop {
    let next = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "free some space on that file system, then run it again"
        }
        io::ErrorKind::FileTooLarge => "raise the limit on the size of files (ulimit -f), then run it again",
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            "look at the rights of the file and of its folder"
        }
        io::ErrorKind::NotFound => "look at the path, and whether something moved it meanwhile",
        _ => "look at the file and at its folder, then run it again",
    };
    Stop::new(format!("could not {doing}"), format!("{}: {error}", path.display()), next)
}

/// `doing` completes "could not …".
pub(super) fn sqlite(doing: &str, path: &Path, error: &rusqlite::Error) -> Stop {
    let words = match error {
        rusqlite::Error::SqliteFailure(_, Some(words)) => words.clone(),
        other => other.to_string(),
    };
    let next = match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => "free some space on that file system, then run it again",
        Some(ErrorCode::SystemIoFailure) => {
            "look at the disk and at limits on the size of files (df, ulimit -f), then run it again"
        }
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied | ErrorCode::CannotOpen) => {
            "look at the rights of the file and of its folder: SQLite writes its journal there"
        }
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            "stop the program that holds it, or wait longer with --lock-timeout"
        }
        Some(ErrorCode::DatabaseCorrupt) => "mend it first (sqlite3 FILE .recover), or take it from a backup",
        Some(ErrorCode::NotADatabase) => "it is encrypted or was overwritten: open it with the program it belongs to",
        _ => "look at the database with `sqlite3 FILE 'PRAGMA integrity_check'`",
    };
    Stop::new(format!("could not {doing}"), format!("{}: {words}", path.display()), next)
}
