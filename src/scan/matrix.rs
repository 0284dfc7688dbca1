//! Who reads and writes which table of which database: places of the code, gathered by what they touch.

use std::collections::BTreeMap;

use super::{Context, DatabaseId, Inventory, Linked};
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

/// A function of the program's own code, and what it does with a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hand<'a> {
    pub file: &'a str,
    /// `None` for what stands outside of any.
    pub function: Option<&'a str>,
    pub reads: bool,
    pub writes: bool,
    pub defines: bool,
}

/// All tables whose database is known, by database and name.
#[must_use]
pub fn matrix(inventory: &Inventory) -> Vec<Usage<'_>> {
    let mut found: BTreeMap<(DatabaseId, String), Usage<'_>> = BTreeMap::new();
    for table_use in inventory.table_uses.iter().filter(|it| is_use(&it.fact)) {
        for &database in &*table_use.databases {
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

    /// The functions that use it, in order of place; tests and documents are left out.
    #[must_use]
    pub fn hands(&self) -> Vec<Hand<'_>> {
        let mut found: BTreeMap<(&str, Option<&str>), (u32, Hand<'_>)> = BTreeMap::new();
        let all = self.readers.iter().chain(&self.writers).chain(&self.definers);
        for place in all.filter(|place| place.context == Context::Code) {
            let (file, function) = (&*place.fact.place.file, place.fact.symbol.as_deref());
            let line = place.fact.place.start.line;
            let none = Hand { file, function, reads: false, writes: false, defines: false };
            let (first, hand) = found.entry((file, function)).or_insert((line, none));
            *first = line.min(*first);
            match place.fact.access {
                Access::Reads => hand.reads = true,
                Access::Writes => hand.writes = true,
                Access::Defines => hand.defines = true,
            }
        }
        let mut hands: Vec<(u32, Hand<'_>)> = found.into_values().collect();
        hands.sort_by(|(line, one), (other_line, other)| (one.file, line).cmp(&(other.file, other_line)));
        hands.into_iter().map(|(_, hand)| hand).collect()
    }
}
