//! Rows of a source that are rows of the stage already: identical, merged as the plan's strategy says, or a conflict that stops
//! the run. A row that is not wholly in the target afterwards stands whole among those kept aside. Inserts no row.

use std::cmp::Ordering;

use rusqlite::types::{ToSqlOutput, Value, ValueRef};
use rusqlite::{OptionalExtension, params};

use super::Work;
use super::aside::{self, Standing, one_key, owned, values};
use super::catalogue::{Table, same};
use super::matching::{Way, equal, numbered, of, row_key};
use super::reading::{Reading, affinity};
use crate::db::quote;
use crate::migrate::plan::{Rekey, Strategy};
use crate::migrate::{Stop, row};

/// A column of the target, as one pair of rows is compared by it.
struct Cell {
    name: String,
    /// The source has it, or the plan fills it in.
    incoming: bool,
    /// The source has it, and its value tells whether the rows are identical.
    compared: bool,
    /// Its value in the target is what other rows refer to.
    fixed: bool,
}

/// `SELECT` of each pair: the source's key, the stage's key, how they met, the values of the source as the target would have
/// them, the values that stand there.
fn pairs(work: &Work<'_>, reading: &Reading, way: &Way<'_>) -> Result<(String, Vec<Cell>), Stop> {
    let (old, new) = way.keys()?;
    let protected = work.referenced(&way.group.target);
    let mut cells = Vec::new();
    let (mut coming, mut standing) = (Vec::new(), Vec::new());
    for column in way.target.stored() {
        let value = reading.column(work, way.member, way.table, column)?;
        let own = way.own(&column.name);
        let is_id = way.target.id.as_ref().is_some_and(|id| same(id, &column.name));
        cells.push(Cell {
            name: column.name.clone(),
            incoming: value.is_some(),
            compared: own.is_some() && !is_id,
            fixed: is_id || column.key > 0 || protected.iter().any(|it| same(it, &column.name)),
        });
        coming.push(value.unwrap_or_else(|| "NULL".to_owned()));
        standing.push(format!("t.{}", quote(&column.name)));
    }
    let sql = format!(
        "SELECT {}, {}, m.how, {}, {} FROM temp.m{} AS m JOIN src.{} AS s ON {} JOIN main.{} AS t ON {}",
        numbered("m.", 'o', old.len()).join(", "),
        numbered("m.", 'n', new.len()).join(", "),
        coming.join(", "),
        standing.join(", "),
        way.at,
        quote(&way.table.name),
        equal(&of("s", &old), &numbered("m.", 'o', old.len())),
        quote(&way.target.name),
        equal(&of("t", &new), &numbered("m.", 'n', new.len())),
    );
    Ok((sql, cells))
}

/// Under `keep-both` and `rekey = "map"`, rows that share a key and differ part again; where their key is text, or may not
/// move, the later one gets a new one, listed in `temp.k…`.
pub(super) fn part(work: &Work<'_>, reading: &mut Reading, way: &Way<'_>) -> Result<(), Stop> {
    let both = way.group.strategy == Strategy::KeepBoth;
    let mapped = way.group.rekey == Some(Rekey::Map) || (both && way.group.rekey.is_none() && way.target.id.is_none());
    if !both && !mapped {
        return Ok(());
    }
    let (old, new) = way.keys()?;
    let (sql, cells) = pairs(work, reading, way)?;
    let mut statement = work.db.prepare(&sql)?;
    let mut rows = statement.query([])?;
    let first = old.len() + new.len() + 1;
    let mut parted: Vec<Vec<Value>> = Vec::new();
    let mut clash = 0_u64;
    while let Some(row) = rows.next()? {
        let how: String = row.get(first - 1)?;
        let mut identical = true;
        for (at, cell) in cells.iter().enumerate().filter(|(_, cell)| cell.compared) {
            let _ = cell;
            identical &= row::same(row.get_ref(first + at)?, row.get_ref(first + cells.len() + at)?);
        }
        if identical || how.starts_with("alias") || (how == "match" && !both) {
            continue;
        }
        if how == "unique" {
            clash += u64::from(both);
            continue;
        }
        parted.push(values(row, 0, old.len())?);
    }
    drop(rows);
    drop(statement);
    if clash > 0 {
        return Err(conflict(way, clash, "something else in them is unique in the result, so that both cannot stay"));
    }
    let mut delete = work.db.prepare(&format!(
        "DELETE FROM temp.m{} WHERE {}",
        way.at,
        equal(&numbered("", 'o', old.len()), &(1..=old.len()).map(|at| format!("?{at}")).collect::<Vec<_>>())
    ))?;
    for key in &parted {
        delete.execute(rusqlite::params_from_iter(key))?;
    }
    drop(delete);
    if !parted.is_empty() && mapped {
        rekey(work, reading, way, &old, &parted)?;
    }
    Ok(())
}

