//! How many findings of each rule: a table for people, and the last line of a check.

use std::collections::BTreeMap;
use std::io::{self, Write};

use super::check_record::Summary;
use super::look::{BAD, CAUTION, GOOD, HEADING, Look, NAME, PLAIN, Side, Table, count, grouped};
use crate::finding::{Finding, Severity};

/// Writes a line for each rule with findings, the most frequent first.
pub fn statistics(findings: &[Finding], look: &Look, out: &mut dyn Write) -> io::Result<()> {
    let mut rules: BTreeMap<&str, (Severity, usize, std::collections::BTreeSet<&str>)> = BTreeMap::new();
    for finding in findings {
        let entry = rules.entry(&finding.rule).or_insert((finding.severity, 0, std::collections::BTreeSet::new()));
        entry.1 += 1;
        entry.2.insert(&finding.place.file);
    }
    if rules.is_empty() {
        return Ok(());
    }
    let mut rules: Vec<_> = rules.into_iter().collect();
    rules.sort_by_key(|(rule, (_, findings, _))| (std::cmp::Reverse(*findings), *rule));
    let mut table = Table::new(&[
        ("rule", Side::Left),
        ("severity", Side::Left),
        ("findings", Side::Right),
        ("files", Side::Right),
    ]);
    for (rule, (severity, findings, files)) in rules {
        let (style, word) = match severity {
            Severity::Error => (BAD, "error"),
            Severity::Warning => (CAUTION, "warning"),
            Severity::Note => (NAME, "note"),
        };
        table.row(vec![
            (rule.to_owned(), PLAIN),
            (word.to_owned(), style),
            (grouped(findings as u64), PLAIN),
            (grouped(files.len() as u64), PLAIN),
        ]);
    }
    write!(out, "{}", table.draw(look))
}

/// `3 errors, 1 warning in 2 files`.
#[must_use]
pub fn verdict(findings: &[Finding], look: &Look) -> String {
    let summary = Summary::of(findings);
    if findings.is_empty() {
        return look.paint(GOOD, "No findings.");
    }
    let mut words = Vec::new();
    for (number, one, many) in [
        (summary.errors, "error", "errors"),
        (summary.warnings, "warning", "warnings"),
        (summary.notes, "note", "notes"),
    ] {
        if number > 0 {
            words.push(count(number, one, many));
        }
    }
    look.paint(HEADING, &format!("{} in {}.", words.join(", "), count(summary.files, "file", "files")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::sample;

    #[test]
    fn rules_are_counted() {
        let look = Look { colour: false, width: None };
        let mut out = Vec::new();
        let mut findings = sample::findings();
        findings.push(findings[1].clone());
        statistics(&findings, &look, &mut out).unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "  rule            severity  findings  files\n  \
               dead-database   warning          2      1\n  \
               hardcoded-path  error            1      1\n"
        );
        assert_eq!(verdict(&findings, &look), "1 error, 2 warnings in 2 files.");
        assert_eq!(verdict(&[], &look), "No findings.");
    }
}
