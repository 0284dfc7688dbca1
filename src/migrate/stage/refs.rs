//! Which columns of a source hold keys of which tables: declared foreign keys, and those that the plan declares.
//! Reads no row.

use super::Work;
use super::catalogue::{Catalogue, Table, same};
use crate::migrate::plan::Plan;

/// A foreign key of a source, in the source's own names; the parent is a table of the same source whose rows move.
#[derive(Debug, Clone)]
pub(super) struct Reference {
    pub(super) child: String,
    pub(super) columns: Vec<String>,
    pub(super) parent: String,
    pub(super) parent_columns: Vec<String>,
}

/// A name that stands for the rowid of a table without INTEGER PRIMARY KEY.
pub(super) fn is_rowid_name(table: &Table, column: &str) -> bool {
    table.column(column).is_none() && ["rowid", "_rowid_", "oid"].iter().any(|name| same(name, column))
}

/// All references of a source. A parent that is in no table of the source, or is left out of the plan, is a row of the target
/// as it stands there: its keys do not change.
pub(super) fn references(work: &Work<'_>, source: usize) -> Vec<Reference> {
    let Some(it) = work.sources.get(source) else { return Vec::new() };
    let mut found = all(work.plan, &it.id, &it.catalogue);
    found.retain(|reference| {
        let moves = |table: &str| work.layout.member(source, table).is_some_and(|member| !member.skip);
        moves(&reference.child) && moves(&reference.parent)
    });
    found
}

/// References whose parent the source itself does not have: child, column, parent.
pub(super) fn to_elsewhere(work: &Work<'_>, source: usize) -> Vec<(String, String, String)> {
    let Some(it) = work.sources.get(source) else { return Vec::new() };
    let mut found = Vec::new();
    for planned in &work.plan.refs {
        let Some((parent, _)) = planned.to.rsplit_once('.') else { continue };
        if it.catalogue.table(parent).is_some() {
            continue;
        }
        for table in &it.catalogue.tables {
            for column in matching(&planned.column, &it.id, table) {
                found.push((table.name.clone(), column, parent.to_owned()));
            }
        }
    }
    found
}

fn all(plan: &Plan, id: &str, catalogue: &Catalogue) -> Vec<Reference> {
    let mut found: Vec<Reference> = Vec::new();
    let mut add = |reference: Reference| {
        let known = |other: &Reference| {
            same(&other.child, &reference.child)
                && same(&other.parent, &reference.parent)
                && alike(&other.columns, &reference.columns)
                && alike(&other.parent_columns, &reference.parent_columns)
        };
        let to_itself =
            same(&reference.child, &reference.parent) && alike(&reference.columns, &reference.parent_columns);
        if !to_itself && !found.iter().any(known) {
            found.push(reference);
        }
    };
    for table in &catalogue.tables {
        for key in &table.keys {
            let Some(parent) = catalogue.table(&key.parent) else { continue };
            let parent_columns =
                if key.parent_columns.is_empty() { parent.primary_key() } else { key.parent_columns.clone() };
            // A key that fits no parent is none: SQLite calls it a mismatch.
            if parent_columns.len() == key.columns.len()
                && parent_columns.iter().all(|name| parent.column(name).is_some())
            {
                add(Reference {
                    child: table.name.clone(),
                    columns: key.columns.clone(),
                    parent: parent.name.clone(),
                    parent_columns,
                });
            }
        }
    }
    for planned in &plan.refs {
        let Some((parent, column)) = planned.to.rsplit_once('.') else { continue };
        let Some(parent) = catalogue.table(parent) else { continue };
        let mapped = plan
            .table(id, &parent.name)
            .and_then(|block| block.columns.get(id)?.iter().find(|(result, _)| same(result, column)))
            .map_or(column, |(_, own)| own.as_str());
        // Another source may have the column; here nothing can refer to it.
        let Some(column) =
            [column, mapped].into_iter().find(|name| parent.column(name).is_some() || is_rowid_name(parent, name))
        else {
            continue;
        };
        for table in &catalogue.tables {
            for own in matching(&planned.column, id, table) {
                add(Reference {
                    child: table.name.clone(),
                    columns: vec![own],
                    parent: parent.name.clone(),
                    parent_columns: vec![column.to_owned()],
                });
            }
        }
    }
    found
}

/// The columns of a table that `table.column`, `*.column` or `source/table.column` means.
fn matching(pattern: &str, id: &str, table: &Table) -> Vec<String> {
    let pattern = match pattern.split_once('/') {
        Some((source, rest)) if source == id => rest,
        Some((_, _)) => return Vec::new(),
        None => pattern,
    };
    let Some((name, column)) = pattern.rsplit_once('.') else { return Vec::new() };
    if name != "*" && !same(name, &table.name) {
        return Vec::new();
    }
    match table.column(column) {
        Some(column) => vec![column.name.clone()],
        None if name != "*" && is_rowid_name(table, column) => vec!["rowid".to_owned()],
        None => Vec::new(),
    }
}

fn alike(left: &[String], right: &[String]) -> bool {
    left.len() == right.len() && left.iter().zip(right).all(|(left, right)| same(left, right))
}
