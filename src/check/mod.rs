//! Inventory and policy become a report: every rule is asked, comments are heeded, one finding is kept for each cause.

mod added;
mod baseline;
mod fingerprint;
mod selection;
mod starter;

use std::collections::{BTreeMap, BTreeSet};

use crate::finding::{Finding, Severity};
use crate::policy::Policy;
use crate::rules::{self, Applied, Sink, allowed_by};
use crate::scan::Inventory;

pub use added::{Before, added};
pub use baseline::{Baseline, Broken, Change, Date, Entry, Present, date, parse as parse_baseline};
pub use fingerprint::fingerprints;
pub use selection::{Selection, UnknownRule};
pub use starter::starter;

/// What a check is asked to look at.
#[derive(Debug, Clone, Default)]
pub struct Options {
    pub selection: Selection,
    /// Files and folders, relative to the root; findings elsewhere are left out. Empty means everywhere.
    pub paths: Vec<String>,
    /// Comments that allow a rule are not heeded.
    pub no_ignores: bool,
}

/// What a check came to.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// In order of place.
    pub findings: Vec<Finding>,
    /// Findings that a comment in the source allows, in order of place.
    pub allowed: Vec<Finding>,
    /// How many findings each rule has; rules without any are left out.
    pub by_rule: BTreeMap<String, usize>,
    /// How many findings there are of each severity.
    pub by_severity: BTreeMap<Severity, usize>,
    /// Sources that were read and are among the paths asked for, sorted.
    pub files: Vec<String>,
    /// Rules that were asked.
    pub asked: Vec<&'static str>,
    /// Rules that had nothing to judge by, for want of a policy.
    pub without_policy: Vec<&'static str>,
}

impl Report {
    /// Counts the findings anew, after some were taken out.
    pub fn count(&mut self) {
        self.by_rule.clear();
        self.by_severity.clear();
        for finding in &self.findings {
            *self.by_rule.entry(finding.rule.clone()).or_default() += 1;
            *self.by_severity.entry(finding.severity).or_default() += 1;
        }
    }
}

/// Asks every rule. The order of what comes back depends on nothing but the facts.
#[must_use]
pub fn check(inventory: &Inventory, policy: &Policy, options: &Options) -> Report {
    let applied = Applied::new(inventory, policy);
    let mut report = Report::default();
    let mut findings = Vec::new();
    let mut shown = BTreeSet::new();
    for rule in rules::all() {
        let card = &rule.card;
        if card.needs_policy && !applied.is_there() {
            report.without_policy.push(card.id);
            continue;
        }
        let set = policy.rules.get(card.id).map(|severity| severity.value);
        // A rule that is off is asked all the same: whether a comment is of use does not hang on it.
        let severity = set.flatten().unwrap_or(card.severity);
        (rule.judge)(inventory, &applied, &mut Sink::new(card, severity, inventory, &mut findings));
        if options.selection.has(card.id) && set != Some(None) {
            shown.insert(card.id);
            report.asked.push(card.id);
        }
    }
    findings.retain(|finding| shown.contains(finding.rule.as_str()) && among(&finding.place.file, &options.paths));
    findings.sort_by(|one, other| key(one).cmp(&key(other)));
    // A place that can mean several databases is still one place to mend.
    findings.dedup_by(|later, first| {
        later.rule == first.rule && later.place == first.place && (!later.place.span.is_empty() || later == first)
    });
    let findings = one_for_each_cause(findings);
    (report.allowed, report.findings) = findings
        .into_iter()
        .partition(|it| !options.no_ignores && inventory.allows.iter().any(|by| allowed_by(it, by)));
    report.count();
    let files: BTreeSet<&str> = inventory.sources.iter().map(|source| source.path.as_str()).collect();
    report.files = files.into_iter().filter(|file| among(file, &options.paths)).map(str::to_owned).collect();
    report
}

fn key(finding: &Finding) -> (&crate::text::Place, &str, &str) {
    (&finding.place, &finding.rule, &finding.message)
}

fn among(file: &str, paths: &[String]) -> bool {
    paths.is_empty()
        || paths.iter().any(|path| {
            let path = path.trim_start_matches("./").trim_end_matches('/');
            path.is_empty()
                || path == "."
                || file.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
}

/// Drops a finding where a rule it yields to speaks of the same place.
fn one_for_each_cause(findings: Vec<Finding>) -> Vec<Finding> {
    let mut by_file: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (index, finding) in findings.iter().enumerate() {
        by_file.entry(&finding.place.file).or_default().push(index);
    }
    let mut dropped = BTreeSet::new();
    for (index, finding) in findings.iter().enumerate() {
        let Some(card) = rules::card(&finding.rule).filter(|card| !card.yields_to.is_empty()) else { continue };
        let beside = by_file.get(&*finding.place.file).into_iter().flatten().filter_map(|index| findings.get(*index));
        let better = |other: &Finding| card.yields_to.contains(&other.rule) && same_place(finding, other);
        if beside.into_iter().any(better) {
            dropped.insert(index);
        }
    }
    findings.into_iter().enumerate().filter(|(index, _)| !dropped.contains(index)).map(|(_, finding)| finding).collect()
}

/// The same text, or one within the other; files as a whole are met only by themselves.
fn same_place(one: &Finding, other: &Finding) -> bool {
    let (one, other) = (&one.place, &other.place);
    one.file == other.file
        && (one.span == other.span
            || !one.span.is_empty()
                && !other.span.is_empty()
                && (one.span.contains(other.span) || other.span.contains(one.span)))
}

#[cfg(test)]
pub(crate) mod laws_tests;
#[cfg(test)]
mod tests;
