//! `# dbguard: allow[rule] reason`, in the comment syntax of any language. Knows no rule.

use std::sync::LazyLock;

use regex::Regex;

use super::Language;
use crate::text::{Place, Source, Span};

/// Bytes that every source with an allowance holds: a cheap test before [`allows`].
pub const ALLOW_MARK: &str = "dbguard:";

/// One rule that a comment silences for one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allow {
    /// The rule's id within the comment.
    pub place: Place,
    pub rule: String,
    pub reason: Option<String>,
    /// The line it speaks for: its own, or the next one when the comment stands alone.
    pub line: u32,
}

static MARK: LazyLock<Regex> = LazyLock::new(|| regex(r"dbguard:[ \t]*allow\[([^\]\r\n]*)\]"));

/// A constant pattern; each test below compiles it.
#[expect(clippy::unwrap_used, reason = "a constant pattern, compiled by a test")]
fn regex(pattern: &str) -> Regex {
    Regex::new(pattern).unwrap()
}

/// The allowances of a source, in order.
#[must_use]
pub fn allows(source: &Source, language: Language) -> Vec<Allow> {
    let mut found = Vec::new();
    if !source.text.contains(ALLOW_MARK) || super::is_written_by_tools(&source.path) {
        return found;
    }
    for hit in MARK.captures_iter(&source.text) {
        let (Some(whole), Some(ids)) = (hit.get(0), hit.get(1)) else { continue };
        let start = source.position(u32::try_from(whole.start()).unwrap_or(u32::MAX));
        let line = source.line(start.line);
        let before: String = line.chars().take(start.column.saturating_sub(1) as usize).collect();
        let Some(code) = before_comment(&before, language) else { continue };
        let covers = if code.trim().is_empty() { next_code_line(source, start.line, language) } else { start.line };
        let rest = source.text.get(whole.end()..).unwrap_or("").lines().next().unwrap_or("");
        let reason =
            rest.trim().trim_end_matches("*/").trim_end_matches("-->").trim().trim_start_matches([':', '-']).trim();
        let mut at = ids.start();
        for word in ids.as_str().split(',') {
            let lead = word.len() - word.trim_start().len();
            let rule = word.trim();
            found.push(Allow {
                place: source.place(Span::new(at + lead, at + lead + rule.len())),
                rule: rule.to_owned(),
                reason: (!reason.is_empty()).then(|| reason.to_owned()),
                line: covers,
            });
            at += word.len() + 1;
        }
    }
    found
}

/// The text before the comment that `before` ends in; `None` when it ends in no comment's beginning.
fn before_comment(before: &str, language: Language) -> Option<&str> {
    let openers: &[&str] = match language {
        Language::Python | Language::Shell | Language::Yaml | Language::Toml | Language::Dotenv => &["#"],
        Language::Dockerfile | Language::Ignore => &["#"],
        Language::Ini => &["#", ";"],
        Language::Javascript | Language::Typescript | Language::Json => &["//", "/*", "*"],
        Language::Sql => &["--", "/*", "*"],
        Language::Markdown => &["<!--"],
        Language::Other => &["#", "//", "/*", "*", "--", ";", "<!--", "%"],
    };
    let before = before.trim_end();
    openers.iter().find_map(|opener| before.strip_suffix(opener))
}

/// The first line below that is not itself an allowance standing alone, so that several can be stacked.
fn next_code_line(source: &Source, line: u32, language: Language) -> u32 {
    let mut next = line + 1;
    while let Some(hit) = MARK.find(source.line(next)) {
        match source.line(next).get(..hit.start()).and_then(|before| before_comment(before, language)) {
            Some(code) if code.trim().is_empty() => next += 1,
            _ => break,
        }
    }
    next
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, language: Language) -> Vec<(String, u32, Option<String>)> {
        let source = Source::new("a", text.as_bytes().to_vec());
        allows(&source, language)
            .into_iter()
            .map(|allow| {
                assert_eq!(source.slice(allow.place.span), allow.rule);
                (allow.rule, allow.line, allow.reason)
            })
            .collect()
    }

    #[test]
    fn every_language_has_its_comment() {
        for (text, language, line, reason) in [
            ("x = 'a.db'  # dbguard: allow[r] é kept", Language::Python, 1, Some("é kept")),
            ("\n  # dbguard: allow[r]\nx = 'a.db'", Language::Python, 3, None),
            ("A=a.db # dbguard: allow[r] seed", Language::Dotenv, 1, Some("seed")),
            ("; dbguard:allow[r]\na = x.db", Language::Ini, 2, None),
            ("open('a.db') // dbguard: allow[r]", Language::Typescript, 1, None),
            ("/* dbguard: allow[r] old */\nopen('a.db')", Language::Javascript, 2, Some("old")),
            ("-- dbguard: allow[r]: import\nATTACH 'a.db' AS a", Language::Sql, 2, Some("import")),
            ("<!-- dbguard: allow[r] history -->\n`a.db`", Language::Markdown, 2, Some("history")),
        ] {
            let expected = vec![("r".to_owned(), line, reason.map(str::to_owned))];
            assert_eq!(read(text, language), expected, "{text}");
        }
    }

    #[test]
    fn several_rules_and_several_comments() {
        let found = read("# dbguard: allow[a, b]\n# dbguard: allow[c]\nx = 'a.db'\n", Language::Python);
        assert_eq!(
            found.iter().map(|(rule, line, _)| (rule.as_str(), *line)).collect::<Vec<_>>(),
            [("a", 3), ("b", 3), ("c", 3)]
        );
    }

    #[test]
    fn what_is_no_comment_allows_nothing() {
        for (text, language) in [
            ("write `dbguard: allow[r]` above it", Language::Markdown),
            ("write `# dbguard: allow[r]` above it", Language::Markdown),
            ("x = 'dbguard: allow[r]'", Language::Python),
            ("# dbguard: allow r", Language::Python),
            ("# dbguard: allow[r\n]", Language::Python),
        ] {
            assert_eq!(read(text, language), [], "{text}");
        }
    }
}
