//! `check` as GitLab's code quality report.

use std::io::{self, Write};

use serde::Serialize;

use super::{Identified, Judged};
use crate::finding::Severity;

#[derive(Serialize)]
struct Issue<'a> {
    description: &'a str,
    check_name: &'a str,
    /// The same while the finding is the same, and no other finding's: GitLab drops what it has seen.
    fingerprint: String,
    severity: &'static str,
    location: Location,
}

#[derive(Serialize)]
struct Location {
    path: String,
    lines: Lines,
}

#[derive(Serialize)]
struct Lines {
    begin: u32,
    end: u32,
}

/// Writes the findings as one JSON list, the most severe first.
pub fn check_gitlab(judged: &Judged<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut issues = Vec::new();
    for Identified { finding, identity, .. } in judged.identified() {
        let path = judged.in_repository(&finding.place.file);
        let mut hasher = blake3::Hasher::new();
        hasher.update(identity.as_bytes()).update(path.as_bytes());
        issues.push(Issue {
            description: &finding.message,
            check_name: &finding.rule,
            fingerprint: hasher.finalize().to_hex().to_string(),
            severity: match finding.severity {
                Severity::Error => "major",
                Severity::Warning => "minor",
                Severity::Note => "info",
            },
            location: Location { path, lines: Lines { begin: finding.place.start.line, end: finding.place.end.line } },
        });
    }
    serde_json::to_writer_pretty(&mut *out, &issues)?;
    writeln!(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::{Finding, Fingerprint};
    use crate::output::sample;

    fn written(findings: &[Finding]) -> Vec<serde_json::Value> {
        let fingerprints: Vec<Fingerprint> = findings.iter().map(|it| Fingerprint::of(it, "x", None)).collect();
        let mut out = Vec::new();
        let judged = Judged { findings, fingerprints: &fingerprints, folder: "svc/", ..Judged::default() };
        check_gitlab(&judged, &mut out).unwrap();
        serde_json::from_slice(&out).unwrap()
    }

    #[test]
    fn what_gitlab_asks_for() {
        let issues = written(&sample::findings());
        assert_eq!(issues[0]["check_name"], "hardcoded-path");
        assert_eq!(issues[0]["severity"], "major");
        assert_eq!(issues[0]["location"]["lines"]["begin"], 3);
        assert_eq!(issues[1]["location"]["path"], "svc/data/a\nb.db");
    }

    #[test]
    fn a_finding_keeps_its_fingerprint_when_its_line_moves_and_no_two_share_one() {
        let mut findings = vec![sample::findings().remove(0); 2];
        let before = written(&findings);
        findings[0].place.start.line += 40;
        let after = written(&findings);
        let prints = |issues: &[serde_json::Value]| {
            issues.iter().map(|issue| issue["fingerprint"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(prints(&before), prints(&after));
        assert_ne!(prints(&before)[0], prints(&before)[1]);
    }
}
