//! `dbguard hook`: real commits through the installed hook.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::sandbox::{Run, Sandbox};
use crate::staged::{git_in, project, work_tree};

const BAD: &str = "import sqlite3\n\n\ndef f():\n    return sqlite3.connect('data/auth.db')\n";

/// Git with dbguard on PATH, as a user has them.
fn git(folder: &Path, arguments: &[&str]) -> Run {
    let program = PathBuf::from(env!("CARGO_BIN_EXE_dbguard"));
    let path = format!("{}:{}", program.parent().unwrap().display(), std::env::var("PATH").unwrap());
    let mut command = Command::new("git");
    command.args(["-c", "user.name=Tester", "-c", "user.email=tester@example.com"]).args(arguments);
    for name in ["GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE", "DBGUARD_CONFIG", "PRE_COMMIT_FROM_REF"] {
        command.env_remove(name);
    }
    command.current_dir(folder).env("PATH", path).env("GIT_CONFIG_GLOBAL", "/dev/null");
    Run::of(&command.env("GIT_CONFIG_SYSTEM", "/dev/null").output().unwrap())
}

fn installed(sandbox: Sandbox) -> Sandbox {
    let run = sandbox.run(&["hook", "install"]);
    assert_eq!((run.code, run.stdout.as_str()), (0, ""), "{run:?}");
    sandbox
}

#[test]
fn a_commit_is_stopped_by_what_it_adds_and_by_nothing_else() {
    let sandbox = installed(project()).file("new.py", BAD).file("half.py", "X = 1\n").git(&["add", "."]);
    let sandbox = sandbox.file("half.py", format!("X = 2\n{BAD}"));
    let before = work_tree(&sandbox);
    let stopped = git(&sandbox.path(), &["commit", "-qm", "bad"]);
    assert!(stopped.code == 1 && stopped.stderr.contains("`data/auth.db` is retired"), "{stopped:?}");
    assert!(stopped.stderr.contains("new.py") && !stopped.stderr.contains("half.py:"), "{stopped:?}");
    assert!(stopped.stderr.contains("the commit is stopped"), "{stopped:?}");
    assert!(before == work_tree(&sandbox), "the work tree was touched");

    let sandbox = sandbox.git(&["rm", "-q", "--cached", "new.py"]);
    let done = git(&sandbox.path(), &["commit", "-qm", "good"]);
    assert_eq!(done.code, 0, "{done:?}");
    assert_eq!(
        git(&sandbox.path(), &["show", "--stat", "--format=", "HEAD", "--", "half.py"]).stdout.lines().count(),
        2
    );
}

#[test]
fn every_way_to_commit_is_seen() {
    let sandbox = installed(project()).file("app.py", BAD);
    let all = git(&sandbox.path(), &["commit", "-qam", "all"]);
    assert!(all.code == 1 && all.stderr.contains("app.py:5:28"), "{all:?}");
    let one = git(&sandbox.path(), &["commit", "-qm", "one", "app.py"]);
    assert!(one.code == 1 && one.stderr.contains("app.py:5:28"), "{one:?}");
    // Another file alone is committed, though this one is staged.
    let sandbox = sandbox.git(&["add", "app.py"]).file("login.py", "X = 1\n");
    let other = git(&sandbox.path(), &["commit", "-qm", "other", "login.py"]);
    assert_eq!(other.code, 0, "{other:?}");
    let patch = sandbox.git(&["reset", "-q"]);
    let patch = Command::new("sh")
        .args([
            "-c",
            &format!(
                "printf 'y\\n' | PATH={}:$PATH git -c user.name=T -c user.email=t@example.com commit -pqm patch",
                Path::new(env!("CARGO_BIN_EXE_dbguard")).parent().unwrap().display()
            ),
        ])
        .current_dir(patch.path())
        .output();
    let patch = Run::of(&patch.unwrap());
    assert!(patch.code == 1 && patch.stderr.contains("`data/auth.db` is retired"), "{patch:?}");
}

#[test]
fn other_messages_and_merges_bring_nothing_new() {
    let sandbox = installed(project());
    let amended = git(&sandbox.path(), &["commit", "-q", "--amend", "-m", "another message"]);
    assert!(amended.code == 0 && amended.stderr.contains("Nothing is staged"), "{amended:?}");
    let here = sandbox.path();
    for arguments in [
        &["checkout", "-qb", "topic"][..],
        &["commit", "-q", "--allow-empty", "--no-verify", "-m", "topic"],
        &["checkout", "-q", "main"],
    ] {
        assert_eq!(git(&here, arguments).code, 0);
    }
    fs::write(here.join("theirs.py"), BAD).unwrap();
    assert_eq!(git(&here, &["add", "."]).code, 0);
    assert_eq!(git(&here, &["commit", "-q", "--no-verify", "-m", "theirs"]).code, 0);
    assert_eq!(git(&here, &["checkout", "-q", "topic"]).code, 0);
    assert_eq!(git(&here, &["merge", "-q", "--no-commit", "--no-ff", "main"]).code, 0);
    let merged = git(&here, &["commit", "-qm", "merge"]);
    assert_eq!(merged.code, 0, "{merged:?}");
}

