//! What each table and column is for, as the database itself says: its `schema_metadata`, then comments in its schema. What a
//! page says goes before either, and is the page's business.

use std::collections::BTreeMap;

use rusqlite::Connection;

use super::comments::comments;
use crate::db::{Schema, quote};
use crate::scan::is_bookkeeping;

/// The table in which a database describes its tables.
pub const METADATA: &str = "schema_metadata";

/// Descriptions, each one line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Words {
    tables: BTreeMap<String, String>,
    columns: BTreeMap<(String, String), String>,
}

impl Words {
    #[must_use]
    pub fn table(&self, name: &str) -> Option<&str> {
        self.tables.get(&name.to_lowercase()).map(String::as_str)
    }

    #[must_use]
    pub fn column(&self, table: &str, column: &str) -> Option<&str> {
        self.columns.get(&(table.to_lowercase(), column.to_lowercase())).map(String::as_str)
    }

    /// Notes a description unless there is one already.
    pub fn add_table(&mut self, table: &str, words: &str) {
        let words = one_line(words);
        if !words.is_empty() {
            self.tables.entry(table.to_lowercase()).or_insert(words);
        }
    }

    pub fn add_column(&mut self, table: &str, column: &str, words: &str) {
        let words = one_line(words);
        if !words.is_empty() {
            self.columns.entry((table.to_lowercase(), column.to_lowercase())).or_insert(words);
        }
    }
}

/// Whether somebody must say what a table is for. Tables in which tools keep their own state are the tools' business.
#[must_use]
pub fn needs_description(table: &str) -> bool {
    let lower = table.to_lowercase();
    !is_bookkeeping(&lower) && !is_own(&lower) && lower != METADATA
}

/// Whether dbguard itself made the table.
fn is_own(lowercase: &str) -> bool {
    OWN.iter().any(|(name, _)| lowercase.starts_with(name))
}

const OWN: [(&str, &str); 3] = [
    ("dbguard_migrations", "Migrations into this database, one a row; written by dbguard."),
    ("dbguard_kept_aside", "Rows of migrated databases that no table holds value for value; written by dbguard."),
    ("dbguard_key_map", "Rows of migrated databases that got another key or met another row; written by dbguard."),
];

/// What a database says of its tables and columns.
///
/// # Errors
/// Whatever SQLite says of a page of the file.
pub fn words(schema: &Schema, connection: Option<&Connection>) -> rusqlite::Result<Words> {
    let mut words = Words::default();
    if let Some(connection) = connection {
        from_metadata(schema, connection, &mut words)?;
    }
    for table in schema.own_tables() {
        let columns: Vec<&str> = table.columns.iter().map(|column| column.name.as_str()).collect();
        let said = comments(&table.sql, &columns);
        words.add_table(&table.name, &said.table);
        for (column, comment) in said.columns {
            words.add_column(&table.name, &column, &comment);
        }
        let lower = table.name.to_lowercase();
        if let Some((_, own)) = OWN.iter().find(|(name, _)| lower.starts_with(name)) {
            words.add_table(&table.name, own);
        } else if lower == METADATA {
            words.add_table(&table.name, "What each table is for.");
        } else if is_bookkeeping(&lower) {
            words.add_table(&table.name, "State of a tool that works on the schema.");
        }
    }
    Ok(words)
}

/// Rows `(table_name, description)`; where there is a `column_name`, those that have one describe a column.
fn from_metadata(schema: &Schema, connection: &Connection, words: &mut Words) -> rusqlite::Result<()> {
    let Some(table) = schema.table(METADATA) else { return Ok(()) };
    let has = |name: &str| table.columns.iter().any(|column| column.name.eq_ignore_ascii_case(name));
    if !has("table_name") || !has("description") {
        return Ok(());
    }
    let column = if has("column_name") { "CAST(column_name AS TEXT)" } else { "NULL" };
    let sql = format!(
        "SELECT CAST(table_name AS TEXT), {column}, CAST(description AS TEXT) FROM main.{} ORDER BY 1, 2, 3",
        quote(&table.name)
    );
    let mut statement = connection.prepare(&sql)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        // Bytes that are not UTF-8 describe nothing.
        let text = |column| row.get::<_, Option<String>>(column).ok().flatten().unwrap_or_default();
        let (table, column, said) = (text(0), text(1), text(2));
        if column.is_empty() {
            words.add_table(&table, &said);
        } else {
            words.add_column(&table, &column, &said);
        }
    }
    Ok(())
}

pub(super) fn one_line(words: &str) -> String {
    words.split_whitespace().collect::<Vec<_>>().join(" ")
}
