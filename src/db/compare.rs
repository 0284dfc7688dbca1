//! Rows of one table in several databases: which of them the first one lacks. Matches by a natural key, as numbers that
//! each database gives by itself mean nothing in another. Knows nothing of how a file is opened.

use std::collections::HashSet;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row};

use super::Bytes;
use super::open;
use super::quote::identifier;
use super::schema::{Column, Table};

/// Rows of one table in several databases, matched by a natural key.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Comparison {
    /// Columns that tell which row is which, as the first side writes them; empty where none could be found.
    pub matched_on: Vec<String>,
    /// For each side, how many of its rows the first side lacks; `None` where that is not known.
    pub missing_in_first: Vec<Option<u64>>,
    /// For each side, how many rows of the first side it lacks; `None` where that is not known.
    pub lacks_of_first: Vec<Option<u64>>,
}

/// Larger tables are not compared row by row.
const MOST_ROWS: u64 = 1_000_000;

/// Columns that name a row where nothing is declared unique, the likeliest first.
const NAMING: [&str; 18] = [
    "username",
    "user_name",
    "email",
    "login",
    "slug",
    "uuid",
    "guid",
    "session_id",
    "token",
    "key",
    "url",
    "uri",
    "path",
    "filename",
    "code",
    "name",
    "title",
    "label",
];

