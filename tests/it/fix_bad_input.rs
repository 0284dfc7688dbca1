//! What disks, editors and people do to a fix under way: each file is as it was or as it becomes, and what stays is told.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::process::{Command, Stdio};

use crate::sandbox::{Run, Sandbox};

const POLICY: &str = "[primary]\npath = \"/app/data/zoe.db\"\nenv = \"DATABASE_PATH\"\n";
const APP: &str = "import os\nimport sqlite3\nDB = '/app/data/zoe.db'\nsqlite3.connect(DB)\n";
const FIXED: &str =
    "import os\nimport sqlite3\nDB = os.environ.get('DATABASE_PATH', '/app/data/zoe.db')\nsqlite3.connect(DB)\n";

fn text(sandbox: &Sandbox, file: &str) -> String {
    fs::read_to_string(sandbox.path().join(file)).unwrap()
}

/// The names in the folder that a fix left and nobody asked for.
fn litter(sandbox: &Sandbox) -> Vec<String> {
    let names = fs::read_dir(sandbox.path()).unwrap().map(|it| it.unwrap().file_name().to_string_lossy().into_owned());
    names.filter(|name| name.starts_with(".dbguard-")).collect()
}

#[test]
fn a_disk_without_room_leaves_the_file_and_the_others_are_done() {
    let big = format!("{APP}{}", "# a line that fills the file\n".repeat(2_000));
    let sandbox = Sandbox::new().file("dbguard.toml", POLICY).file("big.py", &big).file("small.py", APP);
    // A limit on the size of files fails a write as a full disk does.
    let output = Command::new("bash")
        .args([
            "-c",
            "trap '' XFSZ; ulimit -f 8; exec \"$0\" \"$@\"",
            env!("CARGO_BIN_EXE_dbguard"),
            "fix",
            "--allow-dirty",
        ])
        .current_dir(sandbox.path())
        .output()
        .unwrap();
    let run = Run::of(&output);
    assert_eq!(run.code, 3, "{run:?}");
    assert!(run.stdout.contains("not written: big.py: File too large"), "{run:?}");
    assert_eq!(text(&sandbox, "big.py"), big);
    assert_eq!(text(&sandbox, "small.py"), FIXED);
    assert_eq!(litter(&sandbox), Vec::<String>::new());
}

#[test]
fn a_file_that_changes_while_it_is_fixed_keeps_what_was_written_to_it() {
    let sandbox = Sandbox::new().file("dbguard.toml", POLICY).file("app.py", APP).file("other.py", APP);
    let mut command = sandbox.command(&["fix", "--allow-dirty", "--interactive"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // It has read the file once it asks what to do with it.
    let mut asked = [0; 1];
    std::io::Read::read_exact(child.stderr.as_mut().unwrap(), &mut asked).unwrap();
    let changed = format!("{APP}print('meanwhile')\n");
    fs::write(sandbox.path().join("app.py"), &changed).unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), b"a\n").unwrap();
    let run = Run::of(&child.wait_with_output().unwrap());
    assert_eq!(run.code, 3, "{run:?}");
    assert!(run.stdout.contains("not written: app.py: it has changed since it was read: run the fix again"), "{run:?}");
    assert_eq!(text(&sandbox, "app.py"), changed);
    assert_eq!(text(&sandbox, "other.py"), FIXED);
}

