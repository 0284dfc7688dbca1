//! The hooks of `.pre-commit-hooks.yaml`, run by pre-commit and by prek in real repositories.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::sandbox::{Run, Sandbox, project};
use crate::staged::{POLICY, git_in};
use crate::tools::tool;

const MANAGERS: [&str; 2] = ["pre-commit", "prek"];
const OPENS_RETIRED: &str = "import sqlite3\n\n\ndef login():\n    return sqlite3.connect('data/auth.db')\n";

/// A repository with a commit and a configuration that takes one hook from this project's manifest. The hook's program is the
/// one that is built, because `language` is set to `system`; its entry and all else stand in the manifest.
struct Repository {
    sandbox: Sandbox,
    home: tempfile::TempDir,
}

impl Repository {
    fn with_hook(id: &str) -> Self {
        let home = tempfile::tempdir().unwrap();
        let hooks = home.path().join("hooks");
        fs::create_dir(&hooks).unwrap();
        fs::write(hooks.join(".pre-commit-hooks.yaml"), project(".pre-commit-hooks.yaml")).unwrap();
        for arguments in [&["init", "-q"][..], &["add", "."], &["commit", "-qm", "hooks"]] {
            assert_eq!(git_in(&hooks, arguments).code, 0);
        }
        let commit = git_in(&hooks, &["rev-parse", "HEAD"]).stdout;
        let configuration = format!(
            "repos:\n- repo: {}\n  rev: {}\n  hooks: [{{ id: {id}, language: system }}]\n",
            hooks.display(),
            commit.trim()
        );
        let sandbox = Sandbox::new()
            .git(&["init", "-q"])
            .file(".pre-commit-config.yaml", configuration)
            .file("dbguard.toml", POLICY)
            .file("app.py", "ONE = 1\n")
            .git(&["add", "."])
            .git(&["commit", "-qm", "first"]);
        Self { sandbox, home }
    }

    /// Runs the hook as `MANAGER ARGUMENTS`, and holds the files, the index and HEAD to what they were.
    fn run(&self, manager: &str, arguments: &[&str]) -> Run {
        let before = self.files();
        let index = git_in(&self.sandbox.path(), &["ls-files", "--stage"]).stdout;
        let run = self.run_freely(manager, arguments);
        assert!(before == self.files(), "{manager} and the hook changed a file: {run:?}");
        assert_eq!(index, git_in(&self.sandbox.path(), &["ls-files", "--stage"]).stdout);
        run
    }

    fn run_freely(&self, manager: &str, arguments: &[&str]) -> Run {
        let program = Path::new(env!("CARGO_BIN_EXE_dbguard")).parent().unwrap();
        let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap());
        let mut command = tool(manager);
        command.args(arguments).current_dir(self.sandbox.path()).env("PATH", path);
        command.env("PRE_COMMIT_HOME", self.home.path().join("home")).env("PREK_HOME", self.home.path().join("prek"));
        for name in ["GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE", "PRE_COMMIT_FROM_REF", "PRE_COMMIT_TO_REF"] {
            command.env_remove(name);
        }
        Run::of(&command.output().unwrap())
    }

    /// Every file outside `.git`, to the byte.
    fn files(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let git = self.sandbox.path().join(".git");
        let files = self.sandbox.digest().into_iter().filter(|(path, _)| !path.starts_with(&git));
        files.map(|(path, (content, _))| (path, content)).collect()
    }

    fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        let path = self.sandbox.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    fn git(&self, arguments: &[&str]) {
        let run = git_in(&self.sandbox.path(), arguments);
        assert_eq!(run.code, 0, "git {arguments:?}: {run:?}");
    }
}

#[test]
fn only_the_staged_part_of_a_file_counts() {
    for manager in MANAGERS {
        let repository = Repository::with_hook("dbguard");
        repository.write("app.py", "ONE = 1\nTWO = 2\n");
        repository.git(&["add", "app.py"]);
        repository.write("app.py", format!("ONE = 1\nTWO = 2\n{OPENS_RETIRED}"));
        let run = repository.run(manager, &["run"]);
        assert_eq!(run.code, 0, "{manager}: what is wrong is not staged: {run:?}");

        repository.git(&["add", "app.py"]);
        repository.write("app.py", "ONE = 1\n");
        let run = repository.run(manager, &["run"]);
        assert_ne!(run.code, 0, "{manager}: what is wrong is staged: {run:?}");
        assert!(run.stdout.contains("[forbidden-database]"), "{manager}: {run:?}");
    }
}

