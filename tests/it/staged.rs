//! `dbguard check --staged`: what the next commit adds, read from git's index.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::sandbox::{Run, Sandbox};

pub(crate) const POLICY: &str =
    "[primary]\npath = \"data/zoe.db\"\nenv = \"DATABASE_PATH\"\n\n[[retired]]\npath = \"auth.db\"\n";
const GOOD: &str =
    "import os, sqlite3\n\n\ndef connect():\n    return sqlite3.connect(os.getenv('DATABASE_PATH', 'data/zoe.db'))\n";
/// A retired database, which an old commit opens already.
const OLD: &str = "import sqlite3\n\n\ndef login():\n    return sqlite3.connect('data/auth.db')\n";
const NEW: &str = "\n\ndef register():\n    return sqlite3.connect('data/auth.db')\n";

/// A repository with one commit, in which `login.py` is wrong already.
pub(crate) fn project() -> Sandbox {
    Sandbox::new()
        .git(&["init", "-q"])
        .file("dbguard.toml", POLICY)
        .file(".gitignore", "*.db-wal\n")
        .file("app.py", GOOD)
        .file("login.py", OLD)
        .git(&["add", "."])
        .git(&["commit", "-qm", "first"])
}

/// Git as the sandbox runs it, in a folder of its own choosing.
pub(crate) fn git_in(folder: &Path, arguments: &[&str]) -> Run {
    let output = Command::new("git")
        .args(["-c", "user.name=Tester", "-c", "user.email=tester@example.com", "-c", "protocol.file.allow=always"])
        .args(arguments)
        .current_dir(folder)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_SYSTEM", "/dev/null")
        .output()
        .unwrap();
    Run::of(&output)
}

/// Every file outside `.git`, with its content and time.
pub(crate) fn work_tree(sandbox: &Sandbox) -> BTreeMap<PathBuf, (Vec<u8>, std::time::SystemTime)> {
    let git = sandbox.path().join(".git");
    let mut files = sandbox.digest();
    files.retain(|path, _| !path.starts_with(&git));
    files
}

fn staged(sandbox: &Sandbox) -> Run {
    let before = work_tree(sandbox);
    let run = sandbox.run(&["check", "--staged", "--output-format", "concise"]);
    assert!(before == work_tree(sandbox), "the work tree was touched");
    run
}

fn lines(run: &Run) -> Vec<&str> {
    run.stdout.lines().collect()
}

#[test]
fn only_what_the_commit_adds_is_told() {
    let sandbox = project().file("login.py", format!("# moved down\n{OLD}{NEW}")).git(&["add", "."]);
    let run = staged(&sandbox);
    assert_eq!(lines(&run), ["login.py:10:28: error[forbidden-database] `data/auth.db` is retired"], "{run:?}");
    assert!(run.code == 1 && run.stderr.contains("1 file staged"), "{run:?}");
    let sandbox = sandbox.file("login.py", format!("{OLD}\nprint(1)\n")).git(&["add", "."]);
    assert_eq!((staged(&sandbox).code, staged(&sandbox).stdout.as_str()), (0, ""));
}

#[test]
fn what_is_not_staged_does_not_count() {
    let sandbox = project().file("app.py", format!("{GOOD}\nX = 1\n")).git(&["add", "."]);
    let sandbox = sandbox.file("app.py", format!("{GOOD}{NEW}")).file("new.py", OLD);
    let run = staged(&sandbox);
    assert_eq!((run.code, run.stdout.as_str()), (0, ""), "{run:?}");
    // And what is staged counts, though the file on disk is clean again.
    let sandbox = sandbox.git(&["add", "app.py"]).file("app.py", GOOD);
    assert_eq!(lines(&staged(&sandbox)).len(), 1);
}

#[test]
fn with_nothing_staged_the_last_commit_is_checked_and_that_is_said() {
    let sandbox = project().file("new.py", OLD);
    let run = staged(&sandbox);
    assert!(run.stdout.contains("login.py:5:28") && !run.stdout.contains("new.py"), "{run:?}");
    assert!(run.code == 1 && run.stderr.contains("Nothing is staged"), "{run:?}");
}

#[test]
fn an_empty_repository_is_not_called_checked() {
    let run = staged(&Sandbox::new().git(&["init", "-q"]));
    assert!(run.code == 0 && run.stderr.contains("there is no commit yet: nothing was checked"), "{run:?}");
}

