//! What makes `dbguard migrate apply` stop: a clear message, and nothing changed. Real damage, real limits, real locks.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::consolidation::{PLAN, dumps, project, sql};
use crate::sandbox::{Run, Sandbox};

/// Every file outside `.dbguard`, with its content.
fn content(sandbox: &Sandbox) -> BTreeMap<PathBuf, Vec<u8>> {
    let inside = sandbox.path().join(".dbguard");
    let files = sandbox.digest().into_iter().filter(|(path, _)| !path.starts_with(&inside) && path.is_file());
    files.map(|(path, (content, _))| (path, content)).collect()
}

/// Applies, and holds that it was refused with these words and that no byte changed.
fn refused(sandbox: &Sandbox, code: i32, words: &[&str]) {
    let before = content(sandbox);
    let run = sandbox.migrate(&["apply", "--yes", "--lock-timeout", "0"]);
    assert_eq!(run.code, code, "{run:?}");
    for words in words {
        assert!(run.stderr.contains(words), "`{words}` is not in {run:?}");
    }
    assert!(run.stderr.contains("\n  next: "), "{run:?}");
    assert!(content(sandbox) == before, "a file changed after {run:?}");
    let status = sandbox.migrate(&["status"]);
    assert_eq!(status.code, 0, "{status:?}");
}

#[test]
fn a17_b34_one_file_under_two_names_is_refused() {
    let sandbox = project("delete");
    fs::hard_link(sandbox.path().join("data/auth.db"), sandbox.path().join("data/again.db")).unwrap();
    refused(&sandbox, 3, &["a database has several names", "auth.db is a hard link, one of 2"]);
    let sandbox = project("delete");
    fs::remove_file(sandbox.path().join("data/notes.db")).unwrap();
    std::os::unix::fs::symlink("auth.db", sandbox.path().join("data/notes.db")).unwrap();
    refused(&sandbox, 3, &["two sources are one file", "`auth` and `notes` both lead to"]);
}

