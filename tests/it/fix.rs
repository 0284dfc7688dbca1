//! `dbguard fix`: patches that apply, files that are written whole, and what is left with its reason.

use std::fs;

use crate::sandbox::Sandbox;
use crate::schemas::assert_valid;

const POLICY: &str = r#"
[primary]
path = "/app/data/zoe.db"
env = "DATABASE_PATH"

[mounts]
"/app/data" = "data"

[[retired]]
path = "data/auth.db"

[rules]
cwd-relative-path = "off"
env-contract = "off"
dangling-reference = "off"
"#;

const APP: &str = "\"\"\"The app.\"\"\"\nimport sqlite3\n\nDB = '/app/data/zoe.db'  # main\n\n\ndef users():\n    return sqlite3.connect(DB)\n";
const FIXED: &str = "\"\"\"The app.\"\"\"\nimport os\nimport sqlite3\n\nDB = os.environ.get('DATABASE_PATH', '/app/data/zoe.db')  # main\n\n\ndef users():\n    return sqlite3.connect(DB)\n";

fn project() -> Sandbox {
    Sandbox::new().file("dbguard.toml", POLICY).file("app.py", APP)
}

fn committed(sandbox: Sandbox) -> Sandbox {
    sandbox.git(&["init", "-q"]).git(&["add", "-A"]).git(&["commit", "-qm", "All"])
}

fn text(sandbox: &Sandbox, path: &str) -> String {
    fs::read_to_string(sandbox.path().join(path)).unwrap()
}