#[test]
fn a_bare_repository_is_not_called_checked() {
    let sandbox = Sandbox::new().git(&["init", "-q", "--bare"]);
    for arguments in [&["check", "--staged"][..], &["hook", "run"], &["hook", "install"]] {
        let run = sandbox.run(arguments);
        assert!(run.code == 2 && run.stderr.starts_with("error: the repository is bare\n"), "{arguments:?}: {run:?}");
    }
    assert!(!sandbox.path().join("hooks/pre-commit").exists());
}

#[test]
fn the_first_commit_is_compared_with_nothing() {
    let sandbox = Sandbox::new().git(&["init", "-q"]).file("dbguard.toml", POLICY).file("login.py", OLD);
    let sandbox = sandbox.git(&["add", "."]);
    let run = staged(&sandbox);
    assert!(run.code == 1 && run.stdout.contains("login.py:5:28: error[forbidden-database]"), "{run:?}");
}

#[test]
fn a_renamed_file_brings_nothing_new_and_a_deleted_one_may() {
    let sandbox = project().git(&["mv", "login.py", "session.py"]);
    let run = staged(&sandbox);
    assert_eq!((run.code, run.stdout.as_str()), (0, ""), "{run:?}");
    let sandbox = sandbox.git(&["mv", "session.py", "login.py"]).git(&["rm", "-q", "app.py"]);
    // Nothing speaks of the primary any more: the policy's entry is of no use.
    assert_eq!(
        lines(&staged(&sandbox)),
        ["dbguard.toml:2:8: warning[unused-policy-entry] the primary `data/zoe.db` matches nothing in the tree"]
    );
}

#[test]
fn a_constant_that_changes_in_one_file_is_news_of_another() {
    let sandbox = Sandbox::new()
        .git(&["init", "-q"])
        .file("dbguard.toml", POLICY)
        .file("paths.py", "AUTH = '/srv/other.txt'\n")
        .file("login.py", "import sqlite3\nfrom paths import AUTH\n\n\ndef login():\n    sqlite3.connect(AUTH)\n")
        .git(&["add", "."])
        .git(&["commit", "-qm", "first"])
        .file("paths.py", "AUTH = 'auth' + '.d' + 'b'\n")
        .git(&["add", "."]);
    let run = staged(&sandbox);
    assert!(run.stdout.contains("error[forbidden-database]"), "{run:?}");
}

/// What does not matter by itself is not even parsed, unless what matters can reach it.
#[test]
fn a_module_is_reached_through_others_and_through_its_package() {
    for (what, files) in [
        ("another module", &[("login.py", "from names import AUTH"), ("names.py", "from paths import AUTH")][..]),
        ("a package", &[("app/login.py", "from . import AUTH"), ("app/__init__.py", "from .paths import AUTH")]),
    ] {
        let folder = if files[0].0.starts_with("app/") { "app/" } else { "" };
        let paths = format!("{folder}paths.py");
        let mut sandbox = Sandbox::new().git(&["init", "-q"]).file("dbguard.toml", POLICY).file(&paths, "AUTH = 'x'\n");
        for (path, import) in files {
            let opens = if path.ends_with("login.py") { "import sqlite3\nsqlite3.connect(AUTH)\n" } else { "" };
            sandbox = sandbox.file(path, format!("{import}\n{opens}"));
        }
        let sandbox = sandbox.git(&["add", "."]).git(&["commit", "-qm", "first"]);
        let sandbox = sandbox.file(&paths, "AUTH = 'auth' + '.d' + 'b'\n").git(&["add", "."]);
        assert!(staged(&sandbox).stdout.contains("error[forbidden-database]"), "{what}");
    }
}

#[test]
fn a_stricter_policy_is_no_news_of_what_stood_there_before() {
    let stricter = format!("{POLICY}\n[[retired]]\npath = \"old.db\"\n\n[[external]]\npath = \"nowhere.db\"\n");
    let sandbox = project()
        .file("old.py", "import sqlite3\nsqlite3.connect('old.db')\n")
        .git(&["add", "."])
        .git(&["commit", "-qm", "old"])
        .file("dbguard.toml", stricter)
        .git(&["add", "."]);
    assert_eq!(
        lines(&staged(&sandbox)),
        [
            "dbguard.toml:12:8: warning[unused-policy-entry] the external database `nowhere.db` matches nothing in the tree"
        ]
    );
}

