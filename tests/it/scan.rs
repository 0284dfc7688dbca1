//! `dbguard scan` on small projects.

use crate::sandbox::Sandbox;

#[test]
fn an_empty_folder_holds_nothing() {
    let report = Sandbox::new().scan();
    assert_eq!(report["version"], 1);
    assert_eq!(report["databases"].as_array().map(Vec::len), Some(0));
}

#[test]
fn a_command_line_that_is_wrong_is_a_usage_error() {
    let run = Sandbox::new().run(&["scan", "--no-such-option"]);
    assert_eq!(run.code, 2);
    assert!(run.stdout.is_empty(), "{run:?}");
    assert!(run.stderr.contains("--no-such-option"), "{run:?}");
}

#[test]
fn a_scan_changes_nothing() {
    let sandbox = Sandbox::new()
        .git(&["init", "-q"])
        .folder("empty")
        .file("app.py", "import sqlite3\nsqlite3.connect('data/zoe.db')\n")
        .database("data/zoe.db", "PRAGMA journal_mode = WAL; CREATE TABLE users (id INTEGER PRIMARY KEY)")
        .git(&["add", "app.py"]);
    let before = sandbox.digest();
    sandbox.scan();
    assert_eq!(sandbox.digest(), before);
}
