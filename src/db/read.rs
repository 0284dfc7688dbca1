//! A schema from the PRAGMAs of an open database. Knows nothing of journals and locks.

use rusqlite::types::ValueRef;
use rusqlite::{Connection, ErrorCode, Row};

use super::quote::identifier;
use super::schema::{Column, ForeignKey, Index, Object, Schema, Table, TableKind};

/// Everything of `main`, in name order.
pub(super) fn schema(connection: &Connection, wal: bool) -> rusqlite::Result<Schema> {
    let mut schema = Schema {
        user_version: number(connection, "PRAGMA main.user_version")?,
        application_id: number(connection, "PRAGMA main.application_id")?,
        page_size: number(connection, "PRAGMA main.page_size")?,
        encoding: connection.query_row("PRAGMA main.encoding", [], |row| Ok(text(row, 0)))?,
        // The PRAGMA speaks of this connection, which may be one without a journal.
        journal_mode: if wal { "wal" } else { "delete" }.to_owned(),
        ..Schema::default()
    };
    let mut definitions = Vec::new();
    for (kind, object) in rows(connection, "SELECT type, name, tbl_name, sql FROM main.sqlite_schema", |row| {
        (text(row, 0), Object { name: text(row, 1), table: text(row, 2), sql: text(row, 3) })
    })? {
        match kind.as_str() {
            "table" => definitions.push((object.name, object.sql)),
            "view" => schema.views.push(object),
            "trigger" => schema.triggers.push(object),
            _ => {}
        }
    }
    for listed in rows(connection, "PRAGMA main.table_list", Listed::from)? {
        let Some(kind) = listed.kind() else { continue };
        let Some((_, sql)) = definitions.iter().find(|(name, _)| *name == listed.name) else { continue };
        schema.tables.push(table(connection, &listed, kind, sql.clone())?);
    }
    schema.tables.sort_by(|left, right| left.name.cmp(&right.name));
    schema.views.sort_by(|left, right| left.name.cmp(&right.name));
    schema.triggers.sort_by(|left, right| left.name.cmp(&right.name));
    Ok(schema)
}

struct Listed {
    schema: String,
    name: String,
    kind: String,
    without_rowid: bool,
    strict: bool,
}

impl Listed {
    fn from(row: &Row<'_>) -> Self {
        Self {
            schema: text(row, 0),
            name: text(row, 1),
            kind: text(row, 2),
            without_rowid: integer(row, 4) != 0,
            strict: integer(row, 5) != 0,
        }
    }

    fn kind(&self) -> Option<TableKind> {
        match (self.schema.as_str(), self.kind.as_str()) {
            ("main", "table") => Some(TableKind::Ordinary),
            ("main", "virtual") => Some(TableKind::Virtual),
            ("main", "shadow") => Some(TableKind::Shadow),
            _ => None,
        }
    }
}

fn table(connection: &Connection, listed: &Listed, kind: TableKind, sql: String) -> rusqlite::Result<Table> {
    let name = identifier(&listed.name);
    let columns = tolerated(rows(connection, &format!("PRAGMA main.table_xinfo({name})"), |row| Column {
        name: text(row, 1),
        declared_type: text(row, 2),
        not_null: integer(row, 3) != 0,
        default: optional_text(row, 4),
        primary_key: u32::try_from(integer(row, 5)).unwrap_or(0),
        hidden: integer(row, 6) != 0,
    }))?;
    let count = tolerated(
        connection.query_row(&format!("SELECT COUNT(*) FROM main.{name}"), [], |row| Ok(Some(integer(row, 0)))),
    )?;
    Ok(Table {
        name: listed.name.clone(),
        kind,
        columns,
        foreign_keys: tolerated(foreign_keys(connection, &name))?,
        indexes: tolerated(indexes(connection, &name))?,
        without_rowid: listed.without_rowid,
        strict: listed.strict,
        rows: count.and_then(|count| u64::try_from(count).ok()),
        sql,
    })
}

/// In the order of their declaration: SQLite numbers them from the last to the first.
fn foreign_keys(connection: &Connection, table: &str) -> rusqlite::Result<Vec<ForeignKey>> {
    let mut parts = rows(connection, &format!("PRAGMA main.foreign_key_list({table})"), |row| {
        let key = ForeignKey {
            columns: vec![text(row, 3)],
            parent: text(row, 2),
            parent_columns: optional_text(row, 4).into_iter().collect(),
            on_update: text(row, 5),
            on_delete: text(row, 6),
        };
        (-integer(row, 0), integer(row, 1), key)
    })?;
    parts.sort_by_key(|&(id, sequence, _)| (id, sequence));
    let mut keys: Vec<(i64, ForeignKey)> = Vec::new();
    for (id, _, part) in parts {
        match keys.last_mut() {
            Some((last, key)) if *last == id => {
                key.columns.extend(part.columns);
                key.parent_columns.extend(part.parent_columns);
            }
            _ => keys.push((id, part)),
        }
    }
    Ok(keys.into_iter().map(|(_, key)| key).collect())
}

fn indexes(connection: &Connection, table: &str) -> rusqlite::Result<Vec<Index>> {
    let mut indexes = rows(connection, &format!("PRAGMA main.index_list({table})"), |row| Index {
        name: text(row, 1),
        unique: integer(row, 2) != 0,
        origin: text(row, 3),
        partial: integer(row, 4) != 0,
        columns: Vec::new(),
    })?;
    for index in &mut indexes {
        let parts = rows(connection, &format!("PRAGMA main.index_xinfo({})", identifier(&index.name)), |row| {
            (integer(row, 5) != 0, optional_text(row, 2))
        })?;
        index.columns = parts.into_iter().filter(|(is_key, _)| *is_key).map(|(_, name)| name).collect();
    }
    indexes.sort_by(|left, right| left.name.cmp(&right.name));
    Ok(indexes)
}

/// One table that cannot be asked (a virtual one without its module, a name that is not UTF-8) leaves a gap; a damaged
/// or busy file is an error.
fn tolerated<T: Default>(result: rusqlite::Result<T>) -> rusqlite::Result<T> {
    match result {
        Err(error) if error.sqlite_error_code().is_none_or(|code| code == ErrorCode::Unknown) => Ok(T::default()),
        other => other,
    }
}

fn rows<T>(connection: &Connection, sql: &str, mut of: impl FnMut(&Row<'_>) -> T) -> rusqlite::Result<Vec<T>> {
    connection.prepare(sql)?.query_map([], |row| Ok(of(row)))?.collect()
}

fn number(connection: &Connection, sql: &str) -> rusqlite::Result<i64> {
    connection.query_row(sql, [], |row| Ok(integer(row, 0)))
}

fn integer(row: &Row<'_>, column: usize) -> i64 {
    match row.get_ref(column) {
        Ok(ValueRef::Integer(integer)) => integer,
        _ => 0,
    }
}

fn text(row: &Row<'_>, column: usize) -> String {
    optional_text(row, column).unwrap_or_default()
}

/// Bytes that are not UTF-8 are replaced, never refused.
fn optional_text(row: &Row<'_>, column: usize) -> Option<String> {
    match row.get_ref(column).ok()? {
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
        ValueRef::Integer(integer) => Some(integer.to_string()),
        ValueRef::Real(real) => Some(real.to_string()),
        ValueRef::Null => None,
    }
}
