//! What scripts say, as tables.

use crate::lang::config::testing::{others, references};
use crate::lang::{Facts, Language, Role, Value, read};
use crate::text::Source;

fn facts(text: &str) -> Facts {
    read(&Source::new("scripts/x.sh", text.as_bytes().to_vec()), Language::Shell)
}

#[track_caller]
fn expect(text: &str, expected: &[&str]) {
    assert_eq!(references("scripts/x.sh", Language::Shell, text), expected, "{text}");
}

#[track_caller]
fn expect_others(text: &str, expected: &[&str]) {
    assert_eq!(others("scripts/x.sh", Language::Shell, text), expected, "{text}");
}

fn uses(facts: &Facts) -> Vec<String> {
    let shown = |values: &[Value]| values.iter().map(Value::pattern).collect::<Vec<_>>().join(" | ");
    facts
        .table_uses
        .iter()
        .map(|one| format!("{} {:?} {} of {}", one.place.start.line, one.access, one.table, shown(&one.connection)))
        .collect()
}

#[test]
fn assignments_and_their_uses() {
    expect(
        "DB=/app/x.db\nsqlite3 -header -csv \"$DB\" 'SELECT 1'\n",
        &["1:4 binds /app/x.db -> /app/x.db (DB)", "2:22 opens \"$DB\" -> /app/x.db"],
    );
    expect(
        "export DB_PATH=\"${DATABASE_PATH:-/app/data/zoe.db}\"\n",
        &["1:16 binds \"${DATABASE_PATH:-/app/data/zoe.db}\" -> /app/data/zoe.db (DB_PATH)"],
    );
    expect_others(
        "export DB_PATH=\"${DATABASE_PATH:-/app/data/zoe.db}\"\nDATA_DIR=/data\nX=$DATABASE_URL\n",
        &["1: set DB_PATH=/app/data/zoe.db", "1: read DATABASE_PATH else /app/data/zoe.db", "3: read DATABASE_URL"],
    );
    expect(": \"${X:=y.db}\"\nsqlite3 $X\n", &["1:3 binds \"${X:=y.db}\" -> y.db", "2:9 opens $X -> y.db"]);
    expect(
        "readonly DB='/My Files/x.db'; sqlite3 \"$DB\"\n",
        &["1:13 binds '/My Files/x.db' -> /My Files/x.db (DB)", "1:39 opens \"$DB\" -> /My Files/x.db"],
    );
    expect(
        "DIR=data\nDB=\"$DIR/x.db\"\nif true; then DB=y.db; fi\nsqlite3 $DB .schema\n",
        &[
            "2:4 binds \"$DIR/x.db\" -> data/x.db (DB)",
            "3:18 binds y.db -> y.db (DB)",
            "4:9 opens $DB -> y.db | data/x.db",
        ],
    );
}

#[test]
fn case_15_defaults_of_one_variable() {
    expect_others(
        "a=${DB_PATH:-a.db}\nb=${DB_PATH:-b.db}\n[ -z \"$DB_FILE\" ] && DB_FILE=c.db\nsqlite3 $DB_FILE\n",
        &["3: set DB_FILE=c.db", "1: read DB_PATH else a.db", "2: read DB_PATH else b.db"],
    );
    let found = facts("[ -z \"$DB_FILE\" ] && DB_FILE=c.db\nsqlite3 $DB_FILE\n");
    assert_eq!(found.references[1].values[0].envs(), ["DB_FILE"]);
}

#[test]
fn case_25_values_that_commands_are_given() {
    expect(
        "gunicorn --history-file hist.db app\ndocker run -e DB_PATH=/data/x.db -v ./data:/data img --db=/data/y.db\n",
        &[
            "1:25 binds hist.db -> hist.db",
            "2:23 binds /data/x.db -> /data/x.db (DB_PATH)",
            "2:59 binds /data/y.db -> /data/y.db (db)",
        ],
    );
    expect_others(
        "docker run -e DB_PATH=/data/x.db -v ./data:/data img\n",
        &["1: set DB_PATH=/data/x.db", "1: mount ./data on /data"],
    );
    expect(
        "URL=$(printf \"sqlite:////%s/x.db\" \"$DIR\")\nU=${A:-file:${B:-x.db}}\n",
        &["1:14 binds \"sqlite:////%s/x.db\" -> sqlite:////*/x.db", "2:3 binds ${A:-file:${B:-x.db}} -> file:x.db (U)"],
    );
}

