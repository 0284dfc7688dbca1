//! `# dbguard: allow[rule] reason`, in the comment syntax of any language. Knows no rule.

use std::sync::LazyLock;

use regex::Regex;

use super::Language;
use crate::text::{Edit, Place, Source, Span};

/// Bytes that every source with an allowance holds: a cheap test before [`allows`].
pub const ALLOW_MARK: &str = "dbguard:";

/// One rule that a comment silences for some lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allow {
    /// The rule's id within the comment.
    pub place: Place,
    pub rule: String,
    pub reason: Option<String>,
    /// The lines it speaks for, first and last: its own or the next one, those up to `allow-end`, or the whole file.
    pub lines: (u32, u32),
    /// An `allow-begin` that nothing ends, or an `allow-end` that ends nothing. It silences nothing.
    pub is_open: bool,
}

static MARK: LazyLock<Regex> = LazyLock::new(|| regex(r"dbguard:[ \t]*allow(-file|-begin|-end)?\[([^\]\r\n]*)\]"));

/// A constant pattern; each test below compiles it.
#[expect(clippy::unwrap_used, reason = "a constant pattern, compiled by a test")]
fn regex(pattern: &str) -> Regex {
    Regex::new(pattern).unwrap()
}

/// The allowances of a source, in order.
#[must_use]
pub fn allows(source: &Source, language: Language) -> Vec<Allow> {
    let mut found: Vec<Allow> = Vec::new();
    if !source.text.contains(ALLOW_MARK) || super::is_written_by_tools(&source.path) {
        return found;
    }
    for hit in MARK.captures_iter(&source.text) {
        let (Some(whole), Some(ids)) = (hit.get(0), hit.get(2)) else { continue };
        let Some(comment) = comment(source, whole.start(), whole.end(), language) else { continue };
        let start = source.position(Span::new(whole.start(), whole.end()).start).line;
        let kind = hit.get(1).map_or("", |kind| kind.as_str());
        let lines = match kind {
            "-file" => (1, u32::MAX),
            "-begin" | "-end" => (start, start),
            _ if comment.is_alone => {
                let next = next_code_line(source, start, language);
                (next, next)
            }
            _ => (start, start),
        };
        let mut at = ids.start();
        for word in ids.as_str().split(',') {
            let lead = word.len() - word.trim_start().len();
            let rule = word.trim();
            let place = source.place(Span::new(at + lead, at + lead + rule.len()));
            at += word.len() + 1;
            if kind == "-end" {
                let begun = found.iter_mut().rev().find(|it| it.is_open && it.rule == rule && it.lines.1 == u32::MAX);
                if let Some(begun) = begun {
                    begun.lines.1 = start;
                    begun.is_open = false;
                    continue;
                }
            }
            found.push(Allow {
                place,
                rule: rule.to_owned(),
                reason: comment.reason.clone(),
                lines: if kind == "-begin" { (start, u32::MAX) } else { lines },
                is_open: matches!(kind, "-begin" | "-end"),
            });
        }
    }
    found
}

/// The comment around an allowance.
struct Comment {
    /// Of the whole comment with what opens and closes it.
    span: Span,
    /// No code stands on its line.
    is_alone: bool,
    reason: Option<String>,
}

/// `None` where the mark at these offsets is not the first thing in a comment.
fn comment(source: &Source, start: usize, end: usize, language: Language) -> Option<Comment> {
    let line_start = source.text.get(..start)?.rfind('\n').map_or(0, |at| at + 1);
    let before = source.text.get(line_start..start)?;
    let (code, opener) = before_comment(before, language)?;
    let rest = source.text.get(end..)?;
    let rest = rest.get(..rest.find(['\n', '\r']).unwrap_or(rest.len()))?;
    // A block comment may end on its line, and code may go on behind it.
    let closer = match opener {
        "/*" | "*" => Some("*/"),
        "<!--" => Some("-->"),
        _ => None,
    };
    let (words, after, length) = match closer.and_then(|closer| rest.split_once(closer).map(|it| (it, closer.len()))) {
        Some(((words, after), closer)) => (words, after, words.len() + closer),
        None => (rest, "", rest.len()),
    };
    let reason = words.trim().trim_start_matches([':', '-']).trim();
    let bare = |code: &str| code.trim().trim_matches(['{', '}']).is_empty();
    Some(Comment {
        span: Span::new(line_start + code.len(), end + length),
        is_alone: bare(code) && bare(after),
        reason: (!reason.is_empty()).then(|| reason.to_owned()),
    })
}

