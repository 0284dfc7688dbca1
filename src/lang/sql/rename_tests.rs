//! Renaming held against SQLite itself: random SQL from a small grammar, its names rewritten, is run on a database whose tables
//! SQLite renamed, and must do what the SQL before did on the database before.

use std::fmt::Write as _;

use proptest::prelude::*;
use rusqlite::Connection;
use rusqlite::types::ValueRef;

use super::statements;
use crate::lang::Language;
use crate::lang::write::{Change, write};
use crate::text::{Source, Span, apply};

/// Columns are called like tables, so that what is renamed by its name alone is found out.
const SCHEMA: &str = "
    CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT, items INT, teams INT REFERENCES teams(id));
    CREATE TABLE items (id INTEGER PRIMARY KEY, users INT REFERENCES users(id), name TEXT, teams TEXT);
    CREATE TABLE teams (id INTEGER PRIMARY KEY, name TEXT UNIQUE, users INT, items INT);
    CREATE VIRTUAL TABLE docs USING fts5(name, users);
    INSERT INTO teams VALUES (1, 'a', 1, 2), (2, 'users', 2, 1);
    INSERT INTO users VALUES (1, 'ann', 1, 1), (2, 'bob', 2, 1), (3, 'items', 3, 2);
    INSERT INTO items VALUES (1, 1, 'x', 'users'), (2, 1, 'y', 'a'), (3, 2, 'z', 'b');
    INSERT INTO docs VALUES ('one text', 'users'), ('two items', 'b');
";
const TABLES: [&str; 3] = ["users", "items", "teams"];
const COLUMNS: [[&str; 4]; 3] =
    [["id", "name", "items", "teams"], ["id", "users", "name", "teams"], ["id", "name", "users", "items"]];
const RENAMED: [(&str, &str); 3] = [("users", "people"), ("items", "order"), ("docs", "papers")];

/// Writes SQL by the choices it is given.
struct Grammar {
    choices: Vec<u16>,
    at: usize,
    /// What can be referred to, innermost last: a visible name and the table whose columns it has.
    visible: Vec<(String, usize)>,
    depth: u32,
}

impl Grammar {
    fn pick(&mut self, count: usize) -> usize {
        self.at += 1;
        self.choices.get(self.at - 1).map_or(count - 1, |&choice| choice as usize % count)
    }

    fn one(&mut self, words: &[&str]) -> String {
        let at = self.pick(words.len());
        words[at].to_owned()
    }

    fn quoted(&mut self, name: &str) -> String {
        match self.pick(6) {
            0 => format!("\"{name}\""),
            1 => format!("[{name}]"),
            2 => format!("`{name}`"),
            3 => name.to_ascii_uppercase(),
            _ => name.to_owned(),
        }
    }

    fn table(&mut self, table: usize) -> String {
        let name = self.quoted(TABLES[table]);
        if self.pick(5) == 0 { format!("main.{name}") } else { name }
    }

    fn column(&mut self) -> String {
        if self.visible.is_empty() {
            return "1".to_owned();
        }
        let at = self.pick(self.visible.len());
        let (name, table) = self.visible[at].clone();
        let column = COLUMNS[table][self.pick(4)];
        let column = if self.pick(4) == 0 { self.quoted(column) } else { column.to_owned() };
        let space = self.one(&["", "", "", " ", " /* users.items */ "]);
        format!("{}{space}.{space}{column}", self.quoted(&name))
    }

    fn expression(&mut self) -> String {
        self.depth += 1;
        let deep = self.depth > 3;
        let text = match self.pick(if deep { 3 } else { 9 }) {
            0 => self.one(&["1", "'users'", "'items.users'", "NULL"]),
            1 | 2 => self.column(),
            3 => format!("({} {} {})", self.expression(), self.one(&["=", "<>", "<", "+", "||"]), self.expression()),
            4 => format!("coalesce({}, {})", self.expression(), self.expression()),
            5 => format!("({} LIMIT 1)", self.select(true)),
            6 => format!("EXISTS ({})", self.select(false)),
            7 => format!("CASE WHEN {} THEN {} ELSE {} END", self.expression(), self.expression(), self.expression()),
            _ => format!("{} IN ({})", self.expression(), self.select(true)),
        };
        self.depth -= 1;
        text
    }

    /// SQLite looks outside for a column that the nearest source of the name has not; nobody writes that.
    fn is_free(&self, name: &str) -> bool {
        !self.visible.iter().any(|(visible, _)| visible == name)
    }

