//! What git knows of the tree. Calls `git` itself: right with worktrees, submodules and whatever the user configured.

use std::collections::HashSet;
use std::path::Path;
use std::process::{Command, Stdio};

/// The paths in git's index, relative to the root, `/`-separated.
pub(super) type Tracked = HashSet<String>;

/// `git` in a folder, without what a hook's environment would make of it.
fn git(folder: &Path) -> Command {
    let mut command = Command::new("git");
    command.arg("-C").arg(folder).stdin(Stdio::null()).stderr(Stdio::null());
    for variable in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_OBJECT_DIRECTORY"] {
        command.env_remove(variable);
    }
    command
}

/// The tracked files below a folder; `None` outside a work tree, or where there is no git.
#[must_use]
pub(super) fn tracked(folder: &Path) -> Option<Tracked> {
    let output = git(folder).args(["ls-files", "-z"]).output().ok().filter(|output| output.status.success())?;
    Some(
        output
            .stdout
            .split(|&byte| byte == 0)
            .filter(|path| !path.is_empty())
            .map(|path| String::from_utf8_lossy(path).into_owned())
            .collect(),
    )
}

/// Which of these tracked files `.gitattributes` hands to Git LFS.
#[must_use]
pub fn in_lfs(folder: &Path, paths: &[&str]) -> HashSet<String> {
    if paths.is_empty() {
        return HashSet::new();
    }
    let output = git(folder).args(["check-attr", "-z", "filter", "--"]).args(paths).output();
    let Ok(output) = output else { return HashSet::new() };
    let fields: Vec<&[u8]> = output.stdout.split(|&byte| byte == 0).collect();
    fields
        .chunks_exact(3)
        .filter(|fields| fields[2] == b"lfs")
        .map(|fields| String::from_utf8_lossy(fields[0]).into_owned())
        .collect()
}

/// The root for a run that starts in `folder`: the nearest folder above that holds a policy or is a work tree's top.
#[must_use]
pub fn root_of(folder: &Path) -> std::path::PathBuf {
    folder
        .ancestors()
        .find(|at| at.join(".git").exists() || at.join("dbguard.toml").exists() || at.join(".dbguard.toml").exists())
        .unwrap_or(folder)
        .to_path_buf()
}
