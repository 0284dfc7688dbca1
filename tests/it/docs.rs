//! `dbguard docs` on real databases: the page, what people wrote in it, the diagram, what fails in CI.

use std::collections::BTreeSet;
use std::fs;

use crate::consolidation::sql;
use crate::sandbox::Sandbox;

const POLICY: &str = "[primary]\npath = \"app.db\"\nenv = \"DATABASE_PATH\"\n";
const SCHEMA: &str = "CREATE TABLE users ( -- people who can log in
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE, -- as typed at the door
  mail TEXT DEFAULT 'none');
CREATE TABLE orders(id INTEGER PRIMARY KEY, user_id INTEGER NOT NULL REFERENCES users(id) ON DELETE CASCADE, note_id INTEGER);
CREATE INDEX orders_by_user ON orders(user_id);
CREATE VIEW spenders AS SELECT name FROM users JOIN orders ON user_id = users.id;
CREATE TRIGGER tidy AFTER DELETE ON users BEGIN DELETE FROM orders WHERE user_id = old.id; END;
INSERT INTO users VALUES (1,'ann',NULL),(2,'bob',NULL);";

fn shop() -> Sandbox {
    Sandbox::new().file("dbguard.toml", POLICY).database("app.db", SCHEMA).file(
        "shop.py",
        "import os, sqlite3\nDB = os.getenv('DATABASE_PATH', 'app.db')\ndef login(name):\n    \
         return sqlite3.connect(DB).execute('SELECT id FROM users WHERE name = ?', (name,))\ndef join(name):\n    \
         sqlite3.connect(DB).execute('INSERT INTO users(name) VALUES (?)', (name,))\n",
    )
}

fn read(sandbox: &Sandbox, file: &str) -> String {
    fs::read_to_string(sandbox.path().join(file)).unwrap()
}

/// The diagram of a page, held to Mermaid's grammar of ER diagrams: its tables and its lines.
fn diagram(page: &str) -> (BTreeSet<String>, Vec<String>) {
    let (_, rest) = page.split_once("```mermaid\n").unwrap_or_else(|| panic!("no diagram in {page}"));
    let (text, _) = rest.split_once("\n```\n").unwrap();
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("erDiagram"));
    let (mut tables, mut relations, mut open) = (BTreeSet::new(), Vec::new(), None);
    for line in lines {
        let line = line.trim();
        if line == "}" {
            assert!(open.take().is_some(), "{text}");
        } else if open.is_some() {
            attribute(line);
        } else if let Some((left, label)) = line.split_once(" : ") {
            quoted(label);
            let (parent, rest) = name(left);
            let (line, rest) = rest.trim_start().split_once(' ').unwrap();
            let (begin, middle, end) = (&line[..2], &line[2..4], &line[4..]);
            assert!(
                ["||", "|o"].contains(&begin) && ["--", ".."].contains(&middle) && ["o|", "o{"].contains(&end),
                "{line}"
            );
            let (child, rest) = name(rest);
            assert!(rest.is_empty(), "{rest}");
            assert!(
                tables.contains(&parent) && tables.contains(&child),
                "{parent} or {child} is drawn by no block: {text}"
            );
            relations.push(format!("{parent} {line} {child}"));
        } else {
            let (table, rest) = name(line);
            assert!(rest.is_empty() || rest == " {", "{line}");
            open = (!rest.is_empty()).then_some(());
            assert!(tables.insert(table), "{line} is there twice");
        }
    }
    assert!(open.is_none(), "{text}");
    (tables, relations)
}

fn is_word(word: &str) -> bool {
    let known = |c: char| c.is_ascii_alphanumeric() || c == '_' || ('\u{c0}'..='\u{ffff}').contains(&c);
    !word.is_empty() && !word.starts_with(|c: char| c.is_ascii_digit()) && word.chars().all(known)
}

fn quoted(text: &str) -> String {
    let inner = text
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
        .unwrap_or_else(|| panic!("{text} is not quoted"));
    assert!(
        !inner.is_empty() && !inner.contains(['"', '%', '\\', '\n', '\r', '`', '<', '>', '{', '}', ';', '#']),
        "{text}"
    );
    inner.to_owned()
}

