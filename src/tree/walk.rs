//! The walk: every file below the root that is worth reading, and a reason for each that is not.

use std::collections::HashMap;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, RwLock};

use ignore::gitignore::{Gitignore, GitignoreBuilder};
use ignore::{WalkBuilder, WalkState};

use super::kind::{self, HEADER};
use super::{Entry, Kind, Skipped, git};

/// Texts above this size are not sources that people write.
const LARGEST_TEXT: u64 = 8 * 1024 * 1024;

/// What to walk.
#[derive(Debug, Default, Clone)]
pub struct Options {
    /// Files and folders below the root to stay within; empty for all of it.
    pub paths: Vec<PathBuf>,
    /// Globs of the policy: not looked at.
    pub exclude: Option<globset::GlobSet>,
    /// 0 lets the machine decide.
    pub threads: usize,
}

/// What the walk found, in path order.
#[derive(Debug, Default)]
pub struct Tree {
    pub entries: Vec<Entry>,
    pub skipped: Vec<Skipped>,
    pub in_git: bool,
}

/// A path that was asked for and is not there, or lies elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Error {
    Missing(PathBuf),
    Outside { path: PathBuf, root: PathBuf },
    Unreadable { path: PathBuf, reason: String },
}

impl std::fmt::Display for Error {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Error::Missing(path) => write!(out, "{} does not exist", path.display()),
            Error::Outside { path, root } => write!(out, "{} lies outside {}", path.display(), root.display()),
            Error::Unreadable { path, reason } => write!(out, "{} cannot be read: {reason}", path.display()),
        }
    }
}

impl std::error::Error for Error {}

/// Walks the tree in parallel. Ignore rules hide texts that git does not track; database files are found wherever they are.
///
/// # Errors
/// When the root or one of the paths asked for is missing, unreadable or outside the root.
pub fn walk(root: &Path, options: &Options) -> Result<Tree, Error> {
    let starts = starts(root, &options.paths)?;
    let tracked = git::tracked(root);
    let walk = Walk { root, options, tracked: tracked.as_ref(), ignores: RwLock::default(), found: Mutex::default() };
    let mut builder = WalkBuilder::new(&starts[0]);
    for start in &starts[1..] {
        builder.add(start);
    }
    builder.standard_filters(false).follow_links(false).threads(options.threads);
    let walk = &walk;
    builder.build_parallel().run(|| Box::new(move |entry| walk.visit(entry)));
    let found = walk.found.lock().map(|mut found| std::mem::take(&mut *found)).unwrap_or_default();
    let mut tree = Tree { entries: found.0, skipped: found.1, in_git: tracked.is_some() };
    tree.entries.sort_by(|left, right| left.path.cmp(&right.path));
    tree.entries.dedup_by(|left, right| left.path == right.path);
    tree.skipped.sort();
    tree.skipped.dedup();
    kind::name_sidecars(&mut tree.entries);
    Ok(tree)
}

fn starts(root: &Path, paths: &[PathBuf]) -> Result<Vec<PathBuf>, Error> {
    let root_real = root.canonicalize().map_err(|_| Error::Missing(root.to_path_buf()))?;
    fs::read_dir(root).map_err(|error| Error::Unreadable { path: root.to_path_buf(), reason: error.to_string() })?;
    let mut starts = Vec::new();
    for path in paths {
        let real = path.canonicalize().map_err(|_| Error::Missing(path.clone()))?;
        let Ok(below) = real.strip_prefix(&root_real) else {
            return Err(Error::Outside { path: path.clone(), root: root.to_path_buf() });
        };
        starts.push(if below.as_os_str().is_empty() { root.to_path_buf() } else { root.join(below) });
    }
    if starts.is_empty() {
        starts.push(root.to_path_buf());
    }
    Ok(starts)
}

struct Walk<'w> {
    root: &'w Path,
    options: &'w Options,
    tracked: Option<&'w git::Tracked>,
    /// The ignore file of each folder that has one.
    ignores: RwLock<HashMap<PathBuf, Option<Arc<Gitignore>>>>,
    found: Mutex<(Vec<Entry>, Vec<Skipped>)>,
}

