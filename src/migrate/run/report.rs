//! All that is known of a run, read again from its folder alone: the journal, the plan, the accounts and the proofs. Opens no
//! database; knows nothing of how it is told.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::folder::{Home, RunFolder};
use super::journal::{self, Record};
use super::shown;
use super::state::{Standing, State, Subject};
use crate::migrate::plan::{Action, AfterSources, Plan};
use crate::migrate::{Account, Carried, Proof, Staged, Stop};

/// A run, from its beginning to how it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    pub run: String,
    pub standing: Standing,
    /// Done on copies, which were thrown away.
    pub rehearsed: bool,
    /// Times in UTC, to the second.
    pub began: String,
    pub committed: Option<String>,
    /// Its last line so far.
    pub last: String,
    /// The dbguard that began it.
    pub version: String,
    /// Why it was given up.
    pub why: Option<String>,
    /// Relative to the root where it lies there.
    pub target: String,
    pub target_is_new: bool,
    /// Whether the databases moved; else only the code changed.
    pub data: bool,
    /// Tables of the target with their rows, as they were published.
    pub tables: Vec<(String, u64)>,
    /// Every database of the plan, in its order.
    pub databases: Vec<Reported>,
    pub accounts: Vec<Account>,
    pub objects: Vec<Carried>,
    pub proofs: Vec<Proof>,
    /// Milliseconds of each step, in order.
    pub times: Vec<(String, u64)>,
    /// Files of the code that the run replaced, relative to the root.
    pub files: Vec<String>,
    /// Who read and wrote what when the run began.
    pub uses: Vec<Used>,
    pub warnings: Vec<String>,
    /// Days for which the plan keeps what is needed to undo it.
    pub keep_days: u32,
    /// It was cleaned up: it cannot be undone any more.
    pub cleaned: bool,
}

/// One database of the plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reported {
    /// Its id in the plan.
    pub id: String,
    /// Relative to the root where it lies there.
    pub path: String,
    pub action: Option<Action>,
    pub became: Became,
    /// `None` where nobody counted.
    pub tables: Option<u64>,
    pub rows: Option<u64>,
    pub bytes: Option<u64>,
    /// Where its file is kept, relative to the root.
    pub archive: Option<String>,
}

/// A function of the code that used a table of a source when the run began.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Used {
    /// Relative to the root where it lies there.
    pub database: String,
    pub table: String,
    pub file: String,
    /// `None` for what stands outside of any function.
    pub function: Option<String>,
    pub reads: bool,
    pub writes: bool,
    pub defines: bool,
}

/// What stands at the path of a database when the run has gone as far as it did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Became {
    /// The target.
    Target,
    /// Itself: the plan leaves it alone, or the run did not get there.
    Itself,
    /// Itself, fenced: somebody still reads it.
    Fenced,
    /// Nothing: the file moved into the archive.
    Archived,
    /// A link to the target; the file moved into the archive.
    Linked,
    /// A text that no client takes for a database; the file moved into the archive.
    Tombstone,
}

/// The report of a run, or of the last one.
///
/// # Errors
/// There is no such run, or its folder cannot be read.
pub fn report(root: &Path, run: Option<&str>) -> Result<Report, Stop> {
    let home = Home::of(root);
    for folder in home.runs()?.into_iter().rev().filter(|folder| run.is_none_or(|run| run == folder.id)) {
        let records = journal::read(&folder.journal())?;
        let state = State::of(&records);
        state.is_known(&records, &folder.journal())?;
        if state.begin.is_some() {
            return read(root, &folder, &records, &state);
        }
    }
    let happened = match run {
        Some(run) => format!("the project has no run {run}"),
        None => "nothing was migrated here".to_owned(),
    };
    Err(Stop::new("there is nothing to report", happened, "see `dbguard migrate status`"))
}

/// Keeps a text of a report with its run, or with the rehearsal, where only the last one is kept. Gives where it stands.
///
/// # Errors
/// The file cannot be written.
pub fn keep_report(root: &Path, report: &Report, name: &str, text: &[u8]) -> Result<PathBuf, Stop> {
    let home = Home::of(root);
    let folder = if report.rehearsed { home.rehearsed()? } else { home.run(&report.run) };
    folder.write(name, text)?;
    Ok(folder.path().join(name))
}

