//! `dbguard migrate apply`, `status`, `verify`, `rollback` and `cleanup` on real databases, without a mishap.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};

use snapbox::{assert_data_eq, str};

use crate::consolidation::{PLAN, dumps, last_run, project, sql};
use crate::sandbox::Sandbox;

/// Every file outside `.dbguard`, with its content and time of change.
fn outside(sandbox: &Sandbox) -> Vec<(std::path::PathBuf, (Vec<u8>, std::time::SystemTime))> {
    let inside = sandbox.path().join(".dbguard");
    sandbox.digest().into_iter().filter(|(path, _)| !path.starts_with(&inside) && path.is_file()).collect()
}

#[test]
fn three_databases_become_one_and_come_back() {
    for mode in ["delete", "wal"] {
        let sandbox = project(mode);
        let target = sandbox.path().join("data/zoe.db");
        fs::set_permissions(&target, fs::Permissions::from_mode(0o640)).unwrap();
        let before = (dumps(&sandbox), fs::metadata(&target).unwrap().ino());
        let applied = sandbox.migrate(&["apply", "--yes"]);
        assert_eq!(applied.code, 0, "{applied:?}");
        assert_eq!(sql(&target, "SELECT count(*) FROM users, (SELECT count(*) AS n FROM notes) WHERE n = 30"), "300");
        assert_eq!(sql(&target, "SELECT count(*) FROM logins JOIN sessions ON sessions.id = logins.session"), "300");
        assert_eq!(sql(&target, "PRAGMA journal_mode"), mode);
        assert_eq!(
            sql(&target, "SELECT sources FROM dbguard_migrations"),
            r#"["data/auth.db","data/notes.db","data/zoe.db"]"#
        );
        let metadata = fs::metadata(&target).unwrap();
        assert_eq!((metadata.ino(), metadata.mode() & 0o777), (before.1, 0o640));
        assert!(sql(sandbox.path().join("data/auth.db"), "SELECT 1 FROM sqlite_schema").contains("not a database"));
        assert_eq!(sql(&target, "INSERT INTO notes (word) VALUES ('writers are let in'); SELECT changes()"), "1");
        sql(&target, "DELETE FROM notes WHERE word = 'writers are let in'");
        let refused = sandbox.migrate(&["rollback", "--yes"]);
        assert_eq!(refused.code, 3, "{refused:?}");
        let back = sandbox.migrate(&["rollback", "--yes", "--force"]);
        assert_eq!(back.code, 0, "{back:?}");
        assert_eq!((dumps(&sandbox), fs::metadata(&target).unwrap().ino()), before);
        let rest: Vec<String> = fs::read_dir(sandbox.path().join("data"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        assert!(rest.iter().all(|name| !name.contains("dbguard")), "{rest:?}");
    }
}

#[test]
fn an_undo_right_after_needs_no_force_and_takes_nothing_along() {
    for mode in ["delete", "wal"] {
        let sandbox = project(mode);
        let before = dumps(&sandbox);
        assert_eq!(sandbox.migrate(&["apply", "--yes"]).code, 0);
        let back = sandbox.migrate(&["rollback", "--yes"]);
        assert_eq!(back.code, 0, "{mode}: {back:?}");
        assert_eq!(dumps(&sandbox), before);
        assert_eq!(sandbox.migrate(&["apply", "--yes"]).code, 0, "it can be applied again");
    }
}

#[test]
fn a_target_that_is_new_appears_whole_and_goes_again() {
    let sandbox = project("delete")
        .file("migration.toml", PLAN.replace("path = \"data/zoe.db\"\nbase", "path = \"data/all.db\"\nbase"));
    let before = dumps(&sandbox);
    let applied = sandbox.migrate(&["apply", "--yes"]);
    assert_eq!(applied.code, 0, "{applied:?}");
    let all = sandbox.path().join("data/all.db");
    assert_eq!(sql(&all, "SELECT (SELECT count(*) FROM users) + (SELECT count(*) FROM notes)"), "330");
    assert_eq!(sandbox.migrate(&["status"]).code, 0);
    let back = sandbox.migrate(&["rollback", "--yes"]);
    assert_eq!(back.code, 0, "{back:?}");
    assert!(!all.exists());
    assert_eq!(dumps(&sandbox), before);
}

#[test]
fn what_is_written_after_the_commit_is_never_thrown_away() {
    let sandbox = project("wal");
    assert_eq!(sandbox.migrate(&["apply", "--yes"]).code, 0);
    sql(sandbox.path().join("data/zoe.db"), "INSERT INTO users (word) VALUES ('late one'), ('late two')");
    let refused = sandbox.migrate(&["rollback", "--yes"]);
    assert_eq!(refused.code, 3);
    assert!(refused.stderr.contains("the target was written to since the migration"), "{refused:?}");
    assert!(refused.stderr.contains("`users` had 300 rows and has 302"), "{refused:?}");
    assert_eq!(sql(sandbox.path().join("data/zoe.db"), "SELECT count(*) FROM users"), "302");
    assert_eq!(sandbox.migrate(&["rollback", "--yes", "--force"]).code, 0);
    assert_eq!(sql(sandbox.path().join("data/zoe.db"), "SELECT count(*) FROM users"), "300");
    let saved = fs::read_dir(last_run(&sandbox).join("present")).unwrap().next().unwrap().unwrap().path();
    assert_eq!(sql(saved, "SELECT count(*) FROM users WHERE word LIKE 'late%'"), "2");
}

#[test]
fn a_dry_run_writes_nothing_at_all() {
    let sandbox = project("wal");
    let before = sandbox.digest();
    let run = sandbox.migrate(&["apply", "--dry-run"]);
    assert_eq!(run.code, 0, "{run:?}");
    assert_data_eq!(
        run.stdout.replace(|letter: char| letter.is_ascii_digit(), "0"),
        str![[r#"
0 databases into data/zoe.db
  database       what happens                  tables  rows    size
  data/zoe.db    is the target                      0   000  0.0 MB
  data/auth.db   its rows move, it is retired       0   000  0.0 MB
  data/notes.db  its rows move, it is retired       0    00  0.0 MB
the project's folder needs 0.0 MB for a while; [..] MB are free

"#]]
    );
    assert!(sandbox.digest() == before, "a file changed");
}

#[test]
fn a_rehearsal_leaves_the_databases_alone_and_no_copy() {
    let sandbox = project("wal");
    let before = outside(&sandbox);
    let run = sandbox.migrate(&["apply", "--rehearse"]);
    assert_eq!(run.code, 0, "{run:?}");
    assert!(run.stdout.starts_with("Rehearsed on copies: "), "{run:?}");
    assert!(outside(&sandbox) == before, "a file changed");
    let left: Vec<String> = fs::read_dir(sandbox.path().join(".dbguard"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with("rehearsal"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn nobody_is_asked_where_there_is_no_terminal() {
    let sandbox = project("delete");
    let before = sandbox.digest();
    let run = sandbox.migrate(&["apply"]);
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("say --yes if you mean it"), "{run:?}");
    assert!(sandbox.digest() == before, "a file changed");
}

#[test]
fn open_choices_are_findings() {
    let sandbox = project("delete").file("migration.toml", format!("{PLAN}[defaults]\non-conflict = \"?\"\n"));
    let before = outside(&sandbox);
    let run = sandbox.migrate(&["apply", "--yes"]);
    assert_eq!(run.code, 1);
    assert!(run.stderr.contains("the plan has open choices"), "{run:?}");
    assert!(run.stderr.contains("on-conflict"), "{run:?}");
    assert!(outside(&sandbox) == before, "a file changed");
}

#[test]
fn the_same_plan_is_carried_out_once() {
    let sandbox = project("delete");
    assert_eq!(sandbox.migrate(&["apply", "--yes"]).code, 0);
    let before = outside(&sandbox);
    let again = sandbox.migrate(&["apply", "--yes"]);
    assert_eq!(again.code, 0);
    assert!(again.stdout.starts_with("Nothing to do: run "), "{again:?}");
    assert!(outside(&sandbox) == before, "a file changed");
}

#[test]
fn b41_status_sees_a_database_that_a_program_made_anew() {
    let sandbox = project("delete").file("migration.toml", format!("{PLAN}[after]\nsources = \"archive\"\n"));
    assert_eq!(sandbox.migrate(&["apply", "--yes"]).code, 0);
    assert_eq!(sandbox.migrate(&["status"]).code, 0);
    sql(sandbox.path().join("data/auth.db"), "CREATE TABLE sessions (id); INSERT INTO sessions VALUES (1)");
    let run = sandbox.migrate(&["status"]);
    assert_eq!(run.code, 1);
    assert!(run.stdout.contains("data/auth.db: a new database with 1 tables and 1 rows, made by a program"), "{run:?}");
    let refused = sandbox.migrate(&["rollback", "--yes"]);
    assert!(refused.stderr.contains("data/auth.db has 1 rows"), "{refused:?}");
    assert_eq!(sandbox.migrate(&["rollback", "--yes", "--force"]).code, 0);
    assert_eq!(sql(sandbox.path().join("data/auth.db"), "SELECT count(*) FROM sessions"), "300");
    assert_eq!(sql(last_run(&sandbox).join("made-anew-auth.db"), "SELECT count(*) FROM sessions"), "1");
}

#[test]
fn b33_a_program_that_holds_a_tombstone_open_keeps_its_database_from_coming_back() {
    let sandbox = project("wal");
    let before = dumps(&sandbox);
    assert_eq!(sandbox.migrate(&["apply", "--yes"]).code, 0);
    let script = "import sqlite3, sys\ndb = sqlite3.connect(sys.argv[1])\ntry: db.execute('SELECT 1 FROM sessions')\nexcept sqlite3.Error as error: print(error, flush=True)\nsys.stdin.read()";
    let mut service = std::process::Command::new("python3")
        .args(["-c", script])
        .arg(sandbox.path().join("data/auth.db"))
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(service.stdout.as_mut().unwrap()), &mut line).unwrap();
    assert_eq!(line, "file is not a database\n");
    let refused = sandbox.migrate(&["rollback", "--yes"]);
    assert_eq!(refused.code, 3, "{refused:?}");
    assert!(refused.stderr.contains("programs have open what stands at old paths"), "{refused:?}");
    assert!(refused.stderr.contains("data/auth.db; it is open in python"), "{refused:?}");
    drop(service.stdin.take());
    service.wait().unwrap();
    let back = sandbox.migrate(&["rollback", "--yes"]);
    assert_eq!(back.code, 0, "{back:?}");
    assert_eq!(dumps(&sandbox), before);
}

#[test]
fn b41_old_paths_may_lead_to_the_target() {
    let sandbox = project("wal").file("migration.toml", format!("{PLAN}[after]\nsources = \"symlink\"\n"));
    let before = dumps(&sandbox);
    assert_eq!(sandbox.migrate(&["apply", "--yes"]).code, 0);
    let old = sandbox.path().join("data/auth.db");
    assert_eq!(fs::read_link(&old).unwrap().to_str(), Some("zoe.db"));
    assert_eq!(sql(&old, "SELECT count(*) FROM users"), "300");
    assert_eq!(sandbox.migrate(&["rollback", "--yes"]).code, 0);
    assert_eq!(dumps(&sandbox), before);
}

#[test]
fn a_check_of_the_plan_writes_into_a_copy() {
    let check = r#"check = 'sqlite3 "$DBGUARD_CHECK_DATABASE" "INSERT INTO notes (word) VALUES (1)" && test "$DATABASE_PATH" = "$DBGUARD_CHECK_DATABASE"'"#;
    let sandbox = project("wal")
        .file("migration.toml", format!("{PLAN}[after]\n{check}\n"))
        .file("dbguard.toml", "[primary]\npath = \"data/zoe.db\"\nenv = \"DATABASE_PATH\"\n");
    let run = sandbox.migrate(&["apply", "--yes"]);
    assert_eq!(run.code, 0, "{run:?}");
    assert_eq!(sql(sandbox.path().join("data/zoe.db"), "SELECT count(*) FROM notes"), "30");
    assert!(!last_run(&sandbox).join("check").exists());
}

#[test]
fn a_check_that_fails_puts_everything_back() {
    for mode in ["delete", "wal"] {
        let sandbox = project(mode).file("migration.toml", format!("{PLAN}[after]\ncheck = 'echo no login; exit 4'\n"));
        let before = dumps(&sandbox);
        let run = sandbox.migrate(&["apply", "--yes"]);
        assert_eq!(run.code, 3);
        assert!(run.stderr.contains("the plan's check failed"), "{run:?}");
        assert!(run.stderr.contains("everything was put back"), "{run:?}");
        assert_eq!(dumps(&sandbox), before);
        assert_eq!(fs::read_to_string(last_run(&sandbox).join("check.log")).unwrap(), "no login\n");
        let again = sandbox.migrate(&["rollback", "--yes"]);
        assert!(again.stderr.contains("there is nothing to undo"), "{again:?}");
    }
}

#[test]
fn a_run_is_proved_again_until_somebody_writes() {
    let sandbox = project("wal");
    assert_eq!(sandbox.migrate(&["apply", "--yes"]).code, 0);
    let run = sandbox.migrate(&["verify"]);
    assert_eq!(run.code, 0, "{run:?}");
    let backup = fs::read_dir(last_run(&sandbox).join("backup")).unwrap().next().unwrap().unwrap().path();
    let mut bytes = fs::read(&backup).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&backup, bytes).unwrap();
    let run = sandbox.migrate(&["verify"]);
    assert_eq!(run.code, 1);
    assert!(run.stdout.contains("does not hold backup of "), "{run:?}");
}

#[test]
fn what_is_kept_is_removed_when_its_days_are_over() {
    let sandbox = project("delete");
    assert_eq!(sandbox.migrate(&["apply", "--yes"]).code, 0);
    let early = sandbox.migrate(&["cleanup", "--yes"]);
    assert_eq!((early.code, early.stdout.contains("is kept for 30 more days")), (0, true), "{early:?}");
    let would = sandbox.migrate(&["cleanup", "--now", "--dry-run"]);
    assert!(would.stdout.contains("Would remove 7 files"), "{would:?}");
    let done = sandbox.migrate(&["cleanup", "--now", "--yes"]);
    assert!(done.stdout.contains("Removed 7 files"), "{done:?}");
    assert!(!sandbox.path().join("data/auth.db").exists());
    let refused = sandbox.migrate(&["rollback", "--yes"]);
    assert!(refused.stderr.contains("a run that was cleaned up cannot be undone"), "{refused:?}");
    assert_eq!(sql(sandbox.path().join("data/zoe.db"), "SELECT count(*) FROM notes"), "30");
}

#[test]
fn only_the_user_may_read_what_is_kept_and_no_log_holds_a_row() {
    let sandbox = project("delete").git(&["init", "-q"]);
    assert_eq!(sandbox.migrate(&["apply", "--yes"]).code, 0);
    assert_eq!(sandbox.migrate(&["rollback", "--yes"]).code, 0);
    let home = sandbox.path().join(".dbguard");
    let mut folders = vec![home.clone()];
    while let Some(folder) = folders.pop() {
        let mode = fs::metadata(&folder).unwrap().mode() & 0o777;
        assert_eq!(mode, 0o700, "{}", folder.display());
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600, "{}", path.display());
            if path.extension().is_some_and(|ending| ending == "json" || ending == "jsonl") {
                let text = fs::read_to_string(&path).unwrap();
                assert!(!text.contains("users 1") && !text.contains("notes 7"), "{}: {text}", path.display());
            }
        }
    }
    let audit = fs::read_to_string(home.join("audit.jsonl")).unwrap();
    let lines: Vec<serde_json::Value> = audit.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let told: Vec<_> =
        lines.iter().map(|line| (line["what"].as_str().unwrap(), line["outcome"].as_str().unwrap())).collect();
    assert_eq!(told, [("apply", "done"), ("rollback", "done")]);
    let ignored = std::process::Command::new("git")
        .args(["status", "--porcelain", "--", ".dbguard"])
        .current_dir(sandbox.path())
        .output();
    assert!(ignored.unwrap().stdout.is_empty());
}

#[test]
fn progress_is_told_in_json() {
    let sandbox = project("delete");
    let run = sandbox.migrate(&["apply", "--yes", "--progress", "json"]);
    let events: Vec<serde_json::Value> =
        run.stderr.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"))).collect();
    let page = events.iter().find(|event| event["event"] == "report").and_then(|event| event["path"].as_str());
    assert!(page.is_some_and(|page| sandbox.path().join(page).is_file()), "{events:?}");
    let steps: Vec<String> = events
        .iter()
        .filter(|line| line["event"] == "end")
        .map(|line| line["step"].as_str().unwrap().to_owned())
        .collect();
    for step in ["freeze", "backup", "prove rows", "publish", "check"] {
        assert!(steps.iter().any(|told| told == step), "{step} is not in {steps:?}");
    }
}

#[test]
fn a_view_under_an_old_name_goes_when_nothing_names_it() {
    let plan = format!("{PLAN}[[rename]]\nfrom = \"notes\"\nto = \"memos\"\ncompat = \"view\"\n");
    let sandbox = project("delete").file("migration.toml", plan);
    assert_eq!(sandbox.migrate(&["apply", "--yes"]).code, 0);
    let target = sandbox.path().join("data/zoe.db");
    sql(&target, "INSERT INTO notes (word) VALUES ('through the view')");
    assert_eq!(sql(&target, "SELECT count(*) FROM memos"), "31");
    let code = "import sqlite3\nsqlite3.connect('data/zoe.db').execute('SELECT word FROM notes')\n";
    let sandbox = sandbox.file("tool.py", code);
    let used = sandbox.migrate(&["cleanup", "--now", "--yes"]);
    assert_eq!(used.code, 0, "{used:?}");
    assert!(used.stdout.contains("The view notes stays: 1 place of the code names it"), "{used:?}");
    assert_eq!(sql(&target, "SELECT count(*) FROM notes"), "31");
    let sandbox = sandbox.file("tool.py", code.replace("notes", "memos"));
    let would = sandbox.migrate(&["cleanup", "--dry-run", "--now"]);
    assert!(would.stdout.contains("Would take away the view notes: nothing in the code names it"), "{would:?}");
    let gone = sandbox.migrate(&["cleanup", "--now", "--yes"]);
    assert!(gone.stdout.contains("Took away the view notes"), "{gone:?}");
    assert_eq!(sql(&target, "SELECT type, name FROM sqlite_schema WHERE tbl_name LIKE 'notes'"), "");
    assert_eq!(sql(&target, "SELECT count(*) FROM memos"), "31");
    assert!(!sandbox.migrate(&["cleanup", "--now", "--yes"]).stdout.contains("notes"));
}
