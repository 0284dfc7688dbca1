//! What a run keeps, removed when its time is over: archives, backups, tombstones and links. Knows nothing of rows.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};

use super::folder::{Home, RunFolder, now, remove_if_there};
use super::journal::{Journal, Phase};
use super::retire::{self, Place};
use super::state::{Standing, State, step};
use super::status::archives;
use super::{audit, lock, stand_ins, trouble};
use crate::migrate::Stop;

/// How long a lock of somebody else is waited for.
const PATIENCE: Duration = Duration::from_secs(10);

/// What is to be cleaned up.
pub struct Cleanup<'a> {
    pub root: &'a Path,
    /// Whether or not the days are over that the plan keeps things for.
    pub now: bool,
    /// Only views under old names; everything else is kept, whatever its age.
    pub views_only: bool,
    /// Only say what would be removed.
    pub dry_run: bool,
    pub who: &'a str,
    /// How many places of the code name a table of a database: a view under an old name goes when it is none.
    pub uses: &'a dyn Fn(&Path, &str) -> usize,
}

/// What was removed, or would be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cleaned {
    pub runs: Vec<String>,
    pub files: Vec<PathBuf>,
    pub bytes: u64,
    /// Runs whose time is not over, with the days that are left.
    pub kept: Vec<(String, u64)>,
    /// Views under old names that nothing in the code names.
    pub views: Vec<String>,
    /// Others, with the places that name them.
    pub views_in_use: Vec<(String, usize)>,
}

/// Removes what runs keep that were finished long enough ago. They cannot be undone afterwards.
///
/// # Errors
/// A journal is damaged, or a file cannot be removed.
pub fn cleanup(request: &Cleanup<'_>) -> Result<Cleaned, Stop> {
    let home = Home::of(request.root);
    let mut cleaned = Cleaned::default();
    if home.runs()?.is_empty() {
        return Ok(cleaned);
    }
    let _lock = if request.dry_run { None } else { Some(lock::project(&home)?) };
    for folder in home.runs()? {
        let state = State::at(&folder.journal())?;
        if request.views_only {
            if let Some(begin) = state.begin.as_ref().filter(|_| state.standing() == Standing::Done) {
                views(request, &folder, &begin.target, &mut cleaned)?;
            }
            continue;
        }
        let over = match state.standing() {
            Standing::RolledBack => true,
            Standing::Done => {
                let keep = super::kept_plan(&folder)?.after.keep_days;
                let age = days_since(state.committed.as_deref().unwrap_or_default());
                let left = u64::from(keep).saturating_sub(age);
                if left > 0 && !request.now {
                    cleaned.kept.push((folder.id.clone(), left));
                }
                left == 0 || request.now
            }
            _ => false,
        };
        let Some(begin) = state.begin.as_ref().filter(|_| over) else { continue };
        if state.standing() == Standing::Done {
            views(request, &folder, &begin.target, &mut cleaned)?;
        }
        if state.cleaned.is_some() {
            continue;
        }
        let mut files: Vec<PathBuf> = Vec::new();
        if state.standing() == Standing::Done {
            let tombs = begin.retired().map(|subject| subject.path.clone());
            files.extend(tombs.filter(|path| matches!(retire::look(path), Place::Tombstone)));
            files.extend(archives(&state).into_iter().filter(|path| path.exists()));
        }
        files.extend(kept(&folder.path().join("backup"))?);
        files.sort();
        files.dedup();
        cleaned.bytes +=
            files.iter().filter_map(|path| fs::metadata(path).ok()).map(|metadata| metadata.len()).sum::<u64>();
        if !request.dry_run {
            let (mut journal, _) = Journal::reopen(&folder.journal(), None)?;
            journal.append(step::CLEAN, Phase::Intent, json!({ "files": files.len() }))?;
            for path in &files {
                remove_if_there(path).map_err(|error| trouble::io("remove what a run kept", path, &error))?;
            }
            journal.append(step::CLEAN, Phase::Done, Value::Null)?;
            audit::note(&home, request.who, "cleanup", &folder.id, "done")?;
        }
        cleaned.files.extend(files);
        cleaned.runs.push(folder.id);
    }
    Ok(cleaned)
}

/// Views under old names outlive the rest of a run, until nothing in the code names them.
fn views(request: &Cleanup<'_>, folder: &RunFolder, target: &Path, cleaned: &mut Cleaned) -> Result<(), Stop> {
    let plan = super::kept_plan(folder)?;
    let mut unused = Vec::new();
    for view in stand_ins::standing(target, &plan)? {
        match (request.uses)(target, &view) {
            0 => unused.push(view),
            places => cleaned.views_in_use.push((view, places)),
        }
    }
    if !request.dry_run && !unused.is_empty() {
        stand_ins::drop(target, &unused, PATIENCE)?;
        audit::note(&Home::of(request.root), request.who, "drop views", &folder.id, "done")?;
    }
    cleaned.views.extend(unused);
    Ok(())
}

/// The files of a folder, SQLite's own beside the copies among them.
fn kept(folder: &Path) -> Result<Vec<PathBuf>, Stop> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(trouble::io("read what a run kept", folder, &error)),
    };
    entries
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<io::Result<_>>()
        .map_err(|error| trouble::io("read what a run kept", folder, &error))
}

/// Whole days from then to now.
fn days_since(then: &str) -> u64 {
    let days = rusqlite::Connection::open_in_memory().and_then(|connection| {
        connection.query_row("SELECT CAST(julianday(?1) - julianday(?2) AS INTEGER)", (now(), then), |row| {
            row.get::<_, i64>(0)
        })
    });
    days.map_or(0, |days| u64::try_from(days).unwrap_or(0))
}