fn read(root: &Path, folder: &RunFolder, records: &[Record], state: &State) -> Result<Report, Stop> {
    let plan = super::kept_plan(folder)?;
    let staged: Staged = saved(folder, "staged.json")?.unwrap_or_default();
    let rows: BTreeMap<String, u64> = saved(folder, "published.json")?.unwrap_or_default();
    let begin = state.begin.clone().unwrap_or_default();
    let databases = plan.sources.iter().map(|source| {
        let subject = begin.sources.iter().find(|subject| subject.id == source.id);
        let counted = || staged.accounts.iter().filter(|account| account.source == source.id);
        let rows = Some(counted().map(|account| account.rows).sum()).filter(|_| counted().next().is_some());
        let expected = source.expect.as_ref();
        let archive = state.retired.get(&source.id).map(|retired| shown(root, &retired.archive));
        let became = subject.map_or(Became::Itself, |subject| became(&plan, subject, &begin.target, state));
        let is_archived = matches!(became, Became::Archived | Became::Linked | Became::Tombstone);
        Reported {
            id: source.id.clone(),
            path: subject.map_or_else(|| source.path.clone(), |subject| shown(root, &subject.path)),
            action: source.action.made().copied(),
            became,
            tables: rows.map(|_| counted().count() as u64).or(expected.map(|expected| expected.tables)),
            rows: rows.or(expected.map(|expected| expected.rows)),
            bytes: state.backups.get(&source.id).map(|copy| copy.bytes),
            archive: archive.filter(|_| is_archived),
        }
    });
    Ok(Report {
        run: folder.id.clone(),
        standing: state.standing(),
        rehearsed: false,
        committed: state.committed.clone(),
        last: state.last.as_ref().map_or_else(|| begin.at.clone(), |(_, _, _, at)| at.clone()),
        why: state.abandoned.clone(),
        target: shown(root, &begin.target),
        target_is_new: begin.target_is_new,
        data: begin.data,
        tables: rows.into_iter().collect(),
        databases: databases.collect(),
        objects: staged.objects,
        accounts: staged.accounts,
        proofs: saved(folder, "proofs.json")?.unwrap_or_default(),
        times: times(records),
        files: state.files.iter().map(|file| file.path.clone()).collect(),
        uses: saved(folder, "uses.json")?.unwrap_or_default(),
        warnings: begin.warnings.into_iter().chain(staged.warnings).collect(),
        keep_days: plan.after.keep_days,
        cleaned: state.cleaned.is_some(),
        began: begin.at,
        version: begin.version,
    })
}

fn became(plan: &Plan, subject: &Subject, target: &Path, state: &State) -> Became {
    let moved = matches!(state.standing(), Standing::Committed | Standing::Done);
    if !moved {
        return Became::Itself;
    }
    if subject.path == target {
        return Became::Target;
    }
    if !state.retired.get(&subject.id).is_some_and(|retired| retired.done) {
        return Became::Fenced;
    }
    match plan.after.sources {
        AfterSources::Symlink if subject.action == Action::Merge => Became::Linked,
        AfterSources::Tombstone if subject.action == Action::Merge => Became::Tombstone,
        _ => Became::Archived,
    }
}

/// What each finished step says of its own time.
fn times(records: &[Record]) -> Vec<(String, u64)> {
    let time = |record: &Record| record.data.get("ms").and_then(Value::as_u64).map(|time| (record.step.clone(), time));
    records.iter().filter_map(time).collect()
}

/// A file that a run keeps; `None` where it did not get that far.
fn saved<T: serde::de::DeserializeOwned>(folder: &RunFolder, name: &str) -> Result<Option<T>, Stop> {
    let file = folder.path().join(name);
    if !file.exists() {
        return Ok(None);
    }
    serde_json::from_slice(&folder.read(name)?).map(Some).map_err(|error| {
        let happened = format!("{}: {error}", file.display());
        Stop::new("what a run kept cannot be read", happened, "use the dbguard that made the run")
    })
}
