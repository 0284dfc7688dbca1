//! Long blobs of rows that are inserted with other keys: SQLite would hold such a row whole, so that it gets a hole of the same
//! length, which is filled in piece by piece. Only where the blob is the last column of its table, as a hole elsewhere takes as
//! much memory as the blob.

use std::io::{Read, Write};
use std::sync::{Arc, Mutex};

use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::types::ToSqlOutput;

use super::Work;
use super::catalogue::same;
use super::matching::Way;
use super::reading::affinity;
use crate::db::{long, quote};
use crate::migrate::Stop;

const PIECE: usize = 1 << 16;

/// Rows with a hole: the key in the source, the key in the stage.
pub(super) struct Holes {
    own: String,
    column: String,
    rows: Arc<Mutex<Vec<(i64, i64)>>>,
}

impl Holes {
    /// What the column's expression is replaced by. `old` and `new` are SQL for the keys.
    pub(super) fn expression(&self, value: &str, old: &str, new: &str) -> String {
        let length = format!("octet_length({value})");
        let is_long = format!("typeof({value}) = 'blob' AND {length} > {}", long::LONGEST);
        format!("CASE WHEN {is_long} THEN dbguard_hole({old}, {new}, {length}) ELSE {value} END")
    }

    pub(super) fn is_for(&self, column: &str) -> bool {
        same(&self.column, column)
    }
}

/// Whether rows of a table can have holes.
pub(super) fn of(work: &Work<'_>, way: &Way<'_>) -> Result<Option<Holes>, Stop> {
    let Some(last) = way.target.columns.last().filter(|_| way.target.stored().count() == way.target.columns.len())
    else {
        return Ok(None);
    };
    let Some(own) = way.own(&last.name).filter(|_| affinity(&last.declared) == "BLOB") else { return Ok(None) };
    if way.target.without_rowid || way.table.rowid().is_none() || way.target.rowid().is_none() {
        return Ok(None);
    }
    // SQLite writes no piece of what an index holds.
    let indexed: bool = work.db.query_row(
        "SELECT EXISTS (SELECT 1 FROM pragma_index_list(?1, 'main') AS l, pragma_index_xinfo(l.name, 'main') AS x
         WHERE x.cid = -2 OR x.name = ?2 COLLATE NOCASE)",
        [&way.target.name, &last.name],
        |row| row.get(0),
    )?;
    if indexed {
        return Ok(None);
    }
    let rows: Arc<Mutex<Vec<(i64, i64)>>> = Arc::default();
    let noted = Arc::clone(&rows);
    let hole = move |context: &Context<'_>| -> rusqlite::Result<ToSqlOutput<'static>> {
        if let Ok(mut rows) = noted.lock() {
            rows.push((context.get(0)?, context.get(1)?));
        }
        Ok(ToSqlOutput::ZeroBlob(context.get::<i64>(2)?.cast_unsigned()))
    };
    work.db.create_scalar_function("dbguard_hole", 3, FunctionFlags::SQLITE_DIRECTONLY, hole)?;
    Ok(Some(Holes { own: own.to_owned(), column: last.name.clone(), rows }))
}

/// Fills them in from the source that is attached.
pub(super) fn fill(work: &Work<'_>, way: &Way<'_>, holes: Option<&Holes>) -> Result<(), Stop> {
    let Some(holes) = holes else { return Ok(()) };
    work.db.remove_function("dbguard_hole", 3)?;
    let rows = holes.rows.lock().map(|mut rows| std::mem::take(&mut *rows)).unwrap_or_default();
    let mut piece = vec![0; PIECE];
    for (old, new) in rows {
        let mut from = work.db.blob_open("src", way.table.name.as_str(), holes.own.as_str(), old, true)?;
        let mut to = work.db.blob_open("main", way.target.name.as_str(), holes.column.as_str(), new, false)?;
        loop {
            let read = from.read(&mut piece).map_err(|error| unmoved(way, &error))?;
            match piece.get(..read) {
                Some(bytes) if !bytes.is_empty() => to.write_all(bytes).map_err(|error| unmoved(way, &error))?,
                _ => break,
            }
        }
    }
    Ok(())
}

fn unmoved(way: &Way<'_>, error: &std::io::Error) -> Stop {
    Stop::new(
        format!("a long value of {} cannot be copied", quote(&way.table.name)),
        error.to_string(),
        "look at the disk, then run it again; nothing was changed",
    )
}
