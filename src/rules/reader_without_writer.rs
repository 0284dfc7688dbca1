//! A table that code reads in one database and writes only in another.

use std::collections::BTreeMap;

use super::sink::Offence;
use super::two_writers::is_own;
use super::{Applied, Sink};
use crate::lang::TableUse;
use crate::scan::{self, Context, Inventory, Linked, Usage};

pub(super) fn judge(inventory: &Inventory, policy: &Applied<'_>, sink: &mut Sink<'_>) {
    let matrix = scan::matrix(inventory);
    let code = |it: &&&Linked<TableUse>| policy.context(&it.fact.place.file, it.context) == Context::Code;
    let mut writers: BTreeMap<String, Vec<&Usage<'_>>> = BTreeMap::new();
    for usage in
        matrix.iter().filter(|usage| usage.writers.iter().any(|it| code(&it)) && is_own(inventory, policy, usage))
    {
        writers.entry(usage.table.to_ascii_lowercase()).or_default().push(usage);
    }
    // A write whose database is not known may be the one that is missing.
    let unknown = |table: &str| {
        inventory.table_uses.iter().any(|it| {
            it.fact.access == crate::lang::Access::Writes
                && it.databases.len() != 1
                && it.fact.table.eq_ignore_ascii_case(table)
        })
    };
    for usage in matrix.iter().filter(|usage| usage.writers.is_empty() && is_own(inventory, policy, usage)) {
        let Some(elsewhere) = writers.get(&usage.table.to_ascii_lowercase()).and_then(|found| found.first()) else {
            continue;
        };
        let surely = |it: &&&Linked<TableUse>| it.databases.len() == 1;
        let Some(reader) = usage.readers.iter().filter(surely).find(code) else { continue };
        let Some(writer) = elsewhere.writers.iter().filter(surely).find(code) else { continue };
        if unknown(usage.table) {
            continue;
        }
        let there = super::told_apart(inventory, elsewhere.database);
        let offence = Offence::at(&reader.fact.place)
            .hole("table", usage.table)
            .hole("database", super::told_apart(inventory, usage.database))
            .hole("elsewhere", &there)
            .label(&writer.fact.place, "writes")
            .about(Some(usage.database));
        sink.report(offence);
    }
}
