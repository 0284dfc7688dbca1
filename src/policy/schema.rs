//! The schema of `dbguard.toml`, for editors: made from these types, and held to what the reader takes. Part of the tests.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde_json::Value;

use super::parse;
use crate::text::Source;

/// What databases a project may use, and how.
#[derive(JsonSchema)]
#[schemars(title = "The policy of dbguard", rename_all = "kebab-case", deny_unknown_fields)]
#[expect(dead_code, reason = "only its shape is used")]
struct Policy {
    /// Another policy, by its path relative to this file: what this one does not say is taken from there.
    extend: Option<String>,
    primary: Option<Primary>,
    /// Databases beside the primary, each with the files that may use it.
    specialised: Option<Vec<Specialised>>,
    /// Databases that were merged into the primary: no reference may remain.
    retired: Option<Vec<Retired>>,
    /// Databases of other programs.
    external: Option<Vec<External>>,
    /// Tables renamed inside the primary: old name, new name.
    tables: Option<BTreeMap<String, String>>,
    /// One place under several names: a path as a container or a service sees it, and the folder of the tree that it is.
    mounts: Option<BTreeMap<String, String>>,
    places: Option<Places>,
    python: Option<Python>,
    suppression: Option<Suppression>,
    /// The severity of each rule.
    rules: Option<BTreeMap<String, Severity>>,
}

/// The one database.
#[derive(JsonSchema)]
#[schemars(rename_all = "kebab-case", deny_unknown_fields)]
#[expect(dead_code, reason = "only its shape is used")]
struct Primary {
    /// The file. An engine that is reached by URL needs none.
    path: Option<String>,
    /// The variable that code must read; its default must be `path`. Default: `DATABASE_PATH`.
    env: Option<String>,
    /// Other variables that mean the same today.
    aliases: Option<Vec<String>>,
    engine: Option<Engine>,
    /// The variable that holds the URL, for engines reached by one.
    url_env: Option<String>,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "kebab-case")]
#[expect(dead_code, reason = "only its shape is used")]
enum Engine {
    Sqlite,
    Postgresql,
    Mysql,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "kebab-case", deny_unknown_fields)]
#[expect(dead_code, reason = "only its shape is used")]
struct Specialised {
    path: String,
    /// The variable that code must read.
    env: Option<String>,
    /// Globs of the files that may use it.
    allowed_in: Option<Vec<String>>,
    why: Option<String>,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "kebab-case", deny_unknown_fields)]
#[expect(dead_code, reason = "only its shape is used")]
struct Retired {
    path: String,
    /// Its tables under their names in the primary.
    tables: Option<BTreeMap<String, String>>,
    why: Option<String>,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "kebab-case", deny_unknown_fields)]
#[expect(dead_code, reason = "only its shape is used")]
struct External {
    path: String,
    /// The program it belongs to.
    owner: Option<String>,
}

/// What kinds of files and folders there are; each a list of globs.
#[derive(JsonSchema)]
#[schemars(rename_all = "kebab-case", deny_unknown_fields)]
#[expect(dead_code, reason = "only its shape is used")]
struct Places {
    /// May spell the path out.
    config: Option<Vec<String>>,
    /// Where throw-away databases may live.
    temporary: Option<Vec<String>>,
    tests: Option<Vec<String>>,
    /// Not looked at.
    exclude: Option<Vec<String>>,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "kebab-case", deny_unknown_fields)]
#[expect(dead_code, reason = "only its shape is used")]
struct Python {
    /// Functions of the project that open what they are given: `app.db.DBRouter(1)`, `open_store(path)`.
    openers: Option<Vec<String>>,
    /// What a fix writes, with `{env}` and `{path}`.
    access: Option<String>,
    /// What a fix imports instead.
    import: Option<String>,
}

/// What is asked of comments that allow a rule.
#[derive(JsonSchema)]
#[schemars(rename_all = "kebab-case", deny_unknown_fields)]
#[expect(dead_code, reason = "only its shape is used")]
struct Suppression {
    /// They must say why.
    require_reason: Option<bool>,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "lowercase")]
#[expect(dead_code, reason = "only its shape is used")]
enum Severity {
    Error,
    Warning,
    Note,
    Off,
}

fn schema() -> Value {
    schemars::schema_for!(Policy).to_value()
}

/// `SNAPSHOTS=overwrite cargo test schema` writes it anew.
#[test]
fn the_schema_is_current() {
    let text = serde_json::to_string_pretty(&schema()).unwrap() + "\n";
    snapbox::Assert::new().action_env("SNAPSHOTS").eq(text, snapbox::file!["../../docs/schema/policy.json": Text]);
}

/// The words that a mistake lists after an unknown key.
fn known(section: &str) -> Vec<String> {
    let source = Source::new("dbguard.toml", format!("{section}\nqqqqqqqqqq = 1\n").into_bytes());
    let mistakes = parse(&source).mistakes;
    let help = mistakes.iter().find(|it| it.message.contains("qqqqqqqqqq")).and_then(|it| it.help.clone()).unwrap();
    let (_, listed) = help.split_once(" has ").unwrap();
    let mut words: Vec<String> = listed.split('`').skip(1).step_by(2).map(str::to_owned).collect();
    words.sort();
    words
}

fn properties(schema: &Value) -> Vec<String> {
    let mut names: Vec<String> = schema["properties"].as_object().unwrap().keys().cloned().collect();
    names.sort();
    names
}

#[test]
fn the_schema_has_every_key_that_the_reader_knows_and_no_other() {
    let schema = schema();
    assert_eq!(properties(&schema), known(""));
    for (section, definition) in [
        ("[primary]", "Primary"),
        ("[[specialised]]", "Specialised"),
        ("[[retired]]", "Retired"),
        ("[[external]]", "External"),
        ("[places]", "Places"),
        ("[python]", "Python"),
        ("[suppression]", "Suppression"),
    ] {
        assert_eq!(properties(&schema["$defs"][definition]), known(section), "{section}");
    }
}

#[test]
fn what_the_reader_takes_keeps_to_the_schema() {
    let validator = jsonschema::validator_for(&schema()).unwrap();
    for text in [
        "",
        "[primary]\npath = 'a.db'\n[[retired]]\npath = 'b.db'\ntables = { a = 'b' }\n[rules]\nlive-copy = 'off'\n",
        "[primary]\nengine = 'postgresql'\nurl-env = 'DATABASE_URL'\n[suppression]\nrequire-reason = true\n",
        "[[specialised]]\npath = 'c.db'\nallowed-in = ['x/**']\n[mounts]\n'/app' = '.'\n[places]\ntests = ['t/**']\n",
        "extend = 'base.toml'\n",
        "extend = ['base.toml']\n",
        "[rules]\nlive-copy = 'loud'\n",
        "[primary]\npath = 3\n",
        "[suppression]\nrequire-reason = 'yes'\n",
        "[[external]]\nowner = 'x'\n",
        "primary = 'a.db'\n",
    ] {
        let document: toml::Table = toml::from_str(text).unwrap();
        let takes = parse(&Source::new("dbguard.toml", text.as_bytes().to_vec())).mistakes.is_empty();
        assert_eq!(validator.is_valid(&serde_json::to_value(document).unwrap()), takes, "{text}");
    }
}