/// Gives new primary keys to rows whose own is taken.
fn rekey(
    work: &Work<'_>,
    reading: &mut Reading,
    way: &Way<'_>,
    old: &[String],
    rows: &[Vec<Value>],
) -> Result<(), Stop> {
    let primary = way.target.primary_key();
    let own = match primary.as_slice() {
        [] => return Ok(()),
        [one] => way.own(one),
        _ => None,
    };
    let (Some(own), Some(column)) = (own, primary.first()) else {
        return Err(conflict(way, rows.len() as u64, "they share a key of several columns, which cannot be made anew"));
    };
    let is_id = way.target.id.is_some();
    let declared = way.target.column(column);
    if !is_id && declared.is_none_or(|it| affinity(&it.declared) != "TEXT") {
        return Err(conflict(
            way,
            rows.len() as u64,
            "their key is no text and no INTEGER PRIMARY KEY, so that it cannot be made anew",
        ));
    }
    work.db.execute_batch(&format!("CREATE TEMP TABLE k{at}(o PRIMARY KEY, n UNIQUE) WITHOUT ROWID", at = way.at))?;
    let (own, column, table, target) = (quote(own), quote(column), quote(&way.table.name), quote(&way.target.name));
    let mut find = work.db.prepare(&format!(
        "SELECT s.{own} FROM src.{table} AS s WHERE {} AND EXISTS (SELECT 1 FROM main.{target} AS t WHERE t.{column} = s.{own})",
        equal(&of("s", old), &(1..=old.len()).map(|at| format!("?{at}")).collect::<Vec<_>>()),
    ))?;
    let mut taken = work.db.prepare(&format!(
        "SELECT EXISTS (SELECT 1 FROM main.{target} WHERE {column} = ?1) OR EXISTS (SELECT 1 FROM src.{table} WHERE {own} = ?1)
         OR EXISTS (SELECT 1 FROM temp.k{} WHERE n = ?1)",
        way.at
    ))?;
    let mut insert = work.db.prepare(&format!("INSERT INTO temp.k{} VALUES (?1, ?2)", way.at))?;
    let id = work.id(reading.source);
    let mut next = work.hulls.above(&way.member.target);
    for key in rows {
        let Some(old) = find.query_row(rusqlite::params_from_iter(key), |row| Ok(owned(row.get_ref(0)?))).optional()?
        else {
            continue;
        };
        let new = if is_id {
            let new = next.ok_or_else(|| conflict(way, 1, "no integer is left for a new key"))?;
            next = new.checked_add(1);
            Value::Integer(new)
        } else {
            let Value::Text(text) = &old else {
                return Err(conflict(way, 1, "a key is no text, so that it cannot be made anew"));
            };
            let mut n = 1;
            loop {
                let new = if n == 1 { format!("{text}-{id}") } else { format!("{text}-{id}-{n}") };
                if !taken.query_row([&new], |row| row.get::<_, bool>(0))? {
                    break Value::Text(new);
                }
                n += 1;
            }
        };
        insert.execute(params![old, new])?;
    }
    drop((find, taken, insert));
    reading.rekeyed.push((way.at, way.own(primary.first().map_or("", |it| it)).unwrap_or_default().to_owned()));
    Ok(())
}

fn conflict(way: &Way<'_>, rows: u64, why: &str) -> Stop {
    let rows_of = if rows == 1 { "1 row".to_owned() } else { format!("{rows} rows") };
    Stop::new(
        format!("`{}`: {rows_of} of `{}` cannot be merged", way.member.target, way.member.table),
        why,
        "decide in its block: match-on and strategy (prefer, newest, fill-nulls, keep-both, alias), rekey, or rename-to",
    )
}

