//! A repository as git holds it: its index, its commits, and what lies between two of them. Reads nothing of the work tree.

use std::collections::{HashMap, HashSet};
use std::ffi::OsString;
use std::hash::{BuildHasherDefault, Hasher};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use super::{git, index_file};

/// Git's name for a content, in hexadecimal digits.
pub type Oid = Arc<str>;

/// What is known of contents, by their names.
pub type ByOid<V> = HashMap<Oid, V, BuildHasherDefault<OidHasher>>;

/// Names of contents are digests already: the first digits of one tell it from another.
#[derive(Debug, Default)]
pub struct OidHasher(u64);

impl Hasher for OidHasher {
    fn write(&mut self, bytes: &[u8]) {
        let digits = bytes.first_chunk::<16>().map_or_else(
            || bytes.iter().fold(0, |sum: u128, byte| sum << 8 | u128::from(*byte)),
            |digits| u128::from_le_bytes(*digits),
        );
        // Digits fill half of their bits and the letters another half: multiplied, they reach every bit.
        let low = u64::try_from(digits & u128::from(u64::MAX)).unwrap_or_default();
        let high = u64::try_from(digits >> 64).unwrap_or_default();
        self.0 = (self.0.rotate_left(5) ^ low ^ high.rotate_left(29)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }

    fn finish(&self) -> u64 {
        self.0 ^ self.0 >> 32
    }
}

/// A file as a tree of git names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Relative to the root, `/`-separated.
    pub path: Arc<str>,
    pub mode: Mode,
    pub oid: Oid,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    File,
    Link,
    Submodule,
}

/// A file that differs between two trees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// `None` for a new file; its path is another one where git sees that the file was renamed.
    pub before: Option<Item>,
    /// `None` for a deleted one.
    pub after: Option<Item>,
}

/// Why git gave no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GitError {
    NotInstalled,
    NotARepository,
    /// There is no work tree, so that nothing is ever staged.
    Bare,
    UnknownRevision(String),
    /// The histories have no commit in common, or the clone is too shallow to hold it.
    NoMergeBase {
        one: String,
        other: String,
        shallow: bool,
    },
    /// In git's own words.
    Said(String),
}

/// Where to ask.
#[derive(Debug, Clone)]
pub struct Repository {
    root: PathBuf,
    meant: Vec<(OsString, OsString)>,
}

impl Repository {
    /// Paths are relative to `root`, which may lie below the top of the work tree. Of git's own variables only those in
    /// `meant` reach it: a hook's `GIT_INDEX_FILE` where the hook runs for this repository.
    #[must_use]
    pub fn at(root: &Path, meant: Vec<(OsString, OsString)>) -> Self {
        Self { root: root.to_path_buf(), meant }
    }

    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    pub(super) fn git(&self) -> Command {
        let mut command = git::git(&self.root);
        // What a partial clone lacks is told, not fetched.
        command.env("GIT_NO_LAZY_FETCH", "1");
        command.envs(self.meant.iter().map(|(name, value)| (name, value)));
        command
    }

    fn ask(&self, arguments: &[&str]) -> Result<Vec<u8>, GitError> {
        answer(self.start(arguments))
    }

    fn start(&self, arguments: &[&str]) -> std::io::Result<Child> {
        let mut command = self.git();
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()
    }

    fn line(&self, arguments: &[&str]) -> Result<String, GitError> {
        Ok(String::from_utf8_lossy(&self.ask(arguments)?).trim_end_matches(['\n', '\r']).to_owned())
    }

    /// Every file of the index; of one that is being merged, no version.
    ///
    /// # Errors
    /// Where git is missing, or `root` is not in a repository.
    pub fn index(&self) -> Result<Vec<Item>, GitError> {
        match self.usual_index().and_then(|file| index_file::read(&file)) {
            Some(items) => Ok(items),
            None => self.listed(),
        }
    }

    /// The same, as git lists it.
    pub(super) fn listed(&self) -> Result<Vec<Item>, GitError> {
        // `<mode> <object> <stage>\t<path>`
        Ok(items(&self.ask(&["ls-files", "-z", "--stage"])?, |words| (words.next() == Some("0")).then_some(())))
    }

    /// Every file of a commit or tree.
    ///
    /// # Errors
    /// As [`Repository::index`], and where there is no such tree.
    pub fn tree(&self, revision: &str) -> Result<Vec<Item>, GitError> {
        // `<mode> <type> <object>\t<path>`
        let listed = self.ask(&["ls-tree", "-r", "-z", "--end-of-options", revision])?;
        Ok(items(&listed, |_| Some(())))
    }

