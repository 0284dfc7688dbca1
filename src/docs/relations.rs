//! Which table refers to which: foreign keys that the schema declares, and those that a plan declares. Reads no row.

use crate::db::{Schema, Table};
use crate::migrate::Plan;

/// A reference from one table of a schema to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relation {
    pub child: String,
    pub columns: Vec<String>,
    pub parent: String,
    /// As the schema spells them; empty when the parent's primary key is meant.
    pub parent_columns: Vec<String>,
    /// The plan says so, no schema does.
    pub planned: bool,
    /// A child may refer to nothing.
    pub optional: bool,
    /// A parent has one child at most.
    pub single: bool,
}

/// All references whose parent is there, in the order of tables and of their declaration.
#[must_use]
pub fn relations(schema: &Schema, plan: Option<&Plan>) -> Vec<Relation> {
    let mut found: Vec<Relation> = Vec::new();
    for child in schema.own_tables() {
        for key in &child.foreign_keys {
            let Some(parent) = schema.table(&key.parent) else { continue };
            found.push(relation(child, key.columns.clone(), parent, key.parent_columns.clone(), false));
        }
        for (column, parent, parent_column) in planned(schema, plan, child) {
            let known = |it: &Relation| {
                it.child == child.name
                    && it.parent == parent.name
                    && same_names(&it.columns, std::slice::from_ref(&column))
            };
            let is_itself = parent.name == child.name && column.eq_ignore_ascii_case(&parent_column);
            if !is_itself && !found.iter().any(known) {
                found.push(relation(child, vec![column], parent, vec![parent_column], true));
            }
        }
    }
    found
}

fn relation(
    child: &Table,
    columns: Vec<String>,
    parent: &Table,
    parent_columns: Vec<String>,
    planned: bool,
) -> Relation {
    let column = |name: &String| child.columns.iter().find(|column| column.name.eq_ignore_ascii_case(name));
    let optional = columns.iter().any(|name| column(name).is_none_or(|it| !it.not_null && it.primary_key == 0));
    let key: Vec<String> = child.columns.iter().filter(|it| it.primary_key > 0).map(|it| it.name.clone()).collect();
    let unique = child.indexes.iter().filter(|index| index.unique && !index.partial).any(|index| {
        let names: Option<Vec<String>> = index.columns.iter().cloned().collect();
        names.is_some_and(|names| same_names(&names, &columns))
    });
    let single = unique || !key.is_empty() && same_names(&key, &columns);
    Relation {
        child: child.name.clone(),
        columns,
        parent: parent.name.clone(),
        parent_columns,
        planned,
        optional,
        single,
    }
}

/// Columns of a table that the plan calls keys: column, parent, the parent's column. The plan names tables as the sources have
/// them, so both those names and the new ones count.
fn planned<'s>(schema: &'s Schema, plan: Option<&Plan>, child: &Table) -> Vec<(String, &'s Table, String)> {
    let Some(plan) = plan else { return Vec::new() };
    let mut found = Vec::new();
    for it in &plan.refs {
        // `source/table.column`: in the target the rows of all sources stand together.
        let column = it.column.split_once('/').map_or(it.column.as_str(), |(_, rest)| rest);
        let (Some((name, column)), Some((parent, parent_column))) = (column.rsplit_once('.'), it.to.rsplit_once('.'))
        else {
            continue;
        };
        let Some(parent) = schema.table(plan.renamed(parent)).or_else(|| schema.table(parent)) else { continue };
        let meant = [name, plan.renamed(name)].iter().any(|name| name.eq_ignore_ascii_case(&child.name));
        if name != "*" && !meant {
            continue;
        }
        if let Some(column) = child.columns.iter().find(|it| it.name.eq_ignore_ascii_case(column)) {
            found.push((column.name.clone(), parent, parent_column.to_owned()));
        }
    }
    found
}

fn same_names(left: &[String], right: &[String]) -> bool {
    left.len() == right.len() && left.iter().all(|name| right.iter().any(|other| other.eq_ignore_ascii_case(name)))
}
