//! What is looked at before anything is touched: choices, paths, rights, space, and who is there. Opens everything read-only.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::retire::{self, Place};
use super::state::Subject;
use super::{holders, publish, trouble};
use crate::db::{self, State};
use crate::migrate::plan::{Action, Choice, Plan};
use crate::migrate::{Progress, Stop};

/// What a run would do, and what stands in its way that is no reason to stop.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Look {
    pub target: PathBuf,
    pub target_is_new: bool,
    pub databases: Vec<Looked>,
    pub files: usize,
    /// What the run needs for a while, for each file system.
    pub space: Vec<Space>,
    pub warnings: Vec<String>,
}

/// One database of the plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Looked {
    pub id: String,
    pub path: PathBuf,
    pub action: Action,
    pub bytes: u64,
    pub tables: u64,
    pub rows: u64,
    /// Programs that have it open, with their process.
    pub open_in: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Space {
    pub folder: PathBuf,
    pub needed: u64,
    /// `None` where the system does not say.
    pub free: Option<u64>,
}

/// Refuses with the first reason there is.
pub(super) fn look(root: &Path, plan: &Plan, files: usize, progress: &dyn Progress) -> Result<Look, Stop> {
    decided(plan)?;
    let target = real_target(root, &plan.target.path)?;
    progress.begin("look", 0, 0);
    let mut look = Look { target_is_new: !target.exists(), target, files, ..Look::default() };
    for source in &plan.sources {
        let Choice::Made(action) = source.action else { continue };
        if matches!(action, Action::Keep | Action::External) {
            continue;
        }
        let path = real_source(root, &source.path)?;
        let looked = look_at(&source.id, path, action, &mut look.warnings)?;
        look.databases.push(looked);
    }
    distinct(&look)?;
    if !look.target_is_new && !look.databases.iter().any(|one| one.path == look.target && one.action == Action::Merge) {
        return Err(Stop::new(
            "the target exists and is no source of the plan",
            format!("{} would lose what stands in it", look.target.display()),
            "list it as a source (and as `base`), or name another target",
        ));
    }
    if look.target_is_new {
        publish::nothing_beside(&look.target)?;
    }
    for folder in folders(&look) {
        writable(&folder)?;
    }
    look.space = space(root, &look);
    for space in &look.space {
        if space.free.is_some_and(|free| free < space.needed) {
            return Err(Stop::new(
                "not enough space",
                format!(
                    "{} needs {} free for a while, and {} are",
                    space.folder.display(),
                    megabytes(space.needed),
                    megabytes(space.free.unwrap_or(0))
                ),
                "free some space on that file system; nothing was changed",
            ));
        }
    }
    progress.end();
    Ok(look)
}

impl Look {
    pub(super) fn subjects(&self) -> Vec<Subject> {
        let mut subjects: Vec<Subject> = self
            .databases
            .iter()
            .map(|one| Subject { id: one.id.clone(), path: one.path.clone(), action: one.action })
            .collect();
        // One order for everybody who holds several: nobody waits in a circle.
        subjects.sort_by(|one, other| one.path.cmp(&other.path));
        subjects
    }
}

pub(super) fn megabytes(bytes: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "for people")]
    let megabytes = bytes as f64 / 1e6;
    format!("{megabytes:.1} MB")
}

fn decided(plan: &Plan) -> Result<(), Stop> {
    let open = plan.open_choices();
    if open.is_empty() {
        return Ok(());
    }
    Err(Stop::new(UNDECIDED, open.join("; "), "put a decision in place of each \"?\" in the plan"))
}

/// The title that stands for open choices: they are findings, not failures.
pub(super) const UNDECIDED: &str = "the plan has open choices";

fn real_source(root: &Path, path: &str) -> Result<PathBuf, Stop> {
    let named = root.join(path);
    if retire::look(&named) == Place::Tombstone {
        return Err(Stop::new(
            "a source has moved already",
            format!("{} is a tombstone that an earlier run left", named.display()),
            "look at `dbguard migrate status`; take the source out of the plan, or undo that run",
        ));
    }
    fs::canonicalize(&named).map_err(|error| trouble::io("find a source of the plan", &named, &error))
}

/// The target may not exist yet; its folder must.
fn real_target(root: &Path, path: &str) -> Result<PathBuf, Stop> {
    let named = root.join(path);
    if let Ok(found) = fs::canonicalize(&named) {
        return Ok(found);
    }
    let folder = named.parent().unwrap_or(root);
    let name = named.file_name().unwrap_or_default();
    let folder =
        fs::canonicalize(folder).map_err(|error| trouble::io("find the folder of the target", folder, &error))?;
    Ok(folder.join(name))
}