    /// What the next commit changes, or how the index differs from another commit: git finds it out while the caller does
    /// something else.
    #[must_use]
    pub fn staged(&self, against: Option<&str>) -> Staged {
        let arguments = ["diff", "--cached", "--raw", "-z", "-M", "--no-abbrev", "--relative", "--no-ext-diff"];
        Staged(self.start(&arguments.into_iter().chain(against).chain(["--"]).collect::<Vec<_>>()))
    }

    /// It has no work tree: nobody commits in it.
    #[must_use]
    pub fn is_bare(&self) -> bool {
        self.usual().is_none() && self.line(&["rev-parse", "--is-bare-repository"]).is_ok_and(|answer| answer == "true")
    }

    /// A merge waits for its commit.
    #[must_use]
    pub fn is_merging(&self) -> bool {
        let path = match self.usual() {
            Some(folder) => Ok(folder.join("MERGE_HEAD")),
            None => self.path("MERGE_HEAD"),
        };
        path.is_ok_and(|path| path.is_file())
    }

    /// What lies between two commits.
    ///
    /// # Errors
    /// As [`Repository::tree`].
    pub fn between(&self, from: &str, to: &str) -> Result<Vec<Change>, GitError> {
        let arguments = ["diff-tree", "-r", "--raw", "-z", "-M", "--no-abbrev", "--relative", "--end-of-options"];
        Ok(changes(&self.ask(&[&arguments[..], &[from, to]].concat())?))
    }

    /// The commit that a revision names.
    ///
    /// # Errors
    /// Where it names none.
    pub fn commit(&self, revision: &str) -> Result<String, GitError> {
        let named = format!("{revision}^{{commit}}");
        match self.line(&["rev-parse", "--verify", "--quiet", "--end-of-options", &named]) {
            Err(GitError::Said(_)) => Err(GitError::UnknownRevision(revision.to_owned())),
            other => other,
        }
    }

