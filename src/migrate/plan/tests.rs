//! A plan is read as it was written, and what is wrong in one is told at its line.

use super::*;
use crate::text::Source;

const EXAMPLE: &str = r#"
version = 1
[target]
path = "data/zoe.db"
base = "zoe"
[defaults]
on-conflict = "stop"
dangling = "keep"
[[source]]
id = "zoe"
path = "data/zoe.db"
expect = { tables = 50, rows = 346, content = "b3:00" }
[[source]]
id = "auth"
path = "data/auth.db"
[[source]]
id = "hass"
path = "homeassistant/home-assistant_v2.db"
action = "external"
[[table]]
name = "users"
from = ["zoe", "auth"]
columns = { auth = { password = "password_hash" } }
match-on = ["username"]
strategy = "alias"
alias = [{ from = "auth:72038d8e", to = "zoe:default", take = ["password_hash"] }]
fill = { email = "{username}@invalid" }
[[table]]
name = "people"
from = ["zoe", "auth"]
match-on = "?"
rekey = "offset"
[[ref]]
column = "*.user_id"
to = "users.user_id"
[[rename]]
from = "roadmap_items"
to = "roadmap_priority"
compat = "view"
[after]
sources = "tombstone"
keep-days = 30
"#;

fn plan(text: &str) -> Result<Plan, Vec<String>> {
    let source = Source::new("migration.toml", text.as_bytes().to_vec());
    read(&source).map_err(|mistakes| {
        let words = |it: &Mistake| {
            let help = it.help.clone().unwrap_or_default();
            format!("{}:{} {} | {help}", it.place.start.line, it.place.start.column, it.message)
        };
        mistakes.iter().map(words).collect()
    })
}

#[test]
fn what_is_written_reads_as_the_same_plan() {
    let first = plan(EXAMPLE).unwrap();
    let remarks = [Remark { block: "table users zoe,auth".to_owned(), lines: vec!["2 of 4 are missing".to_owned()] }];
    let text = write(&first, &remarks);
    assert_eq!(plan(&text).unwrap(), first);
    assert!(text.contains("\n# 2 of 4 are missing\n[[table]]\n"), "{text}");
    assert_eq!(write(&plan(&text).unwrap(), &remarks), text);
}

#[test]
fn open_choices_are_told() {
    assert_eq!(plan(EXAMPLE).unwrap().open_choices(), ["[[table]] people from zoe, auth: match-on"]);
}

#[test]
fn mistakes_point_at_their_line() {
    for (from, to, expected) in [
        ("strategy =", "stratgy =", "25:1 unknown field `stratgy`"),
        ("\"alias\"", "\"latest\"", "latest"),
        ("base = \"zoe\"", "base = \"zoo\"", "5:1 the base `zoo` is no source | sources are zoe, auth, hass"),
        ("\"auth:72038d8e\"", "\"outh:7\"", "`users` speaks of `outh`, which is no source | did you mean `auth`?"),
        ("strategy = \"alias\"", "strategy = \"newest\"", "`users` keeps the newest row by no column"),
        ("name = \"people\"", "name = \"Users\"", "two blocks decide on `Users` of `zoe`"),
        ("version = 1", "version = 2", "2:1 a plan of version 2"),
    ] {
        assert!(EXAMPLE.contains(from));
        let mistakes = plan(&EXAMPLE.replace(from, to)).unwrap_err().join("\n");
        assert!(mistakes.contains(expected), "{to}: {mistakes}");
    }
}