fn look_at(id: &str, path: PathBuf, action: Action, warnings: &mut Vec<String>) -> Result<Looked, Stop> {
    let metadata = fs::metadata(&path).map_err(|error| trouble::io("look at a database", &path, &error))?;
    if links(&metadata) > 1 {
        return Err(Stop::new(
            "a database has several names",
            format!(
                "{} is a hard link, one of {}: its log belongs to only one of them",
                path.display(),
                links(&metadata)
            ),
            "keep one name, remove the others, and run it again",
        ));
    }
    let (state, schema) = db::read(&path);
    let next = match &state {
        State::Readable | State::Empty => None,
        State::Locked(words) => {
            warnings.push(format!("{} is locked now: {words}{}", path.display(), holders::words(&path)));
            None
        }
        State::NotSqlite(what) => Some((format!("is no SQLite database ({what})"), "take it out of the plan")),
        State::Encrypted => Some((
            "is encrypted, or was overwritten".to_owned(),
            "export it with the program it belongs to, or keep it separate (action = \"keep\")",
        )),
        State::Corrupt(words) => {
            Some((format!("is damaged: {words}"), "mend it first (sqlite3 FILE .recover), or take it from a backup"))
        }
        State::Unreadable(words) => {
            Some((format!("cannot be read: {words}"), "look at its rights and at its folder's"))
        }
    };
    if let Some((happened, next)) = next {
        let happened = format!("{} {happened}", path.display());
        return Err(Stop::new("a source cannot be read", happened, format!("{next}; nothing was changed")));
    }
    let open_in: Vec<String> = holders::of(&path)
        .into_iter()
        .map(|holder| format!("{} (process {})", holder.program, holder.process))
        .collect();
    let (tables, rows) = schema.map_or((0, 0), |schema| (schema.own_tables().count() as u64, schema.rows()));
    if action == Action::DeleteEmpty && rows > 0 {
        return Err(Stop::new(
            "a database to be deleted as empty holds rows",
            format!("{} holds {rows}", path.display()),
            "choose `merge` or `archive` for it; nothing was changed",
        ));
    }
    Ok(Looked { id: id.to_owned(), path, action, bytes: metadata.len(), tables, rows, open_in })
}

#[cfg(unix)]
fn links(metadata: &fs::Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::nlink(metadata)
}

#[cfg(not(unix))]
fn links(_: &fs::Metadata) -> u64 {
    1
}

fn distinct(look: &Look) -> Result<(), Stop> {
    let mut seen: BTreeMap<&Path, &str> = BTreeMap::new();
    for one in &look.databases {
        if let Some(other) = seen.insert(&one.path, &one.id) {
            return Err(Stop::new(
                "two sources are one file",
                format!("`{other}` and `{}` both lead to {}", one.id, one.path.display()),
                "take one of them out of the plan",
            ));
        }
    }
    Ok(())
}

/// Folders in which files are made or replaced.
fn folders(look: &Look) -> Vec<PathBuf> {
    let files = look.databases.iter().map(|one| one.path.as_path()).chain([look.target.as_path()]);
    let mut folders: Vec<PathBuf> = files.filter_map(Path::parent).map(Path::to_path_buf).collect();
    folders.sort();
    folders.dedup();
    folders
}

#[cfg(unix)]
fn writable(folder: &Path) -> Result<(), Stop> {
    use rustix::fs::{Access, access};
    access(folder, Access::WRITE_OK | Access::EXEC_OK)
        .map_err(|error| trouble::io("write into a folder of a database", folder, &error.into()))
}

#[cfg(not(unix))]
fn writable(_: &Path) -> Result<(), Stop> {
    Ok(())
}

/// Backups in the project; the stage beside the target, and what the target grows by.
fn space(root: &Path, look: &Look) -> Vec<Space> {
    let all: u64 = look.databases.iter().map(|one| one.bytes).sum();
    let beside_target = look.target.parent().unwrap_or(root).to_path_buf();
    let mut spaces: Vec<(Option<u64>, Space)> = Vec::new();
    for (folder, needed) in [(root.to_path_buf(), all), (beside_target, 2 * all)] {
        let device = device(&folder);
        match spaces.iter_mut().find(|(known, _)| *known == device) {
            Some((_, space)) => space.needed += needed,
            None => {
                let free = free(&folder);
                spaces.push((device, Space { folder, needed, free }));
            }
        }
    }
    spaces.into_iter().map(|(_, space)| space).collect()
}

#[cfg(unix)]
fn device(folder: &Path) -> Option<u64> {
    fs::metadata(folder).ok().map(|metadata| std::os::unix::fs::MetadataExt::dev(&metadata))
}

#[cfg(unix)]
fn free(folder: &Path) -> Option<u64> {
    rustix::fs::statvfs(folder).ok().map(|found| found.f_bavail.saturating_mul(found.f_frsize))
}

#[cfg(not(unix))]
fn device(_: &Path) -> Option<u64> {
    None
}

#[cfg(not(unix))]
fn free(_: &Path) -> Option<u64> {
    None
}
