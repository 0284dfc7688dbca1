//! What `fix` leaves to people: the findings that stay, together where the reason is the same.

use std::collections::BTreeMap;
use std::io::{self, Write};

use super::look::{FAINT, HEADING, Look, NAME, escape};
use crate::finding::Finding;
use crate::fix::Left;

/// Places of one reason that are listed before `-v` is asked for.
const PLACES: usize = 6;
/// Reasons that are listed before `-v` is asked for; those why something could not be rewritten are listed first.
const REASONS: usize = 30;

/// Writes each finding that could not be fixed with its reason; nothing where there is none. What `--unsafe` would fix is not
/// among them.
pub fn fix_left(left: &[Left], verbose: bool, look: &Look, out: &mut dyn Write) -> io::Result<()> {
    let groups = groups(left);
    if groups.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n{}", look.paint(HEADING, "Left as it is"))?;
    let (places, reasons) = if verbose { (usize::MAX, usize::MAX) } else { (PLACES, REASONS) };
    for group in groups.iter().take(reasons) {
        for finding in group.findings.iter().take(places) {
            let rule = look.paint(NAME, group.rule);
            writeln!(out, "  {} [{rule}]: {}", at(finding), escape(&group.words))?;
        }
        more(out, look, group.findings.len().saturating_sub(places), "places of this kind")?;
    }
    let rest: usize = groups.iter().skip(reasons).map(|group| group.findings.len()).sum();
    more(out, look, rest, "findings")
}

fn more(out: &mut dyn Write, look: &Look, left: usize, what: &str) -> io::Result<()> {
    if left == 0 {
        return Ok(());
    }
    let words = format!("and {left} more {what}; -v lists them, --output-format json has them all");
    writeln!(out, "  {}", look.paint(FAINT, &words))
}

fn at(finding: &Finding) -> String {
    let place = &finding.place;
    format!("{}:{}:{}", escape(&place.file), place.start.line, place.start.column)
}

/// Findings that stay for one reason.
struct Group<'a> {
    rule: &'a str,
    words: String,
    findings: Vec<&'a Finding>,
}

/// In the order of their first places; what could not be rewritten comes before what no remedy is known for.
fn groups(left: &[Left]) -> Vec<Group<'_>> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    let mut known: BTreeMap<(&str, String), usize> = BTreeMap::new();
    let (refused, others): (Vec<&Left>, Vec<&Left>) =
        left.iter().filter(|left| left.needs.is_none()).partition(|left| left.reason.is_some());
    for left in refused.into_iter().chain(others) {
        let finding = &left.finding;
        let words = match (&left.reason, &finding.help) {
            (Some(reason), _) => reason.clone(),
            (None, Some(help)) => format!("{}: {help}", finding.message),
            (None, None) => finding.message.to_string(),
        };
        let number = *known.entry((&finding.rule, words.clone())).or_insert_with(|| {
            groups.push(Group { rule: &finding.rule, words, findings: Vec::new() });
            groups.len() - 1
        });
        groups.get_mut(number).into_iter().for_each(|group| group.findings.push(finding));
    }
    groups
}
