//! Values too long to be held in memory: told apart from short ones as they are selected, and read piece by piece.

use std::io::Read;

use rusqlite::limits::Limit;
use rusqlite::{Connection, ErrorCode};

use super::quote::identifier;

/// Bytes of the longest value that is held.
pub(crate) const LONGEST: i32 = 1 << 20;
const PIECE: usize = 1 << 16;

/// Sets whether a longer value stops a statement; where there is none, that costs nothing.
///
/// # Errors
/// None that is known.
pub(crate) fn stop_at_long(connection: &Connection, stop: bool) -> rusqlite::Result<()> {
    connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, if stop { LONGEST } else { i32::MAX }).map(drop)
}

pub(crate) fn is_too_long(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::TooBig)
}

/// Expressions for the columns, NULL where a value is long; after all of them, for each one the storage class of a long value.
pub(crate) fn expressions<'c>(columns: impl Iterator<Item = &'c str> + Clone) -> impl Iterator<Item = String> {
    let columns = columns.map(identifier);
    let short = columns.clone().map(|it| format!("CASE WHEN octet_length({it}) > {LONGEST} THEN NULL ELSE {it} END"));
    short.chain(columns.map(|it| format!("CASE WHEN octet_length({it}) > {LONGEST} THEN typeof({it}) END")))
}

/// Hashes the bytes of a text or blob in a row with a rowid, of the main database. `begin` comes before, with their number.
///
/// # Errors
/// Whatever SQLite says; a value that was changed meanwhile.
pub(crate) fn hash(
    connection: &Connection,
    table: &str,
    column: &str,
    rowid: i64,
    hasher: &mut blake3::Hasher,
    begin: impl FnOnce(&mut blake3::Hasher, u64),
) -> rusqlite::Result<()> {
    let mut value = connection.blob_open("main", table, column, rowid, true)?;
    begin(hasher, value.len() as u64);
    let mut piece = vec![0; PIECE];
    loop {
        let read = value.read(&mut piece).map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
        match piece.get(..read) {
            Some(bytes) if !bytes.is_empty() => hasher.update(bytes),
            _ => return Ok(()),
        };
    }
}
