//! `kill -9` of `dbguard migrate`, at every line of the journal and at any moment, while another process writes: afterwards the
//! target is exactly old or exactly new, `apply` finishes, `rollback` returns, and nothing that a writer was told is done is gone.
//!
//! `DBGUARD_KILLS=500 cargo test --test it kill` kills at 500 random moments, and on both ways from every line.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::consolidation::{dumps, last_run, project, sql};
use crate::sandbox::Sandbox;

/// Inserts into all three databases as long as it is let, a new connection for each row as services do, and one that stays
/// open; writes down each row that was acknowledged.
const WRITER: &str = r#"
import sqlite3, sys, time
root, out = sys.argv[1], open(sys.argv[2], "w")
places = [("zoe", "users"), ("auth", "sessions"), ("notes", "notes")]
kept = {}
n = 0
print("writing", flush=True)
while True:
    for name, table in places:
        n += 1
        word = f"written {name} {n}"
        try:
            if n % 2:
                if name not in kept:
                    kept[name] = sqlite3.connect(f"{root}/data/{name}.db", timeout=0.02)
                db = kept[name]
            else:
                db = sqlite3.connect(f"{root}/data/{name}.db", timeout=0.02)
            with db:
                db.execute(f"INSERT INTO {table} (word) VALUES (?)", (word,))
            print(f"{table}\t{word}", file=out, flush=True)
            if not n % 2:
                db.close()
        except sqlite3.Error:
            pass
    time.sleep(0.002)
"#;

struct Writer {
    process: Child,
    told: PathBuf,
}

