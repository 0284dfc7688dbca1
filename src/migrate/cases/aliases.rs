//! Rows that the plan calls one, though nothing in them says so.

use crate::migrate::trial_tests::Trial;

/// A block that merges `table` of `a` and `b`.
fn block(table: &str, more: &str) -> String {
    format!("[[table]]\nname = {table:?}\nfrom = [\"a\", \"b\"]\n{more}")
}

#[test]
fn a13_what_is_called_the_same_as_a_row_that_is_set_aside_stays_a_row() {
    let schema = "CREATE TABLE u(id INTEGER PRIMARY KEY, name TEXT UNIQUE, up INTEGER REFERENCES u(id));";
    let keyed = "CREATE TABLE u(id INTEGER, part TEXT, name TEXT UNIQUE, up INTEGER, up2 TEXT, PRIMARY KEY(id, part),
                 FOREIGN KEY(up, up2) REFERENCES u(id, part)) WITHOUT ROWID;";
    for (a, b) in [
        (
            format!("{schema} INSERT INTO u VALUES (1,'n0',99);"),
            format!("{schema} INSERT INTO u VALUES (1,'n1',NULL);"),
        ),
        (
            format!("{keyed} INSERT INTO u VALUES (1,'p','n0',99,'p');"),
            format!("{keyed} INSERT INTO u VALUES (3,'p','n1',NULL,'p');"),
        ),
    ] {
        for base in [Some("a"), None] {
            let trial = Trial::on(base, &[("a", &a), ("b", &b)]).plan(&block(
                "u",
                "match-on = [\"name\"]\nstrategy = \"alias\"\nalias = [{ from = \"b:n1\", to = \"a:n0\" }]\ndangling = \"aside\"",
            ));
            let all = trial.proved();
            assert_eq!(all.rows("SELECT name FROM u"), "n1");
            assert_eq!((all.account("a", "u"), all.account("b", "u")), ((0, 0, 0, 1), (1, 0, 0, 0)));
        }
    }
}
