//! `check` as SARIF 2.1.0, for code scanning: always one run, its files named from the repository's top.

use std::collections::BTreeMap;
use std::io::{self, Write};

use super::sarif_record as sarif;
use super::{Identified, Judged, Lookup, severity_word};
use crate::finding::{Finding, Fix, Safety};
use crate::rules::{self, Card};
use crate::text::Place;
use crate::tree::Skipped;

/// Code scanning refuses a file with many more; the most severe are kept.
const MOST: usize = 5_000;
/// The root of the repository, as those who read SARIF call it.
const ROOT: &str = "%SRCROOT%";
const FINGERPRINT: &str = "dbguardFingerprint/v1";

/// Writes the findings as one SARIF log. The lookup is asked for the sources that fixes change.
pub fn check_sarif(judged: &Judged<'_>, lookup: &mut Lookup<'_>, out: &mut dyn Write) -> io::Result<()> {
    let all = judged.identified();
    let mut rules: Vec<sarif::Rule> = Vec::new();
    let mut index: BTreeMap<&str, usize> = BTreeMap::new();
    let mut results = Vec::new();
    for it in all.iter().take(MOST) {
        let at = *index.entry(&it.finding.rule).or_insert_with(|| {
            rules.push(rule(it.finding));
            rules.len() - 1
        });
        results.push(result(judged, it, at, lookup));
    }
    let mut notifications: Vec<sarif::Notification> = Vec::new();
    if all.len() > MOST {
        notifications.push(sarif::Notification {
            descriptor: sarif::Descriptor { id: "truncated" },
            level: "warning",
            message: text(format!("{MOST} of {} findings are in this file, the most severe first", all.len())),
            locations: Vec::new(),
        });
    }
    notifications.extend(judged.skipped.iter().filter(|it| !it.by_design).map(|it| skipped(judged, it)));
    let folder = judged.folder.trim_matches('/');
    let log = sarif::Log {
        schema: "https://json.schemastore.org/sarif-2.1.0.json",
        version: "2.1.0",
        runs: [sarif::Run {
            tool: sarif::Tool {
                driver: sarif::Driver {
                    name: "dbguard",
                    version: env!("CARGO_PKG_VERSION"),
                    semantic_version: env!("CARGO_PKG_VERSION"),
                    rules,
                },
            },
            automation_details: sarif::AutomationDetails {
                id: if folder.is_empty() { "dbguard/".to_owned() } else { format!("dbguard/{folder}/") },
            },
            invocations: [sarif::Invocation {
                execution_successful: true,
                tool_execution_notifications: notifications,
            }],
            original_uri_base_ids: BTreeMap::from([(
                ROOT,
                sarif::BaseId { description: text("the root of the repository") },
            )]),
            column_kind: "unicodeCodePoints",
            results,
        }],
    };
    serde_json::to_writer_pretty(&mut *out, &log)?;
    writeln!(out)
}

fn result(judged: &Judged<'_>, it: &Identified<'_>, rule_index: usize, lookup: &mut Lookup<'_>) -> sarif::Result {
    let finding = it.finding;
    let message = match &finding.help {
        Some(help) => format!("{}\nhelp: {help}", finding.message),
        None => finding.message.to_string(),
    };
    sarif::Result {
        rule_id: finding.rule.clone(),
        rule_index,
        level: severity_word(finding.severity),
        message: text(message),
        locations: vec![location(judged, &finding.place)],
        related_locations: finding
            .labels
            .iter()
            .enumerate()
            .map(|(id, label)| sarif::Location {
                id: Some(id),
                message: Some(text(&*label.text)),
                ..location(judged, &label.place)
            })
            .collect(),
        partial_fingerprints: BTreeMap::from([(FINGERPRINT, it.identity.clone())]),
        fixes: it.fix.and_then(|fix| self::fix(judged, fix, lookup)).into_iter().collect(),
    }
}

/// A fix as replacements of text; `None` where a file that it changes cannot be read, or it is more than edits.
fn fix(judged: &Judged<'_>, fix: &Fix, lookup: &mut Lookup<'_>) -> Option<sarif::Fix> {
    let mut changes: Vec<sarif::ArtifactChange> = Vec::new();
    for edits in fix.edits.chunk_by(|one, other| one.file == other.file) {
        let file = &edits.first()?.file;
        let source = lookup(file)?;
        let replacements = edits.iter().map(|it| sarif::Replacement {
            deleted_region: region(&source.place(it.edit.span)),
            inserted_content: text(it.edit.text.as_str()),
        });
        changes.push(sarif::ArtifactChange {
            artifact_location: artifact(&judged.in_repository(file)),
            replacements: replacements.collect(),
        });
    }
    let title = match fix.safety {
        Safety::Safe => fix.title.clone(),
        Safety::Unsafe => format!("{} (unsafe: {})", fix.title, fix.why),
    };
    (!changes.is_empty()).then(|| sarif::Fix { description: text(title), artifact_changes: changes })
}

fn rule(finding: &Finding) -> sarif::Rule {
    let words = |words: fn(&Card) -> String| rules::card(&finding.rule).map(words).unwrap_or_default();
    sarif::Rule {
        id: finding.rule.clone(),
        short_description: text(words(|card| card.summary.clone())),
        full_description: text(words(|card| card.why.trim().to_owned())),
        help: sarif::Markdown { text: words(|card| card.why.trim().to_owned()), markdown: words(rules::page) },
        default_configuration: sarif::Configuration {
            level: rules::card(&finding.rule).map_or("warning", |card| severity_word(card.severity)),
        },
    }
}

