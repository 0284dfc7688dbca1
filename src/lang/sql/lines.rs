//! Whether texts that stand one after the other are lines of one statement, as code writes it in a list. Looks at the words alone.

use super::token::{Kind, Token, tokens};

/// Words after which a statement cannot end.
const OPEN: [&str; 36] = [
    "SELECT",
    "DISTINCT",
    "ALL",
    "FROM",
    "WHERE",
    "JOIN",
    "ON",
    "AND",
    "OR",
    "NOT",
    "IN",
    "IS",
    "LIKE",
    "BETWEEN",
    "EXISTS",
    "BY",
    "HAVING",
    "LIMIT",
    "SET",
    "VALUES",
    "INTO",
    "UPDATE",
    "TABLE",
    "VIEW",
    "INDEX",
    "TRIGGER",
    "AS",
    "UNION",
    "EXCEPT",
    "INTERSECT",
    "CASE",
    "WHEN",
    "THEN",
    "ELSE",
    "BEGIN",
    "WITH",
];

/// Words that begin no statement, and few labels.
const INNER: [&str; 40] = [
    "FROM",
    "WHERE",
    "JOIN",
    "LEFT",
    "RIGHT",
    "FULL",
    "INNER",
    "CROSS",
    "OUTER",
    "NATURAL",
    "ON",
    "AND",
    "OR",
    "NOT",
    "IN",
    "IS",
    "LIKE",
    "ORDER",
    "GROUP",
    "BY",
    "HAVING",
    "LIMIT",
    "OFFSET",
    "UNION",
    "EXCEPT",
    "INTERSECT",
    "SET",
    "VALUES",
    "RETURNING",
    "USING",
    "WHEN",
    "THEN",
    "ELSE",
    "END",
    "BEGIN",
    "AFTER",
    "BEFORE",
    "INSTEAD",
    "AS",
    "WITHOUT",
];

fn word(text: &str, token: &Token, words: &[&str]) -> bool {
    words.iter().any(|word| token.is_word(text, word))
}

/// Whether `next` goes on with the statement that `before` begins: that one is not over, or `next` is none of its own.
pub(in crate::lang) fn goes_on(before: &str, next: &str) -> bool {
    let (own, more) = (tokens(before), tokens(next));
    let (Some(first), Some(last), Some(begin)) = (own.first(), own.last(), more.first()) else { return false };
    let mut depth = 0_i32;
    let mut selects = false;
    for token in &own {
        match token.kind {
            Kind::Punctuation(b'(') => depth += 1,
            Kind::Punctuation(b')') => depth -= 1,
            _ => selects |= depth == 0 && word(before, token, &["SELECT", "VALUES"]),
        }
    }
    let in_trigger = word(before, first, &["CREATE"])
        && own.iter().any(|token| word(before, token, &["TRIGGER"]))
        && own.iter().any(|token| word(before, token, &["BEGIN"]))
        && !word(before, last, &["END"]);
    if depth > 0 || in_trigger {
        return true;
    }
    if last.is(b';') {
        return false;
    }
    // `INSERT INTO log (id)`, `SELECT ..`: one statement; `WITH a AS (..)`, too.
    let fed =
        word(before, first, &["INSERT", "REPLACE", "WITH"]) && !selects && word(next, begin, &["SELECT", "VALUES"]);
    let open = word(before, last, &OPEN)
        || matches!(last.kind, Kind::Punctuation(b',' | b'=' | b'<' | b'>' | b'+' | b'-' | b'|' | b'.'));
    // A single word may be a label: `("SELECT ..", "on")`.
    let inner = word(next, begin, &INNER) && (more.len() > 1 || next.bytes().all(|byte| !byte.is_ascii_lowercase()));
    fed || open || inner || matches!(begin.kind, Kind::Punctuation(b')' | b',' | b'='))
}

#[cfg(test)]
mod tests {
    use super::goes_on;

    #[test]
    fn lines_of_one_statement_are_told_from_several_texts() {
        for (before, next, expected) in [
            ("SELECT a", "FROM users", true),
            ("SELECT CASE WHEN EXISTS(", "SELECT 1", true),
            ("UPDATE users SET", "name = ?", true),
            ("SELECT * FROM users", "WHERE id = ?", true),
            ("INSERT INTO users (a)", "SELECT a FROM b", true),
            ("CREATE TRIGGER t AFTER DELETE ON users BEGIN DELETE FROM b;", "DELETE FROM c;", true),
            ("CREATE TABLE a (id)", "CREATE TABLE b (id)", false),
            ("INSERT INTO a VALUES (1)", "SELECT 1", false),
            ("DELETE FROM a;", "where is it", false),
            ("SELECT count(*) FROM users", "users", false),
            ("SELECT count(*) FROM users", "on", false),
            ("SELECT count(*) FROM users", "", false),
        ] {
            assert_eq!(goes_on(before, next), expected, "{before} / {next}");
        }
    }
}
