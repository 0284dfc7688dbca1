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

/// A test makes a throw-away database under the target's name, as it was two versions ago.
#[test]
fn a_throw_away_database_that_is_spelled_like_the_target_is_not_the_target() {
    let test = "import sqlite3\n\n\ndef test_old(tmp_path):\n    conn = sqlite3.connect(str(tmp_path / \"data\" / \"app.db\"))\n    \
                conn.execute(\"CREATE TABLE users(id)\")\n    conn.execute(\"INSERT INTO users VALUES (?)\", (1,))\n";
    let sandbox = split().file("tests/test_old.py", test);
    assert_eq!(sandbox.run(&["migrate", "plan"]).code, 0);
    let applied = sandbox.run(&["migrate", "apply", "--yes"]);
    assert_eq!(applied.code, 0, "{applied:?}");
    assert_eq!(read(&sandbox, "tests/test_old.py"), test);
}

/// A list of what a clean-up removes must not come to name the target.
#[test]
fn names_of_files_that_are_deleted_are_left() {
    let reset = "import os\n\nTARGETS = [\n    \"cache.json\",\n    \"data/auth.db\",\n]\n\nfor name in TARGETS:\n    os.remove(name)\n";
    let sandbox = split().file("reset.py", reset);
    assert_eq!(sandbox.run(&["migrate", "plan"]).code, 0);
    let applied = sandbox.run(&["migrate", "apply", "--yes"]);
    assert_eq!(applied.code, 1, "{applied:?}");
    let reason = "it is one of a list of names, in a file that deletes or moves files";
    assert!(applied.stderr.contains("reset.py:5: ") && applied.stderr.contains(reason), "{applied:?}");
    assert_eq!(read(&sandbox, "reset.py"), reset);
}

#[test]
fn tests_that_know_an_old_name_are_told() {
    let test = "import sqlite3\n\n\ndef test_login(tmp_path):\n    sqlite3.connect(tmp_path / \"auth.db\")\n";
    let sandbox = split().file("tests/test_login.py", test);
    assert_eq!(sandbox.run(&["migrate", "plan"]).code, 0);
    let applied = sandbox.run(&["migrate", "apply", "--yes"]);
    assert_eq!(applied.code, 0, "{applied:?}");
    let words = "Where the program chooses the file, it chooses another now: tests/test_login.py\n";
    assert!(applied.stdout.contains(words), "{applied:?}");
    assert_eq!(read(&sandbox, "tests/test_login.py"), test);
}

#[test]
fn a_fixture_that_git_has_stays_with_the_tests() {
    let sandbox = split().database("tests/fixtures/golden.db", "CREATE TABLE users(id)");
    let sandbox = sandbox.git(&["init", "-q"]).git(&["add", "-f", "tests"]);
    let planned = sandbox.run(&["migrate", "plan"]);
    assert_eq!(planned.code, 0, "{planned:?}");
    assert!(planned.stdout.contains("a fixture of the tests"), "{planned:?}");
}

#[test]
fn the_split_is_what_fails_before() {
    assert_eq!(python(&split(), STORY), "False ['of ann', 'of cid']\n");
}

