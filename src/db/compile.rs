//! Whether a statement would run against a schema: SQLite prepares it on an empty copy in memory. Touches no file.

use rusqlite::Connection;
use rusqlite::config::DbConfig;
use rusqlite::functions::FunctionFlags;

use super::holes::{self, Ways};
use super::quote::identifier;
use super::schema::{Schema, TableKind};

/// A schema without rows, ready to prepare statements.
pub struct Compiler {
    connection: Option<Connection>,
    /// Tables and views that could not be made: their module or function is the application's own.
    absent: Vec<String>,
    /// Those that code may name at run time.
    tables: Vec<String>,
}

const PART: &str = "it is a part of a statement";

/// Columns that an inner query is given.
const INNER_COLUMNS: usize = 16;

/// Functions that are made up for one statement.
const FUNCTIONS: usize = 6;

/// Words that SQLite has not, in capitals.
const FOREIGN: [&str; 44] = [
    "AUTO_INCREMENT",
    " SERIAL",
    "BIGSERIAL",
    "ENGINE=",
    "ENGINE =",
    "ON DUPLICATE KEY",
    " ILIKE ",
    "::",
    "NOW()",
    "INFORMATION_SCHEMA",
    "PG_",
    "SHOW ",
    "ALTER COLUMN",
    "MODIFY COLUMN",
    "GETDATE(",
    "DATE_TRUNC",
    "TO_TIMESTAMP",
    "CREATE DATABASE",
    "CREATE EXTENSION",
    "CREATE SCHEMA",
    "CREATE TYPE",
    "SET NAMES",
    "AS IDENTITY",
    "NEXTVAL(",
    "SETVAL(",
    "CHARACTER SET",
    "TRUNCATE TABLE",
    "$$",
    "FOR UPDATE",
    "INTERVAL '",
    "CREATE USER",
    "GRANT ",
    "COMMENT ON",
    "USING GIN",
    "DROP CONSTRAINT",
    "ADD CONSTRAINT",
    "CREATE SEQUENCE",
    "PLPGSQL",
    "DROP CASCADE",
    "CHANGE COLUMN",
    "ADD INDEX",
    "TSVECTOR",
    "TO_TSVECTOR",
    "ANY(",
];

