//! The databases of a run while they are collected: files on disk and the paths that sources name.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::resolve::{Identity, name_of};
use super::{Database, DatabaseId, Tracking};
use crate::db::DatabaseFile;
use crate::lang::Engine;

/// The databases of a run while they are collected.
#[derive(Default)]
pub(super) struct Registry {
    known: BTreeMap<String, Known>,
}

struct Known {
    engine: Engine,
    temporary: bool,
    is_pattern: bool,
    spellings: BTreeSet<String>,
    file: Option<DatabaseFile>,
    tracking: Tracking,
}

impl Registry {
    pub(super) fn knows(&self, path: &str) -> bool {
        self.known.contains_key(path)
    }

    pub(super) fn add_file(&mut self, file: DatabaseFile, tracking: Tracking) {
        let known = self.known.entry(file.path.clone()).or_insert_with(|| Known {
            engine: Engine::Sqlite,
            temporary: false,
            is_pattern: false,
            spellings: BTreeSet::new(),
            tracking,
            file: None,
        });
        *known = Known {
            temporary: false,
            is_pattern: false,
            tracking,
            file: Some(file),
            engine: Engine::Sqlite,
            spellings: std::mem::take(&mut known.spellings),
        };
    }

    pub(super) fn add(&mut self, identity: &Identity) {
        let known = self.known.entry(identity.path.clone()).or_insert_with(|| Known {
            engine: identity.engine,
            temporary: identity.temporary,
            is_pattern: identity.path.contains('*'),
            spellings: BTreeSet::new(),
            file: None,
            tracking: Tracking::default(),
        });
        if identity.spelling != identity.path {
            known.spellings.insert(identity.spelling.clone());
        }
    }

    /// The databases in path order, and where each path stands.
    pub(super) fn finish(self) -> (Vec<Database>, HashMap<String, DatabaseId>) {
        let mut databases = Vec::with_capacity(self.known.len());
        let mut index = HashMap::new();
        for (path, known) in self.known {
            index.insert(path.clone(), DatabaseId(databases.len()));
            databases.push(Database {
                name: name_of(&path).to_owned(),
                path,
                engine: known.engine,
                spellings: known.spellings.into_iter().collect(),
                file: known.file,
                tracking: known.tracking,
                temporary: known.temporary,
                is_pattern: known.is_pattern,
            });
        }
        (databases, index)
    }
}