#[test]
fn a18_a_statement_that_would_not_run_stops_everything_before_it_begins() {
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

/// A table of the target stands where another database's code believes its own to be.
fn meeting(code: &str, target: &str, source: &str) -> (i32, String) {
    let sandbox = Sandbox::new()
        .file("dbguard.toml", POLICY)
        .file("store.py", format!("import sqlite3\n\nDB = \"data/auth.db\"\n\n\n{code}"))
        .database("data/app.db", target)
        .database("data/auth.db", source);
    assert_eq!(sandbox.run(&["migrate", "plan"]).code, 0);
    let applied = sandbox.run(&["migrate", "apply", "--yes"]);
    assert!(read(&sandbox, "store.py").contains("data/auth.db") || applied.code == 0, "{applied:?}");
    (applied.code, applied.stderr)
}

#[test]
fn a_definition_that_would_meet_a_different_table_stops_the_run() {
    let (code, said) = meeting(
        "def start():\n    conn = sqlite3.connect(DB)\n    conn.execute(\"CREATE TABLE IF NOT EXISTS logs(id INTEGER PRIMARY KEY, body TEXT)\")\n",
        "CREATE TABLE logs(id INTEGER PRIMARY KEY, level INTEGER);",
        "CREATE TABLE people(id INTEGER PRIMARY KEY);",
    );
    assert_eq!(code, 3, "{said}");
    assert!(said.contains("store.py:8: `logs` is in"), "{said}");
    assert!(said.contains("without `body`"), "{said}");
}

#[test]
fn a_replace_that_would_take_rows_of_others_along_stops_the_run() {
    let (code, said) = meeting(
        "def put(name):\n    conn = sqlite3.connect(DB)\n    conn.execute(\"INSERT OR REPLACE INTO users(id, name) VALUES (1, ?)\", (name,))\n",
        "CREATE TABLE users(id INTEGER PRIMARY KEY, name TEXT); CREATE TABLE orders(user_id INTEGER REFERENCES users(id) ON DELETE CASCADE);",
        "CREATE TABLE users(id INTEGER PRIMARY KEY, name TEXT);",
    );
    assert_eq!(code, 3, "{said}");
    assert!(said.contains("store.py:8: replacing a row of `users` deletes it first: `orders`"), "{said}");
}

#[test]
fn columns_in_another_order_stop_the_run_with_the_reads_by_position() {
    let (code, said) = meeting(
        "def first():\n    conn = sqlite3.connect(DB)\n    row = conn.execute(\"SELECT * FROM users\").fetchone()\n    return row[0], row[2]\n",
        "CREATE TABLE users(id INTEGER PRIMARY KEY, name TEXT, age INTEGER, mail TEXT);",
        "CREATE TABLE users(id INTEGER PRIMARY KEY, name TEXT, mail TEXT);",
    );
    assert_eq!(code, 3, "{said}");
    assert!(said.contains("store.py:8: its columns were id, name, mail, and become id, name, age, mail"), "{said}");
    assert!(said.contains("read by position: `row[2]` in line 9"), "{said}");
}

#[test]
fn the_policy_learns_what_was_retired_and_forgets_it_again() {
    let policy = "[primary]\npath = \"data/app.db\"\nenv = \"DATABASE_PATH\"\n";
    let sandbox = split().file("dbguard.toml", policy);
    let planned = sandbox.run(&["migrate", "plan", "data/auth.db"]);
    assert_eq!(planned.code, 0, "{planned:?}");
    let applied = sandbox.run(&["migrate", "apply", "--yes"]);
    assert_eq!(applied.code, 0, "{applied:?}");
    assert_eq!(read(&sandbox, "dbguard.toml"), format!("{policy}\n[[retired]]\npath = \"data/auth.db\"\n"));
    let sandbox = sandbox.file("late.py", "import sqlite3\n\nsqlite3.connect(\"data/auth.db\")\n");
    let check = sandbox.run(&["check", "--select", "forbidden-database", "--output-format", "concise"]);
    assert!(check.stdout.contains("late.py:3"), "{check:?}");
    assert_eq!(sandbox.run(&["migrate", "rollback", "--force", "--yes"]).code, 0);
    assert_eq!(read(&sandbox, "dbguard.toml"), policy);
}

/// One database that a Django setting, SQLAlchemy, alembic, compose, a Dockerfile, `.env` and a `.sql` file know.
#[test]
fn names_and_configuration_follow_wherever_they_stand() {
    let sandbox = Sandbox::new()
        .file("dbguard.toml", POLICY)
        .file(".gitignore", ".dbguard/\ndata/\n")
        .file(".env.example", "DATABASE_PATH=data/auth.db\n")
        .file("docker-compose.yml", "services:\n  app:\n    build: .\n    environment:\n      DATABASE_PATH: /app/data/auth.db\n    volumes:\n      - ./data:/app/data\n")
        .file("Dockerfile", "FROM python:3.12\nENV DATABASE_PATH=/app/data/auth.db\nCMD [\"python\", \"-m\", \"app\"]\n")
        .file("alembic.ini", "[alembic]\nscript_location = migrations\nsqlalchemy.url = sqlite:///data/auth.db\n")
        .file(
            "app/settings.py",
            "import os\n\nDATABASE = os.environ.get(\"DATABASE_PATH\", \"data/auth.db\")\nDATABASES = {\"default\": {\"ENGINE\": \"django.db.backends.sqlite3\", \"NAME\": DATABASE}}\n",
        )
        .file(
            "app/models.py",
            "from django.db import models\n\n\nclass Note(models.Model):\n    body = models.TextField(null=True)\n\n    class Meta:\n        db_table = \"notes\"\n",
        )
        .file(
            "app/report.py",
            "from sqlalchemy import Column, Integer, Text, create_engine, text\nfrom sqlalchemy.orm import declarative_base\n\nfrom app import settings\n\nengine = create_engine(f\"sqlite:///{settings.DATABASE}\")\nBase = declarative_base()\n\n\nclass Note(Base):\n    __tablename__ = \"notes\"\n    id = Column(Integer, primary_key=True)\n    body = Column(Text)\n\n\ndef count():\n    with engine.connect() as connection:\n        return connection.execute(text(\"SELECT count(*) FROM notes WHERE notes.body IS NOT NULL\")).scalar()\n",
        )
        .file("app/notes.sql", "SELECT body FROM notes ORDER BY id;\n")
        .database("data/app.db", &format!("{USERS} INSERT INTO users VALUES (1,'ann','a')"))
        .database("data/auth.db", "CREATE TABLE notes(id INTEGER PRIMARY KEY, body TEXT); INSERT INTO notes VALUES (1,'of ann')");
    let before = sandbox.run(&["check", "--output-format", "concise"]);
    assert_eq!(before.code, 1, "{before:?}");
    assert_eq!(sandbox.run(&["migrate", "plan"]).code, 0);
    let applied = sandbox.run(&["migrate", "apply", "--yes"]);
    assert_eq!(applied.code, 0, "{applied:?}");
    for (file, words) in [
        (".env.example", "DATABASE_PATH=data/app.db"),
        ("docker-compose.yml", "DATABASE_PATH: /app/data/app.db"),
        ("Dockerfile", "ENV DATABASE_PATH=/app/data/app.db"),
        ("alembic.ini", "sqlalchemy.url = sqlite:///data/app.db"),
        ("app/settings.py", "os.environ.get(\"DATABASE_PATH\", \"data/app.db\")"),
        ("app/models.py", "db_table = \"auth_notes\""),
        ("app/report.py", "__tablename__ = \"auth_notes\""),
        ("app/report.py", "SELECT count(*) FROM auth_notes WHERE auth_notes.body IS NOT NULL"),
    ] {
        assert!(read(&sandbox, file).contains(words), "{file}: {}", read(&sandbox, file));
    }
    let check = sandbox.run(&["check", "--output-format", "concise"]);
    assert_eq!(check.code, 0, "{check:?}");
}