#[test]
fn three_hundred_files_are_one_run_that_sees_them_all() {
    for manager in MANAGERS {
        let repository = Repository::with_hook("dbguard");
        for number in 0..300 {
            repository.write(&format!("parts/part_{number:03}.py"), format!("NUMBER = {number}\n"));
        }
        repository.write("parts/part_137.py", OPENS_RETIRED);
        repository.git(&["add", "."]);
        let run = repository.run(manager, &["run"]);
        assert_ne!(run.code, 0, "{manager}: {run:?}");
        assert_eq!(run.stdout.matches("files staged (of ").count(), 1, "{manager} ran it in slices: {run:?}");
        assert!(run.stdout.contains("300 files staged"), "{manager}: {run:?}");
        assert!(run.stdout.contains("parts/part_137.py"), "{manager}: {run:?}");
    }
}

#[test]
fn a_database_is_known_by_its_content_and_not_by_its_name() {
    for (manager, hook) in [("pre-commit", "dbguard"), ("prek", "dbguard"), ("pre-commit", "dbguard-files")] {
        let repository = Repository::with_hook(hook);
        repository.write("notes.db", "These are notes, and no database.\n");
        repository.git(&["add", "notes.db"]);
        let run = repository.run(manager, &["run"]);
        assert_eq!(run.code, 0, "{manager}, {hook}: {run:?}");

        let connection = rusqlite::Connection::open(repository.sandbox.path().join("export.dat")).unwrap();
        connection.execute_batch("CREATE TABLE users (id); INSERT INTO users VALUES (1), (2)").unwrap();
        drop(connection);
        repository.git(&["add", "export.dat"]);
        let run = repository.run(manager, &["run"]);
        assert_ne!(run.code, 0, "{manager}, {hook}: {run:?}");
        assert!(run.stdout.contains("`export.dat` is tracked by git"), "{manager}, {hook}: {run:?}");
    }
}

#[test]
fn in_ci_with_nothing_staged_what_is_committed_is_checked() {
    for manager in MANAGERS {
        let repository = Repository::with_hook("dbguard");
        repository.write("login.py", OPENS_RETIRED);
        repository.git(&["add", "."]);
        repository.git(&["commit", "-qm", "wrong", "--no-verify"]);
        let run = repository.run(manager, &["run", "--all-files"]);
        assert_ne!(run.code, 0, "{manager} passed in silence: {run:?}");
        let run = repository.run(manager, &["run", "--from-ref", "HEAD~1", "--to-ref", "HEAD"]);
        assert!(run.code != 0 && run.stdout.contains("login.py"), "{manager}: {run:?}");
    }
}

#[test]
fn the_file_hook_says_nothing_about_code() {
    let repository = Repository::with_hook("dbguard-files");
    repository.write("login.py", OPENS_RETIRED);
    repository.git(&["add", "."]);
    assert_eq!(repository.run("pre-commit", &["run"]).code, 0);
}

const SPELLED_OUT: &str = "import sqlite3\n\n\ndef connect():\n    return sqlite3.connect('data/zoe.db')\n";

#[test]
fn the_fixing_hook_mends_staged_files_in_the_work_tree_and_the_commit_is_made_again() {
    for manager in MANAGERS {
        let repository = Repository::with_hook("dbguard-fix");
        repository.write("untracked.py", SPELLED_OUT);
        repository.write("app.py", SPELLED_OUT);
        repository.git(&["add", "app.py"]);
        let run = repository.run_freely(manager, &["run"]);
        assert!(run.code != 0 && run.stdout.contains("app.py  2 edits"), "{manager}: {run:?}");
        let held = git_in(&repository.sandbox.path(), &["show", ":app.py"]).stdout;
        assert_eq!(held, SPELLED_OUT, "{manager}: the index was changed: {run:?}");
        let read = |name: &str| fs::read_to_string(repository.sandbox.path().join(name)).unwrap();
        assert!(read("app.py").contains("os.environ.get('DATABASE_PATH', 'data/zoe.db')"), "{manager}: {run:?}");
        assert_eq!(read("untracked.py"), SPELLED_OUT, "{manager}: it is not staged");
        repository.git(&["add", "app.py"]);
        let run = repository.run(manager, &["run"]);
        assert_eq!(run.code, 0, "{manager}: {run:?}");
    }
}

/// Managers put away what is not staged, and take back what a hook did where the two do not fit: then nothing may be lost.
#[test]
fn the_fixing_hook_loses_nothing_where_the_same_lines_have_changes_that_are_not_staged() {
    for manager in MANAGERS {
        let repository = Repository::with_hook("dbguard-fix");
        repository.write("app.py", SPELLED_OUT);
        repository.git(&["add", "app.py"]);
        repository.write("app.py", SPELLED_OUT.replace("zoe.db'", "zoe.db', timeout=9"));
        let run = repository.run(manager, &["run"]);
        assert_ne!(run.code, 0, "{manager}: {run:?}");
    }
}