impl Walk<'_> {
    fn visit(&self, entry: Result<ignore::DirEntry, ignore::Error>) -> WalkState {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                let path = error_path(&error).map(|path| self.relative(&path)).unwrap_or_default();
                let reason = error.io_error().map_or_else(|| error.to_string(), ToString::to_string);
                self.skip(path, &reason, false);
                return WalkState::Continue;
            }
        };
        let path = entry.path();
        let relative = self.relative(path);
        if relative.is_empty() {
            return WalkState::Continue;
        }
        let Some(file_type) = entry.file_type() else { return WalkState::Continue };
        if self.options.exclude.as_ref().is_some_and(|globs| globs.is_match(&relative)) {
            self.skip(relative, "excluded by the policy", true);
            return WalkState::Skip;
        }
        if file_type.is_dir() {
            let name = entry.file_name().to_string_lossy();
            if let Some(reason) = kind::skipped_folder(&name, path) {
                if name != ".git" {
                    self.skip(relative, reason, true);
                }
                return WalkState::Skip;
            }
            return WalkState::Continue;
        }
        if file_type.is_symlink() {
            self.skip(relative, "a symbolic link, not followed", true);
        } else if file_type.is_file() {
            self.file(&entry, relative);
        } else {
            self.skip(relative, "not a regular file", false);
        }
        WalkState::Continue
    }

    fn file(&self, entry: &ignore::DirEntry, relative: String) {
        let path = entry.path();
        let size = match entry.metadata() {
            Ok(metadata) => metadata.len(),
            Err(error) => return self.skip(relative, &error.to_string(), false),
        };
        let tracked = self.tracked.is_some_and(|tracked| tracked.contains(&relative));
        let ignored = self.is_ignored(path);
        let name = entry.file_name().to_string_lossy();
        let named = kind::is_named_like_database(&name);
        let readable = !ignored || tracked;
        let text = readable && size <= LARGEST_TEXT && !kind::has_binary_ending(&name);
        let kind = if kind::is_sidecar(&name) {
            Kind::Sidecar
        } else if named || !text && size > 0 && size % 512 == 0 {
            // SQLite writes whole pages, the smallest of 512 bytes: other sizes need no look.
            match head(path) {
                Ok(head) if head.starts_with(HEADER) => Kind::Database,
                Ok(head) if named && head.starts_with(kind::LFS) => Kind::LfsPointer,
                Ok(_) if named => Kind::NamedLikeDatabase,
                Ok(_) => return self.unread(relative, readable, size, &name),
                Err(error) => return self.skip(relative, &error.to_string(), false),
            }
        } else if text {
            if let Some(reason) = kind::skipped_file(&name) {
                return self.skip(relative, reason, true);
            }
            Kind::Text
        } else {
            return self.unread(relative, readable, size, &name);
        };
        let entry = Entry { path: relative.into(), absolute: path.to_path_buf(), kind, size, tracked, ignored };
        if let Ok(mut found) = self.found.lock() {
            found.0.push(entry);
        }
    }

    fn unread(&self, relative: String, readable: bool, size: u64, name: &str) {
        if readable && size > LARGEST_TEXT && !kind::has_binary_ending(name) {
            let mebibytes = size / (1024 * 1024);
            self.skip(relative, &format!("too large for a source ({mebibytes} MiB)"), false);
        }
    }

    fn skip(&self, path: String, reason: &str, by_design: bool) {
        if let Ok(mut found) = self.found.lock() {
            found.1.push(Skipped { path, reason: reason.to_owned(), by_design });
        }
    }

    fn relative(&self, path: &Path) -> String {
        let below = path.strip_prefix(self.root).unwrap_or(path);
        let words = below.to_string_lossy();
        if std::path::MAIN_SEPARATOR == '/' {
            words.into_owned()
        } else {
            words.replace(std::path::MAIN_SEPARATOR, "/")
        }
    }

    /// Whether the ignore files between the root and the file cover it; the nearest that speaks decides.
    fn is_ignored(&self, path: &Path) -> bool {
        let mut folder = path.parent();
        while let Some(at) = folder {
            if let Some(rules) = self.ignore_file(at) {
                let matched = rules.matched_path_or_any_parents(path.strip_prefix(at).unwrap_or(path), false);
                if matched.is_ignore() {
                    return true;
                }
                if matched.is_whitelist() {
                    return false;
                }
            }
            if at == self.root {
                break;
            }
            folder = at.parent();
        }
        false
    }

    fn ignore_file(&self, folder: &Path) -> Option<Arc<Gitignore>> {
        if let Some(known) = self.ignores.read().ok()?.get(folder) {
            return known.clone();
        }
        let mut builder = GitignoreBuilder::new(folder);
        let mut any = false;
        for name in [".gitignore", ".git/info/exclude"] {
            let file = folder.join(name);
            if file.is_file() {
                // A line that is no glob is passed over, as git does.
                let _ = builder.add(file);
                any = true;
            }
        }
        let rules = if any { builder.build().ok().map(Arc::new) } else { None };
        self.ignores.write().ok()?.insert(folder.to_path_buf(), rules.clone());
        rules
    }
}

fn error_path(error: &ignore::Error) -> Option<PathBuf> {
    match error {
        ignore::Error::WithPath { path, .. } => Some(path.clone()),
        ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => error_path(err),
        ignore::Error::Loop { child, .. } => Some(child.clone()),
        _ => None,
    }
}

/// The first bytes of a file.
///
/// # Errors
/// When it cannot be read.
pub fn head(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut head = Vec::with_capacity(128);
    fs::File::open(path)?.take(128).read_to_end(&mut head)?;
    Ok(head)
}
