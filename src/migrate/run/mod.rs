//! A plan carried out and undone: locks, journal, backups, fences, publishing, the code half, retiring. The only part of
//! `migrate` that writes to live databases; knows nothing of how rows are merged.

mod anew;
mod apply;
mod audit;
mod backup;
mod cleanup;
mod code;
mod describe;
mod fence;
mod folder;
mod freeze;
mod holders;
mod journal;
mod live;
mod lock;
mod pages;
mod preflight;
mod publish;
mod rehearse;
mod report;
mod retire;
mod rollback;
mod stand_ins;
mod state;
mod status;
mod trouble;
mod verify;

use std::path::Path;

use crate::migrate::Stop;
use crate::migrate::plan::{self, Plan};
use crate::text::Source;
use folder::{Home, RunFolder};
use state::State;

pub use apply::{Half, Outcome, Request, apply, look, unfinished};
pub use cleanup::{Cleaned, Cleanup, cleanup};
pub use code::{FileChange, digest};
pub use describe::{Described, Descriptions, describe, undescribed};
pub use journal::Hold;
pub use preflight::{Look, Looked, Space};
pub use rehearse::{Rehearsal, rehearse};
pub use report::{Became, Report, Reported, Used, keep_report, report};
pub use rollback::{Undo, Undone, finish_undo, rollback};
pub use state::Standing;
pub use status::{OldPath, RunStatus, Status, status};
pub use verify::{Verification, verify};

/// Whether a run stopped because the plan has open choices: a finding, not a failure.
#[must_use]
pub fn is_undecided(stop: &Stop) -> bool {
    stop.title == preflight::UNDECIDED
}

/// The last run that got as far as its first line.
fn last_run(home: &Home) -> Result<Option<(RunFolder, State)>, Stop> {
    for folder in home.runs()?.into_iter().rev() {
        let state = State::at(&folder.journal())?;
        if state.begin.is_some() {
            return Ok(Some((folder, state)));
        }
    }
    Ok(None)
}

/// Databases whose rows have moved for good: what finished runs retired, by real path.
///
/// # Errors
/// A journal cannot be read, or is damaged.
pub fn moved(root: &Path) -> Result<Vec<std::path::PathBuf>, Stop> {
    let mut moved = Vec::new();
    for folder in Home::of(root).runs()? {
        let state = State::at(&folder.journal())?;
        if let Some(begin) =
            state.begin.as_ref().filter(|_| matches!(state.standing(), Standing::Done | Standing::Committed))
        {
            moved.extend(begin.retired().map(|subject| subject.path.clone()));
        }
    }
    Ok(moved)
}

/// The plan of a run, as it was when the run began.
fn kept_plan(folder: &RunFolder) -> Result<Plan, Stop> {
    plan::read(&Source::new("migration.toml", folder.read("migration.toml")?)).map_err(|mistakes| {
        let words: Vec<&str> = mistakes.iter().map(|mistake| mistake.message.as_str()).collect();
        let happened = format!("{}: {}", folder.path().join("migration.toml").display(), words.join("; "));
        Stop::new("the plan of a run cannot be read", happened, "use the dbguard that made the run")
    })
}

/// A path as people know it: relative to the root where it lies there.
fn shown(root: &Path, path: &Path) -> String {
    path.strip_prefix(root).unwrap_or(path).display().to_string()
}
