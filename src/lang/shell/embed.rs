//! Code that a script hands to something else: SQL, Python, another shell, a file that it writes. What the shell fills in
//! keeps its value on the way.

use std::ops::Range;

use super::Reader;
use super::join::finish;
use super::scope::MOST_VALUES;
use super::word::{Piece, Word};
use crate::lang::sql::{self, HOLE, Script};
use crate::lang::{Base, Facts, Language, Naming, Part, TableUse, Value, Values, read_snippet};
use crate::text::{Place, Snippet, Span};

/// Private-use characters stand for what the shell fills in; other languages take them for text.
const FIRST_HOLE: u32 = 0xE000;
const MOST_HOLES: usize = 4096;

/// Text taken out of a word, with the values of its holes.
pub(super) struct Embedded {
    pub(super) snippet: Snippet,
    /// Offset in the snippet, and the values there.
    holes: Vec<(usize, Vec<Value>)>,
}

impl Reader<'_> {
    /// SQL sees [`HOLE`] for every hole, other languages a character for each.
    pub(super) fn embed(&self, word: &Word, sql: bool) -> Embedded {
        let mut embedded = Embedded { snippet: Snippet::default(), holes: Vec::new() };
        self.embed_more(&mut embedded, word, sql);
        embedded
    }

    pub(super) fn embed_more(&self, embedded: &mut Embedded, word: &Word, sql: bool) {
        for piece in &word.pieces {
            let span = piece.span();
            match piece {
                Piece::Text { text, .. } => embedded.snippet.push(text, span.start),
                Piece::Glob(_) | Piece::Braces(..) => {
                    embedded.snippet.push(self.source.text.get(span.clone()).unwrap_or(""), span.start);
                }
                Piece::Variable(_) | Piece::Substitution(_) | Piece::Other(_) => {
                    let index = embedded.holes.len().min(MOST_HOLES);
                    let private = u32::try_from(index).ok().and_then(|index| char::from_u32(FIRST_HOLE + index));
                    let mark = if sql { HOLE } else { private.unwrap_or(HOLE) };
                    let single = Word { span: span.clone(), pieces: vec![piece.clone()] };
                    embedded.holes.push((embedded.snippet.text.len(), self.scope.values(&single)));
                    embedded.snippet.push(mark.encode_utf8(&mut [0; 4]), span.start);
                    // What follows stands behind the expansion and not behind its first bytes.
                    embedded.snippet.push("", span.end);
                }
            }
        }
    }

    /// SQL that runs against `connection`.
    pub(super) fn sql(&mut self, embedded: &Embedded, connection: Vec<Value>) {
        let at = embedded.snippet.host(0) as usize;
        let place = |range: Range<usize>| {
            let mut span = embedded.snippet.host_span(Span::new(range.start, range.end));
            if embedded.snippet.text.get(range.clone()).is_some_and(|own| own.ends_with(HOLE)) {
                span.end = embedded.snippet.host(Span::new(range.end, range.end).start);
            }
            self.source.place(span)
        };
        let values = |range: Range<usize>| self.filled(embedded, range, &place);
        let facts = Script {
            text: &embedded.snippet.text,
            place: &place,
            values: &values,
            language: Language::Shell,
            connection: connection.clone(),
            symbol: self.scope.symbol(at),
        }
        .facts();
        self.append(facts);
        self.filled_tables(embedded, at, &connection);
    }

    /// `for table in users teams; do sqlite3 x.db "DELETE FROM $table"; done`: the words that a variable holds where SQL wants a
    /// table. What else the script does with them is not followed, so they stay.
    fn filled_tables(&mut self, embedded: &Embedded, at: usize, connection: &[Value]) {
        if embedded.holes.is_empty() {
            return;
        }
        let whole = embedded.snippet.host_span(Span::new(0, embedded.snippet.text.len()));
        let mut found: Vec<TableUse> = Vec::new();
        for (range, access) in
            sql::statements(&embedded.snippet.text).into_iter().flat_map(|statement| statement.filled)
        {
            let words = embedded.snippet.text.get(range.clone()).unwrap_or("");
            let Some((_, values)) = embedded.holes.iter().find(|(hole, _)| range.contains(hole)) else { continue };
            if !words.trim_matches(['"', '\'', '`', '[', ']', '\\']).chars().eq([HOLE]) {
                continue;
            }
            let table_use = |place: Place, table: &str, reason: &str| TableUse {
                place,
                table: table.into(),
                access,
                naming: Naming::Filled,
                fixed: Some(reason.into()),
                declared: None,
                connection: connection.into(),
                language: Language::Shell,
                symbol: self.scope.symbol(at).map(Into::into),
            };
            for value in values {
                if let (Some(origin), [Part::Text(table)]) = (&value.origin, value.parts.as_slice())
                    && self.source.slice(origin.span).trim_matches(['"', '\'']) == table
                {
                    let start =
                        origin.span.start as usize + self.source.slice(origin.span).find(table.as_str()).unwrap_or(0);
                    let place = self.source.place(Span::new(start, start + table.len()));
                    found.push(table_use(place, table, "a variable of the script holds the name"));
                }
            }
            if values.len() >= MOST_VALUES {
                let reason = format!("only {MOST_VALUES} values of a variable are followed");
                let place = self.source.place(whole);
                self.facts.unfollowed.push(TableUse { naming: Naming::Spoken, ..table_use(place, "", &reason) });
            }
        }
        found.retain(|one| self.facts.table_uses.iter().all(|known| known.place != one.place));
        found.dedup_by(|one, other| one.place == other.place);
        self.facts.table_uses.extend(found);
    }

    /// What a literal of SQL says once its holes are filled.
    fn filled(
        &self,
        embedded: &Embedded,
        range: Range<usize>,
        place: &dyn Fn(Range<usize>) -> crate::text::Place,
    ) -> Vec<Value> {
        let Some(words) = embedded.snippet.text.get(range.clone()) else { return Vec::new() };
        let trimmed = words.trim_matches(['\'', '"']);
        let start = range.start + words.len() - words.trim_start_matches(['\'', '"']).len();
        let mut parts = Vec::new();
        let mut plain = String::new();
        let mut only = None;
        for (offset, c) in trimmed.char_indices() {
            if c != HOLE {
                plain.push(c);
                continue;
            }
            if !plain.is_empty() {
                parts.push(Part::Text(std::mem::take(&mut plain)));
            }
            let values = embedded.holes.iter().find(|(at, _)| *at == start + offset).map(|(_, values)| values);
            match values.and_then(|values| values.first()) {
                Some(value) => {
                    parts.extend(value.parts.iter().cloned());
                    only = values.filter(|_| trimmed.chars().count() == 1);
                }
                None => parts.push(Part::Unknown(HOLE.to_string())),
            }
        }
        if let Some(only) = only {
            return only.clone();
        }
        if !plain.is_empty() {
            parts.push(Part::Text(plain));
        }
        if parts.is_empty() {
            return Vec::new();
        }
        let mut value = Value { parts, ..Value::default() };
        let judged = crate::lang::names::value_of(&value.pattern());
        value.engine = judged.engine;
        value.base = judged.base;
        vec![value.with_origin(place(range))]
    }

    /// A program in another language.
    pub(super) fn program(&mut self, embedded: &Embedded, language: Language, generated: bool) {
        let mut facts = read_snippet(self.source, &embedded.snippet, language);
        facts.for_each_place(&mut |place| {
            let mut end = place.span.end as usize;
            while end < self.source.text.len() && !self.source.text.is_char_boundary(end) {
                end += 1;
            }
            if end != place.span.end as usize {
                *place = self.source.place(Span::new(place.span.start as usize, end));
            }
        });
        fill_holes(&mut facts, &embedded.holes);
        for reference in &mut facts.references {
            reference.generated |= generated;
        }
        if generated {
            // Another program runs these, somewhere else.
            facts.env_reads.clear();
        }
        self.append(facts);
    }
}

