//! Comments that allow a rule: heeded, written, asked for reasons, and told of when they are of no use.

use std::fs;
use std::process::Command;

use crate::sandbox::Sandbox;

const POLICY: &str = "[primary]\npath = \"data/zoe.db\"\nenv = \"DATABASE_PATH\"\n\n[[retired]]\npath = \"auth.db\"\n";

fn project() -> Sandbox {
    Sandbox::new()
        .file("dbguard.toml", POLICY)
        .file(".env", "DATABASE_PATH=data/zoe.db\n")
        .file("app.py", "import os, sqlite3\nsqlite3.connect(os.getenv('DATABASE_PATH', 'data/zoe.db'))\n")
}

fn concise(sandbox: &Sandbox, arguments: &[&str]) -> Vec<String> {
    let run = sandbox.run(&[&["check", "--output-format", "concise"], arguments].concat());
    assert!(run.code <= 1, "{run:?}");
    run.stdout.lines().map(|line| line.split("] ").next().unwrap().to_owned() + "]").collect()
}

#[test]
fn a_line_a_block_and_a_file_are_allowed_until_no_ignores_is_said() {
    let open = "sqlite3.connect('auth.db')";
    let sandbox = project()
        .file("line.py", format!("import sqlite3\n{open}  # dbguard: allow[forbidden-database] a\n# dbguard: allow[forbidden-database] b\n{open}\n"))
        .file("block.py", format!("import sqlite3\n# dbguard: allow-begin[forbidden-database] c\n{open}\n\n{open}\n# dbguard: allow-end[forbidden-database]\n{open}\n"))
        .file("file.py", format!("import sqlite3\n{open}\n# dbguard: allow-file[forbidden-database] d\n{open}\n"))
        .file("docker-compose.yml", "services:\n  a:\n    environment:\n      AUTH_DB: /data/auth.db # dbguard: allow[forbidden-database] e\n");
    assert_eq!(concise(&sandbox, &[]), ["block.py:7:17: error[forbidden-database]"]);
    assert_eq!(concise(&sandbox, &["--no-ignores"]).len(), 8);
}

#[test]
fn a_comment_of_no_use_is_told_with_what_would_mend_it() {
    let sandbox = project().file(
        "a.py",
        "# dbguard: allow-file[forbidden-database] none here\n# dbguard: allow[forbiden-database] typo\n# dbguard: allow-begin[split-table]\n",
    );
    assert_eq!(
        concise(&sandbox, &["a.py"]),
        [
            "a.py:1:23: warning[unused-suppression]",
            "a.py:2:18: warning[unknown-suppression]",
            "a.py:3:24: warning[unknown-suppression]",
        ]
    );
    let findings = sandbox.run(&["check", "--output-format", "json", "a.py"]).json();
    assert_eq!(findings["findings"][0]["remedy"]["kind"], "remove-allow");
    assert!(findings["findings"][2]["message"].as_str().unwrap().contains("allow-end[split-table]"));
}

#[test]
fn fix_takes_out_comments_of_no_use() {
    let sandbox = project().file(
        "a.py",
        "import os  # dbguard: allow[split-table, dead-database] x\n    # dbguard: allow-file[quux] y\nprint(os)\n",
    );
    let run = sandbox.run(&["fix", "a.py", "--select", "unused-suppression,unknown-suppression"]);
    assert_eq!(run.code, 0, "{run:?}");
    assert_eq!(fs::read_to_string(sandbox.path().join("a.py")).unwrap(), "import os\nprint(os)\n");
}

#[test]
fn reasons_are_asked_for_where_the_policy_asks() {
    let code = "import sqlite3\nsqlite3.connect('auth.db')  # dbguard: allow[forbidden-database]\n";
    let sandbox = project().file("a.py", code);
    assert_eq!(concise(&sandbox, &[]), Vec::<String>::new());
    let sandbox = sandbox.file("dbguard.toml", format!("{POLICY}\n[suppression]\nrequire-reason = true\n"));
    assert_eq!(concise(&sandbox, &[]), ["a.py:2:46: warning[reasonless-suppression]"]);
    let sandbox = sandbox.file("dbguard.toml", format!("{POLICY}\n[suppression]\nrequire-reason = 'yes'\n"));
    let run = sandbox.run(&["check"]);
    assert!(run.code == 2 && run.stdout.contains("must be true or false"), "{run:?}");
}

#[test]
fn comments_are_written_in_the_syntax_of_each_language_and_nothing_else_is_changed() {
    let sql = "import sqlite3\r\n\r\n\r\ndef f():\r\n    db = sqlite3.connect('auth.db')\r\n    db.execute('''\r\n        ATTACH 'auth.db' AS a\r\n    ''')\r\n";
    let sandbox = project()
        .file("crlf.py", sql)
        .file("bom.py", b"\xEF\xBB\xBFimport sqlite3\nsqlite3.connect('auth.db')\n")
        .file("latin.py", b"# -*- coding: latin-1 -*-\nimport sqlite3\nx = 'caf\xe9'\nsqlite3.connect('auth.db')\n")
        .file("docker-compose.yml", "services:\n  a:\n    environment:\n      AUTH_DB: /data/auth.db\n")
        .file("open.ts", "import Database from 'better-sqlite3';\nconst db = new Database('auth.db');\n")
        .file("settings.json", "{\"database\": \"auth.db\"}\n");
    let names = ["crlf.py", "bom.py", "latin.py", "docker-compose.yml", "open.ts", "settings.json"];
    let read = |name: &str| fs::read(sandbox.path().join(name)).unwrap();
    let before: Vec<Vec<u8>> = names.iter().map(|name| read(name)).collect();
    let told = concise(&sandbox, &["--select", "forbidden-database"]);
    assert!(told.len() >= 6 && told.iter().any(|line| line.starts_with("settings.json")), "{told:?}");

    let run = sandbox.run(&["check", "--select", "forbidden-database", "--add-allow", "until the merge"]);
    assert!(
        run.code == 1 && run.stderr.contains("settings.json:1: forbidden-database stays: its language has no comments"),
        "{run:?}"
    );
    assert!(run.stderr.contains("dbguard baseline create"), "{run:?}");
    for (name, before) in names.iter().zip(before) {
        let after = read(name);
        let comment = |line: &&[u8]| line.windows(21).any(|words| words == b"dbguard: allow[forbid");
        let kept: Vec<&[u8]> = after.split_inclusive(|byte| *byte == b'\n').filter(|line| !comment(line)).collect();
        assert_eq!(kept.concat(), before, "{name}");
        assert_eq!(after == before, *name == "settings.json", "{name}");
    }
    let compiled = Command::new("python3")
        .args(["-m", "py_compile", "crlf.py", "bom.py", "latin.py"])
        .current_dir(sandbox.path())
        .status();
    assert!(compiled.unwrap().success());
    let left = concise(&sandbox, &["--select", "forbidden-database"]);
    assert!(left.iter().all(|line| line.starts_with("settings.json") || line.starts_with("crlf.py:8")), "{left:?}");
    // What was allowed is not allowed again.
    let again = sandbox.run(&["check", "--select", "forbidden-database", "--add-allow", "until the merge"]);
    assert!(again.stderr.contains("0 comments written"), "{again:?}");
}

#[test]
fn a_comment_has_a_reason() {
    let run = project().run(&["check", "--add-allow", " "]);
    assert!(run.code == 2 && run.stderr.contains("reason"), "{run:?}");
}
