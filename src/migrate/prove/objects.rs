//! Everything of a schema that is no row: definitions, indexes, triggers, views, marks of AUTOINCREMENT, foreign keys.

use std::collections::BTreeMap;

use super::expect::Expected;
use super::side::{Side, Table, eq};
use crate::db::quote;
use crate::migrate::plan::{Compat, Plan};
use crate::migrate::{Proof, Stop};

fn proof(name: &str, subject: String, expected: String, found: String) -> Proof {
    let holds = expected == found;
    Proof { name: name.to_owned(), subject, expected, found, holds }
}

/// Tables of the stage that no source and no plan asked for, and tables that are missing.
pub(super) fn tables(stage: &Side, sources: &[Expected<'_>]) -> Vec<Proof> {
    let mut wanted: Vec<String> = sources
        .iter()
        .flat_map(|source| &source.journeys)
        .filter_map(|journey| journey.target.as_ref().map(|target| target.to_ascii_lowercase()))
        .collect();
    wanted.sort();
    wanted.dedup();
    let mut found: Vec<String> = stage.tables.iter().map(|table| table.name.to_ascii_lowercase()).collect();
    found.retain(|name| !name.starts_with("dbguard_") || wanted.contains(name));
    found.sort();
    vec![proof("tables", "target".to_owned(), wanted.join(", "), found.join(", "))]
}

/// The columns of each table as its sources declare them.
pub(super) fn definitions(
    stage: &Side,
    side: &Side,
    expected: &Expected<'_>,
    alone: &dyn Fn(&str) -> bool,
) -> Vec<Proof> {
    let mut proofs = Vec::new();
    for journey in &expected.journeys {
        let (Some(table), Some(name)) = (side.table(&journey.table), journey.target.as_deref()) else { continue };
        let Some(target) = stage.table(name) else { continue };
        let words = |table: &Table, names: Vec<(String, String)>| -> String {
            let mut lines = Vec::new();
            for (own, shown) in names {
                let Some(column) = table.column(&own) else { continue };
                lines.push(format!(
                    "{} {} {} {:?} {} {}",
                    shown.to_ascii_lowercase(),
                    column.declared,
                    column.not_null,
                    column.default,
                    column.key,
                    column.hidden
                ));
            }
            lines.push(format!("rowid {} strict {}", !table.without_rowid, table.strict));
            lines.join("; ")
        };
        if alone(name) {
            let dropped = |name: &str| {
                journey
                    .block
                    .and_then(|it| it.drop_columns.get(&side.id))
                    .is_some_and(|it| it.iter().any(|it| eq(it, name)))
            };
            let result = |own: &str| {
                journey
                    .columns
                    .iter()
                    .find(|(it, _)| eq(it, own))
                    .map_or_else(|| own.to_owned(), |(_, result)| result.clone())
            };
            let own: Vec<(String, String)> = table
                .columns
                .iter()
                .filter(|column| !dropped(&column.name))
                .map(|column| (column.name.clone(), result(&column.name)))
                .collect();
            let theirs = target.columns.iter().map(|column| (column.name.clone(), column.name.clone())).collect();
            proofs.push(proof(
                "definition",
                format!("{}.{}", side.id, table.name),
                words(table, own),
                words(target, theirs),
            ));
            if *table.sql != *target.sql && counted(&table.sql) != counted(&target.sql) {
                proofs.push(proof(
                    "definition",
                    format!("{}.{}: constraints", side.id, table.name),
                    counted(&table.sql),
                    counted(&target.sql),
                ));
            }
        } else {
            let missing: Vec<String> = journey
                .columns
                .iter()
                .filter(|(_, result)| target.column(result).is_none())
                .map(|(_, result)| result.clone())
                .collect();
            proofs.push(proof(
                "definition",
                format!("{}.{}: columns", side.id, table.name),
                String::new(),
                missing.join(", "),
            ));
        }
    }
    proofs
}

/// How often each word that makes a constraint stands in a definition.
fn counted(sql: &str) -> String {
    let words = ["CHECK", "UNIQUE", "REFERENCES", "COLLATE", "AUTOINCREMENT", "GENERATED", "DEFERRABLE"];
    let upper = sql.to_ascii_uppercase();
    let count = |word: &str| {
        upper
            .match_indices(word)
            .filter(|(at, _)| {
                let edge =
                    |letter: Option<char>| !letter.is_some_and(|letter| letter.is_alphanumeric() || letter == '_');
                edge(upper.get(..*at).and_then(|it| it.chars().next_back()))
                    && edge(upper.get(at + word.len()..).and_then(|it| it.chars().next()))
            })
            .count()
    };
    words.map(|word| format!("{word} {}", count(word))).join(", ")
}

/// What an index is, whatever its name: table, unique, partial, its columns with order and collation, and its text from `(` on.
fn index(side: &Side, name: &str, table: &str, sql: &str, result: &dyn Fn(&str) -> String) -> Result<String, Stop> {
    let parts = side.list(&format!("PRAGMA index_xinfo({})", quote(name)), |row| {
        Ok((
            row.get::<_, Option<String>>(2)?,
            row.get::<_, bool>(3)?,
            row.get::<_, Option<String>>(4)?,
            row.get::<_, bool>(5)?,
        ))
    })?;
    let columns: Vec<String> = parts
        .into_iter()
        .filter(|(_, _, _, key)| *key)
        .map(|(column, descending, collation, _)| {
            let column =
                column.map_or_else(|| "(expression)".to_owned(), |column| result(&column).to_ascii_lowercase());
            format!("{column} {} {}", if descending { "desc" } else { "asc" }, collation.unwrap_or_default())
        })
        .collect();
    let upper = sql.to_ascii_uppercase();
    let unique = upper.starts_with("CREATE UNIQUE");
    let partial = upper.rfind(" WHERE ").is_some();
    Ok(format!("{}({}) unique {unique} partial {partial}", table.to_ascii_lowercase(), columns.join(", ")))
}

/// Every index of the sources stands in the stage, on the same columns, as often as it must.
pub(super) fn indexes(stage: &Side, sides: &[Side], sources: &[Expected<'_>]) -> Result<Vec<Proof>, Stop> {
    let mut found: BTreeMap<String, usize> = BTreeMap::new();
    for (_, name, table, sql) in stage.objects.iter().filter(|(kind, ..)| kind == "index") {
        *found.entry(index(stage, name, table, sql, &str::to_owned)?).or_default() += 1;
    }
    let mut proofs = Vec::new();
    for (side, expected) in sides.iter().zip(sources) {
        let mut wanted: BTreeMap<String, usize> = BTreeMap::new();
        for (_, name, table, sql) in side.objects.iter().filter(|(kind, ..)| kind == "index") {
            let Some(journey) = expected.of(table) else { continue };
            let Some(target) = &journey.target else { continue };
            let result = |own: &str| {
                journey
                    .columns
                    .iter()
                    .find(|(it, _)| eq(it, own))
                    .map_or_else(|| own.to_owned(), |(_, result)| result.clone())
            };
            *wanted.entry(index(side, name, target, sql, &result)?).or_default() += 1;
        }
        let missing: Vec<String> = wanted
            .iter()
            .filter(|(index, count)| found.get(*index).copied().unwrap_or(0) < **count)
            .map(|(index, _)| index.clone())
            .collect();
        let count = wanted.values().sum::<usize>();
        proofs.push(proof(
            "indexes",
            side.id.clone(),
            format!("{count} indexes"),
            if missing.is_empty() { format!("{count} indexes") } else { format!("missing: {}", missing.join("; ")) },
        ));
    }
    Ok(proofs)
}

/// A text without spaces, quotes and case.
fn plain(sql: &str) -> String {
    sql.chars()
        .filter(|letter| !letter.is_whitespace() && !"\"'`[]".contains(*letter))
        .collect::<String>()
        .to_ascii_lowercase()
}

/// Views and triggers of every source stand in the stage under their name, or one made of it and the source's.
pub(super) fn programs(stage: &Side, sides: &[Side], sources: &[Expected<'_>]) -> Vec<Proof> {
    let mut proofs = Vec::new();
    for (side, expected) in sides.iter().zip(sources) {
        for (kind, name, table, sql) in side.objects.iter().filter(|(kind, ..)| kind != "index") {
            let on = if kind == "view" {
                None
            } else {
                match expected.of(table) {
                    Some(journey) => match &journey.target {
                        Some(target) => Some(target.clone()),
                        None => continue,
                    },
                    None => Some(table.clone()),
                }
            };
            let marked = format!("{name}_{}", side.id);
            let stands = stage.objects.iter().rfind(|(it, other, at, _)| {
                let named = eq(other, name) || other.starts_with(&marked);
                it == kind && named && on.as_ref().is_none_or(|on| eq(on, at) || other.starts_with(&marked))
            });
            let renamed = expected.names.iter().any(|(old, new)| old != new)
                || expected.journeys.iter().any(|it| it.columns.iter().any(|(own, result)| own != result));
            let body = |sql: &str| {
                plain(sql).split_once(if kind == "view" { "as" } else { "begin" }).map(|(_, it)| it.to_owned())
            };
            let changed =
                stands.is_some_and(|(_, other, _, text)| !renamed && eq(other, name) && body(text) != body(sql));
            let found = match stands {
                None => "missing",
                Some(_) if changed => "another",
                Some(_) => "stands",
            };
            proofs.push(proof(
                &format!("{kind}s"),
                format!("{}.{name}", side.id),
                "stands".to_owned(),
                found.to_owned(),
            ));
        }
    }
    proofs
}

/// The statements that make SQLite compile a view, or the triggers of a table.
fn compiles(side: &Side, kind: &str, name: &str) -> bool {
    let name = quote(name);
    match kind {
        "view" => side.db.prepare(&format!("SELECT * FROM {name} LIMIT 0")).is_ok(),
        _ => {
            let column = side.list(&format!("PRAGMA table_xinfo({name})"), |row| {
                Ok((row.get::<_, String>(1)?, row.get::<_, i64>(6)?))
            });
            let column = column.ok().and_then(|it| it.into_iter().find(|(_, hidden)| *hidden == 0));
            let Some((column, _)) = column else { return false };
            let column = quote(&column);
            [
                format!("INSERT INTO {name}({column}) VALUES (NULL)"),
                format!("UPDATE {name} SET {column} = NULL"),
                format!("DELETE FROM {name}"),
            ]
            .iter()
            .all(|sql| side.db.prepare(sql).is_ok())
        }
    }
}

/// Views and triggers that worked in a source work in the stage.
pub(super) fn work(stage: &Side, sides: &[Side], sources: &[Expected<'_>]) -> Vec<Proof> {
    let mut broken = Vec::new();
    let mut count = 0_usize;
    for (kind, name, table, _) in stage.objects.iter().filter(|(kind, ..)| kind != "index") {
        count += 1;
        let subject = if kind == "view" { name } else { table };
        if compiles(stage, kind, subject) {
            continue;
        }
        let was_broken = sides.iter().zip(sources).any(|(side, expected)| {
            side.objects.iter().any(|(other, own, at, _)| {
                let same = eq(own, name) || *name == format!("{own}_{}", side.id);
                let skipped = expected.journeys.iter().any(|it| it.target.is_none());
                other == kind && same && (skipped || !compiles(side, kind, if kind == "view" { own } else { at }))
            })
        });
        if !was_broken {
            broken.push(format!("{kind} {name}"));
        }
    }
    let all = format!("{count} compile");
    let found = if broken.is_empty() { all.clone() } else { format!("broken: {}", broken.join(", ")) };
    vec![proof("views and triggers", "target".to_owned(), all, found)]
}

/// Marks of AUTOINCREMENT are as high as any key that a source ever gave.
pub(super) fn sequences(stage: &Side, sides: &[Side], sources: &[Expected<'_>]) -> Result<Vec<Proof>, Stop> {
    let marks = |side: &Side| -> Result<Vec<(String, i64)>, Stop> {
        if side.count("SELECT count(*) FROM sqlite_schema WHERE name = 'sqlite_sequence'")? == 0 {
            return Ok(Vec::new());
        }
        side.list("SELECT name, seq FROM sqlite_sequence WHERE typeof(seq) = 'integer'", |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
    };
    let found = marks(stage)?;
    let mut proofs = Vec::new();
    for (side, expected) in sides.iter().zip(sources) {
        for (name, mark) in marks(side)? {
            let Some(journey) = expected.of(&name) else { continue };
            let Some(table) = journey.target.as_deref().and_then(|target| stage.table(target)) else { continue };
            if !table.sql.to_ascii_uppercase().contains("AUTOINCREMENT") {
                continue;
            }
            let wanted = journey.moved(mark).unwrap_or(mark);
            let there = found.iter().find(|(it, _)| eq(it, &table.name)).map_or(0, |(_, mark)| *mark);
            proofs.push(Proof {
                name: "sequence".to_owned(),
                subject: format!("{}.{name}", side.id),
                expected: format!("at least {wanted}"),
                found: there.to_string(),
                holds: there >= wanted,
            });
        }
    }
    Ok(proofs)
}

/// A row without its parent: table, rowid, table of the parent.
pub(super) type Orphan = (String, Option<i64>, String);

/// A key that fits no parent makes the PRAGMA fail for its table alone, so that each is asked by itself.
pub(super) fn orphans(side: &Side, table: &Table) -> Vec<Orphan> {
    let listed = side.list(&format!("PRAGMA foreign_key_check({})", quote(&table.name)), |row| {
        Ok((row.get::<_, String>(0)?.to_ascii_lowercase(), row.get(1)?, row.get::<_, String>(2)?.to_ascii_lowercase()))
    });
    listed.unwrap_or_default()
}

/// Every row without a parent in the stage was one in its source.
pub(super) fn foreign_keys(
    stage: &Side,
    after: &[Orphan],
    sides: &[Side],
    sources: &[Expected<'_>],
) -> Result<Vec<Proof>, Stop> {
    let mut before: Vec<Orphan> = Vec::new();
    // Where none is without a parent now, it is nothing how many were before.
    for (side, expected) in sides.iter().zip(sources).filter(|_| !after.is_empty()) {
        let ordinary = side.tables.iter().filter(|table| !table.is_virtual);
        for (table, rowid, parent) in ordinary.flat_map(|table| orphans(side, table)) {
            let Some(journey) = expected.of(&table) else { continue };
            let Some(target) = &journey.target else { continue };
            let parent = expected.of(&parent).and_then(|it| it.target.clone()).unwrap_or(parent);
            let moved = match rowid {
                Some(rowid) => {
                    Some(landed(stage, &side.id, &journey.table, rowid)?.or(journey.moved(rowid)).unwrap_or(rowid))
                }
                None => None,
            };
            before.push((target.to_ascii_lowercase(), moved, parent.to_ascii_lowercase()));
        }
    }
    before.sort();
    let new = after.iter().filter(|orphan| before.binary_search(orphan).is_err()).count();
    Ok(vec![Proof {
        name: "foreign keys".to_owned(),
        subject: "target".to_owned(),
        expected: if after.is_empty() {
            "no row without a parent but those that had none before".to_owned()
        } else {
            format!("at most the {} rows that had no parent before", before.len())
        },
        found: if new == 0 { format!("{} of them", after.len()) } else { format!("{new} others") },
        holds: new == 0 && after.len() <= before.len(),
    }])
}

fn landed(stage: &Side, source: &str, table: &str, rowid: i64) -> Result<Option<i64>, Stop> {
    use rusqlite::OptionalExtension;
    if stage.table("dbguard_key_map").is_none() {
        return Ok(None);
    }
    Ok(stage
        .db
        .prepare_cached(
            "SELECT new FROM dbguard_key_map WHERE source = ?1 AND table_name = ?2 AND old = ?3 AND typeof(new) = 'integer'",
        )?
        .query_row(rusqlite::params![source, table, rowid], |row| row.get(0))
        .optional()?)
}

/// SQLite's own check of the file.
pub(super) fn checked(side: &Side) -> Result<Vec<String>, Stop> {
    side.list("PRAGMA quick_check", |row| row.get::<_, String>(0))
}

/// Holds where SQLite finds nothing but rows that broke a CHECK before.
pub(super) fn integrity(mut found: Vec<String>, sides: &[Side]) -> Result<Vec<Proof>, Stop> {
    if found != ["ok"] {
        let mut before = 0;
        for side in sides {
            before += checked(side)?
                .iter()
                .filter(|line| line.starts_with("CHECK constraint failed") || line.starts_with("NULL value in"))
                .count();
        }
        let known = found
            .iter()
            .filter(|line| line.starts_with("CHECK constraint failed") || line.starts_with("NULL value in"))
            .count();
        if known <= before {
            found.retain(|line| !line.starts_with("CHECK constraint failed") && !line.starts_with("NULL value in"));
        }
        if found.is_empty() {
            found.push("ok".to_owned());
        }
    }
    Ok(vec![proof("integrity", "target".to_owned(), "ok".to_owned(), found.join("; "))])
}

/// Views under old names that the plan asks for.
pub(super) fn stand_ins(stage: &Side, plan: &Plan) -> Vec<Proof> {
    let mut proofs = Vec::new();
    for rename in plan.renames.iter().filter(|it| it.compat == Compat::View) {
        let view = stage.objects.iter().any(|(kind, name, ..)| kind == "view" && eq(name, &rename.from));
        let triggers =
            stage.objects.iter().filter(|(kind, _, table, _)| kind == "trigger" && eq(table, &rename.from)).count();
        proofs.push(proof(
            "views",
            rename.from.clone(),
            "a view with 3 triggers".to_owned(),
            if view { format!("a view with {triggers} triggers") } else { "missing".to_owned() },
        ));
    }
    proofs
}
