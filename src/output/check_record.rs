//! What `check` says to programs, version 1: findings as records with paths relative to the root.
//!
//! `docs/schema/check-v1.schema.json` is made from these types; a field may be added to version 1, never renamed or dropped.

use std::collections::BTreeMap;

use serde::Serialize;

use super::each::Each;
use super::scan_record::{Skipped, Where};
use crate::finding::{self, Fingerprint, Remedy, Severity};

/// One judgement of the inventory by the policy.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(title = "dbguard check, version 1"))]
pub(super) struct Check<'a> {
    /// Always 1.
    pub(super) version: u32,
    /// The dbguard that wrote this.
    pub(super) dbguard: &'static str,
    /// The policy file, where there is one.
    pub(super) policy: Option<String>,
    pub(super) summary: Summary,
    #[cfg_attr(test, schemars(with = "Vec<Finding>"))]
    pub(super) findings: Each<'a, finding::Finding, Finding>,
    /// What was not read, with the reason.
    pub(super) skipped: Vec<Skipped>,
}

#[derive(Debug, Default, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Summary {
    pub(super) errors: usize,
    pub(super) warnings: usize,
    pub(super) notes: usize,
    /// Files with findings.
    pub(super) files: usize,
    /// Findings by rule.
    pub(super) by_rule: BTreeMap<String, usize>,
}

/// One rule broken in one place. In `json-lines` each line is one of these.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Finding {
    #[serde(flatten)]
    pub(super) place: Where,
    pub(super) rule: String,
    pub(super) severity: Severity,
    pub(super) message: String,
    /// What to do about it.
    pub(super) help: Option<String>,
    /// Places that follow from it or forbid it.
    pub(super) labels: Vec<Label>,
    /// The database it is about, as the scan names it.
    pub(super) database: Option<String>,
    /// The same for the same finding after lines have moved or its file was renamed; findings that say the same have the same.
    pub(super) fingerprint: Option<Fingerprint>,
    /// What would mend it.
    pub(super) remedy: Option<Remedy>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Label {
    #[serde(flatten)]
    pub(super) place: Where,
    pub(super) text: String,
}

impl Finding {
    pub(super) fn of(finding: &finding::Finding, fingerprint: Option<&Fingerprint>) -> Self {
        Self {
            place: Where::of(&finding.place),
            rule: finding.rule.clone(),
            severity: finding.severity,
            message: finding.message.to_string(),
            help: finding.help.as_deref().map(str::to_owned),
            labels: finding
                .labels
                .iter()
                .map(|label| Label { place: Where::of(&label.place), text: label.text.to_string() })
                .collect(),
            database: finding.database.as_deref().map(str::to_owned),
            fingerprint: fingerprint.cloned(),
            remedy: finding.remedy.clone(),
        }
    }
}

impl Summary {
    pub(super) fn of(findings: &[finding::Finding]) -> Self {
        let mut summary = Self::default();
        let mut files = std::collections::BTreeSet::new();
        for finding in findings {
            match finding.severity {
                Severity::Error => summary.errors += 1,
                Severity::Warning => summary.warnings += 1,
                Severity::Note => summary.notes += 1,
            }
            files.insert(&finding.place.file);
            *summary.by_rule.entry(finding.rule.clone()).or_default() += 1;
        }
        summary.files = files.len();
        summary
    }
}
