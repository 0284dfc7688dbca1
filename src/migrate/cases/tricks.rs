//! The lossy tricks of merges made by hand, done to a stage that is right: every one is caught.

use crate::migrate::trial_tests::{Trial, open};

fn trial() -> Trial {
    let schema = "CREATE TABLE users(id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT UNIQUE, score REAL);
        CREATE TABLE notes(id INTEGER PRIMARY KEY, user_id INTEGER REFERENCES users(id), a TEXT, b TEXT);
        CREATE INDEX by_user ON notes(user_id) WHERE a > 'k';
        CREATE VIEW named AS SELECT name, a FROM users JOIN notes ON users.id = user_id;
        CREATE TRIGGER log AFTER DELETE ON users BEGIN DELETE FROM notes WHERE user_id = old.id; END;";
    let fill = |names: [&str; 3]| {
        let users: Vec<String> =
            names.iter().enumerate().map(|(at, name)| format!("({}, '{name}', {}.1)", at + 1, at)).collect();
        format!(
            "{schema} INSERT INTO users VALUES {}; DELETE FROM users WHERE id = 3;
             INSERT INTO notes VALUES (1, 1, 'x', 'y'), (2, 2, 'z', NULL), (3, 9, 'p', 'q');",
            users.join(", ")
        )
    };
    Trial::new(&[
        ("a", &fill(["ann", "bob", "cid"])),
        ("b", &fill(["dan", "ann", "eve"])),
        ("c", "CREATE TABLE other(k TEXT PRIMARY KEY, v) WITHOUT ROWID; INSERT INTO other VALUES ('k', 0.1), ('l', x'00');"),
    ])
    .plan("[[table]]\nname = \"users\"\nfrom = [\"a\", \"b\"]\nmatch-on = [\"name\"]\nstrategy = \"prefer\"")
    .plan("[[table]]\nname = \"notes\"\nfrom = [\"a\", \"b\"]\nrekey = \"offset\"")
}

#[test]
fn a_stage_that_nobody_touched_is_proved() {
    let all = trial().proved();
    assert_eq!(all.rows("SELECT id, name FROM users"), "1|ann 2|bob 10|dan");
    assert_eq!(all.rows("SELECT seq FROM sqlite_sequence WHERE name = 'users'"), "12");
}

#[test]
fn every_trick_is_caught() {
    let trial = trial();
    for (what, sql) in [
        ("OR IGNORE: a row that met another did not come", "DELETE FROM notes WHERE id = 5"),
        ("OR REPLACE: the other row went", "DELETE FROM users WHERE id = 2"),
        (
            "OR REPLACE: a row under the key of another",
            "UPDATE notes SET a = (SELECT a FROM notes WHERE id = 1) WHERE id = 2",
        ),
        ("a forgotten sequence", "UPDATE sqlite_sequence SET seq = 4 WHERE name = 'users'"),
        ("a sequence that is gone", "DELETE FROM sqlite_sequence"),
        ("a lost index", "DROP INDEX by_user"),
        ("an index that is partial no more", "DROP INDEX by_user; CREATE INDEX by_user ON notes(user_id)"),
        ("a lost trigger", "DROP TRIGGER log"),
        (
            "a trigger that does something else",
            "DROP TRIGGER log; CREATE TRIGGER log AFTER DELETE ON users BEGIN SELECT 1; END",
        ),
        ("a lost view", "DROP VIEW named"),
        ("a view that does not work", "DROP VIEW named; CREATE VIEW named AS SELECT name, a FROM userz"),
        ("positional SELECT *: two columns changed places", "UPDATE notes SET a = b, b = a"),
        ("positional SELECT *: in one source alone", "UPDATE notes SET a = b, b = a WHERE id > 3"),
        ("a reference that kept the key of another source's row", "UPDATE notes SET user_id = 1 WHERE id = 4"),
        ("a changed value", "UPDATE notes SET a = 'X' WHERE id = 1"),
        ("a value of another storage class", "UPDATE other SET v = '0.1' WHERE k = 'k'"),
        ("float4", "UPDATE other SET v = 0.100000001490116 WHERE k = 'k'"),
        ("float4 in a column of reals", "UPDATE users SET score = 0.100000001490116 WHERE id = 1"),
        ("a reference to the row of another source", "UPDATE notes SET user_id = 2 WHERE user_id = 10"),
        ("a dangling reference that found a parent", "UPDATE notes SET user_id = 1 WHERE id = 3"),
        ("a new dangling reference", "UPDATE notes SET user_id = 77 WHERE id = 1"),
        ("a row that nobody had", "INSERT INTO notes VALUES (99, 1, 'new', 'row')"),
        ("a row that is there twice", "INSERT INTO notes SELECT 99, user_id, a, b FROM notes WHERE id = 1"),
        ("a row kept aside that is gone", "DELETE FROM dbguard_kept_aside"),
        ("a row kept aside that changed", "UPDATE dbguard_kept_aside SET row = zeroblob(length(row))"),
        (
            "a row kept aside that nobody had",
            "INSERT INTO dbguard_kept_aside SELECT NULL, source, table_name, 77, columns, row, account, reason FROM dbguard_kept_aside LIMIT 1",
        ),
        ("a map that leads elsewhere", "UPDATE dbguard_key_map SET new = 2"),
        ("a lost table", "DROP TABLE other"),
        (
            "a table without its constraints",
            "CREATE TABLE o AS SELECT * FROM other; DROP TABLE other; ALTER TABLE o RENAME TO other",
        ),
        ("a forgotten user_version", "PRAGMA user_version = 7"),
        ("a NULL that became text", "UPDATE notes SET b = '' WHERE b IS NULL"),
        ("minus zero", "UPDATE other SET v = -0.0 WHERE k = 'l'"),
    ] {
        let staged = trial.stage().unwrap();
        assert_eq!(trial.broken(&staged), [], "{what}: before");
        open(&trial.path()).execute_batch(sql).unwrap();
        assert!(!trial.broken(&staged).is_empty(), "{what} went unnoticed");
    }
}

