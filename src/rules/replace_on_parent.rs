//! A statement that replaces rows which other rows refer to: SQLite deletes the old row, and what hangs on it.

use super::sink::Offence;
use super::{Applied, Sink, Standing};
use crate::lang::{Access, TableUse};
use crate::scan::{Context, DatabaseId, Inventory, Linked};

pub(super) fn judge(inventory: &Inventory, policy: &Applied<'_>, sink: &mut Sink<'_>) {
    for statement in inventory.statements.iter().filter(|it| replaces(&it.fact.sql)) {
        let fact = &statement.fact;
        if !matches!(policy.context(&fact.place.file, statement.context), Context::Code) {
            continue;
        }
        let Some(&database) = statement.databases.first() else { continue };
        if statement.databases.len() > 1 || policy.standing(database) == Standing::Temporary {
            continue;
        }
        let written = |it: &&Linked<TableUse>| {
            it.fact.access == Access::Writes
                && it.fact.place.file == fact.place.file
                && fact.place.span.contains(it.fact.place.span)
        };
        let Some(target) = inventory.table_uses.iter().find(written) else { continue };
        let Some((child, action)) = children(inventory, database, &target.fact.table).into_iter().next() else {
            continue;
        };
        let offence = Offence::at(&target.fact.place)
            .hole("table", &target.fact.table)
            .hole("child", child)
            .hole("action", action)
            .hole("database", super::told_apart(inventory, database))
            .about(Some(database));
        sink.report(offence);
    }
}

fn replaces(sql: &str) -> bool {
    let mut words = sql.split_whitespace().map(str::to_ascii_uppercase);
    match words.next().as_deref() {
        Some("REPLACE") => true,
        Some("INSERT") => words.next().as_deref() == Some("OR") && words.next().as_deref() == Some("REPLACE"),
        _ => false,
    }
}

/// Tables whose rows go, or lose their parent, when a row of `parent` is deleted.
fn children(inventory: &Inventory, database: DatabaseId, parent: &str) -> Vec<(String, String)> {
    let Some(schema) = inventory.database(database).file.as_ref().and_then(|file| file.schema.as_ref()) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for table in schema.own_tables().filter(|table| !table.name.eq_ignore_ascii_case(parent)) {
        for key in table.foreign_keys.iter().filter(|key| key.parent.eq_ignore_ascii_case(parent)) {
            let action = key.on_delete.to_ascii_uppercase();
            if ["CASCADE", "SET NULL", "SET DEFAULT"].contains(&action.as_str()) {
                found.push((table.name.clone(), format!("ON DELETE {action}")));
            }
        }
    }
    found
}
