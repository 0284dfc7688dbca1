//! The two tables that dbguard adds to a target: `dbguard_kept_aside`, whole rows that no table of the target holds value for
//! value, and `dbguard_key_map`, what became of rows whose key follows no rule. Both are made when they are first needed.

use rusqlite::types::{ToSqlOutput, Value, ValueRef};
use rusqlite::{Connection, Row, params};

use super::Work;
use super::catalogue::Table;
use super::matching::{of, row_key};
use crate::db::quote;
use crate::migrate::{Stop, row};

pub(super) const KEPT_ASIDE: &str = "dbguard_kept_aside";
pub(super) const KEY_MAP: &str = "dbguard_key_map";

/// What a row that stands aside counts as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// Its values, but not all of them, are in a row of the target.
    Merged,
    /// No row of the target has its values.
    Aside,
    /// It is in the target, but for some columns.
    Copied,
}

impl Standing {
    fn word(self) -> &'static str {
        match self {
            Self::Merged => "merged",
            Self::Aside => "kept aside",
            Self::Copied => "copied",
        }
    }
}

pub(super) fn prepare(db: &Connection) -> Result<(), Stop> {
    db.execute_batch(
        "CREATE TABLE IF NOT EXISTS main.dbguard_kept_aside(
           id INTEGER PRIMARY KEY, source TEXT NOT NULL, table_name TEXT NOT NULL, key NOT NULL,
           columns TEXT NOT NULL, row BLOB NOT NULL, account TEXT NOT NULL, reason TEXT NOT NULL,
           UNIQUE(source, table_name, key));
         CREATE TABLE IF NOT EXISTS main.dbguard_key_map(
           source TEXT NOT NULL, table_name TEXT NOT NULL, old NOT NULL, new NOT NULL, how TEXT NOT NULL,
           PRIMARY KEY(source, table_name, old)) WITHOUT ROWID;
         CREATE INDEX IF NOT EXISTS main.dbguard_key_map_new ON dbguard_key_map(source, table_name, new);
         CREATE TABLE IF NOT EXISTS temp.holder(target TEXT, key, source INTEGER, PRIMARY KEY(target, key)) WITHOUT ROWID;",
    )?;
    Ok(())
}

/// Takes out of the target what was never needed.
pub(super) fn finish(db: &Connection) -> Result<(), Stop> {
    // It serves the merge alone, and its name would be taken in the next one.
    db.execute_batch("DROP INDEX IF EXISTS main.dbguard_key_map_new")?;
    for table in [KEPT_ASIDE, KEY_MAP] {
        let empty: bool =
            db.query_row(&format!("SELECT NOT EXISTS (SELECT 1 FROM main.{table})"), [], |row| row.get(0))?;
        if empty {
            db.execute_batch(&format!("DROP TABLE main.{table}"))?;
        }
    }
    Ok(())
}

/// One value that names a row: a rowid as it is, a primary key as tagged bytes.
pub(super) fn one_key(table: &Table, key: &[Value]) -> Value {
    match key {
        [one] if !table.without_rowid => one.clone(),
        _ => {
            let mut bytes = Vec::new();
            for value in key {
                row::append(&mut bytes, ValueRef::from(value));
            }
            Value::Blob(bytes)
        }
    }
}

pub(super) fn values(row: &Row<'_>, from: usize, count: usize) -> rusqlite::Result<Vec<Value>> {
    (from..from + count).map(|column| Ok(owned(row.get_ref(column)?))).collect()
}

/// A value of its own; text that is not UTF-8 cannot be one, and is no part of a key that anybody could write.
pub(super) fn owned(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(integer) => Value::Integer(integer),
        ValueRef::Real(real) => Value::Real(real),
        ValueRef::Text(text) => match std::str::from_utf8(text) {
            Ok(text) => Value::Text(text.to_owned()),
            Err(_) => Value::Blob(text.to_vec()),
        },
        ValueRef::Blob(blob) => Value::Blob(blob.to_vec()),
    }
}

/// Notes what became of a row.
pub(super) fn map(
    work: &Work<'_>,
    source: usize,
    table: &Table,
    old: &[Value],
    new: (&Table, &[Value]),
    how: &str,
) -> Result<(), Stop> {
    let mut statement = work.db.prepare_cached(
        "INSERT INTO main.dbguard_key_map VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT(source, table_name, old) DO UPDATE SET new = ?4, how = ?5",
    )?;
    statement.execute(params![work.id(source), table.name, one_key(table, old), one_key(new.0, new.1), how])?;
    Ok(())
}

/// Puts the rows of a source aside, whole, that a condition on `s` picks.
pub(super) fn keep(
    work: &Work<'_>,
    source: usize,
    table: &Table,
    condition: &str,
    with: &[Value],
    standing: Standing,
    reason: &str,
) -> Result<u64, Stop> {
    let Some(it) = work.sources.get(source) else { return Ok(0) };
    let key = row_key(table).unwrap_or_default();
    let columns: Vec<String> = table.stored().map(|column| column.name.clone()).collect();
    let list = [of("s", &key), of("s", &columns)].concat();
    let sql = format!("SELECT {} FROM main.{} AS s WHERE {condition}", list.join(", "), quote(&table.name));
    let names = serde_json::to_string(&columns).unwrap_or_default();
    let mut insert = work.db.prepare_cached(
        "INSERT INTO main.dbguard_kept_aside(source, table_name, key, columns, row, account, reason)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT(source, table_name, key) DO UPDATE SET account = ?6, reason = ?7
         WHERE ?6 <> 'copied'",
    )?;
    let mut statement = it.reader.prepare_cached(&sql)?;
    let mut rows = statement.query(rusqlite::params_from_iter(with))?;
    let mut count = 0;
    let mut nameless = 0_i64;
    let mut bytes = Vec::new();
    while let Some(row) = rows.next()? {
        bytes.clear();
        for column in 0..columns.len() {
            row::append(&mut bytes, row.get_ref(key.len() + column)?);
        }
        let name = if key.is_empty() {
            nameless += 1;
            Value::Integer(nameless)
        } else {
            one_key(table, &values(row, 0, key.len())?)
        };
        let bytes = ToSqlOutput::Borrowed(ValueRef::Blob(&bytes));
        insert.execute(params![it.id, table.name, name, names, bytes, standing.word(), reason])?;
        count += 1;
    }
    Ok(count)
}

/// Puts one row aside.
pub(super) fn keep_one(
    work: &Work<'_>,
    source: usize,
    table: &Table,
    key: &[Value],
    standing: Standing,
    reason: &str,
) -> Result<(), Stop> {
    let parts = row_key(table).unwrap_or_default();
    let condition: Vec<String> =
        parts.iter().enumerate().map(|(at, column)| format!("s.{} IS ?{}", quote(column), at + 1)).collect();
    keep(work, source, table, &condition.join(" AND "), key, standing, reason)?;
    Ok(())
}