#[test]
fn case_26_27_python_in_shell_and_shell_in_ssh() {
    let found = facts("ssh -i k host \"sqlite3 /srv/$NAME.db 'SELECT * FROM t'\"\n");
    assert_eq!(uses(&found), ["1 Reads t of /srv/*.db"]);
    expect(
        "ssh host sqlite3 /srv/x.db .dump\nbash -lc 'sqlite3 y.db'\ndocker exec -it c sqlite3 /x.db \"SELECT 1\"\n",
        &["1:18 opens /srv/x.db -> /srv/x.db", "2:19 opens y.db -> y.db", "3:27 opens /x.db -> /x.db"],
    );
}

#[test]
fn case_28_heredocs_that_write_files() {
    let found = facts("cat > .env <<EOF\nDATABASE_PATH=$DIR/x.db\nEOF\ntee run.sh <<'EOF'\nsqlite3 y.db\nEOF\n");
    assert!(found.references.iter().all(|reference| reference.generated));
    expect(
        "cat > .env <<EOF\nDATABASE_PATH=${DIR:-/d}/x.db\nEOF\ntee run.sh <<'EOF'\nsqlite3 y.db\nEOF\n",
        &["2:15 configures ${DIR:-/d}/x.db -> /d/x.db (DATABASE_PATH)", "5:9 opens y.db -> y.db"],
    );
    expect("cat <<EOF\nwrote x.db\nEOF\n", &["2:7 mentions x.db -> x.db"]);
}

#[test]
fn case_30_the_sqlite3_command_line() {
    let found = facts(
        "DB=/app/x.db\nsqlite3 \"$DB\" <<EOF\nINSERT INTO users VALUES (1);\nATTACH '$OTHER' AS o;\nSELECT * FROM o.t;\nEOF\n\
         echo \"DELETE FROM log\" | sqlite3 y.db\nsudo -u www sqlite3 -cmd '.timeout 5' z.db \"UPDATE $t SET a=1; SELECT * FROM k\"\n\
         cat <<'EOF' | sqlite3 w.db\nSELECT * FROM q;\nEOF\nsqlite3 v.db <<< 'SELECT * FROM p'\n",
    );
    assert_eq!(
        uses(&found),
        [
            "3 Writes users of /app/x.db",
            "5 Reads t of *",
            "7 Writes log of y.db",
            "8 Reads k of z.db",
            "10 Reads q of w.db",
            "12 Reads p of v.db",
        ]
    );
    let opens = found.references.iter().filter(|reference| reference.role == Role::Opens).count();
    assert_eq!(opens, 6);
    assert_eq!(found.attaches[0].alias, "o");
}

#[test]
fn case_30_commands_in_variables_and_formats() {
    let found = facts(
        "OPTS=\"-batch -noheader\"\nSQL=\"sqlite3 $OPTS ${DB:-a.db}\"\n$SQL 'DELETE FROM a'\nsqlite3 $OPTS b.db 'DELETE FROM b'\n\
         printf \".timeout 9\\\\nDELETE FROM c WHERE x = '%s';\\\\n\" \"$x\" | pihole-FTL sqlite3 -ni c.db\n\
         echo -e '.mode csv\\nDELETE FROM d' | sqlite3 d.db\nCMD=(docker exec c sqlite3)\n\"${CMD[@]}\" e.db 'DELETE FROM e'\n",
    );
    assert_eq!(
        uses(&found),
        ["3 Writes a of a.db", "4 Writes b of b.db", "5 Writes c of c.db", "6 Writes d of d.db", "8 Writes e of e.db"]
    );
}

#[test]
fn case_27_python_in_shell() {
    let found = facts(
        "DB=\"${DATABASE_PATH:-/app/x.db}\"\npython3 -c \"import sqlite3; c = sqlite3.connect('$DB'); c.execute('DELETE FROM t')\"\n\
         python - <<'EOF'\nimport sqlite3\nsqlite3.connect(\"y.db\").execute(\"SELECT * FROM u\")\nEOF\n",
    );
    assert_eq!(uses(&found), ["2 Writes t of /app/x.db", "5 Reads u of y.db"]);
    let opens: Vec<_> = found.references.iter().filter(|one| one.role == Role::Opens).collect();
    assert_eq!(opens[0].values[0].whole_env().map(|(name, _)| name), Some("DATABASE_PATH"));
    assert_eq!((opens[0].place.start.line, opens[0].place.start.column), (2, 49));
}

