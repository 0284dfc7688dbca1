//! Renamed tables, written out wherever a name of one stands: in files of SQL and in the strings of any language.

use super::words::KEYWORDS;
use crate::lang::Language;
use crate::lang::write::{Change, Refusal, Written};
use crate::text::{Edit, Source, Span};

pub(in crate::lang) fn write(source: &Source, language: Language, changes: &[Change<'_>]) -> Vec<Written> {
    changes
        .iter()
        .map(|change| match *change {
            Change::RenameTable { at, from, to } => rename(source, language, at, from, to),
            _ => Err(Refusal::because("no name of a table")),
        })
        .collect()
}

fn rename(source: &Source, language: Language, at: Span, from: &str, to: &str) -> Written {
    let words = source.slice(at);
    let (quote, name) = unquoted(words);
    if !name.eq_ignore_ascii_case(from) {
        return Err(Refusal::because("the name is put together from pieces"));
    }
    if to.is_empty() || !to.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '$' | '-' | ' ')) {
        return Err(Refusal::because(format!("`{to}` would have to be escaped")));
    }
    if quote > 0 {
        let start = at.start as usize + quote;
        return Ok(vec![Edit::replace(Span::new(start, start + name.len()), to)]);
    }
    if is_part_of_name(source, at) {
        let fits = to.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        return match fits {
            true => Ok(vec![Edit::replace(at, to)]),
            false => Err(Refusal::because(format!("a name that holds `{to}` would have to be quoted"))),
        };
    }
    let script = matches!(language, Language::Javascript | Language::Typescript);
    if script && is_key_of_type(source, at) {
        let fits = to.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '$'))
            && !to.starts_with(|first: char| first.is_ascii_digit());
        let text = if fits { to.to_owned() } else { format!("\"{to}\"") };
        return Ok(vec![Edit::replace(at, text)]);
    }
    let text = match language {
        _ if script && is_handed_to_builder(source, at) => to.to_owned(),
        _ if is_plain(to) || is_whole_literal(source, at) || is_column_of_it(source, at) => to.to_owned(),
        Language::Sql => format!("\"{to}\""),
        // The other quotes end strings of the languages that SQL stands in.
        _ => format!("[{to}]"),
    };
    Ok(vec![Edit::replace(at, text)])
}

/// The length of the quote before a name, with the backslash that the language around it wants, and the name inside.
fn unquoted(words: &str) -> (usize, &str) {
    for (open, close) in
        [("\"", "\""), ("'", "'"), ("`", "`"), ("[", "]"), ("\\\"", "\\\""), ("\\'", "\\'"), ("\\`", "\\`")]
    {
        if let Some(name) = words.strip_prefix(open).and_then(|rest| rest.strip_suffix(close)) {
            return (open.len(), name);
        }
    }
    (0, words)
}

/// SQLite takes it for a name without quotes.
#[must_use]
pub fn is_plain(name: &str) -> bool {
    name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && !name.bytes().next().is_some_and(|first| first.is_ascii_digit())
        && !KEYWORDS.iter().any(|word| word.eq_ignore_ascii_case(name))
}

/// The name is all of a string, so that it is a name and no SQL: `__tablename__ = "users"`.
fn is_whole_literal(source: &Source, at: Span) -> bool {
    let before = source.text.get(..at.range().start).and_then(|before| before.chars().next_back());
    let after = source.text.get(at.range().end..).and_then(|after| after.chars().next());
    before == after && matches!(before, Some('"' | '\'' | '`'))
}

/// An index's name, which a library makes from the table's: `ix_users_email`.
fn is_part_of_name(source: &Source, at: Span) -> bool {
    let is_letter = |letter: Option<char>| letter.is_some_and(|letter| letter.is_alphanumeric() || letter == '_');
    let before = source.text.get(..at.range().start).unwrap_or("");
    // The letter of an escape, as in `FROM\nusers`, belongs to none.
    let is_escape = before.len() > 1 && before.get(..before.len() - 1).is_some_and(|before| before.ends_with('\\'));
    !is_escape && is_letter(before.chars().next_back())
        || is_letter(source.text.get(at.range().end..).and_then(|after| after.chars().next()))
}

/// The rest of a string is one column: `ForeignKey("users.id")`, which a library splits before it quotes.
fn is_column_of_it(source: &Source, at: Span) -> bool {
    let before = source.text.get(..at.range().start).and_then(|before| before.chars().next_back());
    let Some(quote) = before.filter(|before| matches!(before, '"' | '\'')) else { return false };
    let column = source.text.get(at.range().end..).and_then(|after| after.strip_prefix('.'));
    let name = column.and_then(|column| column.split(|c: char| !c.is_alphanumeric() && c != '_').next()).unwrap_or("");
    !name.is_empty()
        && column.is_some_and(|column| column.get(name.len()..).is_some_and(|rest| rest.starts_with(quote)))
}

/// `interface Database { users: UserTable }`.
fn is_key_of_type(source: &Source, at: Span) -> bool {
    let before = source.text.get(..at.range().start).unwrap_or("").trim_end_matches([' ', '\t', '\r']);
    let before = before.strip_suffix("readonly").map_or(before, str::trim_end);
    let after = source.text.get(at.range().end..).unwrap_or("");
    let after = after.strip_prefix('?').unwrap_or(after).trim_start_matches([' ', '\t']);
    after.starts_with(':') && before.ends_with(['{', ';', ',', '\n'])
}

