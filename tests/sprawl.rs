//! The sprawling application: that it is what it says, that it runs, and that a scan finds the whole truth.

#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "a test lays out trees and runs programs")]

#[path = "../examples/sprawl/mod.rs"]
mod sprawl;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use rusqlite::{Connection, OpenFlags};
use sprawl::{Sprawl, Truth};

fn laid_out(sprawl: Sprawl) -> (tempfile::TempDir, Truth) {
    let folder = tempfile::tempdir().unwrap();
    let truth = sprawl.lay_out(folder.path()).unwrap();
    (folder, truth)
}

/// Runs a command in a folder: whether it succeeded, and all it said.
fn run(folder: &Path, program: &str, arguments: &[&str]) -> (bool, String) {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env_remove("DATABASE_PATH")
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&said).into_owned())
}

fn count(connection: &Connection, table: &str) -> u64 {
    let rows: i64 = connection.query_row(&format!("SELECT count(*) FROM \"{table}\""), [], |row| row.get(0)).unwrap();
    u64::try_from(rows).unwrap()
}

#[test]
fn the_default_size_is_the_case_of_the_card() {
    let truth = Sprawl::new().truth();
    assert_eq!(truth.databases.len(), 19);
    assert_eq!((truth.references.len(), truth.files().len()), (441, 95));
    let mut by_role = BTreeMap::new();
    for reference in &truth.references {
        *by_role.entry(reference.role).or_insert(0) += 1;
    }
    assert!(by_role.values().all(|&count| count > 40), "{by_role:?}");
    assert!(truth.references.iter().all(|reference| reference.role != "mentions"));
}

#[test]
fn size_and_seed_decide_everything() {
    assert_eq!(Sprawl::new().services(30).texts(), Sprawl::new().services(30).texts());
    let (small, large) = (Sprawl::new().truth(), Sprawl::new().services(40).truth());
    assert!(large.references.len() > 2 * small.references.len() - 100, "{}", large.references.len());
    assert!(small.references.iter().all(|reference| large.references.contains(reference)));
    assert_ne!(Sprawl::new().seed(1).texts().0, Sprawl::new().seed(2).texts().0);
}

/// The truth says where each place begins and ends; the words that it says stand there do.
#[test]
fn the_truth_points_at_the_words() {
    let (texts, truth) = Sprawl::new().texts();
    for expected in truth.references.iter().chain(&truth.mentions) {
        let text = &texts.iter().find(|text| text.path == expected.file).unwrap().text;
        assert!(!text.contains(['⟦', '⟧']), "{}", expected.file);
        let line: String = text.lines().nth(expected.line as usize - 1).unwrap().to_owned();
        let words: String = line
            .chars()
            .skip(expected.column as usize - 1)
            .take((expected.end_column - expected.column) as usize)
            .collect();
        assert_eq!(words, expected.text, "{}:{}", expected.file, expected.line);
    }
}

#[test]
fn databases_hold_what_the_truth_says() {
    let (folder, truth) = laid_out(Sprawl::new().services(12));
    for database in &truth.databases {
        let path = folder.path().join(&database.path);
        let size = std::fs::metadata(&path).unwrap().len();
        assert_eq!(database.zero_bytes, size == 0, "{}", database.path);
        let connection = Connection::open_with_flags(&path, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
        for (table, rows) in &database.tables {
            assert_eq!(count(&connection, table), *rows, "{} {table}", database.path);
        }
    }
    assert!(folder.path().join("data/memory.db-wal").metadata().unwrap().len() > 0);
    for duplicate in &truth.duplicates {
        for (database, rows, columns) in &duplicate.sides {
            let connection = Connection::open(folder.path().join(database)).unwrap();
            let table = connection.prepare(&format!("SELECT * FROM \"{}\"", duplicate.table)).unwrap();
            let found: Vec<&str> = table.column_names().collect();
            assert_eq!(found, *columns, "{database} {}", duplicate.table);
            assert_eq!(count(&connection, &duplicate.table), *rows, "{database} {}", duplicate.table);
        }
    }
}

/// Without its log, the database has only what was flushed.
#[test]
fn part_of_the_memory_is_in_the_log_only() {
    let (folder, _) = laid_out(Sprawl::new());
    std::fs::remove_file(folder.path().join("data/memory.db-wal")).unwrap();
    let connection = Connection::open(folder.path().join("data/memory.db")).unwrap();
    assert_eq!(count(&connection, "people"), 2);
}

/// Its own tests pass but for the two that tell the story: whoever registers cannot log in.
#[test]
fn the_application_runs() {
    let (folder, truth) = laid_out(Sprawl::new().services(22));
    let (compiles, said) = run(folder.path(), "python3", &["-m", "compileall", "-q", "."]);
    assert!(compiles, "{said}");

    let smoke = ["-m", "unittest", "discover", "-s", "tests", "-t", "."];
    let (_, said) = run(folder.path(), "python3", &smoke);
    let failed: Vec<&str> = said.lines().filter_map(|line| line.strip_prefix("FAIL: ")).collect();
    let failed: Vec<&str> = failed.iter().filter_map(|line| line.split(' ').next()).collect();
    assert_eq!(failed, ["test_everyone_can_log_in", "test_log_in_after_register"], "{said}");
    assert!(said.contains("FAILED (failures=2)"), "{said}");

    for script in truth.texts.iter().filter(|path| path.ends_with(".sh")) {
        let shell = if script.contains("reset") { "bash" } else { "sh" };
        let (parses, said) = run(folder.path(), shell, &["-n", script]);
        assert!(parses, "{said}");
    }
}
