//! What the walk answers, held against SQLite's own authorizer where SQLite understands the statement.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use proptest::prelude::*;
use rusqlite::Connection;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};

use super::*;

fn uses(text: &str) -> Vec<(String, Access)> {
    statements(text)
        .into_iter()
        .flat_map(|statement| statement.uses)
        .map(|found| {
            let name = found.schema.map_or(found.table.clone(), |schema| format!("{schema}.{}", found.table));
            (name, found.access)
        })
        .collect()
}

const R: Access = Access::Reads;
const W: Access = Access::Writes;
const D: Access = Access::Defines;

fn expect(table: &[(&str, &[(&str, Access)])]) {
    for (text, expected) in table {
        let expected: Vec<_> = expected.iter().map(|&(name, access)| (name.to_owned(), access)).collect();
        assert_eq!(uses(text), expected, "{text}");
    }
}

#[test]
fn tables_of_queries() {
    expect(&[
        (
            "SELECT * FROM a, b AS x, main.c y WHERE x.id = (SELECT max(id) FROM d)",
            &[("a", R), ("b", R), ("main.c", R), ("d", R)],
        ),
        (
            "SELECT * FROM (SELECT * FROM a) JOIN (b LEFT JOIN c ON 1) ON 1, e",
            &[("a", R), ("b", R), ("c", R), ("e", R)],
        ),
        ("WITH t(x) AS (SELECT 1 FROM a), u AS (SELECT * FROM t) SELECT * FROM u, t JOIN b", &[("a", R), ("b", R)]),
        ("WITH users AS (SELECT * FROM users) SELECT * FROM users", &[("users", R)]),
        ("SELECT * FROM json_each(?) j, pragma_table_info('x'), t", &[("t", R)]),
        ("SELECT substr(x FROM 2), extract(year FROM d), trim(both FROM x) FROM t", &[("t", R)]),
        ("SELECT a IS NOT DISTINCT FROM b FROM t", &[("t", R)]),
        ("SELECT name FROM sqlite_master; SELECT 1 FROM sqlite_schema", &[]),
        ("SELECT * FROM \"my t\" JOIN [b c] JOIN `d`", &[("my t", R), ("b c", R), ("d", R)]),
        (
            "INSERT OR REPLACE INTO a (x) SELECT x FROM b ON CONFLICT(x) DO UPDATE SET x = excluded.x RETURNING id",
            &[("a", W), ("b", R)],
        ),
        ("REPLACE INTO a VALUES (replace('a', 'b', 'c'))", &[("a", W)]),
        ("UPDATE OR IGNORE a AS t SET x = y FROM b WHERE EXISTS (SELECT 1 FROM c)", &[("a", W), ("b", R), ("c", R)]),
        ("DELETE FROM a WHERE id NOT IN (SELECT id FROM b) LIMIT 1", &[("a", W), ("b", R)]),
        (
            "SELECT x FROM a UNION ALL SELECT y FROM b EXCEPT SELECT z FROM c ORDER BY 1",
            &[("a", R), ("b", R), ("c", R)],
        ),
        ("EXPLAIN QUERY PLAN SELECT * FROM a", &[("a", R)]),
        ("SELECT * FROM a WHERE x = 'DELETE FROM b' -- FROM c", &[("a", R)]),
        ("TRUNCATE TABLE a; COPY b (x) FROM stdin;\n1\t'\n\\.\nSELECT 1 FROM c", &[("a", W), ("b", W), ("c", R)]),
        ("SELECT * FROM a FOR UPDATE OF a", &[("a", R)]),
        ("INSERT INTO a VALUES (1) ON DUPLICATE KEY UPDATE x = 1", &[("a", W)]),
    ]);
}

#[test]
fn case_63_tables_of_definitions() {
    expect(&[
        ("CREATE TABLE IF NOT EXISTS a (id INT, b_id REFERENCES b(id) ON DELETE CASCADE)", &[("a", D), ("b", R)]),
        ("CREATE INDEX IF NOT EXISTS other.i\nON a (x)", &[("other.a", D)]),
        ("CREATE VIRTUAL TABLE f USING fts5(x)", &[("f", D)]),
        ("CREATE VIEW v AS SELECT * FROM a", &[("v", D), ("a", R)]),
        ("ALTER TABLE a RENAME TO b; ALTER TABLE a RENAME COLUMN x TO y", &[("a", D), ("b", D), ("a", D)]),
        ("ALTER TABLE a RENAME x TO y", &[("a", D)]),
        ("DROP TABLE IF EXISTS a; DROP INDEX i; DROP VIEW v", &[("a", D), ("v", D)]),
        ("PRAGMA table_info(a); PRAGMA other.foreign_key_list('b'); PRAGMA user_version", &[("a", R), ("other.b", R)]),
        (
            "CREATE TRIGGER IF NOT EXISTS t AFTER UPDATE OF x ON a WHEN new.x BEGIN INSERT INTO b SELECT CASE WHEN 1 THEN 2 END FROM c; UPDATE d SET x = 1; DELETE FROM e; END; SELECT 1 FROM z",
            &[("a", D), ("b", W), ("c", R), ("d", W), ("e", W), ("z", R)],
        ),
        ("CREATE TABLE a AS SELECT * FROM b", &[("a", D), ("b", R)]),
    ]);
}

