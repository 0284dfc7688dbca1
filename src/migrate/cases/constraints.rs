//! What a schema holds rows to: parents, uniqueness, and what only one source declares. And how much one value may hold.

use crate::migrate::trial_tests::Trial;

/// A block that merges `table` of `a` and `b`.
fn block(table: &str, more: &str) -> String {
    format!("[[table]]\nname = {table:?}\nfrom = [\"a\", \"b\"]\n{more}")
}

#[test]
fn b9_leaving_out_a_parent_takes_no_child_with_it() {
    let schema = "CREATE TABLE p(id INTEGER PRIMARY KEY); CREATE TABLE c(p REFERENCES p(id) ON DELETE CASCADE ON UPDATE SET NULL, t);
                  INSERT INTO p VALUES (1), (2); INSERT INTO c VALUES (NULL, 'a'), (NULL, 'b');";
    for (id, other) in [("a", "b"), ("b", "a")] {
        let sources = |more: &str| [(id, format!("{schema}{more}")), (other, "CREATE TABLE other(x);".to_owned())];
        let trial = |more: &str| {
            let mut sources = sources(more);
            sources.sort_unstable();
            let sources: Vec<(&str, &str)> = sources.iter().map(|(id, sql)| (*id, sql.as_str())).collect();
            Trial::new(&sources).plan(&format!("[[table]]\nname = \"p\"\nfrom = [{id:?}]\naction = \"skip\""))
        };
        let all = trial("").proved();
        assert_eq!(all.rows("SELECT * FROM c"), "|a |b");
        assert_eq!(all.account(id, "p"), (0, 0, 0, 2));
        let stop = trial("UPDATE c SET p = 1 WHERE t = 'a'").stage().unwrap_err();
        assert_eq!(stop.title, format!("{id}: `c`: 1 rows would lose their parents"));
    }
}

#[test]
fn b10_a_row_that_is_unique_in_two_ways_takes_no_other_away() {
    let schema = "CREATE TABLE users(id INTEGER PRIMARY KEY, name TEXT UNIQUE, mail TEXT UNIQUE);
                  CREATE TABLE sessions(user INTEGER REFERENCES users(id) ON DELETE CASCADE, t);";
    let trial = Trial::new(&[
        ("a", &format!("{schema} INSERT INTO users VALUES (1,'ann','a@x'),(2,'bob','b@x'); INSERT INTO sessions VALUES (1,'s1'),(2,'s2');")),
        // Ann has changed her mail to the one that is Bob's in the other database.
        ("b", &format!("{schema} INSERT INTO users VALUES (5,'ann','b@x'); INSERT INTO sessions VALUES (5,'s3');")),
    ])
    .plan(&block("sessions", ""));
    let stopped = trial.plan(&block("users", "match-on = [\"name\"]\nstrategy = \"stop\""));
    assert!(stopped.stage().unwrap_err().title.contains("cannot be merged"));
    for strategy in ["prefer", "fill-nulls"] {
        let again = Trial::new(&[
            ("a", &format!("{schema} INSERT INTO users VALUES (1,'ann','a@x'),(2,'bob','b@x'); INSERT INTO sessions VALUES (1,'s1'),(2,'s2');")),
            ("b", &format!("{schema} INSERT INTO users VALUES (5,'ann','b@x'); INSERT INTO sessions VALUES (5,'s3');")),
        ])
        .plan(&block("sessions", ""))
        .plan(&block("users", &format!("match-on = [\"name\"]\nstrategy = {strategy:?}\nprefer = [\"b\", \"a\"]")));
        let all = again.proved();
        assert_eq!(all.rows("SELECT id, name, mail FROM users"), "1|ann|a@x 2|bob|b@x", "{strategy}");
        assert_eq!(
            all.rows("SELECT t, name FROM sessions JOIN users ON users.id = user ORDER BY t"),
            "s1|ann s2|bob s3|ann"
        );
        assert_eq!(all.rows("SELECT source, key FROM dbguard_kept_aside"), "b|5", "{strategy}");
    }
}

