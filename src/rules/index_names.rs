//! Names of indexes that follow from those of tables: where the program says one, a renamed table is spoken of. No rule by itself.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::Applied;
use super::retired_table::{fits, is_migration};
use crate::lang::{Access, IndexName, IndexSays, Naming, TableUse, program};
use crate::scan::{Context, Inventory, Linked};
use crate::text::{Place, Position, Span};

const BOTH: &str = "a library makes an index of this name from the table's, and code gives the same name to one itself";
const PERHAPS: &str = "it may be the name that a library makes for an index from the table's";

/// Places that name one of these tables as a part of an index's name: changed along where the library surely makes that name, else
/// `fixed` says why not.
pub(super) fn uses(inventory: &Inventory, policy: &Applied<'_>, renamed: &BTreeSet<&str>) -> Vec<Linked<TableUse>> {
    let mut made: HashSet<(&str, u32, String)> = HashSet::new();
    let mut kinds: HashMap<&str, bool> = HashMap::new();
    let mut given: HashSet<&str> = HashSet::new();
    for index in &inventory.index_names {
        match index.says {
            IndexSays::Made { at, table } => {
                let table = index.name.get(at as usize..(at + table) as usize).unwrap_or("");
                made.insert((&index.name, at, table.to_ascii_lowercase()));
            }
            IndexSays::Kind => drop(kinds.insert(&index.name, false)),
            IndexSays::KindOfIndex => drop(kinds.entry(&index.name).or_insert(true)),
            IndexSays::Given => drop(given.insert(&index.name)),
            IndexSays::Asked | IndexSays::AskedOfIndex => {}
        }
    }
    let mut found = Vec::new();
    for index in &inventory.index_names {
        let of_index = match index.says {
            IndexSays::Asked => false,
            IndexSays::AskedOfIndex => true,
            _ => continue,
        };
        let name = index.name.to_ascii_lowercase();
        let is_given = given.contains(&*index.name);
        let is_step = is_migration(&index.place.file);
        for table in renamed {
            let lower = table.to_ascii_lowercase();
            for at in program::places(&name, &lower) {
                let at = u32::try_from(at).unwrap_or(u32::MAX);
                let is_made = made.contains(&(&*index.name, at, lower.clone()));
                let is_kind = kinds.iter().any(|(kind, only)| {
                    (of_index || !only) && fits(&kind.replace("{}", &lower).to_ascii_lowercase(), &name)
                });
                let fixed = match (is_made, is_given, is_step) {
                    (true, false, false) => None,
                    (true, true, false) => Some(BOTH),
                    (_, false, _) if is_made || is_kind => Some(PERHAPS),
                    _ => continue,
                };
                let context = inventory.sources.iter().find(|source| *source.path == *index.place.file);
                let context = context.map_or(Context::Code, |source| source.context);
                let context = policy.context(&index.place.file, context);
                found.push(used(index, at, table, fixed, context));
            }
        }
    }
    found
}

fn used(index: &IndexName, at: u32, table: &str, fixed: Option<&str>, context: Context) -> Linked<TableUse> {
    let length = u32::try_from(table.len()).unwrap_or(u32::MAX);
    let shifted = |by: u32| Position { line: index.place.start.line, column: index.place.start.column + by };
    let start = index.place.span.start + at;
    let place = Place {
        file: index.place.file.clone(),
        start: shifted(at),
        end: shifted(at + length),
        span: Span { start, end: start + length },
    };
    let fact = TableUse {
        place,
        table: table.into(),
        access: Access::Reads,
        naming: Naming::Given,
        fixed: fixed.map(Into::into),
        declared: None,
        connection: [].into(),
        language: crate::lang::Language::Python,
        symbol: None,
    };
    Linked { fact, databases: [].into(), context }
}
