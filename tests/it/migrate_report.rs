//! `report.json` and `report.html` of real runs: valid, alike, and readable in a real browser.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::browser::browse;
use crate::consolidation::last_run;
use crate::sandbox::Sandbox;
use crate::schemas::assert_valid;

const SCHEMA: &str = "docs/schema/migration-v1.schema.json";
const HOSTILE: &str = "<script>document.title = 'x'</script> \"q\" 'a' & 🦊 --> ]]>";

/// Two databases with a table in common, and one whose table has a name that means harm.
fn household() -> Sandbox {
    let hostile = HOSTILE.replace('"', "\"\"");
    Sandbox::new()
        .database(
            "data/zoe.db",
            "CREATE TABLE users (id INTEGER PRIMARY KEY, word TEXT); \
             INSERT INTO users VALUES (1, 'row-content'), (2, 'b'), (3, 'c'); CREATE TABLE empty (a)",
        )
        .database(
            "data/auth.db",
            "CREATE TABLE users (id INTEGER PRIMARY KEY, word TEXT); \
             INSERT INTO users VALUES (2, 'b'), (3, 'other'), (4, 'd'); \
             CREATE TABLE a_table_with_a_name_that_nobody_would_want_to_type_again_and_again (a)",
        )
        .database(
            "data/notes.db",
            &format!("CREATE TABLE \"{hostile}\" (a); INSERT INTO \"{hostile}\" VALUES ('row-content'), (2)"),
        )
        .file(
            "migration.toml",
            "version = 1\n[target]\npath = \"data/zoe.db\"\nbase = \"zoe\"\n\
             [[source]]\nid = \"zoe\"\npath = \"data/zoe.db\"\n\
             [[source]]\nid = \"auth\"\npath = \"data/auth.db\"\n\
             [[source]]\nid = \"notes\"\npath = \"data/notes.db\"\n\
             [[table]]\nname = \"users\"\nfrom = [\"zoe\", \"auth\"]\nmatch-on = [\"id\"]\nstrategy = \"prefer\"\n",
        )
}

