//! The walk held against SQLite's own authorizer, over statements that SQLite understands.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use rusqlite::Connection;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};

use super::Access;
use super::tests::uses;

const SCHEMA: &str = "
    CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT, email TEXT, team_id INT);
    CREATE TABLE teams (id INTEGER PRIMARY KEY, name TEXT);
    CREATE TABLE items (id INTEGER PRIMARY KEY, user_id INT, title TEXT, body TEXT, due TEXT, done INT);
    CREATE TABLE tags (item_id INT, tag TEXT, UNIQUE (item_id, tag));
    CREATE TABLE log (at TEXT, what TEXT);
    CREATE TABLE \"order\" (id INTEGER PRIMARY KEY, user_id INT);
    CREATE VIRTUAL TABLE docs USING fts5(title, body);
";

/// Statements as applications write them; SQLite compiles each against the schema above.
const REAL: [&str; 45] = [
    "SELECT id, name FROM users WHERE email = ?",
    "SELECT u.name, t.name FROM users u LEFT JOIN teams t ON t.id = u.team_id ORDER BY u.name COLLATE NOCASE",
    "SELECT COUNT(*) FROM items WHERE user_id = :user AND done = 0",
    "SELECT u.*, (SELECT COUNT(*) FROM items i WHERE i.user_id = u.id) AS n FROM users AS u",
    "SELECT * FROM users, teams WHERE users.team_id = teams.id",
    "SELECT * FROM users JOIN (SELECT user_id, MAX(due) AS due FROM items GROUP BY user_id) last ON last.user_id = users.id",
    "SELECT i.* FROM items i INNER JOIN tags USING (item_id)",
    "SELECT * FROM items NATURAL JOIN tags CROSS JOIN log LIMIT 5 OFFSET 2",
    "SELECT tag FROM tags WHERE item_id IN (SELECT id FROM items WHERE user_id IN (SELECT id FROM users))",
    "SELECT name FROM users UNION SELECT name FROM teams",
    "SELECT name FROM users INTERSECT SELECT name FROM teams EXCEPT SELECT what FROM log",
    "SELECT EXISTS(SELECT 1 FROM users WHERE id = ?)",
    "WITH recent AS (SELECT * FROM items ORDER BY due DESC LIMIT 10) SELECT * FROM recent JOIN users ON users.id = recent.user_id",
    "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 10) SELECT x FROM n, log",
    "WITH a AS (SELECT 1 AS x), b AS (SELECT x FROM a) INSERT INTO log (what) SELECT x FROM b",
    "SELECT value FROM items, json_each(items.body) WHERE items.id = 1",
    "SELECT rank, snippet(docs, 0, '<b>', '</b>', '..', 8) FROM docs WHERE docs MATCH ? ORDER BY rank",
    "SELECT * FROM \"order\" o JOIN [users] ON o.user_id = [users].id",
    "SELECT `name` FROM `users` WHERE `id` = 1",
    "SELECT CASE WHEN done THEN 'yes' ELSE 'no' END FROM items",
    "SELECT row_number() OVER (PARTITION BY user_id ORDER BY due) FROM items",
    "SELECT sum(done) FILTER (WHERE due > date('now')) OVER w FROM items WINDOW w AS (ORDER BY id)",
    "SELECT title IS NOT DISTINCT FROM body FROM items",
    "SELECT 'text from users' -- from log\n FROM teams /* , items */",
    "SELECT * FROM (users JOIN teams ON users.team_id = teams.id) JOIN items ON items.user_id = users.id",
    "SELECT * FROM main.users AS u WHERE (u.id, u.name) IN (VALUES (1, 'a'))",
    "VALUES (1), ((SELECT max(id) FROM users))",
    "INSERT INTO users (name, email) VALUES (?, ?)",
    "INSERT OR IGNORE INTO tags (item_id, tag) VALUES (1, 'x'), (2, 'y')",
    "INSERT OR REPLACE INTO users (id, name) SELECT id, what FROM log JOIN teams",
    "INSERT INTO tags VALUES (1, 'a') ON CONFLICT (item_id, tag) DO UPDATE SET tag = excluded.tag WHERE tag <> 'x'",
    "INSERT INTO log DEFAULT VALUES",
    "INSERT INTO users (name) VALUES ('from items') RETURNING id",
    "REPLACE INTO teams (id, name) VALUES (1, replace('a', 'b', 'c'))",
    "UPDATE users SET name = ?, email = lower(email) WHERE id = ?",
    "UPDATE OR IGNORE items SET user_id = (SELECT id FROM users WHERE name = 'x')",
    "UPDATE items SET done = 1 FROM users u WHERE u.id = items.user_id AND u.name = ?",
    "UPDATE users AS u SET team_id = t.id FROM teams t, log l WHERE t.name = l.what",
    "DELETE FROM log WHERE at < datetime('now', '-7 days')",
    "DELETE FROM tags WHERE NOT EXISTS (SELECT 1 FROM items WHERE items.id = tags.item_id)",
    "DELETE FROM users RETURNING name",
    "WITH gone AS (SELECT id FROM users WHERE name IS NULL) DELETE FROM items WHERE user_id IN (SELECT id FROM gone)",
    "SELECT group_concat(tag, ', ') FROM tags GROUP BY item_id HAVING count(*) > (SELECT count(*) FROM log)",
    "SELECT * FROM users INDEXED BY sqlite_autoindex_x NOT INDEXED",
    "SELECT a.id FROM items a, items b LEFT OUTER JOIN tags ON tags.item_id = b.id WHERE a.due < b.due",
];

#[test]
fn the_walk_agrees_with_the_authorizer() {
    let mut connection = Connection::open_in_memory().unwrap();
    connection.execute_batch(SCHEMA).unwrap();
    let seen = Arc::new(Mutex::new((BTreeSet::new(), BTreeSet::new())));
    let sink = Arc::clone(&seen);
    connection
        .authorizer(Some(move |context: AuthContext<'_>| {
            let mut sink = sink.lock().unwrap();
            match context.action {
                AuthAction::Read { table_name, .. } => drop(sink.0.insert(table_name.to_owned())),
                AuthAction::Insert { table_name }
                | AuthAction::Update { table_name, .. }
                | AuthAction::Delete { table_name } => drop(sink.1.insert(table_name.to_owned())),
                _ => {}
            }
            Authorization::Allow
        }))
        .unwrap();
    let mut compared = 0;
    for text in REAL {
        *seen.lock().unwrap() = Default::default();
        let Ok(prepared) = connection.prepare(text) else { continue };
        drop(prepared);
        compared += 1;
        let (mut reads, writes) = seen.lock().unwrap().clone();
        // SQLite calls table-valued functions tables, and reads what it writes to.
        reads.retain(|name| {
            !name.starts_with("json_each") && !name.starts_with("pragma_") && !name.starts_with("docs_")
        });
        let own = uses(text);
        let own_writes: BTreeSet<_> =
            own.iter().filter(|used| used.1 == Access::Writes).map(|used| used.0.clone()).collect();
        let own_reads: BTreeSet<_> = own
            .iter()
            .filter(|used| used.1 == Access::Reads)
            .map(|used| used.0.trim_start_matches("main.").to_owned())
            .collect();
        assert_eq!(own_writes, writes, "writes of {text}");
        assert!(own_reads.is_subset(&reads), "{own_reads:?} of {text}, but SQLite reads {reads:?}");
        assert!(reads.is_subset(&own_reads.union(&writes).cloned().collect()), "SQLite reads {reads:?} in {text}");
    }
    assert!(compared >= 40, "{compared}");
}
