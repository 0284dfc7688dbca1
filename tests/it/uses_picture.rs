//! Who reads and writes which table, as a picture: on the page of `scan`, and on that of a migration.

use std::fs;

use serde_json::Value;

use crate::browser::browse;
use crate::consolidation::last_run;
use crate::sandbox::Sandbox;
use crate::schemas::assert_valid;

const CODE: &str = "import sqlite3


def login(name):
    return sqlite3.connect('data/auth.db').execute('SELECT id FROM users WHERE name = ?', (name,)).fetchone()


def invite(name):
    sqlite3.connect('data/auth.db').execute('INSERT INTO users(name) VALUES (?)', (name,))


def register(name):
    conn = sqlite3.connect('data/app.db')
    conn.execute('INSERT INTO users(name) VALUES (?)', (name,))
    return conn.execute('SELECT count(*) FROM users').fetchone()
";

fn project() -> Sandbox {
    let users = "CREATE TABLE users(id INTEGER PRIMARY KEY, name TEXT UNIQUE);";
    Sandbox::new()
        .file(
            "dbguard.toml",
            "[primary]\npath = \"data/app.db\"\nenv = \"DATABASE_PATH\"\n[[retired]]\npath = \"data/auth.db\"\n",
        )
        .file("people.py", CODE)
        .file("test_people.py", CODE)
        .database("data/app.db", &format!("{users} INSERT INTO users VALUES (1, 'ann')"))
        .database("data/auth.db", &format!("{users} INSERT INTO users VALUES (1, 'ann'), (2, 'bob')"))
}

const USES: [&str; 3] = [
    "invite in people.py writes users",
    "login in people.py reads users",
    "register in people.py reads and writes users",
];

fn assert_drawn(page: &str) {
    for (width, dark) in [(390, true), (1200, false)] {
        let seen = browse(page, width, dark);
        assert_eq!((&seen["overflow"], &seen["unnamed"]), (&0.into(), &0.into()), "{seen:#}");
        assert!(seen["smallest"].as_f64().unwrap() > 10.0, "letters are too small to read: {seen:#}");
        let mut uses: Vec<&str> = seen["uses"].as_array().unwrap().iter().map(|it| it.as_str().unwrap()).collect();
        uses.sort_unstable();
        assert_eq!(uses, USES, "{seen:#}");
        let mut split: Vec<&str> = seen["split"].as_array().unwrap().iter().map(|it| it.as_str().unwrap()).collect();
        split.sort_unstable();
        assert_eq!(split, ["users, also written in data/app.db", "users, also written in data/auth.db"], "{seen:#}");
    }
}

#[test]
fn a_scan_draws_who_reads_and_writes_what() {
    let sandbox = project();
    let run = sandbox.run(&["scan", "--output", "html=page.html"]);
    assert_eq!(run.code, 0, "{run:?}");
    let page = fs::read_to_string(sandbox.path().join("page.html")).unwrap();
    for foreign in ["<script", "http:", "https:", "src=", "@import"] {
        assert!(!page.contains(foreign), "the page holds {foreign}");
    }
    assert_drawn(&page);
}

#[test]
fn a_migration_draws_who_read_and_wrote_what_before_it() {
    let sandbox = project();
    assert_eq!(sandbox.run(&["migrate", "plan"]).code, 0);
    let applied = sandbox.migrate(&["apply", "--yes"]);
    assert_eq!(applied.code, 0, "{applied:?}");
    let folder = last_run(&sandbox);
    let report: Value = serde_json::from_slice(&fs::read(folder.join("report.json")).unwrap()).unwrap();
    assert_valid("docs/schema/migration-v1.schema.json", &report);
    let uses = report["uses"].as_array().unwrap();
    assert_eq!(uses.len(), 3, "tests are left out: {uses:#?}");
    assert_eq!(uses[0]["database"], "data/app.db");
    assert_drawn(&fs::read_to_string(folder.join("report.html")).unwrap());
}