#[test]
fn a_safe_fix_is_made_and_told() {
    let sandbox = committed(project());
    let run = sandbox.run(&["fix"]);
    snapbox::assert_data_eq!(
        run.stdout,
        snapbox::str![[r#"
app.py  2 edits
  4:6  read the path from `DATABASE_PATH` [hardcoded-path]: while the variable is not set, it is the same path

"#]]
    );
    assert_eq!((run.code, run.stderr.as_str()), (0, "Fixed 1 finding in 1 file.\n"));
    assert_eq!(text(&sandbox, "app.py"), FIXED);
    let again = sandbox.run(&["fix", "--allow-dirty"]);
    assert_eq!((again.code, again.stdout.as_str(), again.stderr.as_str()), (0, "", "Nothing to fix.\n"));
}

#[test]
fn a_patch_applies_from_anywhere_and_writing_it_changes_nothing() {
    let sandbox = committed(
        Sandbox::new()
            .file("house/dbguard.toml", POLICY)
            .file("house/app.py", APP)
            .file("house/a b.py", APP.replace('\n', "\r\n")),
    );
    let before = sandbox.digest();
    let mut command = sandbox.command(&["fix", "--diff"]);
    let output = command.current_dir(sandbox.path().join("house")).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    // Git's index is its own.
    let kept = |files: std::collections::BTreeMap<_, _>| {
        files
            .into_iter()
            .filter(|(path, _): &(std::path::PathBuf, _)| !path.to_string_lossy().contains(".git"))
            .collect::<Vec<_>>()
    };
    assert_eq!(kept(before), kept(sandbox.digest()));
    fs::write(sandbox.path().join("p.diff"), &output.stdout).unwrap();
    let sandbox = sandbox.git(&["apply", "p.diff"]);
    assert_eq!(text(&sandbox, "house/app.py"), FIXED);
    assert_eq!(text(&sandbox, "house/a b.py"), FIXED.replace('\n', "\r\n"));
}

#[test]
fn what_leads_to_another_database_is_fixed_only_when_asked_for() {
    let sandbox = committed(project().file("login.py", "import sqlite3\nc = sqlite3.connect(\"/app/data/auth.db\")\n"));
    let run = sandbox.run(&["fix", "login.py"]);
    assert_eq!(run.code, 1);
    assert_eq!(run.stderr, "Nothing was fixed. 1 finding stays: 1 that --unsafe would fix.\n");
    let run = sandbox.run(&["fix", "--unsafe", "login.py"]);
    assert_eq!(run.code, 0, "{run:?}");
    assert_eq!(
        text(&sandbox, "login.py"),
        "import os\nimport sqlite3\nc = sqlite3.connect(os.environ.get(\"DATABASE_PATH\", \"/app/data/zoe.db\"))\n"
    );
    assert_eq!(text(&sandbox, "app.py"), APP, "it was not asked for");
}

#[test]
fn what_cannot_be_rewritten_is_listed_with_its_reason() {
    let sandbox = committed(
        project()
            .file("run.py", "import subprocess\nsubprocess.run(\"sqlite3 /app/data/auth.db .schema\", shell=True)\n"),
    );
    let run = sandbox.run(&["fix", "--unsafe", "run.py"]);
    snapbox::assert_data_eq!(
        run.stdout,
        snapbox::str![[r#"

Left as it is
  run.py:2:25 [forbidden-database]: the path is a part of a longer text: SQL, a command, or another program

"#]]
    );
    assert_eq!(run.stderr, "Nothing was fixed. 1 finding stays: 1 that cannot be rewritten.\n");
    assert_eq!(run.code, 1);
}

#[test]
fn uncommitted_changes_are_not_mixed_with_fixes() {
    let sandbox = committed(project().file("other.py", "x = 1\n")).file("other.py", "x = 2\n");
    let changed = APP.replace("The app", "An app");
    let sandbox = sandbox.file("app.py", &changed);
    let run = sandbox.run(&["fix"]);
    assert_eq!(run.code, 3);
    assert_eq!(
        run.stderr,
        "error: files that would be changed have changes that no commit holds\n  app.py; nothing was written\n  next: commit or stash them, look at `dbguard fix --diff` first, or say --allow-dirty\n"
    );
    assert_eq!(text(&sandbox, "app.py"), changed);
    assert_eq!(sandbox.run(&["fix", "--allow-dirty"]).code, 0);
    assert_eq!(text(&sandbox, "app.py"), FIXED.replace("The app", "An app"));
}

#[test]
fn a_file_that_does_not_parse_is_left_and_the_others_are_done() {
    let broken = "import sqlite3\nc = sqlite3.connect('/app/data/zoe.db')\nprint \"python 2\"\n)\n";
    let sandbox = committed(project().file("broken.py", broken));
    let run = sandbox.run(&["fix"]);
    assert_eq!(run.code, 1);
    assert!(run.stdout.contains("broken.py:2:21 [hardcoded-path]: the file does not parse as Python"), "{run:?}");
    assert_eq!(text(&sandbox, "broken.py"), broken);
    assert_eq!(text(&sandbox, "app.py"), FIXED);
}

#[test]
fn bytes_that_are_no_utf8_a_byte_order_mark_and_mixed_line_ends_stay() {
    let latin = b"# -*- coding: latin-1 -*-\n# caf\xe9\nimport os\r\nimport sqlite3\nDB = '/app/data/zoe.db'\r\nsqlite3.connect(DB)\n";
    let marked = format!("\u{feff}{APP}");
    let sandbox = committed(project().file("latin.py", latin).file("marked.py", &marked));
    assert_eq!(sandbox.run(&["fix"]).code, 0);
    let expected = b"# -*- coding: latin-1 -*-\n# caf\xe9\nimport os\r\nimport sqlite3\nDB = os.environ.get('DATABASE_PATH', '/app/data/zoe.db')\r\nsqlite3.connect(DB)\n";
    assert_eq!(fs::read(sandbox.path().join("latin.py")).unwrap(), expected);
    assert_eq!(text(&sandbox, "marked.py"), format!("\u{feff}{FIXED}"));
}

#[cfg(unix)]
#[test]
fn modes_and_symbolic_links_stay_and_read_only_files_are_left() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let sandbox = project().file("tool.py", APP).file("kept.py", APP);
    symlink("real/linked.py", sandbox.path().join("link.py")).unwrap();
    let sandbox = sandbox.file("real/linked.py", APP);
    let mode = |path: &str, mode: u32| {
        fs::set_permissions(sandbox.path().join(path), fs::Permissions::from_mode(mode)).unwrap();
    };
    mode("tool.py", 0o750);
    mode("kept.py", 0o444);
    let run = sandbox.run(&["fix"]);
    assert_eq!(run.code, 3, "{run:?}");
    assert!(
        run.stdout.contains("not written: kept.py: it is read-only: make it writable and run the fix again"),
        "{run:?}"
    );
    assert_eq!(text(&sandbox, "kept.py"), APP);
    assert_eq!(text(&sandbox, "tool.py"), FIXED);
    assert_eq!(fs::metadata(sandbox.path().join("tool.py")).unwrap().permissions().mode() & 0o777, 0o750);
    assert!(fs::symlink_metadata(sandbox.path().join("link.py")).unwrap().is_symlink());
    assert_eq!(text(&sandbox, "real/linked.py"), FIXED);
    let left: Vec<_> = fs::read_dir(sandbox.path()).unwrap().map(|it| it.unwrap().file_name()).collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().starts_with(".dbguard-")), "{left:?}");
}

#[test]
fn json_gives_edits_with_their_places() {
    let sandbox = committed(project());
    let run = sandbox.run(&["fix", "--diff", "--output-format", "json"]);
    assert_eq!(run.code, 1);
    let document = run.json();
    assert_valid("docs/schema/fix-v1.schema.json", &document);
    let edits = document["files"][0]["edits"].as_array().unwrap();
    let mut text = APP.to_owned();
    for edit in edits.iter().rev() {
        let at = |key: &str| usize::try_from(edit[key].as_u64().unwrap()).unwrap();
        text.replace_range(at("start_byte")..at("end_byte"), edit["text"].as_str().unwrap());
    }
    assert_eq!(text, FIXED);
    assert_eq!((&edits[1]["line"], &edits[1]["column"], &edits[1]["end_column"]), (&4.into(), &6.into(), &24.into()));
    assert_eq!(document["files"][0]["fixes"][0]["safety"], "safe");
    assert_eq!(document["written"], false);
}

#[test]
fn each_fix_is_asked_for() {
    let sandbox = project().file("other.py", APP);
    let mut command = sandbox.command(&["fix", "--interactive"]);
    let mut child = command
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), b"what?\nn\ny\n").unwrap();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("+DB = os.environ.get('DATABASE_PATH', '/app/data/zoe.db')  # main"), "{said}");
    assert_eq!(text(&sandbox, "app.py"), APP);
    assert_eq!(text(&sandbox, "other.py"), FIXED);
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn staged_files_are_fixed_in_the_index_and_in_the_work_tree() {
    let policy = "[primary]\npath = \"/app/data/zoe.db\"\nenv = \"DATABASE_PATH\"\n";
    let code = "import sqlite3\n\n\ndef one():\n    return sqlite3.connect(\"/app/data/zoe.db\")\n\n\ndef two():\n    return 2\n";
    let sandbox = Sandbox::new()
        .file("dbguard.toml", policy)
        .file("a.py", "")
        .file("b.py", "")
        .git(&["init", "-q"])
        .git(&["add", "."])
        .git(&["commit", "-qm", "first"])
        .file("a.py", code)
        .file("b.py", code)
        .git(&["add", "a.py", "b.py"])
        // Work that is not staged: far away in one file, in the line itself in the other.
        .file("a.py", format!("{code}\n\n\n\n\n\n\nprint(\"later\")\n"))
        .file("b.py", code.replace("sqlite3.connect(", "sqlite3.connect(  "));
    let run = sandbox.run(&["fix", "--staged"]);
    let held = |file: &str| {
        let shown =
            std::process::Command::new("git").args(["show", &format!(":{file}")]).current_dir(sandbox.path()).output();
        String::from_utf8(shown.unwrap().stdout).unwrap()
    };
    let now = |file: &str| std::fs::read_to_string(sandbox.path().join(file)).unwrap();
    let fixed = "os.environ.get(\"DATABASE_PATH\", \"/app/data/zoe.db\")";
    assert!(held("a.py").contains(fixed) && !held("a.py").contains("later"), "{run:?}\n{}", held("a.py"));
    assert!(now("a.py").contains(fixed) && now("a.py").contains("later"), "{run:?}");
    assert_eq!(held("b.py"), code);
    assert!(!now("b.py").contains("os.environ"), "{}", now("b.py"));
    assert!(run.stdout.contains("b.py:5:30 [hardcoded-path]: the index holds other lines there"), "{run:?}");
    assert!(run.stdout.contains("+++ b/b.py"), "{run:?}");
    assert_eq!(run.code, 1, "{run:?}");
}

