//! The inventory: all facts of one run, gathered in parallel and linked to the databases on disk. Holds no opinion.

mod context;
mod duplicates;
mod files;
mod gather;
mod inventory;
mod language;
mod link;
mod mounts;
mod prefilter;
mod registry;
mod resolve;

use std::path::{Path, PathBuf};

use crate::lang::program::WrapperOpener;
use crate::tree;

pub use inventory::{Context, Database, DatabaseId, Duplicate, Inventory, Linked, Side, SourceInfo, Tracking};

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
    /// 0 lets the machine decide.
    pub threads: usize,
}

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
        let gathered = gather::gather(root, &tree.entries, &options.openers);
        Ok(link::link(root, tree, gathered, options))
    };
    match rayon::ThreadPoolBuilder::new().num_threads(options.threads).stack_size(STACK).build() {
        Ok(pool) => pool.install(work),
        // Without threads of its own the work is done on this one.
        Err(_) => work(),
    }
}

#[cfg(test)]
#[path = "scan_tests.rs"]
mod tests;