    fn source(&mut self) -> String {
        let table = self.pick(3);
        if self.depth < 3 && self.pick(6) == 0 {
            self.depth += 1;
            let visible = std::mem::take(&mut self.visible);
            let inner = self.table(table);
            self.visible = visible;
            self.depth -= 1;
            let alias = self.one(&["users", "items", "sub"]);
            let alias = if self.is_free(&alias) { alias } else { format!("s{}", self.at) };
            let columns = COLUMNS[table].join(", ");
            self.visible.push((alias.clone(), table));
            return format!("(SELECT {columns} FROM {inner}) {alias}");
        }
        let name = self.table(table);
        match self.pick(4) {
            plain if plain == 0 || !self.is_free(TABLES[table]) => {
                let alias = self.one(&["u", "t", "users", "items", "teams"]);
                let alias = if self.is_free(&alias) { alias } else { format!("a{}", self.at) };
                let said = self.one(&[" AS ", " "]);
                self.visible.push((alias.clone(), table));
                format!("{name}{said}{alias}")
            }
            _ => {
                self.visible.push((TABLES[table].to_owned(), table));
                name
            }
        }
    }

    fn select(&mut self, one: bool) -> String {
        let outer = self.visible.len();
        let mut from = self.source();
        if self.pick(2) == 0 {
            let join = self.one(&[" JOIN ", " LEFT JOIN ", ", "]);
            let right = self.source();
            write!(from, "{join}{right}").unwrap();
            if join != ", " {
                write!(from, " ON {}", self.expression()).unwrap();
            }
        }
        let columns = if one || self.pick(3) > 0 {
            self.expression()
        } else {
            let name = self.visible.last().map_or_else(String::new, |(name, _)| name.clone());
            format!("{name}.*, {}", self.expression())
        };
        let mut text = format!("SELECT {columns} FROM {from}");
        if self.pick(2) == 0 {
            write!(text, " WHERE {}", self.expression()).unwrap();
        }
        if self.pick(5) == 0 {
            write!(text, " GROUP BY {}", self.column()).unwrap();
        }
        self.visible.truncate(outer);
        if one && self.depth < 3 && self.pick(6) == 0 {
            write!(text, " UNION ALL {}", self.select(true)).unwrap();
        }
        text
    }

    fn statement(&mut self) -> String {
        let table = self.pick(3);
        let own = TABLES[table].to_owned();
        match self.pick(9) {
            0 => {
                let name = self.table(table);
                self.visible.push((own, table));
                let text = format!(
                    "UPDATE {name} SET {} = {} WHERE {}",
                    COLUMNS[table][self.pick(3) + 1],
                    self.expression(),
                    self.expression()
                );
                self.visible.clear();
                text
            }
            1 => {
                let name = self.table(table);
                self.visible.push((own, table));
                let text = format!("DELETE FROM {name} WHERE {}", self.expression());
                self.visible.clear();
                text
            }
            2 => {
                let name = self.table(table);
                let column = COLUMNS[table][self.pick(3) + 1];
                format!("INSERT INTO {name} ({column}) {}", self.select(true))
            }
            3 => {
                let name = self.table(table);
                self.visible.push((own, table));
                let text = format!(
                    "INSERT INTO {name} (id, name) VALUES (1, 'q') ON CONFLICT (id) DO UPDATE SET name = {}",
                    self.expression()
                );
                self.visible.clear();
                text
            }
            4 => {
                let cte = self.one(&["recent", "users", "items"]);
                let columns = COLUMNS[table].join(", ");
                let inner = self.table(table);
                self.visible.push((cte.clone(), table));
                let text = format!(
                    "WITH {cte} AS (SELECT {columns} FROM main.{}) SELECT {}, {cte}.id FROM {cte}",
                    inner.trim_start_matches("main."),
                    self.expression()
                );
                self.visible.clear();
                text
            }
            5 => self.one(&[
                "SELECT docs.name, bm25(docs) FROM docs WHERE docs MATCH 'text OR users'",
                "INSERT INTO docs(docs) VALUES ('rebuild')",
                "SELECT highlight(docs, 0, '<', '>') FROM docs WHERE docs MATCH 'items' AND docs.users = 'b'",
                "SELECT d.name FROM docs d WHERE d.users = 'users'",
            ]),
            6 => self.one(&[
                "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name IN ('users', 'items', 'teams')",
                "SELECT type FROM sqlite_master WHERE tbl_name = 'users' AND name = 'users'",
                "SELECT name, type FROM pragma_table_info('users') users",
                "PRAGMA table_info(items)",
                "PRAGMA foreign_key_list('users')",
            ]),
            _ => self.select(false),
        }
    }

    fn definition(&mut self) -> String {
        let table = self.pick(3);
        let name = self.table(table);
        let own = TABLES[table].to_owned();
        match self.pick(5) {
            0 => {
                let other = TABLES[self.pick(3)];
                let other = self.quoted(other);
                format!("CREATE TABLE made (users INT REFERENCES {other}(id), items TEXT DEFAULT 'users')")
            }
            1 => format!("CREATE INDEX users_items ON {} (name, id)", name.trim_start_matches("main.")),
            2 => format!("CREATE VIEW made AS {}", self.select(true)),
            3 => {
                let verb = self.one(&["INSERT", "DELETE", "UPDATE OF name"]);
                let select = self.select(true);
                let column = COLUMNS[table][1];
                let plain = self.quoted(&own);
                format!(
                    "CREATE TRIGGER made AFTER {verb} ON {} BEGIN UPDATE {plain} SET {column} = ({select} LIMIT 1) WHERE {own}.id = 1; \
                     DELETE FROM teams WHERE teams.users = 9; END",
                    name.trim_start_matches("main.")
                )
            }
            _ => format!("ALTER TABLE {name} ADD COLUMN users_items TEXT"),
        }
    }
}

