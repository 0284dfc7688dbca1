//! The tables of the result, empty but for what the base brought: the owner's definition, and the columns that only others have.
//! Moves no row.

use super::Work;
use super::catalogue::{self, Column, Hidden, Table, same};
use super::layout::Group;
use super::start::about;
use crate::db::quote;
use crate::migrate::Stop;

pub(super) fn create(work: &mut Work<'_>) -> Result<(), Stop> {
    let groups = work.layout.groups.clone();
    for group in &groups {
        let Some(owner) = work.layout.members.get(group.owner).cloned() else { continue };
        let Some(source) = work.sources.get(owner.source) else { continue };
        if let Some(shaped) = &source.shaped {
            let id = source.id.clone();
            let Some(table) = shaped.catalogue.table(&group.target) else { continue };
            let here = catalogue::read(&work.db, "main")?;
            let taken = here.table(&group.target).is_some()
                || here.views.iter().any(|view| same(&view.name, &group.target))
                || here.indexes.iter().any(|index| same(&index.name, &group.target));
            if taken {
                return Err(Stop::new(
                    format!("the name `{}` is taken in the target", group.target),
                    format!("a table of `{id}` would get the name of another object"),
                    "give it another name with `rename-to`",
                ));
            }
            work.db.execute_batch(&table.sql).map_err(|error| about(&id, error.into()))?;
        }
        widen(work, group)?;
    }
    Ok(())
}

/// Adds the columns that the owner lacks.
fn widen(work: &mut Work<'_>, group: &Group) -> Result<(), Stop> {
    for &at in &group.members {
        let Some(member) = work.layout.members.get(at).cloned() else { continue };
        if at == group.owner {
            continue;
        }
        let Some(source) = work.sources.get(member.source) else { continue };
        let id = source.id.clone();
        let theirs = match &source.shaped {
            Some(shaped) => shaped.catalogue.table(&group.target).cloned(),
            None => None,
        };
        let Some(theirs) = theirs else { continue };
        let ours = catalogue::read(&work.db, "main")?;
        let Some(ours) = ours.table(&group.target) else { continue };
        let dropped = |column: &Column| member.dropped.iter().any(|name| same(name, &column.name));
        let missing: Vec<Column> = theirs
            .columns
            .iter()
            .filter(|column| ours.column(&column.name).is_none() && !dropped(column))
            .cloned()
            .collect();
        let left = left_behind(ours, &theirs);
        if !left.is_empty() {
            let owner = work.layout.members.get(group.owner).map_or_else(String::new, |owner| work.id(owner.source));
            let (name, left) = (&group.target, left.join(", "));
            work.warn(format!("{name}: it is defined as in {owner}; {id} alone declares {left}"));
        }
        for column in missing {
            add(work, group, &id, &theirs, &column)?;
        }
    }
    Ok(())
}

/// What a source declares of columns that the result has too, and the result does not.
fn left_behind(ours: &Table, theirs: &Table) -> Vec<String> {
    let mut left = Vec::new();
    let alike = |one: &[String], other: &[String]| {
        one.len() == other.len() && one.iter().all(|name| other.iter().any(|it| same(it, name)))
    };
    let key = theirs.primary_key();
    if !key.is_empty() && !alike(&key, &ours.primary_key()) {
        left.push(format!("PRIMARY KEY ({})", key.join(", ")));
    }
    for columns in theirs.uniques.iter().filter(|it| it.declared).filter_map(|it| it.columns.as_ref()) {
        let known = ours.uniques.iter().filter_map(|it| it.columns.as_ref()).any(|it| alike(it, columns));
        if !known && !alike(columns, &ours.primary_key()) {
            left.push(format!("UNIQUE ({})", columns.join(", ")));
        }
    }
    for column in theirs.stored() {
        let Some(own) = ours.column(&column.name) else { continue };
        if column.not_null && !own.not_null && own.key == 0 {
            left.push(format!("NOT NULL of {}", column.name));
        }
        if column.default.is_some() && column.default != own.default {
            left.push(format!("DEFAULT {} of {}", column.default.as_deref().unwrap_or_default(), column.name));
        }
    }
    for foreign in &theirs.keys {
        let known =
            ours.keys.iter().any(|it| same(&it.parent, &foreign.parent) && alike(&it.columns, &foreign.columns));
        let added = foreign.columns.len() == 1 && foreign.columns.iter().all(|name| ours.column(name).is_none());
        if !known && !added {
            left.push(format!("FOREIGN KEY ({}) to {}", foreign.columns.join(", "), foreign.parent));
        }
    }
    let checks = |table: &Table| {
        let words = table.sql.split(|letter: char| !(letter.is_alphanumeric() || letter == '_'));
        words.filter(|word| same(word, "CHECK")).count()
    };
    if checks(theirs) > checks(ours) {
        left.push("a CHECK".to_owned());
    }
    left
}

fn add(work: &mut Work<'_>, group: &Group, id: &str, theirs: &Table, column: &Column) -> Result<(), Stop> {
    let name = &group.target;
    if column.hidden != Hidden::No {
        work.warn(format!(
            "{name}: the generated column {} of {id} is not carried over: the result has none",
            column.name
        ));
        return Ok(());
    }
    let mut definition = format!("{} {}", quote(&column.name), column.declared);
    if !same(&column.collation, "BINARY") {
        definition.push_str(&format!(" COLLATE {}", quote(&column.collation)));
    }
    for key in
        theirs.keys.iter().filter(|key| key.columns.len() == 1 && key.columns.iter().all(|it| same(it, &column.name)))
    {
        let columns: Vec<String> = key.parent_columns.iter().map(|it| quote(it)).collect();
        let columns = if columns.is_empty() { String::new() } else { format!("({})", columns.join(", ")) };
        definition.push_str(&format!(" REFERENCES {}{columns} {}", quote(&key.parent), key.actions));
    }
    let bare = definition.clone();
    if let Some(default) = &column.default {
        definition.push_str(&format!(" DEFAULT ({default})"));
    }
    if column.not_null {
        definition.push_str(" NOT NULL");
    }
    let add =
        |definition: &str| work.db.execute_batch(&format!("ALTER TABLE main.{} ADD COLUMN {definition}", quote(name)));
    if add(&definition).is_ok() {
        return Ok(());
    }
    // Rows are there already: what they get in this column is for the plan to say.
    add(&bare)?;
    let filled = group.members.iter().any(|&at| {
        work.layout
            .members
            .get(at)
            .and_then(|member| work.plan.tables.get(member.block?))
            .is_some_and(|block| block.fill.keys().any(|key| same(key, &column.name)))
    });
    if column.not_null && !filled {
        return Err(Stop::new(
            format!("`{name}`: nothing to put into `{}`", column.name),
            format!("`{id}` declares it NOT NULL without a default, and rows of other sources have no such column"),
            format!("say what they get: fill = {{ {} = \"…\" }}, or map or drop the column", column.name),
        ));
    }
    if column.not_null || column.default.is_some() {
        work.warn(format!("{name}: {} is added without the default or NOT NULL that {id} declares", column.name));
    }
    Ok(())
}
