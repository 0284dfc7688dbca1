//! What trees and command lines throw at the program: a clear message or a skipped entry, and the rest is still reported.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::sandbox::{Run, Sandbox};

const OPENS: &str = "import sqlite3\nsqlite3.connect('data/zoe.db')\n";

/// The reasons for what was skipped under a path.
fn reasons(report: &Value, path: &str) -> Vec<String> {
    let skipped = report["skipped"].as_array().unwrap();
    let fits = |entry: &&Value| entry["path"].as_str().is_some_and(|found| found.trim_end_matches('/') == path);
    skipped.iter().filter(fits).map(|entry| entry["reason"].as_str().unwrap().to_owned()).collect()
}

/// Files with a reference to `zoe.db`.
fn files(report: &Value) -> Vec<String> {
    let mut files: Vec<String> = report["references"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|reference| reference["database"]["name"] == "zoe.db")
        .map(|reference| reference["file"].as_str().unwrap().to_owned())
        .collect();
    files.dedup();
    files
}

#[test]
fn a_missing_path_is_named_and_the_rest_is_reported() {
    let sandbox = Sandbox::new().file("app.py", OPENS);
    let run = sandbox.run(&["scan", "--output-format", "json", "nowhere", "app.py"]);
    assert_eq!(run.code, 2, "{run:?}");
    assert!(run.stderr.contains("nowhere"), "{run:?}");
    assert_eq!(files(&run.json()), ["app.py"]);

    let run = sandbox.run(&["scan", "nowhere"]);
    assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{run:?}");
    assert!(run.stderr.contains("nowhere"), "{run:?}");
}

#[test]
fn a_policy_with_a_wrong_key_is_pointed_at_and_the_rest_is_reported() {
    let sandbox = Sandbox::new().file("app.py", OPENS).file("dbguard.toml", "[primary]\npaht = 'data/zoe.db'\n");
    let run = sandbox.run(&["scan", "--output-format", "json"]);
    assert_eq!(run.code, 2, "{run:?}");
    assert!(run.stderr.contains("dbguard.toml:2:1") && run.stderr.contains("`path`"), "{run:?}");
    assert_eq!(files(&run.json())[0], "app.py");
}

#[test]
fn a_policy_that_is_no_toml_is_pointed_at() {
    let run = Sandbox::new().file("dbguard.toml", "[primary\n").run(&["scan"]);
    assert_eq!(run.code, 2, "{run:?}");
    assert!(run.stderr.contains("dbguard.toml:1:"), "{run:?}");
}

#[test]
fn a_named_policy_that_is_not_there_is_a_policy_error() {
    let sandbox = Sandbox::new().file("app.py", OPENS);
    let run = sandbox.run(&["scan", "--config", "none.toml"]);
    assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{run:?}");
    let run = Run::of(&sandbox.command(&["scan"]).env("DBGUARD_CONFIG", "none.toml").output().unwrap());
    assert!(run.code == 2 && run.stderr.contains("none.toml"), "{run:?}");
}

#[test]
fn a_source_that_is_not_utf8_is_read() {
    let sandbox = Sandbox::new().file("app.py", b"# caf\xe9\nimport sqlite3\nsqlite3.connect('data/zoe.db')  # \xff\n");
    let report = sandbox.scan();
    assert_eq!(files(&report), ["app.py"]);
    let opens: Vec<&Value> =
        report["references"].as_array().unwrap().iter().filter(|reference| reference["opens"] == true).collect();
    assert_eq!((&opens[0]["line"], &opens[0]["column"]), (&3.into(), &17.into()));
}

#[test]
fn a_file_of_200_megabytes_is_skipped_with_its_reason() {
    let sandbox = Sandbox::new().file("app.py", OPENS).file("huge.py", "x = 'data/zoe.db'\n".repeat(1000));
    fs::OpenOptions::new().write(true).open(sandbox.path().join("huge.py")).unwrap().set_len(200 << 20).unwrap();
    let report = sandbox.scan();
    assert_eq!(files(&report), ["app.py"]);
    assert_eq!(reasons(&report, "huge.py").len(), 1, "{}", report["skipped"]);
}

