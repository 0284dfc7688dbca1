//! A rule's card: every word of it and its examples, as `rules/<id>.toml` gives them. Knows no judgement.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::finding::Severity;

/// `rules/<id>.toml`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Card {
    #[serde(skip)]
    pub id: &'static str,
    /// The whole of the card, whose end is examples: two thirds of it, which few commands ask for.
    #[serde(skip)]
    text: &'static str,
    pub severity: Severity,
    /// Without a policy the rule has nothing to judge by.
    pub needs_policy: bool,
    /// One line, for lists.
    pub summary: String,
    /// With `{holes}` that the judgement fills.
    pub message: String,
    pub help: Option<String>,
    /// Why it matters: a few sentences.
    pub why: String,
    /// The best safety a fix of it may have.
    pub fix: Fixable,
    /// It is about a file's content as a whole: each new content breaks it anew.
    #[serde(default)]
    pub anew: bool,
    /// Rules whose finding at the same place says it better.
    #[serde(default)]
    pub yields_to: Vec<String>,
    /// What is written beside the other places of a finding.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// Other words for the same rule, where one message does not fit every case of it.
    #[serde(default)]
    pub cases: BTreeMap<String, Words>,
}

/// What a card ends with.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Examples {
    #[serde(default)]
    pub bad: Vec<Example>,
    #[serde(default)]
    pub good: Vec<Example>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Words {
    pub message: String,
    pub help: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Fixable {
    /// By a person.
    None,
    Unsafe,
    Safe,
}

/// A small tree of files with what is wrong in it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Example {
    /// What the example shows, where the files do not say it themselves.
    pub note: Option<String>,
    /// The text each finding underlines; the path of the file where it is the file as a whole.
    #[serde(default)]
    pub flags: Vec<String>,
    /// By path. What ends like a database holds SQL, or nothing for an empty file.
    pub files: BTreeMap<String, String>,
    /// Files that git has in its index; without any, the tree is no repository.
    #[serde(default)]
    pub tracked: Vec<String>,
    /// What `fix --unsafe` makes of the files it changes, by path. Without any, the example is not fixed.
    #[serde(default)]
    pub fixed: BTreeMap<String, String>,
}

impl Card {
    /// Reads a card, but for its examples.
    pub(super) fn read(id: &'static str, text: &'static str) -> Result<Self, toml::de::Error> {
        let end = ["\n[[bad]]", "\n[[good]]"].iter().filter_map(|mark| text.find(mark)).min().unwrap_or(text.len());
        let card: Self = toml::from_str(text.get(..end).unwrap_or(text))?;
        Ok(Self { id, text, ..card })
    }

    /// Small trees with what is wrong in them, and with what is not.
    ///
    /// # Errors
    /// Never of the cards that are part of the program: a test reads each.
    pub fn examples(&self) -> Result<Examples, toml::de::Error> {
        toml::from_str(self.text)
    }

    /// The message and help of a case, or those of the card.
    #[must_use]
    pub fn words(&self, case: Option<&str>) -> (&str, Option<&str>) {
        match case.and_then(|case| self.cases.get(case)) {
            Some(words) => (&words.message, words.help.as_deref()),
            None => (&self.message, self.help.as_deref()),
        }
    }
}

/// `text` with each `{hole}` filled; holes that nothing fills stay, and are counted.
pub(super) fn fill(text: &str, holes: &[(&'static str, String)]) -> (String, usize) {
    let mut out = String::with_capacity(text.len());
    let mut unfilled = 0;
    let mut rest = text;
    while let Some(at) = rest.find('{') {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        let inner = from.strip_prefix('{').unwrap_or(from);
        let filled = inner
            .split_once('}')
            .and_then(|(name, after)| holes.iter().find(|(hole, _)| *hole == name).map(|(_, value)| (value, after)));
        if let Some((value, after)) = filled {
            out.push_str(value);
            rest = after;
        } else {
            unfilled += 1;
            out.push('{');
            rest = inner;
        }
    }
    out.push_str(rest);
    (out, unfilled)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holes_are_filled_once() {
        let holes = [("path", "{env}".to_owned()), ("env", "X".to_owned())];
        assert_eq!(fill("{path} and {env}", &holes), ("{env} and X".to_owned(), 0));
        assert_eq!(fill("{other} {", &holes), ("{other} {".to_owned(), 2));
    }
}
