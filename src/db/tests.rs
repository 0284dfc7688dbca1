//! Real databases in temporary folders: what is read of them, and that reading leaves the folder as it was.

use std::path::Path;
use std::time::SystemTime;

use proptest::prelude::*;
use rusqlite::{Connection, OpenFlags};

use super::{Bytes, Schema, State, TableKind, read, read_from};

fn open(path: &Path) -> Connection {
    Connection::open_with_flags(path, OpenFlags::default()).unwrap()
}

fn make(path: &Path, sql: &str) {
    open(path).execute_batch(sql).unwrap();
}

/// Names, bytes and times of all that lies in a folder.
fn digest(folder: &Path) -> Vec<(String, Vec<u8>, SystemTime)> {
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let entry = entry.unwrap();
            let bytes = std::fs::read(entry.path()).unwrap();
            (entry.file_name().into_string().unwrap(), bytes, entry.metadata().unwrap().modified().unwrap())
        })
        .collect();
    files.push((".".to_owned(), Vec::new(), std::fs::metadata(folder).unwrap().modified().unwrap()));
    files.sort();
    files
}

/// Reads, and holds that nothing changed beside the database.
fn read_unmoved(path: &Path) -> (State, Option<Schema>) {
    let folder = path.parent().unwrap();
    let before = digest(folder);
    let outcome = read(path);
    assert!(
        before == digest(folder),
        "the folder changed: {:?}",
        digest(folder).iter().map(|(name, ..)| name).collect::<Vec<_>>()
    );
    outcome
}

fn rows(schema: &Schema, table: &str) -> Option<u64> {
    schema.table(table).unwrap().rows
}

const NUMBERS: &str = "CREATE TABLE t(a, b); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i < 500) INSERT INTO t SELECT i, hex(zeroblob(50)) FROM n;";

#[test]
fn a_plain_database_is_read() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["x.db", "a #1?100%.db", "ünïcode & co.sqlite"] {
        let path = folder.path().join(name);
        make(&path, NUMBERS);
        let (state, schema) = read_unmoved(&path);
        assert_eq!((state, rows(&schema.unwrap(), "t")), (State::Readable, Some(500)), "{name}");
    }
}

#[test]
fn bytes_are_read_as_the_file_that_they_came_from() {
    let folder = tempfile::tempdir().unwrap();
    for (name, sql) in [
        ("delete", NUMBERS.to_owned()),
        ("wal", format!("PRAGMA journal_mode=WAL; {NUMBERS} PRAGMA wal_checkpoint(TRUNCATE);")),
        ("utf16", format!("PRAGMA encoding='UTF-16le'; {NUMBERS}")),
    ] {
        let path = folder.path().join(name);
        make(&path, &sql);
        let bytes = std::fs::read(&path).unwrap();
        assert_eq!(read_from(Bytes::InMemory(&bytes)), read(&path), "{name}");
        assert_eq!(rows(&read_from(Bytes::InMemory(&bytes)).1.unwrap(), "t"), Some(500), "{name}");
        // Cut off or overwritten, they are a fact and no crash.
        for end in [16, 20, 99, 100, 512, 4096, bytes.len() / 2] {
            let (state, _) = read_from(Bytes::InMemory(&bytes[..end]));
            assert!(matches!(state, State::Corrupt(_) | State::Encrypted | State::Readable), "{name} {end}: {state:?}");
        }
        let mut torn = bytes.clone();
        torn[4096..].fill(0x5a);
        assert!(matches!(read_from(Bytes::InMemory(&torn)).0, State::Corrupt(_)), "{name}");
    }
    assert_eq!(read_from(Bytes::InMemory(b"")).0, State::Empty);
    assert_eq!(read_from(Bytes::InMemory(b"hello\n")).0, State::NotSqlite("text".to_owned()));
}

