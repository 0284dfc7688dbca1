//! Statements of a file before and after it was rewritten, each with its own: by the function around it and by its words.

use std::collections::{BTreeMap, VecDeque};

use crate::lang::python::positions;
use crate::scan::Judged;

/// For each of `after` its place among `before`. A rewrite changes names within statements; `renamed` gives them, in lower case.
pub(super) fn pairs(
    before: &[Judged<'_>],
    after: &[Judged<'_>],
    renamed: &BTreeMap<String, String>,
) -> Vec<Option<usize>> {
    let mut known: BTreeMap<(Option<&str>, String), VecDeque<usize>> = BTreeMap::new();
    for (index, judged) in before.iter().enumerate() {
        let fact = &judged.statement.fact;
        known.entry((fact.symbol.as_deref(), words(&fact.sql, renamed))).or_default().push_back(index);
    }
    let mut found: Vec<Option<usize>> = after
        .iter()
        .map(|judged| {
            let fact = &judged.statement.fact;
            known.get_mut(&(fact.symbol.as_deref(), words(&fact.sql, renamed)))?.pop_front()
        })
        .collect();
    // What is left over on both sides, as many of them, is the same in the same order.
    let left: Vec<usize> = (0..before.len()).filter(|index| !found.contains(&Some(*index))).collect();
    let open: Vec<usize> = (0..found.len()).filter(|&index| found.get(index) == Some(&None)).collect();
    if left.len() == open.len() {
        for (open, left) in open.into_iter().zip(left) {
            if let Some(slot) = found.get_mut(open) {
                *slot = Some(left);
            }
        }
    }
    found
}

/// The words of a statement with each table under its new name.
fn words(sql: &str, renamed: &BTreeMap<String, String>) -> String {
    let is_name = |c: char| c.is_alphanumeric() || c == '_';
    let mut out = String::new();
    let mut rest = sql;
    while let Some(first) = rest.chars().next() {
        let length = match is_name(first) {
            true => rest.find(|c| !is_name(c)).unwrap_or(rest.len()),
            false => first.len_utf8(),
        };
        let (word, more) = rest.split_at(length);
        let lower = word.to_ascii_lowercase();
        out.push_str(renamed.get(&lower).unwrap_or(&lower));
        rest = more;
    }
    out
}

/// `row[3]` and its like that stand below a statement, up to the end of the function: each with its line, where the column of that
/// number is not what it was. Python is parsed; elsewhere the next lines are looked through.
pub(super) fn by_position(file: &str, text: &str, line: u32, old: &[String], new: &[String]) -> Vec<(u32, String)> {
    /// Lines that belong to one statement.
    const NEAR: usize = 30;
    let moved = |column: usize| old.get(column).is_some() && old.get(column) != new.get(column);
    if let Some(reads) = file.ends_with(".py").then(|| positions(text, line)).flatten() {
        let reads = reads.into_iter().filter(|(.., column)| moved(*column));
        return reads.map(|(line, name, column)| (line, format!("{name}[{column}]"))).collect();
    }
    let mut found = Vec::new();
    let start = line.saturating_sub(1) as usize;
    for (index, words) in text.lines().enumerate().skip(start).take(NEAR) {
        let head = words.trim_start();
        if index > start && ["def ", "class ", "async def ", "function "].iter().any(|word| head.starts_with(word)) {
            break;
        }
        for (at, _) in words.match_indices('[') {
            let Some((number, _)) = words.get(at + 1..).and_then(|rest| rest.split_once(']')) else { continue };
            let name: String =
                words.get(..at).unwrap_or("").chars().rev().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            if let Ok(column) = number.parse::<usize>()
                && !name.is_empty()
                && moved(column)
            {
                let name: String = name.chars().rev().collect();
                found.push((u32::try_from(index + 1).unwrap_or(u32::MAX), format!("{name}[{column}]")));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_by_position_are_found_where_the_column_moved() {
        let far = "    pass\n".repeat(40);
        let text = format!(
            "def a():\n    row = db.execute(\"SELECT * FROM t\").fetchone()\n{far}    return row[0], row[2], names[\"x\"][2]\n\ndef b(row):\n    return row[2]\n"
        );
        let columns = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
        let found = |file| by_position(file, &text, 2, &columns(&["id", "a", "b"]), &columns(&["id", "b", "a"]));
        assert_eq!(found("a.py"), [(43, "row[2]".to_owned())]);
        assert_eq!(found("a.rb"), []);
        let text = text.replace(&far, "");
        assert_eq!(
            by_position("a.rb", &text, 2, &columns(&["id", "a"]), &columns(&["a", "id"])),
            [(3, "row[0]".to_owned())]
        );
    }

    #[test]
    fn names_are_told_apart_from_words_that_hold_them() {
        let renamed = BTreeMap::from([("notes".to_owned(), "auth_notes".to_owned())]);
        assert_eq!(
            words("SELECT notes.id FROM notes, old_notes", &renamed),
            "select auth_notes.id from auth_notes, old_notes"
        );
    }
}
