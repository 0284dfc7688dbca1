//! A table renamed in data and code, with a view under the old name for what cannot be changed yet, until the last use is gone.

use crate::consolidation::{dump, sql};
use crate::migrate_joined::{python, read};
use crate::sandbox::Sandbox;

const POLICY: &str = "[primary]\npath = \"app.db\"\nenv = \"DATABASE_PATH\"\n\n[rules]\nhardcoded-path = \"off\"\ncwd-relative-path = \"off\"\n";

const PLAN: &str = "version = 1\n[target]\npath = \"app.db\"\nbase = \"app\"\n[[source]]\nid = \"app\"\npath = \"app.db\"\n\
                    [[rename]]\nfrom = \"notes\"\nto = \"memos\"\ncompat = \"view\"\n";

/// One place that is rewritten, and one whose name goes elsewhere as well, so that nobody can rewrite it.
const STORE: &str = "\
import sqlite3


def add(word):
    with sqlite3.connect(\"app.db\") as conn:
        conn.execute(\"INSERT INTO notes(word) VALUES (?)\", (word,))


def count():
    conn = sqlite3.connect(\"app.db\")
    totals = {}
    for table in [\"notes\"]:
        totals[table] = conn.execute(f\"SELECT count(*) FROM {table}\").fetchone()[0]
    return totals
";

fn renamed() -> Sandbox {
    Sandbox::new().file("dbguard.toml", POLICY).file("migration.toml", PLAN).file("store.py", STORE).database(
        "app.db",
        "CREATE TABLE notes(id INTEGER PRIMARY KEY, word TEXT); INSERT INTO notes(word) VALUES ('a')",
    )
}

fn checked(sandbox: &Sandbox) -> (i32, String) {
    let run = sandbox.run(&["check", "--output-format", "concise"]);
    (run.code, run.stdout)
}

#[test]
fn a_view_serves_what_cannot_be_changed_until_the_last_use_is_gone() {
    let sandbox = renamed();
    let applied = sandbox.migrate(&["apply", "--yes"]);
    assert_eq!(applied.code, 0, "{applied:?}");
    assert!(
        applied.stdout.contains("1 place goes on under an old name, through a view:\n  store.py:12: "),
        "{applied:?}"
    );
    let code = read(&sandbox, "store.py");
    assert!(code.contains("INSERT INTO memos(word)") && code.contains("[\"notes\"]"), "{code}");
    let target = sandbox.path().join("app.db");
    assert_eq!(
        sql(&target, "SELECT type, name FROM sqlite_schema WHERE name IN ('notes', 'memos') ORDER BY 2"),
        "table|memos\nview|notes"
    );
    // Both halves of the code run, the one of them through the view.
    assert_eq!(python(&sandbox, "import store; store.add('b'); print(store.count())"), "{'notes': 2}\n");

    let (code, told) = checked(&sandbox);
    assert_eq!(code, 1);
    assert_eq!(told.matches("retired-table").count(), 1, "{told}");
    assert!(told.contains("store.py:12:20") && !told.contains("needless-view"), "{told}");
    let stays = sandbox.migrate(&["cleanup", "--views", "--yes"]);
    assert!(stays.stdout.contains("The view notes stays: 1 place of the code names it"), "{stays:?}");

    // The last use goes: now it is the view that is told of.
    let mended = read(&sandbox, "store.py").replace("[\"notes\"]", "[\"memos\"]");
    let sandbox = sandbox.file("store.py", mended);
    let (code, told) = checked(&sandbox);
    assert_eq!(code, 1);
    assert!(told.contains("needless-view") && !told.contains("retired-table"), "{told}");
    let gone = sandbox.migrate(&["cleanup", "--views", "--yes"]);
    assert_eq!(gone.code, 0, "{gone:?}");
    assert!(gone.stdout.contains("Took away the view notes"), "{gone:?}");
    assert_eq!(sql(&target, "SELECT name FROM sqlite_schema WHERE name LIKE '%notes%'"), "");
    assert_eq!(python(&sandbox, "import store; store.add('c'); print(store.count())"), "{'memos': 3}\n");
    assert_eq!(checked(&sandbox), (0, String::new()));
}

#[test]
fn a_rename_with_a_view_is_undone_whole() {
    let sandbox = renamed();
    let before = dump(&sandbox.path().join("app.db"));
    assert_eq!(sandbox.migrate(&["apply", "--yes"]).code, 0);
    assert_eq!(sandbox.migrate(&["rollback", "--yes"]).code, 0);
    assert_eq!(read(&sandbox, "store.py"), STORE);
    assert_eq!(read(&sandbox, "dbguard.toml"), POLICY);
    assert_eq!(dump(&sandbox.path().join("app.db")), before);
}

#[test]
fn a_view_is_refused_where_it_cannot_do_what_the_code_asks() {
    let keyed = STORE
        .replace("SELECT count(*) FROM {table}\").fetchone()[0]", "INSERT INTO {table}(word) VALUES (1)\").lastrowid");
    let sandbox = renamed().file("store.py", &keyed);
    let applied = sandbox.migrate(&["apply", "--yes"]);
    assert_eq!(applied.code, 1, "{applied:?}");
    assert!(applied.stderr.contains("store.py:12: "), "{applied:?}");
    assert_eq!(read(&sandbox, "store.py"), keyed);
}
