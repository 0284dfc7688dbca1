//! Python as it is written: HARD-CASES, each named by its number.

use std::sync::Arc;

use super::lower;
use crate::lang::program::Program;
use crate::lang::{Facts, Role, Value};
use crate::text::Source;

/// The facts of the first file, with the others as its neighbours.
fn facts(files: &[(&str, &str)]) -> Facts {
    let module = |path: &str, text: &str| lower(Arc::new(Source::new(path, text.as_bytes().to_vec())));
    let paths = files.iter().map(|(path, _)| Arc::from(*path)).collect();
    let modules = files.iter().map(|(path, text)| module(path, text)).collect();
    let program = Program::new(paths, modules, Vec::new(), &|_| None);
    let opened = program.main().iter().flat_map(|&at| program.opened(at)).collect();
    program.facts(0, &opened)
}

/// One line for each reference: `line role path [env..]`, alternatives joined by `|`.
fn told(files: &[(&str, &str)]) -> Vec<String> {
    facts(files)
        .references
        .iter()
        .map(|reference| {
            let role = match reference.role {
                Role::Opens => "opens",
                Role::Binds => "binds",
                Role::Configures => "configures",
                Role::Mentions => "mentions",
            };
            let mut words: Vec<String> = Vec::new();
            let paths: Vec<String> = reference.values.iter().map(Value::pattern).collect();
            words.push(format!("{}:{} {role}", reference.place.start.line, reference.place.start.column));
            words.push(if paths.is_empty() { "?".into() } else { paths.join("|") });
            let mut envs: Vec<&str> = reference.values.iter().flat_map(Value::envs).collect();
            envs.dedup();
            words.extend(envs.into_iter().map(|env| format!("[{env}]")));
            words.join(" ")
        })
        .collect()
}

fn python(text: &str) -> Vec<String> {
    told(&[("app/main.py", text)])
}

#[test]
fn case_1_a_constant_opened_many_times() {
    let found = python(
        "import os, sqlite3\nDB = os.getenv('DATABASE_PATH', '/app/data/zoe.db')\ndef a():\n    return sqlite3.connect(DB)\ndef b():\n    with sqlite3.connect(DB) as c:\n        pass\n",
    );
    assert_eq!(
        found,
        [
            "2:33 binds /app/data/zoe.db [DATABASE_PATH]",
            "4:28 opens /app/data/zoe.db [DATABASE_PATH]",
            "6:26 opens /app/data/zoe.db [DATABASE_PATH]"
        ]
    );
}

#[test]
fn case_2_a_parameter_default_stored_on_self() {
    let found = python(
        "import sqlite3\nfrom pathlib import Path\nclass S:\n    def __init__(self, db_path='x.db'):\n        self.db_path = Path(db_path)\n    def go(self):\n        return sqlite3.connect(str(self.db_path))\n",
    );
    assert_eq!(found, ["4:32 binds x.db", "7:32 opens x.db"]);
}