impl Writer {
    fn start(sandbox: &Sandbox) -> Self {
        use std::io::BufRead;
        let told = sandbox.path().join("told.txt");
        let mut process = Command::new("python3")
            .args(["-c", WRITER])
            .arg(sandbox.path())
            .arg(&told)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        std::io::BufReader::new(process.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        Self { process, told }
    }

    /// What it was told is written: table and word.
    fn stop(mut self) -> BTreeSet<(String, String)> {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
        let text = fs::read_to_string(&self.told).unwrap();
        let whole = &text[..text.rfind('\n').map_or(0, |end| end + 1)];
        whole
            .lines()
            .filter_map(|line| line.split_once('\t'))
            .map(|(table, word)| (table.into(), word.into()))
            .collect()
    }
}

/// What was written and stands in a database, whichever tables it has.
fn written(path: &Path) -> BTreeSet<(String, String)> {
    let mut found = BTreeSet::new();
    for table in ["users", "sessions", "notes"] {
        let rows = sql(path, &format!("SELECT word FROM {table} WHERE word LIKE 'written%'"));
        found.extend(
            rows.lines().filter(|row| row.starts_with("written")).map(|row| (table.to_owned(), row.to_owned())),
        );
    }
    found
}

fn databases(sandbox: &Sandbox) -> Vec<PathBuf> {
    let root = sandbox.path();
    let mut found: Vec<PathBuf> = ["data/zoe.db", "data/auth.db", "data/notes.db"].map(|path| root.join(path)).into();
    for folder in ["archive", "present"] {
        let Ok(entries) = fs::read_dir(last_run(sandbox).join(folder)) else { continue };
        found.extend(
            entries.map(|entry| entry.unwrap().path()).filter(|path| path.extension().is_some_and(|end| end == "db")),
        );
    }
    found.retain(|path| path.exists());
    found
}

/// Sound, and exactly old or exactly new.
fn whole(sandbox: &Sandbox) -> bool {
    let target = sandbox.path().join("data/zoe.db");
    assert_eq!(sql(&target, "PRAGMA integrity_check"), "ok");
    assert_eq!(sql(&target, "PRAGMA foreign_key_check"), "");
    let tables = sql(
        &target,
        "SELECT group_concat(name, ' ') FROM (SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY name)",
    );
    let new = tables.contains("dbguard_migrations");
    if new {
        assert!(tables.contains("logins notes sessions users"), "{tables}");
        for (table, rows) in [("users", 300), ("sessions", 300), ("notes", 30), ("logins", 300)] {
            let found: u64 = sql(&target, &format!("SELECT count(*) FROM {table}")).parse().unwrap();
            assert!(found >= rows, "{table} has {found} rows");
        }
    } else {
        assert_eq!(tables, "users");
    }
    new
}

fn lines(sandbox: &Sandbox) -> usize {
    fs::read_to_string(last_run(sandbox).join("journal.jsonl")).unwrap().lines().count()
}

/// Runs the command until the journal is at that place, and kills it there.
fn kill_at(sandbox: &Sandbox, arguments: &[&str], place: &str) {
    let mut process = sandbox
        .command(&[&["migrate"], arguments].concat())
        .env("DBGUARD_HOLD_AT", place)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let began = Instant::now();
    loop {
        let held = sandbox.path().join(".dbguard/runs").exists()
            && fs::read_dir(sandbox.path().join(".dbguard/runs")).unwrap().next().is_some()
            && last_run(sandbox).join("journal.held").exists();
        if held {
            break;
        }
        if process.try_wait().unwrap().is_some() || began.elapsed() > Duration::from_secs(60) {
            let output = process.wait_with_output().unwrap();
            panic!("{arguments:?} never came to {place}: {}", String::from_utf8_lossy(&output.stderr));
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    process.kill().unwrap();
    process.wait().unwrap();
    fs::remove_file(last_run(sandbox).join("journal.held")).unwrap();
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Way {
    Apply,
    Rollback,
}

/// After a kill: sound; on the way that is taken, whole again; and no acknowledged row is gone.
fn recover(sandbox: &Sandbox, way: Way, writer: Option<Writer>, place: &str) {
    whole(sandbox);
    let told = writer.map(Writer::stop).unwrap_or_default();
    let has_run = sandbox.path().join(".dbguard/runs").exists()
        && fs::read_dir(sandbox.path().join(".dbguard/runs")).unwrap().next().is_some();
    if has_run {
        let standing: BTreeSet<_> = databases(sandbox).iter().flat_map(|path| written(path)).collect();
        let lost: Vec<_> = told.difference(&standing).collect();
        assert!(lost.is_empty(), "killed at {place}: {lost:?} is gone");
    }
    if way == Way::Apply || !has_run {
        let run = sandbox.migrate(&["apply", "--yes"]);
        assert_eq!(run.code, 0, "killed at {place}: {run:?}");
        assert!(whole(sandbox), "killed at {place}");
        let missing: Vec<_> =
            told.iter().filter(|row| !written(&sandbox.path().join("data/zoe.db")).contains(row)).collect();
        assert!(missing.is_empty(), "killed at {place}: {missing:?} did not come along");
        return;
    }
    let run = sandbox.migrate(&["rollback", "--yes"]);
    let nothing = run.stderr.contains("there is nothing to undo");
    if run.code != 0 && !nothing {
        // Only where rows were written after the commit.
        assert!(run.stderr.contains("written to since"), "killed at {place}: {run:?}");
        let run = sandbox.migrate(&["rollback", "--yes", "--force"]);
        assert_eq!(run.code, 0, "killed at {place}: {run:?}");
    }
    assert!(!whole(sandbox), "killed at {place}: {run:?}");
    let standing: BTreeSet<_> = databases(sandbox).iter().flat_map(|path| written(path)).collect();
    let lost: Vec<_> = told.difference(&standing).collect();
    assert!(lost.is_empty(), "undone after a kill at {place}: {lost:?} is gone");
    let rest: Vec<String> = fs::read_dir(sandbox.path().join("data"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.contains("dbguard-") || name.contains("part"))
        .collect();
    assert!(rest.iter().all(|name| name.ends_with("-lock")), "{rest:?}");
}

/// How many random moments; both ways from every line when it is said.
fn kills() -> Option<u32> {
    std::env::var("DBGUARD_KILLS").ok().map(|number| number.parse().unwrap())
}

/// Several at once: the processes mostly wait for the disk.
fn in_parallel<T: Send + Sync>(cases: &[T], work: impl Fn(&T) + Sync) {
    let next = std::sync::atomic::AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while let Some(case) = cases.get(next.fetch_add(1, std::sync::atomic::Ordering::Relaxed)) {
                    work(case);
                }
            });
        }
    });
}

