//! Statements that define rather than query: CREATE, ALTER, DROP, PRAGMA, ATTACH and their kin.

use std::ops::Range;

use super::token::Kind;
use super::walk::Walk;
use super::{SqlAttach, unquote};
use crate::lang::Access;

/// PRAGMAs whose argument is a table.
pub(super) const TABLE_PRAGMAS: [&str; 7] = [
    "table_info",
    "table_xinfo",
    "table_list",
    "index_list",
    "foreign_key_list",
    "foreign_key_check",
    "integrity_check",
];

impl Walk<'_> {
    pub(super) fn foreign_keys(&mut self) {
        for at in 0..self.tokens.len() {
            if self.word(at, "REFERENCES") && at > 0 {
                let uses = self.uses.len();
                self.table(at + 1, Access::Defines);
                for found in self.uses.iter_mut().skip(uses) {
                    found.access = Access::Reads;
                }
            }
        }
    }

    /// Gives whether what it creates is temporary.
    pub(super) fn create(&mut self, head: usize) -> bool {
        let mut at = head + 1;
        let mut temporary = false;
        let mut kind = None;
        while at < head + 10 {
            let word = self.slice(at).to_ascii_uppercase();
            at += 1;
            match word.as_str() {
                "TEMP" | "TEMPORARY" => temporary = true,
                "TABLE" | "VIEW" | "INDEX" | "TRIGGER" => {
                    kind = Some(word);
                    break;
                }
                _ => {}
            }
        }
        let Some(kind) = kind else { return false };
        at = self.skip(at, &["CONCURRENTLY", "IF", "NOT", "EXISTS"]);
        if kind == "TABLE" || kind == "VIEW" {
            self.table(at, Access::Defines);
            let named_temp = self.any_word(at, &["temp"]) && self.is(at + 1, b'.');
            return temporary || named_temp;
        }
        // An index or trigger lies in the schema of its table, and names it only once.
        let schema = self.is(at + 1, b'.').then(|| unquote(self.slice(at)));
        if let Some(on) = (at..self.tokens.len()).find(|&on| self.word(on, "ON")) {
            let uses = self.uses.len();
            self.table(self.skip(on + 1, &["ONLY"]), Access::Defines);
            for found in self.uses.iter_mut().skip(uses) {
                found.schema = found.schema.take().or_else(|| schema.clone());
            }
        }
        false
    }

    pub(super) fn alter(&mut self, head: usize) {
        if !self.word(head + 1, "TABLE") {
            return;
        }
        let at = self.skip(head + 2, &["IF", "EXISTS", "ONLY"]);
        let uses = self.uses.len();
        let (next, _) = self.table(at, Access::Defines);
        let schema = self.uses.get(uses).and_then(|found| found.schema.clone());
        if self.word(next, "RENAME") && self.any_word(next + 1, &["TO", "AS"]) {
            let uses = self.uses.len();
            self.table(next + 2, Access::Defines);
            for found in self.uses.iter_mut().skip(uses) {
                found.schema = found.schema.take().or_else(|| schema.clone());
            }
        }
    }

    pub(super) fn drop(&mut self, head: usize) {
        let at = self.skip(head + 1, &["TEMPORARY", "MATERIALIZED"]);
        if !self.any_word(at, &["TABLE", "VIEW"]) {
            return;
        }
        let mut at = self.skip(at + 1, &["IF", "EXISTS"]);
        loop {
            let (next, found) = self.table(at, Access::Defines);
            if !found || !self.is(next, b',') {
                return;
            }
            at = next + 1;
        }
    }

    pub(super) fn truncate_or_copy(&mut self, head: usize) {
        if self.word(head, "TRUNCATE") {
            self.table(self.skip(head + 1, &["TABLE", "ONLY"]), Access::Writes);
        } else if self.any_word(head, &["ANALYZE", "REINDEX"]) {
            self.table(head + 1, Access::Reads);
        } else if self.word(head, "COPY") {
            let uses = self.uses.len();
            let (mut next, _) = self.table(head + 1, Access::Writes);
            if self.is(next, b'(') {
                next = self.closes[next] + 1;
            }
            if self.word(next, "TO") {
                for found in self.uses.iter_mut().skip(uses) {
                    found.access = Access::Reads;
                }
            }
        }
    }

    pub(super) fn pragma(&mut self, head: usize) {
        let mut name = head + 1;
        let mut schema = None;
        if self.is(name + 1, b'.') {
            schema = Some(unquote(self.slice(name)));
            name += 2;
        }
        let called = self.slice(name).to_ascii_lowercase();
        let argument = self.is(name + 1, b'(') || self.is(name + 1, b'=');
        if !argument || !TABLE_PRAGMAS.contains(&called.as_str()) {
            return;
        }
        if self.tokens.get(name + 2).is_some_and(|token| token.kind == Kind::Number) {
            return;
        }
        let uses = self.uses.len();
        self.table(name + 2, Access::Reads);
        for found in self.uses.iter_mut().skip(uses) {
            found.schema = found.schema.take().or_else(|| schema.clone());
        }
    }

    pub(super) fn attach(&self, head: usize) -> Option<SqlAttach> {
        let start = self.skip(head + 1, &["DATABASE"]);
        let end = (start..self.tokens.len()).find(|&at| self.word(at, "AS"))?;
        Some(SqlAttach {
            path: self.range(start..end),
            literal: self.literal(start..end),
            alias: unquote(self.slice(end + 1)),
        })
    }

    pub(super) fn vacuum(&self, head: usize) -> Option<SqlAttach> {
        let into = (head + 1..head + 3).find(|&at| self.word(at, "INTO"))?;
        let range = into + 1..self.tokens.len();
        Some(SqlAttach { path: self.range(range.clone()), literal: self.literal(range), alias: String::new() })
    }

    fn range(&self, tokens: Range<usize>) -> Option<Range<usize>> {
        let own = self.tokens.get(tokens)?;
        Some(own.first()?.span.start..own.last()?.span.end)
    }

    fn literal(&self, tokens: Range<usize>) -> Option<String> {
        match self.tokens.get(tokens.clone())? {
            [token] if matches!(token.kind, Kind::Text | Kind::Quoted) && !token.holed => {
                Some(unquote(self.slice(tokens.start)))
            }
            _ => None,
        }
    }
}
