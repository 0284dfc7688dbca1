//! `.env` files: one variable a line, with shell-like quotes. A setting in a comment is only spoken of.

use super::config::{self, Gather, Token, is_variable};
use super::{Confidence, Facts, Language, Role};
use crate::text::{Source, Span};

pub(super) fn read(source: &Source) -> Facts {
    let mut gather = Gather::new(source, Language::Dotenv);
    let text = source.text.as_str();
    let mut at = 0;
    while at < text.len() {
        let rest = text.get(at..).unwrap_or("");
        let line = rest.split_inclusive('\n').next().unwrap_or(rest);
        at += line_length(&mut gather, line, rest, at);
    }
    gather.finish()
}

/// Reads the line (or the quoted run of lines) at `at` and tells its length.
fn line_length(gather: &mut Gather<'_>, line: &str, rest: &str, at: usize) -> usize {
    let words = line.trim_start();
    let indent = line.len() - words.len();
    let whole = Span::new(at + indent, at + line.trim_end().len());
    if words.starts_with('#') {
        commented_out(gather, words.trim_end(), at + indent);
        gather.mention(whole, Confidence::Low, "comment");
        return line.len();
    }
    let assignment = words.strip_prefix("export ").map_or(words, str::trim_start);
    let Some((name, _)) = assignment.split_once('=').filter(|(name, _)| is_name(name.trim())) else {
        gather.mention(whole, Confidence::Low, "text");
        return line.len();
    };
    let start = line.len() - assignment.len() + name.len() + 1;
    let value = rest.get(start..).unwrap_or("");
    let blank = value.len() - value.trim_start_matches([' ', '\t']).len();
    let (start, value) = (start + blank, value.get(blank..).unwrap_or(""));
    let (text, length) = match value.chars().next() {
        Some(quote @ ('"' | '\'' | '`')) => match closing(value, quote) {
            Some(end) => (value.get(1..end).unwrap_or(""), end + 1),
            None => bare(value),
        },
        _ => bare(value),
    };
    let token = Token { text: text.to_owned(), span: Span::new(at + start, at + start + length) };
    gather.set(name.trim(), &token, "environment file");
    let end = start + length;
    let tail = rest.get(end..).unwrap_or("");
    let tail = tail.split_inclusive('\n').next().unwrap_or("");
    gather.mention(Span::new(at + end, at + end + tail.len()), Confidence::Low, "comment");
    (end + tail.len()).max(line.len())
}

/// A setting behind `#` is only spoken of; its URL may be of any engine.
fn commented_out(gather: &mut Gather<'_>, words: &str, start: usize) {
    let assignment = words.trim_start_matches(['#', ' ', '\t']);
    let Some((name, value)) = assignment.split_once('=').filter(|(name, _)| is_name(name.trim())) else { return };
    let text = bare(value).0;
    let read = config::value(config::unquoted(text));
    if !text.is_empty() && config::names_database(&read) {
        let from = start + words.len() - assignment.len() + name.len() + 1;
        let span = Span::new(from, from + text.len());
        gather.refer(span, Role::Mentions, read, "comment", Confidence::Low, Some(name.trim()));
    }
}

/// Without quotes a value goes to the end of its line, or to ` #`.
fn bare(value: &str) -> (&str, usize) {
    let line = value.split(['\n', '\r']).next().unwrap_or("");
    let line = if line.starts_with('#') { "" } else { line.split(" #").next().unwrap_or(line) };
    let text = line.trim_end();
    (text, text.len())
}

/// The quote that ends a value; quoted values may span lines.
fn closing(value: &str, quote: char) -> Option<usize> {
    let mut escaped = false;
    for (at, letter) in value.char_indices().skip(1) {
        if letter == quote && !escaped {
            return Some(at);
        }
        escaped = letter == '\\' && !escaped && quote == '"';
    }
    None
}

/// Dots and dashes occur in names that frameworks map to nested settings.
fn is_name(name: &str) -> bool {
    is_variable(&name.replace(['.', '-'], "_"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::Language;
    use super::super::config::testing::{odd_text, others, references, sound_for};

    const TEMPLATE: &str = r#"# DATABASE_PATH=/old/x.db
export DATABASE_URL="sqlite:///./data/app2.db" # main, not copy.db
DB_FILE=${DATA_DIR:-/data}/x.sqlite3
DATABASE_PATH=
DATA_DIR=./data
MULTI="a
b.db
c"
ALLOW=*.db
DATABASE_TIMEOUT=30
PGURL=postgres://u:p@h/x
APP_DB_PATH = 'spaced.db'
# DATABASE_URL=mysql://u:p@h[:port]/x
"#;

    #[test]
    fn case_57_templates_of_the_environment() {
        assert_eq!(
            references(".env.template", Language::Dotenv, TEMPLATE),
            [
                "1:17 mentions /old/x.db -> /old/x.db (DATABASE_PATH)",
                "2:21 configures \"sqlite:///./data/app2.db\" -> sqlite:///./data/app2.db (DATABASE_URL)",
                "2:60 mentions copy.db -> copy.db",
                "3:9 configures ${DATA_DIR:-/data}/x.sqlite3 -> /data/x.sqlite3 (DB_FILE)",
                "7:1 mentions b.db -> b.db",
                "9:7 mentions *.db -> *.db",
                "11:7 configures postgres://u:p@h/x -> postgres://u:p@h/x (PGURL)",
                "12:15 configures 'spaced.db' -> spaced.db (APP_DB_PATH)",
                "13:16 mentions mysql://u:p@h[:port]/x -> mysql://u:p@h[:port]/x (DATABASE_URL)",
            ]
        );
    }

    #[test]
    fn what_is_set_and_read() {
        assert_eq!(
            others(".env", Language::Dotenv, TEMPLATE),
            [
                "2: set DATABASE_URL=sqlite:///./data/app2.db",
                "3: set DB_FILE=/data/x.sqlite3",
                "4: set DATABASE_PATH=",
                "5: set DATA_DIR=./data",
                "11: set PGURL=postgres://u:p@h/x",
                "12: set APP_DB_PATH=spaced.db",
                "3: read DATA_DIR else /data",
            ]
        );
    }

    proptest! {
        #[test]
        fn any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            sound_for(".env", Language::Dotenv, bytes);
        }

        #[test]
        fn any_text(text in odd_text()) {
            sound_for(".env", Language::Dotenv, text.into_bytes());
        }
    }
}
