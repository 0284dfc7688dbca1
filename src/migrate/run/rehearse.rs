//! A whole run on copies, timed and thrown away. The databases and the code of the project are only read.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use super::apply::{Half, Outcome, Request, apply, milliseconds};
use super::code::FileChange;
use super::folder::Home;
use super::report::{Report, report};
use super::rollback::{Undo, rollback};
use super::{backup, preflight, shown, trouble};
use crate::migrate::Stop;
use crate::migrate::plan::{Action, Choice, write};

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rehearsal {
    pub outcome: Outcome,
    /// Names the databases of the project, not the copies.
    pub report: Report,
    /// Milliseconds from freeze to the end, and for undoing all of it.
    pub apply: u64,
    pub rollback: u64,
    pub bytes: u64,
}

/// Copies everything, applies the plan to the copies, undoes it, and removes the copies.
///
/// # Errors
/// Whatever would have stopped the run.
pub fn rehearse(request: &Request<'_>) -> Result<Rehearsal, Stop> {
    let look = preflight::look(request.root, request.plan, request.changes.len(), request.progress)?;
    let home = Home::of(request.root);
    home.create()?;
    let fail = |error: std::io::Error| trouble::io("make a folder for the rehearsal", home.path(), &error);
    let mut builder = tempfile::Builder::new();
    builder.prefix("rehearsal-");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
    let scratch = builder.tempdir_in(home.path()).map_err(fail)?;
    let root = fs::canonicalize(scratch.path()).map_err(fail)?;
    let mut plan = request.plan.clone();
    // Copies are what the sources are now; what the plan expects was compared by a real run.
    for source in &mut plan.sources {
        let Choice::Made(action) = source.action else { continue };
        if matches!(action, Action::Keep | Action::External) {
            continue;
        }
        let Some(real) = look.databases.iter().find(|one| one.id == source.id) else { continue };
        let path = place(request.root, &root, &real.path, &source.id);
        copy_database(&real.path, &path, request)?;
        source.path = path.display().to_string();
        if real.path == look.target {
            plan.target.path.clone_from(&source.path);
        }
    }
    if look.target_is_new {
        let path = place(request.root, &root, &look.target, "target");
        path.parent().map_or(Ok(()), fs::create_dir_all).map_err(fail)?;
        plan.target.path = path.display().to_string();
    }
    let changes = if request.half == Half::Data { &[][..] } else { request.changes };
    for change in changes {
        copy_file(request.root, &root, change).map_err(fail)?;
    }
    let text = write(&plan, &[]);
    let silent = || Ok(());
    let rehearsed = Request { root: &root, plan: &plan, plan_text: &text, check: &silent, hold: None, ..*request };
    let began = Instant::now();
    let outcome = apply(&rehearsed)?;
    let apply = milliseconds(began);
    let mut report = Report { rehearsed: true, ..report(&root, None)? };
    report.target = shown(request.root, &look.target);
    for one in &mut report.databases {
        if let Some(real) = look.databases.iter().find(|looked| looked.id == one.id) {
            one.path = shown(request.root, &real.path);
        }
    }
    let began = Instant::now();
    let undo = Undo {
        root: &root,
        run: None,
        force: false,
        who: request.who,
        patience: request.patience,
        progress: request.progress,
        hold: None,
    };
    rollback(&undo)?;
    let bytes = look.databases.iter().map(|one| one.bytes).sum();
    Ok(Rehearsal { outcome, report, apply, rollback: milliseconds(began), bytes })
}

/// Where a file of the project stands in the rehearsal; files from elsewhere get a folder of their own.
fn place(root: &Path, rehearsal: &Path, file: &Path, id: &str) -> PathBuf {
    match file.strip_prefix(root) {
        Ok(below) => rehearsal.join(below),
        Err(_) => {
            rehearsal.join(".elsewhere").join(id.replace(['/', '\\'], "_")).join(file.file_name().unwrap_or_default())
        }
    }
}

fn copy_database(from: &Path, to: &Path, request: &Request<'_>) -> Result<(), Stop> {
    let folder = to.parent().unwrap_or(to);
    let copy = backup::copy(from, folder, "rehearsal", request.progress)?;
    fs::rename(copy.file(folder), to).map_err(|error| trouble::io("copy a database for the rehearsal", to, &error))
}

fn copy_file(root: &Path, rehearsal: &Path, change: &FileChange) -> std::io::Result<()> {
    let to = rehearsal.join(&change.path);
    to.parent().map_or(Ok(()), fs::create_dir_all)?;
    fs::copy(root.join(&change.path), to).map(drop)
}
