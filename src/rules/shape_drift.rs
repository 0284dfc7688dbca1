//! Code defines a table that is there already, in another shape: its `CREATE TABLE IF NOT EXISTS` does nothing.

use std::collections::BTreeSet;

use super::sink::Offence;
use super::{Applied, Sink, Standing, broken_statement};
use crate::db::{Compiler, Schema};
use crate::lang::{Access, TableUse};
use crate::scan::{Context, Inventory, Linked, added_column};

pub(super) fn judge(inventory: &Inventory, policy: &Applied<'_>, sink: &mut Sink<'_>) {
    let added: BTreeSet<String> =
        inventory.statements.iter().filter_map(|statement| added_column(&statement.fact.sql)).collect();
    for statement in inventory.statements.iter().filter(|it| defines_if_missing(&it.fact.sql) && it.fact.holes == 0) {
        let fact = &statement.fact;
        let [database] = &*statement.databases else { continue };
        if policy.context(&fact.place.file, statement.context) != Context::Code
            || matches!(policy.standing(*database), Standing::Temporary | Standing::External(_))
        {
            continue;
        }
        let schema = inventory.database(*database).file.as_ref().and_then(|file| file.schema.as_ref());
        let defined = |it: &&Linked<TableUse>| {
            it.fact.access == Access::Defines
                && it.fact.place.file == fact.place.file
                && fact.place.span.contains(it.fact.place.span)
        };
        let Some(target) = inventory.table_uses.iter().find(defined) else { continue };
        let Some(there) = schema.and_then(|schema| schema.table(&target.fact.table)) else { continue };
        let scratch = Compiler::of(&Schema::default());
        scratch.define(&fact.sql);
        let missing: Vec<String> = scratch
            .columns(&target.fact.table)
            .into_iter()
            .filter(|column| !there.columns.iter().any(|own| own.name.eq_ignore_ascii_case(column)))
            .filter(|column| !added.contains(&column.to_ascii_lowercase()))
            .map(|column| format!("`{column}`"))
            .collect();
        if missing.is_empty() {
            continue;
        }
        let offence = Offence::at(&target.fact.place)
            .hole("table", &target.fact.table)
            .hole("columns", missing.join(", "))
            .hole("database", super::told_apart(inventory, *database))
            .hole("statement", broken_statement::short(&fact.sql))
            .about(Some(*database));
        sink.report(offence);
    }
}

fn defines_if_missing(sql: &str) -> bool {
    let words: Vec<String> = sql.split_whitespace().take(5).map(str::to_ascii_uppercase).collect();
    matches!(
        words.iter().map(String::as_str).collect::<Vec<_>>().as_slice(),
        ["CREATE", "TABLE", "IF", "NOT", "EXISTS"]
    )
}
