//! Proposals for small databases of every kind of clash, as the plan they write.

use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use super::*;
use crate::migrate::plan::{self, Strategy};
use crate::text::Source;

/// One database for each `(path, role, sql)`; no statements make an empty file.
fn candidates(folder: &Path, databases: &[(&str, Role, &str)]) -> Vec<Candidate> {
    let candidate = |&(path, role, sql): &(&str, Role, &str)| {
        let absolute = folder.join(path);
        std::fs::create_dir_all(absolute.parent().unwrap()).unwrap();
        let connection = Connection::open_with_flags(&absolute, OpenFlags::default()).unwrap();
        connection.execute_batch(sql).unwrap();
        drop(connection);
        let (state, schema) = db::read(&absolute);
        Candidate { path: path.to_owned(), absolute, role, state, schema, tables: Vec::new(), why: None }
    };
    databases.iter().map(candidate).collect()
}

fn proposal(databases: &[(&str, Role, &str)], previous: Option<&Plan>) -> Proposal {
    let folder = tempfile::tempdir().unwrap();
    let candidates = candidates(folder.path(), databases);
    propose(&Wish { target: "app.db", candidates: &candidates, renames: &[], previous }).unwrap()
}

/// The blocks that decide on tables and references, without their remarks.
fn decisions(proposal: &Proposal) -> String {
    let text = plan::write(&proposal.plan, &[]);
    let from = text.find("[[table]]").or_else(|| text.find("[[ref]]")).unwrap_or(text.len());
    let to = text.find("[after]").unwrap_or(text.len());
    text[from.min(to)..to].trim_end().to_owned()
}

#[test]
fn the_rows_decide_what_becomes_of_a_table() {
    let users = "CREATE TABLE users(id INTEGER PRIMARY KEY, username TEXT UNIQUE, mail TEXT);";
    for (what, one, two, expected) in [
        (
            "A2: the same person under another number",
            format!("{users} INSERT INTO users VALUES (1,'ann','a'),(2,'bob','b')"),
            format!("{users} INSERT INTO users VALUES (1,'bob','b'),(2,'cid','c')"),
            "[[table]]\nname = \"users\"\nfrom = [\"app\", \"auth\"]\nmatch-on = [\"username\"]\nrekey = \"offset\"",
        ),
        (
            "the same person with other values is for a human",
            format!("{users} INSERT INTO users VALUES (1,'ann','a')"),
            format!("{users} INSERT INTO users VALUES (1,'ann','other')"),
            "[[table]]\nname = \"users\"\nfrom = [\"app\", \"auth\"]\nmatch-on = [\"username\"]\nstrategy = \"?\"\nrekey = \"offset\"",
        ),
        (
            "A1: the same numbers for other rows",
            "CREATE TABLE log(id INTEGER PRIMARY KEY, line TEXT); INSERT INTO log VALUES (1,'x'),(2,'y')".to_owned(),
            "CREATE TABLE log(id INTEGER PRIMARY KEY, line TEXT); INSERT INTO log VALUES (1,'z')".to_owned(),
            "[[table]]\nname = \"log\"\nfrom = [\"app\", \"auth\"]\nrekey = \"offset\"",
        ),
        (
            "A3: another meaning under the same name",
            "CREATE TABLE runs(id INTEGER PRIMARY KEY, host TEXT, load REAL)".to_owned(),
            "CREATE TABLE runs(id INTEGER PRIMARY KEY, shoe TEXT, km REAL); INSERT INTO runs VALUES (1,'a',2)".to_owned(),
            "[[table]]\nname = \"runs\"\nfrom = [\"auth\"]\nrename-to = \"runs_auth\"",
        ),
        (
            "A4: a column that may not be NULL and is not there",
            "CREATE TABLE t(k TEXT PRIMARY KEY, a TEXT NOT NULL, b TEXT); INSERT INTO t VALUES ('x','1','2')".to_owned(),
            "CREATE TABLE t(k TEXT PRIMARY KEY, b TEXT); INSERT INTO t VALUES ('y','2')".to_owned(),
            "[[table]]\nname = \"t\"\nfrom = [\"app\", \"auth\"]\nmatch-on = [\"k\"]\nfill = { a = \"?\" }",
        ),
        (
            "A10: a reference that nobody declared",
            format!("{users} INSERT INTO users VALUES (7,'ann','a')"),
            "CREATE TABLE notes(id INTEGER PRIMARY KEY, user_id INTEGER, body TEXT); INSERT INTO notes VALUES (1,7,'x')".to_owned(),
            "[[ref]]\ncolumn = \"notes.user_id\"\nto = \"users.id\"",
        ),
        ("tables of one source alone need no block", users.to_owned(), "CREATE TABLE x(a); INSERT INTO x VALUES (1)".to_owned(), ""),
    ] {
        let found = proposal(&[("app.db", Role::Target, &one), ("auth.db", Role::Merge, &two)], None);
        assert_eq!(decisions(&found), expected, "{what}");
        assert_eq!(found.conflicts.len(), found.plan.open_choices().len(), "{what}");
    }
}

#[test]
fn each_database_gets_its_fate() {
    let rows = "CREATE TABLE t(a); INSERT INTO t VALUES (1)";
    let found = proposal(
        &[
            ("app.db", Role::Target, "CREATE TABLE app(a); INSERT INTO app VALUES (1)"),
            ("x/memory.db", Role::Merge, rows),
            ("y/memory.db", Role::Merge, rows),
            ("void.db", Role::Merge, ""),
            ("rag.db", Role::Keep, "CREATE TABLE e(a)"),
            ("other.db", Role::External, "CREATE TABLE e(a)"),
            ("who.db", Role::Undecided, "CREATE TABLE w(a); INSERT INTO w VALUES (1)"),
        ],
        None,
    );
    let fates: Vec<String> = found.plan.sources.iter().map(|it| format!("{} {:?}", it.id, it.action)).collect();
    assert_eq!(
        fates,
        [
            "app Made(Merge)",
            "memory Made(Merge)",
            "y-memory Made(Archive)",
            "void Made(DeleteEmpty)",
            "rag Made(Keep)",
            "other Made(External)",
            "who Open",
        ]
    );
    assert_eq!(found.plan.target.base.as_deref(), Some("app"));
    assert_eq!(found.plan.source("y-memory").unwrap().why.as_deref(), Some("a copy of x/memory.db, row for row"));
}

#[test]
fn what_was_decided_stays_when_the_plan_is_made_again() {
    let users = "CREATE TABLE users(id INTEGER PRIMARY KEY, username TEXT UNIQUE, mail TEXT);";
    let one = format!("{users} INSERT INTO users VALUES (1,'ann','a')");
    let two = format!("{users} INSERT INTO users VALUES (1,'ann','other')");
    let databases = [("app.db", Role::Target, one.as_str()), ("auth.db", Role::Merge, two.as_str())];
    let first = proposal(&databases, None);
    assert_eq!(first.conflicts.len(), 1);
    let decided = plan::write(&first.plan, &first.remarks)
        .replace("strategy = \"?\"", "strategy = \"prefer\"\nprefer = [\"auth\"]\nwhy = \"auth is right\"")
        .replace("keep-days = 30", "keep-days = 7");
    let decided = plan::read(&Source::new("migration.toml", decided.into_bytes())).unwrap();
    let again = proposal(&databases, Some(&decided));
    assert!(again.conflicts.is_empty(), "{:?}", again.conflicts);
    assert_eq!(again.plan, decided);
    assert_eq!(again.plan.strategy(&again.plan.tables[0]), Choice::Made(Strategy::Prefer));
}
