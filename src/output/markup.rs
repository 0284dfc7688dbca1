//! Words inside Markdown: no content breaks out of its cell or marks anything up. Knows no report.

use super::escape;

/// Words as a code span that no content can break out of, also inside a table.
pub(super) fn code(words: &str) -> String {
    let words = escape(words).replace('|', "\\|");
    let longest = words.split(|letter| letter != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    if words.starts_with('`') || words.ends_with('`') || words.is_empty() {
        format!("{fence} {words} {fence}")
    } else {
        format!("{fence}{words}{fence}")
    }
}

/// Words as plain text. An underscore inside a word marks nothing up and stays readable.
pub(super) fn text(words: &str) -> String {
    let words = escape(words);
    let mut out = String::new();
    let mut before = ' ';
    let mut letters = words.chars().peekable();
    while let Some(letter) = letters.next() {
        let inside = before.is_alphanumeric() && letters.peek().is_some_and(|next| next.is_alphanumeric());
        if matches!(letter, '\\' | '`' | '*' | '[' | ']' | '<' | '>' | '|' | '#' | '&') || letter == '_' && !inside {
            out.push('\\');
        }
        out.push(letter);
        before = letter;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_content_breaks_out_of_its_cell() {
        assert_eq!(code("a|b`c"), "``a\\|b`c``");
        assert_eq!(code("a\nb"), "`a\\nb`");
        assert_eq!(text("user_id | <b>"), "user_id \\| \\<b\\>");
    }
}