    /// The commit at `HEAD`; `None` before the first one.
    ///
    /// # Errors
    /// As [`Repository::index`].
    pub fn head(&self) -> Result<Option<String>, GitError> {
        match self.commit("HEAD") {
            Ok(commit) => Ok(Some(commit)),
            Err(GitError::UnknownRevision(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The newest commit that both have.
    ///
    /// # Errors
    /// Where one is no commit, or they have none in common.
    pub fn merge_base(&self, one: &str, other: &str) -> Result<String, GitError> {
        let (first, second) = (self.commit(one)?, self.commit(other)?);
        match self.line(&["merge-base", &first, &second]) {
            Err(GitError::Said(_)) => {
                let shallow = self.line(&["rev-parse", "--is-shallow-repository"]).is_ok_and(|line| line == "true");
                Err(GitError::NoMergeBase { one: one.to_owned(), other: other.to_owned(), shallow })
            }
            other => other,
        }
    }

    /// Which of these paths `.gitattributes` hands to Git LFS.
    #[must_use]
    pub fn in_lfs(&self, paths: &[&str]) -> HashSet<String> {
        git::handed_to_lfs(self.git(), paths)
    }

    /// Where git keeps something of this name, for this work tree: `hooks`, `MERGE_HEAD`.
    ///
    /// # Errors
    /// As [`Repository::index`].
    pub fn path(&self, name: &str) -> Result<PathBuf, GitError> {
        Ok(self.root.join(self.line(&["rev-parse", "--git-path", name])?))
    }

    /// The folder that all work trees of the repository share.
    #[must_use]
    pub fn shared(&self) -> Option<PathBuf> {
        self.usual().or_else(|| Some(self.root.join(self.line(&["rev-parse", "--git-common-dir"]).ok()?)))
    }

    /// Puts a patch of one file into the index, where the index holds the lines that the patch is about; whether it does. The
    /// work tree is left alone. With `only_look` the index is left alone too.
    ///
    /// # Errors
    /// Where git cannot be asked.
    pub fn patch_index(&self, patch: &[u8], only_look: bool) -> Result<bool, GitError> {
        let mut command = self.git();
        command.args(["apply", "--cached", "--whitespace=nowarn"]).args(only_look.then_some("--check")).arg("-");
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().map_err(unstarted)?;
        if let Some(mut stdin) = child.stdin.take() {
            // A git that ends early says by its exit code what it thinks of the patch.
            let _ = stdin.write_all(patch);
        }
        child.wait().map(|status| status.success()).map_err(unstarted)
    }

    /// The file of the index, where the repository is laid out as usual.
    fn usual_index(&self) -> Option<PathBuf> {
        let folder = self.usual()?;
        let named = self.meant.iter().find(|(name, _)| name == "GIT_INDEX_FILE").map(|(_, value)| value);
        let file = named.map_or_else(|| folder.join("index"), |value| self.root.join(value));
        (!is_unusual(&folder.join("config"))).then_some(file)
    }

    /// The usual case needs no process: a folder `.git`, and nobody who says otherwise.
    fn usual(&self) -> Option<PathBuf> {
        let folder = self.root.join(".git");
        let as_usual = |(name, value): &(OsString, OsString)| {
            name == "GIT_INDEX_FILE" || name == "GIT_DIR" && self.root.join(value) == folder
        };
        (self.meant.iter().all(as_usual) && folder.join("HEAD").is_file()).then_some(folder)
    }
}

/// Git at work on what is staged.
pub struct Staged(std::io::Result<Child>);

impl Staged {
    /// Waits for its answer.
    ///
    /// # Errors
    /// As [`Repository::index`].
    pub fn finish(self) -> Result<Vec<Change>, GitError> {
        Ok(changes(&answer(self.0)?))
    }
}

fn answer(child: std::io::Result<Child>) -> Result<Vec<u8>, GitError> {
    let output = child.and_then(Child::wait_with_output).map_err(unstarted)?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let words = String::from_utf8_lossy(&output.stderr);
    if words.contains("not a git repository") {
        return Err(GitError::NotARepository);
    }
    let first = words.lines().find(|line| !line.trim().is_empty()).unwrap_or("it gave no reason").trim();
    Err(GitError::Said(first.trim_start_matches("fatal: ").to_owned()))
}

/// Whether contents may have names of another kind, or files another place, than usual; in doubt they may.
fn is_unusual(configuration: &Path) -> bool {
    std::fs::read(configuration).map_or(true, |text| {
        let text = text.to_ascii_lowercase();
        ["objectformat", "worktree"].iter().any(|word| memchr::memmem::find(&text, word.as_bytes()).is_some())
    })
}

pub(super) fn unstarted(error: std::io::Error) -> GitError {
    match error.kind() {
        std::io::ErrorKind::NotFound => GitError::NotInstalled,
        _ => GitError::Said(format!("it could not be started: {error}")),
    }
}

fn mode_of(digits: &str) -> Mode {
    match digits {
        "120000" => Mode::Link,
        "160000" => Mode::Submodule,
        _ => Mode::File,
    }
}

/// `rest` judges what follows the object's name.
fn items(listed: &[u8], rest: impl Fn(&mut std::str::SplitAsciiWhitespace<'_>) -> Option<()>) -> Vec<Item> {
    let item = |record: &[u8]| {
        let at = memchr::memchr(b'\t', record)?;
        let (head, path) = (std::str::from_utf8(record.get(..at)?).ok()?, record.get(at + 1..)?);
        let mut words = head.split_ascii_whitespace();
        let mode = mode_of(words.next()?);
        let oid = words.find(|word| word.len() >= 40)?.into();
        rest(&mut words)?;
        Some(Item { path: String::from_utf8_lossy(path).into(), mode, oid })
    };
    listed.split(|&byte| byte == 0).filter_map(item).collect()
}

/// `:<mode> <mode> <object> <object> <status>\0<path>\0`, with a second path for what was renamed.
fn changes(listed: &[u8]) -> Vec<Change> {
    let mut fields = listed.split(|&byte| byte == 0).map(String::from_utf8_lossy);
    let mut changes = Vec::new();
    while let Some(head) = fields.next() {
        let words: Vec<&str> = head.trim_start_matches(':').split(' ').collect();
        let &[old_mode, new_mode, old, new, status] = words.as_slice() else { continue };
        let Some(path) = fields.next() else { break };
        let moved = if status.starts_with(['R', 'C']) { fields.next() } else { None };
        let side = |mode: &str, oid: &str, path: &str| {
            let is_there = mode.bytes().any(|digit| digit != b'0');
            is_there.then(|| Item { path: path.into(), mode: mode_of(mode), oid: oid.into() })
        };
        let target = moved.as_deref().unwrap_or(&path);
        changes.push(Change { before: side(old_mode, old, &path), after: side(new_mode, new, target) });
    }
    changes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_read_with_renames_and_odd_names() {
        let zero = "0".repeat(40);
        let one = "1".repeat(40);
        let two = "2".repeat(40);
        let listed = format!(
            ":100644 100644 {one} {two} M\0a\tb\nc.py\0:000000 100644 {zero} {two} A\0new.py\0\
             :100644 000000 {one} {zero} D\0old.py\0:100644 100644 {one} {one} R100\0from.py\0to.py\0"
        );
        let told: Vec<String> = changes(listed.as_bytes())
            .iter()
            .map(|change| {
                let side = |item: &Option<Item>| {
                    item.as_ref().map_or("-".into(), |it| format!("{}@{}", it.path, &it.oid[..1]))
                };
                format!("{} > {}", side(&change.before), side(&change.after))
            })
            .collect();
        assert_eq!(told, ["a\tb\nc.py@1 > a\tb\nc.py@2", "- > new.py@2", "old.py@1 > -", "from.py@1 > to.py@1"]);
    }
}