#[test]
fn a_mistake_in_a_staged_policy_is_told() {
    let sandbox = Sandbox::new().git(&["init", "-q"]).file("dbguard.toml", "").file("app.py", "X = 1\n");
    let sandbox = sandbox.git(&["add", "."]).git(&["commit", "-qm", "first"]);
    let sandbox = sandbox.file("dbguard.toml", "[ruels]\nhardcoded-path = \"off\"\n").git(&["add", "."]);
    // On disk it is right again.
    let run = staged(&sandbox.file("dbguard.toml", ""));
    assert!(run.code == 2 && run.stdout.contains("dbguard.toml:1:") && run.stdout.contains("ruels"), "{run:?}");
}

#[test]
fn a_baseline_accepts_what_it_counts_and_not_one_more() {
    let sandbox = project();
    assert_eq!(sandbox.run(&["baseline", "create"]).code, 0);
    let sandbox = sandbox.git(&["add", "."]).git(&["commit", "-qm", "baseline"]);
    let sandbox = sandbox.file("login.py", format!("{OLD}    sqlite3.connect('data/auth.db')\n")).git(&["add", "."]);
    assert_eq!(lines(&staged(&sandbox)), ["login.py:6:21: error[forbidden-database] `data/auth.db` is retired"]);
    assert_eq!(sandbox.run(&["baseline", "update", "--accept-new"]).code, 0);
    assert_eq!(lines(&staged(&sandbox)), Vec::<&str>::new());
}

#[test]
fn three_hundred_staged_files_are_all_looked_at_and_remembered() {
    let mut sandbox = project();
    for number in 0..300 {
        let text = if number == 250 { OLD.to_owned() } else { format!("X = {number}\n") };
        sandbox = sandbox.file(&format!("many/module_{number}.py"), text);
    }
    let sandbox = sandbox.git(&["add", "."]);
    let first = staged(&sandbox);
    assert_eq!(lines(&first), ["many/module_250.py:5:28: error[forbidden-database] `data/auth.db` is retired"]);
    assert!(first.stderr.contains("300 files staged (of 304 in the tree"), "{first:?}");
    assert!(sandbox.path().join(".git/dbguard/known-contents").is_file());
    assert_eq!(staged(&sandbox), first);
    // What was remembered may vanish or be damaged.
    fs::write(sandbox.path().join(".git/dbguard/known-contents"), b"nonsense").unwrap();
    assert_eq!(staged(&sandbox), first);
}

#[test]
fn the_index_of_a_partial_commit_is_read() {
    let sandbox = project().file("app.py", format!("{GOOD}{NEW}")).git(&["add", "."]);
    // As `git commit other.py` gives it to a hook: an index of its own, without app.py.
    let index = sandbox.path().join(".git/next-index");
    fs::copy(sandbox.path().join(".git/index"), &index).unwrap();
    let other = |arguments: &[&str]| {
        let mut command = sandbox.command(arguments);
        command.env("GIT_INDEX_FILE", ".git/next-index");
        Run::of(&command.output().unwrap())
    };
    let reset = Command::new("git")
        .args(["reset", "-q", "--", "app.py"])
        .env("GIT_INDEX_FILE", ".git/next-index")
        .current_dir(sandbox.path())
        .status();
    assert!(reset.unwrap().success());
    let run = other(&["check", "--staged", "-q", "--output-format", "concise"]);
    assert!(!run.stdout.contains("app.py"), "{run:?}");
    assert!(staged(&sandbox).stdout.contains("app.py"));
}

#[test]
fn a_run_from_a_subfolder_sees_the_whole_commit() {
    let sandbox = project().file("deep/er/new.py", OLD).git(&["add", "."]);
    let mut command = sandbox.command(&["check", "--staged", "--output-format", "concise"]);
    command.current_dir(sandbox.path().join("deep/er"));
    let run = Run::of(&command.output().unwrap());
    assert_eq!(lines(&run), ["deep/er/new.py:5:28: error[forbidden-database] `data/auth.db` is retired"], "{run:?}");
    // Paths choose what is told.
    let run = sandbox.run(&["check", "--staged", "app.py"]);
    assert_eq!(run.code, 0, "{run:?}");
}

