//! Entries of the policy that match nothing in the tree.

use std::collections::BTreeSet;

use super::sink::Offence;
use super::{Applied, Sink, Standing};
use crate::policy::{Globs, Written};
use crate::scan::{DatabaseId, Inventory};

/// Retired databases and temporary places are left out: an entry that nothing matches still keeps watch. So are those of a
/// policy that this one extends: they may matter to another project.
pub(super) fn judge(inventory: &Inventory, policy: &Applied<'_>, sink: &mut Sink<'_>) {
    let mut unused = |entry: &Written<String>, what: &str| {
        if policy.file.as_deref() != Some(&entry.place.file) {
            return;
        }
        sink.report(Offence::at(&entry.place).hole("what", what).hole("entry", &entry.value));
    };
    let spoken_of: BTreeSet<DatabaseId> = inventory
        .references
        .iter()
        .filter(|it| !policy.is_own(&it.fact.place.file))
        .flat_map(|it| it.databases.iter().copied())
        .collect();
    let met = |standing: Standing| {
        (0..inventory.databases.len()).map(DatabaseId).any(|id| {
            let there = inventory.database(id).file.is_some() || policy.is_used(id) || spoken_of.contains(&id);
            there && policy.standing(id) == standing
        })
    };
    let spoken = |variable: &str| {
        inventory.env_reads.iter().any(|read| read.fact.name == variable)
            || inventory.settings.iter().any(|setting| setting.fact.name == variable)
            || inventory.references.iter().any(|it| it.fact.values.iter().any(|value| value.envs().contains(&variable)))
    };

    if let Some(primary) = &policy.primary {
        if !primary.path.value.is_empty() && !met(Standing::Primary) && !spoken(&primary.env.value) {
            unused(&primary.path, "primary");
        }
        for alias in primary.aliases.iter().filter(|alias| !spoken(&alias.value)) {
            unused(alias, "alias");
        }
    }
    for (index, entry) in policy.specialised.iter().enumerate() {
        let by_variable = entry.env.as_ref().is_some_and(|env| spoken(&env.value));
        if !met(Standing::Specialised(index)) && !by_variable {
            unused(&entry.path, "specialised database");
        }
        for glob in unmatched(inventory, &entry.allowed_in) {
            unused(glob, "allowed place");
        }
    }
    for (index, entry) in policy.external.iter().enumerate() {
        if !met(Standing::External(index)) {
            unused(&entry.path, "external database");
        }
    }
    for (mount, _) in policy.mounts.iter().filter(|(mount, _)| !crosses(inventory, policy, &mount.value)) {
        unused(mount, "mount");
    }
    for (old, new) in &policy.tables {
        if !stands(inventory, &old.value) && !stands(inventory, new) {
            unused(old, "table");
        }
    }
}

fn unmatched<'p>(inventory: &Inventory, globs: &'p [Written<String>]) -> Vec<&'p Written<String>> {
    let compiled = Globs::of(globs);
    let mut seen = vec![false; globs.len()];
    let paths = inventory.sources.iter().map(|source| source.path.as_str());
    for path in paths.chain(inventory.skipped.iter().map(|skipped| skipped.path.as_str())) {
        for index in compiled.matching(path) {
            if let Some(seen) = seen.get_mut(index) {
                *seen = true;
            }
        }
    }
    globs.iter().zip(seen).filter(|(_, seen)| !seen).map(|(glob, _)| glob).collect()
}

/// Something in the tree or in the policy is called by a path that begins at the mount.
fn crosses(inventory: &Inventory, policy: &Applied<'_>, mount: &str) -> bool {
    let mount = mount.trim_end_matches('/');
    let below = |path: &str| path.strip_prefix(mount).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    let named = policy.primary.iter().map(|it| &it.path).chain(policy.specialised.iter().map(|it| &it.path));
    let named = named.chain(policy.retired.iter().map(|it| &it.path)).chain(policy.external.iter().map(|it| &it.path));
    named.into_iter().any(|path| below(&path.value))
        || inventory.databases.iter().any(|it| it.spellings.iter().chain([&it.path]).any(|path| below(path)))
        || inventory.settings.iter().any(|setting| below(&setting.fact.value.pattern()))
        || inventory.mounts.iter().any(|it| below(&it.container) || below(&it.host))
}

fn stands(inventory: &Inventory, table: &str) -> bool {
    inventory.table_uses.iter().any(|it| it.fact.table.eq_ignore_ascii_case(table))
        || inventory
            .databases
            .iter()
            .filter_map(|it| it.file.as_ref()?.schema.as_ref())
            .any(|schema| schema.table(table).is_some())
}
