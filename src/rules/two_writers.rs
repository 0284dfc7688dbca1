//! One table that code writes in two databases.

use std::collections::{BTreeMap, BTreeSet};

use super::sink::Offence;
use super::{Applied, Sink, Standing, names};
use crate::db::{Compiler, Schema};
use crate::scan::{self, Context, Inventory, Usage};

/// How many places a finding shows of each side.
const SHOWN: usize = 3;

pub(super) fn judge(inventory: &Inventory, policy: &Applied<'_>, sink: &mut Sink<'_>) {
    let matrix = scan::matrix(inventory);
    let mut tables: BTreeMap<String, Vec<&Usage<'_>>> = BTreeMap::new();
    for usage in matrix.iter().filter(|usage| is_own(inventory, policy, usage)) {
        tables.entry(usage.table.to_ascii_lowercase()).or_default().push(usage);
    }
    for usages in tables.into_values() {
        let mut sides: Vec<_> = usages
            .iter()
            .map(|usage| (usage, places(policy, usage)))
            .filter(|(_, places)| !places.is_empty())
            .collect();
        if let Some(columns) = sides.first().map(|(usage, _)| columns(inventory, usage)) {
            sides.retain(|(usage, _)| !are_strangers(&columns, &self::columns(inventory, usage)));
        }
        let written: Vec<_> = sides.into_iter().map(|(usage, places)| (usage.database, places)).collect();
        let Some(((first, first_places), others)) = written.split_first().filter(|(_, others)| !others.is_empty())
        else {
            continue;
        };
        let Some(lead) = first_places.first() else { continue };
        let name = |id| {
            let database = inventory.database(id);
            let alike = written.iter().filter(|(other, _)| inventory.database(*other).name == database.name);
            if alike.count() > 1 { database.path.clone() } else { super::told_apart(inventory, id) }
        };
        let names: Vec<String> = written.iter().map(|(database, _)| format!("`{}`", name(*database))).collect();
        let mut offence = Offence::at(&lead.fact.place)
            .hole("table", &lead.fact.table)
            .hole("databases", names.join(" and "))
            .about(Some(*first));
        for (database, places) in std::iter::once(&(*first, first_places.clone())).chain(others) {
            for place in places.iter().take(SHOWN) {
                offence = offence.label_with(&place.fact.place, "writes", vec![("database", name(*database))]);
            }
        }
        sink.report(offence);
    }
}

/// The columns of a table as it is there, else as code defines it; without the number that every table has.
fn columns(inventory: &Inventory, usage: &Usage<'_>) -> BTreeSet<String> {
    let file = inventory.database(usage.database).file.as_ref();
    let mut names: Vec<String> = match file.and_then(|file| file.schema.as_ref()?.table(usage.table)) {
        Some(table) => table.columns.iter().map(|column| column.name.clone()).collect(),
        None => {
            let defines = usage.definers.iter().find_map(|definer| {
                let place = &definer.fact.place;
                inventory.statements.iter().map(|statement| &statement.fact).find(|statement| {
                    statement.holes == 0
                        && statement.place.file == place.file
                        && statement.place.span.contains(place.span)
                })
            });
            defines.map_or_else(Vec::new, |statement| {
                let scratch = Compiler::of(&Schema::default());
                scratch.define(&statement.sql);
                scratch.columns(usage.table)
            })
        }
    };
    names.iter_mut().for_each(|name| name.make_ascii_lowercase());
    names.into_iter().filter(|name| name != "id").collect()
}

/// Two things under one name: `posts` of a blog, and `posts` of a network. Small tables are given no benefit of the doubt.
fn are_strangers(one: &BTreeSet<String>, other: &BTreeSet<String>) -> bool {
    let fewer = one.len().min(other.len());
    fewer > 3 && one.intersection(other).count() * 4 < fewer
}

type Places<'a> = Vec<&'a scan::Linked<crate::lang::TableUse>>;

/// Where code, and no test, surely writes it.
fn places<'a>(policy: &Applied<'_>, usage: &Usage<'a>) -> Places<'a> {
    usage
        .writers
        .iter()
        .copied()
        .filter(|it| it.databases.len() == 1 && policy.context(&it.fact.place.file, it.context) == Context::Code)
        .collect()
}

/// A database of the application's own, and no copy of one.
pub(super) fn is_own(inventory: &Inventory, policy: &Applied<'_>, usage: &Usage<'_>) -> bool {
    let database = inventory.database(usage.database);
    !matches!(policy.standing(usage.database), Standing::External(_) | Standing::Temporary | Standing::Server)
        && !database.is_pattern
        && !names::is_copy(&database.path)
        && !names::is_fixture(&database.path)
        && !usage.table.to_ascii_lowercase().starts_with("sqlite_")
}
