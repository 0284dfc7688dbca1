//! What in a source's rows would trouble a merge: damage, broken references, values that do not fit, times in two formats.
//! Decides nothing, and tells no value.

use std::collections::BTreeMap;

use rusqlite::Connection;
use rusqlite::types::ValueRef;

use crate::db::{Column, Schema, Table, TableKind, quote};

/// Something to know before a merge.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Trouble {
    /// The id of the source.
    pub source: String,
    /// A table, or `table.column`; empty for the whole database.
    pub subject: String,
    pub kind: Kind,
    pub words: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// The file cannot be read, or SQLite calls it damaged.
    Damage,
    /// Rows whose declared parent does not exist.
    BrokenReference,
    /// One column holds values of several storage classes.
    MixedTypes,
    /// One column holds times in several formats, or with and without a zone.
    MixedTimes,
    /// Text that is not UTF-8, or that holds a NUL.
    OddText,
    /// Keys that differ in case, spaces or storage class alone.
    NearDuplicate,
    /// The same entity seems to stand under another name.
    SameEntity,
    /// `PRAGMA user_version` says something else than in the target.
    Version,
    /// The file is reached by two paths, or is a copy of another source.
    Copy,
}

/// Longer tables are looked at so far only.
const MOST_ROWS: u64 = 1_000_000;

/// Looks through every table of a source. `id` names it in what is told.
///
/// # Errors
/// Whatever SQLite says of a page that cannot be read.
pub fn examine(id: &str, connection: &Connection, schema: &Schema) -> rusqlite::Result<Vec<Trouble>> {
    let mut troubles = Vec::new();
    let mut tell = |subject: String, kind: Kind, words: String| {
        troubles.push(Trouble { source: id.to_owned(), subject, kind, words });
    };
    let verdict: String = connection.query_row("PRAGMA main.quick_check(1)", [], |row| row.get(0))?;
    if verdict != "ok" {
        tell(String::new(), Kind::Damage, verdict);
    }
    for ((child, parent), rows) in broken_references(connection)? {
        tell(child, Kind::BrokenReference, format!("{} without their parent in {parent}", counted(rows, "row")));
    }
    for table in schema.own_tables().filter(|table| table.kind == TableKind::Ordinary) {
        for (subject, kind, words) in of_table(connection, table)? {
            tell(subject, kind, words);
        }
    }
    troubles.sort();
    Ok(troubles)
}

/// `1 row`, `3 rows`.
#[must_use]
pub fn counted(number: u64, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

fn broken_references(connection: &Connection) -> rusqlite::Result<BTreeMap<(String, String), u64>> {
    let mut found = BTreeMap::new();
    let mut statement = match connection.prepare("PRAGMA main.foreign_key_check") {
        Ok(statement) => statement,
        // A parent without a fitting key is a mismatch, which the proofs compare; it breaks no row.
        Err(_) => return Ok(found),
    };
    let mut rows = statement.query([])?;
    while let Ok(Some(row)) = rows.next() {
        *found.entry((row.get(0)?, row.get(2)?)).or_default() += 1;
    }
    Ok(found)
}

/// What one column was seen to hold.
#[derive(Default)]
struct Seen {
    classes: BTreeMap<&'static str, u64>,
    times: BTreeMap<&'static str, u64>,
    invalid: u64,
    nul: u64,
    /// Folded keys with how often they stand, for columns that name a row.
    folded: BTreeMap<String, u64>,
    distinct: BTreeMap<Vec<u8>, ()>,
}

fn of_table(connection: &Connection, table: &Table) -> rusqlite::Result<Vec<(String, Kind, String)>> {
    let columns: Vec<&Column> = table.columns.iter().filter(|column| !column.hidden).collect();
    let list: Vec<String> = columns.iter().map(|column| quote(&column.name)).collect();
    if list.is_empty() {
        return Ok(Vec::new());
    }
    let keys: Vec<String> = crate::db::natural_keys(&[table])
        .into_iter()
        .filter_map(|key| if let [only] = key.as_slice() { Some(only.clone()) } else { None })
        .collect();
    let sql = format!("SELECT {} FROM main.{} LIMIT {MOST_ROWS}", list.join(", "), quote(&table.name));
    let mut statement = connection.prepare(&sql)?;
    let mut rows = statement.query([])?;
    let mut seen: Vec<Seen> = columns.iter().map(|_| Seen::default()).collect();
    while let Some(row) = rows.next()? {
        for (index, (column, seen)) in columns.iter().zip(&mut seen).enumerate() {
            seen.take(column, row.get_ref(index)?, keys.contains(&column.name));
        }
    }
    let mut told = Vec::new();
    for (column, seen) in columns.iter().zip(seen) {
        let subject = format!("{}.{}", table.name, column.name);
        let listed = |counts: &BTreeMap<&'static str, u64>| {
            let parts: Vec<String> = counts.iter().map(|(what, rows)| format!("{what} {rows}×")).collect();
            parts.join(", ")
        };
        if seen.classes.len() > 1 {
            told.push((subject.clone(), Kind::MixedTypes, listed(&seen.classes)));
        }
        if seen.times.len() > 1 {
            told.push((subject.clone(), Kind::MixedTimes, listed(&seen.times)));
        }
        if seen.invalid + seen.nul > 0 {
            let words =
                format!("{} not UTF-8, {} with a NUL", counted(seen.invalid, "text"), counted(seen.nul, "text"));
            told.push((subject.clone(), Kind::OddText, words));
        }
        let alike = seen.folded.values().filter(|&&count| count > 1).count() as u64;
        if alike > 0 {
            let words = format!("{} differ in case, spaces or type alone", counted(alike, "group"));
            told.push((subject, Kind::NearDuplicate, words));
        }
    }
    Ok(told)
}

