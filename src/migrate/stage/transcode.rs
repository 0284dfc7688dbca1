//! A source in another text encoding than the target: SQLite does not attach such a database, so it is read, row by row, into a
//! copy in the target's encoding. Every value but text keeps its bits, and text its characters.

use std::path::Path;

use rusqlite::types::{ToSqlOutput, Value, ValueRef};
use rusqlite::{Connection, params};

use super::catalogue::{self, Catalogue, Hidden, Table};
use crate::db::quote;
use crate::migrate::{Stop, connect};

pub(super) fn encoding(connection: &Connection) -> Result<String, Stop> {
    Ok(connection.query_row("PRAGMA encoding", [], |row| row.get(0))?)
}

/// Copies what `from` holds to a new database at `to`.
pub(super) fn copy(from: &Connection, catalogue: &Catalogue, to: &Path, target: &str) -> Result<(), Stop> {
    let db = connect::writable(to)?;
    db.execute_batch(&format!("PRAGMA encoding='{target}'; BEGIN"))?;
    for table in &catalogue.tables {
        db.execute_batch(&table.sql)?;
        rows(from, &db, table)?;
    }
    if !catalogue::rows(&db, "SELECT name FROM sqlite_schema WHERE name = 'sqlite_sequence'", |row| {
        row.get::<_, String>(0)
    })?
    .is_empty()
    {
        db.execute_batch("DELETE FROM sqlite_sequence")?;
        let marks: Vec<(String, i64)> =
            catalogue::rows(from, "SELECT name, seq FROM sqlite_sequence WHERE typeof(seq) = 'integer'", |row| {
                Ok((row.get(0)?, row.get(1)?))
            })?;
        for (name, mark) in marks {
            db.execute("INSERT INTO sqlite_sequence(name, seq) VALUES (?1, ?2)", params![name, mark])?;
        }
    }
    for object in catalogue.indexes.iter().chain(&catalogue.views).chain(&catalogue.triggers) {
        db.execute_batch(&object.sql)?;
    }
    db.execute_batch("COMMIT")?;
    db.close().map_err(|(_, error)| Stop::from(error))
}

fn rows(from: &Connection, to: &Connection, table: &Table) -> Result<(), Stop> {
    if table.is_virtual && super::virtuals::content(table) != super::virtuals::Content::Own {
        return Ok(());
    }
    let names: Vec<String> =
        table.columns.iter().filter(|column| column.hidden == Hidden::No).map(|column| quote(&column.name)).collect();
    let mut into = names.clone();
    let mut list: Vec<String> = Vec::new();
    for name in &names {
        list.push(name.clone());
        // The bytes as they stand: reading text as text would hide what is no text.
        list.push(format!("CASE typeof({name}) WHEN 'text' THEN CAST({name} AS BLOB) END"));
    }
    let rowid = table.rowid().filter(|_| table.id.is_none() && !super::virtuals::module(table).starts_with("rtree"));
    if let Some(rowid) = &rowid {
        into.push(rowid.clone());
        list.push(rowid.clone());
    }
    let places: Vec<String> = (1..=into.len()).map(|at| format!("?{at}")).collect();
    let mut insert =
        to.prepare(&format!("INSERT INTO {}({}) VALUES ({})", quote(&table.name), into.join(", "), places.join(", ")))?;
    let is_utf16 = encoding(from)?;
    let little = is_utf16.ends_with("le");
    let mut statement = from.prepare(&format!("SELECT {} FROM {}", list.join(", "), quote(&table.name)))?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        for at in 0..names.len() {
            let bytes = match row.get_ref(2 * at + 1)? {
                ValueRef::Blob(bytes) => Some(bytes),
                _ => None,
            };
            let Some(bytes) = bytes else {
                insert.raw_bind_parameter(at + 1, ToSqlOutput::Borrowed(row.get_ref(2 * at)?))?;
                continue;
            };
            let text = if is_utf16.starts_with("UTF-16") {
                decoded(bytes, little)
            } else {
                std::str::from_utf8(bytes).ok().map(str::to_owned)
            };
            let text = text.ok_or_else(|| {
                Stop::new(
                    format!("`{}` holds text that is not valid {is_utf16}", table.name),
                    "the target has another text encoding, in which it could not be written as it is",
                    "make its database the base of the target, or mend the text first",
                )
            })?;
            insert.raw_bind_parameter(at + 1, Value::Text(text))?;
        }
        if rowid.is_some() {
            insert.raw_bind_parameter(names.len() + 1, ToSqlOutput::Borrowed(row.get_ref(2 * names.len())?))?;
        }
        insert.raw_execute()?;
    }
    Ok(())
}

fn decoded(bytes: &[u8], little: bool) -> Option<String> {
    let pairs = bytes.chunks_exact(2);
    if !pairs.remainder().is_empty() {
        return None;
    }
    let units = pairs.map(|pair| match pair {
        [low, high] if little => u16::from_le_bytes([*low, *high]),
        [high, low] => u16::from_be_bytes([*high, *low]),
        _ => 0,
    });
    char::decode_utf16(units).collect::<Result<String, _>>().ok()
}
