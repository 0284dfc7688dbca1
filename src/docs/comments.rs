//! Comments in the text of a CREATE TABLE: which speak of the table, which of a column. Knows no database.

use std::ops::Range;

/// What comments say; empty where they say nothing.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Comments {
    pub(super) table: String,
    /// In the order of the columns.
    pub(super) columns: Vec<(String, String)>,
}

enum Bit {
    Comment(String),
    /// The first bytes of a definition, or any other text in it.
    Code(Range<usize>),
    Open,
    Close,
    Comma,
    Line,
}

/// Reads the comments of a table with these columns. Comments before the first column are the table's; one behind a column, on
/// its line, is that column's, and so is one on lines of its own before it.
pub(super) fn comments(sql: &str, columns: &[&str]) -> Comments {
    let mut found = Comments::default();
    let mut table = Vec::new();
    let mut of_column: Vec<(usize, String)> = Vec::new();
    let mut pending: Vec<String> = Vec::new();
    let (mut depth, mut definition, mut begun, mut fresh_line) = (0_usize, 0_usize, false, false);
    let mut names: Vec<String> = Vec::new();
    for bit in bits(sql) {
        match bit {
            Bit::Open => depth += 1,
            Bit::Close => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    break;
                }
            }
            Bit::Comma if depth == 1 => {
                definition += 1;
                begun = false;
                fresh_line = false;
            }
            Bit::Comma => {}
            Bit::Line => fresh_line = true,
            Bit::Code(span) => {
                fresh_line = false;
                if depth == 1 && !begun {
                    begun = true;
                    names.push(unquoted(sql.get(span).unwrap_or("")));
                    of_column.extend(pending.drain(..).map(|comment| (definition, comment)));
                }
            }
            Bit::Comment(words) => {
                if definition == 0 && !begun {
                    table.push(words);
                } else if begun {
                    of_column.push((definition, words));
                } else if !fresh_line {
                    of_column.push((definition.saturating_sub(1), words));
                } else {
                    pending.push(words);
                }
            }
        }
    }
    found.table = table.join(" ");
    for column in columns {
        let Some(at) = names.iter().position(|name| name.eq_ignore_ascii_case(column)) else { continue };
        let said: Vec<&str> =
            of_column.iter().filter(|(definition, _)| *definition == at).map(|(_, words)| words.as_str()).collect();
        if !said.is_empty() {
            found.columns.push(((*column).to_owned(), said.join(" ")));
        }
    }
    found
}

fn bits(sql: &str) -> Vec<Bit> {
    let mut bits = Vec::new();
    let mut at = 0;
    while let Some(rest) = sql.get(at..).filter(|rest| !rest.is_empty()) {
        let end = |close: &str, from: usize| {
            rest.get(from..).and_then(|tail| tail.find(close)).map_or(rest.len(), |found| from + found + close.len())
        };
        let first = rest.chars().next().unwrap_or(' ');
        let length = match first {
            '-' if rest.starts_with("--") => {
                let length = rest.find('\n').unwrap_or(rest.len());
                bits.push(Bit::Comment(plain(rest.get(2..length).unwrap_or(""))));
                length
            }
            '/' if rest.starts_with("/*") => {
                let length = end("*/", 2);
                let words = rest.get(2..length).unwrap_or("");
                bits.push(Bit::Comment(plain(words.strip_suffix("*/").unwrap_or(words))));
                length
            }
            '\'' | '"' | '`' | '[' => {
                let close = if first == '[' { "]".to_owned() } else { first.to_string() };
                let mut length = end(&close, 1);
                while first != '[' && rest.get(length..).is_some_and(|tail| tail.starts_with(first)) {
                    length = end(&close, length + 1);
                }
                bits.push(Bit::Code(at..at + length));
                length
            }
            '(' | ')' | ',' | '\n' => {
                bits.push(match first {
                    '(' => Bit::Open,
                    ')' => Bit::Close,
                    ',' => Bit::Comma,
                    _ => Bit::Line,
                });
                1
            }
            blank if blank.is_whitespace() => blank.len_utf8(),
            _ => {
                let is_end = |c: char| c.is_whitespace() || "-/'\"`[(),".contains(c);
                let first_length = first.len_utf8();
                let tail = rest.get(first_length..).unwrap_or("");
                let length = first_length + tail.find(is_end).unwrap_or(tail.len());
                bits.push(Bit::Code(at..at + length));
                length
            }
        };
        at += length.max(1);
    }
    bits
}

/// The words of a comment, without the lines that people draw.
fn plain(comment: &str) -> String {
    let lines = comment.lines().map(|line| line.trim().trim_matches(|c| "-=*#/".contains(c)).trim());
    lines.filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
}

fn unquoted(name: &str) -> String {
    let inner = |close: char| name.get(1..).map(|rest| rest.strip_suffix(close).unwrap_or(rest));
    match name.chars().next() {
        Some(quote @ ('"' | '`' | '\'')) => {
            inner(quote).unwrap_or("").replace(&format!("{quote}{quote}"), &quote.to_string())
        }
        Some('[') => inner(']').unwrap_or("").to_owned(),
        _ => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(sql: &str, columns: &[&str]) -> (String, Vec<(String, String)>) {
        let found = comments(sql, columns);
        (found.table, found.columns)
    }

    #[test]
    fn a_comment_belongs_to_what_it_stands_beside() {
        let sql = "CREATE TABLE users ( -- people who can log in
            id INTEGER PRIMARY KEY, /* never reused */
            -- as typed at the door
            \"na,me\" TEXT DEFAULT 'a--b' CHECK (length(\"na,me\") > 0), -- shown
            mail TEXT -- last
        )";
        let (table, columns) = said(sql, &["id", "na,me", "mail"]);
        assert_eq!(table, "people who can log in");
        let column = |name: &str| columns.iter().find(|(it, _)| it == name).map(|(_, words)| words.as_str());
        assert_eq!(column("id"), Some("never reused"));
        assert_eq!(column("na,me"), Some("as typed at the door shown"));
        assert_eq!(column("mail"), Some("last"));
    }

    #[test]
    fn odd_texts_lose_nobody() {
        for sql in [
            "",
            "CREATE TABLE t(",
            "CREATE TABLE t(a, -- x",
            "/*",
            "--",
            "CREATE TABLE [t](]",
            "'é",
            "(((",
            "),),",
            "(,-- é",
        ] {
            said(sql, &["a"]);
        }
        assert_eq!(said("CREATE TABLE /* ==== things ==== */ t(a)", &["a"]).0, "things");
        assert_eq!(said("CREATE TABLE t(\n -- first\n a, b)", &["a"]).0, "first");
    }
}
