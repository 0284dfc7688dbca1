//! Part B3: values, bit for bit.

use crate::migrate::trial_tests::{Trial, open};

const VALUES: &str = "(NULL), (''), ('x'), ('007'), ('1e3'), (7), (-9223372036854775808), (9223372036854775807), (9223372036854775808), (0.1), (-0.0), (1e999), (-1e999), (x''), (x'00ff'),
    (CAST(x'610062' AS TEXT)), (CAST(x'ff' AS TEXT)), (CAST(x'c3' AS TEXT)), ('é'), ('\u{1f600}'), (5.0), ('5'), (zeroblob(9))";

#[test]
fn a14_a15_b22_to_b26_every_value_in_every_column_stays_as_it_is() {
    for declared in
        ["", "INTEGER", "TEXT", "REAL", "NUMERIC", "BLOB", "BOOLEAN", "DATETIME", "VARCHAR(3)", "TEXT COLLATE NOCASE"]
    {
        let schema = format!("CREATE TABLE t(id INTEGER PRIMARY KEY, v {declared});");
        let fill = format!("{schema} INSERT INTO t(v) VALUES {VALUES};");
        let other = format!(
            "{schema} INSERT INTO t(v) VALUES {VALUES}; CREATE TABLE alone(v {declared}); INSERT INTO alone VALUES {VALUES};"
        );
        let trial = Trial::new(&[("a", &fill), ("b", &other)])
            .plan("[[table]]\nname = \"t\"\nfrom = [\"a\", \"b\"]\nrekey = \"offset\"");
        let all = trial.proved();
        let of = |table: &str| {
            all.rows(&format!("SELECT typeof(v), hex(CAST(v AS BLOB)), v IS 0 FROM {table} ORDER BY rowid"))
        };
        assert_eq!(of("t WHERE id <= 23"), of("t WHERE id > 23"));
        assert_eq!(all.account("b", "t"), (23, 0, 0, 0));
    }
}

#[test]
fn b23_a_type_that_would_change_a_value_stops_the_run() {
    let trial = |value: &str| {
        Trial::new(&[
            ("a", "CREATE TABLE t(id INTEGER PRIMARY KEY, v INTEGER); INSERT INTO t VALUES (1, 5);"),
            ("b", &format!("CREATE TABLE t(id INTEGER PRIMARY KEY, v TEXT); INSERT INTO t VALUES (2, {value});")),
        ])
        .plan("[[table]]\nname = \"t\"\nfrom = [\"a\", \"b\"]")
    };
    assert_eq!(trial("'007'").stage().unwrap_err().title, "b: `t`.`v`: 1 values would change");
    assert_eq!(trial("'12'").proved().rows("SELECT v, typeof(v) FROM t"), "5|integer 12|integer");
    assert_eq!(trial("'words'").proved().rows("SELECT v, typeof(v) FROM t"), "5|integer words|text");
}

#[test]
fn a6_near_duplicates_are_not_one_row() {
    let trial = Trial::new(&[
        ("a", "CREATE TABLE t(k TEXT PRIMARY KEY, v); INSERT INTO t VALUES ('A', 1), ('b ', 2), ('1', 3), (CAST(x'c3a9' AS TEXT), 4);"),
        ("b", "CREATE TABLE t(k TEXT PRIMARY KEY, v); INSERT INTO t VALUES ('a', 1), ('b', 2), (1.0, 3), (CAST(x'65cc81' AS TEXT), 4);"),
    ])
    .plan("[[table]]\nname = \"t\"\nfrom = [\"a\", \"b\"]");
    assert_eq!(trial.proved().rows("SELECT count(*) FROM t"), "8");
    let nocase = Trial::new(&[
        ("a", "CREATE TABLE t(k TEXT PRIMARY KEY COLLATE NOCASE, v); INSERT INTO t VALUES ('Bob', 1);"),
        ("b", "CREATE TABLE t(k TEXT PRIMARY KEY COLLATE NOCASE, v); INSERT INTO t VALUES ('bob', 1);"),
    ])
    .plan("[[table]]\nname = \"t\"\nfrom = [\"a\", \"b\"]");
    assert!(nocase.stage().unwrap_err().happened.contains("differ"));
    let preferred = nocase.plan("strategy = \"prefer\"").proved();
    assert_eq!(preferred.rows("SELECT k FROM t"), "Bob");
    assert_eq!(preferred.account("b", "t"), (0, 0, 1, 0));
}

#[test]
fn a5_duplicates_without_a_key_are_counted() {
    let rows = "CREATE TABLE t(a, b); INSERT INTO t VALUES (1, NULL), (1, NULL), (1, NULL), (2, 'x');";
    let trial = Trial::new(&[("a", rows), ("b", rows)]).plan("[[table]]\nname = \"t\"\nfrom = [\"a\", \"b\"]");
    assert_eq!(trial.proved().rows("SELECT a, count(*) FROM t GROUP BY a"), "1|6 2|2");
}

