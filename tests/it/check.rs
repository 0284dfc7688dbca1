//! `dbguard check`, `init` and `rule` on small projects.

use serde_json::Value;

use crate::sandbox::Sandbox;
use crate::schemas::assert_valid;

const POLICY: &str = "[primary]\npath = \"data/zoe.db\"\nenv = \"DATABASE_PATH\"\n\n[[retired]]\npath = \"auth.db\"\n";
const GOOD: &str =
    "import os, sqlite3\n\n\ndef connect():\n    return sqlite3.connect(os.getenv('DATABASE_PATH', 'data/zoe.db'))\n";
const BAD: &str = "import sqlite3\n\nAUTH = 'data/auth.db'\n\n\ndef login():\n    return sqlite3.connect(AUTH)\n";

fn project() -> Sandbox {
    Sandbox::new()
        .git(&["init", "-q"])
        .file("dbguard.toml", POLICY)
        .file(".gitignore", "*.db\n*.db-wal\n*.db-shm\n*.db-journal\n")
        .file(".env", "DATABASE_PATH=data/zoe.db\n")
        .file("app.py", GOOD)
        .database("data/zoe.db", "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT)")
}

/// Rule and place of each finding.
fn found(document: &Value) -> Vec<String> {
    let findings = document["findings"].as_array().unwrap();
    let words = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let line = |finding: &Value| ["rule", "file", "line", "column"].map(|key| words(&finding[key])).join(" ");
    findings.iter().map(line).collect()
}

#[test]
fn a_project_that_keeps_to_its_policy_is_clean_in_every_format() {
    let sandbox = project().file("auth.txt", "");
    // The retired database is named by nobody any more, which is a finding; the policy that is kept to has no such entry.
    let sandbox = sandbox.file("dbguard.toml", "[primary]\npath = \"data/zoe.db\"\nenv = \"DATABASE_PATH\"\n");
    for format in ["full", "concise", "json", "json-lines"] {
        let run = sandbox.run(&["check", "--output-format", format]);
        assert_eq!(run.code, 0, "{format}: {run:?}");
    }
}

#[test]
fn a_reference_to_a_retired_database_is_found_in_every_format() {
    let sandbox = project().file("login.py", BAD);
    for format in ["full", "concise", "json", "json-lines"] {
        let run = sandbox.run(&["check", "--output-format", format]);
        assert_eq!(run.code, 1, "{format}: {run:?}");
        assert!(run.stdout.contains("forbidden-database") && run.stdout.contains("login.py"), "{format}: {run:?}");
    }
    let run = sandbox.run(&["check", "--output-format", "concise"]);
    assert!(run.stdout.contains("login.py:3:8: error[forbidden-database] "), "{run:?}");
    let page = sandbox.run(&["check"]).stdout;
    for part in ["'data/auth.db'", "sqlite3.connect(AUTH)", "path = \"auth.db\"", "━━━━━━━━━━━━━━"]
    {
        assert!(page.contains(part), "{part} is not in\n{page}");
    }
}

#[test]
fn findings_keep_to_their_schema() {
    let sandbox = project().file("login.py", BAD);
    let document = sandbox.run(&["check", "--output-format", "json"]).json();
    assert_valid("docs/schema/check-v1.schema.json", &document);
    let lines = sandbox.run(&["check", "--output-format", "json-lines"]).stdout;
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(document["findings"].as_array().unwrap(), &lines);
    assert!(!lines.is_empty());
}

#[test]
fn paths_choose_findings_and_not_what_is_known() {
    let sandbox = project().file("a/login.py", BAD).file("b/login.py", BAD);
    let all = found(&sandbox.run(&["check", "--output-format", "json"]).json());
    let some = found(&sandbox.run(&["check", "--output-format", "json", "a"]).json());
    assert!(all.iter().any(|line| line.contains("b/login.py")), "{all:?}");
    assert!(!some.is_empty() && some.iter().all(|line| line.contains("a/login.py")), "{some:?}");
    assert_eq!(sandbox.run(&["check", "app.py"]).code, 0);
}

#[test]
fn rules_are_selected_and_ignored() {
    let sandbox = project().file("login.py", BAD);
    let rules = |arguments: &[&str]| {
        let document = sandbox.run(&[&["check", "--output-format", "json"], arguments].concat()).json();
        document["summary"]["by_rule"].as_object().unwrap().keys().cloned().collect::<Vec<_>>()
    };
    assert_eq!(rules(&["--select", "forbidden-database"]), ["forbidden-database"]);
    assert!(!rules(&["--ignore", "forbidden-database"]).contains(&"forbidden-database".to_owned()));
    let run = sandbox.run(&["check", "--select", "forbiden-database"]);
    assert!(run.code == 2 && run.stderr.contains("`forbidden-database`"), "{run:?}");
    let counts = sandbox.run(&["check", "--statistics"]);
    assert!(counts.code == 1 && counts.stdout.contains("forbidden-database  error"), "{counts:?}");
}

