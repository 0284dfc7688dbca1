//! `kill -9` at every line of the journal of a run that moves code and data together, while another process writes: `apply` ends
//! with both new, `rollback` with both old.

use std::collections::BTreeSet;
use std::fs;

use crate::consolidation::{dump, last_run, sql};
use crate::migrate_joined::{STORY, python, read, split};
use crate::migrate_kill::{Way, Writer, in_parallel, kill_at, lines, sample};
use crate::sandbox::Sandbox;

const CODE: [&str; 3] = ["login.py", "register.py", "docker-compose.yml"];

fn planned(mode: &str) -> Sandbox {
    let sandbox = split();
    for name in ["app", "auth"] {
        assert_eq!(sql(sandbox.path().join(format!("data/{name}.db")), &format!("PRAGMA journal_mode={mode}")), mode);
    }
    assert_eq!(sandbox.migrate(&["plan"]).code, 0);
    sandbox
}

fn code(sandbox: &Sandbox) -> [String; 3] {
    CODE.map(|file| read(sandbox, file))
}

/// The rows of both databases, in any order, but what the writer wrote.
fn rows(sandbox: &Sandbox) -> BTreeSet<String> {
    let dumps = ["app", "auth"].map(|name| dump(&sandbox.path().join(format!("data/{name}.db"))));
    dumps.iter().flat_map(|dump| dump.lines()).filter(|line| !line.contains("'written ")).map(str::to_owned).collect()
}

/// Everything that stands in a database of the project, or that the run keeps.
fn everything(sandbox: &Sandbox) -> String {
    let mut all = String::new();
    let run = last_run(sandbox);
    for folder in [sandbox.path().join("data"), run.join("archive"), run.join("present")] {
        for entry in fs::read_dir(folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            let is_database = fs::read(&path).unwrap().starts_with(b"SQLite format 3");
            if is_database && path.extension().is_some_and(|end| end == "db") {
                all += &dump(&path);
            }
        }
    }
    all
}

#[test]
fn code_and_data_are_both_old_or_both_new_wherever_it_is_killed() {
    let whole_run = planned("delete");
    let old = code(&whole_run);
    let before = rows(&whole_run);
    assert_eq!(whole_run.migrate(&["apply", "--yes"]).code, 0);
    let new = code(&whole_run);
    assert!(old[0] != new[0] && old[2] != new[2], "{new:?}");
    let mut cases = Vec::new();
    for line in 1..=lines(&whole_run) {
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
    let cases = sample(cases, 13);
    in_parallel(&cases, |(place, way, mode, writing)| {
        let sandbox = planned(mode);
        // The plan was made for what stood there: a writer must not have begun yet.
        let plan = read(&sandbox, "migration.toml");
        let plan: String =
            plan.lines().filter(|line| !line.starts_with("expect")).map(|line| format!("{line}\n")).collect();
        let sandbox = sandbox.file("migration.toml", plan);
        let writer = writing.then(|| Writer::into(&sandbox, &["app.users.username", "auth.notes.body"]));
        let place_words = format!("line {place} ({mode}, {way:?}, writing {writing})");
        kill_at(&sandbox, &["apply", "--yes"], place);
        for (file, (old, new)) in code(&sandbox).iter().zip(old.iter().zip(&new)) {
            assert!(file == old || file == new, "killed at {place_words}: torn: {file}");
        }
        let told = writer.map(Writer::stop).unwrap_or_default();
        let has_run = fs::read_dir(sandbox.path().join(".dbguard/runs")).is_ok_and(|mut runs| runs.next().is_some());
        if *way == Way::Apply || !has_run {
            let run = sandbox.migrate(&["apply", "--yes"]);
            assert_eq!(run.code, 0, "killed at {place_words}: {run:?}");
            assert!(code(&sandbox) == new, "killed at {place_words}");
            assert_eq!(
                python(&sandbox, "import login; print(login.notes()[:2])"),
                "['of ann', 'of cid']\n",
                "{place_words}"
            );
            let all = dump(&sandbox.path().join("data/app.db"));
            let lost: Vec<_> = told.iter().filter(|(_, word)| !all.contains(&format!("'{word}'"))).collect();
            assert!(lost.is_empty(), "killed at {place_words}: {lost:?} did not come along");
            assert!(python(&sandbox, STORY).starts_with("True"), "{place_words}");
            return;
        }
        let run = sandbox.migrate(&["rollback", "--yes"]);
        if run.code != 0 && !run.stderr.contains("there is nothing to undo") {
            assert!(*writing && run.stderr.contains("written to since"), "killed at {place_words}: {run:?}");
            let run = sandbox.migrate(&["rollback", "--yes", "--force"]);
            assert_eq!(run.code, 0, "killed at {place_words}: {run:?}");
        }
        assert!(code(&sandbox) == old, "killed at {place_words}");
        assert_eq!(rows(&sandbox), before, "killed at {place_words}");
        let all = everything(&sandbox);
        let lost: Vec<_> = told.iter().filter(|(_, word)| !all.contains(&format!("'{word}'"))).collect();
        assert!(lost.is_empty(), "killed at {place_words}: {lost:?} is gone");
    });
}
