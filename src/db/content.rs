//! What stands in a database, as one digest: the same for the same rows and schema, in whatever order and on whatever pages.

use std::path::Path;

use rusqlite::Connection;
use rusqlite::types::ValueRef;

use super::quote::identifier;
use super::{State, long, open};

/// How much stands in a database, and which.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// Tables but SQLite's own and virtual ones.
    pub tables: u64,
    pub rows: u64,
    /// `b3:` and 64 hexadecimal digits, over all rows and the text of the schema.
    pub digest: String,
}

/// Reads all of a database without writing a byte beside it.
///
/// # Errors
/// What the file is instead, where it cannot be read as a database.
pub fn content(path: &Path) -> Result<Content, State> {
    let opened = open::open(path)?;
    of_connection(&opened.connection).map_err(|error| open::state_of(&error, &[]))
}

/// The content of a connection's main database, within whatever transaction it is in.
///
/// # Errors
/// Whatever SQLite says of a page or a lock.
pub fn of_connection(connection: &Connection) -> rusqlite::Result<Content> {
    let mut whole = blake3::Hasher::new();
    let (mut tables, mut rows) = (0, 0);
    for (kind, name, sql) in objects(connection)? {
        let mut bytes = Vec::new();
        for text in [&kind, &name, &sql] {
            append(&mut bytes, ValueRef::Text(text.as_bytes()));
        }
        let is_virtual = sql.get(..14).is_some_and(|head| head.eq_ignore_ascii_case("CREATE VIRTUAL"));
        if kind == "table" && !is_virtual {
            let (count, sum) = of_table(connection, &name)?;
            bytes.extend(count.to_le_bytes());
            bytes.extend(sum.bytes());
            tables += 1;
            rows += count;
        }
        whole.update(&bytes);
    }
    Ok(Content { tables, rows, digest: format!("b3:{}", whole.finalize().to_hex()) })
}

fn objects(connection: &Connection) -> rusqlite::Result<Vec<(String, String, String)>> {
    let sql = "SELECT type, name, coalesce(sql, '') FROM main.sqlite_schema
               WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY type, name";
    let mut statement = connection.prepare(sql)?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    rows.collect()
}

/// How many rows a table has, and the sum of their digests.
fn of_table(connection: &Connection, table: &str) -> rusqlite::Result<(u64, Sum)> {
    long::stop_at_long(connection, true)?;
    let short = of_rows(connection, table);
    long::stop_at_long(connection, false)?;
    match short {
        // Where a row cannot be read piece by piece, it is held whole.
        Err(error) if long::is_too_long(&error) => {
            of_long_rows(connection, table).or_else(|_| of_rows(connection, table))
        }
        done => done,
    }
}

fn of_rows(connection: &Connection, table: &str) -> rusqlite::Result<(u64, Sum)> {
    let mut statement = connection.prepare(&format!("SELECT * FROM main.{}", identifier(table)))?;
    let columns = statement.column_count();
    let mut rows = statement.query([])?;
    let (mut count, mut sum, mut bytes) = (0, Sum::default(), Vec::new());
    while let Some(row) = rows.next()? {
        bytes.clear();
        for column in 0..columns {
            append(&mut bytes, row.get_ref(column)?);
        }
        sum.add(blake3::hash(&bytes));
        count += 1;
    }
    Ok((count, sum))
}

/// The same, with long values read piece by piece.
fn of_long_rows(connection: &Connection, table: &str) -> rusqlite::Result<(u64, Sum)> {
    let whole = connection.prepare(&format!("SELECT * FROM main.{}", identifier(table)))?;
    let columns: Vec<&str> = whole.column_names().collect();
    let hidden = |name: &&str| columns.iter().any(|column| column.eq_ignore_ascii_case(name));
    let rowid = ["_rowid_", "oid", "rowid"].into_iter().find(|name| !hidden(name)).unwrap_or("rowid");
    let expressions: Vec<String> = long::expressions(columns.iter().copied()).collect();
    let sql = format!("SELECT {rowid}, {} FROM main.{}", expressions.join(", "), identifier(table));
    let mut statement = connection.prepare(&sql)?;
    let mut rows = statement.query([])?;
    let (mut count, mut sum, mut bytes) = (0, Sum::default(), Vec::new());
    while let Some(row) = rows.next()? {
        let mut hasher = blake3::Hasher::new();
        for (at, column) in columns.iter().enumerate() {
            let tag = match row.get_ref(1 + columns.len() + at)? {
                ValueRef::Text(b"text") => 3,
                ValueRef::Text(_) => 4,
                _ => {
                    bytes.clear();
                    append(&mut bytes, row.get_ref(1 + at)?);
                    hasher.update(&bytes);
                    continue;
                }
            };
            long::hash(connection, table, column, row.get(0)?, &mut hasher, |hasher, length| {
                hasher.update(&[tag]).update(&length.to_le_bytes());
            })?;
        }
        sum.add(hasher.finalize());
        count += 1;
    }
    Ok((count, sum))
}

