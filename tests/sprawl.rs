//! The sprawling application: that it is what it says, that it runs, and that a scan finds the whole truth.

#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "a test lays out trees and runs programs")]

#[path = "../examples/sprawl/mod.rs"]
mod sprawl;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};

use dbguard::db::State;
use dbguard::lang::{Role, Value};
use dbguard::scan::{self, Context, Inventory, Options};
use rusqlite::{Connection, OpenFlags};
use sprawl::{Expected, Sprawl, Truth, decisions};

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

/// A reference in words that two sides can be compared by; `mentions` are left out.
type Told = BTreeMap<(String, u32, u32), (String, Vec<String>, Vec<String>)>;

/// Role and context, databases, variables.
fn expected(reference: &Expected) -> (String, Vec<String>, Vec<String>) {
    let databases = reference.path.iter().chain(&reference.others).cloned().collect();
    (format!("{} in {}", reference.role, reference.context), databases, reference.envs.clone())
}

fn found(inventory: &Inventory) -> Told {
    inventory
        .references
        .iter()
        .filter(|linked| linked.context != Context::Docs)
        .map(|linked| {
            let place = &linked.fact.place;
            let word = |value: serde_json::Value| value.as_str().unwrap().to_owned();
            let role = word(serde_json::to_value(linked.fact.role).unwrap());
            let context = word(serde_json::to_value(linked.context).unwrap());
            let databases = linked.databases.iter().map(|&id| inventory.database(id).path.clone()).collect();
            let mut envs: Vec<String> = Vec::new();
            for env in linked.fact.values.iter().flat_map(Value::envs) {
                if !envs.iter().any(|known| known == env) {
                    envs.push(env.to_owned());
                }
            }
            (
                (place.file.to_string(), place.start.line, place.start.column),
                (format!("{role} in {context}"), databases, envs),
            )
        })
        .filter(|(_, (role, ..))| !role.starts_with("mentions"))
        .collect()
}

/// A temporary database is known by its name only: where its folder lies is decided when the test runs.
fn same_databases(expected: &[String], found: &[String]) -> bool {
    expected.len() == found.len()
        && expected.iter().all(|expected| match expected.strip_prefix("*/") {
            Some(name) => found.iter().any(|found| found.rsplit('/').next() == Some(name)),
            None => found.contains(expected),
        })
}

/// Every difference between what a scan found and the truth, one line each.
fn differences(truth: &Truth, inventory: &Inventory) -> Vec<String> {
    let mut found = found(inventory);
    let mut lines = Vec::new();
    for reference in &truth.references {
        let key = (reference.file.clone(), reference.line, reference.column);
        let at = format!("{}:{}:{} `{}`", key.0, key.1, key.2, reference.text);
        let (role, databases, envs) = expected(reference);
        match found.remove(&key) {
            None => lines.push(format!("{at}: not found; {role} {databases:?} {envs:?}")),
            Some((its_role, its_databases, its_envs)) => {
                if its_role != role {
                    lines.push(format!("{at}: {role}, found as {its_role}"));
                }
                if !same_databases(&databases, &its_databases) {
                    lines.push(format!("{at}: {databases:?}, found as {its_databases:?}"));
                }
                if its_envs != envs {
                    lines.push(format!("{at}: variables {envs:?}, found {its_envs:?}"));
                }
            }
        }
    }
    lines.extend(
        found.into_iter().map(|((file, line, column), fact)| format!("{file}:{line}:{column}: not there; {fact:?}")),
    );
    lines
}

/// In git, with all but the ignored files committed, and a few of those all the same.
fn committed(folder: &Path, truth: &Truth) {
    let git = |arguments: &[&str]| {
        let named = ["-c", "user.name=house", "-c", "user.email=house@house.test", "-c", "commit.gpgsign=false"];
        let (done, said) = run(folder, "git", &[&named, arguments].concat());
        assert!(done, "git {arguments:?}: {said}");
    };
    git(&["init", "-q"]);
    git(&["add", "."]);
    let anyway: Vec<&str> = truth.committed_anyway.iter().map(String::as_str).collect();
    git(&[&["add", "-f", "--"], anyway.as_slice()].concat());
    git(&["commit", "-qm", "Everything so far"]);
}

