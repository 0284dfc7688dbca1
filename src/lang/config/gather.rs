//! Collects the facts of one configuration source: decides which role a value has from its key and its words.
//! Knows no file format.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::interpolation::{confidence, may_be_path, names_database, value};
use super::mask;
use crate::lang::{
    Confidence, EnvRead, Facts, FileCopy, Language, Mount, Part, Reference, Role, Setting, Value, names,
};
use crate::text::{Snippet, Source, Span};

/// A value as it was read: its text after escapes, and where its token stands (with its quotes).
#[derive(Debug, Clone)]
pub(in crate::lang) struct Token {
    pub(in crate::lang) text: String,
    pub(in crate::lang) span: Span,
}

pub(in crate::lang) struct Gather<'a> {
    pub(in crate::lang) source: &'a Source,
    pub(in crate::lang) language: Language,
    pub(in crate::lang) facts: Facts,
    /// Spans of references, by start: one place gives one reference.
    taken: BTreeMap<u32, u32>,
}

impl<'a> Gather<'a> {
    pub(in crate::lang) fn new(source: &'a Source, language: Language) -> Self {
        Self { source, language, facts: Facts::default(), taken: BTreeMap::new() }
    }

    /// A variable of the environment is set here.
    pub(in crate::lang) fn set(&mut self, name: &str, token: &Token, construct: &str) {
        let choices = mask::choices(self.source.slice(token.span), token.span.start as usize);
        if !choices.is_empty() {
            return choices.iter().for_each(|choice| self.set(name, choice, construct));
        }
        let value = self.value(token);
        let by_name = names::env_names_database(name);
        let by_value = names_database(&value);
        self.read_envs(&value, token.span, by_name);
        if by_name || by_value || is_folder_variable(name) && may_be_path(&value) {
            let place = self.source.place(token.span);
            self.facts.settings.push(Setting {
                place,
                name: name.to_owned(),
                value: value.clone(),
                language: self.language,
            });
        }
        if by_value {
            let sure = confidence(&value);
            self.refer(token.span, Role::Configures, value, construct, sure, Some(name));
        } else if by_name && may_be_path(&value) && (!value.is_opaque() || names_its_path(name)) {
            self.refer(token.span, Role::Configures, value, construct, Confidence::Medium, Some(name));
        } else if !self.whole_glob(token) {
            self.parts_of(token, name, construct);
        }
    }

    /// Any other setting; `key` is dotted.
    pub(in crate::lang) fn configure(&mut self, key: &str, token: &Token, construct: &str) {
        let choices = mask::choices(self.source.slice(token.span), token.span.start as usize);
        if !choices.is_empty() {
            return choices.iter().for_each(|choice| self.configure(key, choice, construct));
        }
        if names::names_module(key) && !token.text.contains(['/', '\\', ':']) {
            return;
        }
        let value = self.value(token);
        let by_name = key_names_database(key);
        self.read_envs(&value, token.span, by_name);
        let name = (!key.is_empty()).then_some(key);
        if names_database(&value) {
            let sure = confidence(&value);
            self.refer(token.span, Role::Configures, value, construct, sure, name);
        } else if by_name && !value.is_opaque() && may_be_path(&value) {
            self.refer(token.span, Role::Configures, value, construct, Confidence::Medium, name);
        } else if !self.whole_glob(token) {
            self.parts_of(token, key, construct);
        }
    }

    /// `--db=x.db`, `-e KEY=x.db` and the like name a database in one word; longer text only speaks of it.
    fn parts_of(&mut self, token: &Token, key: &str, construct: &str) {
        if token.text.contains(char::is_whitespace) || !token.text.contains('=') {
            self.mention(token.span, Confidence::Medium, "text");
            return;
        }
        let start = token.span.start as usize;
        let raw = self.source.slice(token.span);
        for range in names::mentions(raw) {
            let value = value(raw.get(range.clone()).unwrap_or(""));
            let span = Span::new(start + range.start, start + range.end);
            let name = (!key.is_empty()).then_some(key);
            self.refer(span, Role::Configures, value, construct, Confidence::Medium, name);
        }
    }