/// A sum of digests modulo 2^256. Unlike XOR, it tells two equal rows from none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sum([u64; 4]);

impl Sum {
    pub fn add(&mut self, digest: blake3::Hash) {
        let mut carry = false;
        for (limb, bytes) in self.0.iter_mut().zip(digest.as_bytes().chunks_exact(8)) {
            let mut word = [0; 8];
            word.copy_from_slice(bytes);
            let (sum, over) = limb.overflowing_add(u64::from_le_bytes(word));
            let (sum, again) = sum.overflowing_add(u64::from(carry));
            (*limb, carry) = (sum, over || again);
        }
    }

    #[must_use]
    pub fn bytes(self) -> [u8; 32] {
        let mut bytes = [0; 32];
        for (chunk, limb) in bytes.chunks_exact_mut(8).zip(self.0) {
            chunk.copy_from_slice(&limb.to_le_bytes());
        }
        bytes
    }
}

/// Appends one value bit for bit: a tag, then 8 bytes of an integer or a real (little-endian), or the length (8 bytes,
/// little-endian) and the bytes of a text or a blob.
pub fn append(bytes: &mut Vec<u8>, value: ValueRef<'_>) {
    match value {
        ValueRef::Null => bytes.push(0),
        ValueRef::Integer(integer) => {
            bytes.push(1);
            bytes.extend(integer.to_le_bytes());
        }
        ValueRef::Real(real) => {
            bytes.push(2);
            bytes.extend(real.to_bits().to_le_bytes());
        }
        ValueRef::Text(text) => {
            bytes.push(3);
            bytes.extend((text.len() as u64).to_le_bytes());
            bytes.extend(text);
        }
        ValueRef::Blob(blob) => {
            bytes.push(4);
            bytes.extend((blob.len() as u64).to_le_bytes());
            bytes.extend(blob);
        }
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::OpenFlags;

    use super::*;

    fn digest(sql: &str) -> Content {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        Connection::open_with_flags(&path, OpenFlags::default()).unwrap().execute_batch(sql).unwrap();
        content(&path).unwrap()
    }

    #[test]
    fn order_is_nothing_and_every_value_is_something() {
        let same = digest("CREATE TABLE t(a); INSERT INTO t VALUES (1),('1'),(2)");
        assert_eq!((same.tables, same.rows), (1, 3));
        assert_eq!(same, digest("CREATE TABLE t(a); INSERT INTO t VALUES (2),(1),('1'); VACUUM"));
        for other in [
            "CREATE TABLE t(a); INSERT INTO t VALUES (1),(1),(2)",
            "CREATE TABLE t(a); INSERT INTO t VALUES (1),('1'),(2.0)",
            "CREATE TABLE t(a); INSERT INTO t VALUES (1),('1'),(2); CREATE INDEX i ON t(a)",
            "CREATE TABLE u(a); INSERT INTO u VALUES (1),('1'),(2)",
            "CREATE TABLE t(a); INSERT INTO t VALUES (1),('1'),(2),(2)",
        ] {
            assert_ne!(digest(other).digest, same.digest, "{other}");
        }
    }

    #[test]
    fn a_long_value_read_in_pieces_is_in_the_digest_as_one_held_whole() {
        let rows = "INSERT INTO t VALUES (1, 'a', zeroblob(3000000), 2.5), (2, 'b', x'00', NULL);
            INSERT INTO t SELECT 3, replace(hex(zeroblob(700000)), '0', 'é'), hex(zeroblob(700000)), 7";
        let connection = Connection::open_in_memory().unwrap();
        for table in [
            "CREATE TABLE t(id INTEGER PRIMARY KEY, rowid, data, n)",
            "CREATE TABLE t(oid, a, b, c)",
            "CREATE TABLE t(a PRIMARY KEY, b, c, d) WITHOUT ROWID",
        ] {
            connection.execute_batch(&format!("{table}; {rows}")).unwrap();
            let held = of_rows(&connection, "t").unwrap();
            assert_eq!(of_table(&connection, "t").unwrap(), held, "{table}");
            if !table.contains("WITHOUT") {
                assert_eq!(of_long_rows(&connection, "t").unwrap(), held, "{table}");
            }
            connection.execute_batch("DROP TABLE t").unwrap();
        }
    }

    #[test]
    fn two_equal_rows_are_not_none() {
        let one = blake3::hash(b"row");
        let mut sum = Sum::default();
        sum.add(one);
        sum.add(one);
        assert_ne!(sum, Sum::default());
    }
}
