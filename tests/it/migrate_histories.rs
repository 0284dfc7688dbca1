//! Each database has a history of migrations of its own; when they merge, each tool finds its own again.

use crate::consolidation::sql;
use crate::migrate_joined::read;
use crate::sandbox::Sandbox;

const ENV: &str = "\
from alembic import context

def run_migrations_online(connection):
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
";

fn two_histories() -> Sandbox {
    let history = |head: &str, table: &str| {
        format!(
            "CREATE TABLE alembic_version(version_num VARCHAR(32) PRIMARY KEY); INSERT INTO alembic_version VALUES ('{head}');
             CREATE TABLE {table}(id INTEGER PRIMARY KEY);"
        )
    };
    Sandbox::new()
        .file(
            "dbguard.toml",
            "[primary]\npath = \"app.db\"\nenv = \"DATABASE_PATH\"\n[[retired]]\npath = \"auth.db\"\n",
        )
        .file("alembic.ini", "[alembic]\nscript_location = steps\nsqlalchemy.url = sqlite:///app.db\n")
        .file("steps/env.py", ENV)
        .file("auth/alembic.ini", "[alembic]\nscript_location = %(here)s/steps\nsqlalchemy.url = sqlite:///auth.db\n")
        .file("auth/steps/env.py", ENV)
        .database("app.db", &history("a1", "users"))
        .database("auth.db", &history("b2", "sessions"))
}

#[test]
fn b19_two_histories_of_migrations_stay_two_and_alembic_is_told() {
    let sandbox = two_histories();
    let planned = sandbox.migrate(&["plan"]);
    assert_eq!(planned.code, 0, "{planned:?}");
    let words = "alembic_version: alembic notes in alembic_version which steps of auth it took: they go on as alembic_version_auth, \
                 and it must be told (version_table of context.configure() in env.py)";
    assert!(planned.stdout.replace("\n    ", " ").contains(words), "{planned:?}");
    let applied = sandbox.migrate(&["apply", "--yes"]);
    assert_eq!(applied.code, 0, "{applied:?}");
    let target = sandbox.path().join("app.db");
    assert_eq!(sql(&target, "SELECT * FROM alembic_version UNION ALL SELECT * FROM alembic_version_auth"), "a1\nb2");
    assert_eq!(read(&sandbox, "steps/env.py"), ENV);
    assert!(
        read(&sandbox, "auth/steps/env.py")
            .contains("context.configure(version_table=\"alembic_version_auth\", connection")
    );
    assert!(read(&sandbox, "auth/alembic.ini").contains("sqlite:///app.db"));
    assert!(read(&sandbox, "dbguard.toml").contains("\"alembic_version\" = \"alembic_version_auth\""));
    assert_eq!(sandbox.migrate(&["rollback", "--yes"]).code, 0);
    assert_eq!(read(&sandbox, "auth/steps/env.py"), ENV);
}

#[test]
fn a_history_whose_tool_cannot_be_told_stops_the_run() {
    let sandbox = two_histories().file("auth/steps/env.py", "import runner\nrunner.run()\n");
    assert_eq!(sandbox.migrate(&["plan"]).code, 0);
    let applied = sandbox.migrate(&["apply", "--yes"]);
    assert_eq!(applied.code, 1, "{applied:?}");
    assert!(applied.stderr.contains("auth/alembic.ini:3: its steps are noted in `alembic_version`"), "{applied:?}");
    assert_eq!(sql(sandbox.path().join("auth.db"), "SELECT * FROM alembic_version"), "b2");
}

#[test]
fn b37_a_version_that_the_target_does_not_have_stops_who_reads_it() {
    let code = "import sqlite3\nconn = sqlite3.connect('auth.db')\nif conn.execute('PRAGMA user_version').fetchone()[0] < 7:\n    conn.execute('ALTER TABLE sessions ADD COLUMN word')\n";
    let sandbox = two_histories().file("auth/store.py", code);
    sql(sandbox.path().join("auth.db"), "PRAGMA user_version = 7");
    let planned = sandbox.migrate(&["plan"]);
    assert!(planned.stdout.contains("PRAGMA user_version: 7 here and 0 in app, whose stays"), "{planned:?}");
    let applied = sandbox.migrate(&["apply", "--yes"]);
    assert_eq!(applied.code, 1, "{applied:?}");
    let words = "auth/store.py:3: `PRAGMA user_version` is 7 in auth, and 0 in the target";
    assert!(applied.stderr.contains(words), "{applied:?}");
}
