//! Whether a change can have a part in what is found at all, told without parsing anything. Answers "yes" in doubt.

use std::collections::{HashMap, HashSet, VecDeque};

use super::gather::stem;
use super::language::language_of;
use super::store::Store;
use crate::lang::program::is_program;
use crate::tree::kind::Head;
use crate::tree::{Change, Contents, Item, Mode};

/// Files that are followed before the answer is "yes" anyhow.
const MOST: usize = 400;

/// Whether everything found in the tree `after` the changes would be found before them as well.
///
/// That is so where only contents changed, none of which names a database, and no file that matters can come to any of
/// them: a module is reached by its name, which then stands in the text of one that matters or was reached, and a package
/// by what lies within it.
#[must_use]
pub fn stands_apart(after: &[Item], changes: &[Change], store: &Store<'_>) -> bool {
    let mut changed: HashSet<&str> = HashSet::new();
    for change in changes {
        let (Some(old), Some(new)) = (&change.before, &change.after) else { return false };
        if old.path != new.path || old.mode != new.mode || store.may_matter(old) || store.may_matter(new) {
            return false;
        }
        changed.insert(&new.path);
    }
    let mut by_stem: HashMap<&str, Vec<&Item>> = HashMap::new();
    let mut packages: HashMap<&str, Vec<&Item>> = HashMap::new();
    let mut to_read: VecDeque<&Item> = VecDeque::new();
    for item in after.iter().filter(|item| item.mode == Mode::File) {
        if store.may_matter(item) {
            to_read.push_back(item);
        } else if is_program(language_of(&item.path, b"")) {
            match stem(&item.path) {
                Some(stem) if words(stem.as_bytes()).eq([stem]) => by_stem.entry(stem).or_default().push(item),
                // Whatever reaches it, no word of a text does.
                _ => to_read.push_back(item),
            }
            if is_package(&item.path) {
                packages.entry(folder(&item.path)).or_default().push(item);
            }
        }
    }
    let mut read = 0;
    while let Some(item) = to_read.pop_front() {
        if store.note(&item.oid).is_some_and(|note| note.head == Head::Database) {
            continue;
        }
        if changed.contains(&*item.path) || read == MOST {
            return false;
        }
        read += 1;
        let Some(text) = store.text(&item.oid) else { return false };
        if !is_program(language_of(&item.path, text.get(..256).unwrap_or(&text))) {
            continue;
        }
        for word in words(&text) {
            to_read.extend(by_stem.remove(word).into_iter().flatten());
        }
        let mut above = folder(&item.path);
        loop {
            to_read.extend(packages.remove(above).into_iter().flatten());
            if above.is_empty() {
                break;
            }
            above = folder(above);
        }
    }
    true
}

fn is_package(path: &str) -> bool {
    path.rsplit('/').next().is_some_and(|name| name.starts_with("__init__.") || name.starts_with("index."))
}

fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// The words of a text, as programs and files are named.
fn words(text: &[u8]) -> impl Iterator<Item = &str> {
    text.split(|byte| !(byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-') || *byte >= 0x80))
        .filter(|word| !word.is_empty())
        .filter_map(|word| std::str::from_utf8(word).ok())
}
