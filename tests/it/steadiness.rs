//! The same tree gives the same words, on any number of threads, and is left as it was.

use crate::sandbox::Sandbox;

/// A project with enough files for threads to overtake one another.
fn project() -> Sandbox {
    let mut sandbox = Sandbox::new()
        .file(
            "docker-compose.yml",
            "services:\n  a:\n    environment: [DATABASE_PATH=/app/data/db_1.db]\n    volumes: ['./data:/app/data']\n",
        )
        .file(".env", "DATABASE_PATH=data/db_1.db\n");
    for number in 0..60 {
        let database = number % 7;
        sandbox = sandbox.file(
            &format!("services/s{}/m{number}.py", number % 5),
            format!(
                "import os, sqlite3\nPATH = os.getenv('DATABASE_PATH', 'data/db_{database}.db')\n\
                 def f():\n    return sqlite3.connect(PATH).execute('SELECT id FROM users')\n"
            ),
        );
    }
    for number in 0..5 {
        sandbox = sandbox.database(
            &format!("data/db_{number}.db"),
            &format!(
                "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT); INSERT INTO users VALUES ({number}, 'a')"
            ),
        );
    }
    sandbox
}

#[test]
fn every_format_is_the_same_on_every_run_and_with_any_number_of_threads() {
    let sandbox = project();
    for format in ["full", "json", "markdown"] {
        let first = sandbox.run(&["scan", "-v", "--output-format", format, "--threads", "1"]);
        assert!(first.code == 0 && first.stdout.contains("db_1.db"), "{first:?}");
        for threads in ["1", "2", "8", "8"] {
            let again = sandbox.run(&["scan", "-v", "--output-format", format, "--threads", threads]);
            assert_eq!(again, first, "{format} with {threads} threads");
        }
        assert_eq!(sandbox.run(&["scan", "-v", "--output-format", format]), first);
    }
}

#[test]
fn several_reports_come_from_one_run() {
    let sandbox = project();
    let run = sandbox.run(&["scan", "--output", "json=../out.json", "--output", "markdown=../out.md"]);
    // The sandbox's parent is the machine's temporary folder, so the reports are looked for and removed at once.
    let folder = sandbox.path().parent().unwrap().to_owned();
    let read = |name: &str| {
        let text = std::fs::read_to_string(folder.join(name)).unwrap();
        std::fs::remove_file(folder.join(name)).unwrap();
        text
    };
    assert_eq!(run.code, 0, "{run:?}");
    assert_eq!(read("out.json"), sandbox.run(&["scan", "--output-format", "json"]).stdout);
    assert_eq!(read("out.md"), sandbox.run(&["scan", "--output-format", "markdown"]).stdout);
    assert_eq!(run.stdout, sandbox.run(&["scan"]).stdout);
}

#[test]
fn no_report_tells_of_the_machine() {
    let sandbox = project();
    for format in ["full", "json", "markdown"] {
        let page = sandbox.run(&["scan", "-v", "--output-format", format]).stdout;
        assert!(!page.contains(sandbox.path().to_str().unwrap()), "{format}: {page}");
    }
}

#[test]
fn a_tree_is_left_as_it_was() {
    let sandbox =
        project().database("data/wal.db", "PRAGMA journal_mode = WAL; CREATE TABLE t (x); INSERT INTO t VALUES (1)");
    // A connection stays open, so that the write-ahead log holds rows that the database file does not.
    let writer = rusqlite::Connection::open(sandbox.path().join("data/wal.db")).unwrap();
    writer.execute_batch("INSERT INTO t VALUES (2), (3)").unwrap();
    let before = sandbox.digest();
    let report = sandbox.scan();
    assert_eq!(sandbox.digest(), before);
    let tables = report["databases"].as_array().unwrap().iter().find(|entry| entry["name"] == "wal.db").unwrap();
    assert_eq!(tables["file"]["schema"]["rows"], 3, "{tables}");
    drop(writer);
}

#[test]
fn colours_are_for_terminals_only() {
    let sandbox = project();
    assert!(!sandbox.run(&["scan"]).stdout.contains('\u{1b}'));
    assert!(sandbox.run(&["scan", "--color", "always"]).stdout.contains('\u{1b}'));
    let mut forced = sandbox.command(&["scan"]);
    forced.env("CLICOLOR_FORCE", "1");
    assert!(String::from_utf8(forced.output().unwrap().stdout).unwrap().contains('\u{1b}'));
    forced.env("NO_COLOR", "1");
    assert!(!String::from_utf8(forced.output().unwrap().stdout).unwrap().contains('\u{1b}'));
}
