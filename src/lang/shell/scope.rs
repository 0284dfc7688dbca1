//! The variables of a script: what each may hold at a place, and what a word says when they are filled in.

use std::cell::Cell;
use std::collections::HashMap;
use std::ops::Range;

use super::join::{basename, dirname, finish, join, trim_side_files, trimmed};
use super::word::{Change, Piece, Variable, Word};
use crate::lang::{Base, Part, Value};
use crate::text::{Source, Span};

/// Variables that hold variables; deeper than this nothing is said.
const DEEPEST: usize = 10;
/// Alternatives that one word is followed to.
pub(super) const MOST_VALUES: usize = 48;
/// Variables looked up to answer one question; words that hold words that hold words grow without end.
const FUEL: u32 = 500;

#[derive(Debug)]
pub(super) struct Binding {
    /// It holds from here on.
    pub(super) at: usize,
    /// Within this, for `local` and for a loop's variable.
    pub(super) region: Option<Range<usize>>,
    /// The function around it.
    pub(super) function: Option<usize>,
    /// Each word that it may hold; none when only running the script would tell.
    pub(super) words: Vec<Word>,
    /// Another value may still stand: it is set in one branch, or added to.
    pub(super) conditional: bool,
    /// Set only where the variable is empty: `[ -z "$X" ] && X=..`.
    pub(super) fallback: bool,
}

#[derive(Debug)]
pub(super) struct Function {
    pub(super) name: String,
    pub(super) range: Range<usize>,
}

pub(super) struct Scope<'a> {
    pub(super) source: &'a Source,
    pub(super) bindings: HashMap<String, Vec<Binding>>,
    pub(super) functions: Vec<Function>,
    /// Arguments of each call, by the name that is called.
    pub(super) calls: HashMap<String, Vec<Vec<Word>>>,
    pub(super) exported: Vec<String>,
    /// Variables that one question may still look up.
    pub(super) fuel: Cell<u32>,
}

