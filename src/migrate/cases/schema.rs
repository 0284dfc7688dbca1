//! What a schema holds beside its tables.

use crate::migrate::trial_tests::Trial;

#[test]
fn tables_without_a_clash_come_together_with_all_that_hangs_on_them() {
    let trial = Trial::new(&[
        ("zoe", "CREATE TABLE a(id INTEGER PRIMARY KEY, x); INSERT INTO a VALUES (1,'one'),(9,'nine'); CREATE VIEW va AS SELECT * FROM a;"),
        (
            "auth",
            "CREATE TABLE b(id INTEGER PRIMARY KEY, y TEXT); CREATE INDEX bi ON b(y); INSERT INTO b VALUES (7, 'seven');
             CREATE TABLE log(t); CREATE TRIGGER bt AFTER INSERT ON b BEGIN INSERT INTO log VALUES (new.y); END;
             CREATE VIEW vb AS SELECT y FROM b;",
        ),
    ]);
    let all = trial.proved();
    assert_eq!(all.rows("SELECT * FROM a"), "1|one 9|nine");
    assert_eq!(all.rows("SELECT y FROM vb"), "seven");
    assert_eq!(all.rows("SELECT count(*) FROM log"), "0");
    assert_eq!(
        all.rows("SELECT type, name FROM sqlite_schema ORDER BY name"),
        "table|a table|b index|bi trigger|bt table|log view|va view|vb"
    );
    assert_eq!(all.account("auth", "b"), (1, 0, 0, 0));
}

fn both(table: &str, more: &str) -> String {
    format!("[[table]]\nname = {table:?}\nfrom = [\"a\", \"b\"]\n{more}")
}

#[test]
fn a3_the_same_name_with_another_meaning_gets_another_name() {
    let trial = Trial::new(&[
        ("a", "CREATE TABLE notifications(id INTEGER PRIMARY KEY, text); INSERT INTO notifications VALUES (1,'a');"),
        (
            "b",
            "CREATE TABLE notifications(uid TEXT PRIMARY KEY, seen); INSERT INTO notifications VALUES ('u', 1);
             CREATE INDEX ni ON notifications(seen); CREATE VIEW unseen AS SELECT uid FROM notifications WHERE seen = 0;
             CREATE TRIGGER nt AFTER INSERT ON notifications BEGIN UPDATE notifications SET seen = 0 WHERE uid = new.uid; END;
             CREATE TABLE log(n TEXT REFERENCES notifications(uid));",
        ),
    ])
    .plan("[[table]]\nname = \"notifications\"\nfrom = [\"b\"]\nrename-to = \"notification_user\"");
    let all = trial.proved();
    assert_eq!(all.rows("SELECT * FROM notifications"), "1|a");
    assert_eq!(all.rows("SELECT * FROM notification_user"), "u|1");
    all.db.execute_batch("INSERT INTO notification_user VALUES ('w', 9)").unwrap();
    assert_eq!(all.rows("SELECT uid FROM unseen"), "w");
    assert_eq!(all.rows("SELECT \"table\" FROM pragma_foreign_key_list('log')"), "notification_user");
}

#[test]
fn two_sources_with_one_table_and_no_decision_stop_the_run() {
    let schema = "CREATE TABLE t(a);";
    let stop = Trial::new(&[("a", schema), ("b", schema)]).stage().unwrap_err();
    assert_eq!(stop.title, "several sources have `t`");
}

#[test]
fn a16_empty_databases_and_empty_tables() {
    let trial = Trial::new(&[
        ("a", "CREATE TABLE t(a); CREATE TABLE e(x);"),
        ("b", ""),
        ("c", "CREATE TABLE f(a); INSERT INTO f VALUES (1); ANALYZE; DROP TABLE f;"),
    ]);
    let all = trial.proved();
    assert_eq!(all.account("a", "e"), (0, 0, 0, 0));
    assert_eq!(all.staged.accounts.len(), 2);
    assert_eq!(Trial::on(None, &[]).stage().unwrap().accounts, []);
}

