//! Rows whose parent does not exist in their own source, and what the plan does with them: stop, keep, null, aside. Rows that
//! depend on one that is set aside go with it.

use super::Work;
use super::aside::{self, Standing};
use super::catalogue::{number, same};
use super::load::{Travelling, policy};
use super::matching::{Way, equal, numbered, of, row_key};
use super::reading::Reading;
use super::refs::Reference;
use crate::db::quote;
use crate::migrate::Stop;
use crate::migrate::plan::Dangling;

/// The condition that row `s` has no parent.
fn missing(reference: &Reference) -> String {
    let present: Vec<String> =
        of("s", &reference.columns).iter().map(|column| format!("{column} IS NOT NULL")).collect();
    format!(
        "({} AND NOT EXISTS (SELECT 1 FROM src.{} AS p WHERE {}))",
        present.join(" AND "),
        quote(&reference.parent),
        equal(&of("p", &reference.parent_columns), &of("s", &reference.columns))
    )
}

pub(super) fn has_list(work: &Work<'_>, at: usize) -> Result<bool, Stop> {
    Ok(number(&work.db, &format!("SELECT count(*) FROM temp.sqlite_schema WHERE name = 'a{at}'"))? != 0)
}

fn list(work: &Work<'_>, way: &Way<'_>) -> Result<Option<Vec<String>>, Stop> {
    let Some(key) = row_key(way.table) else { return Ok(None) };
    let columns = numbered("", 'o', key.len()).join(", ");
    work.db.execute_batch(&format!(
        "CREATE TEMP TABLE IF NOT EXISTS a{}({columns}, reason TEXT, PRIMARY KEY({columns})) WITHOUT ROWID",
        way.at
    ))?;
    Ok(Some(key))
}

fn add(work: &Work<'_>, way: &Way<'_>, key: &[String], condition: &str, reason: &str) -> Result<usize, Stop> {
    let sql = format!(
        "INSERT INTO temp.a{at} SELECT {keys}, ?1 FROM src.{table} AS s WHERE {condition}
         AND NOT EXISTS (SELECT 1 FROM temp.a{at} AS k WHERE {known})",
        at = way.at,
        keys = of("s", key).join(", "),
        table = quote(&way.table.name),
        known = equal(&numbered("k.", 'o', key.len()), &of("s", key)),
    );
    Ok(work.db.execute(&sql, [reason])?)
}

fn parts(reference: &Reference) -> String {
    format!("dangling: {}.{} has no row in {}", reference.child, reference.columns.join(", "), reference.parent)
}

/// Refuses to leave out a table that rows of another refer to by a declared key: they would be left without a parent.
pub(super) fn orphaned(work: &Work<'_>, travelling: &[Travelling]) -> Result<(), Stop> {
    let is_left_out = |name: &str| travelling.iter().any(|(_, member, it)| member.skip && same(&it.name, name));
    for (_, member, table) in travelling.iter().filter(|(_, member, _)| !member.skip) {
        for key in table.keys.iter().filter(|key| is_left_out(&key.parent)) {
            let present: Vec<String> =
                of("s", &key.columns).iter().map(|column| format!("{column} IS NOT NULL")).collect();
            let sql = format!("SELECT count(*) FROM src.{} AS s WHERE {}", quote(&table.name), present.join(" AND "));
            let rows = number(&work.db, &sql)?;
            if rows > 0 {
                return Err(Stop::new(
                    format!("`{}`: {rows} rows would lose their parents", member.target),
                    format!("they refer to `{}`, which the plan leaves out", key.parent),
                    format!("leave `{}` out too, or take `{}` along", member.table, key.parent),
                ));
            }
        }
    }
    Ok(())
}

