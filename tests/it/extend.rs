//! A policy that builds on another one: `extend`.

use std::fs;

use crate::sandbox::{Run, Sandbox};

const TEAM: &str = "\
[primary]
path = \"data/zoe.db\"
env = \"DATABASE_PATH\"

[[retired]]
path = \"auth.db\"

[[external]]
path = \"elsewhere/of-another-service.db\"

[rules]
unused-suppression = \"off\"
";
const LOGIN: &str = "import sqlite3\n\n\ndef login():\n    return sqlite3.connect('auth.db')\n";

/// One policy for the team, and a service with a policy of its own that builds on it.
fn services() -> Sandbox {
    Sandbox::new()
        .git(&["init", "-q"])
        .file("policies/team.toml", TEAM)
        .file(
            "services/login/dbguard.toml",
            "extend = \"../../policies/team.toml\"\n\n[rules]\ncwd-relative-path = \"off\"\n",
        )
        .file("services/login/login.py", LOGIN)
}

fn check(sandbox: &Sandbox, arguments: &[&str]) -> Run {
    let fixed = ["check", "--root", "services/login", "--output-format", "concise", "--quiet"];
    sandbox.run(&[&fixed[..], arguments].concat())
}

#[test]
fn a_service_is_held_to_the_policy_of_its_team() {
    let run = check(&services(), &[]);
    assert_eq!(run.stdout, "login.py:5:28: error[forbidden-database] `auth.db` is retired\n");
    assert_eq!(run.code, 1, "{run:?}");

    let alone = services().file("services/login/dbguard.toml", "[primary]\npath = \"auth.db\"\n");
    let run = check(&alone, &["--select", "forbidden-database"]);
    assert_eq!((run.code, run.stdout.as_str()), (0, ""), "without `extend` the nearest policy counts alone: {run:?}");
}

#[test]
fn settings_tell_which_file_they_are_from() {
    let run = check(&services(), &["--show-settings"]);
    for line in [
        "# policy: dbguard.toml  (found upwards)",
        "# it extends: ../../policies/team.toml",
        "path = \"data/zoe.db\"  # ../../policies/team.toml:2",
        "unused-suppression = \"off\"  # ../../policies/team.toml:12",
        "cwd-relative-path = \"off\"  # dbguard.toml:4",
        "hardcoded-path = \"error\"  # default",
    ] {
        assert!(run.stdout.lines().any(|shown| shown == line), "{line} is not in\n{}", run.stdout);
    }
}

#[test]
fn a_mistake_is_told_in_the_file_that_makes_it() {
    for (own, team, expected) in [
        (
            "extend = \"../../policies/tema.toml\"\n",
            TEAM,
            "dbguard.toml:1:10: error[invalid-policy] `../../policies/tema.toml` cannot be read: there is no such file\n",
        ),
        (
            "extend = \"../../policies/team.toml\"\n",
            "[primry]\npath = 'x.db'\n",
            "../../policies/team.toml:1:2: error[invalid-policy] unknown key `primry` in a policy\n",
        ),
        (
            "extend = \"../../policies/team.toml\"\n",
            "extend = \"../services/login/dbguard.toml\"\n",
            "../../policies/team.toml:1:10: error[invalid-policy] `extend` goes in a circle: dbguard.toml → \
             ../../policies/team.toml → dbguard.toml\n",
        ),
    ] {
        let sandbox = services().file("services/login/dbguard.toml", own).file("policies/team.toml", team);
        let run = check(&sandbox, &["--select", "invalid-policy"]);
        assert_eq!((run.code, run.stdout.as_str()), (2, expected), "{run:?}");
    }
}

#[test]
fn what_is_staged_is_judged_by_the_policy_that_is_staged() {
    let sandbox = Sandbox::new()
        .git(&["init", "-q"])
        .file("team.toml", TEAM)
        .file("dbguard.toml", "extend = \"team.toml\"\n")
        .git(&["add", "."])
        .git(&["commit", "-qm", "first"])
        .file("login.py", LOGIN)
        .git(&["add", "."]);
    // The work tree says something else, and is not asked.
    fs::write(sandbox.path().join("team.toml"), "[primry]\n").unwrap();
    let arguments = ["check", "--staged", "--output-format", "concise", "--quiet", "--select", "forbidden,invalid"];
    let run = sandbox.run(&arguments);
    assert_eq!(run.stdout, "login.py:5:28: error[forbidden-database] `auth.db` is retired\n");
    let sandbox = sandbox.git(&["add", "."]);
    let run = sandbox.run(&arguments);
    assert_eq!(run.stdout, "team.toml:1:2: error[invalid-policy] unknown key `primry` in a policy\n", "{run:?}");
}