#[test]
fn a13_a_table_that_is_left_out_stands_aside_whole() {
    let trial = Trial::new(&[
        ("a", "CREATE TABLE cache(k, v); INSERT INTO cache VALUES (1, x'00'); CREATE TABLE t(a); CREATE VIEW v AS SELECT * FROM cache;"),
        ("b", "CREATE TABLE cache(k); INSERT INTO cache VALUES ('x'), ('y'); CREATE TABLE u(a);"),
    ])
    .plan(&both("cache", "action = \"skip\""));
    let all = trial.proved();
    assert_eq!(
        all.rows("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT GLOB 'dbguard_*' ORDER BY 1"),
        "t u"
    );
    assert_eq!((all.account("a", "cache"), all.account("b", "cache")), ((0, 0, 0, 1), (0, 0, 0, 2)));
}

#[test]
fn b11_strict_tables_and_generated_columns() {
    let schema = "CREATE TABLE s(id INTEGER PRIMARY KEY, a INTEGER, b INTEGER AS (a * 2) STORED, c TEXT AS (a || '!'), d ANY) STRICT;";
    let trial = Trial::new(&[
        ("a", &format!("{schema} INSERT INTO s(a, d) VALUES (1, 'x'), (2, 5);")),
        ("b", &format!("{schema} INSERT INTO s(a, d) VALUES (3, x'00'); CREATE TABLE g(a, b AS (a + 1) UNIQUE); INSERT INTO g VALUES (1), (5);")),
    ])
    .plan(&both("s", "rekey = \"offset\""));
    let all = trial.proved();
    assert_eq!(all.rows("SELECT * FROM s"), "1|1|2|1!|x 2|2|4|2!|5 3|3|6|3!|x00");
    assert_eq!(all.rows("SELECT * FROM g"), "1|2 5|6");
}

#[test]
fn b12_rows_older_than_their_check_come_along() {
    let schema = "CREATE TABLE t(id INTEGER PRIMARY KEY, v CHECK (v > 0));";
    let trial = Trial::new(&[
        ("a", schema),
        ("b", &format!("{schema} PRAGMA ignore_check_constraints=ON; INSERT INTO t VALUES (1, -1), (2, 2);")),
    ])
    .plan(&both("t", ""));
    assert_eq!(trial.proved().rows("SELECT v FROM t"), "-1 2");
}

#[test]
fn b13_indexes_of_every_kind_and_names_that_are_taken() {
    let trial = Trial::new(&[
        (
            "a",
            "CREATE TABLE x(a, b COLLATE NOCASE); CREATE INDEX i ON x(a DESC); CREATE UNIQUE INDEX u ON x(b) WHERE a IS NOT NULL;",
        ),
        (
            "b",
            "CREATE TABLE y(a TEXT, b, c AS (a || b)); CREATE INDEX i ON y(lower(a), b COLLATE RTRIM DESC) WHERE b > 1;
             CREATE UNIQUE INDEX u ON y(b); CREATE INDEX g ON y(c); INSERT INTO y VALUES ('A', 5), ('b', 6);",
        ),
    ]);
    let all = trial.proved();
    assert_eq!(all.rows("SELECT name FROM sqlite_schema WHERE type = 'index' ORDER BY name"), "g i i_b u u_b");
    assert_eq!(
        all.rows("SELECT sql FROM sqlite_schema WHERE name = 'i_b'"),
        "CREATE INDEX \"i_b\" ON y(lower(a), b COLLATE RTRIM DESC) WHERE b > 1"
    );
    assert_eq!(all.staged.warnings.len(), 2);
}

