//! One table in several sources, row by row: which rows are the same, which differ under one key. Decides nothing.

use std::collections::HashMap;

use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, Row, params_from_iter};

use crate::db::{Table, content, quote};

/// One source's table, open for reading.
pub(super) struct Side<'a> {
    pub(super) id: &'a str,
    pub(super) connection: &'a Connection,
    pub(super) table: &'a Table,
}

/// What the rows of several sides say of each other under one key.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Overlap {
    /// Rows whose key an earlier side has.
    pub(super) shared: u64,
    /// Of these, how many hold another value in a column that both sides have.
    pub(super) differing: u64,
    /// For each side, its rows of which an earlier side has another version.
    pub(super) differing_of: Vec<u64>,
    pub(super) examples: Vec<Example>,
}

/// Two rows of one key that differ.
#[derive(Debug, Clone, PartialEq)]
pub struct Example {
    pub table: String,
    /// The ids of the two sources.
    pub sources: [String; 2],
    pub key: Vec<(String, Value)>,
    /// Column, and its value in each.
    pub columns: Vec<(String, [Value; 2])>,
}

/// Longer tables are not compared row by row.
pub(super) const MOST_ROWS: u64 = 1_000_000;

/// How many examples are kept.
const EXAMPLES: usize = 3;

/// Compares all sides by the columns `on`; `None` where these are no key of some side: NULL, or twice the same.
pub(super) fn overlap(sides: &[Side<'_>], on: &[String], besides: &[String]) -> rusqlite::Result<Option<Overlap>> {
    let mut values: Vec<String> = Vec::new();
    for side in sides {
        for column in side.table.columns.iter().filter(|column| !column.hidden) {
            let name = &column.name;
            if !contains(on, name) && !contains(besides, name) && !contains(&values, name) {
                values.push(name.clone());
            }
        }
    }
    let mut known: HashMap<[u8; 16], (usize, Columns)> = HashMap::new();
    let mut found = Overlap { shared: 0, differing: 0, differing_of: vec![0; sides.len()], examples: Vec::new() };
    for (index, side) in sides.iter().enumerate() {
        let mut own: HashMap<[u8; 16], (usize, Columns)> = HashMap::new();
        let present: Vec<&String> = values.iter().filter(|name| side.has(name)).collect();
        let mut statement = side.connection.prepare(&select(side.table, on.iter().chain(present.iter().copied())))?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let Some(key) = digest(row, on.len())? else { return Ok(None) };
            let mut content = vec![None; values.len()].into_boxed_slice();
            let mut next = on.len();
            for (name, digest) in values.iter().zip(&mut content) {
                if side.has(name) {
                    *digest = Some(short(row.get_ref(next)?));
                    next += 1;
                }
            }
            let differs = |theirs: &Columns| {
                theirs.iter().zip(&content).any(|pair| matches!(pair, (Some(one), Some(two)) if one != two))
            };
            let earlier = known.get(&key).map(|(earlier, theirs)| (*earlier, differs(theirs)));
            if own.insert(key, (index, content)).is_some() {
                return Ok(None);
            }
            let Some((earlier, differs)) = earlier else { continue };
            found.shared += 1;
            if differs {
                found.differing += 1;
                if let Some(count) = found.differing_of.get_mut(index) {
                    *count += 1;
                }
                if let Some(before) = sides.get(earlier).filter(|_| found.examples.len() < EXAMPLES) {
                    let both: Vec<String> =
                        present.iter().filter(|name| before.has(name)).map(|&name| name.clone()).collect();
                    found.examples.push(example([before, side], on, &both, &present, row)?);
                }
            }
        }
        for (key, row) in own {
            known.entry(key).or_insert(row);
        }
    }
    Ok(Some(found))
}