fn skipped(judged: &Judged<'_>, skipped: &Skipped) -> sarif::Notification {
    sarif::Notification {
        descriptor: sarif::Descriptor { id: "skipped" },
        level: "note",
        message: text(format!("not read: {}", skipped.reason)),
        locations: vec![location(judged, &Place::whole(skipped.path.as_str().into()))],
    }
}

fn location(judged: &Judged<'_>, place: &Place) -> sarif::Location {
    // A file as a whole has its first line, for code scanning shows nothing without one.
    let top = sarif::Region { start_line: place.start.line, start_column: None, end_line: None, end_column: None };
    sarif::Location {
        id: None,
        physical_location: sarif::PhysicalLocation {
            artifact_location: artifact(&judged.in_repository(&place.file)),
            region: if place.span.is_empty() { top } else { region(place) },
        },
        message: None,
    }
}

fn region(place: &Place) -> sarif::Region {
    sarif::Region {
        start_line: place.start.line,
        start_column: Some(place.start.column),
        end_line: Some(place.end.line),
        end_column: Some(place.end.column),
    }
}

fn artifact(file: &str) -> sarif::ArtifactLocation {
    if file.starts_with('/') {
        return sarif::ArtifactLocation { uri: format!("file://{}", encoded(file)), uri_base_id: None };
    }
    sarif::ArtifactLocation { uri: encoded(file), uri_base_id: Some(ROOT) }
}

/// A path as a part of a URI, RFC 3986.
fn encoded(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => out.push(char::from(byte)),
            byte => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

fn text(text: impl Into<String>) -> sarif::Text {
    sarif::Text { text: text.into() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::{FileEdit, Fingerprint, Severity};
    use crate::output::sample;
    use crate::text::Edit;
    use serde_json::Value;

    fn written(findings: &[Finding]) -> Value {
        with_fixes(findings, &[])
    }

    fn with_fixes(findings: &[Finding], fixes: &[Option<Fix>]) -> Value {
        let fingerprints: Vec<Fingerprint> = findings.iter().map(|it| Fingerprint::of(it, "x", None)).collect();
        let mut out = Vec::new();
        let judged = Judged { findings, fingerprints: &fingerprints, fixes, folder: "svc/", ..Judged::default() };
        check_sarif(&judged, &mut sample::source, &mut out).unwrap();
        serde_json::from_slice(&out).unwrap()
    }

    #[test]
    fn files_are_uris_from_the_top_of_the_repository() {
        let log = written(&sample::findings());
        let run = &log["runs"][0];
        let at = |index: usize| &run["results"][index]["locations"][0]["physicalLocation"];
        assert_eq!(at(0)["artifactLocation"]["uri"], "svc/services/auth.py");
        assert_eq!(at(0)["region"]["endColumn"], 25);
        assert_eq!(at(1)["artifactLocation"]["uri"], "svc/data/a%0Ab.db");
        assert_eq!(at(1)["artifactLocation"]["uriBaseId"], "%SRCROOT%");
        assert_eq!(at(1)["region"], serde_json::json!({"startLine": 1}));
        assert_eq!(run["automationDetails"]["id"], "dbguard/svc/");
        assert_eq!(run["results"][0]["relatedLocations"][1]["message"]["text"], "retired here");
    }

    #[test]
    fn a_fix_is_a_replacement_of_text() {
        let findings = sample::findings();
        let edit = Edit { span: findings[0].place.span, text: "os.environ[\"DATABASE_PATH\"]".to_owned() };
        let fix = Fix {
            title: "read `DATABASE_PATH`".to_owned(),
            safety: Safety::Safe,
            why: "the same path".to_owned(),
            edits: vec![FileEdit { file: "services/auth.py".into(), edit }],
        };
        let log = with_fixes(&findings, &[Some(fix), None]);
        assert_eq!(
            log["runs"][0]["results"][0]["fixes"],
            serde_json::json!([{
                "description": {"text": "read `DATABASE_PATH`"},
                "artifactChanges": [{
                    "artifactLocation": {"uri": "svc/services/auth.py", "uriBaseId": "%SRCROOT%"},
                    "replacements": [{
                        "deletedRegion": {"startLine": 3, "startColumn": 11, "endLine": 3, "endColumn": 25},
                        "insertedContent": {"text": "os.environ[\"DATABASE_PATH\"]"},
                    }],
                }],
            }])
        );
        assert_eq!(log["runs"][0]["results"][1].get("fixes"), None);
    }

    #[test]
    fn no_two_results_share_a_fingerprint() {
        let log = written(&vec![sample::findings().remove(0); 3]);
        let print = |index: usize| log["runs"][0]["results"][index]["partialFingerprints"][FINGERPRINT].clone();
        assert!(print(0) != print(1) && print(1) != print(2) && print(0) != print(2));
    }

    #[test]
    fn more_than_code_scanning_takes_are_cut_with_a_note_the_most_severe_kept() {
        let mut findings = vec![sample::findings().remove(1); MOST + 7];
        findings[MOST + 6].severity = Severity::Error;
        let log = written(&findings);
        let run = &log["runs"][0];
        assert_eq!(run["results"].as_array().unwrap().len(), MOST);
        assert_eq!(run["results"][0]["level"], "error");
        let note = &run["invocations"][0]["toolExecutionNotifications"][0];
        assert_eq!(note["descriptor"]["id"], "truncated");
        assert_eq!(note["message"]["text"], "5000 of 5007 findings are in this file, the most severe first");
    }

    #[test]
    fn every_byte_that_is_not_plain_is_encoded() {
        assert_eq!(encoded("a b/%::,ü.db"), "a%20b/%25%3A%3A%2C%C3%BC.db");
    }
}
