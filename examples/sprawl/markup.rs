//! The markup by which a template says what each of its places means, and its removal. Knows no file and no database.
//!
//! `⟦role database env|words⟧` becomes `words`. The role is `o`, `b`, `c` or `m` (opens, binds, configures, mentions).
//! Databases are joined by `+`, the likeliest first: `zoe` is short for `data/zoe.db`, `?` is one that nobody can know.
//! Variables are joined by `,`.

use super::truth::Expected;

const OPEN: char = '⟦';
const CLOSE: char = '⟧';

/// The text without its marks, and what they said.
///
/// # Panics
/// On a mark that is not well formed: templates are part of the program.
#[must_use]
pub fn strip(file: &str, marked: &str) -> (String, Vec<Expected>) {
    let mut text = String::with_capacity(marked.len());
    let mut found = Vec::new();
    let (mut line, mut column) = (1, 1);
    let mut write = |text: &mut String, words: &str| {
        for letter in words.chars() {
            text.push(letter);
            (line, column) = if letter == '\n' { (line + 1, 1) } else { (line, column + 1) };
        }
        (line, column)
    };
    let mut rest = marked;
    while let Some((before, after)) = rest.split_once(OPEN) {
        let (start_line, start_column) = write(&mut text, before);
        let (mark, after) = after.split_once(CLOSE).unwrap_or_else(|| panic!("{file}:{start_line}: a mark stays open"));
        let (meaning, words) = mark.split_once('|').unwrap_or_else(|| panic!("{file}:{start_line}: no words"));
        let (end_line, end_column) = write(&mut text, words);
        let mut meaning = meaning.split(' ');
        let role = match meaning.next() {
            Some("o") => "opens",
            Some("b") => "binds",
            Some("c") => "configures",
            Some("m") => "mentions",
            other => panic!("{file}:{start_line}: no role {other:?}"),
        };
        let mut paths = meaning.next().unwrap_or("?").split('+').filter(|&path| path != "?").map(whole_path);
        let path = paths.next();
        found.push(Expected {
            file: file.to_owned(),
            line: start_line,
            column: start_column,
            end_line,
            end_column,
            role,
            database: path.as_deref().map(|path| path.rsplit('/').next().unwrap_or(path).to_owned()),
            path,
            others: paths.collect(),
            envs: meaning.next().map(|envs| envs.split(',').map(str::to_owned).collect()).unwrap_or_default(),
            context: context(file),
            text: words.to_owned(),
        });
        rest = after;
    }
    write(&mut text, rest);
    (text, found)
}

fn whole_path(short: &str) -> String {
    if short.contains(['.', '/', ':']) { short.to_owned() } else { format!("data/{short}.db") }
}

/// What kind of file a reference stands in, by the file's place and name.
fn context(file: &str) -> &'static str {
    let name = file.rsplit('/').next().unwrap_or(file);
    let ending = name.rsplit('.').next().unwrap_or("");
    if file.starts_with("tests/") || name.starts_with("test_") || name.contains(".test.") {
        "test"
    } else if ending == "md" {
        "docs"
    } else if matches!(ending, "yml" | "yaml" | "toml" | "json" | "ini" | "service")
        || name.starts_with(".env")
        || name.starts_with("Dockerfile")
    {
        "config"
    } else {
        "code"
    }
}
