//! Fences: triggers that refuse every write to a table, for connections that are open already too. They are durable: no write
//! is lost while they stand, even if dbguard is dead. Knows nothing of locks; callers give a connection within a transaction.

use rusqlite::Connection;

use super::live;
use crate::db;

const PREFIX: &str = "dbguard_fence_";

/// Puts a fence around each ordinary table; `words` is what a writer is told. Returns how many tables it guards.
pub(super) fn put(connection: &Connection, words: &str) -> rusqlite::Result<usize> {
    let words = format!("dbguard: {words}").replace('\'', "''");
    let tables = live::tables(connection)?;
    for (at, table) in tables.iter().enumerate() {
        for event in ["INSERT", "UPDATE", "DELETE"] {
            let name = db::quote(&format!("{PREFIX}{at}_{}", event.to_ascii_lowercase()));
            connection.execute_batch(&format!(
                "CREATE TRIGGER {name} BEFORE {event} ON {} BEGIN SELECT RAISE(ABORT, '{words}'); END",
                db::quote(table)
            ))?;
        }
    }
    Ok(tables.len())
}

/// Takes all fences away. Returns how many triggers that were.
pub(super) fn drop(connection: &Connection) -> rusqlite::Result<usize> {
    let names = names(connection)?;
    for name in &names {
        connection.execute_batch(&format!("DROP TRIGGER {}", db::quote(name)))?;
    }
    Ok(names.len())
}

pub(super) fn stands(connection: &Connection) -> rusqlite::Result<bool> {
    Ok(!names(connection)?.is_empty())
}

fn names(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let sql =
        "SELECT name FROM sqlite_schema WHERE type = 'trigger' AND substr(name, 1, length(?1)) = ?1 ORDER BY rowid";
    connection.prepare(sql)?.query_map([PREFIX], |row| row.get(0))?.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every way to write a row, each with what it would do without a fence.
    const WRITES: [&str; 9] = [
        "INSERT INTO \"odd \"\"name\"\" of it's\" VALUES (2, 'b')",
        "INSERT OR IGNORE INTO \"odd \"\"name\"\" of it's\" VALUES (2, 'b')",
        "INSERT OR REPLACE INTO \"odd \"\"name\"\" of it's\" VALUES (1, 'b')",
        "REPLACE INTO \"odd \"\"name\"\" of it's\" VALUES (1, 'b')",
        "INSERT INTO \"odd \"\"name\"\" of it's\" VALUES (1, 'b') ON CONFLICT (id) DO UPDATE SET name = 'c'",
        "UPDATE \"odd \"\"name\"\" of it's\" SET name = 'x'",
        "DELETE FROM \"odd \"\"name\"\" of it's\"",
        "INSERT INTO seen VALUES (3, 'through the view')",
        "DELETE FROM keyed WHERE word = 'a'",
    ];

    fn database(mode: &str) -> (tempfile::TempDir, Connection, Connection) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        let ours = live::copy(&path).unwrap();
        let sql = format!(
            r#"PRAGMA journal_mode={mode};
            CREATE TABLE "odd ""name"" of it's" (id INTEGER PRIMARY KEY, name TEXT);
            INSERT INTO "odd ""name"" of it's" VALUES (1, 'a');
            CREATE TABLE keyed (word TEXT PRIMARY KEY) WITHOUT ROWID;
            INSERT INTO keyed VALUES ('a');
            CREATE VIEW seen AS SELECT * FROM "odd ""name"" of it's";
            CREATE TRIGGER through INSTEAD OF INSERT ON seen
            BEGIN INSERT INTO "odd ""name"" of it's" VALUES (new.id, new.name); END;"#
        );
        ours.execute_batch(&sql).unwrap();
        let theirs = live::open(&path, std::time::Duration::from_secs(1)).unwrap();
        theirs.query_row("SELECT COUNT(*) FROM keyed", [], |_| Ok(())).unwrap();
        (folder, ours, theirs)
    }

    #[test]
    fn a_fence_refuses_every_write_of_a_connection_that_was_open_before() {
        for mode in ["delete", "wal"] {
            let (_folder, ours, theirs) = database(mode);
            let mut prepared = theirs.prepare("INSERT INTO keyed VALUES ('prepared before')").unwrap();
            ours.execute_batch("BEGIN IMMEDIATE").unwrap();
            assert_eq!(put(&ours, "it's moved to data/zoe.db").unwrap(), 2);
            ours.execute_batch("COMMIT").unwrap();
            assert!(prepared.execute([]).is_err(), "{mode}: prepared before");
            for write in WRITES {
                let refused = theirs.execute_batch(write).expect_err(write).to_string();
                assert!(refused.starts_with("dbguard: it's moved to data/zoe.db"), "{mode}: {write}: {refused}");
            }
        }
    }

    #[test]
    fn without_the_fence_each_of_them_writes() {
        let (_folder, ours, theirs) = database("delete");
        put(&ours, "moved").unwrap();
        assert!(stands(&ours).unwrap());
        assert_eq!(drop(&ours).unwrap(), 6);
        assert!(!stands(&ours).unwrap());
        for write in WRITES {
            theirs.execute_batch("BEGIN").unwrap();
            theirs.execute_batch(write).unwrap_or_else(|error| panic!("{write}: {error}"));
            theirs.execute_batch("ROLLBACK").unwrap();
        }
    }
}
