//! Which rules are asked: `--select` and `--ignore`, by id or by the beginning of one.

use crate::policy::nearest;
use crate::rules;

/// Rules that are asked; all of them unless something was selected.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    select: Vec<String>,
    ignore: Vec<String>,
}

/// A word that no rule's id is or begins with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownRule {
    pub word: String,
    /// The id that was probably meant.
    pub nearest: Option<&'static str>,
}

impl Selection {
    /// Words are ids (`split-table`), beginnings of ids by whole words (`database-in`), or `all`.
    pub fn new(select: &[String], ignore: &[String]) -> Result<Self, UnknownRule> {
        for word in select.iter().chain(ignore) {
            if !rules::ids().any(|id| fits(word, id)) {
                return Err(UnknownRule { word: word.clone(), nearest: nearest(word, rules::ids()).and_then(own) });
            }
        }
        Ok(Self { select: select.to_vec(), ignore: ignore.to_vec() })
    }

    /// The longest word decides: `--ignore database --select database-in-lfs` keeps that one.
    #[must_use]
    pub fn has(&self, id: &str) -> bool {
        let longest = |words: &[String]| words.iter().filter(|word| fits(word, id)).map(|word| weight(word)).max();
        match (longest(&self.select), longest(&self.ignore)) {
            (Some(selected), Some(ignored)) => selected > ignored,
            (Some(_), None) => true,
            (None, Some(_)) => false,
            (None, None) => self.select.is_empty(),
        }
    }
}

fn own(id: &str) -> Option<&'static str> {
    rules::ids().find(|known| *known == id)
}

fn fits(word: &str, id: &str) -> bool {
    word == "all" || id.strip_prefix(word).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
}

fn weight(word: &str) -> usize {
    if word == "all" { 0 } else { word.len() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_by_id_or_beginning() {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        for (select, ignore, id, expected) in [
            (&[][..], &[][..], "split-table", true),
            (&["split-table"], &[], "split-table", true),
            (&["split-table"], &[], "drifted-table", false),
            (&["database-in"], &[], "database-in-image", true),
            (&["database-in"], &["database-in-lfs"], "database-in-lfs", false),
            (&["database-in-lfs"], &["database-in"], "database-in-lfs", true),
            (&[], &["split-table"], "split-table", false),
            (&[], &["split-table"], "drifted-table", true),
            (&["split-table"], &["all"], "split-table", true),
            (&["split-table"], &["split-table"], "split-table", false),
        ] {
            let selection = Selection::new(&words(select), &words(ignore)).unwrap();
            assert_eq!(selection.has(id), expected, "{select:?} {ignore:?} {id}");
        }
        for (word, nearest) in
            [("split-tables", Some("split-table")), ("data", Some("database-in-image")), ("zzz", None), ("", None)]
        {
            let unknown = Selection::new(&words(&[word]), &[]).unwrap_err();
            assert_eq!((unknown.word.as_str(), unknown.nearest), (word, nearest));
        }
    }
}
