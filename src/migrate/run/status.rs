//! What the runs of a project came to, and what happened since at the paths they left. Opens everything read-only.

use std::path::{Path, PathBuf};

use super::folder::Home;
use super::retire::{self, Place};
use super::state::{Standing, State};
use super::{holders, journal, shown};
use crate::db;
use crate::migrate::Stop;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Status {
    /// The last one first.
    pub runs: Vec<RunStatus>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunStatus {
    pub id: String,
    pub standing: Standing,
    pub began: String,
    pub committed: Option<String>,
    /// Relative to the root where it lies there.
    pub target: String,
    /// The last line of the journal: the step, and whether it was done.
    pub last: String,
    pub why: Option<String>,
    pub files: usize,
    pub paths: Vec<OldPath>,
    pub cleaned: bool,
}

/// The path of a source, and what stands there now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OldPath {
    pub path: String,
    pub stands: String,
    /// A program wrote or made a database where none should be.
    pub late: bool,
}

impl Status {
    /// Whether somebody has to do something.
    #[must_use]
    pub fn needs_attention(&self) -> bool {
        self.runs.first().is_some_and(|run| {
            matches!(run.standing, Standing::Unfinished | Standing::Committed | Standing::RollingBack)
                || run.paths.iter().any(|path| path.late)
        })
    }
}

/// Reads every journal of the project.
///
/// # Errors
/// A journal cannot be read, or is damaged.
pub fn status(root: &Path) -> Result<Status, Stop> {
    let home = Home::of(root);
    let mut runs = Vec::new();
    for folder in home.runs()?.into_iter().rev() {
        let state = State::at(&folder.journal())?;
        let Some(begin) = &state.begin else { continue };
        let last = state.last.as_ref().map_or_else(String::new, |(n, step, phase, _)| match phase {
            journal::Phase::Intent => format!("line {n}, {step} begun"),
            journal::Phase::Done => format!("line {n}, {step}"),
        });
        let paths = begin.retired().map(|subject| old_path(root, &subject.path, &subject.id, &state)).collect();
        runs.push(RunStatus {
            id: folder.id.clone(),
            standing: state.standing(),
            began: begin.at.clone(),
            committed: state.committed.clone(),
            target: shown(root, &begin.target),
            last,
            why: state.abandoned.clone(),
            files: state.files.len(),
            paths,
            cleaned: state.cleaned.is_some(),
        });
    }
    Ok(Status { runs })
}

fn old_path(root: &Path, path: &Path, id: &str, state: &State) -> OldPath {
    let standing = state.standing();
    let moved = matches!(standing, Standing::Committed | Standing::Done) && state.retired.contains_key(id);
    let (stands, late) = match retire::look(path) {
        Place::Nothing if moved => ("nothing: the file is in the archive".to_owned(), false),
        Place::Nothing => ("nothing".to_owned(), false),
        Place::Tombstone => ("a tombstone".to_owned(), false),
        Place::Link => ("a link to the target".to_owned(), false),
        Place::File if moved && is_made_anew(path, id, state) => made_anew(path),
        Place::File if moved => (format!("the source, fenced{}", holders::words(path)), false),
        Place::File => ("the source".to_owned(), false),
    };
    OldPath { path: shown(root, path), stands, late }
}

fn is_made_anew(path: &Path, id: &str, state: &State) -> bool {
    state.retired.get(id).is_some_and(|retired| retire::is_made_anew(path, &retired.archive))
}

fn made_anew(path: &Path) -> (String, bool) {
    let rows = match db::read(path) {
        (db::State::Empty, _) => "an empty file".to_owned(),
        (db::State::Readable, Some(schema)) => {
            format!("a new database with {} tables and {} rows", schema.own_tables().count(), schema.rows())
        }
        _ => "a new file".to_owned(),
    };
    (format!("{rows}, made by a program that still uses the old path{}", holders::words(path)), true)
}

/// The archive of each retired source of a run.
pub(super) fn archives(state: &State) -> Vec<PathBuf> {
    state.retired.values().map(|retired| retired.archive.clone()).collect()
}
