//! Where files have gone, as git sees it. Knows nothing of what is in them.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;

use super::git::git;

/// New names of files by their old ones, both relative to `root`: what was renamed since `file` was last committed, in
/// commits and in the index. Empty where git cannot say.
#[must_use]
pub fn renames_since(root: &Path, file: &Path) -> BTreeMap<String, String> {
    let asked = |arguments: &[&str], last: Option<&Path>| {
        let mut command = git(root);
        command.args(arguments).stdin(Stdio::null()).stderr(Stdio::null());
        if let Some(path) = last {
            command.arg("--").arg(path);
        }
        let output = command.output().ok().filter(|output| output.status.success())?;
        String::from_utf8(output.stdout).ok()
    };
    // A file that was never committed was made from what HEAD or the work tree hold.
    let commit = asked(&["log", "-1", "--format=%H"], Some(file)).unwrap_or_default();
    let commit = if commit.trim().is_empty() { "HEAD" } else { commit.trim() };
    let options =
        ["diff", "--name-status", "-z", "-M", "-l0", "--diff-filter=R", "--relative", "--no-ext-diff", commit];
    let mut renames = BTreeMap::new();
    let listed = asked(&options, None).unwrap_or_default();
    let mut fields = listed.split('\0');
    // `R<score>`, old name, new name.
    while let (Some(status), Some(old), Some(new)) = (fields.next(), fields.next(), fields.next()) {
        if status.starts_with('R') {
            renames.insert(old.to_owned(), new.to_owned());
        }
    }
    renames
}