/// Each file below a folder.
fn files_below(folder: &Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files_below(&path) } else { vec![path] }).collect()
}

#[test]
fn of_what_is_staged_the_same_is_told_whatever_earlier_runs_left_behind() {
    let (folder, truth) = laid_out(Sprawl::new());
    let at = folder.path();
    decided(at);
    committed(at, &truth);
    let git = |arguments: &[&str]| assert!(run(at, "git", arguments).0, "git {arguments:?}");
    let append = |file: &str, text: &str| {
        let before = std::fs::read_to_string(at.join(file)).unwrap();
        std::fs::write(at.join(file), before + text).unwrap();
    };
    let remembered = at.join(".git/dbguard");
    let programs: Vec<String> =
        truth.references.iter().map(|it| it.file.clone()).filter(|it| it.ends_with(".py")).collect();
    let opens = "\n\ndef again():\n    import sqlite3\n    return sqlite3.connect('data/auth.db')\n";
    let mut told_at_all = 0;
    for (number, what) in
        ["a program", "five", "the policy", "a file less", "other names", "a database"].iter().enumerate()
    {
        match number {
            0 => append(&programs[0], opens),
            1 => programs.iter().step_by(7).take(5).for_each(|file| append(file, opens)),
            2 => append("dbguard.toml", "\n[[external]]\npath = \"not-there.db\"\n"),
            3 => std::fs::remove_file(at.join("docker-compose.yml")).unwrap(),
            4 => git(&["mv", &programs[1], "moved.py"]),
            _ => std::fs::copy(at.join("data/auth.db"), at.join("copy.dat")).map(|_| ()).unwrap(),
        }
        git(&["add", "-A"]);
        let check = || dbguard(at, &["check", "--staged", "--output-format", "json"]);
        let _ = std::fs::remove_dir_all(&remembered);
        let cold = check();
        assert!(cold.0.is_some_and(|code| code < 2), "{what}: {cold:?}");
        told_at_all += cold.1.matches("\"rule\"").count();
        assert_eq!(check(), cold, "{what}, with all that is remembered");
        let kept = files_below(&remembered);
        assert!(kept.len() > 10, "{kept:?}");
        for (number, file) in kept.iter().enumerate() {
            let bytes = std::fs::read(file).unwrap();
            match number % 3 {
                0 => std::fs::write(file, &bytes[..bytes.len() / 2]).unwrap(),
                1 => std::fs::write(file, bytes.iter().map(|byte| byte ^ 0x55).collect::<Vec<u8>>()).unwrap(),
                _ => std::fs::remove_file(file).unwrap(),
            }
        }
        assert_eq!(check(), cold, "{what}, with what is remembered damaged");
        assert_eq!(check(), cold, "{what}, after that");
        if number == 1 {
            let both = std::thread::scope(|scope| {
                let _ = std::fs::remove_dir_all(&remembered);
                [scope.spawn(check), scope.spawn(check)].map(|run| run.join().unwrap())
            });
            assert_eq!(both, [cold.clone(), cold], "{what}, by two at a time");
        }
        git(&["-c", "user.name=house", "-c", "user.email=house@house.test", "commit", "-qm", what]);
    }
    assert!(told_at_all > 5, "the changes bring too little to prove anything: {told_at_all}");
}

fn assert_scan_is_true(sprawl: Sprawl) {
    let (folder, truth) = laid_out(sprawl);
    committed(folder.path(), &truth);
    let inventory = scan::scan(folder.path(), &Options::default()).unwrap();
    let lines = differences(&truth, &inventory);
    assert!(lines.is_empty(), "{} differences\n{}", lines.len(), lines.join("\n"));

    let mentions: Vec<_> = inventory
        .references
        .iter()
        .filter(|linked| linked.context == Context::Docs && linked.fact.role == Role::Mentions)
        .map(|linked| (&*linked.fact.place.file, linked.fact.place.start.line, linked.fact.place.start.column))
        .collect();
    let expected: Vec<_> =
        truth.mentions.iter().map(|mention| (mention.file.as_str(), mention.line, mention.column)).collect();
    assert_eq!(mentions, expected);
}

