//! The rules, a line each.

use std::io::{self, Write};

use super::look::{BAD, CAUTION, FAINT, HEADING, Look, NAME};
use crate::finding::Severity;
use crate::rules;

/// Writes each rule with its severity and what it finds, first those that need no policy.
pub fn rule_list(look: &Look, out: &mut dyn Write) -> io::Result<()> {
    let widest = rules::ids().map(str::len).max().unwrap_or(0);
    for (title, needs_policy) in [("Without a policy", false), ("With a policy", true)] {
        if needs_policy {
            writeln!(out)?;
        }
        writeln!(out, "{}", look.paint(HEADING, title))?;
        let mut cards: Vec<_> = rules::all().iter().map(|rule| &rule.card).collect();
        cards.retain(|card| card.needs_policy == needs_policy);
        cards.sort_by_key(|card| card.id);
        for card in cards {
            let (style, word) = match card.severity {
                Severity::Error => (BAD, "error"),
                Severity::Warning => (CAUTION, "warning"),
                Severity::Note => (NAME, "note"),
            };
            let line = format!("  {:widest$}  {}{}  ", card.id, look.paint(style, word), " ".repeat(7 - word.len()));
            writeln!(out, "{}", look.wrap(&format!("{line}{}", card.summary), widest + 13))?;
        }
    }
    writeln!(out, "\n{}", look.paint(FAINT, "`dbguard rule ID` explains one."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_has_its_line() {
        let mut out = Vec::new();
        rule_list(&Look { colour: false, width: Some(80) }, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        for id in rules::ids() {
            assert!(text.lines().any(|line| line.trim_start().starts_with(id)), "{id} is not in\n{text}");
        }
    }
}