#[test]
fn rows_that_stand_only_in_the_log_are_counted() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.db");
    make(&path, "PRAGMA journal_mode=WAL; CREATE TABLE t(a); INSERT INTO t VALUES (1);");
    let writer = open(&path);
    writer.execute_batch("PRAGMA wal_autocheckpoint=0; INSERT INTO t VALUES (2), (3); CREATE TABLE u(a);").unwrap();
    let (state, schema) = read_unmoved(&path);
    let schema = schema.unwrap();
    assert_eq!((state, rows(&schema, "t"), rows(&schema, "u")), (State::Readable, Some(3), Some(0)));
    assert_eq!(schema.journal_mode, "wal");
    writer.execute_batch("INSERT INTO t VALUES (4)").unwrap();
    assert_eq!(rows(&read_unmoved(&path).1.unwrap(), "t"), Some(4));
}

#[test]
fn a_log_left_by_a_crash_is_read_and_left() {
    let folder = tempfile::tempdir().unwrap();
    let (live, crashed) = (folder.path().join("live.db"), folder.path().join("crashed"));
    std::fs::create_dir(&crashed).unwrap();
    let writer = open(&live);
    writer.execute_batch("PRAGMA journal_mode=WAL; PRAGMA wal_autocheckpoint=0;").unwrap();
    writer.execute_batch(NUMBERS).unwrap();
    for suffix in ["", "-wal"] {
        std::fs::copy(folder.path().join(format!("live.db{suffix}")), crashed.join(format!("x.db{suffix}"))).unwrap();
    }
    assert_eq!(rows(&read_unmoved(&crashed.join("x.db")).1.unwrap(), "t"), Some(500));
    assert_eq!(std::fs::read_dir(&crashed).unwrap().count(), 2);
}

#[cfg(unix)]
#[test]
fn a_read_only_folder_is_no_obstacle() {
    use std::os::unix::fs::PermissionsExt;
    let outer = tempfile::tempdir().unwrap();
    let folder = outer.path().join("frozen");
    std::fs::create_dir(&folder).unwrap();
    let path = folder.join("x.db");
    make(&path, "PRAGMA journal_mode=WAL; CREATE TABLE t(a); INSERT INTO t VALUES (1);");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o444)).unwrap();
    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o555)).unwrap();
    let (state, schema) = read_unmoved(&path);
    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o755)).unwrap();
    assert_eq!((state, rows(&schema.unwrap(), "t")), (State::Readable, Some(1)));
}

#[test]
fn a_hot_journal_shows_the_state_before_the_transaction() {
    let folder = tempfile::tempdir().unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    let (live, crashed) = (folder.path().join("live.db"), elsewhere.path());
    make(&live, NUMBERS);
    let writer = open(&live);
    writer.execute_batch("PRAGMA cache_size=2; PRAGMA cache_spill=1; BEGIN; DELETE FROM t WHERE a % 2;").unwrap();
    writer.execute_batch("INSERT INTO t SELECT t.a, hex(zeroblob(100)) FROM t, t AS u LIMIT 5000").unwrap();
    for suffix in ["", "-journal"] {
        std::fs::copy(folder.path().join(format!("live.db{suffix}")), crashed.join(format!("x.db{suffix}"))).unwrap();
    }
    assert_ne!(std::fs::metadata(crashed.join("x.db")).unwrap().len(), 0);
    assert!(std::fs::read(crashed.join("x.db-journal")).unwrap().starts_with(&[0xd9, 0xd5, 0x05, 0xf9]));
    let (state, schema) = read_unmoved(&crashed.join("x.db"));
    assert_eq!((state, rows(&schema.unwrap(), "t")), (State::Readable, Some(500)));
    assert!(matches!(read_unmoved(&live).0, State::Locked(_)));
}

#[cfg(unix)]
#[test]
fn a_copy_is_recovered_where_nobody_else_can_read_it() {
    use std::os::unix::fs::PermissionsExt;
    let folder = super::open::private_folder().unwrap();
    assert_eq!(std::fs::metadata(folder.path()).unwrap().permissions().mode() & 0o777, 0o700);
}

#[test]
fn an_exclusive_lock_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.db");
    make(&path, NUMBERS);
    let other = open(&path);
    other.execute_batch("BEGIN EXCLUSIVE").unwrap();
    assert!(matches!(read_unmoved(&path), (State::Locked(_), None)));
    other.execute_batch("ROLLBACK").unwrap();
    assert_eq!(read_unmoved(&path).0, State::Readable);
}

