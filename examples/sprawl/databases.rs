//! The SQLite files of the application, and what is true of them.

use std::fs;
use std::path::Path;

use rusqlite::Connection;

use super::truth::{Compared, Database, Duplicate};

type Failure = Box<dyn std::error::Error + Send + Sync>;

const BASE: &str = include_str!("databases.sql");

/// Rows of the tables of the default size.
const ROWS: [(&str, &[(&str, u64)]); 19] = [
    ("data/auth.db", &[("sessions", 2), ("users", 2)]),
    ("data/calendar.db", &[("events", 2)]),
    ("data/developer_tasks.db", &[("task_executions", 3), ("tasks", 2), ("users", 2)]),
    ("data/devices.db", &[("changes", 1), ("devices", 3), ("rooms", 2)]),
    ("data/energy.db", &[("readings", 500)]),
    ("data/ideas.db", &[("ideas", 2)]),
    ("data/journal.db", &[("entries", 1), ("entries_fts", 1)]),
    ("data/lists.db", &[("list_items", 3)]),
    ("data/memory.db", &[("facts", 3), ("facts_fts", 3), ("people", 4)]),
    ("data/metrics.db", &[("samples", 200)]),
    ("data/music.db", &[("tracks", 3)]),
    ("data/notifications.db", &[("notifications", 3), ("system_state", 1)]),
    ("data/presence.db", &[]),
    ("data/recipes.db", &[("recipes", 2)]),
    ("data/sessions.db", &[("sessions", 3)]),
    ("data/voice.db", &[]),
    ("data/weather.db", &[("forecasts", 60)]),
    ("data/zoe.db", &[("audit_log", 4), ("notifications", 2), ("people", 3), ("tasks", 4), ("users", 4)]),
    ("homeassistant/home-assistant_v2.db", &[("schema_changes", 1), ("states", 2)]),
];

/// Rows of each database beyond the default size.
const EXTRA_ROWS: u64 = 3;

pub fn truth(extra: &[(String, String)]) -> Vec<Database> {
    let mut all: Vec<Database> = ROWS
        .iter()
        .map(|(path, tables)| Database {
            path: (*path).to_owned(),
            tables: tables.iter().map(|(table, rows)| ((*table).to_owned(), *rows)).collect(),
            zero_bytes: *path == "data/presence.db",
            wal: *path == "data/memory.db",
        })
        .chain(extra.iter().map(|(path, table)| Database {
            path: path.clone(),
            tables: vec![(table.clone(), EXTRA_ROWS)],
            zero_bytes: false,
            wal: false,
        }))
        .collect();
    all.sort_by(|left, right| left.path.cmp(&right.path));
    all
}

/// The tables that stand in several databases; people and users are known again by name.
pub fn duplicates() -> Vec<Duplicate> {
    type Side = (&'static str, u64, &'static [&'static str]);
    let of = |table: &str, sides: &[Side], compared: &[Option<(u64, u64)>]| Duplicate {
        table: table.to_owned(),
        sides: sides
            .iter()
            .map(|(database, rows, columns)| {
                ((*database).to_owned(), *rows, columns.iter().map(|&column| column.to_owned()).collect())
            })
            .collect(),
        compared: compared.iter().map(|side| side.map(|(lacks, alone)| Compared { lacks, alone })).collect(),
    };
    vec![
        of(
            "notifications",
            &[
                ("data/notifications.db", 3, &["id", "title", "value", "owner", "body", "user_id", "read"]),
                ("data/zoe.db", 2, &["id", "kind", "payload", "sent_at"]),
            ],
            &[None],
        ),
        of(
            "people",
            &[
                ("data/memory.db", 4, &["id", "name", "relation"]),
                ("data/zoe.db", 3, &["id", "name", "birthday", "user_id"]),
            ],
            &[Some((2, 1))],
        ),
        of(
            "sessions",
            &[
                ("data/sessions.db", 3, &["session_id", "user_id", "data", "expires_at"]),
                ("data/auth.db", 2, &["token", "user_id", "created_at"]),
            ],
            &[None],
        ),
        of(
            "tasks",
            &[
                ("data/zoe.db", 4, &["id", "title", "due", "done", "assigned_to"]),
                ("data/developer_tasks.db", 2, &["task_id", "title", "owner", "state"]),
            ],
            &[None],
        ),
        of(
            "users",
            &[
                ("data/zoe.db", 4, &["id", "username", "email", "password_hash", "role", "created_at"]),
                ("data/auth.db", 2, &["id", "username", "password_hash", "last_login"]),
                ("data/developer_tasks.db", 2, &["user_id", "username", "email", "is_admin"]),
            ],
            &[Some((2, 0)), Some((3, 1))],
        ),
    ]
}

/// Writes every database below `root`.
pub fn create(root: &Path, extra: &[(String, String)]) -> Result<(), Failure> {
    for part in BASE.split("=== ").skip(1) {
        let Some((head, sql)) = part.split_once('\n') else { continue };
        let (path, kind) = head.split_once(' ').unwrap_or((head, ""));
        let file = root.join(path);
        if let Some(folder) = file.parent() {
            fs::create_dir_all(folder)?;
        }
        match kind {
            "zero-bytes" => fs::write(&file, b"")?,
            "wal" => with_unflushed_log(&file, sql)?,
            _ => plain(&file, sql)?,
        }
    }
    for (path, table) in extra {
        let sql = format!(
            "CREATE TABLE {table} (id INTEGER PRIMARY KEY, title TEXT NOT NULL, value TEXT, owner INTEGER);
             INSERT INTO {table} (title, owner) VALUES ('one', 1), ('two', 2), ('three', NULL);"
        );
        plain(&root.join(path), &sql)?;
    }
    Ok(())
}

fn plain(file: &Path, sql: &str) -> Result<(), Failure> {
    let connection = Connection::open(file)?;
    connection.execute_batch("PRAGMA synchronous = OFF; PRAGMA foreign_keys = OFF; PRAGMA user_version = 1;")?;
    connection.execute_batch(&format!("BEGIN; {sql} COMMIT;"))?;
    Ok(())
}

/// Leaves the rows below `--- unflushed` in the `-wal` only, as a process does that was killed.
fn with_unflushed_log(file: &Path, sql: &str) -> Result<(), Failure> {
    let (flushed, unflushed) = sql.split_once("--- unflushed").unwrap_or((sql, ""));
    let making = file.with_extension("making");
    plain(&making, flushed)?;
    let connection = Connection::open(&making)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "wal_autocheckpoint", 0)?;
    connection.execute_batch(unflushed)?;
    let beside = |path: &Path, ending: &str| {
        let mut name = path.as_os_str().to_owned();
        name.push(ending);
        name
    };
    fs::copy(&making, file)?;
    fs::copy(beside(&making, "-wal"), beside(file, "-wal"))?;
    drop(connection);
    fs::remove_file(&making)?;
    for ending in ["-wal", "-shm"] {
        let _ = fs::remove_file(beside(&making, ending));
    }
    Ok(())
}
