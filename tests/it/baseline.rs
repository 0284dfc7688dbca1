//! `dbguard baseline`: what was accepted is silent, what is new or grew is told, what is gone is stale.

use std::fs;

use crate::sandbox::{Run, Sandbox};

const POLICY: &str = "[primary]\npath = \"data/zoe.db\"\nenv = \"DATABASE_PATH\"\n\n[[retired]]\npath = \"auth.db\"\n\n[[retired]]\npath = \"old.db\"\n";
const LOGIN: &str = "import sqlite3\n\n\ndef login():\n    return sqlite3.connect('data/auth.db')\n";

fn project() -> Sandbox {
    Sandbox::new()
        .git(&["init", "-q"])
        .file("dbguard.toml", POLICY)
        .file(".gitignore", "*.db\n*.db-wal\n*.db-shm\n*.db-journal\n")
        .file(".env", "DATABASE_PATH=data/zoe.db\n")
        .file("app.py", "import os, sqlite3\nsqlite3.connect(os.getenv('DATABASE_PATH', 'data/zoe.db'))\n")
        .file("old.py", "import sqlite3\nsqlite3.connect('old.db')\n")
        .file("login.py", LOGIN)
}

/// Rule and file with line of each finding, as far as they concern the retired databases and the baseline.
fn found(sandbox: &Sandbox, arguments: &[&str]) -> Vec<String> {
    let run = sandbox.run(&[&["check", "--output-format", "json"], arguments].concat());
    assert!(run.code <= 1, "{run:?}");
    let document = run.json();
    let findings = document["findings"].as_array().unwrap();
    let words = |finding: &serde_json::Value| {
        format!("{} {}:{}", finding["rule"].as_str().unwrap(), finding["file"].as_str().unwrap(), finding["line"])
    };
    let mut found: Vec<String> = findings.iter().map(words).collect();
    found.retain(|line| line.starts_with("forbidden-database") || line.starts_with("stale-baseline"));
    found
}

fn baseline(sandbox: &Sandbox, arguments: &[&str]) -> Run {
    let run = sandbox.run(&[&["baseline"], arguments].concat());
    assert_eq!(run.code, 0, "{run:?}");
    run
}

fn text(sandbox: &Sandbox) -> String {
    fs::read_to_string(sandbox.path().join(".dbguard-baseline.toml")).unwrap()
}

fn line_of(text: &str, words: &str) -> usize {
    text.lines().position(|line| line.contains(words)).unwrap() + 1
}

#[test]
fn what_is_accepted_is_silent_until_something_is_new() {
    let sandbox = project();
    assert_eq!(found(&sandbox, &[]), ["forbidden-database login.py:5", "forbidden-database old.py:2"]);
    let all = sandbox.run(&["check", "--output-format", "json"]).json()["findings"].as_array().unwrap().len();
    let run = baseline(&sandbox, &["create"]);
    assert_eq!(run.stdout, format!(".dbguard-baseline.toml: +{all} −0, {all} accepted\n"));
    let clean = sandbox.run(&["check"]);
    assert_eq!(clean.code, 0, "{clean:?}");
    assert!(clean.stdout.contains(&format!("No findings. {all} more accepted by the baseline.")), "{clean:?}");
    // Lines move, the formatter comes, and nothing is new.
    let sandbox = sandbox
        .file("login.py", LOGIN.replace("import sqlite3\n", "import os\nimport sqlite3\n\n").replace('\'', "\""));
    assert_eq!(found(&sandbox, &[]), Vec::<String>::new());
    assert_eq!(found(&sandbox, &["--no-baseline"]).len(), 2);
    // The same line with another retired database is another finding, and the old one is gone.
    let sandbox = sandbox.file("login.py", LOGIN.replace("auth.db", "old.db"));
    let stale = format!("stale-baseline .dbguard-baseline.toml:{}", line_of(&text(&sandbox), "\"login.py\"") - 2);
    assert_eq!(found(&sandbox, &[]), ["forbidden-database login.py:5".to_owned(), stale]);
}

#[test]
fn one_more_of_what_is_accepted_is_told_with_the_line_of_the_baseline() {
    let sandbox = project();
    baseline(&sandbox, &["create"]);
    let sandbox = sandbox.file("login.py", format!("{LOGIN}    sqlite3.connect('data/auth.db')\n"));
    assert_eq!(found(&sandbox, &[]), ["forbidden-database login.py:6"]);
    let page = sandbox.run(&["check"]);
    assert!(page.code == 1 && page.stdout.contains("the baseline accepts 1 like this, there are 2"), "{page:?}");
    assert!(page.stdout.contains(".dbguard-baseline.toml:"), "{page:?}");
}

