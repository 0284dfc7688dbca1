//! The database files of a tree, examined.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::store::Store;
use super::{Database, Tracking};
use crate::db::{self, DatabaseFile, State};
use crate::tree::{self, Entry, Kind, Oid, kind};

/// Every file that is a database, or is named like one.
pub(super) fn candidates<'e>(entries: &'e [Entry], found_by_bytes: &'e [Entry]) -> Vec<&'e Entry> {
    entries
        .iter()
        .filter(|entry| matches!(entry.kind, Kind::Database | Kind::NamedLikeDatabase | Kind::LfsPointer))
        .chain(found_by_bytes)
        .collect()
}

/// What stands in them, and what git says of them.
pub(super) fn examine(
    root: &Path,
    store: Option<&Store<'_>>,
    entries: &[Entry],
    candidates: &[&Entry],
) -> Vec<(DatabaseFile, Tracking)> {
    let mut sidecars: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for entry in entries.iter().filter(|entry| entry.kind == Kind::Sidecar) {
        if let Some(owner) = kind::sidecar_owner(&entry.path) {
            sidecars.entry(owner).or_default().push(entry.path.to_string());
        }
    }
    let tracked: Vec<&str> = candidates.iter().filter(|entry| entry.tracked).map(|entry| entry.path.as_ref()).collect();
    let in_lfs = match store {
        Some(store) => store.in_lfs(&tracked),
        None => tree::in_lfs(root, &tracked),
    };
    candidates
        .par_iter()
        .map(|entry| {
            let mut blob = None;
            let (state, schema) = match (store, &entry.blob) {
                (Some(store), Some(oid)) => {
                    blob = store.database(oid);
                    match &blob {
                        Some(bytes) => held(entry, store, oid, bytes),
                        None => (State::Unreadable(NOT_OPENED.to_owned()), None),
                    }
                }
                _ => match foreign(entry) {
                    Some(state) => (state, None),
                    None => db::read(&entry.absolute),
                },
            };
            let tracking = Tracking {
                tracked: entry.tracked,
                ignored: entry.ignored,
                lfs: entry.kind == Kind::LfsPointer || in_lfs.contains(entry.path.as_ref()),
            };
            let file = DatabaseFile {
                path: entry.path.to_string(),
                absolute: entry.absolute.clone(),
                blob,
                size: entry.size,
                state,
                schema,
                sidecars: sidecars.get(entry.path.as_ref()).cloned().unwrap_or_default(),
            };
            (file, tracking)
        })
        .collect()
}

/// Which of the databases that git tracks are in use where they lie.
pub(super) fn in_use(store: Option<&Store<'_>>, databases: &[Database]) -> Vec<(String, db::Use)> {
    let tracked: Vec<&DatabaseFile> = databases
        .iter()
        .filter(|database| database.tracking.tracked)
        .filter_map(|database| database.file.as_ref())
        .filter(|file| !matches!(file.state, State::NotSqlite(_)))
        .collect();
    let paths: Vec<PathBuf> = tracked.iter().map(|file| file.absolute.clone()).collect();
    let signs = match store {
        Some(store) => store.in_use(&paths),
        None => db::in_use(&paths),
    };
    tracked.iter().zip(signs).filter_map(|(file, sign)| Some((file.path.clone(), sign?))).collect()
}

const NOT_OPENED: &str = "too large to be opened out of git's store";

/// What a content of git is.
fn held(entry: &Entry, store: &Store<'_>, oid: &Oid, bytes: &[u8]) -> (State, Option<db::Schema>) {
    match kind::foreign_format(bytes.get(..128).unwrap_or(bytes)).filter(|_| entry.kind != Kind::Database) {
        Some(format) => (State::NotSqlite(format.to_owned()), None),
        None => store.opened(oid, bytes),
    }
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
