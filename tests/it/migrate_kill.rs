//! `kill -9` of `dbguard migrate`, at every line of the journal and at any moment, while another process writes: afterwards the
//! target is exactly old or exactly new, `apply` finishes, `rollback` returns, and nothing that a writer was told is done is gone.
//!
//! `DBGUARD_KILLS=500 cargo test --test it migrate_kill` kills at 500 random moments, and at every line on both ways, with both
//! kinds of journal, with and without a writer. `DBGUARD_KILLS_SEED` says which moments.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::consolidation::{dumps, last_run, project};
use crate::sandbox::Sandbox;

/// Inserts into all databases as long as it is let, a new connection for each row as services do, and one that stays open;
/// writes down each row that was acknowledged.
const WRITER: &str = r#"
import os, sqlite3, sys, time
parent = os.getppid()
root, out = sys.argv[1], open(sys.argv[2], "w")
places = [place.split(".") for place in sys.argv[3:]]
kept = {}
n = 0
print("writing", flush=True)
while os.getppid() == parent:  # a test that fails leaves no writer behind
    for name, table, column in places:
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
                db.execute(f"INSERT INTO {table} ({column}) VALUES (?)", (word,))
            print(f"{table}\t{word}", file=out, flush=True)
            if not n % 2:
                db.close()
        except sqlite3.Error as error:
            # As a service that starts anew when its database is gone: what it opened then is none any more.
            if "not a database" in str(error):
                kept.pop(name, None)
            db = None
    time.sleep(0.002)
"#;

pub(crate) struct Writer {
    process: Child,
    told: PathBuf,
}

impl Writer {
    fn start(sandbox: &Sandbox) -> Self {
        Self::into(sandbox, &["zoe.users.word", "auth.sessions.word", "notes.notes.word"])
    }

