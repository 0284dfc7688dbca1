//! Whether a target is what its run published, where no digest of pages can tell: it is staged again from the backups, and
//! both are compared row by row. Takes as long as the staging did. Writes only into the folder of the run.

use std::fs;
use std::path::{Path, PathBuf};

use super::folder::{RunFolder, now};
use super::publish::{self, Ledger};
use super::state::{Begin, State};
use super::{backup, live, trouble};
use crate::db;
use crate::migrate::plan::{Action, Plan};
use crate::migrate::{Input, Progress, Stop, stage};

/// The backups of the sources that were merged, in the order of the plan; `None` where one is missing or damaged.
pub(super) fn inputs(folder: &RunFolder, plan: &Plan, begin: &Begin, state: &State) -> Option<Vec<Input>> {
    let backups = folder.path().join("backup");
    let is_merged = |id: &str| begin.sources.iter().any(|it| it.id == id && it.action == Action::Merge);
    plan.sources
        .iter()
        .filter(|source| is_merged(&source.id))
        .map(|source| {
            let copy = state.backups.get(&source.id).filter(|copy| copy.is_whole(&backups))?;
            Some(Input { id: source.id.clone(), path: copy.file(&backups) })
        })
        .collect()
}

/// Compares every row and the schema; fences and the run's own line in the ledger are looked past.
pub(super) fn is_as_published(
    folder: &RunFolder,
    begin: &Begin,
    state: &State,
    progress: &dyn Progress,
) -> Result<bool, Stop> {
    let plan = super::kept_plan(folder)?;
    let Some(inputs) = inputs(folder, &plan, begin, state) else { return Ok(false) };
    let scratch = folder.inside(&format!("anew-{}", now().replace(':', "")))?;
    let compared = compare(folder, begin, &plan, &inputs, &scratch, progress);
    fs::remove_dir_all(&scratch).map_err(|error| trouble::io("remove a scratch folder", &scratch, &error))?;
    compared
}

fn compare(
    folder: &RunFolder,
    begin: &Begin,
    plan: &Plan,
    inputs: &[Input],
    scratch: &Path,
    progress: &dyn Progress,
) -> Result<bool, Stop> {
    let anew = scratch.join("stage.db");
    stage(plan, inputs, &anew, progress)?;
    let ledger = Ledger { run: &folder.id, plan: &begin.plan, sources: "[]", applied_at: &begin.at };
    publish::prepare(&anew, &ledger, false)?;
    let present = backup::copy(&begin.target, &scratch.join("present"), "present", progress)?;
    let present = present.file(&scratch.join("present"));
    Ok(content(anew, &folder.id)? == content(present, &folder.id)?)
}

fn content(copy: PathBuf, run: &str) -> Result<String, Stop> {
    publish::drop_fences(&copy, std::time::Duration::ZERO)?;
    let connection = live::open(&copy, std::time::Duration::ZERO)?;
    connection
        .execute("DELETE FROM dbguard_migrations WHERE run = ?1", [run])
        .and_then(|_| db::content::of_connection(&connection))
        .map(|content| content.digest)
        .map_err(|error| trouble::sqlite("compare a database", &copy, &error))
}
