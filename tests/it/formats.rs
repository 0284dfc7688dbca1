//! The formats that forges read: what they are told is what was found, whatever a file is called.

use std::collections::BTreeSet;
use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::sandbox::{Run, Sandbox};
use crate::schemas::assert_valid;

const POLICY: &str = "[primary]\npath = \"data/zoe.db\"\nenv = \"DATABASE_PATH\"\n\n[[retired]]\npath = \"auth.db\"\n";
const BAD: &str = "import sqlite3\n\n\ndef login():\n    return sqlite3.connect('data/auth.db')\n";

/// File names as a sprawl of many hands has them.
const HOSTILE: [&str; 12] = [
    "100%/a b.py",
    "new\nline.py",
    "carriage\rreturn.py",
    "a,b;c.py",
    "::error file=x,line=1::owned.py",
    "##[error]owned.py",
    "col:on.py",
    "%0A%25.py",
    "ünï/数据库.py",
    "<&\"'>.py",
    "pipe|tick`.py",
    "[link](x).py",
];

fn sandbox() -> Sandbox {
    Sandbox::new()
        .git(&["init", "-q"])
        .file("dbguard.toml", POLICY)
        .file(".gitignore", "*.db\n*.db-wal\n*.db-shm\n*.db-journal\n")
        .file(".env", "DATABASE_PATH=data/zoe.db\n")
        .file("app.py", "import os, sqlite3\nsqlite3.connect(os.getenv('DATABASE_PATH', 'data/zoe.db'))\n")
}

fn hostile() -> Sandbox {
    HOSTILE.iter().fold(sandbox(), |sandbox, name| sandbox.file(name, BAD))
}

/// The check in a format, of one rule, so that each file has one finding.
fn check(sandbox: &Sandbox, format: &str) -> Run {
    sandbox.run(&["check", "--select", "forbidden-database", "--output-format", format])
}

fn names() -> BTreeSet<String> {
    HOSTILE.iter().map(|name| (*name).to_owned()).collect()
}

/// Every name back from the bytes that `%XX` stand for.
fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        if *first == b'%' {
            bytes.push(u8::from_str_radix(std::str::from_utf8(&tail[..2]).unwrap(), 16).unwrap());
            rest = &tail[2..];
        } else {
            bytes.push(*first);
            rest = tail;
        }
    }
    String::from_utf8(bytes).unwrap()
}

#[test]
fn github_is_told_every_name_byte_for_byte() {
    // A step has ten annotations of a severity, so two runs tell of twelve files.
    let mut files = BTreeSet::new();
    for half in HOSTILE.chunks(6) {
        let sandbox = half.iter().fold(sandbox(), |sandbox, name| sandbox.file(name, BAD));
        let run = check(&sandbox, "github");
        assert_eq!(run.code, 1, "{run:?}");
        let lines: Vec<&str> = run.stdout.lines().collect();
        assert_eq!(lines.len(), half.len(), "{run:?}");
        for line in lines {
            let (properties, _) = line.strip_prefix("::error ").and_then(|rest| rest.split_once("::")).unwrap();
            let file = properties.split(',').find_map(|property| property.strip_prefix("file=")).unwrap();
            assert!(properties.contains(",line=5,col=28,endColumn=42,"), "{line}");
            files.insert(percent_decoded(file));
        }
    }
    assert_eq!(files, names());
}

#[test]
fn github_obeys_no_file_name_in_the_log() {
    let run = check(&hostile(), "github");
    let mut stopped: Option<&str> = None;
    let mut listed = 0;
    for line in run.stdout.lines() {
        match stopped {
            None => {
                stopped = line.strip_prefix("::stop-commands::");
                assert!(line.starts_with("::error ") || stopped.is_some(), "{line}");
            }
            Some(token) if line == format!("::{token}::") => stopped = None,
            Some(_) => listed += 1,
        }
    }
    assert_eq!((stopped, listed), (None, HOSTILE.len()), "{}", run.stdout);
    assert!(run.stdout.contains("2 more of this severity"), "{}", run.stdout);
}

#[test]
fn gitlab_is_told_every_name_byte_for_byte() {
    let issues = check(&hostile(), "gitlab").json();
    let issues = issues.as_array().unwrap();
    let paths: BTreeSet<String> = issues.iter().map(|it| it["location"]["path"].as_str().unwrap().to_owned()).collect();
    assert_eq!(paths, names());
    let prints: BTreeSet<&str> = issues.iter().map(|it| it["fingerprint"].as_str().unwrap()).collect();
    assert_eq!(prints.len(), HOSTILE.len());
}

fn uris(log: &Value) -> BTreeSet<String> {
    let results = log["runs"][0]["results"].as_array().unwrap();
    let uri =
        |it: &Value| it["locations"][0]["physicalLocation"]["artifactLocation"]["uri"].as_str().unwrap().to_owned();
    results.iter().map(uri).collect()
}

