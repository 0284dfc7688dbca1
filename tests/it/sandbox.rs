//! A temporary project to run the program in, told in sentences.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

/// A folder that vanishes with the test.
pub(crate) struct Sandbox {
    folder: tempfile::TempDir,
}

impl Sandbox {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::Builder::new().prefix("dbguard-it-").tempdir().unwrap() }
    }

    /// Its real path, without symbolic links.
    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().canonicalize().unwrap()
    }

    pub(crate) fn file(self, path: &str, content: impl AsRef<[u8]>) -> Self {
        let path = self.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
        self
    }

    pub(crate) fn folder(self, path: &str) -> Self {
        fs::create_dir_all(self.path().join(path)).unwrap();
        self
    }

    /// A SQLite database made by the statements.
    pub(crate) fn database(self, path: &str, sql: &str) -> Self {
        let path = self.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let connection = rusqlite::Connection::open(path).unwrap();
        connection.execute_batch(sql).unwrap();
        self
    }

    pub(crate) fn git(self, arguments: &[&str]) -> Self {
        let done = Command::new("git")
            .args(["-c", "user.name=Tester", "-c", "user.email=tester@example.com", "-c", "init.defaultBranch=main"])
            .args(arguments)
            .current_dir(self.path())
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_SYSTEM", "/dev/null")
            .output()
            .unwrap();
        assert!(done.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
        self
    }

    /// The program, ready to run in the sandbox, with nothing of the machine's own environment that it reads.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dbguard"));
        command.args(arguments).current_dir(self.path()).stdin(Stdio::null());
        for name in [
            "COLUMNS",
            "NO_COLOR",
            "CLICOLOR_FORCE",
            "DBGUARD_CONFIG",
            "GIT_DIR",
            "GIT_INDEX_FILE",
            "GIT_WORK_TREE",
            "PRE_COMMIT_FROM_REF",
            "PRE_COMMIT_TO_REF",
        ] {
            command.env_remove(name);
        }
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Run {
        Run::of(&self.command(arguments).output().unwrap())
    }

    /// `dbguard scan --output-format json`, which must succeed.
    pub(crate) fn scan(&self) -> Value {
        let run = self.run(&["scan", "--output-format", "json"]);
        assert_eq!(run.code, 0, "{run:?}");
        run.json()
    }

    /// Every file with its content and time of change: what a reader must leave alone.
    pub(crate) fn digest(&self) -> BTreeMap<PathBuf, (Vec<u8>, std::time::SystemTime)> {
        let mut files = BTreeMap::new();
        let mut folders = vec![self.path()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let entry = entry.unwrap();
                let kind = entry.file_type().unwrap();
                if kind.is_dir() {
                    files.insert(entry.path(), (Vec::new(), entry.metadata().unwrap().modified().unwrap()));
                    folders.push(entry.path());
                } else if kind.is_file() {
                    let read = (fs::read(entry.path()).unwrap(), entry.metadata().unwrap().modified().unwrap());
                    files.insert(entry.path(), read);
                }
            }
        }
        files
    }
}

/// What a run of the program left behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Run {
    pub(crate) fn of(output: &Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error} in {self:?}"))
    }
}

/// A file of the project itself.
pub(crate) fn project(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path))
        .unwrap_or_else(|error| panic!("{path}: {error}"))
}