#[test]
fn a_policy_in_a_subfolder_speaks_of_that_folder() {
    let sandbox = Sandbox::new()
        .git(&["init", "-q"])
        .file("service/dbguard.toml", POLICY)
        .file("service/login.py", OLD)
        .file("elsewhere/login.py", OLD)
        .git(&["add", "."]);
    let mut command = sandbox.command(&["check", "--staged", "--output-format", "concise"]);
    command.current_dir(sandbox.path().join("service"));
    let run = Run::of(&command.output().unwrap());
    assert!(run.stdout.contains("login.py:5:28") && !run.stdout.contains("elsewhere"), "{run:?}");
}

#[test]
fn linked_worktrees_and_submodules_are_repositories_of_their_own() {
    let sandbox = project();
    let linked =
        sandbox.path().join("../linked-of-".to_owned() + sandbox.path().file_name().unwrap().to_str().unwrap());
    assert_eq!(git_in(&sandbox.path(), &["worktree", "add", "-q", linked.to_str().unwrap()]).code, 0);
    fs::write(linked.join("new.py"), OLD).unwrap();
    assert_eq!(git_in(&linked, &["add", "."]).code, 0);
    let in_linked = |sandbox: &Sandbox| {
        let mut command = sandbox.command(&["check", "--staged", "--output-format", "concise"]);
        Run::of(&command.current_dir(&linked).output().unwrap())
    };
    let run = in_linked(&sandbox);
    fs::remove_dir_all(&linked).unwrap();
    assert_eq!(lines(&run), ["new.py:5:28: error[forbidden-database] `data/auth.db` is retired"], "{run:?}");

    let outer = Sandbox::new().git(&["init", "-q"]).file("dbguard.toml", POLICY).git(&["add", "."]);
    let from = sandbox.path();
    assert_eq!(git_in(&outer.path(), &["submodule", "--quiet", "add", from.to_str().unwrap(), "sub"]).code, 0);
    assert!(!staged(&outer).stdout.contains("login.py"), "a submodule's files are no part of the commit");
    fs::write(outer.path().join("sub/new.py"), OLD).unwrap();
    assert_eq!(git_in(&outer.path().join("sub"), &["add", "."]).code, 0);
    let mut command = outer.command(&["check", "--staged", "--output-format", "concise"]);
    let run = Run::of(&command.current_dir(outer.path().join("sub")).output().unwrap());
    assert_eq!(lines(&run), ["new.py:5:28: error[forbidden-database] `data/auth.db` is retired"], "{run:?}");
}

#[test]
fn excluded_and_vendored_files_are_left_alone_as_on_disk() {
    let policy = format!("{POLICY}\n[places]\nexclude = [\"legacy/**\"]\n");
    let sandbox = project()
        .file("dbguard.toml", policy)
        .git(&["add", "."])
        .git(&["commit", "-qm", "exclude"])
        .file("legacy/a.py", OLD)
        .file("node_modules/x/a.js", "const d = new Database('auth.db')\n")
        .file("venv/pyvenv.cfg", "")
        .file("venv/lib/a.py", OLD)
        .git(&["add", "-f", "."]);
    let run = staged(&sandbox);
    assert_eq!((run.code, run.stdout.as_str()), (0, ""), "{run:?}");
}

#[test]
fn a_staged_check_says_what_a_check_of_the_same_files_says() {
    let sandbox = project().file("new.py", OLD).file("docker-compose.yml", "services: {}\n").git(&["add", "."]);
    let sandbox = sandbox.git(&["commit", "-qm", "second"]);
    let whole = sandbox.run(&["check", "--output-format", "concise"]);
    assert_eq!(staged(&sandbox).stdout, whole.stdout);
}

#[test]
fn outside_a_repository_the_error_says_so() {
    let run = Sandbox::new().file("app.py", GOOD).run(&["check", "--staged"]);
    assert!(run.code == 2 && run.stderr.contains("not a git repository"), "{run:?}");
}

#[test]
fn another_repository_s_hook_variables_are_not_taken_over() {
    let sandbox = project().file("new.py", OLD).git(&["add", "."]);
    let elsewhere = Sandbox::new().git(&["init", "-q"]);
    let mut command = sandbox.command(&["check", "--staged", "--output-format", "concise", "--root"]);
    command.arg(sandbox.path()).current_dir(elsewhere.path()).env("GIT_INDEX_FILE", ".git/index");
    command.env("GIT_DIR", elsewhere.path().join(".git"));
    let run = Run::of(&command.output().unwrap());
    assert!(run.stdout.contains("new.py:5:28"), "{run:?}");
}

