//! Frozen sources and a plan to one new database, the stage, with an account for every row. The base is copied page by page,
//! the others are merged into it. Writes the stage alone; proves nothing of what it did.

mod aside;
mod catalogue;
mod dangling;
mod holders;
mod holes;
mod keys;
mod layout;
mod load;
mod lossless;
mod matching;
mod names;
mod objects;
mod part;
mod reading;
mod refs;
mod rename;
mod resolve;
mod sequences;
mod shape;
mod start;
mod tables;
mod transcode;
mod unique;
mod virtuals;

use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::plan::Plan;
use super::{Account, Progress, Stop};
use catalogue::Catalogue;
use keys::Hulls;
use layout::Layout;
use refs::Reference;
use shape::Shaped;

/// A source whose rows move: the file that is read.
#[derive(Debug, Clone)]
pub struct Input {
    /// Its id in the plan.
    pub id: String,
    /// The frozen database.
    pub path: PathBuf,
}

/// How the keys of one source table became keys of the target: rowids, or primary keys where there are none.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct KeyMap {
    pub source: String,
    pub table: String,
    pub keys: Keys,
    /// The lowest and the highest key that moved; others, which can only dangle, stayed.
    pub reach: Option<(i64, i64)>,
    /// Rows that `dbguard_key_map` lists, because the rule does not hold for them.
    pub exceptions: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Keys {
    /// As they were.
    Identity,
    /// Each is the old one and this number.
    Offset(i64),
}

/// An object of a schema that is no table: where it came from, and what it is in the target.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Carried {
    pub source: String,
    /// `index`, `view` or `trigger`.
    pub kind: String,
    pub name: String,
    /// Its name in the target; `None` where it was left out, and a warning says why.
    pub target: Option<String>,
}

/// What was staged. The proofs trust none of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Staged {
    pub accounts: Vec<Account>,
    pub keys: Vec<KeyMap>,
    pub objects: Vec<Carried>,
    pub warnings: Vec<String>,
    /// The journal mode that the base has, for the target; the stage itself keeps a rollback journal.
    pub journal_mode: String,
}

/// Merges `inputs` into a new database at `stage`, as the plan says. Every merged source of the plan needs its input; they
/// are only read, one attached at a time. What stood at `stage` is replaced.
///
/// # Errors
/// Whatever the plan leaves undecided, and whatever a copy could only do by losing something.
pub fn stage(plan: &Plan, inputs: &[Input], stage: &Path, progress: &dyn Progress) -> Result<Staged, Stop> {
    let mut work = start::start(plan, inputs, stage, progress)?;
    objects::lay_aside(&mut work)?;
    aside::prepare(&work.db)?;
    tables::create(&mut work)?;
    objects::create_first(&mut work)?;
    keys::reserve(&mut work)?;
    for source in 0..work.sources.len() {
        load::load(&mut work, source)?;
    }
    load::accounts(&mut work)?;
    sequences::set(&mut work)?;
    objects::create(&mut work)?;
    virtuals::rebuild(&work)?;
    rename::rename(&mut work)?;
    aside::finish(&work.db)?;
    start::statistics(&work)?;
    let Work { db, staged, .. } = work;
    for index in 0..inputs.len() {
        start::remove(&start::beside(stage, index), "")?;
    }
    db.close().map_err(|(_, error)| Stop::from(error))?;
    Ok(staged)
}

/// Everything that the steps share: the stage is `main`, the source that is being read is attached as `src`.
struct Work<'a> {
    plan: &'a Plan,
    db: Connection,
    sources: Vec<Source>,
    base: Option<usize>,
    layout: Layout,
    staged: Staged,
    /// References of each source.
    refs: Vec<Vec<Reference>>,
    hulls: Hulls,
    /// How far the rowids of each member moved.
    moved: Vec<(usize, i64)>,
    /// Marks of AUTOINCREMENT by table of the target.
    marks: Vec<(String, i64)>,
    /// Full-text tables whose content changed.
    rebuild: Vec<String>,
    /// Member, source, account.
    accounts: Vec<(usize, usize, Account)>,
    /// Objects of the schema that are made when all rows are there.
    later: Vec<objects::Later>,
    progress: &'a dyn Progress,
}

/// One merged source.
struct Source {
    id: String,
    path: PathBuf,
    /// Reads it beside the stage: rows of earlier sources, when a later one changes what became of them.
    reader: Connection,
    catalogue: Catalogue,
    /// Its schema under the names of the target; `None` for the base, whose schema stands in the stage itself.
    shaped: Option<Shaped>,
}

impl Work<'_> {
    fn warn(&mut self, words: String) {
        self.staged.warnings.push(words);
    }

    fn id(&self, source: usize) -> String {
        self.sources.get(source).map_or_else(String::new, |source| source.id.clone())
    }
}