#[test]
fn a_scan_finds_every_database_with_its_rows() {
    let (folder, truth) = laid_out(Sprawl::new());
    committed(folder.path(), &truth);
    let inventory = scan::scan(folder.path(), &Options::default()).unwrap();
    let found: Vec<_> = inventory
        .databases
        .iter()
        .filter_map(|database| database.file.as_ref())
        .map(|file| {
            let tables = file.schema.iter().flat_map(|schema| schema.own_tables());
            let tables: Vec<_> = tables.map(|table| (table.name.clone(), table.rows.unwrap())).collect();
            (file.path.clone(), tables, file.state == State::Empty)
        })
        .collect();
    let expected: Vec<_> = truth
        .databases
        .iter()
        .map(|database| (database.path.clone(), database.tables.clone(), database.zero_bytes))
        .collect();
    assert_eq!(found, expected);
    let tracked: Vec<&str> = inventory
        .databases
        .iter()
        .filter(|database| database.tracking.tracked)
        .map(|database| database.path.as_str())
        .collect();
    assert_eq!(tracked, ["data/lists.db", "data/presence.db"]);
}

#[test]
fn a_scan_finds_the_whole_truth() {
    assert_scan_is_true(Sprawl::new());
}

#[test]
fn a_scan_finds_the_whole_truth_at_three_times_the_size() {
    assert_scan_is_true(Sprawl::new().services(50));
}

/// `users` above all: four in one database, two in another, and columns that differ.
#[test]
fn a_scan_finds_tables_that_stand_in_several_databases() {
    let (folder, truth) = laid_out(Sprawl::new());
    let inventory = scan::scan(folder.path(), &Options::default()).unwrap();
    let found: Vec<_> = inventory
        .duplicates
        .iter()
        .map(|duplicate| {
            let sides = duplicate.sides.iter();
            let sides: Vec<_> = sides
                .map(|side| (inventory.database(side.database).path.clone(), side.rows, side.columns.clone()))
                .collect();
            (duplicate.table.clone(), sides, duplicate.drifted)
        })
        .collect();
    let expected: Vec<_> =
        truth.duplicates.iter().map(|duplicate| (duplicate.table.clone(), duplicate.sides.clone(), true)).collect();
    assert_eq!(found, expected);
    for (found, expected) in inventory.duplicates.iter().zip(&truth.duplicates) {
        for (side, compared) in found.sides.iter().skip(1).zip(&expected.compared) {
            let Some(compared) = compared else { continue };
            assert_eq!(side.missing_in_first, Some(compared.alone), "{} {side:?}", found.table);
        }
    }
}

/// The first command of the README: it goes through to its end, and what it leaves is there.
#[test]
fn the_tour_goes_to_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO"));
    command.args(["run", "--quiet", "--example", "tour"]).args((!cfg!(debug_assertions)).then_some("--release"));
    let output = command.env("TMPDIR", folder.path()).env("NO_COLOR", "1").output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    let house = said.lines().find_map(|line| line.strip_prefix("The application stays in ")).unwrap();
    assert!(Path::new(house).join("dbguard.toml").is_file(), "{house}");
    for words in [
        "+AUTH_DB = os.getenv(\"DATABASE_PATH\", \"/app/data/zoe.db\")",
        "$ dbguard scan",
        "$ dbguard init",
        "error[forbidden-database]",
        "# split-table",
        "FAILED (failures=2)",
        "$ dbguard migrate apply --rehearse",
        "$ dbguard migrate apply --yes",
        "\nOK\n",
        "proofs hold for run",
        "data/zoe.db is as it was",
    ] {
        assert!(said.contains(words), "{words}");
    }
}