/// Takes one rule, whose id stands at `at`, out of its comment; the comment with the last one, the line with the comment
/// where nothing else stands on it.
#[must_use]
pub fn without_allow(source: &Source, language: Language, at: Span) -> Option<Edit> {
    let hit = MARK
        .captures_iter(&source.text)
        .find(|hit| hit.get(2).is_some_and(|ids| Span::new(ids.start(), ids.end()).contains(at)))?;
    let (whole, ids) = (hit.get(0)?, hit.get(2)?);
    let others: Vec<&str> = {
        let mut offset = ids.start();
        let mut others = Vec::new();
        for word in ids.as_str().split(',') {
            if !Span::new(offset, offset + word.len()).contains(at) {
                others.push(word.trim());
            }
            offset += word.len() + 1;
        }
        others
    };
    if !others.is_empty() {
        return Some(Edit::replace(Span::new(ids.start(), ids.end()), others.join(", ")));
    }
    let comment = comment(source, whole.start(), whole.end(), language)?;
    let Span { start, end } = comment.span;
    let head = source.text.get(..start as usize)?;
    let line_start = head.rfind('\n').map_or(0, |at| at + 1);
    let tail = source.text.get(end as usize..)?;
    let line_end = tail.find('\n').map_or(tail.len(), |at| at + 1);
    let is_alone = head.get(line_start..)?.trim().is_empty() && tail.get(..line_end)?.trim().is_empty();
    let span = if is_alone {
        Span::new(line_start, end as usize + line_end)
    } else {
        Span::new(head.trim_end_matches([' ', '\t']).len(), end as usize)
    };
    Some(Edit::replace(span, ""))
}

/// The text before the comment that `before` ends in, and what opens it; `None` when it ends in no comment's beginning.
fn before_comment(before: &str, language: Language) -> Option<(&str, &'static str)> {
    let openers: &[&'static str] = match language {
        Language::Python | Language::Shell | Language::Yaml | Language::Toml | Language::Dotenv => &["#"],
        Language::Dockerfile | Language::Ignore => &["#"],
        Language::Ini => &["#", ";"],
        Language::Javascript | Language::Typescript => &["//", "/*", "*", "<!--"],
        Language::Json => &["//", "/*", "*"],
        Language::Sql => &["--", "/*", "*"],
        Language::Markdown => &["<!--"],
        Language::Other => &["#", "//", "/*", "*", "--", ";", "<!--", "%", "REM"],
    };
    let before = before.trim_end();
    let (mut code, opener) = openers.iter().find_map(|opener| Some((before.strip_suffix(opener)?, *opener)))?;
    // `##`, `///` and `/**` open one comment.
    while let Some(shorter) = openers.iter().find_map(|opener| code.strip_suffix(opener)) {
        code = shorter;
    }
    let code = if opener == "//" || opener == "*" { code.strip_suffix('/').unwrap_or(code) } else { code };
    Some((code, opener))
}

