//! What a whole text must be to name a database by its ending. Decided letter by letter: every run asks, and to compile the
//! patterns that say the same would take longer than most runs.

/// Endings of a database's name, and what a copy or a side file may append.
const ENDINGS: [&str; 7] = ["db", "db3", "sqlite", "sqlite3", "sqlitedb", "s3db", "sl3"];
const SIDES: [&str; 10] = ["wal", "shm", "journal", "bak", "backup", "old", "orig", "tmp", "copy", "migrated"];

/// A path without blanks: `data/zoe.db`, `C:\x.sqlite`, `x.db-wal`.
#[must_use]
pub(super) fn is_whole(text: &str) -> bool {
    let separates = |letter: char| letter.is_whitespace() || "'\"`|;&<>=,()".contains(letter);
    stems(text).any(|stem| {
        stem.chars().next_back().is_some_and(|last| !matches!(last, '/' | '\\' | '.')) && !stem.contains(separates)
    })
}

/// A path whose folders or name have blanks in them: `My Files/x.db`.
#[must_use]
pub(super) fn is_spaced(text: &str) -> bool {
    stems(text).any(|stem| {
        let name = stem.rsplit(['/', '\\']).next().unwrap_or("");
        !name.is_empty()
            && name.len() < stem.len()
            && stem.chars().all(|it| is_word(it) || matches!(it, ' ' | '.' | '~' | '-' | '/' | '\\'))
    })
}

/// A file manager's copy: `data (1).db`.
#[must_use]
pub(super) fn is_numbered(text: &str) -> bool {
    let is_copy = |stem: &str| {
        let (path, number) = stem.strip_suffix(')')?.rsplit_once(" (")?;
        let is_path = !path.is_empty() && path.chars().all(|it| is_word(it) || matches!(it, '.' | '/' | '-'));
        Some(is_path && !number.is_empty() && number.chars().all(char::is_numeric))
    };
    stems(text).any(|stem| is_copy(stem).unwrap_or(false))
}

/// What stands before each dot from which on the text is an ending.
fn stems(text: &str) -> impl Iterator<Item = &str> {
    text.match_indices('.').filter_map(|(at, _)| text.get(at + 1..).filter(|rest| is_ending(rest)).and(text.get(..at)))
}

/// `db`, `sqlite3-wal`, `db.bak`, `db.bak-2024.01`.
fn is_ending(text: &str) -> bool {
    let (ending, side) = cut(text);
    if !ENDINGS.iter().any(|known| known.eq_ignore_ascii_case(ending)) {
        return false;
    }
    let Some(side) = side else { return true };
    let (side, more) = cut(side);
    SIDES.iter().any(|known| known.eq_ignore_ascii_case(side))
        && more.is_none_or(|more| more.chars().all(|it| is_word(it) || matches!(it, '.' | '-')))
}

fn cut(text: &str) -> (&str, Option<&str>) {
    text.split_once(['-', '.']).map_or((text, None), |(first, rest)| (first, Some(rest)))
}

/// What `\w` is to a regular expression.
fn is_word(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || letter == '_' || !letter.is_ascii() && regex_syntax::is_word_character(letter)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use regex::Regex;

    use super::*;

    const ENDING: &str = r"\.(?:db|db3|sqlite|sqlite3|sqlitedb|s3db|sl3)(?:[-.](?:wal|shm|journal|bak|backup|old|orig|tmp|copy|migrated)(?:[-.][\w.-]*)?)?";

    type Judge = fn(&str) -> bool;

    fn judges() -> [(Regex, Judge); 3] {
        let pattern = |pattern: &str| Regex::new(&format!("(?i)^{pattern}{ENDING}$")).unwrap();
        [
            (pattern(r"[^\s'\x22`|;&<>=,()]*[^\s'\x22`|;&<>=,()/\\.]"), is_whole),
            (pattern(r"(?:[\w .~-]*[/\\])+[\w .~-]+"), is_spaced),
            (pattern(r"[\w./-]+ \(\d+\)"), is_numbered),
        ]
    }

    fn text() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            proptest::sample::select(vec![
                "db", "DB3", "sqlite", "Sqlite3", "sqlitedb", "s3db", "sl3", "wal", "shm", "bak", "backup", "Old",
                "copy", "journal", "x", "é", "e\u{301}", "数", "1", " (1)", " (٣)", "~",
            ])
            .prop_map(str::to_owned),
            proptest::sample::select(vec![".", "-", "/", "\\", " ", "=", "'", "\u{a0}", "\n", "_"])
                .prop_map(str::to_owned),
        ];
        proptest::collection::vec(piece, 0..9).prop_map(|pieces| pieces.concat())
    }

    #[test]
    fn each_is_its_pattern() {
        let judges = judges();
        let mut runner =
            proptest::test_runner::TestRunner::new(ProptestConfig { cases: 4000, ..ProptestConfig::default() });
        let done = runner.run(&text(), |text| {
            for (pattern, judge) in &judges {
                prop_assert_eq!(judge(&text), pattern.is_match(&text), "{:?} by {}", text, pattern);
            }
            Ok(())
        });
        done.unwrap();
        for text in ["a.db", "b c/d.db.bak", "a (2).sqlite", "a.db-wal-", ".db", "x.db.", "a.db.copy.db"] {
            for (pattern, judge) in &judges {
                assert_eq!(judge(text), pattern.is_match(text), "{text:?} by {pattern}");
            }
        }
    }
}
