//! Questions that several rules ask of the inventory. Judges nothing.

use super::names::is_copy;
use super::standing::Applied;
use crate::finding::Finding;
use crate::lang::{self, Allow, FileCopy, Role, Value};
use crate::policy::matches_path;
use crate::scan::{Context, Database, DatabaseId, Inventory, Linked};

/// A file name that is known at least in part: `cache_*.db` and not `*.db` or `*`.
pub(super) fn has_a_name(database: &Database) -> bool {
    let stem = database.name.rsplit_once('.').map_or(database.name.as_str(), |(stem, _)| stem);
    stem.chars().filter(|letter| letter.is_alphanumeric()).count() > 1 || stem.len() == 1 && stem != "*"
}

/// Code, configuration or tests name the database, by whatever means.
pub(super) fn is_used(inventory: &Inventory, policy: &Applied<'_>, id: DatabaseId) -> bool {
    let database = inventory.database(id);
    let speaks =
        |file: &str, context: Context| !matches!(policy.context(file, context), Context::Docs | Context::Vendored);
    // `cache_*.db` in code is a use of `cache_7.db` on disk.
    let names = |ids: &[DatabaseId]| {
        ids.iter().any(|&other| {
            other == id || {
                let other = inventory.database(other);
                other.is_pattern && has_a_name(other) && matches_path(&other.path, &database.path)
            }
        })
    };
    inventory
        .references
        .iter()
        .any(|it| it.fact.role != Role::Mentions && names(&it.databases) && speaks(&it.fact.place.file, it.context))
        || inventory.settings.iter().any(|it| names(&it.databases) && speaks(&it.fact.place.file, it.context))
        || inventory.attaches.iter().any(|it| names(&it.databases))
        || inventory.copies.iter().any(|it| names(&it.databases))
}

/// The name of the database that a copy is made of; `None` when it copies something else, or a copy.
pub(super) fn copied_database(inventory: &Inventory, copy: &Linked<FileCopy>) -> Option<String> {
    let named = copy.fact.from.iter().filter(|value| value.parts.len() < 8).find_map(Value::file_name);
    let name = match copy.databases.first() {
        Some(id) => inventory.database(*id).name.clone(),
        None => named.clone().filter(|name| lang::names::is_database_path(name))?,
    };
    let written = copy.fact.from.first().map(Value::pattern).unwrap_or_default();
    (!is_copy(&name) && !is_copy(&written)).then_some(name)
}

/// What to call a database where others are spoken of too: its name, or its path where two have that name.
pub(super) fn told_apart(inventory: &Inventory, id: DatabaseId) -> String {
    let database = inventory.database(id);
    let same = inventory.databases.iter().filter(|other| other.file.is_some() && other.name == database.name).count();
    if same > 1 { database.path.clone() } else { database.name.clone() }
}

/// Whether a comment silences a finding.
pub(crate) fn allowed_by(finding: &Finding, allow: &Allow) -> bool {
    let place = &finding.place;
    allow.rule == finding.rule
        && allow.place.file == place.file
        && (place.start.line..=place.end.line.max(place.start.line)).contains(&allow.line)
}