#[test]
fn b14_a_collation_that_only_the_application_has() {
    let name = |db: &rusqlite::Connection| {
        // Written as an application with its own collation would have left it.
        db.set_db_config(rusqlite::config::DbConfig::SQLITE_DBCONFIG_DEFENSIVE, false).unwrap();
        db.execute_batch("PRAGMA writable_schema=1; UPDATE sqlite_schema SET sql = replace(sql, 'NOCASE', 'MINE'); PRAGMA writable_schema=0;").unwrap();
    };
    let trial = Trial::new(&[
        ("a", "CREATE TABLE t(a TEXT); CREATE INDEX i ON t(a COLLATE NOCASE); INSERT INTO t VALUES ('x');"),
        ("b", "CREATE TABLE u(a TEXT); INSERT INTO u VALUES ('y');"),
    ]);
    name(&super::super::trial_tests::open(&trial.file("a")));
    let staged = trial.stage().unwrap();
    assert_eq!(staged.accounts.iter().map(|it| it.copied).collect::<Vec<_>>(), [1, 1]);
    let trial = Trial::new(&[
        ("a", "CREATE TABLE u(a TEXT);"),
        ("b", "CREATE TABLE t(a TEXT); CREATE INDEX i ON t(a COLLATE NOCASE); INSERT INTO t VALUES ('x');"),
    ]);
    name(&super::super::trial_tests::open(&trial.file("b")));
    let stop = trial.stage().unwrap_err();
    assert_eq!(
        (stop.title.as_str(), stop.happened.as_str()),
        ("b: the index `i` cannot be made anew", "no such collation sequence: MINE")
    );
    assert!(stop.next.contains("base"));
}

#[test]
fn b15_no_trigger_fires_while_rows_come() {
    let schema = "CREATE TABLE t(id INTEGER PRIMARY KEY, v); CREATE TABLE log(v);
        CREATE TRIGGER g AFTER INSERT ON t BEGIN INSERT INTO log VALUES (new.v); SELECT RAISE(ABORT, 'no'); END;";
    let data = |schema: &str, rows: &str| {
        schema.replace("CREATE TRIGGER", &format!("INSERT INTO t VALUES {rows}; CREATE TRIGGER"))
    };
    let trial = Trial::new(&[("a", &data(schema, "(1, 'a')")), ("b", &data(schema, "(1, 'b')"))])
        .plan(&both("t", "rekey = \"offset\""))
        .plan(&both("log", ""));
    let all = trial.proved();
    assert_eq!(all.rows("SELECT count(*) FROM log"), "0");
    assert_eq!(all.rows("SELECT name FROM sqlite_schema WHERE type = 'trigger'"), "g");
}