const USERS: &str = "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT); INSERT INTO users (name) VALUES ('a'), ('b'), ('c'); \
                     CREATE TABLE sessions (token TEXT);";

#[test]
fn a_staged_database_is_known_by_its_bytes_and_told_with_what_is_in_it() {
    let sandbox = project()
        .database("data/zoe.db", "CREATE TABLE users (id INTEGER PRIMARY KEY)")
        .file(".gitignore", "zoe.db\n*.db-wal\n")
        .git(&["add", "."])
        .git(&["commit", "-qm", "ignored"])
        .database("data/copy of it.dat", USERS)
        .git(&["add", "data/copy of it.dat"]);
    // What is staged counts, and not what has become of it since.
    let sandbox = sandbox.file("data/copy of it.dat", "gone");
    let run = staged(&sandbox);
    assert!(run.code == 1, "{run:?}");
    let told = lines(&run).into_iter().find(|line| line.contains("tracked-database")).unwrap();
    assert_eq!(
        told,
        "data/copy of it.dat:1:1: error[tracked-database] `data/copy of it.dat` is tracked by git: 2 tables, 3 rows \
         (`sessions`, `users`); 1 of them also in `data/zoe.db`: `users`"
    );
    let page = sandbox.run(&["check", "--staged"]).stdout;
    assert!(page.contains("git rm --cached data/copy of it.dat"), "{page}");
}

#[test]
fn a_database_that_changes_is_told_again_and_one_that_is_renamed_is_not() {
    let sandbox = project().database("kept.sqlite", USERS).git(&["add", "."]).git(&["commit", "-qm", "database"]);
    let renamed = sandbox.git(&["mv", "kept.sqlite", "moved.sqlite"]);
    assert_eq!(lines(&staged(&renamed)), Vec::<&str>::new());
    let changed = renamed
        .git(&["mv", "moved.sqlite", "kept.sqlite"])
        .database("kept.sqlite", "INSERT INTO users (name) VALUES ('d')");
    let run = staged(&changed.git(&["add", "."]));
    assert!(lines(&run).len() == 1 && run.stdout.contains("2 tables, 4 rows"), "{run:?}");
}

#[test]
fn what_only_looks_like_a_database_passes_and_what_is_damaged_does_not() {
    let sandbox = project().file("notes.db", "a text of two lines\nand no database\n").git(&["add", "."]);
    assert!(!staged(&sandbox).stdout.contains("tracked-database"));
    let sandbox =
        sandbox.file("torn.bin", [b"SQLite format 3\0".as_slice(), &[0x5a; 4080]].concat()).git(&["add", "."]);
    let run = staged(&sandbox);
    assert!(run.stdout.contains("`torn.bin` is tracked by git (it is damaged"), "{run:?}");
}

#[test]
fn sidecars_and_pointers_of_lfs_are_told_as_what_they_are() {
    let pointer = format!("version https://git-lfs.github.com/spec/v1\noid sha256:{}\nsize 4096\n", "0".repeat(64));
    let sandbox = project().file("data/big.db", pointer).file("data/zoe.db-wal", "x").git(&["add", "-f", "."]);
    let run = staged(&sandbox);
    let rules: Vec<&str> = lines(&run).into_iter().filter_map(|line| line.split(['[', ']']).nth(1)).collect();
    assert!(rules.contains(&"database-in-lfs") && rules.contains(&"sidecar-tracked"), "{run:?}");
    assert!(!rules.contains(&"tracked-database"), "{run:?}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_tracked_database_that_is_in_use_gives_a_warning() {
    let sandbox = project().database("kept.db", USERS).git(&["add", "."]).git(&["commit", "-qm", "database"]);
    let mut program =
        Command::new("sleep").arg("60").stdin(fs::File::open(sandbox.path().join("kept.db")).unwrap()).spawn().unwrap();
    let sandbox = sandbox.database("kept.db", "INSERT INTO users (name) VALUES ('d')").git(&["add", "."]);
    let run = staged(&sandbox);
    let whole = sandbox.run(&["check", "--output-format", "concise"]);
    program.kill().unwrap();
    program.wait().unwrap();
    for run in [&run, &whole] {
        assert!(
            run.stdout.contains("warning[live-database] `kept.db` is tracked by git and in use: `sleep` has it open"),
            "{run:?}"
        );
    }
    assert!(!staged(&sandbox).stdout.contains("live-database"));
    let sandbox = sandbox.file("kept.db-wal", "rows");
    assert!(staged(&sandbox).stdout.contains("rows of it stand in `kept.db-wal`"));
}

/// What is wrong in the whole of a tree of git, as `(file, fingerprint)`, found in a checkout of its own.
fn wrong_in(tree: &Path) -> Vec<(String, String)> {
    let output = Command::new(env!("CARGO_BIN_EXE_dbguard"))
        .args(["check", "--root", ".", "--output-format", "json"])
        .current_dir(tree)
        .output()
        .unwrap();
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let mut found: Vec<_> = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| (text(&finding["file"]), text(&finding["fingerprint"])))
        .collect();
    found.sort();
    found
}

