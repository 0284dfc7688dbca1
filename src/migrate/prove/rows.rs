//! Every row of one source table, looked for in the stage: it is there, value for value, or it stands whole among the rows kept
//! aside. Reads both sides side by side, in the order of their keys.

use rusqlite::fallible_streaming_iterator::FallibleStreamingIterator;
use rusqlite::types::{Value, ValueRef};
use rusqlite::{OptionalExtension, Rows, Statement};

use super::allowed::{allowed, unreadable};
use super::digest;
use super::expect::{Expected, Journey, Moves, one_key, owned, parts};
use super::long::{Hold, Selected};
use super::side::{Column, Side, Table, eq};
use crate::db::quote;
use crate::migrate::{Progress, Stop, row};

/// Rows between two words to whoever watches.
const ROWS_AT_ONCE: u64 = 4096;

/// What was found of one source table.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) rows: u64,
    pub(super) copied: u64,
    pub(super) identical: u64,
    pub(super) merged: u64,
    pub(super) kept_aside: u64,
    /// Rows that are nowhere, or not as they were.
    pub(super) lost: u64,
    /// Of all rows as the source has them, each of which was compared with what became of it.
    pub(super) digest: String,
    /// Keys of the rows that the stage has of this source alone.
    pub(super) owned: digest::Keys,
    pub(super) owners: u64,
}

/// A row that stands aside: what it counts as, and its bytes.
type Aside = (String, Vec<u8>);

pub(super) struct Reader<'s> {
    map: Option<Statement<'s>>,
    aside: Option<Statement<'s>>,
}

impl<'s> Reader<'s> {
    pub(super) fn new(stage: &'s Side) -> Result<Self, Stop> {
        let prepare = |table: &str, sql: &str| -> Result<Option<Statement<'s>>, Stop> {
            Ok(if stage.table(table).is_some() { Some(stage.db.prepare(sql)?) } else { None })
        };
        Ok(Self {
            map: prepare(
                "dbguard_key_map",
                "SELECT new, how FROM dbguard_key_map WHERE source = ?1 AND table_name = ?2 AND old = ?3 AND how <> 'rekeyed'",
            )?,
            aside: prepare(
                "dbguard_kept_aside",
                "SELECT account, row FROM dbguard_kept_aside WHERE source = ?1 AND table_name = ?2 AND key = ?3",
            )?,
        })
    }

    fn became(&mut self, source: &str, table: &str, key: &Value) -> Result<Option<(Value, String)>, Stop> {
        let Some(map) = &mut self.map else { return Ok(None) };
        Ok(map
            .query_row(rusqlite::params![source, table, key], |row| Ok((owned(row.get_ref(0)?), row.get(1)?)))
            .optional()?)
    }

    fn aside(&mut self, source: &str, table: &str, key: &Value) -> Result<Option<Aside>, Stop> {
        let Some(aside) = &mut self.aside else { return Ok(None) };
        Ok(aside.query_row(rusqlite::params![source, table, key], |row| Ok((row.get(0)?, row.get(1)?))).optional()?)
    }
}

/// Rows of the target in the order of their rowids, as far as they are asked for in that order.
struct Along<'s> {
    rows: Rows<'s>,
    at: Option<i64>,
}

impl Along<'_> {
    /// Steps to the row; `false` where it is not there.
    fn seek(&mut self, key: i64) -> Result<bool, Stop> {
        while self.at.is_none_or(|at| at < key) {
            self.rows.advance()?;
            match self.rows.get().map(|row| row.get(0)) {
                Some(at) => self.at = Some(at?),
                None => {
                    self.at = Some(i64::MAX);
                    return Ok(false);
                }
            }
        }
        Ok(self.at == Some(key) && self.rows.get().is_some())
    }
}

/// Looks for every row of a table. Values are held as long as they are short; else it begins anew, with digests of the long
/// ones, and where those do not tell enough with all of them.
pub(super) fn follow(
    expected: &Expected<'_>,
    side: &Side,
    stage: &Side,
    journey: &Journey<'_>,
    reader: &mut Reader<'_>,
    progress: &dyn Progress,
) -> Result<Found, Stop> {
    for hold in [Hold::Short, Hold::Digests] {
        match follow_holding(hold, expected, side, stage, journey, reader, progress) {
            Ok(found) if hold == Hold::Digests && found.lost > 0 => {}
            Err(stop) if hold.is_too_short_for(&stop) => {}
            done => return done,
        }
    }
    follow_holding(Hold::All, expected, side, stage, journey, reader, progress)
}

