//! Descriptions written into a database: the table `schema_metadata`, in one transaction, by SQLite's ordinary locking. Knows
//! nothing of where descriptions come from.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, params};

use super::folder::Home;
use super::{live, lock, trouble};
use crate::db::{self, State, Use, quote};
use crate::migrate::Stop;

/// What is known of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Described {
    pub table: String,
    /// `None` where nobody has described it: it gets a row all the same, to be filled in.
    pub words: Option<String>,
    /// People wrote it elsewhere, and it goes before what the database says.
    pub firm: bool,
}

/// What the database lacks, or was given.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Descriptions {
    /// There was no such table.
    pub created: bool,
    /// Tables that had no row.
    pub added: Vec<String>,
    /// Tables whose row says something else now.
    pub changed: Vec<String>,
}

impl Descriptions {
    #[must_use]
    pub fn is_empty(&self) -> bool {
        !self.created && self.added.is_empty() && self.changed.is_empty()
    }
}

const CREATE: &str = "CREATE TABLE schema_metadata( -- what each table is for
  table_name TEXT PRIMARY KEY NOT NULL,
  description TEXT
)";

/// What [`describe`] would write. Only reads.
///
/// # Errors
/// The database cannot be read, or has another `schema_metadata`.
pub fn undescribed(database: &Path, wanted: &[Described]) -> Result<Descriptions, Stop> {
    let reading = db::reading(database).map_err(|state| unread(database, &state))?;
    Work::look(&reading.connection, database, wanted).map(|work| work.told)
}

/// Writes what is missing, and nothing where nothing is. The whole is one transaction; rows about other tables, and what
/// stands in other columns, stay as they are.
///
/// # Errors
/// A program has the database open, a migration is unfinished, or SQLite refuses; then nothing was written.
pub fn describe(root: &Path, database: &Path, wanted: &[Described], patience: Duration) -> Result<Descriptions, Stop> {
    let home = Home::of(root);
    let _lock = if home.path().exists() { Some(lock::project(&home)?) } else { None };
    if let Some(run) = super::unfinished(root)? {
        return Err(Stop::new(
            "a migration is unfinished",
            format!("run {run} holds databases of this project"),
            "finish it with `dbguard migrate apply`, or undo it with `dbguard migrate rollback`",
        ));
    }
    // Before anything is opened for writing: a database that needs nothing is not touched.
    if undescribed(database, wanted)?.is_empty() {
        return Ok(Descriptions::default());
    }
    if let Some(by) = db::in_use(&[database.to_path_buf()]).into_iter().flatten().next() {
        let (happened, next) = match by {
            Use::Open(program) => (format!("{program} has it open"), "stop it, then run this again"),
            Use::Rows(ending) => (
                format!("rows stand in its {ending} file: a program has it open, or ended without tidying up"),
                "stop the program; `sqlite3 FILE 'PRAGMA wal_checkpoint(TRUNCATE)'` tidies up",
            ),
        };
        return Err(Stop::new("the database is in use", format!("{}: {happened}", database.display()), next));
    }
    let mut connection = live::open(database, patience)?;
    let refused = |error: &rusqlite::Error| trouble::sqlite("write descriptions", database, error);
    let transaction = connection
        .transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)
        .map_err(|error| refused(&error))?;
    let work = Work::look(&transaction, database, wanted)?;
    work.write(&transaction).map_err(|error| refused(&error))?;
    // A trigger on the table may have made something else of it.
    if !Work::look(&transaction, database, wanted)?.told.is_empty() {
        return Err(Stop::new(
            "the descriptions do not stand as they were written",
            format!("{}: a trigger or a view of `schema_metadata` changes them", database.display()),
            "nothing was written; look at what the schema does there",
        ));
    }
    transaction.commit().map_err(|error| refused(&error))?;
    Ok(work.told)
}

fn unread(database: &Path, state: &State) -> Stop {
    let why = format!("{}: {}", database.display(), crate::migrate::propose::words(state));
    Stop::new("the database cannot be read", why, "look at the file")
}