#[test]
fn one_more_use_of_an_accepted_constant_is_told() {
    let code = "import sqlite3\nAUTH = 'data/auth.db'\na = sqlite3.connect(AUTH)\n";
    let sandbox = project().file("login.py", code);
    baseline(&sandbox, &["create"]);
    assert_eq!(found(&sandbox, &[]), Vec::<String>::new());
    let sandbox = sandbox.file("login.py", format!("{code}b = sqlite3.connect(AUTH)\n"));
    assert_eq!(found(&sandbox, &[]), ["forbidden-database login.py:2"]);
    let page = sandbox.run(&["check"]).stdout;
    assert!(page.contains("the baseline accepts it in 2 places, it is in 3"), "{page}");
}

#[test]
fn another_file_with_the_same_words_is_not_accepted() {
    let sandbox = project();
    baseline(&sandbox, &["create"]);
    let sandbox = sandbox.file("copy.py", LOGIN);
    assert_eq!(found(&sandbox, &[]), ["forbidden-database copy.py:5"]);
    // Nor does a file inherit what another that is gone was accepted for.
    fs::remove_file(sandbox.path().join("login.py")).unwrap();
    let stale = format!("stale-baseline .dbguard-baseline.toml:{}", line_of(&text(&sandbox), "\"login.py\"") - 2);
    assert_eq!(found(&sandbox, &[]), ["forbidden-database copy.py:5".to_owned(), stale]);
}

#[test]
fn a_renamed_file_keeps_what_it_was_accepted_for() {
    let sandbox = project();
    baseline(&sandbox, &["create"]);
    let sandbox = sandbox.git(&["add", "-A"]).git(&["commit", "-qm", "one"]).folder("services");
    let sandbox = sandbox.git(&["mv", "login.py", "services/sign_in.py"]);
    assert_eq!(found(&sandbox, &[]), Vec::<String>::new());
    let sandbox = sandbox.git(&["commit", "-qam", "two"]).git(&["mv", "services/sign_in.py", "entry.py"]);
    let sandbox = sandbox.git(&["commit", "-qam", "three"]).file("more.py", "");
    assert_eq!(found(&sandbox, &[]), Vec::<String>::new());
    assert_eq!(baseline(&sandbox, &["update"]).stdout.split(',').next(), Some(".dbguard-baseline.toml: +0 −0"));
    assert!(text(&sandbox).contains("\"entry.py\"") && !text(&sandbox).contains("\"login.py\""));
    assert_eq!(found(&sandbox, &[]), Vec::<String>::new());
}

#[test]
fn update_drops_what_is_gone_and_takes_in_nothing_unless_it_is_told_to() {
    let sandbox = project();
    baseline(&sandbox, &["create"]);
    let before = text(&sandbox);
    let edited = before.replace(
        "rule = \"forbidden-database\"\nfile = \"old.py\"\n",
        "rule = \"forbidden-database\"\nfile = \"old.py\"\nwhy = \"gone by spring\"\n",
    );
    assert_ne!(before, edited);
    fs::remove_file(sandbox.path().join("login.py")).unwrap();
    let sandbox = sandbox.file(".dbguard-baseline.toml", edited).file("new.py", LOGIN);
    let run = baseline(&sandbox, &["update"]);
    assert!(run.stdout.starts_with(".dbguard-baseline.toml: +0 −1, "), "{run:?}");
    assert!(run.stderr.contains("1 finding is not in it") && run.stderr.contains("--accept-new"), "{run:?}");
    assert_eq!(found(&sandbox, &[]), ["forbidden-database new.py:5"]);
    let run = baseline(&sandbox, &["update", "--accept-new", "--expires", "9999-12-31"]);
    assert!(run.stdout.starts_with(".dbguard-baseline.toml: +1 −0, "), "{run:?}");
    assert_eq!(found(&sandbox, &[]), Vec::<String>::new());
    assert!(text(&sandbox).contains("why = \"gone by spring\"") && text(&sandbox).contains("expires = 9999-12-31"));
    let again = baseline(&sandbox, &["update"]);
    assert!(again.stdout.starts_with(".dbguard-baseline.toml: +0 −0, "), "{again:?}");
}