    /// `*.db` speaks of every database and names none.
    fn whole_glob(&mut self, token: &Token) -> bool {
        let glob = names::is_database_glob(&token.text) && !token.text.contains(char::is_whitespace);
        if glob {
            self.refer(token.span, Role::Mentions, Value::text(token.text.clone()), "glob", Confidence::Low, None);
        }
        glob
    }

    /// Every name of a database in running text.
    pub(in crate::lang) fn mention(&mut self, span: Span, sure: Confidence, construct: &str) {
        let start = span.start as usize;
        let text = self.source.slice(span);
        for range in names::mentions(text) {
            let words = text.get(range.clone()).unwrap_or("");
            let span = Span::new(start + range.start, start + range.end);
            self.refer(span, Role::Mentions, value(words), construct, sure, None);
        }
    }

    /// Code in another language; `snippet` knows where it stands here.
    pub(in crate::lang) fn snippet(&mut self, snippet: &Snippet, language: Language) {
        let mut facts = crate::lang::read_snippet(self.source, snippet, language);
        // What a fragment's reader could not read is no trouble of the whole.
        facts.trouble = None;
        facts.env_reads.retain(|read| !mask::is_action(&read.name));
        let references = facts.references.iter_mut().flat_map(|reference| Arc::make_mut(&mut reference.values));
        let copies = facts.copies.iter_mut().flat_map(|copy| &mut copy.from);
        let settings = facts.settings.iter_mut().map(|setting| &mut setting.value);
        references.chain(copies).chain(settings).for_each(without_actions);
        if language == Language::Shell {
            // A path that configuration passes to a command is configuration.
            for reference in facts.references.iter_mut().filter(|reference| reference.role == Role::Binds) {
                reference.role = Role::Configures;
            }
        }
        self.append(facts);
    }

    pub(in crate::lang) fn append(&mut self, mut facts: Facts) {
        facts.references.retain(|reference| self.take(reference.place.span));
        self.facts.append(facts);
    }

    pub(in crate::lang) fn mount(&mut self, host: &Token, container: &str, span: Span) {
        let path = value(&host.text);
        let written = path.rendered().unwrap_or_else(|| host.text.clone());
        self.facts.mounts.push(Mount {
            place: self.source.place(span),
            host: written,
            container: container.to_owned(),
        });
        let envs = self.value(host);
        self.read_envs(&envs, host.span, false);
        if names_database(&envs) {
            self.refer(host.span, Role::Configures, envs, "volume", Confidence::High, None);
        }
    }

    pub(in crate::lang) fn copy(&mut self, token: &Token, construct: &str) {
        let value = self.value(token);
        if names_database(&value) {
            self.facts.copies.push(FileCopy {
                place: self.source.place(token.span),
                construct: construct.to_owned(),
                from: vec![value.clone()],
                language: self.language,
            });
            self.refer(token.span, Role::Configures, value, construct, Confidence::High, None);
        } else {
            self.whole_glob(token);
        }
    }

    /// Adds a reference, unless the place already gave one.
    pub(in crate::lang) fn refer(
        &mut self,
        span: Span,
        role: Role,
        value: Value,
        construct: &str,
        confidence: Confidence,
        name: Option<&str>,
    ) {
        if span.is_empty() || !self.take(span) {
            return;
        }
        let value = if value.is_opaque() { value } else { value.with_origin(self.source.place(span)) };
        self.push(span, role, value, construct, confidence, name);
    }

    /// A reference whose value was written elsewhere, as its origin tells.
    pub(in crate::lang) fn refer_from(
        &mut self,
        span: Span,
        role: Role,
        value: Value,
        construct: &str,
        sure: Confidence,
    ) {
        if !span.is_empty() && self.take(span) {
            self.push(span, role, value, construct, sure, None);
        }
    }

