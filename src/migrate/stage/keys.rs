//! How far integer keys move, so that no source's keys meet another's: neither those of rows nor those that dangle.
//! Writes nothing.

use std::collections::BTreeMap;

use super::Work;
use super::catalogue::{self, Table, same};
use super::layout::{Group, Member};
use super::reading::{Reading, Shift, number_of};
use super::refs::{is_rowid_name, to_elsewhere};
use crate::db::{quote, uri};
use crate::migrate::Stop;
use crate::migrate::plan::{Rekey, Strategy};

/// The lowest and the highest key.
pub(super) type Hull = (i64, i64);

/// The keys that stand in the stage, or point into it, by table of the target (folded).
#[derive(Debug, Default)]
pub(super) struct Hulls(BTreeMap<String, Hull>);

impl Hulls {
    fn get(&self, target: &str) -> Option<Hull> {
        self.0.get(&target.to_ascii_lowercase()).copied()
    }

    /// The first key above all that stand in a table or point into it; `None` where there is none.
    pub(super) fn above(&self, target: &str) -> Option<i64> {
        self.get(target).map_or(Some(1), |(_, high)| high.max(0).checked_add(1))
    }

    pub(super) fn extend(&mut self, target: &str, hull: Option<Hull>) {
        if let Some(hull) = hull {
            let both = join(self.get(target), Some(hull));
            self.0.insert(target.to_ascii_lowercase(), both.unwrap_or(hull));
        }
    }
}

fn join(left: Option<Hull>, right: Option<Hull>) -> Option<Hull> {
    match (left, right) {
        (Some((low, high)), Some((other_low, other_high))) => Some((low.min(other_low), high.max(other_high))),
        (hull, None) | (None, hull) => hull,
    }
}

/// Keys that sources hold for tables which they do not have themselves: they are meant as they are.
pub(super) fn reserve(work: &mut Work<'_>) -> Result<(), Stop> {
    for source in 0..work.sources.len() {
        let wanted = to_elsewhere(work, source);
        let Some(path) = work.sources.get(source).map(|it| it.path.clone()).filter(|_| !wanted.is_empty()) else {
            continue;
        };
        work.db.execute("ATTACH ? AS src", [uri(&path, "mode=ro")])?;
        for (child, column, parent) in wanted {
            let table = work.sources.get(source).and_then(|it| it.catalogue.table(&child)).cloned();
            let Some(table) = table else { continue };
            let number = number_of(&format!("s.{}", quote(&column)), table.column(&column));
            let hull = extent(work, &number, &child)?;
            let targets: Vec<String> = work
                .layout
                .members
                .iter()
                .filter(|it| !it.skip && (same(&it.table, &parent) || same(&it.target, &parent)))
                .map(|it| it.target.clone())
                .collect();
            for target in targets {
                work.hulls.extend(&target, hull);
            }
        }
        work.db.execute_batch("DETACH src")?;
    }
    Ok(())
}

