//! `check` for programs: one JSON document, or one finding a line.

use std::io::{self, Write};

use super::Judged;
use super::check_record as record;
use super::each::Each;
use super::scan_record::Skipped;
use crate::output::shown;

/// Writes the findings as one JSON document, version 1.
pub fn check_json(judged: &Judged<'_>, out: &mut dyn Write) -> io::Result<()> {
    let document = record::Check {
        version: 1,
        dbguard: env!("CARGO_PKG_VERSION"),
        policy: judged.policy_file.map(|file| shown(judged.root, file)),
        summary: record::Summary::of(judged.findings),
        findings: Each::of(judged.findings, |index, finding| {
            record::Finding::of(finding, judged.fingerprints.get(index))
        }),
        skipped: judged
            .skipped
            .iter()
            .filter(|skipped| !skipped.by_design)
            .map(|skipped| Skipped { path: shown(judged.root, &skipped.path), reason: skipped.reason.clone() })
            .collect(),
    };
    serde_json::to_writer_pretty(&mut *out, &document)?;
    writeln!(out)
}

/// Writes each finding as one line of JSON.
pub fn check_json_lines(judged: &Judged<'_>, out: &mut dyn Write) -> io::Result<()> {
    for (index, finding) in judged.findings.iter().enumerate() {
        serde_json::to_writer(&mut *out, &record::Finding::of(finding, judged.fingerprints.get(index)))?;
        writeln!(out)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::sample;

    /// `SNAPSHOTS=overwrite cargo test schema` writes it anew.
    #[test]
    fn the_schema_is_current() {
        let schema = schemars::schema_for!(record::Check<'_>);
        let text = serde_json::to_string_pretty(&schema).unwrap() + "\n";
        snapbox::Assert::new()
            .action_env("SNAPSHOTS")
            .eq(text, snapbox::file!["../../docs/schema/check-v1.schema.json": Text]);
    }

    #[test]
    fn a_line_is_a_finding_of_the_document() {
        let findings = sample::findings();
        let judged = Judged { findings: &findings, ..Judged::default() };
        let (mut document, mut lines) = (Vec::new(), Vec::new());
        check_json(&judged, &mut document).unwrap();
        check_json_lines(&judged, &mut lines).unwrap();
        let document: serde_json::Value = serde_json::from_slice(&document).unwrap();
        let lines: Vec<serde_json::Value> =
            String::from_utf8(lines).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(document["findings"].as_array().unwrap(), &lines);
        assert_eq!(document["summary"]["errors"], 1);
        assert_eq!(lines[0]["remedy"]["kind"], "use-environment");
        assert_eq!(lines[0]["labels"][1]["file"], "dbguard.toml");
    }
}