fn fill_shared(values: &mut Values, holes: &[(usize, Vec<Value>)]) {
    let mut filled = values.to_vec();
    fill_values(&mut filled, holes);
    *values = filled.into();
}

/// Puts the shell's values where another front end saw a character that stands for them.
fn fill_holes(facts: &mut Facts, holes: &[(usize, Vec<Value>)]) {
    for reference in &mut facts.references {
        fill_shared(&mut reference.values, holes);
    }
    facts.table_uses.retain(|found| !found.table.contains(is_hole));
    for found in &mut facts.table_uses {
        fill_shared(&mut found.connection, holes);
    }
    for statement in &mut facts.statements {
        fill_shared(&mut statement.connection, holes);
        if statement.sql.contains(is_hole) {
            statement.holes += statement.sql.matches(is_hole).count();
            statement.ways = vec![statement.sql.replace(is_hole, &crate::lang::sql::HOLE.to_string())];
            statement.sql = statement.sql.replace(is_hole, "?");
        }
    }
    for setting in &mut facts.settings {
        setting.value = filled_value(&setting.value, holes).into_iter().next().unwrap_or_default();
    }
    facts.settings.retain(|setting| !setting.name.contains(is_hole));
    facts.env_reads.retain(|read| !read.name.contains(is_hole));
    for read in &mut facts.env_reads {
        if let Some(default) = &mut read.default {
            *default = filled_value(default, holes).into_iter().next().unwrap_or_default();
        }
    }
    for copy in &mut facts.copies {
        fill_values(&mut copy.from, holes);
    }
    for attach in &mut facts.attaches {
        fill_values(&mut attach.attached, holes);
        fill_values(&mut attach.connection, holes);
    }
}

