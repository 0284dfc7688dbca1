//! Part A: rows that meet.

use crate::migrate::trial_tests::Trial;

#[test]
fn a1_the_same_keys_for_different_rows() {
    let users = "CREATE TABLE users(id INTEGER PRIMARY KEY, name TEXT);
                 CREATE TABLE notes(id INTEGER PRIMARY KEY, user_id INTEGER REFERENCES users(id), body TEXT);";
    let trial = Trial::new(&[
        ("a", &format!("{users} INSERT INTO users VALUES (1,'ann'),(2,'bob'); INSERT INTO notes VALUES (1,1,'x'),(2,2,'y');")),
        ("b", &format!("{users} INSERT INTO users VALUES (1,'cid'),(3,'dan'); INSERT INTO notes VALUES (1,1,'z'),(2,3,'w'),(3,NULL,'v');")),
    ])
    .plan("[[table]]\nname = \"users\"\nfrom = [\"a\", \"b\"]\nrekey = \"offset\"")
    .plan("[[table]]\nname = \"notes\"\nfrom = [\"a\", \"b\"]\nrekey = \"offset\"");
    let all = trial.proved();
    assert_eq!(all.rows("SELECT * FROM users"), "1|ann 2|bob 3|cid 5|dan");
    assert_eq!(
        all.rows("SELECT n.body, u.name FROM notes n LEFT JOIN users u ON u.id = user_id ORDER BY n.id"),
        "x|ann y|bob z|cid w|dan v|"
    );
    assert_eq!(all.account("b", "users"), (2, 0, 0, 0));
}

#[test]
fn a1_the_same_keys_for_different_rows_stop_the_run_when_nothing_is_said() {
    let users = "CREATE TABLE users(id INTEGER PRIMARY KEY, name TEXT);";
    let trial = Trial::new(&[
        ("a", &format!("{users} INSERT INTO users VALUES (1,'ann'),(2,'bob');")),
        ("b", &format!("{users} INSERT INTO users VALUES (1,'cid'),(2,'bob');")),
    ])
    .plan("[[table]]\nname = \"users\"\nfrom = [\"a\", \"b\"]");
    assert_eq!(trial.stage().unwrap_err().title, "b: `users`: 1 row of `users` cannot be merged");
}

#[test]
fn a2_the_same_person_under_different_ids() {
    let schema = "CREATE TABLE users(id INTEGER PRIMARY KEY, username TEXT UNIQUE, email TEXT);
                  CREATE TABLE posts(id INTEGER PRIMARY KEY, author TEXT REFERENCES users(id), t);";
    let trial = Trial::new(&[
        ("a", &format!("{schema} INSERT INTO users VALUES (1,'admin','a@x'),(2,'eve','e@x'); INSERT INTO posts VALUES (1,1,'p');")),
        ("b", &format!("{schema} INSERT INTO users VALUES (1,'bob','b@x'),(3,'admin','a@x'),(4,'eve','new@x'); INSERT INTO posts VALUES (1,3,'q'),(2,1,'r'),(3,4,'s');")),
    ])
    .plan("[[table]]\nname = \"users\"\nfrom = [\"a\", \"b\"]\nmatch-on = [\"username\"]\nstrategy = \"prefer\"")
    .plan("[[table]]\nname = \"posts\"\nfrom = [\"a\", \"b\"]\nrekey = \"offset\"");
    let all = trial.proved();
    assert_eq!(all.rows("SELECT * FROM users"), "1|admin|a@x 2|eve|e@x 3|bob|b@x");
    assert_eq!(
        all.rows("SELECT t, username, typeof(author) FROM posts JOIN users u ON u.id = author ORDER BY t"),
        "p|admin|text q|admin|text r|bob|text s|eve|text"
    );
    assert_eq!(all.account("b", "users"), (1, 1, 1, 0));
    assert_eq!(
        all.rows("SELECT source, table_name, key, columns, account, reason FROM dbguard_kept_aside"),
        "b|users|4|[\"id\",\"username\",\"email\"]|merged|prefer: a comes first"
    );
}

#[test]
fn a4_the_same_table_with_drifted_columns() {
    let trial = Trial::new(&[
        ("zoe", "CREATE TABLE users(user_id TEXT PRIMARY KEY, username TEXT NOT NULL, email TEXT NOT NULL); INSERT INTO users VALUES ('default','zoe','z@x'),('u1','ann','ann@x');"),
        ("auth", "CREATE TABLE users(user_id TEXT PRIMARY KEY, username TEXT NOT NULL, email TEXT, password TEXT); INSERT INTO users VALUES ('72038d8e','jason','j@x','pw1'),('u1','ann','ann@x','pw2');
                  CREATE INDEX by_password ON users(password);
                  CREATE TABLE sessions(id INTEGER PRIMARY KEY, user_id TEXT, t); INSERT INTO sessions VALUES (1,'72038d8e','s1'),(2,'u1','s2'),(3,'gone','s3');"),
        ("dev", "CREATE TABLE users(id TEXT PRIMARY KEY, username TEXT, is_admin INTEGER DEFAULT 0); INSERT INTO users VALUES ('d1','dev',1);"),
    ])
    .plan("[[table]]\nname = \"users\"\nfrom = [\"zoe\", \"auth\", \"dev\"]\ncolumns = { dev = { user_id = \"id\" }, auth = { password_hash = \"password\" } }
match-on = [\"user_id\"]\nstrategy = \"fill-nulls\"\nalias = [{ from = \"auth:72038d8e\", to = \"zoe:default\", take = [\"password_hash\"] }]\nfill = { email = \"{username}@invalid\" }")
    .plan("[[ref]]\ncolumn = \"*.user_id\"\nto = \"users.user_id\"");
    let all = trial.proved();
    assert_eq!(all.rows("SELECT * FROM users"), "default|zoe|z@x|pw1|0 u1|ann|ann@x|pw2|0 d1|dev|dev@invalid||1");
    assert_eq!(all.rows("SELECT t, user_id FROM sessions"), "s1|default s2|u1 s3|gone");
    assert_eq!((all.account("zoe", "users"), all.account("auth", "users")), ((2, 0, 0, 0), (0, 1, 1, 0)));
    assert_eq!(
        all.rows("SELECT sql FROM sqlite_schema WHERE name = 'by_password'"),
        "CREATE INDEX by_password ON users(\"password_hash\")"
    );
}

#[test]
fn a_second_migration_leaves_what_the_first_kept_aside() {
    let schema = "CREATE TABLE t(k TEXT PRIMARY KEY, v);";
    let merge = "[[table]]\nname = \"t\"\nfrom = [\"a\", \"b\"]\nstrategy = \"prefer\"";
    let first = Trial::new(&[
        ("a", &format!("{schema} INSERT INTO t VALUES ('x', 1);")),
        ("b", &format!("{schema} INSERT INTO t VALUES ('x', 2), ('y', 3);")),
    ])
    .plan(merge);
    drop(first.proved());
    let second = Trial::new(&[("a", ""), ("b", &format!("{schema} INSERT INTO t VALUES ('y', 4);"))]).plan(merge);
    std::fs::copy(first.path(), second.file("a")).unwrap();
    let all = second.proved();
    assert_eq!(all.rows("SELECT * FROM t"), "x|1 y|3");
    assert_eq!(
        all.rows("SELECT count(*) FROM dbguard_kept_aside UNION ALL SELECT count(*) FROM dbguard_kept_aside_a"),
        "1 1"
    );
}
