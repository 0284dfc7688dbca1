//! `dbguard check --add-allow REASON`: a comment above each finding that allows it, in the syntax of its language.

use std::collections::BTreeMap;

use super::Session;
use super::failure::{Exit, Failure};
use super::gather::Gathered;
use super::report::save;
use crate::finding::Finding;
use crate::lang::write_allow;
use crate::output::escape;
use crate::text::apply;

/// Rules about the policy, the baseline and the comments themselves: those are mended, not allowed.
const OWN: [&str; 6] = [
    "invalid-policy",
    "unused-policy-entry",
    "stale-baseline",
    "unknown-suppression",
    "unused-suppression",
    "reasonless-suppression",
];

/// Writes the comments and says what came of it. Each file is replaced whole or left as it is.
pub(super) fn add_allow(
    findings: &[Finding],
    reason: &str,
    gathered: &Gathered,
    session: &Session<'_>,
) -> Result<Exit, Failure> {
    if reason.trim().is_empty() {
        return Err(Failure::usage(
            "a reason is missing",
            "--add-allow writes it behind each comment",
            "say why the findings may stay: --add-allow \"legacy import, gone by spring\"",
        ));
    }
    let mut files: BTreeMap<&str, BTreeMap<u32, Vec<&str>>> = BTreeMap::new();
    let mut refused: Vec<String> = Vec::new();
    for finding in findings {
        let place = &finding.place;
        let refuse = |why: &str| format!("{}:{}: {} {why}", place.file, place.start.line, finding.rule);
        if OWN.contains(&finding.rule.as_str()) {
            refused.push(refuse("is mended and not allowed"));
        } else if place.span.is_empty() {
            refused.push(refuse("is about the file as a whole, which has no line for a comment"));
        } else {
            let rules = files.entry(&place.file).or_default().entry(place.start.line).or_default();
            if !rules.contains(&finding.rule.as_str()) {
                rules.push(&finding.rule);
            }
        }
    }
    let mut written = 0;
    for (file, lines) in files {
        written += one_file(file, &lines, reason, gathered, &mut refused)?;
    }
    for line in &refused {
        session.warn(&escape(line));
    }
    if !refused.is_empty() {
        session.say(
            "what no comment can allow is set in the policy (`[rules]`), or accepted by `dbguard baseline create`",
        );
    }
    let words = if written == 1 { "1 comment".to_owned() } else { format!("{written} comments") };
    session.say(&format!("{words} written"));
    Ok(if refused.is_empty() { gathered.exit() } else { gathered.exit().max(Exit::Findings) })
}

/// Returns how many comments were written to the file.
fn one_file(
    file: &str,
    lines: &BTreeMap<u32, Vec<&str>>,
    reason: &str,
    gathered: &Gathered,
    refused: &mut Vec<String>,
) -> Result<usize, Failure> {
    let language = gathered.inventory.sources.iter().find(|source| source.path == file).map(|source| source.language);
    let (Some(source), Some(language)) = (gathered.source(file), language) else {
        refused
            .extend(lines.iter().map(|(line, rules)| format!("{file}:{line}: {} is in no source", rules.join(", "))));
        return Ok(0);
    };
    let mut edits = Vec::new();
    for (line, rules) in lines {
        match write_allow(&source, language, *line, rules, reason) {
            Ok(edit) => edits.push(edit),
            Err(refusal) => refused.push(format!("{file}:{line}: {} stays: {}", rules.join(", "), refusal.0)),
        }
    }
    if edits.is_empty() {
        return Ok(0);
    }
    let path = gathered.inventory.root.join(file);
    let bytes = apply(&source.text, &edits).ok().and_then(|text| source.encode(&text).ok());
    let Some(bytes) = bytes else {
        refused.push(format!("{file}: its encoding cannot hold the reason"));
        return Ok(0);
    };
    save(&path, |out| out.write_all(&bytes)).map_err(|error| Failure::unwritten(&path, &error))?;
    Ok(edits.len())
}