#[test]
fn killed_at_every_line_of_the_journal() {
    let whole_run = project("delete");
    assert_eq!(whole_run.migrate(&["apply", "--yes"]).code, 0);
    let count = lines(&whole_run);
    assert!(count > 30, "{count}");
    let mut cases = Vec::new();
    for line in 1..=count {
        for (at, place) in [format!("{line}-"), line.to_string()].into_iter().enumerate() {
            for (which, way) in [Way::Apply, Way::Rollback].into_iter().enumerate() {
                // A quarter of all, in which each place and each way is found with both kinds of journal.
                if kills().is_some() || (line + which) % 2 == at {
                    let mode = if (line / 2 + which) % 2 == 0 { "delete" } else { "wal" };
                    cases.push((place.clone(), way, mode));
                }
            }
        }
    }
    in_parallel(&cases, |(place, way, mode)| {
        let sandbox = project(mode);
        let before = dumps(&sandbox);
        kill_at(&sandbox, &["apply", "--yes"], place);
        recover(&sandbox, *way, None, &format!("line {place} ({mode}, {way:?})"));
        if *way == Way::Rollback && lines(&sandbox) > 0 {
            assert!(dumps(&sandbox) == before, "killed at line {place} ({mode}): not as it was");
        }
    });
}

#[test]
fn an_undo_that_is_killed_at_every_line_goes_on() {
    let whole_run = project("delete");
    assert_eq!(whole_run.migrate(&["apply", "--yes"]).code, 0);
    let first = lines(&whole_run) + 1;
    assert_eq!(whole_run.migrate(&["rollback", "--yes"]).code, 0);
    let cases: Vec<(usize, usize)> =
        (first..=lines(&whole_run)).flat_map(|line| [0, 1].map(|before| (line, before))).collect();
    in_parallel(&cases, |(line, before)| {
        let mode = if (line + before) % 2 == 0 { "delete" } else { "wal" };
        let place = format!("{line}{}", "-".repeat(*before));
        let sandbox = project(mode);
        let old = dumps(&sandbox);
        assert_eq!(sandbox.migrate(&["apply", "--yes"]).code, 0);
        kill_at(&sandbox, &["rollback", "--yes"], &place);
        whole(&sandbox);
        let run = sandbox.migrate(&["rollback", "--yes"]);
        let nothing = run.stderr.contains("there is nothing to undo");
        assert!(run.code == 0 || nothing, "killed at line {place}: {run:?}");
        assert!(dumps(&sandbox) == old, "killed at line {place} ({mode}): not as it was");
    });
}

#[test]
fn killed_at_any_moment_while_another_process_writes() {
    let cases: Vec<u32> = (0..kills().unwrap_or(16)).collect();
    let total = u32::try_from(cases.len()).unwrap();
    in_parallel(&cases, |case| {
        let mode = if case % 2 == 0 { "wal" } else { "delete" };
        let way = if case / 2 % 2 == 0 { Way::Apply } else { Way::Rollback };
        let sandbox = project(mode);
        let writer = Writer::start(&sandbox);
        let mut process = sandbox
            .command(&["migrate", "apply", "--yes"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // Spread over the time that a run takes here, whatever the machine is busy with.
        std::thread::sleep(Duration::from_micros(u64::from(900_000 * case / total)));
        let _ = process.kill();
        process.wait().unwrap();
        recover(&sandbox, way, Some(writer), &format!("moment {case} of {total} ({mode}, {way:?})"));
    });
}