/// What became of one statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It compiles; the names of its result columns.
    Compiles(Vec<String>),
    Broken(Fault),
    /// Nobody can tell without running the code; the words say why.
    Undecided(String),
    /// It is not SQLite's SQL, or goes to another engine.
    Foreign,
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
        let Ok(connection) = empty() else { return Self { connection: None, absent: Vec::new(), tables: Vec::new() } };
        let mut absent = Vec::new();
        let mut make = |sql: &str, name: &str| {
            if connection.execute_batch(sql).is_err() && stub(&connection, sql).is_none() {
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
        let tables = schema.own_tables().map(|table| table.name.clone()).collect();
        Self { connection: Some(connection), absent, tables }
    }

    /// Prepares a statement. `holes` is how many parts of it the code fills in with text; where [`super::HOLE`] marks them they
    /// are filled so that the rest can be read.
    #[must_use]
    pub fn compile(&self, sql: &str, holes: usize) -> Verdict {
        if sql.contains(holes::HOLE) {
            return self.filled(sql);
        }
        match self.plain(sql, holes) {
            // It goes on somewhere else.
            Verdict::Undecided(words) if words == PART => match self.filled(&format!("{sql} {}", holes::HOLE)) {
                Verdict::Compiles(_) => Verdict::Compiles(Vec::new()),
                _ => Verdict::Undecided(words),
            },
            verdict => verdict,
        }
    }

    fn plain(&self, sql: &str, holes: usize) -> Verdict {
        let Some(connection) = &self.connection else {
            return Verdict::Undecided("no memory for an empty copy".to_owned());
        };
        let mut words = String::new();
        for _ in 0..FUNCTIONS {
            match connection.prepare(sql) {
                Ok(statement) => return Verdict::Compiles(statement.column_names().map(str::to_owned).collect()),
                Err(error) => words = message(&error),
            }
            // A function of the application's own; its arguments can still be judged.
            let Some(name) = words.strip_prefix("no such function: ").filter(|_| !is_foreign(sql)) else { break };
            let made =
                connection.create_scalar_function(name, -1, FunctionFlags::SQLITE_UTF8, |_| Ok(rusqlite::types::Null));
            if made.is_err() {
                break;
            }
        }
        if is_done(sql, &words) { self.defined(sql, &words) } else { self.verdict(&words, sql, holes) }
    }

    /// What SQLite says of a change of the schema that was made already: in a database without it the words must be right.
    fn defined(&self, sql: &str, words: &str) -> Verdict {
        let creates = sql.split_whitespace().nth(1).is_some_and(|kind| !kind.eq_ignore_ascii_case("INDEX"));
        if !words.ends_with("already exists") || !creates {
            return Verdict::Compiles(Vec::new());
        }
        let Ok(scratch) = empty() else { return Verdict::Compiles(Vec::new()) };
        match scratch.prepare(sql) {
            Err(error) if message(&error).contains("syntax error") => self.verdict(&message(&error), sql, 0),
            _ => Verdict::Compiles(Vec::new()),
        }
    }

    fn filled(&self, sql: &str) -> Verdict {
        let ways = holes::ways(sql, &self.tables, &|table| self.columns(table));
        let mut names = Vec::new();
        let mut refused = None;
        for texts in &ways.groups {
            let mut found = None;
            for text in texts {
                match self.with_inner(text) {
                    Verdict::Compiles(columns) => {
                        found = Some(columns);
                        break;
                    }
                    other => refused = worse(refused, other),
                }
            }
            match found {
                Some(columns) => names = columns,
                None if is_foreign(sql) => return Verdict::Foreign,
                None if ways.names_table => return Verdict::Undecided("the code fills in a table's name".to_owned()),
                None => return decided(sql, &ways, refused),
            }
        }
        match ways.groups.len() {
            0 if is_foreign(sql) => Verdict::Foreign,
            0 => Verdict::Undecided("the code fills in a table's name".to_owned()),
            1 if !ways.open_columns && !ways.names_table => Verdict::Compiles(names),
            _ => Verdict::Compiles(Vec::new()),
        }
    }

    /// A text whose inner query gets the columns that are missed, one after the other.
    fn with_inner(&self, text: &str) -> Verdict {
        let mut verdict = self.plain(text, 1);
        let mut inner = holes::INNER.to_owned();
        for _ in 0..INNER_COLUMNS {
            let Verdict::Broken(Fault::NoColumn(name)) = &verdict else { break };
            if !text.contains(holes::INNER) {
                break;
            }
            let column = name.rsplit('.').next().unwrap_or(name);
            inner.push_str(&format!(", NULL AS {}", identifier(column)));
            verdict = self.plain(&text.replace(holes::INNER, &inner), 1);
        }
        verdict
    }

    /// Stands for a database that is attached under a name.
    pub fn attach(&self, alias: &str, schema: &Schema) {
        let Some(connection) = &self.connection else { return };
        let alias = identifier(alias);
        // What cannot be attached stays unknown, and what speaks of it undecided.
        let _ = connection.execute_batch(&format!("ATTACH ':memory:' AS {alias}"));
        for table in schema.own_tables() {
            let columns: Vec<String> = table.columns.iter().map(|column| identifier(&column.name)).collect();
            let _ = connection.execute_batch(&format!(
                "CREATE TABLE {alias}.{}({})",
                identifier(&table.name),
                columns.join(", ")
            ));
        }
    }

    /// Runs what defines tables, so that later statements of the same script find them.
    pub fn define(&self, sql: &str) {
        if let Some(connection) = &self.connection {
            // What cannot be defined stays undefined; the statement itself is judged by `compile`.
            if connection.execute_batch(sql).is_err() {
                let _ = stub(connection, sql);
            }
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
                _ if is_foreign(sql) && bare.contains('.') => Verdict::Foreign,
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
        if is_foreign(sql) {
            return Verdict::Foreign;
        }
        if words == "incomplete input" {
            return undecided(PART);
        }
        if words.starts_with("unknown database") {
            return undecided("it speaks of an attached database");
        }
        if words.starts_with("no such module") {
            return undecided("a table needs the application's own module");
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

/// Stands for a virtual table of a module that is not here (`vec0`): its columns, and the hidden ones of searches.
fn stub(connection: &Connection, sql: &str) -> Option<()> {
    let (head, rest) = sql.split_once('(')?;
    let words: Vec<&str> = head.split_whitespace().collect();
    let using = words.iter().position(|word| word.eq_ignore_ascii_case("USING"))?;
    let name = words.get(using.checked_sub(1)?)?;
    if !words.get(1)?.eq_ignore_ascii_case("VIRTUAL") {
        return None;
    }
    let mut columns: Vec<String> = Vec::new();
    for part in rest.trim_end().trim_end_matches([')', ';']).split(',') {
        let column = part.trim().split(|c: char| c.is_whitespace()).next().unwrap_or("");
        if !column.is_empty()
            && !part.contains('=')
            && column.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '"')
        {
            columns.push(column.trim_matches('"').to_ascii_lowercase());
        }
    }
    for hidden in ["distance", "k", "rank"] {
        if !columns.iter().any(|own| own == hidden) {
            columns.push(hidden.to_owned());
        }
    }
    let columns: Vec<String> = columns.iter().map(|column| identifier(column)).collect();
    connection.execute_batch(&format!("CREATE TABLE {name}({})", columns.join(", "))).ok()
}

/// The fault that says more: what is broken before what cannot be decided.
fn worse(known: Option<Verdict>, other: Verdict) -> Option<Verdict> {
    match (known, other) {
        (Some(Verdict::Broken(Fault::NoTable(name))), _) => Some(Verdict::Broken(Fault::NoTable(name))),
        (_, Verdict::Broken(Fault::NoTable(name))) => Some(Verdict::Broken(Fault::NoTable(name))),
        (None, other) => Some(other),
        (Some(Verdict::Broken(known)), Verdict::Broken(other)) if known == other => Some(Verdict::Broken(known)),
        (Some(Verdict::Foreign), _) => Some(Verdict::Foreign),
        (Some(Verdict::Undecided(words)), _) => Some(Verdict::Undecided(words)),
        (Some(known), Verdict::Undecided(_)) => Some(known),
        (Some(_), other) => Some(other),
    }
}

/// What a statement comes to of which no filling compiles.
fn decided(sql: &str, ways: &Ways, refused: Option<Verdict>) -> Verdict {
    let led = sql.trim_start().starts_with(holes::HOLE);
    match refused {
        Some(Verdict::Broken(Fault::NoTable(name))) if !led => Verdict::Broken(Fault::NoTable(name)),
        Some(Verdict::Broken(Fault::NoColumn(name))) if !led && !ways.may_join => {
            Verdict::Broken(Fault::NoColumn(name))
        }
        Some(Verdict::Foreign) => Verdict::Foreign,
        Some(Verdict::Undecided(words)) if !words.starts_with("SQLite does not") => Verdict::Undecided(words),
        _ => Verdict::Undecided("the code fills in a part that SQLite must know".to_owned()),
    }
}

/// Whether the words are those of PostgreSQL or MySQL.
fn is_foreign(sql: &str) -> bool {
    let capitals = sql.to_ascii_uppercase();
    FOREIGN.iter().any(|words| capitals.contains(words))
}

/// Whether SQLite refuses a change of the schema because it was made already.
fn is_done(sql: &str, words: &str) -> bool {
    let mut said = sql.split_whitespace();
    let first = said.next().unwrap_or("").to_ascii_uppercase();
    let renames =
        || sql.split_whitespace().any(|word| ["RENAME", "DROP"].iter().any(|own| word.eq_ignore_ascii_case(own)));
    match first.as_str() {
        "CREATE" => words.ends_with("already exists") || words.contains("there is already"),
        "DROP" => words.starts_with("no such "),
        "ALTER" => {
            words.starts_with("duplicate column name")
                || renames() && (words.starts_with("no such ") || words.contains("there is already"))
        }
        _ => false,
    }
}

fn empty() -> rusqlite::Result<Connection> {
    let connection = Connection::open_in_memory()?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.execute_batch("PRAGMA trusted_schema=OFF; PRAGMA foreign_keys=OFF;")?;
    // SQLite's own tables, which it makes when they are needed.
    connection.execute_batch("CREATE TABLE x(id INTEGER PRIMARY KEY AUTOINCREMENT); ANALYZE; DROP TABLE x;")?;
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
            ("SELECT distance(id, mail) FROM users", 0, compiles(&["distance(id, mail)"])),
            ("SELECT distance(email) FROM users", 0, no_column("email")),
            ("SELECT \u{FFFC} FROM users WHERE id IN (\u{FFFC}) \u{FFFC}", 3, compiles(&[])),
            ("SELECT email FROM users WHERE id IN (\u{FFFC})", 1, no_column("email")),
            (
                "SELECT t.email FROM users \u{FFFC}",
                1,
                Verdict::Undecided("the code fills in a part that SQLite must know".to_owned()),
            ),
            ("SELECT count(*) FROM \u{FFFC}", 1, compiles(&[])),
            ("SELECT mail FROM \u{FFFC}", 1, Verdict::Undecided("the code fills in a table's name".to_owned())),
            ("CREATE TABLE users(id)", 0, compiles(&[])),
            ("ALTER TABLE users ADD COLUMN mail TEXT", 0, compiles(&[])),
            ("DROP TABLE old_users", 0, compiles(&[])),
            ("CREATE TABLE a(id SERIAL PRIMARY KEY, b TIMESTAMP DEFAULT NOW())", 0, Verdict::Foreign),
            ("INSERT INTO users(name) VALUES ('a') ON DUPLICATE KEY UPDATE name = 'b'", 0, Verdict::Foreign),
        ] {
            assert_eq!(compiler.compile(sql, holes), expected, "{sql}");
        }
        assert_eq!(compiler.columns("users"), ["id", "name", "mail"]);
    }
}