#[test]
fn an_interruption_leaves_every_file_old_or_new() {
    let mut sandbox = Sandbox::new().file("dbguard.toml", POLICY);
    let names: Vec<String> = (0..60).map(|number| format!("app{number}.py")).collect();
    for name in &names {
        sandbox = sandbox.file(name, APP);
    }
    for wait in [20, 60, 120, 250] {
        let child =
            sandbox.command(&["fix", "--allow-dirty"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(std::time::Duration::from_millis(wait));
        let _ = Command::new("kill").args(["-INT", &child.id().to_string()]).stderr(Stdio::null()).status();
        let _ = child.wait_with_output().unwrap();
        for name in &names {
            let now = text(&sandbox, name);
            assert!(now == APP || now == FIXED, "{name}: {now}");
        }
    }
    // A file that was never finished is nobody's code.
    fs::write(sandbox.path().join(".dbguard-Xy12zZ.tmp"), APP).unwrap();
    let told = sandbox.run(&["scan", "-v"]);
    let said = format!("{}{}", told.stdout, told.stderr);
    assert!(said.contains(".dbguard-Xy12zZ.tmp: left by an interrupted fix: delete it"), "{said}");
    // Whatever was interrupted, the next run ends it.
    assert_eq!(sandbox.run(&["fix", "--allow-dirty"]).code, 0);
    assert!(names.iter().all(|name| text(&sandbox, name) == FIXED));
}

#[test]
fn a_second_hard_link_is_told_and_modes_stay() {
    let sandbox = Sandbox::new().file("dbguard.toml", POLICY).file("app.py", APP);
    let elsewhere = tempfile::tempdir().unwrap();
    let link = elsewhere.path().join("app.py");
    fs::hard_link(sandbox.path().join("app.py"), &link).unwrap();
    fs::set_permissions(&link, fs::Permissions::from_mode(0o640)).unwrap();
    let run = sandbox.run(&["fix", "--allow-dirty"]);
    assert_eq!(run.code, 0, "{run:?}");
    assert!(run.stderr.contains("app.py has other hard links, which still lead to the text as it was"), "{run:?}");
    assert_eq!(text(&sandbox, "app.py"), FIXED);
    assert_eq!(fs::read_to_string(&link).unwrap(), APP);
    assert_eq!(fs::metadata(sandbox.path().join("app.py")).unwrap().mode() & 0o777, 0o640);
}

#[test]
fn tabs_and_mixed_line_ends_stay() {
    let before = "import os\r\nimport sqlite3\n\n\nclass Store:\r\n\tPATH = \"/app/data/zoe.db\"\t# tab\r\n\tdef open(self):\n\t\treturn sqlite3.connect(self.PATH)\r\n";
    let sandbox = Sandbox::new().file("dbguard.toml", POLICY).file("store.py", before);
    let run = sandbox.run(&["fix", "--allow-dirty"]);
    assert_eq!(run.code, 0, "{run:?}");
    let after = before.replace("\"/app/data/zoe.db\"", "os.environ.get(\"DATABASE_PATH\", \"/app/data/zoe.db\")");
    assert_eq!(text(&sandbox, "store.py"), after);
}

const RENAMES: &str = "[primary]\npath = \"zoe.db\"\nenv = \"DATABASE_PATH\"\n[tables]\nusers = \"people\"\n[rules]\nhardcoded-path = \"off\"\ncwd-relative-path = \"off\"\n";

#[test]
fn a_table_is_renamed_only_when_asked_for_with_unsafe() {
    let code = "import sqlite3\nsqlite3.connect('zoe.db').execute('SELECT id FROM users')\n";
    let sandbox = Sandbox::new().file("dbguard.toml", RENAMES).file("app.py", code);
    let run = sandbox.run(&["fix", "--allow-dirty"]);
    assert_eq!(run.code, 1, "{run:?}");
    assert_eq!(text(&sandbox, "app.py"), code);
    let run = sandbox.run(&["fix", "--allow-dirty", "--unsafe"]);
    assert_eq!(text(&sandbox, "app.py"), code.replace("users", "people"), "{run:?}");
}

#[test]
fn a_table_that_cannot_be_renamed_in_one_place_keeps_its_name_in_all() {
    let code = "import sqlite3\nc = sqlite3.connect('zoe.db')\nc.execute('SELECT id FROM users')\nfor table in ['users']:\n    open(f'{table}.csv', 'w').writelines(c.execute(f'SELECT count(*) FROM {table}'))\n";
    let sandbox = Sandbox::new().file("dbguard.toml", RENAMES).file("app.py", code);
    let run = sandbox.run(&["fix", "--allow-dirty", "--unsafe"]);
    assert_eq!(run.code, 1, "{run:?}");
    assert_eq!(text(&sandbox, "app.py"), code);
    let told = sandbox.run(&["check", "--output-format", "json"]);
    assert!(told.stdout.contains("mend app.py:4 by hand first"), "{told:?}");
    // A comment takes the place out of the reckoning.
    let allowed = code.replace("['users']:", "['users']:  # dbguard: allow[retired-table] counted before the move");
    let sandbox = sandbox.file("app.py", &allowed);
    sandbox.run(&["fix", "--allow-dirty", "--unsafe"]);
    assert_eq!(text(&sandbox, "app.py"), allowed.replace("FROM users'", "FROM people'"));
}

#[test]
fn names_of_files_that_nothing_opens_and_paths_inside_sql_are_listed() {
    let policy = format!("{POLICY}[[retired]]\npath = \"auth.db\"\n");
    let code = "import shutil, sqlite3\nKEPT = {\"auth.db\", \"notes.txt\"}\nRESET = [\n    (\"/app/data/zoe.db\", \"state\"),\n    (\"/app/data/gear.json\", \"state\"),\n]\nshutil.copytree(a, b, ignore=shutil.ignore_patterns(\"auth.db\"))\nc = sqlite3.connect(DB)\nc.execute(\"ATTACH DATABASE 'auth.db' AS a\")\n";
    let sandbox = Sandbox::new().file("dbguard.toml", &policy).file("app.py", code);
    let run = sandbox.run(&["fix", "--allow-dirty", "--unsafe"]);
    assert_eq!(text(&sandbox, "app.py"), code, "{run:?}");
    let listed = "it is one of a list of names, and nothing is seen to open it";
    assert_eq!(run.stdout.matches(listed).count(), 3, "{run:?}");
    assert!(run.stdout.contains("the path is a part of a longer text: SQL"), "{run:?}");
}

#[test]
fn where_nobody_answers_all_is_left() {
    let sandbox = Sandbox::new().file("dbguard.toml", POLICY).file("app.py", APP).file("other.py", APP);
    let run = sandbox.run(&["fix", "--allow-dirty", "--interactive"]);
    assert_eq!(run.code, 1, "{run:?}");
    assert_eq!(run.stderr.matches("Make this fix?").count(), 1, "it asks once: {run:?}");
    assert!(run.stderr.contains("nobody answers (standard input has ended): all that follow are left"), "{run:?}");
    assert!(run.stderr.ends_with("Nothing was fixed. 2 findings stay: 2 that you left.\n"), "{run:?}");
    assert_eq!(text(&sandbox, "app.py"), APP);
}

#[test]
fn odd_trees_are_no_trouble() {
    // Nothing at all, outside of git, and somebody who reads one line and goes.
    let run = Sandbox::new().run(&["fix"]);
    assert_eq!((run.code, run.stderr.as_str()), (0, "Nothing to fix.\n"), "{run:?}");
    let sandbox = Sandbox::new().file("dbguard.toml", POLICY);
    let sandbox = (0..50).fold(sandbox, |sandbox, number| sandbox.file(&format!("app{number}.py"), APP));
    let piped = Command::new("bash")
        .args(["-c", "set -o pipefail; \"$0\" fix --diff | head -1", env!("CARGO_BIN_EXE_dbguard")])
        .current_dir(sandbox.path())
        .output()
        .unwrap();
    let run = Run::of(&piped);
    assert_eq!((run.code, run.stdout.as_str()), (1, "diff --git a/app0.py b/app0.py\n"), "{run:?}");
    assert_eq!(run.stderr, "Would fix 50 findings in 50 files.\n");
    // Two names of one file, as a link and as a folder that is one.
    std::os::unix::fs::symlink("app0.py", sandbox.path().join("alias.py")).unwrap();
    std::os::unix::fs::symlink(".", sandbox.path().join("again")).unwrap();
    let run = sandbox.run(&["fix", "--allow-dirty"]);
    assert_eq!(run.code, 0, "{run:?}");
    assert!(run.stderr.ends_with("Fixed 50 findings in 50 files.\n"), "{run:?}");
    assert!(fs::symlink_metadata(sandbox.path().join("alias.py")).unwrap().is_symlink());
    assert_eq!(text(&sandbox, "alias.py"), FIXED);
}

#[test]
fn a_file_that_changes_between_the_last_look_and_its_patch_is_told_and_the_others_are_printed() {
    let sandbox = Sandbox::new().file("dbguard.toml", POLICY).file("app.py", APP).file("other.py", APP);
    let mut command = sandbox.command(&["fix", "--diff", "--interactive"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut asked = [0; 1];
    std::io::Read::read_exact(child.stderr.as_mut().unwrap(), &mut asked).unwrap();
    fs::write(sandbox.path().join("app.py"), format!("{APP}print('meanwhile')\n")).unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), b"a\n").unwrap();
    let run = Run::of(&child.wait_with_output().unwrap());
    assert_eq!(run.code, 3, "{run:?}");
    assert!(run.stdout.contains("+++ b/other.py") && !run.stdout.contains("app.py"), "{run:?}");
    assert!(run.stderr.contains("not written: app.py: it has changed since it was read: run the fix again"), "{run:?}");
}
