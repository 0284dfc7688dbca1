//! Whole trees with real databases, from their files to their inventory.
#![expect(clippy::disallowed_methods, reason = "the tests lay out their own folders")]

use std::fs;
use std::path::Path;

use proptest::prelude::*;

use super::*;
use crate::db::State;
use crate::db::Verdict;

fn lay_out(root: &Path, files: &[(&str, &str)]) {
    for (path, text) in files {
        fs::create_dir_all(root.join(path).parent().unwrap()).unwrap();
        fs::write(root.join(path), text).unwrap();
    }
}

fn database(root: &Path, path: &str, sql: &str) {
    fs::create_dir_all(root.join(path).parent().unwrap()).unwrap();
    let connection = rusqlite::Connection::open_with_flags(root.join(path), rusqlite::OpenFlags::default()).unwrap();
    connection.execute_batch(sql).unwrap();
}

fn sprawl() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path();
    lay_out(
        root,
        &[
            (
                "docker-compose.yml",
                "services:\n  zoe:\n    image: x\n    environment:\n      - DATABASE_PATH=/app/data/zoe.db\n    volumes:\n      - ./data:/app/data\n",
            ),
            ("app/config.py", "import os\nDB_PATH = os.environ['DATABASE_PATH']\n"),
            (
                "app/main.py",
                "import sqlite3\nfrom app.config import DB_PATH\nconn = sqlite3.connect(DB_PATH)\nconn.execute('SELECT id FROM users')\n",
            ),
            ("auth/main.py", "import sqlite3\nsqlite3.connect('data/auth.db')\nsqlite3.connect('gone.db')\n"),
            ("tests/test_auth.py", "import sqlite3\nsqlite3.connect(':memory:')\n"),
            ("README.md", "Users are in `data/zoe.db`.\n"),
            ("notes.db", "not a database at all"),
            (".gitignore", "*.db\n"),
        ],
    );
    let users =
        "CREATE TABLE users (id INTEGER PRIMARY KEY, username TEXT UNIQUE); INSERT INTO users (username) VALUES";
    database(root, "data/zoe.db", &format!("{users} ('ann'), ('bob'), ('cy')"));
    database(root, "auth/data/auth.db", &format!("{users} ('ann'), ('eve')"));
    dir
}

fn named<'i>(inventory: &'i Inventory, path: &str) -> (DatabaseId, &'i Database) {
    let index = inventory.databases.iter().position(|database| database.path == path);
    let index = index.unwrap_or_else(|| panic!("{path} in {:?}", paths(inventory)));
    (DatabaseId(index), &inventory.databases[index])
}

fn paths(inventory: &Inventory) -> Vec<&str> {
    inventory.databases.iter().map(|database| database.path.as_str()).collect()
}

fn files_that_refer_to<'i>(inventory: &'i Inventory, path: &str) -> Vec<&'i str> {
    let mut files: Vec<_> =
        inventory.references_to(named(inventory, path).0).map(|reference| &*reference.fact.place.file).collect();
    files.dedup();
    files
}

#[test]
fn references_meet_the_files_they_mean() {
    let dir = sprawl();
    let inventory = scan(dir.path(), &Options::default()).unwrap();
    assert_eq!(paths(&inventory), [":memory:", "auth/data/auth.db", "data/zoe.db", "gone.db", "notes.db"]);
    assert_eq!(files_that_refer_to(&inventory, "auth/data/auth.db"), ["auth/main.py"]);
    let zoe = files_that_refer_to(&inventory, "data/zoe.db");
    for file in ["README.md", "app/main.py", "docker-compose.yml"] {
        assert!(zoe.contains(&file), "{file} in {zoe:?}");
    }
    let (id, zoe) = named(&inventory, "data/zoe.db");
    assert!(zoe.tracking.ignored && !zoe.tracking.tracked);
    assert_eq!(zoe.spellings, ["/app/data/zoe.db"]);
    let used = inventory.table_uses.iter().find(|used| &*used.fact.table == "users").unwrap();
    assert_eq!(*used.databases, [id]);
    assert!(named(&inventory, "gone.db").1.file.is_none());
    let notes = named(&inventory, "notes.db").1.file.as_ref().unwrap();
    assert_eq!(notes.state, State::NotSqlite("text".into()));
    assert!(named(&inventory, ":memory:").1.temporary);
    assert_eq!(inventory.ignore_patterns, [(".gitignore".to_owned(), "*.db".to_owned())]);

    let users = inventory.duplicates.iter().find(|duplicate| duplicate.table == "users").unwrap();
    let sides: Vec<_> = users.sides.iter().map(|side| (side.database, side.rows, side.missing_in_first)).collect();
    assert_eq!(sides, [(id, 3, Some(0)), (named(&inventory, "auth/data/auth.db").0, 2, Some(1))]);
}