#[test]
fn a11_a_foreign_key_to_a_table_of_another_source_finds_its_parent() {
    let trial = Trial::new(&[
        ("a", "CREATE TABLE users(id INTEGER PRIMARY KEY, n); INSERT INTO users VALUES (1,'ann'),(7,'bob');"),
        (
            "b",
            "CREATE TABLE tasks(id INTEGER PRIMARY KEY, user INTEGER REFERENCES users(id), t); INSERT INTO tasks VALUES (1,7,'x'),(2,9,'y');",
        ),
    ]);
    let all = trial.proved();
    assert_eq!(all.rows("SELECT t, n FROM tasks LEFT JOIN users ON users.id = user"), "x|bob y|");
}

#[test]
fn b13_a_clash_in_an_index_of_expressions_or_of_some_rows_is_decided_like_any_other() {
    let schema = "CREATE TABLE u(id INTEGER PRIMARY KEY, mail TEXT, gone INTEGER DEFAULT 0, v); CREATE TABLE s(u REFERENCES u(id), t);
                  CREATE UNIQUE INDEX one_mail ON u(lower(mail)) WHERE gone = 0;";
    let sources = [
        (
            "a",
            format!(
                "{schema} INSERT INTO u VALUES (1,'Ann@x',0,'a'),(2,'bob@x',1,'b'); INSERT INTO s VALUES (1,'s1');"
            ),
        ),
        (
            "b",
            format!(
                "{schema} INSERT INTO u VALUES (1,'bob@x',0,'c'),(2,'ANN@X',0,'d'); INSERT INTO s VALUES (2,'s2'),(1,'s3');"
            ),
        ),
    ];
    let sources: Vec<(&str, &str)> = sources.iter().map(|(id, sql)| (*id, sql.as_str())).collect();
    let of = |more: &str| {
        Trial::new(&sources)
            .plan(&format!("[[table]]\nname = \"u\"\nfrom = [\"a\", \"b\"]\nrekey = \"offset\"\n{more}"))
            .plan("[[table]]\nname = \"s\"\nfrom = [\"a\", \"b\"]")
    };
    assert_eq!(of("").stage().unwrap_err().title, "b: `u`: 1 row of `u` cannot be merged");
    let all = of("strategy = \"prefer\"").proved();
    assert_eq!(all.rows("SELECT mail, gone, v FROM u"), "Ann@x|0|a bob@x|1|b bob@x|0|c");
    assert_eq!(all.rows("SELECT t, v FROM s JOIN u ON u.id = u ORDER BY t"), "s1|a s2|a s3|c");
    assert_eq!(all.account("b", "u"), (1, 0, 1, 0));
}

#[test]
fn a4_what_only_a_later_source_declares_is_told() {
    let trial = Trial::new(&[
        ("a", "CREATE TABLE g(id INTEGER PRIMARY KEY); CREATE TABLE t(id INTEGER PRIMARY KEY, k TEXT, g INTEGER, n INTEGER);"),
        ("b", "CREATE TABLE t(id INTEGER PRIMARY KEY, k TEXT NOT NULL UNIQUE, g INTEGER REFERENCES g(id), n INTEGER DEFAULT 5 CHECK (n > 0));
               INSERT INTO t VALUES (1,'x',NULL,2);"),
    ])
    .plan("[[table]]\nname = \"t\"\nfrom = [\"a\", \"b\"]");
    assert_eq!(
        trial.proved().staged.warnings,
        [
            "t: it is defined as in a; b alone declares UNIQUE (k), NOT NULL of k, DEFAULT 5 of n, FOREIGN KEY (g) to g, a CHECK"
        ]
    );
}

#[test]
fn a15_b27_huge_values_stay_as_they_are() {
    let schema = "CREATE TABLE t(id INTEGER PRIMARY KEY, v);";
    let huge =
        "SELECT zeroblob(9000000) UNION ALL SELECT randomblob(5000000) UNION ALL SELECT hex(randomblob(3000000))";
    let fill = format!("{schema} INSERT INTO t(v) {huge};");
    let trial = Trial::new(&[("a", &fill), ("b", &fill)])
        .plan("[[table]]\nname = \"t\"\nfrom = [\"a\", \"b\"]\nrekey = \"offset\"");
    let all = trial.proved();
    assert_eq!(
        all.rows("SELECT id, typeof(v), length(v) FROM t"),
        "1|blob|9000000 2|blob|5000000 3|text|6000000 4|blob|9000000 5|blob|5000000 6|text|6000000"
    );
}
