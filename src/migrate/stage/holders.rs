//! Whose values a row of the stage holds, and which rows of earlier sources it was. Rows that it held whole, and does no more,
//! go aside. Decides nothing.

use rusqlite::types::Value;
use rusqlite::{OptionalExtension, params};

use super::Work;
use super::aside::{self, Standing, one_key, owned, values};
use super::catalogue::{Table, same};
use super::matching::{Way, equal, naming, numbered, of, row_key};
use crate::db::quote;
use crate::migrate::{Stop, row};

/// Rows of earlier sources that a row of the stage held whole, and does no more: they go aside.
pub(super) fn contributors(
    work: &Work<'_>,
    way: &Way<'_>,
    new: &[Value],
    changed: &[&str],
    reason: &str,
) -> Result<(), Stop> {
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
    /// The source whose values a row of the stage has, with the columns which that source has.
    pub(super) fn holder(&self, way: &Way<'_>, new: &[Value]) -> Result<(usize, Vec<String>), Stop> {
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
        let named: Vec<String> = naming(table, way.group, member)
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
