//! What the program prints for programs is what its schema says.

use serde_json::Value;

use crate::sandbox::{Sandbox, project};

/// Asserts that a document keeps to a schema of `docs/schema/`.
pub(crate) fn assert_valid(schema: &str, document: &Value) {
    let schema: Value = serde_json::from_str(&project(schema)).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let errors: Vec<String> =
        validator.iter_errors(document).map(|error| format!("{}: {error}", error.instance_path)).collect();
    assert!(errors.is_empty(), "{errors:#?}");
}

#[test]
fn a_scan_keeps_to_its_schema() {
    let sandbox = Sandbox::new()
        .file("app.py", "import sqlite3\nc = sqlite3.connect('data/zoe.db')\nc.execute('SELECT id FROM users')\n")
        .file("docker-compose.yml", "services:\n  a:\n    environment:\n      DATABASE_PATH: /app/data/zoe.db\n    volumes: ['./data:/app/data']\n")
        .database("data/zoe.db", "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT); INSERT INTO users VALUES (1, 'a')");
    assert_valid("docs/schema/scan-v1.schema.json", &sandbox.scan());
}