#[test]
fn files_are_shown() {
    let run = project().run(&["check", "--show-files", "app.py"]);
    assert_eq!((run.code, run.stdout.as_str()), (0, "app.py\tpython\tcode\n"), "{run:?}");
}

#[test]
fn settings_are_shown_with_where_each_is_from() {
    let policy = "[primary]\npath = 'data/zoe.db'\n\n[places]\nexclude = ['vendored/**']\n\n[rules]\nlive-copy = 'off'\n\n\
        [python]\naccess = 'settings.db()'\n\n[[retired]]\npath = 'old.db'\nwhy = 'merged'\n";
    let sandbox = project().file("dbguard.toml", policy).folder("deep");
    let run = sandbox.run(&["check", "--show-settings", "--ignore", "split-table"]);
    assert_eq!(run.code, 0, "{run:?}");
    for line in [
        &format!("# root: {}  (the policy's folder)", sandbox.path().display()),
        "# policy: dbguard.toml  (found upwards)",
        "# baseline: none",
        "# comments that allow a rule: heeded  (default)",
        "# findings are told of: all of the root  (default)",
        "# exit code 1 from: note  (default)",
        "# built in, documents, whose words are no findings: docs/ doc/ documentation/ *.md",
        "engine = \"sqlite\"  # default",
        "access = \"settings.db()\"  # dbguard.toml:11",
        "why = \"merged\"",
        "path = \"data/zoe.db\"  # dbguard.toml:2",
        "env = \"DATABASE_PATH\"  # default",
        "exclude = [\"vendored/**\"]  # dbguard.toml:5",
        "tests = []  # default",
        "live-copy = \"off\"  # dbguard.toml:8",
        "hardcoded-path = \"error\"  # default",
        "split-table = \"warning\"  # not asked: --select or --ignore",
    ] {
        assert!(run.stdout.lines().any(|shown| shown == line), "{line} is not in\n{}", run.stdout);
    }
    // What is shown is a policy.
    let shown = Sandbox::new().file("dbguard.toml", &run.stdout).run(&["check", "--show-settings"]);
    assert_eq!(shown.code, 0, "{shown:?}");
    let env = sandbox.file("dbguard.toml", "[primary]\nenv = 'DATABASE_PATH'\npath = 'a.db'\n");
    let run = env.run(&["check", "--show-settings"]);
    assert!(run.stdout.contains("env = \"DATABASE_PATH\"  # dbguard.toml:2\n"), "{run:?}");
}

#[test]
fn settings_of_the_command_line_are_shown_as_such() {
    let server = "[primary]\nengine = 'mysql'\nurl-env = 'DATABASE_URL'\n";
    let sandbox = project().file("other/policy.toml", server).file(".dbguard-baseline.toml", "").folder("deep");
    let shown = |arguments: &[&str], lines: &[&str]| {
        let run = sandbox.run(&[&["check", "--show-settings"], arguments].concat());
        for line in lines {
            assert!(run.stdout.lines().any(|shown| shown == *line), "{line} is not in\n{}", run.stdout);
        }
    };
    shown(
        &["--root", ".", "--config", "other/policy.toml", "--fail-on", "error", "--no-ignores", "deep"],
        &[
            &format!("# root: {}  (--root)", sandbox.path().display()),
            "# policy: other/policy.toml  (--config)",
            "# comments that allow a rule: not heeded  (--no-ignores)",
            "# findings are told of: deep  (command line)",
            "# exit code 1 from: error  (--fail-on)",
            "engine = \"mysql\"  # other/policy.toml:2",
        ],
    );
    shown(&["--baseline", ".dbguard-baseline.toml"], &["# baseline: .dbguard-baseline.toml  (--baseline)"]);
    shown(&[], &["# baseline: .dbguard-baseline.toml  (beside the policy)"]);
}

#[test]
fn throw_away_databases_of_tests_and_words_of_documents_are_no_findings() {
    let tests = "\
import sqlite3
import tempfile


def test_login(tmp_path):
    sqlite3.connect(':memory:')
    sqlite3.connect(tmp_path / 'auth.db')
    with tempfile.NamedTemporaryFile(suffix='.db') as file:
        sqlite3.connect(file.name)
";
    let sandbox = project()
        .file("tests/test_login.py", tests)
        .file("docs/history.md", "Once there was an `auth.db`:\n\n```python\nsqlite3.connect('auth.db')\n```\n");
    let run = sandbox.run(&["check", "--output-format", "concise", "tests", "docs"]);
    assert_eq!((run.code, run.stdout.as_str()), (0, ""), "{run:?}");
    // What a test leaves in the tree is told.
    let run = sandbox.file("tests/test_login.py", "import sqlite3\nsqlite3.connect('data/auth.db')\n");
    let run = run.run(&["check", "--output-format", "concise", "tests"]);
    assert!(run.code == 1 && run.stdout.contains("tests/test_login.py:2:17: "), "{run:?}");
}

