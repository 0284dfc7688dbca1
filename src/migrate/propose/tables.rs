//! One name in several sources: one table, or two meanings? By columns, keys and rows, never by the name alone.

use std::collections::BTreeMap;

use super::overlap::{self, MOST_ROWS, Overlap, Side};
use super::{Conflict, Open, Proposal};
use crate::db::{self, Column, Table, TableKind};
use crate::migrate::Stop;
use crate::migrate::examine::counted;
use crate::migrate::plan::{Choice, Rekey, Remark, TablePlan};

/// Columns that say nothing of what a table is about.
const COMMON: [&str; 9] =
    ["id", "created_at", "updated_at", "created", "updated", "timestamp", "name", "status", "metadata"];

/// A block for each table that stands in several sources, or that the policy renames.
pub(super) fn decide(merged: &[Open<'_>], out: &mut Proposal) -> Result<(), Stop> {
    let mut names: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (index, open) in merged.iter().enumerate() {
        for table in open.schema.own_tables() {
            let target = renamed(open, &table.name).unwrap_or(&table.name);
            names.entry(target.to_ascii_lowercase()).or_default().push(index);
        }
    }
    for (target, members) in &names {
        let members: Vec<Member<'_>> = members.iter().filter_map(|&index| Member::of(merged, index, target)).collect();
        if let Some(own) = db::bookkeeping(target).filter(|_| members.len() > 1) {
            histories(own, &members, out);
            continue;
        }
        let (first, rest) = match members.split_first() {
            Some((first, rest)) => (first, rest),
            None => continue,
        };
        let (same, other): (Vec<&Member<'_>>, Vec<&Member<'_>>) =
            rest.iter().partition(|member| first.is_like(member.table) && first.is_keyed_like(member.table));
        for member in other {
            let id = &member.open.id;
            let name = format!("{target}_{id}");
            let other = &first.open.id;
            let words = if first.is_keyed_like(member.table) {
                format!(
                    "{target} of {id} has other columns than {target} of {other}: another table under the same name"
                )
            } else {
                format!(
                    "{target} of {id} and {target} of {other} are keyed differently, one WITHOUT ROWID: they stay two"
                )
            };
            let lines = vec![words];
            note(out, &member.table.name, std::slice::from_ref(id), lines);
            out.plan.tables.push(TablePlan {
                name: member.table.name.clone(),
                from: vec![id.clone()],
                rename_to: Some(name),
                ..TablePlan::default()
            });
        }
        let mut group = vec![first];
        group.extend(same);
        if group.len() > 1 {
            one_table(target, &group, out)?;
        } else if first.table.name.to_ascii_lowercase() != *target {
            out.plan.tables.push(first.block(vec![first.open.id.clone()]));
        }
    }
    Ok(())
}

/// What a migration tool notes of one database is no part of another's history: the target keeps its own, each other one stands
/// beside it under a name.
fn histories(own: &db::Bookkeeping, members: &[Member<'_>], out: &mut Proposal) {
    let base = out.plan.target.base.clone();
    for member in members.iter().filter(|member| Some(&member.open.id) != base.as_ref()) {
        let id = &member.open.id;
        let table = &member.table.name;
        let name = format!("{table}_{id}");
        let line = format!(
            "{} notes in {table} which steps of {id} it took: they go on as {name}, and it must be told ({})",
            own.tool, own.told
        );
        note(out, table, std::slice::from_ref(id), vec![line]);
        out.plan.tables.push(TablePlan {
            name: table.clone(),
            from: vec![id.clone()],
            rename_to: Some(name),
            ..TablePlan::default()
        });
    }
}

fn renamed<'a>(open: &'a Open<'_>, table: &str) -> Option<&'a str> {
    open.candidate.tables.iter().find(|(from, _)| from.eq_ignore_ascii_case(table)).map(|(_, to)| to.as_str())
}

fn note(out: &mut Proposal, name: &str, from: &[String], lines: Vec<String>) {
    out.remarks.push(Remark { block: format!("table {name} {}", from.join(",")), lines });
}

/// A table of a source that arrives under the name in question.
struct Member<'a> {
    open: &'a Open<'a>,
    table: &'a Table,
    rename_to: Option<&'a str>,
}

impl<'a> Member<'a> {
    fn of(merged: &'a [Open<'a>], index: usize, target: &str) -> Option<Self> {
        let open = merged.get(index)?;
        let table = open
            .schema
            .own_tables()
            .find(|table| renamed(open, &table.name).unwrap_or(&table.name).eq_ignore_ascii_case(target))?;
        Some(Self { open, table, rename_to: renamed(open, &table.name) })
    }

    fn block(&self, from: Vec<String>) -> TablePlan {
        TablePlan {
            name: self.table.name.clone(),
            from,
            rename_to: self.rename_to.map(str::to_owned),
            ..TablePlan::default()
        }
    }

    fn key(&self) -> Option<&'a Column> {
        let mut key = self.table.columns.iter().filter(|column| column.primary_key > 0);
        match (key.next(), key.next()) {
            (Some(only), None) => Some(only),
            _ => None,
        }
    }

    fn has(&self, column: &str) -> bool {
        self.table.columns.iter().any(|own| own.name.eq_ignore_ascii_case(column))
    }

    fn is_keyed_like(&self, other: &Table) -> bool {
        self.table.without_rowid == other.without_rowid
    }

    /// At least half of the columns that say something are shared by both.
    fn is_like(&self, other: &Table) -> bool {
        if self.table.kind != other.kind {
            return false;
        }
        let telling = |table: &Table| -> Vec<String> {
            let names = table.columns.iter().filter(|column| !column.hidden).map(|it| it.name.to_ascii_lowercase());
            names.filter(|name| !COMMON.contains(&name.as_str())).collect()
        };
        let (own, theirs) = (telling(self.table), telling(other));
        let shared = own.iter().filter(|name| theirs.contains(name)).count();
        let least = own.len().min(theirs.len());
        least == 0 || shared * 2 >= least
    }
}