/// Runs `dbguard` itself in a folder.
fn dbguard(folder: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_dbguard")).args(arguments).current_dir(folder).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

/// The policy of `init`, after a person has decided: everything but the throw-away databases belongs into the primary.
fn decided(folder: &Path) {
    let (code, policy, said) = dbguard(folder, &["init", "--print"]);
    assert_eq!(code, Some(0), "{said}");
    let policy = policy.replace("# [[retired]]\n# path", "[[retired]]\npath");
    assert!(policy.matches("\n[[retired]]").count() > 10, "{policy}");
    std::fs::write(folder.join("dbguard.toml"), policy).unwrap();
}

/// What `tests/same_tree.py` finds that differs elsewhere than where an edit stands.
fn differences_of_trees(cases: &str) -> String {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/same_tree.py");
    let mut child = Command::new("python3").arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), cases.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// Every Python program of the application, its syntax tree without positions, as Python prints it.
const TREES: &str = "
import ast, json, pathlib
print(json.dumps({str(p): ast.dump(ast.parse(p.read_bytes())) for p in sorted(pathlib.Path('.').rglob('*.py'))}))
";

/// What no rewriting of text can mend, with the reason it is told with.
const LEFT: [(&str, &str); 5] = [
    ("scripts/vacuum.py", "the name is put together with its folder somewhere else"),
    ("Makefile", "dbguard writes no access to `DATABASE_PATH` in this language"),
    ("scripts/", "the file's name is put together at run time"),
    ("scripts/", "the path is a part of a longer text: SQL, a command, or another program"),
    ("services/metrics/", "the path is a part of a longer text: SQL, a command, or another program"),
];

#[test]
fn one_run_of_fix_mends_the_whole_application() {
    let (folder, truth) = laid_out(Sprawl::new());
    decided(folder.path());
    committed(folder.path(), &truth);
    let (_, trees, _) = python(folder.path(), TREES);
    let before: BTreeMap<String, String> = serde_json::from_str(&trees).unwrap();

    let (_, told, _) = dbguard(folder.path(), &["fix", "--diff", "--unsafe", "--output-format", "json"]);
    let told: serde_json::Value = serde_json::from_str(&told).unwrap();
    let read = |file: &str| std::fs::read_to_string(folder.path().join(file)).unwrap();
    let programs: Vec<(String, serde_json::Value, String)> = told["files"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|it| it["file"].as_str().filter(|file| file.ends_with(".py")).map(|file| (file, it)))
        .map(|(file, it)| (file.to_owned(), it["edits"].clone(), read(file)))
        .collect();
    let (code, _, said) = dbguard(folder.path(), &["fix", "--unsafe"]);
    assert_eq!(code, Some(1), "{said}");

    // What is left of references is listed, each with a reason that is known here.
    let (_, left, _) = dbguard(folder.path(), &["fix", "--diff", "--unsafe", "--output-format", "json"]);
    let left: serde_json::Value = serde_json::from_str(&left).unwrap();
    assert_eq!(left["files"].as_array().unwrap().len(), 0, "a second run changes nothing: {left:#}");
    for stays in left["left"].as_array().unwrap() {
        let rule = stays["finding"]["rule"].as_str().unwrap();
        if !["hardcoded-path", "forbidden-database", "wrong-env-var", "default-mismatch", "config-mismatch"]
            .contains(&rule)
        {
            continue;
        }
        let file = stays["finding"]["file"].as_str().unwrap();
        let reason = stays["reason"].as_str().unwrap_or("");
        let is_known = LEFT.iter().any(|(folder, words)| file.starts_with(folder) && reason == *words)
            || file == "docker-compose.yml";
        assert!(is_known, "{file}: [{rule}] {reason}\n{stays:#}");
    }

    // Programs compile, and differ only where an edit stands.
    let (done, trees, said) = python(folder.path(), TREES);
    assert!(done, "{said}");
    let after: BTreeMap<String, String> = serde_json::from_str(&trees).unwrap();
    let changed: Vec<&String> = before.keys().filter(|path| before[*path] != after[*path]).collect();
    let edited: Vec<&str> =
        told["files"].as_array().unwrap().iter().map(|file| file["file"].as_str().unwrap()).collect();
    for path in &changed {
        assert!(edited.contains(&path.as_str()), "{path} has changed without an edit");
    }
    assert!(changed.len() > 30, "{changed:?}");
    let mut cases = String::new();
    for (file, edits, before) in &programs {
        let edits: Vec<_> = edits.as_array().unwrap().iter().map(|it| [&it["start_byte"], &it["end_byte"]]).collect();
        let case = serde_json::json!({ "name": file, "before": before, "after": read(file), "edits": edits });
        cases.push_str(&format!("{case}\n"));
    }
    assert_eq!(differences_of_trees(&cases), "");

    // With the rows moved, whoever registers can log in.
    let (done, _, said) = python(folder.path(), MOVE);
    assert!(done, "{said}");
    let (done, words, said) = python(folder.path(), LOG_IN);
    assert!(done, "{words}{said}");
}

fn python(folder: &Path, program: &str) -> (bool, String, String) {
    let database = folder.join("data/zoe.db");
    let output = Command::new("python3")
        .args(["-c", program])
        .current_dir(folder)
        .env("DATABASE_PATH", database)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.success(), text(&output.stdout), text(&output.stderr))
}

