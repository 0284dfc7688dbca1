//! Questions that several rules ask of the inventory. Judges nothing.

use super::names::{is_copy, is_fixture};
use super::standing::Applied;
use crate::finding::Finding;
use crate::lang::{self, Allow, FileCopy, Role, Value};
use crate::policy::matches_path;
use crate::scan::{Context, Database, DatabaseId, Inventory, Linked};

/// A file name that is known at least in part: `cache_*.db` and not `*.db` or `*`.
pub(super) fn has_a_name(database: &Database) -> bool {
    let stem = database.name.rsplit_once('.').map_or(database.name.as_str(), |(stem, _)| stem);
    // `{path}.db` is a template that nothing filled.
    let stem = stem.split('{').map(|part| part.split_once('}').map_or(part, |(_, after)| after)).collect::<String>();
    stem.chars().filter(|letter| letter.is_alphanumeric()).count() > 1 || stem.len() == 1 && stem != "*"
}

/// Which databases code, configuration or tests name, by whatever means.
pub(super) fn used(inventory: &Inventory, policy: &Applied<'_>) -> Vec<bool> {
    let mut used = vec![false; inventory.databases.len()];
    let speaks = |file: &str, context: Context| {
        !matches!(policy.context(file, context), Context::Docs | Context::Vendored) && !policy.is_own(file)
    };
    let references = inventory
        .references
        .iter()
        .filter(|it| it.fact.role != Role::Mentions && speaks(&it.fact.place.file, it.context))
        .map(|it| &it.databases);
    let settings =
        inventory.settings.iter().filter(|it| speaks(&it.fact.place.file, it.context)).map(|it| &it.databases);
    let others =
        inventory.attaches.iter().map(|it| &it.databases).chain(inventory.copies.iter().map(|it| &it.databases));
    for id in references.chain(settings).chain(others).flat_map(|ids| &**ids) {
        if let Some(used) = used.get_mut(id.0) {
            *used = true;
        }
    }
    // `cache_*.db` in code is a use of `cache_7.db` on disk.
    for (index, pattern) in inventory.databases.iter().enumerate() {
        if !pattern.is_pattern || !has_a_name(pattern) || !used.get(index).copied().unwrap_or(false) {
            continue;
        }
        for (other, used) in inventory.databases.iter().zip(&mut used) {
            *used |= other.file.is_some() && matches_path(&pattern.path, &other.path);
        }
    }
    used
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

/// Files of tests and CI: what they do to a database is a trial.
pub(super) fn is_trial(file: &str) -> bool {
    is_fixture(file)
        || file.starts_with(".github/")
        || file.rsplit('/').next().is_some_and(|name| {
            name.split(['.', '-', '_']).any(|word| matches!(word, "test" | "tests" | "testing" | "ci" | "e2e"))
        })
}

/// Whether a comment silences a finding.
pub(crate) fn allowed_by(finding: &Finding, allow: &Allow) -> bool {
    let place = &finding.place;
    allow.rule == finding.rule
        && allow.place.file == place.file
        && !allow.is_open
        && allow.lines.0 <= place.end.line.max(place.start.line)
        && place.start.line <= allow.lines.1
}