/// How many keys of later sides an earlier one has, whatever else their rows say.
pub(super) fn clashes(sides: &[Side<'_>], on: &[String]) -> rusqlite::Result<u64> {
    let mut known: HashMap<[u8; 16], ()> = HashMap::new();
    let mut clashes = 0;
    for side in sides {
        let mut statement = side.connection.prepare(&select(side.table, on.iter()))?;
        let mut rows = statement.query([])?;
        let mut own = Vec::new();
        while let Some(row) = rows.next()? {
            if let Some(key) = digest(row, on.len())? {
                clashes += u64::from(known.contains_key(&key));
                own.push(key);
            }
        }
        known.extend(own.into_iter().map(|key| (key, ())));
    }
    Ok(clashes)
}

fn select<'a>(table: &Table, columns: impl Iterator<Item = &'a String>) -> String {
    let list: Vec<String> = columns.map(|name| quote(name)).collect();
    format!(
        "SELECT {} FROM main.{}",
        if list.is_empty() { "1".to_owned() } else { list.join(", ") },
        quote(&table.name)
    )
}

fn contains(names: &[String], name: &str) -> bool {
    names.iter().any(|it| it.eq_ignore_ascii_case(name))
}

/// A digest of each value column; `None` where the side has no such column.
type Columns = Box<[Option<u32>]>;

impl Side<'_> {
    fn has(&self, column: &str) -> bool {
        self.table.columns.iter().any(|own| !own.hidden && own.name.eq_ignore_ascii_case(column))
    }
}

/// Half a hash of the first columns; `None` where one of them is NULL.
fn digest(row: &Row<'_>, count: usize) -> rusqlite::Result<Option<[u8; 16]>> {
    let mut bytes = Vec::new();
    for column in 0..count {
        let value = row.get_ref(column)?;
        if value == ValueRef::Null {
            return Ok(None);
        }
        content::append(&mut bytes, value);
    }
    let mut half = [0; 16];
    half.copy_from_slice(&blake3::hash(&bytes).as_bytes()[..16]);
    Ok(Some(half))
}

/// Enough to tell two values apart in a report; the merge itself compares whole values.
fn short(value: ValueRef<'_>) -> u32 {
    let mut bytes = Vec::new();
    content::append(&mut bytes, value);
    let mut quarter = [0; 4];
    quarter.copy_from_slice(&blake3::hash(&bytes).as_bytes()[..4]);
    u32::from_le_bytes(quarter)
}

/// `row` holds the key, then the columns in `present`.
fn example(
    [before, after]: [&Side<'_>; 2],
    on: &[String],
    both: &[String],
    present: &[&String],
    row: &Row<'_>,
) -> rusqlite::Result<Example> {
    let mut key = Vec::new();
    for (at, name) in on.iter().enumerate() {
        key.push((name.clone(), plain(row.get_ref(at)?)));
    }
    let test: Vec<String> = on.iter().map(|name| format!("{} IS ?", quote(name))).collect();
    let sql = format!("{} WHERE {}", select(before.table, both.iter()), test.join(" AND "));
    let mut columns = Vec::new();
    let mut statement = before.connection.prepare(&sql)?;
    let mut rows = statement.query(params_from_iter(key.iter().map(|(_, value)| value)))?;
    if let Some(theirs) = rows.next()? {
        for (at, name) in both.iter().enumerate() {
            let Some(own) = present.iter().position(|it| *it == name) else { continue };
            let pair = [plain(theirs.get_ref(at)?), plain(row.get_ref(on.len() + own)?)];
            if pair[0] != pair[1] {
                columns.push((name.clone(), pair));
            }
        }
    }
    Ok(Example { table: after.table.name.clone(), sources: [before.id.to_owned(), after.id.to_owned()], key, columns })
}

/// A value to look at; text that is no UTF-8 is shown as its bytes.
fn plain(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Text(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => Value::Text(text.to_owned()),
            Err(_) => Value::Blob(bytes.to_vec()),
        },
        ValueRef::Null => Value::Null,
        ValueRef::Integer(integer) => Value::Integer(integer),
        ValueRef::Real(real) => Value::Real(real),
        ValueRef::Blob(bytes) => Value::Blob(bytes.to_vec()),
    }
}