#[test]
fn a_database_that_may_get_an_ending_is_first_the_database_without_it() {
    let dir = tempfile::tempdir().unwrap();
    let code = "import os, sqlite3\n\
                def full_path(name='shows.db', suffix=None):\n    if suffix:\n        name = '{}.{}'.format(name, suffix)\n    \
                return os.path.join(FOLDER, name)\n\
                sqlite3.connect(full_path()).execute('SELECT id FROM episodes')\n";
    lay_out(dir.path(), &[("store.py", code)]);
    let inventory = scan(dir.path(), &Options::default()).unwrap();
    let used = inventory.table_uses.iter().find(|used| &*used.fact.table == "episodes").unwrap();
    assert_eq!(used.databases.first(), Some(&named(&inventory, "*/shows.db").0));
}

#[test]
fn a_part_of_the_tree_means_what_it_means_in_the_whole() {
    let dir = sprawl();
    let options = Options { paths: vec![dir.path().join("app")], ..Options::default() };
    let inventory = scan(dir.path(), &options).unwrap();
    let sources: Vec<_> = inventory.sources.iter().map(|source| source.path.as_str()).collect();
    assert_eq!(sources, ["app/config.py", "app/main.py"]);
    // Its variable is set, its mount declared, its module and its database found outside of what was asked for.
    assert_eq!(paths(&inventory), ["data/zoe.db"]);
    assert!(named(&inventory, "data/zoe.db").1.file.as_ref().is_some_and(|file| file.state == State::Readable));
    assert!(inventory.references.iter().all(|reference| reference.fact.place.file.starts_with("app/")));
}

#[test]
fn threads_decide_nothing() {
    let dir = sprawl();
    for number in 0..40 {
        let text = format!("import sqlite3\nsqlite3.connect('data/s{}.db').execute('SELECT * FROM t')\n", number % 7);
        lay_out(dir.path(), &[(&format!("services/s{number}/main.py"), text.as_str())]);
    }
    let one = scan(dir.path(), &Options { threads: 1, ..Options::default() }).unwrap();
    let many = scan(dir.path(), &Options { threads: 8, ..Options::default() }).unwrap();
    assert!(one.references.len() > 40);
    assert_eq!(format!("{one:#?}"), format!("{many:#?}"));
}

#[test]
fn a_tree_that_is_not_there_is_an_error() {
    assert!(scan(Path::new("/nonexistent/tree"), &Options::default()).is_err());
}

#[test]
fn what_cannot_be_read_as_text_is_told() {
    let dir = sprawl();
    fs::write(dir.path().join("windows.ini"), b"\xFF\xFE[\0d\0b\0]\0").unwrap();
    fs::write(dir.path().join("latin.ini"), b"# caf\xe9\n[db]\npath = data/zoe.db\n").unwrap();
    let inventory = scan(dir.path(), &Options::default()).unwrap();
    let reason = |path: &str| &inventory.skipped.iter().find(|skipped| skipped.path == path).unwrap().reason;
    assert!(reason("windows.ini").contains("UTF-16"));
    assert!(reason("latin.ini").contains("not UTF-8"));
    assert!(files_that_refer_to(&inventory, "data/zoe.db").contains(&"latin.ini"));
}

#[cfg(unix)]
#[test]
fn a_bundle_is_no_program_of_the_tree_though_it_runs_sql() {
    let dir = tempfile::tempdir().unwrap();
    let store = "const Database = require('better-sqlite3');\nmodule.exports = new Database('app.db');\n";
    let own = "const db = require('./db');\ndb.prepare('SELECT id FROM users').all();\n";
    let bundle = format!("var d=require('./db');d.prepare('SELECT id FROM posts').all();{}", "var a=1;".repeat(15_000));
    lay_out(dir.path(), &[("db.js", store), ("own.js", own), ("graph.js", &bundle)]);
    let inventory = scan(dir.path(), &Options::default()).unwrap();
    let tables: Vec<&str> = inventory.table_uses.iter().map(|it| &*it.fact.table).collect();
    assert_eq!(tables, ["users"]);
}