fn rewritten(sql: &str) -> String {
    let source = Source::new("x.sql", sql.as_bytes().to_vec());
    let uses: Vec<_> = statements(sql).into_iter().flat_map(|statement| statement.uses).collect();
    let changes: Vec<Change<'_>> = uses
        .iter()
        .filter_map(|found| {
            let (_, to) = RENAMED.iter().find(|(from, _)| found.table.eq_ignore_ascii_case(from))?;
            Some(Change::RenameTable { at: Span::new(found.span.start, found.span.end), from: &found.table, to })
        })
        .collect();
    let edits: Vec<_> = write(&source, Language::Sql, &changes).into_iter().flat_map(Result::unwrap).collect();
    apply(sql, &edits).unwrap()
}

fn database() -> Connection {
    let connection = Connection::open_in_memory().unwrap();
    connection.execute_batch(SCHEMA).unwrap();
    connection
}

fn rename(connection: &Connection) {
    for (from, to) in RENAMED {
        connection.execute_batch(&format!("ALTER TABLE \"{from}\" RENAME TO \"{to}\"")).unwrap();
    }
}

/// Every row, or the error.
fn run(connection: &Connection, sql: &str) -> Result<Vec<String>, String> {
    let mut statement = connection.prepare(sql).map_err(|error| error.to_string())?;
    let columns = statement.column_count();
    let mut rows = statement.query([]).map_err(|error| error.to_string())?;
    let mut found = Vec::new();
    while let Some(row) = rows.next().map_err(|error| error.to_string())? {
        let shown = (0..columns).map(|at| match row.get_ref(at).unwrap() {
            ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned(),
            other => format!("{other:?}"),
        });
        found.push(shown.collect::<Vec<_>>().join("|"));
    }
    found.sort();
    Ok(found)
}

/// What the database holds, with its old names.
fn contents(connection: &Connection, renamed: bool) -> Vec<Vec<String>> {
    ["users", "items", "teams", "docs"]
        .iter()
        .map(|table| {
            let name = RENAMED.iter().find(|(from, _)| renamed && from == table).map_or(*table, |(_, to)| to);
            run(connection, &format!("SELECT * FROM \"{name}\"")).unwrap()
        })
        .collect()
}

/// The schema's objects, without the quotes that SQLite puts around new names.
fn schema(connection: &Connection) -> Vec<String> {
    let found = run(connection, "SELECT type, name, tbl_name, sql FROM sqlite_master").unwrap();
    found.into_iter().map(|row| row.replace(['"', '[', ']', '`', '\\'], "").to_ascii_lowercase()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_statement_does_the_same_under_new_names(choices in proptest::collection::vec(any::<u16>(), 80)) {
        let mut grammar = Grammar { choices, at: 0, visible: Vec::new(), depth: 0 };
        let sql = grammar.statement();
        let (before, after) = (database(), database());
        rename(&after);
        let expected = run(&before, &sql);
        let compiles = |error: &String| !["no such", "ambiguous", "near"].iter().any(|word| error.contains(word));
        prop_assume!(expected.as_ref().err().is_none_or(compiles));
        let new = rewritten(&sql);
        let found = run(&after, &new);
        prop_assert_eq!(found.is_ok(), expected.is_ok(), "{}\n{}\n{:?} {:?}", sql, new, expected, found);
        // What a catalogue says of the tables are the names themselves.
        if let (Ok(expected), Ok(found)) = (&expected, &found)
            && !sql.contains("foreign_key_list")
        {
            prop_assert_eq!(found, expected, "{}\n{}", sql, new);
        }
        prop_assert_eq!(contents(&after, true), contents(&before, false), "{}\n{}", sql, new);
    }

    #[test]
    fn a_definition_makes_what_sqlite_would_have_renamed(choices in proptest::collection::vec(any::<u16>(), 80)) {
        let mut grammar = Grammar { choices, at: 0, visible: Vec::new(), depth: 0 };
        let sql = grammar.definition();
        let (before, after) = (database(), database());
        prop_assume!(before.execute_batch(&sql).is_ok());
        // A view or trigger that SQLite cannot read afterwards was never good.
        let renamed = RENAMED.iter().try_for_each(|(from, to)| {
            before.execute_batch(&format!("ALTER TABLE \"{from}\" RENAME TO \"{to}\""))
        });
        prop_assume!(renamed.is_ok());
        rename(&after);
        let new = rewritten(&sql);
        let done = after.execute_batch(&new);
        prop_assert!(done.is_ok(), "{sql}\n{new}\n{done:?}");
        prop_assert_eq!(schema(&after), schema(&before), "{}\n{}", sql, new);
    }
}