/// Lists the rows that go aside in `temp.a…`, puts them there, and notes which values become NULL.
pub(super) fn set_aside(work: &Work<'_>, reading: &mut Reading, ways: &[Way<'_>]) -> Result<(), Stop> {
    for way in ways {
        let policy = policy(work, way.member);
        if policy == Dangling::Keep {
            continue;
        }
        for reference in reading.refs.clone().iter().filter(|it| same(&it.child, &way.table.name)) {
            if reference.columns.iter().any(|column| way.table.column(column).is_none()) {
                continue;
            }
            let condition = missing(reference);
            let count = number(
                &work.db,
                &format!("SELECT count(*) FROM src.{} AS s WHERE {condition}", quote(&way.table.name)),
            )?;
            if count == 0 {
                continue;
            }
            match policy {
                Dangling::Keep => {}
                Dangling::Stop => {
                    return Err(Stop::new(
                        format!("`{}`: {count} rows have no parent", way.table.name),
                        parts(reference),
                        "set dangling = \"keep\", \"null\" or \"aside\" in its block or under [defaults]",
                    ));
                }
                Dangling::Aside => {
                    if let Some(key) = list(work, way)? {
                        add(work, way, &key, &condition, &parts(reference))?;
                    }
                }
                Dangling::Null => {
                    if let Some(held) = reference
                        .columns
                        .iter()
                        .filter_map(|column| way.table.column(column))
                        .find(|column| column.not_null || column.key > 0)
                    {
                        return Err(Stop::new(
                            format!("`{}`.`{}` may not be NULL", way.table.name, held.name),
                            parts(reference),
                            "set dangling = \"keep\" or \"aside\" in its block",
                        ));
                    }
                    aside::keep(
                        work,
                        reading.source,
                        way.table,
                        &condition.replace(" FROM src.", " FROM main."),
                        &[],
                        Standing::Copied,
                        &parts(reference),
                    )?;
                    reading.nulled.push((reference.clone(), condition));
                }
            }
        }
    }
    follow(work, reading, ways)?;
    for way in ways {
        if has_list(work, way.at)? {
            let key = row_key(way.table).unwrap_or_default();
            // A row that goes aside is merged with none.
            let met =
                number(&work.db, &format!("SELECT count(*) FROM temp.sqlite_schema WHERE name = 'm{}'", way.at))? != 0;
            if met {
                work.db.execute_batch(&format!(
                    "DELETE FROM temp.m{at} AS m WHERE EXISTS (SELECT 1 FROM temp.a{at} AS k WHERE {})",
                    equal(&numbered("k.", 'o', key.len()), &numbered("m.", 'o', key.len())),
                    at = way.at,
                ))?;
            }
            let columns = numbered("", 'o', key.len()).join(", ");
            let mut statement = work.db.prepare(&format!("SELECT {columns}, reason FROM temp.a{}", way.at))?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                let reason: String = row.get(key.len())?;
                let values = aside::values(row, 0, key.len())?;
                aside::keep_one(work, reading.source, way.table, &values, Standing::Aside, &reason)?;
            }
        }
    }
    Ok(())
}

/// Rows whose parent goes aside go with it, and their children with them.
fn follow(work: &Work<'_>, reading: &Reading, ways: &[Way<'_>]) -> Result<(), Stop> {
    loop {
        let mut more = 0;
        for reference in &reading.refs {
            let find = |name: &str| ways.iter().find(|way| same(&way.table.name, name));
            let (Some(child), Some(parent)) = (find(&reference.child), find(&reference.parent)) else { continue };
            if !has_list(work, parent.at)? || reference.columns.iter().any(|it| child.table.column(it).is_none()) {
                continue;
            }
            let Some(key) = list(work, child)? else { continue };
            let parent_key = row_key(parent.table).unwrap_or_default();
            let condition = format!(
                "EXISTS (SELECT 1 FROM src.{} AS p JOIN temp.a{} AS k ON {} WHERE {})",
                quote(&parent.table.name),
                parent.at,
                equal(&numbered("k.", 'o', parent_key.len()), &of("p", &parent_key)),
                equal(&of("p", &reference.parent_columns), &of("s", &reference.columns)),
            );
            let reason = format!("its row in {} is set aside", reference.parent);
            more += add(work, child, &key, &condition, &reason)?;
        }
        if more == 0 {
            return Ok(());
        }
    }
}

/// The base's rows stand in the stage already: those set aside are taken out, those without a parent lose the reference.
pub(super) fn mend_base(work: &Work<'_>, reading: &Reading, way: &Way<'_>) -> Result<(), Stop> {
    let (Some(old), Some(new)) = (row_key(way.table), row_key(way.target)) else { return Ok(()) };
    let target = quote(&way.target.name);
    for (reference, condition) in reading.nulled.iter().filter(|(it, _)| same(&it.child, &way.table.name)) {
        let set: Vec<String> = reference
            .columns
            .iter()
            .filter_map(|own| way.member.columns.iter().find(|(_, it)| same(it, own)))
            .map(|(result, _)| format!("{} = NULL", quote(result)))
            .collect();
        work.db.execute_batch(&format!(
            "UPDATE main.{target} AS t SET {} WHERE EXISTS (SELECT 1 FROM src.{} AS s WHERE {} AND {condition})",
            set.join(", "),
            quote(&way.table.name),
            equal(&of("s", &old), &of("t", &new)),
        ))?;
    }
    if has_list(work, way.at)? {
        work.db.execute_batch(&format!(
            "DELETE FROM main.{target} AS t WHERE EXISTS (SELECT 1 FROM temp.a{} AS k WHERE {})",
            way.at,
            equal(&numbered("k.", 'o', old.len()), &of("t", &new)),
        ))?;
    }
    Ok(())
}