    fn push(
        &mut self,
        span: Span,
        role: Role,
        value: Value,
        construct: &str,
        confidence: Confidence,
        name: Option<&str>,
    ) {
        let place = self.source.place(span);
        self.facts.references.push(Reference {
            place,
            role,
            values: vec![value].into(),
            construct: construct.into(),
            language: self.language,
            confidence,
            name: name.map(Into::into),
            symbol: None,
            generated: false,
        });
    }

    fn value(&self, token: &Token) -> Value {
        let value = value(&token.text);
        if value.is_opaque() { value } else { value.with_origin(self.source.place(token.span)) }
    }

    pub(in crate::lang) fn read_envs(&mut self, value: &Value, span: Span, wanted: bool) {
        for part in &value.parts {
            let Part::Env { name, default } = part else { continue };
            let default = default.as_deref();
            if wanted
                || names::env_names_database(name)
                || is_folder_variable(name)
                || default.is_some_and(names_database)
                || names_database(value)
            {
                self.facts.env_reads.push(EnvRead {
                    place: self.source.place(span),
                    name: name.clone(),
                    default: default.cloned(),
                    falls_back: false,
                    language: self.language,
                });
            }
            if let Some(default) = default {
                self.read_envs(default, span, wanted);
            }
        }
    }

    fn take(&mut self, span: Span) -> bool {
        let before = self.taken.range(..span.end).next_back();
        if before.is_some_and(|(_, &end)| end > span.start) {
            return false;
        }
        self.taken.insert(span.start, span.end);
        true
    }

    /// In the order of the text.
    pub(in crate::lang) fn finish(mut self) -> Facts {
        self.facts.references.sort_by_key(|reference| reference.place.span);
        self.facts
    }
}

/// Template actions went to the shell's reader as variables; they are unknown.
fn without_actions(value: &mut Value) {
    for part in &mut value.parts {
        if let Part::Env { name, .. } = part
            && mask::is_action(name)
        {
            *part = Part::Unknown("template".to_owned());
        }
    }
}

/// `TEST_SQLITE` may hold anything; `DATABASE_URL` holds a path or URL whatever it is.
fn names_its_path(name: &str) -> bool {
    ["_PATH", "_FILE", "_FILENAME", "_FILEPATH", "_URL", "_URI", "_DSN"].iter().any(|end| name.ends_with(end))
}

/// `DATA_DIR`, `APP_HOME`: may hold the folder of a database.
pub(in crate::lang) fn is_folder_variable(name: &str) -> bool {
    ["_DIR", "_PATH", "_FOLDER", "_HOME", "_DIRECTORY", "_ROOT"].iter().any(|end| name.ends_with(end))
}

/// Whether a dotted key (`database.path`, `dbPath`, `sqlite-file`) reads like a variable that holds a database's path.
pub(in crate::lang) fn key_names_database(key: &str) -> bool {
    let mut frames = key.rsplit('.');
    let last = screaming(frames.next().unwrap_or(""));
    let before = screaming(frames.next().unwrap_or(""));
    names::env_names_database(&last) && last.contains('_')
        || matches!(before.as_str(), "DATABASE" | "DB" | "SQLITE" | "SQLITE3")
            && matches!(last.as_str(), "PATH" | "FILE" | "FILENAME" | "URL" | "URI" | "DSN")
}

/// `dbPath` and `db-path` as `DB_PATH`.
fn screaming(key: &str) -> String {
    let mut out = String::new();
    let mut lower = false;
    for letter in key.chars() {
        if letter.is_uppercase() && lower {
            out.push('_');
        }
        lower = letter.is_lowercase() || letter.is_ascii_digit();
        out.push(if letter.is_alphanumeric() { letter.to_ascii_uppercase() } else { '_' });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_hold_a_database() {
        for yes in ["database.path", "dbPath", "app.sqlite-file", "services.x.database_url", "DB_PATH"] {
            assert!(key_names_database(yes), "{yes}");
        }
        for no in ["database.pool", "path", "database.timeout", "db.host", "database", "debug.path"] {
            assert!(!key_names_database(no), "{no}");
        }
    }
}
