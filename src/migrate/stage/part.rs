//! Rows that share a key with a row of the stage and are kept beside it: they part again, and where their key is taken they get
//! a new one. Writes only to `temp`.

use rusqlite::types::Value;
use rusqlite::{OptionalExtension, params};

use super::Work;
use super::aside::{owned, values};
use super::matching::{Way, equal, numbered, of};
use super::reading::{Reading, affinity};
use super::resolve::{conflict, pairs};
use crate::db::quote;
use crate::migrate::plan::{Rekey, Strategy};
use crate::migrate::{Stop, row};

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