/// Nothing that makes a hook quick may change what it says: not what is remembered, not what both sides share, not what is
/// left out because it stands apart.
#[test]
fn of_random_changes_exactly_that_is_told_which_a_check_of_the_whole_tells_after_and_not_before() {
    const TEXTS: [&str; 10] = [
        "VALUE = 1\n",
        "VALUE = 'data/auth.db'\n",
        "VALUE = 'auth' + '.d' + 'b'\n",
        "from one import VALUE\n",
        "import two\nVALUE = two.VALUE\n",
        "import sqlite3\nfrom one import VALUE\n\n\ndef load():\n    return sqlite3.connect(VALUE)\n",
        "import sqlite3\nfrom three import VALUE\nsqlite3.connect(VALUE).execute('SELECT name FROM users')\n",
        "import os, sqlite3\nsqlite3.connect(os.getenv('DATABASE_PATH', 'data/zoe.db'))\n",
        "import sqlite3\n\n\ndef f(path='cache.db'):\n    return sqlite3.connect(path)\n",
        "# nothing\n",
    ];
    const NAMES: [&str; 6] = ["one.py", "two.py", "three.py", "four.py", "deep/five.py", "deep/__init__.py"];
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut chance = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % below as u64).unwrap()
    };
    let mut sandbox = project();
    for name in NAMES {
        sandbox = sandbox.file(name, TEXTS[chance(TEXTS.len())]);
    }
    let mut sandbox = sandbox.git(&["add", "."]).git(&["commit", "-qm", "start"]);
    let checkout = |sandbox: &Sandbox, tree: &str| {
        let folder = tempfile::tempdir().unwrap();
        let archive = folder.path().join("tree.tar");
        assert_eq!(git_in(&sandbox.path(), &["archive", "-o", archive.to_str().unwrap(), tree]).code, 0);
        assert!(Command::new("tar").args(["-xf", "tree.tar"]).current_dir(folder.path()).status().unwrap().success());
        fs::remove_file(archive).unwrap();
        folder
    };
    let mut told_at_all = 0;
    for step in 0..24 {
        for _ in 0..=chance(3) {
            let name = NAMES[chance(NAMES.len())];
            let text = TEXTS[chance(TEXTS.len())];
            if chance(6) == 0 {
                let _ = fs::remove_file(sandbox.path().join(name));
            } else {
                sandbox = sandbox.file(name, format!("{text}# {step}\n"));
            }
        }
        sandbox = sandbox.git(&["add", "-A", "."]);
        let tree = git_in(&sandbox.path(), &["write-tree"]).stdout;
        let (before, after) = (checkout(&sandbox, "HEAD"), checkout(&sandbox, tree.trim()));
        let mut expected = wrong_in(after.path());
        for accounted in wrong_in(before.path()) {
            if let Some(at) = expected.iter().position(|it| *it == accounted) {
                expected.remove(at);
            }
        }
        let staged = || {
            let report = sandbox.run(&["check", "--staged", "--output-format", "json"]).json();
            let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
            let findings = report["findings"].as_array().unwrap().iter();
            let mut told: Vec<_> = findings.map(|it| (text(&it["file"]), text(&it["fingerprint"]))).collect();
            told.sort();
            told
        };
        let warm = staged();
        assert_eq!(warm, expected, "step {step}");
        fs::remove_dir_all(sandbox.path().join(".git/dbguard")).unwrap();
        assert_eq!(staged(), expected, "step {step}, with nothing remembered");
        assert_eq!(staged(), expected, "step {step}, with all of it remembered");
        told_at_all += expected.len();
        sandbox = sandbox.git(&["commit", "-q", "--allow-empty", "-m", "step"]);
    }
    assert!(told_at_all > 10, "the changes bring too little to prove anything: {told_at_all}");
}