#[test]
fn of_a_file_that_is_staged_in_part_each_fix_is_made_whose_lines_are_staged() {
    let policy = "[primary]\npath = \"/app/data/zoe.db\"\nenv = \"DATABASE_PATH\"\n";
    let function =
        |name: &str| format!("\n\ndef {name}():\n    # {name}\n    return sqlite3.connect(\"/app/data/zoe.db\")\n");
    let code = |names: &[&str]| {
        "import os\nimport sqlite3\n".to_owned() + &names.iter().map(|name| function(name)).collect::<String>()
    };
    let sandbox = Sandbox::new()
        .file("dbguard.toml", policy)
        .git(&["init", "-q"])
        .git(&["add", "."])
        .git(&["commit", "-qm", "first"])
        .file("a.py", code(&["one", "two", "three"]))
        .git(&["add", "a.py"])
        .file("a.py", code(&["one", "two", "three"]).replace("# two", "# later") + &function("four"));
    let run = sandbox.run(&["fix", "--staged"]);
    let held = std::process::Command::new("git").args(["show", ":a.py"]).current_dir(sandbox.path()).output().unwrap();
    let held = String::from_utf8(held.stdout).unwrap();
    let now = std::fs::read_to_string(sandbox.path().join("a.py")).unwrap();
    let fixed = |text: &str| -> Vec<String> {
        let functions = text.split("\n\n\ndef ").filter(|part| part.contains("os.environ"));
        functions.map(|part| part.split('(').next().unwrap().to_owned()).collect()
    };
    assert_eq!(fixed(&held), ["one"], "{run:?}\n{held}");
    assert_eq!(fixed(&now), ["one"], "{run:?}\n{now}");
    assert!(held.contains("# two") && now.contains("# later") && !held.contains("four"));
    assert_eq!(run.stdout.matches("the index holds other lines there").count(), 3, "{run:?}");
    assert_eq!(run.code, 1, "{run:?}");
}