/// The first line below that is no comment: other allowances, a reason that goes on, and the end of a block are passed over.
fn next_code_line(source: &Source, line: u32, language: Language) -> u32 {
    let goes_on: &[&str] = match language {
        Language::Python | Language::Shell | Language::Yaml | Language::Toml | Language::Dotenv => &["#"],
        Language::Dockerfile | Language::Ini => &["#"],
        Language::Javascript | Language::Typescript | Language::Json => &["//", "*/"],
        Language::Sql => &["--", "*/"],
        Language::Markdown | Language::Ignore => &["-->"],
        Language::Other => &["*/", "-->"],
    };
    let mut next = line + 1;
    while (next as usize) < source.lines() {
        let text = source.line(next);
        let is_comment = goes_on.iter().any(|opener| text.trim_start().starts_with(opener));
        let allows = || MARK.find(text).and_then(|hit| before_comment(text.get(..hit.start())?, language));
        if !is_comment && !allows().is_some_and(|(code, _)| code.trim().is_empty()) {
            break;
        }
        next += 1;
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
                assert!(!allow.is_open && allow.lines.0 == allow.lines.1);
                (allow.rule, allow.lines.0, allow.reason)
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
            ("/* dbguard: allow[r] old */ open('a.db')", Language::Javascript, 1, Some("old")),
            ("/**\n * dbguard: allow[r] old\n */\nopen('a.db')", Language::Javascript, 4, Some("old")),
            ("{/* dbguard: allow[r] old */}\n<A db='a.db'/>", Language::Typescript, 2, Some("old")),
            ("/// dbguard: allow[r]\nopen(\"a.db\")", Language::Other, 2, None),
            ("REM dbguard: allow[r]\nsqlite3 a.db", Language::Other, 2, None),
            ("# dbguard: allow[r] a reason\n# in two lines\nx = 'a.db'", Language::Python, 3, Some("a reason")),
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
    fn a_file_and_a_block() {
        let lines = |text: &str, language| -> Vec<(String, (u32, u32), bool)> {
            let found = allows(&Source::new("a", text.as_bytes().to_vec()), language);
            found.into_iter().map(|allow| (allow.rule, allow.lines, allow.is_open)).collect()
        };
        let one = |rule: &str, lines, open| vec![(rule.to_owned(), lines, open)];
        let file = "x = 1\n# dbguard: allow-file[r] a tool\n";
        assert_eq!(lines(file, Language::Python), one("r", (1, u32::MAX), false));
        let block = "a\n-- dbguard: allow-begin[r] import\nb\n-- dbguard: allow-end[r]\nc";
        assert_eq!(lines(block, Language::Sql), one("r", (2, 4), false));
        assert_eq!(lines("# dbguard: allow-begin[r]\nx", Language::Yaml), one("r", (1, u32::MAX), true));
        assert_eq!(lines("x\n# dbguard: allow-end[r]", Language::Yaml), one("r", (2, 2), true));
        let nested = "# dbguard: allow-begin[a, b]\n# dbguard: allow-end[b]\n# dbguard: allow-end[a]\n";
        assert_eq!(lines(nested, Language::Python), [("a".to_owned(), (1, 3), false), ("b".to_owned(), (1, 2), false)]);
    }

    #[test]
    fn a_rule_goes_from_its_comment_and_the_comment_with_its_last() {
        for (text, language, expected) in [
            ("x = 1  # dbguard: allow[r] why\ny", Language::Python, "x = 1\ny"),
            ("a\r\n  # dbguard: allow[r] why\r\nx\r\n", Language::Python, "a\r\nx\r\n"),
            ("# dbguard: allow[a, r, b] why\nx", Language::Python, "# dbguard: allow[a, b] why\nx"),
            ("/* dbguard: allow[r] why */ open()", Language::Javascript, " open()"),
            ("<!-- dbguard: allow-file[r] -->\nx", Language::Markdown, "x"),
            ("x # dbguard: allow[r]", Language::Yaml, "x"),
        ] {
            let source = Source::new("a", text.as_bytes().to_vec());
            let found = allows(&source, language);
            let at = found.iter().find(|allow| allow.rule == "r").unwrap().place.span;
            let edit = without_allow(&source, language, at).unwrap();
            assert_eq!(crate::text::apply(text, &[edit]).unwrap(), expected, "{text}");
        }
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