#[test]
fn a5_identical_rows_are_one_whatever_their_id() {
    let schema = "CREATE TABLE t(id INTEGER PRIMARY KEY, name TEXT, v); CREATE TABLE c(t INTEGER REFERENCES t(id));";
    let trial = Trial::new(&[
        ("a", &format!("{schema} INSERT INTO t VALUES (1,'x',1),(2,'y',2);")),
        ("b", &format!("{schema} INSERT INTO t VALUES (2,'x',1),(7,'z',NULL); INSERT INTO c VALUES (2),(7);")),
    ])
    .plan("[[table]]\nname = \"t\"\nfrom = [\"a\", \"b\"]\nmatch-on = [\"name\"]")
    .plan("[[table]]\nname = \"c\"\nfrom = [\"a\", \"b\"]");
    let all = trial.proved();
    assert_eq!(all.rows("SELECT name FROM c JOIN t ON t.id = t"), "x z");
    assert_eq!(all.account("b", "t"), (1, 1, 0, 0));
    assert_eq!(all.rows("SELECT count(*) FROM sqlite_schema WHERE name = 'dbguard_kept_aside'"), "0");
}

#[test]
fn b20_odd_identifiers_everywhere() {
    let names = [
        "a\"b",
        "o'neil",
        "select",
        "two words",
        "ünïcode",
        "[x]",
        "`y`",
        "semi;colon",
        "rowid",
        "t.c",
        "{brace}",
        "?1",
    ];
    let schema: String = names
        .iter()
        .map(|name| {
            let n = name.replace('"', "\"\"");
            format!(
                "CREATE TABLE \"{n}\"(\"{n}\" INTEGER PRIMARY KEY, \"v {n}\" REFERENCES \"{n}\"(\"{n}\")); CREATE INDEX \"i {n}\" ON \"{n}\"(\"v {n}\");
                 INSERT INTO \"{n}\" VALUES (1, NULL), (2, 1); CREATE VIEW \"w {n}\" AS SELECT * FROM \"{n}\";
                 CREATE TRIGGER \"g {n}\" AFTER UPDATE ON \"{n}\" BEGIN SELECT 1; END;"
            )
        })
        .collect();
    let mut trial = Trial::new(&[("a", &schema), ("b", &schema)]);
    for name in names {
        trial = trial.plan(&format!("[[table]]\nname = {name:?}\nfrom = [\"a\", \"b\"]\nrekey = \"offset\""));
    }
    let all = trial.proved();
    for name in names {
        let n = name.replace('"', "\"\"");
        assert_eq!(all.rows(&format!("SELECT * FROM \"w {n}\"")), "1| 2|1 3| 4|3", "{name}");
    }
}

#[test]
fn long_values_move_piece_by_piece_and_a_byte_that_changes_is_caught() {
    let fill = |seed: i64| {
        format!(
            "CREATE TABLE last(id INTEGER PRIMARY KEY, name TEXT, data BLOB);
             CREATE TABLE plain(name TEXT, data);
             CREATE TABLE middle(id INTEGER PRIMARY KEY, data BLOB, note TEXT, twin BLOB UNIQUE);
             INSERT INTO last VALUES (1, 'short', x'01'), (7, 'long', CAST(printf('%.*c{seed}', 3000000, 'x') AS BLOB)),
               (8, printf('%.*c{seed}', 1200000, 'é'), printf('%.*c', 1100000, 'y'));
             INSERT INTO plain VALUES ('long', CAST(printf('%.*c{seed}', 2000000, 'z') AS BLOB)), ('none', NULL);
             INSERT INTO middle VALUES (1, CAST(printf('%.*c{seed}', 2000000, 'b') AS BLOB), 'after', CAST(printf('%.*c{seed}', 1100000, 't') AS BLOB));"
        )
    };
    let block = |name: &str| {
        format!("[[table]]\nname = {name:?}\nfrom = [\"a\", \"b\"]\nrekey = \"offset\"\nstrategy = \"keep-both\"")
    };
    let trial = Trial::new(&[("a", &fill(1)), ("b", &fill(2))])
        .plan(&block("last"))
        .plan(&block("plain"))
        .plan(&block("middle"));
    let all = trial.proved();
    assert_eq!(
        all.rows("SELECT id, length(data), typeof(data), substr(data, -1) = x'32' FROM last WHERE id > 8"),
        "9|1|blob|0 15|3000001|blob|1 16|1100000|text|0"
    );
    assert_eq!(all.rows("SELECT count(*), sum(length(data)) FROM plain"), "4|4000002");
    assert_eq!(all.rows("SELECT note, substr(data, -1) = x'32' FROM middle WHERE id > 1"), "after|1");
    for sql in [
        "UPDATE last SET data = CAST(replace(data, '2', '3') AS BLOB) WHERE id = 15",
        "UPDATE last SET data = zeroblob(3000001) WHERE id = 15",
        "UPDATE last SET data = CAST(data AS TEXT) WHERE id = 15",
        "UPDATE last SET name = name || 'é' WHERE id = 16",
        "UPDATE middle SET twin = CAST(replace(twin, '2', '3') AS BLOB) WHERE id = 2",
        "UPDATE plain SET data = CAST(replace(data, '2', '3') AS BLOB) WHERE rowid = 3",
    ] {
        let staged = trial.stage().unwrap();
        open(&trial.path()).execute_batch(sql).unwrap();
        let broken: Vec<String> = trial.broken(&staged).into_iter().map(|it| it.name).collect();
        assert!(broken.contains(&"rows".to_owned()), "{sql}: {broken:?}");
    }
}
