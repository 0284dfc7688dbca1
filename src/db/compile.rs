//! Whether a statement would run against a schema: SQLite prepares it on an empty copy in memory. Touches no file.

use rusqlite::Connection;
use rusqlite::config::DbConfig;

use super::quote::identifier;
use super::schema::{Schema, TableKind};

/// A schema without rows, ready to prepare statements.
pub struct Compiler {
    connection: Option<Connection>,
    /// Tables and views that could not be made: their module or function is the application's own.
    absent: Vec<String>,
}

/// What became of one statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It compiles; the names of its result columns.
    Compiles(Vec<String>),
    Broken(Fault),
    /// Nobody can tell without running the code; the words say why.
    Undecided(String),
}

/// Why a statement does not run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    NoTable(String),
    NoColumn(String),
    /// In SQLite's own words: values that do not fit the columns, an upsert without a fitting key.
    Other(String),
}

impl Fault {
    /// In the words SQLite would use when the code runs.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::NoTable(name) => format!("no such table: {name}"),
            Self::NoColumn(name) => format!("no such column: {name}"),
            Self::Other(words) => words.clone(),
        }
    }
}

impl Compiler {
    #[must_use]
    pub fn of(schema: &Schema) -> Self {
        let Ok(connection) = empty() else { return Self { connection: None, absent: Vec::new() } };
        let mut absent = Vec::new();
        let mut make = |sql: &str, name: &str| {
            if connection.execute_batch(sql).is_err() {
                absent.push(name.to_ascii_lowercase());
            }
        };
        for table in schema.own_tables() {
            make(&table.sql, &table.name);
        }
        for table in schema.tables.iter().filter(|table| table.kind == TableKind::Ordinary) {
            for index in table.indexes.iter().filter(|index| index.unique && !index.partial && index.origin == "c") {
                let columns: Option<Vec<String>> =
                    index.columns.iter().map(|column| column.as_deref().map(identifier)).collect();
                if let Some(columns) = columns {
                    let (name, on) = (identifier(&index.name), identifier(&table.name));
                    // An index that cannot be made makes an upsert undecidable, not a table.
                    let _ = connection
                        .execute_batch(&format!("CREATE UNIQUE INDEX {name} ON {on}({})", columns.join(", ")));
                }
            }
        }
        for view in schema.views.iter().chain(&schema.triggers) {
            make(&view.sql, &view.name);
        }
        Self { connection: Some(connection), absent }
    }

    /// Prepares a statement. `holes` is how many parts of it the code fills in with text.
    #[must_use]
    pub fn compile(&self, sql: &str, holes: usize) -> Verdict {
        let Some(connection) = &self.connection else {
            return Verdict::Undecided("no memory for an empty copy".to_owned());
        };
        match connection.prepare(sql) {
            Ok(statement) => Verdict::Compiles(statement.column_names().map(str::to_owned).collect()),
            Err(error) => self.verdict(&message(&error), sql, holes),
        }
    }

    /// Runs what defines tables, so that later statements of the same script find them.
    pub fn define(&self, sql: &str) {
        if let Some(connection) = &self.connection {
            // What cannot be defined stays undefined; the statement itself is judged by `compile`.
            let _ = connection.execute_batch(sql);
        }
    }

    /// The columns of a table as it stands, in order; empty where there is none.
    #[must_use]
    pub fn columns(&self, table: &str) -> Vec<String> {
        let Some(connection) = &self.connection else { return Vec::new() };
        let sql = format!("SELECT * FROM {}", identifier(table));
        connection
            .prepare(&sql)
            .map(|statement| statement.column_names().map(str::to_owned).collect())
            .unwrap_or_default()
    }

