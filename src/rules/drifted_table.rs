//! One table with different columns in several databases.

use super::sink::Offence;
use super::{Applied, Sink};
use crate::scan::Inventory;
use crate::text::Place;

pub(super) fn judge(inventory: &Inventory, policy: &Applied<'_>, sink: &mut Sink<'_>) {
    for duplicate in inventory.duplicates.iter().filter(|duplicate| duplicate.drifted) {
        let sides = super::split_table::sides(inventory, policy, duplicate);
        let Some((first, others)) = sides.split_first() else { continue };
        let has = |columns: &[String], name: &str| columns.iter().any(|column| column.eq_ignore_ascii_case(name));
        let mut differences = Vec::new();
        for side in others {
            let name = super::told_apart(inventory, side.database);
            let more: Vec<&str> =
                side.columns.iter().map(String::as_str).filter(|column| !has(&first.columns, column)).collect();
            let less: Vec<&str> =
                first.columns.iter().map(String::as_str).filter(|column| !has(&side.columns, column)).collect();
            if !more.is_empty() {
                differences.push(format!("`{name}` also has `{}`", more.join("`, `")));
            }
            if !less.is_empty() {
                differences.push(format!("`{name}` lacks `{}`", less.join("`, `")));
            }
        }
        if others.is_empty() {
            continue;
        }
        if differences.is_empty() {
            differences.push("their columns differ in type, key or default".to_owned());
        }
        let path = &inventory.database(first.database).path;
        let mut offence = Offence::at(&Place::whole(path.as_str().into()))
            .hole("table", &duplicate.table)
            .hole("first", super::told_apart(inventory, first.database))
            .hole("differences", differences.join("; "))
            .about(Some(first.database));
        for side in others {
            let other = Place::whole(inventory.database(side.database).path.as_str().into());
            offence = offence.label_with(&other, "other", vec![("columns", side.columns.join("`, `"))]);
        }
        sink.report(offence);
    }
}
