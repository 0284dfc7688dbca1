//! The inventory: all facts of one run, gathered in parallel and linked to the databases on disk. Holds no opinion.

mod apart;
mod aside;
mod context;
mod duplicates;
mod files;
mod gather;
mod inventory;
mod language;
mod link;
mod lowered;
mod matrix;
mod mounts;
mod prefilter;
mod registry;
mod remembered;
mod resolve;
mod shelf;
mod statements;
mod steps;
mod store;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::db::DatabaseFile;
use crate::lang::program::{Files, WrapperOpener, is_program};
use crate::text::Rewrite;
use crate::tree::{self, Change, Item, Kind, Tree};

use gather::Texts;
use language::language_of;
use prefilter::Named;

pub use apart::stands_apart;
pub use context::{DOCUMENT_FOLDERS, TEST_FOLDERS, TEST_NAMES};
pub use duplicates::is_bookkeeping;
pub use inventory::{Context, Database, DatabaseId, Duplicate, Inventory, Linked, Side, SourceInfo, Tracking};
pub use matrix::{Hand, Usage, matrix};
pub use statements::{Judged, Tally, Trial, added_column, is_code, judge};
pub use store::Store;

/// What a scan is told beforehand; the policy's part comes in as plain values.
#[derive(Debug, Default, Clone)]
pub struct Options {
    /// Files and folders to stay within; empty for the whole tree.
    pub paths: Vec<PathBuf>,
    /// Globs of what is not looked at.
    pub exclude: Option<globset::GlobSet>,
    /// Globs of what counts as tests, beside the usual names.
    pub tests: Option<globset::GlobSet>,
    /// One place under several names: a path as services see it, and the folder of the tree that it is.
    pub mounts: Vec<(String, String)>,
    /// Functions of the project that open what they are given.
    pub openers: Vec<WrapperOpener>,
    /// Tables that the policy gives another name: whoever speaks of one is read, or it would be renamed in half of its places.
    pub tables: Vec<String>,
    /// 0 lets the machine decide.
    pub threads: usize,
    /// Read in place of what is on disk.
    pub overlay: Overlay,
    /// No row of a database is read, so that nothing is told of tables which two of them share.
    pub no_rows: bool,
}

/// What files are read as in place of what they are, by their path relative to the root.
pub type Overlay = BTreeMap<Arc<str>, Rewrite>;

/// Deep nesting is followed up to a bound; this holds it with room to spare.
const STACK: usize = 16 * 1024 * 1024;

/// Reads a tree: sources, references, table uses, databases with their schemas.
///
/// # Errors
/// When the root or one of the paths is missing or unreadable. Files that cannot be read are in `skipped`.
pub fn scan(root: &Path, options: &Options) -> Result<Inventory, tree::Error> {
    let walk = tree::Options { paths: options.paths.clone(), exclude: options.exclude.clone() };
    let work = || {
        let tree = tree::walk(root, &walk)?;
        let listing = Listing::of(tree);
        let gathered = gather::gather(Texts::OnDisk(root, &options.overlay), &listing, &Named::of(options));
        Ok(link::link(root, None, listing.tree, gathered, options))
    };
    with_threads(options.threads, work)
}

/// The databases that lie on disk, whatever git says of them.
///
/// # Errors
/// As [`scan`].
pub fn databases_on_disk(root: &Path, options: &Options) -> Result<Vec<DatabaseFile>, tree::Error> {
    let walk = tree::Options { paths: Vec::new(), exclude: options.exclude.clone() };
    with_threads(options.threads, || {
        let tree = tree::walk(root, &walk)?;
        let candidates = files::candidates(&tree.entries, &[]);
        Ok(files::examine(root, None, &tree.entries, &candidates).into_iter().map(|(file, _)| file).collect())
    })
}

/// What is in a tree, before anything is read.
pub struct Listing {
    /// Those that stand by are among the programs, or count for nothing.
    tree: Tree,
    /// Its programs, as far as their names tell.
    programs: Arc<Files>,
}

impl Listing {
    fn of(mut tree: Tree) -> Self {
        let texts = tree.entries.iter().filter(|entry| entry.kind == Kind::Text).map(|entry| Arc::clone(&entry.path));
        let all = std::mem::take(&mut tree.standing_by).into_iter().chain(texts);
        let mut programs: Vec<Arc<str>> = all.filter(|path| is_program(language_of(path, b""))).collect();
        programs.sort();
        Self { tree, programs: Arc::new(Files::of(programs)) }
    }

    /// A tree as git holds it. `items` are its files in the order of their paths, known to `store`.
    #[must_use]
    pub fn held(items: &[Item], store: &Store<'_>, options: &Options) -> Self {
        let walk = tree::Options { paths: Vec::new(), exclude: options.exclude.clone() };
        Self::of(tree::held(store.root(), items, &walk, store))
    }

    /// The same before these changes, where only contents changed.
    #[must_use]
    pub fn before(&self, changes: &[Change], store: &Store<'_>) -> Option<Self> {
        let entries = tree::before(&self.tree.entries, changes, store)?;
        let Tree { skipped, links, in_git, .. } = &self.tree;
        let tree =
            Tree { entries, standing_by: Vec::new(), skipped: skipped.clone(), links: links.clone(), in_git: *in_git };
        Some(Self { tree, programs: Arc::clone(&self.programs) })
    }
}

/// Reads a tree as git holds it, the same way. `items` are what was listed.
#[must_use]
pub fn scan_held(listing: Listing, items: &[Item], store: &Store<'_>, options: &Options) -> Inventory {
    with_threads(options.threads, || {
        let gathered = gather::gather(Texts::InGit(store, items), &listing, &Named::of(options));
        link::link(store.root(), Some(store), listing.tree, gathered, options)
    })
}

/// Does some work on threads of its own, where what is nested deeply finds room; 0 threads lets the machine decide. Work that is on
/// such threads already stays there.
pub fn with_threads<T: Send>(threads: usize, work: impl FnOnce() -> T + Send) -> T {
    if rayon::current_thread_index().is_some() {
        return work();
    }
    match rayon::ThreadPoolBuilder::new().num_threads(threads).stack_size(STACK).build() {
        Ok(pool) => pool.install(work),
        // Without threads of its own the work is done on this one.
        Err(_) => work(),
    }
}

/// The same for two works at once, which share the threads.
pub fn side_by_side<A: Send, B: Send>(
    threads: usize,
    one: impl FnOnce() -> A + Send,
    other: impl FnOnce() -> B + Send,
) -> (A, B) {
    with_threads(threads, || rayon::join(one, other))
}

#[cfg(test)]
#[path = "scan_tests.rs"]
mod tests;
