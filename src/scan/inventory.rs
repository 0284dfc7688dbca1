//! What one run knows.

use std::path::PathBuf;
use std::sync::Arc;

use serde::Serialize;

use crate::db::{DatabaseFile, Use};
use crate::lang::{
    Allow, Attach, Destroyed, Engine, EnvRead, FileCopy, IndexName, Language, Mount, Naming, Reference, Setting,
    Statement, TableUse,
};
use crate::tree::Skipped;

/// Index into [`Inventory::databases`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DatabaseId(pub usize);

/// All facts of one run, in an order that does not depend on threads.
#[derive(Debug, Clone, Default)]
pub struct Inventory {
    pub root: PathBuf,
    /// By identity; sorted by path.
    pub databases: Vec<Database>,
    /// Sorted by place.
    pub references: Vec<Linked<Reference>>,
    pub table_uses: Vec<Linked<TableUse>>,
    /// Places that name tables nobody followed to the end. Sorted by place.
    pub unfollowed: Vec<Linked<TableUse>>,
    /// Sorted by place; only where tables are renamed.
    pub index_names: Vec<IndexName>,
    pub statements: Vec<Linked<Statement>>,
    pub settings: Vec<Linked<Setting>>,
    pub env_reads: Vec<Linked<EnvRead>>,
    pub copies: Vec<Linked<FileCopy>>,
    pub attaches: Vec<Linked<Attach>>,
    /// What code does away with, in the order of the sources.
    pub destroyed: Vec<Destroyed>,
    /// Compose volumes and the like, as they are written.
    pub mounts: Vec<Mount>,
    /// Tables that stand in several databases, with their rows compared.
    pub duplicates: Vec<Duplicate>,
    pub sources: Vec<SourceInfo>,
    pub skipped: Vec<Skipped>,
    /// Lines of ignore files that matter to databases: `(file, pattern)`.
    pub ignore_patterns: Vec<(String, String)>,
    /// Comments that silence a rule for a line, from every source that has some. Sorted by place.
    pub allows: Vec<Allow>,
    /// `-wal`, `-shm` and `-journal` files that git has in its index, relative to the root. Sorted.
    pub tracked_sidecars: Vec<String>,
    pub in_git: bool,
    /// Databases that git tracks and that are in use on this machine, by path, with what tells so.
    pub in_use: Vec<(String, Use)>,
    /// Databases on disk beside a tree of git, where somebody asked for them.
    pub beside: Vec<DatabaseFile>,
}

/// A fact with the databases it concerns. `databases` holds each one it can be, the likeliest first; empty when unknown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Linked<T> {
    pub fact: T,
    pub databases: Arc<[DatabaseId]>,
    pub context: Context,
}

/// What kind of file a fact stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Context {
    Code,
    Config,
    Test,
    Docs,
    Vendored,
}

/// A database as an identity: a file on disk, or a path that code or configuration names.
#[derive(Debug, Clone)]
pub struct Database {
    /// Basename.
    pub name: String,
    /// After mounts and base directories: relative to the root when it lies (or would lie) in the tree, else absolute.
    /// A glob when parts are not known; `:memory:` for databases in memory.
    pub path: String,
    pub engine: Engine,
    /// Other spellings that code uses for it (`/app/data/zoe.db`), sorted.
    pub spellings: Vec<String>,
    pub file: Option<DatabaseFile>,
    pub tracking: Tracking,
    /// In memory, or below a temporary folder.
    pub temporary: bool,
    /// `path` has unknown parts.
    pub is_pattern: bool,
}

/// What git says of a database file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Tracking {
    pub tracked: bool,
    pub ignored: bool,
    pub lfs: bool,
}

/// One table that stands in several databases.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Duplicate {
    pub table: String,
    /// The database with the most rows first.
    pub sides: Vec<Side>,
    /// Columns by which rows were matched; empty when none could be found.
    pub matched_on: Vec<String>,
    /// The columns differ between sides.
    pub drifted: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Side {
    pub database: DatabaseId,
    pub rows: u64,
    pub columns: Vec<String>,
    /// Rows of this side that the first side lacks; `None` where rows cannot be matched.
    pub missing_in_first: Option<u64>,
    /// Rows of the first side that this side lacks; `None` where rows cannot be matched.
    pub lacks_of_first: Option<u64>,
}

