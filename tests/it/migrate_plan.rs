//! `dbguard migrate plan` on real databases: the file it writes, the numbers it tells, the values it does not.

use crate::sandbox::Sandbox;

const POLICY: &str = "[primary]\npath = \"app.db\"\nenv = \"DATABASE_PATH\"\n[[retired]]\npath = \"auth.db\"\n";
const USERS: &str = "CREATE TABLE users(id INTEGER PRIMARY KEY, username TEXT UNIQUE, mail TEXT);";

fn split_users() -> Sandbox {
    Sandbox::new()
        .file("dbguard.toml", POLICY)
        .database("app.db", &format!("{USERS} INSERT INTO users VALUES (1,'ann','ann@x'),(2,'bob','bob@x')"))
        .database("auth.db", &format!("{USERS} INSERT INTO users VALUES (1,'ann','secret@y'),(5,'cid','cid@y')"))
}

#[test]
fn a_plan_is_written_and_what_is_open_is_told_in_numbers() {
    let sandbox = split_users();
    let run = sandbox.run(&["migrate", "plan"]);
    assert_eq!(run.code, 1, "{run:?}");
    let page = "\
2 databases become app.db; 2 databases in all

  database  tables  rows  becomes
  app.db         1     2  base
  auth.db        1     2  merged

Tables that several databases have
  users: 2 rows in app, 2 rows in auth; username tells which row is which: 1 row in several sources, 0 of them equal, 1 differ; 1 value of id used for different rows: later ones get new numbers

1 decision is yours
  users strategy  1 row with the username of another, and other values
      username=text(3)  mail: text(5) in app, text(8) in auth
    prefer  the row of app stays; kept aside: 1 of auth
    fill-nulls  the row of app stays and takes what it lacks from 1 row
    keep-both  1 row more, under new keys
";
    assert_eq!(run.stdout, page);
    assert!(!run.stdout.contains("secret@y"));
    let plan = std::fs::read_to_string(sandbox.path().join("migration.toml")).unwrap();
    assert!(plan.contains("strategy = \"?\""), "{plan}");
    assert!(!plan.contains("secret@y"), "{plan}");
    let shown = sandbox.run(&["migrate", "plan", "--show-values"]).stdout;
    assert!(shown.contains("username='ann'  mail: 'ann@x' in app, 'secret@y' in auth"), "{shown}");
}

#[test]
fn reading_for_a_plan_leaves_every_database_as_it_is() {
    let sandbox = split_users();
    let before = sandbox.digest();
    let run = sandbox.run(&["migrate", "plan", "--print"]);
    assert_eq!(run.code, 1, "{run:?}");
    assert!(run.stdout.starts_with("# Written by `dbguard migrate plan`"), "{run:?}");
    assert_eq!(sandbox.digest(), before);
}

#[test]
fn databases_can_be_named_where_there_is_no_policy() {
    let sandbox = Sandbox::new()
        .database("one.db", "CREATE TABLE a(x); INSERT INTO a VALUES (1)")
        .database("two.db", "CREATE TABLE b(x); INSERT INTO b VALUES (1)");
    let run = sandbox.run(&["migrate", "plan", "one.db", "two.db", "--target", "all.db"]);
    assert_eq!(run.code, 0, "{run:?}");
    let plan = std::fs::read_to_string(sandbox.path().join("migration.toml")).unwrap();
    assert!(plan.contains("path = \"all.db\"\nbase = \"one\""), "{plan}");
}

#[test]
fn wrong_input_is_told_and_loses_nothing() {
    let sandbox = split_users().file("migration.toml", "version = 1\n[traget]\n");
    for (arguments, code, title) in [
        (&["migrate", "plan"][..], 2, "error: the plan has mistakes\n  migration.toml:2:2: unknown field `traget`"),
        (&["migrate", "plan", "none.db", "--plan", "p.toml"], 2, "error: no such database"),
        (&["migrate", "plan", "--plan", "no/p.toml"], 3, "error: could not write a file"),
    ] {
        let run = sandbox.run(arguments);
        assert_eq!(run.code, code, "{run:?}");
        assert!(run.stderr.starts_with(title), "{run:?}");
    }
    let plan = std::fs::read_to_string(sandbox.path().join("migration.toml")).unwrap();
    assert_eq!(plan, "version = 1\n[traget]\n");
    let bare = Sandbox::new().database("one.db", "CREATE TABLE a(x)").run(&["migrate", "plan"]);
    assert_eq!((bare.code, bare.stderr.contains("error: no target")), (2, true), "{bare:?}");
}

#[test]
fn the_target_is_the_primary_that_is_here_and_not_a_path_that_code_only_knows_in_part() {
    let sandbox = Sandbox::new()
        .file("dbguard.toml", "[primary]\npath = \"data/app.db\"\nenv = \"DATABASE_PATH\"\n\n[[retired]]\npath = \"data/auth.db\"\n")
        .file(
            "app.py",
            "import os\nimport sqlite3\n\n\ndef connect(home):\n    sqlite3.connect(os.path.join(home, \"data/app.db\"))\n    sqlite3.connect(\"/srv/app/data/app.db\")\n",
        )
        .database("data/app.db", "CREATE TABLE users(id INTEGER PRIMARY KEY)")
        .database("data/auth.db", "CREATE TABLE notes(id INTEGER PRIMARY KEY)");
    assert_eq!(sandbox.run(&["migrate", "plan"]).code, 0);
    let plan = std::fs::read_to_string(sandbox.path().join("migration.toml")).unwrap();
    assert!(plan.contains("[target]\npath = \"data/app.db\"\n"), "{plan}");
}
