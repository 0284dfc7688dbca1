//! Where the policy lies: upwards from a folder. The only file here that reads the disk.

use std::io;
use std::path::{Path, PathBuf};

use super::{Policy, load_from, sections};

/// In the order they are asked for within one folder.
const NAMES: [&str; 3] = ["dbguard.toml", ".dbguard.toml", "pyproject.toml"];

/// The nearest policy at or above `directory`; a `pyproject.toml` counts when it has `[tool.dbguard]`.
#[must_use]
pub fn locate(directory: &Path) -> Option<PathBuf> {
    directory.ancestors().find_map(|folder| {
        NAMES.iter().map(|name| folder.join(name)).find(|file| {
            file.is_file()
                && (!file.ends_with("pyproject.toml")
                    || std::fs::read(file).is_ok_and(|bytes| sections::has_table(&String::from_utf8_lossy(&bytes))))
        })
    })
}

/// Reads a policy and what it extends; findings call its file `shown_as`.
pub fn load(file: &Path, shown_as: &str) -> io::Result<Policy> {
    load_from(file, shown_as, &mut |path, _| std::fs::read(path))
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "the test lays out its own folder")]
mod tests {
    use super::*;

    #[test]
    fn upwards_and_past_a_pyproject_without_a_table() {
        let root = tempfile::tempdir().unwrap();
        let deep = root.path().join("a/b");
        std::fs::create_dir_all(&deep).unwrap();
        let write = |path: &str, text: &str| std::fs::write(root.path().join(path), text).unwrap();
        write("pyproject.toml", "[tool.dbguard.primary]\npath = 'x.db'\n");
        write("a/pyproject.toml", "[tool.ruff]\n");
        assert_eq!(locate(&deep), Some(root.path().join("pyproject.toml")));
        write("a/.dbguard.toml", "");
        assert_eq!(locate(&deep), Some(root.path().join("a/.dbguard.toml")));
        write("a/dbguard.toml", "");
        assert_eq!(locate(&deep), Some(root.path().join("a/dbguard.toml")));

        let policy = load(&root.path().join("pyproject.toml"), "pyproject.toml").unwrap();
        assert_eq!(policy.primary.unwrap().path.value, "x.db");
        assert!(load(&root.path().join("none.toml"), "none.toml").is_err());
    }
}