#[test]
fn a_link_is_the_database_it_leads_to() {
    let dir = sprawl();
    std::os::unix::fs::symlink("data/zoe.db", dir.path().join("current.db")).unwrap();
    lay_out(dir.path(), &[("link.py", "import sqlite3\nsqlite3.connect('current.db')\n")]);
    let inventory = scan(dir.path(), &Options::default()).unwrap();
    assert!(files_that_refer_to(&inventory, "data/zoe.db").contains(&"link.py"));
    assert!(!paths(&inventory).contains(&"current.db"));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_stop_a_scan(texts in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 12)) {
        const NAMES: [&str; 12] = [
            "a.py", "b.js", "c.ts", "docker-compose.yml", ".env", "Dockerfile", "d.ini", "e.toml", "f.json", "g.sh",
            "h.sql", "i.db",
        ];
        let dir = tempfile::tempdir().unwrap();
        for (name, bytes) in NAMES.iter().zip(texts) {
            // What is not read cannot fail.
            let text = [b"x = 'sqlite:///a.db' # ".as_slice(), &bytes, b"\nDATABASE_PATH=y.db\n"].concat();
            fs::write(dir.path().join(name), text).unwrap();
        }
        prop_assert!(scan(dir.path(), &Options::default()).is_ok());
    }
}

#[test]
fn case_53_ignore_files_are_no_references() {
    let folder = tempfile::tempdir().unwrap();
    #[expect(clippy::disallowed_methods, reason = "a test lays out its own folder")]
    std::fs::write(folder.path().join(".gitignore"), "*.db\ndb.sqlite3\nmetrics.db\n").unwrap();
    let inventory = scan(folder.path(), &Options::default()).unwrap();
    assert!(inventory.references.is_empty() && inventory.databases.is_empty());
    let patterns: Vec<_> = inventory.ignore_patterns.iter().map(|(_, pattern)| pattern.as_str()).collect();
    assert_eq!(patterns, ["*.db", "db.sqlite3", "metrics.db"]);
}

#[test]
fn a_word_that_may_be_an_attribute_is_a_mention_where_the_tree_has_such_a_database() {
    let dir = tempfile::tempdir().unwrap();
    let code = "# reads app.db and store.db\napp.run()\nstore.load()\n";
    lay_out(dir.path(), &[("a.py", code), ("b.py", "import sqlite3\nsqlite3.connect('app.db')\n")]);
    let inventory = scan(dir.path(), &Options::default()).unwrap();
    let told: Vec<_> = inventory.references.iter().map(|it| (it.fact.place.start.line, it.databases[0])).collect();
    assert_eq!(told.len(), 2);
    assert!(inventory.databases.iter().all(|database| database.name == "app.db"));
}

/// What became of the statements of each file, against the databases on disk.
fn judged(root: &Path) -> Vec<(String, Verdict)> {
    let inventory = scan(root, &Options::default()).unwrap();
    let schema = |id| inventory.database(id).file.as_ref()?.schema.as_ref();
    let judged = super::judge(&inventory, schema).into_iter();
    judged.map(|it| (it.statement.fact.place.file.to_string(), it.verdict)).collect()
}

#[test]
fn what_a_file_changes_was_made_by_another_before_it() {
    let root = tempfile::tempdir().unwrap();
    let code = |sql: &str| format!("import sqlite3\nc = sqlite3.connect('shop.db')\nc.execute('{sql}')\n");
    let (alter, made) = (code("ALTER TABLE orders ADD COLUMN paid"), code("CREATE TABLE orders (id)"));
    let (asks, asks_more) = (code("SELECT paid FROM orders"), code("SELECT sent FROM orders"));
    lay_out(root.path(), &[("a.py", &alter), ("b.py", &asks), ("c.py", &asks_more), ("z.py", &made)]);
    let told = judged(root.path());
    let is = |file: &str| &told.iter().find(|(path, _)| path == file).unwrap().1;
    assert_eq!(is("b.py"), &Verdict::Compiles(vec!["paid".into()]), "{told:?}");
    assert!(matches!(is("c.py"), Verdict::Undecided(_)), "{told:?}");
}

#[test]
fn where_files_define_a_table_differently_each_statement_goes_to_that_of_its_file() {
    let root = tempfile::tempdir().unwrap();
    let code = |column: &str| {
        format!(
            "import sqlite3\nc = sqlite3.connect('shop.db')\nc.execute('CREATE TABLE IF NOT EXISTS orders ({column})')\n\
             c.execute('SELECT {column} FROM orders')\n"
        )
    };
    let files: Vec<(String, String)> = (0..40).map(|at| (format!("{at}.py"), code(&format!("c{at}")))).collect();
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    lay_out(root.path(), &files);
    let told = judged(root.path());
    assert_eq!(told.len(), 80);
    assert!(told.iter().all(|(_, verdict)| matches!(verdict, Verdict::Compiles(_))), "{told:?}");
}