/// A migration as a test needs it: tables that the primary lacks are copied, sessions get the columns of both kinds.
const MOVE: &str = "
import glob, sqlite3
main = sqlite3.connect('data/zoe.db')
for path in sorted(glob.glob('data/*.db')):
    if path == 'data/zoe.db':
        continue
    try:
        other = sqlite3.connect(path)
        tables = other.execute(\"SELECT name, sql FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name NOT LIKE '%_fts%'\").fetchall()
    except sqlite3.DatabaseError:
        continue
    for name, sql in tables:
        known = [row[1] for row in main.execute(f'PRAGMA table_info(\"{name}\")')]
        if not known:
            main.execute(sql)
            known = [row[1] for row in main.execute(f'PRAGMA table_info(\"{name}\")')]
        for row in other.execute(f'PRAGMA table_info(\"{name}\")').fetchall():
            if row[1] not in known:
                main.execute(f'ALTER TABLE \"{name}\" ADD COLUMN \"{row[1]}\"')
main.commit()
";

/// Every module of the application is imported, every function without arguments that asks a question is asked.
const LOG_IN: &str = "
import importlib, inspect, pathlib, sqlite3, sys
sys.path.insert(0, '.')
from app import auth, users
users.register('new', 'new@example.com', 'secret')
assert auth.login('new', 'secret'), 'whoever registers can log in'
asked = failed = 0
for path in sorted(pathlib.Path('.').glob('**/*.py')):
    if path.parts[0] not in ('app', 'config', 'services') or 'tests' in path.parts:
        continue
    name = '.'.join(path.with_suffix('').parts).removesuffix('.__init__')
    module = importlib.import_module(name)
    for function_name, function in inspect.getmembers(module, inspect.isfunction):
        asks = function_name.startswith(('list_', 'count_', 'latest_'))
        needs = [p for p in inspect.signature(function).parameters.values() if p.default is p.empty]
        if function.__module__ == name and asks and not needs and 'home_assistant' not in name:
            asked += 1
            # A path inside SQL is listed and not rewritten; a settings file may spell the path of the container out.
            if (name, function_name) == ('services.metrics.store', 'list_plain') or name == 'services.weather.store':
                continue
            try:
                function()
            except Exception as error:
                failed += 1
                print(name, function_name, repr(error))
assert asked > 30, asked
assert not failed, f'{failed} of {asked} failed'
";

/// The application's own tests: how many fail.
fn smoke(folder: &Path) -> (bool, String) {
    let (done, said) = run(folder, "python3", &["-m", "unittest", "discover", "-s", "tests/smoke", "-t", "."]);
    (done, said)
}

/// Every file of the application as git sees it, and every row of every database.
fn everything(folder: &Path) -> (String, Vec<String>) {
    let code = run(folder, "git", &["stash", "create"]).1
        + &run(folder, "git", &["diff", "--stat", "--", "*.py", "*.yml", "*.js", "*.sh"]).1;
    let mut rows = Vec::new();
    for entry in std::fs::read_dir(folder.join("data")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|ending| ending == "db") {
            let content = dbguard::db::content(&path).map(|content| content.digest);
            rows.push(format!("{} {content:?}", path.file_name().unwrap().to_string_lossy()));
        }
    }
    rows.sort();
    (code, rows)
}

