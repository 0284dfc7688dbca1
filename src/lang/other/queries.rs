//! SQL in the literals of a language without a front end: statements, parts of them, and names that may be filled in.

use std::collections::BTreeSet;

use super::lex::Literal;
use super::reading::Reading;
use crate::lang::sql::SqlUse;
use crate::lang::{Access, Attach, Confidence, Naming, Role, Statement, TableUse, names, sql};
use crate::text::{Snippet, Span};

/// Words in the names of functions that run SQL.
const RUNS: [&str; 5] = ["query", "exec", "prepare", "statement", "fetch"];

/// What is known of a source's SQL once its literals are read.
#[derive(Debug, Default)]
pub(super) struct Queries {
    /// Literals that are no statement but go on with one.
    parts: Vec<Literal>,
    /// A name of a table is filled in somewhere.
    fills_in: bool,
}

impl Reading<'_> {
    /// SQL in a string; which connection runs it is not known.
    pub(super) fn query(&mut self, literal: Literal) {
        let snippet = self.decoded(&literal);
        let text = &snippet.text;
        if !(sql::looks_like_sql(text) || sql::begins_statement(text) && self.is_run(&literal)) {
            if sql::holds_sql(text) || sql::goes_on_like_sql(text) {
                self.sql.parts.push(literal);
            }
            return;
        }
        let language = self.gather.language;
        for statement in sql::statements(&snippet.text) {
            let place = self.host(&snippet, &statement.span);
            let words = snippet.text.get(statement.span.clone()).unwrap_or("").to_owned();
            self.gather.facts.statements.push(Statement {
                place: self.source.place(place),
                sql: words,
                holes: statement.holes,
                ways: Vec::new(),
                connection: [].into(),
                language,
                symbol: None,
            });
            self.sql.fills_in |= !statement.filled.is_empty();
            for table_use in statement.uses {
                self.names_table(&snippet, table_use);
            }
            if let Some(attach) = statement.attach
                && let (Some(path), Some(file)) = (attach.path, attach.literal)
            {
                let span = self.host(&snippet, &path);
                let value = names::value_of(&file);
                self.gather.refer(span, Role::Opens, value.clone(), "ATTACH", Confidence::High, None);
                let place = self.source.place(span);
                let attached = vec![value];
                self.gather.facts.attaches.push(Attach {
                    place,
                    alias: attach.alias,
                    attached,
                    connection: Vec::new(),
                });
            }
        }
    }

    /// The literal is what a call of `query`, `exec` and the like runs.
    fn is_run(&self, literal: &Literal) -> bool {
        let line = super::calls::line_before(&self.source.text, literal.span.start as usize).trim_end();
        let Some((before, arguments)) = line.rsplit_once('(') else { return false };
        let callee = before.trim_end_matches(['!', ' ']);
        let word = callee.rsplit(|letter: char| !letter.is_alphanumeric() && letter != '_').next().unwrap_or("");
        let word = word.to_ascii_lowercase();
        RUNS.iter().any(|run| word.contains(run)) && !arguments.contains(['"', '\'', ';'])
    }

    /// What goes on with a statement names tables as well; which ones its columns may belong to the others tell.
    pub(super) fn parts_of_queries(&mut self) {
        let Queries { parts, mut fills_in } = std::mem::take(&mut self.sql);
        let parts: Vec<Snippet> = parts.iter().map(|literal| self.decoded(literal)).collect();
        fills_in |= parts.iter().any(|part| sql::awaits_table(&part.text));
        let told = self.gather.facts.table_uses.iter().map(|found| found.table.to_string());
        let in_parts = parts.iter().flat_map(|part| sql::fragment(&part.text, &[])).map(|found| found.table);
        let visible: BTreeSet<String> = told.chain(in_parts).collect();
        let visible: Vec<(String, bool)> = visible.into_iter().map(|table| (table, true)).collect();
        for part in &parts {
            for found in sql::fragment(&part.text, &visible) {
                self.names_table(part, found);
            }
        }
        if fills_in {
            self.may_be_filled_in();
        }
    }

    /// Each literal that is only a name, for it may be the one that is filled in.
    fn may_be_filled_in(&mut self) {
        for index in 0..self.lexed.literals.len() {
            let Some(literal) = self.lexed.literals.get(index).copied() else { continue };
            let name = self.source.slice(literal.inner);
            let is_name = name.len() > 1
                && name.len() < 64
                && name.chars().all(|letter| letter.is_alphanumeric() || letter == '_')
                && !name.starts_with(|letter: char| letter.is_numeric());
            if is_name {
                self.gather.facts.unfollowed.push(TableUse {
                    place: self.source.place(literal.inner),
                    table: name.into(),
                    access: Access::Reads,
                    naming: Naming::Spoken,
                    fixed: Some("it may be filled into SQL that stands in this file".into()),
                    declared: None,
                    connection: [].into(),
                    language: self.gather.language,
                    symbol: None,
                });
            }
        }
    }

    fn names_table(&mut self, snippet: &Snippet, found: SqlUse) {
        let place = self.host(snippet, &found.span);
        self.gather.facts.table_uses.push(TableUse {
            place: self.source.place(place),
            table: found.table.into(),
            access: found.access,
            naming: found.naming,
            fixed: None,
            declared: None,
            connection: [].into(),
            language: self.gather.language,
            symbol: None,
        });
    }

    fn host(&self, snippet: &Snippet, range: &std::ops::Range<usize>) -> Span {
        snippet.host_span(Span::new(range.start, range.end))
    }
}