/// Settles every pair, and counts the rows of the source that the stage holds now.
pub(super) fn settle(work: &Work<'_>, reading: &Reading, way: &Way<'_>) -> Result<(), Stop> {
    let (old, new) = way.keys()?;
    let (sql, cells) = pairs(work, reading, way)?;
    let first = old.len() + new.len() + 1;
    let mut statement = work.db.prepare(&sql)?;
    let mut rows = statement.query([])?;
    let mut conflicts = 0_u64;
    while let Some(row) = rows.next()? {
        let mut pair = Pair {
            old: values(row, 0, old.len())?,
            new: values(row, old.len(), new.len())?,
            how: row.get(first - 1)?,
            changes: Vec::new(),
        };
        let mut sides = Vec::with_capacity(cells.len());
        for at in 0..cells.len() {
            sides.push((row.get_ref(first + at)?, row.get_ref(first + cells.len() + at)?));
        }
        let equals = |at: usize| sides.get(at).is_some_and(|(coming, standing)| row::same(*coming, *standing));
        let identical = cells.iter().enumerate().all(|(at, cell)| !cell.compared || equals(at));
        if identical {
            aside::map(work, reading.source, way.table, &pair.old, (way.target, &pair.new), "same")?;
            continue;
        }
        let Some(reason) = decide(work, reading, way, &cells, &sides, &mut pair)? else {
            conflicts += 1;
            continue;
        };
        let mut reason = reason;
        if !pair.changes.is_empty() && !change(work, way, &new, &cells, &sides, &pair)? {
            pair.changes.clear();
            reason = format!("{reason}; what would change breaks a constraint of the result");
        }
        if !pair.changes.is_empty() {
            let changed: Vec<&str> =
                pair.changes.iter().filter_map(|&at| cells.get(at)).map(|it| it.name.as_str()).collect();
            contributors(work, way, &pair.new, &changed, &reason)?;
        }
        let whole =
            cells.iter().enumerate().all(|(at, cell)| !cell.compared || equals(at) || pair.changes.contains(&at));
        let how = if whole { "same" } else { "merged" };
        aside::map(work, reading.source, way.table, &pair.old, (way.target, &pair.new), how)?;
        if !whole {
            aside::keep_one(work, reading.source, way.table, &pair.old, Standing::Merged, &reason)?;
        }
    }
    if conflicts > 0 {
        return Err(conflict(way, conflicts, "they have the key of another row, and differ from it"));
    }
    Ok(())
}

struct Pair {
    old: Vec<Value>,
    new: Vec<Value>,
    how: String,
    /// Columns whose value the source gives.
    changes: Vec<usize>,
}

type Sides<'r> = Vec<(ValueRef<'r>, ValueRef<'r>)>;

/// Which values change, and why; `None` where the plan does not say.
fn decide(
    work: &Work<'_>,
    reading: &Reading,
    way: &Way<'_>,
    cells: &[Cell],
    sides: &Sides<'_>,
    pair: &mut Pair,
) -> Result<Option<String>, Stop> {
    let id = work.id(reading.source);
    let differs = |at: usize| sides.get(at).is_some_and(|(coming, standing)| !row::same(*coming, *standing));
    let is_null = |at: usize, coming: bool| {
        sides.get(at).is_some_and(|pair| matches!(if coming { pair.0 } else { pair.1 }, ValueRef::Null))
    };
    if let Some(index) = pair.how.strip_prefix("alias ") {
        let alias = index
            .parse()
            .ok()
            .and_then(|index: usize| work.plan.tables.get(way.member.block?).and_then(|block| block.alias.get(index)));
        let Some(alias) = alias else { return Ok(None) };
        let from_here = alias.from.split_once(':').is_some_and(|(source, _)| source == id);
        for (at, cell) in cells.iter().enumerate() {
            let taken = alias.take.iter().any(|name| same(name, &cell.name));
            if cell.incoming && !cell.fixed && taken == from_here && differs(at) {
                pair.changes.push(at);
            }
        }
        return Ok(Some("alias".to_owned()));
    }
    let (holder, holds) = work.holder(way, &pair.new)?;
    let rank = |source: usize| way.group.rank.iter().position(|it| *it == source).unwrap_or(usize::MAX);
    let better = rank(reading.source) < rank(holder);
    let holders = |name: &str| holds.iter().any(|it| same(it, name));
    let wins = match way.group.strategy {
        Strategy::Stop | Strategy::Alias | Strategy::KeepBoth => return Ok(None),
        Strategy::Prefer | Strategy::FillNulls => better,
        Strategy::Newest => {
            let column = way.group.newest.as_deref().unwrap_or_default();
            let at = cells.iter().position(|cell| same(&cell.name, column));
            let Some((coming, standing)) = at.and_then(|at| sides.get(at)) else {
                return Err(Stop::new(
                    format!("`{}` has no column `{column}`", way.member.target),
                    "strategy = \"newest\" needs a column of the result that tells",
                    "mend `newest` of its block",
                ));
            };
            match compare(*coming, *standing) {
                Ordering::Greater => true,
                Ordering::Less => false,
                Ordering::Equal => better,
            }
        }
    };
    let fills = way.group.strategy == Strategy::FillNulls;
    for (at, cell) in cells.iter().enumerate() {
        let change = if wins {
            cell.compared && !(fills && is_null(at, true))
        } else {
            cell.incoming && is_null(at, false) && (fills || !holders(&cell.name))
        };
        if change && !cell.fixed && differs(at) {
            pair.changes.push(at);
        }
    }
    if wins {
        work.db
            .prepare_cached("INSERT INTO temp.holder VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET source = ?3")?
            .execute(params![way.group.target, one_key(way.target, &pair.new), reading.source as i64])?;
    }
    let winner = if wins { id } else { work.id(holder) };
    Ok(Some(match way.group.strategy {
        Strategy::Newest => format!("newest: {winner} has the later row"),
        Strategy::FillNulls => format!("fill-nulls: {winner} comes first"),
        _ => format!("prefer: {winner} comes first"),
    }))
}

