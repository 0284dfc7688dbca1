//! Rows of a source that are rows of the stage already: identical, merged as the plan's strategy says, or a conflict that stops
//! the run. A row that is not wholly in the target afterwards stands whole among those kept aside. Inserts no row.

use std::cmp::Ordering;

use rusqlite::params;
use rusqlite::types::{ToSqlOutput, Value, ValueRef};

use super::aside::{self, Standing, one_key, values};
use super::catalogue::same;
use super::matching::{Way, equal, numbered, of};
use super::reading::Reading;
use super::{Work, holders};
use crate::db::quote;
use crate::migrate::plan::Strategy;
use crate::migrate::{Stop, row};

/// A column of the target, as one pair of rows is compared by it.
pub(super) struct Cell {
    name: String,
    /// The source has it, or the plan fills it in.
    incoming: bool,
    /// The source has it, and its value tells whether the rows are identical.
    pub(super) compared: bool,
    /// Its value in the target is what other rows refer to.
    fixed: bool,
}

/// `SELECT` of each pair: the source's key, the stage's key, how they met, the values of the source as the target would have
/// them, the values that stand there.
pub(super) fn pairs(work: &Work<'_>, reading: &Reading, way: &Way<'_>) -> Result<(String, Vec<Cell>), Stop> {
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

pub(super) fn conflict(way: &Way<'_>, rows: u64, why: &str) -> Stop {
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
            holders::contributors(work, way, &pair.new, &changed, &reason)?;
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
}
