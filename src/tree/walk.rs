//! The walk: every folder once, in parallel; nothing stops it. Reads no file beyond its first bytes.

use std::collections::HashSet;
use std::ffi::OsString;
use std::fs::{self, File, FileType};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use super::git::{self, Index, Listing};
use super::ignored::Rules;
use super::kind::{self, Head, Verdict};
use super::{Entry, Kind, Skipped, seclusion};

/// Texts above this size are not sources that people write.
pub const LARGEST_TEXT: u64 = 8 << 20;

/// What to walk.
#[derive(Debug, Default, Clone)]
pub struct Options {
    /// Files and folders below the root, absolute or relative to it; empty for all of it. What is named here is read even where
    /// an ignore rule covers it.
    pub paths: Vec<PathBuf>,
    /// Globs of the policy: not looked at.
    pub exclude: Option<globset::GlobSet>,
}

/// What the walk found, each list in path order.
#[derive(Debug, Default)]
pub struct Tree {
    pub entries: Vec<Entry>,
    /// Sources of which nothing counts but their names, where that is known without reading them.
    pub standing_by: Vec<Arc<str>>,
    pub skipped: Vec<Skipped>,
    /// Symbolic links that stay within the root: link and target, both relative to it.
    pub links: Vec<(String, String)>,
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

/// Everything below `root` that is worth reading, with what git says of it.
///
/// All of the root is known also when only a part of it is asked for: modules, configuration and databases elsewhere
/// are what that part refers to.
///
/// # Errors
/// When the root or one of the paths asked for is missing, unreadable or outside the root.
pub fn walk(root: &Path, options: &Options) -> Result<Tree, Error> {
    let unreadable = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound => Error::Missing(root.to_path_buf()),
        _ => Error::Unreadable { path: root.to_path_buf(), reason: error.to_string() },
    };
    let real = fs::canonicalize(root).map_err(unreadable)?;
    fs::read_dir(&real).map_err(unreadable)?;
    let asked = asked(root, &real, &options.paths)?;
    let top = git::top(&real);
    let walk = Walk {
        listing: Mutex::new(top.map(|_| git::list(&real))),
        index: OnceLock::new(),
        tree: Mutex::default(),
        asked,
        options,
        root: &real,
    };
    let here = Folder { path: real.clone(), relative: String::new(), rules: Rules::above(&real, top), ignored: false };
    rayon::scope(|scope| walk.folder(scope, here));

    let index = walk.index.into_inner().unwrap_or_else(|| finish(&walk.listing));
    let mut tree = walk.tree.into_inner().unwrap_or_else(PoisonError::into_inner);
    tree.in_git = top.is_some();
    for entry in &mut tree.entries {
        entry.tracked = index.tracked.contains(&*entry.path);
    }
    if let Some(reason) = index.trouble {
        tree.skipped.push(Skipped { path: ".git".into(), reason, by_design: false });
    }
    tree.entries.sort_unstable_by(|left, right| left.path.cmp(&right.path));
    tree.skipped.sort_unstable();
    tree.links.sort_unstable();
    Ok(tree)
}

/// Canonical; empty when everything is asked for.
fn asked(root: &Path, real: &Path, paths: &[PathBuf]) -> Result<Vec<PathBuf>, Error> {
    let mut asked = Vec::new();
    for path in paths {
        let found = fs::canonicalize(real.join(path)).map_err(|_| Error::Missing(path.clone()))?;
        if !found.starts_with(real) {
            return Err(Error::Outside { path: path.clone(), root: root.to_path_buf() });
        }
        asked.push(found);
    }
    if asked.iter().any(|path| path == real) {
        asked.clear();
    }
    Ok(asked)
}

fn finish(listing: &Mutex<Option<Listing>>) -> Index {
    lock(listing).take().map(Listing::finish).unwrap_or_default()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Walk<'w> {
    listing: Mutex<Option<Listing>>,
    index: OnceLock<Index>,
    tree: Mutex<Tree>,
    /// Canonical; empty when everything is asked for.
    asked: Vec<PathBuf>,
    options: &'w Options,
    root: &'w Path,
}

struct Folder {
    path: PathBuf,
    /// Empty for the root, else with a `/` at its end.
    relative: String,
    /// Those of the folders above.
    rules: Rules,
    ignored: bool,
}