#[test]
fn an_expired_baseline_accepts_nothing_and_says_so() {
    let sandbox = project();
    baseline(&sandbox, &["create", "--expires", "2020-12-31"]);
    let line = line_of(&text(&sandbox), "expires");
    let stale = format!("stale-baseline .dbguard-baseline.toml:{line}");
    assert_eq!(
        found(&sandbox, &[]),
        ["forbidden-database login.py:5".to_owned(), "forbidden-database old.py:2".to_owned(), stale]
    );
    let wrong = sandbox.run(&["baseline", "update", "--expires", "2026-02-30"]);
    assert!(wrong.code == 2 && wrong.stderr.contains("2026-12-31"), "{wrong:?}");
}

#[test]
fn a_baseline_that_is_broken_is_an_error_at_its_line() {
    let sandbox = project();
    baseline(&sandbox, &["create"]);
    let good = text(&sandbox);
    let line = line_of(&good, "[[finding]]");
    for (broken, words) in [
        (good.replacen("[[finding]]", "<<<<<<< HEAD\n[[finding]]", 1), format!(".dbguard-baseline.toml:{line}:")),
        (good.replacen("rule =", "rulle =", 1), format!(".dbguard-baseline.toml:{}:", line + 2)),
    ] {
        fs::write(sandbox.path().join(".dbguard-baseline.toml"), &broken).unwrap();
        for arguments in [&["check"][..], &["baseline", "update"], &["baseline", "show"]] {
            let run = sandbox.run(arguments);
            assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{run:?}");
            assert!(run.stderr.contains(&words), "{words}: {run:?}");
        }
        assert_eq!(text(&sandbox), broken, "what a person wrote is kept");
        assert_eq!(sandbox.run(&["check", "--no-baseline"]).code, 1);
    }
}

#[test]
fn a_baseline_is_made_once_and_of_a_sound_policy() {
    let sandbox = project();
    baseline(&sandbox, &["create"]);
    let before = text(&sandbox);
    let again = sandbox.run(&["baseline", "create"]);
    assert!(again.code == 3 && again.stderr.contains("--accept-new"), "{again:?}");
    assert_eq!(text(&sandbox), before);
    let missing = sandbox.run(&["check", "--baseline", "none.toml"]);
    assert!(missing.code == 2 && missing.stderr.contains("none.toml"), "{missing:?}");
    let sandbox = sandbox.file("dbguard.toml", "[primary]\npaht = 'x'\n");
    let run = sandbox.run(&["baseline", "update"]);
    assert!(run.code == 2 && run.stderr.contains("dbguard.toml:2:1"), "{run:?}");
    assert_eq!(text(&sandbox), before);
}

#[test]
fn findings_of_a_database_that_is_elsewhere_are_not_stale() {
    let users = |name: &str| format!("CREATE TABLE users (name TEXT PRIMARY KEY); INSERT INTO users VALUES ('{name}')");
    let sandbox = project().database("data/zoe.db", &users("ada")).database("data/auth.db", &users("bob"));
    let split = |sandbox: &Sandbox, arguments: &[&str]| {
        sandbox.run(&[&["check", "--output-format", "concise"], arguments].concat()).stdout
    };
    assert!(split(&sandbox, &[]).contains("[split-table]"));
    baseline(&sandbox, &["create"]);
    assert_eq!(split(&sandbox, &[]), "");
    for name in ["data/zoe.db", "data/auth.db"] {
        fs::remove_file(sandbox.path().join(name)).unwrap();
    }
    assert_eq!(split(&sandbox, &[]), "");
}

#[test]
fn some_paths_or_rules_make_nothing_stale() {
    let sandbox = project();
    baseline(&sandbox, &["create"]);
    fs::remove_file(sandbox.path().join("old.py")).unwrap();
    assert_eq!(found(&sandbox, &[]).len(), 1);
    assert_eq!(found(&sandbox, &["login.py"]), Vec::<String>::new());
    assert_eq!(found(&sandbox, &["--select", "split-table,stale-baseline"]), Vec::<String>::new());
    assert_eq!(found(&sandbox, &["--ignore", "stale-baseline"]), Vec::<String>::new());
}

#[test]
fn show_lists_what_is_accepted() {
    let sandbox = project();
    baseline(&sandbox, &["create", "--expires", "9999-12-31"]);
    let run = baseline(&sandbox, &["show"]);
    assert!(run.stdout.contains("     2  forbidden-database  in 2 files\n"), "{run:?}");
    assert!(run.stdout.ends_with("accepted in .dbguard-baseline.toml, until 9999-12-31\n"), "{run:?}");
    let run = baseline(&sandbox, &["show", "-v"]);
    assert!(run.stdout.contains("login.py: forbidden-database `data/auth.db` is retired\n"), "{run:?}");
}