fn noise(length: usize) -> Vec<u8> {
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    std::iter::repeat_with(|| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed.to_le_bytes()[3]
    })
    .take(length)
    .collect()
}

#[test]
fn what_is_no_database_is_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let header = [b"SQLite format 3\0".as_slice(), &noise(4080)].concat();
    for (bytes, expected) in [
        (Vec::new(), State::Empty),
        (b"just some words\n".to_vec(), State::NotSqlite("text".to_owned())),
        ("ü".repeat(3000).into_bytes(), State::NotSqlite("text".to_owned())),
        (noise(8192), State::Encrypted),
        (noise(8191), State::NotSqlite("unknown".to_owned())),
        (vec![0; 4096], State::NotSqlite("unknown".to_owned())),
        ([b"\x1f\x8b".as_slice(), &noise(4094)].concat(), State::NotSqlite("gzip".to_owned())),
        (header, State::Encrypted),
    ] {
        let path = folder.path().join("x.db");
        open_and_write(&path, &bytes);
        assert_eq!(read_unmoved(&path), (expected, None), "{:?}", bytes.get(..20));
    }
    assert!(matches!(read(&folder.path().join("none.db")).0, State::Unreadable(_)));
    assert!(matches!(read(folder.path()).0, State::Unreadable(_)));
}

fn open_and_write(path: &Path, bytes: &[u8]) {
    use std::io::Write;
    std::fs::File::create(path).unwrap().write_all(bytes).unwrap();
}

#[test]
fn a_damaged_database_is_corrupt() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.db");
    make(&path, NUMBERS);
    let whole = std::fs::read(&path).unwrap();
    let mut overwritten = whole.clone();
    overwritten[4096..8192].fill(0xaa);
    for bytes in [&whole[..whole.len() / 2], &whole[..100], &whole[..20], overwritten.as_slice()] {
        open_and_write(&path, bytes);
        let outcome = read_unmoved(&path);
        assert!(matches!(outcome, (State::Corrupt(_), None)), "{outcome:?}");
    }
}

#[test]
fn odd_identifiers_are_quoted() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.db");
    let names =
        ["a\"b", "o'neil", "select", "two words", "ünïcode", "[x]", "`y`", "semi;colon", "pragma_table_list", ""];
    let connection = open(&path);
    for name in names {
        let quoted = name.replace('"', "\"\"");
        connection.execute_batch(&format!("CREATE TABLE \"{quoted}\"(\"{quoted}\" TEXT, x); CREATE INDEX \"i {quoted}\" ON \"{quoted}\"(\"{quoted}\"); INSERT INTO \"{quoted}\" VALUES (1, 2);")).unwrap();
    }
    drop(connection);
    let schema = read_unmoved(&path).1.unwrap();
    for name in names {
        let table = schema.table(name).unwrap();
        assert_eq!((table.rows, table.columns[0].name.as_str()), (Some(1), name));
        assert_eq!(table.indexes[0].columns, [Some(name.to_owned())]);
    }
}

#[test]
fn text_that_is_not_utf8_does_not_fail() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.db");
    make(&path, "CREATE TABLE t(a TEXT DEFAULT 'zzzz'); CREATE TABLE qqqq(a); INSERT INTO t VALUES (1);");
    let bytes = std::fs::read(&path).unwrap();
    let broken: Vec<u8> = bytes.iter().map(|&byte| if byte == b'z' || byte == b'q' { 0xff } else { byte }).collect();
    open_and_write(&path, &broken);
    let (state, schema) = read_unmoved(&path);
    let schema = schema.unwrap();
    assert_eq!((state, rows(&schema, "t"), schema.tables.len()), (State::Readable, Some(1), 2));
    assert!(schema.table("t").unwrap().columns[0].default.as_ref().unwrap().contains('\u{fffd}'));
}