    /// Each place is `database.table.column`.
    pub(crate) fn into(sandbox: &Sandbox, places: &[&str]) -> Self {
        use std::io::BufRead;
        let told = sandbox.path().join("told.txt");
        let mut process = Command::new("python3")
            .args(["-c", WRITER])
            .arg(sandbox.path())
            .arg(&told)
            .args(places)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        std::io::BufReader::new(process.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        Self { process, told }
    }

    /// What it was told is written: table and word.
    pub(crate) fn stop(mut self) -> BTreeSet<(String, String)> {
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

/// The first column of the answer; nothing where there is no such database or table. In this process: a shell for each question
/// would take longer than everything else.
fn ask(path: &Path, question: &str) -> Vec<String> {
    let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_WRITE;
    let Ok(connection) = rusqlite::Connection::open_with_flags(path, flags) else { return Vec::new() };
    connection.busy_timeout(Duration::from_secs(10)).unwrap();
    let answer = connection.prepare(question).and_then(|mut statement| {
        let word = |row: &rusqlite::Row<'_>| row.get::<_, rusqlite::types::Value>(0);
        statement.query_map([], word)?.collect::<Result<Vec<_>, _>>()
    });
    let words = |value| match value {
        rusqlite::types::Value::Text(text) => text,
        rusqlite::types::Value::Integer(number) => number.to_string(),
        other => format!("{other:?}"),
    };
    match answer {
        Ok(values) => values.into_iter().map(words).collect(),
        Err(error) if error.to_string().contains("no such table") => Vec::new(),
        Err(error) if error.to_string().contains("not a database") => Vec::new(),
        Err(error) => panic!("{}: {question}: {error}", path.display()),
    }
}

/// What was written and stands in a database, whichever tables it has.
fn written(path: &Path) -> BTreeSet<(String, String)> {
    let of = |table: &str| ask(path, &format!("SELECT word FROM {table} WHERE word LIKE 'written%'"));
    let rows = |table: &str| of(table).into_iter().map(|row| (table.to_owned(), row)).collect::<Vec<_>>();
    ["users", "sessions", "notes"].iter().flat_map(|table| rows(table)).collect()
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
    assert_eq!(ask(&target, "PRAGMA integrity_check"), ["ok"]);
    assert_eq!(ask(&target, "PRAGMA foreign_key_check"), [""; 0]);
    let tables =
        ask(&target, "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY name");
    let new = tables.iter().any(|table| table == "dbguard_migrations");
    if new {
        assert!(tables.join(" ").contains("logins notes sessions users"), "{tables:?}");
        for (table, rows) in [("users", 300), ("sessions", 300), ("notes", 30), ("logins", 300)] {
            let found: u64 = ask(&target, &format!("SELECT count(*) FROM {table}")).concat().parse().unwrap();
            assert!(found >= rows, "{table} has {found} rows");
        }
    } else {
        assert_eq!(tables, ["users"]);
    }
    new
}

pub(crate) fn lines(sandbox: &Sandbox) -> usize {
    fs::read_to_string(last_run(sandbox).join("journal.jsonl")).unwrap().lines().count()
}

/// Runs the command until the journal is at that place, and kills it there.
pub(crate) fn kill_at(sandbox: &Sandbox, arguments: &[&str], place: &str) {
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
pub(crate) enum Way {
    Apply,
    Rollback,
}

fn has_run(sandbox: &Sandbox) -> bool {
    fs::read_dir(sandbox.path().join(".dbguard/runs")).is_ok_and(|mut runs| runs.next().is_some())
}

/// Rows that were written to the target after the run took its backups.
fn late(sandbox: &Sandbox) -> BTreeSet<(String, String)> {
    let Ok(backups) = fs::read_dir(last_run(sandbox).join("backup")) else { return BTreeSet::new() };
    let before: BTreeSet<_> = backups.flat_map(|backup| written(&backup.unwrap().path())).collect();
    written(&sandbox.path().join("data/zoe.db")).difference(&before).cloned().collect()
}

fn nothing_is_lost(sandbox: &Sandbox, told: &BTreeSet<(String, String)>, place: &str) {
    let standing: BTreeSet<_> = databases(sandbox).iter().flat_map(|path| written(path)).collect();
    let lost: Vec<_> = told.difference(&standing).collect();
    assert!(lost.is_empty(), "killed at {place}: {lost:?} is gone");
}

/// After a kill: sound; on the way that is taken, whole again; and no acknowledged row is gone. The writer goes on until the end
/// where it is `on`, else it stops first.
fn recover(sandbox: &Sandbox, way: Way, writer: Option<Writer>, on: bool, place: &str) {
    whole(sandbox);
    let (mut told, mut writer) = (BTreeSet::new(), writer);
    if !on {
        told = writer.take().map(Writer::stop).unwrap_or_default();
        if has_run(sandbox) {
            nothing_is_lost(sandbox, &told, place);
        }
    }
    if way == Way::Apply || !has_run(sandbox) {
        let run = sandbox.migrate(&["apply", "--yes"]);
        assert_eq!(run.code, 0, "killed at {place}: {run:?}");
        assert!(whole(sandbox), "killed at {place}");
        told.extend(writer.map(Writer::stop).unwrap_or_default());
        let standing = written(&sandbox.path().join("data/zoe.db"));
        let missing: Vec<_> = told.difference(&standing).collect();
        assert!(missing.is_empty(), "killed at {place}: {missing:?} did not come along");
        return;
    }
    let run = sandbox.migrate(&["rollback", "--yes"]);
    let nothing = run.stderr.contains("there is nothing to undo");
    if run.code != 0 && !nothing {
        // Only where rows were written after the commit, or where the writer is just looking at a tombstone.
        let looking = on && run.stderr.contains("programs have open what stands at old paths");
        assert!(looking || run.stderr.contains("written to since"), "killed at {place}: {run:?}");
        assert!(looking || !late(sandbox).is_empty(), "killed at {place}, nothing was written since: {run:?}");
        let run = sandbox.migrate(&["rollback", "--yes", "--force"]);
        assert_eq!(run.code, 0, "killed at {place}: {run:?}");
    }
    assert!(!whole(sandbox), "killed at {place}: {run:?}");
    told.extend(writer.map(Writer::stop).unwrap_or_default());
    nothing_is_lost(sandbox, &told, &format!("{place}, then undone"));
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

/// One case of `every`, or all of them when kills are asked for.
pub(crate) fn sample<T>(cases: Vec<T>, every: usize) -> Vec<T> {
    let all = kills().is_some();
    cases.into_iter().enumerate().filter(|(at, _)| all || at % every == 0).map(|(_, case)| case).collect()
}

/// Several at once: the processes mostly wait for the disk.
pub(crate) fn in_parallel<T: Send + Sync>(cases: &[T], work: impl Fn(&T) + Sync) {
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

/// A dump without what the writer wrote, and without the marks that go with it.
fn as_before(dumps: BTreeMap<String, String>) -> BTreeMap<String, String> {
    let is_old = |line: &&str| !line.contains("'written ") && !line.starts_with("INSERT INTO sqlite_sequence");
    dumps.into_iter().map(|(path, dump)| (path, dump.lines().filter(is_old).collect::<Vec<_>>().join("\n"))).collect()
}

/// The databases hold what they held, but for what the writer wrote.
fn as_it_was(sandbox: &Sandbox, before: &BTreeMap<String, String>, writing: bool, place: &str) {
    let (mut now, mut then) = (dumps(sandbox), before.clone());
    if writing {
        (now, then) = (as_before(now), as_before(then));
    }
    for (path, then) in &then {
        let now = &now[path];
        let of = |one: &str, other: &str| -> Vec<String> {
            one.lines().filter(|line| !other.lines().any(|it| it == *line)).take(9).map(str::to_owned).collect()
        };
        assert!(now == then, "killed at {place}: {path} lost {:?}, has {:?} more", of(then, now), of(now, then));
    }
}

#[test]
fn killed_at_every_line_of_the_journal() {
    let whole_run = project("delete");
    assert_eq!(whole_run.migrate(&["apply", "--yes"]).code, 0);
    let count = lines(&whole_run);
    assert!(count > 30, "{count}");
    let mut cases = Vec::new();
    for line in 1..=count {
        for place in [format!("{line}-"), line.to_string()] {
            for way in [Way::Apply, Way::Rollback] {
                for mode in ["delete", "wal"] {
                    for writing in [false, true] {
                        cases.push((place.clone(), way, mode, writing));
                    }
                }
            }
        }
    }
    let cases = sample(cases, 9);
    in_parallel(&cases, |(place, way, mode, writing)| {
        let sandbox = project(mode);
        let before = dumps(&sandbox);
        let writer = writing.then(|| Writer::start(&sandbox));
        kill_at(&sandbox, &["apply", "--yes"], place);
        let on = place.len() % 2 == 0;
        recover(&sandbox, *way, writer, on, &format!("line {place} ({mode}, {way:?}, writing {writing}, on {on})"));
        if *way == Way::Rollback {
            as_it_was(
                &sandbox,
                &before,
                *writing,
                &format!("line {place} ({mode}, {way:?}, writing {writing}, on {on})"),
            );
        }
    });
}

#[test]
fn an_undo_that_is_killed_at_every_line_goes_on() {
    let whole_run = project("delete");
    assert_eq!(whole_run.migrate(&["apply", "--yes"]).code, 0);
    let first = lines(&whole_run) + 1;
    assert_eq!(whole_run.migrate(&["rollback", "--yes"]).code, 0);
    let mut cases = Vec::new();
    for line in first..=lines(&whole_run) {
        for place in [format!("{line}-"), line.to_string()] {
            for mode in ["delete", "wal"] {
                for writing in [false, true] {
                    cases.push((place.clone(), mode, writing));
                }
            }
        }
    }
    let cases = sample(cases, 3);
    in_parallel(&cases, |(place, mode, writing)| {
        let sandbox = project(mode);
        let old = dumps(&sandbox);
        assert_eq!(sandbox.migrate(&["apply", "--yes"]).code, 0);
        // Of the target's rows, those that were written since are saved before they go.
        let writer = writing.then(|| Writer::start(&sandbox));
        let undo: &[&str] = if *writing { &["rollback", "--yes", "--force"] } else { &["rollback", "--yes"] };
        kill_at(&sandbox, undo, place);
        whole(&sandbox);
        let run = sandbox.migrate(undo);
        let nothing = run.stderr.contains("there is nothing to undo");
        assert!(run.code == 0 || nothing, "killed at line {place}: {run:?}");
        let told = writer.map(Writer::stop).unwrap_or_default();
        nothing_is_lost(&sandbox, &told, &format!("line {place} of an undo ({mode})"));
        as_it_was(&sandbox, &old, *writing, &format!("line {place} of an undo ({mode}, writing {writing})"));
    });
}

#[test]
fn killed_at_any_moment_while_another_process_writes() {
    let total = kills().unwrap_or(16);
    let seed = std::env::var("DBGUARD_KILLS_SEED").map_or_else(
        |_| u64::from(std::process::id()) ^ std::time::UNIX_EPOCH.elapsed().unwrap().as_secs(),
        |seed| seed.parse().unwrap(),
    );
    // As long as a run takes here, with somebody writing, whatever the machine is busy with.
    let sandbox = project("wal");
    let writer = Writer::start(&sandbox);
    let began = Instant::now();
    assert_eq!(sandbox.migrate(&["apply", "--yes"]).code, 0);
    let long = u64::try_from(began.elapsed().as_micros()).unwrap();
    writer.stop();
    let cases: Vec<u64> = (0..u64::from(total)).collect();
    in_parallel(&cases, |case| {
        let mode = if case % 2 == 0 { "wal" } else { "delete" };
        let way = if case / 2 % 2 == 0 { Way::Apply } else { Way::Rollback };
        let on = case / 4 % 2 == 0;
        let sandbox = project(mode);
        let writer = Writer::start(&sandbox);
        let mut process = sandbox
            .command(&["migrate", "apply", "--yes"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // splitmix64
        let mut random = seed.wrapping_add((case + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        random = (random ^ (random >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        random = (random ^ (random >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let moment = (random ^ (random >> 31)) % (long + long / 4);
        std::thread::sleep(Duration::from_micros(moment));
        let _ = process.kill();
        process.wait().unwrap();
        let place = format!("{moment} µs of {long} (DBGUARD_KILLS_SEED={seed}, case {case}, {mode}, {way:?}, on {on})");
        recover(&sandbox, way, Some(writer), on, &place);
    });
}