impl Walk<'_> {
    fn folder<'s>(&'s self, scope: &rayon::Scope<'s>, folder: Folder) {
        let mut found = Tree::default();
        let listed = match fs::read_dir(&folder.path) {
            Ok(listed) => listed,
            Err(error) => {
                self.skip(&mut found, &folder.relative, &reason(&error));
                self.hand_in(found);
                return;
            }
        };
        let mut names: Vec<(OsString, FileType)> = Vec::new();
        for item in listed {
            match item.and_then(|item| Ok((item.file_name(), item.file_type()?))) {
                Ok(item) => names.push(item),
                Err(error) => self.skip(&mut found, &folder.relative, &reason(&error)),
            }
        }
        let rules = folder.rules.enter(&folder.path, names.iter().any(|(name, _)| name == ".gitignore"));
        let beside = |wanted: &str| names.iter().any(|(name, _)| name == wanted);
        for (name, file_type) in &names {
            let path = folder.path.join(name);
            let Some(name) = name.to_str() else {
                // No text could name it, nor say where a finding stands.
                let shown = format!("{}{}", folder.relative, name.to_string_lossy());
                self.skip(&mut found, &shown, "its name is not UTF-8");
                continue;
            };
            let relative = format!("{}{name}", folder.relative);
            if self.excludes(&relative) {
                found.skipped.push(by_design(relative, "excluded by the policy"));
                continue;
            }
            if file_type.is_symlink() {
                self.link(&mut found, &path, &relative);
            } else if file_type.is_dir() {
                if name == ".git" {
                    continue;
                }
                let named = !self.asked.is_empty() && self.asked.iter().any(|asked| asked.starts_with(&path));
                let ignored = (folder.ignored || rules.cover(&path, true)) && !self.asked.contains(&path);
                if self.excludes(&format!("{relative}/\u{1}")) {
                    found.skipped.push(by_design(relative, "excluded by the policy"));
                } else if let Some(reason) = secluded(&path, name, ignored, &beside).filter(|_| !named) {
                    found.skipped.push(by_design(relative, reason));
                } else {
                    self.stored_in_folder(&mut found, &path, &relative, name, ignored);
                    let next = Folder { path, relative: format!("{relative}/"), rules: rules.clone(), ignored };
                    scope.spawn(move |scope| self.folder(scope, next));
                }
            } else if let Some(reason) = seclusion::half_written(name) {
                found.skipped.push(by_design(relative, reason));
            } else if file_type.is_file() {
                let ignored = (folder.ignored || rules.cover(&path, false)) && !self.asked.contains(&path);
                self.file(&mut found, path, relative, name, ignored);
            } else {
                self.skip(&mut found, &relative, what(*file_type));
            }
        }
        kind::name_sidecars(&mut found.entries);
        found.entries.retain(|entry| entry.kind != Kind::Text || !entry.ignored || self.wanted_though_ignored(entry));
        self.hand_in(found);
    }

    fn excludes(&self, relative: &str) -> bool {
        self.options.exclude.as_ref().is_some_and(|globs| globs.is_match(relative))
    }

    fn file(&self, found: &mut Tree, path: PathBuf, relative: String, name: &str, ignored: bool) {
        // Nearly every file of a large tree is a source by its ending: to ask for its size would be one call in four.
        let size =
            if kind::is_source(name) { Ok(0) } else { fs::symlink_metadata(&path).map(|metadata| metadata.len()) };
        let looked_at =
            size.and_then(|size| Ok((size, kind::of(name, size, LARGEST_TEXT, || Ok(Head::of(&head(&path)?)))?)));
        match looked_at {
            Ok((size, Verdict::Is(kind))) => found.entries.push(self.entry(path, relative, kind, size, ignored)),
            Ok((_, Verdict::Skipped { reason, by_design })) if !ignored => {
                found.skipped.push(Skipped { path: relative, reason, by_design });
            }
            Ok(_) => {}
            Err(error) => self.skip(found, &relative, &reason(&error)),
        }
    }

    /// A database that is a folder of files is one thing to those who refer to it.
    fn stored_in_folder(&self, found: &mut Tree, path: &Path, relative: &str, name: &str, ignored: bool) {
        if kind::is_named_like_database(name) && kind::foreign_folder(path).is_some() {
            found.entries.push(self.entry(
                path.to_path_buf(),
                relative.to_owned(),
                Kind::NamedLikeDatabase,
                0,
                ignored,
            ));
        }
    }

    fn entry(&self, absolute: PathBuf, relative: String, kind: Kind, size: u64, ignored: bool) -> Entry {
        let asked = self.asked.is_empty() || self.asked.iter().any(|asked| absolute.starts_with(asked));
        Entry { path: relative.into(), absolute, blob: None, kind, size, tracked: false, ignored, asked }
    }

    /// An ignored text is read when git has it all the same, and when it configures the application where it runs.
    fn wanted_though_ignored(&self, entry: &Entry) -> bool {
        let name = entry.path.rsplit('/').next().unwrap_or("");
        name == ".env"
            || name.starts_with(".env.")
            || self.index.get_or_init(|| finish(&self.listing)).tracked.contains(&*entry.path)
    }

    /// Links are not followed: what they lead to within the root is read at its own place.
    fn link(&self, found: &mut Tree, path: &Path, relative: &str) {
        match fs::canonicalize(path) {
            Ok(target) => match target.strip_prefix(self.root).ok().and_then(Path::to_str) {
                Some(inside) => {
                    if target.is_dir() {
                        found.skipped.push(by_design(relative.to_owned(), "a symbolic link to a folder"));
                    }
                    found.links.push((relative.to_owned(), inside.replace('\\', "/")));
                }
                None => found.skipped.push(by_design(relative.to_owned(), "a symbolic link out of the tree")),
            },
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                found.skipped.push(by_design(relative.to_owned(), "a symbolic link to nothing"));
            }
            Err(error) => {
                let words = format!("a symbolic link that cannot be followed: {error}");
                self.skip(found, relative, &words);
            }
        }
    }

    fn skip(&self, found: &mut Tree, relative: &str, reason: &str) {
        let path = if relative.is_empty() { "." } else { relative.trim_end_matches('/') };
        found.skipped.push(Skipped { path: path.to_owned(), reason: reason.to_owned(), by_design: false });
    }

    fn hand_in(&self, mut found: Tree) {
        let mut tree = lock(&self.tree);
        tree.entries.append(&mut found.entries);
        tree.skipped.append(&mut found.skipped);
        tree.links.append(&mut found.links);
    }
}