/// SQLite's order: NULL, numbers, text, blobs.
fn compare(left: ValueRef<'_>, right: ValueRef<'_>) -> Ordering {
    let class = |value: ValueRef<'_>| match value {
        ValueRef::Null => 0,
        ValueRef::Integer(_) | ValueRef::Real(_) => 1,
        ValueRef::Text(_) => 2,
        ValueRef::Blob(_) => 3,
    };
    match (left, right) {
        (ValueRef::Integer(left), ValueRef::Integer(right)) => left.cmp(&right),
        (ValueRef::Integer(left), ValueRef::Real(right)) => (left as f64).total_cmp(&right),
        (ValueRef::Real(left), ValueRef::Integer(right)) => left.total_cmp(&(right as f64)),
        (ValueRef::Real(left), ValueRef::Real(right)) => left.total_cmp(&right),
        (ValueRef::Text(left), ValueRef::Text(right)) | (ValueRef::Blob(left), ValueRef::Blob(right)) => {
            left.cmp(right)
        }
        _ => class(left).cmp(&class(right)),
    }
}

/// Writes the changes of a pair; `false` where a constraint forbids them.
fn change(
    work: &Work<'_>,
    way: &Way<'_>,
    new: &[String],
    cells: &[Cell],
    sides: &Sides<'_>,
    pair: &Pair,
) -> Result<bool, Stop> {
    let mut set = Vec::new();
    for (place, at) in pair.changes.iter().enumerate() {
        let Some(cell) = cells.get(*at) else { continue };
        set.push(format!("{} = ?{}", quote(&cell.name), place + 1));
    }
    let names: Vec<String> = new.iter().map(|column| quote(column)).collect();
    let places: Vec<String> = (0..new.len()).map(|at| format!("?{}", pair.changes.len() + at + 1)).collect();
    let sql =
        format!("UPDATE main.{} SET {} WHERE {}", quote(&way.target.name), set.join(", "), equal(&names, &places));
    let mut statement = work.db.prepare_cached(&sql)?;
    let mut place = 1;
    for at in &pair.changes {
        let Some((coming, _)) = sides.get(*at) else { continue };
        statement.raw_bind_parameter(place, ToSqlOutput::Borrowed(*coming))?;
        place += 1;
    }
    for value in &pair.new {
        statement.raw_bind_parameter(place, value)?;
        place += 1;
    }
    match statement.raw_execute() {
        Ok(_) => Ok(true),
        Err(error) if error.sqlite_error_code() == Some(rusqlite::ErrorCode::ConstraintViolation) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Rows of earlier sources that a row of the stage held whole, and does no more: they go aside.
fn contributors(work: &Work<'_>, way: &Way<'_>, new: &[Value], changed: &[&str], reason: &str) -> Result<(), Stop> {
    let key = one_key(way.target, new);
    for &at in way.group.members.iter().take_while(|&&at| at != way.at) {
        let Some(member) = work.layout.members.get(at) else { continue };
        let Some(table) = work.sources.get(member.source).and_then(|it| it.catalogue.table(&member.table)) else {
            continue;
        };
        if !member.columns.iter().any(|(result, _)| changed.iter().any(|it| same(it, result))) {
            continue;
        }
        let mut equals: Vec<Vec<Value>> = Vec::new();
        {
            let mut statement = work.db.prepare_cached(
                "SELECT old FROM main.dbguard_key_map WHERE source = ?1 AND table_name = ?2 AND new = ?3 AND how = 'same'",
            )?;
            let mut rows = statement.query(params![work.id(member.source), table.name, key])?;
            while let Some(row) = rows.next()? {
                if let Some(old) = key_parts(table, owned(row.get_ref(0)?)) {
                    equals.push(old);
                }
            }
        }
        for old in equals {
            aside::keep_one(work, member.source, table, &old, Standing::Merged, reason)?;
            aside::map(work, member.source, table, &old, (way.target, new), "merged")?;
        }
        if let Some((old, true)) = work.inserted_as(way, at, new)? {
            aside::keep_one(work, member.source, table, &old, Standing::Merged, reason)?;
            aside::map(work, member.source, table, &old, (way.target, new), "held")?;
        }
    }
    Ok(())
}

impl Work<'_> {
    /// Columns of a table of the target that references of any source point at.
    fn referenced(&self, target: &str) -> Vec<String> {
        let mut columns = Vec::new();
        for (source, refs) in self.refs.iter().enumerate() {
            for reference in refs {
                let Some(parent) = self.layout.member(source, &reference.parent) else { continue };
                if !same(&parent.target, target) {
                    continue;
                }
                for own in &reference.parent_columns {
                    columns.extend(
                        parent.columns.iter().filter(|(_, it)| same(it, own)).map(|(result, _)| result.clone()),
                    );
                }
            }
        }
        columns
    }

    /// The source whose values a row of the stage has, with the columns which that source has.
    fn holder(&self, way: &Way<'_>, new: &[Value]) -> Result<(usize, Vec<String>), Stop> {
        let columns = |source: usize| {
            let of = |at: &usize| self.layout.members.get(*at).filter(|it| it.source == source);
            way.group
                .members
                .iter()
                .find_map(of)
                .map_or_else(Vec::new, |member| member.columns.iter().map(|(result, _)| result.clone()).collect())
        };
        let known: Option<i64> = self
            .db
            .prepare_cached("SELECT source FROM temp.holder WHERE target = ?1 AND key = ?2")?
            .query_row(params![way.group.target, one_key(way.target, new)], |row| row.get(0))
            .optional()?;
        if let Some(source) = known.and_then(|source| usize::try_from(source).ok()) {
            return Ok((source, columns(source)));
        }
        for &at in way.group.members.iter().take_while(|&&at| at != way.at) {
            if self.inserted_as(way, at, new)?.is_some()
                && let Some(member) = self.layout.members.get(at)
            {
                return Ok((member.source, columns(member.source)));
            }
        }
        Ok((usize::MAX, Vec::new()))
    }

    /// The row of a member that the stage has as `new`, and whether it still is as it was inserted.
    fn inserted_as(&self, way: &Way<'_>, at: usize, new: &[Value]) -> Result<Option<(Vec<Value>, bool)>, Stop> {
        let Some(member) = self.layout.members.get(at) else { return Ok(None) };
        let Some(source) = self.sources.get(member.source) else { return Ok(None) };
        let Some(table) = source.catalogue.table(&member.table) else { return Ok(None) };
        let listed: Option<(Value, String)> = self
            .db
            .prepare_cached(
                "SELECT old, how FROM main.dbguard_key_map
                 WHERE source = ?1 AND table_name = ?2 AND new = ?3 AND how IN ('moved', 'held')",
            )?
            .query_row(params![source.id, table.name, one_key(way.target, new)], |row| {
                Ok((owned(row.get_ref(0)?), row.get(1)?))
            })
            .optional()?;
        if let Some((old, how)) = listed {
            return Ok(key_parts(table, old).map(|old| (old, how == "moved")));
        }
        let old = if table.without_rowid && self.base != Some(member.source) {
            self.inserted_keys(way, at, new)?
        } else {
            match new {
                [Value::Integer(new)] if !table.without_rowid => {
                    new.checked_sub(self.moved_by(at)).map(|old| vec![Value::Integer(old)])
                }
                _ => Some(new.to_vec()),
            }
        };
        let Some(old) = old else { return Ok(None) };
        let key = row_key(table).unwrap_or_default();
        let condition: Vec<String> =
            key.iter().enumerate().map(|(at, column)| format!("{} IS ?{}", quote(column), at + 1)).collect();
        let exists: bool = source
            .reader
            .prepare_cached(&format!(
                "SELECT EXISTS (SELECT 1 FROM main.{} WHERE {})",
                quote(&table.name),
                condition.join(" AND ")
            ))?
            .query_row(rusqlite::params_from_iter(&old), |row| row.get(0))?;
        let elsewhere: bool = self
            .db
            .prepare_cached(
                "SELECT EXISTS (SELECT 1 FROM main.dbguard_key_map WHERE source = ?1 AND table_name = ?2 AND old = ?3)",
            )?
            .query_row(params![source.id, table.name, one_key(table, &old)], |row| row.get(0))?;
        Ok((exists && !elsewhere).then_some((old, true)))
    }

    /// How far the keys of a member moved.
    fn moved_by(&self, at: usize) -> i64 {
        self.moved.iter().find(|(member, _)| *member == at).map_or(0, |(_, by)| *by)
    }

    /// The source's key of a row that was inserted into a table without rowid.
    fn inserted_keys(&self, way: &Way<'_>, at: usize, new: &[Value]) -> Result<Option<Vec<Value>>, Stop> {
        let known: bool = self
            .db
            .prepare_cached("SELECT EXISTS (SELECT 1 FROM sqlite_temp_schema WHERE name = ?1)")?
            .query_row([format!("p{at}")], |row| row.get(0))?;
        if !known {
            return Ok(None);
        }
        let count = way.target.primary_key().len();
        let places: Vec<String> = (1..=count).map(|at| format!("?{at}")).collect();
        let old = self.layout.members.get(at).and_then(|it| self.sources.get(it.source)?.catalogue.table(&it.table));
        let parts = old.map_or(0, |table| table.primary_key().len());
        let sql = format!(
            "SELECT {} FROM temp.p{at} WHERE {}",
            numbered("", 'o', parts).join(", "),
            equal(&numbered("", 'n', count), &places)
        );
        let mut statement = self.db.prepare_cached(&sql)?;
        Ok(statement.query_row(rusqlite::params_from_iter(new), |row| values(row, 0, parts)).optional()?)
    }

    /// The stage's key of a row of an earlier source, by the value that an alias names it with.
    pub(super) fn find_earlier(&self, way: &Way<'_>, source: usize, name: &str) -> Result<Option<Vec<Value>>, Stop> {
        let Some(at) = way
            .group
            .members
            .iter()
            .copied()
            .find(|&at| self.layout.members.get(at).is_some_and(|member| member.source == source))
        else {
            return Ok(None);
        };
        let (Some(member), Some(it)) = (self.layout.members.get(at), self.sources.get(source)) else { return Ok(None) };
        let Some(table) = it.catalogue.table(&member.table) else { return Ok(None) };
        let key = row_key(table).unwrap_or_default();
        let named: Vec<String> = super::matching::naming(table, way.group, member)
            .iter()
            .map(|column| format!("CAST(s.{} AS TEXT) = ?1", quote(column)))
            .collect();
        let sql = format!(
            "SELECT {} FROM main.{} AS s WHERE {} LIMIT 1",
            of("s", &key).join(", "),
            quote(&table.name),
            named.join(" OR ")
        );
        let old = it.reader.prepare(&sql)?.query_row([name], |row| values(row, 0, key.len())).optional()?;
        let Some(old) = old else { return Ok(None) };
        let listed: Option<Value> = self
            .db
            .prepare_cached("SELECT new FROM main.dbguard_key_map WHERE source = ?1 AND table_name = ?2 AND old = ?3")?
            .query_row(params![it.id, table.name, one_key(table, &old)], |row| Ok(owned(row.get_ref(0)?)))
            .optional()?;
        if let Some(new) = listed {
            return Ok(key_parts(way.target, new));
        }
        Ok(match old.as_slice() {
            [Value::Integer(old)] if !table.without_rowid => {
                old.checked_add(self.moved_by(at)).map(|new| vec![Value::Integer(new)])
            }
            _ => Some(old),
        })
    }
}

/// The parts of a key that stands as one value.
fn key_parts(table: &Table, key: Value) -> Option<Vec<Value>> {
    match key {
        Value::Blob(bytes) if table.without_rowid => row::read(&bytes),
        Value::Integer(_) => Some(vec![key]),
        _ => None,
    }
}