fn extent(work: &Work<'_>, number: &str, table: &str) -> Result<Option<Hull>, Stop> {
    let sql = format!("SELECT min(k), max(k) FROM (SELECT {number} AS k FROM src.{} AS s)", quote(table));
    let (low, high): (Option<i64>, Option<i64>) = work.db.query_row(&sql, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(low.zip(high))
}

/// The rowids of a table in the source that is attached.
fn ids(work: &Work<'_>, table: &Table) -> Result<Option<Hull>, Stop> {
    let Some(rowid) = table.rowid() else { return Ok(None) };
    // Asked for one by one, SQLite looks at the first row and at the last, and at none between.
    let one = |which: &str| format!("(SELECT {which}({}) FROM src.{})", quote(&rowid), quote(&table.name));
    let sql = format!("SELECT {}, {}", one("min"), one("max"));
    let (low, high): (Option<i64>, Option<i64>) = work.db.query_row(&sql, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(low.zip(high))
}

/// The mark of AUTOINCREMENT: keys up to it were given once.
pub(super) fn mark(work: &Work<'_>, schema: &str, table: &str) -> Result<Option<i64>, Stop> {
    let q = quote(schema);
    let known = format!("SELECT count(*) FROM {q}.sqlite_schema WHERE name = 'sqlite_sequence'");
    if catalogue::number(&work.db, &known)? == 0 {
        return Ok(None);
    }
    let sql = format!("SELECT seq FROM {q}.sqlite_sequence WHERE name = ? COLLATE NOCASE AND typeof(seq) = 'integer'");
    let mut statement = work.db.prepare(&sql)?;
    let mut rows = statement.query([table])?;
    Ok(match rows.next()? {
        Some(row) => Some(row.get(0)?),
        None => None,
    })
}

/// Sets how far each table's keys move, and notes where they will be.
pub(super) fn shifts(
    work: &mut Work<'_>,
    reading: &mut Reading,
    members: &[(usize, Member, Table)],
) -> Result<(), Stop> {
    for (at, member, table) in members {
        if member.skip || table.without_rowid || !reading.owns_its_keys(work, table) {
            continue;
        }
        let own = join(ids(work, table)?, mark(work, "src", &table.name)?.map(|mark| (mark, mark)));
        let mut hull = own;
        for reference in &reading.refs {
            for column in &reference.columns {
                let root = reading.root(work, &reference.child, column);
                if !root.is_some_and(|root| same(&root.name, &table.name)) {
                    continue;
                }
                let child = members.iter().find(|(_, _, it)| same(&it.name, &reference.child)).map(|(_, _, it)| it);
                let Some(child) = child.filter(|child| !is_rowid_name(child, column)) else { continue };
                let number = number_of(&format!("s.{}", quote(column)), child.column(column));
                hull = join(hull, extent(work, &number, &child.name)?);
            }
        }
        let Some((low, high)) = hull else { continue };
        let shift = match work.layout.group(&member.target) {
            Some(group) if work.base != Some(reading.source) => shift(work, group, member, table, own, (low, high))?,
            _ => Shift { by: 0, low, high },
        };
        work.hulls.extend(&member.target, Some((shift.low + shift.by, shift.high + shift.by)));
        if shift.by == 0 {
            work.hulls.extend(&member.target, hull);
        }
        reading.shifts.push((*at, shift));
    }
    Ok(())
}

fn shift(
    work: &Work<'_>,
    group: &Group,
    member: &Member,
    table: &Table,
    own: Option<Hull>,
    hull: Hull,
) -> Result<Shift, Stop> {
    let stay = Shift { by: 0, low: hull.0, high: hull.1 };
    let Some(standing) = work.hulls.get(&member.target) else { return Ok(stay) };
    let alone = group.members.len() == 1;
    let id = table.id.as_ref();
    let matched_by_id = id.is_some_and(|id| {
        let name = member.columns.iter().find(|(_, own)| same(own, id)).map_or(id, |(result, _)| result);
        group.match_on.as_ref().is_some_and(|on| on.iter().any(|column| same(column, name)))
    });
    let moves = match group.rekey {
        // Nothing speaks of the rowid of a table without INTEGER PRIMARY KEY, so it may always move.
        _ if id.is_none() => true,
        Some(Rekey::Keep | Rekey::Map) => false,
        Some(Rekey::Offset) => true,
        None => !matched_by_id && (group.match_on.is_some() || group.strategy == Strategy::KeepBoth),
    };
    let meets = |hull: Hull| hull.0 <= standing.1 && standing.0 <= hull.1;
    if !moves || !meets(hull) || (alone && own.is_none_or(|own| !meets(own)) && id.is_none()) {
        return Ok(stay);
    }
    for hull in [Some(hull), own].into_iter().flatten() {
        let by = i128::from(standing.1) - i128::from(hull.0) + 1;
        if let Ok(by) = i64::try_from(by)
            && hull.1.checked_add(by).is_some_and(|high| high < i64::MAX)
        {
            return Ok(Shift { by, low: hull.0, high: hull.1 });
        }
    }
    Err(Stop::new(
        format!("the keys of `{}` cannot move", member.table),
        "the keys in use reach so far that the moved ones would pass the largest integer, 9223372036854775807",
        "match the rows with `match-on`, or give the row with the largest key a smaller one first",
    ))
}
