//! SQL calls a table by the name it had before it was moved.

use super::sink::Offence;
use super::{Applied, Sink, Standing};
use crate::finding::Remedy;
use crate::lang::TableUse;
use crate::policy::Written;
use crate::scan::{Context, DatabaseId, Inventory, Linked};

pub(super) fn judge(inventory: &Inventory, policy: &Applied<'_>, sink: &mut Sink<'_>) {
    for table_use in &inventory.table_uses {
        let context = policy.context(&table_use.fact.place.file, table_use.context);
        if !matches!(context, Context::Code | Context::Config | Context::Test) {
            continue;
        }
        let Some((old, new)) = renamed(inventory, policy, table_use) else { continue };
        if says_both(inventory, table_use, new) {
            continue;
        }
        sink.report(
            Offence::at(&table_use.fact.place)
                .hole("old", &old.value)
                .hole("new", new)
                .label(&old.place, "policy")
                .about(table_use.databases.first().copied())
                .remedy(Remedy::RenameTable { from: old.value.clone(), to: new.to_owned() }),
        );
    }
}

fn renamed<'p>(
    inventory: &Inventory,
    policy: &'p Applied<'_>,
    table_use: &Linked<TableUse>,
) -> Option<(&'p Written<String>, &'p str)> {
    let named = |pairs: &'p [(Written<String>, String)]| {
        pairs
            .iter()
            .find(|(old, _)| old.value.eq_ignore_ascii_case(&table_use.fact.table))
            .map(|(old, new)| (old, new.as_str()))
    };
    let database = table_use.databases.first().copied();
    match database.map(|database| policy.standing(database)) {
        Some(Standing::Retired(entry)) => policy.retired.get(entry).and_then(|retired| named(&retired.tables)),
        Some(Standing::Primary) => named(&policy.tables).or_else(|| {
            // The code was moved, its SQL was not: sure only where the primary has no table of the old name.
            let missing = database.is_some_and(|database| lacks(inventory, database, &table_use.fact.table));
            policy.retired.iter().filter(|_| missing).find_map(|retired| named(&retired.tables))
        }),
        None => named(&policy.tables),
        Some(_) => None,
    }
}

fn lacks(inventory: &Inventory, database: DatabaseId, table: &str) -> bool {
    let schema = inventory.database(database).file.as_ref().and_then(|file| file.schema.as_ref());
    schema.is_some_and(|schema| {
        schema.table(table).is_none() && !schema.views.iter().any(|view| view.name.eq_ignore_ascii_case(table))
    })
}

/// `ALTER TABLE old RENAME TO new` and `INSERT INTO new SELECT .. FROM old` are the move itself.
fn says_both(inventory: &Inventory, table_use: &Linked<TableUse>, new: &str) -> bool {
    let place = &table_use.fact.place;
    inventory.statements.iter().any(|statement| {
        statement.fact.place.file == place.file
            && statement.fact.place.span.contains(place.span)
            && statement
                .fact
                .sql
                .split(|letter: char| !letter.is_alphanumeric() && letter != '_')
                .any(|word| word == new)
    })
}
