//! Reading TOML with places: each value keeps where it stands, and each mistake is noted while reading goes on.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{Mistake, Written, nearest};
use crate::text::{Place, Source, Span};

/// One TOML file on its way to a policy.
pub(super) struct Reader<'s> {
    source: &'s Source,
    pub(super) mistakes: Vec<Mistake>,
}

/// A table with the name people know it by (`[primary]`, `[[retired]]`) and where it stands.
pub(super) struct Section<'t, 'i> {
    pub(super) table: &'t DeTable<'i>,
    pub(super) name: String,
    pub(super) place: Place,
}

impl<'s> Reader<'s> {
    pub(super) fn new(source: &'s Source) -> Self {
        Self { source, mistakes: Vec::new() }
    }

    pub(super) fn place(&self, range: Range<usize>) -> Place {
        self.source.place(Span::new(range.start, range.end))
    }

    pub(super) fn mistake(&mut self, place: Place, message: impl Into<String>, help: Option<String>) {
        self.mistakes.push(Mistake { place, message: message.into(), help });
    }

    fn wrong_kind(&mut self, value: &Spanned<DeValue<'_>>, key: &str, expected: &str) {
        let found = kind(value.get_ref());
        let place = self.place(value.span());
        self.mistake(place, format!("`{key}` must be {expected}, this is {found}"), None);
    }

    /// Notes each key that is not among `known`.
    pub(super) fn know(&mut self, section: &Section<'_, '_>, known: &[&str]) {
        for key in section.table.keys() {
            let word = key.get_ref();
            if known.contains(&word.as_ref()) {
                continue;
            }
            let help = match nearest(word, known.iter().copied()) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => format!("{} has {}", section.name, listed(known)),
            };
            let place = self.place(key.span());
            self.mistake(place, format!("unknown key `{word}` in {}", section.name), Some(help));
        }
    }

    pub(super) fn section<'t, 'i>(&mut self, table: &'t DeTable<'i>, key: &str) -> Option<Section<'t, 'i>> {
        let (name, value) = entry(table, key)?;
        let Some(inner) = value.get_ref().as_table() else {
            self.wrong_kind(value, key, &format!("a table, `[{key}]`"));
            return None;
        };
        Some(Section { table: inner, name: format!("`[{key}]`"), place: self.place(name) })
    }

    pub(super) fn sections<'t, 'i>(&mut self, table: &'t DeTable<'i>, key: &str) -> Vec<Section<'t, 'i>> {
        let Some((name, value)) = entry(table, key) else { return Vec::new() };
        let Some(list) = value.get_ref().as_array() else {
            self.wrong_kind(value, key, &format!("a list of tables, `[[{key}]]`"));
            return Vec::new();
        };
        let mut sections = Vec::new();
        for item in list.iter() {
            match item.get_ref().as_table() {
                Some(inner) => {
                    let range = if item.span().is_empty() { name.clone() } else { item.span() };
                    sections.push(Section { table: inner, name: format!("`[[{key}]]`"), place: self.place(range) });
                }
                None => self.wrong_kind(item, key, &format!("a list of tables, `[[{key}]]`")),
            }
        }
        sections
    }

    pub(super) fn string(&mut self, section: &Section<'_, '_>, key: &str) -> Option<Written<String>> {
        let (_, value) = entry(section.table, key)?;
        self.text(value, key)
    }

    /// `true` or `false`.
    pub(super) fn flag(&mut self, section: &Section<'_, '_>, key: &str) -> Option<Written<bool>> {
        let (_, value) = entry(section.table, key)?;
        match value.get_ref() {
            DeValue::Boolean(flag) => Some(Written { value: *flag, place: self.place(value.span()) }),
            _ => {
                self.wrong_kind(value, key, "true or false");
                None
            }
        }
    }

    /// A string that may not be missing.
    pub(super) fn required(&mut self, section: &Section<'_, '_>, key: &str) -> Option<Written<String>> {
        if entry(section.table, key).is_none() {
            self.mistake(section.place.clone(), format!("{} has no `{key}`", section.name), None);
        }
        self.string(section, key)
    }

    pub(super) fn strings(&mut self, section: &Section<'_, '_>, key: &str) -> Vec<Written<String>> {
        let Some((_, value)) = entry(section.table, key) else { return Vec::new() };
        let Some(list) = value.get_ref().as_array() else {
            self.wrong_kind(value, key, "a list of strings");
            return Vec::new();
        };
        list.iter().filter_map(|item| self.text(item, key)).collect()
    }

    /// A table of strings, in the order of the file; the place is that of the key.
    pub(super) fn pairs(&mut self, section: &Section<'_, '_>, key: &str) -> Vec<(Written<String>, String)> {
        let Some((_, value)) = entry(section.table, key) else { return Vec::new() };
        let Some(table) = value.get_ref().as_table() else {
            self.wrong_kind(value, key, "a table of strings");
            return Vec::new();
        };
        self.pairs_of(table)
    }

    pub(super) fn pairs_of(&mut self, table: &DeTable<'_>) -> Vec<(Written<String>, String)> {
        let mut pairs = Vec::new();
        for (key, value) in table {
            if let Some(text) = self.text(value, key.get_ref()) {
                let name = Written { value: key.get_ref().to_string(), place: self.place(key.span()) };
                pairs.push((name, text.value));
            }
        }
        pairs.sort_by_key(|(name, _)| name.place.span);
        pairs
    }

    pub(super) fn text(&mut self, value: &Spanned<DeValue<'_>>, key: &str) -> Option<Written<String>> {
        let Some(text) = value.get_ref().as_str() else {
            self.wrong_kind(value, key, "a string");
            return None;
        };
        let place = self.place(value.span());
        if text.trim().is_empty() {
            self.mistake(place, format!("`{key}` is empty"), None);
            return None;
        }
        Some(Written { value: text.to_owned(), place })
    }
}

pub(super) fn entry<'t, 'i>(table: &'t DeTable<'i>, key: &str) -> Option<(Range<usize>, &'t Spanned<DeValue<'i>>)> {
    table.iter().find(|(name, _)| name.get_ref() == key).map(|(name, value)| (name.span(), value))
}

fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) | DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

/// `` `a`, `b` and `c` ``.
pub(super) fn listed(words: &[&str]) -> String {
    match words {
        [] => "no keys".to_owned(),
        [one] => format!("`{one}`"),
        [most @ .., last] => format!("`{}` and `{last}`", most.join("`, `")),
    }
}
