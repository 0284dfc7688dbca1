//! Foreign keys that no schema declares: columns called like another table whose values are keys there. The rows decide.

use std::collections::BTreeMap;

use rusqlite::Connection;

use super::{Open, Proposal};
use crate::db::{Schema, Table, TableKind, quote};
use crate::migrate::Stop;
use crate::migrate::plan::{RefPlan, Remark};

/// How many different values are looked up.
const MOST_VALUES: u64 = 10_000;

/// What a column that is called like a reference was found to hold.
struct Found {
    source: String,
    table: String,
    column: String,
    /// `table.column` of the parent.
    to: String,
    /// Different values, and how many of them the parent has.
    values: u64,
    known: u64,
}

pub(super) fn declare(merged: &[Open<'_>], out: &mut Proposal) -> Result<(), Stop> {
    let mut found = Vec::new();
    for open in merged {
        for table in open.schema.own_tables().filter(|table| table.kind == TableKind::Ordinary) {
            for column in table.columns.iter().filter(|column| !column.hidden) {
                let declared = table.foreign_keys.iter().any(|key| {
                    key.columns.len() == 1 && key.columns.iter().any(|it| it.eq_ignore_ascii_case(&column.name))
                });
                let Some(stem) = stem(&column.name).filter(|_| !declared) else { continue };
                let Some((parent, elsewhere)) = parent(merged, open, table, &stem) else { continue };
                let Some(key) = single_key(parent)
                    .filter(|key| !(key.eq_ignore_ascii_case(&column.name) && std::ptr::eq(parent, table)))
                else {
                    continue;
                };
                let home = if elsewhere.id == open.id { open } else { elsewhere };
                let (values, known) =
                    looked_up(&open.reading.connection, table, &column.name, &home.reading.connection, parent, &key)?;
                found.push(Found {
                    source: open.id.clone(),
                    table: table.name.clone(),
                    column: column.name.clone(),
                    to: format!("{}.{key}", parent.name),
                    values,
                    known,
                });
            }
        }
    }
    let mut by_column: BTreeMap<String, Vec<Found>> = BTreeMap::new();
    for it in found {
        by_column.entry(it.column.to_ascii_lowercase()).or_default().push(it);
    }
    for (column, found) in by_column {
        // Without one value that fits, the name alone would decide.
        let holds = |it: &&Found| it.values > 0 && it.known * 2 >= it.values;
        let refuted = found.iter().any(|it| it.values > 0 && it.known * 2 < it.values);
        let Some(shown) = found.iter().find(holds) else { continue };
        let one_parent = found.iter().all(|it| it.to == shown.to);
        let everywhere = merged.iter().flat_map(|open| open.schema.own_tables()).all(|table| {
            let has = table.columns.iter().any(|it| it.name.eq_ignore_ascii_case(&column));
            let declared =
                table.foreign_keys.iter().any(|key| key.columns.iter().any(|it| it.eq_ignore_ascii_case(&column)));
            !has || declared || found.iter().any(|it| it.table == table.name)
        });
        if one_parent && !refuted && everywhere && found.len() > 1 {
            let (values, known) = found.iter().fold((0, 0), |sum, it| (sum.0 + it.values, sum.1 + it.known));
            add(out, format!("*.{}", shown.column), shown.to.clone(), values, known);
            continue;
        }
        for it in found.iter().filter(holds) {
            let alone = found.iter().filter(|other| other.table == it.table).count() == 1;
            let path = if alone {
                format!("{}.{}", it.table, it.column)
            } else {
                format!("{}/{}.{}", it.source, it.table, it.column)
            };
            add(out, path, it.to.clone(), it.values, it.known);
        }
    }
    Ok(())
}

fn add(out: &mut Proposal, column: String, to: String, values: u64, known: u64) {
    let lines = vec![format!("no schema declares it; {known} of {values} values are keys of {to}")];
    out.remarks.push(Remark { block: format!("ref {column}"), lines });
    out.plan.refs.push(RefPlan { column, to });
}

/// `user` of `user_id`; `None` for what is not called like a reference.
fn stem(column: &str) -> Option<String> {
    let lower = column.to_ascii_lowercase();
    let stem = ["_id", "_uid", "_uuid", "_fk"].iter().find_map(|ending| lower.strip_suffix(ending));
    let stem = stem
        .map(str::to_owned)
        .or_else(|| column.strip_suffix("Id").filter(|stem| !stem.is_empty()).map(str::to_ascii_lowercase));
    stem.filter(|stem| stem.len() > 1)
}

/// The table that a stem names: of the same source if it has one, else of another.
fn parent<'a>(
    merged: &'a [Open<'a>],
    open: &'a Open<'a>,
    child: &Table,
    stem: &str,
) -> Option<(&'a Table, &'a Open<'a>)> {
    let last = stem.rsplit('_').next().unwrap_or(stem);
    let mut names = Vec::new();
    for word in [stem, last] {
        names.extend([word.to_owned(), format!("{word}s"), format!("{word}es")]);
        if let Some(root) = word.strip_suffix('y') {
            names.push(format!("{root}ies"));
        }
        if word == "person" || word == "parent" {
            names.push(if word == "person" { "people".to_owned() } else { child.name.to_ascii_lowercase() });
        }
    }
    let within = |schema: &'a Schema| {
        names.iter().find_map(|name| schema.table(name)).filter(|it| it.kind == TableKind::Ordinary)
    };
    within(open.schema).map(|table| (table, open)).or_else(|| {
        merged
            .iter()
            .filter(|other| other.id != open.id)
            .find_map(|other| within(other.schema).map(|table| (table, other)))
    })
}

fn single_key(table: &Table) -> Option<String> {
    let mut key = table.columns.iter().filter(|column| column.primary_key > 0);
    match (key.next(), key.next()) {
        (Some(only), None) => Some(only.name.clone()),
        _ => None,
    }
}

/// Different values of a column, and how many of them are keys of the parent.
fn looked_up(
    connection: &Connection,
    table: &Table,
    column: &str,
    home: &Connection,
    parent: &Table,
    key: &str,
) -> rusqlite::Result<(u64, u64)> {
    let sql = format!(
        "SELECT DISTINCT {0} FROM main.{1} WHERE {0} IS NOT NULL LIMIT {MOST_VALUES}",
        quote(column),
        quote(&table.name)
    );
    let mut values = connection.prepare(&sql)?;
    let mut known =
        home.prepare(&format!("SELECT 1 FROM main.{} WHERE {} = ? LIMIT 1", quote(&parent.name), quote(key)))?;
    let (mut all, mut hits) = (0, 0);
    let mut rows = values.query([])?;
    while let Some(row) = rows.next()? {
        all += 1;
        let value: rusqlite::types::Value = match row.get(0) {
            Ok(value) => value,
            // Text that is not UTF-8 is nobody's key.
            Err(_) => continue,
        };
        hits += u64::from(known.exists([value])?);
    }
    Ok((all, hits))
}