/// The name that a text begins with, and what follows.
fn name(text: &str) -> (String, &str) {
    if let Some(rest) = text.strip_prefix('"') {
        let (inner, rest) = rest.split_once('"').unwrap_or_else(|| panic!("{text} does not end its quote"));
        return (quoted(&format!("\"{inner}\"")), rest);
    }
    let end = text.find(' ').unwrap_or(text.len());
    assert!(is_word(&text[..end]), "{text}");
    (text[..end].to_owned(), &text[end..])
}

/// `type name [PK, FK] ["comment"]`.
fn attribute(line: &str) {
    let (words, comment) = match line.split_once(" \"") {
        Some((words, comment)) => (words, Some(format!("\"{comment}"))),
        None => (line, None),
    };
    let mut words = words.splitn(3, ' ');
    let kind = words.next().unwrap();
    assert!(
        kind.starts_with(|c: char| c.is_alphabetic()) && is_word(&kind.replace(['(', ')', '[', ']', '-'], "_")),
        "{line}"
    );
    let name = words.next().unwrap_or_else(|| panic!("{line} has no name"));
    assert!(is_word(name) && !["PK", "FK", "UK"].contains(&name.to_uppercase().as_str()), "{line}");
    for key in words.next().map(|keys| keys.split(", ")).into_iter().flatten() {
        assert!(["PK", "FK", "UK"].contains(&key), "{line}");
    }
    comment.map(|it| quoted(&it));
}

