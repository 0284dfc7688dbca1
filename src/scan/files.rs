//! The database files of a tree, examined.

use std::collections::BTreeMap;
use std::path::Path;

use rayon::prelude::*;

use super::Tracking;
use crate::db::{self, DatabaseFile, State};
use crate::tree::{self, Entry, Kind, kind};

/// Every file that is a database, or is named like one.
pub(super) fn candidates<'e>(entries: &'e [Entry], found_by_bytes: &'e [Entry]) -> Vec<&'e Entry> {
    entries
        .iter()
        .filter(|entry| matches!(entry.kind, Kind::Database | Kind::NamedLikeDatabase | Kind::LfsPointer))
        .chain(found_by_bytes)
        .collect()
}

/// What stands in them, and what git says of them.
pub(super) fn examine(root: &Path, entries: &[Entry], candidates: &[&Entry]) -> Vec<(DatabaseFile, Tracking)> {
    let mut sidecars: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for entry in entries.iter().filter(|entry| entry.kind == Kind::Sidecar) {
        if let Some(owner) = kind::sidecar_owner(&entry.path) {
            sidecars.entry(owner).or_default().push(entry.path.to_string());
        }
    }
    let tracked: Vec<&str> = candidates.iter().filter(|entry| entry.tracked).map(|entry| entry.path.as_ref()).collect();
    let in_lfs = tree::in_lfs(root, &tracked);
    candidates
        .par_iter()
        .map(|entry| {
            let (state, schema) = match foreign(entry) {
                Some(state) => (state, None),
                None => db::read(&entry.absolute),
            };
            let tracking = Tracking {
                tracked: entry.tracked,
                ignored: entry.ignored,
                lfs: entry.kind == Kind::LfsPointer || in_lfs.contains(entry.path.as_ref()),
            };
            let file = DatabaseFile {
                path: entry.path.to_string(),
                absolute: entry.absolute.clone(),
                size: entry.size,
                state,
                schema,
                sidecars: sidecars.get(entry.path.as_ref()).cloned().unwrap_or_default(),
            };
            (file, tracking)
        })
        .collect()
}

/// Another format under a database's name.
fn foreign(entry: &Entry) -> Option<State> {
    if entry.kind == Kind::Database {
        return None;
    }
    let format = if entry.absolute.is_dir() {
        kind::foreign_folder(&entry.absolute)
    } else {
        kind::foreign_format(&tree::head(&entry.absolute).ok()?)
    };
    format.map(|format| State::NotSqlite(format.to_owned()))
}