/// The text with `#` for each number: times, runs and counts are those of one day.
fn without_numbers(text: &str) -> String {
    let mut out = String::new();
    for letter in text.chars() {
        let letter = if letter.is_ascii_digit() { '#' } else { letter };
        if !(letter == '#' && out.ends_with('#')) {
            out.push(letter);
        }
    }
    // An id of a run holds letters too, and a time its unit.
    let words = out.split(' ').map(|word| if word.starts_with("#-#-#T#") { "RUN" } else { word });
    words.collect::<Vec<_>>().join(" ").replace("#.# s", "#").replace("# ms", "#")
}

/// What the first block of the README says was said by these commands, in this order.
fn assert_the_readme_shows(said: &str) {
    let readme = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let block = readme.split("<!-- held by tests/sprawl.rs -->\n```text\n").nth(1).unwrap();
    let block = block.split("```").next().unwrap();
    let mut rest = said.lines().map(without_numbers);
    for line in block.lines().filter(|line| !line.starts_with("$ ")) {
        let shown = without_numbers(line);
        let shown = shown.trim_end_matches('…');
        assert!(rest.any(|line| line.starts_with(shown)), "the README shows, and nothing says: {line}\n{said}");
    }
}

#[test]
fn one_migration_moves_the_whole_application_and_one_rollback_brings_it_back() {
    let (folder, truth) = laid_out(Sprawl::new());
    let folder = folder.path();
    let (fine, said) = smoke(folder);
    assert!(!fine && said.contains("FAILED (failures=2)"), "whoever registers cannot log in: {said}");
    let mut told = said;
    decided(folder);
    let (_, _, said) = dbguard(folder, &["migrate", "plan"]);
    assert!(said.contains("Wrote migration.toml"), "{said}");
    decisions::decide(folder).unwrap();
    committed(folder, &truth);
    let before = everything(folder);

    let (code, page, said) = dbguard(folder, &["migrate", "apply", "--yes"]);
    assert_eq!(code, Some(0), "{page}{said}");
    assert!(page.contains("statements of the code compile against the new database"), "{page}");
    told.push_str(&page);
    let (fine, said) = smoke(folder);
    assert!(fine, "{said}");
    told.push_str(&said);
    let databases = std::fs::read_dir(folder.join("data")).unwrap().filter(|entry| {
        let path = entry.as_ref().unwrap().path();
        std::fs::read(path).unwrap().starts_with(b"SQLite format 3\0")
    });
    assert_eq!(databases.count(), 1, "all of them became one");

    let (code, page, said) = dbguard(folder, &["migrate", "rollback", "--yes", "--force"]);
    assert_eq!(code, Some(0), "{page}{said}");
    assert_the_readme_shows(&(told + &page));
    assert_eq!(everything(folder).1, before.1);
    let (_, changed) = run(
        folder,
        "git",
        &["status", "--porcelain", "--", "*.py", "*.yml", "*.js", "*.sh", "*.ini", "*.sql", "Dockerfile"],
    );
    assert_eq!(changed, "");
}

/// Names that break what does not escape.
const HOSTILE: [&str; 8] = [
    "100% %0A",
    "new\nline",
    "a,b;c=d",
    "::error file=x,line=1::",
    "col:on",
    "two  spaces",
    "ünï 数据库 🗄",
    "]\"'<&>[(x)",
];