#[test]
fn a_page_tells_of_each_table_and_of_who_uses_it() {
    let sandbox = shop();
    let before = sandbox.digest();
    let run = sandbox.run(&["docs"]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{run:?}");
    assert_eq!(sandbox.digest(), before, "a page to standard output leaves everything as it is");
    let page = run.stdout;
    for words in [
        "# Database `app.db`\n\n2 tables, 1 view. The primary database; code finds it by DATABASE_PATH.",
        "people who can log in\n\n- Rows: 2\n- Written by `shop.py` (`join`)\n- Read by `shop.py` (`login`)\n- Seen through `spenders`\n",
        "| `name` | `TEXT` | yes |  | unique | as typed at the door |",
        "| `mail` | `TEXT` |  | `'none'` |  |  |",
        "| `id` | `INTEGER` |  |  | primary |",
        "- `user_id` → `users` (`id`), on delete cascade",
        "- `orders` (`user_id`)",
        "- `orders_by_user` on `user_id`",
        "- `tidy`: `AFTER DELETE ON users`",
        "*Not described yet: write what it is for between its heading and this part.*",
        "- Reads `orders`, `users`\n",
    ] {
        assert!(page.contains(words), "{words}\nis not in\n{page}");
    }
    let (tables, relations) = diagram(&page);
    assert_eq!(tables.into_iter().collect::<Vec<_>>(), ["orders", "users"]);
    assert_eq!(relations, ["users ||--o{ orders"]);
    assert_eq!(sandbox.run(&["docs", "app.db"]).stdout, page, "it says the same twice");
}

#[test]
fn ci_fails_until_the_page_is_current_and_every_table_is_described() {
    let sandbox = shop().folder("docs");
    let check = &["docs", "--output", "docs/db.md", "--check"];
    let run = sandbox.run(check);
    assert_eq!(run.code, 1, "{run:?}");
    assert!(run.stdout.starts_with("docs/db.md is stale: it is not there; write it anew with"), "{run:?}");
    assert_eq!(sandbox.run(&["docs", "--output", "docs/db.md"]).code, 0);
    let run = sandbox.run(check);
    assert_eq!(
        (run.code, run.stdout.as_str()),
        (1, "orders is not described: write a line below its heading in docs/db.md\n")
    );

    let page = read(&sandbox, "docs/db.md");
    let heading = "## orders\n<!-- dbguard docs: end -->\n";
    let written = page.replace(heading, &format!("{heading}\nWhat people bought.\n\nBy hand.\n"));
    let sandbox = sandbox.file("docs/db.md", format!("{written}\n## Rules\n\nAsk first.\n"));
    assert_eq!(sandbox.run(&["docs", "--output", "docs/db.md"]).code, 0);
    assert_eq!(sandbox.run(check).code, 0, "{:?}", sandbox.run(check));
    let sandbox = sandbox.database("app.db", "INSERT INTO users VALUES (3,'cid',NULL)");
    assert_eq!(sandbox.run(check).code, 0, "a row more makes no page stale");

    let sandbox = sandbox.database("app.db", "ALTER TABLE orders ADD COLUMN paid INTEGER");
    let before = sandbox.digest();
    let run = sandbox.run(check);
    assert_eq!(run.code, 1, "{run:?}");
    assert!(run.stdout.starts_with("docs/db.md is stale: orders, overview changed;"), "{run:?}");
    assert_eq!(sandbox.digest(), before, "a check writes nothing");
    assert_eq!(sandbox.run(&["docs", "--output", "docs/db.md"]).code, 0);
    let page = read(&sandbox, "docs/db.md");
    for words in ["What people bought.\n\nBy hand.", "## Rules\n\nAsk first.\n", "`paid`"] {
        assert!(page.contains(words), "{words}\nis not in\n{page}");
    }
    assert_eq!(sandbox.run(check).code, 0);
}

#[test]
fn descriptions_come_from_the_page_then_the_metadata_then_comments() {
    let sandbox = shop().database(
        "app.db",
        "CREATE TABLE schema_metadata(table_name TEXT PRIMARY KEY, description TEXT);
         INSERT INTO schema_metadata VALUES ('USERS', 'everybody'), ('orders', 'what was | bought'), ('gone', NULL);",
    );
    let page = sandbox.run(&["docs"]).stdout;
    assert!(page.contains("everybody\n\n- Rows: 2") && page.contains("what was \\| bought"), "{page}");
    assert!(!page.contains("people who can log in"), "{page}");
    assert_eq!(sandbox.run(&["docs", "--check"]).code, 0);
}

#[test]
fn foreign_keys_of_a_plan_are_drawn_dotted() {
    let sandbox = shop().database("app.db", "CREATE TABLE notes(id INTEGER PRIMARY KEY, users_name TEXT)").file(
        "migration.toml",
        "version = 1\n[target]\npath = \"app.db\"\nbase = \"app\"\n[[source]]\nid = \"app\"\npath = \"app.db\"\naction = \"merge\"\n\
         [[ref]]\ncolumn = \"*.note_id\"\nto = \"notes.id\"\n[[ref]]\ncolumn = \"app/notes.users_name\"\nto = \"users.name\"\n",
    );
    let page = sandbox.run(&["docs"]).stdout;
    let (_, relations) = diagram(&page);
    assert_eq!(relations, ["users |o..o{ notes", "users ||--o{ orders", "notes |o..o{ orders"]);
    assert!(page.contains("- `note_id` → `notes` (`id`), which no schema declares"), "{page}");
}

#[test]
fn no_name_breaks_the_page_or_the_diagram() {
    let sandbox = shop().database(
        "app.db",
        "CREATE TABLE \"a | b\"(\"x\"\"y\" \"TEXT; <b>\", \"pk\" INT, \"1st\" DECIMAL(10, 2), \"имя\" TEXT, \"\" X);
         CREATE TABLE \"a ; b\"(x REFERENCES \"a | b\"(pk), y REFERENCES nowhere(id));
         CREATE TABLE \"<!-- dbguard docs: end -->\"(a);
         CREATE TABLE \"`one`\n## two\"(a);
         CREATE TABLE \"erDiagram\"(a); CREATE TABLE one(a); CREATE TABLE \"end\"(a); CREATE TABLE \"%%{init}%%\"(a);
         CREATE TABLE \"таблица\"(a); CREATE TABLE \"\"(a);
         CREATE VIEW \"v```\" AS SELECT '\n```\r\n<!-- dbguard docs: end -->\n' FROM one;
         CREATE VIRTUAL TABLE words USING fts5(body);",
    );
    let run = sandbox.run(&["docs", "--output", "db.md"]);
    assert_eq!(run.code, 0, "{run:?}");
    let page = read(&sandbox, "db.md");
    let (tables, _) = diagram(&page);
    assert_eq!(tables.len(), 13, "{tables:?}");
    assert!(page.contains("- Virtual table: `fts5(body)`") && !page.contains("words_data"), "{page}");
    assert!(page.contains("`y` → `nowhere` (`id`), **which is not there**"), "{page}");
    assert_eq!(sandbox.run(&["docs", "--output", "db.md"]).code, 0);
    assert_eq!(read(&sandbox, "db.md"), page, "twice is once");
    let run = sandbox.run(&["docs", "--output", "db.md", "--check"]);
    assert!(!run.stdout.contains("stale"), "{run:?}");
}

#[test]
fn an_empty_database_has_a_page_without_a_picture() {
    let sandbox = Sandbox::new().file("dbguard.toml", POLICY).file("app.db", "");
    let run = sandbox.run(&["docs"]);
    assert_eq!(run.code, 0, "{run:?}");
    assert!(run.stdout.contains("0 tables.") && !run.stdout.contains("mermaid"), "{run:?}");
    assert_eq!(read(&sandbox, "app.db"), "");
}

#[test]
fn wrong_input_is_told_and_loses_nothing() {
    let sandbox = shop()
        .file("README.md", "# Mine\n")
        .file("bad.md", "<!-- dbguard docs: overview -->\nx\n")
        .file("blob.md", b"\xff\xfe")
        .file(
            "text.db",
            "no database, but a text of some length that goes on for more than a header does, and on, and on",
        );
    let before = sandbox.digest();
    for (arguments, code, words) in [
        (&["docs", "--output", "README.md"][..], 2, "this file is no page of dbguard, and is not written over"),
        (&["docs", "--output", "shop.py"], 2, "this file is no page of dbguard"),
        (&["docs", "--output", "app.db"], 2, "this file is no page of dbguard"),
        (&["docs", "--output", "blob.md"], 2, "is no text in UTF-8"),
        (&["docs", "--output", "bad.md"], 2, "bad.md:1: the generated part `overview` does not end"),
        (&["docs", "--output", "no/folder.md"], 3, "could not write a file"),
        (&["docs", "none.db"], 2, "no such database"),
        (&["docs", "text.db"], 3, "the database cannot be read"),
    ] {
        let run = sandbox.run(arguments);
        assert_eq!(run.code, code, "{arguments:?}: {run:?}");
        assert!(run.stderr.contains(words), "{arguments:?}: {run:?}");
    }
    assert_eq!(sandbox.digest(), before);
    let lonely = Sandbox::new().run(&["docs"]);
    assert_eq!(lonely.code, 2);
    assert!(lonely.stderr.contains("no policy names a primary one"), "{lonely:?}");
    let missing = Sandbox::new().file("dbguard.toml", POLICY).run(&["docs"]);
    assert_eq!(missing.code, 2);
    assert!(missing.stderr.contains("the primary database is not there: app.db"), "{missing:?}");
}

#[cfg(unix)]
#[test]
fn a_folder_that_cannot_be_written_leaves_the_page_as_it_was() {
    use std::os::unix::fs::PermissionsExt;
    let sandbox = shop().folder("shut");
    let shut = sandbox.path().join("shut");
    fs::set_permissions(&shut, fs::Permissions::from_mode(0o555)).unwrap();
    let run = sandbox.run(&["docs", "--output", "shut/db.md"]);
    // The superuser may write anywhere.
    let may = fs::write(shut.join("probe"), "").is_ok();
    fs::set_permissions(&shut, fs::Permissions::from_mode(0o755)).unwrap();
    assert_eq!(run.code, if may { 0 } else { 3 }, "{run:?}");
    assert_eq!(run.stderr.contains("could not write a file"), !may, "{run:?}");
}

fn metadata(sandbox: &Sandbox) -> String {
    sql(sandbox.path().join("app.db"), "SELECT table_name, description FROM schema_metadata ORDER BY 1")
}

#[test]
fn descriptions_are_written_into_the_database_once_and_wholly() {
    let sandbox = shop().folder("docs");
    let before = sandbox.digest();
    let run = sandbox.run(&["docs", "--metadata", "--check"]);
    assert_eq!(run.code, 1, "{run:?}");
    assert!(run.stdout.contains("app.db has no schema_metadata; write it with `dbguard docs --metadata`"), "{run:?}");
    assert_eq!(sandbox.digest(), before, "a check writes nothing");
    let run = sandbox.run(&["docs", "--metadata"]);
    let said = "Made the table schema_metadata in app.db. Described: users. Not described yet, with a row to fill in: orders.\n";
    assert_eq!((run.code, run.stdout.as_str(), run.stderr.as_str()), (0, "", said));
    assert_eq!(metadata(&sandbox), "orders|\nusers|people who can log in");
    assert_eq!(sandbox.run(&["docs", "--check"]).code, 1, "a row without words describes nothing");

    let once = sandbox.digest();
    let run = sandbox.run(&["docs", "--metadata"]);
    assert!(run.stderr.contains("says all of it already; nothing was written."), "{run:?}");
    assert_eq!(sandbox.digest(), once, "twice is once");

    // What people write on the page goes before what the database says, and what they write into the database stays.
    sql(
        sandbox.path().join("app.db"),
        "UPDATE schema_metadata SET description = 'what was bought' WHERE table_name = 'orders'",
    );
    assert_eq!(sandbox.run(&["docs", "--output", "docs/db.md"]).code, 0);
    let page = read(&sandbox, "docs/db.md");
    let heading = "## users\n<!-- dbguard docs: end -->\n";
    let sandbox = sandbox.file("docs/db.md", page.replace(heading, &format!("{heading}\nEverybody.\n")));
    let run = sandbox.run(&["docs", "--metadata", "--output", "docs/db.md", "--check"]);
    assert!(run.stdout.contains("schema_metadata says something else of users than the page"), "{run:?}");
    let run = sandbox.run(&["docs", "--metadata", "--output", "docs/db.md"]);
    assert!(run.stderr.contains("Changed: users."), "{run:?}");
    assert_eq!(metadata(&sandbox), "orders|what was bought\nusers|Everybody.");
    let run = sandbox.run(&["docs", "--metadata", "--output", "docs/db.md", "--check"]);
    assert_eq!((run.code, run.stdout.as_str()), (0, ""), "{run:?}");
}

#[test]
fn rows_of_people_stay_in_a_table_of_their_own_shape() {
    let sandbox = shop().database(
        "app.db",
        "CREATE TABLE schema_metadata(table_name TEXT, column_name TEXT, description TEXT NOT NULL, owner TEXT);
         INSERT INTO schema_metadata VALUES ('Users', NULL, '', 'ann'), ('users', 'id', 'a number', 'ann'), ('gone', NULL, 'x', NULL);",
    );
    let run = sandbox.run(&["docs", "--metadata"]);
    assert_eq!(run.stderr, "Wrote into schema_metadata of app.db. Changed: users.\n", "{run:?}");
    let rows = sql(sandbox.path().join("app.db"), "SELECT * FROM schema_metadata ORDER BY rowid");
    assert_eq!(rows, "Users||people who can log in|ann\nusers|id|a number|ann\ngone||x|");
}

#[test]
fn a_database_in_use_or_of_others_is_not_written_into() {
    let sandbox = shop();
    let mut program = std::process::Command::new("python3")
        .args(["-c", "import sqlite3, sys; c = sqlite3.connect('app.db'); c.execute('SELECT * FROM users').fetchone(); print(1, flush=True); sys.stdin.read()"])
        .current_dir(sandbox.path())
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    std::io::Read::read_exact(program.stdout.as_mut().unwrap(), &mut [0]).unwrap();
    let run = sandbox.run(&["docs", "--metadata"]);
    drop(program.stdin.take());
    program.wait().unwrap();
    assert_eq!(run.code, 3, "{run:?}");
    assert!(run.stderr.contains("the database is in use") && run.stderr.contains("has it open"), "{run:?}");
    let tables = "SELECT count(*) FROM sqlite_schema WHERE name = 'schema_metadata'";
    assert_eq!(sql(sandbox.path().join("app.db"), tables), "0");

    let external = format!("{POLICY}[[external]]\npath = \"other.db\"\nowner = \"Home Assistant\"\n");
    let sandbox = sandbox.file("dbguard.toml", external).database("other.db", "CREATE TABLE states(a)");
    let run = sandbox.run(&["docs", "other.db", "--metadata"]);
    assert_eq!(run.code, 2, "{run:?}");
    assert!(run.stderr.contains("another program's"), "{run:?}");
    let sandbox = sandbox.database("app.db", "CREATE VIEW schema_metadata AS SELECT 1 AS table_name, 2 AS description");
    let run = sandbox.run(&["docs", "--metadata"]);
    assert_eq!(run.code, 3, "{run:?}");
    assert!(run.stderr.contains("`schema_metadata` is something else here"), "{run:?}");
}

/// Two databases that describe themselves, and become one.
fn two() -> Sandbox {
    shop()
        .file(
            "dbguard.toml",
            format!("{POLICY}[[retired]]\npath = \"notes.db\"\ntables = {{ users = \"authors\" }}\n[[retired]]\npath = \"old.db\"\n"),
        )
        .file("CLAUDE.md", "# Rules\n\nBe kind.\n")
        .file("old.db", "")
        .database(
            "notes.db",
            "CREATE TABLE users(nick TEXT PRIMARY KEY); INSERT INTO users VALUES ('x');
             CREATE TABLE notes(id INTEGER PRIMARY KEY, body TEXT);
             CREATE TABLE schema_metadata(table_name TEXT PRIMARY KEY, description TEXT);
             INSERT INTO schema_metadata VALUES ('users', 'who writes notes'), ('notes', 'what they write');",
        )
        .git(&["init", "-q"])
}

#[test]
fn a_plan_proposes_the_rules_and_the_page_as_a_patch() {
    let sandbox = two();
    let run = sandbox.run(&["migrate", "plan", "--docs"]);
    assert_eq!(run.code, 0, "{run:?}");
    assert!(run.stderr.contains("Wrote migration-docs.patch, which changes CLAUDE.md, docs/database.md"), "{run:?}");
    assert_eq!(read(&sandbox, "CLAUDE.md"), "# Rules\n\nBe kind.\n", "it is a proposal");
    assert!(!sandbox.path().join("docs").exists());
    let sandbox = sandbox.git(&["apply", "migration-docs.patch"]);
    let rules = read(&sandbox, "CLAUDE.md");
    assert!(rules.starts_with("# Rules\n\nBe kind.\n\n<!-- dbguard docs: rules -->\n## Databases\n"), "{rules}");
    for words in [
        "- **`app.db` is the one database.** Code finds it by `DATABASE_PATH`; in Python `os.environ.get(\"DATABASE_PATH\", \"app.db\")`",
        "- Retired, their rows stand in `app.db`: `notes.db`.",
        "- Gone, no row of theirs was needed: `old.db`.",
        "  - `users` of `notes.db` is `authors`\n",
        "gets a line in `docs/database.md`",
    ] {
        assert!(rules.contains(words), "{words}\nis not in\n{rules}");
    }
    let page = read(&sandbox, "docs/database.md");
    for words in
        ["tables, 1 view, as planned.", "## authors\n", "who writes notes", "what they write", "people who can log in"]
    {
        assert!(page.contains(words), "{words}\nis not in\n{page}");
    }
    let again = sandbox.run(&["migrate", "plan", "--docs"]);
    assert!(again.stderr.contains("The documents say all of it already."), "{again:?}");

    // And when it is carried out, the database describes itself by what its sources said.
    assert_eq!(sandbox.run(&["migrate", "apply", "--yes"]).code, 0);
    let run = sandbox.run(&["docs", "--metadata"]);
    assert_eq!(run.code, 0, "{run:?}");
    let told = metadata(&sandbox);
    for row in ["authors|who writes notes", "notes|what they write", "users|people who can log in"] {
        assert!(told.lines().any(|line| line == row), "{row}\nis not in\n{told}");
    }
    // The migration can still be undone, and says first what was written since.
    let back = sandbox.run(&["migrate", "rollback", "--yes"]);
    assert!(back.code == 3 && back.stderr.contains("schema_metadata"), "{back:?}");
}
