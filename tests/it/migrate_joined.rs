//! Code and data moved in one step, and back: real databases, a real application, the program itself.

use crate::sandbox::Sandbox;

const USERS: &str = "CREATE TABLE users(id INTEGER PRIMARY KEY, username TEXT UNIQUE, mail TEXT);";
const POLICY: &str = "[primary]\npath = \"data/app.db\"\nenv = \"DATABASE_PATH\"\n[[retired]]\npath = \"data/auth.db\"\ntables = { notes = \"auth_notes\" }\n";

const LOGIN: &str = "\
import os
import sqlite3

AUTH_DB = os.getenv(\"AUTH_DB_PATH\", \"data/auth.db\")


def login(name):
    conn = sqlite3.connect(AUTH_DB)
    return conn.execute(\"SELECT id FROM users WHERE username = ?\", (name,)).fetchone()


def notes():
    conn = sqlite3.connect(AUTH_DB)
    return [row[0] for row in conn.execute(\"SELECT body FROM notes ORDER BY body\")]
";

const REGISTER: &str = "\
import os
import sqlite3

DATABASE = os.getenv(\"DATABASE_PATH\", \"data/app.db\")


def register(name):
    with sqlite3.connect(DATABASE) as conn:
        conn.execute(\"INSERT INTO users(username) VALUES (?)\", (name,))
";

/// `register` writes users in one database, `login` reads them in another.
pub(crate) fn split() -> Sandbox {
    Sandbox::new()
        .file("dbguard.toml", POLICY)
        .file("login.py", LOGIN)
        .file("register.py", REGISTER)
        .file("docker-compose.yml", "services:\n  app:\n    environment:\n      AUTH_DB_PATH: data/auth.db  # users\n")
        .database("data/app.db", &format!("{USERS} INSERT INTO users VALUES (1,'ann','a'),(2,'bob','b')"))
        .database(
            "data/auth.db",
            &format!(
                "{USERS} INSERT INTO users VALUES (1,'cid','c'),(2,'ann','a');
                 CREATE TABLE notes(id INTEGER PRIMARY KEY, user_id REFERENCES users(id), body TEXT);
                 INSERT INTO notes VALUES (1,1,'of cid'),(2,2,'of ann');"
            ),
        )
}

pub(crate) fn python(sandbox: &Sandbox, code: &str) -> String {
    let output = std::process::Command::new("python3").args(["-c", code]).current_dir(sandbox.path()).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    text(&output.stdout) + text(&output.stderr).lines().last().unwrap_or_default()
}

pub(crate) fn read(sandbox: &Sandbox, file: &str) -> String {
    std::fs::read_to_string(sandbox.path().join(file)).unwrap()
}

pub(crate) const STORY: &str =
    "import register, login; register.register('eve'); print(login.login('eve') is not None, login.notes())";

#[test]
fn one_command_moves_both_halves_and_one_brings_both_back() {
    let sandbox = split();
    let planned = sandbox.run(&["migrate", "plan"]);
    assert_eq!(planned.code, 0, "{planned:?}");
    let applied = sandbox.run(&["migrate", "apply", "--yes"]);
    assert_eq!(applied.code, 0, "{applied:?}");
    assert!(applied.stdout.contains("3 statements of the code compile against the new database"), "{applied:?}");
    let login = read(&sandbox, "login.py");
    assert!(login.contains("os.getenv(\"DATABASE_PATH\", \"data/app.db\")"), "{login}");
    assert!(login.contains("SELECT body FROM auth_notes ORDER BY body"), "{login}");
    assert_eq!(python(&sandbox, STORY), "True ['of ann', 'of cid']\n");
    let plan = read(&sandbox, "migration.toml");
    assert!(plan.contains("path = \"data/auth.db\""), "{plan}");
    let check = sandbox.run(&["check", "--select", "forbidden-database,retired-table", "--output-format", "concise"]);
    assert_eq!(check.code, 0, "{check:?}");

    let back = sandbox.run(&["migrate", "rollback", "--force", "--yes"]);
    assert_eq!(back.code, 0, "{back:?}");
    assert_eq!(read(&sandbox, "login.py"), LOGIN);
    assert!(read(&sandbox, "docker-compose.yml").contains("AUTH_DB_PATH: data/auth.db  # users"));
    let rows = "import sqlite3; print([sqlite3.connect(f'data/{n}.db').execute('SELECT count(*) FROM users').fetchone()[0] for n in ('app', 'auth')])";
    assert_eq!(python(&sandbox, rows), "[2, 2]\n");
}

#[test]
fn the_split_is_what_fails_before() {
    assert_eq!(python(&split(), STORY), "False ['of ann', 'of cid']\n");
}

#[test]
fn a_statement_that_would_not_run_stops_everything_before_it_begins() {
    let sandbox = split().file(
        "totals.py",
        "import sqlite3\n\n\ndef add():\n    conn = sqlite3.connect(\"data/auth.db\")\n    conn.execute(\"INSERT INTO users VALUES (?, ?, ?)\", (9, 'x', 'y'))\n",
    );
    // The users of the target have one more column, so a positional INSERT does not fit any more.
    let wider = "import sqlite3; sqlite3.connect('data/app.db').execute('ALTER TABLE users ADD COLUMN age INTEGER')";
    assert_eq!(python(&sandbox, wider), "");
    assert_eq!(sandbox.run(&["migrate", "plan"]).code, 0);
    let before = read(&sandbox, "login.py");
    let applied = sandbox.run(&["migrate", "apply", "--yes"]);
    assert_eq!(applied.code, 3, "{applied:?}");
    assert!(applied.stderr.contains("1 statement of the code would not run on the new database"), "{applied:?}");
    assert!(
        applied.stderr.contains("totals.py:6: table users has 4 columns but 3 values were supplied"),
        "{applied:?}"
    );
    assert_eq!(read(&sandbox, "login.py"), before);
    assert_eq!(python(&sandbox, STORY), "False ['of ann', 'of cid']\n");
}

#[test]
fn what_cannot_be_rewritten_stops_the_run_unless_the_plan_accepts_it() {
    let sandbox = split()
        .file("backup.sh", "#!/bin/sh\npython3 - <<'END'\nimport sqlite3\nsqlite3.connect('data/auth.db')\nEND\n");
    assert_eq!(sandbox.run(&["migrate", "plan"]).code, 0);
    let refused = sandbox.run(&["migrate", "apply", "--yes"]);
    assert_eq!(refused.code, 1, "{refused:?}");
    assert!(refused.stderr.contains("1 place cannot be rewritten"), "{refused:?}");
    assert!(refused.stderr.contains("backup.sh:4"), "{refused:?}");
    let plan = read(&sandbox, "migration.toml") + "\n[code]\naccept = [\"backup.sh\"]\n";
    let sandbox = sandbox.file("migration.toml", plan);
    let applied = sandbox.run(&["migrate", "apply", "--yes"]);
    assert_eq!(applied.code, 0, "{applied:?}");
}

#[test]
fn data_moves_alone_only_where_the_code_has_moved_already() {
    let sandbox = split();
    assert_eq!(sandbox.run(&["migrate", "plan"]).code, 0);
    let refused = sandbox.run(&["migrate", "apply", "--data-only", "--yes"]);
    assert_eq!(refused.code, 1, "{refused:?}");
    assert!(refused.stderr.contains("the code here still refers to what the plan retires"), "{refused:?}");
    // On a branch the code moves first; the server then moves the data of the same plan.
    let code = sandbox.run(&["migrate", "apply", "--code-only", "--yes"]);
    assert_eq!(code.code, 0, "{code:?}");
    assert!(read(&sandbox, "login.py").contains("data/app.db"));
    let data = sandbox.run(&["migrate", "apply", "--data-only", "--yes"]);
    assert_eq!(data.code, 0, "{data:?}");
    assert_eq!(python(&sandbox, STORY), "True ['of ann', 'of cid']\n");
}

#[test]
fn on_a_branch_the_code_moves_where_no_database_is_and_the_server_moves_the_data() {
    // The target has notes of its own, so that the plan renames those of the source.
    let policy = POLICY.replace("tables = { notes = \"auth_notes\" }\n", "");
    let server = split().file("dbguard.toml", &policy).database("data/app.db", "CREATE TABLE notes(of_the_house)");
    let planned = server.run(&["migrate", "plan"]);
    assert_eq!(planned.code, 0, "{planned:?}");
    // Somebody committed the log of a database once; git's business is no reference.
    let branch = Sandbox::new()
        .git(&["init", "-q"])
        .file("dbguard.toml", &policy)
        .file("login.py", LOGIN)
        .file("register.py", REGISTER)
        .file("docker-compose.yml", read(&server, "docker-compose.yml"))
        .file("migration.toml", read(&server, "migration.toml"))
        .file("data/auth.db-wal", "frames")
        .git(&["add", "."]);
    let code = branch.run(&["migrate", "apply", "--code-only", "--yes"]);
    assert_eq!(code.code, 0, "{code:?}");
    assert!(code.stdout.contains("The databases were left as they are"), "{code:?}");
    let server = ["login.py", "register.py", "docker-compose.yml"]
        .into_iter()
        .fold(server, |server, file| server.file(file, read(&branch, file)));
    let data = server.run(&["migrate", "apply", "--data-only", "--yes"]);
    assert_eq!(data.code, 0, "{data:?}");
    assert!(data.stdout.contains("The code was left as it is; it refers to nothing that was retired"), "{data:?}");
    assert_eq!(python(&server, STORY), "True ['of ann', 'of cid']\n");
}