#[test]
fn an_excluded_file_is_not_checked_when_it_is_named_and_v_says_why() {
    let policy =
        "[primary]\npath = \"data/zoe.db\"\nenv = \"DATABASE_PATH\"\n\n[places]\nexclude = [\"vendored/**\"]\n";
    let sandbox = project().file("dbguard.toml", policy).file("vendored/login.py", BAD);
    let run = sandbox.run(&["check", "vendored/login.py", "--output-format", "concise"]);
    assert_eq!((run.code, run.stdout.as_str()), (0, ""), "{run:?}");
    assert!(!run.stderr.contains("vendored"), "{run:?}");
    let run = sandbox.run(&["check", "-v", "vendored/login.py", "--output-format", "concise"]);
    let told: Vec<&str> = run.stderr.lines().filter(|line| line.contains("vendored")).collect();
    assert_eq!(told, ["skipped vendored: excluded by the policy"], "{run:?}");
}

#[test]
fn without_a_policy_one_line_says_what_init_would_add() {
    let sandbox = Sandbox::new()
        .file("app.py", GOOD)
        .database("data/zoe.db", "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT)");
    let run = sandbox.run(&["check"]);
    let offers: Vec<&str> = run.stderr.lines().filter(|line| line.contains("dbguard init")).collect();
    assert_eq!(offers.len(), 1, "{run:?}");
    assert!(offers[0].contains("rules"), "{run:?}");
    assert!(!sandbox.run(&["check", "-q"]).stderr.contains("dbguard init"));
}

#[test]
fn a_mistake_in_the_policy_is_a_finding_at_its_line_and_a_policy_error() {
    let run = project().file("dbguard.toml", "[primary]\npaht = 'x'\n").run(&["check", "--output-format", "json"]);
    assert_eq!(run.code, 2, "{run:?}");
    assert!(found(&run.json()).contains(&"invalid-policy dbguard.toml 2 1".to_owned()), "{run:?}");
}

#[test]
fn a_check_changes_nothing_and_says_the_same_again() {
    let sandbox = project().file("login.py", BAD);
    let before = sandbox.digest();
    for format in ["full", "concise", "json", "json-lines"] {
        let first = sandbox.run(&["check", "--output-format", format, "--threads", "1"]);
        assert_eq!(sandbox.run(&["check", "--output-format", format, "--threads", "8"]), first);
        assert!(!first.stdout.contains(sandbox.path().to_str().unwrap()), "{first:?}");
    }
    assert_eq!(sandbox.digest(), before);
}

#[test]
fn init_writes_a_first_policy_that_is_kept() {
    let sandbox = Sandbox::new()
        .file("app.py", GOOD)
        .database("data/zoe.db", "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT)");
    let printed = sandbox.run(&["init", "--print"]);
    assert_eq!(printed.code, 0, "{printed:?}");
    assert!(!sandbox.path().join("dbguard.toml").exists());
    let run = sandbox.run(&["init"]);
    assert_eq!((run.code, run.stdout.as_str()), (0, ""), "{run:?}");
    let written = std::fs::read_to_string(sandbox.path().join("dbguard.toml")).unwrap();
    assert_eq!(written, printed.stdout);
    assert!(written.contains("data/zoe.db"), "{written}");

    let again = sandbox.run(&["init"]);
    assert!(again.code == 3 && again.stderr.contains("dbguard.toml"), "{again:?}");
    assert_eq!(std::fs::read_to_string(sandbox.path().join("dbguard.toml")).unwrap(), written);
    assert_ne!(sandbox.run(&["check"]).code, 2);
}

#[test]
fn every_rule_is_listed_and_explained() {
    let sandbox = Sandbox::new();
    let list = sandbox.run(&["rule"]);
    assert_eq!(list.code, 0);
    for id in dbguard::rules::ids() {
        assert!(list.stdout.contains(id), "{id}");
        let page = sandbox.run(&["rule", id]);
        assert!(page.code == 0 && page.stdout.contains(id), "{page:?}");
    }
    let unknown = sandbox.run(&["rule", "hardcoded-paths"]);
    assert!(unknown.code == 2 && unknown.stderr.contains("`hardcoded-path`"), "{unknown:?}");
}