#[test]
fn a_row_count_that_was_made_up_is_caught() {
    let trial = trial();
    let mut staged = trial.stage().unwrap();
    staged.accounts[0].copied += 1;
    staged.accounts[0].rows += 1;
    assert_eq!(trial.broken(&staged).len(), 1);
}

#[test]
fn a_file_copied_without_its_log_is_caught() {
    let trial = trial();
    let path = trial.file("c");
    let writer = open(&path);
    writer
        .execute_batch("PRAGMA journal_mode=WAL; PRAGMA wal_autocheckpoint=0; INSERT INTO other VALUES ('late', 1)")
        .unwrap();
    let whole = trial.stage().unwrap();
    assert_eq!(trial.broken(&whole), []);
    // The trick: the main file alone, staged as if it were all.
    let copy = path.with_extension("copy");
    std::fs::copy(&path, &copy).unwrap();
    let staged = trial.stage_with("c", &copy).unwrap();
    assert!(!trial.broken(&staged).is_empty());
}

#[test]
fn tricks_with_the_parent_of_a_reference_that_merged_are_caught() {
    let block = "[[table]]\nname = \"users\"\nfrom = [\"a\", \"b\"]\nmatch-on = [\"name\"]\nstrategy = \"newest\"\nnewest = \"at\"
        [[ref]]\ncolumn = \"tasks.owner\"\nto = \"users.code\"";
    let trial = Trial::new(&[
        (
            "a",
            "CREATE TABLE users(id INTEGER PRIMARY KEY, code TEXT UNIQUE, name TEXT UNIQUE, at INT);
             INSERT INTO users VALUES (1, 'a-1', 'ann', 1), (2, NULL, 'bob', 1);",
        ),
        (
            "b",
            "CREATE TABLE users(code TEXT PRIMARY KEY, name TEXT, at INT); CREATE TABLE tasks(id TEXT PRIMARY KEY, owner TEXT);
             INSERT INTO users VALUES ('b-1', 'ann', 2), ('b-2', 'bob', 2), ('b-3', 'cid', 2);
             INSERT INTO tasks VALUES ('ann', 'b-1'), ('bob', 'b-2'), ('cid', 'b-3');",
        ),
    ])
    .plan(block);
    let all = trial.proved();
    assert_eq!(all.rows("SELECT id, owner FROM tasks ORDER BY id"), "ann|a-1 bob|b-2 cid|b-3");
    for (what, sql) in [
        ("a reference that was not re-keyed", "UPDATE tasks SET owner = 'b-1' WHERE id = 'ann'"),
        ("the key of another row", "UPDATE tasks SET owner = 'b-3' WHERE id = 'bob'"),
        ("a reference that was emptied", "UPDATE tasks SET owner = NULL WHERE id = 'bob'"),
        ("a key that was emptied, and its reference left", "UPDATE users SET code = NULL WHERE name = 'ann'"),
        (
            "a key that was emptied, and its references too",
            "UPDATE users SET code = NULL WHERE name = 'cid'; UPDATE tasks SET owner = NULL WHERE id = 'cid'",
        ),
    ] {
        let staged = trial.stage().unwrap();
        open(&trial.path()).execute_batch(sql).unwrap();
        assert!(!trial.broken(&staged).is_empty(), "{what} went unnoticed");
    }
}

#[test]
fn a_reference_that_follows_the_second_of_two_parents_is_caught() {
    let fill = |p: i64, q: i64| {
        format!(
            "CREATE TABLE p(id INTEGER PRIMARY KEY); CREATE TABLE q(id INTEGER PRIMARY KEY);
             CREATE TABLE c(id INTEGER PRIMARY KEY, x INTEGER REFERENCES p(id));
             INSERT INTO p VALUES (1), ({p}); INSERT INTO q VALUES (1), ({q}); INSERT INTO c VALUES (1, 1);"
        )
    };
    let block = |name: &str| {
        format!("[[table]]\nname = {name:?}\nfrom = [\"a\", \"b\"]\nrekey = \"offset\"\nstrategy = \"keep-both\"")
    };
    let trial =
        Trial::new(&[("a", &fill(10, 20)), ("b", &fill(10, 20))]).plan(&block("p")).plan(&block("q")).plan(&block("c"));
    let all = trial.proved();
    let [first, second] = ["p", "q"].map(|table| {
        all.rows(&format!("SELECT min(id) FROM {table} WHERE id > {}", if table == "p" { 10 } else { 20 }))
    });
    assert_eq!(all.rows("SELECT x FROM c WHERE id > 1"), first);
    let staged = trial.stage().unwrap();
    open(&trial.path()).execute_batch(&format!("UPDATE c SET x = {second} WHERE id > 1")).unwrap();
    let rows: Vec<String> = trial.broken(&staged).into_iter().map(|it| it.name).collect();
    assert!(rows.contains(&"rows".to_owned()), "{rows:?}");
}