#[test]
fn what_needs_a_person_is_listed_place_by_place() {
    let policy = "[primary]\npath = \"zoe.db\"\nenv = \"DATABASE_PATH\"\n[[retired]]\npath = \"notes.db\"\ntables = { notes = \"note_user\" }\n[[retired]]\npath = \"plans.db\"\ntables = { notes = \"note_plan\" }\n";
    let known = "import open, sqlite3\nsqlite3.connect('notes.db').execute('SELECT id FROM notes')\nsqlite3.connect('plans.db').execute('SELECT id FROM notes')\n";
    let count = |name: &str| format!("def {name}(conn):\n    return conn.execute('SELECT count(*) FROM notes')\n");
    let open: String = (0..9).map(|number| count(&format!("count_{number}"))).collect();
    let sandbox = Sandbox::new().file("dbguard.toml", policy).file("known.py", known).file("open.py", &open);
    let run = sandbox.run(&["fix", "--unsafe", "--allow-dirty", "--select", "retired-table"]);
    assert_eq!(run.code, 1, "{run:?}");
    // Which of two names it is, the connection says where it is known.
    assert_eq!(
        text(&sandbox, "known.py"),
        known.replacen("FROM notes", "FROM note_user", 1).replacen("FROM notes", "FROM note_plan", 1)
    );
    assert_eq!(text(&sandbox, "open.py"), open);
    snapbox::assert_data_eq!(
        run.stdout,
        snapbox::str![[r#"
known.py  2 edits
  2:53  call the table `note_user` in place of `notes` [retired-table] unsafe: the table has its new name only once it has been moved
  3:53  call the table `note_plan` in place of `notes` [retired-table] unsafe: the table has its new name only once it has been moved

Left as it is
  open.py:2:47 [retired-table]: `notes` may be called `note_user` now: look at it by hand: its connection is not known, and the table moves to `note_plan` or `note_user`
  open.py:4:47 [retired-table]: `notes` may be called `note_user` now: look at it by hand: its connection is not known, and the table moves to `note_plan` or `note_user`
  open.py:6:47 [retired-table]: `notes` may be called `note_user` now: look at it by hand: its connection is not known, and the table moves to `note_plan` or `note_user`
  open.py:8:47 [retired-table]: `notes` may be called `note_user` now: look at it by hand: its connection is not known, and the table moves to `note_plan` or `note_user`
  open.py:10:47 [retired-table]: `notes` may be called `note_user` now: look at it by hand: its connection is not known, and the table moves to `note_plan` or `note_user`
  open.py:12:47 [retired-table]: `notes` may be called `note_user` now: look at it by hand: its connection is not known, and the table moves to `note_plan` or `note_user`
  and 3 more places of this kind; -v lists them, --output-format json has them all

"#]]
    );
    assert_eq!(run.stderr, "Fixed 2 findings in 1 file. 9 findings stay: 9 that need a person.\n");
    let run = sandbox.run(&["fix", "--unsafe", "--allow-dirty", "--select", "retired-table", "-v"]);
    assert_eq!(run.stdout.matches("open.py:").count(), 9, "{run:?}");
    let run = sandbox.run(&["fix", "--unsafe", "--diff", "--select", "retired-table", "--output-format", "json"]);
    assert_eq!(run.json()["left"].as_array().unwrap().len(), 9);
}

/// A table that is renamed, two databases that hold one of its name, and statements whose connection nobody sees.
fn two_holders(code: &str) -> Sandbox {
    let policy = "[primary]\npath = \"zoe.db\"\nenv = \"DATABASE_PATH\"\n[[external]]\npath = \"shop.db\"\n[tables]\nusers = \"people\"\n";
    let opened = "import app, sqlite3\nzoe = sqlite3.connect('zoe.db')\nshop = sqlite3.connect('shop.db')\nzoe.execute('SELECT id FROM users')\n";
    Sandbox::new()
        .file("dbguard.toml", policy)
        .database("zoe.db", "CREATE TABLE users (id INTEGER, name TEXT); CREATE TABLE visits (user INTEGER)")
        .database("shop.db", "CREATE TABLE users (id INTEGER, card TEXT)")
        .file("known.py", opened)
        .file("app.py", code)
}

#[test]
fn columns_tell_where_a_statement_goes_whose_connection_nobody_sees() {
    let code = "def names(conn):\n    return conn.execute('SELECT name FROM users')\ndef cards(conn):\n    return conn.execute('SELECT card FROM users')\ndef seen(conn):\n    return conn.execute('SELECT u.id FROM users u JOIN visits ON u.id = user')\n";
    let sandbox = two_holders(code);
    let run = sandbox.run(&["fix", "--unsafe", "--allow-dirty", "--select", "retired-table"]);
    assert_eq!(run.code, 0, "{run:?}");
    assert_eq!(
        text(&sandbox, "app.py"),
        code.replace("name FROM users", "name FROM people").replace("FROM users u", "FROM people u")
    );
    assert!(text(&sandbox, "known.py").contains("FROM people"));
}

#[test]
fn a_statement_that_may_speak_of_another_table_holds_the_rename_back() {
    for (statement, reason) in [
        ("SELECT id FROM users", "its connection is not known, and `shop.db` holds such a table that does not move"),
        (
            "SELECT age FROM users",
            "its connection is not known, and no `users` of `shop.db` or `zoe.db` has its columns",
        ),
    ] {
        let code = format!("def ids(conn):\n    return conn.execute('{statement}')\n");
        let sandbox = two_holders(&code);
        let run = sandbox.run(&["fix", "--unsafe", "--allow-dirty", "--select", "retired-table"]);
        assert_eq!(run.code, 1, "{run:?}");
        assert_eq!(text(&sandbox, "app.py"), code);
        assert!(text(&sandbox, "known.py").contains("FROM users"), "half a rename runs nowhere: {run:?}");
        let told = format!(
            "app.py:2:{} [retired-table]: `users` may be called `people` now: look at it by hand: {reason}",
            41 + statement.len() - "SELECT id FROM users".len()
        );
        assert!(run.stdout.contains(&told), "{told}\n{}", run.stdout);
        assert!(run.stdout.contains(&format!("known.py:4:29 [retired-table]: `users` is called `people` now: mend app.py:2 by hand first, so that all places change together: {reason}")), "{run:?}");
        // Whoever has looked says so.
        let looked = code.replace("')\n", "')  # dbguard: allow[retired-table] shop's\n");
        let sandbox = sandbox.file("app.py", &looked);
        let run = sandbox.run(&["fix", "--unsafe", "--allow-dirty", "--select", "retired-table"]);
        assert_eq!(run.code, 0, "{run:?}");
        assert!(text(&sandbox, "known.py").contains("FROM people"), "{run:?}");
        assert_eq!(text(&sandbox, "app.py"), looked);
    }
}

#[test]
fn a_path_that_some_function_deletes_does_not_become_the_primary() {
    let files = "import os\n\n\ndef reset(path):\n    if os.path.exists(path):\n        os.remove(path)\n";
    let app = "import sqlite3\n\nfrom files import reset\n\nAUTH = 'data/auth.db'\n\n\ndef fresh():\n    reset(AUTH)\n    return sqlite3.connect(AUTH)\n\n\ndef main():\n    return sqlite3.connect('/app/data/zoe.db')\n";
    let sandbox = committed(Sandbox::new().file("dbguard.toml", POLICY).file("files.py", files).file("app.py", app));
    let run = sandbox.run(&["fix", "--unsafe"]);
    snapbox::assert_data_eq!(
        run.stdout,
        snapbox::str![[r#"
app.py  2 edits
  14:28  read the path from `DATABASE_PATH` [hardcoded-path]: while the variable is not set, it is the same path

Left as it is
  app.py:6:8 [forbidden-database]: `os.remove` in files.py:6 deletes, moves or overwrites the file: it must not become another one

"#]]
    );
    assert_eq!(run.code, 1);
}

#[test]
fn a_database_below_the_folder_of_another_keeps_that_folder() {
    let policy = "[primary]\npath = \"data/app.db\"\nenv = \"DATABASE_PATH\"\n\n[[retired]]\npath = \"hc.sqlite\"\n";
    let settings = "import os\nfrom pathlib import Path\n\nBASE_DIR = Path(__file__).parent\nDATABASES = {\"default\": {\"ENGINE\": \"django.db.backends.sqlite3\", \"NAME\": os.getenv(\"DB_NAME\", BASE_DIR / \"hc.sqlite\")}}\n";
    let sandbox = committed(Sandbox::new().file("dbguard.toml", policy).file("app.py", settings));
    let run = sandbox.run(&["fix", "--unsafe"]);
    let expected =
        settings.replace("\"DB_NAME\", BASE_DIR / \"hc.sqlite\"", "\"DATABASE_PATH\", BASE_DIR / \"data/app.db\"");
    assert_eq!(text(&sandbox, "app.py"), expected, "{}{}", run.stdout, run.stderr);
}

#[test]
fn a_variable_changes_its_name_in_all_places_or_in_none() {
    let policy = "[primary]\npath = \"/data/app.db\"\nenv = \"DATABASE_PATH\"\naliases = [\"APP_DB\"]\n\n[mounts]\n\"/data\" = \"data\"\n";
    let app = "import os\nimport sqlite3\n\nsqlite3.connect(os.environ.get(\"APP_DB\", \"/data/app.db\"))\n";
    let compose = "services:\n  app:\n    build: .\n    environment:\n      APP_DB: ${APP_DB:-/data/app.db}\n    volumes:\n      - ./data:/data\n";
    let sandbox = committed(
        Sandbox::new()
            .file("dbguard.toml", policy)
            .file("app.py", app)
            .file("Dockerfile", "FROM python\nENV LOG=1 APP_DB=/data/app.db\n")
            .file("docker-compose.yml", compose)
            .file(".env", "APP_DB=/data/app.db\n"),
    );
    let run = sandbox.run(&["fix", "--unsafe"]);
    assert_eq!(
        run.stderr, "Fixed 5 findings in 4 files. 1 finding stays: 1 that needs a person.\n",
        "{}, and the alias is a word for nothing now",
        run.stdout
    );
    for (file, before) in [("app.py", app), ("docker-compose.yml", compose), (".env", "APP_DB=/data/app.db\n")] {
        assert_eq!(text(&sandbox, file), before.replace("APP_DB", "DATABASE_PATH"), "{file}");
    }
    assert_eq!(text(&sandbox, "Dockerfile"), "FROM python\nENV LOG=1 DATABASE_PATH=/data/app.db\n");

    // A place that a person must look at.
    let policy = "[primary]\npath = \"data/app.db\"\nenv = \"DATABASE_PATH\"\naliases = [\"APP_DB\"]\n";
    let (app, deployed) = (app.replace("/data", "data"), "FROM python\nENV APP_DB=/srv/other.db\n");
    let sandbox =
        committed(Sandbox::new().file("dbguard.toml", policy).file("app.py", &app).file("deploy/Dockerfile", deployed));
    let run = sandbox.run(&["fix", "--unsafe"]);
    assert_eq!(text(&sandbox, "app.py"), app);
    assert_eq!(text(&sandbox, "deploy/Dockerfile"), deployed);
    assert!(run.stdout.contains("deploy/Dockerfile:2 sets `APP_DB`"), "{}", run.stdout);
}

#[test]
fn what_a_command_makes_is_opened_under_that_name() {
    let script = "import os\nimport sqlite3\n\nos.system(\"gzip -dc dump.gz > /app/data/zoe.db\")\nsqlite3.connect(\"/app/data/zoe.db\")\n";
    let sandbox = committed(project().file("restore.py", script));
    let run = sandbox.run(&["fix", "--unsafe", "restore.py"]);
    assert_eq!(text(&sandbox, "restore.py"), script);
    let reason =
        "restore.py:5:17 [hardcoded-path]: a command in line 4 makes or deletes the file: change both together";
    assert!(run.stdout.contains(reason), "{}", run.stdout);
}