#[test]
fn python_is_python_wherever_it_lies() {
    expect(
        "HERE=\"$(cd \"$(dirname \"$0\")\" && pwd)\"\nRUN=\"$HERE/.venv/bin/python\"\n\
         \"$HERE/.venv/bin/python3\" -c \"import sqlite3; sqlite3.connect('$HERE/data/a.db')\"\n\
         \"$RUN\" -c \"import sqlite3; sqlite3.connect('b.db')\"\n\
         \"${PYTHON_BIN:-python3}\" - <<'EOF'\nimport sqlite3\nsqlite3.connect('c.db')\nEOF\n\
         $VENV_PYTHON -c \"import sqlite3; sqlite3.connect('d.db')\"\n",
        &[
            "3:63 opens '$HERE/data/a.db' -> scripts/data/a.db",
            "4:44 opens 'b.db' -> b.db",
            "7:17 opens 'c.db' -> c.db",
            "9:50 opens 'd.db' -> d.db",
        ],
    );
}

#[test]
fn case_31_attach_and_backup_in_the_shell() {
    expect(
        "sqlite3 a.db \".backup 'b.db'\"\nsqlite3 a.db \"VACUUM INTO 'c.db'\"\nsqlite3 a.db \"ATTACH DATABASE '$D' AS d\"\n",
        &[
            "1:9 opens a.db -> a.db",
            "1:23 binds 'b.db' -> b.db",
            "2:9 opens a.db -> a.db",
            "2:27 opens 'c.db' -> c.db",
            "3:9 opens a.db -> a.db",
            "3:31 opens '$D' -> *",
        ],
    );
}

#[test]
fn case_33_loops_over_names() {
    expect(
        "for db in a.db \"b.db\"; do\n  sqlite3 \"data/$db\" .schema\ndone\nsqlite3 $db\n",
        &[
            "1:11 binds a.db -> a.db (db)",
            "1:16 binds \"b.db\" -> b.db (db)",
            "2:11 opens \"data/$db\" -> data/a.db | data/b.db",
            "4:9 opens $db -> *",
        ],
    );
    expect(
        "DBS=(a.db 'b.db')\nfor d in \"${DBS[@]}\"; do sqlite3 \"$d\"; done\nfind / -name \"memory.db\"\n",
        &[
            "1:6 binds a.db -> a.db (DBS)",
            "1:11 binds 'b.db' -> b.db (DBS)",
            "2:34 opens \"$d\" -> a.db | b.db",
            "3:14 binds \"memory.db\" -> */memory.db",
        ],
    );
    expect(
        "backup() { local f=\"$1\"; sqlite3 \"$f\"; }\nbackup a.db\nbackup b.db\n",
        &["1:34 opens \"$f\" -> a.db | b.db", "2:8 binds a.db -> a.db", "3:8 binds b.db -> b.db"],
    );
}

#[test]
fn case_34_globs_are_mentions() {
    expect(
        "for f in data/*.db; do cp \"$f\" bak/; done\nfind . -name '*.db' -delete\n",
        &["1:10 mentions data/*.db -> data/*.db (f)", "2:14 mentions '*.db' -> *.db"],
    );
}

#[test]
fn case_35_dynamic_names() {
    expect(
        "sqlite3 \"cache_${device_id}.db\"\nOUT=\"$DIR/app-$(date +%F).db\"\n",
        &[
            "1:9 opens \"cache_${device_id}.db\" -> cache_*.db",
            "2:5 binds \"$DIR/app-$(date +%F).db\" -> */app-*.db (OUT)",
        ],
    );
}

#[test]
fn case_36_62_side_files_and_concatenation() {
    expect(
        "rm -f x.db{,-wal,-shm} \"$OUT\"/history.db.* y.db-wal\ncp x.db x.db.bak\n",
        &[
            "1:7 binds x.db{,-wal,-shm} -> x.db | x.db-wal | x.db-shm",
            "1:24 binds \"$OUT\"/history.db.* -> */history.db",
            "1:44 binds y.db-wal -> y.db-wal",
            "2:4 binds x.db -> x.db",
            "2:9 binds x.db.bak -> x.db.bak",
        ],
    );
    expect_others("cp -a \"$D\" z/\nD=x.db\ncp $D y.db\nmv x.db y.db\n", &["3: cp x.db"]);
}

#[test]
fn case_39_words_that_only_end_so() {
    expect("python -m app.misc.db\necho self.db.x *.db\n", &[]);
}