fn follow_holding(
    hold: Hold,
    expected: &Expected<'_>,
    side: &Side,
    stage: &Side,
    journey: &Journey<'_>,
    reader: &mut Reader<'_>,
    progress: &dyn Progress,
) -> Result<Found, Stop> {
    let mut found = Found::default();
    let Some(table) = side.table(&journey.table) else { return Ok(found) };
    let target = journey.target.as_deref().and_then(|name| stage.table(name));
    let stored: Vec<&Column> = table.stored().collect();
    let list = |columns: &[String]| columns.iter().map(|column| quote(column)).collect::<Vec<_>>();
    let order = if table.key.is_empty() { String::new() } else { format!(" ORDER BY {}", list(&table.key).join(", ")) };
    let keys = table.key.len();
    let by_rowid = target.is_some_and(|it| !it.without_rowid && it.key.len() == 1) && !table.without_rowid && keys == 1;
    let walks = by_rowid && target.is_some_and(|it| !it.is_virtual);
    // Only a row with a rowid can be read piece by piece.
    let hold = if (walks && !table.is_virtual) || hold == Hold::Short { hold } else { Hold::All };
    hold.limit(&side.db)?;
    hold.limit(&stage.db)?;
    let columns = stored.iter().map(|column| column.name.as_str()).collect();
    let here = Selected { hold, db: &side.db, table: &table.name, columns, before: keys };
    let sql = format!(
        "SELECT {} FROM {}{order}",
        [list(&table.key), here.expressions()].concat().join(", "),
        quote(&table.name)
    );

    // Where each column went; `None` where the result does not have it.
    let landed: Vec<Option<&Column>> = stored
        .iter()
        .map(|column| {
            let result = journey.columns.iter().find(|(own, _)| *own == column.name).map(|(_, result)| result)?;
            target?.column(result).filter(|it| it.hidden == 0)
        })
        .collect();
    let moves: Vec<Moves> = stored.iter().map(|column| expected.moves(side, table, journey, &column.name)).collect();
    let id_moves = table.id.as_ref().map(|id| expected.moves(side, table, journey, id));
    let target_keys = target.map_or(0, |it| it.key.len());
    let there = Selected {
        hold,
        db: &stage.db,
        table: target.map_or("", |it| it.name.as_str()),
        columns: landed.iter().flatten().map(|column| column.name.as_str()).collect(),
        before: target_keys,
    };
    let wanted = target.map_or_else(Vec::new, |it| [list(&it.key), there.expressions()].concat()).join(", ");
    let mut walking;
    let (mut along, mut point) = (None, None);
    if let Some(target) = target.filter(|it| !it.key.is_empty()) {
        let from = quote(&target.name);
        let condition: Vec<String> =
            target.key.iter().enumerate().map(|(at, key)| format!("{} IS ?{}", quote(key), at + 1)).collect();
        point = Some(stage.db.prepare(&format!("SELECT {wanted} FROM {from} WHERE {}", condition.join(" AND ")))?);
        if walks {
            let low: Option<i64> = side.db.query_row(
                &format!("SELECT min({}) FROM {}", list(&table.key).join(", "), quote(&table.name)),
                [],
                |row| row.get(0),
            )?;
            let key = list(&target.key).join(", ");
            walking = stage.db.prepare(&format!("SELECT {wanted} FROM {from} WHERE {key} >= ?1 ORDER BY {key}",))?;
            let low = low.and_then(|low| journey.moved(low)).unwrap_or(0);
            along = Some(Along { rows: walking.query([low])?, at: None });
        }
    }
    let nothing_listed = stage.table("dbguard_key_map").is_none() && stage.table("dbguard_kept_aside").is_none();
    let mut statement = side.db.prepare(&sql)?;
    let mut rows = statement.query([])?;
    let mut canonical = Vec::new();
    let mut digest = digest::Rows::default();
    while let Some(row) = rows.next()? {
        found.rows += 1;
        if found.rows.is_multiple_of(ROWS_AT_ONCE) {
            progress.advance(ROWS_AT_ONCE, 0);
        }
        let key: Vec<ValueRef<'_>> = (0..keys).map(|at| row.get_ref(at)).collect::<rusqlite::Result<_>>()?;
        let mut values: Vec<ValueRef<'_>> =
            (keys..keys + stored.len()).map(|at| row.get_ref(at)).collect::<rusqlite::Result<_>>()?;
        let long: Vec<Option<Vec<u8>>> = match hold {
            Hold::Digests => (0..stored.len()).map(|at| here.digest(row, at)).collect::<Result<_, Stop>>()?,
            _ => Vec::new(),
        };
        for (value, long) in values.iter_mut().zip(&long) {
            if let Some(long) = long {
                *value = ValueRef::Blob(long);
            }
        }
        canonical.clear();
        values.iter().for_each(|value| row::append(&mut canonical, *value));
        digest.add(&canonical);
        let name = if key.is_empty() { Value::Integer(found.rows as i64) } else { one_key(table, &key) };
        let (became, aside) = if nothing_listed {
            (None, None)
        } else {
            (reader.became(&side.id, &table.name, &name)?, reader.aside(&side.id, &table.name, &name)?)
        };
        let stands = |account: &str| aside.as_ref().is_some_and(|(it, bytes)| it == account && *bytes == canonical);
        // What the target does not have of a row stands aside with all of it, whatever else became of the row.
        let kept = stands("copied") || stands("merged");
        if aside.as_ref().is_some_and(|(account, _)| account == "kept aside") || target.is_none() {
            if stands("kept aside") && became.is_none() {
                found.kept_aside += 1;
            } else {
                found.lost += 1;
            }
            continue;
        }
        let whole = |name: &str| {
            stored.iter().position(|it| eq(&it.name, name)).and_then(|at| values.get(at)).map(|it| owned(*it))
        };
        let how = became.as_ref().map_or("copied", |(_, how)| how.as_str());
        let new: Option<Vec<Value>> = match &became {
            Some((new, _)) => parts(new.clone()),
            None if by_rowid => match key.first() {
                Some(ValueRef::Integer(key)) => match id_moves.as_ref().and_then(|moves| moves.integer(*key)) {
                    Some(new) => Some(vec![Value::Integer(new)]),
                    None => {
                        let id = table.id.as_deref();
                        let followed =
                            id.map(|id| expected.value(side, table, journey, id, ValueRef::Integer(*key), &whole));
                        match followed {
                            Some(Value::Integer(new)) => Some(vec![Value::Integer(new)]),
                            _ => journey.moved(*key).map(|new| vec![Value::Integer(new)]),
                        }
                    }
                },
                _ => None,
            },
            None => target.map(|target| {
                let own = |result: &String| journey.columns.iter().find(|(_, it)| eq(it, result)).map(|(own, _)| own);
                target
                    .key
                    .iter()
                    .filter_map(own)
                    .filter_map(|own| {
                        let value = whole(own)?;
                        Some(expected.value(side, table, journey, own, ValueRef::from(&value), &whole))
                    })
                    .collect()
            }),
        };
        let Some(new) = new.filter(|new| new.len() == target_keys && !new.is_empty()) else {
            found.lost += 1;
            continue;
        };
        let walked = match (&mut along, new.as_slice(), &became) {
            (Some(along), [Value::Integer(new)], None) if along.at.is_none_or(|at| at <= *new) => {
                Some(along.seek(*new)?)
            }
            _ => None,
        };
        // Whether every value stands there as the plan has it; `None` where one that the plan leaves out is gone.
        let check = |read: &rusqlite::Row<'_>| -> Result<Option<bool>, Stop> {
            let mut as_it_was = true;
            let mut place = target_keys;
            for (at, column) in stored.iter().enumerate() {
                let (Some(value), Some(goes), Some(moves)) = (values.get(at), landed.get(at), moves.get(at)) else {
                    return Ok(None);
                };
                let Some(goes) = goes else {
                    // Left out by the plan: a value in it is one that stands aside.
                    if !matches!(value, ValueRef::Null) && !kept {
                        return Ok(None);
                    }
                    continue;
                };
                let long = there.digest(read, place - target_keys)?;
                let there = match &long {
                    Some(long) => ValueRef::Blob(long),
                    None => read.get_ref(place)?,
                };
                place += 1;
                let is_id = table.id.as_ref().is_some_and(|id| eq(id, &column.name));
                if (is_id && became.is_some()) || moves.arrives(*value, there) == Some(true) {
                    continue;
                }
                let wanted = expected.value(side, table, journey, &column.name, *value, &whole);
                as_it_was &= row::same(ValueRef::from(&wanted), there)
                    || unreadable(*value, there)
                    || allowed(expected, journey, (column, goes), &wanted, there, kept, &whole);
            }
            Ok(Some(as_it_was))
        };
        let as_it_was = match walked {
            Some(true) => match along.as_ref().and_then(|along| along.rows.get()) {
                Some(read) => check(read)?,
                None => None,
            },
            Some(false) => None,
            None => match &mut point {
                Some(point) => {
                    let mut rows = point.query(rusqlite::params_from_iter(&new))?;
                    match rows.next()? {
                        Some(read) => check(read)?,
                        None => None,
                    }
                }
                None => None,
            },
        };
        let Some(as_it_was) = as_it_was else {
            found.lost += 1;
            continue;
        };
        if matches!(how, "copied" | "moved" | "held") {
            found.owners += 1;
            let key: Vec<ValueRef<'_>> = new.iter().map(ValueRef::from).collect();
            found.owned.add(&key);
        }
        if matches!(how, "merged" | "held") {
            if stands("merged") {
                found.merged += 1;
            } else {
                found.lost += 1;
            }
            continue;
        }
        if !as_it_was {
            found.lost += 1;
            continue;
        }
        if how == "same" {
            found.identical += 1;
        } else {
            found.copied += 1;
        }
    }
    progress.advance(found.rows % ROWS_AT_ONCE, 0);
    found.digest = digest.finish();
    Ok(found)
}

/// Keys of the target's rows, to be compared with those that sources claim.
pub(super) fn keys(stage: &Side, table: &Table) -> Result<(u64, digest::Keys), Stop> {
    let list: Vec<String> = table.key.iter().map(|key| quote(key)).collect();
    let mut digest = digest::Keys::default();
    if list.is_empty() {
        return Ok((stage.count(&format!("SELECT count(*) FROM {}", quote(&table.name)))?, digest));
    }
    let mut count = 0;
    let mut statement = stage.db.prepare(&format!("SELECT {} FROM {}", list.join(", "), quote(&table.name)))?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let key: Vec<ValueRef<'_>> = (0..list.len()).map(|at| row.get_ref(at)).collect::<rusqlite::Result<_>>()?;
        digest.add(&key);
        count += 1;
    }
    Ok((count, digest))
}
