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

/// The variables of each reference, by file.
fn variables(report: &serde_json::Value) -> Vec<(String, Vec<String>)> {
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let references = report["references"].as_array().into_iter().flatten();
    references.map(|it| (text(&it["file"]), it["env"].as_array().into_iter().flatten().map(text).collect())).collect()
}

#[test]
fn a_variable_that_is_set_is_told_first_and_a_framework_s_setting_is_none() {
    let report = Sandbox::new()
        .file("a.sh", "DATABASE_URL=\"postgresql://u:${PASSWORD}@h/db\" serve\n")
        .file("b.cfg", "DATABASE = \"/tmp/flaskr.db\"\n")
        .file("c.py", "app.config[\"DATABASE\"] = \"x.db\"\n")
        .file("d.env", "DB_PATH=y.db\n")
        .scan();
    let told = variables(&report);
    let told: Vec<(&str, Vec<&str>)> =
        told.iter().map(|(file, env)| (file.as_str(), env.iter().map(String::as_str).collect())).collect();
    assert_eq!(
        told,
        [("a.sh", vec!["DATABASE_URL", "PASSWORD"]), ("b.cfg", vec![]), ("c.py", vec![]), ("d.env", vec!["DB_PATH"]),]
    );
}
