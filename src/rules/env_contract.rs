//! A variable that code reads for a database and no configuration sets, or the reverse.

use std::collections::{BTreeMap, BTreeSet};

use super::sink::Offence;
use super::wrong_env_var::holds_url;
use super::{Applied, Sink, Standing};
use crate::finding::Remedy;
use crate::lang::{EnvRead, Role, Setting, names};
use crate::scan::{Context, Inventory, Linked};

pub(super) fn judge(inventory: &Inventory, policy: &Applied<'_>, sink: &mut Sink<'_>) {
    let reads: Vec<&Linked<EnvRead>> = inventory
        .env_reads
        .iter()
        .filter(|read| policy.context(&read.fact.place.file, read.context) == Context::Code)
        .collect();
    let settings: Vec<&Linked<Setting>> = inventory
        .settings
        .iter()
        .filter(|setting| policy.context(&setting.fact.place.file, setting.context) == Context::Config)
        .collect();
    unset(&reads, &settings, policy, sink);
    unread(inventory, &reads, &settings, policy, sink);
}

/// Needed, for want of a default, and set nowhere; where nothing is configured at all, nothing can be missed.
fn unset(reads: &[&Linked<EnvRead>], settings: &[&Linked<Setting>], policy: &Applied<'_>, sink: &mut Sink<'_>) {
    let set: BTreeSet<&str> = settings.iter().map(|setting| setting.fact.name.as_str()).collect();
    if set.is_empty() {
        return;
    }
    let mut needed: BTreeMap<&str, Vec<&Linked<EnvRead>>> = BTreeMap::new();
    // The name under which platforms hand out a database of theirs: no file of the tree sets it.
    let is_handed_out = |name: &str| name == "DATABASE_URL" && !policy.governs(name);
    let asked = |name: &str| policy.governs(name) || names::env_names_database(name) && !is_handed_out(name);
    for read in reads
        .iter()
        .copied()
        .filter(|read| read.fact.default.is_none() && !read.fact.falls_back && asked(&read.fact.name))
    {
        needed.entry(&read.fact.name).or_default().push(read);
    }
    for (name, reads) in needed {
        let Some((first, others)) = reads.split_first().filter(|_| !set.contains(name)) else { continue };
        let mut offence = Offence::at(&first.fact.place).case("unset").hole("env", name);
        for other in others {
            offence = offence.label(&other.fact.place, "read");
        }
        sink.report(offence);
    }
}

fn unread(
    inventory: &Inventory,
    reads: &[&Linked<EnvRead>],
    settings: &[&Linked<Setting>],
    policy: &Applied<'_>,
    sink: &mut Sink<'_>,
) {
    // What compose fills in comes from the shell and from `.env`, and never from what it sets in a container.
    let fills_in = |context: Context, file: &str| {
        context == Context::Config && file.rsplit('/').next().is_some_and(|name| name.contains("compose"))
    };
    let mut read: BTreeSet<&str> = BTreeSet::new();
    let mut filled_in: BTreeSet<&str> = BTreeSet::new();
    for it in &inventory.env_reads {
        let names = if fills_in(it.context, &it.fact.place.file) { &mut filled_in } else { &mut read };
        names.insert(&it.fact.name);
    }
    for it in &inventory.references {
        let names = if fills_in(it.context, &it.fact.place.file) { &mut filled_in } else { &mut read };
        names.extend(it.fact.values.iter().flat_map(|value| value.envs()));
    }
    if reads.is_empty() {
        return;
    }
    let set: BTreeSet<(&str, &str)> =
        settings.iter().map(|setting| (setting.fact.name.as_str(), &*setting.fact.place.file)).collect();
    let mut unread: BTreeMap<&str, Vec<&Linked<Setting>>> = BTreeMap::new();
    for setting in settings {
        let name = setting.fact.name.as_str();
        let ours = policy.governs(name)
            || names::env_names_database(name)
                && setting.databases.first().is_some_and(|database| {
                    // Code uses this very file, so it is not another program's image that reads the variable.
                    matches!(policy.standing(*database), Standing::Primary | Standing::Specialised(_))
                        || policy.standing(*database) == Standing::Unknown && in_code(inventory, *database)
                });
        let is_filled_in = filled_in.contains(name) && !fills_in(setting.context, &setting.fact.place.file);
        if ours && !read.contains(name) && !is_filled_in {
            unread.entry(name).or_default().push(setting);
        }
    }
    for (name, settings) in unread {
        let Some((first, others)) = settings.split_first() else { continue };
        let mut offence = Offence::at(&first.fact.place).hole("env", name).about(first.databases.first().copied());
        if let Some(env) = other_name(name, first, policy).filter(|env| read.contains(env.as_str()))
            && !set.iter().any(|(variable, file)| variable == env && **file == *first.fact.place.file)
        {
            offence = offence.remedy(Remedy::RenameVariable { from: name.to_owned(), to: env.clone() });
        }
        for other in others {
            offence = offence.label(&other.fact.place, "set");
        }
        sink.report(offence);
    }
}

/// The variable that the policy has for the database of a setting under another name; a URL is no path.
fn other_name<'p>(name: &str, setting: &Linked<Setting>, policy: &'p Applied<'_>) -> Option<&'p String> {
    let env = match policy.standing(*setting.databases.first()?) {
        Standing::Primary => &policy.file_primary()?.env,
        Standing::Specialised(index) => policy.specialised.get(index)?.env.as_ref()?,
        _ => return None,
    };
    (env.value != name && holds_url(name) == holds_url(&env.value)).then_some(&env.value)
}

fn in_code(inventory: &Inventory, database: crate::scan::DatabaseId) -> bool {
    let uses = |it: &&Linked<crate::lang::Reference>| {
        it.context == Context::Code && matches!(it.fact.role, Role::Opens | Role::Binds)
    };
    inventory.references.iter().filter(uses).any(|it| it.databases.contains(&database))
}
