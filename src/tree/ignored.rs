//! Ignore rules as git has them: files in each folder, `info/exclude`, and the user's own. Decides nothing else.

use std::path::Path;
use std::sync::Arc;

use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};

/// The rules in force in a folder: its own, then those of the folders above, then those of the repository and the user.
#[derive(Clone, Default)]
pub(super) struct Rules(Option<Arc<Level>>);

struct Level {
    rules: Gitignore,
    above: Rules,
}

impl Rules {
    /// The rules that hold at `root` before its own ignore file is read. `top` is the folder of the repository.
    pub(super) fn above(root: &Path, top: Option<&Path>) -> Self {
        let Some(top) = top else { return Self::default() };
        let (global, _) = Gitignore::global();
        let mut rules = Self::default().with(global);
        let mut exclude = GitignoreBuilder::new(top);
        // A mistake in an ignore file costs that line, as it does in git.
        let _ = exclude.add(top.join(".git/info/exclude"));
        rules = rules.with_built(&exclude);
        let mut folders: Vec<&Path> = root.ancestors().skip(1).take_while(|folder| folder.starts_with(top)).collect();
        folders.reverse();
        for folder in folders {
            rules = rules.enter(folder, folder.join(".gitignore").is_file());
        }
        rules
    }

    /// The rules within `folder`, which has an ignore file or not.
    pub(super) fn enter(&self, folder: &Path, has_file: bool) -> Self {
        if !has_file {
            return self.clone();
        }
        let mut builder = GitignoreBuilder::new(folder);
        let _ = builder.add(folder.join(".gitignore"));
        self.with_built(&builder)
    }

    /// The rules within `folder`, whose ignore file git holds.
    pub(super) fn enter_held(&self, folder: &Path, text: &[u8]) -> Self {
        let mut builder = GitignoreBuilder::new(folder);
        for line in String::from_utf8_lossy(text).lines() {
            // A mistake costs its line.
            let _ = builder.add_line(None, line);
        }
        self.with_built(&builder)
    }

    fn with_built(&self, builder: &GitignoreBuilder) -> Self {
        match builder.build() {
            Ok(rules) => self.with(rules),
            Err(_) => self.clone(),
        }
    }

    fn with(&self, rules: Gitignore) -> Self {
        if rules.is_empty() {
            return self.clone();
        }
        Self(Some(Arc::new(Level { rules, above: self.clone() })))
    }

    /// Whether a rule covers `path` itself (folders above it are the caller's matter).
    pub(super) fn cover(&self, path: &Path, is_folder: bool) -> bool {
        let mut level = &self.0;
        while let Some(at) = level {
            match at.rules.matched(path, is_folder) {
                Match::Ignore(_) => return true,
                Match::Whitelist(_) => return false,
                Match::None => level = &at.above.0,
            }
        }
        false
    }
}
