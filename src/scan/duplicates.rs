//! Tables that stand in several databases. Knows nothing of code: whether that is a mistake, a rule says.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::inventory::{Database, DatabaseId, Duplicate, Side};
use crate::db::{self, Bytes, DatabaseFile, Table, TableKind};

/// Tables that tools keep in every database.
const BOOKKEEPING_PREFIXES: [&str; 3] = ["sqlite_", "django_", "knex_migrations"];

/// Tables that stand in two or more existing databases.
pub(super) fn duplicates(databases: &[Database]) -> Vec<Duplicate> {
    let mut groups: BTreeMap<String, Vec<Standing<'_>>> = BTreeMap::new();
    for (index, file) in originals(databases) {
        let Some(schema) = &file.schema else { continue };
        for table in schema.own_tables().filter(|table| table.kind == TableKind::Ordinary) {
            let name = table.name.to_lowercase();
            if !is_bookkeeping(&name) {
                groups.entry(name).or_default().push(Standing { database: DatabaseId(index), file, table });
            }
        }
    }
    groups.into_values().filter(|standings| standings.len() > 1).map(duplicate).collect()
}

/// One table in one database.
struct Standing<'a> {
    database: DatabaseId,
    file: &'a DatabaseFile,
    table: &'a Table,
}

fn duplicate(mut standings: Vec<Standing<'_>>) -> Duplicate {
    standings.sort_by(|left, right| {
        right.table.rows.cmp(&left.table.rows).then_with(|| left.file.path.cmp(&right.file.path))
    });
    let name = standings.first().map_or_else(String::new, |first| first.table.name.clone());
    let sides: Vec<(Bytes<'_>, &Table)> =
        standings.iter().map(|standing| (standing.file.bytes(), standing.table)).collect();
    let comparison = db::compare(&name, &sides);
    let columns: BTreeSet<Vec<String>> = standings
        .iter()
        .map(|standing| standing.table.columns.iter().map(|column| column.name.to_lowercase()).collect())
        .collect();
    Duplicate {
        table: name,
        matched_on: comparison.matched_on,
        drifted: columns.len() > 1,
        sides: standings
            .iter()
            .enumerate()
            .map(|(index, standing)| Side {
                database: standing.database,
                rows: standing.table.rows.unwrap_or(0),
                columns: standing.table.columns.iter().map(|column| column.name.clone()).collect(),
                missing_in_first: comparison.missing_in_first.get(index).copied().flatten(),
                lacks_of_first: comparison.lacks_of_first.get(index).copied().flatten(),
            })
            .collect(),
    }
}

/// A table in which a migration tool or SQLite itself keeps its own state; the name is in lower case.
#[must_use]
pub fn is_bookkeeping(lowercase: &str) -> bool {
    lowercase == "spatial_ref_sys"
        || db::bookkeeping(lowercase).is_some()
        || BOOKKEEPING_PREFIXES.iter().any(|prefix| lowercase.starts_with(prefix))
}

/// Databases that can be read, without those that are a copy of another: a backup repeats every table of its original.
fn originals(databases: &[Database]) -> Vec<(usize, &DatabaseFile)> {
    let mut files: Vec<(usize, &DatabaseFile)> = databases
        .iter()
        .enumerate()
        .filter_map(|(index, database)| database.file.as_ref().map(|file| (index, file)))
        .filter(|(_, file)| file.schema.is_some() && !is_named_as_copy(&file.path))
        .collect();
    // The shortest path of several equal files is taken for the original.
    files.sort_by_key(|(_, file)| (file.path.len(), file.path.as_str()));
    let mut places: BTreeSet<PathBuf> = BTreeSet::new();
    let mut sizes: BTreeMap<u64, usize> = BTreeMap::new();
    for (_, file) in &files {
        *sizes.entry(file.size).or_default() += 1;
    }
    let mut contents: BTreeSet<[u8; 32]> = BTreeSet::new();
    files.retain(|(_, file)| {
        // What a log holds beside the file may differ where the file does not.
        let may_be_copy = sizes.get(&file.size).is_some_and(|&count| count > 1)
            && !file.sidecars.iter().any(|sidecar| sidecar.ends_with("-wal"));
        let place = if file.blob.is_some() { None } else { std::fs::canonicalize(&file.absolute).ok() };
        places.insert(place.unwrap_or_else(|| file.absolute.clone()))
            && (!may_be_copy || digest(file.bytes()).is_none_or(|digest| contents.insert(digest)))
    });
    files.sort_by_key(|&(index, _)| index);
    files
}

fn digest(bytes: Bytes<'_>) -> Option<[u8; 32]> {
    let mut hasher = blake3::Hasher::new();
    match bytes {
        Bytes::OnDisk(path) => hasher.update_reader(std::fs::File::open(path).ok()?).ok()?,
        Bytes::InMemory(bytes) => hasher.update(bytes),
    };
    Some(*hasher.finalize().as_bytes())
}

/// `zoe.db.bak`, `zoe_old.db`, `zoe-backup-2024.db`, `backups/zoe.db`, `zoe (copy).db`.
fn is_named_as_copy(path: &str) -> bool {
    let path = path.to_lowercase();
    let mut components = path.rsplit('/');
    let name = components.next().unwrap_or_default();
    name.contains("backup")
        || name.ends_with('~')
        || name
            .split(|character: char| !character.is_alphanumeric())
            .any(|word| ["bak", "bkp", "old", "orig", "copy"].contains(&word))
        || components.any(|folder| ["backup", "backups", ".backups"].contains(&folder))
}

#[cfg(test)]
mod tests {
    use rusqlite::{Connection, OpenFlags};

    use super::*;
    use crate::lang::Engine;
    use crate::scan::Tracking;

    fn scanned(files: &[(&str, &str)]) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        let databases: Vec<Database> = files
            .iter()
            .map(|(path, sql)| {
                let absolute = folder.path().join(path);
                std::fs::create_dir_all(absolute.parent().unwrap()).unwrap();
                Connection::open_with_flags(&absolute, OpenFlags::default()).unwrap().execute_batch(sql).unwrap();
                let (state, schema) = db::read(&absolute);
                let size = std::fs::metadata(&absolute).unwrap().len();
                let file = DatabaseFile {
                    path: (*path).to_owned(),
                    absolute,
                    blob: None,
                    size,
                    state,
                    schema,
                    sidecars: Vec::new(),
                };
                Database {
                    name: path.rsplit('/').next().unwrap().to_owned(),
                    path: (*path).to_owned(),
                    engine: Engine::Sqlite,
                    spellings: Vec::new(),
                    file: Some(file),
                    tracking: Tracking::default(),
                    temporary: false,
                    is_pattern: false,
                }
            })
            .collect();
        duplicates(&databases)
            .iter()
            .map(|duplicate| {
                let sides: Vec<String> = duplicate
                    .sides
                    .iter()
                    .map(|side| {
                        format!("{} {} {:?}", databases[side.database.0].path, side.rows, side.missing_in_first)
                    })
                    .collect();
                format!(
                    "{} by {:?}{}: {}",
                    duplicate.table,
                    duplicate.matched_on,
                    if duplicate.drifted { " drifted" } else { "" },
                    sides.join(", ")
                )
            })
            .collect()
    }

    #[test]
    fn a_table_in_two_databases_is_told_with_its_rows() {
        let told = scanned(&[
            (
                "data/auth.db",
                "CREATE TABLE users(id INTEGER PRIMARY KEY, username TEXT UNIQUE, hash); INSERT INTO users VALUES (1,'eve','x'),(2,'mallory','y')",
            ),
            (
                "data/zoe.db",
                "CREATE TABLE Users(id INTEGER PRIMARY KEY, username TEXT UNIQUE); INSERT INTO Users VALUES (1,'ann'),(2,'bob'),(3,'cid'),(4,'dan'); CREATE TABLE only(a)",
            ),
        ]);
        assert_eq!(told, ["Users by [\"username\"] drifted: data/zoe.db 4 Some(0), data/auth.db 2 Some(2)"]);
    }

    #[test]
    fn empty_tables_are_told_without_a_comparison() {
        let table = "CREATE TABLE t(a TEXT UNIQUE)";
        assert_eq!(
            scanned(&[("a.db", table), ("b.db", &format!("{table}; CREATE TABLE other(x)"))]),
            ["t by []: a.db 0 Some(0), b.db 0 Some(0)"]
        );
    }

    #[test]
    fn bookkeeping_and_copies_are_left_out() {
        let table = "CREATE TABLE t(a TEXT UNIQUE); INSERT INTO t VALUES (1)";
        let more = "CREATE TABLE t(a TEXT UNIQUE); INSERT INTO t VALUES (2)";
        let bookkeeping = "CREATE TABLE alembic_version(v); CREATE TABLE django_session(v); CREATE TABLE s(id INTEGER PRIMARY KEY AUTOINCREMENT);";
        for (second, sql) in [
            ("x/a.db", table),
            ("a.db.bak-2024", more),
            ("a_old.db", more),
            ("a-backup.db", more),
            ("backups/a.db", more),
            ("a (copy).db", more),
            ("b.db", &bookkeeping.replace("TABLE s", "TABLE r")),
        ] {
            let first = if second == "b.db" { bookkeeping } else { table };
            assert_eq!(scanned(&[("a.db", first), (second, sql)]), Vec::<String>::new(), "{second}");
        }
    }
}