#[test]
fn symbolic_links_in_a_circle_end() {
    let sandbox = Sandbox::new().file("a/app.py", OPENS);
    symlink(sandbox.path(), sandbox.path().join("a/up")).unwrap();
    symlink("one", sandbox.path().join("two")).unwrap();
    symlink("two", sandbox.path().join("one")).unwrap();
    symlink("nowhere.db", sandbox.path().join("dangling.db")).unwrap();
    assert_eq!(files(&sandbox.scan()), ["a/app.py"]);
}

#[test]
fn a_folder_without_rights_is_skipped_with_its_reason() {
    let sandbox = Sandbox::new().file("app.py", OPENS).file("closed/b.py", OPENS).file("secret.py", OPENS);
    let set = |path: &str, mode: u32| {
        fs::set_permissions(sandbox.path().join(path), fs::Permissions::from_mode(mode)).unwrap();
    };
    // Root may read everything, so the program is run as nobody where that can be done.
    let is_root = Command::new("id").arg("-u").output().unwrap().stdout == b"0\n";
    let program = sandbox.path().join("dbguard");
    let output = if is_root {
        // By a process of its own: a file that this one holds open for writing cannot be started while another test forks.
        let copied = Command::new("cp").arg(env!("CARGO_BIN_EXE_dbguard")).arg(&program).status().unwrap();
        assert!(copied.success());
        set("", 0o755);
        set("closed", 0o000);
        set("secret.py", 0o000);
        Command::new("setpriv")
            .args(["--reuid=65534", "--regid=65534", "--clear-groups"])
            .arg(&program)
            .args(["scan", "--output-format", "json"])
            .current_dir(sandbox.path())
            .output()
            .unwrap()
    } else {
        set("closed", 0o000);
        set("secret.py", 0o000);
        sandbox.command(&["scan", "--output-format", "json"]).output().unwrap()
    };
    set("closed", 0o755);
    let run = Run::of(&output);
    assert_eq!(run.code, 0, "{run:?}");
    let report = run.json();
    assert_eq!(files(&report), ["app.py"]);
    assert_eq!(reasons(&report, "closed").len(), 1, "{}", report["skipped"]);
    assert_eq!(reasons(&report, "secret.py").len(), 1, "{}", report["skipped"]);
}

#[test]
fn a_fifo_is_not_waited_for() {
    let sandbox = Sandbox::new().file("app.py", OPENS);
    for name in ["pipe.py", "pipe.db"] {
        assert!(Command::new("mkfifo").arg(sandbox.path().join(name)).status().unwrap().success());
    }
    let report = sandbox.scan();
    assert_eq!(files(&report), ["app.py"]);
    // Also when it is asked for by name.
    let run = sandbox.run(&["scan", "--output-format", "json", "app.py", "pipe.py"]);
    assert_eq!(files(&run.json()), ["app.py"], "{run:?}");
}

#[test]
fn a_path_with_a_newline_is_one_path() {
    let sandbox = Sandbox::new().file("a\nb \u{1b}[31m.py", OPENS).file("data\n/zoe.db", "");
    assert_eq!(files(&sandbox.scan()), ["a\nb \u{1b}[31m.py"]);
    for format in ["full", "markdown"] {
        let page = sandbox.run(&["scan", "-v", "--output-format", format]).stdout;
        assert!(!page.contains("a\nb") && !page.contains('\u{1b}'), "{page}");
    }
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let lines = "sqlite3.connect('data/zoe.db')\n".repeat(3000);
    let sandbox = Sandbox::new().file("app.py", format!("import sqlite3\n{lines}"));
    for format in ["full", "json", "markdown"] {
        let mut child = sandbox
            .command(&["scan", "--output-format", format])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let run = Run::of(&child.wait_with_output().unwrap());
        assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{format}");
    }
}

#[test]
fn a_report_that_cannot_be_written_is_told() {
    let run = Sandbox::new().file("app.py", OPENS).run(&["scan", "--output", "json=no/such/folder/x.json"]);
    assert_eq!(run.code, 3, "{run:?}");
    assert!(run.stderr.contains("no/such/folder/x.json"), "{run:?}");
    let run = Sandbox::new().run(&["scan", "--output", "yaml=x"]);
    assert!(run.code == 2 && run.stderr.contains("markdown"), "{run:?}");
}
