//! `fix` for programs: one JSON document.

use std::io::{self, Write};

use super::Fixed;
use super::each::Each;
use super::fix_record as record;
use crate::output::shown;

/// Writes what a fix comes to as one JSON document, version 1.
pub fn fix_json(fixed: &Fixed<'_>, out: &mut dyn Write) -> io::Result<()> {
    let document = record::Run {
        version: 1,
        dbguard: env!("CARGO_PKG_VERSION"),
        policy: fixed.policy_file.map(|file| shown(fixed.root, file)),
        written: fixed.written,
        summary: record::Summary::of(fixed.patches),
        files: Each::of(&fixed.patches.patches, |_, patch| record::File::of(patch)),
        left: Each::of(&fixed.patches.left, |_, left| record::Stays::of(left)),
        unsaved: fixed
            .unsaved
            .iter()
            .map(|it| record::Unsaved { file: it.file.clone(), reason: it.reason.clone() })
            .collect(),
    };
    serde_json::to_writer_pretty(&mut *out, &document)?;
    writeln!(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `SNAPSHOTS=overwrite cargo test schema` writes it anew.
    #[test]
    fn the_schema_is_current() {
        let schema = schemars::schema_for!(record::Run<'_>);
        let text = serde_json::to_string_pretty(&schema).unwrap() + "\n";
        snapbox::Assert::new()
            .action_env("SNAPSHOTS")
            .eq(text, snapbox::file!["../../docs/schema/fix-v1.schema.json": Text]);
    }
}