/// Statements that are to be carried out, each with its table and its words.
struct Work<'w> {
    told: Descriptions,
    insert: Vec<(&'w str, Option<&'w str>)>,
    /// The row's own name for the table.
    update: Vec<(String, &'w str)>,
    /// As the table and its columns are spelled: the table, then `column_name` where it has one.
    table: String,
    column_name: bool,
}

impl<'w> Work<'w> {
    fn look(connection: &Connection, database: &Path, wanted: &'w [Described]) -> Result<Self, Stop> {
        let failed = |error: rusqlite::Error| trouble::sqlite("read descriptions", database, &error);
        let found: Option<(String, String)> = connection
            .query_row(
                "SELECT name, type FROM pragma_table_list WHERE schema = 'main' AND lower(name) = 'schema_metadata'",
                [],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )
            .optional()
            .map_err(failed)?;
        let mut work = Self {
            told: Descriptions { created: found.is_none(), ..Descriptions::default() },
            insert: Vec::new(),
            update: Vec::new(),
            table: "schema_metadata".to_owned(),
            column_name: false,
        };
        let mut rows = BTreeMap::new();
        // Whether a row without words may stand there.
        let mut may_be_open = true;
        if let Some((name, kind)) = found {
            let columns = columns(connection, &name).map_err(failed)?;
            if kind != "table" || !["table_name", "description"].iter().all(|it| columns.contains_key(*it)) {
                return Err(Stop::new(
                    "`schema_metadata` is something else here",
                    format!("{}: it is no table with the columns table_name and description", database.display()),
                    "rename it, or describe the tables on a page: dbguard docs --output docs/database.md",
                ));
            }
            may_be_open = columns.get("description") == Some(&false);
            work.column_name = columns.contains_key("column_name");
            work.table = name;
            rows = work.rows(connection).map_err(failed)?;
        }
        for one in wanted {
            let words = one.words.as_deref().filter(|words| !words.is_empty());
            match (rows.get(&one.table.to_lowercase()), words) {
                (None, None) if !may_be_open => {}
                (None, words) => {
                    work.insert.push((&one.table, words));
                    work.told.added.push(one.table.clone());
                }
                (Some((name, said)), Some(words)) if said.is_empty() || one.firm && said != words => {
                    work.update.push((name.clone(), words));
                    work.told.changed.push(one.table.clone());
                }
                _ => {}
            }
        }
        Ok(work)
    }

    /// Table in small letters → the row's own name for it, and what it says.
    fn rows(&self, connection: &Connection) -> rusqlite::Result<BTreeMap<String, (String, String)>> {
        let sql = format!(
            "SELECT table_name, coalesce(CAST(description AS TEXT), '') FROM main.{} WHERE typeof(table_name) = 'text'{} ORDER BY 1",
            quote(&self.table),
            self.of_tables()
        );
        let mut statement = connection.prepare(&sql)?;
        let mut rows = BTreeMap::new();
        let mut found = statement.query([])?;
        while let Some(row) = found.next()? {
            let (name, said): (String, String) = (row.get(0)?, row.get(1)?);
            rows.entry(name.to_lowercase()).or_insert((name, said));
        }
        Ok(rows)
    }

    /// Rows with a column describe that column.
    fn of_tables(&self) -> &'static str {
        if self.column_name { " AND coalesce(column_name, '') = ''" } else { "" }
    }

    fn write(&self, connection: &Connection) -> rusqlite::Result<()> {
        if self.told.created {
            connection.execute_batch(CREATE)?;
        }
        let table = quote(&self.table);
        for (name, words) in &self.insert {
            connection.execute(
                &format!("INSERT INTO main.{table}(table_name, description) VALUES (?1, ?2)"),
                params![name, words],
            )?;
        }
        for (name, words) in &self.update {
            let sql = format!("UPDATE main.{table} SET description = ?2 WHERE table_name = ?1{}", self.of_tables());
            connection.execute(&sql, params![name, words])?;
        }
        Ok(())
    }
}

/// Columns in small letters, and whether they must hold a value.
fn columns(connection: &Connection, table: &str) -> rusqlite::Result<BTreeMap<String, bool>> {
    let mut statement = connection.prepare("SELECT lower(name), \"notnull\" FROM pragma_table_info(?1)")?;
    statement.query_map([table], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
}