fn percent_decoded(text: &str) -> String {
    let mut pieces = text.split('%');
    let mut bytes = pieces.next().unwrap_or("").as_bytes().to_vec();
    for piece in pieces {
        bytes.push(u8::from_str_radix(&piece[..2], 16).unwrap());
        bytes.extend_from_slice(&piece.as_bytes()[2..]);
    }
    String::from_utf8(bytes).unwrap()
}

/// What JSON says of the sprawl under hostile names is what SARIF and GitHub's annotations say, once they are decoded.
#[test]
fn forges_are_told_the_sprawl_byte_for_byte_whatever_its_files_are_called() {
    let (folder, truth) = laid_out(Sprawl::new());
    decided(folder.path());
    for (index, file) in truth.files().into_iter().enumerate().filter(|(_, file)| file.ends_with(".py")) {
        let name = HOSTILE[index % HOSTILE.len()];
        let renamed = folder.path().join(file).with_file_name(format!("{name}{index}.py"));
        std::fs::rename(folder.path().join(file), renamed).unwrap();
    }
    let reports = ["--output", "json=r.json", "--output", "sarif=r.sarif", "--output-format", "github"];
    let (code, github, said) = dbguard(folder.path(), &[&["check"][..], &reports].concat());
    assert_eq!(code, Some(1), "{said}");
    let read = |name: &str| -> serde_json::Value {
        serde_json::from_slice(&std::fs::read(folder.path().join(name)).unwrap()).unwrap()
    };
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let said_in_json: std::collections::BTreeSet<(String, String, u64, u64, String)> = read("r.json")["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| {
            let help = it["help"].as_str().map_or_else(String::new, |help| format!("\nhelp: {help}"));
            let (line, column) = (it["line"].as_u64().unwrap(), it["column"].as_u64().unwrap());
            (text(&it["file"]), text(&it["rule"]), line, column, text(&it["message"]) + &help)
        })
        .collect();
    for name in HOSTILE {
        assert!(said_in_json.iter().any(|(file, ..)| file.contains(name)), "nothing is wrong in {name:?}");
    }

    let sarif = read("r.sarif");
    let said_in_sarif = sarif["runs"][0]["results"].as_array().unwrap().iter().map(|it| {
        let place = &it["locations"][0]["physicalLocation"];
        let (line, column) = (&place["region"]["startLine"], &place["region"]["startColumn"]);
        let file = percent_decoded(place["artifactLocation"]["uri"].as_str().unwrap());
        let (line, column) = (line.as_u64().unwrap_or(1), column.as_u64().unwrap_or(1));
        (file, text(&it["ruleId"]), line, column, text(&it["message"]["text"]))
    });
    assert_eq!(said_in_sarif.collect::<std::collections::BTreeSet<_>>(), said_in_json);

    let annotations: Vec<&str> = github.lines().take_while(|line| !line.starts_with("::stop-commands::")).collect();
    assert!(annotations.len() >= 10, "{github}");
    for line in annotations {
        let (properties, message) = line.trim_start_matches("::").split_once("::").unwrap();
        let (_, properties) = properties.split_once(' ').unwrap();
        let properties: BTreeMap<&str, String> = properties
            .split(',')
            .filter_map(|property| property.split_once('='))
            .map(|(name, value)| (name, percent_decoded(value)))
            .collect();
        let rule = properties["title"].trim_start_matches("dbguard[").trim_end_matches(']');
        let (at, column) =
            (properties["line"].parse().unwrap(), properties.get("col").map_or(1, |it| it.parse().unwrap()));
        let message = percent_decoded(message);
        let told = said_in_json.iter().any(|(file, known, line, col, words)| {
            (file, known.as_str(), *line, *col) == (&properties["file"], rule, at, column)
                && message.strip_prefix(words.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('\n'))
        });
        assert!(told, "{line}");
    }
}