fn is_hole(c: char) -> bool {
    u32::from(c).checked_sub(FIRST_HOLE).is_some_and(|index| index <= MOST_HOLES as u32)
}

fn fill_values(values: &mut Vec<Value>, holes: &[(usize, Vec<Value>)]) {
    let filled: Vec<Value> = values.iter().flat_map(|value| filled_value(value, holes)).take(16).collect();
    *values = filled;
}

fn filled_value(value: &Value, holes: &[(usize, Vec<Value>)]) -> Vec<Value> {
    let holed = value.parts.iter().any(|part| matches!(part, Part::Text(text) if text.contains(is_hole)));
    if !holed {
        return vec![value.clone()];
    }
    let mut filled = vec![Value { parts: Vec::new(), ..value.clone() }];
    for part in &value.parts {
        let Part::Text(text) = part else {
            filled.iter_mut().for_each(|value| value.parts.push(part.clone()));
            continue;
        };
        for run in text.split_inclusive(is_hole) {
            let plain = run.trim_end_matches(is_hole);
            for value in &mut filled {
                push_text(value, plain);
            }
            let Some(mark) = run.chars().next_back().filter(|&c| is_hole(c)) else { continue };
            let options = holes.get((u32::from(mark) - FIRST_HOLE) as usize).map(|(_, values)| values.as_slice());
            let unknown = [Value::unknown("$")];
            let options = options.filter(|options| !options.is_empty()).unwrap_or(&unknown);
            filled =
                filled.iter().flat_map(|value| options.iter().map(|option| spliced(value, option))).take(8).collect();
        }
    }
    filled.iter_mut().for_each(finish);
    filled
}

fn push_text(value: &mut Value, text: &str) {
    // `$HERE/x.db`, where `$HERE` is a folder that is known: its slash is no root.
    let follows = value.parts.is_empty() && matches!(value.base, Base::Root | Base::Home | Base::Temporary);
    let text = if follows { text.trim_start_matches('/') } else { text };
    match value.parts.last_mut() {
        _ if text.is_empty() => {}
        Some(Part::Text(before)) => before.push_str(text),
        _ => value.parts.push(Part::Text(text.to_owned())),
    }
}

fn spliced(value: &Value, option: &Value) -> Value {
    let mut joined = value.clone();
    if joined.parts.is_empty() && joined.base == crate::lang::Base::Written {
        joined.base = option.base;
        joined.origin = option.origin.clone().or(joined.origin);
    }
    for part in &option.parts {
        match part {
            Part::Text(text) => push_text(&mut joined, text),
            part => joined.parts.push(part.clone()),
        }
    }
    joined
}
