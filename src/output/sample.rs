//! A small inventory made by hand, so that the formats are tested without reading a tree.

use std::path::PathBuf;
use std::sync::Arc;

use crate::db::{DatabaseFile, Schema, State, Table, TableKind};
use crate::finding::{Finding, Label, Remedy, Severity};
use crate::lang::{Confidence, Engine, Language, Part, Reference, Role, Value};
use crate::policy::{Places, Policy, Primary, Retired, Written};
use crate::scan::{Context, Database, DatabaseId, Duplicate, Inventory, Linked, Side, Tracking};
use crate::text::{Place, Source, Span};
use crate::tree::Skipped;

pub(super) fn inventory() -> Inventory {
    let zoe = DatabaseId(1);
    let auth = DatabaseId(0);
    let gone = DatabaseId(2);
    Inventory {
        root: PathBuf::from("/home/me/zoe"),
        databases: vec![
            database("data/auth.db", Some(("users", 2))),
            database("/home/me/zoe/data/zoe.db", Some(("users", 4))),
            database("old.db", None),
            database("data/spare.db", Some(("notes", 7))),
            Database { temporary: true, ..database(":memory:", None) },
        ],
        references: vec![
            reference(
                "services/auth.py",
                3,
                Role::Opens,
                Value::env("DATABASE_PATH", Some(Value::text("data/auth.db"))),
                &[auth],
            ),
            reference("services/auth.py", 9, Role::Opens, Value::unknown("path"), &[]),
            reference("services/old.py", 1, Role::Binds, Value::text("old.db"), &[gone]),
            reference("services/users.py", 1, Role::Opens, Value::text("data/zoe.db"), &[zoe]),
            reference("services/users.py", 2, Role::Opens, Value::text("data/zoe.db"), &[zoe, auth]),
            reference("tests/t\u{1b}[31m.py", 1, Role::Opens, Value::text(":memory:"), &[DatabaseId(4)]),
        ],
        duplicates: vec![Duplicate {
            table: "users".to_owned(),
            sides: vec![side(zoe, 4, None), side(auth, 2, Some(0))],
            matched_on: vec!["username".to_owned()],
            drifted: true,
        }],
        skipped: vec![
            Skipped { path: "big.sql".to_owned(), reason: "209 MB: larger than 16 MB".to_owned(), by_design: false },
            Skipped { path: ".venv".to_owned(), reason: "a virtual environment".to_owned(), by_design: true },
        ],
        ..Inventory::default()
    }
}

pub(super) fn policy() -> Policy {
    let written = |value: &str| Written { value: value.to_owned(), place: Place::whole(Arc::from("dbguard.toml")) };
    Policy {
        file: Some("dbguard.toml".to_owned()),
        primary: Some(Primary {
            path: written("data/zoe.db"),
            env: written("DATABASE_PATH"),
            aliases: Vec::new(),
            engine: Engine::Sqlite,
            engine_at: None,
            url_env: None,
        }),
        retired: vec![Retired { path: written("auth.db"), tables: Vec::new(), why: None }],
        places: Places::default(),
        ..Policy::default()
    }
}

fn database(path: &str, table: Option<(&str, u64)>) -> Database {
    let name = path.rsplit('/').next().unwrap_or(path).to_owned();
    Database {
        name,
        path: path.to_owned(),
        engine: Engine::Sqlite,
        spellings: Vec::new(),
        file: table.map(|(table, rows)| DatabaseFile {
            path: path.to_owned(),
            absolute: PathBuf::from("/home/me/zoe").join(path),
            blob: None,
            size: 8192,
            state: State::Readable,
            schema: Some(Schema { tables: vec![self::table(table, rows)], ..Schema::default() }),
            sidecars: Vec::new(),
        }),
        tracking: Tracking::default(),
        temporary: false,
        is_pattern: false,
    }
}

fn table(name: &str, rows: u64) -> Table {
    Table {
        name: name.to_owned(),
        kind: TableKind::Ordinary,
        columns: Vec::new(),
        foreign_keys: Vec::new(),
        indexes: Vec::new(),
        without_rowid: false,
        strict: false,
        rows: Some(rows),
        sql: String::new(),
    }
}

fn side(database: DatabaseId, rows: u64, missing_in_first: Option<u64>) -> Side {
    // The first side holds four rows; what is not shared is missing there.
    let lacks_of_first = missing_in_first.map(|missing| 4_u64.saturating_sub(rows.saturating_sub(missing)));
    Side { database, rows, columns: vec!["id".to_owned()], missing_in_first, lacks_of_first }
}

fn reference(file: &str, line: usize, role: Role, value: Value, databases: &[DatabaseId]) -> Linked<Reference> {
    let source = Source::new(file, "\n".repeat(line - 1).into_bytes());
    let known = !value.parts.iter().any(|part| matches!(part, Part::Unknown(_)));
    Linked {
        fact: Reference {
            place: source.place(Span::new(line - 1, line - 1)),
            role,
            values: [value].into(),
            construct: "sqlite3.connect".into(),
            language: Language::Python,
            confidence: if known { Confidence::High } else { Confidence::Low },
            name: None,
            symbol: None,
            generated: false,
        },
        databases: databases.into(),
        context: if file.starts_with("tests/") { Context::Test } else { Context::Code },
    }
}

const CODE: &str = "import sqlite3\n\nAUTH_DB = 'data/auth.db'\n\ndef login():\n    return sqlite3.connect(AUTH_DB)\n";
const POLICY: &str = "[primary]\npath = \"data/zoe.db\"\n\n[[retired]]\npath = \"auth.db\"\n";

pub(super) fn source(file: &str) -> Option<Source> {
    let text = match file {
        "services/auth.py" => CODE,
        "dbguard.toml" => POLICY,
        _ => return None,
    };
    Some(Source::new(file, text.as_bytes().to_vec()))
}

/// Where the words stand first.
pub(super) fn place(source: &Source, words: &str) -> Place {
    let at = source.text.find(words).unwrap();
    source.place(Span::new(at, at + words.len()))
}

pub(super) fn findings() -> Vec<Finding> {
    let code = source("services/auth.py").unwrap();
    let policy = source("dbguard.toml").unwrap();
    vec![
        Finding {
            rule: "hardcoded-path".to_owned(),
            severity: Severity::Error,
            place: place(&code, "'data/auth.db'"),
            message: "the path `data/auth.db` is written into the code".into(),
            help: Some("read it from `DATABASE_PATH`".into()),
            labels: vec![
                Label { place: place(&code, "AUTH_DB)"), text: "opened here".into() },
                Label { place: place(&policy, "\"auth.db\""), text: "retired here".into() },
            ],
            database: Some("data/auth.db".into()),
            table: None,
            remedy: Some(Remedy::UseEnvironment { env: "DATABASE_PATH".to_owned(), default: "data/zoe.db".to_owned() }),
        },
        Finding {
            rule: "dead-database".to_owned(),
            severity: Severity::Warning,
            place: Place::whole(Arc::from("data/a\nb.db")),
            message: "nobody refers to `a\nb.db`".into(),
            help: None,
            labels: Vec::new(),
            database: None,
            table: None,
            remedy: None,
        },
    ]
}
