//! Part B1: keys, rowids, marks; and references that follow them.

use crate::migrate::trial_tests::Trial;

/// A block that merges `table` of `a` and `b`.
fn block(table: &str, more: &str) -> String {
    format!("[[table]]\nname = {table:?}\nfrom = [\"a\", \"b\"]\n{more}")
}

#[test]
fn a7_b1_keys_of_deleted_rows_are_not_given_again() {
    let schema = "CREATE TABLE t(id INTEGER PRIMARY KEY AUTOINCREMENT, x); CREATE TABLE e(id INTEGER PRIMARY KEY AUTOINCREMENT);";
    let trial = Trial::new(&[
        ("a", &format!("{schema} INSERT INTO t VALUES (1,'a'),(2,'b'),(3,'c'); DELETE FROM t WHERE id > 1;")),
        ("b", &format!("{schema} INSERT INTO t VALUES (1,'d'),(8,'e'); DELETE FROM t WHERE id = 8; INSERT INTO e VALUES (5); DELETE FROM e;
          CREATE TABLE only(id INTEGER PRIMARY KEY AUTOINCREMENT); INSERT INTO only VALUES (41); DELETE FROM only;")),
    ])
    .plan(&block("t", "rekey = \"offset\""))
    .plan(&block("e", "rekey = \"offset\""));
    let all = trial.proved();
    assert_eq!(all.rows("SELECT id, x FROM t"), "1|a 4|d");
    assert_eq!(all.rows("SELECT name, seq FROM sqlite_sequence ORDER BY name"), "e|5 only|41 t|11");
}

#[test]
fn a8_b2_what_is_a_rowid_and_what_only_looks_like_one() {
    let schema = "CREATE TABLE r(id INTEGER PRIMARY KEY, v); CREATE TABLE i(id INT PRIMARY KEY, v); CREATE TABLE d(id INTEGER PRIMARY KEY DESC, v);";
    let trial = Trial::new(&[
        (
            "a",
            &format!(
                "{schema} INSERT INTO r VALUES (5,'a'); INSERT INTO i VALUES (5,'a'); INSERT INTO d VALUES (5,'a');"
            ),
        ),
        (
            "b",
            &format!(
                "{schema} INSERT INTO r VALUES (5,'b'); INSERT INTO i VALUES (6,'b'); INSERT INTO d VALUES (6,'b');"
            ),
        ),
    ])
    .plan(&block("r", "rekey = \"offset\""))
    .plan(&block("i", ""))
    .plan(&block("d", ""));
    let all = trial.proved();
    assert_eq!(
        all.rows("SELECT id, v FROM r UNION ALL SELECT id, v FROM i UNION ALL SELECT id, v FROM d"),
        "5|a 6|b 5|a 6|b 5|a 6|b"
    );
}

#[test]
fn b3_rowids_that_nothing_declares_stay_where_they_are_free() {
    let trial = Trial::new(&[
        ("a", "CREATE TABLE x(v); INSERT INTO x(rowid, v) VALUES (5,'five'),(9,'nine');"),
        ("b", "CREATE TABLE y(v); INSERT INTO y(rowid, v) VALUES (5,'five'),(9,'nine'); CREATE TABLE z(rowid TEXT, oid, v); INSERT INTO z VALUES ('r', 'o', 1);
               CREATE TABLE uses(row INTEGER); INSERT INTO uses VALUES (9);"),
    ])
    .plan("[[ref]]\ncolumn = \"uses.row\"\nto = \"y.rowid\"");
    let all = trial.proved();
    assert_eq!(all.rows("SELECT rowid, v FROM x UNION ALL SELECT rowid, v FROM y"), "5|five 9|nine 5|five 9|nine");
    assert_eq!(all.rows("SELECT _rowid_, rowid, oid FROM z"), "1|r|o");
}

#[test]
fn a8_references_to_a_rowid_follow_when_the_plan_declares_them() {
    let schema = "CREATE TABLE y(v); CREATE TABLE uses(row INTEGER, t);";
    let trial = Trial::new(&[
        ("a", &format!("{schema} INSERT INTO y(rowid, v) VALUES (5,'a5'); INSERT INTO uses VALUES (5,'a');")),
        ("b", &format!("{schema} INSERT INTO y(rowid, v) VALUES (5,'b5'),(9,'b9'); INSERT INTO uses VALUES (9,'b'),(5,'c'),('5','d'),(NULL,'e'),(77,'f');")),
    ])
    .plan(&block("y", ""))
    .plan(&block("uses", ""))
    .plan("[[ref]]\ncolumn = \"uses.row\"\nto = \"y.rowid\"");
    let all = trial.proved();
    assert_eq!(all.rows("SELECT t, v FROM uses LEFT JOIN y ON y.rowid = row ORDER BY t"), "a|a5 b|b9 c|b5 d|b5 e| f|");
}

#[test]
fn a9_b4_tables_without_rowid_and_keys_of_several_columns() {
    let schema = "CREATE TABLE p(id INTEGER PRIMARY KEY, n TEXT UNIQUE);
        CREATE TABLE m(p INTEGER REFERENCES p(id), role TEXT, note, PRIMARY KEY(p, role)) WITHOUT ROWID;
        CREATE TABLE u(id BLOB PRIMARY KEY, v) WITHOUT ROWID;";
    let trial = Trial::new(&[
        ("a", &format!("{schema} INSERT INTO p VALUES (1,'x'),(2,'y'); INSERT INTO m VALUES (1,'r',1),(2,'r',2); INSERT INTO u VALUES (x'01', 1);")),
        ("b", &format!("{schema} INSERT INTO p VALUES (1,'y'),(2,'z'); INSERT INTO m VALUES (1,'r',3),(1,'s',4),(2,'r',5); INSERT INTO u VALUES (x'02', 2), (x'01', 1);")),
    ])
    .plan(&block("p", "match-on = [\"n\"]\nstrategy = \"prefer\""))
    .plan(&block("m", "strategy = \"newest\"\nnewest = \"note\""))
    .plan(&block("u", ""));
    let all = trial.proved();
    assert_eq!(all.rows("SELECT n, role, note FROM m JOIN p ON p.id = p ORDER BY n, role"), "x|r|1 y|r|3 y|s|4 z|r|5");
    assert_eq!(
        (all.account("a", "m"), all.account("b", "m"), all.account("b", "u")),
        ((1, 0, 1, 0), (2, 1, 0, 0), (1, 1, 0, 0))
    );
}

#[test]
fn b5_null_in_a_key_is_no_match() {
    let schema = "CREATE TABLE t(k TEXT PRIMARY KEY, v UNIQUE);";
    let trial = Trial::new(&[
        ("a", &format!("{schema} INSERT INTO t VALUES (NULL, 1), ('x', NULL), (NULL, NULL);")),
        ("b", &format!("{schema} INSERT INTO t VALUES (NULL, 2), ('y', NULL), (NULL, NULL);")),
    ])
    .plan(&block("t", "match-on = [\"k\"]\nstrategy = \"prefer\""));
    assert_eq!(trial.proved().rows("SELECT count(*) FROM t"), "6");
}

#[test]
fn b6_keys_that_cannot_move_stop_the_run() {
    let schema = "CREATE TABLE t(id INTEGER PRIMARY KEY, v);";
    let trial = Trial::new(&[
        ("a", &format!("{schema} INSERT INTO t VALUES (9223372036854775807, 1);")),
        ("b", &format!("{schema} INSERT INTO t VALUES (9223372036854775807, 2);")),
    ])
    .plan(&block("t", "rekey = \"offset\""));
    assert!(trial.stage().unwrap_err().title.contains("cannot move"));
}

#[test]
fn a11_b7_foreign_keys_of_every_kind_follow() {
    let schema = "CREATE TABLE node(id INTEGER PRIMARY KEY, up INTEGER REFERENCES node(id), code TEXT UNIQUE, t TEXT);
        CREATE TABLE left_(id INTEGER PRIMARY KEY, r INTEGER REFERENCES right_(id) DEFERRABLE INITIALLY DEFERRED);
        CREATE TABLE right_(id INTEGER PRIMARY KEY, l INTEGER REFERENCES left_ ON DELETE CASCADE);
        CREATE TABLE pair(n INTEGER REFERENCES node(id), k TEXT, v, UNIQUE(n, k));
        CREATE TABLE onpair(n INTEGER, k TEXT, t, FOREIGN KEY(n, k) REFERENCES pair(n, k));
        CREATE TABLE bycode(code TEXT REFERENCES node(code) ON DELETE SET NULL, nope REFERENCES missing(id));
        CREATE TABLE text_child(node TEXT REFERENCES node(id), any_ REFERENCES node(id));
        CREATE TABLE extra(node_id INTEGER PRIMARY KEY REFERENCES node(id), more);";
    let data = |s: &str| {
        format!(
            "{schema} INSERT INTO node VALUES (1, NULL, '{s}1', '{s}-root'), (2, 1, '{s}2', '{s}-leaf'), (3, 3, 'shared', '{s}-self');
             INSERT INTO left_ VALUES (1, 2), (2, NULL); INSERT INTO right_ VALUES (2, 1), (3, 2);
             INSERT INTO pair VALUES (1, 'k', '{s}'), (2, NULL, '{s}'); INSERT INTO onpair VALUES (1, 'k', '{s}'), (NULL, 'k', '{s}');
             INSERT INTO bycode VALUES ('{s}2', 5), ('shared', NULL); INSERT INTO text_child VALUES ('2', 2), (3, '3'), ('x', x'00');
             INSERT INTO extra VALUES (2, '{s}'), (3, '{s}');"
        )
    };
    let mut trial = Trial::new(&[("a", &data("a")), ("b", &data("b"))])
        .plan(&block("node", "match-on = [\"code\"]\nstrategy = \"prefer\""))
        .plan(&block("extra", "strategy = \"prefer\""));
    for table in ["left_", "right_"] {
        trial = trial.plan(&block(table, "rekey = \"offset\""));
    }
    for table in ["pair", "onpair", "bycode", "text_child"] {
        trial = trial.plan(&block(table, ""));
    }
    let all = trial.proved();
    assert_eq!(
        all.rows("SELECT c.t, p.t FROM node c LEFT JOIN node p ON p.id = c.up ORDER BY c.t"),
        "a-leaf|a-root a-root| a-self|a-self b-leaf|b-root b-root|"
    );
    assert_eq!(all.rows("SELECT count(*) FROM left_ l JOIN right_ r ON l.r = r.id AND r.l = l.id"), "2");
    assert_eq!(all.rows("SELECT o.t, p.v FROM onpair o JOIN pair p ON (o.n, o.k) = (p.n, p.k) ORDER BY 1"), "a|a b|b");
    assert_eq!(
        all.rows("SELECT n.t, x.t FROM text_child c JOIN node n ON n.id = c.node JOIN node x ON x.id = c.any_"),
        "a-leaf|a-leaf a-self|a-self b-leaf|b-leaf a-self|a-self"
    );
    assert_eq!(
        all.rows("SELECT more, t FROM extra JOIN node ON node_id = id ORDER BY t"),
        "a|a-leaf a|a-self b|b-leaf"
    );
    assert_eq!(
        all.rows("SELECT typeof(node), typeof(any_) FROM text_child"),
        "text|integer text|text text|blob text|integer text|text text|blob"
    );
}

#[test]
fn a12_b8_what_dangled_dangles_still_and_binds_to_nobody() {
    let schema = "CREATE TABLE p(id INTEGER PRIMARY KEY, n); CREATE TABLE c(id INTEGER PRIMARY KEY, p INTEGER REFERENCES p(id), t);";
    let sources = [
        ("a", format!("{schema} INSERT INTO p VALUES (1,'a1'); INSERT INTO c VALUES (1,1,'a'),(2,4,'a-lost');")),
        (
            "b",
            format!(
                "{schema} INSERT INTO p VALUES (1,'b1'),(2,'b2'); INSERT INTO c VALUES (1,2,'b'),(2,3,'b-lost'),(3,-5,'b-low');"
            ),
        ),
    ];
    let sources: Vec<(&str, &str)> = sources.iter().map(|(id, sql)| (*id, sql.as_str())).collect();
    let of = |dangling: &str| {
        Trial::new(&sources)
            .plan(&block("p", "rekey = \"offset\""))
            .plan(&block("c", &format!("rekey = \"offset\"\ndangling = {dangling:?}")))
    };
    let joined = "SELECT t, n FROM c LEFT JOIN p ON p.id = p ORDER BY t";
    let kept = of("keep").proved();
    assert_eq!(kept.rows(joined), "a|a1 a-lost| b|b2 b-lost| b-low|");
    let aside = of("aside").proved();
    assert_eq!(aside.rows(joined), "a|a1 b|b2");
    assert_eq!((aside.account("a", "c"), aside.account("b", "c")), ((1, 0, 0, 1), (1, 0, 0, 2)));
    let nulled = of("null").proved();
    assert_eq!(nulled.rows("SELECT count(*) FROM c WHERE p IS NULL"), "3");
    assert_eq!(nulled.rows("SELECT source, account FROM dbguard_kept_aside"), "a|copied b|copied b|copied");
    assert!(of("stop").stage().unwrap_err().title.contains("1 rows have no parent"));
}

#[test]
fn a13_children_go_with_a_parent_that_is_set_aside() {
    let schema = "CREATE TABLE p(id INTEGER PRIMARY KEY, up REFERENCES p(id)); CREATE TABLE c(p REFERENCES p(id), t); CREATE TABLE g(id INTEGER PRIMARY KEY, p REFERENCES p(id));";
    let trial = Trial::new(&[
        ("a", &format!("{schema} INSERT INTO p VALUES (1,NULL),(2,9),(3,2); INSERT INTO c VALUES (1,'ok'),(3,'gone'); INSERT INTO g VALUES (1,2);")),
    ])
    .plan("[[table]]\nname = \"p\"\nfrom = [\"a\"]\ndangling = \"aside\"");
    let all = trial.proved();
    assert_eq!(all.rows("SELECT * FROM p"), "1|");
    assert_eq!(all.rows("SELECT t FROM c"), "ok");
    assert_eq!(
        all.rows("SELECT table_name, key, reason FROM dbguard_kept_aside ORDER BY 1, 2"),
        "c|2|its row in p is set aside g|1|its row in p is set aside p|2|dangling: p.up has no row in p p|3|its row in p is set aside"
    );
}

#[test]
fn a10_references_that_no_schema_declares_follow() {
    let trial = Trial::new(&[
        ("zoe", "CREATE TABLE users(id TEXT PRIMARY KEY, n); INSERT INTO users VALUES ('u1','ann');"),
        ("dev", "CREATE TABLE users(id INTEGER PRIMARY KEY, n); CREATE TABLE tasks(id INTEGER PRIMARY KEY, user_id TEXT, owner INTEGER); INSERT INTO users VALUES (1,'x'),(2,'y'); INSERT INTO tasks VALUES (1,'2',1),(2,'nobody',NULL);"),
        ("web", "CREATE TABLE users(id INTEGER PRIMARY KEY, n); CREATE TABLE jobs(user_id INTEGER); INSERT INTO users VALUES (1,'p'),(2,'q'); INSERT INTO jobs VALUES (1),(2);"),
    ])
    .plan("[[table]]\nname = \"users\"\nfrom = [\"zoe\"]")
    .plan("[[table]]\nname = \"users\"\nfrom = [\"dev\", \"web\"]\nrename-to = \"people\"\nrekey = \"offset\"")
    .plan("[[ref]]\ncolumn = \"*.user_id\"\nto = \"users.id\"\n[[ref]]\ncolumn = \"dev/tasks.owner\"\nto = \"users.id\"");
    let all = trial.proved();
    assert_eq!(all.rows("SELECT id, n FROM people"), "1|x 2|y 3|p 4|q");
    assert_eq!(all.rows("SELECT user_id, owner FROM tasks"), "2|1 nobody|");
    assert_eq!(all.rows("SELECT user_id FROM jobs"), "3 4");
}

#[test]
fn b38_forty_sources_of_one_table() {
    let sources: Vec<(String, String)> = (0..40)
        .map(|n| {
            let sql = format!(
                "CREATE TABLE u(id INTEGER PRIMARY KEY, n TEXT); CREATE TABLE c(u REFERENCES u(id), t);
                 INSERT INTO u VALUES (1,'n{n}'),(2,'m{n}'); INSERT INTO c VALUES (2,'m{n}');"
            );
            (format!("s{n}"), sql)
        })
        .collect();
    let pairs: Vec<(&str, &str)> = sources.iter().map(|(id, sql)| (id.as_str(), sql.as_str())).collect();
    let ids: Vec<String> = sources.iter().map(|(id, _)| format!("{id:?}")).collect();
    let trial = Trial::new(&pairs)
        .plan(&format!("[[table]]\nname = \"u\"\nfrom = [{}]\nrekey = \"offset\"", ids.join(", ")))
        .plan(&format!("[[table]]\nname = \"c\"\nfrom = [{}]", ids.join(", ")));
    let all = trial.proved();
    assert_eq!(all.rows("SELECT count(*), count(DISTINCT n), max(id) FROM u"), "80|80|80");
    assert_eq!(all.rows("SELECT count(*) FROM c JOIN u ON u.id = u WHERE t = n"), "40");
}

#[test]
fn a_reference_to_a_merged_row_without_the_column_it_names_keeps_its_value() {
    let trial = Trial::new(&[
        ("a", "CREATE TABLE users(id INTEGER PRIMARY KEY, name TEXT UNIQUE); INSERT INTO users VALUES (1, 'ann');"),
        (
            "b",
            "CREATE TABLE users(code TEXT PRIMARY KEY, name TEXT);
             CREATE TABLE tasks(id TEXT PRIMARY KEY, owner TEXT REFERENCES users(code));
             INSERT INTO users VALUES ('u-1', 'ann'), ('u-2', 'bob');
             INSERT INTO tasks VALUES ('t-1', 'u-1'), ('t-2', 'u-2');",
        ),
    ])
    .plan(&block("users", "match-on = [\"name\"]\nstrategy = \"fill-nulls\""));
    let all = trial.proved();
    assert_eq!(all.rows("SELECT id, owner FROM tasks"), "t-1|u-1 t-2|u-2");
}
