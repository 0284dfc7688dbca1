//! The right database, through a variable that the policy does not name.

use std::collections::BTreeSet;

use super::sink::Offence;
use super::{Applied, Sink, Standing};
use crate::finding::Remedy;
use crate::scan::{Context, Inventory};

pub(super) fn judge(inventory: &Inventory, policy: &Applied<'_>, sink: &mut Sink<'_>) {
    let mut told = BTreeSet::new();
    for read in &inventory.env_reads {
        if policy.context(&read.fact.place.file, read.context) != Context::Code || !told.insert(&read.fact.place) {
            continue;
        }
        let name = &read.fact.name;
        let alias = policy.primary.iter().flat_map(|primary| &primary.aliases).find(|alias| alias.value == *name);
        // A folder's variable (`DATA_DIR`) is no name of a database, though a database follows from it.
        let whole = crate::lang::names::env_names_database(name)
            || read.fact.default.as_ref().is_some_and(|default| {
                default.rendered().is_some_and(|text| crate::lang::names::is_database_path(&text))
            });
        // Without a default it is what configuration sets it to.
        let set = || {
            let settings = inventory.settings.iter().filter(|setting| setting.fact.name == *name);
            settings.filter(|setting| setting.context == Context::Config).find_map(|setting| setting.databases.first())
        };
        let standing = match (alias, read.databases.first().or_else(set)) {
            (Some(_), _) => Standing::Primary,
            (None, Some(database)) if whole => policy.standing(*database),
            _ => continue,
        };
        let (env, path) = match standing {
            Standing::Primary => match &policy.primary {
                Some(primary) if primary.url_env.as_ref().is_none_or(|it| it.value != *name) => {
                    (&primary.env, &primary.path)
                }
                _ => continue,
            },
            Standing::Specialised(index) => match policy.specialised.get(index).map(|it| (&it.env, &it.path)) {
                Some((Some(env), path)) => (env, path),
                _ => continue,
            },
            _ => continue,
        };
        if env.value == *name {
            continue;
        }
        let mut offence = Offence::at(&read.fact.place)
            .hole("found", name)
            .hole("env", &env.value)
            .label(alias.map_or(&env.place, |alias| &alias.place), "policy")
            .about(read.databases.first().copied());
        let other_default = read.fact.default.is_some()
            && read.databases.first().is_some_and(|database| policy.standing(*database) != standing);
        // A variable that holds a URL is not read where a path is wanted.
        if holds_url(name) == holds_url(&env.value) {
            offence = offence.remedy(if other_default {
                Remedy::UseEnvironment { env: env.value.clone(), default: path.value.clone() }
            } else {
                Remedy::RenameVariable { from: name.clone(), to: env.value.clone() }
            });
        }
        sink.report(offence);
    }
}

pub(super) fn holds_url(variable: &str) -> bool {
    ["_URL", "_URI", "_DSN"].iter().any(|end| variable.ends_with(end))
}