#[test]
fn b16_views_that_lean_on_views_broken_ones_and_ones_that_are_written_through() {
    let trial = Trial::new(&[
        ("a", "CREATE VIEW broken AS SELECT * FROM nowhere; CREATE TABLE t(a); INSERT INTO t VALUES (1); CREATE VIEW v AS SELECT a AS x FROM t; CREATE VIEW w AS SELECT x FROM v;
               CREATE TRIGGER onview INSTEAD OF INSERT ON w BEGIN INSERT INTO t VALUES (new.x); END;"),
        ("b", "CREATE TABLE u(a); CREATE VIEW w AS SELECT a FROM u; CREATE VIEW also_broken AS SELECT missing(a), b FROM u;"),
    ])
    .plan("[[rename]]\nfrom = \"t\"\nto = \"t2\"");
    let all = trial.proved();
    all.db.execute_batch("INSERT INTO w VALUES (2)").unwrap();
    assert_eq!(all.rows("SELECT x FROM w"), "1 2");
    assert_eq!(all.rows("SELECT name FROM sqlite_schema WHERE type = 'view' ORDER BY 1"), "also_broken broken v w w_b");
    let chained = Trial::new(&[
        ("a", "CREATE TABLE t(a); CREATE VIEW w AS SELECT 1;"),
        ("b", "CREATE TABLE u(a); CREATE VIEW w AS SELECT a FROM u; CREATE VIEW later AS SELECT * FROM w;"),
    ]);
    assert_eq!(chained.stage().unwrap_err().title, "the name of the view `w` of `b` is taken in the target");
}

#[test]
fn b17_renames_inside_the_target_reach_everything_that_names_the_table() {
    let trial = Trial::new(&[
        ("a", "CREATE TABLE items(id INTEGER PRIMARY KEY, status TEXT DEFAULT 'new', n INT, twice AS (n * 2)); INSERT INTO items(n) VALUES (4);
               CREATE TABLE meta(k, related TEXT, name TEXT); INSERT INTO meta VALUES (1, '[\"items\", \"steps\"]', 'items'), (2, 'no json', NULL);
               CREATE VIEW open AS SELECT id FROM items WHERE status = 'new';"),
        ("b", "CREATE TABLE steps(id INTEGER PRIMARY KEY, item INTEGER REFERENCES items(id)); INSERT INTO steps VALUES (1, 1);
               CREATE TABLE tags(t TEXT); CREATE TABLE names(related TEXT); INSERT INTO names VALUES ('[\"tags\"]');"),
    ])
    .plan("[[table]]\nname = \"tags\"\nfrom = [\"b\"]\nrename-to = \"labels\"")
    .plan("[[rename]]\nfrom = \"items\"\nto = \"roadmap_items\"\ncompat = \"view\"\n[[rename]]\nfrom = \"steps\"\nto = \"roadmap_steps\"")
    .plan("[[names-in-data]]\ncolumn = \"meta.related\"\njson = true\n[[names-in-data]]\ncolumn = \"meta.name\"\n[[names-in-data]]\ncolumn = \"names.related\"\njson = true");
    let all = trial.proved();
    assert_eq!(all.rows("SELECT \"table\" FROM pragma_foreign_key_list('roadmap_steps')"), "roadmap_items");
    assert_eq!(all.rows("SELECT related, name FROM meta WHERE k = 1"), "[\"roadmap_items\", \"steps\"]|roadmap_items");
    assert_eq!(all.rows("SELECT related FROM names"), "[\"labels\"]");
    all.db.execute_batch("INSERT INTO items(n) VALUES (7); UPDATE items SET n = 8 WHERE id = 1; INSERT INTO items(status, n) VALUES ('x', 1); DELETE FROM items WHERE status = 'x'").unwrap();
    assert_eq!(all.rows("SELECT * FROM roadmap_items"), "1|new|8|16 2|new|7|14");
    assert_eq!(all.rows("SELECT id FROM open"), "1 2");
}

#[test]
fn b18_full_text_and_tree_indexes_are_made_anew() {
    let a = "CREATE TABLE docs(id INTEGER PRIMARY KEY, body TEXT); CREATE VIRTUAL TABLE docs_fts USING fts5(body, content='docs', content_rowid='id');
        INSERT INTO docs VALUES (1, 'alpha one'); INSERT INTO docs_fts(docs_fts) VALUES ('rebuild');
        CREATE TRIGGER docs_ai AFTER INSERT ON docs BEGIN INSERT INTO docs_fts(rowid, body) VALUES (new.id, new.body); END;";
    let b = "CREATE TABLE docs(id INTEGER PRIMARY KEY, body TEXT); INSERT INTO docs VALUES (1, 'beta two'), (2, 'gamma');
        CREATE VIRTUAL TABLE own USING fts5(t, u UNINDEXED, tokenize='trigram'); INSERT INTO own(rowid, t, u) VALUES (7, 'hello', 1), (9, 'world', x'00');
        CREATE VIRTUAL TABLE four USING fts4(a, b); INSERT INTO four(docid, a, b) VALUES (3, 'x y', 'z'); CREATE VIRTUAL TABLE three USING fts3(a); INSERT INTO three VALUES ('q');
        CREATE VIRTUAL TABLE box USING rtree(id, x0, x1, +label); INSERT INTO box VALUES (5, 1.0, 2.0, 'l'), (6, -1, 3, NULL);
        CREATE TABLE pages(id INTEGER PRIMARY KEY, t TEXT); INSERT INTO pages VALUES (4, 'delta');
        CREATE VIRTUAL TABLE pages_fts USING fts5(t, content='pages', content_rowid='id'); INSERT INTO pages_fts(pages_fts) VALUES ('rebuild');";
    let trial = Trial::new(&[("a", a), ("b", b)])
        .plan(&both("docs", "rekey = \"offset\""))
        .plan("[[rename]]\nfrom = \"pages\"\nto = \"leaves\"");
    let all = trial.proved();
    assert_eq!(all.rows("SELECT rowid FROM docs_fts WHERE docs_fts MATCH 'beta OR alpha' ORDER BY 1"), "1 2");
    assert_eq!(all.rows("SELECT rowid, u FROM own WHERE own MATCH 'ell'"), "7|1");
    assert_eq!(all.rows("SELECT docid, b FROM four WHERE four MATCH 'y'"), "3|z");
    assert_eq!(all.rows("SELECT id, label FROM box WHERE x1 > 1.5 ORDER BY id"), "5|l 6|");
    assert_eq!(all.rows("SELECT rowid, t FROM pages_fts WHERE pages_fts MATCH 'delta'"), "4|delta");
    assert_eq!(all.account("b", "own"), (2, 0, 0, 0));
    all.db.execute_batch("INSERT INTO docs_fts(docs_fts, rank) VALUES ('integrity-check', 1); INSERT INTO pages_fts(pages_fts, rank) VALUES ('integrity-check', 1)").unwrap();
}

#[test]
fn b18_a_contentless_index_stays_in_the_base_or_stops_the_run() {
    let with = "CREATE VIRTUAL TABLE f USING fts5(a, content=''); INSERT INTO f(rowid, a) VALUES (1, 'word');";
    let all = Trial::new(&[("a", with), ("b", "CREATE TABLE t(a);")]).proved();
    assert_eq!(all.rows("SELECT rowid FROM f WHERE f MATCH 'word'"), "1");
    let stop = Trial::new(&[("b", "CREATE TABLE t(a);"), ("a", with)]).stage().unwrap_err();
    assert!(stop.happened.contains("contentless") && stop.next.contains("base"));
}

#[test]
fn b19_every_tool_keeps_its_own_version_mark() {
    let mark = |head: &str| {
        format!(
            "CREATE TABLE alembic_version(version_num TEXT PRIMARY KEY); INSERT INTO alembic_version VALUES ('{head}'); CREATE TABLE t_{head}(a); ANALYZE;"
        )
    };
    let all = Trial::new(&[("a", &mark("x1")), ("b", &mark("y2"))]).proved();
    assert_eq!(all.rows("SELECT version_num FROM alembic_version"), "x1");
    assert_eq!(all.rows("SELECT version_num FROM alembic_version_b"), "y2");
}

#[test]
fn b20_names_that_differ_in_case() {
    let trial = Trial::new(&[
        ("a", "CREATE TABLE Users(Id INTEGER PRIMARY KEY, NAME TEXT); INSERT INTO Users VALUES (1, 'a'); CREATE TABLE É(a); INSERT INTO É VALUES (1);"),
        ("b", "CREATE TABLE users(ID INTEGER PRIMARY KEY, name TEXT, Extra); INSERT INTO users VALUES (1, 'b', 2); CREATE TABLE é(a); INSERT INTO é VALUES (2);"),
    ])
    .plan(&both("users", "rekey = \"offset\""));
    let all = trial.proved();
    assert_eq!(all.rows("SELECT Id, NAME, Extra FROM Users"), "1|a| 2|b|2");
    assert_eq!(all.rows("SELECT (SELECT a FROM É), (SELECT a FROM é)"), "1|2");
}

#[test]
fn b21_definitions_keep_their_words() {
    let sql = "CREATE TABLE t(a TEXT DEFAULT \"x\", /* why */ b DEFAULT (1 + 1), user_id TEXT DEFAULT 'me' -- here\n)";
    let trial = Trial::new(&[
        ("a", "CREATE TABLE other(a);"),
        ("b", &format!("{sql}; INSERT INTO t(a) VALUES ('v'); ALTER TABLE t ADD COLUMN late INT;")),
    ]);
    let all = trial.proved();
    assert_eq!(all.rows("SELECT sql FROM sqlite_schema WHERE name = 't'"), sql.replace("\n)", "\n, late INT)"));
    assert_eq!(all.rows("SELECT * FROM t"), "v|2|me|");
}

#[test]
fn b26_a15_a_database_in_utf16_comes_along() {
    let text = "PRAGMA encoding='UTF-16le'; CREATE TABLE t(id INTEGER PRIMARY KEY, v TEXT, b); INSERT INTO t VALUES (1, 'é\u{1f600}', x'00ff'), (2, NULL, 1.5); CREATE INDEX ti ON t(v); CREATE TABLE w(k TEXT PRIMARY KEY) WITHOUT ROWID; INSERT INTO w VALUES ('ß');";
    let plain = "CREATE TABLE t(id INTEGER PRIMARY KEY, v TEXT, b); INSERT INTO t VALUES (1, 'ü', NULL);";
    for sources in [[("a", plain), ("b", text)], [("a", text), ("b", plain)]] {
        let all = Trial::new(&sources).plan(&both("t", "rekey = \"offset\"")).proved();
        assert_eq!(all.rows("SELECT count(*), count(DISTINCT v), max(id) FROM t"), "3|2|3");
        assert_eq!(all.rows("SELECT k FROM w"), "ß");
    }
    let broken = "PRAGMA encoding='UTF-16le'; CREATE TABLE t(v TEXT); INSERT INTO t VALUES (CAST(x'00d8' AS TEXT));";
    let stop = Trial::new(&[("a", "CREATE TABLE x(a);"), ("b", broken)]).stage().unwrap_err();
    assert!(stop.title.contains("not valid"), "{stop:?}");
}

#[test]
fn b29_a_log_that_was_never_folded_in_is_read() {
    let trial = Trial::new(&[
        ("a", "CREATE TABLE x(a);"),
        ("b", "PRAGMA journal_mode=WAL; CREATE TABLE t(v); INSERT INTO t VALUES (1);"),
    ]);
    let writer = super::super::trial_tests::open(&trial.file("b"));
    writer.execute_batch("PRAGMA wal_autocheckpoint=0; INSERT INTO t VALUES (2)").unwrap();
    assert_eq!(trial.proved().rows("SELECT v FROM t"), "1 2");
}

#[test]
fn b37_settings_are_those_of_the_base() {
    let all = Trial::new(&[
        ("a", "PRAGMA page_size=8192; PRAGMA auto_vacuum=2; PRAGMA user_version=41; PRAGMA application_id=7; PRAGMA journal_mode=WAL; CREATE TABLE t(a);"),
        ("b", "PRAGMA user_version=3; CREATE TABLE u(a);"),
    ])
    .proved();
    assert_eq!(
        all.rows("SELECT * FROM pragma_page_size, pragma_auto_vacuum, pragma_user_version, pragma_application_id"),
        "8192|2|41|7"
    );
    assert_eq!(all.staged.journal_mode, "wal");
    let all = Trial::on(None, &[("a", "PRAGMA page_size=1024; PRAGMA user_version=5; CREATE TABLE t(a);")]).proved();
    assert_eq!(all.rows("SELECT * FROM pragma_page_size, pragma_user_version"), "1024|5");
}

#[test]
fn a_hostile_schema_runs_nothing() {
    let trial = Trial::new(&[
        ("a", "CREATE TABLE t(a);"),
        (
            "b",
            "CREATE TABLE h(a, b DEFAULT (load_extension('x'))); INSERT INTO h VALUES (1, 2); CREATE VIEW v AS SELECT load_extension('evil') AS e; CREATE TRIGGER g AFTER INSERT ON h BEGIN SELECT load_extension('evil'); END;",
        ),
    ]);
    let staged = trial.stage().unwrap();
    assert_eq!(staged.accounts.iter().map(|it| it.copied).collect::<Vec<_>>(), [0, 1]);
}
