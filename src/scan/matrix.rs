//! Who reads and writes which table of which database: places of the code, gathered by what they touch.

use std::collections::BTreeMap;

use super::{DatabaseId, Inventory, Linked};
use crate::lang::{Access, Naming, TableUse};

/// One table of one database, with the places of code that use it.
#[derive(Debug, Clone)]
pub struct Usage<'a> {
    pub database: DatabaseId,
    /// As the first place spells it.
    pub table: &'a str,
    /// In order of place; a place that can go to several databases stands under each.
    pub readers: Vec<&'a Linked<TableUse>>,
    pub writers: Vec<&'a Linked<TableUse>>,
    pub definers: Vec<&'a Linked<TableUse>>,
}

/// All tables whose database is known, by database and name.
#[must_use]
pub fn matrix(inventory: &Inventory) -> Vec<Usage<'_>> {
    let mut found: BTreeMap<(DatabaseId, String), Usage<'_>> = BTreeMap::new();
    for table_use in inventory.table_uses.iter().filter(|it| is_use(&it.fact)) {
        for &database in &table_use.databases {
            let usage = found.entry((database, table_use.fact.table.to_ascii_lowercase())).or_insert_with(|| Usage {
                database,
                table: &table_use.fact.table,
                readers: Vec::new(),
                writers: Vec::new(),
                definers: Vec::new(),
            });
            match table_use.fact.access {
                Access::Reads => usage.readers.push(table_use),
                Access::Writes => usage.writers.push(table_use),
                Access::Defines => usage.definers.push(table_use),
            }
        }
    }
    found.into_values().collect()
}

/// The place is where a statement or a library names the table, and not one that only qualifies a column.
fn is_use(fact: &TableUse) -> bool {
    matches!(fact.naming, Naming::Stated | Naming::Given)
}

impl Usage<'_> {
    /// The functions that some of its places stand in, each once, in order: `file:function`, or `file:line` outside of any.
    #[must_use]
    pub fn names(&self, places: &[&Linked<TableUse>]) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for place in places {
            let (file, fact) = (&place.fact.place.file, &place.fact);
            let name = match &fact.symbol {
                Some(symbol) => format!("{file}:{symbol}"),
                None => format!("{file}:{}", fact.place.start.line),
            };
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }
}
