//! The starter's laws, on real trees with real databases.

use std::path::Path;

use crate::check::laws_tests::look_at;
use crate::check::{Options, check};
use crate::policy::parse;
use crate::text::Source;

use super::*;

#[expect(clippy::disallowed_methods, reason = "the test makes the files and databases it looks at")]
fn lay_out(root: &Path, files: &[(&str, &str)]) {
    for (path, text) in files {
        let file = root.join(path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        if path.ends_with(".db") {
            rusqlite::Connection::open(&file).unwrap().execute_batch(text).unwrap();
        } else {
            std::fs::write(&file, text).unwrap();
        }
    }
}

const USERS: &str = "CREATE TABLE users(id INTEGER PRIMARY KEY, name TEXT); INSERT INTO users(name) VALUES ('ada');";

/// Writes the starter into the tree, as `init` does, and gives its text with the rules that find something in it.
#[expect(clippy::disallowed_methods, reason = "the test makes the files and databases it looks at")]
fn started(files: &[(&str, &str)]) -> (String, Vec<String>) {
    let root = tempfile::tempdir().unwrap();
    lay_out(root.path(), files);
    let text = starter(&look_at(root.path()).0);
    let policy = parse(&Source::new("dbguard.toml", text.clone().into_bytes()));
    assert_eq!(policy.mistakes, [], "{text}");
    std::fs::write(root.path().join("dbguard.toml"), &text).unwrap();
    let (inventory, policy) = look_at(root.path());
    let report = check(&inventory, &policy, &Options::default());
    let about_policy = report.findings.iter().find(|finding| &*finding.place.file == "dbguard.toml");
    assert_eq!(about_policy, None, "{text}");
    (text, report.findings.into_iter().map(|finding| finding.rule).collect())
}

#[test]
fn the_tree_of_a_sprawl() {
    let (text, rules) = started(&[
        (
            "services/a.py",
            "import os, sqlite3\ndb = sqlite3.connect(os.getenv('ZOE_DB_PATH', '/app/data/zoe.db'))\n\
             old = sqlite3.connect('/app/data/auth.db')\n",
        ),
        ("services/b.py", "import os, sqlite3\ndb = sqlite3.connect(os.getenv('ZOE_DB_PATH', '/app/data/zoe.db'))\n"),
        ("services/c.py", "import os, sqlite3\ndb = sqlite3.connect(os.getenv('DATABASE_PATH', '/app/data/zoe.db'))\n"),
        ("rag/index.py", "import sqlite3\ndb = sqlite3.connect('/app/data/memory.db')\n"),
        ("hass.py", "import sqlite3\ndb = sqlite3.connect('/config/home-assistant_v2.db')\n"),
        ("tests/test_a.py", "import sqlite3\ndb = sqlite3.connect(':memory:')\n"),
        ("docker-compose.yml", "services:\n  app:\n    image: x\n    volumes:\n      - ./data:/app/data\n"),
        ("data/zoe.db", USERS),
        ("data/auth.db", USERS),
        ("data/memory.db", "CREATE TABLE vectors(id INTEGER PRIMARY KEY, v BLOB);"),
    ]);
    for line in [
        "path    = \"/app/data/zoe.db\"",
        "env     = \"ZOE_DB_PATH\"                  # read in 2 places today",
        "aliases = [\"DATABASE_PATH\"]              # mean the same today",
        "path  = \"/config/home-assistant_v2.db\"",
        "owner = \"Home Assistant\"",
        "# path = \"data/auth.db\"",
        "# path = \"data/memory.db\"",
        "# allowed-in = [\"rag/**\"]",
        "# env = \"MEMORY_DB_PATH\"",
        "\"/app/data\" = \"data\"",
        "tests     = [\"tests/**\", \"**/test_*.py\"]",
    ] {
        assert!(text.lines().any(|found| found == line), "{line}\n{text}");
    }
    assert!(rules.contains(&"unknown-database".to_owned()), "{rules:?}");
    assert!(!rules.contains(&"hardcoded-path".to_owned()), "{rules:?}");
}

#[test]
fn a_tree_without_databases_gets_a_form_to_fill_in() {
    let (text, rules) = started(&[("a.py", "print(1)\n")]);
    assert!(text.contains("# [primary]") && rules.is_empty(), "{text}");
}

#[test]
fn case_22_a_tree_with_a_server() {
    let (text, _) = started(&[
        (".env", "DATABASE_URL=postgresql://app:secret@db/app\n"),
        (
            "a.py",
            "import os\nfrom sqlalchemy import create_engine\nengine = create_engine(os.environ['DATABASE_URL'])\n",
        ),
    ]);
    assert!(text.contains("engine  = \"postgresql\"\nurl-env = \"DATABASE_URL\""), "{text}");
    assert!(!text.contains("secret"));
}

#[test]
fn odd_names_stay_on_their_line() {
    let (text, _) = started(&[
        ("a.py", "import sqlite3\ndb = sqlite3.connect('/srv/a \"b\\\\c.db')\nx = sqlite3.connect('/srv/[x.db')\n"),
        ("data/a\nb.db", USERS),
    ]);
    assert!(text.lines().all(|line| line.is_empty() || line.starts_with(['#', '[']) || line.contains(" = ")), "{text}");
}

#[test]
fn services_that_have_nothing_in_common_have_no_primary() {
    let compose = |name: &str| {
        format!("services:\n  {name}:\n    image: {name}\n    environment:\n      - DB_PATH=/data/{name}.db\n")
    };
    let (a, b, c) = (compose("a"), compose("b"), compose("c"));
    let (text, _) = started(&[
        ("a/docker-compose.yml", a.as_str()),
        ("b/docker-compose.yml", b.as_str()),
        ("c/docker-compose.yml", c.as_str()),
    ]);
    assert!(text.contains("# Several services"), "{text}");
    assert!(!text.lines().any(|line| line == "[primary]"), "{text}");
}

#[test]
fn databases_whose_folder_nobody_knows_are_one_entry_for_each_name() {
    let (text, _) = started(&[
        (
            "a.py",
            "import os, sqlite3\ndef look(folder, other, project):\n    sqlite3.connect(os.path.join(folder, 'x', 'notes.db'))\n    \
             sqlite3.connect(os.path.join(other, 'y', 'notes.db'))\n    sqlite3.connect(os.path.join(folder, 'main.db'))\n    \
             for name in ['a', 'b']:\n        sqlite3.connect(os.path.join('kb', project, 'doc.db'))\n",
        ),
        (
            "b.py",
            "import sqlite3\nfrom c import ROOT\nsqlite3.connect(f'kb/{ROOT}/doc.db')\nsqlite3.connect(f'kb/{ROOT}/doc.db')\n",
        ),
        ("c.py", "import sys\nROOT = sys.argv[1]\n"),
        ("d.py", "import sqlite3\nsqlite3.connect('empty.db')\n"),
        ("empty.db", ""),
    ]);
    assert_eq!(
        text.matches("path = \"notes.db\"").count() + text.matches("path    = \"notes.db\"").count(),
        1,
        "{text}"
    );
    assert!(!text.contains("path    = \"doc.db\""), "one for each of many is no primary: {text}");
    assert!(text.contains("1 reference in 1 file, an empty file"), "{text}");
}

#[test]
fn the_primary_is_the_one_that_is_asked_most_not_the_one_that_is_opened_most() {
    let (text, _) = started(&[
        ("a.py", "import sqlite3\nsqlite3.connect('cache.db')\nsqlite3.connect('cache.db')\n"),
        ("b.py", "import sqlite3\nsqlite3.connect('cache.db')\n"),
        (
            "store.py",
            "import os, sqlite3\ndb = sqlite3.connect(os.path.expanduser('~/.app/shows.db'))\n\
             db.execute('SELECT id FROM shows')\ndb.execute('SELECT id FROM episodes')\ndb.execute('DELETE FROM shows')\n",
        ),
    ]);
    assert!(text.contains("path    = \"~/.app/shows.db\""), "{text}");
}

#[test]
fn the_path_of_an_example_is_no_database() {
    let (text, _) = started(&[
        ("app.py", "import sqlite3\ndb = sqlite3.connect('app.sqlite')\n"),
        ("run.py", "import sqlite3\ndb = sqlite3.connect('app.sqlite')\n"),
        ("examples/a.py", "import sqlite3\ndb = sqlite3.connect('/path/to/db.sqlite')\n"),
        ("examples/b.py", "import sqlite3\ndb = sqlite3.connect('/path/to/db.sqlite')\n"),
        ("examples/config.toml", "[app]\nurl = \"/path/to/app.sqlite\"\n"),
        (".env.example", "DATABASE_PATH=/path/to/your_database.db\n"),
    ]);
    assert!(text.lines().any(|line| line == "path    = \"app.sqlite\""), "{text}");
    assert!(!text.contains("path/to") && !text.contains("your_database"), "{text}");
}

#[test]
fn the_database_of_a_program_that_is_an_example_is_its_own() {
    let (text, _) = started(&[("index.py", "import sqlite3\ndb = sqlite3.connect('store/example-db.sqlite')\n")]);
    assert!(text.lines().any(|line| line == "path    = \"store/example-db.sqlite\""), "{text}");
}

#[test]
fn the_database_of_djangos_settings_is_the_main_one_and_keeps_its_variable() {
    let settings = "import os\nfrom pathlib import Path\nBASE_DIR = Path(__file__).resolve().parent\nDATABASES = {'default': {'ENGINE': 'django.db.backends.sqlite3', 'NAME': os.getenv('DB_NAME', BASE_DIR / 'hc.sqlite')}}\n";
    let (text, _) = started(&[
        ("settings.py", settings),
        (
            "search.py",
            "import sqlite3\none = sqlite3.connect('search.db')\ntwo = one.execute('SELECT slug FROM docs')\n",
        ),
        (
            "build.py",
            "import sqlite3\none = sqlite3.connect('search.db')\none.execute('CREATE TABLE docs (slug TEXT)')\n",
        ),
    ]);
    assert!(text.lines().any(|line| line == "path    = \"hc.sqlite\""), "{text}");
    assert!(text.contains("env     = \"DB_NAME\""), "{text}");
}

#[test]
fn the_tree_itself_has_no_name_before_a_slash() {
    let text = "import os\nbasedir = os.path.dirname(os.path.abspath(__file__))\nSQLALCHEMY_DATABASE_URI = 'sqlite:///' + basedir + '/' + 'app.sqlite'\n";
    let (text, _) = started(&[("config.py", text)]);
    assert!(text.lines().any(|line| line == "path    = \"app.sqlite\""), "{text}");
}
