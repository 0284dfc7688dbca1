//! One table whose rows live in several databases.

use super::sink::Offence;
use super::{Applied, Sink, Standing, names};
use crate::lang::{Access, Naming};
use crate::scan::{Context, Duplicate, Inventory, Side};
use crate::text::Place;

/// How many places in code a finding shows of each side.
const SHOWN: usize = 3;

pub(super) fn judge(inventory: &Inventory, policy: &Applied<'_>, sink: &mut Sink<'_>) {
    for duplicate in &inventory.duplicates {
        let sides: Vec<&Side> = sides(inventory, policy, duplicate).into_iter().filter(|side| side.rows > 0).collect();
        let Some((first, others)) = sides.split_first().filter(|(_, others)| !others.is_empty()) else { continue };
        let first_name = super::told_apart(inventory, first.database);
        let mut rows = vec![format!("{} in `{first_name}`", counted(first.rows))];
        for side in others {
            let mut missing = match side.lacks_of_first {
                Some(0) | None => String::new(),
                Some(lacks) => format!(", {lacks} of the {} missing there", first.rows),
            };
            match side.missing_in_first {
                Some(0) | None => {}
                Some(own) => missing.push_str(&format!(", {own} of its own missing in `{first_name}`")),
            }
            rows.push(format!("{} in `{}`{missing}", side.rows, super::told_apart(inventory, side.database)));
        }
        let place = Place::whole(inventory.database(first.database).path.as_str().into());
        let mut offence = Offence::at(&place)
            .hole("table", &duplicate.table)
            .hole("count", sides.len())
            .hole("rows", rows.join("; "))
            .about(Some(first.database));
        for side in &sides {
            let name = super::told_apart(inventory, side.database);
            let uses = inventory.table_uses.iter().filter(|table_use| {
                table_use.databases.first() == Some(&side.database)
                    && table_use.fact.table.eq_ignore_ascii_case(&duplicate.table)
                    && policy.context(&table_use.fact.place.file, table_use.context) == Context::Code
                    && table_use.fact.access != Access::Defines
                    && matches!(table_use.fact.naming, Naming::Stated | Naming::Given)
            });
            for table_use in uses.take(SHOWN) {
                let words = if table_use.fact.access == Access::Writes { "writes" } else { "reads" };
                offence = offence.label_with(&table_use.fact.place, words, vec![("database", name.clone())]);
            }
        }
        sink.report(offence);
    }
}

fn counted(rows: u64) -> String {
    if rows == 1 { "1 row".to_owned() } else { format!("{rows} rows") }
}

/// The sides that belong to the application: no copies, no fixtures, no databases of other programs.
pub(super) fn sides<'i>(inventory: &'i Inventory, policy: &Applied<'_>, duplicate: &'i Duplicate) -> Vec<&'i Side> {
    // Each database has its own of these, and rightly so.
    if crate::db::bookkeeping(&duplicate.table).is_some() || duplicate.table.eq_ignore_ascii_case("dbguard_migrations")
    {
        return Vec::new();
    }
    let counts = |side: &&Side| {
        let path = &inventory.database(side.database).path;
        !matches!(policy.standing(side.database), Standing::External(_) | Standing::Temporary)
            && !names::is_copy(path)
            && !names::is_fixture(path)
            && names::known_owner(path).is_none()
    };
    duplicate.sides.iter().filter(counts).collect()
}