/// Compares the rows of every side with those of the first.
#[must_use]
pub fn compare(table: &str, sides: &[(Bytes<'_>, &Table)]) -> Comparison {
    let tables: Vec<&Table> = sides.iter().map(|&(_, table)| table).collect();
    let unknown = || Comparison {
        matched_on: Vec::new(),
        missing_in_first: in_first(sides.len(), &tables),
        lacks_of_first: of_first(&tables),
    };
    if tables.iter().skip(1).all(|side| side.rows == Some(0)) {
        return unknown();
    }
    // A side that cannot be read, or is too large, stays unknown; the others are compared all the same.
    let opened: Vec<Option<open::Opened>> = sides
        .iter()
        .map(|(bytes, side)| side.rows.filter(|&rows| rows <= MOST_ROWS).and_then(|_| open::open_bytes(*bytes).ok()))
        .collect();
    let mut strange: Option<Comparison> = None;
    for candidate in candidates(&tables) {
        // Another key may know rows again that the best one makes out to be strangers: ids are drawn anew in each database.
        if strange.is_some() && !candidate.tells(&tables) {
            continue;
        }
        let Some((missing_in_first, lacks_of_first)) = missing(table, &candidate, &opened) else { continue };
        let none_known = tables.iter().zip(&missing_in_first).skip(1).all(|(side, missing)| side.rows == *missing);
        let found = Comparison { matched_on: candidate.columns, missing_in_first, lacks_of_first };
        if !none_known {
            return found;
        }
        strange.get_or_insert(found);
    }
    strange.unwrap_or_else(unknown)
}

/// What holds without looking at a row: nothing of the first side, and nothing of an empty one, is missing.
fn in_first(sides: usize, tables: &[&Table]) -> Vec<Option<u64>> {
    (0..sides)
        .map(|side| (side == 0 || tables.get(side).is_some_and(|table| table.rows == Some(0))).then_some(0))
        .collect()
}

/// The same the other way round: an empty side lacks every row of the first.
fn of_first(tables: &[&Table]) -> Vec<Option<u64>> {
    let first = tables.first().and_then(|first| first.rows);
    tables
        .iter()
        .enumerate()
        .map(|(side, table)| match (side, table.rows) {
            (0, _) => Some(0),
            (_, Some(0)) => first,
            _ => None,
        })
        .collect()
}

/// Columns that may tell which row is which.
#[derive(Debug, PartialEq, Eq)]
struct Candidate {
    columns: Vec<String>,
    /// No two rows of a side may share a key, and none may lack it; else the columns are no key.
    distinct: bool,
}

impl Candidate {
    /// By words, and not by numbers that may be the same by chance.
    fn tells(&self, tables: &[&Table]) -> bool {
        let column = |name: &String| tables.first()?.columns.iter().find(|column| same(&column.name, name));
        self.distinct && self.columns.iter().filter_map(column).any(is_text)
    }
}

/// Columns that may say which row is which in every one of `tables`, the best first: what is declared unique, then what is
/// called like a name, then primary keys. Whether they do is for the rows to say.
#[must_use]
pub fn natural_keys(tables: &[&Table]) -> Vec<Vec<String>> {
    candidates(tables).into_iter().filter(|candidate| candidate.distinct).map(|candidate| candidate.columns).collect()
}

/// The best first.
fn candidates(tables: &[&Table]) -> Vec<Candidate> {
    let Some(first) = tables.first() else { return Vec::new() };
    let shared: Vec<&Column> = first
        .columns
        .iter()
        .filter(|column| {
            !column.hidden
                && tables
                    .iter()
                    .all(|table| table.columns.iter().any(|other| !other.hidden && same(&other.name, &column.name)))
        })
        .collect();
    let mut candidates: Vec<Candidate> = Vec::new();
    let mut add = |columns: Vec<&Column>, distinct: bool| {
        let candidate = Candidate { columns: columns.iter().map(|column| column.name.clone()).collect(), distinct };
        if !candidate.columns.is_empty() && !candidates.contains(&candidate) {
            candidates.push(candidate);
        }
    };
    let keys = |origins: &'static [&'static str]| {
        tables
            .iter()
            .flat_map(|table| &table.indexes)
            .filter(move |index| index.unique && !index.partial && origins.contains(&index.origin.as_str()))
            .filter_map(|index| {
                let names: Option<Vec<&String>> = index.columns.iter().map(Option::as_ref).collect();
                names?
                    .into_iter()
                    .map(|name| shared.iter().copied().find(|column| same(&column.name, name)))
                    .collect::<Option<Vec<&Column>>>()
            })
    };
    for key in keys(&["c", "u"]).filter(|key| key.iter().all(|column| is_text(column))) {
        add(key, true);
    }
    for key in keys(&["pk"]).filter(|key| key.iter().all(|column| is_text(column))) {
        add(key, true);
    }
    for key in keys(&["c", "u"]).filter(|key| key.iter().any(|column| is_text(column))) {
        add(key, true);
    }
    for name in NAMING {
        add(shared.iter().copied().filter(|column| same(&column.name, name)).collect(), true);
    }
    for key in keys(&["pk"]) {
        add(key, true);
    }
    add(shared.iter().copied().filter(|column| !is_own_number(column)).collect(), false);
    candidates
}

/// A number that each database gives by itself.
#[must_use]
pub fn is_own_number(column: &Column) -> bool {
    let declared = column.declared_type.to_ascii_uppercase();
    (declared.contains("INT") || declared.is_empty() || declared.contains("SERIAL"))
        && (column.primary_key == 1 && declared == "INTEGER" || same(&column.name, "id"))
}

/// SQLite's rule of text affinity.
fn is_text(column: &Column) -> bool {
    let declared = column.declared_type.to_ascii_uppercase();
    !declared.contains("INT") && ["CHAR", "CLOB", "TEXT"].iter().any(|word| declared.contains(word))
}

fn same(left: &str, right: &str) -> bool {
    left.eq_ignore_ascii_case(right)
}

type Counts = Vec<Option<u64>>;

/// For each side the rows whose key the first lacks, and the first's rows whose key it lacks;
/// `None` when the candidate turns out to be no key.
fn missing(table: &str, candidate: &Candidate, sides: &[Option<open::Opened>]) -> Option<(Counts, Counts)> {
    let mut first: Vec<Key> = Vec::new();
    let mut known: Option<HashSet<Key>> = None;
    let mut counts = Vec::with_capacity(sides.len());
    let mut lacks = Vec::with_capacity(sides.len());
    for (side, opened) in sides.iter().enumerate() {
        let keys = match opened {
            Some(opened) => keys(&opened.connection, table, &candidate.columns),
            None => Keys::Unreadable,
        };
        match keys {
            Keys::Unreadable => {
                counts.push((side == 0).then_some(0));
                lacks.push((side == 0).then_some(0));
            }
            Keys::Read { keys, distinct } => {
                if candidate.distinct && !distinct {
                    return None;
                }
                if side == 0 {
                    counts.push(Some(0));
                    lacks.push(Some(0));
                    known = Some(keys.iter().copied().collect());
                    first = keys;
                } else {
                    let absent = |keys: &[Key], known: &HashSet<Key>| {
                        keys.iter().filter(|key| !known.contains(*key)).count() as u64
                    };
                    counts.push(known.as_ref().map(|known| absent(&keys, known)));
                    let own: HashSet<Key> = keys.into_iter().collect();
                    lacks.push(known.as_ref().map(|_| absent(&first, &own)));
                }
            }
        }
    }
    Some((counts, lacks))
}

/// Half a hash is enough: a million rows collide once in 10^26.
type Key = [u8; 16];

enum Keys {
    Read { keys: Vec<Key>, distinct: bool },
    Unreadable,
}

fn keys(connection: &Connection, table: &str, columns: &[String]) -> Keys {
    let list: Vec<String> = columns.iter().map(|column| identifier(column)).collect();
    let sql = format!("SELECT {} FROM main.{}", list.join(", "), identifier(table));
    let read = || -> rusqlite::Result<(Vec<Key>, bool)> {
        let mut statement = connection.prepare(&sql)?;
        let mut rows = statement.query([])?;
        let (mut keys, mut seen, mut distinct) = (Vec::new(), HashSet::new(), true);
        while let Some(row) = rows.next()? {
            let (key, whole) = key(row, columns.len())?;
            distinct = distinct && whole && seen.insert(key);
            if !distinct {
                seen.clear();
            }
            keys.push(key);
        }
        Ok((keys, distinct))
    };
    read().map_or(Keys::Unreadable, |(keys, distinct)| Keys::Read { keys, distinct })
}

/// The hash of a row's key, and whether no part of it is NULL. Numbers count as their words: types drift between sides.
fn key(row: &Row<'_>, columns: usize) -> rusqlite::Result<(Key, bool)> {
    let mut hasher = blake3::Hasher::new();
    let mut whole = true;
    let mut part = |tag: u8, bytes: &[u8]| {
        hasher.update(&[tag]);
        hasher.update(&(bytes.len() as u64).to_le_bytes());
        hasher.update(bytes);
    };
    for column in 0..columns {
        match row.get_ref(column)? {
            ValueRef::Null => {
                whole = false;
                part(0, &[]);
            }
            ValueRef::Integer(integer) => part(1, integer.to_string().as_bytes()),
            ValueRef::Real(real) => part(1, real.to_string().as_bytes()),
            ValueRef::Text(bytes) => part(1, bytes),
            ValueRef::Blob(bytes) => part(2, bytes),
        }
    }
    let mut key = Key::default();
    hasher.finalize_xof().fill(&mut key);
    Ok((key, whole))
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use rusqlite::OpenFlags;

    use super::*;

    /// Compares `t` in databases that are made of `sides`.
    fn compared(sides: &[&str]) -> (Vec<String>, Vec<Option<u64>>) {
        let folder = tempfile::tempdir().unwrap();
        let mut databases: Vec<(PathBuf, Table)> = Vec::new();
        for (index, sql) in sides.iter().enumerate() {
            let path = folder.path().join(format!("{index}.db"));
            Connection::open_with_flags(&path, OpenFlags::default()).unwrap().execute_batch(sql).unwrap();
            let table = crate::db::read(&path).1.unwrap().table("t").unwrap().clone();
            databases.push((path, table));
        }
        let sides: Vec<(Bytes<'_>, &Table)> =
            databases.iter().map(|(path, table)| (Bytes::OnDisk(path), table)).collect();
        let comparison = compare("t", &sides);
        (comparison.matched_on, comparison.missing_in_first)
    }

    #[test]
    fn rows_are_matched_by_what_names_them() {
        let users = "CREATE TABLE t(id INTEGER PRIMARY KEY, username TEXT UNIQUE, age)";
        for (what, sides, matched_on, missing) in [
            (
                "a unique text column, though ids collide",
                vec![
                    format!("{users}; INSERT INTO t VALUES (1,'a',1),(2,'b',1),(3,'c',1),(4,'d',1)"),
                    format!("{users}; INSERT INTO t VALUES (1,'x',1),(2,'a',1),(3,'y',1)"),
                ],
                "username",
                vec![Some(0), Some(2)],
            ),
            (
                "a unique column of one side only",
                vec![
                    "CREATE TABLE t(id INTEGER PRIMARY KEY, Handle TEXT); INSERT INTO t VALUES (1,'a'),(2,'b')".to_owned(),
                    "CREATE TABLE t(handle VARCHAR(9) UNIQUE, more); INSERT INTO t VALUES ('b',1)".to_owned(),
                    "CREATE TABLE t(handle TEXT); INSERT INTO t VALUES ('z')".to_owned(),
                ],
                "Handle",
                vec![Some(0), Some(0), Some(1)],
            ),
            (
                "a key of text",
                vec![
                    "CREATE TABLE t(sid TEXT PRIMARY KEY, v); INSERT INTO t VALUES ('a',1),('b',1)".to_owned(),
                    "CREATE TABLE t(sid TEXT PRIMARY KEY, v); INSERT INTO t VALUES ('c',1)".to_owned(),
                ],
                "sid",
                vec![Some(0), Some(1)],
            ),
            (
                "a naming column, whatever its type",
                vec![
                    "CREATE TABLE t(id INTEGER PRIMARY KEY, code TEXT, v); INSERT INTO t VALUES (1,'7',1),(2,'8',1)".to_owned(),
                    "CREATE TABLE t(id INTEGER PRIMARY KEY, code INTEGER, v); INSERT INTO t VALUES (1,8,3)".to_owned(),
                ],
                "code",
                vec![Some(0), Some(0)],
            ),
            (
                "not a naming column that repeats",
                vec![
                    "CREATE TABLE t(id INTEGER PRIMARY KEY, session_id TEXT, body); INSERT INTO t VALUES (1,'s','one'),(2,'s','two')".to_owned(),
                    "CREATE TABLE t(id INTEGER PRIMARY KEY, session_id TEXT, body); INSERT INTO t VALUES (1,'s','three')".to_owned(),
                ],
                "session_id body",
                vec![Some(0), Some(1)],
            ),
            (
                "another name where ids are drawn anew in each database",
                vec![
                    "CREATE TABLE t(id INTEGER PRIMARY KEY, uid TEXT UNIQUE, pair TEXT UNIQUE); INSERT INTO t VALUES (1,'u1','a'),(2,'u2','b')".to_owned(),
                    "CREATE TABLE t(id INTEGER PRIMARY KEY, uid TEXT UNIQUE, pair TEXT UNIQUE); INSERT INTO t VALUES (1,'u3','b'),(2,'u4','c')".to_owned(),
                ],
                "pair",
                vec![Some(0), Some(1)],
            ),
            (
                "the best name where no name knows a row again",
                vec![
                    "CREATE TABLE t(id INTEGER PRIMARY KEY, uid TEXT UNIQUE, pair TEXT UNIQUE); INSERT INTO t VALUES (1,'u1','a')".to_owned(),
                    "CREATE TABLE t(id INTEGER PRIMARY KEY, uid TEXT UNIQUE, pair TEXT UNIQUE); INSERT INTO t VALUES (1,'u3','b')".to_owned(),
                ],
                "uid",
                vec![Some(0), Some(1)],
            ),
            (
                "all that is shared but the number",
                vec![
                    "CREATE TABLE t(id INTEGER PRIMARY KEY, a, b); INSERT INTO t VALUES (1,1,NULL),(2,1,2)".to_owned(),
                    "CREATE TABLE t(id INTEGER PRIMARY KEY, b, a, c); INSERT INTO t VALUES (9,NULL,1,0),(8,2,2,0)".to_owned(),
                ],
                "a b",
                vec![Some(0), Some(1)],
            ),
            (
                "nothing but numbers",
                vec![
                    "CREATE TABLE t(id INTEGER PRIMARY KEY); INSERT INTO t VALUES (1)".to_owned(),
                    "CREATE TABLE t(id INTEGER PRIMARY KEY); INSERT INTO t VALUES (2)".to_owned(),
                ],
                "",
                vec![Some(0), None],
            ),
            (
                "a unique column that is often NULL is passed over",
                vec![
                    "CREATE TABLE t(email TEXT UNIQUE, name TEXT); INSERT INTO t VALUES (NULL,'a'),(NULL,'b')".to_owned(),
                    "CREATE TABLE t(email TEXT UNIQUE, name TEXT); INSERT INTO t VALUES (NULL,'b')".to_owned(),
                ],
                "name",
                vec![Some(0), Some(0)],
            ),
            ("an empty side lacks nothing", vec![format!("{users}; INSERT INTO t VALUES (1,'a',1)"), users.to_owned()], "", vec![Some(0), Some(0)]),
        ] {
            let sides: Vec<&str> = sides.iter().map(String::as_str).collect();
            let (columns, counts) = compared(&sides);
            assert_eq!((columns.join(" ").as_str(), counts), (matched_on, missing), "{what}");
        }
    }
}
