//! What git says, by calling `git` itself: right with worktrees, submodules and whatever the user configured.

use std::collections::{BTreeMap, HashSet};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// Variables of a running hook that would turn another repository into this one.
const LOCAL: [&str; 10] = [
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_COMMON_DIR",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_INDEX_FILE",
    "GIT_PREFIX",
    "GIT_NAMESPACE",
    "GIT_CEILING_DIRECTORIES",
];

/// Submodules within submodules that are still asked.
const DEEPEST: usize = 3;

/// Git's index as far as it concerns a folder.
#[derive(Debug, Default)]
pub(super) struct Index {
    /// Relative to that folder.
    pub(super) tracked: HashSet<Box<str>>,
    /// Why git could not be asked.
    pub(super) trouble: Option<String>,
}

/// A `git ls-files` under way, so that the walk need not wait for it.
pub(super) struct Listing {
    child: std::io::Result<Child>,
    root: PathBuf,
}

/// The folder that holds `.git`, at or above `root`.
#[must_use]
pub fn top(root: &Path) -> Option<&Path> {
    root.ancestors().find(|folder| folder.join(".git").exists())
}

/// The root for a run that starts in `folder`: the nearest folder above that holds a policy or is a work tree's top.
#[must_use]
pub fn root_of(folder: &Path) -> PathBuf {
    let marks = [".git", "dbguard.toml", ".dbguard.toml"];
    let found = folder.ancestors().find(|at| marks.iter().any(|mark| at.join(mark).exists()));
    found.unwrap_or(folder).to_path_buf()
}

pub(super) fn list(root: &Path) -> Listing {
    let child = git(root)
        .args(["ls-files", "-z", "--stage"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    Listing { child, root: root.to_path_buf() }
}

impl Listing {
    pub(super) fn finish(self) -> Index {
        let mut index = Index::default();
        self.collect("", DEEPEST, &mut index);
        index
    }

    fn collect(self, prefix: &str, depth: usize, index: &mut Index) {
        let output = match self.child.and_then(Child::wait_with_output) {
            Ok(output) => output,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                index.trouble = Some("git is not installed, so what it tracks is not known".into());
                return;
            }
            Err(error) => {
                index.trouble = Some(format!("git could not be asked: {error}"));
                return;
            }
        };
        if !output.status.success() {
            let words = String::from_utf8_lossy(&output.stderr);
            let first = words.lines().find(|line| !line.trim().is_empty()).unwrap_or("it gave no reason").trim();
            index.trouble = Some(format!("git could not be asked: {first}"));
            return;
        }
        for record in output.stdout.split(|&byte| byte == 0) {
            // `<mode> <object> <stage>\t<path>`; a path that is not UTF-8 is skipped by the walk anyway.
            let Some((head, path)) = std::str::from_utf8(record).ok().and_then(|record| record.split_once('\t')) else {
                continue;
            };
            if head.starts_with("160000") {
                let folder = self.root.join(path);
                if depth > 0 && folder.join(".git").exists() {
                    list(&folder).collect(&format!("{prefix}{path}/"), depth - 1, index);
                }
            } else {
                index.tracked.insert(format!("{prefix}{path}").into());
            }
        }
    }
}

/// Which of these paths `.gitattributes` hands to Git LFS.
#[must_use]
pub fn in_lfs(root: &Path, paths: &[&str]) -> HashSet<String> {
    handed_to_lfs(git(root), paths)
}

/// The same, asked by a command that is ready for its arguments.
pub(super) fn handed_to_lfs(mut git: Command, paths: &[&str]) -> HashSet<String> {
    let mut found = HashSet::new();
    if paths.is_empty() {
        return found;
    }
    let child = git
        .args(["check-attr", "-z", "--stdin", "filter"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn();
    let Ok(mut child) = child else { return found };
    let mut asked = Vec::new();
    for path in paths {
        asked.extend_from_slice(path.as_bytes());
        asked.push(0);
    }
    // A thread writes: git answers while it reads, and a full pipe each way would stop both.
    let writer = child.stdin.take().map(|mut stdin| std::thread::spawn(move || stdin.write_all(&asked)));
    let output = child.wait_with_output();
    if let Some(writer) = writer {
        let _ = writer.join();
    }
    let Ok(output) = output else { return found };
    let fields: Vec<&[u8]> = output.stdout.split(|&byte| byte == 0).collect();
    for triple in fields.chunks_exact(3) {
        if let [path, _, b"lfs"] = triple {
            found.insert(String::from_utf8_lossy(path).into_owned());
        }
    }
    found
}

/// Which of these files have changes that no commit holds, or are not in git and not ignored either; relative to `root`, as
/// they are given. The error says why git could not be asked.
pub fn uncommitted(root: &Path, files: &[&str]) -> Result<Vec<String>, String> {
    let mut found = Vec::new();
    // A file may lie in a repository of its own below the root.
    let mut by_top: BTreeMap<&Path, Vec<(&str, PathBuf)>> = BTreeMap::new();
    let absolute: Vec<(&str, PathBuf)> = files.iter().map(|file| (*file, root.join(file))).collect();
    for (file, path) in &absolute {
        if let Some(top) = path.parent().and_then(top) {
            by_top.entry(top).or_default().push((file, path.clone()));
        }
    }
    for (top, files) in by_top {
        let output = git(top)
            .args(["status", "--porcelain=v1", "-z", "--no-renames", "--untracked-files=all"])
            .stdin(Stdio::null())
            .output()
            .map_err(|error| format!("git could not be asked: {error}"))?;
        if !output.status.success() {
            let words = String::from_utf8_lossy(&output.stderr);
            return Err(words.lines().next().unwrap_or("git gave no reason").to_owned());
        }
        let changed: HashSet<PathBuf> = output
            .stdout
            .split(|byte| *byte == 0)
            .filter_map(|record| Some(top.join(String::from_utf8_lossy(record.get(3..)?).as_ref())))
            .collect();
        found.extend(files.into_iter().filter(|(_, path)| changed.contains(path)).map(|(file, _)| file.to_owned()));
    }
    found.sort();
    Ok(found)
}

pub(super) fn git(root: &Path) -> Command {
    let mut command = Command::new("git");
    // A repository of strangers may name a program as its file system monitor.
    command.arg("-C").arg(root).args(["-c", "core.fsmonitor=false"]);
    for name in LOCAL {
        command.env_remove(name);
    }
    command.env("GIT_OPTIONAL_LOCKS", "0").env("LC_ALL", "C");
    command
}
