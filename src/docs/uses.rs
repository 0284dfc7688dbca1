//! Which functions of the code read and write each table of a database. Knows nothing of schemas.

use std::collections::{BTreeMap, BTreeSet};

use crate::lang::Access;
use crate::scan::{Context, DatabaseId, Inventory, matrix};

/// Table (lowercase) and access → file → the functions in it. Without lines: a page does not get stale when code moves.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Uses(BTreeMap<(String, Access), BTreeMap<String, BTreeSet<String>>>);

impl Uses {
    /// The files, each with its functions, that use the table so; in order of their paths.
    pub fn of(&self, table: &str, access: Access) -> impl Iterator<Item = (&str, &BTreeSet<String>)> {
        let files = self.0.get(&(table.to_lowercase(), access));
        files.into_iter().flatten().map(|(file, functions)| (file.as_str(), functions))
    }
}

/// What the program's own code does with the tables of one database; tests and documents are left out.
#[must_use]
pub fn uses(inventory: &Inventory, database: DatabaseId) -> Uses {
    let mut found = Uses::default();
    for usage in matrix(inventory).iter().filter(|usage| usage.database == database) {
        let places = usage.readers.iter().chain(&usage.writers).chain(&usage.definers);
        for place in places.filter(|place| place.context == Context::Code) {
            let files = found.0.entry((usage.table.to_lowercase(), place.fact.access)).or_default();
            files
                .entry(place.fact.place.file.to_string())
                .or_default()
                .extend(place.fact.symbol.as_deref().map(str::to_owned));
        }
    }
    found
}