/// A source that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceInfo {
    pub path: String,
    pub language: Language,
    pub context: Context,
    /// Of the bytes that were read.
    pub digest: u64,
}

impl Inventory {
    #[must_use]
    pub fn database(&self, id: DatabaseId) -> &Database {
        &self.databases[id.0]
    }

    /// The database that a path with something unknown behind it (`x.db.*`) is a copy of, where there is one.
    #[must_use]
    pub fn copied_from(&self, id: DatabaseId) -> Option<DatabaseId> {
        let whole = copied_path(&self.databases.get(id.0)?.path)?;
        self.databases.binary_search_by(|database| database.path.as_str().cmp(whole)).ok().map(DatabaseId)
    }

    /// References to one database, in order of place.
    pub fn references_to(&self, id: DatabaseId) -> impl Iterator<Item = &Linked<Reference>> {
        self.references.iter().filter(move |reference| reference.databases.contains(&id))
    }

    /// Old names of tables under which a view of a database stands, as a migration made it (`compat = "view"`).
    pub fn stand_ins(&self, id: DatabaseId) -> impl Iterator<Item = &str> {
        let schema = self.databases.get(id.0).and_then(|database| database.file.as_ref()?.schema.as_ref());
        schema.into_iter().flat_map(|schema| {
            let writes_through = |view: &str| {
                let ours = format!("dbguard_{view}_insert");
                schema
                    .triggers
                    .iter()
                    .any(|it| it.table.eq_ignore_ascii_case(view) && it.name.eq_ignore_ascii_case(&ours))
            };
            schema.views.iter().map(|view| view.name.as_str()).filter(move |view| writes_through(view))
        })
    }

    /// Places of the program that name a table, or a view, of a database, or of one that is not known. Words that only may be
    /// its name count where something else names it.
    #[must_use]
    pub fn uses_of(&self, id: DatabaseId, name: &str) -> Vec<&Linked<TableUse>> {
        let mut uses: Vec<_> = self
            .table_uses
            .iter()
            .filter(|own| own.fact.table.eq_ignore_ascii_case(name) && own.context != Context::Docs)
            .filter(|own| own.databases.is_empty() || own.databases.contains(&id))
            .collect();
        if uses.iter().all(|own| own.fact.naming == Naming::Spoken) {
            uses.clear();
        }
        uses
    }

    /// The database that lies at a path of the tree, else the first that is called so. A throw-away one may be spelled like it.
    #[must_use]
    pub fn at(&self, path: &str) -> Option<DatabaseId> {
        let exact = self.databases.iter().position(|database| database.path == path).map(DatabaseId);
        exact.or_else(|| self.find(path).first().copied())
    }

    /// The database whose path, name or spelling fits `words`: a path fits when it is the tail of one, by whole components.
    #[must_use]
    pub fn find(&self, words: &str) -> Vec<DatabaseId> {
        (0..self.databases.len()).filter(|&index| self.databases[index].is_called(words)).map(DatabaseId).collect()
    }
}

/// What a path is without the unknown part behind it: `x.db` of `x.db.*`.
pub(super) fn copied_path(path: &str) -> Option<&str> {
    path.strip_suffix('*').map(|path| path.trim_end_matches(['.', '-', '_']))
}

impl Database {
    /// Whether `words` names this database: its path, one of its spellings, or the last components of either.
    #[must_use]
    pub fn is_called(&self, words: &str) -> bool {
        let words = words.trim_start_matches("./");
        std::iter::once(&self.path).chain(&self.spellings).any(|path| {
            let path = path.trim_start_matches("./");
            path == words || !words.starts_with('/') && path.strip_suffix(words).is_some_and(|head| head.ends_with('/'))
        })
    }
}
