//! The policy: what `dbguard.toml` allows, each entry with the place it stands. Judges nothing.

mod extend;
mod follow;
mod globs;
mod locate;
mod moves;
mod near;
mod opener;
mod read;
#[cfg(test)]
mod schema;
mod sections;

pub use extend::load_from;
pub use follow::{Added, Anchor};
pub use globs::{Globs, matches_path};
pub use locate::{load, locate};
pub use moves::{Move, Moves, TableOf};
pub use near::nearest;
pub use sections::parse;

use std::collections::BTreeMap;

use crate::finding::Severity;
use crate::text::Place;

/// `dbguard.toml`, as DESIGN section 4 has it. Empty when there is none.
#[derive(Debug, Clone, Default)]
pub struct Policy {
    /// The file it was read from, relative to the root where it lies below it; `None` without a policy.
    pub file: Option<String>,
    /// The files that it builds on, the nearest first, named in the same way.
    pub extends: Vec<String>,
    pub primary: Option<Primary>,
    pub specialised: Vec<Specialised>,
    pub retired: Vec<Retired>,
    pub external: Vec<External>,
    /// Tables renamed inside the primary: old name, new name.
    pub tables: Vec<(Written<String>, String)>,
    /// Old names of tables that a plan puts a view under. No policy file says so.
    pub views: Vec<String>,
    /// One place under several names: a path as a container or service sees it, and the folder of the tree that it is.
    pub mounts: Vec<(Written<String>, String)>,
    pub places: Places,
    pub python: Python,
    pub suppression: Suppression,
    /// Severity by rule; `None` is off.
    pub rules: BTreeMap<String, Written<Option<Severity>>>,
    /// Mistakes in the file; each becomes a finding.
    pub mistakes: Vec<Mistake>,
    /// The file is not TOML: `mistakes` says where it breaks off, and nothing else of it was taken.
    pub broken: bool,
}

/// A value with the place it is written at, which findings point to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written<T> {
    pub value: T,
    pub place: Place,
}

#[derive(Debug, Clone)]
pub struct Primary {
    /// Empty for an engine that is reached by URL only.
    pub path: Written<String>,
    /// What code must read; its default must be `path`.
    pub env: Written<String>,
    pub aliases: Vec<Written<String>>,
    pub engine: crate::lang::Engine,
    /// Where the engine is named; `None` for the default.
    pub engine_at: Option<Place>,
    /// `url-env`, for engines reached by URL.
    pub url_env: Option<Written<String>>,
}

#[derive(Debug, Clone)]
pub struct Specialised {
    pub path: Written<String>,
    pub env: Option<Written<String>>,
    pub allowed_in: Vec<Written<String>>,
    pub why: Option<String>,
}

#[derive(Debug, Clone)]
pub struct Retired {
    pub path: Written<String>,
    /// Its tables under their names in the primary.
    pub tables: Vec<(Written<String>, String)>,
    pub why: Option<String>,
}

#[derive(Debug, Clone)]
pub struct External {
    pub path: Written<String>,
    pub owner: Option<String>,
}

#[derive(Debug, Clone, Default)]
pub struct Places {
    /// May spell the path out.
    pub config: Vec<Written<String>>,
    /// Where throw-away databases may live.
    pub temporary: Vec<Written<String>>,
    pub tests: Vec<Written<String>>,
    /// Not looked at.
    pub exclude: Vec<Written<String>>,
}

/// What is asked of comments that allow a rule.
#[derive(Debug, Clone, Default)]
pub struct Suppression {
    /// They must say why.
    pub require_reason: Option<Written<bool>>,
}

#[derive(Debug, Clone, Default)]
pub struct Python {
    pub openers: Vec<Written<Opener>>,
    /// What a fix writes, with `{env}` and `{path}`.
    pub access: Option<Written<String>>,
    /// What a fix imports instead.
    pub import: Option<Written<String>>,
}

/// A function of the project that opens the database whose path it is given: `app.db.DBRouter(1)`, `open_store(path)`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opener {
    /// Dotted name.
    pub function: String,
    pub argument: Argument,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Argument {
    /// 0-based.
    Position(usize),
    Keyword(String),
}

/// Something wrong in the policy: a key nobody knows, a value of the wrong kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    pub place: Place,
    pub message: String,
    /// "did you mean `env`?"
    pub help: Option<String>,
}