#[test]
fn tables_that_code_fills_in_are_left_out() {
    for text in [
        "SELECT * FROM \u{fffc} WHERE x = \u{fffc}",
        "SELECT * FROM t_\u{fffc} WHERE x = {y}",
        "INSERT INTO %s VALUES ({x})",
        "UPDATE \"\u{fffc}\" SET {x} = 1",
    ] {
        let found = statements(text);
        assert_eq!(found[0].uses, [], "{text}");
        assert_eq!(found[0].holes, 2, "{text}");
    }
    assert_eq!(statements("SELECT * FROM t WHERE x = %s AND y = %(y)s")[0].holes, 0);
}

#[test]
fn case_31_attach_and_vacuum_into() {
    let one = |text: &str| statements(text)[0].attach.clone().unwrap();
    let text = "ATTACH DATABASE 'it''s.db' AS \"other\"";
    let found = one(text);
    assert_eq!(found.path.map(|range| &text[range]), Some("'it''s.db'"));
    assert_eq!((found.literal.as_deref(), found.alias.as_str()), (Some("it's.db"), "other"));
    let found = one("attach '\u{fffc}' as o");
    assert_eq!((found.path, found.literal, found.alias.as_str()), (Some(7..12), None, "o"));
    let found = one("VACUUM INTO 'b.db'");
    assert_eq!((found.literal.as_deref(), found.alias.as_str()), (Some("b.db"), ""));
    assert_eq!(statements("DETACH DATABASE other")[0].attach, None);
    assert_eq!(statements("DETACH DATABASE other")[0].verb, Verb::Detach);
}

#[test]
fn verbs_and_spans() {
    let text = " BEGIN; WITH a AS (SELECT 1) INSERT INTO t SELECT * FROM a ; create temp table x(y);;\n(SELECT 1)";
    let found = statements(text);
    let shown: Vec<_> = found.iter().map(|one| (one.verb, &text[one.span.clone()], one.creates_temp)).collect();
    assert_eq!(
        shown,
        [
            (Verb::Transaction, "BEGIN", false),
            (Verb::Insert, "WITH a AS (SELECT 1) INSERT INTO t SELECT * FROM a", false),
            (Verb::Create, "create temp table x(y)", true),
            (Verb::Select, "(SELECT 1)", false),
        ]
    );
}

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
const REAL: [&str; 46] = [
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
    "SELECT p.name FROM pragma_table_info('users') p",
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
        let own_writes: BTreeSet<_> = own.iter().filter(|used| used.1 == W).map(|used| used.0.clone()).collect();
        let own_reads: BTreeSet<_> =
            own.iter().filter(|used| used.1 == R).map(|used| used.0.trim_start_matches("main.").to_owned()).collect();
        assert_eq!(own_writes, writes, "writes of {text}");
        assert!(own_reads.is_subset(&reads), "{own_reads:?} of {text}, but SQLite reads {reads:?}");
        assert!(reads.is_subset(&own_reads.union(&writes).cloned().collect()), "SQLite reads {reads:?} in {text}");
    }
    assert!(compared >= 40, "{compared}");
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "\\PC*") {
        check_spans(&text);
    }

    #[test]
    fn no_mixture_makes_it_panic(parts in proptest::collection::vec(proptest::sample::select(PARTS), 0..60)) {
        check_spans(&parts.join(""));
        check_spans(&parts.join(" "));
    }
}

const PARTS: &[&str] = &[
    "SELECT",
    "FROM",
    "JOIN",
    "(",
    ")",
    ",",
    ";",
    "WITH",
    "AS",
    "a",
    "é",
    "\u{fffc}",
    "'",
    "\"",
    "[",
    "]",
    "`",
    "$$",
    "{",
    "}",
    "%s",
    "%(x)s",
    "?",
    ":a",
    "--",
    "\n",
    "/*",
    "*/",
    "CREATE",
    "TRIGGER",
    "TABLE",
    "BEGIN",
    "END",
    "CASE",
    "INSERT",
    "INTO",
    "UPDATE",
    "SET",
    "DELETE",
    "ATTACH",
    "VACUUM",
    "PRAGMA",
    "table_info",
    ".",
    ".open x",
    "ON",
    "ALTER",
    "RENAME",
    "TO",
    "DROP",
    "COPY",
    "STDIN",
    "\\.",
    "IF",
    "x'0",
    "#",
    "EXPLAIN",
    "RECURSIVE",
    "USING",
];

fn check_spans(text: &str) {
    let _ = looks_like_sql(text);
    let mut end = 0;
    for statement in statements(text) {
        assert!(statement.span.start >= end);
        end = statement.span.end;
        assert!(text.get(statement.span.clone()).is_some());
        for found in statement.uses {
            assert!(text.get(found.span).is_some());
        }
        if let Some(path) = statement.attach.and_then(|attach| attach.path) {
            assert!(text.get(path).is_some());
        }
    }
}

#[test]
fn deep_nesting_is_walked() {
    let deep = format!("{}SELECT 1 FROM t{}", "SELECT * FROM (".repeat(20_000), ")".repeat(20_000));
    assert_eq!(uses(&deep), [("t".to_owned(), R)]);
    assert!(statements(&"'[`\"$a$".repeat(20_000)).len() <= 1);
    let ctes = "WITH a AS (".repeat(500);
    assert_eq!(statements(&ctes).len(), 1);
}
