//! What happens around a run in its middle, at every line of the journal: the disk fills up, a right is taken away. It stops with a
//! clear message, what stood before stands again or the move is made, and with room and rights `apply` and `rollback` finish.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::consolidation::{dumps, project, sql};
use crate::migrate_kill::{in_parallel, lines, sample};
use crate::sandbox::{Run, Sandbox};

/// `$1` the program, `$2` the project, `$3` the line to stop at, `$4` what then happens, `$5` and how that is undone. The program
/// goes on in between. Its words go to `run.out`, its code to `run.code`, beside the project.
const DISTURBED: &str = r#"
program=$1 project=$2 place=$3 then=$4 after=$5
cd "$project"
DBGUARD_HOLD_AT=$place "$program" migrate apply --yes --lock-timeout 1 >"$project.out" 2>&1 &
process=$!
until held=$(ls .dbguard/runs/*/journal.held 2>/dev/null); do
  kill -0 $process 2>/dev/null || break
  sleep 0.01
done
eval "$then"
rm -f $held
wait $process
echo $? >"$project.code"
eval "$after"
"#;

/// The project on a small file system of its own, which is copied back into the folder of that name when all is over.
const SMALL: &str = r#"
set -e
project=$2
mkdir "$project.kept" "$project.under"
cp -a "$project"/. "$project.kept"
mount --bind "$project" "$project.under"
mount -t tmpfs -o size=4m,mode=0755 tmpfs "$project"
cp -a "$project.kept"/. "$project"
(set +e; DISTURBED)
find "$project.under" -mindepth 1 -delete
cp -a "$project"/. "$project.under"
"#;

const FILL: &str = "cat /dev/zero >filler 2>/dev/null";
const EMPTY: &str = "rm filler";

fn outcome(sandbox: &Sandbox) -> Run {
    let beside = |end: &str| {
        let path = PathBuf::from(format!("{}{end}", sandbox.path().display()));
        let text = fs::read_to_string(&path).unwrap();
        fs::remove_file(path).unwrap();
        text
    };
    Run { code: beside(".code").trim().parse().unwrap(), stdout: String::new(), stderr: beside(".out") }
}

fn on_a_small_disk(sandbox: &Sandbox, place: &str) -> Run {
    let script = SMALL.replace("DISTURBED", DISTURBED);
    let run = Command::new("unshare")
        .args(["--mount", "--map-root-user", "bash", "-c", &script, "bash", env!("CARGO_BIN_EXE_dbguard")])
        .arg(sandbox.path())
        .args([place, FILL, EMPTY])
        .output()
        .unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    for end in [".kept", ".under"] {
        fs::remove_dir_all(format!("{}{end}", sandbox.path().display())).unwrap();
    }
    outcome(sandbox)
}

/// Stopped with words, and everything old; or through, and everything new. Then both ways end well.
fn ends_well(sandbox: &Sandbox, old: &std::collections::BTreeMap<String, String>, run: &Run, undo: bool, place: &str) {
    let target = sandbox.path().join("data/zoe.db");
    assert_eq!(sql(&target, "PRAGMA integrity_check"), "ok", "{place}: {run:?}");
    let is_new = sql(&target, "SELECT count(*) FROM sqlite_schema WHERE name = 'dbguard_migrations'") == "1";
    if run.code != 0 {
        assert_eq!(run.code, 3, "{place}: {run:?}");
        assert!(run.stderr.contains("\n  next: "), "{place}: {run:?}");
    }
    if run.stderr.contains("nothing was changed") || run.stderr.contains("everything was put back\n") {
        assert!(dumps(sandbox) == *old, "{place}: {run:?}");
    }
    if undo {
        let undone = sandbox.migrate(&["rollback", "--yes"]);
        assert!(undone.code == 0 || undone.stderr.contains("nothing to undo"), "{place}: {run:?} {undone:?}");
        assert!(dumps(sandbox) == *old, "{place}: {run:?} {undone:?}");
    }
    let again = sandbox.migrate(&["apply", "--yes"]);
    assert_eq!(again.code, 0, "{place} (new {is_new}): {run:?} {again:?}");
    assert_eq!(sql(&target, "SELECT count(*) FROM sessions, (SELECT count(*) AS n FROM notes) WHERE n = 30"), "300");
    assert_eq!(sandbox.migrate(&["rollback", "--yes"]).code, 0, "{place}");
    assert!(dumps(sandbox) == *old, "{place}: {run:?}");
}

fn places(every: usize) -> Vec<(String, &'static str, bool)> {
    let whole_run = project("delete");
    assert_eq!(whole_run.migrate(&["apply", "--yes"]).code, 0);
    let mut cases = Vec::new();
    for line in 1..=lines(&whole_run) {
        for place in [format!("{line}-"), line.to_string()] {
            for mode in ["delete", "wal"] {
                for undo in [false, true] {
                    cases.push((place.clone(), mode, undo));
                }
            }
        }
    }
    sample(cases, every)
}

#[test]
fn b39_a_disk_that_is_full_from_any_line_of_the_journal_on_loses_nothing() {
    let stopped = std::sync::atomic::AtomicUsize::new(0);
    in_parallel(&places(15), |(place, mode, undo)| {
        let sandbox = project(mode);
        let old = dumps(&sandbox);
        let run = on_a_small_disk(&sandbox, place);
        let place = format!("line {place} ({mode}, undo {undo})");
        if run.code != 0 {
            stopped.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            let told = ["No space left", "database or disk is full", "disk I/O error", "not enough space"];
            assert!(told.iter().any(|words| run.stderr.contains(words)), "{place}: {run:?}");
        }
        ends_well(&sandbox, &old, &run, *undo, &place);
    });
    assert!(stopped.into_inner() > 0);
}

/// As somebody whom rights concern: root may write everywhere.
fn without_rights(sandbox: &Sandbox, place: &str, taken: &str, given: &str) -> Run {
    let root = Command::new("id").arg("-u").output().unwrap().stdout == b"0\n";
    // The program is copied: its own folder may be closed to others.
    let program = PathBuf::from(format!("{}.dbguard", sandbox.path().display()));
    fs::copy(env!("CARGO_BIN_EXE_dbguard"), &program).unwrap();
    let mut command = if root {
        for end in [".out", ".code"] {
            fs::write(format!("{}{end}", sandbox.path().display()), "").unwrap();
        }
        let files = [
            sandbox.path(),
            format!("{}.out", sandbox.path().display()).into(),
            format!("{}.code", sandbox.path().display()).into(),
        ];
        assert!(Command::new("chown").args(["-R", "65534:65534"]).args(files).status().unwrap().success());
        let mut command = Command::new("setpriv");
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups", "bash"]);
        command
    } else {
        Command::new("bash")
    };
    let run =
        command.args(["-c", DISTURBED, "bash"]).arg(&program).arg(sandbox.path()).args([place, taken, given]).output();
    let run = run.unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    fs::remove_file(program).unwrap();
    outcome(sandbox)
}

#[test]
fn b29_b39_rights_that_are_taken_away_at_any_line_lose_nothing() {
    let taken = [("chmod a-w data", "chmod u+w data"), ("chmod a-rw data/auth.db", "chmod -f u+rw data/auth.db; true")];
    let stopped = std::sync::atomic::AtomicUsize::new(0);
    let cases: Vec<_> = places(15).into_iter().zip(taken.into_iter().cycle()).collect();
    in_parallel(&cases, |((place, mode, undo), (taken, given))| {
        let sandbox = project(mode);
        let old = dumps(&sandbox);
        let run = without_rights(&sandbox, place, taken, given);
        let place = format!("line {place} ({mode}, {taken}, undo {undo})");
        if run.code != 0 {
            stopped.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            let told = ["ermission denied", "readonly", "unable to open", "look at the rights"];
            assert!(told.iter().any(|words| run.stderr.contains(words)), "{place}: {run:?}");
        }
        ends_well(&sandbox, &old, &run, *undo, &place);
    });
    assert!(stopped.into_inner() > 0);
}
