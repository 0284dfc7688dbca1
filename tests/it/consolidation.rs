//! A small project with three databases and a plan, for the tests of `dbguard migrate`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::sandbox::{Run, Sandbox};

pub(crate) const PLAN: &str = r#"version = 1
[target]
path = "data/zoe.db"
base = "zoe"
[[source]]
id = "zoe"
path = "data/zoe.db"
[[source]]
id = "auth"
path = "data/auth.db"
[[source]]
id = "notes"
path = "data/notes.db"
"#;

/// `zoe.db` is the target, `auth.db` and `notes.db` move into it.
pub(crate) fn project(mode: &str) -> Sandbox {
    let rows = |table: &str, count: u32| {
        format!(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count}) \
             INSERT INTO {table} (word) SELECT '{table} ' || i FROM n;"
        )
    };
    let table = |table: &str, count: u32| {
        format!(
            "PRAGMA journal_mode={mode}; CREATE TABLE {table} (id INTEGER PRIMARY KEY AUTOINCREMENT, word TEXT UNIQUE); {}",
            rows(table, count)
        )
    };
    Sandbox::new()
        .database("data/zoe.db", &format!("{} CREATE VIEW everybody AS SELECT word FROM users;", table("users", 300)))
        .database(
            "data/auth.db",
            &format!(
                "{} CREATE TABLE logins (id INTEGER PRIMARY KEY, session INTEGER REFERENCES sessions(id)); \
                 INSERT INTO logins (session) SELECT id FROM sessions;",
                table("sessions", 300)
            ),
        )
        .database("data/notes.db", &table("notes", 30))
        .file("migration.toml", PLAN)
}

/// What `sqlite3 .dump` says of a database; empty for one that is not there.
pub(crate) fn dump(path: &Path) -> String {
    if !path.exists() {
        return String::new();
    }
    let run = Command::new("sqlite3").arg(path).args([".timeout 5000", ".dump"]).output().unwrap();
    let said = String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success() && said.is_empty(), "{}: {said}", path.display());
    String::from_utf8_lossy(&run.stdout).into_owned()
}

/// The dump of each database of the project.
pub(crate) fn dumps(sandbox: &Sandbox) -> BTreeMap<String, String> {
    ["data/zoe.db", "data/auth.db", "data/notes.db"]
        .iter()
        .map(|path| ((*path).to_owned(), dump(&sandbox.path().join(path))))
        .collect()
}

/// Runs SQL in another process.
pub(crate) fn sql(path: impl AsRef<Path>, sql: &str) -> String {
    let run = Command::new("sqlite3").arg(path.as_ref()).args([".timeout 5000", sql]).output().unwrap();
    let said = [run.stdout, run.stderr].concat();
    String::from_utf8_lossy(&said).trim().to_owned()
}

/// The folder of the last run.
pub(crate) fn last_run(sandbox: &Sandbox) -> PathBuf {
    let mut runs: Vec<PathBuf> =
        fs::read_dir(sandbox.path().join(".dbguard/runs")).unwrap().map(|entry| entry.unwrap().path()).collect();
    runs.sort();
    runs.pop().unwrap()
}

impl Sandbox {
    pub(crate) fn migrate(&self, arguments: &[&str]) -> Run {
        self.run(&[&["migrate"], arguments].concat())
    }
}