impl Scope<'_> {
    /// Takes over what another reading of the same source found.
    pub(super) fn adopt(&mut self, other: Scope<'_>) {
        for (name, bindings) in other.bindings {
            let known = self.bindings.entry(name).or_default();
            known.extend(bindings);
            known.sort_by_key(|binding| binding.at);
        }
    }

    /// The innermost function around a place.
    pub(super) fn function_at(&self, at: usize) -> Option<usize> {
        (0..self.functions.len())
            .filter(|&index| self.functions[index].range.contains(&at))
            .min_by_key(|&index| self.functions[index].range.len())
    }

    pub(super) fn symbol(&self, at: usize) -> Option<String> {
        self.function_at(at).and_then(|index| self.functions.get(index)).map(|function| function.name.clone())
    }

    /// Whether the script itself gives the variable a value.
    pub(super) fn binds(&self, name: &str) -> bool {
        self.bindings.contains_key(name)
    }

    /// Every value of a word, likeliest first.
    pub(super) fn values(&self, word: &Word) -> Vec<Value> {
        self.fuel.set(FUEL);
        self.values_at(word, 0)
    }

    /// The words of a variable that holds a command: `SQLITE="sqlite3 -batch $DB"`, `CMD=(docker exec c)`.
    pub(super) fn command(&self, variable: &Variable) -> Option<Vec<Word>> {
        let bindings = self.bindings.get(&variable.name).filter(|_| variable.change == Change::None)?;
        let binding = bindings.iter().rev().find(|binding| binding.at <= variable.span.start).or(bindings.last())?;
        match binding.words.as_slice() {
            [word] => Some(word.split_blanks()),
            [] => None,
            words => Some(words.to_vec()),
        }
    }

    fn values_at(&self, word: &Word, depth: usize) -> Vec<Value> {
        let mut values = vec![Value::default()];
        let pieces = trimmed(&word.pieces);
        for (index, piece) in pieces.iter().enumerate() {
            let options = self.piece(piece, index == 0, depth);
            let mut joined = Vec::new();
            for value in &values {
                for option in &options {
                    if joined.len() < MOST_VALUES {
                        joined.push(join(value, option));
                    }
                }
            }
            values = joined;
        }
        let alone = matches!(pieces, [Piece::Variable(_)]);
        let place = self.source.place(Span::new(word.span.start, word.span.end));
        let mut out: Vec<Value> = Vec::new();
        for mut value in values {
            trim_side_files(&mut value, word);
            if value.parts.is_empty() && value.base == Base::Written {
                continue;
            }
            finish(&mut value);
            let known = value.parts.iter().any(|part| !matches!(part, Part::Unknown(_)));
            if known && (!alone || value.origin.is_none()) {
                value.origin = Some(place.clone());
            }
            if !out.contains(&value) {
                out.push(value);
            }
        }
        out
    }

    fn piece(&self, piece: &Piece, first: bool, depth: usize) -> Vec<Value> {
        match piece {
            Piece::Text { text, bare, .. } => match text.strip_prefix("~/") {
                Some(rest) if first && *bare => vec![Value { base: Base::Home, ..Value::text(rest) }],
                _ => vec![Value::text(text.clone())],
            },
            Piece::Glob(span) => vec![Value::unknown(self.slice(span))],
            Piece::Braces(words, _) => words.iter().map(|word| Value::text(word.clone())).collect(),
            Piece::Other(span) => vec![Value::unknown(self.slice(span))],
            Piece::Substitution(span) => vec![self.substitution(span)],
            Piece::Variable(variable) => self.variable(variable, depth),
        }
    }

    fn slice(&self, span: &Range<usize>) -> &str {
        self.source.text.get(span.clone()).unwrap_or("")
    }

    fn variable(&self, variable: &Variable, depth: usize) -> Vec<Value> {
        let name = variable.name.as_str();
        let unknown = || vec![Value::unknown(self.slice(&variable.span))];
        match variable.change {
            Change::Other => return unknown(),
            Change::Dirname if matches!(name, "BASH_SOURCE" | "0") => return vec![self.own_folder(0)],
            _ => {}
        }
        if depth > DEEPEST || self.fuel.get() == 0 {
            return unknown();
        }
        self.fuel.set(self.fuel.get() - 1);
        let default = || variable.default.as_ref().map(|word| self.values_at(word, depth + 1)).unwrap_or_default();
        let mut values = match name {
            "HOME" => vec![Value { base: Base::Home, ..Value::default() }],
            "PWD" => vec![Value::text(".")],
            _ if is_temporary(name) && !self.binds(name) => vec![Value { base: Base::Temporary, ..Value::default() }],
            _ if name.bytes().all(|byte| byte.is_ascii_digit()) => {
                let mut given = self.positional(name, variable.span.start, depth);
                given.extend(default());
                given
            }
            _ if !name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') => Vec::new(),
            _ => match self.bound(name, variable.span.start, depth) {
                Some(mut held) => {
                    if held.iter().all(Value::is_opaque) {
                        held.splice(0..0, default());
                    }
                    held
                }
                None => {
                    let mut defaults = default();
                    let shell_variable = name.chars().any(|c| c.is_ascii_lowercase()) && defaults.is_empty();
                    if shell_variable {
                        Vec::new()
                    } else if defaults.is_empty() {
                        vec![Value::env(name, None)]
                    } else {
                        for held in &mut defaults {
                            let origin = held.origin.take();
                            let inner = std::mem::take(held);
                            let base = inner.base;
                            *held = Value { base, origin, ..Value::env(name, Some(inner)) };
                        }
                        defaults
                    }
                }
            },
        };
        if values.is_empty() {
            return unknown();
        }
        match variable.change {
            Change::Basename => values.iter_mut().for_each(basename),
            Change::Dirname => values.iter_mut().for_each(dirname),
            _ => {}
        }
        values
    }

    /// `$1` in a function: what its calls pass.
    fn positional(&self, name: &str, at: usize, depth: usize) -> Vec<Value> {
        let Some(position) = name.parse::<usize>().ok().and_then(|position| position.checked_sub(1)) else {
            return Vec::new();
        };
        let Some(function) = self.function_at(at).and_then(|index| self.functions.get(index)) else {
            return Vec::new();
        };
        let calls = self.calls.get(&function.name).map(Vec::as_slice).unwrap_or_default();
        let mut values = Vec::new();
        for word in calls.iter().filter_map(|arguments| arguments.get(position)).take(MOST_VALUES) {
            if !function.range.contains(&word.span.start) {
                for value in self.values_at(word, depth + 3) {
                    if !values.contains(&value) {
                        values.push(value);
                    }
                }
            }
        }
        values
    }

    /// What the script has put into a variable by a place; `None` when it does not set it.
    fn bound(&self, name: &str, at: usize, depth: usize) -> Option<Vec<Value>> {
        let bindings = self.bindings.get(name)?;
        let here = self.function_at(at);
        let reaches = |binding: &&Binding| binding.region.as_ref().is_none_or(|region| region.contains(&at));
        let before: Vec<&Binding> = bindings.iter().filter(reaches).filter(|binding| binding.at <= at).collect();
        let mut held = Vec::new();
        let mut certain = false;
        let mut fallback = false;
        for binding in before.iter().rev() {
            self.hold(binding, depth, &mut held);
            fallback |= binding.fallback;
            if !binding.conditional && (binding.function.is_none() || binding.function == here) {
                certain = true;
                break;
            }
        }
        if !certain && here.is_some() {
            // A function runs after the script around it has set its variables.
            for binding in bindings.iter().filter(reaches).filter(|binding| binding.at > at) {
                if binding.function != here {
                    self.hold(binding, depth, &mut held);
                }
            }
        }
        if held.is_empty() && before.is_empty() {
            return None;
        }
        if fallback && !certain {
            for value in &mut held {
                let origin = value.origin.take();
                let inner = std::mem::take(value);
                *value = Value { base: inner.base, origin, ..Value::env(name, Some(inner)) };
            }
        }
        Some(held)
    }

    fn hold(&self, binding: &Binding, depth: usize, held: &mut Vec<Value>) {
        for word in &binding.words {
            for value in self.values_at(word, depth + 1) {
                if held.len() < MOST_VALUES && !held.contains(&value) {
                    held.push(value);
                }
            }
        }
    }

    /// `$(dirname "$0")`, `$(mktemp -d)`, `$(pwd)`: the ones that say where a path starts.
    fn substitution(&self, span: &Range<usize>) -> Value {
        let text = self.slice(span);
        let words = text.trim_start_matches("$(").trim_end_matches(')').trim();
        if text.contains("mktemp") {
            let folder = text.contains("-d");
            let parts = if folder { Vec::new() } else { vec![Part::Unknown(words.to_owned())] };
            return Value { base: Base::Temporary, parts, ..Value::default() };
        }
        if text.contains("dirname") && (text.contains("$0") || text.contains("BASH_SOURCE") || text.contains("${0")) {
            let folders = text.matches("dirname").count().saturating_sub(1) + text.matches("/..").count();
            return self.own_folder(folders);
        }
        if text.contains("rev-parse --show-toplevel") {
            return Value { base: Base::Root, ..Value::default() };
        }
        if words == "pwd" {
            return Value::text(".");
        }
        Value::unknown(text)
    }

    /// The folder of the script, `up` folders higher.
    fn own_folder(&self, up: usize) -> Value {
        let mut folders: Vec<&str> = self.source.path.split('/').collect();
        for _ in 0..=up {
            folders.pop();
        }
        let folder = folders.join("/");
        let parts = if folder.is_empty() { Vec::new() } else { vec![Part::Text(folder)] };
        Value { base: Base::Root, parts, ..Value::default() }
    }
}

/// `TMPDIR`, `RUNNER_TEMP`, `BATS_TEST_TMPDIR`.
fn is_temporary(name: &str) -> bool {
    name.ends_with("TMPDIR") || matches!(name, "RUNNER_TEMP" | "TEMP" | "TMP" | "TEMPDIR" | "TEMP_DIR" | "TMP_DIR")
}