/// `knex.from("users as u")`, `select("users.id as owner", "users.*")`, which a library splits before it quotes; `raw("users.id as x")` is SQL.
fn is_handed_to_builder(source: &Source, at: Span) -> bool {
    let Some(before) = source.text.get(..at.range().start) else { return false };
    let Some(quote) = before.chars().next_back().filter(|quote| matches!(quote, '"' | '\'')) else { return false };
    let called = before.get(..before.len() - 1).unwrap_or("").trim_end().to_ascii_lowercase();
    if !called.ends_with(['(', ',', '[', ':'])
        || ["raw(", "literal(", "sql(", "query("].iter().any(|sign| called.ends_with(sign))
    {
        return false;
    }
    let is_word = |word: &str| !word.is_empty() && word.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '$'));
    let rest = source.text.get(at.range().end..).and_then(|after| after.split(quote).next()).unwrap_or("");
    let (column, rest) = match rest.strip_prefix('.') {
        Some(rest) => rest.split_once(' ').unwrap_or((rest, "")),
        None => ("*", rest),
    };
    let ends = match rest.split_whitespace().collect::<Vec<_>>().as_slice() {
        [] => true,
        [sign, name] => sign.eq_ignore_ascii_case("as") && is_word(name),
        [order] => ["asc", "desc"].iter().any(|own| own.eq_ignore_ascii_case(order)),
        _ => false,
    };
    (column == "*" || is_word(column)) && ends
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::apply;

    fn renamed(language: Language, text: &str, place: &str, to: &str) -> Result<String, String> {
        let source = Source::new("x", text.as_bytes().to_vec());
        let start = text.find(place).unwrap();
        let at = Span::new(start, start + place.len());
        let change = Change::RenameTable { at, from: "users", to };
        match write(&source, language, &[change]).remove(0) {
            Ok(edits) => Ok(apply(text, &edits).unwrap()),
            Err(Refusal(words)) => Err(words),
        }
    }

    #[test]
    fn quotes_stay_and_come_where_the_name_needs_them() {
        use Language::{Javascript, Python, Sql, Typescript};
        for (language, text, place, to, expected) in [
            (Sql, "FROM users u", "users", "people", "FROM people u"),
            (Sql, "FROM USERS u", "USERS", "people", "FROM people u"),
            (Sql, "FROM \"users\" u", "\"users\"", "people", "FROM \"people\" u"),
            (Sql, "FROM [users] u", "[users]", "my people", "FROM [my people] u"),
            (Sql, "FROM users u", "users", "my people", "FROM \"my people\" u"),
            (Sql, "FROM users u", "users", "order", "FROM \"order\" u"),
            (Sql, "FROM users u", "users", "2people", "FROM \"2people\" u"),
            (Python, "x('FROM users u')", "users", "order", "x('FROM [order] u')"),
            (Python, r#"x("FROM \"users\" u")"#, r#"\"users\""#, "order", r#"x("FROM \"order\" u")"#),
            (Python, "__tablename__ = 'users'", "users", "order", "__tablename__ = 'order'"),
            (Python, "ForeignKey('users.id')", "users", "people", "ForeignKey('people.id')"),
            (Python, "ForeignKey('users.id')", "users", "order", "ForeignKey('order.id')"),
            (Python, "x('FROM\\nusers u')", "users", "order", "x('FROM\\n[order] u')"),
            (Python, "x('DROP INDEX ix_users_name')", "users", "order", "x('DROP INDEX ix_order_name')"),
            (Python, "x('ix_users_name')", "users", "order", "x('ix_order_name')"),
            (Python, "x('users.id = 1')", "users", "order", "x('[order].id = 1')"),
            (Javascript, "x('users as u', 'b')", "users", "order", "x('order as u', 'b')"),
            (Javascript, "x(['users.id as owner'])", "users", "order", "x(['order.id as owner'])"),
            (Javascript, "x('users.*')", "users", "order", "x('order.*')"),
            (Javascript, "x('users.id = 1')", "users", "order", "x('[order].id = 1')"),
            (Javascript, "knex.raw('users.id as x')", "users", "order", "knex.raw('[order].id as x')"),
            (Javascript, "sql += 'users as u'", "users", "order", "sql += '[order] as u'"),
            (Typescript, "interface A {\n  users: B }", "users", "order", "interface A {\n  order: B }"),
            (
                Typescript,
                "type A = { readonly users?: B }",
                "users",
                "my-people",
                "type A = { readonly \"my-people\"?: B }",
            ),
        ] {
            assert_eq!(renamed(language, text, place, to).as_deref(), Ok(expected));
        }
    }

    #[test]
    fn what_cannot_be_written_is_refused() {
        for (text, place, to, reason) in [
            ("'FROM us' 'ers'", "us' 'ers", "people", "the name is put together from pieces"),
            ("FROM users", "users", "a\"b", "`a\"b` would have to be escaped"),
            ("DROP INDEX ix_users_id", "users", "my people", "a name that holds `my people` would have to be quoted"),
            ("FROM users", "users", "", "`` would have to be escaped"),
            ("FROM users", "users", "a{b}", "`a{b}` would have to be escaped"),
        ] {
            assert_eq!(renamed(Language::Python, text, place, to), Err(reason.to_owned()));
        }
    }

    #[test]
    fn every_name_without_quotes_is_one_to_sqlite() {
        let connection = rusqlite::Connection::open_in_memory().unwrap();
        for word in KEYWORDS.iter().chain(&["people", "rank", "offset", "left", "temp", "rowid", "key", "Größe"]) {
            let plain = connection.execute_batch(&format!("CREATE TABLE {word}(a); DROP TABLE {word}")).is_ok();
            assert!(plain || !is_plain(word), "{word}");
        }
        assert!(is_plain("people") && !is_plain("Select"));
    }
}
