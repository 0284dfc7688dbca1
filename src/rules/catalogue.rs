//! The rules as a book: one page for each, and the list that `rules/README.md` holds.

use std::fmt::Write;

use super::card::{Card, Example, Examples, Fixable};
use crate::finding::Severity;

/// One rule, explained, in Markdown.
#[must_use]
pub fn page(card: &Card) -> String {
    let mut out = format!("# {}\n\n{}.\n\n", card.id, card.summary);
    let needs = if card.needs_policy { "needs a policy" } else { "needs no policy" };
    let fix = match card.fix {
        Fixable::None => "no automatic fix",
        Fixable::Unsafe => "fix: unsafe",
        Fixable::Safe => "fix: safe",
    };
    out.push_str(&format!("{} · {needs} · {fix}\n\n{}\n", severity(card.severity), card.why.trim()));
    if let Some(help) = &card.help {
        out.push_str(&format!("\nWhat to do: {help}.\n"));
    }
    if !card.yields_to.is_empty() {
        out.push_str(&format!(
            "\nSilent where one of these speaks of the same place: `{}`.\n",
            card.yields_to.join("`, `")
        ));
    }
    let Examples { bad, good } = card.examples().unwrap_or_default();
    for (title, examples) in [("What it finds", bad), ("What it leaves alone", good)] {
        if !examples.is_empty() {
            out.push_str(&format!("\n## {title}\n"));
        }
        for example in &examples {
            out.push_str(&show(example));
        }
    }
    out.push_str(&format!("\nTo allow one place: `# dbguard: allow[{}] reason`.\n", card.id));
    out
}

fn show(example: &Example) -> String {
    let mut out = String::new();
    if let Some(note) = &example.note {
        out.push_str(&format!("\n{note}\n"));
    }
    for (path, text) in &example.files {
        let tracked = if example.tracked.contains(path) { " (tracked by git)" } else { "" };
        let language = match path.rsplit_once('.').map(|(_, ending)| ending) {
            Some("py") => "python",
            Some("yml" | "yaml") => "yaml",
            Some("toml") => "toml",
            Some("sh") => "sh",
            Some("js") => "js",
            Some("db" | "sqlite" | "sqlite3") => "sql",
            _ => "",
        };
        out.push_str(&format!("\n`{path}`{tracked}\n"));
        if !text.trim().is_empty() {
            out.push_str(&format!("```{language}\n{}\n```\n", text.trim_end()));
        }
    }
    if !example.flags.is_empty() {
        let flags: Vec<String> = example.flags.iter().map(|flag| format!("`{flag}`")).collect();
        out.push_str(&format!("\nFlagged: {}.\n", flags.join(", ")));
    }
    out
}

/// `rules/README.md`.
#[must_use]
pub fn readme() -> String {
    let mut out = String::from(
        "# Rules\n\nMade from the cards in this folder by `dbguard::rules::readme`; a test holds it current. `dbguard rule ID` shows one with its examples.\n",
    );
    for (title, needs_policy) in [("Without a policy", false), ("With a policy", true)] {
        out.push_str(&format!("\n## {title}\n\n| rule | severity | fix | what it finds |\n|---|---|---|---|\n"));
        let mut cards: Vec<&Card> = super::all().iter().map(|rule| &rule.card).collect();
        cards.retain(|card| card.needs_policy == needs_policy);
        cards.sort_by_key(|card| card.id);
        for card in cards {
            let fix = match card.fix {
                Fixable::None => "–",
                Fixable::Unsafe => "unsafe",
                Fixable::Safe => "safe",
            };
            let (id, summary) = (card.id, &card.summary);
            // Writing to a string does not fail.
            let _ = writeln!(out, "| [{id}]({id}.toml) | {} | {fix} | {summary} |", severity(card.severity));
        }
    }
    out.push_str(
        "\n## One finding for each cause\n\nWhere two rules speak of the same place, the one that says it better is kept:\n\n| rule | is silent where these speak |\n|---|---|\n",
    );
    let mut cards: Vec<&Card> = super::all().iter().map(|rule| &rule.card).collect();
    cards.sort_by_key(|card| card.id);
    for card in cards.into_iter().filter(|card| !card.yields_to.is_empty()) {
        let _ = writeln!(out, "| {} | {} |", card.id, card.yields_to.join(", "));
    }
    out
}

fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}
