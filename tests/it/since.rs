//! `dbguard check --since` and `--from-ref`: what a branch adds.

use crate::sandbox::{Run, Sandbox};
use crate::staged::{git_in, project};

const RETIRED: &str = "import sqlite3\n\n\ndef f():\n    return sqlite3.connect('data/auth.db')\n";

/// `main` goes on by itself while `topic` adds `topic.py`.
fn branched() -> Sandbox {
    project()
        .git(&["checkout", "-qb", "topic"])
        .file("topic.py", RETIRED)
        .git(&["add", "."])
        .git(&["commit", "-qm", "topic"])
        .git(&["checkout", "-q", "main"])
        .file("main.py", RETIRED)
        .git(&["add", "."])
        .git(&["commit", "-qm", "main"])
        .git(&["checkout", "-q", "topic"])
}

fn told(run: &Run) -> Vec<&str> {
    run.stdout.lines().filter_map(|line| line.split(':').next()).collect()
}

#[test]
fn a_branch_answers_for_its_own_commits() {
    let sandbox = branched();
    for (arguments, expected) in [
        (&["--since", "main"][..], &["topic.py"][..]),
        (&["--since", "HEAD~1"], &["topic.py"]),
        (&["--since", "HEAD"], &[]),
        (&["--from-ref", "topic", "--to-ref", "main"], &["main.py"]),
        (&["--from-ref", "main"], &["topic.py"]),
    ] {
        let run = sandbox.run(&[&["check", "--output-format", "concise"], arguments].concat());
        assert_eq!(told(&run), expected, "{arguments:?}: {run:?}");
        assert_eq!(run.code, i32::from(!expected.is_empty()), "{run:?}");
        assert!(run.stderr.contains("changed between"), "{run:?}");
    }
}

#[test]
fn pre_commit_s_variables_say_what_staged_means() {
    let sandbox = branched();
    let mut command = sandbox.command(&["check", "--staged", "--output-format", "concise"]);
    command.env("PRE_COMMIT_FROM_REF", "main").env("PRE_COMMIT_TO_REF", "topic");
    let run = Run::of(&command.output().unwrap());
    assert_eq!(told(&run), ["topic.py"], "{run:?}");
}

#[test]
fn what_cannot_be_compared_is_told_with_what_to_do() {
    let sandbox = branched();
    let unknown = sandbox.run(&["check", "--since", "nowhere"]);
    assert!(unknown.code == 2 && unknown.stderr.contains("`nowhere` names no commit"), "{unknown:?}");
    let option = sandbox.run(&["check", "--since=--output=x"]);
    assert!(option.code == 2 && option.stderr.contains("names no commit"), "{option:?}");

    let unborn = Sandbox::new().git(&["init", "-q"]).run(&["check", "--since", "main"]);
    assert!(unborn.code == 2 && unborn.stderr.contains("no commit yet"), "{unborn:?}");

    let none = Sandbox::new().run(&["check", "--since", "main"]);
    assert!(none.code == 2 && none.stderr.contains("not a git repository"), "{none:?}");

    let clone = Sandbox::new();
    let from = format!("file://{}", sandbox.path().display());
    assert_eq!(git_in(&clone.path(), &["clone", "-q", "--depth=1", "--branch=topic", &from, "."]).code, 0);
    assert_eq!(git_in(&clone.path(), &["fetch", "-q", "--depth=1", "origin", "main:main"]).code, 0);
    let shallow = clone.run(&["check", "--since", "main"]);
    assert!(shallow.code == 2 && shallow.stderr.contains("too shallow"), "{shallow:?}");
    assert!(shallow.stderr.contains("fetch-depth: 0"), "{shallow:?}");

    let orphan = project().git(&["checkout", "-q", "--orphan", "other"]).git(&["commit", "-qm", "other"]);
    let orphan = orphan.run(&["check", "--since", "main"]);
    assert!(orphan.code == 2 && orphan.stderr.contains("no commit in common"), "{orphan:?}");
}

#[test]
fn the_modes_exclude_each_other() {
    for arguments in [
        &["--staged", "--since", "main"][..],
        &["--since", "main", "--from-ref", "main"],
        &["--staged", "--from-ref", "main"],
        &["--to-ref", "main"],
    ] {
        let run = project().run(&[&["check"], arguments].concat());
        assert_eq!(run.code, 2, "{arguments:?}: {run:?}");
    }
}