    fn verdict(&self, words: &str, sql: &str, holes: usize) -> Verdict {
        let undecided = |why: &str| Verdict::Undecided(why.to_owned());
        // A name that stands in the statement is the code's own, whatever its holes hold.
        let written = |name: &str| {
            let last = name.rsplit('.').next().unwrap_or(name);
            !last.contains('?') && sql.to_ascii_lowercase().contains(&last.to_ascii_lowercase())
        };
        if let Some(name) = words.strip_prefix("no such table: ") {
            let bare = name.strip_prefix("main.").unwrap_or(name);
            return match bare {
                _ if bare.contains('.') => undecided("it speaks of an attached database"),
                _ if self.absent.contains(&bare.to_ascii_lowercase()) => {
                    undecided("a table needs the application's own module")
                }
                _ if !written(bare) => undecided("the code fills in a table's name"),
                _ => Verdict::Broken(Fault::NoTable(bare.to_owned())),
            };
        }
        let column = words.strip_prefix("no such column: ").map(str::to_owned).or_else(|| {
            words.strip_prefix("table ").and_then(|rest| Some(rest.split_once(" has no column named ")?.1.to_owned()))
        });
        if let Some(name) = column {
            // SQLite may add a hint about quotes to the name.
            let name = name.split(" - ").next().unwrap_or(&name).trim_matches('"').to_owned();
            return if written(&name) {
                Verdict::Broken(Fault::NoColumn(name))
            } else {
                undecided("the code fills in a column's name")
            };
        }
        let counts = words.ends_with("values were supplied") || words.contains(" values for ");
        if counts && holes == 0 || words.starts_with("ON CONFLICT clause does not match") {
            return Verdict::Broken(Fault::Other(words.to_owned()));
        }
        if words.starts_with("no such function") || words.starts_with("no such collation") {
            return undecided("it uses a function or collation of the application's own");
        }
        match holes {
            0 => Verdict::Undecided(format!("SQLite does not read it: {words}")),
            _ => undecided("the code fills in a part that SQLite must know"),
        }
    }
}

fn empty() -> rusqlite::Result<Connection> {
    let connection = Connection::open_in_memory()?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.execute_batch("PRAGMA trusted_schema=OFF; PRAGMA foreign_keys=OFF;")?;
    Ok(connection)
}

fn message(error: &rusqlite::Error) -> String {
    match error {
        rusqlite::Error::SqliteFailure(_, Some(words)) => words.clone(),
        rusqlite::Error::SqlInputError { msg, .. } => msg.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::OpenFlags;

    use super::*;

    #[test]
    fn a_statement_is_judged_by_the_schema() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        let sql =
            "CREATE TABLE users(id INTEGER PRIMARY KEY, name TEXT, mail TEXT); CREATE UNIQUE INDEX u ON users(name);
                   CREATE VIEW names AS SELECT name FROM users; CREATE VIRTUAL TABLE docs USING fts5(body);";
        Connection::open_with_flags(&path, OpenFlags::default()).unwrap().execute_batch(sql).unwrap();
        let compiler = Compiler::of(&crate::db::read(&path).1.unwrap());
        let compiles = |columns: &[&str]| Verdict::Compiles(columns.iter().map(|&it| it.to_owned()).collect());
        let no_table = |name: &str| Verdict::Broken(Fault::NoTable(name.to_owned()));
        let no_column = |name: &str| Verdict::Broken(Fault::NoColumn(name.to_owned()));
        for (sql, holes, expected) in [
            ("SELECT * FROM users WHERE id = ?", 0, compiles(&["id", "name", "mail"])),
            ("SELECT name FROM names", 0, compiles(&["name"])),
            ("SELECT body FROM docs WHERE docs MATCH :q", 0, compiles(&["body"])),
            ("INSERT INTO users(name) VALUES (?) ON CONFLICT(name) DO NOTHING", 0, compiles(&[])),
            ("SELECT email FROM users", 0, no_column("email")),
            ("INSERT INTO users(email) VALUES (?)", 0, no_column("email")),
            ("SELECT * FROM people", 0, no_table("people")),
            (
                "INSERT INTO users VALUES (?, ?)",
                0,
                Verdict::Broken(Fault::Other("table users has 3 columns but 2 values were supplied".to_owned())),
            ),
            (
                "INSERT INTO users VALUES (?)",
                1,
                Verdict::Undecided("the code fills in a part that SQLite must know".to_owned()),
            ),
            ("SELECT * FROM ?", 1, Verdict::Undecided("the code fills in a part that SQLite must know".to_owned())),
            ("SELECT * FROM other.items", 0, Verdict::Undecided("it speaks of an attached database".to_owned())),
            (
                "SELECT distance(id) FROM users",
                0,
                Verdict::Undecided("it uses a function or collation of the application's own".to_owned()),
            ),
        ] {
            assert_eq!(compiler.compile(sql, holes), expected, "{sql}");
        }
        assert_eq!(compiler.columns("users"), ["id", "name", "mail"]);
    }
}
