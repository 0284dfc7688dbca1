//! The schema that a plan makes of its sources, found without a row of theirs: empty databases with the same schemas are merged
//! as the plan says. Opens the sources for reading only.

use std::path::Path;

use rusqlite::Connection;

use super::stage::{Input, stage};
use super::{Plan, Silent, Stop, connect};
use crate::db::{self, Schema};

/// The schema of the target as it will be.
///
/// # Errors
/// A source cannot be read, or the plan leaves something undecided.
pub fn outline(root: &Path, plan: &Plan) -> Result<Schema, Stop> {
    let folder = tempfile::Builder::new().prefix("dbguard-outline-").tempdir();
    let folder = folder.map_err(|error| {
        Stop::new("the schema cannot be outlined", format!("a temporary folder: {error}"), "free some space in it")
    })?;
    let mut inputs = Vec::new();
    for (index, source) in plan.merged().enumerate() {
        let path = folder.path().join(format!("{index}.db"));
        let real = root.join(&source.path);
        let reading = db::reading(&real).map_err(|state| {
            let why = format!("{}: {}", source.path, super::propose::words(&state));
            Stop::new("a source cannot be read", why, "take it out of the plan, or mend it")
        })?;
        empty(&reading.connection, &path)
            .map_err(|stop| Stop { title: format!("the schema of {} cannot be outlined", source.path), ..stop })?;
        inputs.push(Input { id: source.id.clone(), path });
    }
    let mut plan = plan.clone();
    for table in &mut plan.tables {
        // They name rows.
        table.alias.clear();
    }
    let staged = folder.path().join("outline.db");
    stage(&plan, &inputs, &staged, &Silent)?;
    let (_, schema) = db::read(&staged);
    schema.ok_or_else(|| {
        Stop::new("the schema cannot be outlined", "the outline is no database", "this is a defect of dbguard")
    })
}

/// A database with the same schema and no row.
fn empty(source: &Connection, path: &Path) -> Result<(), Stop> {
    let here = connect::writable(path)?;
    let text = |pragma: &str| source.query_row(&format!("PRAGMA {pragma}"), [], |row| row.get::<_, String>(0));
    here.execute_batch(&format!("PRAGMA encoding = '{}'", text("encoding")?))?;
    let shadows = "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'shadow'";
    let objects = format!(
        "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND substr(name, 1, 7) <> 'sqlite_' AND name NOT IN ({shadows}) \
         ORDER BY CASE type WHEN 'table' THEN 0 WHEN 'index' THEN 1 WHEN 'view' THEN 2 ELSE 3 END, rowid"
    );
    let mut statement = source.prepare(&objects)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        here.execute_batch(&row.get::<_, String>(0)?)?;
    }
    Ok(())
}