fn json(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

#[test]
fn every_run_leaves_a_report_that_keeps_to_its_schema() {
    let sandbox = household();
    let rehearsed = sandbox.migrate(&["apply", "--rehearse"]);
    assert_eq!(rehearsed.code, 0, "{rehearsed:?}");
    assert!(rehearsed.stderr.contains("Report: .dbguard/rehearsed/report.html"), "{rehearsed:?}");
    let rehearsal = json(&sandbox.path().join(".dbguard/rehearsed/report.json"));
    let applied = sandbox.migrate(&["apply", "--yes"]);
    assert_eq!(applied.code, 0, "{applied:?}");
    let run = json(&last_run(&sandbox).join("report.json"));
    for document in [&rehearsal, &run] {
        assert_valid(SCHEMA, document);
        assert_eq!(document["totals"]["rows"], 8);
        assert_eq!(document["databases"][1]["path"], "data/auth.db");
        assert_eq!(document["databases"][1]["became"], "tombstone");
        assert_eq!(document["run"]["standing"], "done");
        let told = document.to_string();
        assert!(!told.contains("row-content") && !told.contains("rehearsal-"), "{told}");
    }
    assert_eq!((&rehearsal["run"]["rehearsed"], &run["run"]["rehearsed"]), (&true.into(), &false.into()));
    assert_eq!(rehearsal["accounts"], run["accounts"]);
}

#[test]
fn a_report_is_written_again_from_the_journal_alone() {
    let sandbox = household();
    let nothing = sandbox.migrate(&["report"]);
    assert_eq!((nothing.code, nothing.stderr.contains("there is nothing to report")), (3, true), "{nothing:?}");
    assert_eq!(sandbox.migrate(&["apply", "--yes"]).code, 0);
    let folder = last_run(&sandbox);
    let before = (fs::read(folder.join("report.json")).unwrap(), fs::read(folder.join("report.html")).unwrap());
    fs::remove_file(folder.join("report.json")).unwrap();
    fs::remove_file(folder.join("report.html")).unwrap();
    fs::remove_dir_all(folder.join("backup")).unwrap();
    assert_eq!(sandbox.migrate(&["report"]).code, 0);
    assert!(before == (fs::read(folder.join("report.json")).unwrap(), fs::read(folder.join("report.html")).unwrap()));
    let printed = sandbox.migrate(&["report", "--output-format", "json", "--output", "html=page.html"]);
    assert_eq!(printed.stdout.as_bytes(), before.0);
    assert_eq!(fs::read(sandbox.path().join("page.html")).unwrap(), before.1);
    let unknown = sandbox.migrate(&["report", "2001-01-01"]);
    assert_eq!((unknown.code, unknown.stderr.contains("2001-01-01")), (3, true), "{unknown:?}");
}

#[test]
fn an_undone_run_says_so() {
    let sandbox = household();
    assert_eq!(sandbox.migrate(&["apply", "--yes"]).code, 0);
    assert_eq!(sandbox.migrate(&["rollback", "--yes"]).code, 0);
    let report = sandbox.migrate(&["report", "--output-format", "json"]).json();
    assert_valid(SCHEMA, &report);
    assert_eq!(report["run"]["standing"], "rolled-back");
    assert_eq!(report["databases"][1]["became"], "itself");
}

#[test]
fn the_page_is_read_on_a_phone_and_on_a_desk_by_day_and_by_night() {
    let sandbox = household();
    assert_eq!(sandbox.migrate(&["apply", "--yes"]).code, 0);
    let folder = last_run(&sandbox);
    let report = json(&folder.join("report.json"));
    let page = fs::read_to_string(folder.join("report.html")).unwrap();
    for foreign in ["<script", "http:", "https:", "src=", "@import", "row-content"] {
        assert!(!page.contains(foreign), "the page holds {foreign}");
    }
    let expected: Vec<Vec<String>> = report["accounts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|account| {
            let numbers = ["rows", "copied", "identical", "merged", "kept_aside"].map(|name| account[name].to_string());
            let name = account["table"].as_str().unwrap().to_owned();
            std::iter::once(name).chain(numbers).chain(["yes".to_owned()]).collect()
        })
        .collect();
    assert!(expected.iter().any(|account| account[0] == HOSTILE), "{expected:?}");
    for (width, dark) in [(390, false), (390, true), (1200, false), (1200, true)] {
        let seen = browse(&page, width, dark);
        assert_eq!((seen["width"].clone(), seen["overflow"].clone()), (width.into(), 0.into()), "{seen:#}");
        assert_eq!(seen["background"], if dark { "rgb(21, 24, 27)" } else { "rgb(252, 251, 249)" });
        assert_eq!(seen["title"], "3 databases became data/zoe.db · dbguard");
        assert_eq!((seen["scripts"].clone(), seen["unnamed"].clone()), (1.into(), 0.into()), "{seen:#}");
        assert_eq!(seen["rows"].as_str().unwrap(), report["totals"]["rows"].to_string());
        assert_eq!(seen["accounts"], serde_json::json!(expected));
        assert_eq!(seen["proofs"], report["proofs"].as_array().unwrap().len());
        let pictures = seen["pictures"].as_array().unwrap();
        assert_eq!(pictures.len(), 1, "one picture is shown at a time");
        let bands: Vec<&str> = pictures[0].as_array().unwrap().iter().map(|band| band.as_str().unwrap()).collect();
        assert!(bands.contains(&"3 rows of users from data/zoe.db to users: copied"), "{bands:?}");
        assert!(bands.contains(&format!("2 rows of {HOSTILE} from data/notes.db to {HOSTILE}: copied").as_str()));
        assert!(seen["smallest"].as_f64().unwrap() > 10.0, "letters are too small to read: {seen:#}");
    }
}
