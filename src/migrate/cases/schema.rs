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