#[test]
fn case_43_57_58_fragments_and_odd_files() {
    expect(
        "f() { local a=\"$(\n\" ; ) }\necho 'it\nDB=x.db\nsqlite3 \"$DB\" 'SELECT 1'\n",
        &["4:4 binds x.db -> x.db (DB)", "5:9 opens \"$DB\" -> x.db"],
    );
    expect("if [ -f x.db ]; then\n  sqlite3 y.db 'SELECT (\n", &["1:9 binds x.db -> x.db", "2:11 opens y.db -> y.db"]);
    let found = references("bin/run.ps1", Language::Shell, "$db = \"C:\\x\\y.db\"\nsqlite3 z.db\n# w.db\n");
    assert_eq!(
        found,
        ["1:7 binds \"C:\\x\\y.db\" -> C:\\x\\y.db", "2:9 opens z.db -> z.db", "3:3 mentions w.db -> w.db"]
    );
}

#[test]
fn case_46_47_temporary_places() {
    let found = facts("T=$(mktemp -d)\nsqlite3 \"$T/x.db\"\nsqlite3 :memory: 'SELECT 1'\nsqlite3 /tmp/y.db\n");
    let bases: Vec<_> = found.references.iter().map(|reference| reference.values[0].base).collect();
    use crate::lang::Base::{Memory, Temporary, Written};
    assert_eq!(bases, [Temporary, Memory, Written]);
}

#[test]
fn case_60_64_paths_from_the_script_s_own_folder() {
    let found = facts(
        "HERE=\"$(cd \"$(dirname \"${BASH_SOURCE[0]}\")/..\" && pwd)\"\nsqlite3 \"$HERE/data/x.db\"\nsqlite3 ~/y.db\n\
         cd \"$(dirname \"$0\")\"; sqlite3 \"${BASH_SOURCE%/*}/../z.db\"\n",
    );
    let values: Vec<_> = found.references.iter().map(|one| (one.values[0].base, one.values[0].pattern())).collect();
    use crate::lang::Base::{Home, Root};
    assert_eq!(values, [(Root, "data/x.db".to_owned()), (Home, "y.db".to_owned()), (Root, "z.db".to_owned())]);
}

#[test]
fn case_61_databases_of_other_programs() {
    expect(
        "tail ~/.config/litellm.db\ncurl -o home-assistant_v2.db http://h/x.db\n",
        &[
            "1:6 binds ~/.config/litellm.db -> .config/litellm.db",
            "2:9 binds home-assistant_v2.db -> home-assistant_v2.db",
        ],
    );
}

#[test]
fn case_63_tables_that_the_shell_fills_in() {
    let found =
        facts("for t in users items; do sqlite3 x.db \"SELECT COUNT(*) FROM $t; PRAGMA table_info(log)\"; done\n");
    assert_eq!(uses(&found), ["1 Reads log of x.db", "1 Reads users of x.db", "1 Reads items of x.db"]);
    assert_eq!(found.statements[0].sql, "SELECT COUNT(*) FROM ?");
    assert_eq!(found.statements[0].holes, 1);
}

#[test]
fn case_65_line_ends_and_characters() {
    expect("echo \"🙂 é\"; sqlite3 x.db\r\n# ü y.db\r\n", &["1:21 opens x.db -> x.db", "2:5 mentions y.db -> y.db"]);
}

#[test]
fn words_of_another_language_are_no_command() {
    expect("자가점검 실행 (결과는 x.db)\n", &["1:14 mentions x.db -> x.db"]);
}

#[test]
fn the_shell_of_windows_separates_folders_by_backslashes() {
    expect("cmd /c del /q data\\x.db\n", &["1:15 binds data\\x.db -> data\\x.db"]);
}

#[test]
fn prose_tests_and_comments() {
    expect(
        "# see data/x.db\necho \"created y.db\" # z.db\n[ \"$n\" = \"w.db\" ] || [[ -f v.db && ! -e 'u.db' ]]\ntest -f t.db\nlog_info \"at run.db now\"\n",
        &[
            "1:7 mentions data/x.db -> data/x.db",
            "2:15 mentions y.db -> y.db",
            "2:23 mentions z.db -> z.db",
            "3:11 mentions w.db -> w.db",
            "3:28 binds v.db -> v.db",
            "3:41 binds 'u.db' -> u.db",
            "4:9 binds t.db -> t.db",
            "5:14 mentions run.db -> run.db",
        ],
    );
}