pub(super) fn by_design(path: String, reason: &str) -> Skipped {
    Skipped { path, reason: reason.to_owned(), by_design: true }
}

fn secluded(path: &Path, name: &str, ignored: bool, beside: &dyn Fn(&str) -> bool) -> Option<&'static str> {
    let inside: OnceLock<HashSet<OsString>> = OnceLock::new();
    let listed = || {
        inside.get_or_init(|| {
            fs::read_dir(path)
                .map(|listed| listed.filter_map(Result::ok).map(|item| item.file_name()).collect())
                .unwrap_or_default()
        })
    };
    // Few folders have a name that asks for their whole list; all are asked for three names.
    let has = |wanted: &str| path.join(wanted).exists();
    let ends = |ending: &str| listed().iter().any(|name| name.to_str().is_some_and(|name| name.ends_with(ending)));
    seclusion::reason(name, ignored, &has, &ends, beside)
}

/// The first bytes of a file.
///
/// # Errors
/// When it cannot be read.
pub fn head(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut head = Vec::with_capacity(128);
    File::open(path)?.take(128).read_to_end(&mut head)?;
    Ok(head)
}

fn reason(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::PermissionDenied => "no right to read it".into(),
        std::io::ErrorKind::NotFound => "it vanished while it was looked at".into(),
        _ => format!("it cannot be read: {error}"),
    }
}

#[cfg(unix)]
fn what(file_type: FileType) -> &'static str {
    use std::os::unix::fs::FileTypeExt;
    if file_type.is_fifo() {
        "a named pipe"
    } else if file_type.is_socket() {
        "a socket"
    } else {
        "a device"
    }
}

#[cfg(not(unix))]
fn what(_: FileType) -> &'static str {
    "not a regular file"
}

#[cfg(test)]
#[path = "walk_tests.rs"]
mod tests;