#[test]
fn every_kind_of_table_has_its_shape() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.db");
    make(
        &path,
        "PRAGMA user_version=7;
         CREATE TABLE parent(id INTEGER PRIMARY KEY, a TEXT NOT NULL DEFAULT 'x', b TEXT, UNIQUE(a, b));
         CREATE TABLE child(x REFERENCES parent ON DELETE CASCADE, y, z, FOREIGN KEY(y, z) REFERENCES parent(a, b));
         CREATE TABLE keyed(k TEXT PRIMARY KEY, v) WITHOUT ROWID;
         CREATE TABLE exact(n INTEGER, twice INTEGER AS (n * 2) STORED, thrice INTEGER AS (n * 3)) STRICT;
         CREATE UNIQUE INDEX part ON exact(n) WHERE n > 1;
         CREATE INDEX expr ON parent(lower(a), b);
         CREATE VIRTUAL TABLE docs USING fts5(body);
         INSERT INTO docs VALUES ('one'), ('two');
         CREATE TABLE counted(id INTEGER PRIMARY KEY AUTOINCREMENT);
         CREATE VIEW seen AS SELECT missing_function(a) FROM parent;
         CREATE TRIGGER watch AFTER INSERT ON parent BEGIN SELECT 1; END;",
    );
    let schema = read_unmoved(&path).1.unwrap();
    assert_eq!((schema.user_version, schema.encoding.as_str(), schema.journal_mode.as_str()), (7, "UTF-8", "delete"));
    let own: Vec<&str> = schema.own_tables().map(|table| table.name.as_str()).collect();
    assert_eq!(own, ["child", "counted", "docs", "exact", "keyed", "parent"]);
    let table = |name: &str| schema.table(name).unwrap();
    assert_eq!(
        (table("docs").kind, table("docs").rows, table("docs_data").kind),
        (TableKind::Virtual, Some(2), TableKind::Shadow)
    );
    assert!(table("keyed").without_rowid && table("exact").strict && !table("parent").strict);
    assert_eq!(table("exact").columns.iter().map(|column| column.hidden).collect::<Vec<_>>(), [false, true, true]);
    assert!(table("exact").indexes[0].partial && table("exact").indexes[0].unique);
    assert_eq!(table("parent").indexes[0].columns, [None, Some("b".to_owned())]);
    assert_eq!((table("parent").indexes[1].origin.as_str(), table("parent").columns[0].primary_key), ("u", 1));
    assert_eq!(table("parent").columns[1].default.as_deref(), Some("'x'"));
    let keys = &table("child").foreign_keys;
    assert_eq!((keys[0].on_delete.as_str(), keys[0].parent_columns.len(), keys[1].columns.len()), ("CASCADE", 0, 2));
    assert_eq!(keys[1].parent_columns, ["a", "b"]);
    assert_eq!((schema.views[0].name.as_str(), schema.triggers[0].table.as_str()), ("seen", "parent"));
}

#[test]
fn a_virtual_table_without_its_module_leaves_a_gap() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.db");
    make(
        &path,
        "CREATE TABLE t(a); INSERT INTO t VALUES (1); PRAGMA writable_schema=1; INSERT INTO sqlite_schema VALUES ('table', 'v', 'v', 0, 'CREATE VIRTUAL TABLE v USING nowhere(x)');",
    );
    let (state, schema) = read_unmoved(&path);
    let schema = schema.unwrap();
    assert_eq!((state, rows(&schema, "t"), rows(&schema, "v")), (State::Readable, Some(1), None));
    assert_eq!(schema.table("v").unwrap().kind, TableKind::Virtual);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_bytes_make_it_panic(places in prop::collection::vec((16_usize..8192, any::<u8>()), 0..200), tail in prop::collection::vec(any::<u8>(), 0..600), cut in 0_usize..9000) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.db");
        make(&path, "CREATE TABLE t(a TEXT UNIQUE, b); CREATE TABLE u(c); INSERT INTO t VALUES ('a', 1), ('b', 2);");
        let mut bytes = std::fs::read(&path).unwrap();
        for (place, byte) in places {
            if let Some(slot) = bytes.get_mut(place) {
                *slot = byte;
            }
        }
        bytes.extend(tail);
        bytes.truncate(cut);
        open_and_write(&path, &bytes);
        read_unmoved(&path);
        open_and_write(&path, &[b"SQLite format 3\0", bytes.get(16..).unwrap_or_default()].concat());
        read_unmoved(&path);
    }
}
