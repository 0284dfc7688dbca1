//! A migration for programs: `report.json`.

use std::io::{self, Write};

use super::migrate_record::Migration;
use crate::migrate::run::Report;

/// Writes the report of a run as one JSON document, version 1.
pub fn migration_json(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, &Migration::of(report))?;
    writeln!(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `SNAPSHOTS=overwrite cargo test schema` writes it anew.
    #[test]
    fn the_schema_is_current() {
        let schema = schemars::schema_for!(Migration<'_>);
        let text = serde_json::to_string_pretty(&schema).unwrap() + "\n";
        snapbox::Assert::new()
            .action_env("SNAPSHOTS")
            .eq(text, snapbox::file!["../../docs/schema/migration-v1.schema.json": Text]);
    }
}