#[test]
fn sarif_keeps_to_its_schema_and_tells_every_name_byte_for_byte() {
    let log = check(&hostile(), "sarif").json();
    assert_valid("tests/schemas/sarif-2.1.0.json", &log);
    assert_eq!(log["runs"].as_array().map(Vec::len), Some(1));
    let uris = uris(&log);
    assert!(uris.iter().all(|uri| uri.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~/%".contains(&byte))));
    assert_eq!(uris.iter().map(|uri| percent_decoded(uri)).collect::<BTreeSet<_>>(), names());
    let fix = &log["runs"][0]["results"][0]["fixes"][0];
    let replaced = &fix["artifactChanges"][0]["replacements"];
    assert_eq!(replaced[1]["deletedRegion"]["startLine"], 5, "{fix}");
    assert!(replaced[1]["insertedContent"]["text"].as_str().unwrap().contains("DATABASE_PATH"), "{fix}");
    assert!(fix["description"]["text"].as_str().unwrap().contains("unsafe: "), "{fix}");
    // With all rules, labels in other files, and what could not be read.
    let sandbox = hostile().file("data/auth.db", "no database");
    assert_valid("tests/schemas/sarif-2.1.0.json", &sandbox.run(&["check", "--output-format", "sarif"]).json());
    assert_valid("tests/schemas/sarif-2.1.0.json", &Sandbox::new().run(&["check", "--output-format", "sarif"]).json());
}

#[test]
fn files_are_named_from_the_top_of_the_repository_wherever_the_check_runs() {
    let sandbox = Sandbox::new()
        .git(&["init", "-q"])
        .file("svc api/dbguard.toml", POLICY)
        .file("svc api/deep/login.py", BAD)
        .file("svc api/deep/more/x.txt", "");
    let mut runs = Vec::new();
    for folder in ["svc api", "svc api/deep", "svc api/deep/more"] {
        let mut command = sandbox.command(&["check", "--select", "forbidden-database", "--output-format", "sarif"]);
        runs.push(Run::of(&command.current_dir(sandbox.path().join(folder)).output().unwrap()).json());
    }
    assert_eq!(uris(&runs[0]), BTreeSet::from(["svc%20api/deep/login.py".to_owned()]));
    assert!(runs.iter().all(|run| *run == runs[0]));
    assert_eq!(runs[0]["runs"][0]["automationDetails"]["id"], "dbguard/svc api/");
}

#[test]
fn junit_is_xml_and_tells_every_name_byte_for_byte() {
    let run = check(&hostile(), "junit");
    let mut reader = Command::new("python3")
        .args(["-c", "import json, sys, xml.etree.ElementTree as e\nprint(json.dumps([s.get('name') for s in e.fromstring(sys.stdin.buffer.read())]))"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    reader.stdin.take().unwrap().write_all(run.stdout.as_bytes()).unwrap();
    let read = reader.wait_with_output().unwrap();
    let suites: BTreeSet<String> = serde_json::from_slice(&read.stdout).unwrap();
    assert_eq!(suites, names());
}

#[test]
fn markdown_is_one_row_for_each_finding() {
    let run = check(&hostile(), "markdown");
    let rows: Vec<&str> = run.stdout.lines().filter(|line| line.starts_with("| error")).collect();
    assert_eq!(rows.len(), HOSTILE.len(), "{}", run.stdout);
    for row in rows {
        let bars = row.match_indices('|').filter(|(at, _)| !row[..*at].ends_with('\\')).count();
        assert_eq!(bars, 5, "{row}");
    }
}

#[test]
fn every_format_has_the_same_exit_code() {
    let (clean, dirty) = (sandbox().file("dbguard.toml", POLICY.split("\n\n").next().unwrap()), hostile());
    for format in ["full", "concise", "json", "json-lines", "github", "gitlab", "sarif", "junit", "markdown"] {
        assert_eq!(clean.run(&["check", "--output-format", format]).code, 0, "{format}");
        assert_eq!(dirty.run(&["check", "--output-format", format]).code, 1, "{format}");
    }
}

#[test]
fn one_run_writes_as_many_files_as_are_asked_for_and_each_whole() {
    let sandbox = hostile().file(".gitignore", "out/\n*.db*\n").folder("out");
    let path = sandbox.path().join("out");
    std::fs::write(path.join("old.sarif"), "x".repeat(1 << 20)).unwrap();
    std::os::unix::fs::symlink("old.sarif", path.join("link.sarif")).unwrap();
    let run = sandbox.run(&[
        "check",
        "--output-format",
        "concise",
        "--output",
        "sarif=out/link.sarif",
        "--output",
        "gitlab=out/gl.json",
        "--output",
        "markdown=out/summary.md",
    ]);
    assert_eq!(run.code, 1, "{run:?}");
    let read = |name: &str| std::fs::read_to_string(path.join(name)).unwrap();
    for (format, file) in [("sarif", "old.sarif"), ("gitlab", "gl.json"), ("markdown", "summary.md")] {
        let is_same = read(file) == sandbox.run(&["check", "--output-format", format]).stdout;
        assert!(is_same, "{format}");
    }
    assert!(path.join("link.sarif").is_symlink());
    let mut left: Vec<_> = std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, ["gl.json", "link.sarif", "old.sarif", "summary.md"]);
}

#[test]
fn a_format_that_is_unknown_is_named_with_those_there_are() {
    for arguments in
        [["check", "--output", "sarif2=x"], ["check", "--output-format", "sarif2"], ["check", "--output", "x"]]
    {
        let run = sandbox().run(&arguments);
        assert!(run.code == 2 && run.stderr.contains("junit"), "{run:?}");
    }
}
