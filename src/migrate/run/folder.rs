//! `.dbguard/`: where runs keep their journal, their backups and their archive, for this user alone. Knows nothing of what
//! they hold.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::trouble;
use crate::migrate::Stop;

/// The folder of all runs of a project.
#[derive(Debug, Clone)]
pub(super) struct Home {
    pub(super) root: PathBuf,
    path: PathBuf,
}

impl Home {
    pub(super) fn of(root: &Path) -> Self {
        Self { root: root.to_path_buf(), path: root.join(".dbguard") }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Makes the folder, with a `.gitignore` so that git leaves it alone.
    pub(super) fn create(&self) -> Result<(), Stop> {
        private_folder(&self.path.join("runs"))
            .map_err(|error| trouble::io("make the folder of runs", &self.path, &error))?;
        let ignore = self.path.join(".gitignore");
        match private_file(&ignore) {
            Ok(mut file) => file.write_all(b"*\n").map_err(|error| trouble::io("write", &ignore, &error)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            Err(error) => Err(trouble::io("write", &ignore, &error)),
        }
    }

    /// The folder of a new run.
    pub(super) fn begin(&self, time: &str, plan: &str) -> Result<RunFolder, Stop> {
        let name = format!("{}-{plan}", time.replace(':', "").trim_end_matches('Z'));
        for attempt in 1..100 {
            let id = if attempt == 1 { name.clone() } else { format!("{name}-{attempt}") };
            let path = self.path.join("runs").join(&id);
            match new_private_folder(&path) {
                Ok(()) => {
                    sync_folder(&self.path.join("runs"))
                        .map_err(|error| trouble::io("make the folder of the run", &path, &error))?;
                    return Ok(RunFolder { id, path });
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(trouble::io("make the folder of the run", &path, &error)),
            }
        }
        Err(Stop::new("too many runs at once", format!("{name} exists a hundred times"), "wait a second"))
    }

    /// The folder of a run that was begun.
    pub(super) fn run(&self, id: &str) -> RunFolder {
        RunFolder { id: id.to_owned(), path: self.path.join("runs").join(id) }
    }

    /// Where the report of the last rehearsal stands.
    pub(super) fn rehearsed(&self) -> Result<RunFolder, Stop> {
        let path = self.path.join("rehearsed");
        private_folder(&path).map_err(|error| trouble::io("make the folder of rehearsals", &path, &error))?;
        Ok(RunFolder { id: "rehearsed".to_owned(), path })
    }

    /// All runs, the oldest first.
    pub(super) fn runs(&self) -> Result<Vec<RunFolder>, Stop> {
        let folder = self.path.join("runs");
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(trouble::io("read the folder of runs", &folder, &error)),
        };
        let mut runs = Vec::new();
        for entry in entries {
            let entry = entry.map_err(|error| trouble::io("read the folder of runs", &folder, &error))?;
            if entry.path().join("journal.jsonl").exists() {
                runs.push(RunFolder { id: entry.file_name().to_string_lossy().into_owned(), path: entry.path() });
            }
        }
        runs.sort_by(|one, other| one.id.cmp(&other.id));
        Ok(runs)
    }
}

/// The folder of one run.
#[derive(Debug, Clone)]
pub(super) struct RunFolder {
    pub(super) id: String,
    path: PathBuf,
}

impl RunFolder {
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn journal(&self) -> PathBuf {
        self.path.join("journal.jsonl")
    }

    /// A folder inside, made when it is not there.
    pub(super) fn inside(&self, name: &str) -> Result<PathBuf, Stop> {
        let path = self.path.join(name);
        private_folder(&path).map_err(|error| trouble::io("make a folder of the run", &path, &error))?;
        Ok(path)
    }

    /// Writes a file whole, or not at all.
    pub(super) fn write(&self, name: &str, bytes: &[u8]) -> Result<(), Stop> {
        let path = self.path.join(name);
        write_private(&path, bytes).map_err(|error| trouble::io("write a file of the run", &path, &error))
    }

    pub(super) fn read(&self, name: &str) -> Result<Vec<u8>, Stop> {
        let path = self.path.join(name);
        fs::read(&path).map_err(|error| trouble::io("read a file of the run", &path, &error))
    }
}

/// A new file that nobody else may read.
pub(super) fn private_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let part = path.with_extension("part");
    remove_if_there(&part)?;
    let mut file = private_file(&part)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&part, path)?;
    path.parent().map_or(Ok(()), sync_folder)
}

fn private_folder(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

fn new_private_folder(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Makes names that were made, moved or removed in a folder last through a power failure.
pub(super) fn sync_folder(path: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(path)?.sync_all() } else { Ok(()) }
}

pub(super) fn remove_if_there(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// `path` with something behind its name: SQLite's journals lie there.
pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// The time in UTC, to the second, as SQLite tells it.
pub(super) fn now() -> String {
    rusqlite::Connection::open_in_memory()
        .and_then(|connection| {
            connection.query_row("SELECT strftime('%Y-%m-%dT%H:%M:%SZ', 'now')", [], |row| row.get(0))
        })
        .unwrap_or_else(|_| "1970-01-01T00:00:00Z".to_owned())
}
