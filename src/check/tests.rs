//! The laws of a report, on inventories made by hand.

use std::sync::Arc;

use super::*;
use crate::lang::{Allow, Confidence, Language, Reference, Role, Value, allows};
use crate::policy;
use crate::scan::{Context, Database, DatabaseId, Linked, SourceInfo, Tracking};
use crate::text::{Place, Source, Span};

/// One source, with a reference to a database at each of some words.
struct Scene {
    inventory: Inventory,
}

fn place(source: &Source, words: &str, nth: usize) -> Place {
    let at = source.text.match_indices(words).nth(nth).unwrap().0;
    source.place(Span::new(at, at + words.len()))
}

impl Scene {
    fn new(databases: &[&str]) -> Self {
        let database = |path: &&str| Database {
            name: path.rsplit('/').next().unwrap().to_owned(),
            path: (*path).to_owned(),
            engine: crate::lang::Engine::Sqlite,
            spellings: Vec::new(),
            file: None,
            tracking: Tracking::default(),
            temporary: false,
            is_pattern: false,
        };
        Self { inventory: Inventory { databases: databases.iter().map(database).collect(), ..Inventory::default() } }
    }

    fn source(mut self, path: &str, text: &str, facts: &[(&str, usize, Role, &str)]) -> Self {
        let source = Source::new(path, text.as_bytes().to_vec());
        for &(words, nth, role, path) in facts {
            let at = place(&source, words, nth);
            // The literal is the cause of every name that stands for it.
            let origin = place(&source, &format!("\"{path}\""), 0);
            let database = self.inventory.databases.iter().position(|it| it.path == path).map(DatabaseId);
            self.inventory.references.push(Linked {
                fact: Reference {
                    place: at,
                    role,
                    values: [Value::text(path).with_origin(origin)].into(),
                    construct: "sqlite3.connect".into(),
                    language: Language::Python,
                    confidence: Confidence::High,
                    name: None,
                    symbol: None,
                    generated: false,
                },
                databases: database.into_iter().collect(),
                context: Context::Code,
            });
        }
        let found: Vec<Allow> = allows(&source, Language::Python);
        self.inventory.allows.extend(found);
        self.inventory.sources.push(SourceInfo {
            path: path.to_owned(),
            language: Language::Python,
            context: Context::Code,
            digest: 0,
        });
        self
    }

    fn check(&self, policy: &str, options: &Options) -> Vec<String> {
        let policy = match policy {
            "" => Policy::default(),
            text => policy::parse(&Source::new(Arc::from("dbguard.toml"), text.as_bytes().to_vec())),
        };
        let line = |it: &Finding| format!("{}:{} {}", it.place.file, it.place.start.line, it.rule);
        check(&self.inventory, &policy, options).findings.iter().map(line).collect()
    }
}

const POLICY: &str = "[primary]\npath = 'data/zoe.db'\n[[retired]]\npath = 'auth.db'\n";
const CODE: &str = "DB = \"data/zoe.db\"\na = connect(DB)\nb = connect(DB)\nc = connect(\"auth.db\")\n";

fn scene() -> Scene {
    Scene::new(&["auth.db", "data/zoe.db"]).source(
        "app.py",
        CODE,
        &[
            ("\"data/zoe.db\"", 0, Role::Binds, "data/zoe.db"),
            ("DB", 1, Role::Opens, "data/zoe.db"),
            ("DB", 2, Role::Opens, "data/zoe.db"),
            ("\"auth.db\"", 0, Role::Opens, "auth.db"),
        ],
    )
}

#[test]
fn case_1_a_constant_that_is_opened_twice_is_one_finding_with_two_labels() {
    let scene = scene();
    assert_eq!(scene.check(POLICY, &Options::default()), ["app.py:1 hardcoded-path", "app.py:4 forbidden-database"]);
    let policy = policy::parse(&Source::new("dbguard.toml", POLICY.as_bytes().to_vec()));
    let report = check(&scene.inventory, &policy, &Options::default());
    let labels: Vec<_> = report.findings[0].labels.iter().map(|it| (it.place.start.line, &*it.text)).collect();
    assert_eq!(labels, [(2, "opened here"), (3, "opened here"), (2, "the policy gives the path here")]);
    assert_eq!(report.by_severity, BTreeMap::from([(Severity::Error, 2)]));
    assert_eq!(report.files, ["app.py"]);
    assert!(report.without_policy.is_empty());
}

#[test]
fn without_a_policy_the_rules_that_need_none_speak() {
    let scene = scene();
    assert_eq!(scene.check("", &Options::default()), ["app.py:1 cwd-relative-path", "app.py:4 cwd-relative-path"]);
    let report = check(&scene.inventory, &Policy::default(), &Options::default());
    assert!(report.without_policy.contains(&"hardcoded-path") && !report.asked.contains(&"hardcoded-path"));
}

#[test]
fn a_rule_that_is_off_is_silent_and_nothing_yields_to_it() {
    let off = format!("{POLICY}[rules]\nhardcoded-path = 'off'\nforbidden-database = 'warning'\n");
    assert_eq!(scene().check(&off, &Options::default()), ["app.py:1 cwd-relative-path", "app.py:4 forbidden-database"]);
}

#[test]
fn paths_and_selections_leave_the_rest_out() {
    let only = |select: &str, paths: &[&str]| Options {
        selection: Selection::new(&[select.to_owned()], &[]).unwrap(),
        paths: paths.iter().map(|path| (*path).to_owned()).collect(),
        no_ignores: false,
    };
    assert_eq!(scene().check(POLICY, &only("forbidden-database", &[])), ["app.py:4 forbidden-database"]);
    assert_eq!(scene().check(POLICY, &only("all", &["./app.py"])).len(), 2);
    assert_eq!(scene().check(POLICY, &only("all", &["app"])), Vec::<String>::new());
}

#[test]
fn comments_allow_and_useless_ones_are_told() {
    let code = "# dbguard: allow[hardcoded-path] moved next week\nDB = \"data/zoe.db\"\na = connect(DB)\n\
                # dbguard: allow[hardcoded-pth]\nx = 1  # dbguard: allow[split-table]\n";
    let scene = Scene::new(&["data/zoe.db"]).source(
        "app.py",
        code,
        &[("\"data/zoe.db\"", 0, Role::Binds, "data/zoe.db"), ("DB", 1, Role::Opens, "data/zoe.db")],
    );
    assert_eq!(
        scene.check(POLICY, &Options::default()),
        ["app.py:4 unknown-suppression", "app.py:5 unused-suppression"]
    );
    let policy = policy::parse(&Source::new("dbguard.toml", POLICY.as_bytes().to_vec()));
    let report = check(&scene.inventory, &policy, &Options::default());
    assert_eq!(report.allowed.iter().map(|it| it.rule.as_str()).collect::<Vec<_>>(), ["hardcoded-path"]);
}

#[test]
fn mistakes_of_the_policy_are_findings() {
    let policy = "[primary]\npath = 'data/zoe.db'\nenvv = 'X'\n[rules]\nhardcoded-paths = 'off'\n[[external]]\npath = 'n8n.db'\n";
    assert_eq!(
        Scene::new(&["data/zoe.db"]).check(policy, &Options::default()),
        [
            "dbguard.toml:2 unused-policy-entry",
            "dbguard.toml:3 invalid-policy",
            "dbguard.toml:5 invalid-policy",
            "dbguard.toml:7 unused-policy-entry",
        ]
    );
}