#[test]
fn b35_what_is_no_database_is_refused() {
    let sandbox = project("delete").file("data/notes.db", "just text\n");
    refused(&sandbox, 3, &["a source cannot be read", "notes.db is no SQLite database (text)"]);
    let noise: Vec<u8> = (0..4096_u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let sandbox = project("delete").file("data/notes.db", noise);
    refused(&sandbox, 3, &["a source cannot be read", "notes.db"]);
    let sandbox = project("delete");
    fs::remove_file(sandbox.path().join("data/notes.db")).unwrap();
    refused(&sandbox, 3, &["could not find a source of the plan", "data/notes.db"]);
}

#[test]
fn b35_an_empty_file_is_an_empty_source() {
    let sandbox = project("delete").file("data/notes.db", "");
    let run = sandbox.migrate(&["apply", "--yes"]);
    assert_eq!(run.code, 0, "{run:?}");
    assert_eq!(sql(sandbox.path().join("data/zoe.db"), "SELECT count(*) FROM sessions"), "300");
    assert_eq!(sandbox.migrate(&["rollback", "--yes"]).code, 0);
    assert_eq!(fs::metadata(sandbox.path().join("data/notes.db")).unwrap().len(), 0);
}

#[test]
fn b36_a_corrupt_page_is_found_before_anything_moves() {
    for mode in ["delete", "wal"] {
        let sandbox = project(mode);
        let path = sandbox.path().join("data/auth.db");
        let mut file = fs::OpenOptions::new().write(true).open(path).unwrap();
        file.seek(SeekFrom::Start(2 * 4096)).unwrap();
        file.write_all(&[0x5a; 3000]).unwrap();
        drop(file);
        refused(&sandbox, 3, &["a database is damaged", "auth.db", "nothing was changed"]);
    }
}

#[test]
fn b31_who_holds_a_lock_is_named() {
    for mode in ["delete", "wal"] {
        let sandbox = project(mode);
        let script = "import sqlite3, sys\ndb = sqlite3.connect(sys.argv[1], isolation_level=None)\ndb.execute('BEGIN IMMEDIATE')\nprint('held', flush=True)\nsys.stdin.read()";
        let mut holder = Command::new("python3")
            .args(["-c", script])
            .arg(sandbox.path().join("data/auth.db"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        holder.stdout.as_mut().unwrap().read_exact(&mut [0; 5]).unwrap();
        refused(
            &sandbox,
            3,
            &["a database stayed locked", "auth.db was locked for 0 s; it is open in python", "--lock-timeout"],
        );
        drop(holder.stdin.take());
        holder.wait().unwrap();
        let run = sandbox.migrate(&["apply", "--yes"]);
        assert_eq!(run.code, 0, "{run:?}");
    }
}

#[test]
fn b30_a_hot_journal_is_rolled_back_first() {
    let sandbox = project("delete");
    let script = "import sqlite3, sys, os\ndb = sqlite3.connect(sys.argv[1], isolation_level=None)\n\
                  db.execute('PRAGMA cache_size=1')\ndb.execute('BEGIN')\n\
                  db.execute(\"UPDATE sessions SET word = word || ' never committed, and long enough to leave the cache'\")\n\
                  db.execute('CREATE TABLE more AS SELECT a.word FROM sessions a, sessions b LIMIT 20000')\nos.kill(os.getpid(), 9)";
    let before = dumps(&sandbox);
    let path = sandbox.path().join("data/auth.db");
    Command::new("python3").args(["-c", script]).arg(&path).output().unwrap();
    assert!(fs::metadata(sandbox.path().join("data/auth.db-journal")).unwrap().len() > 512);
    let run = sandbox.migrate(&["apply", "--yes"]);
    assert_eq!(run.code, 0, "{run:?}");
    assert_eq!(sql(sandbox.path().join("data/zoe.db"), "SELECT count(*) FROM sessions WHERE word LIKE '%never%'"), "0");
    assert_eq!(sandbox.migrate(&["rollback", "--yes"]).code, 0);
    assert!(dumps(&sandbox) == before);
}

#[test]
fn b28_b32_a_source_that_changed_since_the_plan_is_named() {
    let plan = PLAN.replace(
        "path = \"data/auth.db\"",
        "path = \"data/auth.db\"\nexpect = { tables = 2, rows = 600, content = \"\" }",
    );
    let sandbox = project("wal").file("migration.toml", &plan);
    sql(sandbox.path().join("data/auth.db"), "INSERT INTO sessions (word) VALUES ('one more')");
    refused(
        &sandbox,
        3,
        &["a source changed since the plan was made", "data/auth.db has 2 tables and 601 rows", "nothing was changed"],
    );
    let sandbox = project("wal");
    let content = dbguard::db::content(&sandbox.path().join("data/auth.db")).unwrap().digest;
    let exact = plan.replace("content = \"\"", &format!("content = \"{content}\""));
    let sandbox = sandbox.file("migration.toml", &exact);
    let as_before = dumps(&sandbox);
    sql(sandbox.path().join("data/auth.db"), "UPDATE sessions SET word = 'another' WHERE id = 7");
    refused(&sandbox, 3, &["data/auth.db has as many rows as before, but something in it changed"]);
    sql(sandbox.path().join("data/auth.db"), "UPDATE sessions SET word = 'sessions 7' WHERE id = 7; VACUUM");
    assert!(dumps(&sandbox) == as_before);
    assert_eq!(sandbox.migrate(&["apply", "--yes"]).code, 0, "other pages, the same rows");
    // A `-wal` that was left behind: what was in it is gone, and the plan knows better.
    let sandbox = project("wal").file("migration.toml", &plan);
    let path = sandbox.path().join("data/auth.db");
    fs::write(&path, {
        let bare = Sandbox::new().database("a.db", "CREATE TABLE sessions (id, word); CREATE TABLE logins (id)");
        fs::read(bare.path().join("a.db")).unwrap()
    })
    .unwrap();
    refused(&sandbox, 3, &["data/auth.db has 2 tables and 0 rows, the plan was made for 2 and 600"]);
}

#[test]
fn b33_a_stale_log_at_the_new_target_is_refused() {
    let sandbox = project("delete")
        .file("migration.toml", PLAN.replace("path = \"data/zoe.db\"\nbase", "path = \"data/all.db\"\nbase"))
        .file("data/all.db-wal", "of another database");
    refused(
        &sandbox,
        3,
        &["a journal of another database lies where the target goes", "all.db-wal would be taken for the target's own"],
    );
}

#[test]
fn a_target_that_no_source_reads_is_refused() {
    let sandbox = project("delete")
        .file("migration.toml", PLAN.replace("path = \"data/zoe.db\"\nbase", "path = \"data/all.db\"\nbase"))
        .database("data/all.db", "CREATE TABLE precious (a)");
    refused(&sandbox, 3, &["the target exists and is no source of the plan", "all.db would lose what stands in it"]);
}

#[test]
fn b40_two_at_once_are_one_too_many() {
    let sandbox = project("delete");
    let mut first = sandbox
        .command(&["migrate", "apply", "--yes"])
        .env("DBGUARD_HOLD_AT", "8")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let held = || {
        let runs = sandbox.path().join(".dbguard/runs");
        fs::read_dir(runs).is_ok_and(|runs| runs.flatten().any(|run| run.path().join("journal.held").exists()))
    };
    while !held() {
        assert!(first.try_wait().unwrap().is_none());
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    let second = sandbox.migrate(&["apply", "--yes"]);
    assert_eq!(second.code, 3);
    assert!(second.stderr.contains(&format!("process {} holds", first.id())), "{second:?}");
    let undo = sandbox.migrate(&["rollback", "--yes"]);
    assert!(undo.stderr.contains("dbguard is at work on this project already"), "{undo:?}");
    first.kill().unwrap();
    first.wait().unwrap();
    assert_eq!(sandbox.migrate(&["apply", "--yes"]).code, 0, "the lock dies with its process");
}

/// Under a limit on the size of files, in blocks of 512 bytes: what a full disk does to a write.
fn limited(sandbox: &Sandbox, blocks: u32, arguments: &[&str]) -> Run {
    let program = env!("CARGO_BIN_EXE_dbguard");
    let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"");
    let run = Command::new("bash").args(["-c", &script, program]).args(arguments).current_dir(sandbox.path()).output();
    Run::of(&run.unwrap())
}

#[test]
fn b39_a_full_disk_stops_it_at_any_stage_and_nothing_is_changed() {
    let mut failures = 0;
    let mut words: Vec<String> = Vec::new();
    for (step, kilobytes) in
        [0_u32, 1, 2, 3, 4, 6, 8, 12, 16, 20, 24, 28, 32, 40, 48, 56, 64, 72, 80, 96].into_iter().enumerate()
    {
        let sandbox = project(["delete", "wal"][step % 2]);
        let before = dumps(&sandbox);
        // bash counts in blocks of 1024 bytes.
        let run = limited(&sandbox, kilobytes, &["migrate", "apply", "--yes"]);
        if run.code == 0 {
            continue;
        }
        failures += 1;
        assert_eq!(run.code, 3, "{kilobytes}: {run:?}");
        assert!(run.stderr.contains("\n  next: "), "{kilobytes}: {run:?}");
        words.push(run.stderr.lines().next().unwrap_or_default().to_owned());
        // Where even the journal could not be written, `rollback` does the rest when there is room again.
        let undo = sandbox.migrate(&["rollback", "--yes"]);
        assert!(undo.code == 0 || undo.stderr.contains("nothing to undo"), "{kilobytes}: {run:?} {undo:?}");
        assert!(dumps(&sandbox) == before, "{kilobytes}: {run:?}");
        let again = sandbox.migrate(&["apply", "--yes"]);
        assert_eq!(again.code, 0, "{kilobytes}: {again:?}");
    }
    words.dedup();
    assert!(failures >= 8 && words.len() >= 3, "{failures}: {words:#?}");
}

/// As somebody who has rights to little: root may write everywhere.
fn as_nobody(sandbox: &Sandbox, arguments: &[&str]) -> Run {
    let root = Command::new("id").arg("-u").output().unwrap().stdout == b"0\n";
    if !root {
        return sandbox.run(arguments);
    }
    // The program is copied: its own folder may be closed to others. Another process copies it, because one that this process
    // writes cannot be run while a test beside this one starts a program that still holds the file.
    let program = sandbox.path().join("dbguard-for-nobody");
    let copied = Command::new("cp").arg(env!("CARGO_BIN_EXE_dbguard")).arg(&program).status().unwrap();
    assert!(copied.success());
    let own = Command::new("chown").args(["-R", "65534:65534"]).arg(sandbox.path()).status().unwrap();
    assert!(own.success());
    let run = Command::new("setpriv")
        .args(["--reuid=65534", "--regid=65534", "--clear-groups"])
        .arg(&program)
        .args(arguments)
        .current_dir(sandbox.path())
        .output()
        .unwrap();
    fs::remove_file(program).unwrap();
    Run::of(&run)
}

fn closed(sandbox: &Sandbox, path: &str, mode: &str) -> Run {
    let change = |mode: &str| {
        assert!(Command::new("chmod").arg(mode).arg(sandbox.path().join(path)).status().unwrap().success())
    };
    change(mode);
    let run = as_nobody(sandbox, &["migrate", "apply", "--yes", "--lock-timeout", "0"]);
    change("u+rwx");
    run
}

#[test]
fn b29_b39_rights_that_lack_are_told_before_anything_moves() {
    for (path, mode, words) in [
        ("data", "u-w", "could not write into a folder of a database"),
        ("data/auth.db", "u-r", "no right to read it"),
        (".", "u-w", "could not make the folder of runs"),
    ] {
        let sandbox = project("delete");
        let before = dumps(&sandbox);
        let run = closed(&sandbox, path, mode);
        assert_eq!(run.code, 3, "{path}: {run:?}");
        assert!(run.stderr.contains(words), "{path}: {run:?}");
        assert!(dumps(&sandbox) == before, "{path}");
    }
}

#[test]
fn b29_a_source_that_may_only_be_read_is_told() {
    let sandbox = project("delete");
    let before = dumps(&sandbox);
    let run = closed(&sandbox, "data/auth.db", "u-w");
    assert_eq!(run.code, 3, "{run:?}");
    assert!(run.stderr.contains("auth.db"), "{run:?}");
    assert!(run.stderr.contains("look at the rights"), "{run:?}");
    assert!(dumps(&sandbox) == before);
}
