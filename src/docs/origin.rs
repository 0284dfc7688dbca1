//! Where the rows of a database came from: what dbguard's own tables in it tell of migrations. Knows no code.

use std::collections::BTreeMap;

use rusqlite::Connection;

use crate::db::Schema;

/// What migrations into a database have left in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origin {
    /// In the order in which they were applied.
    pub merges: Vec<Merge>,
    /// Table (lowercase) → source → how many of its rows stand in `dbguard_kept_aside`.
    pub kept_aside: BTreeMap<String, BTreeMap<String, u64>>,
    /// Table (lowercase) → sources of which rows got another key or met another row.
    pub mapped: BTreeMap<String, BTreeMap<String, u64>>,
}

/// One migration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Merge {
    pub run: String,
    pub applied_at: String,
    /// Paths of the databases whose rows moved.
    pub sources: Vec<String>,
}

/// Reads what dbguard wrote. Tables under those names that have another shape are somebody else's, and tell nothing.
///
/// # Errors
/// Whatever SQLite says of a page of the file.
pub fn origin(schema: &Schema, connection: &Connection) -> rusqlite::Result<Origin> {
    let mut origin = Origin::default();
    if has(schema, "dbguard_migrations", &["run", "sources", "applied_at"]) {
        let sql =
            "SELECT run, CAST(applied_at AS TEXT), CAST(sources AS TEXT) FROM main.dbguard_migrations ORDER BY 2, 1";
        let mut statement = connection.prepare(sql)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let text = |column| row.get::<_, Option<String>>(column).map(Option::unwrap_or_default);
            let sources = serde_json::from_str(&text(2)?).unwrap_or_default();
            origin.merges.push(Merge { run: text(0)?, applied_at: text(1)?, sources });
        }
    }
    for (table, counts) in [("dbguard_kept_aside", &mut origin.kept_aside), ("dbguard_key_map", &mut origin.mapped)] {
        if has(schema, table, &["source", "table_name"]) {
            let sql = format!(
                "SELECT CAST(table_name AS TEXT), CAST(source AS TEXT), COUNT(*) FROM main.{table} GROUP BY 1, 2"
            );
            let mut statement = connection.prepare(&sql)?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                let text = |column| row.get::<_, Option<String>>(column).map(Option::unwrap_or_default);
                let of_table: &mut BTreeMap<String, u64> = counts.entry(text(0)?.to_lowercase()).or_default();
                of_table.insert(text(1)?, row.get::<_, i64>(2)?.unsigned_abs());
            }
        }
    }
    Ok(origin)
}

fn has(schema: &Schema, table: &str, columns: &[&str]) -> bool {
    schema.table(table).is_some_and(|table| {
        columns.iter().all(|name| table.columns.iter().any(|column| column.name.eq_ignore_ascii_case(name)))
    })
}
