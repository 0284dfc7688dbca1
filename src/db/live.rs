//! Whether a database is in use right now: who has it open, and what stands beside it. Opens none.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Why a database is taken to be in use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Use {
    /// The program of that name has it open.
    Open(String),
    /// Rows stand in this file beside it.
    Rows(&'static str),
}

/// For each path what tells that it is in use. Processes are seen where the system lists them under `/proc`, and only those
/// of the same user; elsewhere the files beside it tell.
#[must_use]
pub fn in_use(paths: &[PathBuf]) -> Vec<Option<Use>> {
    if paths.is_empty() {
        return Vec::new();
    }
    let holders = holders(paths);
    let has_bytes = |path: &Path, ending: &str| {
        let mut name = path.as_os_str().to_owned();
        name.push(ending);
        fs::metadata(name).is_ok_and(|about| about.is_file() && about.len() > 0)
    };
    let one = |path: &PathBuf| {
        let real = fs::canonicalize(path).ok()?;
        if let Some(name) = holders.get(&real) {
            return Some(Use::Open(name.clone()));
        }
        ["-wal", "-journal"].into_iter().find(|ending| has_bytes(&real, ending)).map(Use::Rows)
    };
    paths.iter().map(one).collect()
}

/// Programs by the file they have open; of several the first by name.
fn holders(paths: &[PathBuf]) -> BTreeMap<PathBuf, String> {
    let wanted: Vec<PathBuf> = paths.iter().filter_map(|path| fs::canonicalize(path).ok()).collect();
    let mut found: BTreeMap<PathBuf, String> = BTreeMap::new();
    let own = std::process::id().to_string();
    for process in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let name = process.file_name();
        let is_process =
            name.to_str().is_some_and(|name| name != own && name.bytes().all(|byte| byte.is_ascii_digit()));
        if !is_process {
            continue;
        }
        // Those of other users cannot be listed, and end while one looks.
        for open in fs::read_dir(process.path().join("fd")).into_iter().flatten().flatten() {
            let Ok(target) = fs::read_link(open.path()) else { continue };
            if !wanted.contains(&target) {
                continue;
            }
            let program = fs::read_to_string(process.path().join("comm")).unwrap_or_default();
            let program = program.trim().to_owned();
            let known = found.entry(target).or_insert_with(|| program.clone());
            if program < *known {
                *known = program;
            }
        }
    }
    found
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "the test makes the files it looks at")]
mod tests {
    use super::*;

    #[test]
    fn what_stands_beside_a_database_tells_that_it_is_in_use() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        for (name, bytes) in [("a.db", "x"), ("b.db", "x"), ("b.db-wal", "rows"), ("c.db", "x"), ("c.db-wal", "")] {
            fs::write(path(name), bytes).unwrap();
        }
        fs::write(path("d.db"), "x").unwrap();
        fs::write(path("d.db-journal"), "rows").unwrap();
        let paths = ["a.db", "b.db", "c.db", "d.db", "none.db"].map(path);
        assert_eq!(in_use(&paths), [None, Some(Use::Rows("-wal")), None, Some(Use::Rows("-journal")), None]);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_program_that_has_it_open_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        fs::write(&path, "x").unwrap();
        let mut sleeping =
            std::process::Command::new("sleep").arg("30").stdin(fs::File::open(&path).unwrap()).spawn().unwrap();
        let told = in_use(std::slice::from_ref(&path));
        sleeping.kill().unwrap();
        sleeping.wait().unwrap();
        assert!(matches!(&told[..], [Some(Use::Open(_))]), "{told:?}");
        assert_eq!(in_use(&[path]), [None]);
    }
}