#[test]
fn the_hook_works_in_subfolders_and_linked_worktrees() {
    let sandbox = installed(project()).file("deep/new.py", BAD).git(&["add", "."]);
    let run = git(&sandbox.path().join("deep"), &["commit", "-qm", "bad"]);
    assert!(run.code == 1 && run.stderr.contains("deep/new.py:5:28"), "{run:?}");
    let elsewhere = Sandbox::new();
    let linked = elsewhere.path().join("linked");
    assert_eq!(git_in(&sandbox.path(), &["worktree", "add", "-q", linked.to_str().unwrap()]).code, 0);
    fs::write(linked.join("other.py"), BAD).unwrap();
    assert_eq!(git(&linked, &["add", "."]).code, 0);
    let run = git(&linked, &["commit", "-qm", "bad"]);
    assert!(run.code == 1 && run.stderr.contains("other.py:5:28"), "{run:?}");
    // The folder of hooks is the one that all work trees share.
    let mut command = sandbox.command(&["hook", "uninstall"]);
    assert!(command.current_dir(&linked).status().unwrap().success());
    assert_eq!(git(&linked, &["commit", "-qm", "unchecked"]).code, 0);
}

#[test]
fn an_existing_hook_runs_first_and_comes_back_to_the_byte() {
    use std::os::unix::fs::PermissionsExt;
    let theirs = "#!/bin/sh\necho theirs >&2\n[ ! -e stop ]\n";
    let sandbox = project().file(".git/hooks/pre-commit", theirs);
    let hook = sandbox.path().join(".git/hooks/pre-commit");
    fs::set_permissions(&hook, fs::Permissions::from_mode(0o751)).unwrap();
    let about = |path: &Path| (fs::read(path).unwrap(), fs::metadata(path).unwrap().permissions().mode());
    let before = about(&hook);
    let names = |sandbox: &Sandbox| {
        let listed = fs::read_dir(sandbox.path().join(".git/hooks")).unwrap();
        let mut names: Vec<_> = listed.map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        names
    };
    let listed = names(&sandbox);

    let sandbox = installed(installed(sandbox)).file("new.py", BAD).git(&["add", "."]);
    let run = git(&sandbox.path(), &["commit", "-qm", "bad"]);
    assert!(run.code == 1 && run.stderr.starts_with("theirs\n") && run.stderr.contains("new.py:5:28"), "{run:?}");
    let sandbox = sandbox.file("stop", "");
    let run = git(&sandbox.path(), &["commit", "-qm", "bad"]);
    assert!(run.code == 1 && run.stderr == "theirs\n", "{run:?}");

    assert_eq!(sandbox.run(&["hook", "uninstall"]).code, 0);
    assert!(about(&hook) == before && names(&sandbox) == listed);
    let again = sandbox.run(&["hook", "uninstall"]);
    assert!(again.code == 3 && again.stderr.contains("not dbguard's"), "{again:?}");
    assert_eq!(about(&hook), before);
}

#[test]
fn core_hooks_path_is_respected_where_it_belongs_to_the_repository() {
    let sandbox = installed(project().git(&["config", "core.hooksPath", ".githooks"]));
    assert!(sandbox.path().join(".githooks/pre-commit").is_file());
    let sandbox = sandbox.file("new.py", BAD).git(&["add", "new.py"]);
    let run = git(&sandbox.path(), &["commit", "-qm", "bad"]);
    assert!(run.code == 1 && run.stderr.contains("new.py:5:28"), "{run:?}");

    let shared = Sandbox::new().folder("hooks");
    let hooks = shared.path().join("hooks");
    let sandbox = project().git(&["config", "core.hooksPath", hooks.to_str().unwrap()]);
    let run = sandbox.run(&["hook", "install"]);
    assert!(run.code == 3 && run.stderr.contains("outside of it"), "{run:?}");
    assert_eq!(fs::read_dir(&hooks).unwrap().count(), 0);
}

#[test]
fn a_hook_that_somebody_changed_is_left_alone() {
    let sandbox = installed(project());
    let hook = sandbox.path().join(".git/hooks/pre-commit");
    let changed = fs::read_to_string(&hook).unwrap() + "echo more\n";
    fs::write(&hook, &changed).unwrap();
    for action in ["install", "uninstall"] {
        let run = sandbox.run(&["hook", action]);
        assert!(run.code == 3 && run.stderr.contains("was changed"), "{run:?}");
    }
    assert_eq!(fs::read_to_string(&hook).unwrap(), changed);
    let none = Sandbox::new().run(&["hook", "install"]);
    assert!(none.code == 2 && none.stderr.contains("not a git repository"), "{none:?}");
}
