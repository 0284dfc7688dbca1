//! Many databases become one: planned, staged, proved, published, and undone if asked. The only room that writes databases;
//! knows nothing of code.

#[cfg(test)]
mod cases;
mod connect;
pub mod examine;
mod outline;
mod parallel;
pub mod plan;
pub mod propose;
mod prove;
mod row;
pub mod run;
mod stage;
#[cfg(test)]
mod trial_tests;

pub use outline::outline;
use parallel::side_by_side;
pub use plan::Plan;
pub use prove::prove;
pub use stage::{Carried, Input, KeyMap, Keys, Staged, stage};

/// Why a run stopped before anything was changed. Never holds the content of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stop {
    pub title: String,
    pub happened: String,
    pub next: String,
}

impl Stop {
    #[must_use]
    pub fn new(title: impl Into<String>, happened: impl Into<String>, next: impl Into<String>) -> Self {
        Self { title: title.into(), happened: happened.into(), next: next.into() }
    }
}

impl std::fmt::Display for Stop {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}: {}", self.title, self.happened)
    }
}

impl std::error::Error for Stop {}

/// Hears how far a run is. Drawn by whoever runs it; the default hears nothing.
pub trait Progress: Sync {
    /// A step begins; `rows` and `bytes` are what it expects to do, 0 where it cannot know.
    fn begin(&self, _step: &str, _rows: u64, _bytes: u64) {}
    /// So much more of the step is done.
    fn advance(&self, _rows: u64, _bytes: u64) {}
    fn end(&self) {}
}

/// Hears nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Progress for Silent {}

/// What became of the rows of one source table. It must add up: `rows = copied + identical + merged + kept_aside`.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Account {
    /// The id of the source in the plan.
    pub source: String,
    pub table: String,
    /// Its name in the target; `None` where the plan leaves the table out.
    pub target: Option<String>,
    pub rows: u64,
    /// Rows of their own in the target.
    pub copied: u64,
    /// Rows that stood in the target already, value for value.
    pub identical: u64,
    /// Rows that gave their values to a row of the target.
    pub merged: u64,
    /// Rows that stand, whole or in part, in `dbguard_kept_aside` and nowhere else.
    pub kept_aside: u64,
}

impl Account {
    #[must_use]
    pub fn adds_up(&self) -> bool {
        self.copied + self.identical + self.merged + self.kept_aside == self.rows
    }
}

/// One thing that was shown: what was expected and what was found.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Proof {
    /// What kind of proof it is: `account`, `rows`, `foreign keys`, `indexes`, `triggers`, `views`, `sequence`, `integrity`.
    pub name: String,
    /// What it is about: a table, an object, a source.
    pub subject: String,
    pub expected: String,
    pub found: String,
    pub holds: bool,
}