/// Proposes how the rows of one table in several sources come together.
fn one_table(target: &str, group: &[&Member<'_>], out: &mut Proposal) -> Result<(), Stop> {
    let Some(first) = group.first() else { return Ok(()) };
    let ids: Vec<String> = group.iter().map(|member| member.open.id.clone()).collect();
    let mut block = first.block(ids.clone());
    let mut lines = vec![
        group
            .iter()
            .map(|member| format!("{} in {}", counted(member.table.rows.unwrap_or(0), "row"), member.open.id))
            .collect::<Vec<_>>()
            .join(", "),
    ];
    if first.table.kind == TableKind::Virtual {
        lines.push("a virtual table: it is made anew and filled again".to_owned());
        finish(out, group, block, lines);
        return Ok(());
    }
    map_keys(group, &mut block, &mut lines);
    let conflict = missing_values(target, group, &mut block, &mut lines);
    out.conflicts.extend(conflict);
    let sides: Vec<Side<'_>> = group
        .iter()
        .map(|member| Side { id: &member.open.id, connection: &member.open.reading.connection, table: member.table })
        .collect();
    let rows: u64 = group.iter().filter_map(|member| member.table.rows).sum();
    let filled = group.iter().filter(|member| member.table.rows.unwrap_or(0) > 0).count();
    if rows > MOST_ROWS {
        lines.push(format!("too long to be compared row by row ({rows} rows)"));
    }
    let own_number = first.key().filter(|column| db::is_own_number(column)).map(|column| column.name.clone());
    let clash = match &own_number {
        Some(name) if filled > 1 && rows <= MOST_ROWS && block.columns.is_empty() => {
            overlap::clashes(&sides, std::slice::from_ref(name))?
        }
        _ => 0,
    };
    if rows <= MOST_ROWS {
        let tables: Vec<&Table> = group.iter().map(|member| member.table).collect();
        let besides: Vec<String> = own_number.iter().cloned().collect();
        for on in db::natural_keys(&tables) {
            let is_number = own_number.as_ref().is_some_and(|name| on.len() == 1 && on.contains(name));
            let Some(found) = overlap::overlap(&sides, &on, &besides)? else { continue };
            if is_number && found.differing > 0 {
                break;
            }
            matched(target, group, &on, found, &mut block, &mut lines, out);
            break;
        }
    }
    if clash > 0
        && block
            .match_on
            .as_ref()
            .and_then(Choice::made)
            .is_none_or(|on| !own_number.as_ref().is_some_and(|name| on.contains(name)))
    {
        let name = own_number.unwrap_or_default();
        lines
            .push(format!("{} of {name} used for different rows: later ones get new numbers", counted(clash, "value")));
        block.rekey = Some(Choice::Made(Rekey::Offset));
    }
    finish(out, group, block, lines);
    Ok(())
}

/// One block, or one for each name that the sources have for it.
fn finish(out: &mut Proposal, group: &[&Member<'_>], block: TablePlan, lines: Vec<String>) {
    let mut names: Vec<&str> = Vec::new();
    for member in group {
        if !names.contains(&member.table.name.as_str()) {
            names.push(&member.table.name);
        }
    }
    if let [_] = names.as_slice()
        && group.iter().all(|member| member.rename_to == group.first().and_then(|first| first.rename_to))
    {
        note(out, &block.name, &block.from, lines);
        out.plan.tables.push(block);
        return;
    }
    for (at, member) in group.iter().enumerate() {
        let id = member.open.id.clone();
        let of_member = TablePlan {
            name: member.table.name.clone(),
            from: vec![id.clone()],
            rename_to: member.rename_to.map(str::to_owned),
            columns: block
                .columns
                .iter()
                .filter(|(source, _)| **source == id)
                .map(|(k, v)| (k.clone(), v.clone()))
                .collect(),
            ..block.clone()
        };
        note(out, &of_member.name, &of_member.from, if at == 0 { lines.clone() } else { Vec::new() });
        out.plan.tables.push(of_member);
    }
}

/// The key of a source under the name that the first source gives it.
fn map_keys(group: &[&Member<'_>], block: &mut TablePlan, lines: &mut Vec<String>) {
    let Some((first, rest)) = group.split_first() else { return };
    let Some(key) = first.key() else { return };
    for member in rest {
        let Some(own) = member.key() else { continue };
        let kin = db::is_own_number(key) == db::is_own_number(own)
            || key.declared_type.eq_ignore_ascii_case(&own.declared_type);
        if !own.name.eq_ignore_ascii_case(&key.name) && !member.has(&key.name) && !first.has(&own.name) && kin {
            let id = member.open.id.clone();
            lines.push(format!("the key of {id} is called {}", own.name));
            block.columns.entry(id).or_default().insert(key.name.clone(), own.name.clone());
        }
    }
}

/// Columns that may not be NULL, have no default, and are missing where there are rows.
fn missing_values(
    target: &str,
    group: &[&Member<'_>],
    block: &mut TablePlan,
    lines: &mut Vec<String>,
) -> Option<Conflict> {
    let mut options = Vec::new();
    let mut missing = Vec::new();
    for member in group {
        for column in
            member.table.columns.iter().filter(|column| {
                column.not_null && column.default.is_none() && column.primary_key == 0 && !column.hidden
            })
        {
            let mapped = |other: &Member<'_>| {
                block
                    .columns
                    .get(&other.open.id)
                    .is_some_and(|map| map.keys().any(|it| it.eq_ignore_ascii_case(&column.name)))
            };
            let lacking: Vec<&&Member<'_>> = group
                .iter()
                .filter(|other| other.table.rows.unwrap_or(0) > 0 && !other.has(&column.name) && !mapped(other))
                .collect();
            if lacking.is_empty() || block.fill.contains_key(&column.name) {
                continue;
            }
            block.fill.insert(column.name.clone(), "?".to_owned());
            for other in lacking {
                let rows = counted(other.table.rows.unwrap_or(0), "row");
                missing.push(format!("{rows} of {} have no {}", other.open.id, column.name));
                let alike = other.table.columns.iter().find(|it| {
                    let (one, two) = (it.name.to_ascii_lowercase(), column.name.to_ascii_lowercase());
                    !member.has(&it.name) && (one.contains(&two) || two.contains(&one))
                });
                if let Some(alike) = alike {
                    options.push((
                        format!("columns = {{ {} = {{ {} = \"{}\" }} }}", other.open.id, column.name, alike.name),
                        format!("take {} of {}", alike.name, other.open.id),
                    ));
                }
            }
            options.push((
                format!("fill = {{ {} = \"…\" }}", column.name),
                "a text for each of these rows; {column} stands for the row's own value".to_owned(),
            ));
        }
    }
    if missing.is_empty() {
        return None;
    }
    lines.push(format!("{}, and the column may not be NULL", missing.join("; ")));
    Some(Conflict {
        subject: target.to_owned(),
        key: "fill".to_owned(),
        words: missing.join("; "),
        options,
        examples: Vec::new(),
    })
}

/// A natural key was found: rows of one key are one row. Where they differ, a person decides which stays.
fn matched(
    target: &str,
    group: &[&Member<'_>],
    on: &[String],
    found: Overlap,
    block: &mut TablePlan,
    lines: &mut Vec<String>,
    out: &mut Proposal,
) {
    let by = on.join(", ");
    let same = found.shared - found.differing;
    lines.push(format!(
        "{by} tells which row is which: {} in several sources, {same} of them equal, {} differ",
        counted(found.shared, "row"),
        found.differing
    ));
    block.match_on = Some(Choice::Made(on.to_vec()));
    if found.differing == 0 {
        return;
    }
    block.strategy = Some(Choice::Open);
    let first = group.first().map_or("", |member| member.open.id.as_str());
    let rows = counted(found.differing, "row");
    let losers: Vec<String> = group
        .iter()
        .zip(&found.differing_of)
        .filter(|(_, count)| **count > 0)
        .map(|(member, count)| format!("{count} of {}", member.open.id))
        .collect();
    let mut options = vec![
        ("prefer".to_owned(), format!("the row of {first} stays; kept aside: {}", losers.join(", "))),
        ("fill-nulls".to_owned(), format!("the row of {first} stays and takes what it lacks from {rows}")),
    ];
    let times = ["updated_at", "modified_at", "updated", "last_modified", "accessed_at", "last_used", "created_at"];
    if let Some(time) = times.iter().find(|time| group.iter().all(|member| member.has(time))) {
        options.push((
            "newest".to_owned(),
            format!("newest = \"{time}\": the latest of each stays, the others are kept aside"),
        ));
    }
    options.push(("keep-both".to_owned(), format!("{rows} more, under new keys")));
    out.conflicts.push(Conflict {
        subject: target.to_owned(),
        key: "strategy".to_owned(),
        words: format!("{rows} with the {by} of another, and other values"),
        options,
        examples: found.examples,
    });
}
