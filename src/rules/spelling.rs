//! How somebody who wrote the path of one database would write that of another: on the host, in the container, from the
//! same folder. Judges nothing.

use std::collections::BTreeSet;

use super::standing::{Applied, spellings};
use crate::lang::names;
use crate::scan::{DatabaseId, Inventory};

/// `target`, a path of the policy, as it would be written where `written` stands for `database`.
pub(super) fn beside(
    inventory: &Inventory,
    policy: &Applied<'_>,
    database: DatabaseId,
    written: &str,
    target: &str,
) -> String {
    let written = names::strip_url(written).trim_start_matches("./");
    if !written.contains('/') || written.contains('*') {
        return target.to_owned();
    }
    let known = inventory.database(database);
    let names = std::iter::once(known.path.as_str()).chain(known.spellings.iter().map(String::as_str));
    let from = all_spellings(inventory, policy, names.chain([written]));
    let to = all_spellings(inventory, policy, std::iter::once(target));
    let mut best: Option<(usize, String)> = None;
    for name in &from {
        // `../data/a.db` is `data/a.db`, seen from a folder further down.
        let Some(up) =
            written.strip_suffix(name.as_str()).filter(|up| up.split_terminator('/').all(|part| part == ".."))
        else {
            continue;
        };
        for other in to.iter().filter(|other| other.starts_with('/') == name.starts_with('/')) {
            let shared = shared_folders(name, other);
            if best.as_ref().is_none_or(|(most, _)| shared > *most) {
                best = Some((shared, format!("{up}{other}")));
            }
        }
    }
    best.map_or_else(|| target.to_owned(), |(_, path)| path)
}

/// Every name that mounts give the paths, those of the names too.
fn all_spellings<'a>(
    inventory: &Inventory,
    policy: &Applied<'_>,
    paths: impl Iterator<Item = &'a str>,
) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for path in paths {
        for name in spellings(path, inventory, policy) {
            found.extend(spellings(&name, inventory, policy));
            found.insert(name);
        }
    }
    found
}

fn shared_folders(one: &str, other: &str) -> usize {
    let folder = |path: &str| path.rsplit_once('/').map_or(String::new(), |(folder, _)| folder.to_owned());
    let (one, other) = (folder(one), folder(other));
    let shared = one.split('/').zip(other.split('/')).take_while(|(one, other)| one == other).count();
    // The same folder is better than one further down.
    2 * shared + usize::from(one == other)
}
