//! Renames inside the target by SQLite's own ALTER, when everything stands, and views under the old names that can be written
//! through.

use super::Work;
use super::catalogue::{self, Table, same};
use super::shape::{self, Renames};
use super::virtuals;
use crate::db::quote;
use crate::migrate::Stop;
use crate::migrate::plan::Compat;

pub(super) fn rename(work: &mut Work<'_>) -> Result<(), Stop> {
    let here = catalogue::read(&work.db, "main")?;
    let mut renames = Renames::default();
    for it in &work.plan.renames {
        if here.table(&it.from).is_none() {
            return Err(Stop::new(
                format!("the target has no table `{}`", it.from),
                "a [[rename]] of the plan speaks of it",
                "mend `from`: the name that the table has in the target before it is renamed",
            ));
        }
        let leaves = work.plan.renames.iter().any(|other| same(&other.from, &it.to));
        if (here.table(&it.to).is_some() && !leaves) || here.views.iter().any(|view| same(&view.name, &it.to)) {
            return Err(Stop::new(
                format!("`{}` cannot become `{}`", it.from, it.to),
                "the target has another object of that name",
                "mend `to` of the [[rename]]",
            ));
        }
        renames.tables.push((it.from.clone(), it.to.clone()));
    }
    let broken = shape::rename(&work.db, &renames)?;
    for table in here.tables.iter().filter(|table| table.is_virtual) {
        let virtuals::Content::Elsewhere(content) = virtuals::content(table) else { continue };
        let Some((_, to)) = renames.tables.iter().find(|(from, _)| same(from, &content)) else { continue };
        let name = renames.tables.iter().find(|(from, _)| same(from, &table.name)).map_or(&table.name, |(_, to)| to);
        recreate(work, table, name, to)?;
    }
    for (kind, object) in broken {
        work.db.execute_batch(&object.sql).map_err(Stop::from).map_err(|stop| Stop {
            title: format!("the {} `{}` cannot be made again", kind.to_ascii_lowercase(), object.name),
            ..stop
        })?;
    }
    let here = catalogue::read(&work.db, "main")?;
    for it in work.plan.renames.iter().filter(|it| it.compat == Compat::View) {
        if let Some(table) = here.table(&it.to) {
            stand_in(work, table, &it.from)?;
        }
    }
    Ok(())
}

/// ALTER does not follow into the arguments of a virtual table.
fn recreate(work: &Work<'_>, table: &Table, name: &str, content: &str) -> Result<(), Stop> {
    let triggers = catalogue::read(&work.db, "main")?;
    let Some(sql) = virtuals::with_content(&table.sql, content) else { return Ok(()) };
    let object = catalogue::Object { name: table.name.clone(), table: table.name.clone(), sql };
    let tail = shape::named(&object, name).ok_or_else(|| {
        Stop::new(
            format!("`{}` cannot be made again under another name", table.name),
            "its definition is not as SQLite writes it",
            "leave its content table out of [[rename]]",
        )
    })?;
    work.db.execute_batch(&format!("DROP TABLE main.{}; {tail};", quote(name)))?;
    work.db.execute_batch(&format!("INSERT INTO main.{name}({name}) VALUES ('rebuild')", name = quote(name)))?;
    // Triggers hang on ordinary tables, so that dropping the index takes none with it.
    let after = catalogue::read(&work.db, "main")?;
    debug_assert_eq!(triggers.triggers.len(), after.triggers.len());
    Ok(())
}

/// A view under the old name of a table, with triggers that write through. A column that a writer leaves out gets its default,
/// as a view cannot tell left out from NULL.
fn stand_in(work: &Work<'_>, table: &Table, old: &str) -> Result<(), Stop> {
    let (view, target) = (quote(old), quote(&table.name));
    let columns: Vec<&catalogue::Column> =
        table.columns.iter().filter(|it| it.hidden != catalogue::Hidden::Virtual).collect();
    let names: Vec<String> = columns.iter().map(|column| quote(&column.name)).collect();
    let stored: Vec<&catalogue::Column> = table.stored().collect();
    let values: Vec<String> = stored
        .iter()
        .map(|column| match &column.default {
            Some(default) => format!("coalesce(new.{}, ({default}))", quote(&column.name)),
            None => format!("new.{}", quote(&column.name)),
        })
        .collect();
    let into: Vec<String> = stored.iter().map(|column| quote(&column.name)).collect();
    let set: Vec<String> = stored.iter().map(|column| format!("{0} = new.{0}", quote(&column.name))).collect();
    let key = match &table.id {
        Some(id) => vec![id.clone()],
        None => table.primary_key(),
    };
    let same_row: Vec<String> = if key.is_empty() {
        into.iter().map(|column| format!("{column} IS old.{column}")).collect()
    } else {
        key.iter().map(|column| format!("{0} IS old.{0}", quote(column))).collect()
    };
    // A table without a key has no name for its rows: one of those that are equal is meant.
    let row = match (key.is_empty(), table.rowid()) {
        (true, Some(rowid)) => {
            let rowid = quote(&rowid);
            format!("{rowid} = (SELECT {rowid} FROM {target} WHERE {} LIMIT 1)", same_row.join(" AND "))
        }
        _ => same_row.join(" AND "),
    };
    let trigger = |what: &str| quote(&format!("dbguard_{old}_{what}"));
    work.db.execute_batch(&format!(
        "CREATE VIEW main.{view} AS SELECT {names} FROM {target};
         CREATE TRIGGER main.{insert} INSTEAD OF INSERT ON {view} BEGIN
           INSERT INTO {target}({into}) VALUES ({values}); END;
         CREATE TRIGGER main.{update} INSTEAD OF UPDATE ON {view} BEGIN
           UPDATE {target} SET {set} WHERE {row}; END;
         CREATE TRIGGER main.{delete} INSTEAD OF DELETE ON {view} BEGIN
           DELETE FROM {target} WHERE {row}; END;",
        names = names.join(", "),
        into = into.join(", "),
        values = values.join(", "),
        set = set.join(", "),
        insert = trigger("insert"),
        update = trigger("update"),
        delete = trigger("delete"),
    ))?;
    Ok(())
}