impl Seen {
    fn take(&mut self, column: &Column, value: ValueRef<'_>, is_key: bool) {
        /// Keys of longer tables are not held side by side.
        const MOST_KEYS: usize = 100_000;
        let class = match value {
            ValueRef::Null => return,
            ValueRef::Integer(_) => "integer",
            ValueRef::Real(_) => "real",
            ValueRef::Text(_) => "text",
            ValueRef::Blob(_) => "blob",
        };
        *self.classes.entry(class).or_default() += 1;
        if let ValueRef::Text(bytes) = value {
            self.invalid += u64::from(std::str::from_utf8(bytes).is_err());
            self.nul += u64::from(bytes.contains(&0));
        }
        if is_time(&column.name) {
            *self.times.entry(time_format(value)).or_default() += 1;
        }
        if is_key && self.distinct.len() < MOST_KEYS {
            let words = match value {
                ValueRef::Integer(integer) => integer.to_string(),
                ValueRef::Real(real) => real.to_string(),
                ValueRef::Text(bytes) | ValueRef::Blob(bytes) => String::from_utf8_lossy(bytes).into_owned(),
                ValueRef::Null => return,
            };
            let mut exact = Vec::new();
            crate::db::content::append(&mut exact, value);
            if self.distinct.insert(exact, ()).is_none() {
                *self.folded.entry(words.trim().to_lowercase()).or_default() += 1;
            }
        }
    }
}

fn is_time(column: &str) -> bool {
    let name = column.to_ascii_lowercase();
    ["_at", "_time", "_date", "_on", "timestamp"].iter().any(|ending| name.ends_with(ending))
        || ["created", "updated", "modified", "expires", "timestamp", "date", "time"].contains(&name.as_str())
}

/// The look of a time, without its value.
fn time_format(value: ValueRef<'_>) -> &'static str {
    let number = |number: i64| match number.unsigned_abs() {
        100_000_000..10_000_000_000 => "epoch seconds",
        100_000_000_000..10_000_000_000_000 => "epoch milliseconds",
        100_000_000_000_000..10_000_000_000_000_000 => "epoch microseconds",
        _ => "number",
    };
    match value {
        ValueRef::Integer(integer) => number(integer),
        #[expect(clippy::cast_possible_truncation, reason = "only the order of magnitude matters")]
        ValueRef::Real(real) => number(real as i64),
        ValueRef::Text(bytes) => {
            let text = String::from_utf8_lossy(bytes);
            let text = text.trim();
            let shape: String = text.chars().map(|letter| if letter.is_ascii_digit() { '9' } else { letter }).collect();
            if !shape.starts_with("9999-99-99") {
                return if shape.is_empty() {
                    "empty text"
                } else if shape.chars().all(|letter| letter == '9' || letter == '.') {
                    "number as text"
                } else {
                    "other text"
                };
            }
            let rest = shape.get(10..).unwrap_or("");
            let zone = rest.ends_with(['Z', 'z']) || rest.get(1..).is_some_and(|time| time.contains(['+', '-']));
            match (rest.chars().next(), zone) {
                (None, _) => "date",
                (Some('T'), true) => "ISO with T and zone",
                (Some('T'), false) => "ISO with T",
                (Some(_), true) => "ISO with zone",
                (Some(_), false) => "ISO",
            }
        }
        ValueRef::Blob(_) => "blob",
        ValueRef::Null => "null",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_trouble_a_merge_is_told_without_a_value() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        let sql = "PRAGMA foreign_keys=OFF;
            CREATE TABLE users(id INTEGER PRIMARY KEY, username TEXT UNIQUE, created_at);
            INSERT INTO users VALUES (1,'Ann','2026-01-02 03:04:05'),(2,'ann ',1767323045),(3,'bob','2026-01-02T03:04:05Z');
            CREATE TABLE notes(user_id REFERENCES users(id), body TEXT, size INTEGER);
            INSERT INTO notes VALUES (1,'a',1),(9,CAST(x'ff' AS TEXT),'big'),(9,'a'||char(0)||'b',2);";
        let connection = Connection::open_with_flags(&path, rusqlite::OpenFlags::default()).unwrap();
        connection.execute_batch(sql).unwrap();
        let schema = crate::db::read(&path).1.unwrap();
        let told: Vec<String> = examine("auth", &connection, &schema)
            .unwrap()
            .into_iter()
            .map(|it| format!("{} {:?}: {}", it.subject, it.kind, it.words))
            .collect();
        assert_eq!(
            told,
            [
                "notes BrokenReference: 2 rows without their parent in users",
                "notes.body OddText: 1 text not UTF-8, 1 text with a NUL",
                "notes.size MixedTypes: integer 2×, text 1×",
                "users.created_at MixedTypes: integer 1×, text 2×",
                "users.created_at MixedTimes: ISO 1×, ISO with T and zone 1×, epoch seconds 1×",
                "users.username NearDuplicate: 1 group differ in case, spaces or type alone",
            ]
        );
    }
}
